# SPDX-License-Identifier: Apache-2.0
"""The way of a plan through the regions."""

from prism_core import Action, Connection, Node, Plan, SceneGraph, trace_plan
from prism_core.domains.mapping import MAPPING_ACTIONS


def graph(robot_location='a'):
    nodes = [Node(name, 'region', (10.0 * i, 0.0)) for i, name in enumerate('abcd')]
    nodes += [Node('far', 'region', (0.0, 99.0)), Node('box', 'object', (31.0, 1.0))]
    ways = [Connection('traversable', *pair) for pair in ('ab', 'bc', 'cd')]
    seen = [Connection('observed_from', 'box', region) for region in ('b', 'd', 'far')]
    return SceneGraph(nodes, [*ways, *seen], robot_location=robot_location)


def way(*actions, **where):
    return trace_plan(Plan(actions), graph(**where), MAPPING_ACTIONS)


def test_each_step_goes_the_shortest_way_from_where_the_one_before_ended():
    assert way(Action('goto', ('c',)), Action('map_region', ('b',))) == ['a', 'b', 'c', 'b']


def test_an_object_is_gone_to_where_it_is_seen_from_nearest():
    assert way(Action('goto', ('c',)), Action('inspect', ('box', 'open?'))) == ['a', 'b', 'c', 'b']
    assert way(Action('inspect', ('box', 'open?')), robot_location='d') == ['d']


def test_a_text_that_is_a_node_name_moves_nobody():
    assert way(Action('answer', ('d',))) == ['a']


def test_steps_to_what_is_unknown_or_out_of_reach_leave_the_robot_where_it_is():
    steps = Action('goto', ('far',)), Action('goto', ('mars',)), Action('fly', ('d',))
    assert way(*steps) == ['a']


def test_an_unknown_location_has_no_way():
    assert way(Action('goto', ('c',)), robot_location=None) == []
