# SPDX-License-Identifier: Apache-2.0
"""Banks of plans in LLM-Planner's own form: rows of a file, those that come with the domain, plans
of our episodes and of ALFRED's trajectories; and the plan of the nearest one as a baseline.

A row is JSON: `task_instr`, `step_instr` (texts of the steps), `gold_traj` (for each step of the
plan a list of texts such as `('PutObject','Mug', 'Sink')`), `vis_objs`; the last two as in
LLM-Planner's `knn_set`, whose own names of classes are read as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from prism_core.domain.examples import ExampleBank, PlanExample
from prism_core.domains.household.plan_dialect import PlanDialect, split_request
from prism_core.domains.household.plan_words import (
    PlanReader,
    name_of,
    say_action,
    to_skills,
)
from prism_core.domains.household.skills import Skill
from prism_core.episode.episode import Episode
from prism_core.errors import ConfigError, PlanParseError

_LOW = {
    'open': 'OpenObject',
    'close': 'CloseObject',
    'pick': 'PickupObject',
    'put': 'PutObject',
    'on': 'ToggleObjectOn',
    'off': 'ToggleObjectOff',
    'slice': 'SliceObject',
}
GoldForm = list[list[tuple[str, ...]]]


class HouseholdPlans:
    """The domain's form for the planner `llm_planner`; see `PlanForm`."""

    @property
    def examples(self) -> Sequence[PlanExample]:
        """Those that come with the domain."""
        return _packaged()

    def read_examples(self, text: str, source: str) -> list[PlanExample]:
        """The rows of a file."""
        return read_rows(text, source)

    def goal_of(self, request: str) -> str:
        """A request without the steps that it tells."""
        return split_request(request)[0]

    def make_dialect(self, examples: Sequence[PlanExample]) -> PlanDialect:
        """Prompts with some examples."""
        return PlanDialect(examples)


@cache
def _packaged() -> tuple[PlanExample, ...]:
    source = resources.files('prism_core.domains.household.words').joinpath('examples.jsonl')
    return tuple(read_rows(source.read_text('utf-8'), source.name))


def read_rows(text: str, source: str) -> list[PlanExample]:
    """The examples of a file of rows.

    Raises:
        ConfigError: it holds none, or something else, with the line.
    """
    reader, found = PlanReader(), []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            found += [_read_row(json.loads(line), reader)] if line.strip() else []
        except (PlanParseError, ValueError, TypeError, LookupError) as error:
            raise ConfigError(
                f'{source}, line {number}: expected a row with task_instr, step_instr, gold_traj '
                f'and vis_objs as LLM-Planner has them, got {error}'
            ) from error
    if not found:
        raise ConfigError(f'{source}: expected rows with examples, got none')
    return found


def _read_row(row: Mapping[str, Any], reader: PlanReader) -> PlanExample:
    steps = [reader.read(said) for group in row['gold_traj'] for said in group]
    return PlanExample(
        ' '.join(row['task_instr'].split()),
        tuple(str(step) for group in steps for step in group),
        tuple(' '.join(text.split()) for text in row['step_instr']),
        tuple(map(str.lower, row['vis_objs'])),
    )


def render_rows(examples: Iterable[PlanExample]) -> str:
    """Examples as rows of a file, each step a group of its own."""
    rows = (
        {
            'task_instr': example.request,
            'step_instr': list(example.told),
            'gold_traj': [[repr(tuple(step.split()))] for step in example.plan],
            'vis_objs': list(example.visible),
        }
        for example in examples
    )
    return ''.join(f'{json.dumps(row, ensure_ascii=False)}\n' for row in rows)


def example_of(episode: Episode) -> PlanExample:
    """What was asked in an episode, and what was carried out."""
    goal, told = split_request(episode.task.request)
    steps = [
        say_action(action, turn.known_graph or episode.known_graph)
        for turn in episode.turns
        for action, observation in zip(turn.plan.actions, turn.observations)
        if observation.status == 'done' and action.arguments
    ]
    seen = dict.fromkeys(name_of(c) for s in steps if s.action != 'Navigation' for c in s.classes)
    return PlanExample(goal, tuple(map(str, steps)), (told,) if told else (), tuple(sorted(seen)))


def gold_form(trajectory: Mapping[str, Any]) -> GoldForm:
    """The plan of a trajectory of ALFRED as LLM-Planner's rows hold it, in small letters: for each
    step of its `plan` the interactions in `low`, on classes.
    """
    return [
        [('Navigation', step['args'][0])]
        if step['action'] == 'GotoLocation'
        else [
            (_LOW[kind], *(_class_of_id(identifier) for identifier in on))
            for at, kind, *on in trajectory['low']
            if at == number
        ]
        for number, step in enumerate(trajectory['plan'])
    ]


def _class_of_id(identifier: str) -> str:
    """The class in front of an id; that of a piece is at its end, with a number."""
    parts = identifier.split('|')
    is_piece = 'Sliced' in parts[-1]
    return (parts[-1].split('_')[0] if is_piece else parts[0]).lower()


def example_of_trajectory(trajectory: Mapping[str, Any], number: int) -> PlanExample:
    """A trajectory of ALFRED, asked for in the words of one of its workers."""
    told = trajectory['anns'][number]
    steps = [step for group in gold_form(trajectory) for step in group]
    seen = {name for action, *on in steps for name in on if action != 'Navigation'}
    return PlanExample(
        ' '.join(told['task_desc'].split()),
        tuple(map(' '.join, steps)),
        tuple(' '.join(text.split()) for text in told['high_descs']),
        tuple(sorted(seen)),
    )


def copy_nearest(request: str, bank: ExampleBank) -> list[Skill]:
    """The plan of the example whose request is nearest, whatever there is in the home: what any
    planner that is shown examples has to beat.
    """
    example, *_ = bank.find_nearest(split_request(request)[0], 1)
    return to_skills(PlanReader().read(', '.join(example.plan)))
