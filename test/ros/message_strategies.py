# SPDX-License-Identifier: Apache-2.0
"""Arbitrary valid messages of prism_msgs, and the wire that they travel over."""

from __future__ import annotations

import json
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import KeyValue
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from hypothesis import settings
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header

from prism_core import ActionSpec, ActionTable, ArgumentKind, ArgumentSpec
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.graph.elements import MAX_COORDINATE_M, NODE_KEYS
from prism_msgs.msg import (
    NodeAttributes,
    Observation,
    Plan,
    PlanStep,
    SceneEdge,
    SceneGraph,
    SceneGraphUpdate,
    SceneNode,
    Turn,
)

from ..core.strategies import any_names, json_values, nasty_texts

patient = settings(deadline=None)

FIELDS = 'semantic_class', 'z_m', 'orientation', 'extent_m', 'confidence', 'last_seen', 'source'
"""The attributes that a SceneNode has fields for."""

LIKE_JSON = (
    *('3', '-3', '3.0', '1e5', '-0', '007', '1e999', 'true', 'false', 'null', 'nan'),
    *('NaN', '-Infinity', '"x"', '"3"', '"\\"3\\""', '[1]', '[1, 2]', '[1,2]', '{"a": 1}', '{}'),
    *('{"a": 1, "a": 2}', '["\\ud800"]', '{"\\ud800": 1}', '"\\ud800"', '[NaN]', '[1e999]'),
    *('[' * 13 + ']' * 13, '[' * 14 + ']' * 14),
    *('"a\\u0000b"', '"\\u0000"', '"\\u00e9"', '"é"', '"', '[', '{', '²'),
)
"""Texts that are JSON, nearly JSON, or JSON that no scene graph can hold."""


def travelled(message: Any) -> Any:
    """The message as it arrives: serialized and deserialized."""
    return deserialize_message(serialize_message(message), type(message))


def ros_texts(max_chars: int) -> st.SearchStrategy[str]:
    texts = st.text(max_size=min(max_chars, 30)) | nasty_texts | st.sampled_from(LIKE_JSON)
    return texts.map(lambda text: text.replace('\0', '')[:max_chars])


doubles = st.floats(allow_nan=False, allow_infinity=False)
singles = st.floats(-(2.0**127), 2.0**127, width=32)
coordinates = st.floats(-MAX_COORDINATE_M, MAX_COORDINATE_M)
lengths = st.floats(0, allow_infinity=False)
costs = st.just(-1.0) | st.floats(0, 1e6, width=32)
times = st.builds(Time, sec=st.integers(-(2**31), 2**31 - 1), nanosec=st.integers(0, 10**9 - 1))
revisions = st.integers(0, 2**63 - 1)
headers = st.just(Header(frame_id='map'))

_keys = ros_texts(64).filter(lambda key: key not in (*NODE_KEYS, *FIELDS))
_values = ros_texts(200) | json_values.map(json.dumps)
_pairs = st.lists(
    st.builds(KeyValue, key=_keys, value=_values),
    max_size=4,
    unique_by=lambda pair: pair.key,
)


def nodes(ids: st.SearchStrategy[str] = any_names) -> st.SearchStrategy[SceneNode]:
    """Nodes with any value in any field."""
    pose = st.builds(
        Pose,
        position=st.builds(Point, x=coordinates, y=coordinates, z=doubles),
        orientation=st.builds(Quaternion, x=doubles, y=doubles, z=doubles, w=doubles)
        | st.just(Quaternion()),
    )
    return st.builds(
        SceneNode,
        id=ids,
        type=st.sampled_from([SceneNode.TYPE_REGION, SceneNode.TYPE_OBJECT]),
        semantic_class=ros_texts(64),
        description=ros_texts(1024),
        pose=pose,
        extent=st.builds(Vector3, x=doubles, y=doubles, z=doubles) | st.just(Vector3()),
        confidence=singles | st.just(1.0),
        last_seen=times | st.just(Time()),
        source=ros_texts(64),
        attributes=_pairs,
    )


PLACEMENTS = SceneEdge.KIND_IN, SceneEdge.KIND_ON, SceneEdge.KIND_HELD


@st.composite
def scene_graphs(draw) -> SceneGraph:
    """Graphs whose edges and robot location fit the nodes, kinds interleaved as they come."""
    drawn = draw(st.lists(nodes(), max_size=6, unique_by=lambda node: node.id))
    kinds = {node.id: node.type for node in drawn}
    ends = [(a, b) for a in kinds for b in kinds if a != b]
    chosen = draw(st.lists(st.sampled_from(ends), unique_by=frozenset)) if ends else []
    regions = [name for name, kind in kinds.items() if kind == SceneNode.TYPE_REGION]
    edges, placed = [], set()
    for a, b in chosen:
        fitting = _fitting_kinds(a, b, kinds, is_placed=a in placed)
        if not fitting:
            continue
        kind = draw(st.sampled_from(fitting))
        if kind in PLACEMENTS:
            placed.add(a)
        cost = -1.0 if kind in PLACEMENTS else draw(costs)
        edges.append(SceneEdge(source=a, target=b, kind=kind, cost=cost))
    return SceneGraph(
        header=draw(headers),
        map_id=draw(ros_texts(64)),
        revision=draw(revisions),
        robot_location=draw(st.sampled_from(['', *regions])),
        nodes=drawn,
        edges=edges,
    )


