# SPDX-License-Identifier: Apache-2.0
"""From nodes and edges as a file says them to a scene graph, and what had to be guessed for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from itertools import combinations

from prism_core.errors import SceneGraphError
from prism_core.graph.elements import MAX_DESCRIPTION_CHARS, Connection, Node, NodeKind
from prism_core.graph.importing.layers import LayerTable, Role
from prism_core.graph.importing.nearest import NearestRegions
from prism_core.graph.importing.raw import RawGraph, RawNode, as_text
from prism_core.graph.importing.relations import Relations, read_relations
from prism_core.graph.importing.report import LOCATION, ImportReport
from prism_core.graph.importing.values import clean_attributes, clean_name, read_point
from prism_core.graph.scene_graph import SceneGraph

MAX_JOINED = 64
"""Regions of a file without a single way are all joined with each other up to so many."""
_OURS = 4  # attributes that we add to those of a node at most: layer, semantic_class, label, id
_GRAPH_ROOM = 1_000


def build_graph(raw: RawGraph, table: LayerTable, report: ImportReport) -> SceneGraph:
    """Make a scene graph of what a reader found, and note in the report what became of it.

    Raises:
        SceneGraphError: nothing in it is a region, with the layers that it has.
    """
    found = _unique(raw.nodes, report)
    roles = _choose_roles(found, table, report)
    relations = read_relations(raw, roles, table, report)
    # A robot is an object where it holds something, and else only says where it is.
    holding = {holder for _, holder in relations.placements.values()}
    kept = {
        key: node
        for key, node in found.items()
        if roles[key] in ('region', 'object') or (roles[key] == 'robot' and key in holding)
    }
    relations.keep(kept)
    names = _choose_names(kept, report)
    nodes: dict[Hashable, Node] = {}
    for key, raw_node in kept.items():
        kind: NodeKind = 'region' if roles[key] == 'region' else 'object'
        nodes[key] = _make_node(raw_node, kind, names[key], report)
    regions = [key for key in nodes if roles[key] == 'region']
    nearest = NearestRegions({key: nodes[key].position for key in regions})
    _see_from_nearest(relations, nodes, roles, nearest, report)
    if not relations.ways and len(regions) > 1:
        _guess_ways(relations, regions, report)
    location = _locate_robot(found, roles, relations, nearest, report)
    graph = SceneGraph(
        nodes.values(),
        _connect(relations, names),
        robot_location=None if location is None else names[location],
        attributes=clean_attributes(raw.attributes, 'graph', report, _GRAPH_ROOM),
    )
    note_parts(graph, report)
    return graph


def _unique(nodes: list[RawNode], report: ImportReport) -> dict[Hashable, RawNode]:
    """The nodes by what edges call them."""
    found: dict[Hashable, RawNode] = {}
    for index, node in enumerate(nodes):
        if node.id is None:
            report.note('left out', 'node without an id', f'number {index}')
        elif node.id in found:
            report.note('left out', 'node with the id of another', node.id)
        else:
            found[node.id] = node
    return found


def _choose_roles(
    nodes: Mapping[Hashable, RawNode], table: LayerTable, report: ImportReport
) -> dict[Hashable, Role]:
    roles: dict[Hashable, Role] = {
        key: table.role(node.layer, node.label) for key, node in nodes.items()
    }
    bare = [key for key, node in nodes.items() if not node.layer]
    if bare and 'region' not in roles.values():
        roles |= {key: 'region' for key in bare if roles[key] == 'object'}
        report.note('guessed', 'region, as no layer says which are', bare[0], len(bare))
    if 'region' not in roles.values():
        layers = Counter(node.layer or 'no layer' for node in nodes.values())
        listed = ', '.join(f'{layer} ({count})' for layer, count in layers.most_common(8))
        raise SceneGraphError(
            f'none of {len(nodes)} nodes is a region that a robot can stand in; their layers: '
            f'{listed or "none"}; say which are regions in a layer table, with --layers FILE'
        )
    for key, node in nodes.items():
        report.note('read', f'{node.layer or "node"} as {roles[key]}', key)
    return roles


def _choose_names(nodes: Mapping[Hashable, RawNode], report: ImportReport) -> dict[Hashable, str]:
    """An id that is a text is the name. A number says nothing: what only one node is called goes
    before it, or else its class stands in front of it.
    """
    names: dict[Hashable, str] = {key: clean_name(key) for key in nodes if isinstance(key, str)}
    said = Counter(node.name for node in nodes.values())
    for key, node in nodes.items():
        if key in names:
            if names[key] != key:
                report.note('guessed', 'name, as the id is no name', key)
            continue
        if node.name and said[node.name] == 1:
            names[key] = clean_name(node.name)
            report.note('guessed', 'name from what it is called', node.name)
        elif node.label:
            names[key] = clean_name(f'{node.label}_{key}')
            report.note('guessed', 'name from class and id', names[key])
        else:
            names[key] = str(key)
    taken: set[str] = set()
    for key in nodes:
        wanted = names[key] or 'node'
        if wanted in taken:
            number = 2
            while f'{wanted[:120]}_{number}' in taken:
                number += 1
            report.note('guessed', 'name, as another has it', wanted)
            wanted = f'{wanted[:120]}_{number}'
        names[key] = wanted
        taken.add(wanted)
    return names


def _make_node(raw: RawNode, kind: NodeKind, name: str, report: ImportReport) -> Node:
    point = read_point(raw.position)
    if point is None:
        what = 'position that the file does not say' if raw.position is None else 'position'
        report.note('left out', what, f'{name}: {raw.position}' if raw.position else name)
    description = raw.description if isinstance(raw.description, str) else ''
    if '\0' in description or len(description) > MAX_DESCRIPTION_CHARS:
        report.note('left out', f'end of a description beyond {MAX_DESCRIPTION_CHARS}', name)
        description = description.replace('\0', ' ')[:MAX_DESCRIPTION_CHARS]
    ours = {
        'layer': raw.layer,
        'semantic_class': raw.label,
        'label': raw.name if raw.name not in (name, raw.label) else '',
        'id': '' if raw.id == name or isinstance(raw.id, tuple) else raw.id,
    }
    attributes = {key: value for key, value in ours.items() if value != ''}
    if point is not None and len(point) == 3:
        attributes['z_m'] = point[2]
    others = {key: value for key, value in raw.attributes.items() if key not in attributes}
    attributes = clean_attributes({**attributes, **others}, name, report)
    position = None if point is None else (point[0], point[1])
    return Node(name, kind, position, description, attributes)


def _see_from_nearest(
    relations: Relations,
    nodes: Mapping[Hashable, Node],
    roles: Mapping[Hashable, Role],
    nearest: NearestRegions,
    report: ImportReport,
) -> None:
    """Let objects that no relation brings to a region be seen from the nearest one."""
    seen = {thing for thing, _ in relations.views}
    for key, node in nodes.items():
        if roles[key] == 'region' or key in seen or key in relations.placements:
            continue
        region = nearest.find(node.position)
        if region is None:
            report.note('left out', 'region that an object is seen from', node.name)
        else:
            relations.views[key, region] = None
            report.note('guessed', 'region that an object is seen from: the nearest', node.name)


def _guess_ways(relations: Relations, regions: list[Hashable], report: ImportReport) -> None:
    if len(regions) > MAX_JOINED:
        report.note('left out', 'regions without a way', regions[0], len(regions))
        return
    for pair in combinations(regions, 2):
        relations.ways[pair] = None
    what = 'way, as the file has none: each region is joined with each other'
    report.note('guessed', what, f'{regions[0]} - {regions[1]}', len(relations.ways))


def _locate_robot(
    found: Mapping[Hashable, RawNode],
    roles: Mapping[Hashable, Role],
    relations: Relations,
    nearest: NearestRegions,
    report: ImportReport,
) -> Hashable | None:
    robots = [key for key in found if roles[key] == 'robot']
    for robot in reversed(robots):  # the last is the latest of a trajectory
        if robot in relations.robots:
            report.note('read', LOCATION, relations.robots[robot])
            return relations.robots[robot]
        point = read_point(found[robot].position)
        region = None if point is None else nearest.find((point[0], point[1]))
        if region is not None:
            report.note('guessed', f'{LOCATION}: the region nearest to it', region)
            return region
    report.note('left out', f'{LOCATION}, which the file does not say', 'say it: --location')
    return None


def _connect(relations: Relations, names: Mapping[Hashable, str]) -> list[Connection]:
    connections = [
        Connection('traversable', names[a], names[b], cost_m)
        for (a, b), cost_m in relations.ways.items()
    ]
    placements = relations.placements
    connections += [
        Connection('observed_from', names[thing], names[region])
        for thing, region in relations.views
        if placements.get(thing, ('', None))[1] != region
    ]
    connections += [
        Connection(kind, names[thing], names[holder])
        for thing, (kind, holder) in placements.items()
    ]
    return connections


def note_parts(graph: SceneGraph, report: ImportReport) -> None:
    """Note where regions of a map cannot be reached from others."""
    import networkx as nx  # late, see `prism_core.graph.ways`

    parts = list(nx.connected_components(graph.region_network))
    if len(parts) > 1:
        smallest = min(parts, key=len)
        example = (
            f'{len(parts)} parts; one is {as_text(min(smallest))} and {len(smallest) - 1} more'
        )
        report.note('left out', 'way between parts of the map', example, len(parts) - 1)
