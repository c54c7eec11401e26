"""How the end of an episode is judged: what must have been observed, what must be said, at what
cost; and the verdict in parts. For the judge alone: no planner and no teacher reads a criterion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from prism_core.errors import ConfigError

FactKind = Literal['known', 'mapped', 'attribute', 'visited', 'inspected', 'way']
AnswerKind = Literal[
    'node', 'nodes', 'value', 'number', 'yes_no', 'absence', 'text', 'unreachable', 'any',
    'clarify', 'pattern',
]  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """Something that must have been observed, or done, before the answer.

    | kind | means |
    |---|---|
    | known | the node is in the known graph |
    | mapped | everything that the region shows is known |
    | attribute | the value of attribute `detail` is known; `description` is one too |
    | visited | the robot was in the region during the episode |
    | inspected | the object was inspected during the episode and showed attribute `detail`, or \
anything where that is '' |
    | way | it was seen during the episode whether one can drive from the region to `detail` |
    """

    kind: FactKind
    node: str
    detail: str = ''


@dataclass(frozen=True)
class Criterion:
    """What a right answer says and what it rests on.

    `accepted` are the right answers: one of them must be said, all of them for `nodes` and `text`;
    for `pattern` they are regular expressions, of which one must be found in what is said, in
    capitals or not.
    `rivals` are the other values of the same kind: none of them may be said. All of `evidence` must
    hold, and one of `any_of`; of the node that is named as the answer, the attributes `observed`
    must be known. `in_order`: the evidence must have come about in this order. `final_location`:
    the region that the robot must end in. `max_actions` and `max_distance_m` are the budget; the
    final answer counts as an action.

    Raises:
        ConfigError: a regular expression is empty or is none.
    """

    answer: AnswerKind
    accepted: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    evidence: tuple[Fact, ...] = ()
    any_of: tuple[Fact, ...] = ()
    observed: tuple[str, ...] = ()
    in_order: bool = False
    final_location: str = ''
    max_actions: int = 0
    max_distance_m: float = 0.0

    def __post_init__(self):
        if self.answer == 'pattern':
            for pattern in self.accepted:
                _check_pattern(pattern)


def _check_pattern(pattern: str) -> None:
    if not pattern:
        raise ConfigError(
            'expected a regular expression of the right answers, got an empty one, which is found '
            'in every text'
        )
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(
            f'expected a regular expression, got {pattern[:80]!r}: {error}; put a backslash before '
            'each sign that stands for itself'
        ) from None


@dataclass(frozen=True)
class Outcome:
    """The verdict on an episode, in parts, and what it cost.

    `found`: what had to be found was found. `grounded`: all that had to be observed was observed
    before the answer. `answered`: the answer is right. `in_budget`: neither too many actions nor
    too far a way. `reason` names the first part that failed and why.
    """

    found: bool
    grounded: bool
    answered: bool
    in_budget: bool
    actions: int
    distance_m: float
    reason: str = ''

    @property
    def success(self) -> bool:
        """Whether all parts hold."""
        return self.found and self.grounded and self.answered and self.in_budget
