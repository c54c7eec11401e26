# SPDX-License-Identifier: Apache-2.0
"""What is in, on, or held by something."""

from __future__ import annotations

import pytest
from hypothesis import given

from prism_core import (
    Connection,
    GraphUpdate,
    Node,
    SceneGraph,
    SceneGraphError,
    parse_scene_graph,
    render_scene_graph,
)

from .strategies import scene_graphs

KITCHEN, HALL = Node('kitchen', 'region', (0, 0)), Node('hall', 'region', (9, 0))
TABLE, DRAWER, CUP, SPOON, GRIPPER = (
    Node(name, 'object', (1, i))
    for i, name in enumerate(('table', 'drawer', 'cup', 'spoon', 'arm'))
)
NODES = [KITCHEN, HALL, TABLE, DRAWER, CUP, SPOON, GRIPPER]
TABLE_IN_KITCHEN, CUP_ON_TABLE = (
    Connection('in', 'table', 'kitchen'),
    Connection('on', 'cup', 'table'),
)
SPOON_IN_CUP = Connection('in', 'spoon', 'cup')
HOME = SceneGraph(NODES, [TABLE_IN_KITCHEN, CUP_ON_TABLE, SPOON_IN_CUP], robot_location='hall')


def place(kind: str, name: str, node: str) -> GraphUpdate:
    return GraphUpdate(upsert_connections=(Connection(kind, name, node),))


def test_a_graph_tells_what_holds_an_object_and_what_a_node_holds():
    assert HOME.placements == {
        'table': TABLE_IN_KITCHEN,
        'cup': CUP_ON_TABLE,
        'spoon': SPOON_IN_CUP,
    }
    assert [HOME.holder(name) for name in ('spoon', 'table', 'arm')] == ['cup', 'kitchen', None]
    assert [HOME.contents(name) for name in ('kitchen', 'cup', 'spoon')] == [
        ('table',),
        ('spoon',),
        (),
    ]


def test_an_object_is_seen_from_where_that_is_seen_that_holds_it():
    assert HOME.viewpoints == {
        'table': ('kitchen',),
        'drawer': (),
        'cup': ('kitchen',),
        'spoon': ('kitchen',),
        'arm': (),
    }
    held = HOME.apply(place('held', 'cup', 'arm'))
    assert held.viewpoints['spoon'] == ()
    seen = held.apply(place('observed_from', 'arm', 'hall'))
    assert seen.viewpoints['spoon'] == ('hall',)


def test_an_object_with_viewpoints_of_its_own_is_seen_from_these_and_where_it_is():
    graph = HOME.apply(place('observed_from', 'cup', 'hall'))
    assert graph.viewpoints['cup'] == ('hall',)
    assert graph.viewpoints['spoon'] == ('hall',)
    graph = graph.apply(place('observed_from', 'table', 'hall'))
    assert graph.viewpoints['table'] == ('kitchen', 'hall')


def test_an_object_that_is_placed_anew_is_no_longer_where_it_was():
    held = HOME.apply(place('held', 'cup', 'arm'))
    assert held.holder('cup') == 'arm'
    assert CUP_ON_TABLE.key not in held.connections
    assert held.holder('spoon') == 'cup'
    put = held.apply(place('in', 'cup', 'drawer'))
    assert (
        put.connections
        == SceneGraph(
            NODES, [TABLE_IN_KITCHEN, SPOON_IN_CUP, Connection('in', 'cup', 'drawer')]
        ).connections
    )


def test_what_was_in_a_node_that_is_gone_is_nowhere():
    graph = HOME.apply(GraphUpdate(remove_nodes=('cup',)))
    assert graph.placements == {'table': TABLE_IN_KITCHEN}
    assert graph.contents('table') == ()


def test_a_placement_is_removed_by_its_ends_and_replaced_by_a_view():
    gone = HOME.apply(GraphUpdate(remove_connections=(CUP_ON_TABLE,)))
    assert gone.holder('cup') is None
    seen = HOME.apply(place('observed_from', 'table', 'kitchen'))
    assert seen.holder('table') is None
    assert seen.viewpoints['cup'] == ('kitchen',)


