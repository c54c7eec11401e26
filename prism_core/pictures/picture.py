# SPDX-License-Identifier: Apache-2.0
"""Scene graphs and plans as pictures, by matplotlib."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from prism_core.errors import ConfigError
from prism_core.graph.elements import Connection, NodeKind
from prism_core.graph.scene_graph import SceneGraph
from prism_core.installing import how_to_install
from prism_core.pictures.layout import Point, lay_out, say_unknown
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps

REGION, OBJECT, ROBOT, WAY = '#3b6fb5', '#e8912d', '#2f9e5f', '#c2378f'
REGION_NAME, OBJECT_NAME, CONNECTION = '#2f5a94', '#8a4b00', '#9aa4b2'
BLUE, GRID, TEXT = '#0072B2', '#d9dee4', '#333333'  # of plots
_MAX_LABELS = 300  # more names than this only cover the picture
_LABEL_GAP, _NODE_SIZE = 10, 13  # points from a node's middle to its name; points across a node

Box = tuple[float, float, float, float]
"""Left, low, right, high."""
Places = Mapping[str, Point]
"""Where each node is drawn, in metres."""


def draw_picture(
    graph: SceneGraph, path: Path, *, plan: Plan | None = None, way: Sequence[str] = ()
) -> None:
    """Draw a scene graph, a plan and its way on it, into a .png, .svg or .pdf file.

    Raises:
        ConfigError: matplotlib is not installed, or the file cannot be written in that format.
    """
    figure = open_figure((10, 7), layout='constrained')
    axes = figure.add_subplot()
    at = lay_out(graph)
    _draw_connections(axes, at, graph)
    for ends in itertools.pairwise(way):
        draw_line(axes, at, ends, WAY, '-', 3.5)
    regions, objects = graph.regions, graph.objects
    draw_nodes(axes, at, 'region', regions, REGION, label=f'region ({len(regions)})')
    draw_nodes(axes, at, 'object', objects, OBJECT, label=f'object ({len(objects)})')
    draw_robot(axes, at, graph.robot_location)
    if plan is not None:
        steps = '\n'.join(
            f'{number}. {render_steps([action])}' for number, action in enumerate(plan.actions, 1)
        )
        axes.set_title(f'{plan.primary_goal}\n{steps}', loc='left', fontsize=9, parse_math=False)
    label_axes(axes, graph)
    axes.set_aspect('equal')
    axes.margins(0.12)
    axes.legend(loc='best', fontsize=8)
    figure.draw_without_rendering()
    write_labels(
        axes,
        graph,
        at,
        [
            Label(name, name, {'fontsize': 8, 'color': name_color(graph, name), 'zorder': 5})
            for name in graph.nodes
        ],
    )
    save_figure(figure, path)


def open_figure(
    size_inch: tuple[float, float],
    *,
    layout: Literal['constrained'] | None = None,
    dpi: int = 130,
):
    """An empty matplotlib figure that needs no screen.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    try:
        from matplotlib import figure as figures
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError as error:
        raise ConfigError(
            f'pictures need matplotlib; {how_to_install("prism_ros[data]")}'
        ) from error
    figure = figures.Figure(figsize=size_inch, layout=layout, dpi=dpi)
    FigureCanvasAgg(figure)
    return figure


def plain_axes(axes) -> None:
    """Axes of a plot without what it does not need: a faint grid, no frame above and beside it."""
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
    axes.grid(axis='y', color=GRID, linewidth=0.8)
    axes.tick_params(which='both', length=0, labelsize=9, labelcolor=TEXT)


def save_figure(figure, path: Path) -> None:
    """Write a figure in the format that the file's name says; texts in an .svg stay texts.

    Raises:
        ConfigError: the file cannot be written in that format.
    """
    import matplotlib

    if not path.suffix:
        raise ConfigError(f'cannot write the picture {path}: expected a name such as {path}.png')
    try:
        with matplotlib.rc_context({'svg.fonttype': 'none'}):
            figure.savefig(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f'cannot write the picture {path}: {error}') from error


def label_axes(axes, graph: SceneGraph) -> None:
    """Say what the axes are, and of how many nodes the place on them says nothing."""
    unknown = say_unknown(graph)
    axes.set(xlabel='x east (m)' + (f'; {unknown}' if unknown else ''), ylabel='y north (m)')


def _draw_connections(axes, at: Places, graph: SceneGraph) -> None:
    """Draw all connections, those of one style at once: thousands of lines are slow one by one."""
    from matplotlib.collections import LineCollection

    lines: dict[tuple[str, str], list[tuple[Point, Point]]] = {}
    for a, b in graph.connections:
        style = line_style(graph.connections[a, b])
        lines.setdefault(style, []).append((at[a], at[b]))
    for (color, dashes), ends in lines.items():
        axes.add_collection(
            LineCollection(ends, colors=color, linestyles=dashes, linewidths=1.2, zorder=1)
        )


