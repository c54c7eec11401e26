# SPDX-License-Identifier: Apache-2.0
"""Graphs of networkx: node-link JSON, what is written like it, and GraphML.

https://networkx.org/documentation/stable/reference/readwrite/json_graph.html (`nodes`, and `edges`,
which before networkx 3.4 were `links`) and http://graphml.graphdrawing.org. Attributes mean what
the layer table says of their names and values. Nodes may also be bare names, edges pairs.
"""

from __future__ import annotations

import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from typing import Any

from prism_core.errors import SceneGraphError
from prism_core.graph.elements import quote
from prism_core.graph.importing.build import build_graph
from prism_core.graph.importing.layers import LayerTable, Relation, Role, plain
from prism_core.graph.importing.map_text import MapText
from prism_core.graph.importing.raw import (
    RawEdge,
    RawGraph,
    RawNode,
    as_id,
    as_text,
    take_first,
    take_name,
    take_position,
)
from prism_core.graph.importing.report import ImportReport
from prism_core.graph.scene_graph import SceneGraph

NAME = 'networkx'
GRAPHML = 'graphml'


def _all(names: str, become: Any) -> dict[str, Any]:
    return dict.fromkeys(names.split(), become)


_LAYERS: dict[str, Role] = {
    **_all('region room place waypoint area zone corridor space location viewpoint', 'region'),
    **_all('regions rooms places waypoints areas zones corridors locations', 'region'),
    **_all('object item asset furniture thing receptacle appliance device door', 'object'),
    **_all('objects items assets things receptacles appliances devices doors', 'object'),
    **_all('robot agent robots agents', 'robot'),
    **_all('building floor level buildings floors levels', 'ignored'),
    'other': 'object',
}
_RELATIONS: dict[str, Relation] = {
    '': 'way',
    **_all('way edge path connected connects connected_to connects_to adjacent', 'way'),
    **_all('adjacent_to leads_to traversable navigable reachable door neighbor neighbour', 'way'),
    **_all('in inside within contained_in located_in is_in part_of belongs_to at', 'in'),
    **_all('on on_top on_top_of ontop supported_by attached_to', 'on'),
    **_all('held held_by holds_by', 'held'),
    **_all('contains has includes', 'contains'),
    **_all('supports under below', 'supports'),
    **_all('holds holding holds_rh holds_lh', 'holds'),
    **_all('seen_from observed_from visible_from', 'seen_from'),
    **_all('between', 'between'),
    'other': 'ignored',
}
LAYERS = LayerTable(
    layers=_LAYERS,
    relations=_RELATIONS,
    layer_keys=('layer', 'kind', 'node_type', 'type', 'category'),
    class_keys=('semantic_class', 'class_name', 'class', 'semantic_label', 'category', 'type'),
    relation_keys=('relation', 'relation_type', 'type', 'kind', 'label', 'predicate', 'name'),
    cost_keys=('cost_m', 'length_m', 'distance_m', 'length', 'distance', 'cost', 'weight'),
)


def recognise(source: MapText) -> str | None:
    """Why the text is no node-link JSON; None where it is."""
    lacking = source.lacks('nodes')
    if lacking:
        return lacking
    data = source.json
    if 'SPARK_DSG_header' in data or 'layer_ids' in data:
        return 'it has a header or "layer_ids", as files of Spark-DSG'
    if not isinstance(data['nodes'], list):
        return f'expected "nodes" to be a list, got a {type(data["nodes"]).__name__}'
    edges = _edges_of(data)
    if edges is None:
        return 'there is no list of "edges" or "links" in it'
    if any(isinstance(edge, Mapping) and 'from_id' in edge for edge in edges):
        return 'its edges have "from_id", as those of VirtualHome'
    return None


def _edges_of(data: Mapping[str, Any]) -> list | None:
    found = (data.get(key) for key in ('edges', 'links', 'connections'))
    return next((edges for edges in found if isinstance(edges, list)), None)


