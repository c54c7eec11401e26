# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import (
    Connection,
    GraphUpdate,
    Node,
    Observation,
    SceneGraphError,
    parse_observation,
    parse_update,
    render_observation,
    render_update,
)

from .strategies import any_names as names
from .strategies import json_values, scene_graphs, texts

KINDS = {'yard_1': 'region', 'dock_2': 'region', 'crate_3': 'object'}
EVERYTHING = GraphUpdate(
    remove_nodes=('tent_4',),
    upsert_nodes=(Node('shed_7', 'region', (1.5, -2.0)), Node('cart_9', 'object', (0, 3), 'old')),
    upsert_connections=(
        Connection('traversable', 'yard_1', 'shed_7'),
        Connection('observed_from', 'cart_9', 'shed_7', 4.0),
        Connection('in', 'crate_3', 'cart_9'),
    ),
    remove_connections=(
        Connection('traversable', 'yard_1', 'dock_2'),
        Connection('held', 'cart_9', 'crate_3'),
    ),
    robot_location='shed_7',
    set_attributes={'crate_3': {'color': 'red', 'description': "a crate, 'open'"}},
)
TEXT = """remove_nodes(["tent_4"]),
add_nodes([{"name": "shed_7", "type": "region", "coords": [1.5, -2.0]}, \
{"name": "cart_9", "type": "object", "coords": [0.0, 3.0], "description": "old"}]),
add_connections([["yard_1", "shed_7"], ["cart_9", "shed_7", 4.0]]),
add_placements([["in", "crate_3", "cart_9"]]),
remove_connections([["yard_1", "dock_2"]]),
remove_placements([["held", "cart_9", "crate_3"]]),
update_robot_location("shed_7"),
update_node_attributes([{"name": "crate_3", "color": "red", "description": "a crate, 'open'"}])"""


@st.composite
def any_updates(draw) -> tuple[GraphUpdate, dict]:
    """Updates with connections between nodes that are known, or new in them; and the kinds of the
    known ones.
    """
    graph = draw(scene_graphs(any_kind=True))
    nodes = list(graph.nodes.values())
    new = tuple(draw(st.lists(st.sampled_from(nodes), unique_by=lambda n: n.name)))
    ways = list(graph.connections.values())
    some_ways = st.lists(st.sampled_from(ways)).map(tuple) if ways else st.just(())
    keys = texts.filter(lambda key: key not in ('name', 'description') and '\0' not in key)
    update = GraphUpdate(
        upsert_nodes=new,
        upsert_connections=draw(some_ways),
        remove_connections=draw(some_ways),
        remove_nodes=tuple(draw(st.lists(names, max_size=2))),
        robot_location=draw(st.none() | names),
        set_attributes=draw(
            st.dictionaries(names, st.dictionaries(keys, json_values, max_size=2), max_size=2)
        ),
    )
    return update, {node.name: node.kind for node in nodes}


def test_update_is_written_in_the_calls_of_spine_in_their_order():
    assert render_update(EVERYTHING) == TEXT
    assert parse_update(TEXT, KINDS) == EVERYTHING


def test_empty_update_is_no_updates():
    assert render_update(GraphUpdate()) == 'no_updates()'
    assert parse_update('no_updates()', {}) == GraphUpdate()
    assert parse_update('', {}) == GraphUpdate()


@given(any_updates())
def test_any_update_survives_its_text(drawn):
    update, kinds = drawn
    assert parse_update(render_update(update), kinds) == as_written(update)


def as_written(update: GraphUpdate) -> GraphUpdate:
    """The same update with placements behind other connections, as they are applied."""

    def order(connections):
        return tuple(sorted(connections, key=lambda c: c.is_placement))

    return dataclasses.replace(
        update,
        upsert_connections=order(update.upsert_connections),
        remove_connections=order(update.remove_connections),
    )


@given(any_updates(), texts, st.sampled_from(['done', 'failed', 'refused']))
def test_any_observation_survives_its_text(drawn, feedback, status):
    update, kinds = drawn
    observation = Observation(as_written(update), feedback, status)
    assert parse_observation(render_observation(observation), kinds) == observation


def test_distance_is_no_part_of_the_text():
    observation = Observation(robot_moved(), distance_m=12.5)
    assert render_observation(observation) == 'update_robot_location("dock_2")'
    read = parse_observation('update_robot_location("dock_2")', KINDS)
    assert dataclasses.replace(read, distance_m=12.5) == observation


def robot_moved() -> GraphUpdate:
    return GraphUpdate(robot_location='dock_2')


@pytest.mark.parametrize(
    ('observation', 'text'),
    [
        (Observation(), 'no_updates()'),
        (Observation(feedback='it is wet'), 'navigation_update("it is wet")'),
        (Observation(status='failed'), 'navigation_update("failed")'),
        (Observation(feedback='failed'), 'navigation_update("done: failed")'),
        (
            Observation(robot_moved(), 'the way is blocked', 'failed'),
            'update_robot_location("dock_2"),\nnavigation_update("failed: the way is blocked")',
        ),
    ],
)
def test_what_went_wrong_and_what_was_said_stand_in_navigation_update(observation, text):
    assert render_observation(observation) == text
    assert parse_observation(text, KINDS) == observation


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        ('fly_away()', "expected one of remove_nodes, .* got 'fly_away"),
        ('add_nodes(oops)', 'add_nodes: expected JSON'),
        ('add_nodes([]', r'add_nodes: expected "\)"'),
        ('add_nodes([{"name": "a"}])', 'add_nodes: cannot read'),
        ('add_nodes([{"name": "a", "type": "moon", "coords": [0, 0]}])', "'region' or 'object'"),
        ('add_connections([["a", "yard_1"]])', "connection of 'a', which is no known node"),
        ('add_connections([["yard_1"]])', 'add_connections: cannot read'),
        ('add_placements([["on", "a", "yard_1"]])', "connection of 'a', which is no known node"),
        ('add_placements([["near", "crate_3", "yard_1"]])', 'of kind in, on, held, got '),
        ('add_placements([["on", "crate_3"]])', r'expected \[kind, object, node\]'),
        ('remove_nodes("a")', 'remove_nodes: cannot read .* a list of names'),
        ('update_robot_location(5)', 'update_robot_location: cannot read 5'),
        ('remove_nodes([]), remove_nodes([])', 'remove_nodes comes twice'),
        ('navigation_update("hello")', 'navigation_update changes no graph'),
    ],
)
def test_update_that_cannot_be_read_says_what_was_expected(text, problem):
    with pytest.raises(SceneGraphError, match=problem):
        parse_update(text, KINDS)


@given(texts)
def test_any_text_is_an_observation_or_an_error(text):
    for read in (parse_update, parse_observation):
        try:
            read(text, KINDS)
        except SceneGraphError:
            continue
