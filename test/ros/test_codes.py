# SPDX-License-Identifier: Apache-2.0
"""Each published error code is provoked by a test over ROS; here those that no other one does."""

from __future__ import annotations

import re
from pathlib import Path

from prism_msgs.msg import PlanErrorCode
from prism_ros import planner_node
from prism_ros.errors import CODE_NAMES

from ..faults import read_faults, recovery
from .asking import plan, start_both
from .checks import assert_refused

HERE = Path(__file__).parent
OF_TABLES = {'test_errors.py'}  # they say which error becomes which code, and provoke none


def test_each_code_is_provoked_by_a_test():
    texts = [p.read_text('utf-8') for p in HERE.glob('test_*.py') if p.name not in OF_TABLES]
    said = re.compile(r"PlanErrorCode\.([A-Z_]+)\b|code\(.*\) == '([A-Z_]+)'")
    named = {name for text in texts for groups in said.findall(text) for name in groups}
    named |= {f.code for f in read_faults().values()}  # a test injects each of these faults
    assert set(CODE_NAMES.values()) - named == set()


def test_a_plan_that_does_what_the_request_forbids_is_refused(ros):
    start_both(ros, 'Ahead')
    with recovery('planner: it plans what the request forbids') as fault:
        response = plan(ros, task='look for a barrel, but avoid road_1')
        fault.says(assert_refused(response, PlanErrorCode.FORBIDDEN, 'road_1'))
        assert plan(ros).success


def test_a_bug_in_the_node_is_a_code_and_no_end_of_it(ros, monkeypatch):
    start_both(ros)

    def crash(*_, **__):
        raise ZeroDivisionError('a bug')

    with recovery('node: a bug in its own code') as fault:
        with monkeypatch.context() as patch:
            patch.setattr(planner_node, 'read_planning_request', crash)
            sentence = 'unexpected ZeroDivisionError: a bug'
            fault.says(assert_refused(plan(ros), PlanErrorCode.UNKNOWN, sentence))
        assert plan(ros).success
