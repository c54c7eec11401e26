# SPDX-License-Identifier: Apache-2.0
"""`prism merge-graph`: the map of a second mapper, merged into ours."""

from __future__ import annotations

from pathlib import Path

import click

from prism_core.files import replace_file
from prism_core.graph.merging import WITHIN_M, merge_graphs
from prism_core.graph.spine_json import render_scene_graph


@click.command('merge-graph')
@click.argument('ours', type=click.Path(path_type=Path))
@click.argument('theirs', type=click.Path(path_type=Path))
@click.option(
    '--within',
    'within_m',
    default=WITHIN_M,
    show_default=True,
    type=click.FloatRange(min=0.0),
    help='Metres that two nodes can lie apart which are taken for one.',
)
@click.option(
    '--out',
    type=click.Path(path_type=Path),
    help='Write the merged scene graph here (JSON); only the report is shown when left out.',
)
def merge_graph(ours: Path, theirs: Path, within_m: float, out: Path | None) -> None:
    """Merge the map THEIRS into OURS, and say what was matched, added and in conflict.

    Both are in one frame. What both know keeps the name and the texts that OURS has.
    """
    from prism_core.cli.graph_file import read_graph

    our_graph, their_graph = read_graph(ours), read_graph(theirs)
    merge = merge_graphs(our_graph, their_graph, within_m=within_m)
    renamed = {name: new for name, new in merge.added.items() if name != new}
    click.echo(
        f'{len(merge.matched)} nodes matched, {len(merge.added)} added, '
        f'{len(merge.conflicts)} conflicts'
    )
    for name, new in renamed.items():
        click.echo(f"added '{name}' as '{new}', since the name is taken")
    for sentence in merge.conflicts:
        click.echo(f'conflict: {sentence}')
    if out is not None:
        merged = our_graph.apply(merge.update)
        replace_file(out, render_scene_graph(merged, indented=True))
        click.echo(f'wrote {out}')
