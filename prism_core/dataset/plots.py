# SPDX-License-Identifier: Apache-2.0
"""What came out, as pictures: bars and histograms that a data set's page shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from prism_core.dataset.statistics import METRES_BIN, Statistics, sort_tally
from prism_core.dataset.summary import count_happened, group_reasons
from prism_core.pictures.picture import open_figure, save_figure

PICTURES = ('tasks', 'worlds', 'episodes', 'dropped')
"""The files, without suffix, in the order to look at them."""

# Colours that stay apart for the colour-blind (Okabe and Ito, https://jfly.uni-koeln.de/color).
_BLUE, _ORANGE, _GREEN, _RED = '#0072B2', '#E69F00', '#009E73', '#D55E00'
_GRID, _TEXT = '#d9dee4', '#333333'
_MIN_BARS, _MAX_BARS = 6, 24
_MAX_WORDS = 46  # characters of a bar's name
_MAX_BINS = 50

Panel = Callable[[Any], None]


def draw_plots(statistics: Statistics, folder: Path) -> list[Path]:
    """Draw what was counted into .png files; a picture that has nothing to show is left out.

    Args:
        statistics: what was counted.
        folder: made when it is missing.

    Returns:
        The files, in the order to look at them.

    Raises:
        ConfigError: matplotlib is not installed, or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tallies = statistics.tallies
    noun = 'good episodes' if statistics.counts['tried'] else 'tasks'
    good = statistics.counts['good']
    pages: list[list[Panel | None]] = [
        [
            _bars(tallies['kind'], 'Kinds of task', noun, _BLUE),
            _bars(tallies['family'], 'Families of places', noun, _GREEN),
        ],
        [
            _histogram(tallies['regions'], 'Regions of a world', 'regions', _BLUE),
            _histogram(tallies['objects'], 'Objects of a world', 'objects', _ORANGE),
            _columns(_percent(tallies['hidden']), 'Share hidden at the start', _BLUE),
            _histogram(
                tallies['oracle_actions'], 'Actions that the oracle needs', 'actions', _GREEN
            ),
        ],
        [
            _histogram(tallies['actions_per_episode'], 'Actions of an episode', 'actions', _BLUE),
            _bars(tallies['action'], 'Actions used', 'actions', _GREEN),
            _bars(count_happened(statistics), 'Episodes …', noun, _ORANGE, good) if good else None,
            _histogram(tallies['metres'], 'Metres driven', 'metres', _GREEN, METRES_BIN),
            _histogram(tallies['tokens'], 'Tokens of a conversation', 'tokens', _BLUE),
        ],
        [
            _bars(group_reasons(tallies['rejections']), 'Draws rejected', 'draws', _ORANGE),
            _bars(tallies['dropped'], 'Episodes dropped', 'episodes', _RED),
        ],
    ]
    written = []
    for name, panels in zip(PICTURES, pages):
        drawn = [panel for panel in panels if panel is not None]
        if drawn:
            written.append(_draw_page(folder / f'{name}.png', drawn))
        else:
            (folder / f'{name}.png').unlink(missing_ok=True)
    return written


def _percent(tally: Mapping[str, int]) -> dict[str, int]:
    return {f'{float(share):.0%}': number for share, number in sort_tally(tally).items()}


def _draw_page(path: Path, panels: list[Panel]) -> Path:
    rows = (len(panels) + 1) // 2
    columns = min(len(panels), 2)
    tall = 7.0 if path.stem == 'tasks' else 3.8 * rows
    figure = open_figure((6.2 * columns, tall), layout='constrained', dpi=110)
    figure.get_layout_engine().set(h_pad=0.12, w_pad=0.12)
    for index, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(rows, columns, index)
        for side in ('top', 'right', 'left'):
            axes.spines[side].set_visible(False)
        axes.tick_params(length=0, labelsize=9, labelcolor=_TEXT)
        axes.set_axisbelow(True)
        panel(axes)
    save_figure(figure, path)
    return path


def _bars(
    tally: Mapping[str, int], title: str, unit: str, color: str, whole: int = 0
) -> Panel | None:
    """Lying bars with their names and numbers, the longest on top; shares are of the `whole`, or of
    their sum.
    """
    if not any(tally.values()):
        return None

    def draw(axes) -> None:
        ordered = sorted(tally.items(), key=lambda entry: (-entry[1], entry[0]))
        if len(ordered) > _MAX_BARS:
            rest = ordered[_MAX_BARS - 1 :]
            other = (f'{len(rest)} others', sum(number for _, number in rest))
            ordered = [*ordered[: _MAX_BARS - 1], other]
        names = [_shorten(name) for name, _ in ordered]
        numbers = [number for _, number in ordered]
        bars = axes.barh(range(len(names)), numbers, color=color, height=0.7)
        axes.set_yticks(range(len(names)), names, parse_math=False)
        axes.set_ylim(max(len(names), _MIN_BARS) - 0.5, -0.5)
        total = whole or sum(numbers)
        texts = [f'{number:,}  ({_share(number / total)})' for number in numbers]
        axes.bar_label(bars, texts, padding=3, fontsize=8, color=_TEXT)
        axes.set_xlim(0, max(numbers) * 1.28 or 1)
        axes.set_xticks([])
        axes.spines['bottom'].set_visible(False)
        axes.set_title(f'{title} ({total:,} {unit})', loc='left', fontsize=11, color=_TEXT)

    return draw


def _columns(tally: Mapping[str, int], title: str, color: str) -> Panel | None:
    """Standing bars, one for each value, in the order given."""
    if not tally:
        return None

    def draw(axes) -> None:
        bars = axes.bar(list(tally), list(tally.values()), color=color, width=0.7)
        axes.margins(x=max(0.05, 1 / len(tally) ** 2))
        axes.bar_label(
            bars, [f'{number:,}' for number in tally.values()], fontsize=8, color=_TEXT, padding=2
        )
        axes.set_yticks([])
        axes.set_title(title, loc='left', fontsize=11, color=_TEXT)

    return draw


def _histogram(
    tally: Mapping[str, int], title: str, unit: str, color: str, width: int = 1
) -> Panel | None:
    """How often a number came; `width` is how much each key of the tally stands for."""
    if not tally:
        return None

    def draw(axes) -> None:
        numbers = {int(key): times for key, times in tally.items()}
        low, high = min(numbers), max(numbers) + width
        step = width * max(1, -(-(high - low) // (width * _MAX_BINS)))
        heights: dict[int, int] = {}
        for number, times in numbers.items():
            start = low + (number - low) // step * step
            heights[start] = heights.get(start, 0) + times
        shift = step / 2 if step > 1 else 0.0
        axes.bar(
            [s + shift for s in heights], list(heights.values()), color=color, width=step * 0.9
        )
        axes.grid(axis='y', color=_GRID, linewidth=0.8)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.yaxis.set_major_formatter(lambda value, _: f'{value:,.0f}')
        axes.set_xlabel(unit, fontsize=9, color=_TEXT)
        mean = sum(n * times for n, times in numbers.items()) / sum(numbers.values())
        said = f'{title}: {mean:,.1f} on average' if width == 1 else title
        axes.set_title(said, loc='left', fontsize=11, color=_TEXT)

    return draw


def _share(share: float) -> str:
    return '<1%' if 0 < share < 0.005 else f'{share:.0%}'


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_WORDS else text[: _MAX_WORDS - 1] + '…'
