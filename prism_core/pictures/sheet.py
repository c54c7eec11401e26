# SPDX-License-Identifier: Apache-2.0
"""Several episodes on one sheet: of each the request, the way taken, and what was done and said."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from prism_core.episode.episode import Episode
from prism_core.pictures.episode_picture import draw_map
from prism_core.pictures.episode_trail import follow_episode
from prism_core.pictures.picture import open_figure, save_figure
from prism_core.plan.steps import render_steps

_COLUMNS = 2
_CELL_INCH = (6.6, 5.6)
_CHARS, _MAX_LINES, _FONT_SIZE = 92, 12, 7.5


def draw_sheet(episodes: Sequence[Episode], path: Path) -> None:
    """Draw some episodes side by side, into a .png, .svg or .pdf file.

    Raises:
        ConfigError: matplotlib is not installed, or the file cannot be written in that format.
    """
    rows = math.ceil(len(episodes) / _COLUMNS)
    figure = open_figure((_COLUMNS * _CELL_INCH[0], rows * _CELL_INCH[1]), dpi=80)
    cells = figure.add_gridspec(
        rows, _COLUMNS, left=0.04, right=0.99, bottom=0.01, top=1 - 0.5 / (rows * _CELL_INCH[1])
    )
    for number, episode in enumerate(episodes):
        column = cells[number].subgridspec(2, 1, height_ratios=(3, 1.25), hspace=0.12)
        axes = figure.add_subplot(column[0])
        draw_map(axes, episode, follow_episode(episode))
        axes.set(xlabel='', ylabel='')
        asked = textwrap.fill(f'{number + 1}. {episode.said}', _CHARS - 18)
        axes.set_title(asked, loc='left', fontsize=9, weight='bold', parse_math=False)
        panel = figure.add_subplot(column[1])
        panel.axis('off')
        lines = [line for said in _say_turns(episode) for line in textwrap.wrap(said, _CHARS)]
        if len(lines) > _MAX_LINES:
            lines[_MAX_LINES // 2 : len(lines) - _MAX_LINES // 2 + 1] = ['…']
        style = {'fontsize': _FONT_SIZE, 'family': 'monospace', 'va': 'top', 'parse_math': False}
        panel.text(0, 0.96, '\n'.join(lines), transform=panel.transAxes, **style)
    save_figure(figure, path)


def _say_turns(episode: Episode) -> Iterator[str]:
    """The plans, one line a turn, and how it ended."""
    for number, turn in enumerate(episode.turns, start=1):
        yield f'{number} ' + '; '.join(render_steps([action]) for action in turn.plan.actions)
    if episode.outcome is not None and not episode.outcome.success:
        yield episode.outcome.reason
