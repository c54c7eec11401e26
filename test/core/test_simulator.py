# SPDX-License-Identifier: Apache-2.0
"""The simulator on a world made by hand: what each action shows, costs, refuses and reports."""

from __future__ import annotations

import copy

import pytest

from prism_core import Connection, GraphUpdate, Node, SceneGraph
from prism_core.episode.observation import Observation, render_observation

from .hand_made import AROUND_M, REGIONS, VIEWS, WAYS, do, make_known, make_simulator, make_true

# ------------------------------------------------------------------------------------- driving


def test_driving_costs_the_metres_of_the_shortest_way_and_moves_the_robot():
    simulator = make_simulator()
    assert simulator.execute(do('goto', 'shed_2')) == Observation(
        GraphUpdate(robot_location='shed_2'), distance_m=20.0
    )
    assert simulator.known_graph.robot_location == 'shed_2'
    assert simulator.execute(do('goto', 'lane_4')).distance_m == pytest.approx(14.142, abs=5e-4)


def test_going_to_where_the_robot_is_costs_and_shows_nothing():
    assert make_simulator().execute(do('goto', 'gate_3')) == Observation()


def test_a_connection_with_a_cost_is_driven_at_that_cost():
    connections = [Connection('traversable', 'gate_3', 'yard_7', 37.5)]
    graph = SceneGraph([REGIONS['gate_3'], REGIONS['yard_7']], connections, robot_location='gate_3')
    assert make_simulator(graph, graph).execute(do('goto', 'yard_7')).distance_m == 37.5


def test_a_blocked_way_is_reported_removed_and_driven_around():
    simulator = make_simulator(make_true(('shed_2', 'yard_7')))
    shown = simulator.execute(do('goto', 'shed_2'))
    assert shown.status == 'done'
    assert shown.feedback == 'the way from shed_2 to yard_7 is blocked'
    assert shown.update.remove_connections == (WAYS['shed_2', 'yard_7'],)
    assert shown.update.robot_location == 'shed_2'
    # to the blockage in the yard, back to the gate, and around by the lane
    assert shown.distance_m == pytest.approx(20 + AROUND_M, abs=1e-3)
    assert ('shed_2', 'yard_7') not in simulator.known_graph.connections


def test_a_way_that_is_blocked_and_has_no_other_fails_and_leaves_the_robot_where_it_ends():
    known = make_known('gate_3', 'yard_7', 'shed_2')
    simulator = make_simulator(make_true(('shed_2', 'yard_7')), known)
    shown = simulator.execute(do('map_region', 'shed_2'))
    assert shown.status == 'failed'
    assert shown.feedback == (
        'the way from shed_2 to yard_7 is blocked; no other way leads to shed_2'
    )
    assert shown.update == GraphUpdate(
        remove_connections=(WAYS['shed_2', 'yard_7'],), robot_location='yard_7'
    )
    assert shown.distance_m == 10.0
    assert simulator.known_graph.robot_location == 'yard_7'
    assert simulator.execute(do('goto', 'shed_2')).status == 'refused'


def test_two_blocked_ways_are_both_found_before_a_drive_fails():
    simulator = make_simulator(make_true(('shed_2', 'yard_7'), ('lane_4', 'shed_2')))
    shown = simulator.execute(do('goto', 'shed_2'))
    assert shown.status == 'failed'
    assert len(shown.update.remove_connections) == 2
    assert shown.update.robot_location == 'lane_4'
    assert shown.distance_m == pytest.approx(20 + AROUND_M / 2, abs=1e-3)


@pytest.mark.parametrize('name', ['attic_9', 'nowhere_1', '', 'crate_31', 5.0, float('nan')])
@pytest.mark.parametrize('action', ['goto', 'map_region', 'explore_region'])
def test_what_is_no_known_region_is_refused_and_changes_nothing(action, name):
    simulator = make_simulator()
    before = simulator.known_graph
    shown = simulator.execute(do(action, name, *([5.0] if action == 'explore_region' else [])))
    assert (shown.status, shown.update, shown.distance_m) == ('refused', GraphUpdate(), 0.0)
    assert 'contains no region' in shown.feedback
    assert simulator.known_graph.nodes == before.nodes
    assert simulator.known_graph.robot_location == 'gate_3'


def test_a_region_to_which_no_known_way_leads_is_refused():
    simulator = make_simulator(known=make_known(ways=[('gate_3', 'yard_7')]))
    shown = simulator.execute(do('goto', 'shed_2'))
    assert (shown.status, shown.feedback) == ('refused', 'no known way leads to shed_2')


