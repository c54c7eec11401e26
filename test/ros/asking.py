# SPDX-License-Identifier: Apache-2.0
"""What the tests of prism_planner share: nodes that are up, and how they are asked."""

import time

import pytest

from prism_msgs.srv import GetPlan

from . import planners

TASK = 'inspect the forklift'
DRIVE = 'go to field_2'
HERE = planners.__name__


@pytest.fixture(autouse=True)
def release_hanging_planners():
    planners.RELEASE.clear()
    planners.BEGUN.clear()
    yield
    planners.RELEASE.set()


def order(*names):
    return [name if name == 'symbolic' else f'{HERE}:{name}' for name in names]


def start_both(ros, *names, **parameters):
    ros.start_graph()
    node = ros.start_planner(planner__order=order(*names or ('symbolic',)), **parameters)
    ros.spin_until(lambda: node._mirror.graph is not None)
    return node


def plan(ros, **fields):
    return ros.call(GetPlan, 'plan', **({'task': TASK} | fields))


def again(ros, is_good, timeout_s: float = 20.0, pause_s: float = 0.1) -> None:
    """Ask again and again, with a pause between, until it is good."""
    begun_s = asked_s = time.monotonic()
    while not is_good():
        assert time.monotonic() < begun_s + timeout_s, f'asked for {timeout_s} s in vain'
        ros.spin_until(lambda asked_s=asked_s: time.monotonic() > asked_s + pause_s)
        asked_s = time.monotonic()
