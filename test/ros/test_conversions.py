# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from dataclasses import replace

import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point
from hypothesis import given
from hypothesis import strategies as st
from std_msgs.msg import Header

from prism_core import (
    Action,
    ActionSpec,
    ActionTable,
    ArgumentKind,
    ArgumentSpec,
    ConfigError,
    Connection,
    GraphUpdate,
    Node,
    Observation,
    Plan,
    SceneGraph,
    Turn,
    parse_scene_graph,
    render_scene_graph,
)
from prism_core.graph.elements import PLACEMENTS
from prism_msgs.msg import PlanStep, SceneEdge
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_ros.conversions import (
    check_table,
    connection_from_message,
    connection_to_message,
    node_from_message,
    node_to_message,
    plan_from_message,
    plan_to_message,
    scene_graph_from_message,
    scene_graph_to_message,
    step_from_message,
    step_to_message,
    update_from_message,
    update_to_message,
)
from prism_ros.turn_conversions import (
    observation_to_message,
    turn_from_message,
    turn_to_message,
)

from ..core import strategies
from . import message_strategies as messages
from .message_strategies import FIELDS, LIKE_JSON, TABLE, patient, ros_texts, travelled

# What core says and a message can carry -----------------------------------------------------------

DEFAULTS = {
    'z_m': 0.0,
    'orientation': [0.0, 0.0, 0.0, 1.0],
    'extent_m': [0.0, 0.0, 0.0],
    'confidence': 1.0,
    'last_seen': [0, 0],
}
field_attributes = st.fixed_dictionaries(
    {},
    optional={
        'semantic_class': ros_texts(64),
        'z_m': messages.doubles | st.integers(-9, 9),
        'orientation': st.lists(messages.doubles, min_size=4, max_size=4),
        'extent_m': st.lists(messages.doubles, min_size=3, max_size=3),
        'confidence': messages.singles,
        'last_seen': st.tuples(st.integers(-(2**31), 2**31 - 1), st.integers(0, 10**9 - 1)).map(
            list
        ),
        'source': ros_texts(64),
    },
)
other_attributes = st.dictionaries(
    ros_texts(64).filter(lambda key: key not in ('name', 'coords', 'description', 'confidence'))
    | st.sampled_from([name for name in FIELDS if name != 'confidence']),
    strategies.json_values | st.sampled_from(LIKE_JSON),
    max_size=4,
)
any_attributes = st.builds(lambda *parts: parts[0] | parts[1], field_attributes, other_attributes)
attributes = any_attributes.map(
    lambda both: {k: v for k, v in both.items() if not (k in DEFAULTS and v == DEFAULTS[k])}
)
changes = st.builds(
    lambda *parts: parts[0] | parts[1],
    any_attributes,
    st.fixed_dictionaries(
        {},
        optional={
            'description': strategies.descriptions | st.sampled_from(LIKE_JSON),
            'confidence': messages.doubles,
        },
    ),
)
core_costs = st.none() | st.floats(0, 1e6, width=32) | st.integers(0, 100)
core_nodes = st.builds(
    Node,
    strategies.any_names,
    st.sampled_from(['region', 'object']),
    st.none() | strategies.positions,
    strategies.descriptions,
    attributes,
)
core_connections = st.builds(
    lambda kind, ends, cost_m: Connection(kind, *ends, None if kind in PLACEMENTS else cost_m),
    st.sampled_from(['traversable', 'observed_from', *PLACEMENTS]),
    st.lists(ros_texts(128), min_size=2, max_size=2, unique=True),
    core_costs,
)
core_updates = st.builds(
    GraphUpdate,
    upsert_nodes=st.lists(core_nodes, max_size=3).map(tuple),
    upsert_connections=st.lists(core_connections, max_size=3).map(tuple),
    set_attributes=st.dictionaries(strategies.any_names, changes, max_size=3),
    remove_nodes=st.lists(ros_texts(128), max_size=3).map(tuple),
    remove_connections=st.lists(core_connections, max_size=3).map(tuple),
    robot_location=st.none() | ros_texts(128).filter(bool),
    map_id=ros_texts(64),
    source=ros_texts(64),
    base_revision=messages.revisions,
    revision=messages.revisions,
)
arguments = {
    ArgumentKind.REGION: ros_texts(128),
    ArgumentKind.OBJECT: ros_texts(128),
    ArgumentKind.NODE: ros_texts(128),
    ArgumentKind.X_M: messages.doubles,
    ArgumentKind.Y_M: messages.doubles,
    ArgumentKind.RADIUS_M: messages.singles,
    ArgumentKind.TEXT: ros_texts(1024),
}
core_plans = st.builds(
    Plan,
    st.lists(
        st.sampled_from(list(TABLE.values())).flatmap(
            lambda spec: st.builds(
                Action,
                st.just(spec.name),
                st.tuples(*(arguments[argument.kind] for argument in spec.arguments)),
            )
        ),
        max_size=6,
    ).map(tuple),
    ros_texts(200),
    st.lists(ros_texts(128), max_size=4).map(tuple),
    ros_texts(200),
)
core_observations = st.builds(
    Observation,
    core_updates,
    ros_texts(4096),
    st.sampled_from(['done', 'failed', 'refused']),
    messages.lengths | st.integers(0, 100),
)
core_turns = st.builds(
    Turn,
    core_plans,
    st.lists(core_observations, max_size=3).map(tuple),
    request=messages.ros_texts(200),
)


