# SPDX-License-Identifier: Apache-2.0
"""prism_scene_graph: who owns the graph, how it changes, and who hears of it."""

import json
import time

import pytest
from diagnostic_msgs.msg import KeyValue
from rclpy.parameter import Parameter
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from visualization_msgs.msg import Marker, MarkerArray

from prism_core import parse_scene_graph, render_scene_graph
from prism_core.domains.mapping import GRAPHS
from prism_msgs.msg import (
    NodeAttributes,
    PlanErrorCode,
    SceneEdge,
    SceneGraph,
    SceneGraphUpdate,
    SceneNode,
)
from prism_msgs.srv import GetSceneGraph, LoadSceneGraph, SaveSceneGraph, UpdateGraph
from prism_ros.conversions import scene_graph_from_message
from prism_ros.graph_mirror import GraphMirror
from prism_ros.scene_graph_node import DELTAS_PER_GRAPH

from ..faults import recovery
from .checks import assert_refused


def region(name, x=0.0, y=0.0):
    node = SceneNode(id=name, type=SceneNode.TYPE_REGION, confidence=1.0)
    node.pose.position.x, node.pose.position.y = x, y
    return node


def way(source, target):
    return SceneEdge(source=source, target=target, kind=SceneEdge.KIND_TRAVERSABLE, cost=-1.0)


def known(name, **values):
    pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
    return NodeAttributes(id=name, attributes=pairs)


def update(ros, **fields):
    return ros.call(UpdateGraph, 'update_graph', update=SceneGraphUpdate(**fields))


def graph_of(ros):
    return parse_scene_graph(ros.call(GetSceneGraph, 'get_scene_graph', as_json=True).json)


def test_it_serves_the_packaged_graph_as_message_and_as_json(ros):
    ros.start_graph()
    expected = parse_scene_graph((GRAPHS / 'depot.json').read_text())
    response = ros.call(GetSceneGraph, 'get_scene_graph')
    assert response.success
    assert scene_graph_from_message(response.graph) == expected == graph_of(ros)
    assert response.graph.header.frame_id == 'map'


def test_it_serves_the_part_around_a_node(ros):
    ros.start_graph()
    near = ros.call(GetSceneGraph, 'get_scene_graph', near='dock_1', hops=1).graph
    assert {node.id for node in near.nodes} == {'dock_1', 'road_1', 'shed_1', 'boat_1'}
    assert len(near.edges) == 3
    response = ros.call(GetSceneGraph, 'get_scene_graph', near='atlantis')
    assert_refused(response, PlanErrorCode.UNKNOWN_NODE, "'atlantis'")


def test_what_became_known_of_a_node_is_in_the_graph_and_in_the_delta(ros):
    ros.start_graph()
    before = graph_of(ros).nodes['truck_1']
    deltas = ros.collect(SceneGraphUpdate, 'scene_graph_updates')
    news = [known('truck_1', description='red', locked='true'), known('dock_1', mapped='true')]
    assert update(ros, set_attributes=news).revision == 1
    node = graph_of(ros).nodes['truck_1']
    assert (node.description, node.position) == ('red', before.position)
    assert dict(node.attributes) == {**before.attributes, 'locked': True}
    (delta,) = ros.spin_until(lambda: deltas)
    assert delta.set_attributes == news
    assert not delta.upsert_nodes


def test_who_joins_late_gets_the_graph_the_deltas_since_and_the_markers(ros):
    ros.start_graph()
    for index in range(3):
        assert update(ros, upsert_nodes=[region(f'new_{index}')]).revision == index + 1
    graphs = ros.collect(SceneGraph, 'scene_graph')
    deltas = ros.collect(SceneGraphUpdate, 'scene_graph_updates')
    markers = ros.collect(MarkerArray, 'scene_graph/markers')
    ros.spin_until(lambda: graphs and len(deltas) == 3 and markers)
    assert [(d.base_revision, d.revision) for d in deltas] == [(0, 1), (1, 2), (2, 3)]
    assert markers[-1].markers[0].action == Marker.DELETEALL
    names = {m.text for m in markers[-1].markers if m.ns == 'names'}
    assert 'truck_1' in names