def read(source: MapText, table: LayerTable, report: ImportReport) -> SceneGraph:
    """Read node-link JSON.

    Raises:
        SceneGraphError: there are no nodes or edges, or no node is a region.
    """
    lacking = source.lacks('nodes')
    if lacking:
        raise SceneGraphError(lacking)
    data = source.json
    edges = _edges_of(data)
    if not isinstance(data['nodes'], list) or edges is None:
        raise SceneGraphError('expected lists "nodes" and "edges" (or "links")')
    said = data.get('graph')
    attributes = dict(said) if isinstance(said, Mapping) else {}
    is_directed = data.get('directed')
    raw = RawGraph(
        attributes=attributes,
        is_directed=is_directed is True,
        is_loose=is_directed is False,
    )
    for index, item in enumerate(data['nodes']):
        node = _read_node(item, table)
        if node is None:
            report.note('left out', 'node that is none', f'nodes[{index}]: {quote(item)}')
        else:
            raw.nodes.append(node)
    for index, item in enumerate(edges):
        edge = _read_edge(item, table)
        if edge is None:
            report.note('left out', 'edge that is none', f'edges[{index}]: {quote(item)}')
        else:
            raw.edges.append(edge)
    return build_graph(raw, table, report)


def _read_node(item: Any, table: LayerTable) -> RawNode | None:
    if not isinstance(item, Mapping):
        return None if isinstance(item, (bool, list)) or as_id(item) is None else RawNode(item)
    attributes = dict(item)
    key = as_id(take_first(attributes, ('id', 'name', 'key')))
    return None if key is None else make_node(key, attributes, table)


def make_node(key: Any, attributes: dict[str, Any], table: LayerTable) -> RawNode:
    """A node by what its attributes say; those that are not used stay."""
    layer = as_text(take_first(attributes, table.layer_keys))
    label = as_text(take_first(attributes, table.class_keys))
    if not label and plain(layer) not in table.layers:  # such as a type of `chair`
        layer, label = '', layer
    return RawNode(
        id=key,
        layer=layer,
        label=label,
        name=take_name(attributes),
        position=take_position(attributes),
        description=attributes.pop('description', ''),
        attributes=attributes,
    )


def _read_edge(item: Any, table: LayerTable) -> RawEdge | None:
    if isinstance(item, list) and len(item) in (2, 3):
        ends, attributes = item[:2], item[2] if len(item) == 3 else {}
        attributes = attributes if isinstance(attributes, Mapping) else {'relation': attributes}
    elif isinstance(item, Mapping):
        attributes = dict(item)
        ends = [take_first(attributes, keys) for keys in (('source', 'from'), ('target', 'to'))]
    else:
        return None
    source, target = map(as_id, ends)
    if source is None or target is None:
        return None
    return make_edge(source, target, dict(attributes), table)


def make_edge(source: Any, target: Any, attributes: dict[str, Any], table: LayerTable) -> RawEdge:
    """An edge by what its attributes say."""
    relation = as_text(take_first(attributes, table.relation_keys))
    return RawEdge(source, target, relation, take_first(attributes, table.cost_keys))


def recognise_graphml(source: MapText) -> str | None:
    """Why the text is no GraphML; None where it is."""
    head = source.text[:2000]
    return None if '<graphml' in head else 'there is no <graphml> at its beginning'


def read_graphml(source: MapText, table: LayerTable, report: ImportReport) -> SceneGraph:
    """Read GraphML.

    Raises:
        SceneGraphError: networkx cannot read it, or no node is a region.
    """
    import networkx as nx  # late, see `prism_core.graph.ways`

    if '<!DOCTYPE' in source.text or '<!ENTITY' in source.text:
        raise SceneGraphError('GraphML with a DOCTYPE is not read; take it out')
    try:
        with warnings.catch_warnings():  # of keys without a type, which are taken for texts
            warnings.simplefilter('ignore')
            graph = nx.parse_graphml(source.text)
    except (nx.NetworkXError, ElementTree.ParseError, KeyError, ValueError, TypeError) as error:
        raise SceneGraphError(f'networkx cannot read it as GraphML: {error}') from error
    except (AttributeError, StopIteration) as error:
        raise SceneGraphError('networkx cannot read it as GraphML: no <graph> in it') from error
    edges: Iterable[tuple] = graph.edges(data=True)
    raw = RawGraph(
        [make_node(key, dict(said), table) for key, said in graph.nodes(data=True)],
        [make_edge(a, b, dict(said), table) for a, b, said in edges],
        {str(key): value for key, value in graph.graph.items()},
        is_directed=graph.is_directed(),
        is_loose=not graph.is_directed(),
    )
    return build_graph(raw, table, report)