@st.composite
def core_graphs(draw) -> SceneGraph:
    graph = draw(strategies.scene_graphs(bare=True, any_kind=True))
    return SceneGraph(
        [
            replace(node, description=draw(strategies.descriptions), attributes=draw(attributes))
            for node in graph.nodes.values()
        ],
        [
            c if c.is_placement else replace(c, cost_m=draw(core_costs))
            for c in graph.connections.values()
        ],
        robot_location=graph.robot_location,
        revision=graph.revision,
        attributes=draw(st.just({}) | st.builds(dict, map_id=ros_texts(64).filter(bool))),
    )


# There and back -----------------------------------------------------------------------------------


@patient
@given(messages.scene_graphs())
def test_a_graph_message_says_the_same_after_a_visit_to_core(message):
    assert scene_graph_to_message(scene_graph_from_message(message)) == message
    assert scene_graph_to_message(scene_graph_from_message(travelled(message))) == message


@patient
@given(messages.updates)
def test_an_update_message_says_the_same_after_a_visit_to_core(message):
    assert update_to_message(update_from_message(message)) == message
    assert update_to_message(update_from_message(travelled(message))) == message


@patient
@given(messages.turns)
def test_a_turn_message_with_its_observations_says_the_same_after_a_visit_to_core(message):
    assert turn_to_message(turn_from_message(message, TABLE), TABLE) == message
    arrived = turn_from_message(travelled(message), TABLE)
    assert turn_to_message(arrived, TABLE) == message


@patient
@given(core_graphs())
def test_a_graph_with_any_attributes_comes_back_from_the_wire_as_it_was(graph):
    arrived = scene_graph_from_message(travelled(scene_graph_to_message(graph)))
    assert arrived == graph
    assert list(arrived.nodes) == list(graph.nodes)
    assert list(arrived.connections) == list(graph.connections)
    for name, node in graph.nodes.items():
        # 1, 1.0 and True are equal, but not the same.
        values = {k: v for k, v in node.attributes.items() if k not in FIELDS}
        assert repr({k: arrived.nodes[name].attributes[k] for k in values}) == repr(values)


@patient
@given(core_updates)
def test_an_update_comes_back_from_the_wire_as_it_was(update):
    arrived = update_from_message(travelled(update_to_message(update)))
    assert arrived == update
    # 1, 1.0 and True are equal, but not the same.
    assert repr(arrived.set_attributes) == repr(update.set_attributes)


@patient
@given(core_turns)
def test_a_turn_with_its_observations_comes_back_from_the_wire_as_it_was(turn):
    message = turn_to_message(turn, TABLE)
    assert turn_from_message(travelled(message), TABLE) == turn


@patient
@given(messages.scene_graphs())
def test_what_a_message_brought_can_be_saved_and_loaded_again(message):
    graph = scene_graph_from_message(message)
    text = render_scene_graph(graph)
    assert parse_scene_graph(text.encode().decode()) == graph


def test_a_position_that_is_not_a_number_is_unknown_and_height_is_kept():
    message = node_to_message(Node('living room', 'object', None, '', {'z_m': 1.2}))
    at = message.pose.position
    assert math.isnan(at.x)
    assert math.isnan(at.y)
    assert at.z == 1.2
    arrived = node_from_message(travelled(message))
    assert (arrived.name, arrived.position) == ('living room', None)
    assert arrived.attributes == {'z_m': 1.2}
    message.pose.position.z = math.nan
    assert node_from_message(message) == Node('living room', 'object')


