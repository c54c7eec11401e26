# SPDX-License-Identifier: Apache-2.0
"""What the sources of the nodes leave out: folders of one machine, places of one site, and waits
that hold the thread on which a node answers.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from prism_core import parse_scene_graph
from prism_core.domains.mapping import GRAPHS

from .sources import ROOT, ROS, parse

NODES = [path for name, path in ROS.items() if name.endswith('_node') and name != 'managed_node']
RUNS_IN_NODES = [
    *NODES,
    *(ROS[name] for name in ('mission_run', 'plan_call', 'planner_calls', 'skill_calls')),
    *(ROS[name] for name in ('goals', 'waiting', 'graph_intake', 'graph_state', 'plan_feedback')),
]
STARTED = [*ROS.values(), *(ROOT / 'launch').glob('*.py')]
NO_FOLDER = re.compile(r'/(dev|proc|sys|opt/ros|_action)/')
HOLDS = {'sleep', 'spin', 'spin_once', 'spin_until_future_complete', 'call', 'wait_for_service'}
SITES = {
    name for path in GRAPHS.glob('*.json') for name in parse_scene_graph(path.read_text()).nodes
}


def texts_of(path: Path) -> list[str]:
    """The texts that code works with: no docstrings."""
    tree = parse(path)
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    ]


def folders_and_places(texts: list[str]) -> list[str]:
    paths = [text for text in texts if re.fullmatch(r'(?:/[\w.-]+){2,}/?', text)]
    return [path for path in paths if not NO_FOLDER.match(path)] + [
        text for text in texts if text in SITES
    ]


def holds_of(tree: ast.AST) -> list[str]:
    """The calls that wait on the thread that makes them, outside of what runs on its own."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call.attr for call in calls if isinstance(call, ast.Attribute) and call.attr in HOLDS]


@pytest.mark.parametrize('path', STARTED, ids=lambda path: path.name)
def test_no_source_of_ours_names_a_folder_of_one_machine_or_a_place_of_one_site(path):
    assert folders_and_places(texts_of(path)) == []


def test_such_a_folder_and_such_a_place_are_found():
    texts = ['/titan/overhead_graph', 'road_1', '/proc/self/stat', 'plan', '/plan']
    assert folders_and_places(texts) == ['/titan/overhead_graph', 'road_1']


@pytest.mark.parametrize('path', RUNS_IN_NODES, ids=lambda path: path.name)
def test_no_callback_of_a_node_holds_its_thread(path):
    assert holds_of(parse(path)) == []


def test_a_callback_that_holds_its_thread_is_found():
    code = 'def take(self):\n    time.sleep(1)\n    rclpy.spin_until_future_complete(self, future)'
    assert holds_of(ast.parse(code)) == ['sleep', 'spin_until_future_complete']
