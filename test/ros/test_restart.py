# SPDX-License-Identifier: Apache-2.0
"""The owner of the graph ends, is killed or falls silent; real processes, real DDS."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from rclpy.parameter import Parameter

from prism_core.domains.mapping import GRAPHS
from prism_msgs.msg import PlanErrorCode, PlanningStatus, SceneGraphUpdate, SceneNode
from prism_msgs.srv import GetPlan, GetSceneGraph, LoadSceneGraph, SaveSceneGraph, UpdateGraph
from prism_ros import graph_state, scene_graph_node
from prism_ros.conversions import scene_graph_from_message
from prism_ros.errors import CODE_NAMES
from prism_ros.graph_state import GraphState
from prism_ros.processes import node_process

from ..faults import recovery
from .asking import plan, start_both
from .test_graph_state import Lines, fail_with
from .test_processes import BY_SEARCH, TASK, call_until, log  # noqa: F401 - log is a fixture

BURST = 2000
SEND = f"""
import time, rclpy
from prism_msgs.msg import SceneGraphUpdate
rclpy.init()
node = rclpy.create_node('burst')
publisher = node.create_publisher(SceneGraphUpdate, 'graph_updates', {BURST})
while not publisher.get_subscription_count():
    time.sleep(0.05)
time.sleep(0.5)
for index in range({BURST}):
    publisher.publish(SceneGraphUpdate(robot_location=['road_1', 'gate_1'][index % 2]))
