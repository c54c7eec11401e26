"""PRISM's engine in pure Python: scene graphs, plans, planners and what judges them.

The names below are the public interface. Importing it loads no ROS, no model runtime and no network
client.
"""

from prism_core.actions import Action, ActionSpec, ActionTable, ArgumentKind, ArgumentSpec
from prism_core.conversation import Dialect, Message, Prompt
from prism_core.criterion import Criterion, Fact, Outcome
from prism_core.dialects.compact import CompactDialect
from prism_core.dialects.spine import SpineDialect
from prism_core.domain import Domain, find_domain
from prism_core.episode import Episode, Task, Turn
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
    TeacherAuth,
    TeacherUnavailable,
    WorldRejected,
)
from prism_core.graph_elements import MAX_NAME_CHARS, Connection, GraphUpdate, Node
from prism_core.inference.call_stats import CallStats
from prism_core.inference.text_model import JsonSchema, TextModel
from prism_core.intent import Intent, Target
from prism_core.lexicon import Lexicon
from prism_core.mission_state import MAX_TURNS
from prism_core.observation import Observation, parse_observation, render_observation
from prism_core.plan import Plan, parse_plan, render_plan
from prism_core.planner import Planner, PlannerFactory, Simulator, find_planner, run_episode
from prism_core.planner_health import PlannerHealth
from prism_core.routes import trace_plan
from prism_core.scene_graph import SceneGraph
from prism_core.spine_json import parse_scene_graph, render_scene_graph
from prism_core.steps import render_steps
from prism_core.suspicion import Vocabulary, suspect
from prism_core.symbolic import SymbolicPlanner
from prism_core.update_text import parse_update, render_update
from prism_core.validation import MAX_STEPS, Problem, ProblemKind, ValidationReport, validate_plan

__all__ = [
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
    'Intent',
    'JsonSchema',
    'Lexicon',
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
    'RunStopped',
    'SceneGraph',
    'SceneGraphError',
    'Simulator',
    'SpineDialect',
    'SymbolicPlanner',
    'Target',
    'Task',
    'TeacherAuth',
    'TeacherUnavailable',
    'TextModel',
    'Turn',
    'ValidationReport',
    'Vocabulary',
    'WorldRejected',
    'find_domain',
    'find_planner',
    'parse_observation',
    'parse_plan',
    'parse_scene_graph',
    'parse_update',
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