def _fitting_kinds(a: str, b: str, kinds: dict[str, int], *, is_placed: bool) -> list[int]:
    """The kinds of edges from one node to another; an object is placed once, and never in or on
    one that comes behind it, so that nothing holds itself.
    """
    is_region = [kinds[name] == SceneNode.TYPE_REGION for name in (a, b)]
    if all(is_region):
        return [SceneEdge.KIND_TRAVERSABLE]
    fitting = [SceneEdge.KIND_OBSERVED_FROM] if any(is_region) else []
    order = list(kinds)
    if not is_placed and not is_region[0] and (is_region[1] or order.index(b) < order.index(a)):
        fitting += PLACEMENTS[:2] if is_region[1] else PLACEMENTS
    return fitting


def _edges_of(kinds: list[int], cost: st.SearchStrategy[float]) -> st.SearchStrategy[SceneEdge]:
    return st.builds(
        SceneEdge,
        source=ros_texts(128),
        target=ros_texts(128),
        kind=st.sampled_from(kinds),
        cost=cost,
    ).filter(lambda edge: edge.source != edge.target)


edges = _edges_of([SceneEdge.KIND_TRAVERSABLE, SceneEdge.KIND_OBSERVED_FROM], costs) | _edges_of(
    list(PLACEMENTS), st.just(-1.0)
)

_changes = st.builds(KeyValue, key=_keys | st.sampled_from(FIELDS), value=_values) | st.builds(
    KeyValue, key=st.just('description'), value=ros_texts(1024)
)
node_attributes = st.builds(
    NodeAttributes,
    id=any_names,
    attributes=st.lists(_changes, max_size=4, unique_by=lambda pair: pair.key),
)

updates = st.builds(
    SceneGraphUpdate,
    header=headers,
    map_id=ros_texts(64),
    base_revision=revisions,
    revision=revisions,
    upsert_nodes=st.lists(nodes(), max_size=3),
    upsert_edges=st.lists(edges, max_size=3),
    set_attributes=st.lists(node_attributes, max_size=3, unique_by=lambda message: message.id),
    remove_nodes=st.lists(ros_texts(128), max_size=3),
    remove_edges=st.lists(edges, max_size=3),
    robot_location=ros_texts(128),
    source=ros_texts(64),
)


def _step(action: str, table: ActionTable) -> st.SearchStrategy[PlanStep]:
    all_kinds = [argument.kind for argument in table[action].arguments]
    kinds, named = set(all_kinds), sum(kind.is_node for kind in all_kinds)
    has_point = ArgumentKind.X_M in kinds
    number = doubles if has_point else st.just(0.0)
    return st.builds(
        PlanStep,
        action=st.just(action),
        targets=st.lists(ros_texts(128), min_size=named, max_size=named),
        point=st.builds(Point, x=number, y=number),
        has_point=st.just(has_point),
        radius=singles if ArgumentKind.RADIUS_M in kinds else st.just(0.0),
        text=ros_texts(1024) if ArgumentKind.TEXT in kinds else st.just(''),
    )


_OBJECT = ArgumentSpec('object', ArgumentKind.OBJECT)
_PLACE = ArgumentSpec('place', ArgumentKind.NODE)
TABLE = ActionTable(
    [
        *MAPPING_ACTIONS.values(),
        ActionSpec('put', (_OBJECT, _PLACE), 'put an object in or on something'),
        ActionSpec(
            'stack',
            (_OBJECT, _PLACE, ArgumentSpec('radius_m', ArgumentKind.RADIUS_M), _OBJECT, _OBJECT),
            'build a tower',
        ),
    ]
)
"""Actions of any number of nodes."""

steps = st.sampled_from(list(TABLE)).flatmap(lambda name: _step(name, TABLE))
plans = st.builds(
    Plan,
    header=headers,
    primary_goal=ros_texts(200),
    relevant_nodes=st.lists(ros_texts(128), max_size=4),
    reasoning=ros_texts(200),
    steps=st.lists(steps, max_size=6),
)
observations = st.builds(
    Observation,
    status=st.sampled_from([Observation.DONE, Observation.FAILED, Observation.REFUSED]),
    update=updates,
    feedback=ros_texts(4096),
    distance_m=lengths,
)
turns = st.builds(
    Turn,
    plan=plans,
    robot_location=ros_texts(128),
    observations=st.lists(observations, max_size=3),
    request=ros_texts(4096),
)