@pytest.mark.parametrize(
    'action',
    [
        do('fly', 'gate_3'),
        do('goto'),
        do('goto', 'gate_3', 'yard_7'),
        do('explore_region', 'gate_3', float('nan')),
        do('explore_region', 'gate_3', 0.0),
        do('explore_region', 'gate_3', -4.0),
        do('explore_region', 'gate_3', 'near'),
        do('extend_map', float('inf'), 0.0),
        do('extend_map', 0.0, '0'),
        do('inspect', 'barrel_8', 'What is the color?'),
        do('inspect', 'gate_3', 'What is the color?'),
        do('inspect', 'crate_31', ' '),
        do('inspect', 'crate_31', 5.0),
        do('answer', ''),
        do('clarify', '\n'),
        do('answer', 5.0),
    ],
)
def test_what_cannot_be_carried_out_as_it_stands_is_refused_with_a_reason(action):
    shown = make_simulator().execute(action)
    assert (shown.status, shown.update) == ('refused', GraphUpdate())
    assert shown.feedback


# ------------------------------------------------------------------------------------- looking


def test_mapping_shows_all_objects_of_a_region_and_the_ways_to_known_regions_only():
    known = make_known('gate_3', 'yard_7', 'shed_2', ways=[('gate_3', 'yard_7')], objects=())
    shown = make_simulator(known=known).execute(do('map_region', 'yard_7'))
    assert shown.update == GraphUpdate(
        upsert_nodes=(Node('barrel_8', 'object', (11, 1)),),
        upsert_connections=(WAYS['shed_2', 'yard_7'], VIEWS['barrel_8', 'yard_7']),
        set_attributes={
            'yard_7': {'mapped': True, 'ways_m': [10, 10], 'description': 'yard with a roof'}
        },
        robot_location='yard_7',
    )


def test_mapping_does_not_show_an_unknown_region_and_exploring_does_not_show_an_object():
    known = make_known('gate_3', 'yard_7', objects=())
    mapped = make_simulator(known=known).execute(do('map_region', 'yard_7'))
    explored = make_simulator(known=known).execute(do('explore_region', 'yard_7', 50.0))
    assert {node.kind for node in mapped.update.upsert_nodes} == {'object'}
    assert [node.name for node in explored.update.upsert_nodes] == ['shed_2']
    assert 'yard_7' not in explored.update.set_attributes


@pytest.mark.parametrize(
    ('radius_m', 'found'),
    [(9.9, []), (12.0, ['attic_9']), (29.9, ['attic_9']), (30.0, ['attic_9', 'cave_6'])],
)
def test_exploring_finds_the_regions_within_its_radius_and_no_other(radius_m, found):
    simulator = make_simulator()
    shown = simulator.execute(do('explore_region', 'shed_2', radius_m))
    assert sorted(node.name for node in shown.update.upsert_nodes) == found
    assert all(simulator.known_graph.region_network.has_edge('shed_2', name) for name in found)


def test_a_discovered_node_is_bare_and_stands_in_the_flat_form():
    true = make_true()
    before = copy.deepcopy(true)
    simulator = make_simulator(true, make_known('gate_3', 'yard_7', at='yard_7', objects=()))
    explored = simulator.execute(do('explore_region', 'yard_7', 15.0))
    assert explored.update.upsert_nodes == (Node('shed_2', 'region', (20, 0)),)
    assert render_observation(explored) == (
        'add_nodes([{"name": "shed_2", "type": "region", "coords": [20.0, 0.0]}]),\n'
        'add_connections([["shed_2", "yard_7"]])'
    )
    simulator.execute(do('map_region', 'shed_2'))
    assert simulator.known_graph.nodes['crate_31'] == Node('crate_31', 'object', (18, 4))
    assert true == before


def test_a_new_region_is_joined_to_the_mapped_regions_that_had_an_open_way():
    known = make_known('gate_3', 'yard_7', 'lane_4', mapped=('lane_4',), objects=())
    shown = make_simulator(known=known).execute(do('explore_region', 'yard_7', 15.0))
    assert set(shown.update.upsert_connections) == {
        WAYS['shed_2', 'yard_7'],
        WAYS['lane_4', 'shed_2'],
    }


# --------------------------------------------------------------------------------- extending


def test_extending_the_map_reveals_the_region_toward_a_coordinate():
    simulator = make_simulator(known=make_known('gate_3', 'yard_7', objects=()))
    shown = simulator.execute(do('extend_map', 21.0, 1.0))
    assert shown == Observation(
        GraphUpdate(
            upsert_nodes=(Node('shed_2', 'region', (20, 0)),),
            upsert_connections=(WAYS['shed_2', 'yard_7'],),
            robot_location='shed_2',
        ),
        distance_m=20.0,
    )


