# SPDX-License-Identifier: Apache-2.0
"""Planning at turn 128 takes hardly longer than at turn 2: the calls that are made are counted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import pytest

from prism_core import (
    Connection,
    Criterion,
    Domain,
    Episode,
    GraphUpdate,
    Node,
    Plan,
    SceneGraph,
    Task,
    Turn,
    find_domain,
    suspect,
)
from prism_core.inference.kept_plan import find_rest

DOMAIN = find_domain('mapping')
TRUCKS, YARDS = 130, 11
REQUEST = 'how many of the trucks are red?'
MOST = 1.2


def make_site(**attributes) -> SceneGraph:
    """Many trucks in a row of yards."""
    yards = [
        Node(f'yard_{i}', 'region', (10.0 * i, 0.0), '', {'mapped': True}) for i in range(YARDS)
    ]
    trucks = [Node(f'truck_{i}', 'object', None, '', attributes) for i in range(TRUCKS)]
    return SceneGraph(
        [*yards, *trucks],
        [
            *(Connection('traversable', f'yard_{i}', f'yard_{i + 1}') for i in range(YARDS - 1)),
            *(
                Connection('observed_from', f'truck_{i}', f'yard_{i % YARDS}')
                for i in range(TRUCKS)
            ),
        ],
        robot_location='yard_0',
    )


@pytest.fixture(scope='module')
def mission() -> tuple[Turn, ...]:
    """One that is as long as missions may be: a truck is looked at in each turn."""
    task = Episode(0, Task(REQUEST), Criterion('any'), make_site(color='red'), make_site())
    played = DOMAIN.play(DOMAIN.make_symbolic(), task)
    assert len(played.turns) == 128
    return played.turns


def plan_and_check(graph: SceneGraph, history: Sequence[Turn], domain: Domain = DOMAIN) -> Plan:
    """What a turn takes."""
    plan = domain.make_symbolic().plan(REQUEST, graph, history)
    assert domain.validate(plan, REQUEST, graph, history).is_valid
    assert not suspect(plan, REQUEST, graph, history, domain.table, domain.vocabulary)
    return plan


def count_calls(work: Callable[[], object]) -> int:
    """How many functions are called, ours and others."""
    calls = 0

    def note(frame, event: str, argument) -> None:
        nonlocal calls
        calls += event in ('call', 'c_call')

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def test_a_plan_takes_hardly_more_behind_126_turns_than_behind_one(mission):
    known = mission[-2].known_graph
    counts = []
    for number in (1, 126):
        plan_and_check(known.with_revision(1000 + number), mission[:number])  # what is kept is
        graph = known.with_revision(2000 + number)
        counts.append(count_calls(lambda g=graph, n=number: plan_and_check(g, mission[:n])))
    assert counts[1] <= MOST * counts[0], counts


def test_what_is_left_of_a_plan_is_found_as_fast_however_long_the_mission(mission):
    counts = []
    for number in (1, 126):
        last = mission[number - 1]
        behind = Plan((*last.plan.actions, *mission[number].plan.actions))
        nothing_new = tuple(
            type(seen)(GraphUpdate(robot_location=seen.update.robot_location))
            for seen in last.observations
        )
        turn = Turn(behind, nothing_new, last.robot_location, known_graph=last.known_graph)
        graph = turn.replay(turn.known_graph)[-1]
        history = (*mission[: number - 1], turn)
        rest = find_rest(REQUEST, graph, history, DOMAIN)
        assert rest is not None
        assert rest.actions == mission[number].plan.actions
        found = lambda g=graph, h=history: find_rest(REQUEST, g, h, DOMAIN)  # noqa: E731
        counts.append(count_calls(found))
    assert counts[1] <= MOST * counts[0], counts
