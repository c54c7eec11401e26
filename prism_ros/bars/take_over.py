# SPDX-License-Identifier: Apache-2.0
"""The network is cut in the middle of a mission that a teacher plans: the student goes on."""

from __future__ import annotations

import math
import signal
import subprocess
import time
from collections.abc import Callable

from prism_core import parse_scene_graph
from prism_msgs.action import ExecuteMission
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import PlanErrorCode
from prism_ros.bars.bar import Bar, Sizes, describe
from prism_ros.bars.site import Site
from prism_ros.demo import find_demo_graph
from prism_ros.processes import serve_planner

PLAN_S = 4.0
"""The time for one plan, a quarter of which is the teacher's."""
_SHARES = '[1.0,3.0]'
_SKILL_S = 0.2
_TASK = 'Is truck_1 open?'  # one look, then a report
_ENDS = PlanErrorCode.NONE, PlanErrorCode.NEEDS_CLARIFICATION
_CONFIG = "model: symbolic\nbase_url: {url}\nkey_variable: ''\n"


class _Teacher:
    """`prism serve` in a process of its own, in the place of a language model."""

    def __init__(self, site: Site):
        self._log = site.log
        self._process, url = serve_planner('symbolic', 0, self._log)
        self._port = int(url.rpartition(':')[2].partition('/')[0])
        file = site.folder / 'teacher.yaml'
        file.write_text(_CONFIG.format(url=url))
        self.variables = {'PRISM_TEACHER_CONFIG': str(file)}

    def cut(self, *, is_silent: bool) -> None:
        """Have its machine answer nothing any more, or refuse all connections."""
        self._process.send_signal(signal.SIGSTOP if is_silent else signal.SIGKILL)

    def mend(self) -> None:
        """Have it answer again."""
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(0.1)
        except subprocess.TimeoutExpired:  # it goes on
            return
        self._process, _ = serve_planner('symbolic', self._port, self._log)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def measure_take_overs(site: Site, sizes: Sizes, advance: Callable[[], None]) -> list[Bar]:
    """Seconds from a cut of the network, in the middle of a mission, to the student's plan; every
    second time the network is silent, else connections break and are refused.
    """
    teacher = _Teacher(site)
    try:
        return _measure(site, teacher, sizes.cuts, advance)
    finally:
        teacher.close()


def _measure(site: Site, teacher: _Teacher, cuts: int, advance: Callable[[], None]) -> list[Bar]:
    plans: list[tuple[float, PlanMessage]] = []
    site.listen(PlanMessage, 'current_plan', lambda plan: plans.append((time.monotonic(), plan)))
    site.serve_graph(parse_scene_graph(find_demo_graph().read_text()))
    site.start('mock_skills_node', {'skills.delay_s': str(_SKILL_S)})
    site.start('executor_node', {'executor.planner_timeout_s': str(PLAN_S)})
    site.start_planner(
        'teacher=lm',
        'student',
        variables=teacher.variables,
        planner__shares=_SHARES,
        planner__breaker_failures='0',  # each cut is the first
    )
    took_s: dict[bool, list[float]] = {True: [], False: []}
    for number in range(cuts):
        is_silent = number % 2 == 0
        site.wait_for_plan('teacher', _TASK)
        plans.clear()
        took_s[is_silent].append(_cut_one(site, teacher, plans, is_silent))
        teacher.mend()
        advance()
    names = {True: 'silent', False: 'refuses'}
    return [
        Bar(
            'take-over',
            f'from a cut in a mission to the student (worst): the network {names[is_silent]}',
            max(found),
            PLAN_S,
            's',
            len(found),
            describe(found),
        )
        for is_silent, found in took_s.items()
        if found
    ]


def _cut_one(
    site: Site, teacher: _Teacher, plans: list[tuple[float, PlanMessage]], is_silent: bool
) -> float:
    """Seconds from the cut to the student's plan; infinite where the mission does not end."""

    def by(source: int) -> list[float]:
        return [at_s for at_s, plan in plans if plan.source == source]

    goal = site.send_goal(ExecuteMission, 'execute_mission', task=_TASK)
    ending = goal.get_result_async()
    site.wait(lambda: by(PlanMessage.SOURCE_TEACHER) or ending.done())
    cut_s = time.monotonic()
    teacher.cut(is_silent=is_silent)
    site.wait(ending.done)
    if ending.result().result.error_code not in _ENDS:
        return math.inf
    site.wait(lambda: by(PlanMessage.SOURCE_STUDENT))
    return by(PlanMessage.SOURCE_STUDENT)[0] - cut_s
