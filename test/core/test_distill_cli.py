# SPDX-License-Identifier: Apache-2.0
"""`prism distill` as a command: what it says, kill -9 at random moments, several processes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

pytest.importorskip('torch')
pytest.importorskip('transformers')
pytest.importorskip('llama_cpp')

from prism_core.cli.distill import distill
from prism_core.distill.callbacks import last_checkpoint
from prism_core.errors import ConfigError
from prism_core.pipeline.ledger import STAGES

from .students import nano_recipe
from .test_distill import ROOT, SHORT, STAGE_NAMES, assert_same_student, contents, write_recipe

ONE_FILE = {'quantise': [], 'evaluate': {}}


def start(recipe: Path, out: Path) -> subprocess.Popen:
    command = 'from prism_core.cli.distill import distill; distill()'
    return subprocess.Popen(
        [sys.executable, '-c', command, '--recipe', str(recipe), '--out', str(out)],
        cwd=ROOT,
        env=os.environ | {'PYTHONPATH': str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(recipe: Path, out: Path) -> list[str]:
    """What a run says that nothing comes between."""
    said, errors = (process := start(recipe, out)).communicate()
    assert process.returncode == 0, errors
    return said.splitlines()


def kill(process: subprocess.Popen) -> bool:
    """kill -9 to it and to all that it started; whether it was still at work."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def wait_for_stage(process: subprocess.Popen, out: Path, stage: str) -> None:
    """Until a stage has begun."""
    ledger = out / STAGES
    while process.poll() is None:
        if ledger.exists() and stage in json.loads(ledger.read_text('utf-8')):
            return
        time.sleep(0.005)


@pytest.fixture(scope='module')
def whole(tmp_path_factory) -> Path:
    """A recipe, and beside it what a run of it made that nothing came between."""
    recipe = write_recipe(tmp_path_factory.mktemp('recipe'))
    lines = finish(recipe, recipe.parent / 'out')
    assert [line[:17].strip() for line in lines[:-1]] == STAGE_NAMES
    return recipe.parent


def test_the_command_says_in_a_line_for_each_stage_what_came_out(whole):
    arguments = ['--recipe', str(whole / 'recipe.yaml'), '--out', str(whole / 'out')]
    said = CliRunner().invoke(distill, arguments)
    assert said.exit_code == 0, said.output
    lines = said.output.splitlines()
    assert len(lines) == len(STAGE_NAMES) + 1
    assert all(' skipped ' in line for line in lines[:-1])
    for line, words in zip(
        lines,
        (
            ('41 episodes, 41 good, ', ' tokens'),
            (' steps, ', ' tokens of ', 'loss ', 'right handles '),
            (' bytes; mean KL ',),
            (' bytes, ', 'mean KL '),
            ('success ', ' tasks'),
            ('tiny-q8_0.gguf, tiny-f16.gguf and their card',),
            (str(whole / 'out' / 'gguf'),),
        ),
    ):
        assert all(word in line for word in words), line
        assert ' s ' in line or line == lines[-1]


def test_a_wrong_recipe_is_refused_with_its_path(tmp_path):
    recipe = write_recipe(tmp_path, name='')
    done = CliRunner().invoke(distill, ['--recipe', str(recipe), '--out', str(tmp_path / 'out')])
    assert isinstance(done.exception, ConfigError)
    assert f'{recipe}: name: expected letters' in str(done.exception)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_that_is_killed_five_times_makes_the_same_student_byte_for_byte(whole, tmp_path):
    rng, out, killed = random.Random(2), tmp_path / 'out', 0
    for stage in ('data', 'data', 'train', 'train', 'export'):
        process = start(whole / 'recipe.yaml', out)
        wait_for_stage(process, out, stage)
        time.sleep(rng.uniform(0, 1.5))
        killed += kill(process)
    lines = finish(whole / 'recipe.yaml', out)
    assert killed >= 4
    assert_same_student(out, whole / 'out')
    assert not [path for path in out.rglob('.*') if path.is_file() and 'data' not in path.parts]
    before = contents(out)
    assert all(' skipped ' in line for line in finish(whole / 'recipe.yaml', out)[:-1])
    assert contents(out) == before
    assert lines[-1] == str(out / 'gguf')


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_train_go_on_when_killed_and_leave_none_behind(whole, tmp_path):
    training = nano_recipe(**{**SHORT, 'tokens': 60_000})
    data = {'folder': str(whole / 'out' / 'data')}
    recipe = write_recipe(tmp_path, training, data=data, processes=2, **ONE_FILE)
    out = tmp_path / 'out'
    process = start(recipe, out)
    while process.poll() is None and last_checkpoint(out / 'train' / 'checkpoints') is None:
        time.sleep(0.01)
    # Of a process that has ended there is no command line: not an error here, but None.
    running = psutil.process_iter(['cmdline'])
    ranks = [one for one in running if str(out / 'train') in (one.info['cmdline'] or ())]
    assert kill(process)
    assert len(ranks) == 3  # and torchrun
    _, alive = psutil.wait_procs(ranks, timeout=10)
    assert not alive
    assert not (out / 'train' / 'last').exists()  # nobody trained on to the end
    lines = finish(recipe, out)
    assert [line.split()[1] for line in lines[:-1]] == ['finished', 'done', 'done']
    assert (out / 'gguf' / 'tiny-f16.gguf').exists()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_process_that_cannot_train_ends_the_run_with_its_reason(whole, tmp_path):
    training = nano_recipe(**SHORT, best_by='bleu')
    data = {'folder': str(whole / 'out' / 'data')}
    recipe = write_recipe(tmp_path, training, data=data, processes=2, **ONE_FILE)
    process = start(recipe, tmp_path / 'out')
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "got 'bleu'" in errors
    assert 'training in 2 processes ended with status 1, see above; what was done is' in errors
