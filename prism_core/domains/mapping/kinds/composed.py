# SPDX-License-Identifier: Apache-2.0
"""Kinds of task of which the intents are made of others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.attribute import Attribute
from prism_core.domains.mapping.kinds.conditional import Conditional
from prism_core.domains.mapping.kinds.count import Count
from prism_core.domains.mapping.kinds.describe import Describe
from prism_core.domains.mapping.kinds.each import Each
from prism_core.domains.mapping.kinds.exists import Exists
from prism_core.domains.mapping.kinds.find import Find
from prism_core.domains.mapping.kinds.go_to import GoTo
from prism_core.domains.mapping.kinds.locate import Locate
from prism_core.domains.mapping.kinds.passable import Passable
from prism_core.domains.mapping.kinds.reach import Reach
from prism_core.domains.mapping.kinds.sequence import Sequence
from prism_core.domains.mapping.kinds.yes_no import YesNo
from prism_core.errors import WorldRejected

Draw = Callable[[IntentSource], Intent]
_DEEP, _ELSE, _NOT, _THREE = 0.35, 0.6, 0.3, 0.25


def _map_region(source: IntentSource) -> Intent:
    return Intent('map_area', region=source.draw_region())


_QUESTIONS: tuple[Draw, ...] = (
    Attribute().draw,
    YesNo().draw,
    Count().draw,
    Exists().draw,
    Locate().draw,
    Find().draw,
    Describe().draw,
    Passable().draw,
    _map_region,
)
_DEED: Draw = GoTo().draw
_CONDITIONS: tuple[Draw, ...] = (YesNo().draw, YesNo().draw, Exists().draw, Passable().draw)


def draw_leaf(source: IntentSource) -> Intent:
    """A question or a deed."""
    return source.rng.choice((*_QUESTIONS, _DEED, _DEED, _DEED))(source)


def draw_condition(source: IntentSource, *, may_be_no: bool = True) -> Intent:
    """A question of yes or no, of how many, or of whether a region can be reached; now and then it
    holds where the answer is no, if it may.
    """
    rng = source.rng
    draw = rng.choice((*_CONDITIONS, Count().draw, Reach().draw))
    condition = draw(source)
    if condition.kind == 'count':
        if condition.region is None:
            raise WorldRejected('a condition counts in one region')
        return replace(condition, value=rng.choice(('>', '>=')) + str(rng.randint(1, 2)))
    if may_be_no and condition.kind in ('exists', 'passable') and rng.random() < _NOT:
        return replace(condition, value='no')
    return condition


class Then(Sequence):
    """Two or three questions and deeds, one of which may be made of others."""

    __slots__ = ()

    name = 'then'
    asks = 'several questions and deeds in order, each of which is reported (steps)'
    has_intents = False
    is_flat = False
    is_drawn_unasked = False
    is_guessable = True
    read_rank = 0

    def draw(self, source: IntentSource) -> Intent:
        """A step of each sort."""
        number = 3 if source.rng.random() < _THREE else 2
        steps = [draw_leaf(source) for _ in range(number)]
        if source.rng.random() < _DEEP:
            draw = source.rng.choice((IfElse().draw_plain, Each().draw_plain))
            steps[source.rng.randrange(number)] = draw(source)
        intent = Intent('sequence', steps=tuple(steps))
        if intent.levels > 3 or not self.is_composed(intent):
            raise WorldRejected('it is no sequence of questions and deeds')
        return intent


class IfElse(Conditional):
    """A condition, and any deed or question if it holds or does not."""

    __slots__ = ()

    name = 'if_else'
    asks = 'do something if a condition holds, and perhaps something else if not (condition, steps)'
    has_intents = False
    is_flat = False
    is_drawn_unasked = False
    is_guessable = True
    read_rank = 0

    def draw(self, source: IntentSource) -> Intent:
        """With one branch or two, one of which may be made of others."""
        intent = self.draw_plain(source)
        if source.rng.random() >= _DEEP:
            return intent
        draw = source.rng.choice((self._draw_both, Each().draw_plain))
        steps = list(intent.steps)
        steps[source.rng.randrange(len(steps))] = draw(source)
        deep = Intent('conditional', condition=intent.condition, steps=tuple(steps[:2]))
        return deep

    @staticmethod
    def draw_plain(source: IntentSource) -> Intent:
        """With branches that are not made of others."""
        condition = draw_condition(source)
        number = 2 if source.rng.random() < _ELSE else 1
        steps = tuple(draw_leaf(source) for _ in range(number))
        if len(set(steps)) < number:
            raise WorldRejected('both branches are the same')
        return Intent('conditional', condition=condition, steps=steps)

    @staticmethod
    def _draw_both(source: IntentSource) -> Intent:
        return Intent('sequence', steps=(draw_leaf(source), draw_leaf(source)))