def test_a_best_effort_subscriber_gets_the_graph_too(ros):
    """As `ros2 topic echo --qos-durability transient_local` subscribes."""
    ros.start_graph()
    qos = QoSProfile(
        depth=1,
        reliability=QoSReliabilityPolicy.BEST_EFFORT,
        durability=QoSDurabilityPolicy.TRANSIENT_LOCAL,
    )
    time.sleep(0.5)
    graphs = ros.collect(SceneGraph, 'scene_graph', qos)
    ros.spin_until(lambda: graphs, timeout_s=5)


def test_the_whole_graph_is_published_again_after_enough_deltas(ros):
    ros.start_graph()
    graphs = ros.collect(SceneGraph, 'scene_graph')
    for index in range(DELTAS_PER_GRAPH):
        assert update(ros, upsert_nodes=[region('moving', float(index))]).success
    ros.spin_until(lambda: graphs and graphs[-1].revision == DELTAS_PER_GRAPH)


def test_a_mirror_that_hears_everything_ends_with_the_owners_graph(ros):
    ros.start_graph()
    mirror = GraphMirror()
    deltas = ros.collect(SceneGraphUpdate, 'scene_graph_updates')
    ros.node.create_subscription(SceneGraph, 'scene_graph', mirror.take_graph, 1, raw=True)
    for index in range(20):
        update(ros, upsert_nodes=[region(f'r{index}')], upsert_edges=[way(f'r{index}', 'dock_1')])
        if index % 3 == 0:
            update(ros, remove_nodes=[f'r{index}'])
    update(ros, set_attributes=[known('r19', state='wet')])
    update(ros, robot_location='r19')
    ros.spin_until(lambda: len(deltas) == 29)
    ros.spin_until(lambda: mirror.graph is not None)
    for message in deltas:
        mirror.take_update(message)
    assert mirror.graph == graph_of(ros)


def put(name, kind, node):
    return SceneEdge(source=name, target=node, kind=kind, cost=-1.0)


def test_what_an_object_is_in_on_or_held_by_is_told_to_all_and_moves_with_the_next_update(ros):
    ros.start_graph()
    update(ros, upsert_edges=[put('truck_1', SceneEdge.KIND_IN, 'dock_1')])
    update(ros, upsert_edges=[put('car_1', SceneEdge.KIND_ON, 'truck_1')])
    graph = graph_of(ros)
    assert (graph.holder('car_1'), graph.holder('truck_1')) == ('truck_1', 'dock_1')
    update(ros, upsert_edges=[put('car_1', SceneEdge.KIND_IN, 'gate_1')])
    assert graph_of(ros).holder('car_1') == 'gate_1'
    update(ros, remove_edges=[put('car_1', SceneEdge.KIND_IN, 'gate_1')])
    assert graph_of(ros).holder('car_1') is None


BAD_UPDATES = {
    'in itself through others': (
        {
            'upsert_edges': [
                put('truck_1', SceneEdge.KIND_IN, 'car_1'),
                put('car_1', SceneEdge.KIND_ON, 'truck_1'),
            ]
        },
        ["'truck_1' cannot hold itself: 'truck_1' in 'car_1', 'car_1' on 'truck_1'"],
    ),
    'held by a region': (
        {'upsert_edges': [put('truck_1', SceneEdge.KIND_HELD, 'dock_1')]},
        ["'dock_1' is a region"],
    ),
    'unknown end': ({'upsert_edges': [way('dock_1', 'mars')]}, ["'mars'"]),
    'connection to itself': ({'upsert_edges': [way('dock_1', 'dock_1')]}, ['itself']),
    'two objects': (
        {'upsert_edges': [SceneEdge(source='truck_1', target='car_1', kind=2, cost=-1.0)]},
        ['observed_from joins object and region'],
    ),
    'NaN': ({'upsert_nodes': [region('x', float('nan'))]}, ["'x'", 'nan']),
    'no such node': ({'remove_nodes': ['mars']}, ["'mars'"]),
    'no such connection': ({'remove_edges': [way('dock_1', 'gate_1')]}, ['there is none']),
    'where the robot is': ({'remove_nodes': ['dock_1']}, ['robot location', 'dock_1']),
    'location is an object': ({'robot_location': 'truck_1'}, ['object']),
    'kind change': ({'upsert_nodes': [region('truck_1')]}, ["'truck_1' is known as object"]),
    'type unknown': ({'upsert_nodes': [SceneNode(id='x')]}, ["'x'", 'type must be 1']),
    'attributes of no node': (
        {'set_attributes': [known('mars', state='red')]},
        ["cannot set attributes of 'mars'"],
    ),
    'attributes that no node has': (
        {'set_attributes': [known('dock_1', coords='[0, 0]')]},
        ["'dock_1'", 'none called name, coords'],
    ),
    'another map': ({'map_id': 'moon', 'robot_location': 'road_1'}, ["'moon'", "'depot'"]),
}


