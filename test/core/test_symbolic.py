# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

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
from prism_core.domains.mapping import MAPPING_ACTIONS, load_words, make_symbolic_planner
from prism_core.episode.mission_state import MAX_TRIES, MAX_TURNS
from prism_core.episode.observation import Observation
from prism_core.testing import check_planner

from .strategies import said, scene_graphs, texts

WHICH = 'clarify("Which one do you mean: {}?")'
NOTHING = 'clarify("What should I look for, or where should I go?")'


@pytest.mark.parametrize(
    ('request_', 'expected'),
    [
        # called by name
        ('go to parking_1', 'goto(parking_1), answer("I am at parking_1.")'),
        ('goto Parking 1!', 'goto(parking_1), answer("I am at parking_1.")'),
        ('return to the dock', 'answer("I am at dock_1.")'),
        ('inspect forklift_1', 'inspect(forklift_1, "Describe it.")'),
        # called by class, look, or where it is
        ('Map the courtyard.', 'map_region(courtyard_1)'),
        ('inspect the boat', 'inspect(boat_1, "Describe it.")'),
        ('is the boat open?', 'inspect(boat_1, "Is it open or closed?")'),
        ('a red car', 'inspect(car_2, "Describe it.")'),
        ('the bench in the courtyard', 'inspect(bench_1, "Describe it.")'),
        ('how many cars are there in the parking lot?', 'map_region(parking_1)'),
        # called by another word or by what it is for
        ('find the lorry', 'answer("truck_1 is in field_2.")'),
        ('I see fire', 'answer("extinguisher_1, seen from warehouse_1.")'),
        ('where can I sit?', 'answer("bench_2, seen from field_1.")'),
        # several fit: any will do for "a", none for "the"
        ('find a bench', 'answer("bench_2, seen from field_1.")'),
        ('find the bench', WHICH.format('bench_2 or bench_1')),
        ('check the car', WHICH.format('car_1 or car_2')),
        ('go to the field', WHICH.format('field_1 or field_2')),
        # no known way
        ('look at the antenna', 'extend_map(132, -20)'),
        ('go to island_1', 'extend_map(132, -20)'),
        # nothing said
        ('', NOTHING),
        ('please, can you do it?', NOTHING),
        ('?!', NOTHING),
    ],
)
def test_request_gives_the_shortest_plan_that_brings_news(depot, symbolic, request_, expected):
    plan = symbolic.plan(request_, depot, ())
    assert render_steps(plan.actions) == expected
    assert plan.reasoning
    assert plan.primary_goal
    assert set(plan.relevant_graph) <= set(depot.nodes)
    assert validate_plan(plan, depot, MAPPING_ACTIONS).is_valid


def test_robot_that_is_already_there_does_not_drive(depot, symbolic):
    plan = symbolic.plan('go to the gate', depot.at('gate_1'), ())
    assert render_steps(plan.actions) == 'answer("I am at gate_1.")'


def test_planner_without_a_robot_location_raises_and_says_what_to_set(depot, symbolic):
    with pytest.raises(
        PlannerError, match=r'^where the robot is is unknown; set the robot location$'
    ):
        symbolic.plan('go to the gate', depot.at(None), ())


def test_object_that_is_seen_from_nowhere_is_looked_for(symbolic):
    graph = SceneGraph(
        [Node('yard', 'region', (0, 0)), Node('kite_1', 'object', (5, 5))], robot_location='yard'
    )
    plan = symbolic.plan('inspect the kite', graph, ())
    assert render_steps(plan.actions) == 'map_region(yard)'


def test_longest_names_and_requests_stay_within_what_a_step_can_carry(symbolic):
    names = [f'{"truck_" * 20}{i}' for i in range(9)]
    graph = SceneGraph([Node(name, 'region', (0, 0)) for name in names], robot_location=names[0])
    for request in (f'go to the {"truck " * 20}', f'  find a lamp {"very " * 300}'):
        plan = symbolic.plan(request, graph, ())
        assert validate_plan(plan, graph, MAPPING_ACTIONS).is_valid


@pytest.mark.parametrize('name', ['---', '.', '_'])
def test_node_name_without_a_letter_is_never_meant(symbolic, name):
    graph = SceneGraph([Node(name, 'region', (0, 0))], robot_location=name)
    plan = symbolic.plan('find the dog', graph, ())
    assert plan.actions[0] == Action('map_region', (name,))


# ---------------------------------------------------------------------------- over a mission


