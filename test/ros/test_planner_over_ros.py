# SPDX-License-Identifier: Apache-2.0
"""Planner `ros`: a planner node that runs elsewhere, evaluated as any other planner."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from prism_core import (
    ConfigError,
    ModelNotLoaded,
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    PlanRejected,
    render_scene_graph,
)
from prism_core.episode.planner import open_planner
from prism_core.evaluation.evaluate import EPISODES, evaluate
from prism_core.evaluation.suite import SuiteConfig
from prism_core.evaluation.trial import TRIAL
from prism_core.graph.spine_json import parse_scene_graph
from prism_core.testing import check_planner_in_episodes
from prism_msgs.msg import PlanStep
from prism_msgs.srv import GetPlan
from prism_ros import planner_over_ros
from prism_ros.planner_node import PlannerNode
from prism_ros.planner_over_ros import SERVICE_VARIABLE, TIMEOUT_VARIABLE, RosPlanner

from ..core.mapping_worlds import episodes_of, simulator_of
from . import planners
from .asking import order, release_hanging_planners  # noqa: F401 - an autouse fixture

WORLDS = {'seed': 3, 'worlds': 3, 'tasks': 3, 'hidden': [0.2]}
SUITE = SuiteConfig(worlds=WORLDS)
GRAPH = parse_scene_graph(
    '{"regions": [{"name": "dock_1", "coords": [0, 0]}], "robot_location": "dock_1"}'
)
ASKED = render_scene_graph(GRAPH)


def start(ros, *names, **settings):
    return ros.start_planner(planner__order=order(*names or ('symbolic',)), **settings)


def ask(planner):
    return planner.plan('go to dock_1', GRAPH, ())


@pytest.fixture
def planner_of():
    """Planners that are closed at the end."""
    made = []

    def make(*arguments, **settings):
        made.append(RosPlanner(*arguments, **settings))
        return made[-1]

    yield make
    for planner in made:
        planner.close()


def trials(folder: Path) -> list[dict]:
    """What happened in an evaluation, without times, in the order of the ids."""
    lines = (folder / EPISODES).read_text('utf-8').splitlines()
    episodes = [json.loads(line) for line in lines]
    for episode in episodes:
        del episode['provenance'][TRIAL]
    return sorted(episodes, key=lambda episode: episode['provenance']['id'])


# -------------------------------------------------------------------------------------- evaluation


def test_planner_node_is_evaluated_to_the_same_plans_as_its_planner(ros, tmp_path):
    start(ros)
    suite = tmp_path / 'suite.yaml'
    suite.write_text(f'worlds: {json.dumps(WORLDS)}\n')
    command = [
        sys.executable,
        '-m',
        'prism_core.cli.main',
        'evaluate',
        'ros',
        '--suite',
        str(suite),
    ]
    command += ['--out', str(tmp_path / 'ros'), '--workers', '2']
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    evaluate('symbolic', SUITE, tmp_path / 'symbolic', workers=1)
    assert trials(tmp_path / 'ros') == trials(tmp_path / 'symbolic')
    assert len(trials(tmp_path / 'ros')) > 6


def test_nothing_is_written_where_nobody_serves(ros, tmp_path, monkeypatch):
    monkeypatch.setattr(planner_over_ros, '_DISCOVERY_S', 0.1)
    with pytest.raises(PlannerUnavailable, match='start the nodes: ros2 launch prism_ros'):
        evaluate('ros', SUITE, tmp_path / 'out', workers=1)
    assert not (tmp_path / 'out').exists()


# ---------------------------------------------------------------------------------------- one plan


def test_planner_node_keeps_the_contract_of_planners_in_closed_loop(ros, planner_of):
    start(ros)
    (episode, *_) = episodes_of(range(60, 62), tier='core', hidden=0.4)
    check_planner_in_episodes(lambda _: planner_of(), [episode], simulator_of)


def test_service_is_named_by_the_environment(ros, monkeypatch):
    start(ros, namespace='robot1')
    with monkeypatch.context() as patch:
        patch.setattr(planner_over_ros, '_DISCOVERY_S', 0.1)
        with pytest.raises(PlannerUnavailable, match=rf"serves '/plan'.*{SERVICE_VARIABLE}"):
            open_planner('ros')
    monkeypatch.setenv(SERVICE_VARIABLE, '/robot1/plan')
    planner = open_planner('ros')
    assert ask(planner).actions[-1].name == 'answer'
    planner.close()


@pytest.mark.parametrize('given', ['soon', '0', '-3', 'nan', 'inf'])
def test_time_that_is_none_is_refused(monkeypatch, given):
    monkeypatch.setenv(TIMEOUT_VARIABLE, given)
    with pytest.raises(ConfigError, match=f"{TIMEOUT_VARIABLE}: expected .* got '{given}'"):
        open_planner('ros')


def test_closed_planner_leaves_no_node_and_no_context(ros, planner_of):
    start(ros)
    planner = planner_of()
    context = planner._thread._context
    ros.spin_until(lambda: any('prism_client' in name for name in ros.node.get_node_names()))
    planner.close()
    planner.close()
    assert not context.ok()
    ros.spin_until(lambda: not any('prism_client' in name for name in ros.node.get_node_names()))


@pytest.mark.parametrize(
    ('name', 'kind', 'words'),
    [
        ('Unavailable', ModelNotLoaded, r'the endpoint is down \[MODEL_NOT_LOADED\]'),
        ('Crashes', PlannerError, r'a bug in a planner.*\[INVALID_OUTPUT\]'),
        ('Invents', PlannerError, r'atlantis.*\[UNKNOWN_NODE\]'),
    ],
)
def test_error_in_the_reply_is_raised_with_its_text(ros, planner_of, name, kind, words):
    start(ros, name)
    with pytest.raises(PlannerError, match=words) as caught:
        ask(planner_of())
    assert type(caught.value) is kind


def test_node_that_is_not_active_is_unavailable(ros, planner_of):
    start(ros, autostart=False)
    with pytest.raises(PlannerUnavailable, match='ros2 lifecycle set /prism_planner activate'):
        ask(planner_of())


def test_plan_that_takes_too_long_is_a_timeout(ros, planner_of):
    start(ros, 'Hangs')
    with pytest.raises(PlannerTimeout, match='did not answer within'):
        ask(planner_of(timeout_s=0.3))


def test_busy_service_is_asked_again_until_the_time_is_over(ros, planner_of):
    start(ros, 'Hangs')
    waiting = ros.send(GetPlan, 'plan', GetPlan.Request(task='wait', scene_graph_json=ASKED))
    ros.spin_until(planners.BEGUN.is_set)
    planner = planner_of(timeout_s=1.0)
    with pytest.raises(PlannerTimeout, match=r'another plan is being made.*\[BUSY\]'):
        ask(planner)
    planners.RELEASE.set()
    ros.spin_until(waiting.done)
    assert ask(planner).actions[0].arguments == ('late',)


class Liar(PlannerNode):
    """Serves a step that the test hands it, whatever was asked."""

    step = PlanStep()

    async def _get_plan(self, request, response):
        response.success, response.plan.steps = True, [self.step]
        response.plan.domain = 'mapping'


@pytest.mark.parametrize(
    ('step', 'words'),
    [
        (PlanStep(action='goto', targets=['atlantis']), 'not valid: .*atlantis'),
        (PlanStep(action='fly'), 'not valid: .*fly'),
        (PlanStep(action='goto', targets=['a'], text='x'), "no plan: .*'text'"),
    ],
)
def test_reply_that_is_no_valid_plan_is_rejected(ros, planner_of, monkeypatch, step, words):
    monkeypatch.setattr(Liar, 'step', step)
    ros.start(Liar)
    with pytest.raises(PlanRejected, match=words):
        ask(planner_of())
