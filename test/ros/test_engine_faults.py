# SPDX-License-Identifier: Apache-2.0
"""The engine of a student is killed, stopped or out of memory in any phase, or says what is none:
each call is answered with its code, and the student plans again.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from pathlib import Path

import pytest

from prism_core.dialects.compact import CompactDialect
from prism_core.inference.child import engine_process, memory
from prism_core.inference.student import find_bundled
from prism_core.plan.grammar import Lark
from prism_msgs.msg import Plan, PlanErrorCode, PlanningStatus
from prism_msgs.msg import PlannerHealth as HealthMessage
from prism_msgs.srv import GetPlan
from prism_ros.errors import CODE_NAMES

from ..faults import recovery
from . import students
from .asking import TASK, again, plan
from .checks import assert_refused
from .test_planner_order import engines, start  # noqa: F401 - a fixture
from .test_planner_status import start as start_watched
from .test_planner_status import wait_for

STUDENT = f'student={students.__name__}:make_phased'
PHASES = ('load', 'prefill', 'decode', 'between plans')
GIVEN_S = 0.8


def send(ros):
    request = GetPlan.Request(task=TASK, planner='student', timeout_s=GIVEN_S)
    return ros.send(GetPlan, 'plan', request)


def bring_to(ros, engine, phase):
    """Bring the engine into a phase; the call that is under way, if any."""
    if phase == 'load':
        os.kill(engine.health.pid, signal.SIGKILL)
        ros.spin_until(lambda: engine.health.state == 'restarting')
        ros.spin_until(lambda: engine.health.state == 'starting')
    call = None if phase == 'between plans' else send(ros)
    if call:
        ros.spin_until(lambda: engine._calls)
    if phase == 'decode':
        ros.spin_until(lambda: engine.progress.text)
    return call


@pytest.mark.parametrize('phase', PHASES)
def test_an_engine_that_is_lost_in_any_phase_is_answered_for_and_comes_back(
    ros,
    engines,  # noqa: F811
    monkeypatch,
    phase,
):
    start(ros, STUDENT)
    (engine,) = engines
    assert plan(ros).success
    for end in ('killed', 'stopped', 'out of memory'):
        call = bring_to(ros, engine, phase)
        pid, lost = engine.health.pid, engine.health.losses
        with recovery(f'engine {end}: {phase}') as fault, monkeypatch.context() as patch:
            if end == 'out of memory':  # as the kernel tells it
                patch.setattr(engine_process, 'count_oom_kills', itertools.count(10**6).__next__)
            os.kill(pid, signal.SIGSTOP if end == 'stopped' else signal.SIGKILL)
            if call is None and end != 'stopped':
                ros.spin_until(lambda lost=lost: engine.health.losses > lost)
            call = call or send(ros)
            ros.spin_until(call.done)
            fault.says(CODE_NAMES[call.result().error_code])
            again(ros, lambda: plan(ros, timeout_s=3.0).success)
        assert engine.health.pid != pid


SAID = {
    'garbage tokens': 'garble',
    'endless tokens': 'ramble',
    'half a reply': 'trail_off',
    'crash in a call': 'crash',
    'bytes that are no reply': 'babble',
    'memory runs out in a call': 'eat',
}


def test_an_engine_that_says_what_is_none_is_answered_for_and_plans_again(ros, engines):  # noqa: F811
    start(ros, STUDENT)
    for name, order in SAID.items():
        with recovery(f'engine: {name}') as fault:
            response = plan(ros, task=f'{TASK}, please {order}', timeout_s=1.5)
            fault.says(CODE_NAMES[response.error_code])
            again(ros, lambda: plan(ros, timeout_s=3.0).success)
    assert len(engines) == 1


def test_a_student_outlives_a_bad_grammar_and_a_file_that_is_swapped_under_it(
    ros, monkeypatch, tmp_path
):
    """The bundled one, in a real engine."""
    path = tmp_path / 'student.gguf'
    for end in ('', '.sha256'):
        shutil.copy(f'{find_bundled()}{end}', f'{path}{end}')
    monkeypatch.setenv('PRISM_STUDENT_MODEL', str(path))
    ros.start_graph()
    node = ros.start_planner(planner__order=['student'])
    ros.spin_until(lambda: node._mirror.graph is not None)
    assert plan(ros).success
    with recovery('engine: a grammar that does not compile') as fault:
        with monkeypatch.context() as patch:
            patch.setattr(CompactDialect, 'make_grammar', lambda *_: Lark('start: (((', 9))
            response = plan(ros)
        code = PlanErrorCode.INVALID_OUTPUT
        fault.says(assert_refused(response, code, 'a grammar that llguidance can compile'))
        assert plan(ros).success
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with recovery('model file: swapped while it runs') as fault:
        assert plan(ros).success  # it has it in memory
        engine = node._pool.worker('student')._planner._model
        os.kill(engine.health.pid, signal.SIGKILL)
        ros.spin_until(lambda: engine.health.state == 'failed')
        code = PlanErrorCode.MODEL_HASH_MISMATCH
        fault.says(assert_refused(plan(ros), code, 'expected the sha256'))
        path.write_bytes(whole)
        fault.is_mended()
        again(ros, lambda: plan(ros).success)


def missing(data: bytes) -> bytes | None:
    return None


def cut_off(data: bytes) -> bytes | None:
    return data[:100_000]


def another(data: bytes) -> bytes | None:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ('break_it', 'code', 'words'),
    [
        (missing, PlanErrorCode.MODEL_NOT_LOADED, 'student.gguf'),
        (cut_off, PlanErrorCode.MODEL_NOT_LOADED, 'cut off'),
        (another, PlanErrorCode.MODEL_HASH_MISMATCH, 'expected the sha256 3c0a57f1cbb2'),
    ],
)
def test_a_file_that_is_no_model_degrades_the_node_until_it_is_put_right(
    ros, monkeypatch, tmp_path, break_it, code, words
):
    path = tmp_path / 'student.gguf'
    monkeypatch.setenv('PRISM_STUDENT_MODEL', str(path))
    shutil.copy(f'{find_bundled()}.sha256', f'{path}.sha256')
    broken = break_it(Path(find_bundled()).read_bytes())
    if broken is not None:
        path.write_bytes(broken)
    beats = start_watched(ros, 'student', 'symbolic')
    status = wait_for(ros, beats, PlanningStatus.DEGRADED)
    student, symbolic = status.planners
    assert (student.name, student.state, student.error_code) == ('student', HealthMessage.OUT, code)
    assert words in student.detail
    assert words in status.detail
    assert (symbolic.state, symbolic.error_code) == (HealthMessage.READY, PlanErrorCode.NONE)
    response = plan(ros)
    assert (response.plan.source, response.plan.model_id) == (Plan.SOURCE_SYMBOLIC, 'symbolic')
    assert [said.partition(':')[0] for said in response.plan.passed_over] == ['student']
    assert words in response.plan.passed_over[0]
    assert response.metrics.prompt_tokens == 0
    with recovery(f'model file: {break_it.__name__.replace("_", " ")}') as fault:
        fault.says(assert_refused(plan(ros, planner='student'), code, words))
        shutil.copy(find_bundled(), path)
        fault.is_mended()
        again(ros, lambda: plan(ros, planner='student').success)


def test_a_student_that_does_not_fit_is_out_of_memory_until_there_is_enough(ros, monkeypatch):
    beats = start_watched(ros, f'student={students.__name__}:make_too_large', 'symbolic')
    status = wait_for(ros, beats, PlanningStatus.DEGRADED)
    assert status.planners[0].error_code == PlanErrorCode.OUT_OF_MEMORY
    with recovery('engine: more memory than there is') as fault:
        response = plan(ros, planner='student')
        fault.says(assert_refused(response, PlanErrorCode.OUT_OF_MEMORY, 'GiB of memory'))
        monkeypatch.setattr(memory, 'available_bytes', lambda: 2**62)
        fault.is_mended()
        again(ros, lambda: plan(ros, planner='student').success)