@pytest.mark.parametrize(('fields', 'words'), BAD_UPDATES.values(), ids=BAD_UPDATES.keys())
def test_a_bad_update_changes_nothing_and_says_why(ros, fields, words):
    ros.start_graph()
    before = graph_of(ros)
    fields = fields | {'upsert_nodes': [region('fine'), *fields.get('upsert_nodes', [])]}
    with recovery('update: one that does not fit') as fault:
        response = update(ros, **fields)
        fault.says(assert_refused(response, PlanErrorCode.INVALID_GRAPH_UPDATE, *words))
        assert (len(response.rejected), response.revision) == (1, 0)
        assert graph_of(ros) == before
        assert update(ros, upsert_nodes=[region('fine')]).revision == 1


def test_every_refused_item_gets_its_reason(ros):
    ros.start_graph()
    response = update(ros, remove_nodes=['mars', 'venus'], upsert_edges=[way('dock_1', 'pluto')])
    assert [name for name in ('mars', 'venus', 'pluto') if name in ' '.join(response.rejected)] == [
        'mars',
        'venus',
        'pluto',
    ]
    assert 'and 2 more' in response.error_msg


def test_an_update_for_another_revision_is_a_conflict(ros):
    ros.start_graph()
    assert update(ros, robot_location='road_1').revision == 1
    with recovery('update: for another revision') as fault:
        response = update(ros, robot_location='road_2', base_revision=7)
        fault.says(assert_refused(response, PlanErrorCode.REVISION_CONFLICT, 'revision 7', 'at 1'))
        assert update(ros, robot_location='road_2', base_revision=1).revision == 2


def test_an_update_for_another_epoch_is_a_conflict(ros):
    ros.start_graph()
    epoch = ros.call(GetSceneGraph, 'get_scene_graph').graph.epoch
    assert epoch > 0
    with recovery('update: for a former life of the graph') as fault:
        response = update(ros, robot_location='road_2', epoch=epoch - 1)
        words = f'epoch {epoch - 1}', f'this is epoch {epoch}'
        fault.says(assert_refused(response, PlanErrorCode.REVISION_CONFLICT, *words))
        assert response.revision == 0
        assert update(ros, robot_location='road_2', epoch=epoch).revision == 1


def test_what_the_owner_publishes_has_its_epoch_and_when_it_changed(ros):
    ros.start_graph()
    assert update(ros, robot_location='road_1').success
    graphs = ros.collect(SceneGraph, 'scene_graph')
    deltas = ros.collect(SceneGraphUpdate, 'scene_graph_updates')
    beats = ros.collect(SceneGraphUpdate, 'scene_graph/heartbeat')
    ros.spin_until(lambda: graphs and deltas and beats)
    messages = [graphs[0], deltas[0], beats[0]]
    (epoch,) = {message.epoch for message in messages}
    assert epoch == ros.call(GetSceneGraph, 'get_scene_graph').graph.epoch
    assert all(message.header.stamp.sec > 0 for message in messages)


