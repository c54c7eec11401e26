# SPDX-License-Identifier: Apache-2.0
"""Scene graphs of Hydra: the JSON of Spark-DSG, read by its own library `spark-dsg`.

https://github.com/MIT-SPARK/Spark-DSG: layers of nodes (objects, places, rooms, buildings; robots'
poses in a partition of their own), edges within layers and between them, positions in metres.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from prism_core.errors import ConfigError, SceneGraphError
from prism_core.graph.importing.build import build_graph
from prism_core.graph.importing.layers import LayerTable
from prism_core.graph.importing.map_text import MapText
from prism_core.graph.importing.raw import RawEdge, RawGraph, RawNode, as_text
from prism_core.graph.importing.report import ImportReport
from prism_core.graph.scene_graph import SceneGraph

NAME = 'hydra'
LAYERS = LayerTable(
    layers={
        'objects': 'object',
        'places': 'region',
        'mesh_places': 'ignored',
        'rooms': 'region',
        'buildings': 'ignored',
        'segments': 'ignored',
        'agents': 'robot',
        'other': 'ignored',
    },
    relations={
        'objects>places': 'seen_from',
        'objects>mesh_places': 'seen_from',
        'objects>rooms': 'in',
        'places>places': 'way',
        'places>rooms': 'in',
        'mesh_places>mesh_places': 'way',
        'mesh_places>rooms': 'in',
        'rooms>rooms': 'way',
        'rooms>buildings': 'in',
        'agents>places': 'in',
        'agents>mesh_places': 'in',
        'other': 'ignored',
    },
)
# Of spark_dsg::DsgLayers. A partition of layer 2 is a robot's, of layer 3 that of a mesh.
_LAYERS = {1: 'segments', 2: 'objects', 3: 'places', 4: 'rooms', 5: 'buildings'}
_PARTITIONS = {2: 'agents', 3: 'mesh_places'}
_ORDER = ('agents', 'segments', 'objects', 'mesh_places', 'places', 'rooms', 'buildings')
_LABELS = 'labelspaces'
_HEADER = 'SPARK_DSG_header'
_HEAD_CHARS = 1000
_NO_LABEL = 2**32 - 1  # SemanticNodeAttributes::NO_SEMANTIC_LABEL


def recognise(source: MapText) -> str | None:
    """Why the text is no scene graph of Spark-DSG; None where it is."""
    # It is large, and not parsed for that. Files before version 1.0 have no header.
    is_one = f'"{_HEADER}"' in source.text[:_HEAD_CHARS] or '"layer_ids"' in source.text
    return None if is_one else f'there is no "{_HEADER}" at its beginning, and no "layer_ids" in it'


def read(source: MapText, table: LayerTable, report: ImportReport) -> SceneGraph:
    """Read a scene graph of Spark-DSG.

    Raises:
        ConfigError: the library is not installed.
        SceneGraphError: the library cannot read the text, with what it says.
    """
    try:
        raw = _collect(_load(source.text), report)
    except (RuntimeError, ValueError, LookupError, TypeError) as error:
        raise SceneGraphError(f'spark-dsg cannot read it: {error}') from error
    return build_graph(raw, table, report)


def _read_metadata(found: Any) -> dict[str, Any]:
    try:
        return {key: value for key, value in found.metadata.get().items() if key != _LABELS}
    except AttributeError as error:  # the library hands on whatever stands there
        raise TypeError('expected an object as metadata') from error


def _collect(found: Any, report: ImportReport) -> RawGraph:
    raw = RawGraph(attributes=_read_metadata(found))
    symbols: dict[int, str] = {}
    layers: dict[int, str] = {}
    labels: dict[tuple[int, int], dict[int, str]] = {}
    for node in found.nodes:
        key = (node.layer.layer, node.layer.partition)
        if key not in labels:
            labels[key] = dict(found.get_labelspace(*key).labels_to_names)
        symbols[node.id.value] = str(node.id)
        layers[node.id.value] = _layer_name(*key)
        raw.nodes.append(_read_node(node, layers[node.id.value], labels[key]))
        if 'semantic_label' in raw.nodes[-1].attributes and not raw.nodes[-1].label:
            report.note('left out', 'class, as no labelspace names it', raw.nodes[-1].id)
    for edge in found.edges:
        # From below to above.
        child, parent = sorted((edge.source, edge.target), key=lambda end: _rank(layers[end]))
        relation = f'{layers[child]}>{layers[parent]}'
        raw.edges.append(RawEdge(symbols[child], symbols[parent], relation))
    if found.has_mesh():
        report.note('left out', 'mesh')
    return raw


def _load(text: str) -> Any:
    try:
        import spark_dsg
    except ImportError as error:
        raise ConfigError(
            f'scene graphs of Hydra need spark-dsg ({error}); run: pip install spark-dsg'
        ) from error
    with tempfile.TemporaryDirectory() as folder:  # it reads files only, by their suffix
        path = Path(folder) / 'graph.json'
        path.write_text(text, 'utf-8')
        return spark_dsg.DynamicSceneGraph.load(os.fspath(path))


def _layer_name(layer: int, partition: int) -> str:
    if partition and layer in _PARTITIONS:
        return _PARTITIONS[layer]
    return _LAYERS.get(layer, f'layer_{layer}')


def _rank(layer: str) -> int:
    return _ORDER.index(layer) if layer in _ORDER else len(_ORDER)


def _read_node(node: Any, layer: str, labels: dict[int, str]) -> RawNode:
    said = node.attributes
    label = getattr(said, 'semantic_label', None)
    attributes: dict[str, Any] = {}
    if isinstance(label, int) and label != _NO_LABEL:
        attributes['semantic_label'] = label
    box = getattr(said, 'bounding_box', None)
    if box is not None and box.is_valid():
        attributes['bounding_box'] = {
            'center': box.world_P_center.tolist(),
            'size': box.dimensions.tolist(),
        }
    attributes |= said.metadata.get()
    return RawNode(
        id=str(node.id),
        layer=layer,
        label=labels.get(label, '') if isinstance(label, int) else '',
        name=as_text(getattr(said, 'name', '')),
        position=said.position.tolist(),
        attributes=attributes,
    )
