"""Plans and scene graphs in the terminal."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from prism_core.errors import ConfigError
from prism_core.plan import Plan
from prism_core.scene_graph import SceneGraph
from prism_core.steps import render_steps

_MARGIN = 0.12  # of the graph's extent, so that names at the border fit
_COLORS = {'region': 'blue+', 'object': 'orange', 'robot': 'green+', 'way': 'magenta+'}


def print_plan(plan: Plan, *, source: str, latency_s: float | None = None) -> None:
    """Print the steps of a plan, who made it, how long that took, why it is so, and its notes."""
    console = Console(highlight=False)
    table = Table(title=plan.primary_goal or None, title_justify='left', show_header=False)
    for number, action in enumerate(plan.actions, start=1):
        table.add_row(str(number), render_steps([action]))
    console.print(table)
    latency = '' if latency_s is None else f'   latency: {latency_s * 1000:.1f} ms'
    console.print(f'source: {source}{latency}', markup=False)
    if plan.reasoning:
        console.print(f'reasoning: {plan.reasoning}', markup=False)
    for note in plan.notes:
        console.print(f'note: {note}', markup=False)


def print_graph(graph: SceneGraph, way: Sequence[str] = ()) -> None:
    """Draw a scene graph as a map, x east and y north in metres, with a way through its regions."""
    try:
        import plotext as figure
    except ImportError as error:
        raise ConfigError('maps in the terminal need plotext; run: pip install plotext') from error
    figure.clear_figure()
    figure.theme('clear')
    width, height = shutil.get_terminal_size((100, 32))
    figure.plotsize(min(width, 140), min(height - 4, 36))
    for connection in graph.connections.values():
        if connection.kind == 'traversable':
            _draw_line(figure, graph, connection.source, connection.target, 'gray')
    for a, b in itertools.pairwise(way):
        _draw_line(figure, graph, a, b, _COLORS['way'])
    for name, node in graph.nodes.items():
        color = _COLORS['robot' if name == graph.robot_location else node.kind]
        figure.text(name, *node.position, color=color, alignment='center')
    for axis, set_limits in enumerate((figure.xlim, figure.ylim)):
        values = [node.position[axis] for node in graph.nodes.values()] or [0.0]
        margin = _MARGIN * (max(values) - min(values)) or 1.0
        set_limits(min(values) - margin, max(values) + margin)
    figure.title(f'{len(graph.regions)} regions, {len(graph.objects)} objects (metres)')
    figure.show()
    legend = (
        f'robot in {graph.robot_location}' if graph.robot_location else 'robot location unknown'
    )
    if len(way) > 1:
        legend += '; way: ' + ' > '.join(way)
    Console(highlight=False).print(legend, markup=False)


def _draw_line(figure, graph: SceneGraph, a: str, b: str, color: str) -> None:
    (xa, ya), (xb, yb) = graph.nodes[a].position, graph.nodes[b].position
    figure.plot([xa, xb], [ya, yb], marker='braille', color=color)


@contextmanager
def show_progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar; what comes out moves it on by one."""
    columns = (*(TextColumn(what), BarColumn(), MofNCompleteColumn()), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
