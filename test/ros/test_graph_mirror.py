# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message

from prism_core import GraphUpdate, Node, SceneGraph, SceneGraphError
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.msg import SceneGraphUpdate
from prism_ros.conversions import scene_graph_to_message, update_from_message, update_to_message
from prism_ros.graph_mirror import KEPT_UPDATES, GraphMirror, Version, read_version

from ..core import strategies
from .message_strategies import patient, travelled


class Owner:
    """What prism_scene_graph puts on its two topics; `states` are the graphs that it had."""

    def __init__(self, graph: SceneGraph):
        self.graphs: list[bytes] = []
        self.deltas: list[SceneGraphUpdate] = []
        self.states: list[SceneGraph] = []
        self._epoch = 5
        self.restart(graph)

    @property
    def graph(self) -> SceneGraph:
        return self.states[-1]

    def restart(self, graph: SceneGraph, epoch: int = 0) -> None:
        """A new process, with another file and a revision of its own; clocks may be set back."""
        self._epoch = epoch or (self._epoch + 3) % 7 + 1
        self.states.append(graph)
        self.publish()

    def resume(self) -> None:
        """A new process that has the state of the one before."""
        self.publish()

    def load(self, graph: SceneGraph) -> None:
        self.states.append(graph.with_revision(self.graph.revision + 1))
        self.publish()

    def update(self, update: GraphUpdate) -> None:
        update = update_from_message(travelled(update_to_message(update)))
        before = self.graph
        try:
            self.states.append(before.apply(update))
        except SceneGraphError:
            return
        message = update_to_message(
            replace(update, base_revision=before.revision, revision=self.graph.revision)
        )
        self.deltas.append(self._of_epoch(message))

    def publish(self) -> None:
        self.graphs.append(serialize_message(self._of_epoch(scene_graph_to_message(self.graph))))

    def _of_epoch(self, message):
        message.epoch = self._epoch
        return message


def follow(mirror: GraphMirror, message) -> bool:
    """Hand over a message of either topic; what the mirror says must be what it did."""
    before = mirror.graph
    take = mirror.take_graph if isinstance(message, bytes) else mirror.take_update
    has_changed = take(message)
    assert has_changed == (mirror.graph is not before)
    return has_changed


graphs = st.builds(
    SceneGraph,
    st.lists(
        st.builds(Node, st.sampled_from('abcde'), st.just('region'), strategies.positions),
        unique_by=lambda node: node.name,
    ),
    revision=st.integers(0, 3),
)
updates = st.builds(
    replace,
    strategies.updates,
    set_attributes=st.dictionaries(
        st.sampled_from('abcde'),
        st.dictionaries(
            st.sampled_from(['description', 'state']), st.sampled_from(['open', '3', ''])
        ),
        max_size=1,
    ),
)
orders = st.lists(st.booleans(), max_size=30)


def scripts(*replacements: str) -> st.SearchStrategy[list]:
    """What an owner lives through: mostly updates, many of them valid."""
    update = st.tuples(st.just('update'), updates)
    replace_graph = st.tuples(st.sampled_from(replacements), graphs)
    return st.lists(
        update | update | st.sampled_from([('publish',), ('resume',)]) | replace_graph, max_size=12
    )


def live(owner: Owner, script: list) -> Owner:
    for event, *arguments in script:
        getattr(owner, event)(*arguments)
    return owner


def merge(owner: Owner, takes_graph: list[bool]) -> list:
    """Both topics, each in its order; the flags say which of them the next message comes from."""
    graphs, deltas, merged = list(owner.graphs), list(owner.deltas), []
    for flag in takes_graph:
        queue = graphs if flag else deltas
        if queue:
            merged.append(queue.pop(0))
    return merged + deltas + graphs


@patient
@given(graphs, scripts('load'), orders)
def test_whatever_the_topics_overtake_the_mirror_is_where_the_owner_was_and_ends_where_it_is(
    graph, script, order
):
    owner = live(Owner(graph), script)
    mirror = GraphMirror()
    for message in merge(owner, order):
        follow(mirror, message)
        assert mirror.graph is None or mirror.graph in owner.states
    assert mirror.graph == owner.graph


