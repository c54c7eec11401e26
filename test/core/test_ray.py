# SPDX-License-Identifier: Apache-2.0
"""On a Ray cluster: the same file as here, one sentence where a worker dies, and nothing left."""

from __future__ import annotations

import math
import operator
import os
from pathlib import Path

import psutil
import pytest

from prism_core.dataset import produce
from prism_core.dataset.produce import Settings, ShardSettings, SynthesisRecipe
from prism_core.dataset.run_folder import read_lines
from prism_core.dataset.runner import start_runner
from prism_core.errors import RunStopped

ray = pytest.importorskip('ray')
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
RECIPE = SynthesisRecipe(worlds={'worlds': 12, 'tier': 'core', 'hidden': [0.3]})
TOKENS = ShardSettings('compact', vocab_size=600)


@pytest.fixture(scope='module', autouse=True)
def no_ray_left():
    yield
    ray.shutdown()


@pytest.fixture
def cluster():
    """Ray on this machine, of two cores."""
    if not ray.is_initialized():
        ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False)


def contents(path: Path) -> dict[str, bytes]:
    files = [file for file in sorted(path.rglob('*')) if file.is_file()]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


@pytest.mark.usefixtures('cluster')
def test_a_recipe_gives_the_same_files_on_ray_as_here(tmp_path):
    for name, how in (
        ('here', Settings(workers=1)),
        ('ray', Settings(runner='ray', workers=2)),
    ):
        out = tmp_path / name
        produce.synthesize(out, RECIPE, teacher='symbolic', shards=TOKENS, settings=how)
    assert contents(tmp_path / 'ray') == contents(tmp_path / 'here')
    assert len(list(read_lines(tmp_path / 'ray/episodes.jsonl'))) > 60


@pytest.mark.usefixtures('cluster')
def test_tasks_are_played_on_ray_as_here(tmp_path):
    produce.synthesize(tmp_path / 'tasks', RECIPE, settings=Settings(workers=1))
    for name, how in (('here', Settings(workers=1)), ('ray', Settings(runner='ray'))):
        produce.elicit(tmp_path / 'tasks', tmp_path / name, 'symbolic', settings=how)
    here, there = (sorted(read_lines(tmp_path / n / 'episodes.jsonl')) for n in ('here', 'ray'))
    assert there == here
    assert len(set(there)) == len(there) > 60


@pytest.mark.usefixtures('cluster')
def test_jobs_on_ray_come_in_order_or_as_they_are_done():
    with start_runner(operator.neg, 'ray', 2) as run:
        assert list(run(range(30), True)) == [-job for job in range(30)]
        assert sorted(run(range(30), False)) == sorted(-job for job in range(30))
    assert ray.is_initialized()  # it is not ours to end


@pytest.mark.usefixtures('cluster')
def test_an_error_of_the_work_comes_back_from_ray_as_it_is():
    with (
        pytest.raises(ValueError, match=r'^math domain error$') as caught,
        start_runner(math.sqrt, 'ray', 2) as run,
    ):
        list(run([4, -1], True))
    assert type(caught.value) is ValueError


@pytest.mark.usefixtures('cluster')
def test_a_worker_of_ray_that_dies_stops_the_run_with_one_sentence():
    with (
        pytest.raises(RunStopped, match=r'^a worker process died .*go on with --resume'),
        start_runner(os._exit, 'ray', 2) as run,
    ):
        list(run([3], False))


def test_a_ray_of_our_own_is_started_without_telemetry_and_leaves_no_process(monkeypatch):
    ray.shutdown()
    monkeypatch.delenv('RAY_USAGE_STATS_ENABLED', raising=False)
    before = set(psutil.Process().children(recursive=True))
    with start_runner(operator.neg, 'ray', 2) as run:
        assert list(run([1, 2], True)) == [-1, -2]
        started = set(psutil.Process().children(recursive=True)) - before
        assert any('raylet' in ' '.join(process.cmdline()) for process in started)
        assert os.environ['RAY_USAGE_STATS_ENABLED'] == '0'
    assert not ray.is_initialized()
    _, alive = psutil.wait_procs(started, timeout=20)
    assert not alive
