# SPDX-License-Identifier: Apache-2.0
"""Route graphs of Nav2: the GeoJSON of its route server.

https://github.com/ros-navigation/navigation2/blob/main/nav2_route/README.md#file-formats: nodes are
points with an id, edges lines with `startid` and `endid`, both with any `metadata`; the class of a
node stands there under `class`.
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

NAME = 'nav2'
LAYERS = LayerTable(
    layers={'point': 'region', 'other': 'ignored'},
    relations={'line': 'way', 'other': 'ignored'},
)
_LINES = ('LineString', 'MultiLineString')


def recognise(source: MapText) -> str | None:
    """Why the text is no route graph; None where it is."""
    lacking = source.lacks('features')
    if lacking:
        return lacking
    if not isinstance(source.json['features'], list):
        return 'expected "features" to be a list'
    return None


def read(source: MapText, table: LayerTable, report: ImportReport) -> SceneGraph:
    """Read a route graph.

    Raises:
        SceneGraphError: there is no list of features, or none is a point with an id.
    """
    fault = recognise(source)
    if fault:
        raise SceneGraphError(fault)
    data = source.json
    known = ('type', 'features')
    attributes = {key: value for key, value in data.items() if key not in known}
    raw = RawGraph(attributes=attributes, is_directed=True)
    for index, feature in enumerate(data['features']):
        place = f'features[{index}]'
        shape, coordinates, said = _parts_of(feature)
        if shape == 'Point' and as_id(said.get('id')) is not None:
            raw.nodes.append(_read_point(coordinates, said))
        elif shape in _LINES and None not in _ends_of(said):
            # A cost of 0 is what a route server takes for none.
            raw.edges.append(RawEdge(*_ends_of(said), 'line', said.get('cost') or None))
        else:
            what = f'feature of shape {shape} without what a node or an edge needs'
            report.note('left out', what, f'{place}: {quote(said)}')
    return build_graph(raw, table, report)


def _parts_of(feature: Any) -> tuple[Any, Any, dict[str, Any]]:
    """The shape of a feature, its coordinates, and its properties."""
    feature = feature if isinstance(feature, Mapping) else {}
    geometry, said = feature.get('geometry'), feature.get('properties')
    geometry = geometry if isinstance(geometry, Mapping) else {}
    said = said if isinstance(said, Mapping) else {}
    return geometry.get('type'), geometry.get('coordinates'), dict(said)


def _ends_of(said: Mapping[str, Any]) -> tuple[Any, Any]:
    return as_id(said.get('startid')), as_id(said.get('endid'))


def _read_point(coordinates: Any, said: dict[str, Any]) -> RawNode:
    metadata = said.get('metadata')
    metadata = metadata if isinstance(metadata, Mapping) else {}
    label, name = (
        as_text(said.get(key)) or as_text(metadata.get(key)) for key in ('class', 'name')
    )
    used = ('id', 'class', 'name')
    return RawNode(
        id=as_id(said['id']),
        layer='point',
        label=label,
        name=name,
        position=coordinates,
        attributes={key: value for key, value in said.items() if key not in used},
    )