def run(
    planner, request: str, graph: SceneGraph, world: Callable[[Action], Observation]
) -> tuple[list[Plan], SceneGraph]:
    """Plan, carry out, plan again until the mission ends; `world` answers each action."""
    history: list[Turn] = []
    for _ in range(MAX_TURNS):
        plan = planner.plan(request, graph, tuple(history))
        assert validate_plan(plan, graph, MAPPING_ACTIONS).is_valid
        if plan.actions[-1].name in ('answer', 'clarify'):
            return [*(turn.plan for turn in history), plan], graph
        observations = []
        for action in plan.actions:
            if action.name != 'extend_map' and action.arguments[0] in graph.regions:
                graph = graph.at(action.arguments[0])
            observations.append(world(action))
            graph = graph.apply(observations[-1].update)
        history.append(Turn(plan, tuple(observations)))
    raise AssertionError('the mission does not end')


def nothing_new(action: Action) -> Observation:
    """What a robot reports that says nothing of what it mapped."""
    if action.name == 'extend_map':
        return Observation(status='failed')
    attributes = {'mapped': True}
    is_look = action.name in ('map_region', 'explore_region')
    update = GraphUpdate(set_attributes={action.arguments[0]: attributes})
    return Observation(update if is_look else GraphUpdate())


def test_search_maps_each_reachable_region_once_and_then_says_so(depot, symbolic):
    *plans, last = run(symbolic, 'find the zebra', depot, nothing_new)[0]
    visited = [plan.actions[0].arguments[0] for plan in plans]
    assert all(plan.actions[0].name == 'map_region' for plan in plans)
    assert sorted(visited) == sorted(depot.reachable_regions('dock_1'))
    (answer,) = last.actions
    assert answer == Action('answer', ('There is no zebra in all 12 regions that I can reach.',))


def test_search_ends_with_the_answer_when_what_is_sought_appears(depot, symbolic):
    dog = Node('dog_1', 'object', (24, 5))

    def world(action):
        if action == Action('map_region', ('road_1',)):
            return Observation(
                GraphUpdate(
                    upsert_nodes=(dog,),
                    upsert_connections=(Connection('observed_from', 'dog_1', 'road_1'),),
                )
            )
        return nothing_new(action)

    plans, graph = run(symbolic, 'find the dog', depot, world)
    assert 'dog_1' in graph.objects
    assert render_steps(plans[-1].actions) == 'answer("dog_1 is in road_1.")'


def test_exploring_without_a_target_looks_everywhere(depot, symbolic):
    *plans, last = run(symbolic, 'explore', depot, nothing_new)[0]
    assert len(plans) == 12
    assert 'I have mapped' in last.actions[0].arguments[0]


def test_mission_goes_on_where_the_map_was_extended(depot, symbolic):
    def world(action):
        if action == Action('extend_map', (132.0, -20.0)):
            ford = Node('ford_1', 'region', (120, -17))
            ways = (('bridge_1', 'ford_1'), ('ford_1', 'island_1'))
            return Observation(
                GraphUpdate(
                    upsert_nodes=(ford,),
                    upsert_connections=tuple(Connection('traversable', *ends) for ends in ways),
                )
            )
        return Observation(feedback='rusty')

    plans, _ = run(symbolic, 'inspect the antenna', depot, world)
    assert [render_steps(plan.actions) for plan in plans] == [
        'extend_map(132, -20)',
        'inspect(antenna_1, "Describe it.")',
        'answer("antenna_1: rusty")',
    ]


def test_mission_ends_where_extending_the_map_leads_nowhere(depot, symbolic):
    *plans, last = run(symbolic, 'go to the island', depot, nothing_new)[0]
    assert {plan.actions[0].name for plan in plans} >= {'extend_map'}
    assert last.actions == (Action('answer', ('island_1 cannot be reached.',)),)


def done_in_words(action: Action) -> Observation:
    """What a robot reports that says that all went well, and changes no graph."""
    return Observation(feedback='done')


@pytest.mark.parametrize(
    'request_',
    ['go to the island', 'find a blue car', 'is the red barrel full?', 'explore', 'find the zebra'],
)
def test_mission_ends_with_a_robot_that_changes_no_graph(depot, symbolic, request_):
    *plans, last = run(symbolic, request_, depot, done_in_words)[0]
    steps = [plan.actions[-1] for plan in plans]
    assert len(steps) == len(set(steps))
    assert last.actions[-1].name in ('answer', 'clarify')


@pytest.mark.parametrize(
    'request_',
    ['find the zebra', 'explore', 'how many zebras are there?', 'how many cars are on the dock?'],
)
def test_robot_that_could_not_look_everywhere_does_not_say_that_there_is_nothing(
    depot, symbolic, request_
):
    def dark(action):
        is_dock = action.arguments[0] == 'dock_1'
        return Observation(status='failed') if is_dock else nothing_new(action)

    *plans, last = run(symbolic, request_, depot, dark)[0]
    tries = [plan for plan in plans if plan.actions[-1] == Action('map_region', ('dock_1',))]
    assert len(tries) == MAX_TRIES
    assert last.actions == (Action('answer', ('I could not look at dock_1, so I do not know.',)),)