time.sleep(8)
"""


def served(ros):
    """The epoch and the graph, whichever process serves them."""
    request = GetSceneGraph.Request()
    message = call_until(ros, lambda r: r.success, GetSceneGraph, 'get_scene_graph', request).graph
    return message.epoch, scene_graph_from_message(message)


def tell(ros, **fields):
    request = UpdateGraph.Request(update=SceneGraphUpdate(**fields))
    return call_until(ros, lambda r: r.success, UpdateGraph, 'update_graph', request)


def ask(ros):
    request = GetPlan.Request(task=TASK, timeout_s=1.0)
    return call_until(ros, lambda r: r.success, GetPlan, 'plan', request).plan


@contextlib.contextmanager
def owner_process(ros, log, **parameters):  # noqa: F811
    named = {f'graph.{name}': str(value) for name, value in parameters.items()}
    with node_process('scene_graph_node', ros.domain, log, named) as process:
        yield process


def said(log) -> str:  # noqa: F811
    log.flush()
    log.seek(0)
    return log.read()


def test_an_owner_that_is_killed_comes_back_with_all_that_it_was_told(ros, log, tmp_path):  # noqa: F811
    shed = SceneNode(id='new_shed', type=SceneNode.TYPE_OBJECT, confidence=0.5)
    statuses = ros.collect(PlanningStatus, 'planner_status')
    with node_process('planner_node', ros.domain, log, BY_SEARCH):
        with owner_process(ros, log, state_directory=tmp_path) as owner:
            tell(ros, robot_location='gate_1')
            tell(ros, upsert_nodes=[shed])
            epoch, before = served(ros)
            assert ask(ros).graph_epoch == epoch
            ros.kill(owner)
        with owner_process(ros, log, state_directory=tmp_path):
            with recovery('process: the owner of the graph is killed') as fault:
                again, after = served(ros)
                made = ask(ros)
                fault.says('NONE')
            end_s = time.monotonic() + 2
            ros.spin_until(lambda: time.monotonic() > end_s)
    assert after == before
    assert 'new_shed' in after.nodes
    told = before.revision  # above two where a reply was lost, and told again
    assert told >= 2
    assert (after.robot_location, after.revision) == ('gate_1', told)
    assert again == epoch > 0
    assert (made.graph_epoch, made.graph_revision, list(made.warnings)) == (epoch, told, [])
    assert PlanningStatus.DEGRADED not in {status.state for status in statuses}


def test_an_owner_that_kept_nothing_is_doubted_until_it_is_told_where_the_robot_is(ros, log):  # noqa: F811
    statuses = ros.collect(PlanningStatus, 'planner_status')
    with node_process('planner_node', ros.domain, log, BY_SEARCH):
        with owner_process(ros, log) as owner:
            tell(ros, robot_location='gate_1')
            first, _ = served(ros)
            assert not ask(ros).warnings
            ros.kill(owner)
        with owner_process(ros, log):
            ros.spin_until(lambda: statuses[-1].state == PlanningStatus.DEGRADED)
            again, graph = served(ros)
            made = ask(ros)
            assert again > first
            assert graph.robot_location == 'dock_1'
            assert (made.graph_epoch, made.graph_revision) == (again, 0)
            assert 'lost what it knew' in made.warnings[0]
            assert statuses[-1].graph_epoch == again
            tell(ros, robot_location='gate_1')
            ros.spin_until(lambda: statuses[-1].state == PlanningStatus.READY)
            assert not ask(ros).warnings


def test_an_owner_that_was_told_to_end_comes_back_as_well(ros, log, tmp_path):  # noqa: F811
    with owner_process(ros, log, state_directory=tmp_path) as owner:
        tell(ros, robot_location='gate_1')
        epoch, before = served(ros)
        owner.send_signal(signal.SIGINT)
        assert owner.wait(10) == 0
    header = (tmp_path / 'prism_scene_graph' / 'snapshot.jsonl').read_text().splitlines()[0]
    assert json.loads(header)['is_closed'] is True
    with owner_process(ros, log, state_directory=tmp_path):
        again, after = served(ros)
    assert (after, again) == (before, epoch)


def test_a_burst_of_updates_arrives_and_outlives_a_kill(ros, log, tmp_path):  # noqa: F811
    statuses = ros.collect(PlanningStatus, 'planner_status')
    environment = os.environ | {'ROS_DOMAIN_ID': str(ros.domain)}
    with node_process('planner_node', ros.domain, log, BY_SEARCH):
        with owner_process(ros, log, state_directory=tmp_path) as owner:
            sender = subprocess.Popen([sys.executable, '-c', SEND], env=environment)
            try:
                ros.spin_until(lambda: statuses and statuses[-1].graph_revision == BURST, 20)
            finally:
                sender.kill()
                sender.wait()
            ros.kill(owner)
        with owner_process(ros, log, state_directory=tmp_path):
            assert served(ros)[1].revision == BURST
    assert 'were lost' not in said(log)


def test_updates_that_are_lost_are_counted_in_a_line(ros, monkeypatch):
    monkeypatch.setattr(scene_graph_node, 'BURST_DEPTH', 10)
    node, lines = ros.start_graph(), Lines()
    monkeypatch.setattr(node, 'get_logger', lambda: lines)
    publisher = ros.node.create_publisher(SceneGraphUpdate, 'graph_updates', 500)
    ros.spin_until(lambda: publisher.get_subscription_count())
    apply = node._apply
    monkeypatch.setattr(node, '_apply', lambda message: (time.sleep(0.01), apply(message)))
    publisher.publish(SceneGraphUpdate(robot_location='road_1'))
    ros.spin_until(lambda: node._owned.graph.revision)
    for _ in range(299):
        publisher.publish(SceneGraphUpdate(robot_location='road_1'))
    ros.spin_until(lambda: lines.said)
    end_s = time.monotonic() + 2.5
    ros.spin_until(lambda: time.monotonic() > end_s)
    counts = [int(line.split()[0]) for level, line in lines.said if 'graph_updates' in line]
    assert sum(counts) == 300 - node._owned.graph.revision > 0


def test_an_owner_that_falls_silent_is_stale_and_heard_again(ros, log):  # noqa: F811
    limit = BY_SEARCH | {'graph.stale_after_s': '2.5'}
    with node_process('planner_node', ros.domain, log, limit), owner_process(ros, log) as owner:
        end_s = time.monotonic() + 4
        while time.monotonic() < end_s:
            ask(ros)
        owner.send_signal(signal.SIGSTOP)
        try:
            request = GetPlan.Request(task=TASK, timeout_s=1.0)
            response = call_until(ros, lambda r: not r.success, GetPlan, 'plan', request)
            assert response.error_code == PlanErrorCode.STALE_SCENE_GRAPH
            assert 'has not been heard for 2.' in response.error_msg
        finally:
            owner.send_signal(signal.SIGCONT)
        ask(ros)
        ros.kill(owner)
        response = call_until(ros, lambda r: not r.success, GetPlan, 'plan', request)
        assert response.error_code == PlanErrorCode.STALE_SCENE_GRAPH


# In one process -----------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path):
    path = tmp_path / 'site.json'
    path.write_text((GRAPHS / 'depot.json').read_text())
    return path


def cycle(ros, *labels):
    for label in labels:
        assert ros.change_state('prism_scene_graph', label)


def restart(ros):
    cycle(ros, 'deactivate', 'cleanup', 'configure', 'activate')


def test_configured_again_the_graph_is_the_one_that_was_kept(ros, site, tmp_path):
    ros.start_graph(graph__file=str(site), graph__state_directory=str(tmp_path / 'state'))
    tell(ros, robot_location='gate_1')
    before = served(ros)
    restart(ros)
    assert served(ros) == before


@pytest.mark.parametrize('labels', [('deactivate', 'cleanup'), ('shutdown',)])
def test_an_owner_that_gives_its_folder_back_says_that_nothing_comes_after(ros, tmp_path, labels):
    node = ros.start_graph(graph__state_directory=str(tmp_path))
    tell(ros, robot_location='gate_1')
    cycle(ros, *labels)
    lines = Lines()
    state = GraphState(tmp_path / 'prism_scene_graph', lines)
    assert state.restore(node._owned.origin) == node._owned
    state.close()
    assert lines.said == []
    header = (tmp_path / 'prism_scene_graph' / 'snapshot.jsonl').read_text().splitlines()[0]
    assert json.loads(header)['is_closed'] is True


def test_a_file_that_has_changed_begins_a_new_epoch(ros, site, tmp_path):
    node = ros.start_graph(graph__file=str(site), graph__state_directory=str(tmp_path / 'state'))
    tell(ros, robot_location='gate_1')
    first, _ = served(ros)
    site.write_text(site.read_text().replace('"dock_1"', '"pier_1"'))
    cycle(ros, 'deactivate', 'cleanup', 'configure', 'activate')
    again, graph = served(ros)
    assert again > first
    assert (graph.robot_location, graph.revision) == ('pier_1', 0)
    assert not node._owned.is_lost
    assert list((tmp_path / 'state' / 'prism_scene_graph').glob('former_1.*'))


def test_a_graph_that_was_saved_over_its_own_file_is_no_changed_file(ros, site, tmp_path):
    ros.start_graph(
        graph__file=str(site),
        graph__save_directory=str(site.parent),
        graph__state_directory=str(tmp_path / 'state'),
    )
    tell(ros, robot_location='gate_1')
    assert ros.call(SaveSceneGraph, 'save_scene_graph').success
    tell(ros, robot_location='road_1')
    before = served(ros)
    restart(ros)
    assert served(ros) == before


def test_a_graph_that_was_loaded_and_saved_over_its_file_is_no_changed_file(ros, site, tmp_path):
    (site.parent / 'small.json').write_text('{"regions": [{"name": "yard", "coords": [0, 0]}]}')
    ros.start_graph(
        graph__file=str(site),
        graph__save_directory=str(site.parent),
        graph__state_directory=str(tmp_path / 'state'),
    )
    assert ros.call(LoadSceneGraph, 'load_scene_graph', file='small.json').success
    tell(ros, robot_location='yard')
    assert ros.call(SaveSceneGraph, 'save_scene_graph').path.endswith('small.json')
    before = served(ros)
    restart(ros)
    assert served(ros) == before


def test_a_loaded_file_is_kept_too(ros, site, tmp_path):
    (tmp_path / 'small.json').write_text('{"regions": [{"name": "yard", "coords": [0, 0]}]}')
    ros.start_graph(graph__file=str(site), graph__state_directory=str(tmp_path / 'state'))
    assert ros.call(LoadSceneGraph, 'load_scene_graph', file='small.json').success
    tell(ros, robot_location='yard')
    before = served(ros)
    restart(ros)
    assert served(ros) == before
    assert before[1].revision == 2


@pytest.mark.parametrize(('start', 'found'), [('', 'gate_1'), ('road_1', 'road_1')])
def test_a_start_location_counts_again_only_when_it_is_another(ros, tmp_path, start, found):
    node = ros.start_graph(graph__state_directory=str(tmp_path), graph__robot_location='dock_1')
    tell(ros, robot_location='gate_1')
    first, _ = served(ros)
    cycle(ros, 'deactivate', 'cleanup')
    node.set_parameters([Parameter('graph.robot_location', value=start or 'dock_1')])
    cycle(ros, 'configure', 'activate')
    assert (node._owned.graph.robot_location, node._owned.epoch) == (found, first)
    assert node._owned.graph.revision == (2 if start else 1)


def test_a_state_that_is_lost_is_told_to_a_planner_that_comes_later(ros, tmp_path):
    folder = tmp_path / 'prism_scene_graph'
    folder.mkdir()
    (folder / 'snapshot.jsonl').write_text('{"schema_version": 1')
    ros.start_graph(graph__state_directory=str(tmp_path))
    ros.start_planner(planner__order=['symbolic'])
    statuses = ros.collect(PlanningStatus, 'planner_status')
    ros.spin_until(lambda: statuses and statuses[-1].state == PlanningStatus.DEGRADED)
    with recovery('disk: the graph that was kept is broken') as fault:
        response = plan(ros)
        fault.says(CODE_NAMES[response.error_code])
        assert response.plan.warnings
        tell(ros, robot_location='gate_1')
        ros.spin_until(lambda: statuses[-1].state == PlanningStatus.READY)
    assert (folder / 'broken_1.snapshot.jsonl').exists()


def test_a_full_disk_does_not_end_the_node(ros, tmp_path, monkeypatch):
    start_both(ros)
    node = ros.start_graph(namespace='full', graph__state_directory=str(tmp_path))
    lines = Lines()
    monkeypatch.setattr(node._state, '_logger', lines)
    monkeypatch.setattr(graph_state.os, 'write', fail_with(28))
    update = SceneGraphUpdate(robot_location='gate_1')
    with recovery('disk full: the journal of the graph') as fault:
        for revision in (1, 2):
            response = ros.call(UpdateGraph, 'full/update_graph', update=update)
            fault.says(CODE_NAMES[response.error_code])
            assert response.revision == revision
        ((level, line),) = lines.said
        assert (level, 'No space left' in line) == ('error', True)
        monkeypatch.undo()
        monkeypatch.setattr(node._state, '_logger', lines)
        monkeypatch.setattr(graph_state, 'RETRY_S', 0.0)
        fault.is_mended()
        assert ros.call(UpdateGraph, 'full/update_graph', update=update).success
        assert lines.said[-1][0] == 'info'  # it is kept again


def test_owners_of_two_namespaces_share_a_folder_without_meeting(ros, tmp_path):
    for name, region in (('robot1', 'field_2'), ('robot2', 'gate_1')):
        node = ros.start_graph(
            namespace=name,
            graph__state_directory=str(tmp_path),
            graph__robot_location=region,
        )
        assert node._owned.graph.robot_location == region
    assert {path.name for path in tmp_path.iterdir()} == {
        'robot1.prism_scene_graph',
        'robot2.prism_scene_graph',
    }


def test_each_start_of_an_owner_is_one_line_that_says_what_it_has(ros, log, tmp_path):  # noqa: F811
    for start, revision in enumerate(('revision 0', 'revision 1'), 1):
        with owner_process(ros, log, state_directory=tmp_path):
            ros.spin_until(lambda number=start: said(log).count(' ready: ') == number)
            line = said(log).splitlines()[-1]
            for words in ('regions and', 'the robot in ', revision, f'kept in {tmp_path}'):
                assert words in line
            tell(ros, robot_location='gate_1')
