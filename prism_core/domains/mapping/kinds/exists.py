# SPDX-License-Identifier: Apache-2.0
"""exists: say whether there is one of a class, in a region or anywhere."""

from __future__ import annotations

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
    look_at_each,
    region_of,
    unseen_of,
    values_of,
)
from prism_core.domains.mapping.several_reports import has_all, join_values
from prism_core.domains.mapping.truth import Truth, target_of
from prism_core.episode.criterion import Criterion, Fact
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_IS_THERE = re.compile(
    r'\b(?:is there|are there|(?:if|whether|that) there (?:is|are)) (?:any )?O\b'
)


class Exists(Kind):
    """Intents have a `target`, of which any will do, perhaps with attributes, and perhaps a
    `region`.
    """

    __slots__ = ()

    name = 'exists'
    said_goal = 'say whether there is'
    asks = 'say whether there is one of a class in a region (target, region)'
    slots = 'target ?region'
    forms = ('exists', 'exists_of')
    is_guessable = True
    may_be_of_nothing = True
    is_within = True
    read_rank = 70
    is_condition = True

    def draw(self, source: IntentSource) -> Intent:
        """Of a class that is in a region, or of any class."""
        if source.rng.random() < 0.5 and source.true.objects:
            name = source.draw_object()
            region = source.draw_region(source.true.viewpoints[name])
            return Intent('exists', target=source.plain(name), region=region)
        name = source.choose(sorted(source.classes), 'class')
        return Intent('exists', target=Target(classes=(name,)), region=source.draw_region())

    def phrasing_group(self, intent: Intent) -> str:
        """Of one class in a region, of several or everywhere, or with a value."""
        target = given(intent.target)
        if target.attributes:
            return 'exists_state'
        return 'exists_in' if intent.region and len(target.classes) == 1 else 'exists_either'

    def condition_group(self, intent: Intent) -> str:
        """That there is one, or that there is none."""
        return 'exists_not_in' if intent.value == 'no' else 'exists_in'

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To say yes, with one that is known; or no, having looked wherever it might be, and at
        each that might fit.
        """
        if target_of(intent).attributes:
            return _solve_with_values(truth, intent)
        region = truth.region(intent.region) if intent.region else ''
        names = [
            name
            for name in truth.all_of(target_of(intent))
            if truth.can_be_seen(name) and (not region or region in truth.graph.viewpoints[name])
        ]
        if names:
            return Criterion('yes_no', ('yes',), any_of=tuple(Fact('known', n) for n in names))
        return Criterion('yes_no', ('no',), evidence=truth.scope(region))

    def change(self, pair: Pair) -> SceneGraph | None:
        """There is none any more, or there is one; or another value for one."""
        if given(pair.intent.target).attributes:
            return change_a_value(self, pair)
        return pair.change_presence()

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """Yes."""
        return 'Yes.'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look until one is known, or nothing is left to look at."""
        target = given(intent.target)
        if target.attributes:
            return _say_with_values(mission, intent)
        region = '' if intent.region is None else mission.resolve(intent.region)
        if isinstance(region, Step):
            return region
        if not mission.candidates(target, region):
            step = mission.map(region) if region else mission.search_on(target)
            step = step or mission.ask_alike(target, region)
            if step is not None:
                return step
        return mission.answer('exists', ' or '.join(target.classes), region)

    def read(self, reading: Reading) -> Intent | None:
        """Of something in one region that need not be there, or that has a value."""
        having = reading.questions.any_has()
        if having is not None:
            return having
        things, region = reading.things, reading.where
        if things and region is None and _IS_THERE.search(reading.text):
            return Intent('exists', reading.questions.any_of(things[0]))
        if not things or region is None or len(reading.regions) != 1:
            return None
        thing = things[0]
        is_open = thing.article == 'a' or thing.is_plural or thing.role == 'purpose'
        is_bare = not thing.article and not thing.target.name
        if is_open or (is_bare and reading.has('exists')):
            return Intent('exists', reading.questions.any_of(thing), region)
        return None


def _solve_with_values(truth: Truth, intent: Intent) -> Criterion:
    names, scope = members_of(truth, intent)
    values = values_of(intent)
    fitting = [name for name in names if fits(truth, name, values)]
    if fitting:
        any_of = tuple(Fact('attribute', name, values[-1][0]) for name in fitting)
        return Criterion('yes_no', ('yes',), any_of=any_of)
    return Criterion('yes_no', ('no',), evidence=(*scope, *looks_at(truth, names, values)))


def _say_with_values(mission: Mission, intent: Intent) -> Step:
    """Look at those of a class that are known, then for more, until one has the values."""
    target, values, region = given(intent.target), values_of(intent), region_of(mission, intent)
    if isinstance(region, Step):
        return region
    names = mission.candidates(target, region)
    if not any(has_all(mission.graph.nodes[name], values) for name in names):
        step = look_at_each(mission, names, values)
        step = step or (mission.map(region) if region else mission.search_on(target))
        if step is None:
            step = unseen_of(mission, names, values) if names else mission.ask_alike(target, region)
        if step is not None:
            return step
    return mission.answer('exists_of', ' or '.join(target.classes), region, join_values(values))
