# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest
from diagnostic_msgs.msg import KeyValue
from hypothesis import example, given
from hypothesis import strategies as st

from prism_core import GraphUpdate, Node, SceneGraph
from prism_msgs.msg import NodeAttributes, SceneNode
from prism_ros.conversions import (
    node_from_message,
    node_to_message,
    update_from_message,
    update_to_message,
)
from prism_ros.node_attributes import changes_from_message, decode_value, encode_value

from ..core import strategies
from .message_strategies import LIKE_JSON, ros_texts, travelled


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


@given(strategies.json_values | st.sampled_from(LIKE_JSON) | ros_texts(100))
@example('a\0b')
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
    node = SceneNode(
        id='a',
        type=SceneNode.TYPE_REGION,
        attributes=[KeyValue(key=key, value=text) for key in ('z_m', 'k')],
    )
    assert dict(node_from_message(node).attributes) == {'z_m': text, 'k': text}


# What became known of a node ----------------------------------------------------------------------


@pytest.mark.parametrize('text', ['3', 'true', '"x"', '[1]', '', 'two words'])
def test_a_description_is_a_text_whatever_it_looks_like(text):
    message = NodeAttributes(
        id='a', attributes=[KeyValue(key=key, value=text) for key in ('description', 'k')]
    )
    assert changes_from_message(message) == ('a', {'description': text, 'k': decode_value(text)})


def test_a_set_attribute_that_nodes_have_a_field_for_is_found_in_the_field_later():
    update = GraphUpdate(set_attributes={'a': {'semantic_class': 'truck', 'z_m': 1.5}})
    arrived = update_from_message(travelled(update_to_message(update)))
    graph = SceneGraph([Node('a', 'region', (0, 0))]).apply(arrived)
    message = node_to_message(graph.nodes['a'])
    assert (message.semantic_class, message.pose.position.z) == ('truck', 1.5)
    assert message.attributes == []


def test_a_node_can_get_all_its_attributes_and_its_description_at_once():
    pairs = [KeyValue(key=str(i), value='x') for i in range(32)]
    pairs.append(KeyValue(key='description', value='x' * 1024))
    name, changes = changes_from_message(NodeAttributes(id='a', attributes=pairs))
    assert len(changes) == 33
    assert Node(name, 'region', (0, 0)).with_attributes(changes).description == 'x' * 1024
