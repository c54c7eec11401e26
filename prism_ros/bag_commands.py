# SPDX-License-Identifier: Apache-2.0
"""`prism bag`: recordings of what our nodes publish, and the scene graph out of one."""

from __future__ import annotations

import time
from pathlib import Path

import click

from prism_core import render_scene_graph
from prism_core.files import replace_file
from prism_ros.commands import errors_shown

_namespace_option = click.option(
    '--namespace', default='', help='Of the robot; none when left out.'
)


@click.group()
def bag() -> None:
    """Record what our nodes publish (MCAP), and read the scene graph out of it."""


@bag.command()
@click.argument('file', type=click.Path(path_type=Path))
@_namespace_option
@click.option(
    '--seconds',
    'seconds_s',
    type=click.FloatRange(min=0.1),
    help='For how long; until Ctrl-C when left out.',
)
def record(file: Path, namespace: str, seconds_s: float | None) -> None:
    """Record scene graph, plans and status into a new MCAP file."""
    from prism_ros.recording import record_topics

    end_s = None if seconds_s is None else time.monotonic() + seconds_s
    click.echo(f'recording into {file}' + ('' if seconds_s else '; end with Ctrl-C'))
    with errors_shown():
        counts = record_topics(
            file,
            namespace=namespace,
            is_over=lambda counts: end_s is not None and time.monotonic() >= end_s,
        )
    for topic, count in counts.items():
        click.echo(f'{count:7} {topic}')


@bag.command()
@click.argument('file', type=click.Path(path_type=Path))
@_namespace_option
@click.option('--revision', type=click.IntRange(min=0), help='Which state; the last when left out.')
@click.option(
    '--epoch', type=click.IntRange(min=0), help='Of which life of the graph; the last recorded one.'
)
@click.option(
    '--out',
    type=click.Path(path_type=Path),
    help='Write the scene graph here (JSON); it is printed when left out.',
)
def graph(
    file: Path, namespace: str, revision: int | None, epoch: int | None, out: Path | None
) -> None:
    """Make the scene graph of a recording, as it was at its end or at a revision."""
    from prism_ros.recording import read_graph_of

    with errors_shown():
        found = read_graph_of(file, revision, epoch, namespace)
    text = render_scene_graph(found.graph, indented=True)
    if out is None:
        click.echo(text, nl=False)
        return
    replace_file(out, text)
    click.echo(f'wrote {out}: epoch {found.epoch}, revision {found.graph.revision}')
