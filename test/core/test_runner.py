# SPDX-License-Identifier: Apache-2.0
"""Jobs here, in threads and in processes: how many are under way, what comes back, what dies."""

from __future__ import annotations

import itertools
import json
import math
import operator
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from prism_core import ConfigError
from prism_core.dataset.runner import start_runner
from prism_core.errors import RunStopped

PLACES = [('processes', 1), ('processes', 2), ('threads', 1), ('threads', 3)]


class Counted:
    """Jobs without end, and how many were drawn."""

    def __init__(self):
        self.drawn = 0

    def __iter__(self):
        return self

    def __next__(self) -> int:
        self.drawn += 1
        return self.drawn - 1


@pytest.mark.parametrize(('runner', 'workers'), PLACES)
def test_every_job_is_done_once_wherever_it_is_done_and_drawn_as_there_is_room(runner, workers):
    with start_runner(operator.neg, runner, workers) as run:
        assert list(run(range(50), True)) == [-job for job in range(50)]
        assert sorted(run(range(50), False)) == sorted(-job for job in range(50))
        assert list(run([7], False)) == [-7]
        assert list(run([], True)) == []
        for in_order in (True, False):
            jobs = Counted()
            results = run(jobs, in_order)
            for taken in range(1, 40):
                next(results)
                assert jobs.drawn <= taken + 4 * workers


def test_no_more_jobs_than_the_window_holds_are_under_way_while_the_first_one_takes_long():
    jobs, begun, gate = Counted(), [], threading.Event()

    def work(job: int) -> int:
        begun.append(job)
        if job == 0:
            gate.wait(20)
        return job

    with start_runner(work, 'threads', 2) as run:
        results = run(jobs, True)
        threading.Timer(0.2, gate.set).start()
        assert next(results) == 0
        assert len(begun) <= 8
        assert jobs.drawn <= 9
        assert [next(results) for _ in range(20)] == list(range(1, 21))


def test_what_is_done_first_comes_first_unless_the_order_is_asked_for():
    slow = {0: 0.3}

    def work(job: int) -> int:
        time.sleep(slow.get(job, 0))
        return job

    with start_runner(work, 'threads', 2) as run:
        assert list(run(range(6), False))[-1] == 0
        assert list(run(range(6), True)) == list(range(6))


@pytest.mark.parametrize(('runner', 'workers'), PLACES)
def test_an_error_of_the_work_comes_out_as_it_is(runner, workers):
    with (
        pytest.raises(ValueError, match='math domain error'),
        start_runner(math.sqrt, runner, workers) as run,
    ):
        list(run([4, -1, 9], True))


def test_a_worker_process_that_dies_stops_the_run_with_one_sentence():
    jobs = itertools.chain([0], itertools.repeat(3))
    with (
        pytest.raises(
            RunStopped,
            match=r'^a worker process died \(out of memory\?\); what was done is kept: go on with '
            r'--resume and fewer --workers$',
        ),
        start_runner(os._exit, 'processes', 2) as run,
    ):
        list(run(jobs, False))


def test_a_runner_that_is_not_there_is_refused():
    with (
        pytest.raises(ConfigError, match=r"runner: expected one of processes, .*ray, got 'slurm'"),
        start_runner(operator.neg, 'slurm', 1),
    ):
        pass


def test_ray_that_is_not_installed_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, 'ray', None)
    with (
        pytest.raises(ConfigError, match=r"--runner ray needs Ray; run: pip install 'prism_ros\["),
        start_runner(operator.neg, 'ray', 1),
    ):
        pass


SLEEPER = """
import json, multiprocessing, os, sys, time
from prism_core.dataset.runner import start_runner

if __name__ == '__main__':
    with start_runner(time.sleep, 'processes', 2) as run:
        results = run([0, 0, 600, 600], True)
        next(results)
        pids = [process.pid for process in multiprocessing.active_children()]
        print(json.dumps(pids), flush=True)
        list(results)
"""


def test_workers_of_a_run_that_is_killed_end_with_it(tmp_path):
    script = tmp_path / 'sleeper.py'
    script.write_text(SLEEPER)
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, script],
        env=os.environ | {'PYTHONPATH': str(root)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        workers = [psutil.Process(pid) for pid in json.loads(process.stdout.readline())]
        assert len(workers) == 2
        process.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(workers, timeout=10)
    for worker in alive:
        worker.kill()
    assert not alive
