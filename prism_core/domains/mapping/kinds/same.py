# SPDX-License-Identifier: Apache-2.0
"""same, differ: say whether several objects are alike in an attribute, or differ in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.observed import (
    Observed,
    draw_among,
    draw_class,
    looks_at,
    members_of,
)
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.planning.several import (
    find_all,
    look_at_each,
    region_of,
    say_none,
    unseen_of,
    values_of,
)
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_AMONG = 0.6


class Same(Observed):
    """Intents have an `attribute`, and either objects `among` which it is compared or a `target`
    of which all are meant, in a `region` or everywhere.
    """

    __slots__ = ()

    name = 'same'
    asks = (
        'say whether objects are alike in an attribute (among, attribute), or all of a class, in '
        'a region or everywhere (target, attribute, region or none)'
    )
    slots = 'among attribute | target attribute ?region'
    forms = ('same', 'unseen')
    is_symmetric = True
    read_rank = 16
    is_of_likeness = True

    def draw(self, source: IntentSource) -> Intent:
        """Of two objects, or of a class."""
        keys = frozenset(source.words.lexicon.attributes)
        if source.rng.random() < _AMONG:
            key, among = draw_among(source, keys, 2)
            return Intent(self.name, among=among, attribute=key)
        name, target, region = draw_class(source, keys)
        key = source.rng.choice(sorted(source.true.objects[name].attributes))
        return Intent(self.name, target, region, attribute=key)

    def phrasing_group(self, intent: Intent) -> str:
        """Of two, or of all of a class."""
        return f'{self.name}_two' if intent.among else f'{self.name}_class'

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To say yes or no, having looked at each."""
        names, scope = members_of(truth, intent)
        if len(names) < 2:
            raise WorldRejected('there is nothing to compare')
        is_same = len({truth.attribute(name, intent.attribute) for name in names}) == 1
        answer = 'yes' if is_same == self.is_of_likeness else 'no'
        evidence = (*scope, *looks_at(truth, names, values_of(intent)))
        return Criterion('yes_no', (answer,), evidence=evidence)

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """Yes."""
        return 'Yes.'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look at each, and say whether it is so."""
        names = _compared(mission, intent)
        if isinstance(names, Step):
            return names
        return mission.answer(self.name, ' or '.join(names), intent.attribute)

    def read(self, reading: Reading) -> Intent | None:
        """Whether things are alike in something is asked."""
        return reading.questions.likeness(self.name)


class Differ(Same):
    """The same, asked the other way round."""

    __slots__ = ()

    name = 'differ'
    asks = (
        'say whether objects differ in an attribute (among, attribute), or those of a class, in a '
        'region or everywhere (target, attribute, region or none)'
    )
    forms = ('differ', 'unseen')
    read_rank = 17
    is_of_likeness = False


def _compared(mission: Mission, intent: Intent) -> list[str] | Step:
    """The objects that are compared, of each of which it is known what is asked; or the step that
    may tell.
    """
    names, values = find_all(mission, intent), values_of(intent)
    if isinstance(names, Step):
        return names
    if not names:
        return say_none(mission, given(intent.target), str(region_of(mission, intent)))
    return look_at_each(mission, names, values) or unseen_of(mission, names, values) or names
