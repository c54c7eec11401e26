"""PRISM's engine in pure Python: scene graphs, plans, planners and what judges them.

The names below are the public interface. Importing it loads no ROS, no model runtime and no network
client.
"""

from prism_core.actions import Action, ActionSpec, ActionTable, ArgumentKind, ArgumentSpec
from prism_core.episode import Turn
from prism_core.errors import (
    ConfigError,
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    PlanParseError,
    PlanRejected,
    PrismError,
    RevisionConflict,
    SceneGraphError,
)
from prism_core.graph_elements import MAX_NAME_CHARS, Connection, GraphUpdate, Node
from prism_core.plan import Plan, parse_plan, render_plan
from prism_core.planner import Planner, PlannerFactory, find_planner
from prism_core.routes import trace_plan
from prism_core.scene_graph import SceneGraph
from prism_core.spine_json import parse_scene_graph, render_scene_graph
from prism_core.steps import render_steps
from prism_core.symbolic import SymbolicPlanner
from prism_core.validation import MAX_STEPS, Problem, ProblemKind, ValidationReport, validate_plan

__all__ = [
    'MAX_NAME_CHARS',
    'MAX_STEPS',
    'Action',
    'ActionSpec',
    'ActionTable',
    'ArgumentKind',
    'ArgumentSpec',
    'ConfigError',
    'Connection',
    'GraphUpdate',
    'Node',
    'Plan',
    'PlanParseError',
    'PlanRejected',
    'Planner',
    'PlannerError',
    'PlannerFactory',
    'PlannerTimeout',
    'PlannerUnavailable',
    'PrismError',
    'Problem',
    'ProblemKind',
    'RevisionConflict',
    'SceneGraph',
    'SceneGraphError',
    'SymbolicPlanner',
    'Turn',
    'ValidationReport',
    'find_planner',
    'parse_plan',
    'parse_scene_graph',
    'render_plan',
    'render_scene_graph',
    'render_steps',
    'trace_plan',
    'validate_plan',
]
