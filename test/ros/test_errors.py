# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from pathlib import Path

import pytest

from prism_core import (
    ConfigError,
    EngineLost,
    ModelHashMismatch,
    ModelNotLoaded,
    OutOfMemory,
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    PlanParseError,
    PlanRejected,
    PrismError,
    ProblemKind,
    PromptTooLong,
    RevisionConflict,
    RunStopped,
    SceneGraphError,
    SkillFailed,
    SkillUnavailable,
    TeacherAuth,
    TeacherUnavailable,
    UnknownAdapter,
    WorldRejected,
)
from prism_msgs.msg import PlanErrorCode
from prism_ros.errors import CODE_NAMES, PROBLEM_CODES, Refusal, refusal_from

MESSAGE = Path(__file__).parents[2] / 'prism_msgs' / 'msg' / 'PlanErrorCode.msg'
CODES = {
    RevisionConflict: PlanErrorCode.REVISION_CONFLICT,
    SceneGraphError: PlanErrorCode.INVALID_SCENE_GRAPH,
    PlannerTimeout: PlanErrorCode.TIMEOUT,
    PlannerUnavailable: PlanErrorCode.MODEL_NOT_LOADED,
    ModelNotLoaded: PlanErrorCode.MODEL_NOT_LOADED,
    ModelHashMismatch: PlanErrorCode.MODEL_HASH_MISMATCH,
    OutOfMemory: PlanErrorCode.OUT_OF_MEMORY,
    EngineLost: PlanErrorCode.ENGINE_LOST,
    TeacherUnavailable: PlanErrorCode.TEACHER_UNAVAILABLE,
    TeacherAuth: PlanErrorCode.TEACHER_AUTH,
    PlanRejected: PlanErrorCode.INVALID_OUTPUT,
    PromptTooLong: PlanErrorCode.CONTEXT_OVERFLOW,
    UnknownAdapter: PlanErrorCode.UNKNOWN_PLANNER,
    PlannerError: PlanErrorCode.INVALID_OUTPUT,
    PlanParseError: PlanErrorCode.INVALID_OUTPUT,
    SkillUnavailable: PlanErrorCode.SKILL_UNAVAILABLE,
    SkillFailed: PlanErrorCode.SKILL_FAILED,
    ConfigError: PlanErrorCode.INVALID_REQUEST,
    WorldRejected: PlanErrorCode.UNKNOWN,  # of world synthesis: reaches no node
    RunStopped: PlanErrorCode.UNKNOWN,  # of long runs: reaches no node
    PrismError: PlanErrorCode.UNKNOWN,
}


def errors_of_prism_core(kind: type = PrismError) -> set[type]:
    """The whole error tree, as prism_core declares it."""
    below = [errors_of_prism_core(child) for child in kind.__subclasses__()]
    return {kind}.union(*below) if kind.__module__ == 'prism_core.errors' else set()


def test_each_code_has_a_number_of_its_own_in_our_block():
    written = re.findall(r'^uint16 (\w+)=(\d+)', MESSAGE.read_text(), re.MULTILINE)
    numbers = {name: int(number) for name, number in written}
    assert {name: getattr(PlanErrorCode, name) for name in numbers} == numbers
    assert {number: name for name, number in numbers.items()} == CODE_NAMES
    assert len(CODE_NAMES) == len(written)
    assert numbers.pop('NONE') == 0
    assert all(12000 <= number <= 12099 for number in numbers.values())


@pytest.mark.parametrize(('kind', 'code'), CODES.items())
def test_an_error_of_the_core_becomes_its_code_and_keeps_its_sentence(kind, code):
    refusal = refusal_from(kind('what is wrong, and what to do'))
    assert (refusal.code, str(refusal)) == (code, 'what is wrong, and what to do')


def test_no_error_of_the_core_is_forgotten():
    assert errors_of_prism_core() == set(CODES)


def test_an_error_that_somebody_derives_counts_as_what_it_derives_from():
    class ServerDown(PlannerUnavailable):
        pass

    assert refusal_from(ServerDown('x')).code == PlanErrorCode.MODEL_NOT_LOADED


def test_each_reason_to_refuse_a_plan_has_a_code_of_its_own():
    assert set(PROBLEM_CODES) == set(ProblemKind)
    assert len(set(PROBLEM_CODES.values())) == len(ProblemKind)
    assert set(PROBLEM_CODES.values()) <= set(CODE_NAMES) - {PlanErrorCode.NONE}


def test_a_refusal_is_no_error_of_the_core():
    assert not isinstance(Refusal(PlanErrorCode.BUSY, 'busy'), PrismError)
