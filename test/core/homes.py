# SPDX-License-Identifier: Apache-2.0
"""Homes made by hand, for the tests of the household."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from prism_core.domains.household import HouseholdDomain
from prism_core.domains.household.home import kind_of_placement
from prism_core.domains.household.judge import make_criterion
from prism_core.domains.household.meaning import Errand, Meaning
from prism_core.domains.household.simulator import FAILURES, HouseholdSimulator
from prism_core.episode.episode import Episode, Task
from prism_core.graph.elements import Connection, Node
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

DOMAIN = HouseholdDomain()

FURNITURE: Mapping[str, Mapping[str, Any]] = {
    'counter_top_1': {},
    'dining_table_1': {},
    'desk_1': {},
    'fridge_1': {'door': 'closed'},
    'microwave_1': {'door': 'closed', 'power': 'off'},
    'cabinet_1': {'door': 'closed'},
    'sink_basin_1': {},
    'coffee_machine_1': {'capacity': 1},
}


def make_home(
    things: Mapping[str, str],
    *,
    hidden: Sequence[str] = (),
    held: str = '',
    here: str = 'kitchen_1',
    states: Mapping[str, Mapping[str, Any]] | None = None,
    failures: Sequence[Sequence[str]] = (),
) -> SceneGraph:
    """A kitchen with all of `FURNITURE` and some things, each by what it is in or on; of the
    furniture that is `hidden` it is not known what it holds.
    """
    nodes = [Node('kitchen_1', 'region', (0.0, 0.0), attributes={'seen': True})]
    for number, (name, attributes) in enumerate(FURNITURE.items(), start=1):
        told = {'seen': name not in hidden, **attributes}
        nodes.append(Node(name, 'region', (float(number), 0.0), attributes=told))
    ways = [Connection('traversable', 'kitchen_1', name) for name in FURNITURE]
    objects = {'hand_1': {}, 'faucet_1': {'power': 'off'}, 'desk_lamp_1': {'power': 'off'}}
    nodes += [Node(name, 'object', attributes=told) for name, told in objects.items()]
    placed = {'faucet_1': 'sink_basin_1', 'desk_lamp_1': 'desk_1', **things}
    nodes += [Node(n, 'object', attributes=(states or {}).get(n, {})) for n in things]
    if held:
        nodes.append(Node(held, 'object'))
        ways.append(Connection('held', held, 'hand_1'))
    by_name = {node.name: node for node in nodes}
    for name, holder in placed.items():
        ways.append(Connection(kind_of_placement(by_name[holder]), name, holder))
    ways.append(Connection('observed_from', 'hand_1', 'kitchen_1'))
    attributes = {FAILURES: [list(each) for each in failures]} if failures else {}
    return SceneGraph(nodes, ways, robot_location=here, attributes=attributes)


def act(graph: SceneGraph, *steps: str, true: SceneGraph | None = None) -> HouseholdSimulator:
    """A home in which some steps, such as `Navigation fridge_1`, were carried out."""
    simulator = HouseholdSimulator(true or graph, graph)
    for step in steps:
        name, *arguments = step.split()
        observation = simulator.execute(Action(name, tuple(arguments)))
        assert observation.status == 'done', f'{step}: {observation.status} {observation.feedback}'
    return simulator


def refuse(simulator: HouseholdSimulator, step: str) -> str:
    """Why a step is refused."""
    name, *arguments = step.split()
    observation = simulator.execute(Action(name, tuple(arguments)))
    assert observation.status == 'refused', f'{step} is {observation.status}'
    return observation.feedback


def make_task(
    *errands: Errand, known: SceneGraph, true: SceneGraph | None = None, is_asked: bool = False
) -> Episode:
    """A task with a generous budget."""
    meaning = Meaning(errands)
    criterion = replace(make_criterion(meaning, is_asked), max_actions=200)
    task = Task('do it', errands[0].kind if errands else 'vague', meaning)
    return Episode(0, task, criterion, true or known, known, domain=DOMAIN.name)


def play(task: Episode) -> Episode:
    """It as the teacher plays it."""
    return DOMAIN.play(DOMAIN.make_teacher(task.task), task)


def skills_of(episode: Episode) -> list[str]:
    """The replies of each turn, from the first skill on."""
    dialect = DOMAIN.make_dialect('compact')
    replies = [
        dialect.render_reply(turn.plan, turn.known_graph)
        for turn in episode.turns
        if turn.known_graph is not None
    ]
    return [reply.partition(' : ')[2] for reply in replies]