@patient
@given(graphs, scripts('load', 'restart'), orders)
def test_over_restarts_of_the_owner_with_any_revision_the_mirror_ends_in_its_graph(
    graph, script, order
):
    owner = live(Owner(graph), script)
    mirror = GraphMirror()
    for message in merge(owner, order):
        follow(mirror, message)
        assert mirror.graph is None or mirror.graph in owner.states
    assert mirror.graph == owner.graph


@patient
@given(graphs, scripts('load'), st.data())
def test_in_any_order_however_often_the_messages_lead_to_the_owners_graph(graph, script, data):
    owner = live(Owner(graph), script)
    twice = [*owner.graphs, *owner.deltas] * 2
    mirror = GraphMirror()
    for message in data.draw(st.permutations(twice)):
        follow(mirror, message)
        assert mirror.graph is None or mirror.graph in owner.states
    assert mirror.graph == owner.graph


@patient
@given(graphs, scripts('load'), orders, st.integers(0, 12))
def test_who_joins_late_gets_there_from_the_last_graph_and_the_deltas(graph, script, order, missed):
    owner = live(Owner(graph), script)
    del owner.graphs[: min(missed, len(owner.graphs) - 1)]
    mirror = GraphMirror()
    for message in merge(owner, order):
        follow(mirror, message)
    assert mirror.graph == owner.graph


# One case each ------------------------------------------------------------------------------------


def upsert(name: str) -> GraphUpdate:
    return GraphUpdate(upsert_nodes=(Node(name, 'region', (0, 0)),))


@pytest.fixture
def owner() -> Owner:
    return Owner(SceneGraph([Node('a', 'region', (0, 0))], revision=7))


@pytest.fixture
def mirror(owner) -> GraphMirror:
    """A mirror of the owner's first graph."""
    mirror = GraphMirror()
    assert follow(mirror, owner.graphs[0])
    return mirror


def test_what_became_known_of_a_node_reaches_the_mirror(owner, mirror):
    owner.update(GraphUpdate(set_attributes={'a': {'description': 'wet', 'mapped': True}}))
    assert follow(mirror, owner.deltas[0])
    node = mirror.graph.nodes['a']
    assert (node.description, dict(node.attributes)) == ('wet', {'mapped': True})


def test_before_the_first_graph_deltas_are_kept(owner):
    mirror = GraphMirror()
    owner.update(upsert('b'))
    assert not follow(mirror, owner.deltas[0])
    assert mirror.graph is None
    assert follow(mirror, owner.graphs[0])
    assert mirror.graph == owner.graph
    assert mirror.epoch == owner.deltas[0].epoch


def test_what_is_known_changes_nothing(owner, mirror):
    owner.update(upsert('b'))
    assert follow(mirror, owner.deltas[0])
    owner.publish()
    assert [follow(mirror, message) for message in (*owner.deltas, *owner.graphs)] == [False] * 3
    assert mirror.graph == owner.graph


def test_a_known_graph_is_not_even_deserialized(owner, mirror):
    before = mirror.graph
    owner.update(upsert('b'))
    follow(mirror, owner.deltas[0])
    owner.publish()
    assert not follow(mirror, owner.graphs[-1][:44] + b'broken')
    assert not follow(mirror, owner.graphs[0][:44] + b'broken')
    assert mirror.graph != before


def test_after_a_lost_delta_the_next_graph_brings_the_mirror_back(owner, mirror):
    for name in 'bcd':
        owner.update(upsert(name))
    assert [follow(mirror, message) for message in owner.deltas[1:]] == [False, False]
    assert list(mirror.graph.nodes) == ['a']
    owner.publish()
    owner.update(upsert('e'))
    assert follow(mirror, owner.graphs[-1])
    assert follow(mirror, owner.deltas[-1])
    assert list(mirror.graph.nodes) == ['a', 'b', 'c', 'd', 'e']


@pytest.mark.parametrize('revision', [0, 7, 99])
def test_the_graph_of_a_restarted_owner_counts_whatever_its_revision(owner, mirror, revision):
    owner.restart(SceneGraph([Node('z', 'region', (0, 0))], revision=revision))
    assert follow(mirror, owner.graphs[-1])
    assert mirror.graph == owner.graph


@pytest.mark.parametrize('epoch', [1, 4, 6, 2**64 - 1])
def test_another_epoch_counts_whether_it_is_larger_or_smaller(owner, mirror, epoch):
    owner.restart(SceneGraph([Node('z', 'region', (0, 0))], revision=7), epoch)
    assert follow(mirror, owner.graphs[-1])
    assert (mirror.graph, mirror.epoch) == (owner.graph, epoch)


