# SPDX-License-Identifier: Apache-2.0
"""follow_up: ask or tell something more of what the last answer named, or the same of another."""

from __future__ import annotations

from dataclasses import replace

from prism_core.domains.mapping.back_reference import BackReference
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.said_behind import (
    SaidBehind,
    alike,
    by_class,
    earlier_of,
    named_at_end,
    the_one_named,
)
from prism_core.errors import WorldRejected

_FIRST = ('locate', 'find', 'count', 'exists', 'yes_no', 'attribute')
_OF_PLACES = ('count', 'exists')
_IT = Target(name='it')
_GO, _VALUE = 0.5, 0.6


class FollowUp(SaidBehind):
    """Intents are of the kinds yes_no, attribute and go_to about what was named, or of the kind
    that was asked before about another thing or region.
    """

    __slots__ = ()

    name = 'follow_up'
    asks = 'ask or tell something more of what the last answer named, or the same of another'

    def draw_before(self, source: IntentSource) -> tuple[str, Intent]:
        """Where something is, what it is like, or how many there are."""
        from prism_core.domains.mapping.kinds import KINDS  # of which this is one

        kind = source.rng.choice(_FIRST)
        intent = KINDS[kind].draw(source)
        if kind in _OF_PLACES and intent.region is None:
            raise WorldRejected('it is asked of no region')
        return kind, intent

    def draw(self, source: IntentSource) -> Intent:
        """By what was asked: of another region or thing, or more of the thing that was named."""
        intent: Intent = earlier_of(source).task.intent
        if intent.kind in _OF_PLACES:
            others = [n for n in source.true.regions if n not in self._asked_of(source, intent)]
            return replace(intent, region=source.draw_region(others))
        if intent.kind in ('yes_no', 'attribute'):
            return replace(intent, target=self._another(source, intent))
        name = the_one_named(source)
        rng = source.rng
        places = [n for n in named_at_end(source) if n in source.known.regions]
        is_elsewhere = len(places) == 1 and places[0] != source.known.robot_location
        if is_elsewhere and rng.random() < _GO:
            return Intent('go_to', region=Target('region', name=places[0]))
        if not source.true.nodes[name].attributes:
            raise WorldRejected('nothing can be asked of what was named')
        key, value = source.draw_value(name)
        if rng.random() < _VALUE:
            return Intent('yes_no', Target(name=name), attribute=key, value=value)
        return Intent('attribute', Target(name=name), attribute=key)

    def wording(self, source: IntentSource, intent: Intent) -> BackReference:
        """`and in R?`, `what about O?`, `go there`, `is it open?`, `what color is it?`."""
        before: Intent = earlier_of(source).task.intent
        if before.kind in _OF_PLACES:
            return BackReference('follow_up_in', Intent('count', region=intent.region))
        if before.kind == intent.kind:
            return BackReference('follow_up_other', Intent('describe', target=intent.target))
        if intent.kind == 'go_to':
            return BackReference('follow_up_go', Intent('survey'))
        if intent.kind == 'yes_no':
            return BackReference('follow_up_value', replace(intent, target=_IT))
        return BackReference('attribute', replace(intent, target=_IT))

    @staticmethod
    def _asked_of(source: IntentSource, intent: Intent) -> list[str]:
        """The regions that were asked about."""
        region = intent.region
        named = () if region is None else (region.name,)
        classes = () if region is None else region.classes
        regions = source.true.regions
        return [n for n in regions if n in named or by_class(source, n).classes[0] in classes]

    @staticmethod
    def _another(source: IntentSource, intent: Intent) -> Target:
        """Another known thing of another class, the only one of it, that can be asked the same."""
        asked = intent.target.classes if intent.target is not None else ()
        named = [n for n in named_at_end(source) if n in source.known.objects]
        known = source.known.objects
        fitting = [
            name
            for name in known
            if name not in named
            and intent.attribute in source.true.nodes[name].attributes
            and by_class(source, name).classes != asked
            and len(alike(source, name)) == 1
        ]
        return by_class(source, source.choose(fitting, 'other thing'))
