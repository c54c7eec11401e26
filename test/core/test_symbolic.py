from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import (
    Action,
    Connection,
    GraphUpdate,
    Node,
    Plan,
    PlannerError,
    SceneGraph,
    Turn,
    render_steps,
    validate_plan,
)
from prism_core.domains.mapping import MAPPING_ACTIONS, load_vocabulary, make_symbolic_planner
from prism_core.testing import check_planner

from .strategies import said, scene_graphs, texts

WHICH = 'clarify("Which one do you mean: {}?")'
NOTHING = 'clarify("What should I look for or where should I go?")'


@pytest.mark.parametrize(
    ('request_', 'expected', 'reason'),
    [
        # called by name
        (
            'go to parking_1',
            'goto(parking_1), answer("I am at parking_1.")',
            'named in the request',
        ),
        (
            'goto Parking 1!',
            'goto(parking_1), answer("I am at parking_1.")',
            '75 m away. I go there',
        ),
        ('return to the dock', 'answer("I am at dock_1.")', "'dock' is in its name.*, 0 m away"),
        (
            'inspect truck_1',
            'goto(field_2), inspect(truck_1, "inspect truck_1"), replan()',
            'It is seen from field_2, 77 m away. I look at it and plan again',
        ),
        ('explore field_2', 'goto(field_2), explore_region(field_2, 3), replan()', 'named in'),
        ('map_region(gate_1)', 'goto(gate_1), map_region(gate_1), replan()', 'named in'),
        # called by class, look, or where it is
        ('Map the courtyard.', 'goto(courtyard_1), map_region(courtyard_1), replan()', '97 m away'),
        ('find a boat', 'inspect(boat_1, "find a boat"), replan()', "'boat' is in its name"),
        (
            'a red car',
            'goto(parking_1), inspect(car_2, "a red car"), replan()',
            "'red' is in its d",
        ),
        (
            'the boat at the dock',
            'inspect(boat_1, "the boat at the dock"), replan()',
            '^boat_1 fits',
        ),
        (
            'the bench in the courtyard',
            'goto(courtyard_1), inspect(bench_1, "the bench in the courtyard"), replan()',
            "^bench_1 fits the request: 'bench' is in its name",
        ),
        # called by another word or by what it is for
        (
            'find the lorry',
            'goto(field_2), inspect(truck_1, "find the lorry"), replan()',
            "'lorry' is another word for truck",
        ),
        (
            'I see fire',
            'goto(warehouse_1), inspect(extinguisher_1, "I see fire"), replan()',
            "'fire' is what extinguisher stands for",
        ),
        (
            'where can I sit?',
            'goto(field_1), inspect(bench_2, "where can I sit?"), replan()',
            "^bench_2 fits the request: 'sit' is what bench stands for",
        ),
        # several fit: any will do for "a", none for "the"
        ('find a bench', 'goto(field_1), inspect(bench_2, "find a bench"), replan()', '49 m away'),
        ('find the bench', WHICH.format('bench_1 or bench_2'), '^The request fits 2 nodes equally'),
        ('check the car', WHICH.format('car_1 or car_2'), 'I ask.$'),
        # no known way
        (
            'look at the antenna',
            'goto(bridge_1), extend_map(132, -20), replan()',
            'No known way leads to island_1; the gap is smallest between bridge_1 and island_1',
        ),
        ('go to island_1', 'goto(bridge_1), extend_map(132, -20), replan()', 'I extend the map'),
        # nothing fits
        (
            'find the dog',
            'map_region(dock_1), replan()',
            "^Nothing that I know fits 'dog'. dock_1 is the nearest region .*, 0 m away",
        ),
        ('explore', 'explore_region(dock_1, 3), replan()', "fits 'new regions'"),
        # nothing said
        ('', NOTHING, '^The request names nothing. I ask.$'),
        ('please, can you do it?', NOTHING, '^The request names nothing'),
        ('?!', NOTHING, '^The request names nothing'),
    ],
)
def test_request_gives_the_expected_steps_and_says_why(depot, symbolic, request_, expected, reason):
    plan = symbolic.plan(request_, depot, ())
    assert render_steps(plan.actions) == expected
    assert re.search(reason, plan.reasoning)
    assert plan.primary_goal == request_
    assert set(plan.relevant_graph) <= set(depot.nodes)
    assert validate_plan(plan, depot, MAPPING_ACTIONS).is_valid


def test_robot_that_is_already_there_does_not_drive(depot, symbolic):
    plan = symbolic.plan('inspect truck_1', depot.at('warehouse_1'), ())
    assert render_steps(plan.actions) == 'inspect(truck_1, "inspect truck_1"), replan()'
    plan = symbolic.plan('go to the island', depot.at('bridge_1'), ())
    assert render_steps(plan.actions) == 'extend_map(132, -20), replan()'


def test_planner_without_a_robot_location_raises_and_says_what_to_set(depot, symbolic):
    with pytest.raises(
        PlannerError, match=r'^where the robot is is unknown; set the robot location$'
    ):
        symbolic.plan('go to the gate', depot.at(None), ())


