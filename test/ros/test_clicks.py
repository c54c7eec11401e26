# SPDX-License-Identifier: Apache-2.0
"""A map by clicks in RViz: regions are joined as they are clicked, objects seen from them."""

from __future__ import annotations

import pytest
from geometry_msgs.msg import PointStamped
from hypothesis import given
from hypothesis import strategies as st

from prism_core import SceneGraph, SceneGraphError, parse_scene_graph
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.srv import GetSceneGraph, SaveSceneGraph
from prism_ros.clicks import SAME_M, take_click

CLICKS = st.lists(
    st.tuples(
        st.sampled_from(['dock', 'loading dock', 'HX-201']),
        st.sampled_from(['region', 'object']),
        st.integers(-8, 8),
        st.integers(-8, 8),
    ),
    max_size=12,
)


def click_all(clicks, graph: SceneGraph | None = None):
    """The graph after clicks of (name, kind, x, y), and what was said of each."""
    graph, last, said = graph or SceneGraph(), None, []
    for name, kind, x, y in clicks:
        click = take_click(graph, (x, y, 0.0), name=name, kind=kind, last=last)
        graph = graph if click.update is None else graph.apply(click.update)
        last = click.last
        said.append(click.said)
    return graph, said


def ends_of(graph) -> set:
    return {connection.key for connection in graph.connections.values()}


def test_regions_are_joined_as_they_are_clicked():
    graph, said = click_all([('Empfang', 'region', 0, 0), ('Flur', 'region', 3, 0)] * 1)
    assert ends_of(graph) == {('Empfang', 'Flur')}
    assert said == [
        "region 'Empfang' at (0.00, 0.00), joined with nothing",
        "region 'Flur' at (3.00, 0.00), joined with 'Empfang'",
    ]


def test_a_name_that_is_taken_gets_the_next_number():
    graph, _ = click_all([('dock', 'region', x, 0) for x in (0, 3, 6)])
    assert list(graph.nodes) == ['dock', 'dock_2', 'dock_3']
    assert ends_of(graph) == {('dock', 'dock_2'), ('dock_2', 'dock_3')}


def test_a_click_on_a_region_goes_on_from_it_and_closes_a_round():
    walk = [('a', 'region', 0, 0), ('b', 'region', 4, 0), ('c', 'region', 4, 4)]
    graph, said = click_all([*walk, ('x', 'region', 0, SAME_M), ('d', 'region', -4, 0)])
    assert set(graph.nodes) == {'a', 'b', 'c', 'd'}
    assert ends_of(graph) == {('a', 'b'), ('b', 'c'), ('a', 'c'), ('a', 'd')}
    assert said[3] == "way from 'c' to 'a'"
    graph, said = click_all([*walk, ('x', 'region', 4, 0), ('d', 'region', 8, 0)])
    assert ends_of(graph) == {('a', 'b'), ('b', 'c'), ('b', 'd')}
    assert said[3] == "goes on from region 'b'"


def test_an_object_is_seen_from_the_region_clicked_last():
    clicks = [('a', 'region', 0, 0), ('b', 'region', 9, 0), ('valve', 'object', 1, 0)]
    graph, _ = click_all([*clicks, ('c', 'region', 9, 4)])
    assert graph.viewpoints['valve'] == ('b',)
    assert graph.is_reachable('b', 'c')


def test_the_first_click_on_a_graph_that_is_there_joins_with_the_nearest_region():
    graph, _ = click_all([('a', 'region', 0, 0), ('b', 'region', 9, 0)])
    graph, _ = click_all([('c', 'region', 8, 2)], graph)
    assert ('b', 'c') in ends_of(graph)


def test_the_height_of_a_click_is_kept():
    click = take_click(SceneGraph(), (1, 2, 3.5), name='roof', kind='region', last=None)
    assert click.update.upsert_nodes[0].attributes == {'z_m': 3.5}


