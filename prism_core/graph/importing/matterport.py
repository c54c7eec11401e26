# SPDX-License-Identifier: Apache-2.0
"""Connectivity files of Matterport3D, as of R2R and the Matterport3D simulator.

https://github.com/peteanderson80/Matterport3DSimulator/blob/master/connectivity/README.md: a list
of viewpoints, each with a 4 x 4 pose in row major order (metres, z up) and, for each viewpoint of
the list, whether the way there is unobstructed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prism_core.errors import SceneGraphError
from prism_core.graph.elements import quote
from prism_core.graph.importing.build import build_graph
from prism_core.graph.importing.layers import LayerTable
from prism_core.graph.importing.map_text import MapText
from prism_core.graph.importing.raw import RawEdge, RawGraph, RawNode
from prism_core.graph.importing.report import ImportReport
from prism_core.graph.scene_graph import SceneGraph

NAME = 'matterport'
LAYERS = LayerTable(
    layers={'viewpoint': 'region', 'excluded': 'ignored', 'other': 'ignored'},
    relations={'unobstructed': 'way', 'other': 'ignored'},
)
_EXPECTED = 'expected a list of viewpoints, each with "image_id", "pose" and "unobstructed"'


def recognise(source: MapText) -> str | None:
    """Why the text is no connectivity file; None where it is."""
    if source.fault:
        return source.fault
    data = source.json
    return None if isinstance(data, list) and any(map(_is_viewpoint, data)) else _EXPECTED


def _is_viewpoint(item: Any) -> bool:
    return isinstance(item, Mapping) and {'image_id', 'pose', 'unobstructed'} <= item.keys()


def read(source: MapText, table: LayerTable, report: ImportReport) -> SceneGraph:
    """Read a connectivity file.

    Raises:
        SceneGraphError: it is no list of viewpoints.
    """
    data = source.json
    if not isinstance(data, list) or not any(map(_is_viewpoint, data)):
        raise SceneGraphError(f'{_EXPECTED}, got {quote(data)}')
    raw = RawGraph(is_directed=True)
    ids = [_id_of(item) for item in data]
    for index, item in enumerate(data):
        if ids[index] is None:
            report.note('left out', 'viewpoint that is none', f'[{index}]: {quote(item)}')
            continue
        raw.nodes.append(_read_viewpoint(item, ids[index]))
        ways = item['unobstructed'] if isinstance(item['unobstructed'], list) else []
        if len(ways) != len(data):
            what = 'list of ways that is not one for each viewpoint'
            report.note('left out', what, f'[{index}]: {len(ways)} of {len(data)}')
            continue
        for other, is_free in enumerate(ways):
            if is_free is True and other != index:
                raw.edges.append(RawEdge(ids[index], ids[other], 'unobstructed'))
    return build_graph(raw, table, report)


def _id_of(item: Any) -> str | None:
    found = item.get('image_id') if _is_viewpoint(item) else None
    return found if isinstance(found, str) and found.strip() else None


def _read_viewpoint(item: Mapping[str, Any], key: str | None) -> RawNode:
    pose = item['pose']
    is_pose = isinstance(pose, list) and len(pose) == 16
    used = ('image_id', 'pose', 'unobstructed', 'visible')
    return RawNode(
        id=key,
        layer='excluded' if item.get('included') is False else 'viewpoint',
        position=[pose[3], pose[7], pose[11]] if is_pose else pose,
        attributes={name: value for name, value in item.items() if name not in used},
    )
