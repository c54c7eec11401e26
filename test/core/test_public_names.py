# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import types
import typing

import prism_core

PUBLIC = [
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


def test_public_names_are_exactly_these_and_sorted():
    assert prism_core.__all__ == PUBLIC
    assert sorted(PUBLIC, key=lambda name: (not name.isupper(), name)) == PUBLIC


def test_public_functions_and_classes_say_what_they_do():
    for name in prism_core.__all__:
        thing = getattr(prism_core, name)
        is_alias = typing.get_origin(thing) is not None
        if callable(thing) and not is_alias:
            assert thing.__doc__, name
            assert not thing.__doc__.startswith(f'{name}('), name  # a dataclass without its own
            assert inspect.getmodule(thing).__name__.startswith('prism_core.'), name


def import_or_skip(name: str) -> types.ModuleType:
    """A module; an empty one where it needs a package that is not installed, such as torch."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if str(error.name).startswith('prism_core'):
            raise
        return types.ModuleType(name)


def test_every_dataclass_of_prism_core_is_frozen():
    found = {
        kind
        for module in pkgutil.walk_packages(prism_core.__path__, 'prism_core.')
        for kind in vars(import_or_skip(module.name)).values()
        if inspect.isclass(kind)
        and dataclasses.is_dataclass(kind)
        and kind.__module__.startswith('prism_core.')
    }
    assert {prism_core.Plan, prism_core.Node, prism_core.Turn} < found
    assert not [kind for kind in found if not kind.__dataclass_params__.frozen]