def test_object_that_is_seen_from_nowhere_is_asked_about(symbolic):
    graph = SceneGraph(
        [Node('yard', 'region', (0, 0)), Node('kite_1', 'object', (5, 5))], robot_location='yard'
    )
    plan = symbolic.plan('find the kite', graph, ())
    assert render_steps(plan.actions) == 'clarify("Where can I see kite_1 from?")'
    assert plan.reasoning == 'The request means kite_1, seen from no region. I ask.'


def test_longest_names_and_requests_stay_within_what_a_step_can_carry(symbolic):
    names = [f'{"truck_" * 20}{i}' for i in range(9)]
    graph = SceneGraph([Node(name, 'region', (0, 0)) for name in names], robot_location=names[0])
    plan = symbolic.plan('check the truck', graph, ())
    assert plan.actions[0].name == 'clarify'
    assert validate_plan(plan, graph, MAPPING_ACTIONS).is_valid
    query = symbolic.plan(f'  find a lamp {"very " * 300}', graph, ())
    assert validate_plan(query, graph, MAPPING_ACTIONS).is_valid


@pytest.mark.parametrize('name', ['---', '.', '_'])
def test_node_name_without_a_letter_is_never_meant(symbolic, name):
    graph = SceneGraph([Node(name, 'region', (0, 0))], robot_location=name)
    plan = symbolic.plan('find the dog', graph, ())
    assert plan.reasoning.startswith("Nothing that I know fits 'dog'")


# ---------------------------------------------------------------------------- over a mission


def run(
    planner, request: str, graph: SceneGraph, world: Callable[[Action], tuple[str, GraphUpdate]]
) -> tuple[list[Plan], SceneGraph]:
    """Plan, carry out, plan again until the mission ends; `world` answers each action."""
    history: list[Turn] = []
    for _ in range(40):
        plan = planner.plan(request, graph, tuple(history))
        assert validate_plan(plan, graph, MAPPING_ACTIONS).is_valid
        if plan.actions[-1].name in ('answer', 'clarify'):
            return [*(turn.plan for turn in history), plan], graph
        observations = []
        for action in plan.actions[:-1]:
            if action.name != 'extend_map' and action.arguments[0] in graph.regions:
                graph = graph.at(action.arguments[0])
            text, update = world(action)
            observations.append(text)
            graph = graph.apply(update)
        history.append(Turn(plan, tuple(observations)))
    raise AssertionError('the mission does not end')


def nothing_new(action: Action) -> tuple[str, GraphUpdate]:
    return 'nothing', GraphUpdate()


def test_search_maps_each_reachable_region_once_nearest_first_and_then_says_so(depot, symbolic):
    *plans, last = run(symbolic, 'find the dog', depot, nothing_new)[0]
    visited = [plan.actions[0].arguments[0] for plan in plans]
    assert all(plan.actions[0].name == 'map_region' for plan in plans)
    assert sorted(visited) == sorted(depot.reachable_regions('dock_1'))
    for index, region in enumerate(visited):
        distances = depot.distances_m(visited[index - 1] if index else 'dock_1')
        assert distances[region] == min(distances[later] for later in visited[index:])
    (answer,) = last.actions
    assert answer == Action(
        'answer', ("I looked in all 12 regions that I can reach and found no 'dog'.",)
    )


def test_search_ends_with_an_inspection_when_what_is_sought_appears(depot, symbolic):
    dog = Node('dog_1', 'object', (24, 5))

    def world(action):
        if action == Action('map_region', ('road_1',)):
            return 'a dog', GraphUpdate(
                upsert_nodes=(dog,),
                upsert_connections=(Connection('observed_from', 'dog_1', 'road_1'),),
            )
        return 'asleep' if action.name == 'inspect' else 'nothing', GraphUpdate()

    plans, graph = run(symbolic, 'find the dog', depot, world)
    assert 'dog_1' in graph.objects
    assert [render_steps(plan.actions) for plan in plans[-3:]] == [
        'map_region(road_1), replan()',
        'inspect(dog_1, "find the dog"), replan()',
        'answer("dog_1: asleep")',
    ]
    assert plans[-1].reasoning == (
        "dog_1 fits the request: 'dog' is in its name. I have looked at it."
    )


def test_exploring_without_a_target_explores_region_after_region(depot, symbolic):
    *plans, last = run(symbolic, 'explore', depot, nothing_new)[0]
    assert {plan.actions[0].name for plan in plans} == {'explore_region'}
    assert len(plans) == 12
    assert "found no 'new regions'" in last.actions[0].arguments[0]


