# SPDX-License-Identifier: Apache-2.0
"""The examples of the client, run over real DDS against simulated skills."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from .asking import release_hanging_planners  # noqa: F401 - an autouse fixture
from .robots import Robot

ROOT = Path(__file__).parents[2]
EXAMPLES = ('plan_once', 'run_mission', 'answer_question', 'approve_and_stop')


@pytest.fixture
def robot(ros, tmp_path):
    """The packaged depot; a client finds it by the environment, as a user's does."""
    return Robot(ros, tmp_path, 'symbolic', known=None, true=None, skills={'skills__delay_s': 0.5})


def load(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / 'examples' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.usefixtures('robot')
def test_plan_once(capsys):
    load('plan_once').main()
    assert 'inspect(forklift_1' in capsys.readouterr().out


@pytest.mark.usefixtures('robot')
def test_run_a_mission_with_feedback(capsys):
    load('run_mission').main()
    *told, answer = capsys.readouterr().out.strip().splitlines()
    assert [line for line in told if line.startswith('EXECUTING ')], told
    assert 'barrel' in answer


@pytest.mark.usefixtures('robot')
def test_a_question_is_answered_and_the_mission_goes_on(capsys):
    asked: list[str] = []
    load('answer_question').main(lambda question: asked.append(question) or 'car_2')
    assert len(asked) == 1
    assert 'car_1 or car_2' in asked[0]
    assert 'red car' in capsys.readouterr().out


def test_steps_are_approved_until_it_is_stopped(robot, capsys):
    asked: list[str] = []

    def say(question: str) -> str:
        asked.append(question)
        return 'yes' if len(asked) == 1 else 'stop'

    load('approve_and_stop').main(say)
    printed = capsys.readouterr().out
    assert 'the mission is stopped' in printed
    assert 'CANCELED' in printed
    assert len(asked) == 2
    assert robot.executor._run_now is None


def test_the_page_shows_an_example_and_names_all():
    page = (ROOT / 'docs' / 'missions.md').read_text('utf-8')
    (shown,) = [t for t in re.findall(r'```python\n(.*?)```', page, re.DOTALL) if 'ask=' in t]
    assert shown.strip() in (ROOT / 'examples' / 'answer_question.py').read_text('utf-8')
    for name in EXAMPLES:
        assert f'examples/{name}.py' in page


@pytest.mark.parametrize('name', EXAMPLES)
def test_each_example_is_short(name):
    text = (ROOT / 'examples' / f'{name}.py').read_text('utf-8')
    assert len(text.splitlines()) <= 30
