from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from rclpy.serialization import serialize_message

from prism_core import GraphUpdate, Node, SceneGraph, SceneGraphError
from prism_msgs.msg import SceneGraphUpdate
from prism_ros.conversions import scene_graph_to_message, update_from_message, update_to_message
from prism_ros.graph_mirror import GraphMirror

from ..core import strategies
from .message_strategies import travelled


class Owner:
    """What prism_scene_graph puts on its two topics; `states` are the graphs that it had."""

    def __init__(self, graph: SceneGraph):
        self.graphs: list[bytes] = []
        self.deltas: list[SceneGraphUpdate] = []
        self.states: list[SceneGraph] = []
        self._now = 0
        self.restart(graph)

    @property
    def graph(self) -> SceneGraph:
        return self.states[-1]

    def restart(self, graph: SceneGraph) -> None:
        """A new process, with another file and a revision of its own."""
        self._replace(graph)
        self.publish()

    def load(self, graph: SceneGraph) -> None:
        self.restart(graph.with_revision(self.graph.revision + 1))

    def update(self, update: GraphUpdate) -> None:
        update = update_from_message(travelled(update_to_message(update)))
        before = self.graph
        try:
            self._replace(before.apply(update))
        except SceneGraphError:
            return
        message = update_to_message(
            replace(update, base_revision=before.revision, revision=self.graph.revision)
        )
        self.deltas.append(self._stamped(message))

    def publish(self) -> None:
        self.graphs.append(serialize_message(self._stamped(scene_graph_to_message(self.graph))))

    def _replace(self, graph: SceneGraph) -> None:
        self.states.append(graph)
        self._now += 1

    def _stamped(self, message):
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(self._now, 3)
        return message


def follow(mirror: GraphMirror, messages) -> Iterator[bool]:
    """Hand over messages; for each, whether the mirror says that it brought a change."""
    for message in messages:
        before = mirror.graph
        take = mirror.take_graph if isinstance(message, bytes) else mirror.take_update
        has_changed = take(message)
        assert has_changed == (mirror.graph is not before)
        yield has_changed


GRAPHS = st.builds(
    SceneGraph,
    st.lists(
        st.builds(Node, st.sampled_from('abcde'), st.just('region'), strategies.positions),
        unique_by=lambda node: node.name,
    ),
    revision=st.integers(0, 3),
)
ORDERS = st.lists(st.booleans(), max_size=30)


def merged(owner: Owner, takes_graph: list[bool]) -> list:
    """Both topics, each in its order; the flags say from which one the next message comes."""
    graphs, deltas, messages = list(owner.graphs), list(owner.deltas), []
    for flag in takes_graph:
        queue = graphs if flag else deltas
        if queue:
            messages.append(queue.pop(0))
    return messages + deltas + graphs


def events(*names: str) -> st.SearchStrategy[list]:
    event = st.tuples(st.just('update'), strategies.updates)
    return st.lists(
        event
        | event
        | st.sampled_from([(name,) for name in names if name == 'publish'])
        | st.tuples(st.sampled_from([n for n in names if n != 'publish']), GRAPHS),
        max_size=12,
    )


def play(owner: Owner, script: list) -> None:
    for name, *arguments in script:
        getattr(owner, name)(*arguments)


@given(GRAPHS, events('publish', 'load'), ORDERS)
@settings(deadline=None)
def test_however_the_topics_overtake_each_other_the_mirror_ends_in_the_graph_of_the_owner(
    graph, script, order
):
    owner = Owner(graph)
    play(owner, script)
    mirror = GraphMirror()
    for _ in follow(mirror, merged(owner, order)):
        assert mirror.graph is None or mirror.graph in owner.states
    assert mirror.graph == owner.graph


@given(GRAPHS, events('publish', 'load', 'restart'), ORDERS)
@settings(deadline=None, max_examples=2000)
def test_restart(graph, script, order):
    owner = Owner(graph)
    play(owner, script)
    mirror = GraphMirror()
    for message in merged(owner, order):
        try:
            list(follow(mirror, [message]))
        except SceneGraphError:
            pass
    assert mirror.graph == owner.graph