def draw_line(axes, at: Places, ends: tuple[str, str], color, style, width, **more) -> None:
    """Draw a line between two nodes; `more` goes to matplotlib's `plot`."""
    (xa, ya), (xb, yb) = (at[name] for name in ends)
    settings = {'color': color, 'linestyle': style, 'linewidth': width, 'zorder': 1} | more
    axes.plot([xa, xb], [ya, yb], **settings)


def line_style(connection: Connection) -> tuple[str, str]:
    """The color and the style of its line: where one can drive, what is seen, what is in or on."""
    if connection.kind == 'traversable':
        return CONNECTION, '-'
    return OBJECT, '-' if connection.is_placement else ':'


def draw_nodes(
    axes, at: Places, kind: NodeKind, names: Iterable[str], color, size=70, **more
) -> None:
    """Draw some nodes of one kind, regions round, objects square; `more` goes to `scatter`."""
    positions = [at[name] for name in names]
    xs, ys = [x for x, _ in positions], [y for _, y in positions]
    marker = 'o' if kind == 'region' else 's'
    axes.scatter(xs, ys, s=size, c=color, marker=marker, zorder=3, **more)


def draw_robot(axes, at: Places, location: str | None) -> None:
    """Draw a ring around where the robot is, if that is known."""
    if location is not None:
        ring = {'facecolors': 'none', 'edgecolors': ROBOT}
        axes.scatter(*at[location], s=260, linewidths=3, zorder=3, **ring)
        axes.scatter([], [], s=90, label='robot', **ring)


def name_color(graph: SceneGraph, name: str) -> str:
    """The color of a node's name."""
    return REGION_NAME if graph.nodes[name].kind == 'region' else OBJECT_NAME


@dataclass(frozen=True)
class Label:
    """A text beside a node; `style` goes to matplotlib's `annotate`."""

    node: str
    text: str
    style: Mapping[str, Any]


def write_labels(
    axes, graph: SceneGraph, at: Places, labels: Sequence[Label], taken: Sequence[Box] = ()
) -> None:
    """Write texts beside nodes, each where it covers least; the first ones choose first.

    The axes must have their final place and limits. Of more texts than fit none is written.

    Args:
        axes: of a figure by `open_figure`.
        graph: what is seen from where.
        at: where the nodes are drawn.
        labels: what to write.
        taken: other boxes, in pixels, that texts should not cover.
    """
    import matplotlib.patheffects as effects

    if len(labels) > _MAX_LABELS:
        return
    white_edge = [effects.Stroke(linewidth=2.5, foreground='white')]
    renderer = axes.figure.canvas.get_renderer()
    point = axes.figure.dpi / 72
    frame = tuple(axes.get_window_extent(renderer).extents)
    half = _NODE_SIZE / 2 * point
    pixels = [axes.transData.transform(position) for position in at.values()]
    boxes = [(x - half, y - half, x + half, y + half) for x, y in pixels] + list(taken)
    for label in labels:
        position = at[label.node]
        text = axes.annotate(
            label.text, position, xytext=(0, 0), textcoords='offset points', **label.style
        )
        text.set(in_layout=False, parse_math=False)
        x, y = axes.transData.transform(position)
        extent = text.get_window_extent(renderer)
        size = (extent.width, extent.height)
        costs = {}
        for rank, (dx, dy) in enumerate(_directions(graph, at, label.node)):
            left = x + dx * _LABEL_GAP * point - size[0] * (1 - dx) / 2
            low = y + dy * _LABEL_GAP * point - size[1] * (1 - dy) / 2
            box = (left, low, left + size[0], low + size[1])
            outside = size[0] * size[1] - _overlap(box, frame)
            costs[box] = sum(_overlap(box, b) for b in boxes) + rank * half + 3 * outside
        best = min(costs, key=costs.__getitem__)
        boxes.append(best)
        place = ((best[0] - x) / point, (best[1] - y) / point)
        text.set_position(place)
        if 'bbox' not in label.style:
            # A text of its own: what has an effect is no text in an .svg.
            halo = axes.annotate(
                label.text, position, xytext=place, textcoords='offset points', **label.style
            )
            halo.set(
                in_layout=False,
                parse_math=False,
                zorder=text.get_zorder() - 0.5,
                path_effects=white_edge,
            )


def _directions(graph: SceneGraph, at: Places, name: str) -> Iterator[tuple[float, float]]:
    """Where a text may stand: first away from what is seen from the node, or sees it."""
    x, y = at[name]
    around = graph.viewpoints.get(name) or [
        seen for seen, regions in graph.viewpoints.items() if name in regions
    ]
    others = [at[other] for other in around if other in at]
    dx = sum(x - other_x for other_x, _ in others)
    dy = sum(y - other_y for _, other_y in others) or 1.0
    angle = math.atan2(dy, dx)
    for turn in (0, 1, -1, 2, -2, 3, -3, 4):
        yield (math.cos(angle + turn * math.pi / 4), math.sin(angle + turn * math.pi / 4))


def _overlap(a: Box, b: Box) -> float:
    """The area that two boxes share."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)
