# SPDX-License-Identifier: Apache-2.0
"""which: name all of several objects that have a value, or say that none has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.observed import (
    Observed,
    draw_among,
    draw_class,
    fits,
    looks_at,
    members_of,
)
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
from prism_core.domains.mapping.truth import Truth, others
from prism_core.episode.criterion import Criterion
from prism_core.errors import WorldRejected

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_AMONG, _THREE, _IS_SO = 0.4, 0.3, 0.7


class Which(Observed):
    """Intents have an `attribute` and a `value`, and either several objects `among` which is asked
    or a `target` of which all are meant, in a `region` or everywhere.
    """

    __slots__ = ()

    name = 'which'
    asks = (
        'name which of several objects have a value (among, attribute, value), or which of a '
        'class, in a region or everywhere (target, attribute, value, region or none)'
    )
    slots = 'among attribute value | target attribute value ?region'
    forms = ('having', 'having_of', 'unseen')
    is_symmetric = True
    read_rank = 54

    def draw(self, source: IntentSource) -> Intent:
        """Of two or three, or of a class; a value that one has, more often than not."""
        rng, specs = source.rng, source.words.lexicon.attributes
        if rng.random() < _AMONG:
            number = 3 if rng.random() < _THREE else 2
            key, among = draw_among(source, frozenset(specs), number)
            value = rng.choice(sorted(specs[key].values))
            return Intent('which', among=among, attribute=key, value=value)
        name, target, region = draw_class(source, frozenset(specs))
        known = source.true.objects[name].attributes
        key = rng.choice(sorted(known))
        value = known[key] if rng.random() < _IS_SO else rng.choice(sorted(specs[key].values))
        return Intent('which', target, region, attribute=key, value=value)

    def phrasing_group(self, intent: Intent) -> str:
        """Of some that are named, or of a class."""
        return 'which_of' if intent.among else 'which_class'

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To name all that have it, having looked at each."""
        names, scope = members_of(truth, intent)
        if not names:
            raise WorldRejected('there is nothing to choose from')
        values = values_of(intent)
        fitting = tuple(name for name in names if fits(truth, name, values))
        return Criterion(
            'nodes',
            accepted=fitting,
            rivals=others(truth.graph.objects, fitting),
            evidence=(*scope, *looks_at(truth, names, values)),
        )

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look at each, and name those that have it."""
        names, values = find_all(mission, intent), values_of(intent)
        if isinstance(names, Step):
            return names
        if not names:
            return say_none(mission, given(intent.target), str(region_of(mission, intent)))
        step = look_at_each(mission, names, values)
        if step is not None:
            return step
        if not intent.among:
            classes = ' or '.join(given(intent.target).classes)
            region = str(region_of(mission, intent))
            return mission.answer('having', classes, region, join_values(values))
        nodes = mission.graph.nodes
        having = [name for name in names if has_all(nodes[name], values)]
        step = None if having else unseen_of(mission, names, values)
        return step or mission.answer('having_of', ' or '.join(having), join_values(values))

    def read(self, reading: Reading) -> Intent | None:
        """Which of several has a value is asked."""
        return reading.questions.which()
