# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments: what is gone on with equals what was never interrupted."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prism_core.dataset.run_folder import read_lines
from prism_core.dataset.shards import open_shards
from prism_core.dataset.split import SPLITS

ROOT = Path(__file__).parents[2]
WORLDS = ['--worlds', '100', '--seed', '3']
TOKENS = ['--shards', 'compact', '--vocab-size', '600', '--rebase', '0.5']


def start(*arguments: object, resume: bool = False, runner: str = 'processes') -> subprocess.Popen:
    options = ['--runner', runner, '--workers', '2', '--no-report']
    options += ['--resume'] if resume else []
    return subprocess.Popen(
        [sys.executable, '-m', 'prism_core.cli.main', *map(str, arguments), *options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(*arguments: object, resume: bool = False) -> None:
    with start(*arguments, resume=resume) as process:
        _, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors


def kill_often(path: Path, seed: int, kills: int, *arguments: object) -> int:
    """Start a run again and again and kill it, with its workers, at random moments.

    Some are killed before they do anything, some soon after they did something.

    Returns:
        How many were killed while there was still work to do.
    """
    rng, resume, killed = random.Random(seed), False, 0
    progress = path / 'progress.jsonl'
    for number in range(kills):
        size = progress.stat().st_size if progress.exists() else 0
        runner = 'threads' if number % 5 else 'processes'  # threads begin sooner
        with start(*arguments, resume=resume, runner=runner) as process:
            if number % 4:
                while process.poll() is None and (
                    not progress.exists() or progress.stat().st_size <= size
                ):
                    time.sleep(0.001)
                time.sleep(rng.uniform(0, 0.03))
            else:
                time.sleep(rng.uniform(0, 1.5))
            os.killpg(process.pid, signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
        resume = (path / 'recipe.yaml').exists()
    return killed


def documents(path: Path) -> list[tuple[str, list[int], list[float]]]:
    """The conversations of all shards, in no order."""
    found = []
    for split in SPLITS:
        shards = open_shards(path / 'shards' / split)
        for index in range(len(shards)):
            document = shards.document(index)
            found.append((split, document.tokens.tolist(), document.weights.tolist()))
    return sorted(found)


def assert_same(path: Path, other: Path, name: str) -> None:
    lines = list(read_lines(path / name))
    assert sorted(lines) == sorted(read_lines(other / name))
    assert len(set(lines)) == len(lines) > 500
    if (other / 'shards').exists():
        assert documents(path) == documents(other)
        assert len(documents(path)) > 500


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize('kills', [6, pytest.param(20, marks=pytest.mark.long)])
def test_worlds_whose_run_is_killed_often_are_byte_for_byte_those_of_one_run(tmp_path, kills):
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    arguments = ['elicit', *WORLDS, *TOKENS, '--out']
    finish(*arguments, whole)
    assert kill_often(killed, 1, kills, *arguments, killed) == kills
    finish(*arguments, killed, resume=True)
    assert_same(killed, whole, 'episodes.jsonl')
    for name in ('episodes.jsonl', 'progress.jsonl', 'shards/train/tokens.bin'):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_tasks_whose_run_is_killed_twenty_times_are_played_once_each(tmp_path):
    tasks, whole, killed = (tmp_path / name for name in ('tasks', 'whole', 'killed'))
    finish('synthesize', *WORLDS, '--out', tasks)
    arguments = ['elicit', tasks, *TOKENS, '--out']
    finish(*arguments, whole)
    assert kill_often(killed, 2, 20, *arguments, killed) == 20
    finish(*arguments, killed, resume=True)
    assert_same(killed, whole, 'episodes.jsonl')