def test_the_owner_is_heard_once_a_second_while_nothing_changes(ros):
    ros.start_graph()
    deltas = ros.collect(SceneGraphUpdate, 'scene_graph_updates')
    beats = ros.collect(SceneGraphUpdate, 'scene_graph/heartbeat')
    ros.spin_until(lambda: len(beats) == 3, timeout_s=4.5)
    assert {(b.base_revision, b.revision, b.robot_location) for b in beats} == {(0, 0, 'dock_1')}
    assert not deltas
    assert ros.change_state('prism_scene_graph', 'deactivate')
    count = len(beats)
    with pytest.raises(AssertionError, match='in vain'):
        ros.spin_until(lambda: len(beats) > count + 1, timeout_s=2.5)


def test_a_loaded_file_goes_on_in_the_same_epoch(ros, tmp_path):
    (tmp_path / 'site.json').write_text((GRAPHS / 'depot.json').read_text())
    ros.start_graph(graph__directory=str(tmp_path), graph__file='site.json')
    epoch = ros.call(GetSceneGraph, 'get_scene_graph').graph.epoch
    assert ros.call(LoadSceneGraph, 'load_scene_graph', file='site.json').revision == 1
    assert ros.call(GetSceneGraph, 'get_scene_graph').graph.epoch == epoch


def test_an_update_in_another_frame_is_refused(ros):
    ros.start_graph()
    message = SceneGraphUpdate(robot_location='road_1')
    message.header.frame_id = 'odom'
    with recovery('update: in another frame') as fault:
        response = ros.call(UpdateGraph, 'update_graph', update=message)
        fault.says(assert_refused(response, PlanErrorCode.INVALID_GRAPH_UPDATE, "'odom'", "'map'"))
        assert update(ros, robot_location='road_1').success


def test_a_graph_is_kept_under_its_limit(ros):
    ros.start_graph(graph__max_nodes=27)
    with recovery('update: more nodes than are allowed') as fault:
        response = update(ros, upsert_nodes=[region('one_too_many')])
        fault.says(assert_refused(response, PlanErrorCode.GRAPH_TOO_LARGE, '28 nodes', 'allows 27'))
        assert update(ros, robot_location='road_1').success
    response = update(ros, upsert_nodes=[region(f'r{i}') for i in range(1025)])
    assert_refused(response, PlanErrorCode.INVALID_GRAPH_UPDATE, '1025', '1024', 'parts')


def test_updates_on_the_topic_are_applied_unless_switched_off(ros):
    node = ros.start_graph()
    publisher = ros.node.create_publisher(SceneGraphUpdate, 'graph_updates', 100)
    ros.spin_until(lambda: publisher.get_subscription_count())
    publisher.publish(SceneGraphUpdate(robot_location='atlantis'))
    publisher.publish(SceneGraphUpdate(robot_location='road_1'))
    ros.spin_until(lambda: graph_of(ros).robot_location == 'road_1')
    assert graph_of(ros).revision == 1
    node.set_parameters([Parameter('graph.accept_topic_updates', value=False)])
    publisher.publish(SceneGraphUpdate(robot_location='road_2'))
    time.sleep(0.3)
    assert graph_of(ros).robot_location == 'road_1'