def test_a_delta_that_overtakes_the_graph_of_its_owner_waits_for_it(owner, mirror):
    owner.restart(SceneGraph([Node('z', 'region', (0, 0))], revision=7))
    owner.update(upsert('b'))
    owner.update(GraphUpdate(remove_nodes=('z',)))
    assert [follow(mirror, message) for message in owner.deltas] == [False, False]
    assert list(mirror.graph.nodes) == ['a']
    assert follow(mirror, owner.graphs[-1])
    assert list(mirror.graph.nodes) == ['b']


def test_a_delta_of_a_former_owner_is_never_applied(owner, mirror):
    owner.update(upsert('b'))
    owner.restart(SceneGraph([Node('z', 'region', (0, 0))], revision=7))
    assert follow(mirror, owner.graphs[-1])
    assert not follow(mirror, owner.deltas[0])
    assert list(mirror.graph.nodes) == ['z']


def test_an_owner_that_resumes_its_epoch_changes_nothing_for_who_heard_it(owner, mirror):
    owner.update(upsert('b'))
    assert follow(mirror, owner.deltas[0])
    owner.resume()
    assert not follow(mirror, owner.graphs[-1])
    owner.update(upsert('c'))
    assert follow(mirror, owner.deltas[-1])
    assert mirror.graph == owner.graph


def test_a_poisonous_delta_raises_once_and_the_next_graph_goes_on(owner, mirror):
    owner.update(upsert('b'))
    owner.update(upsert('c'))
    poison, after = owner.deltas
    poison.upsert_nodes[0].type = 0
    with pytest.raises(SceneGraphError, match="node 'b': type must be"):
        mirror.take_update(poison)
    assert list(mirror.graph.nodes) == ['a']
    assert not follow(mirror, after)
    owner.publish()
    assert follow(mirror, owner.graphs[-1])
    assert mirror.graph == owner.graph
    owner.update(upsert('d'))
    assert follow(mirror, owner.deltas[-1])


def test_a_poisonous_graph_leaves_the_mirror_as_it_was(owner, mirror):
    before = mirror.graph
    owner.load(SceneGraph([Node('z', 'region', (0, 0))]))
    message = deserialize_message(owner.graphs[-1], SceneGraphMessage)
    message.nodes[0].type = 0
    with pytest.raises(SceneGraphError, match="node 'z': type must be"):
        mirror.take_graph(serialize_message(message))
    assert mirror.graph is before
    assert follow(mirror, owner.graphs[-1])
    assert mirror.graph == owner.graph


def test_no_more_deltas_are_kept_than_are_latched(owner):
    mirror = GraphMirror()
    for _ in range(KEPT_UPDATES + 1):
        owner.update(upsert('b'))
        assert not follow(mirror, owner.deltas[-1])
    assert follow(mirror, owner.graphs[0])
    assert mirror.graph.revision == 7  # the first delta was dropped, so none fits
    owner.publish()
    assert follow(mirror, owner.graphs[-1])
    assert mirror.graph == owner.graph


def test_a_graph_that_comes_behind_all_its_deltas_does_not_turn_the_mirror_back(owner, mirror):
    owner.update(upsert('b'))
    owner.publish()
    for _ in range(KEPT_UPDATES):
        owner.update(upsert('c'))
    assert all(follow(mirror, message) for message in owner.deltas)
    assert not follow(mirror, owner.graphs[-1])
    assert mirror.graph == owner.graph


# The version of a serialized message --------------------------------------------------------------

versions = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))


@given(versions, st.text(st.characters(codec='ascii', min_codepoint=1), max_size=9), st.text('x'))
def test_the_version_is_read_from_the_bytes_of_a_graph(version, frame, map_id):
    message = SceneGraphMessage(map_id=map_id[:64], epoch=version[0], revision=version[1])
    message.header.frame_id = frame
    assert read_version(serialize_message(message)) == version


@given(versions)
def test_the_version_is_read_in_either_byte_order(version):
    raw = bytes([0, 0, 0, 0]) + struct.pack('>iII4sIs3xQQ', 1, 2, 4, b'map', 1, b'', *version)
    assert read_version(raw) == Version(*version)
