# SPDX-License-Identifier: Apache-2.0
"""R3: the planner's executor stays alive while a student works and a large graph changes."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from std_srvs.srv import Trigger

from prism_core import GraphUpdate, SceneGraph
from prism_msgs.srv import GetPlan, UpdateGraph
from prism_ros.bars.bar import Bar, Sizes, describe, percentile
from prism_ros.bars.site import Site
from prism_ros.bench import make_graph
from prism_ros.conversions import update_to_message

TARGET_MS = 100.0
_SHARE = 0.999
_DELTA_S = 0.05
_WRITES = 'prism_core.bench.busy_student:Writes'
_TASK = 'inspect the crate'


def measure_lateness(site: Site, sizes: Sizes, advance: Callable[[], None]) -> list[Bar]:
    """How late a timer of 50 Hz on a steady clock is in the planner's process, while updates of a
    large graph come over DDS and the student writes all the time, or makes one plan after another.
    """
    graph = make_graph(sizes.nodes)
    site.serve_graph(graph)
    site.start_planner(f'writes={_WRITES}', 'student', module='bars.peer')
    deltas = _deltas(graph)
    site.call(GetPlan, 'plan', task=_TASK, planner='student')  # of which nothing is read yet
    bars = []
    for planner, what in (('writes', 'one long reply'), ('student', 'plans one after another')):
        late, plans, updates = _watch(site, planner, sizes.seconds, deltas)
        advance()
        late_ms, own_ms = [ms for ms, _ in late], [own for _, own in late]
        details = {**describe(late_ms), 'plans': plans, 'updates': updates}
        details['without_waiting_for_a_processor'] = percentile(own_ms, _SHARE)
        said = f'a 50 Hz timer of the planner late (p99.9), {sizes.nodes:,} nodes, {what}'
        figure = percentile(late_ms, _SHARE)
        bars.append(Bar('R3', said, figure, TARGET_MS, 'ms', len(late_ms), details))
    return bars


def _watch(
    site: Site, planner: str, seconds: float, deltas: Iterator[GraphUpdate]
) -> tuple[list[tuple[float, float]], int, int]:
    """How late the timer was each time (see `find_lateness`), and how many plans and updates there
    were meanwhile.
    """

    def ask(timeout_s: float):
        return site.send(GetPlan, 'plan', task=_TASK, planner=planner, timeout_s=timeout_s)

    site.call(Trigger, 'bars_lateness')
    end_s = time.monotonic() + seconds
    planning, plans, updates = ask(seconds), 0, 0
    telling = None
    for number in itertools.count(1):
        if telling is None or telling.done():
            update = update_to_message(next(deltas))
            telling = site.send(UpdateGraph, 'update_graph', update=update)
            updates += 1
        site.pause(end_s - seconds + number * _DELTA_S - time.monotonic())
        if planning.done() or time.monotonic() >= end_s:
            plans += 1
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                break
            planning = ask(left_s)
    late = json.loads(site.call(Trigger, 'bars_lateness').message)
    site.wait(planning.done)
    return late, plans, updates


def _deltas(graph: SceneGraph) -> Iterator[GraphUpdate]:
    """Where the robot is, what a thing looks like, and where another one stands, by turns."""
    regions, things = list(graph.regions), list(graph.objects)
    for number in itertools.count():
        name = things[number % len(things)]
        x, y = graph.nodes[name].position or (0.0, 0.0)
        yield GraphUpdate(robot_location=regions[number % len(regions)])
        yield GraphUpdate(set_attributes={name: {'state': f'open {number}'}})
        yield GraphUpdate(upsert_nodes=(replace(graph.nodes[name], position=(x + 0.1, y)),))
