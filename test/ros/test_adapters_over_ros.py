# SPDX-License-Identifier: Apache-2.0
"""prism_planner with one base and several adapters: each request names one, and is told which."""

from __future__ import annotations

from pathlib import Path

import pytest

from prism_core.files import hash_file
from prism_core.inference.student import ADAPTERS_VARIABLE, MODEL_VARIABLE, find_bundled
from prism_msgs.msg import Plan, PlanErrorCode, PlanningStatus
from prism_msgs.msg import PlannerHealth as HealthMessage

from ..core.tiny_adapters import write_adapter
from ..faults import recovery
from .asking import plan
from .checks import assert_refused

BASE = Path(find_bundled())
NAMES = ('depot', 'kitchen')


@pytest.fixture
def files(tmp_path, monkeypatch) -> list[str]:
    """Adapters that change nothing, so that the bundled student plans as well with them."""
    monkeypatch.delenv(ADAPTERS_VARIABLE, raising=False)
    monkeypatch.setenv(MODEL_VARIABLE, str(BASE))
    paths = [tmp_path / f'{name}.gguf' for name in NAMES]
    return [str(write_adapter(path, BASE, strength=0.0).path) for path in paths]


def start(ros, *order, adapters):
    """Both nodes; the messages of the status."""
    beats = ros.collect(PlanningStatus, 'planner_status')
    ros.start_graph()
    node = ros.start_planner(planner__order=list(order), planner__adapters=adapters)
    ros.spin_until(lambda: node._mirror.graph is not None)
    return beats


def status_of(ros, beats, name: str, state: int) -> HealthMessage:
    def find():
        planners = beats[-1].planners if beats else []
        return next((one for one in planners if (one.name, one.state) == (name, state)), None)

    return ros.spin_until(find)


def id_of(files, name: str) -> str:
    path = Path(files[NAMES.index(name)])
    return f' {hash_file(BASE)[:12]} + {name} {hash_file(path)[:12]}'


def test_each_request_names_an_adapter_and_the_plan_says_base_and_adapter(ros, files):
    start(ros, 'student', adapters=files)
    for planner, name in (
        ('', 'depot'),
        ('student:kitchen', 'kitchen'),
        ('student', 'depot'),
        (':kitchen', 'kitchen'),
    ):
        response = plan(ros, planner=planner)
        assert response.success, response.error_msg
        assert response.plan.source == Plan.SOURCE_STUDENT
        assert response.plan.model_id.endswith(id_of(files, name))


def test_the_status_says_which_adapters_there_are(ros, files):
    beats = start(ros, 'symbolic', 'student', adapters=['', *files])
    status = status_of(ros, beats, 'student', HealthMessage.READY)
    assert list(status.adapters) == ['', 'depot', 'kitchen']
    assert status.model_id.endswith(f' {hash_file(BASE)[:12]}')
    assert list(status_of(ros, beats, 'symbolic', HealthMessage.READY).adapters) == []


def test_what_is_asked_of_a_cascade_is_for_the_planners_that_have_adapters(ros, files):
    beats = start(ros, 'cascade', 'symbolic', 'student', adapters=files)
    status_of(ros, beats, 'student', HealthMessage.READY)
    assert plan(ros, planner=':kitchen').plan.source == Plan.SOURCE_SYMBOLIC
    assert_refused(plan(ros, planner=':attic'), PlanErrorCode.UNKNOWN_PLANNER, 'student:depot')
    by_symbolic = plan(ros, planner='symbolic:depot')
    assert_refused(by_symbolic, PlanErrorCode.UNKNOWN_PLANNER, "no adapter 'depot' of symbolic")


def test_an_adapter_that_there_is_not_is_refused_with_those_that_there_are(ros, files):
    start(ros, 'student', adapters=files)
    sentence = "no adapter 'attic' of student; there are student:depot, student:kitchen"
    assert_refused(plan(ros, planner='student:attic'), PlanErrorCode.UNKNOWN_PLANNER, sentence)
    assert_refused(plan(ros, planner='attic'), PlanErrorCode.UNKNOWN_PLANNER, "planner 'attic'")


def test_an_adapter_other_than_its_sha256_puts_the_student_out_and_says_so(ros, files):
    wrong = f'{files[0]}#sha256={"0" * 64}'
    beats = start(ros, 'symbolic', 'student', adapters=[wrong, files[1]])
    status = status_of(ros, beats, 'student', HealthMessage.OUT)
    assert status.error_code == PlanErrorCode.MODEL_HASH_MISMATCH
    assert 'depot.gguf: expected the sha256 000000000000' in status.detail
    with recovery('adapter: other than its sha256') as fault:
        by_student = plan(ros, planner='student:kitchen')
        code = PlanErrorCode.MODEL_HASH_MISMATCH
        fault.says(assert_refused(by_student, code, 'expected the sha256'))
        assert plan(ros).plan.source == Plan.SOURCE_SYMBOLIC


def test_a_file_that_is_no_adapter_leaves_the_other_planners(ros, files):
    beats = start(ros, 'symbolic', 'student', adapters=[str(BASE)])
    status = status_of(ros, beats, 'student', HealthMessage.OUT)
    assert 'expected a LoRA adapter, got a model' in status.detail
    with recovery('adapter: a file that is none') as fault:
        by_student = plan(ros, planner='student:depot')
        code = PlanErrorCode.MODEL_NOT_LOADED
        fault.says(assert_refused(by_student, code, 'expected a LoRA adapter'))
        assert plan(ros).plan.source == Plan.SOURCE_SYMBOLIC