class TestFiles:
    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / 'site.json').write_text((GRAPHS / 'depot.json').read_text())
        return tmp_path

    def test_a_saved_graph_is_the_served_one_and_can_be_loaded_again(self, ros, folder):
        ros.start_graph(graph__file=str(folder / 'site.json'), graph__save_directory=str(folder))
        update(ros, robot_location='gate_1')
        response = ros.call(SaveSceneGraph, 'save_scene_graph', file='other.json')
        assert response.success
        assert (response.path, response.revision) == (str(folder / 'other.json'), 1)
        assert parse_scene_graph((folder / 'other.json').read_text()) == graph_of(ros)
        assert ros.call(SaveSceneGraph, 'save_scene_graph').path == str(folder / 'site.json')
        loaded = ros.call(LoadSceneGraph, 'load_scene_graph', file='other.json')
        assert loaded.success
        assert loaded.revision == 2
        assert graph_of(ros).robot_location == 'gate_1'
        assert ros.call(SaveSceneGraph, 'save_scene_graph').path == str(folder / 'other.json')

    def test_a_loaded_graph_reaches_who_listens(self, ros, folder):
        ros.start_graph(graph__directory=str(folder), graph__file='')
        graphs = ros.collect(SceneGraph, 'scene_graph')
        ros.spin_until(lambda: graphs)
        assert not graphs[-1].nodes
        assert ros.call(LoadSceneGraph, 'load_scene_graph', file='site.json').success
        ros.spin_until(lambda: len(graphs[-1].nodes) == 27)

    @pytest.mark.parametrize('file', ['../outside.json', '/etc/hostname', ''])
    def test_nothing_outside_the_folder_is_read_or_written(self, ros, folder, file):
        ros.start_graph(
            graph__directory=str(folder), graph__file='', graph__save_directory=str(folder)
        )
        response = ros.call(LoadSceneGraph, 'load_scene_graph', file=file)
        assert_refused(response, PlanErrorCode.FILE_ERROR, str(folder))
        response = ros.call(SaveSceneGraph, 'save_scene_graph', file=file or '../x')
        assert_refused(response, PlanErrorCode.FILE_ERROR, str(folder))

    def test_the_packaged_graphs_are_not_written(self, ros):
        ros.start_graph()
        response = ros.call(SaveSceneGraph, 'save_scene_graph')
        assert_refused(response, PlanErrorCode.FILE_ERROR, 'set graph.save_directory')

    @pytest.mark.parametrize(
        ('text', 'code', 'words'),
        [
            ('{"regions": [', PlanErrorCode.INVALID_SCENE_GRAPH, ['broken.json', 'not valid JSON']),
            (
                json.dumps({'regions': [{'name': f'r{i}', 'coords': [i, 0]} for i in range(9000)]}),
                PlanErrorCode.GRAPH_TOO_LARGE,
                ['9000', '2000'],
            ),
            (
                json.dumps({'regions': [{'name': 'a', 'coords': [0, 0]}] * 2}),
                PlanErrorCode.INVALID_SCENE_GRAPH,
                ['broken.json', 'duplicate', "'a'"],
            ),
        ],
        ids=['broken JSON', '9000 nodes', 'duplicate names'],
    )
    def test_a_bad_file_is_refused_and_the_old_graph_stays(self, ros, folder, text, code, words):
        ros.start_graph(graph__file=str(folder / 'site.json'))
        (folder / 'broken.json').write_text(text)
        response = ros.call(LoadSceneGraph, 'load_scene_graph', file='broken.json')
        assert_refused(response, code, *words)
        assert len(graph_of(ros).nodes) == 27

    def test_a_missing_file_is_named(self, ros, folder):
        ros.start_graph(graph__file=str(folder / 'site.json'))
        response = ros.call(LoadSceneGraph, 'load_scene_graph', file='none.json')
        assert_refused(response, PlanErrorCode.FILE_ERROR, 'none.json', 'No such file')


def test_a_node_that_cannot_load_stays_up_and_can_be_mended(ros, tmp_path):
    ros.start_graph(graph__file=str(tmp_path / 'none.json'))

    def state():
        return ros.state('prism_scene_graph')

    assert state() == 'unconfigured'
    response = ros.call(GetSceneGraph, 'get_scene_graph')
    assert_refused(response, PlanErrorCode.NODE_INACTIVE, 'prism_scene_graph', 'lifecycle set')
    (tmp_path / 'none.json').write_text(render_scene_graph(parse_scene_graph('{"regions": []}')))
    assert ros.change_state('prism_scene_graph', 'configure')
    assert ros.change_state('prism_scene_graph', 'activate')
    assert ros.call(GetSceneGraph, 'get_scene_graph').success


@pytest.mark.parametrize('location', ['atlantis', 'truck_1'])
def test_a_start_location_that_is_no_region_keeps_the_node_unconfigured(ros, location):
    ros.start_graph(graph__robot_location=location)
    state = ros.state('prism_scene_graph')
    assert state == 'unconfigured'
