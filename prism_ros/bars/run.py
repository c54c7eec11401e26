# SPDX-License-Identifier: Apache-2.0
"""Measures bars, each in a ROS domain of its own, and prints what they are."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from prism_core.bench.machine import describe_machine
from prism_core.files import replace_file
from prism_ros.bars.bar import Bar, Sizes
from prism_ros.bars.cancels import PHASES, measure_cancels
from prism_ros.bars.cycles import measure_cycles, measure_respawns
from prism_ros.bars.deadlines import measure_deadlines
from prism_ros.bars.lateness import measure_lateness
from prism_ros.bars.site import Site
from prism_ros.bars.take_over import measure_take_overs

Measure = Callable[[Site, Sizes, Callable[[], None]], list[Bar]]
MEASURES: dict[str, Measure] = {
    'timer': measure_lateness,
    'cancel': measure_cancels,
    'deadline': measure_deadlines,
    'take-over': measure_take_overs,
    'cycles': measure_cycles,
    'respawns': measure_respawns,
}
_LOG_CHARS = 2000


def count_steps(names: Sequence[str], sizes: Sizes) -> int:
    """How often `advance` is called for some bars, or nearly."""
    steps = {
        'timer': 2,
        'cancel': len(PHASES) * sizes.cancels,
        'deadline': sizes.hangs + sizes.stops,
        'take-over': sizes.cuts,
        'cycles': sizes.cycles + 3 + sizes.engine_kills,
        'respawns': sizes.node_kills,
    }
    return sum(steps[name] for name in names)


def run_bars(
    names: Sequence[str],
    sizes: Sizes,
    out: Path | None = None,
    advance: Callable[[], None] = lambda: None,
) -> bool:
    """Measure some bars, print a table, and write all figures into a file if one is named.

    Args:
        names: keys of `MEASURES`.
        sizes: how much is done.
        out: JSON file.
        advance: called now and then.

    Returns:
        Whether all are held.

    Raises:
        RuntimeError: the nodes did not do what was waited for; with the end of their log.
    """
    machine = describe_machine()
    bars = [bar for name in names for bar in _measure(MEASURES[name], sizes, advance)]
    console = Console(highlight=False)
    console.print(_tabulate(bars))
    for name, value in machine.items():
        console.print(f'{name}: {value}')
    if out is not None:
        figures: dict[str, Any] = {'machine': machine, 'sizes': dataclasses.asdict(sizes)}
        figures['bars'] = [bar.as_json() for bar in bars]
        replace_file(out, f'{json.dumps(figures, indent=2)}\n')
        console.print(f'wrote {out}')
    return all(bar.is_held for bar in bars)


def _measure(measure: Measure, sizes: Sizes, advance: Callable[[], None]) -> list[Bar]:
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile('w+') as log,
        Site(Path(folder), log) as site,
    ):
        try:
            return measure(site, sizes, advance)
        except (TimeoutError, RuntimeError) as error:
            log.seek(0)
            raise RuntimeError(f'{error}\n{log.read()[-_LOG_CHARS:]}'.strip()) from error


def _tabulate(bars: Sequence[Bar]) -> Table:
    table = Table()
    for heading in ('bar', 'what', 'of', 'median', 'figure', 'at most', ''):
        is_text = heading in ('bar', 'what', '')
        table.add_column(heading, justify='left' if is_text else 'right')
    for bar in bars:
        median = f'{bar.details["median"]:.3g}' if 'median' in bar.details else ''
        figures = (f'{value:.3g} {bar.unit}'.strip() for value in (bar.figure, bar.target))
        verdict = 'held' if bar.is_held else 'MISSED'
        table.add_row(bar.name, bar.what, f'{bar.number:,}', median, *figures, verdict)
    return table
