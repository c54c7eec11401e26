# SPDX-License-Identifier: Apache-2.0
"""Tables made by hand, and drawn tasks, for the tests of the tabletop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from prism_core import Connection, Episode, Node, Planner, SceneGraph, Task
from prism_core.domains.tabletop import TabletopDomain
from prism_core.domains.tabletop.judge import make_criterion
from prism_core.domains.tabletop.meaning import Meaning
from prism_core.domains.tabletop.simulator import FAILURES
from prism_core.episode.episode import as_task
from prism_core.episode.planner import run_episode

DOMAIN = TabletopDomain()
TABLE, GRIPPER = 'table_1', 'gripper_1'
_THINGS = (
    *('red_block_1', 'green_block_1', 'blue_block_1', 'blue_block_2'),
    *('red_bowl_1', 'blue_bowl_1', 'middle_1', 'top_left_corner', 'bottom_right_corner'),
)


def make_table(
    lies: Mapping[str, str] | None = None, failures=(), extra: tuple[Node, ...] = ()
) -> SceneGraph:
    """A red, a green and two blue blocks, two bowls, three places; what lies where, all else on the
    bare table.
    """
    nodes = [Node(TABLE, 'region', (0, 0)), Node(GRIPPER, 'object', (0, 0))]
    nodes += [Node(name, 'object', (0, 0)) for name in _THINGS]
    nodes += extra
    seen = [Connection('observed_from', n.name, TABLE) for n in nodes if n.kind == 'object']
    placed = [
        Connection('held' if at == GRIPPER else 'in' if 'bowl' in at else 'on', name, at)
        for name, at in (lies or {}).items()
    ]
    attributes = {FAILURES: [list(pair) for pair in failures]} if failures else {}
    return SceneGraph(nodes, [*seen, *placed], robot_location=TABLE, attributes=attributes)


def make_task(
    request: str, meaning: Meaning, known: SceneGraph, true: SceneGraph | None = None
) -> Episode:
    """A task with a generous budget."""
    criterion = replace(make_criterion(meaning, known), max_actions=40)
    task = Task(request, 'any', meaning)
    return Episode(1, task, criterion, true or known, known, domain=DOMAIN.name)


def play(planner: Planner, task: Episode) -> Episode:
    """A task as a planner plays it, judged."""
    run = run_episode(planner, DOMAIN.make_simulator(task), as_task(task), max_turns=40)
    return replace(run, outcome=DOMAIN.judge(run))


def replay(episode: Episode) -> Episode:
    """An episode, carried out and judged anew by its own plans."""
    simulator, turns = DOMAIN.make_simulator(episode), []
    for turn in episode.turns:
        seen = tuple(simulator.execute(a) for a, _ in zip(turn.plan.actions, turn.observations))
        turns.append(replace(turn, observations=seen))
    again = replace(episode, turns=tuple(turns), outcome=None)
    return replace(again, outcome=DOMAIN.judge(again))


def steps_of(episode: Episode) -> list[str]:
    """The actions that were carried out, as short texts."""
    return [' '.join([a.name, *map(str, a.arguments)]) for a, _ in episode.actions]


@cache
def draw_tasks(worlds: int, is_test: bool = False, seed: int = 0) -> tuple[Episode, ...]:
    """The tasks of some worlds, each as the teacher plays it."""
    recipe, drawn, coverage = DOMAIN.recipe_type(seed=seed), [], Counter()
    for index in range(worlds):
        config = DOMAIN.plan_world(recipe, index, is_test, coverage)
        for number, episode in enumerate(DOMAIN.draw_world(seed * 1000 + index, config)):
            coverage.update(DOMAIN.covers(episode))
            facts = {**episode.provenance, 'id': f'{index}-{number}'}
            drawn.append(replace(episode, provenance=facts))
    return tuple(drawn)
