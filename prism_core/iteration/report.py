# SPDX-License-Identifier: Apache-2.0
"""What is told of rounds: `rounds.json` and a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from prism_core.dataset.export import EPISODES
from prism_core.dataset.run_folder import read_lines
from prism_core.dataset.shard_writers import SHARDS
from prism_core.dataset.shards import count_episodes, open_shards
from prism_core.evaluation.results import Result
from prism_core.evaluation.scores import Estimate, estimate_success, join_twins
from prism_core.files import replace_file
from prism_core.iteration.correcting import NO_PLAN
from prism_core.iteration.gathering import count_calls
from prism_core.pictures.picture import BLUE, TEXT, open_figure, plain_axes, save_figure

ROUNDS, PICTURE = 'rounds.json', 'rounds.png'


@dataclass(frozen=True)
class Round:
    """What a round asked for and came to.

    `calls`: plans of the teacher; `all_calls`: with those of the rounds before. `episodes`: what is
    learned from, of the split train; `tokens` of them. `weights`: see `choose_tasks`. `valid`:
    success of its student.
    """

    number: int
    calls: int
    all_calls: int
    episodes: int
    tokens: int
    weights: Mapping[str, float]
    valid: Estimate


@dataclass(frozen=True)
class IterationReport:
    """All rounds so far; `test` is the success of the best one's student, once all are done."""

    strategy: str
    seed: int
    rounds: tuple[Round, ...]
    test: Estimate | None = None

    @property
    def best(self) -> int:
        """The number of the round that did best on valid, the first of equals."""
        return max(self.rounds, key=lambda one: one.valid.value).number

    def add(self, one: Round) -> IterationReport:
        """With a further round."""
        return replace(self, rounds=(*self.rounds, one))


class _Played(msgspec.Struct):
    """Of a stored episode, what tells how often the teacher was asked."""

    turns: list[msgspec.Raw] = []
    ending: str = ''


def describe_round(
    number: int,
    data: Path,
    results: Sequence[Result],
    weights: Mapping[str, float],
    before: IterationReport,
) -> Round:
    """What is told of a round.

    Args:
        number: of the round, 0 for the first dataset.
        data: what it was taught.
        results: of its student on valid.
        weights: by which its tasks were chosen.
        before: the rounds before it.
    """
    calls = count_calls(data) if number else _count_plans(data / EPISODES)
    shards = open_shards(data / SHARDS / 'train')
    return Round(
        number,
        calls,
        calls + (before.rounds[-1].all_calls if before.rounds else 0),
        count_episodes(shards),
        len(shards.tokens),
        weights,
        estimate_success(join_twins(results)),
    )


def _count_plans(episodes: Path) -> int:
    """How often the teacher was asked in episodes that it played."""
    decoder = msgspec.json.Decoder(_Played)
    played = map(decoder.decode, read_lines(episodes))
    return sum(len(one.turns) + (one.ending == NO_PLAN) for one in played)


def write_report(report: IterationReport, out: Path) -> None:
    """Write `rounds.json` and the picture.

    Raises:
        ConfigError: they cannot be written, or matplotlib is not installed.
    """
    plain = {**msgspec.to_builtins(report), 'best': report.best}
    replace_file(out / ROUNDS, json.dumps(plain, indent=2) + '\n')
    figure = open_figure((9.0, 3.6), layout='constrained')
    for place, (what, values) in enumerate(
        (
            ('round', [one.number for one in report.rounds]),
            ('calls of the teacher', [one.all_calls for one in report.rounds]),
        ),
        start=1,
    ):
        axes = figure.add_subplot(1, 2, place)
        _draw(axes, report, values)
        axes.set_xlabel(what, fontsize=9, color=TEXT)
    figure.suptitle(f'Success on valid, strategy {report.strategy}', x=0.01, ha='left', fontsize=11)
    save_figure(figure, out / PICTURE)


def _draw(axes: Any, report: IterationReport, values: Sequence[int]) -> None:
    """Success with its intervals, the best round filled."""
    found = [one.valid for one in report.rounds]
    middles = [one.value for one in found]
    reach = [[o.value - o.low for o in found], [o.high - o.value for o in found]]
    axes.errorbar(values, middles, yerr=reach, color=BLUE, marker='o', mfc='white', capsize=3)
    axes.plot([values[report.best]], [middles[report.best]], 'o', color=BLUE, zorder=3)
    axes.set_ylim(0, 1)
    plain_axes(axes)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.xaxis.set_major_formatter(lambda value, _: f'{value:,.0f}')
