# SPDX-License-Identifier: Apache-2.0
"""Our own form: SPINE's JSON, read as it is."""

from __future__ import annotations

from prism_core.graph.importing.layers import LayerTable
from prism_core.graph.importing.map_text import MapText
from prism_core.graph.importing.report import ImportReport
from prism_core.graph.scene_graph import SceneGraph
from prism_core.graph.spine_json import parse_scene_graph

NAME = 'spine'
LAYERS = LayerTable()


def recognise(source: MapText) -> str | None:
    """Why the text is no SPINE JSON; None where it is."""
    return source.lacks('regions')


def read(source: MapText, _: LayerTable, report: ImportReport) -> SceneGraph:
    """Read SPINE JSON.

    Raises:
        SceneGraphError: with one problem, place and value for each breach.
    """
    graph = parse_scene_graph(source.text)
    for what, names in (
        ('regions as region', graph.regions),
        ('objects as object', graph.objects),
        ('connections', graph.connections),
    ):
        if names:
            first = next(iter(names))
            example = first if isinstance(first, str) else ' - '.join(first)
            report.note('read', what, example, len(names))
    return graph
