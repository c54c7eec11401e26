# SPDX-License-Identifier: Apache-2.0
"""Plans and scene graphs in the terminal."""

from __future__ import annotations

import itertools
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from prism_core.errors import ConfigError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.installing import how_to_install
from prism_core.pictures.labels import place_labels
from prism_core.pictures.layout import Point, lay_out, say_unknown
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps

_MARGIN = 0.12  # of the graph's extent, so that names at the border fit
_MAX_NAMES = 300  # more only cover each other
_FRAME_ROWS = 4  # around the map: title, two lines, numbers
_DOTS = (2, 4)  # of a character of braille, across and down
_COLORS = {'region': 'blue+', 'object': 'orange', 'robot': 'green+', 'way': 'magenta+'}


def print_plan(plan: Plan, *, source: str, latency_s: float | None = None) -> None:
    """Print the steps of a plan, who made it, how long that took, why it is so, and its notes."""
    console = Console(highlight=False)
    kind, _, about = plan.primary_goal.partition(' ')
    title = Text(f'{kind.replace("_", " ")} {about}'.strip()) or None
    table = Table(title=title, title_justify='left', show_header=False)
    for number, action in enumerate(plan.actions, start=1):
        table.add_row(str(number), Text(render_steps([action])))
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
        raise ConfigError(
            f'maps in the terminal need plotext; {how_to_install("plotext")}'
        ) from error
    figure.clear_figure()
    figure.theme('clear')
    width, height = shutil.get_terminal_size((100, 32))
    size = (min(width, 140), min(height - 4, 36))
    figure.limit_size(False, False)
    figure.plotsize(*size)
    at = lay_out(graph)
    steps, lows, highs = [], [], []
    for axis, set_limits in enumerate((figure.xlim, figure.ylim)):
        values = [position[axis] for position in at.values()] or [0.0]
        margin = _MARGIN * (max(values) - min(values)) or 1.0
        lows.append(min(values) - margin)
        highs.append(max(values) + margin)
        set_limits(lows[axis], highs[axis])
        steps.append((highs[axis] - lows[axis]) / (size[axis] * _DOTS[axis]))
    ways = [ends for ends, c in graph.connections.items() if c.kind == 'traversable']
    for color, lines in (('gray', ways), (_COLORS['way'], itertools.pairwise(way))):
        dots = [dot for a, b in lines for dot in _line(at[a], at[b], steps)]
        if dots:
            figure.scatter(*zip(*dots, strict=True), marker='braille', color=color)
    named = {*graph.nodes} if len(at) <= _MAX_NAMES else {*way, graph.robot_location}
    # The robot and the way come first where there is no room for all.
    first = [name for name in dict.fromkeys((graph.robot_location, *way)) if name in at]
    order = list(dict.fromkeys((*first, *graph.regions, *graph.objects)))
    numbers = max(len(f'{limit:.1f}') for limit in (lows[1], highs[1]))
    columns, rows = size[0] - numbers - 2, size[1] - _FRAME_ROWS
    cells = {
        name: (
            round((x - lows[0]) / (highs[0] - lows[0]) * (columns - 1)),
            round((y - lows[1]) / (highs[1] - lows[1]) * (rows - 1)),
        )
        for name, (x, y) in at.items()
    }
    labels = place_labels((name for name in order if name in named), cells, columns, rows)
    for name, (column, row) in labels.items():
        color = _COLORS['robot' if name == graph.robot_location else graph.nodes[name].kind]
        x = lows[0] + column / (columns - 1) * (highs[0] - lows[0])
        y = lows[1] + row / (rows - 1) * (highs[1] - lows[1])
        figure.text(name, x, y, color=color, alignment='center')
    unknown = say_unknown(graph)
    figure.title(
        f'{len(graph.regions)} regions, {len(graph.objects)} objects '
        f'({f"metres; {unknown}" if unknown else "metres"})'
    )
    console = Console(highlight=False)
    console.print(Text.from_ansi(figure.build()), soft_wrap=True)
    legend = (
        f'robot in {graph.robot_location}' if graph.robot_location else 'robot location unknown'
    )
    if len(labels) < len(named & at.keys()):
        legend += f'; {len(named & at.keys()) - len(labels)} names had no room'
    if len(way) > 1:
        legend += '; way: ' + ' > '.join(way)
    console.print(legend, markup=False)


def _line(start: Point, end: Point, steps: Sequence[float]) -> Iterator[Point]:
    """Points from one to another that are no further apart than the dots of the terminal."""
    apart = (end[0] - start[0], end[1] - start[1])
    number = max(1, math.ceil(max(abs(apart[0]) / steps[0], abs(apart[1]) / steps[1])))
    for index in range(number + 1):
        yield start[0] + apart[0] * index / number, start[1] + apart[1] * index / number


@contextmanager
def show_progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar; what comes out moves it on by one."""
    columns = (*(TextColumn(what), BarColumn(), MofNCompleteColumn()), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
