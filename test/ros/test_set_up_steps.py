# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import sys
import threading
import time
from pathlib import Path

import pytest

from prism_ros import set_up_steps
from prism_ros.set_up_steps import SetUpError, SetUpSteps, read_progress


@pytest.fixture
def said():
    return []


@pytest.fixture
def steps(tmp_path, said):
    return SetUpSteps(tmp_path / 'log', said.append)


def test_a_step_says_what_it_does_before_and_how_long_it_took_after(tmp_path, steps, said):
    with steps.step('ROS 2 Jazzy from PyPI', 'a minute') as run:
        assert said == ['ROS 2 Jazzy from PyPI: a minute']
        run('sh', '-c', 'echo out; echo $MORE >&2', env={'MORE': 'err'})
        run('echo', Path('again'))
    assert re.fullmatch(r'ROS 2 Jazzy from PyPI: done in \d+ s', said[1])
    assert (tmp_path / 'log/ros_2_jazzy_from_pypi.log').read_text() == 'out\nerr\nagain\n'


def test_the_end_of_the_log_of_a_step_that_failed_is_shown(tmp_path, steps, said):
    sentence = rf'messages failed \(exit status 3\); all it said: {tmp_path}/log/messages.log'
    with pytest.raises(SetUpError, match=sentence), steps.step('messages', 'long') as run:
        run('sh', '-c', 'seq 100; echo no compiler; exit 3')
    assert said[1].splitlines()[-2:] == ['100', 'no compiler']
    assert '1' not in said[1].splitlines()
    assert len(said) == 2


@pytest.mark.parametrize(
    ('text', 'progress'),
    [
        ('  [1/83] g++ a\n  [12/83] /usr/bin/g++ [3/4]\n', '12 of 83 files'),
        ('[  0%] Generating\n[ 45%] Building C object\nwarning\n', '45 %'),
        ('Collecting numpy\n', 'at work'),
        ('', 'at work'),
    ],
)
def test_how_far_a_build_is_stands_in_its_log(tmp_path, text, progress):
    (tmp_path / 'log').write_text('x' * 200_000 + '\n' + text)
    assert read_progress(tmp_path / 'log') == progress


def test_a_long_step_says_again_and_again_how_far_it_is(monkeypatch, steps, said):
    monkeypatch.setattr(set_up_steps, 'SAID_AGAIN_AFTER_S', 0.2)
    with steps.step('llama.cpp', 'long') as run:
        run('sh', '-c', 'echo "[7/9] g++"; sleep 1')
    assert len(said) >= 4
    assert re.fullmatch(r'llama.cpp: 7 of 9 files, \d+ s', said[2])


def test_a_step_that_is_stopped_ends_with_all_that_it_started(tmp_path, steps, said):
    pid = tmp_path / 'pid'
    faults = []

    def work():
        try:
            with steps.step('llama.cpp', 'long') as run:
                run('sh', '-c', f'sleep 100 & echo $! > {pid}.new; mv {pid}.new {pid}; wait')
        except SetUpError as error:
            faults.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    while not pid.exists():
        time.sleep(0.01)
    steps.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert 'llama.cpp failed' in faults[0]
    for _ in range(500):
        state = Path(f'/proc/{pid.read_text().strip()}/stat')
        if not state.exists() or state.read_text().split()[2] == 'Z':
            break
        time.sleep(0.01)
    else:
        pytest.fail('what the step had started still runs')
    with pytest.raises(SetUpError, match='stopped'), steps.step('messages', 'x') as run:
        run(sys.executable, '-c', '')
