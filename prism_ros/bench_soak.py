# SPDX-License-Identifier: Apache-2.0
"""`prism bench soak`: both nodes under mixed use for as long as wanted, killed with -9 now and then
and started again, as a launch file would.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rclpy
from domain_coordinator import domain_id
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node as RosNode
from rich.console import Console
from rich.table import Table

from prism_core import parse_scene_graph
from prism_ros.demo import find_demo_graph
from prism_ros.processes import (
    find_engines,
    measure_process,
    node_process,
    on_this_machine_only,
)
from prism_ros.soak_load import LOST_S, Load, Window

WINDOW_S = 60.0
KILL_PERIOD_S = 300.0
MODULES = {'graph': 'scene_graph_node', 'planner': 'planner_node'}
_BAD_WORDS = ('Traceback', 'unexpected', 'Error:')


class Nodes:
    """Both nodes as processes that are started again when they were killed."""

    def __init__(self, domain: int, out: Path, stack: contextlib.ExitStack):
        self._domain, self._stack = domain, stack
        self._log = stack.enter_context((out / 'nodes.log').open('w'))
        self._parameters = {
            'graph': {
                'graph.file': str(find_demo_graph()),
                'graph.state_directory': str(out / 'state'),
            },
            'planner': {'planner.order': "['symbolic','student']"},
        }
        (out / 'state').mkdir(exist_ok=True)
        self._processes = {name: self._start(name) for name in MODULES}

    def _start(self, name: str) -> Any:
        return self._stack.enter_context(
            node_process(MODULES[name], self._domain, self._log, self._parameters[name])
        )

    def kill(self, name: str) -> None:
        """Kill a node, or the engine child, with -9; a node is started again."""
        if name == 'engine':
            for pid in self._engines():
                os.kill(pid, signal.SIGKILL)
            return
        self._processes[name].kill()
        self._processes[name].wait()
        time.sleep(0.2)  # the delay of the launch file
        self._processes[name] = self._start(name)

    def _engines(self) -> list[int]:
        return find_engines(self._processes['planner'].pid)

    def measure(self) -> dict[str, dict[str, int]]:
        """Resident memory in MiB, open files and threads of each process."""
        pids = {name: process.pid for name, process in self._processes.items()}
        if engines := self._engines():
            pids['engine'] = engines[0]
        return {name: found for name, pid in pids.items() if (found := measure_process(pid))}


def run_soak(minutes: float, out: Path) -> bool:
    """Use the nodes for so long, write a line of `soak.jsonl` for each minute, print what it says.

    Args:
        minutes: how long.
        out: a new folder, for the measurements, what the nodes logged, and the graph's state.

    Returns:
        Whether there was no fault, and the owner's graph is the one that was told.
    """
    out.mkdir(parents=True)
    console = Console(highlight=False)
    windows: list[dict[str, Any]] = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(on_this_machine_only())
        domain = stack.enter_context(domain_id())
        nodes = Nodes(domain, out, stack)
        load, executor = stack.enter_context(_load(domain))
        start_s = time.monotonic()
        kills = _kills(start_s)
        kill_s, victim = next(kills)
        end_s, told_s = start_s + minutes * 60.0, start_s + WINDOW_S
        while (now_s := time.monotonic()) < end_s:
            load.step()
            executor.spin_once(timeout_sec=0.01)
            if now_s >= kill_s:
                load.excuse()
                nodes.kill(victim)
                load.excuse()
                kill_s, victim = next(kills)
            if now_s >= told_s:
                told_s += WINDOW_S
                minute = (now_s - start_s) / 60.0
                windows.append(_write(out, load.window, minute, nodes.measure()))
                console.print(_tell(windows[-1], minutes))
                load.window = Window()
        is_right = _settle(load, executor)
        windows.append(_write(out, load.window, minutes, nodes.measure()))
    lines = (out / 'nodes.log').read_text().splitlines()
    exceptions = [line for line in lines if any(word in line for word in _BAD_WORDS)]
    faults = [fault for window in windows for fault in window['faults']]
    console.print(_table(windows))
    for kind, found in (('exception', exceptions), ('fault', faults)):
        console.print(f'{len(found)} {kind}s' + ''.join(f'\n  {text}' for text in found[:10]))
    console.print(f'the graph at the end is {"" if is_right else "NOT "}the one that was told')
    return is_right and not exceptions and not faults


@contextlib.contextmanager
def _load(domain: int) -> Iterator[tuple[Load, SingleThreadedExecutor]]:
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    node = RosNode('prism_soak', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    load = Load(node, parse_scene_graph(find_demo_graph().read_text()))
    load.excuse()  # the nodes are still coming up
    try:
        yield load, executor
    finally:
        load.close()
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)


def _kills(start_s: float) -> Iterator[tuple[float, str]]:
    """When which process is killed: each once in a period, evenly apart."""
    victims = ('graph', 'engine', 'planner')
    number = 1
    while True:
        yield start_s + number * KILL_PERIOD_S / len(victims), victims[number % len(victims)]
        number += 1


def _settle(load: Load, executor: SingleThreadedExecutor) -> bool:
    """Wait for what is under way, and get in step; then tell where the robot is, and read the
    graph; whether it is the one that was told.
    """
    _wait(load, executor)
    for tell in (load.read, load.move):
        tell()
        _wait(load, executor)
    told = load.graph
    load.read()
    _wait(load, executor)
    return load.is_idle and load.graph == told


def _wait(load: Load, executor: SingleThreadedExecutor) -> None:
    end_s = time.monotonic() + 2 * LOST_S
    while not load.is_idle and time.monotonic() < end_s:
        executor.spin_once(timeout_sec=0.05)
        load.give_up_lost()


def _write(
    out: Path, window: Window, minute: float, processes: dict[str, dict[str, int]]
) -> dict[str, Any]:
    line = {
        'minute': round(minute, 1),
        'latency_ms': {
            what: {
                'n': len(seconds),
                'median': round(statistics.median(seconds) * 1e3, 1),
                'max': round(max(seconds) * 1e3, 1),
            }
            for what, seconds in sorted(window.latency_s.items())
        },
        'codes': dict(window.codes),
        'after_kills': dict(window.after_kills),
        'faults': window.faults,
        'processes': processes,
    }
    with (out / 'soak.jsonl').open('a') as file:
        file.write(json.dumps(line) + '\n')
    return line


def _tell(window: dict[str, Any], minutes: float) -> str:
    latency = ', '.join(f'{k} {v["median"]:g} ms' for k, v in window['latency_ms'].items())
    memory = ', '.join(f'{k} {v["mib"]} MiB' for k, v in window['processes'].items())
    return (
        f'minute {window["minute"]:g} of {minutes:g}: {latency}; {memory}; '
        f'{len(window["faults"])} faults'
    )


def _table(windows: list[dict[str, Any]]) -> Table:
    """Thirds of the run beside each other."""
    size = max(1, len(windows) // 3)
    thirds = [windows[:size], windows[size : 2 * size], windows[2 * size :]]
    table = Table(title='Medians of the minutes in each third of the run')
    for heading in ('', 'first', 'second', 'last'):
        table.add_column(heading, justify='right' if heading else 'left')
    for what in windows[0]['latency_ms']:
        for figure in ('median', 'max'):
            cells = [_middle(third, 'latency_ms', what, figure) for third in thirds]
            table.add_row(f'{what}, {figure} ms', *cells)
    for name in ('graph', 'planner', 'engine'):
        for figure in ('mib', 'files', 'threads'):
            cells = [_middle(third, 'processes', name, figure) for third in thirds]
            table.add_row(f'{name}, {figure}', *cells)
    return table


def _middle(windows: list[dict[str, Any]], part: str, name: str, figure: str) -> str:
    found = [window[part][name][figure] for window in windows if name in window[part]]
    return f'{statistics.median(found):g}' if found else '-'
