# SPDX-License-Identifier: Apache-2.0
"""An episode as a picture, by matplotlib: a map of what is known and hidden, and what happened."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prism_core.domain import domain_named
from prism_core.episode.episode import Episode
from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph
from prism_core.pictures.episode_trail import (
    NOT_CARRIED_OUT,
    Trail,
    describe_outcome,
    follow_episode,
)
from prism_core.pictures.layout import lay_out
from prism_core.pictures.picture import (
    CONNECTION,
    OBJECT,
    OBJECT_NAME,
    REGION,
    ROBOT,
    WAY,
    Box,
    Label,
    Places,
    draw_line,
    draw_nodes,
    draw_robot,
    label_axes,
    line_style,
    name_color,
    open_figure,
    save_figure,
    write_labels,
)

_SIZE_INCH, _DPI = (11.7, 8.27), 110  # A4, landscape
_MAP, _PANEL = (0.055, 0.13, 0.585, 0.83), (0.66, 0.02, 0.33, 0.96)  # shares of the figure
_HIDDEN, _HIDDEN_NAME, _BLOCKED, _TARGET = '#c3c8d0', '#98a0ab', '#d62728', '#7a3fc0'
_TEXT, _QUIET, _GOOD, _BAD, _NOW = '#1d2733', '#6b7684', '#1e7d45', '#c22020', '#fff3c4'
_FONT_SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
_LINE_HEIGHT, _LETTER_WIDTH = 1.36, 0.56  # relative to the size of the letters
_MAX_NEWS_LINES = 3


def draw_episode(episode: Episode, path: Path, *, turn: int | None = None) -> None:
    """Draw how an episode stood after a turn, into a .png, .svg or .pdf file.

    Args:
        episode: tried or not.
        path: the file to write.
        turn: so many turns are shown; all of them when left out.

    Raises:
        ConfigError: there is no such turn, matplotlib is not installed, or the file cannot be
            written in that format.
    """
    done = follow_episode(episode, turn)
    figure = open_figure(_SIZE_INCH, dpi=_DPI)
    axes = figure.add_axes(_MAP)
    draw_map(axes, episode, done)
    axes.set_title(_say_where(episode, done), loc='left', fontsize=10)
    _write_legend(axes)
    panel = figure.add_axes(_PANEL)
    _write_panel(panel, _describe(episode, done))
    save_figure(figure, path)


# --------------------------------------------------------------------------------------- the map


def draw_map(axes, episode: Episode, done: Trail) -> None:
    """Draw the world, what is known of it after some turns, and the way taken."""
    graph = _everything(episode, done.graph)
    known, true = done.graph, episode.true_graph
    at = lay_out(graph)
    blocked = {connection.key for connection in done.blocked}
    for ends, connection in {**true.connections, **known.connections}.items():
        is_way = connection.kind == 'traversable'
        if ends in known.connections:
            draw_line(axes, at, ends, *line_style(connection), 1.6 if is_way else 1.0)
        else:
            draw_line(axes, at, ends, _HIDDEN, (0, (1, 2)), 1.4 if is_way else 0.8)
    for ends in sorted(blocked):
        draw_line(axes, at, ends, _BLOCKED, '-', 1.8)
        (xa, ya), (xb, yb) = (at[name] for name in ends)
        axes.scatter((xa + xb) / 2, (ya + yb) / 2, s=80, c=_BLOCKED, marker='x', lw=2.5, zorder=4)
    draw_nodes(axes, at, 'region', graph.regions.keys() - known.nodes, _HIDDEN, size=45)
    draw_nodes(axes, at, 'object', graph.objects.keys() - known.nodes, _HIDDEN, size=45)
    draw_nodes(axes, at, 'region', known.regions, REGION)
    draw_nodes(axes, at, 'object', known.objects, OBJECT, size=50)
    draw_robot(axes, at, known.robot_location)
    _draw_targets(axes, episode, at)
    label_axes(axes, graph)
    axes.margins(0.13)
    axes.set_aspect('equal', adjustable='datalim')
    axes.tick_params(labelsize=8)
    axes.apply_aspect()
    _write_labels(axes, graph, at, episode, done, list(_draw_way(axes, at, done)))


def _say_where(episode: Episode, done: Trail) -> str:
    shown = f'after turn {len(done.turns)} of {len(episode.turns)}'
    if not done.turns:
        shown = f'before the first of {len(episode.turns)} turns' if episode.turns else 'not tried'
    return f'{shown}; the robot is in {done.graph.robot_location}'


def _everything(episode: Episode, known: SceneGraph) -> SceneGraph:
    """The true graph with what the robot believes, by which everything can be drawn."""
    start, true = episode.known_graph, episode.true_graph
    connections = [
        connection
        for graph in (start, known)
        for key, connection in graph.connections.items()
        if key not in true.connections and not connection.is_placement
    ]
    nodes = [
        node
        for graph in (start, known)
        for node in graph.nodes.values()
        if node.name not in true.nodes
    ]
    return true.apply(GraphUpdate(upsert_nodes=tuple(nodes), upsert_connections=tuple(connections)))


def _draw_targets(axes, episode: Episode, at: Places) -> None:
    """Rings around what is a right answer, and dashed ones around what must be looked at."""
    criterion = episode.criterion
    answers = [name for name in criterion.accepted if name in at]
    looks = {
        name
        for fact in criterion.evidence
        for name in (fact.node, fact.detail)
        if name in at and name not in answers
    }
    for names, style in ((answers, '-'), (sorted(looks), (0, (2, 1.5)))):
        if names:
            xs, ys = zip(*(at[name] for name in names))
            ring = axes.scatter(xs, ys, s=150, c='none', edgecolors=_TARGET, lw=1.8, zorder=3.5)
            ring.set_linestyle(style)


def _draw_way(axes, at: Places, done: Trail) -> Iterator[Box]:
    """Draw the way driven, beside itself where it was driven again; yields the pixels it takes."""
    from matplotlib.transforms import ScaledTranslation

    passages: Counter[tuple[str, str]] = Counter()
    for a, b in itertools.pairwise(done.way):
        key = (min(a, b), max(a, b))
        (xa, ya), (xb, yb) = at[a], at[b]
        dx, dy = xb - xa, yb - ya
        length = math.hypot(dx, dy) or 1.0
        side = 4.5 / 72 * passages[key] * (1 if (a, b) == key else -1) / length
        passages[key] += 1
        moved = axes.transData + ScaledTranslation(
            -side * dy, side * dx, axes.figure.dpi_scale_trans
        )
        axes.plot([xa, xb], [ya, yb], color=WAY, lw=3, alpha=0.75, zorder=2.5, transform=moved)
        axes.annotate(
            '',
            (xa + 0.58 * dx, ya + 0.58 * dy),
            (xa + 0.5 * dx, ya + 0.5 * dy),
            xycoords=moved,
            textcoords=moved,
            arrowprops={'arrowstyle': '-|>', 'color': WAY, 'lw': 0, 'mutation_scale': 15},
            zorder=2.6,
        )
        for share in (0.2, 0.4, 0.6, 0.8):
            x, y = axes.transData.transform((xa + share * dx, ya + share * dy))
            yield (x - 4, y - 4, x + 4, y + 4)


def _write_labels(
    axes, graph: SceneGraph, at: Places, episode: Episode, done: Trail, taken: list[Box]
) -> None:
    """Write all names, those of what was found in bold letters, and the numbers of the stops."""
    known: list[Label] = []
    hidden: list[Label] = []
    for name in graph.nodes:
        style = {'fontsize': 7.5, 'zorder': 5, 'color': _HIDDEN_NAME}
        if name in done.graph.nodes:
            is_new = name not in episode.known_graph.nodes
            style |= {'color': name_color(graph, name), 'weight': 'bold' if is_new else 'normal'}
        (known if name in done.graph.nodes else hidden).append(Label(name, name, style))
    write_labels(axes, graph, at, [*known, *_number_stops(done), *hidden], taken)


def _number_stops(done: Trail) -> Iterator[Label]:
    """The turns in which the robot came to each stop."""
    stops = {name: [str(turn) for turn in turns] for name, turns in done.stops.items()}
    if done.way:
        stops[done.way[0]] = ['start', *stops.get(done.way[0], [])]
    box = {'boxstyle': 'round,pad=0.2', 'facecolor': WAY, 'edgecolor': 'white'}
    style = {'fontsize': 7, 'color': 'white', 'weight': 'bold', 'zorder': 6, 'bbox': box}
    for name, turns in stops.items():
        yield Label(name, '·'.join(turns), style)


def _write_legend(axes) -> None:
    from matplotlib.lines import Line2D

    ring: dict[str, Any] = {'ls': '', 'marker': 'o', 'mfc': 'none'}
    parts: dict[str, dict[str, Any]] = {
        'region': {'color': REGION, 'marker': 'o', 'ls': ''},
        'object': {'color': OBJECT, 'marker': 's', 'ls': ''},
        'known way': {'color': CONNECTION, 'lw': 1.6},
        'way found blocked': {'color': _BLOCKED, 'marker': 'x', 'mew': 2.5, 'lw': 1.8},
        'there, but not known': {'color': _HIDDEN, 'marker': 'o', 'ls': (0, (1, 2))},
        'way driven, stops by turn': {'color': WAY, 'lw': 3},
        'robot': {'color': ROBOT, 'mew': 3, 'ms': 11, **ring},
        'right answer': {'color': _TARGET, 'mew': 1.8, 'ms': 9, **ring},
        'must be looked at': {'color': _TARGET, 'marker': '$◌$', 'ls': '', 'ms': 11},
        'bold: found on the way': {'ls': '', 'marker': '$\\mathbf{b}$', 'color': OBJECT_NAME},
    }
    axes.legend(
        handles=[Line2D([], [], label=label, **style) for label, style in parts.items()],
        loc='upper center',
        bbox_to_anchor=(0.5, -0.075),
        ncol=5,
        fontsize=8,
        frameon=False,
        columnspacing=1.4,
        handletextpad=0.6,
    )


# ------------------------------------------------------------------------------------- the panel


@dataclass(frozen=True)
class _Text:
    """A text of the panel; `indent` in letters, `is_now` marks the turn that is shown."""

    text: str
    number: str = ''
    color: str = _TEXT
    weight: str = 'normal'
    indent: int = 0
    is_now: bool = False
    max_lines: int = 8


_SPACE = _Text('')


def _describe(episode: Episode, done: Trail) -> list[list[_Text]]:
    """What stands in the panel: the head, each turn, and the end."""
    task = episode.task
    expected = domain_named(episode.domain).say_expected(episode.criterion)
    head = [
        _Text(f'“{task.request}”', weight='bold'),
        _Text(f'{task.kind}, seed {episode.seed}', color=_QUIET),
        _Text(f'right answer: {expected}', color=_TARGET, max_lines=3),
        _SPACE,
    ]
    blocks = [head]
    for number, steps in enumerate(done.turns, start=1):
        is_now = number == len(done.turns)
        block = []
        for index, (step, news) in enumerate(steps):
            mark = '' if index else str(number)
            color = _QUIET if step.endswith(NOT_CARRIED_OUT) else _TEXT
            block.append(_Text(step, mark, color, indent=4, is_now=is_now))
            block += [
                _Text(
                    line.text,
                    color=_BAD if line.is_bad else _QUIET,
                    indent=6,
                    is_now=is_now,
                    max_lines=_MAX_NEWS_LINES,
                )
                for line in news
            ]
        blocks.append(block)
    blocks.append([_SPACE, *_describe_end(episode, done)])
    return blocks


def _describe_end(episode: Episode, done: Trail) -> list[_Text]:
    left = len(episode.turns) - len(done.turns)
    if left:
        return [_Text(f'… {left} more turn{"s" if left > 1 else ""}', color=_QUIET)]
    if episode.outcome is None:
        return [_Text('not judged' if episode.turns else 'not tried yet', color=_QUIET)]
    verdict, marks, cost = describe_outcome(episode.outcome, episode.criterion)
    color = _GOOD if episode.outcome.success else _BAD
    return [
        _Text(verdict, color=color, weight='bold'),
        _Text(marks),
        _Text(cost, color=_QUIET),
    ]


def _write_panel(panel, blocks: list[list[_Text]]) -> None:
    """Write the texts as large as they fit; where the smallest letters are too large, the first
    turns are left out.
    """
    width, height = (size * share * 72 for size, share in zip(_SIZE_INCH, _PANEL[2:]))
    panel.set(xlim=(0, width), ylim=(height, 0))
    panel.axis('off')
    for size in _FONT_SIZES:
        lines = _wrap(blocks, width / size)
        if len(lines) * size * _LINE_HEIGHT <= height:
            break
    else:
        lines = _leave_out(blocks, width / size, int(height / size / _LINE_HEIGHT))
    for row, line in enumerate(lines):
        step = size * _LINE_HEIGHT
        if line.is_now:
            panel.axhspan(row * step, (row + 1) * step, color=_NOW, lw=0, zorder=0)
        letter = size * _LETTER_WIDTH
        style = {'fontsize': size, 'color': line.color, 'weight': line.weight, 'va': 'center'}
        style['parse_math'] = False
        panel.text(4 + line.indent * letter, (row + 0.5) * step, line.text, **style)
        panel.text(4 + 2.5 * letter, (row + 0.5) * step, line.number, ha='right', **style)


def _leave_out(blocks: list[list[_Text]], width: float, rows: int) -> list[_Text]:
    head, *turns, end = blocks
    left_out = 0
    while True:
        mark = [_Text(f'… {left_out} turns before', color=_QUIET)] if left_out else []
        lines = _wrap([head, mark, *turns, end], width)
        if len(lines) <= rows or not turns:
            return lines
        del turns[0]
        left_out += 1


def _wrap(blocks: list[list[_Text]], width: float) -> list[_Text]:
    """The texts in lines; `width` is that of the panel relative to the size of the letters."""
    lines = []
    for text in itertools.chain.from_iterable(blocks):
        letter = _LETTER_WIDTH * (1.1 if text.weight == 'bold' else 1.0)
        letters = int(width / letter) - text.indent - 1
        shown = textwrap.wrap(text.text, letters, max_lines=text.max_lines, placeholder=' …')
        for index, part in enumerate(shown or ['']):
            lines.append(replace(text, text=part, number='' if index else text.number))
    return lines