@given(clicks=CLICKS)
def test_whatever_is_clicked_regions_hang_together_and_objects_are_seen(clicks):
    graph, said = click_all(clicks)
    assert len(said) == len(clicks)
    if graph.regions:
        first = next(iter(graph.regions))
        assert graph.reachable_regions(first) == set(graph.regions)
    unseen = {name for name, regions in graph.viewpoints.items() if not regions}
    kinds = [kind for _, kind, _, _ in clicks]
    before = kinds.index('region') if 'region' in kinds else len(kinds)
    assert len(unseen) == kinds[:before].count('object')


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'name': ' dock'}, "node name ' dock': expected 1 to 128"),
        ({'kind': 'door'}, "kind must be 'region' or 'object', got 'door'"),
        ({'point': (float('nan'), 0.0, 0.0)}, 'expected two coordinates'),
    ],
)
def test_a_click_that_makes_no_node_is_refused(changes, words):
    said = {'point': (0.0, 0.0, 0.0), 'name': 'dock', 'kind': 'region', 'last': None, **changes}
    point = said.pop('point')
    with pytest.raises(SceneGraphError, match=words):
        take_click(SceneGraph(), point, **said)


# Over ROS ----------------------------------------------------------------------------------


def clicked(x: float, y: float, frame: str = 'map') -> PointStamped:
    message = PointStamped()
    message.header.frame_id = frame
    message.point.x, message.point.y = x, y
    return message


@pytest.fixture
def rviz(ros):
    """Publishes as RViz's tool does."""
    publisher = ros.node.create_publisher(PointStamped, 'clicked_point', 10)
    ros.click = lambda *point: publisher.publish(clicked(*point))
    ros.publisher = publisher
    return ros


def graph_of(ros):
    return parse_scene_graph(ros.call(GetSceneGraph, 'get_scene_graph', as_json=True).json)


def test_clicks_make_a_map_that_is_published_and_saved(rviz, tmp_path):
    from rclpy.parameter import Parameter

    node = rviz.start_graph(
        graph__file='', graph__save_directory=str(tmp_path), clicked__name='Empfang'
    )
    graphs = rviz.collect(SceneGraphMessage, 'scene_graph')
    rviz.spin_until(lambda: rviz.publisher.get_subscription_count())
    rviz.click(0.0, 0.0)
    rviz.spin_until(lambda: len(graph_of(rviz).nodes) == 1)
    node.set_parameters([Parameter('clicked.name', value='loading dock 2')])
    rviz.click(5.0, 1.0)
    rviz.spin_until(lambda: len(graph_of(rviz).nodes) == 2)
    node.set_parameters(
        [Parameter('clicked.name', value='HX-201'), Parameter('clicked.kind', value='object')]
    )
    rviz.click(6.0, 2.0)
    rviz.spin_until(lambda: len(graph_of(rviz).nodes) == 3)
    made = graph_of(rviz)
    assert made.route('Empfang', 'loading dock 2') == ['Empfang', 'loading dock 2']
    assert made.viewpoints['HX-201'] == ('loading dock 2',)
    saved = rviz.call(SaveSceneGraph, 'save_scene_graph', file='site.json')
    assert saved.success, saved.error_msg
    assert parse_scene_graph((tmp_path / 'site.json').read_text('utf-8')).nodes == made.nodes
    assert graphs


def test_clicks_are_ignored_until_a_name_is_set(rviz):
    rviz.start_graph()
    before = graph_of(rviz)
    rviz.spin_until(lambda: rviz.publisher.get_subscription_count())
    rviz.click(0.0, 0.0)
    assert graph_of(rviz) == before


def test_a_click_in_another_frame_or_of_no_place_changes_nothing(rviz):
    rviz.start_graph(graph__file='', clicked__name='dock')
    rviz.spin_until(lambda: rviz.publisher.get_subscription_count())
    rviz.click(0.0, 0.0, 'odom')
    rviz.click(float('nan'), 0.0)
    rviz.click(1.0, 0.0)
    rviz.spin_until(lambda: len(graph_of(rviz).nodes) == 1)
    assert graph_of(rviz).nodes['dock'].position == (1.0, 0.0)
