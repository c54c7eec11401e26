# SPDX-License-Identifier: Apache-2.0
"""all_have: say whether all of a class have a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.observed import (
    Observed,
    draw_class,
    fits,
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
from prism_core.domains.mapping.several_reports import has_all, join_values
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_IS_SO = 0.8


class AllHave(Observed):
    """Intents have an `attribute` and a `value`, and either a `target` of which all are meant, in a
    `region` or everywhere, or objects `among` which each is meant.
    """

    __slots__ = ()

    name = 'all_have'
    asks = (
        'say whether all of a class have a value, in a region or everywhere (target, attribute, '
        'value, region or none), or each of some (among, attribute, value)'
    )
    slots = 'target attribute value ?region | among attribute value'
    forms = ('all_have', 'all_of', 'unseen')
    read_rank = 52

    def draw(self, source: IntentSource) -> Intent:
        """Of any class; a value that one has, more often than not."""
        rng, specs = source.rng, source.words.lexicon.attributes
        name, target, region = draw_class(source, frozenset(specs))
        known = source.true.objects[name].attributes
        key = rng.choice(sorted(known))
        value = known[key] if rng.random() < _IS_SO else rng.choice(sorted(specs[key].values))
        return Intent('all_have', target, region, attribute=key, value=value)

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To say yes, having looked at each; or no, having seen one that has it not."""
        names, scope = members_of(truth, intent)
        if not names:
            raise WorldRejected('there is none of which it could be so')
        values = values_of(intent)
        looks = looks_at(truth, names, values)
        is_so = all(fits(truth, name, values) for name in names)
        return Criterion('yes_no', ('yes' if is_so else 'no',), evidence=(*scope, *looks))

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """Yes."""
        return 'Yes.'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look at each, and say whether it is so: no, where one is known that has it not."""
        names, values = find_all(mission, intent), values_of(intent)
        if isinstance(names, Step):
            return names
        if not names:
            return say_none(mission, given(intent.target), str(region_of(mission, intent)))
        step = look_at_each(mission, names, values)
        nodes = mission.graph.nodes
        if step is None and all(has_all(nodes[name], values) is not False for name in names):
            step = unseen_of(mission, names, values)
        if step is not None:
            return step
        if intent.among:
            return mission.answer('all_of', ' or '.join(names), join_values(values))
        classes, region = ' or '.join(given(intent.target).classes), region_of(mission, intent)
        return mission.answer('all_have', classes, str(region), join_values(values))

    def read(self, reading: Reading) -> Intent | None:
        """Whether all are so is asked."""
        return reading.questions.all_have()
