# SPDX-License-Identifier: Apache-2.0
"""Environment graphs of VirtualHome.

https://github.com/xavierpuigf/virtualhome (`environment_graph` of the Unity and of the evolving
graph simulator): nodes with an id that is a number, a class, a category and states; edges with
`from_id`, `relation_type`, `to_id`. Bounding boxes are Unity's, whose y points up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prism_core.errors import SceneGraphError
from prism_core.graph.elements import quote
from prism_core.graph.importing.build import build_graph
from prism_core.graph.importing.layers import LayerTable
from prism_core.graph.importing.map_text import MapText
from prism_core.graph.importing.raw import RawEdge, RawGraph, RawNode, as_id, as_text
from prism_core.graph.importing.report import ImportReport
from prism_core.graph.scene_graph import SceneGraph

NAME = 'virtualhome'
LAYERS = LayerTable(
    layers={
        'rooms': 'region',
        'characters': 'robot',
        'floor': 'ignored',
        'floors': 'ignored',
        'walls': 'ignored',
        'ceiling': 'ignored',
        'other': 'object',
    },
    relations={
        'inside': 'in',
        'on': 'on',
        'holds_rh': 'holds',
        'holds_lh': 'holds',
        'between': 'between',
        'other': 'ignored',
    },
)


def recognise(source: MapText) -> str | None:
    """Why the text is no environment graph of VirtualHome; None where it is."""
    lacking = source.lacks('nodes', 'edges')
    if lacking:
        return lacking
    nodes = source.json['nodes']
    if not isinstance(nodes, list) or not any(_is_node(node) for node in nodes):
        return 'none of its nodes has "id" and "class_name"'
    return None


def _is_node(node: Any) -> bool:
    return isinstance(node, Mapping) and 'id' in node and 'class_name' in node


def read(source: MapText, table: LayerTable, report: ImportReport) -> SceneGraph:
    """Read an environment graph.

    Raises:
        SceneGraphError: there are no lists of nodes and edges, or no node is a region.
    """
    lacking = source.lacks('nodes', 'edges')
    if lacking:
        raise SceneGraphError(lacking)
    nodes, edges = source.json['nodes'], source.json['edges']
    if not isinstance(nodes, list) or not isinstance(edges, list):
        raise SceneGraphError('expected lists "nodes" and "edges"')
    raw = RawGraph()
    for index, item in enumerate(nodes):
        if _is_node(item):
            raw.nodes.append(_read_node(dict(item)))
        else:
            report.note('left out', 'node that is none', f'nodes[{index}]: {quote(item)}')
    for index, item in enumerate(edges):
        ends = [as_id(item.get(key)) for key in _ENDS] if isinstance(item, Mapping) else [None]
        if None in ends:
            report.note('left out', 'edge that is none', f'edges[{index}]: {quote(item)}')
        else:
            raw.edges.append(RawEdge(ends[0], ends[1], as_text(item.get('relation_type'))))
    return build_graph(raw, table, report)


_ENDS = ('from_id', 'to_id')


def _read_node(attributes: dict[str, Any]) -> RawNode:
    box = attributes.get('bounding_box')
    center = box.get('center') if isinstance(box, Mapping) else None
    if isinstance(center, list) and len(center) == 3:
        center = [center[0], center[2], center[1]]
    return RawNode(
        id=as_id(attributes.pop('id')),
        label=as_text(attributes.pop('class_name')),
        layer=as_text(attributes.pop('category', '')),
        position=center,
        attributes=attributes,
    )