@pytest.mark.parametrize('name', ['😀' * 128, '日' * 128, 'x' * 128])
def test_the_longest_name_of_any_characters_travels(name):
    message = node_to_message(Node(name, 'region', (1, 2)))
    assert node_from_message(travelled(message)).name == name
    step = step_to_message(Action('put', (name, name)), TABLE)
    assert step_from_message(travelled(step), TABLE) == Action('put', (name, name))


def test_a_float32_field_is_off_by_no_more_than_its_rounding():
    node = Node('a', 'region', (0, 0), '', {'confidence': 0.9})
    arrived = node_from_message(travelled(node_to_message(node)))
    assert arrived.attributes['confidence'] == pytest.approx(0.9, rel=1e-7)
    message = connection_to_message(Connection('traversable', 'a', 'b', 1234.5678))
    arrived = connection_from_message(travelled(message))
    assert arrived.cost_m == pytest.approx(1234.5678, rel=1e-7)
    step = step_to_message(Action('explore_region', ('a', 0.1)), TABLE)
    arrived = step_from_message(travelled(step), TABLE)
    assert arrived.arguments == ('a', pytest.approx(0.1, rel=1e-7))


def test_a_step_names_the_nodes_of_its_action_in_their_order():
    put = Action('put', ('cup_1', 'table_2'))
    step = travelled(step_to_message(put, TABLE))
    assert (step.action, list(step.targets)) == ('put', ['cup_1', 'table_2'])
    assert step_from_message(step, TABLE) == put


@pytest.mark.parametrize(
    'spec',
    [
        ActionSpec('gather', (ArgumentSpec('node', ArgumentKind.NODE),) * 9, 'too many'),
        ActionSpec('x' * 33, (), 'too long'),
    ],
)
def test_an_action_that_no_step_can_carry_is_told_of_at_once(spec):
    with pytest.raises(ConfigError, match='does not fit a PlanStep: expected a name of at'):
        check_table(ActionTable([spec]))
    check_table(TABLE)


@pytest.mark.parametrize(
    ('kind', 'number'), [('in', SceneEdge.KIND_IN), ('on', SceneEdge.KIND_ON), ('held', 5)]
)
def test_what_is_in_on_or_held_by_something_travels_from_the_object_to_its_holder(kind, number):
    placement = Connection(kind, 'cup', 'box')
    edge = travelled(connection_to_message(placement))
    assert (edge.source, edge.target, edge.kind, edge.cost) == ('cup', 'box', number, -1.0)
    assert connection_from_message(edge) == placement


def test_the_envelope_stays_on_the_ros_side():
    step = PlanStep(
        action='replan', needs_approval=True, status=PlanStep.FAILED, error_code=1, message='no'
    )
    assert step_from_message(step, TABLE) == Action('replan')
    graph = SceneGraphMessage(header=Header(stamp=Time(sec=7)))
    assert scene_graph_to_message(scene_graph_from_message(graph)).header == Header(frame_id='map')


@pytest.mark.parametrize('cost', [-1.0, -0.5, -3e38, -math.inf])
def test_any_cost_below_zero_stands_for_the_straight_line(cost):
    assert connection_from_message(SceneEdge(source='a', target='b', cost=cost)).cost_m is None


# What no message can hold -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('action', 'field', 'value'),
    [
        (Action('extend_map', (1, -2)), 'point', Point(x=1.0, y=-2.0)),
        (Action('explore_region', ('a', 3)), 'radius', 3.0),
    ],
)
def test_whole_numbers_of_a_planner_arrive_as_what_they_are(action, field, value):
    step = travelled(step_to_message(action, TABLE))
    assert getattr(step, field) == value
    assert step_from_message(step, TABLE) == action


def test_a_planner_s_text_is_freed_of_what_no_ros_string_can_hold():
    plan = Plan((Action('answer', ('a\0b\ud800c',)),), 'g\0\udfff', ('n\0', 'x' * 200), 'r\ud83d')
    message = travelled(plan_to_message(plan, TABLE))
    assert plan_from_message(message, TABLE) == Plan(
        (Action('answer', ('ab?c',)),), 'g?', ('n', 'x' * 128), 'r?'
    )


def test_a_feedback_is_freed_of_what_no_ros_string_can_hold_and_cut_to_its_length():
    message = travelled(observation_to_message(Observation(feedback='a\0\ud800' + 'b' * 5000)))
    assert message.feedback == 'a?' + 'b' * 4094
