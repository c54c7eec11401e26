from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import KeyValue
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from hypothesis import given
from hypothesis import strategies as st
from std_msgs.msg import Header

from prism_core import (
    Action,
    ArgumentKind,
    Connection,
    GraphUpdate,
    Node,
    Plan,
    PrismError,
    SceneGraph,
    SceneGraphError,
    Turn,
    parse_scene_graph,
    render_scene_graph,
)
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import PlanStep, SceneEdge, SceneGraphUpdate, SceneNode
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_ros.conversions import (
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
    turn_from_message,
    turn_to_message,
    update_from_message,
    update_to_message,
)
from prism_ros.node_attributes import decode_value, encode_value

from ..core import strategies
from . import message_strategies as messages
from .message_strategies import FIELDS, LIKE_JSON, patient, ros_texts, travelled

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
attributes = st.builds(lambda fields, others: fields | others, field_attributes, other_attributes)
attributes = attributes.map(
    lambda both: {k: v for k, v in both.items() if not (k in DEFAULTS and v == DEFAULTS[k])}
)
core_costs = st.none() | st.floats(0, 1e6, width=32) | st.integers(0, 100)
core_nodes = st.builds(
    Node,
    strategies.names,
    st.sampled_from(['region', 'object']),
    strategies.positions,
    strategies.descriptions,
    attributes,
)
core_connections = st.builds(
    lambda kind, ends, cost_m: Connection(kind, *ends, cost_m),
    st.sampled_from(['traversable', 'observed_from']),
    st.lists(ros_texts(128), min_size=2, max_size=2, unique=True),
    core_costs,
)
core_updates = st.builds(
    GraphUpdate,
    upsert_nodes=st.lists(core_nodes, max_size=3).map(tuple),
    upsert_connections=st.lists(core_connections, max_size=3).map(tuple),
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
    ArgumentKind.X_M: messages.doubles,
    ArgumentKind.Y_M: messages.doubles,
    ArgumentKind.RADIUS_M: messages.singles,
    ArgumentKind.TEXT: ros_texts(1024),
}
core_plans = st.builds(
    Plan,
    st.lists(
        st.sampled_from(list(MAPPING_ACTIONS.values())).flatmap(
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
core_turns = st.builds(
    Turn, core_plans, st.lists(ros_texts(4096), max_size=4).map(tuple), core_updates
)


@st.composite
def core_graphs(draw) -> SceneGraph:
    graph = draw(strategies.scene_graphs(bare=True))
    return SceneGraph(
        [
            replace(node, description=draw(strategies.descriptions), attributes=draw(attributes))
            for node in graph.nodes.values()
        ],
        [replace(c, cost_m=draw(core_costs)) for c in graph.connections.values()],
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
def test_a_turn_message_with_its_plan_says_the_same_after_a_visit_to_core(message):
    assert turn_to_message(turn_from_message(message, MAPPING_ACTIONS), MAPPING_ACTIONS) == message
    arrived = turn_from_message(travelled(message), MAPPING_ACTIONS)
    assert turn_to_message(arrived, MAPPING_ACTIONS) == message


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
    assert update_from_message(travelled(update_to_message(update))) == update


@patient
@given(core_turns)
def test_a_turn_with_its_plan_comes_back_from_the_wire_as_it_was(turn):
    message = turn_to_message(turn, MAPPING_ACTIONS)
    assert turn_from_message(travelled(message), MAPPING_ACTIONS) == turn


@patient
@given(messages.scene_graphs())
def test_what_a_message_brought_can_be_saved_and_loaded_again(message):
    graph = scene_graph_from_message(message)
    text = render_scene_graph(graph)
    assert parse_scene_graph(text.encode().decode()) == graph


def test_a_float32_field_is_off_by_no_more_than_its_rounding():
    node = Node('a', 'region', (0, 0), '', {'confidence': 0.9})
    arrived = node_from_message(travelled(node_to_message(node)))
    assert arrived.attributes['confidence'] == pytest.approx(0.9, rel=1e-7)
    message = connection_to_message(Connection('traversable', 'a', 'b', 1234.5678))
    arrived = connection_from_message(travelled(message))
    assert arrived.cost_m == pytest.approx(1234.5678, rel=1e-7)
    step = step_to_message(Action('explore_region', ('a', 0.1)), MAPPING_ACTIONS)
    arrived = step_from_message(travelled(step), MAPPING_ACTIONS)
    assert arrived.arguments == ('a', pytest.approx(0.1, rel=1e-7))


def test_the_envelope_stays_on_the_ros_side():
    step = PlanStep(
        action='replan', needs_approval=True, status=PlanStep.FAILED, error_code=1, message='no'
    )
    assert step_from_message(step, MAPPING_ACTIONS) == Action('replan')
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
    step = travelled(step_to_message(action, MAPPING_ACTIONS))
    assert getattr(step, field) == value
    assert step_from_message(step, MAPPING_ACTIONS) == action


def test_a_planner_s_text_is_freed_of_what_no_ros_string_can_hold():
    plan = Plan((Action('answer', ('a\0b\ud800c',)),), 'g\0\udfff', ('n\0', 'x' * 200), 'r\ud83d')
    message = travelled(plan_to_message(plan, MAPPING_ACTIONS))
    assert plan_from_message(message, MAPPING_ACTIONS) == Plan(
        (Action('answer', ('ab?c',)),), 'g?', ('n', 'x' * 128), 'r?'
    )


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('semantic_class', 'x' * 65),
        ('semantic_class', 'a\0b'),
        ('source', ''),
        ('source', 5),
        ('z_m', True),
        ('z_m', '3'),
        ('orientation', [0.0, 0.0, 1.0]),
        ('extent_m', [1.0, 2.0, None]),
        ('confidence', 1e300),
        ('confidence', 'high'),
        ('last_seen', [0, 10**9]),
        ('last_seen', [2**31, 0]),
        ('last_seen', [1.5, 0]),
        ('last_seen', 'yesterday'),
    ],
)
def test_an_attribute_that_does_not_fit_the_field_of_its_name_travels_beside_it(key, value):
    node = Node('a', 'region', (0, 0), '', {key: value})
    message = travelled(node_to_message(node))
    assert [pair.key for pair in message.attributes] == [key]
    assert node_from_message(message) == node


# What core cannot hold ----------------------------------------------------------------------------


def make_node(**fields) -> SceneNode:
    """A node with out-of-bounds values let through, as any client can send them."""
    return SceneNode(**{'id': 'a', 'type': SceneNode.TYPE_REGION} | fields, check_fields=False)


def at(**position) -> Pose:
    return Pose(position=Point(**position))


@pytest.mark.parametrize(
    ('fields', 'sentence'),
    [
        ({'type': 0}, r"^node 'a': type must be 1 \(region\) or 2 \(object\), got 0$"),
        ({'type': 3}, r"^node 'a': type must be 1 \(region\) or 2 \(object\), got 3$"),
        ({'id': ''}, r"^node name '': expected 1 to 128 letters"),
        ({'id': 'x' * 129}, r"^node name 'xxx.*: expected 1 to 128 letters"),
        ({'id': 'the dock'}, r"^node name 'the dock': expected 1 to 128 letters"),
        ({'description': 'x' * 1025}, r"^node 'a': description must be .* at most 1024 char"),
        ({'pose': at(x=math.nan)}, r"^node 'a': expected two coordinates .* got \(nan, 0.0\)$"),
        ({'pose': at(y=-math.inf)}, r"^node 'a': expected two coordinates .* got \(0.0, -inf\)$"),
        ({'pose': at(z=math.nan)}, r"^node 'a': z_m cannot be nan$"),
        ({'pose': at(z=math.inf)}, r"^node 'a': z_m cannot be inf$"),
        (
            {'pose': Pose(orientation=Quaternion(y=math.nan))},
            r"^node 'a': orientation cannot be \[0.0, nan, 0.0, 1.0\]$",
        ),
        ({'extent': Vector3(z=math.inf)}, r"^node 'a': extent_m cannot be \[0.0, 0.0, inf\]$"),
        ({'confidence': math.nan}, r"^node 'a': confidence cannot be nan$"),
        ({'confidence': -math.inf}, r"^node 'a': confidence cannot be -inf$"),
        ({'last_seen': Time(nanosec=10**9)}, r"^node 'a': last_seen cannot be \[0, 1000000000\]$"),
        ({'semantic_class': 'x' * 65}, r"^node 'a': semantic_class cannot be x{65}$"),
        ({'source': 'x' * 65}, r"^node 'a': source cannot be x{65}$"),
    ],
)
def test_a_node_that_core_cannot_hold_is_refused_with_its_value(fields, sentence):
    with pytest.raises(SceneGraphError, match=sentence):
        node_from_message(make_node(**fields))


@pytest.mark.parametrize(
    ('pairs', 'sentence'),
    [
        ([('k', '1'), ('k', '1')], "^node 'a': attribute 'k' comes twice or belongs in the field"),
        ([('z_m', '3')], "^node 'a': attribute 'z_m' comes twice or belongs in the field of that"),
        ([('source', 'uav')], "^node 'a': attribute 'source' comes twice or belongs in the field"),
        ([('confidence', '0.5')], "^node 'a': attribute 'confidence' comes twice or belongs"),
        ([('semantic_class', '')], "^node 'a': attribute 'semantic_class' comes twice or"),
        ([('name', 'b')], "^node 'a': expected at most 32 attributes, none called name, coords"),
        ([('coords', '[1]')], "^node 'a': expected at most 32 attributes, none called name"),
        ([('description', '')], "^node 'a': expected at most 32 attributes, none called name"),
        ([(str(i), '') for i in range(32)], "^node 'a': expected at most 32 attributes"),
    ],
)
def test_attributes_that_core_cannot_hold_are_refused_with_their_key(pairs, sentence):
    node = make_node(
        semantic_class='truck', attributes=[KeyValue(key=key, value=value) for key, value in pairs]
    )
    with pytest.raises(SceneGraphError, match=sentence):
        node_from_message(node)


@pytest.mark.parametrize(
    ('fields', 'sentence'),
    [
        ({'kind': 0}, r"^connection 'a' - 'b': kind must be 1 .* or 2 .*, got 0$"),
        ({'kind': 9}, r"^connection 'a' - 'b': kind must be 1 .* or 2 .*, got 9$"),
        ({'cost': math.nan}, r"^connection 'a' - 'b': cost must be finite .*, got nan$"),
        ({'cost': math.inf}, r"^connection 'a' - 'b': cost must be finite .*, got inf$"),
        ({'target': 'a'}, "^'a' is connected to itself$"),
    ],
)
def test_an_edge_that_core_cannot_hold_is_refused_with_its_value(fields, sentence):
    with pytest.raises(SceneGraphError, match=sentence):
        connection_from_message(SceneEdge(**{'source': 'a', 'target': 'b'} | fields))


BAD_NODES = [make_node(type=0), make_node(id='b', confidence=math.nan)]
BAD_EDGES = [SceneEdge(source='a', target='b', kind=7)]


@pytest.mark.parametrize(
    ('read', 'message'),
    [
        (scene_graph_from_message, SceneGraphMessage(nodes=BAD_NODES, edges=BAD_EDGES)),
        (
            update_from_message,
            SceneGraphUpdate(upsert_nodes=BAD_NODES[:1], upsert_edges=BAD_EDGES * 2),
        ),
        (
            update_from_message,
            SceneGraphUpdate(upsert_nodes=BAD_NODES, remove_edges=BAD_EDGES),
        ),
    ],
)
def test_everything_that_is_wrong_is_listed(read, message):
    with pytest.raises(SceneGraphError, match=r"^node 'a': type .* \(and 2 more\)$") as caught:
        read(message)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ('fields', 'sentence'),
    [
        ({'header': Header(frame_id='odom')}, "^expected coordinates in frame 'map', got 'odom'$"),
        ({'nodes': [make_node(), make_node()]}, "^duplicate node name 'a'$"),
        ({'robot_location': 'c'}, "^robot location 'c' is not in the scene graph$"),
        ({'edges': [SceneEdge(source='a', target='c')]}, "'a' - 'c': there is no node 'c'$"),
        (
            {'edges': [SceneEdge(source='a', target='b'), SceneEdge(source='b', target='a')]},
            "^connection 'a' - 'b' comes twice$",
        ),
    ],
)
def test_a_graph_that_breaks_the_rules_is_refused(fields, sentence):
    nodes = {'nodes': [make_node(), make_node(id='b')]}
    with pytest.raises(SceneGraphError, match=sentence):
        scene_graph_from_message(SceneGraphMessage(**nodes | fields))


def test_an_update_in_another_frame_is_refused():
    with pytest.raises(SceneGraphError, match=r"^expected .* in frame 'map', got 'odom'$"):
        update_from_message(SceneGraphUpdate(header=Header(frame_id='odom')))


@pytest.mark.parametrize(
    ('step', 'sentence'),
    [
        (
            PlanStep(action='goto', text='now'),
            r"^step goto\(region\): field 'text' cannot be 'now'$",
        ),
        (PlanStep(action='goto', radius=1.0), r"^step goto\(region\): field 'radius' cannot be"),
        (PlanStep(action='goto', point=Point(x=1.0)), r"goto\(region\): field 'point' cannot be"),
        (PlanStep(action='goto', has_point=True), r"goto\(region\): field 'has_point' cannot be"),
        (PlanStep(action='map_region', text='x'), r"map_region\(region\): field 'text' cannot"),
        (PlanStep(action='explore_region', text='x'), r"radius_m=3\): field 'text' cannot be"),
        (
            PlanStep(action='inspect', radius=2.0),
            r"inspect\(object, query\): field 'radius'.*'2.0'",
        ),
        (PlanStep(action='extend_map', target='a'), r"extend_map\(x_m, y_m\): field 'target' can"),
        (
            PlanStep(action='extend_map', has_point=True, point=Point(z=1.0)),
            r"^step extend_map\(x_m, y_m\): field 'point' cannot be '.*z=1.0\)'$",
        ),
        (
            PlanStep(action='extend_map', has_point=True, point=Point(x=math.nan)),
            r"^step extend_map\(x_m, y_m\): field 'point' cannot be '.*x=nan,.*'$",
        ),
        (PlanStep(action='extend_map', point=Point(x=1.0)), "field 'has_point' cannot be 'False'$"),
        (PlanStep(action='explore_region', radius=math.nan), "field 'radius' cannot be 'nan'$"),
        (PlanStep(action='answer', target='a'), r"answer\(text\): field 'target' cannot be 'a'$"),
        (PlanStep(action='replan', text='x'), r"^step replan\(\): field 'text' cannot be 'x'$"),
    ],
)
def test_a_field_that_does_not_fit_the_action_is_refused_with_its_value(step, sentence):
    with pytest.raises(PrismError, match=sentence):
        step_from_message(step, MAPPING_ACTIONS)
    with pytest.raises(PrismError, match=sentence):
        plan_from_message(PlanMessage(steps=[step]), MAPPING_ACTIONS)


@pytest.mark.parametrize(
    ('step', 'action'),
    [
        (PlanStep(action='fly', target='a', text='high', radius=1.0), Action('fly')),
        (PlanStep(), Action('')),
        (PlanStep(action='goto'), Action('goto', ('',))),
        (PlanStep(action='explore_region', target='a'), Action('explore_region', ('a', 0.0))),
        (
            PlanStep(action='extend_map', has_point=True, point=Point(x=math.inf)),
            Action('extend_map', (math.inf, 0.0)),
        ),
    ],
)
def test_what_the_validator_can_name_is_kept_for_it(step, action):
    assert step_from_message(step, MAPPING_ACTIONS) == action


# Attribute values as text -------------------------------------------------------------------------


@given(strategies.json_values | st.sampled_from(LIKE_JSON) | ros_texts(100))
def test_a_value_comes_back_from_its_text_with_its_type(value):
    text = encode_value(value)
    assert '\0' not in text
    assert repr(decode_value(text)) == repr(value)


@given(ros_texts(200) | strategies.json_values.map(json.dumps))
def test_a_text_comes_back_from_its_value_as_it_was(text):
    assert encode_value(decode_value(text)) == text


@pytest.mark.parametrize('text', ['red', '', 'two words', 'the "left" one', '-', 'true story', '²'])
def test_an_ordinary_text_travels_as_it_is(text):
    assert encode_value(text) == text


@pytest.mark.parametrize(
    ('value', 'text'),
    [
        (3, '3'),
        ('3', '"3"'),
        (True, 'true'),
        ('true', '"true"'),
        (None, 'null'),
        ([1, 'a'], '[1, "a"]'),
        ({'a': [0.5]}, '{"a": [0.5]}'),
        ('"3"', '"\\"3\\""'),
        ('a\0b', '"a\\u0000b"'),
        ('"x"', '"x"'),
    ],
)
def test_a_value_that_is_no_text_travels_as_json_and_a_text_that_looks_like_it_in_quotes(
    value, text
):
    assert encode_value(value) == text
    assert decode_value(text) == value


@pytest.mark.parametrize(
    'text',
    [
        '9' * 400,
        '-' + '9' * 5000,
        '[' + '9' * 400 + ']',
        '1e999',
        'NaN',
        '[NaN]',
        '-Infinity',
        '"\\ud800"',
        '["\\ud800"]',
        '{"\\udfff": 1}',
        '[' * 14 + ']' * 14,
        '[' * 100_000 + ']' * 100_000,
        '{"a": 1, "a": 2}',
    ],
    ids=lambda text: text[:12],
)
def test_json_that_no_scene_graph_can_hold_stands_for_itself(text):
    assert decode_value(text) == text
    node = make_node(attributes=[KeyValue(key='z_m', value=text), KeyValue(key='k', value=text)])
    assert dict(node_from_message(node).attributes) == {'z_m': text, 'k': text}
