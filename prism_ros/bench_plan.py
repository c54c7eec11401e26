# SPDX-License-Identifier: Apache-2.0
"""`prism bench plan`: a student through /plan, beside the same student in this process."""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from domain_coordinator import domain_id
from rich.console import Console
from rich.table import Table

from prism_core import DEFAULT_DOMAIN, Episode, Planner, PlanRejected, find_domain, find_planner
from prism_core.bench.missions import draw_missions
from prism_ros.planner_over_ros import RosPlanner
from prism_ros.processes import node_process, on_this_machine_only

LIBRARY, SERVICE = 'library, engine child', '/plan, another process'
FIRST, REPLAN = 'first plan', 'replan'
Times = dict[tuple[str, str], list[float]]


def run_plan_bench(plans: int, advance: Callable[[], None]) -> None:
    """Print what plans take through the library and through /plan.

    Both are asked in turn for each turn of the same missions. PRISM_STUDENT_MODEL names another
    student than the bundled one.

    Args:
        plans: so many of each.
        advance: called behind each plan.

    Raises:
        ConfigError: the student cannot be run.
        PlannerError: the node or the student fails.
    """
    missions = draw_missions(find_domain(DEFAULT_DOMAIN), plans)
    with _planners() as planners:
        _plan_all(planners, missions[:1], {}, lambda: None)
        times: Times = {}
        refused = _plan_all(planners, missions, times, advance)
    console = Console(highlight=False)
    console.print(_tabulate(times))
    console.print(f'{len(missions)} missions; no valid plan: {refused} of {2 * plans}')
    console.print(
        f'{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}'
    )


@contextlib.contextmanager
def _planners() -> Iterator[dict[str, Planner]]:
    with contextlib.ExitStack() as stack:
        stack.enter_context(on_this_machine_only())
        domain = stack.enter_context(domain_id())
        log = stack.enter_context(open(os.devnull, 'w'))
        parameters = {'planner.order': "['student']"}
        stack.enter_context(node_process('planner_node', domain, log, parameters))
        planners: dict[str, Planner] = {
            LIBRARY: find_planner('student')(),
            SERVICE: RosPlanner(domain_id=domain),
        }
        for planner in planners.values():
            stack.callback(planner.close)
        yield planners


def _plan_all(
    planners: Mapping[str, Planner],
    missions: Sequence[Episode],
    times: Times,
    advance: Callable[[], None],
) -> int:
    """Add the seconds of each plan; how many were refused."""
    refused = 0
    for mission in missions:
        graph = mission.known_graph
        for index, turn in enumerate(mission.turns):
            for name, planner in planners.items():
                start_s = time.perf_counter()
                try:
                    planner.plan(mission.task.request, graph, mission.turns[:index])
                except PlanRejected:
                    refused += 1
                time_s = time.perf_counter() - start_s
                times.setdefault((REPLAN if index else FIRST, name), []).append(time_s)
                advance()
            for observation in turn.observations:
                graph = graph.apply(observation.update)
    return refused


def _tabulate(times: Times) -> Table:
    table = Table()
    for heading in ('', 'through', 'number', 'median ms', 'p95 ms', 'median / library'):
        table.add_column(heading, justify='left' if heading in ('', 'through') else 'right')
    for (plan, name), seconds in sorted(times.items()):
        median = statistics.median(seconds)
        p95 = statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else median
        ratio = median / statistics.median(times[plan, LIBRARY])
        figures = (f'{median * 1e3:.1f}', f'{p95 * 1e3:.1f}', f'{ratio:.2f}')
        table.add_row(plan, name, str(len(seconds)), *figures)
    return table
