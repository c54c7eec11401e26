# SPDX-License-Identifier: Apache-2.0
"""The skill server of the page on missions: it is the example, and missions run on it."""

from __future__ import annotations

import importlib.util
import re
import threading
from pathlib import Path

import pytest
import rclpy
from rclpy.executors import MultiThreadedExecutor

from prism_msgs.msg import PlanStep

from .robots import Robot, code, steps

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / 'examples' / 'skill_server.py'


def test_the_page_shows_the_example_and_it_is_short():
    page = (ROOT / 'docs' / 'missions.md').read_text('utf-8')
    (shown,) = [t for t in re.findall(r'```python\n(.*?)```', page, re.DOTALL) if 'Skill(' in t]
    assert shown.strip() in EXAMPLE.read_text('utf-8')
    assert len(shown.splitlines()) <= 40


@pytest.fixture
def skill(ros):
    """The example's node on its own threads, as its `main` runs it."""
    spec = importlib.util.spec_from_file_location('skill_server', EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=ros.domain)
    node = module.GotoSkill(context=context)
    executor = MultiThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield node
    executor.shutdown()
    thread.join(10)
    node.server.destroy()
    node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.mark.usefixtures('skill')
def test_a_mission_runs_on_it_and_hears_of_its_progress(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'Insists', has_skills=False)
    result = robot.run('go to yard_7')
    assert code(result) == 'NONE', result.error_msg
    assert steps(result)[0] == ('goto', 'yard_7', PlanStep.SUCCEEDED)
    assert result.distance_m == 10.0
    assert robot.executor._mirror.graph.robot_location == 'yard_7'
    assert [f for f in robot.feedback if 'driving to yard_7' in f.message]
