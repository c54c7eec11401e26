# SPDX-License-Identifier: Apache-2.0
"""count: say how many there are of a class, in a region or everywhere."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.kinds.observed import change_a_value, fits, looks_at, members_of
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.planning.several import (
    find_all,
    look_at_each,
    region_of,
    values_of,
)
from prism_core.domains.mapping.several_reports import join_values
from prism_core.domains.mapping.truth import Truth, target_of
from prism_core.episode.criterion import Criterion
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_EVERYWHERE = 0.3
_NUMBER = re.compile(r'Number of .*: (\d+)\.')
_COMPARED = re.compile(r'(>=|<=|>|<|)(\d+)')
_COMPARISONS = {
    '': operator.eq,
    '>': operator.gt,
    '>=': operator.ge,
    '<': operator.lt,
    '<=': operator.le,
}
_OF_REGIONS = re.compile(r'\bhow many R\b')


class Count(Kind):
    """Intents have a `target`, perhaps with attributes, and perhaps a `region`."""

    __slots__ = ()

    name = 'count'
    asks = 'count a class in a region, or on the whole site (target, region or none)'
    slots = 'target ?region'
    forms = ('count', 'count_of')
    is_core = True
    is_guessable = True
    is_within = True
    is_of_number = True
    read_rank = 60
    is_condition = True

    def draw(self, source: IntentSource) -> Intent:
        """Of a class or a group that is there."""
        name = source.draw_object()
        target = source.plain(name)
        group = source.draw_group(target.classes[0])
        if group is not None:
            target = Target(classes=group)
        if source.rng.random() < _EVERYWHERE:
            return Intent('count', target=target)
        region = source.draw_region(source.true.viewpoints[name])
        return Intent('count', target=target, region=region)

    def phrasing_group(self, intent: Intent) -> str:
        """In a region or everywhere, and whether of those that have a value."""
        if given(intent.target).attributes:
            return 'count_state'
        return 'count_in' if intent.region else 'count_all'

    def condition_group(self, intent: Intent) -> str:
        """More than a number, or at least one."""
        return 'count_least' if intent.value.startswith('>=') else 'count_more'

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To say the number, having looked wherever one might be, and at each that might fit."""
        if target_of(intent).attributes:
            names, scope = members_of(truth, intent)
            values = values_of(intent)
            number = sum(fits(truth, name, values) for name in names)
            evidence = (*scope, *looks_at(truth, names, values))
            return Criterion('number', (str(number),), evidence=evidence)
        region = truth.region(intent.region) if intent.region else ''
        names = truth.all_of(target_of(intent))
        if truth.constraints:  # what lies beyond them is left out
            names = list(filter(truth.can_be_seen, names))
        elif not region and not all(truth.can_be_reached(name) for name in names):
            raise WorldRejected('a target cannot be reached')
        number = sum(not region or region in truth.graph.viewpoints[name] for name in names)
        return Criterion('number', (str(number),), evidence=truth.scope(region))

    def holds(self, intent: Intent, said: str) -> bool | None:
        """Whether the number is what its value says."""
        number = _NUMBER.fullmatch(said)
        return _compares(int(number[1]), intent.value) if number else None

    def holds_by(self, intent: Intent, criterion: Criterion) -> bool:
        """Whether the number is what its value says."""
        return _compares(int(criterion.accepted[0]), intent.value)

    def change(self, pair: Pair) -> SceneGraph | None:
        """One less, or one more; or another value for one."""
        if given(pair.intent.target).attributes:
            return change_a_value(self, pair)
        return pair.change_presence(is_number=True)

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """One."""
        return '1'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look wherever one may be, and at each that may fit, and count those that are known."""
        target = given(intent.target)
        if target.attributes:
            return _count_those(mission, intent)
        region = '' if intent.region is None else mission.resolve(intent.region)
        if isinstance(region, Step):
            return region
        step = mission.map(region) if region else mission.search_on(target)
        if step is None and not mission.candidates(target, region):
            step = mission.ask_alike(target, region)
        return step or mission.answer('count', ' or '.join(target.classes), region)

    def read(self, reading: Reading) -> Intent | None:
        """How many there are is asked; of regions, nobody counts them yet."""
        if not reading.things and reading.has('count') and _OF_REGIONS.search(reading.text):
            return Intent('vague')
        if not reading.things or not reading.has('count'):
            return None
        target = reading.questions.counted()
        return Intent('vague') if target is None else Intent('count', target, reading.where)


def _compares(number: int, value: str) -> bool:
    """Whether a number is what a condition says, such as >2.

    Raises:
        ValueError: it says no number.
    """
    said = _COMPARED.fullmatch(value)
    if said is None:
        raise ValueError(f'value: expected a number, perhaps behind >, >=, < or <=, got {value!r}')
    return _COMPARISONS[said[1]](number, int(said[2]))


def _count_those(mission: Mission, intent: Intent) -> Step:
    """Look at each of a class, and count those that have the values of the target."""
    names, values, target = find_all(mission, intent), values_of(intent), given(intent.target)
    if isinstance(names, Step):
        return names
    region = str(region_of(mission, intent))
    step = look_at_each(mission, names, values) if names else mission.ask_alike(target, region)
    classes = ' or '.join(target.classes)
    return step or mission.answer('count_of', classes, region, join_values(values))
