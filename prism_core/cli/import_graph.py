# SPDX-License-Identifier: Apache-2.0
"""`prism import-graph`: maps that others made, as scene graphs."""

from __future__ import annotations

from pathlib import Path

import click

from prism_core.files import replace_file
from prism_core.graph.importing import KINDS, import_graph
from prism_core.graph.importing.report import LOCATION
from prism_core.graph.spine_json import render_scene_graph


@click.command('import-graph')
@click.argument('file', type=click.Path(path_type=Path))
@click.option(
    '--as',
    'kind',
    type=click.Choice(list(KINDS)),
    help='What the file is; told by its content when left out.',
)
@click.option(
    '--layers',
    type=click.Path(path_type=Path),
    help='What its layers, classes and relations become (YAML), see docs/maps.md.',
)
@click.option('--location', help='Region that the robot is in, when not the one of the file.')
@click.option(
    '--out',
    type=click.Path(path_type=Path),
    help='Write the scene graph here (JSON); only the report is shown when left out.',
)
def import_graph_(
    file: Path, kind: str | None, layers: Path | None, location: str | None, out: Path | None
) -> None:
    """Read a map of Hydra, networkx, VirtualHome, Matterport3D, Nav2 or SayPlan, and say what was
    read, guessed and left out.
    """
    from prism_core.pictures.terminal_import import print_import

    graph, report = import_graph(file, kind, layers)
    if location:
        graph = graph.at(location)
        report.take(LOCATION, location)
    print_import(graph, report)
    if out is not None:
        replace_file(out, render_scene_graph(graph, indented=True))
        click.echo(f'wrote {out}')
