# SPDX-License-Identifier: Apache-2.0
"""Pictures of graphs in which positions are unknown."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given

from prism_core import Action, Connection, Node, Plan, SceneGraph
from prism_core.pictures.layout import lay_out, say_unknown
from prism_core.pictures.picture import draw_picture
from prism_core.pictures.terminal import print_graph, print_plan

from .strategies import ODD_NAMES, scene_graphs


def make_flat(rooms: int = 6, **known) -> SceneGraph:
    """A hall, rooms around it, each with a thing; `known` says where some rooms are."""
    names = [f'room {i}' for i in range(rooms)]
    nodes = [Node('hall', 'region', known.get('hall'))]
    nodes += [Node(name, 'region', known.get(name.replace(' ', '_'))) for name in names]
    things = [Node(f'lamp {i}', 'object') for i in range(rooms)]
    return SceneGraph(
        [*nodes, *things],
        [
            *(Connection('traversable', 'hall', name) for name in names),
            *(Connection('observed_from', t.name, n) for t, n in zip(things, names)),
        ],
        robot_location='hall',
    )


@given(scene_graphs(any_kind=True))
def test_each_node_gets_a_place_the_same_each_time_and_known_ones_stay(graph):
    at = lay_out(graph)
    assert at.keys() == graph.nodes.keys()
    assert all(math.isfinite(value) for place in at.values() for value in place)
    for name, node in graph.nodes.items():
        assert node.position is None or at[name] == node.position
    assert lay_out(graph) == at


@pytest.mark.parametrize('known', [{}, {'hall': (100, 50)}, {'hall': (9, 9), 'room_2': (9, 15)}])
def test_what_is_laid_out_stands_apart_and_near_what_it_belongs_to(known):
    graph = make_flat(**known)
    at = lay_out(graph)
    ways = [math.dist(at['hall'], at[f'room {i}']) for i in range(6)]
    assert max(ways) == pytest.approx(min(ways))
    apart = [math.dist(at[a], at[b]) for a, b in itertools.combinations(graph.nodes, 2)]
    assert min(apart) > 0.2 * max(ways)
    for i in range(6):
        nearest = min(graph.regions, key=lambda name: math.dist(at[name], at[f'lamp {i}']))
        assert nearest == f'room {i}'


def test_parts_without_any_known_position_stand_below_what_is_known():
    graph = SceneGraph(
        [
            *(Node('a', 'region', (0, 0)), Node('b', 'region', (9, 5))),
            *(Node(n, 'region') for n in ('c', 'd', 'e')),
            Node('ghost', 'object'),
        ],
        [Connection('traversable', 'a', 'b'), Connection('traversable', 'c', 'd')],
    )
    at = lay_out(graph)
    assert all(at[name][1] < 0 for name in ('c', 'd', 'e', 'ghost'))
    assert len({at[name] for name in graph.nodes}) == len(graph.nodes)


def test_what_is_held_lies_beside_what_holds_it_however_deep():
    graph = SceneGraph(
        [Node('spoon', 'object'), Node('mug', 'object'), Node('tray', 'object', (40, 40))],
        [Connection('in', 'spoon', 'mug'), Connection('on', 'mug', 'tray')],
    )
    at = lay_out(graph)
    assert math.dist(at['mug'], (40, 40)) < 4
    assert math.dist(at['spoon'], at['mug']) < 4


def test_a_large_map_without_positions_is_laid_out_at_once():
    names = [f'r{i}' for i in range(3000)]
    ways = [Connection('traversable', names[(i - 1) // 3], names[i]) for i in range(1, 3000)]
    ways.append(Connection('traversable', names[5], names[2999]))
    at = lay_out(SceneGraph([Node(n, 'region') for n in names], ways))
    assert len(set(at.values())) == 3000


@pytest.mark.parametrize(
    ('graph', 'said'),
    [
        (make_flat(), 'no positions are known'),
        (make_flat(hall=(0, 0)), '12 of unknown position'),
        (SceneGraph([Node('a', 'region', (0, 0))]), ''),
        (SceneGraph(), ''),
    ],
)
def test_a_picture_says_of_how_many_nodes_the_position_is_unknown(graph, said, capsys):
    assert say_unknown(graph) == said
    print_graph(graph)
    shown = capsys.readouterr().out
    assert said in shown
    assert 'room 3' in shown or len(graph.nodes) < 2


@pytest.mark.parametrize('suffix', ['svg', 'png'])
def test_names_of_any_kind_and_unknown_positions_are_drawn(tmp_path, suffix):
    names = [*(n for n in ODD_NAMES if n.isascii()), 'a$b$c', r'$\frac{', '_under', 'Küche_1']
    nodes = [Node(name, 'region' if i % 2 else 'object') for i, name in enumerate(names)]
    regions = [node.name for node in nodes if node.kind == 'region']
    graph = SceneGraph(
        nodes,
        [
            *(Connection('traversable', a, b) for a, b in itertools.pairwise(regions)),
            *(
                Connection('observed_from', n.name, regions[i % len(regions)])
                for i, n in enumerate(nodes)
                if n.kind == 'object'
            ),
        ],
        robot_location=regions[0],
    )
    path = tmp_path / f'map.{suffix}'
    plan = Plan((Action('goto', (regions[-1],)),), 'go')
    draw_picture(graph, path, plan=plan, way=regions[:3])
    assert path.stat().st_size > 10_000
    if suffix == 'svg':
        text = path.read_text('utf-8')
        assert 'a$b$c' in text
        assert 'no positions are known' in text


def test_brackets_in_names_are_no_markup_in_the_terminal(capsys):
    print_plan(Plan((Action('goto', ('[bold]',)), Action('goto', ('[/x]',))), '[red]'), source='me')
    shown = capsys.readouterr().out
    assert 'goto("[bold]")' in shown
    assert 'goto("[/x]")' in shown
    assert '[red]' in shown
