# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import random

import pytest

from prism_core import Action, GraphUpdate, Node, Observation, Plan
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.domains.mapping.hasty import make_hasty_planner
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.simulator import MappingSimulator
from prism_core.testing import check_planner_in_episodes, check_simulator

from .mapping_worlds import WORDS, episodes_of, simulator_of, taught


def some_episodes():
    core = episodes_of(range(60, 70), tier='core', hidden=0.4)
    return (*core, *episodes_of(range(60, 66), tier='full', hidden=0.3))


def plan(name: str, *arguments) -> Plan:
    return Plan((Action(name, arguments),))


class Honest:
    """Answers at once, whatever was asked."""

    name = 'honest'

    def plan(self, request, known_graph, history):
        return plan('answer', f'I know {len(known_graph.nodes)} nodes.')

    def close(self):
        pass


class Peeking(Honest):
    """Was made with the whole task, and reads how it is judged."""

    def __init__(self, episode):
        self._criterion = episode.criterion

    def plan(self, request, known_graph, history):
        return plan('answer', f'{self._criterion.accepted} {self._criterion.answer}')


class SeeingWhatIsHidden(Peeking):
    def __init__(self, episode):
        self._true_graph = episode.true_graph

    def plan(self, request, known_graph, history):
        return plan('answer', f'There are {len(self._true_graph.nodes)} nodes.')


class Remembering(Honest):
    """Counts its calls instead of reading the history."""

    def __init__(self):
        self._calls = 0

    def plan(self, request, known_graph, history):
        self._calls += 1
        if self._calls % 3:
            return plan('replan')
        return plan('answer', 'I have thought about it.')


class GoingRound(Honest):
    def plan(self, request, known_graph, history):
        return plan('replan')


class NeverEnding(Honest):
    def plan(self, request, known_graph, history):
        drive = Action('goto', (known_graph.robot_location,))
        return Plan((drive,) * (1 + len(history) % 60))


class Crashing(Honest):
    def plan(self, request, known_graph, history):
        raise RuntimeError('out of memory')


def hidden_facts_differ(episode) -> bool:
    return len(episode.true_graph.nodes) != len(episode.known_graph.nodes)


def test_teacher_keeps_the_contract_in_closed_loop():
    check_planner_in_episodes(
        lambda episode: make_teacher(episode.task, WORDS), some_episodes(), simulator_of
    )


def test_planner_that_reads_the_sentence_keeps_the_contract_in_closed_loop(symbolic):
    check_planner_in_episodes(lambda _: symbolic, some_episodes(), simulator_of)


def test_hasty_teacher_keeps_the_contract_in_closed_loop():
    hasty = make_hasty_planner()
    check_planner_in_episodes(lambda _: hasty, some_episodes(), simulator_of)


def test_honest_planner_passes():
    check_planner_in_episodes(lambda _: Honest(), some_episodes()[:3], simulator_of)


@pytest.mark.parametrize(
    ('make', 'problem'),
    [
        (Peeking, 'it peeks at what it must not see'),
        (SeeingWhatIsHidden, 'it peeks at what it must not see'),
        (lambda _: Remembering(), 'answered differently|keeps memory'),
        (lambda _: NeverEnding(), 'did not come to an end within 128 turns'),
        (lambda _: GoingRound(), r'did not come to an end: replan\(\) brought no news, 4 times'),
        (lambda _: Crashing(), 'out of memory'),
    ],
)
def test_planner_that_breaks_the_contract_is_caught(make, problem):
    episodes = [episode for episode in some_episodes() if hidden_facts_differ(episode)]
    with pytest.raises((AssertionError, RuntimeError), match=problem):
        check_planner_in_episodes(make, episodes[:3], simulator_of)


def test_one_planner_for_all_tasks_that_remembers_the_first_is_caught():
    planner = Remembering()
    with pytest.raises(AssertionError, match='differently'):
        check_planner_in_episodes(lambda _: planner, some_episodes()[:3], simulator_of)


# -------------------------------------------------------------------------------------- simulators


def actions_on(episode, rng: random.Random, number: int = 12) -> list[Action]:
    """Actions on what there is, what there is not, and what makes no sense."""
    regions = [*episode.true_graph.regions, 'nowhere_1', '', 5.0]
    objects = [*episode.true_graph.objects, *regions]
    drawn = [
        lambda: Action('goto', (rng.choice(regions),)),
        lambda: Action('map_region', (rng.choice(regions),)),
        lambda: Action('explore_region', (rng.choice(regions), rng.choice([3.0, 25.0, -1.0]))),
        lambda: Action('extend_map', (rng.uniform(-40, 40), rng.choice([5.0, float('nan')]))),
        lambda: Action('inspect', (rng.choice(objects), rng.choice(['color?', 'tell me', '']))),
        lambda: Action('answer', (rng.choice(['yes', '']),)),
        lambda: Action(rng.choice(['replan', 'fly', 'goto'])),
    ]
    return [rng.choice(drawn)() for _ in range(number)]


def test_simulator_keeps_the_contract_on_any_actions():
    rng = random.Random(5)
    for episode in some_episodes():
        check_simulator(simulator_of, episode, actions_on(episode, rng))


def test_simulator_keeps_the_contract_on_what_a_teacher_does():
    for episode in map(taught, some_episodes()):
        check_simulator(simulator_of, episode, [action for action, _ in episode.actions])


class Leaking(MappingSimulator):
    """Shows a node without putting it into what it knows."""

    def execute(self, action):
        shown = super().execute(action)
        ghost = Node('ghost_1', 'object', (0, 0))
        return dataclasses.replace(shown, update=GraphUpdate(upsert_nodes=(ghost,)))


class Raising(MappingSimulator):
    def execute(self, action):
        raise KeyError(action.name)


class Moody(MappingSimulator):
    """Says something else each time that one of its kind is asked."""

    calls = 0

    def execute(self, action):
        Moody.calls += 1
        return dataclasses.replace(super().execute(action), feedback=f'call {Moody.calls}')


class Speechless(MappingSimulator):
    def execute(self, action):
        return Observation(status='refused')


@pytest.mark.parametrize(
    ('kind', 'problem'),
    [
        (Leaking, 'the known graph is not what the update makes of it'),
        (Raising, 'the simulator raised KeyError'),
        (Moody, 'a second simulator of the same world showed something else'),
        (Speechless, 'it was refused without a reason'),
    ],
)
def test_simulator_that_breaks_the_contract_is_caught(kind, problem):
    episode = some_episodes()[0]
    look = Action('map_region', (next(iter(episode.known_graph.regions)),))

    def make(episode):
        return kind(episode.true_graph, episode.known_graph, WORDS.lexicon)

    with pytest.raises(AssertionError, match=problem):
        check_simulator(make, episode, [look])


def test_table_of_the_simulator_is_the_domains_table():
    assert simulator_of(some_episodes()[0]).table is MAPPING_ACTIONS
