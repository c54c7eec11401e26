# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
import dataclasses
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Connection, Node, SceneGraphError
from prism_core.graph.elements import quote

from .strategies import ODD_NAMES, any_names, descriptions, node_attributes, positions


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (('', 'region', (0, 0)), r"^node name '': expected 1 to 128 printable characters"),
        ((' a', 'region', (0, 0)), "^node name ' a': .* no white space at either end$"),
        (('a ', 'region', (0, 0)), "^node name 'a ': expected"),
        (('a\n', 'region', (0, 0)), r"^node name 'a\\n': expected"),
        (('a\tb', 'region', (0, 0)), r"^node name 'a\\tb': expected"),
        (('a\u2028b', 'region', (0, 0)), r"^node name 'a\\u2028b': expected"),
        (('\ud83d', 'region', (0, 0)), r"^node name '\\ud83d': expected"),
        (('x' * 129, 'region', (0, 0)), r"^node name 'x{76}\.\.\.: expected"),
        ((7, 'region', (0, 0)), '^node name 7: expected'),
        (('a', 'room', (0, 0)), "^node 'a': kind must be 'region' or 'object', got 'room'$"),
        (('a', 'region', (0, math.nan)), r"^node 'a': expected two coordinates .*got \(0, nan\)$"),
        (('a', 'region', (-math.inf, 0)), r'of at most 10000000 metres, got \(-inf, 0\)$'),
        (('a', 'region', (0, 10_000_001)), r'of at most 10000000 metres, got \(0, 10000001\)$'),
        (('a', 'region', (0, 10**400)), "^node 'a': expected two coordinates"),
        (('a', 'region', (0,)), r'got \(0,\)$'),
        (('a', 'region', (0, 1, 2)), r'got \(0, 1, 2\)$'),
        (('a', 'region', 5), 'got 5$'),
        (('a', 'region', ('x', 'y')), r"got \('x', 'y'\)$"),
        (('a', 'region', (0, 0), 5), "^node 'a': description must be a text of at most 1024"),
        (('a', 'region', (0, 0), 'x' * 1025), "^node 'a': description must be a text"),
        (('a', 'region', (0, 0), 'a\0b'), "^node 'a': description .* none of them NUL$"),
        (('a', 'region', (0, 0), '', {'coords': 1}), "^node 'a': expected at most 32 attributes"),
        (('a', 'region', (0, 0), '', {str(i): i for i in range(33)}), 'at most 32 attributes'),
    ],
)
def test_node_that_cannot_be_is_refused_with_its_name_and_value(arguments, sentence):
    with pytest.raises(SceneGraphError, match=sentence):
        Node(*arguments)


@given(any_names, st.none() | positions, descriptions, node_attributes)
def test_node_keeps_what_it_is_given_and_copies_are_equal(name, position, description, attributes):
    node = Node(name, 'object', position, description, attributes)
    assert (node.name, node.kind, node.position) == (name, 'object', position)
    assert (node.description, dict(node.attributes)) == (description, attributes)
    assert pickle.loads(pickle.dumps(node)) == node
    assert copy.deepcopy(node) == node


@pytest.mark.parametrize('name', ODD_NAMES)
def test_any_printable_text_of_one_line_can_be_a_name(name):
    assert Node(name, 'region').name == name


def test_a_node_without_position_is_unknown_to_lie_anywhere():
    unknown, known = Node('a', 'region'), Node('b', 'object', (4, 5))
    assert unknown.position is None
    assert pickle.loads(pickle.dumps(unknown)) == unknown
    assert unknown.distance_m(known) is known.distance_m(unknown) is None
    assert unknown.with_attributes({'x': 1}).position is None


def test_node_cannot_be_changed():
    given_attributes = {'source': 'uav'}
    node = Node('a', 'region', [1, 2], '', given_attributes)
    given_attributes['source'] = 'changed'
    assert node.attributes == {'source': 'uav'}
    assert node.position == (1.0, 2.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        node.name = 'b'
    with pytest.raises(TypeError):
        node.attributes['source'] = 'ugv'


def test_distance_is_the_straight_line_in_metres():
    assert Node('a', 'region', (1, 1)).distance_m(Node('b', 'object', (4, 5))) == 5.0


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (('near', 'a', 'b'), "^connection kind 'near' is unknown; expected one of"),
        (('traversable', 'a', 'a'), "^'a' is connected to itself$"),
        (('traversable', 'a', 'b', -1.0), "^connection 'a' - 'b': cost must be .*, got -1.0$"),
        (('traversable', 'a', 'b', math.nan), 'cost must be from 0 to 1000000000 metres, got nan$'),
        (('traversable', 'a', 'b', math.inf), 'got inf$'),
        (('traversable', 'a', 'b', 10**400), r'got 10+\.\.\.$'),
        (('held', 'a', 'b', 2.0), "^connection 'a' held by 'b': expected no travel cost, got 2.0$"),
    ],
)
def test_connection_that_cannot_be_is_refused_with_its_ends(arguments, sentence):
    with pytest.raises(SceneGraphError, match=sentence):
        Connection(*arguments)


def test_connection_is_the_same_in_either_order_of_its_ends():
    one, other = Connection('traversable', 'b', 'a', 2.0), Connection('traversable', 'a', 'b', 2.0)
    assert one == other
    assert hash(one) == hash(other)
    assert one.key == other.key == ('a', 'b')


@pytest.mark.parametrize('kind', ['in', 'on', 'held'])
def test_a_placement_in_the_other_order_of_its_ends_is_another_one(kind):
    one, other = Connection(kind, 'a', 'b'), Connection(kind, 'b', 'a')
    assert one != other
    assert one == Connection(kind, 'a', 'b')
    assert hash(one) == hash(Connection(kind, 'a', 'b'))
    assert one.key == other.key


@pytest.mark.parametrize(
    'other',
    [
        Connection('observed_from', 'a', 'b'),
        Connection('traversable', 'a', 'c'),
        Connection('traversable', 'a', 'b', 1.0),
        'a - b',
    ],
)
def test_connections_that_differ_in_kind_end_or_cost_are_not_equal(other):
    assert Connection('traversable', 'a', 'b') != other


def test_quoted_values_are_short_and_on_one_line():
    assert quote('a\nb') == r"'a\nb'"
    assert len(quote('x' * 1000)) == 80


def test_an_attribute_whose_name_holds_nul_is_refused():
    with pytest.raises(SceneGraphError, match='no NUL in their names'):
        Node('a', 'region', (0, 0), attributes={'x\0y': 1})
