# SPDX-License-Identifier: Apache-2.0
"""How the end of an episode is judged: what must have been observed, what must be said, at what
cost; and the verdict in parts. For the judge alone: no planner and no teacher reads a criterion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

QUESTION = 'question'
"""The kind of answer of a task of which the right end is a question back; the other kinds, and
those of facts, are the domain's."""

_MOST_SAID = 4


@dataclass(frozen=True)
class Fact:
    """Something that must have been observed, or done, before the answer: a kind that the domain
    knows, the node that it is about, and what else it takes.
    """

    kind: str
    node: str
    detail: str = ''


@dataclass(frozen=True)
class Criterion:
    """What a right answer says and what it rests on.

    `answer` is a kind that the domain's judge knows, or QUESTION. `accepted` are the right answers,
    `rivals` the other values of the same kind: none of them may be said. All of `evidence` must
    hold, and one of `any_of`; of the node that is named as the answer, the attributes `observed`
    must be known. `in_order`: the evidence must have come about in this order. `final_location`:
    the region that the robot must end in. `max_actions` and `max_distance_m` are the budget; the
    final answer counts as an action.

    What asks for several things has a criterion for each as `parts`, each of which is read in its
    own stretch of the answer. A part is `about` the node that its stretch must name, where that is
    not ''; nothing needs to be said of one that `may_be_unsaid`. `avoided` are the places that the
    robot must not enter, not even in passing.
    """

    answer: str
    accepted: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    evidence: tuple[Fact, ...] = ()
    any_of: tuple[Fact, ...] = ()
    observed: tuple[str, ...] = ()
    in_order: bool = False
    final_location: str = ''
    max_actions: int = 0
    max_distance_m: float = 0.0
    parts: tuple[Criterion, ...] = ()
    about: str = ''
    may_be_unsaid: bool = False
    avoided: tuple[str, ...] = ()

    def walk(self) -> Iterator[Criterion]:
        """This criterion and all that are parts of it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def say_facts(criterion: Criterion) -> str:
    """What must have come about, in a few words, such as `cup_1 in sink_2 or cup_3 in sink_2`."""
    facts = criterion.any_of or criterion.evidence
    said = [f'{fact.node} {fact.kind} {fact.detail}'.rstrip() for fact in facts]
    shown = said if len(said) <= _MOST_SAID else [*said[:_MOST_SAID], '…']
    return (' or ' if criterion.any_of else ', ').join(shown)


@dataclass(frozen=True)
class Outcome:
    """The verdict on an episode, in parts, and what it cost.

    `kept`: nothing was entered that was to be avoided. `found`: what had to be found was found.
    `grounded`: all that had to be observed was observed before the answer. `answered`: the answer
    is right. `in_budget`: neither too many actions nor too far a way. `reason` names the first part
    that failed and why.
    """

    found: bool
    grounded: bool
    answered: bool
    in_budget: bool
    actions: int
    distance_m: float
    reason: str = ''
    kept: bool = True

    @property
    def success(self) -> bool:
        """Whether all parts hold."""
        is_right = self.found and self.grounded and self.answered
        return is_right and self.in_budget and self.kept