def test_mission_goes_on_where_the_map_was_extended(depot, symbolic):
    def world(action):
        if action == Action('extend_map', (132.0, -20.0)):
            ford = Node('ford_1', 'region', (120, -17))
            ways = (('bridge_1', 'ford_1'), ('ford_1', 'island_1'))
            return 'a ford', GraphUpdate(
                upsert_nodes=(ford,),
                upsert_connections=tuple(Connection('traversable', *ends) for ends in ways),
            )
        return 'rusty', GraphUpdate()

    plans, graph = run(symbolic, 'inspect the antenna', depot, world)
    assert [render_steps(plan.actions) for plan in plans] == [
        'goto(bridge_1), extend_map(132, -20), replan()',
        'goto(island_1), inspect(antenna_1, "inspect the antenna"), replan()',
        'answer("antenna_1: rusty")',
    ]
    assert graph.robot_location == 'island_1'


def test_mission_ends_where_extending_the_map_leads_nowhere(depot, symbolic):
    plans, _ = run(symbolic, 'inspect the antenna', depot, nothing_new)
    assert [render_steps(plan.actions) for plan in plans] == [
        'goto(bridge_1), extend_map(132, -20), replan()',
        'answer("I found no way to antenna_1: extending the map from bridge_1 did not lead to '
        'island_1.")',
    ]
    assert plans[-1].reasoning.endswith('I have tried to bridge it.')


def test_gap_that_became_smaller_is_tried_again(depot, symbolic):
    def world(action):
        pier = Node('pier_1', 'region', (120, -17))
        way = Connection('traversable', 'bridge_1', 'pier_1')
        return 'a pier', GraphUpdate(upsert_nodes=(pier,), upsert_connections=(way,))

    plans, _ = run(symbolic, 'go to the island', depot, world)
    assert [render_steps(plan.actions)[:34] for plan in plans] == [
        'goto(bridge_1), extend_map(132, -2',
        'goto(pier_1), extend_map(132, -20)',
        'answer("I found no way to island_1',
    ]


@pytest.mark.parametrize(
    ('actions', 'observations', 'expected'),
    [
        # carried out, and reported on or not
        (('goto(field_2)', 'inspect'), ('there', 'red'), 'answer("truck_1: red")'),
        (('inspect',), ('',), 'answer("I looked at truck_1; nothing was reported.")'),
        # planned, but not carried out
        (('goto(field_2)', 'inspect'), ('there',), 'goto(field_2), inspect(truck_1, "'),
        ((), (), 'goto(field_2), inspect(truck_1, "'),
    ],
)
def test_only_an_inspection_that_was_carried_out_is_reported(
    depot, symbolic, actions, observations, expected
):
    parsed = tuple(
        Action('inspect', ('truck_1', 'ok?')) if name == 'inspect' else Action('goto', ('field_2',))
        for name in actions
    )
    history = (Turn(Plan(parsed), observations),)
    plan = symbolic.plan('inspect truck_1', depot, history)
    assert render_steps(plan.actions).startswith(expected)


def test_last_of_several_observations_is_reported_cut_to_what_a_step_can_carry(depot, symbolic):
    look = Plan((Action('inspect', ('truck_1', 'ok?')),))
    history = (Turn(look, ('old',)), Turn(look, ('new ' * 1000,)))
    plan = symbolic.plan('inspect truck_1', depot, history)
    assert plan.actions[0].arguments[0].startswith('truck_1: new new')
    assert validate_plan(plan, depot, MAPPING_ACTIONS).is_valid


# ------------------------------------------------------------------------------- whatever comes

VOCABULARY = load_vocabulary()
PLANNER = make_symbolic_planner()
WORDS = sorted(
    {*VOCABULARY.purposes, *VOCABULARY.synonyms, *VOCABULARY.verbs, 'a', 'the', 'nearest'}
)


@given(st.data())
def test_every_plan_is_valid_and_names_only_what_is_known(data):
    graph = data.draw(scene_graphs(located=True))
    words = st.sampled_from([*graph.nodes, *WORDS]) | texts
    request = data.draw(said | st.lists(words, max_size=6).map(' '.join))
    looks = st.builds(
        Turn,
        st.sampled_from(sorted(graph.nodes)).map(
            lambda name: Plan((Action('map_region', (name,)), Action('replan')))
        ),
        st.lists(texts, max_size=2).map(tuple),
    )
    history = data.draw(st.lists(looks, max_size=4).map(tuple))
    plan = PLANNER.plan(request, graph, history)
    assert validate_plan(plan, graph, MAPPING_ACTIONS).feedback == ''
    assert set(plan.relevant_graph) <= set(graph.nodes)
    assert plan.reasoning
    assert plan.primary_goal == request.strip()


def test_symbolic_planner_keeps_the_promises_of_the_protocol(depot):
    looked = Turn(Plan((Action('inspect', ('truck_1', 'ok?')),)), ('red',))
    requests = (
        'find a bench',
        'inspect truck_1',
        'go to the island',
        'find the dog',
        '',
        'explore',
    )
    check_planner(
        make_symbolic_planner(),
        [
            (request, graph, history)
            for request in requests
            for graph in (depot, depot.at('gate_1'), depot.at(None))
            for history in ((), (looked,))
        ],
    )
