# SPDX-License-Identifier: Apache-2.0
"""A second mapper's scene graph, merged into ours as one update.

What both know is found by `matching` and keeps our name, place and texts; what only the other knows
comes in, under its own name where that is free, and its connections follow. Where the two say
different things ours stays, and each such place is told in a sentence. Knows nothing of how the
frames of the two lie to each other: both are in frame `map`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from prism_core.errors import SceneGraphError
from prism_core.graph.checks import find_circles
from prism_core.graph.elements import (
    MAX_ATTRIBUTES,
    MAX_NAME_CHARS,
    Connection,
    GraphUpdate,
    Node,
    quote,
)
from prism_core.graph.matching import are_alike, match_nodes
from prism_core.graph.scene_graph import SceneGraph

WITHIN_M = 1.0
"""How far from each other two nodes can lie that are taken for one, where nobody says it."""
SEEN = 'last_seen'
"""The attribute that says when a node was last seen: seconds and nanoseconds, as ROS stamps."""
_MEASURED = ('z_m', 'orientation', 'extent_m', 'confidence', 'source')
"""Attributes of which nobody expects two mappers to say the same: ours stay."""
_NUMBER_BEHIND = re.compile(r'(.+?)([_ ]?)(\d{1,9})', re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class Merge:
    """What a merge makes of our graph.

    `update` applies to it and is empty where the other graph tells nothing new. `matched` holds, by
    their names, the names of ours that the nodes were taken for, `added` those that the others get.
    `conflicts` are sentences, one for each place where the two say different things.
    """

    update: GraphUpdate
    matched: Mapping[str, str]
    added: Mapping[str, str]
    conflicts: tuple[str, ...]


def merge_graphs(
    ours: SceneGraph, theirs: SceneGraph, *, within_m: float = WITHIN_M, source: str = ''
) -> Merge:
    """Merge another graph into ours; both stay as they are.

    Where the robot is and the attributes of the whole graph stay ours. Of a node that both know,
    attributes that only the other has are taken, and the later of two times at which it was seen.

    Args:
        ours: the graph that names are kept of.
        theirs: the other one, in the same frame.
        within_m: how far from each other, in metres, two nodes can lie that are taken for one.
        source: who the update is from.

    Raises:
        SceneGraphError: the graphs are of different maps, or the distance is no length.
    """
    if not (math.isfinite(within_m) and within_m >= 0):
        raise SceneGraphError(f'within_m: expected metres from 0, got {quote(within_m)}')
    maps = [graph.attributes.get('map_id', '') for graph in (ours, theirs)]
    if all(maps) and maps[0] != maps[1]:
        raise SceneGraphError(
            f'expected a graph of map {quote(maps[0])}, got one of map {quote(maps[1])}; bring '
            'both into one frame and give them one map_id'
        )
    matched = match_nodes(ours.nodes.values(), theirs.nodes.values(), within_m)
    problems: list[str] = []
    added = _name_new(ours, theirs, matched, problems)
    told, nodes = {}, []
    for name, our_name in matched.items():
        our, their = ours.nodes[our_name], theirs.nodes[name]
        if our.position is None and their.position is not None:
            nodes.append(replace(our, position=their.position))
        changes = _learn(our, their, problems)
        if changes:
            told[our_name] = changes
    nodes += [replace(theirs.nodes[name], name=new_name) for name, new_name in added.items()]
    connections = _join(ours, theirs, {**matched, **added}, problems)
    update = GraphUpdate(
        upsert_nodes=tuple(nodes),
        upsert_connections=tuple(connections),
        set_attributes=told,
        source=source,
    )
    is_empty = not (update.changes_nodes_or_connections or told)
    return Merge(
        replace(update, source='') if is_empty else update, matched, added, tuple(problems)
    )


def _name_new(
    ours: SceneGraph, theirs: SceneGraph, matched: Mapping[str, str], problems: list[str]
) -> dict[str, str]:
    """The names that nodes get which only the other graph has, by theirs, in order. What could not
    be found again would come again with every merge, and is left out.
    """
    new = sorted(name for name in theirs.nodes if name not in matched)
    taken = {*ours.nodes, *new}
    names = {}
    for name in new:
        node = theirs.nodes[name]
        free = next_name(node, taken) if name in ours.nodes else name
        if name not in ours.nodes or (free and node.position is not None):
            names[name] = free
            taken.add(free)
        else:
            reason = (
                'no position tells where it is'
                if free
                else f'no other of {MAX_NAME_CHARS} characters says what it is'
            )
            problems.append(
                f'{quote(name)} is left out: the name is taken by another node, and {reason}'
            )
    return names


def next_name(node: Node, taken: Collection[str]) -> str:
    """A new name for a node that says of it what its own does: with the next number, truck_2 for
    truck_1, or with one behind it, dock_2 for dock; '' where that would be too long.
    """
    numbered = _NUMBER_BEHIND.fullmatch(node.name)
    for stem, between, digits in (*([numbered.groups()] if numbered else []), (node.name, '_', 1)):
        number = int(digits) + 1
        while f'{stem}{between}{number}' in taken:
            number += 1
        free = f'{stem}{between}{number}'
        if len(free) <= MAX_NAME_CHARS and are_alike(replace(node, name=free), node):
            return free
    return ''


def _learn(our: Node, their: Node, problems: list[str]) -> dict[str, Any]:
    """What is news of a node that both graphs have."""
    said = {'description': their.description} if their.description else {}
    ours = {'description': our.description} if our.description else {}
    ours, said = {**our.attributes, **ours}, {**their.attributes, **said}
    changes: dict[str, Any] = {}
    room = MAX_ATTRIBUTES - len(our.attributes)
    for key, value in said.items():
        if key in _MEASURED and key in ours:
            continue
        if key not in ours:
            room -= key != 'description'
            if room < 0:
                problems.append(
                    f'{_who(our, their)}: attribute {quote(key)} is left out; a node has at most '
                    f'{MAX_ATTRIBUTES}'
                )
            else:
                changes[key] = value
        elif key == SEEN:
            if _is_later(value, ours[key]):
                changes[key] = value
        elif ours[key] != value:
            problems.append(
                f'{_who(our, their)}: {key} stays {quote(ours[key])}, the other says {quote(value)}'
            )
    return changes


def _is_later(their: Any, our: Any) -> bool:
    try:
        return list(their) > list(our)
    except TypeError:
        return False


def _who(our: Node, their: Node) -> str:
    return quote(our.name) + ('' if our.name == their.name else f' (there {quote(their.name)})')


def _join(
    ours: SceneGraph, theirs: SceneGraph, names: Mapping[str, str], problems: list[str]
) -> list[Connection]:
    """The connections that only the other graph has, between the nodes as they are called now."""
    joined = []
    placements = dict(ours.placements)
    kept = [key for key in theirs.connections if key[0] in names and key[1] in names]
    for key in sorted(kept, key=lambda ends: sorted(names[end] for end in ends)):
        their = theirs.connections[key]
        new = Connection(their.kind, names[their.source], names[their.target], their.cost_m)
        known = ours.connections.get(new.key)
        held = placements.get(new.source) if new.is_placement else None
        is_same = known is not None and known.kind == new.kind and new.cost_m is None
        if known == new or held == new or (is_same and not new.is_placement):
            continue
        reason = _differs(new, known, held) or _circle(new, placements)
        if reason:
            problems.append(reason)
            continue
        if new.is_placement:
            placements[new.source] = new
        joined.append(new)
    return joined


def _differs(new: Connection, known: Connection | None, held: Connection | None) -> str:
    """Why a connection does not go with one of ours, in a sentence; '' where it does."""
    if known is not None:
        return f'connection {known}: it stays {_what(known)}, the other says {_what(new)}'
    return '' if held is None else f'{held} stays, the other says {new}'


def _what(connection: Connection) -> str:
    cost_m = connection.cost_m
    return connection.kind if cost_m is None else f'{connection.kind} at {cost_m:g} m'


def _circle(new: Connection, placements: Mapping[str, Connection]) -> str:
    if not new.is_placement:
        return ''
    circles = find_circles({**placements, new.source: new}, [new.source])
    return f'{new} is left out: {circles[0]}' if circles else ''