@pytest.mark.parametrize(
    ('connections', 'sentence'),
    [
        (
            [Connection('in', 'kitchen', 'table')],
            "^connection 'kitchen' in 'table': expected an object as source, 'kitchen' is a region",
        ),
        (
            [Connection('held', 'cup', 'hall')],
            "^connection 'cup' held by 'hall': only an object, such as a gripper, holds",
        ),
        ([Connection('on', 'cup', 'shelf')], "^connection 'cup' on 'shelf': there is no node"),
        (
            [Connection('in', 'cup', 'drawer'), Connection('on', 'cup', 'table')],
            "^'cup' in 'drawer' and 'cup' on 'table': an object can only be in, on or held by one",
        ),
        (
            [Connection('in', 'cup', 'drawer'), Connection('in', 'drawer', 'cup')],
            "^'cup' cannot hold itself: 'cup' in 'drawer', 'drawer' in 'cup'$",
        ),
        (
            [
                Connection('in', 'cup', 'drawer'),
                Connection('in', 'drawer', 'table'),
                Connection('on', 'table', 'cup'),
            ],
            "^'cup' cannot hold itself: 'cup' in 'drawer', 'drawer' in 'table', 'table' on 'cup'$",
        ),
    ],
)
def test_what_cannot_be_in_or_on_something_is_refused_at_once_and_by_an_update(
    connections, sentence
):
    with pytest.raises(SceneGraphError, match=sentence):
        SceneGraph(NODES, connections)
    with pytest.raises(SceneGraphError, match=sentence):
        SceneGraph(NODES).apply(GraphUpdate(upsert_connections=tuple(connections)))


def test_an_update_that_would_put_a_thing_into_itself_is_refused():
    with pytest.raises(SceneGraphError, match="'table' cannot hold itself: 'table' on 'spoon'"):
        HOME.apply(place('on', 'table', 'spoon'))
    assert HOME.apply(place('on', 'spoon', 'table')).holder('spoon') == 'table'


def test_a_long_circle_is_shown_in_part():
    boxes = [Node(f'box_{i}', 'object', (i, 0)) for i in range(500)]
    inside = [Connection('in', f'box_{i}', f'box_{(i + 1) % 500}') for i in range(500)]
    with pytest.raises(SceneGraphError) as caught:
        SceneGraph(boxes, inside)
    assert caught.value.problems == (
        "'box_0' cannot hold itself: 'box_0' in 'box_1', 'box_1' in 'box_2', 'box_2' in 'box_3', "
        "..., 'box_499' in 'box_0'",
    )


def test_a_tower_of_thousands_is_seen_from_where_it_stands_in_no_time():
    boxes = [Node(f'box_{i}', 'object', (0, 0)) for i in range(8000)]
    stacked = [Connection('on', f'box_{i + 1}', f'box_{i}') for i in range(7999)]
    nowhere = SceneGraph([KITCHEN, *boxes], stacked)
    assert set(nowhere.viewpoints.values()) == {()}
    somewhere = nowhere.apply(place('in', 'box_0', 'kitchen'))
    assert set(somewhere.viewpoints.values()) == {('kitchen',)}


@given(scene_graphs())
def test_each_object_is_seen_from_its_own_viewpoints_or_those_of_what_holds_it(graph):
    for name in graph.objects:
        own = {
            other
            for c in graph.connections.values()
            for other in set(c.key) - {name}
            if name in c.key and other in graph.regions
        }
        holder = graph.holder(name)
        held = set(graph.viewpoints.get(holder, ())) if holder else set()
        assert set(graph.viewpoints[name]) == own or held
        assert holder is None or name in graph.contents(holder)


def test_placements_are_a_third_list_in_the_json_and_left_out_where_there_are_none():
    text = render_scene_graph(HOME)
    assert '"object_connections":[],"placements":[["in","table","kitchen"],' in text
    assert parse_scene_graph(text) == HOME
    assert parse_scene_graph(render_scene_graph(HOME, indented=True)) == HOME
    assert 'placements' not in render_scene_graph(SceneGraph(NODES))


@pytest.mark.parametrize(
    'item',
    ['["on", "cup"]', '["near", "cup", "a"]', '["on", "cup", 5]', '"cup"', '[["on"], "b", "c"]'],
)
def test_a_placement_that_cannot_be_read_is_refused_with_its_place(item):
    text = f'{{"regions": [], "placements": [{item}]}}'
    with pytest.raises(
        SceneGraphError,
        match=r'^placements\[0\]: expected \[kind, object, node\] of kind in, on, held, got',
    ):
        parse_scene_graph(text)
