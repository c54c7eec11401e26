# SPDX-License-Identifier: Apache-2.0
"""The simulator in generated worlds, under any action and any plan."""

from __future__ import annotations

from collections import Counter
from functools import cache
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Action, GraphUpdate, Plan, SceneGraph, validate_plan
from prism_core.domains.mapping import MAPPING_ACTIONS, load_words
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.simulator import MappingSimulator
from prism_core.domains.mapping.world import WorldConfig
from prism_core.episode.episode import Episode
from prism_core.episode.observation import Observation, parse_observation, render_observation
from prism_core.testing import check_simulator

from .strategies import fitting_actions, tried_plans, unknown_actions

NUMBERS = (0.0, -3.0, 5.0, 12.5, 30.0, 1e9, float('nan'), float('inf'), -0.0, 1000.0, 1)
TEXTS = (
    'What is the color?',
    'Is it open?',
    'Describe it.',
    'red',
    '',
    ' ',
    '\n',
    'é "x"\\',
    'x' * 1025,
)


@cache
def world(seed: int) -> Episode:
    """A task in a world; the worlds of the seeds differ in how much is hidden."""
    hidden = (0.0, 0.3, 0.6, 0.9)[seed % 4]
    tier = ('core', 'full')[seed // 4 % 2]
    config = WorldConfig(tier=tier, hidden=hidden, tasks=1)
    for attempt in range(20):
        episodes = draw_episodes(1000 * seed + attempt, config, load_words())
        if episodes:
            return episodes[-1]
    raise AssertionError(f'no task in 20 worlds of seed {seed}')


def make_simulator(episode: Episode) -> MappingSimulator:
    return MappingSimulator(episode.true_graph, episode.known_graph, load_words().lexicon)


# -------------------------------------------------------------------------------- any action


@given(seed=st.integers(0, 31), data=st.data())
def test_any_actions_in_any_order_keep_the_promises_of_the_protocol(seed, data):
    episode = world(seed)
    names = sorted(episode.true_graph.nodes)
    some = st.lists(fitting_actions(known=names) | unknown_actions, min_size=1, max_size=25)
    check_simulator(make_simulator, episode, data.draw(some))


@given(seed=st.integers(0, 31), data=st.data())
def test_any_actions_reveal_the_true_world_and_leave_it_as_it_is(seed, data):
    episode = world(seed)
    before = repr(list(episode.true_graph.nodes.values()))
    names = sorted(episode.true_graph.nodes)
    simulator = make_simulator(episode)
    for action in data.draw(st.lists(fitting_actions(known=names), min_size=1, max_size=25)):
        simulator.execute(action)
    check_known_is_true(simulator.known_graph, episode)
    assert repr(list(episode.true_graph.nodes.values())) == before


@given(seed=st.integers(0, 31), data=st.data())
def test_a_first_step_that_the_validator_accepts_is_never_refused(seed, data):
    episode = world(seed)
    plan = data.draw(tried_plans(episode.known_graph))
    if validate_plan(plan, episode.known_graph, MAPPING_ACTIONS).is_valid:
        assert make_simulator(episode).execute(plan.actions[0]).status != 'refused'


def test_every_node_that_nobody_removed_can_be_discovered_without_error():
    for seed in range(32):
        episode = world(seed)
        simulator, true = make_simulator(episode), episode.true_graph
        reachable = true.reachable_regions(true.robot_location)
        for _ in reachable:
            for region in sorted(simulator.known_graph.regions):
                for name, more in (('map_region', ()), ('explore_region', (1000.0,))):
                    for _ in range(2):  # some fail the first time
                        simulator.execute(Action(name, (region, *more)))
        expected = reachable | {n for n, v in true.viewpoints.items() if reachable.intersection(v)}
        assert expected <= simulator.known_graph.nodes.keys()
        check_known_is_true(simulator.known_graph, episode)


def check_known_is_true(known: SceneGraph, episode: Episode) -> None:
    """What is known holds in the true world; a way that does not was known at the start."""
    true = episode.true_graph
    for name, node in known.nodes.items():
        assert (node.kind, node.position) == (true.nodes[name].kind, true.nodes[name].position)
        assert node.description in ('', true.nodes[name].description)
        if node.kind == 'object':
            assert node.attributes.items() <= true.nodes[name].attributes.items()
    for ends, connection in known.connections.items():
        if ends not in true.connections:
            assert connection.kind == 'traversable'
            assert ends in episode.known_graph.connections


# ----------------------------------------------------------------------------------- any plan


def draw_plan(rng: Random, known: SceneGraph, true: SceneGraph) -> Plan:
    """A plan that is mostly right, with mistakes of every kind."""
    actions = [draw_action(rng, known, true) for _ in range(rng.choice((1, 1, 2, 3, 4)))]
    return Plan(tuple(actions))


def draw_action(rng: Random, known: SceneGraph, true: SceneGraph) -> Action:
    spec = rng.choice(list(MAPPING_ACTIONS.values()))
    arguments: list[str | float] = []
    for argument in spec.arguments:
        if rng.random() < 0.12:
            odd = [*rng.choices(list(true.nodes), k=3), 'nowhere_1']
            arguments.append(rng.choice([*odd, *NUMBERS, *TEXTS]))
        elif argument.kind.is_node:
            fitting = [n for n, node in known.nodes.items() if node.kind == argument.kind.value]
            arguments.append(rng.choice(fitting or ['nowhere_1']))
        elif argument.kind.value == 'text':
            arguments.append(rng.choice(TEXTS[:4]))
        else:
            arguments.append(round(rng.uniform(-60, 60), 1))
    if rng.random() < 0.04:
        arguments = arguments[:-1] if rng.random() < 0.5 else [*arguments, 'more']
    return Action('fly' if rng.random() < 0.02 else spec.name, tuple(arguments))


def try_plans(seeds: range, plans_each: int) -> Counter[str]:
    """Let the validator and the simulator judge many plans, and count how it went."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        rng, episode = Random(seed), world(seed % 32)
        simulator = make_simulator(episode)
        graph = episode.known_graph
        for number in range(plans_each):
            if number % 40 == 0:
                simulator, graph = make_simulator(episode), episode.known_graph
            plan = draw_plan(rng, simulator.known_graph, episode.true_graph)
            report = validate_plan(plan, simulator.known_graph, MAPPING_ACTIONS)
            counts['valid' if report.is_valid else report.problems[0].kind.value] += 1
            is_same = report.is_valid
            for index, action in enumerate(plan.actions):
                shown = simulator.execute(action)
                counts[shown.status] += 1
                if is_same:
                    assert shown.status != 'refused', (seed, number, index, action, shown)
                graph = check_text(shown, graph)
                is_same &= is_only_a_drive(shown)
        assert graph.with_revision(0) == simulator.known_graph.with_revision(0)
        check_known_is_true(graph, episode)
    return counts


def is_only_a_drive(shown: Observation) -> bool:
    """Whether all that an action changed is where the robot is, and it is where it was to be."""
    moved = GraphUpdate(robot_location=shown.update.robot_location)
    return shown.status == 'done' and shown.update == moved


def check_text(shown: Observation, graph: SceneGraph) -> SceneGraph:
    """The graph after an observation that was read back from its text."""
    kinds = {name: node.kind for name, node in graph.nodes.items()}
    read = parse_observation(render_observation(shown), kinds)
    assert (read.update, read.status, read.feedback) == (
        shown.update,
        shown.status,
        shown.feedback,
    )
    return graph.apply(read.update)


def test_what_the_validator_accepts_the_simulator_carries_out():
    counts = try_plans(range(64), 60)
    assert counts['valid'] > 1000
    for kind in ('action', 'unknown_node', 'unreachable', 'shape', 'refused', 'failed', 'done'):
        assert counts[kind] > 20, counts


@pytest.mark.long
@pytest.mark.timeout(600)
def test_what_the_validator_accepts_the_simulator_carries_out_in_a_hundred_thousand_plans():
    counts = try_plans(range(1000), 100)
    assert counts['valid'] > 30_000, counts


# -------------------------------------------------------------------------------- what it costs


def test_the_length_of_a_drive_is_that_of_the_ways_that_it_took():
    for seed in range(32):
        episode = world(seed)
        simulator = make_simulator(episode)
        for region in sorted(episode.known_graph.regions):
            known = simulator.known_graph
            shown = simulator.execute(Action('goto', (region,)))
            if shown.status == 'done' and not shown.update.remove_connections:
                expected_m = known.distances_m(known.robot_location)[region]
                assert shown.distance_m == pytest.approx(expected_m, abs=6e-4)
            elif shown.status != 'refused':
                gone = [c.key for c in shown.update.remove_connections]
                assert gone
                assert not set(gone) & set(episode.true_graph.connections)


def test_the_same_actions_give_the_same_observations_whatever_another_simulator_does():
    for seed in range(16):
        episode, rng = world(seed), Random(seed)
        actions = [draw_action(rng, episode.true_graph, episode.true_graph) for _ in range(40)]
        one, other = make_simulator(episode), make_simulator(episode)
        first = [one.execute(action) for action in actions]
        assert [other.execute(action) for action in actions] == first
        assert other.known_graph == one.known_graph
        assert make_simulator(episode).known_graph == episode.known_graph
