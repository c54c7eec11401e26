"""Node prism_scene_graph: owns the scene graph, its revisions, its file and its picture in RViz.

Every change goes through `apply`: an update is taken whole or not at all, published as a delta, and
now and then followed by the whole graph, so that who joins late has the latched graph and every
delta since.
"""

from __future__ import annotations

from dataclasses import replace

from rclpy.clock import ClockType
from rclpy.duration import Duration
from rclpy.time import Time
from visualization_msgs.msg import MarkerArray

from prism_core import (
    GraphUpdate,
    RevisionConflict,
    SceneGraph,
    SceneGraphError,
    render_scene_graph,
)
from prism_msgs.msg import PlanErrorCode, SceneGraphUpdate
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.srv import GetSceneGraph, LoadSceneGraph, SaveSceneGraph, UpdateGraph
from prism_ros.conversions import (
    scene_graph_to_message,
    update_from_message,
    update_to_message,
)
from prism_ros.errors import Refusal
from prism_ros.graph_files import GraphFolder, load_scene_graph
from prism_ros.managed_node import ManagedNode, latched, run_node
from prism_ros.markers import make_markers
from prism_ros.parameters import SCENE_GRAPH_PARAMETERS

DELTAS_PER_GRAPH = 200  # less than the 256 deltas that are kept for who joins late
UPDATE_DEPTH = 256
GRAPH_PERIOD_S = 30
GREETINGS = 3
MARKER_PERIOD_S = 1.0


class SceneGraphNode(ManagedNode):
    """Serves and publishes one scene graph."""

    def __init__(self, **node_arguments):
        super().__init__('prism_scene_graph', SCENE_GRAPH_PARAMETERS, **node_arguments)
        self._graph = SceneGraph()
        self._folder = GraphFolder('', '')
        self._stamp = Time(
            clock_type=ClockType.ROS_TIME
        )  # of the last change: no two have the same
        self._deltas = 0  # since the whole graph was published
        self._seconds = 0
        self._subscribers = 0
        self._greetings = 0  # how often the graph is still to be published for who came last
        self._markers_are_old = True
        self._graph_publisher = self.create_publisher(SceneGraphMessage, 'scene_graph', latched())
        self._update_publisher = self.create_publisher(
            SceneGraphUpdate, 'scene_graph_updates', latched(UPDATE_DEPTH)
        )
        self._marker_publisher = self.create_publisher(
            MarkerArray, 'scene_graph/markers', latched()
        )
        self.serve(UpdateGraph, 'update_graph', self._update_graph)
        self.serve(GetSceneGraph, 'get_scene_graph', self._get_scene_graph)
        self.serve(LoadSceneGraph, 'load_scene_graph', self._load_scene_graph)
        self.serve(SaveSceneGraph, 'save_scene_graph', self._save_scene_graph)
        self.listen(SceneGraphUpdate, 'graph_updates', self._take_update, 100)
        self.every(MARKER_PERIOD_S, self._publish_what_is_old)

    def configure(self) -> None:
        """Load the file that the parameters name."""
        names = ('graph.directory', 'graph.file', 'graph.save_directory')
        self._folder = GraphFolder(*(self.get_parameter(name).value for name in names))
        file = self._folder.file
        graph = SceneGraph() if file is None else self._check_size(load_scene_graph(file))
        location = self.get_parameter('graph.robot_location').value
        self._replace(graph.at(location) if location else graph)

    def activate(self) -> None:
        """Publish the graph."""
        self._publish_graph()
        self._markers_are_old = True

    def _update_graph(self, request, response) -> None:
        try:
            self._apply(request.update)
        except SceneGraphError as error:
            response.rejected = list(error.problems)
            response.error_code = _code_of(error)
            response.error_msg = str(error)
        else:
            response.success = True
        response.revision = self._graph.revision

    def _get_scene_graph(self, request, response) -> None:
        graph = self._graph
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
        graph, path = self._folder.load(request.file)
        self._replace(self._check_size(graph).with_revision(self._graph.revision + 1))
        self._folder.file = path
        self._publish_graph()
        response.success, response.revision = True, self._graph.revision

    def _save_scene_graph(self, request, response) -> None:
        path = self._folder.save(self._graph, request.file)
        response.success, response.path = True, str(path)
        response.revision = self._graph.revision

    def _take_update(self, message: SceneGraphUpdate) -> None:
        if not (self.is_active and self.get_parameter('graph.accept_topic_updates').value):
            return
        try:
            self._apply(message)
        except (SceneGraphError, Refusal) as error:
            self.get_logger().warning(
                f"update from '{message.source[:64]}' refused: {error}", throttle_duration_sec=1.0
            )

    def _apply(self, message: SceneGraphUpdate) -> None:
        update = update_from_message(message)
        before = self._graph
        self._replace(self._check_size(before.apply(update)))
        self._publish_update(
            replace(update, base_revision=before.revision, revision=self._graph.revision)
        )

    def _check_size(self, graph: SceneGraph) -> SceneGraph:
        limit = self.get_parameter('graph.max_nodes').value
        if len(graph.nodes) > limit:
            raise Refusal(
                PlanErrorCode.GRAPH_TOO_LARGE,
                f'the graph would have {len(graph.nodes)} nodes; graph.max_nodes allows {limit}',
            )
        return graph

    def _replace(self, graph: SceneGraph) -> None:
        self._graph = graph
        self._stamp = max(self.get_clock().now(), self._stamp + Duration(nanoseconds=1))
        self._markers_are_old = True

    def _publish_update(self, update: GraphUpdate) -> None:
        message = update_to_message(update)
        message.header.stamp = self._stamp.to_msg()
        self._update_publisher.publish(message)
        self._deltas += 1
        if self._deltas >= DELTAS_PER_GRAPH:
            self._publish_graph()

    def _publish_graph(self) -> None:
        self._graph_publisher.publish(self._to_message(self._graph))
        self._deltas = self._seconds = 0

    def _to_message(self, graph: SceneGraph) -> SceneGraphMessage:
        """The message, stamped with the last change, which tells one state from another."""
        message = scene_graph_to_message(graph)
        message.header.stamp = self._stamp.to_msg()
        return message

    def _publish_what_is_old(self) -> None:
        if not self.is_active:
            return
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
            self._marker_publisher.publish(make_markers(self._graph, self._stamp.to_msg()))
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
