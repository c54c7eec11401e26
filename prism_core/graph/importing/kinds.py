# SPDX-License-Identifier: Apache-2.0
"""The kinds of map that can be read: one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prism_core.graph.importing import (
    csv_table,
    hydra,
    matterport,
    nav2_route,
    networkx_graphs,
    sayplan,
    spine,
    virtualhome,
    waypoints,
)
from prism_core.graph.importing.layers import LayerTable
from prism_core.graph.importing.map_text import MapText
from prism_core.graph.importing.report import ImportReport
from prism_core.graph.scene_graph import SceneGraph


@dataclass(frozen=True)
class GraphKind:
    """A kind of map.

    Attributes:
        name: as `--as` says it.
        what: it is, in a few words.
        recognise: tells why a text is none; None where it is one. No text is of two kinds.
        read: makes a graph of a text by a layer table and notes in the report what it made of it;
            raises SceneGraphError where it cannot.
        layers: the layer table, where no other is given.
        suffixes: of the names of files that are meant to be of it.
    """

    name: str
    what: str
    recognise: Callable[[MapText], str | None]
    read: Callable[[MapText, LayerTable, ImportReport], SceneGraph]
    layers: LayerTable
    suffixes: tuple[str, ...] = ()


_ROWS = (
    GraphKind(
        hydra.NAME,
        'scene graph of Hydra (Spark-DSG JSON)',
        hydra.recognise,
        hydra.read,
        hydra.LAYERS,
    ),
    GraphKind(spine.NAME, "our own form, SPINE's JSON", spine.recognise, spine.read, spine.LAYERS),
    GraphKind(
        networkx_graphs.NAME,
        'node-link JSON of networkx, and what is written like it',
        networkx_graphs.recognise,
        networkx_graphs.read,
        networkx_graphs.LAYERS,
    ),
    GraphKind(
        networkx_graphs.GRAPHML,
        'GraphML, as networkx writes it',
        networkx_graphs.recognise_graphml,
        networkx_graphs.read_graphml,
        networkx_graphs.LAYERS,
        ('.graphml',),
    ),
    GraphKind(
        virtualhome.NAME,
        'environment graph of VirtualHome',
        virtualhome.recognise,
        virtualhome.read,
        virtualhome.LAYERS,
    ),
    GraphKind(
        matterport.NAME,
        'connectivity file of Matterport3D (R2R)',
        matterport.recognise,
        matterport.read,
        matterport.LAYERS,
    ),
    GraphKind(
        nav2_route.NAME,
        "route graph of Nav2's route server (GeoJSON)",
        nav2_route.recognise,
        nav2_route.read,
        nav2_route.LAYERS,
        ('.geojson',),
    ),
    GraphKind(
        sayplan.NAME,
        'rooms, assets and objects as SayPlan and language models write them',
        sayplan.recognise,
        sayplan.read,
        sayplan.LAYERS,
    ),
    GraphKind(
        csv_table.NAME,
        'table of named places (CSV)',
        csv_table.recognise,
        csv_table.read,
        csv_table.LAYERS,
        ('.csv',),
    ),
    GraphKind(
        waypoints.NAME,
        'named waypoints (YAML), with or without a Nav2 map',
        waypoints.recognise,
        waypoints.read,
        waypoints.LAYERS,
        ('.yaml', '.yml'),
    ),
)
KINDS = {kind.name: kind for kind in _ROWS}
