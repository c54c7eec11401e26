# SPDX-License-Identifier: Apache-2.0
"""From errors of prism_core to the error codes of prism_msgs."""

from __future__ import annotations

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
    PrismError,
    ProblemKind,
    PromptTooLong,
    RevisionConflict,
    SceneGraphError,
    SkillFailed,
    SkillUnavailable,
    TeacherAuth,
    TeacherUnavailable,
    UnknownAdapter,
)
from prism_msgs.msg import PlanErrorCode

CODE_NAMES = {
    value: name
    for name in dir(PlanErrorCode)
    if name.isupper() and isinstance(value := getattr(PlanErrorCode, name), int)
}
"""The name of each error code, such as 12003 → INVALID_REQUEST."""

PROBLEM_CODES = {
    ProblemKind.SHAPE: PlanErrorCode.INVALID_OUTPUT,
    ProblemKind.ACTION: PlanErrorCode.INVALID_ACTION,
    ProblemKind.UNKNOWN_NODE: PlanErrorCode.UNKNOWN_NODE,
    ProblemKind.UNREACHABLE: PlanErrorCode.UNREACHABLE,
    ProblemKind.FORBIDDEN: PlanErrorCode.FORBIDDEN,
}
"""The error code of each reason to refuse a plan."""

UNAVAILABLE: dict[int, type[PlannerUnavailable]] = {
    PlanErrorCode.MODEL_NOT_LOADED: ModelNotLoaded,
    PlanErrorCode.MODEL_HASH_MISMATCH: ModelHashMismatch,
    PlanErrorCode.OUT_OF_MEMORY: OutOfMemory,
    PlanErrorCode.ENGINE_LOST: EngineLost,
    PlanErrorCode.TEACHER_UNAVAILABLE: TeacherUnavailable,
    PlanErrorCode.TEACHER_AUTH: TeacherAuth,
}
"""The error of each code that says why a planner cannot work."""

# The first that fits counts, so the most specific stand first.
_ERROR_CODES: list[tuple[type[PrismError], int]] = [
    (RevisionConflict, PlanErrorCode.REVISION_CONFLICT),
    (SceneGraphError, PlanErrorCode.INVALID_SCENE_GRAPH),
    (PlannerTimeout, PlanErrorCode.TIMEOUT),
    *((kind, code) for code, kind in UNAVAILABLE.items()),
    (PlannerUnavailable, PlanErrorCode.MODEL_NOT_LOADED),
    (UnknownAdapter, PlanErrorCode.UNKNOWN_PLANNER),
    (PromptTooLong, PlanErrorCode.CONTEXT_OVERFLOW),
    (PlannerError, PlanErrorCode.INVALID_OUTPUT),
    (PlanParseError, PlanErrorCode.INVALID_OUTPUT),
    (SkillUnavailable, PlanErrorCode.SKILL_UNAVAILABLE),
    (SkillFailed, PlanErrorCode.SKILL_FAILED),
    (ConfigError, PlanErrorCode.INVALID_REQUEST),
    (PrismError, PlanErrorCode.UNKNOWN),
]


class Refusal(Exception):
    """A request that is not carried out: an error code and one sentence for whoever asked."""

    def __init__(self, code: int, sentence: str):
        self.code = code
        super().__init__(sentence)

    @property
    def name(self) -> str:
        """The name of the code, such as BUSY."""
        return CODE_NAMES.get(self.code, str(self.code))


def refusal_from(error: PrismError) -> Refusal:
    """The refusal that an error of prism_core stands for."""
    code = next(code for kind, code in _ERROR_CODES if isinstance(error, kind))
    return Refusal(code, str(error))
