# SPDX-License-Identifier: Apache-2.0
"""R5: a call is answered at its deadline, whatever its planner does."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from prism_core import parse_scene_graph
from prism_msgs.msg import PlanErrorCode
from prism_msgs.srv import GetPlan
from prism_ros.bars import planners
from prism_ros.bars.bar import Bar, Sizes, describe
from prism_ros.bars.site import Site
from prism_ros.demo import find_demo_graph
from prism_ros.processes import find_engines

TARGET_MS = 250.0
CALLS_A_STOP = 4
_HANG_TIMEOUT_S = 0.02
_STOP_TIMEOUT_S = 0.2
_LOST_S = 10.0
_TASK = 'inspect the truck'


def measure_deadlines(site: Site, sizes: Sizes, advance: Callable[[], None]) -> list[Bar]:
    """By how many milliseconds a call outlives its deadline: of a planner that hangs, and of the
    student while its engine child is stopped.
    """
    site.serve_graph(parse_scene_graph(find_demo_graph().read_text()))
    hangs = f'hangs={planners.__name__}:Hangs'
    pid = site.start_planner(hangs, 'student').pid
    late_ms = []
    for _ in range(sizes.hangs):
        late_ms.append(_outlive(site, 'hangs', _HANG_TIMEOUT_S))
        advance()
    stopped_ms: list[float] = []
    for _ in range(sizes.stops):
        stopped_ms += _stop_one(site, pid)
        advance()
    return [
        _bar(f'a planner hangs, timeout {_HANG_TIMEOUT_S:g} s', late_ms),
        _bar(f'the engine child is stopped, timeout {_STOP_TIMEOUT_S:g} s', stopped_ms),
    ]


def _bar(what: str, late_ms: Sequence[float]) -> Bar:
    in_time = sum(late <= TARGET_MS for late in late_ms)
    said = f'a reply behind its deadline (worst): {what}'
    details = {**describe(late_ms), 'in_time': in_time}
    return Bar('R5', said, max(late_ms, default=math.inf), TARGET_MS, 'ms', len(late_ms), details)


def _outlive(site: Site, planner: str, timeout_s: float) -> float:
    """By how many milliseconds a reply comes behind its deadline; infinite where none comes, or
    another one than that the time is over.
    """
    started_s = time.monotonic()
    future = site.send(GetPlan, 'plan', task=_TASK, planner=planner, timeout_s=timeout_s)
    try:
        site.wait(future.done, timeout_s + _LOST_S)
    except TimeoutError:
        return math.inf
    took_s = time.monotonic() - started_s
    is_timeout = future.result().error_code == PlanErrorCode.TIMEOUT
    return (took_s - timeout_s) * 1e3 if is_timeout else math.inf


def _stop_one(site: Site, planner_pid: int) -> list[float]:
    """Stop the engine child, ask the student while it is stopped, and have it come back."""
    site.wait_for_plan('student', _TASK)
    (engine,) = find_engines(planner_pid)
    os.kill(engine, signal.SIGSTOP)
    late_ms = [_outlive(site, 'student', _STOP_TIMEOUT_S) for _ in range(CALLS_A_STOP)]
    site.wait(lambda: not Path(f'/proc/{engine}').exists())  # the node has killed it
    return late_ms
