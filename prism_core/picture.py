"""Scene graphs and plans as pictures, by matplotlib."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

from prism_core.errors import ConfigError
from prism_core.plan import Plan
from prism_core.scene_graph import SceneGraph
from prism_core.steps import render_steps

_REGION, _OBJECT, _ROBOT, _WAY = '#3b6fb5', '#e8912d', '#2f9e5f', '#c2378f'
_MAX_NAMES = 300  # more names than this only cover the picture


def draw_picture(
    graph: SceneGraph, path: Path, *, plan: Plan | None = None, way: Sequence[str] = ()
) -> None:
    """Draw a scene graph, a plan and its way on it, into a .png, .svg or .pdf file.

    Raises:
        ConfigError: matplotlib is not installed, or the file cannot be written in that format.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise ConfigError("pictures need matplotlib; run: pip install 'prism_ros[data]'") from error
    matplotlib.use('agg')
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(10, 7), layout='constrained')
    for connection in graph.connections.values():
        is_way = connection.kind == 'traversable'
        color, style = ('#9aa4b2', '-') if is_way else (_OBJECT, ':')
        _draw_line(axes, graph, connection.source, connection.target, color, style, 1.2)
    for a, b in itertools.pairwise(way):
        _draw_line(axes, graph, a, b, _WAY, '-', 3.5)
    for kind, color, marker in (('region', _REGION, 'o'), ('object', _OBJECT, 's')):
        nodes = [node for node in graph.nodes.values() if node.kind == kind]
        xs, ys = [n.position[0] for n in nodes], [n.position[1] for n in nodes]
        axes.scatter(xs, ys, s=70, c=color, marker=marker, label=f'{kind} ({len(nodes)})', zorder=3)
    if graph.robot_location is not None:
        position = graph.nodes[graph.robot_location].position
        axes.scatter(*position, s=260, facecolors='none', edgecolors=_ROBOT, linewidths=3)
        axes.scatter([], [], s=90, facecolors='none', edgecolors=_ROBOT, label='robot')
    if len(graph.nodes) <= _MAX_NAMES:
        for name in graph.nodes:
            _write_name(axes, graph, name)
    if plan is not None:
        steps = '\n'.join(
            f'{number}. {render_steps([action])}' for number, action in enumerate(plan.actions, 1)
        )
        axes.set_title(f'{plan.primary_goal}\n{steps}', loc='left', fontsize=9, parse_math=False)
    axes.set(xlabel='x east (m)', ylabel='y north (m)', aspect='equal')
    axes.margins(0.12)
    axes.legend(loc='best', fontsize=8)
    try:
        figure.savefig(path, dpi=130)
    except (OSError, ValueError) as error:
        raise ConfigError(f'cannot write the picture {path}: {error}') from error
    finally:
        plt.close(figure)


def _draw_line(axes, graph: SceneGraph, a: str, b: str, color, style, width) -> None:
    (xa, ya), (xb, yb) = graph.nodes[a].position, graph.nodes[b].position
    axes.plot([xa, xb], [ya, yb], color=color, linestyle=style, linewidth=width, zorder=1)


def _write_name(axes, graph: SceneGraph, name: str) -> None:
    """Write a node's name on the side that faces away from what is seen from it, or sees it."""
    import matplotlib.patheffects as effects

    x, y = graph.nodes[name].position
    around = graph.viewpoints.get(name) or [
        seen for seen, regions in graph.viewpoints.items() if name in regions
    ]
    others = [graph.nodes[other].position for other in around]
    dx = sum(x - other_x for other_x, _ in others)
    dy = sum(y - other_y for _, other_y in others) or 1.0
    length = math.hypot(dx, dy)
    text = axes.annotate(
        name,
        (x, y),
        xytext=(9 * dx / length, 11 * dy / length),
        textcoords='offset points',
        ha='left' if dx > 0.5 * length else 'right' if dx < -0.5 * length else 'center',
        va='bottom' if dy > 0 else 'top',
        fontsize=8,
        color=_REGION if graph.nodes[name].kind == 'region' else '#8a4b00',
        zorder=4,
    )
    text.set_path_effects([effects.withStroke(linewidth=2.5, foreground='white')])
