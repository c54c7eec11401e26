# SPDX-License-Identifier: Apache-2.0
"""PRISM's engine in pure Python: scene graphs, plans, planners and what judges them.

The names below are the public interface. Importing it loads no ROS, no model runtime and no network
client.
"""

from prism_core.dialects.compact import CompactDialect
from prism_core.dialects.conversation import Dialect, Message, Prompt
from prism_core.dialects.language import Language
from prism_core.dialects.spine import SpineDialect
from prism_core.domain import Domain, find_domain, find_planner_of
from prism_core.episode.criterion import Criterion, Fact, Outcome
from prism_core.episode.episode import DEFAULT_DOMAIN, Episode, Task, Turn
from prism_core.episode.finishing import finish_plan
from prism_core.episode.mission_state import MAX_TURNS
from prism_core.episode.observation import Observation, parse_observation, render_observation
from prism_core.episode.planner import Planner, PlannerFactory, Simulator, find_planner, run_episode
from prism_core.episode.planner_health import PlannerHealth
from prism_core.errors import (
    ConfigError,
    EngineLost,
    ModelHashMismatch,
    ModelNotLoaded,
    OutOfMemory,
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    PlanParseError,
    PlanRejected,
    PrismError,
    PromptTooLong,
    RevisionConflict,
    RunStopped,
    SceneGraphError,
    SkillFailed,
    SkillUnavailable,
    TeacherAuth,
    TeacherUnavailable,
    UnknownAdapter,
    WorldRejected,
)
from prism_core.graph.elements import MAX_NAME_CHARS, Connection, GraphUpdate, Node, is_name, quote
from prism_core.graph.importing import ImportReport, import_graph, read_graph
from prism_core.graph.merging import Merge, merge_graphs
from prism_core.graph.scene_graph import SceneGraph
from prism_core.graph.spine_json import parse_scene_graph, render_scene_graph
from prism_core.graph.update_text import parse_update, render_update
from prism_core.inference.call_stats import CallStats
from prism_core.inference.suspicion import Vocabulary, suspect
from prism_core.inference.text_model import JsonSchema, TextModel
from prism_core.plan.actions import (
    Action,
    ActionSpec,
    ActionTable,
    ArgumentKind,
    ArgumentSpec,
    Role,
)
from prism_core.plan.plan import Plan, parse_plan, render_plan
from prism_core.plan.routes import trace_plan
from prism_core.plan.steps import render_steps
from prism_core.plan.validation import (
    MAX_STEPS,
    Problem,
    ProblemKind,
    ValidationReport,
    validate_plan,
)

__all__ = [
    'DEFAULT_DOMAIN',
    'MAX_NAME_CHARS',
    'MAX_STEPS',
    'MAX_TURNS',
    'Action',
    'ActionSpec',
    'ActionTable',
    'ArgumentKind',
    'ArgumentSpec',
    'CallStats',
    'CompactDialect',
    'ConfigError',
    'Connection',
    'Criterion',
    'Dialect',
    'Domain',
    'EngineLost',
    'Episode',
    'Fact',
    'GraphUpdate',
    'ImportReport',
    'JsonSchema',
    'Language',
    'Merge',
    'Message',
    'ModelHashMismatch',
    'ModelNotLoaded',
    'Node',
    'Observation',
    'OutOfMemory',
    'Outcome',
    'Plan',
    'PlanParseError',
    'PlanRejected',
    'Planner',
    'PlannerError',
    'PlannerFactory',
    'PlannerHealth',
    'PlannerTimeout',
    'PlannerUnavailable',
    'PrismError',
    'Problem',
    'ProblemKind',
    'Prompt',
    'PromptTooLong',
    'RevisionConflict',
    'Role',
    'RunStopped',
    'SceneGraph',
    'SceneGraphError',
    'Simulator',
    'SkillFailed',
    'SkillUnavailable',
    'SpineDialect',
    'Task',
    'TeacherAuth',
    'TeacherUnavailable',
    'TextModel',
    'Turn',
    'UnknownAdapter',
    'ValidationReport',
    'Vocabulary',
    'WorldRejected',
    'find_domain',
    'find_planner',
    'find_planner_of',
    'finish_plan',
    'import_graph',
    'is_name',
    'merge_graphs',
    'parse_observation',
    'parse_plan',
    'parse_scene_graph',
    'parse_update',
    'quote',
    'read_graph',
    'render_observation',
    'render_plan',
    'render_scene_graph',
    'render_steps',
    'render_update',
    'run_episode',
    'suspect',
    'trace_plan',
    'validate_plan',
]
