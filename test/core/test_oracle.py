# SPDX-License-Identifier: Apache-2.0
"""The oracle on worlds of which the best way is known, and against the teacher on drawn ones."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from random import Random

import pytest

from prism_core import Connection, Node, SceneGraph
from prism_core.domains.mapping import load_words
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.oracle import MAX_EXACT_STOPS, Solution, find_solution
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.world import WorldConfig
from prism_core.episode.criterion import Criterion, Fact
from prism_core.episode.episode import Episode, Task
from prism_core.errors import WorldRejected

from .hand_made import AROUND_M, make_known, make_true

WORDS = load_words()
# The simulator rounds the length of each drive to millimetres.
ROUNDING_M = 0.0005


def solve(criterion: Criterion, true=None, known=None) -> Solution:
    """The oracle's solution in the world made by hand, or in another."""
    episode = Episode(0, Task('do it'), criterion, true or make_true(), known or make_known())
    return find_solution(episode, WORDS.lexicon)


def be_at(*regions: str, **more) -> Criterion:
    return Criterion('any', evidence=tuple(Fact('visited', name) for name in regions), **more)


# --------------------------------------------------------------------------- the known best way


def test_going_to_a_known_region_takes_one_drive_and_one_answer():
    assert solve(be_at('yard_7')) == Solution(2, 0, 10.0, True)
    assert solve(be_at('shed_2')) == Solution(2, 0, 20.0, True)


def test_a_question_back_and_an_answer_at_once_cost_one_action_and_no_metre():
    assert solve(Criterion('question')) == Solution(1, 0, 0.0, True)
    assert solve(Criterion('any')) == Solution(1, 0, 0.0, True)


def test_the_oracle_knows_which_way_is_blocked_and_drives_around_at_once():
    around = solve(be_at('shed_2'), make_true(('shed_2', 'yard_7')))
    assert around.distance_m == pytest.approx(AROUND_M, abs=2 * ROUNDING_M)
    assert (around.actions, around.looks) == (3, 0)


def test_a_hidden_object_costs_a_look_around_and_an_inspection():
    color = Fact('attribute', 'barrel_8', 'color')
    value = Criterion('value', ('blue',), ('red',), evidence=(color,))
    assert solve(value) == Solution(3, 2, 10.0, True)


def test_what_fails_the_first_time_is_tried_again():
    failing = make_true(failures=[('map_region', 'yard_7'), ('inspect', 'barrel_8')])
    color = Fact('attribute', 'barrel_8', 'color')
    value = Criterion('value', ('blue',), ('red',), evidence=(color,))
    assert solve(value, failing) == Solution(5, 4, 10.0, True)


def test_a_hidden_region_is_explored_and_driven_to():
    assert solve(be_at('attic_9')) == Solution(3, 1, 32.0, True)
    assert solve(be_at('cave_6'), known=make_known('gate_3', objects=())).distance_m == 50.0


def test_a_hidden_region_close_by_to_which_the_way_leads_around_is_explored():
    # From the gate the roof counts as arrived at, and no connection comes nearer.
    roof = Node('roof_5', 'region', (0, 4), 'roof over the gate')
    true, known = make_true(), make_known('gate_3', objects=())
    nodes = [*true.nodes.values(), roof]
    ways = [*true.connections.values(), Connection('traversable', 'lane_4', 'roof_5')]
    true = SceneGraph(nodes, ways, robot_location='gate_3')
    lane_m = math.sqrt(200)
    found = solve(be_at('roof_5'), true, known)
    assert found.distance_m == pytest.approx(lane_m + math.dist((10, 10), (0, 4)), abs=ROUNDING_M)


def test_a_hidden_way_is_looked_for_where_it_is_shorter():
    known = make_known(ways=[('gate_3', 'lane_4'), ('lane_4', 'shed_2'), ('gate_3', 'yard_7')])
    assert solve(be_at('shed_2'), known=known) == Solution(3, 1, 20.0, True)


def test_an_object_is_inspected_from_the_nearest_viewpoint():
    color = Fact('inspected', 'crate_31', 'color')
    near = solve(Criterion('any', evidence=(color,)))
    assert near.distance_m == pytest.approx(AROUND_M / 2, abs=ROUNDING_M)
    assert (near.actions, near.looks) == (2, 1)


def test_an_object_is_inspected_from_the_viewpoint_on_the_best_way():
    color = Fact('inspected', 'crate_31', 'color')
    by_the_way = solve(Criterion('any', evidence=(color,), final_location='shed_2'))
    assert (by_the_way.distance_m, by_the_way.actions) == (20.0, 3)


def test_of_several_right_answers_the_cheapest_is_taken():
    either = Criterion('node', ('crate_31', 'barrel_8'))
    assert solve(either, known=make_known(objects=())).distance_m == 10.0
    assert solve(either).distance_m == 0.0
    places = (Fact('visited', 'shed_2'), Fact('visited', 'yard_7'))
    assert solve(Criterion('any', any_of=places)).distance_m == 10.0


# ------------------------------------------------------------------------------------- the order


def make_line(**positions: float) -> SceneGraph:
    """Regions on a line, each with a way to the next, robot at `start_1`."""
    nodes = [Node(name, 'region', (x, 0), 'a place') for name, x in positions.items()]
    line = sorted(nodes, key=lambda node: node.position)
    ways = [Connection('traversable', a.name, b.name) for a, b in itertools.pairwise(line)]
    return SceneGraph(nodes, ways, robot_location='start_1')


LINE = make_line(west_1=-10, start_1=0, east_1=9, far_1=20)


