from __future__ import annotations

import json

import pytest
from diagnostic_msgs.msg import KeyValue
from hypothesis import example, given
from hypothesis import strategies as st

from prism_core import Node
from prism_msgs.msg import SceneNode
from prism_ros.conversions import node_from_message, node_to_message
from prism_ros.node_attributes import decode_value, encode_value

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