def looked_at(name: str, query: str, *observations: Observation) -> Turn:
    return Turn(Plan((Action('inspect', (name, query)),)), observations)


def test_what_was_observed_is_reported_from_the_graph(depot, symbolic):
    graph = depot.apply(GraphUpdate(set_attributes={'boat_1': {'color': 'green'}}))
    plan = symbolic.plan('what color is the boat?', graph, ())
    assert plan.actions == (Action('answer', ('The color of boat_1 is green.',)),)
    plan = symbolic.plan('is the boat red?', graph, ())
    assert plan.actions == (Action('answer', ('No, the color of boat_1 is not red but green.',)),)


@pytest.mark.parametrize(
    ('observations', 'expected'),
    [
        ((Observation(feedback='a rusty hull'),), 'answer("boat_1: a rusty hull")'),
        ((Observation(),), 'answer("boat_1: nothing was reported.")'),
        # planned, but not carried out, or in vain
        ((), 'inspect(boat_1, "Describe it.")'),
        ((Observation(feedback='fog', status='failed'),), 'inspect(boat_1, "Describe it.")'),
    ],
)
def test_robot_that_reports_in_words_only_is_quoted(depot, symbolic, observations, expected):
    history = (looked_at('boat_1', 'Describe it.', *observations),)
    plan = symbolic.plan('inspect the boat', depot, history)
    assert render_steps(plan.actions) == expected


def test_last_of_several_observations_is_reported_cut_to_what_a_step_can_carry(depot, symbolic):
    history = tuple(
        looked_at('boat_1', 'Describe it.', Observation(feedback=feedback))
        for feedback in ('old', 'new ' * 1000)
    )
    plan = symbolic.plan('inspect the boat', depot, history)
    assert plan.actions[0].arguments[0].startswith('boat_1: new new')
    assert validate_plan(plan, depot, MAPPING_ACTIONS).is_valid


# ------------------------------------------------------------------------------- whatever comes

PLANNER = make_symbolic_planner()
LEXICON = load_words().lexicon
WORDS = [
    *('a', 'the', 'nearest', 'if', 'otherwise', 'then', 'between', 'and', 'how many', 'map'),
    *('go to', 'where is', 'is', 'more', 'in', 'describe', 'color of', 'open', '(3, 4)'),
    *[*LEXICON.objects][::20],
    *[*LEXICON.regions][::20],
    *[*LEXICON.purposes][::20],
]


@given(st.data())
def test_every_plan_is_valid_and_names_only_what_is_known(data):
    graph = data.draw(scene_graphs(located=True))
    words = st.sampled_from([*graph.nodes, *WORDS]) | texts
    request = data.draw(said | st.lists(words, max_size=9).map(' '.join))
    looks = st.builds(
        Turn,
        st.sampled_from(sorted(graph.nodes)).map(
            lambda name: Plan((Action('map_region', (name,)),))
        ),
        st.lists(st.builds(Observation, feedback=texts), max_size=1).map(tuple),
    )
    history = data.draw(st.lists(looks, max_size=4).map(tuple))
    plan = PLANNER.plan(request, graph, history)
    assert validate_plan(plan, graph, MAPPING_ACTIONS).feedback == ''
    assert set(plan.relevant_graph) <= set(graph.nodes)
    assert plan.reasoning
    assert plan.primary_goal


def test_symbolic_planner_keeps_the_promises_of_the_protocol(depot):
    looked = looked_at('truck_1', 'Describe it.', Observation(feedback='red'))
    requests = (
        'find a bench',
        'inspect truck_1',
        'go to the island',
        'find the zebra',
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


def test_of_several_that_may_be_meant_those_are_looked_at_first_that_ways_lead_to():
    places = [Node('yard_1', 'region', (0.0, 0.0)), Node('yard_2', 'region', (50.0, 0.0))]
    vans = [Node('van_1', 'object', (50.0, 1.0)), Node('van_2', 'object', (0.0, 1.0))]
    seen = [
        Connection('observed_from', 'van_1', 'yard_2'),
        Connection('observed_from', 'van_2', 'yard_1'),
    ]
    graph = SceneGraph([*places, *vans], seen, robot_location='yard_1')
    plan = make_symbolic_planner().plan('What is the color of the locked van?', graph, ())
    assert render_steps(plan.actions) == 'inspect(van_2, "Is it locked or unlocked?")'
    near = SceneGraph([*places, vans[0]], seen[:1], robot_location='yard_1')
    plan = make_symbolic_planner().plan('What is the color of the locked van?', near, ())
    assert plan.actions[0].name == 'extend_map'
