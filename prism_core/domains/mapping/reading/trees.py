# SPDX-License-Identifier: Apache-2.0
"""Trees of meanings from the parts that were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from prism_core.domains.mapping.intent import Constraint, Intent, Target
from prism_core.domains.mapping.kinds.said import OF_THE_WHOLE_CLASS
from prism_core.domains.mapping.reading.conditions import Condition, ConditionReader
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.pointing import Spoken, Unread
from prism_core.domains.mapping.reading.reading import MAX_STEPS


@dataclass(frozen=True)
class Composed:
    """What a request means, part by part.

    Attributes:
        intent: the whole; None where a part of it could not be read.
        unread: those parts, as places in the request.
        kept: what is understood of what it forbids, or says of conditions, likewise.
        is_tree: whether it has more than one part, or constraints.
        is_unable: whether a part asks for what no robot of the domain can do.
        is_conditional: whether something is to be done only if something holds.
        parts: how many it has, those among them that could not be read.
        read: the parts that could be.
        has_order: whether what could not be read begins as an order or a question does.
        constraints: what holds on all ways.
    """

    intent: Intent | None
    unread: tuple[tuple[int, int], ...] = ()
    kept: tuple[tuple[int, int], ...] = ()
    is_tree: bool = False
    is_unable: bool = False
    is_conditional: bool = False
    parts: int = 0
    read: tuple[Intent, ...] = ()
    has_order: bool = False
    constraints: tuple[Constraint, ...] = ()


class Case:
    """A condition, what to do in either case, and what was spoken of before.

    `is_asked` tells that it was put as a question.
    """

    def __init__(
        self,
        condition: Condition,
        then: Sequence[Intent | Case] = (),
        other: Sequence[Intent | Case] = (),
        *,
        spoken: Spoken | None = None,
        is_asked: bool = False,
    ):
        self.condition, self.spoken, self.is_asked = condition, spoken or Spoken(), is_asked
        self.then, self.other = list(then), list(other)


class Trees:
    """Puts parts together.

    Args:
        conditions: says what a question turned round is.
    """

    def __init__(self, conditions: ConditionReader):
        self._conditions = conditions

    def whole(
        self, steps: Sequence[Intent | Case], constraints: tuple[Constraint, ...]
    ) -> Intent | None:
        """The whole; None where there is nothing.

        Raises:
            Unread: they make up no meaning.
        """
        if not steps:
            return None
        intent = self.sequence(steps)
        return replace(intent, constraints=constraints) if constraints else intent

    def sequence(self, steps: Sequence[Intent | Case]) -> Intent:
        """One part, or several in order."""
        intents: list[Intent] = []
        for step in steps:
            intent = self._conditional(step) if isinstance(step, Case) else step
            if intent.kind == 'count' and intent.value:
                raise Unread
            intents += intent.steps if intent.kind == 'sequence' else [intent]
        if len(intents) == 1:
            return intents[0]
        if len(intents) > MAX_STEPS or not intents:
            raise Unread
        return Intent('sequence', steps=tuple(intents))

    def _conditional(self, node: Case) -> Intent:
        condition = node.condition
        if not node.then and not node.other:
            if not node.is_asked:
                raise Unread
            return condition.question
        if not node.then:
            condition, node = ~condition, Case(condition, node.other, [])
        then = self.sequence(node.then)
        other = self.sequence(node.other) if node.other else None
        question = condition.question
        if (
            question.kind == 'reach'
            and not condition.is_no
            and other is None
            and then.kind == 'go_to'
            and then.region == question.region
        ):
            return question
        question, is_swapped = self._conditions.settle(condition)
        if other is None:
            value = 'no' if is_swapped else ''
            return Intent('conditional', value=value, condition=question, steps=(then,))
        if is_swapped:
            then, other = other, then
        if then.kind == other.kind == 'go_to':
            flat = _flat(question, then.region, other.region)
            if flat is not None:
                return flat
        return Intent('conditional', condition=question, steps=(then, other))


def _flat(question: Intent, region: Target | None, other: Target | None) -> Intent | None:
    """The flat form of a condition with two places; None where it has none."""
    if question.kind == 'yes_no':
        return Intent(
            'conditional',
            question.target,
            region,
            other,
            attribute=question.attribute,
            value=question.value,
        )
    if question.kind == 'passable' and question.region and question.other_region:
        ends = (question.region, question.other_region)
        if not question.value:
            region, other = other, region
        return Intent('conditional', region=region, other_region=other, ends=ends)
    return None


def of_each(part: Intent, noun: Mention, region: Target | None) -> Intent:
    """What is to be done with each; under a condition that is not about it, if that holds."""
    if part.condition is not None and opened(part.condition, noun) is None:
        about = [opened(step, noun) is not None for step in part.steps]
        steps = (
            of_each(step, noun, region) if is_about else step
            for step, is_about in zip(part.steps, about)
        )
        return replace(part, steps=tuple(steps))
    new = opened(part, noun)
    if new is None:
        raise Unread
    return Intent('each', target=noun.target, region=region, steps=(new,))


def opened(intent: Intent, noun: Mention) -> Intent | None:
    """A meaning about one of many, open for each; None where no part of it is about it."""
    if not intent.parts:
        slot = intent.target if noun.role == 'object' else intent.region
        is_about = slot is not None and (
            slot.name == noun.target.name
            if slot.name or noun.target.name
            else not set(slot.classes).isdisjoint(noun.target.classes)
        )
        is_of_all = noun.role == 'object' and intent.kind in OF_THE_WHOLE_CLASS
        return opened_leaf(intent, noun) if is_about and not is_of_all else None
    parts = [(part, opened(part, noun)) for part in intent.parts]
    if all(new is None for _, new in parts):
        return None
    new = [new or old for old, new in parts]
    condition = None if intent.condition is None else new.pop(0)
    return replace(intent, condition=condition, steps=tuple(new))


def opened_leaf(intent: Intent, noun: Mention) -> Intent | None:
    """A meaning about one of many, open for each; None where it is not about it."""
    if noun.role == 'object':
        if intent.kind == 'find':
            intent = replace(intent, kind='locate')
        return replace(intent, target=None) if intent.target is not None else None
    return replace(intent, region=None) if intent.region is not None else None
