# SPDX-License-Identifier: Apache-2.0
"""R2: however often a planner is started and stopped, and its processes killed, nothing stays."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from lifecycle_msgs.srv import ChangeState

from prism_core import parse_scene_graph
from prism_core.bench.machine import resident_bytes
from prism_ros.bars.bar import Bar, Sizes
from prism_ros.bars.site import Site
from prism_ros.demo import find_demo_graph
from prism_ros.processes import find_engines, measure_process
from prism_ros.twins import GHOST_S

MEMORY_MIB = 4.0
"""What is less than this is the allocator's."""
_WARM_SHARE = 0.1
_WARM_LIVES = 8  # before which memory grows, as more and more is loaded; no fewer tell of it
_QUIET_S, _LOOK_S = 1.0, 0.1
_TASK = 'inspect the truck'
_NODE = 'prism_planner'
_SHM = '/dev/shm/'  # noqa: S108 - where DDS puts its files
_UNITS = {'processes': '', 'files': '', 'threads': '', 'shm': '', 'names': '', 'mib': 'MiB'}
_WORDS = {
    'processes': 'engine children',
    'files': 'open files',
    'threads': 'threads',
    'shm': 'shared-memory files',
    'names': 'nodes of its name',
    'mib': 'memory',
}


def measure_cycles(site: Site, sizes: Sizes, advance: Callable[[], None]) -> list[Bar]:
    """What a planner has more of behind many lives than behind a few, with a real engine child in
    each, which is killed now and then.
    """
    site.serve_graph(parse_scene_graph(find_demo_graph().read_text()))
    planner = site.start_planner('student', autostart='false')
    warm = max(1, round(sizes.cycles * _WARM_SHARE))
    _live(site, planner.pid, 1, advance)
    for _ in range(warm):
        _live(site, planner.pid, 0, advance)
    before = _count(site, planner.pid)
    for _ in range(sizes.cycles - warm):
        _live(site, planner.pid, 0, advance)
    back_s = _live(site, planner.pid, sizes.engine_kills, advance)
    after = _count(site, planner.pid)
    lives, kills = sizes.cycles - warm + 1, sizes.engine_kills
    bars = []
    for key, unit in _UNITS.items():
        if key == 'mib' and warm < _WARM_LIVES:
            continue
        details = {'before': before[key], 'after': after[key]}
        target = MEMORY_MIB if key == 'mib' else 0.0
        what = f'more {_WORDS[key]} behind {lives} lives and {kills} kills of the engine'
        bars.append(Bar('R2', what, after[key] - before[key], target, unit, lives, details))
    bars[0] = _with_recovery(bars[0], back_s)
    return bars


def _with_recovery(bar: Bar, back_s: list[float]) -> Bar:
    """The same, with how long a killed engine took to plan again."""
    told = {'back_median_s': statistics.median(back_s), 'back_worst_s': max(back_s)}
    return Bar(**{**vars(bar), 'details': {**bar.details, **told}})


def _live(site: Site, pid: int, kills: int, advance: Callable[[], None]) -> list[float]:
    """One life with a plan in it, and a few kills of the engine; the seconds to the plan behind
    each.
    """
    _change(site, 'configure')
    _change(site, 'activate')
    site.wait_for_plan('student', _TASK)
    back_s = []
    for _ in range(kills):
        (engine,) = find_engines(pid)
        os.kill(engine, signal.SIGKILL)
        started_s = time.monotonic()
        while engine in find_engines(pid):
            site.pause(_LOOK_S)
        site.wait_for_plan('student', _TASK)
        back_s.append(time.monotonic() - started_s)
        advance()
    _change(site, 'deactivate')
    _change(site, 'cleanup')
    site.wait(lambda: not find_engines(pid))
    advance()
    return back_s


def _change(site: Site, label: str) -> None:
    request = ChangeState.Request()
    request.transition.label = label
    if not site.call(ChangeState, f'{_NODE}/change_state', transition=request.transition).success:
        raise RuntimeError(f'the planner did not {label}; see its log')


def _count(site: Site, pid: int) -> dict[str, float]:
    """What the planner's process has, once nothing of it ends any more."""
    measured, quiet_s = measure_process(pid), 0.0
    while quiet_s < _QUIET_S:
        site.pause(_LOOK_S)
        before, measured = measured, measure_process(pid)
        quiet_s = quiet_s + _LOOK_S if before['threads'] == measured['threads'] else 0.0
    return {
        'processes': len(find_engines(pid)),
        'files': measured['files'],
        'threads': measured['threads'],
        'shm': len(_shared_files(pid)),
        'names': site.count_names(_NODE),
        'mib': round((resident_bytes(pid) or 0) / 2**20, 1),
    }


def _shared_files(pid: int) -> set[str]:
    """The files of shared memory that a process maps."""
    with contextlib.suppress(OSError):
        words = Path(f'/proc/{pid}/maps').read_text().split()
        return {word for word in words if word.startswith(_SHM)}
    return set()


def measure_respawns(site: Site, sizes: Sizes, advance: Callable[[], None]) -> list[Bar]:
    """What stays behind where the planner's node itself is killed, and started again as a launch
    file would.
    """
    if not sizes.node_kills:
        return []
    site.serve_graph(parse_scene_graph(find_demo_graph().read_text()))
    planner = site.start_planner('student')
    left: set[str] = set()
    for _ in range(sizes.node_kills):
        left |= _shared_files(planner.pid)
        planner.kill()
        planner.wait()
        planner = site.start_planner('student')
        site.wait_for_plan('student', _TASK)
        advance()
    site.pause(GHOST_S)
    entries = [int(entry.name) for entry in Path('/proc').glob('[0-9]*')]
    used = set().union(*map(_shared_files, entries))
    stay = [file for file in left - used if Path(file).exists()]
    ghosts = site.count_names(_NODE) - 1
    what = f'behind {sizes.node_kills} kills of the node'
    return [
        Bar('R2', f'shared-memory files that nobody uses {what}', len(stay), 0.0, '', len(left)),
        Bar('R2', f'ghost names {GHOST_S:g} s {what}', ghosts, 0.0, '', sizes.node_kills),
    ]