def test_extending_goes_on_over_several_regions_and_stops_where_no_way_leads_nearer():
    simulator = make_simulator(known=make_known('gate_3', objects=()))
    shown = simulator.execute(do('extend_map', 80, 0))
    assert [node.name for node in shown.update.upsert_nodes] == ['yard_7', 'shed_2', 'cave_6']
    assert simulator.known_graph.robot_location == 'cave_6'
    assert (shown.status, shown.distance_m) == ('failed', 50.0)
    assert shown.feedback == 'no way on was found 30 m before (80, 0)'


def test_extending_where_nothing_leads_nearer_fails_and_stays():
    shown = make_simulator(known=make_known('gate_3', objects=())).execute(
        do('extend_map', -40.0, 0.0)
    )
    assert (shown.status, shown.update, shown.distance_m) == ('failed', GraphUpdate(), 0.0)
    assert shown.feedback == 'no way on was found 40 m before (-40, 0)'


def test_extending_begins_at_the_nearest_region_that_can_be_reached():
    known = make_known('gate_3', 'yard_7', 'shed_2', ways=[('gate_3', 'yard_7')], objects=())
    shown = make_simulator(known=known).execute(do('extend_map', 20.0, 13.0))
    assert shown.update.robot_location == 'attic_9'
    assert shown.distance_m == 32.0
    assert set(shown.update.upsert_connections) == {
        WAYS['shed_2', 'yard_7'],
        WAYS['attic_9', 'shed_2'],
    }


# -------------------------------------------------------------------------------- inspecting


def test_an_object_is_looked_at_from_the_nearer_of_its_two_viewpoints():
    simulator = make_simulator()
    shown = simulator.execute(do('inspect', 'crate_31', 'What is the color?'))
    assert shown.update.robot_location == 'lane_4'
    assert shown.distance_m == pytest.approx(AROUND_M / 2, abs=1e-3)
    simulator = make_simulator(make_true(('gate_3', 'lane_4')))
    shown = simulator.execute(do('inspect', 'crate_31', 'What is the color?'))
    assert (shown.update.robot_location, shown.distance_m) == ('shed_2', 20.0)
    assert shown.update.remove_connections == (WAYS['gate_3', 'lane_4'],)


@pytest.mark.parametrize(
    ('query', 'shown'),
    [
        ('What is the color?', {'color': 'red'}),
        ('Is it red?', {'color': 'red'}),
        ('Is it blue?', {'color': 'red'}),
        ('Which size and colour is it?', {'color': 'red', 'size': 'small'}),
        ('Describe it.', {'description': 'crate under a tarpaulin'}),
        ('What do you see?', {'description': 'crate under a tarpaulin'}),
    ],
)
def test_an_inspection_shows_what_was_asked_and_nothing_else(query, shown):
    observation = make_simulator().execute(do('inspect', 'crate_31', query))
    assert observation.status == 'done'
    assert observation.update.set_attributes == {'crate_31': shown}


def test_an_attribute_that_the_object_lacks_cannot_be_seen():
    shown = make_simulator().execute(do('inspect', 'crate_31', 'Is it open?'))
    assert shown.status == 'failed'
    assert shown.feedback == 'nothing about that can be seen of crate_31'
    assert shown.update == GraphUpdate(robot_location='lane_4')


def test_an_object_whose_viewpoints_cannot_be_reached_is_refused():
    known = make_known(ways=[('gate_3', 'yard_7')])
    shown = make_simulator(known=known).execute(do('inspect', 'crate_31', 'Is it red?'))
    assert (shown.status, shown.update) == ('refused', GraphUpdate())


@pytest.mark.parametrize(
    ('action', 'pair'),
    [
        (do('map_region', 'shed_2'), ('map_region', 'shed_2')),
        (do('explore_region', 'shed_2', 15.0), ('explore_region', 'shed_2')),
        (do('inspect', 'crate_31', 'Is it red?'), ('inspect', 'crate_31')),
    ],
)
def test_what_fails_the_first_time_is_reported_shows_nothing_and_succeeds_the_second(action, pair):
    simulator = make_simulator(make_true(failures=[pair]))
    first, second = simulator.execute(action), simulator.execute(action)
    assert first.status == 'failed'
    assert 'obstructed' in first.feedback
    assert first.update.robot_location is not None
    assert first.update == GraphUpdate(robot_location=first.update.robot_location)
    assert first.distance_m > 0
    assert (second.status, second.distance_m) == ('done', 0.0)
    assert (
        second.update
        == make_simulator(known=make_known(at=first.update.robot_location)).execute(action).update
    )
