# SPDX-License-Identifier: Apache-2.0
"""Node prism_scene_graph: owns the scene graph, its revisions, its file and its picture in RViz.

Every change goes through `apply`: an update is taken whole or not at all, published as a delta, and
now and then followed by the whole graph, so that who joins late has the latched graph and every
delta since. A heartbeat tells that the owner lives when nothing changes. What it owns is kept in
parameter `graph.state_directory`, so that a restart loses nothing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PointStamped
from visualization_msgs.msg import MarkerArray

from prism_core import (
    GraphUpdate,
    RevisionConflict,
    SceneGraph,
    SceneGraphError,
    render_scene_graph,
)
from prism_core.inference.planning_domain import find_planning_domain
from prism_msgs.msg import PlanErrorCode, SceneGraphUpdate
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.srv import GetSceneGraph, LoadSceneGraph, SaveSceneGraph, UpdateGraph
from prism_ros.clicks import take_click
from prism_ros.conversions import (
    FRAME,
    scene_graph_to_message,
    update_from_message,
    update_to_message,
)
from prism_ros.diagnostics import judge_graph, make_diagnostic
from prism_ros.errors import Refusal
from prism_ros.graph_files import GraphFolder, load_scene_graph
from prism_ros.graph_intake import GraphIntake
from prism_ros.graph_state import GraphState, OwnedGraph, new_epoch, origin_of
from prism_ros.lost_messages import LostMessages
from prism_ros.managed_node import ManagedNode, latched, run_node
from prism_ros.markers import make_markers
from prism_ros.parameters import SCENE_GRAPH_PARAMETERS

DELTAS_PER_GRAPH = 200  # less than the 256 deltas that are kept for who joins late
UPDATE_DEPTH = 256
BURST_DEPTH = 4096  # updates that can wait; the queue takes memory for those that do
GRAPH_PERIOD_S = 30
GREETINGS = 3
TICK_S = 1.0  # heartbeat and markers


class SceneGraphNode(ManagedNode):
    """Serves and publishes one scene graph."""

    def __init__(self, **node_arguments):
        super().__init__('prism_scene_graph', SCENE_GRAPH_PARAMETERS, **node_arguments)
        self._owned = OwnedGraph(SceneGraph(), epoch=0)
        self._state = GraphState(None, self.get_logger())
        self._folder = GraphFolder('', '')
        self._first_file: Path | None = None  # that the graph was first made from
        self._stamp = self.get_clock().now()  # of the last change
        self._deltas = 0  # since the whole graph was published
        self._seconds = 0
        self._subscribers = 0
        self._greetings = 0  # how often the graph is still to be published for who came last
        self._markers_are_old = True
        self._graph_publisher = self.create_publisher(SceneGraphMessage, 'scene_graph', latched())
        self._update_publisher = self.create_publisher(
            SceneGraphUpdate, 'scene_graph_updates', latched(UPDATE_DEPTH)
        )
        self._heartbeat_publisher = self.create_publisher(
            SceneGraphUpdate, 'scene_graph/heartbeat', latched()
        )
        self._marker_publisher = self.create_publisher(
            MarkerArray, 'scene_graph/markers', latched()
        )
        self.serve(UpdateGraph, 'update_graph', self._update_graph)
        self.serve(GetSceneGraph, 'get_scene_graph', self._get_scene_graph)
        self.serve(LoadSceneGraph, 'load_scene_graph', self._load_scene_graph)
        self.serve(SaveSceneGraph, 'save_scene_graph', self._save_scene_graph)
        self._updates = self.listen(
            SceneGraphUpdate, 'graph_updates', self._take_update, BURST_DEPTH, with_info=True
        )
        self._clicked: str | None = None  # the region that was clicked last
        self.listen(PointStamped, 'clicked_point', self._take_click, BURST_DEPTH)
        self._intake = GraphIntake(self, lambda: self._owned.graph, self._change)
        self._losses = LostMessages()
        self._lost = 0  # updates that never came, since that was last said
        self._lost_before = 0  # and until then
        self.every(TICK_S, self._tick)

    def configure(self) -> None:
        """Take up the graph that was kept, or load the file that the parameters name."""
        names = ('graph.directory', 'graph.file', 'graph.save_directory')
        directory, setting, save_directory = (self.get_parameter(name).value for name in names)
        self._folder = GraphFolder(directory, setting, save_directory, self._find_packaged)
        file = self._first_file = self._folder.file
        say = self.get_logger().info
        fresh = SceneGraph() if file is None else self._check_size(load_scene_graph(file, say=say))
        origin = origin_of(setting, file)
        start = self.get_parameter('graph.robot_location').value
        self._state = GraphState(self._state_folder(), self.get_logger())
        try:
            owned = self._state.restore(origin)
            if owned is None:
                epoch = new_epoch(max(self._owned.epoch, self._state.last_epoch))
                graph = fresh.at(start) if start else fresh
                owned = OwnedGraph(graph, epoch, origin, start, self._state.is_lost)
            elif start != owned.start:
                told = GraphUpdate(robot_location=start or None)
                owned = replace(owned.after(told) if start else owned, start=start)
            self._check_size(owned.graph)
        except (SceneGraphError, Refusal):
            self._state.close()
            raise
        self._replace(owned)
        self._state.save(owned)

    def _find_packaged(self) -> Path | None:
        return find_planning_domain(self.get_parameter('domain').value).graphs

    def activate(self) -> None:
        """Publish the graph, and say which one it is."""
        self._publish_graph()
        self._publish_heartbeat()
        self._markers_are_old = True
        graph, folder = self._owned.graph, self._state_folder()
        parts = [
            f'{len(graph.regions)} regions and {len(graph.objects)} objects',
            f'the robot in {graph.robot_location}' if graph.robot_location else 'no robot location',
            f'revision {graph.revision}',
            f'kept in {folder}' if folder else 'not kept over a restart',
            *(['what was known before is lost'] if self._owned.is_lost else []),
        ]
        self.get_logger().info(f'{self.get_name()} ready: {", ".join(parts)}')

    def deactivate(self) -> None:
        """Keep the graph."""
        self._state.save(self._owned)

    def cleanup(self) -> None:
        """Keep the graph, and let go of the folder."""
        self._state.save(self._owned, is_closed=True)
        self._state.close()

    def diagnose(self) -> list[DiagnosticStatus]:
        """Whether the graph can be relied on, and is kept."""
        folder = self._state_folder()
        doubts = [
            *(['what was known before is lost'] if self._owned.is_lost else []),
            *([f'it cannot be kept in {folder}'] if self._state.is_failing else []),
            *self._intake.doubts,
        ]
        level, message, values = judge_graph(self._owned.graph, doubts)
        values |= {
            'epoch': self._owned.epoch,
            'kept in': folder or '',
            'updates lost since the start': self._lost_before + self._lost,
        }
        return [make_diagnostic(self, 'scene graph', level, message, values)]

    def destroy_node(self) -> None:
        """Keep the graph, then free everything."""
        self.cleanup()
        super().destroy_node()

    def _state_folder(self) -> Path | None:
        """The folder of this node alone in that of the parameter."""
        directory = self.get_parameter('graph.state_directory').value
        if not directory:
            return None
        name = self.get_fully_qualified_name().strip('/').replace('/', '.')
        return Path(directory).expanduser() / name

    def _update_graph(self, request, response) -> None:
        try:
            self._apply(request.update)
        except SceneGraphError as error:
            response.rejected = list(error.problems)
            response.error_code = _code_of(error)
            response.error_msg = str(error)
        else:
            response.success = True
        response.revision = self._owned.graph.revision

    def _get_scene_graph(self, request, response) -> None:
        graph = self._owned.graph
        if request.near:
            if request.near not in graph.nodes:
                raise Refusal(
                    PlanErrorCode.UNKNOWN_NODE, f"the scene graph does not contain '{request.near}'"
                )
            graph = graph.neighborhood(request.near, request.hops)
        if request.as_json:
            response.json = render_scene_graph(graph)
        else:
            response.graph = self._to_message(graph)
        response.success = True

    def _load_scene_graph(self, request, response) -> None:
        graph, path = self._folder.load(request.file, self.get_logger().info)
        graph = self._check_size(graph).with_revision(self._owned.graph.revision + 1)
        self._replace(replace(self._owned, graph=graph))
        self._state.save(self._owned)
        self._folder.file = path
        self._publish_graph()
        response.success, response.revision = True, graph.revision

    def _save_scene_graph(self, request, response) -> None:
        path = self._folder.save(self._owned.graph, request.file)
        if path == self._first_file:  # it is no change that would need the graph made anew
            origin = origin_of(self._owned.origin.file, path)
            self._owned = replace(self._owned, origin=origin)
            self._state.save(self._owned)
        response.success, response.path = True, str(path)
        response.revision = self._owned.graph.revision

    def _take_update(self, message: SceneGraphUpdate, info: dict) -> None:
        lost = self._losses.count(
            info.get('publication_sequence_number'), self._updates.get_publisher_count()
        )
        if not (self.is_active and self.get_parameter('graph.accept_topic_updates').value):
            return
        self._lost += lost
        try:
            self._apply(message)
        except (SceneGraphError, Refusal) as error:
            self.get_logger().warning(
                f"update from '{message.source[:64]}' refused: {error}", throttle_duration_sec=1.0
            )

    def _take_click(self, message: PointStamped) -> None:
        name = self.get_parameter('clicked.name').value
        if not (self.is_active and name):
            return
        point = (message.point.x, message.point.y, message.point.z)
        try:
            if message.header.frame_id != FRAME:
                raise Refusal(
                    PlanErrorCode.INVALID_GRAPH_UPDATE,
                    f"expected a point in frame '{FRAME}', got one in "
                    f"'{message.header.frame_id[:64]}'; set the Fixed Frame of RViz to {FRAME}",
                )
            click = take_click(
                self._owned.graph,
                point,
                name=name,
                kind=self.get_parameter('clicked.kind').value,
                last=self._clicked,
            )
            if click.update is not None:
                self._change(click.update)
        except (SceneGraphError, Refusal) as error:
            self.get_logger().warning(f'click refused: {error}', throttle_duration_sec=1.0)
        else:
            self._clicked = click.last
            self.get_logger().info(f'click: {click.said}')

    def _apply(self, message: SceneGraphUpdate) -> None:
        epoch = self._owned.epoch
        if message.epoch not in (0, epoch):
            raise RevisionConflict(
                f'the update was made for epoch {message.epoch} of the scene graph, this is epoch '
                f'{epoch}; read it again'
            )
        self._intake.bring_to_map(message)
        self._change(update_from_message(message))

    def _change(self, update: GraphUpdate) -> None:
        before = self._owned.graph.revision
        owned = self._owned.after(update)
        self._check_size(owned.graph)
        self._state.record(update, owned)
        self._replace(owned)
        self._publish_update(replace(update, base_revision=before, revision=owned.graph.revision))

    def _check_size(self, graph: SceneGraph) -> SceneGraph:
        limit = self.get_parameter('graph.max_nodes').value
        if len(graph.nodes) > limit:
            raise Refusal(
                PlanErrorCode.GRAPH_TOO_LARGE,
                f'the graph would have {len(graph.nodes)} nodes; graph.max_nodes allows {limit}',
            )
        return graph

    def _replace(self, owned: OwnedGraph) -> None:
        self._owned = owned
        self._stamp = self.get_clock().now()
        self._markers_are_old = True

    def _publish_update(self, update: GraphUpdate) -> None:
        message = update_to_message(update)
        message.header.stamp = self._stamp.to_msg()
        message.epoch = self._owned.epoch
        self._update_publisher.publish(message)
        self._deltas += 1
        if self._deltas >= DELTAS_PER_GRAPH:
            self._publish_graph()

    def _publish_graph(self) -> None:
        self._graph_publisher.publish(self._to_message(self._owned.graph))
        self._deltas = self._seconds = 0

    def _to_message(self, graph: SceneGraph) -> SceneGraphMessage:
        """The message, stamped with the last change."""
        message = scene_graph_to_message(graph)
        message.header.stamp = self._stamp.to_msg()
        message.epoch = self._owned.epoch
        return message

    def _publish_heartbeat(self) -> None:
        """Tell that the owner lives, at which revision, and where the robot is.

        That is left out after a loss, until an update tells it.
        """
        graph = self._owned.graph
        location = None if self._owned.is_lost else graph.robot_location
        beat = GraphUpdate(
            robot_location=location, base_revision=graph.revision, revision=graph.revision
        )
        message = update_to_message(beat)
        message.header.stamp = self.get_clock().now().to_msg()
        message.epoch = self._owned.epoch
        self._heartbeat_publisher.publish(message)

    def _tick(self) -> None:
        if not self.is_active:
            return
        self._publish_heartbeat()
        self._intake.tick()
        if self._lost:
            self.get_logger().warning(
                f'{self._lost} updates on topic graph_updates were lost: at most {BURST_DEPTH} can '
                'wait; send several changes in one update, or use service update_graph'
            )
            self._lost_before += self._lost
            self._lost = 0
        self._seconds += 1
        # A best-effort subscriber, such as `ros2 topic echo` makes, gets nothing that is latched,
        # and not what is published while its side of the match is still under way.
        subscribers = self._graph_publisher.get_subscription_count()
        if subscribers > self._subscribers:
            self._greetings = GREETINGS
        self._subscribers = subscribers
        is_due = self._deltas and self._seconds >= GRAPH_PERIOD_S
        if self._greetings or is_due:
            self._greetings = max(0, self._greetings - 1)
            self._publish_graph()
        if self._markers_are_old:
            self._marker_publisher.publish(make_markers(self._owned.graph, self._stamp.to_msg()))
            self._markers_are_old = False


def _code_of(error: SceneGraphError) -> int:
    if isinstance(error, RevisionConflict):
        return PlanErrorCode.REVISION_CONFLICT
    return PlanErrorCode.INVALID_GRAPH_UPDATE


def main() -> None:
    """Run the node."""
    run_node(SceneGraphNode)


if __name__ == '__main__':
    main()