def test_the_exact_order_beats_nearest_first():
    # east, far, west would be 9 + 11 + 30 m
    assert solve(be_at('east_1', 'far_1', 'west_1'), LINE, LINE) == Solution(4, 0, 40.0, True)


def test_an_order_that_is_asked_for_is_kept_and_so_is_the_place_to_end_in():
    order = be_at('east_1', 'west_1', 'far_1', in_order=True)
    assert solve(order, LINE, LINE).distance_m == 9 + 19 + 30
    end = be_at('east_1', 'far_1', final_location='west_1')
    assert solve(end, LINE, LINE).distance_m == 50.0


def make_scatter(seed: int, number: int) -> SceneGraph:
    """Regions anywhere, with a way between each two."""
    rng = Random(seed)
    names = ['start_1', *(f'stop_{i}' for i in range(number))]
    nodes = [Node(n, 'region', (rng.uniform(0, 99), rng.uniform(0, 99)), 'a') for n in names]
    ways = [Connection('traversable', a, b) for a, b in itertools.combinations(names, 2)]
    return SceneGraph(nodes, ways, robot_location='start_1')


def length_m(graph: SceneGraph, way: tuple[str, ...]) -> float:
    nodes = graph.nodes
    return sum(nodes[a].distance_m(nodes[b]) for a, b in itertools.pairwise(['start_1', *way]))


@pytest.mark.parametrize('seed', range(12))
def test_no_order_of_the_stops_is_shorter_than_the_exact_one(seed):
    graph = make_scatter(seed, 6)
    stops = sorted(set(graph.regions) - {'start_1'})
    best_m = min(length_m(graph, way) for way in itertools.permutations(stops))
    found = solve(be_at(*stops), graph, graph)
    assert found.is_exact
    assert found.distance_m == pytest.approx(best_m, abs=6 * ROUNDING_M)


@pytest.mark.parametrize('seed', range(6))
def test_too_many_stops_are_ordered_well_and_called_inexact(seed):
    graph = make_scatter(seed, MAX_EXACT_STOPS + 6)
    stops = sorted(set(graph.regions) - {'start_1'})
    found = solve(be_at(*stops), graph, graph)
    assert not found.is_exact
    assert found.actions == len(stops) + 1
    rng = Random(seed)
    chance_m = min(length_m(graph, tuple(rng.sample(stops, len(stops)))) for _ in range(200))
    assert found.distance_m < chance_m
    assert solve(be_at(*stops[:MAX_EXACT_STOPS]), graph, graph).is_exact


# --------------------------------------------------------------------------- what is not solvable


@pytest.mark.parametrize(
    ('criterion', 'reason'),
    [
        (be_at('cave_6'), 'unsolvable, the oracle found no way'),
        (Criterion('any', final_location='cave_6'), 'unsolvable, the oracle found no way'),
        (Criterion('any', evidence=(Fact('mapped', 'cave_6'),)), 'the oracle found no way'),
        (Criterion('value', ('red',), ('red',)), 'unsolvable, not answered'),
        (
            Criterion('any', evidence=(Fact('attribute', 'crate_31', 'power'),)),
            'unsolvable, the oracle found no way',
        ),
        (Criterion('node', ()), 'unsolvable, the oracle found no way'),
    ],
)
def test_what_cannot_be_solved_is_rejected_with_a_reason(criterion, reason):
    with pytest.raises(WorldRejected, match=reason):
        solve(criterion, make_true(('cave_6', 'shed_2')))


def test_the_budget_of_a_criterion_does_not_bind_the_oracle():
    tight = be_at('shed_2', max_actions=1, max_distance_m=1.0)
    assert solve(tight).distance_m == 20.0


# ---------------------------------------------------------------------------- on generated tasks


def test_the_oracle_never_drives_farther_than_the_teacher_where_it_is_exact():
    compared = 0
    for seed in range(30):
        for episode in draw_episodes(seed, WorldConfig(tasks=8), WORDS):
            limitless = replace(episode.criterion, max_actions=10**6, max_distance_m=math.inf)
            run = play_episode(
                make_teacher(episode.task, WORDS), replace(episode, criterion=limitless), WORDS
            )
            facts = episode.provenance
            if facts['oracle_is_exact'] and run.outcome.success:
                drives = facts['oracle_actions'] + run.outcome.actions
                spare_m = 1e-6 + ROUNDING_M * drives
                assert facts['oracle_distance_m'] <= run.outcome.distance_m + spare_m, seed
                compared += 1
    assert compared > 200


def test_the_oracle_is_the_same_every_time_and_leaves_the_episode_as_it_is():
    for episode in draw_episodes(4, WorldConfig(), WORDS):
        assert find_solution(episode, WORDS.lexicon) == find_solution(episode, WORDS.lexicon)
        assert (episode.turns, episode.ending) == ((), '')


def squeeze(graph: SceneGraph, factor: float) -> SceneGraph:
    """The graph with all places so much closer together."""
    nodes = [
        replace(node, position=(node.position[0] * factor, node.position[1] * factor))
        for node in graph.nodes.values()
    ]
    return SceneGraph(
        nodes,
        graph.connections.values(),
        robot_location=graph.robot_location,
        attributes=graph.attributes,
    )


@pytest.mark.parametrize('factor', [0.0, 0.05, 0.3])
def test_tasks_are_solved_where_places_are_closer_than_arrival_is_told_apart(factor):
    for seed in range(8):
        for episode in draw_episodes(seed, WorldConfig(), WORDS):
            true, known = (
                squeeze(graph, factor) for graph in (episode.true_graph, episode.known_graph)
            )
            close = replace(episode, true_graph=true, known_graph=known)
            assert find_solution(close, WORDS.lexicon).actions > 0
