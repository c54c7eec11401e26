# SPDX-License-Identifier: Apache-2.0
"""correction: another one was meant than the robot took, or one of those that it asks about."""

from __future__ import annotations

from collections.abc import Iterable
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
)
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of

_ASKED, _WHERE, _PLACES = 0.4, 0.25, 0.2


class Correction(SaidBehind):
    """Intents are those of the request before, about another thing or region by its name."""

    __slots__ = ()

    name = 'correction'
    asks = 'mean another one than the robot took, or one of those that it asked about'
    needs_alike = True

    def draw_before(self, source: IntentSource) -> tuple[str, Intent]:
        """About a class of which several are known, so that the robot asks; or about one of them by
        its name.
        """
        from prism_core.domains.mapping.kinds import KINDS  # of which this is one

        rng = source.rng
        if rng.random() < _ASKED:
            return 'ambiguous', KINDS['ambiguous'].draw(source)
        if rng.random() < _PLACES:
            several = self._several(source, source.known.regions)
            region = Target('region', name=source.choose(several, 'one of several regions'))
            return 'go_to', Intent('go_to', region=region)
        several = self._several(source, source.known.objects)
        name = source.choose(several, 'one of several objects')
        target, keys = Target(name=name), source.true.nodes[name].attributes
        if rng.random() < _WHERE or not keys:
            return 'locate', Intent('locate', target=target)
        key, value = source.draw_value(name)
        if rng.random() < 0.5:
            return 'yes_no', Intent('yes_no', target=target, attribute=key, value=value)
        return 'attribute', Intent('attribute', target=target, attribute=key)

    @staticmethod
    def _several(source: IntentSource, names: Iterable[str]) -> list[str]:
        """The nodes of which there are two, or else more, that are called so."""
        numbers = {name: len(alike(source, name)) for name in names}
        pairs = [name for name, number in numbers.items() if number == 2]
        return pairs or [name for name, number in numbers.items() if number > 1]

    def draw(self, source: IntentSource) -> Intent:
        """The same about another one that can be told from the rest."""
        intent: Intent = earlier_of(source).task.intent
        fitting = [name for name in self._others(source) if self._tell(source, name)]
        name = source.choose(fitting, 'other one that can be told from the rest')
        target = Target(source.known.nodes[name].kind, name=name)
        if target.kind == 'region':
            return replace(intent, region=target)
        return replace(intent, target=target)

    def wording(self, source: IntentSource, intent: Intent) -> BackReference:
        """`No, the other one`, or `the one in R`."""
        target = intent.target or intent.region
        name = '' if target is None else target.name
        thing = by_class(source, name)
        told = self._tell(source, name)
        region = source.rng.choice(told)
        if region is None:
            return BackReference('correction_other', Intent('describe', target=thing))
        return BackReference('correction_in', Intent('locate', target=thing, region=region))

    @staticmethod
    def _others(source: IntentSource) -> list[str]:
        """Those that may be meant: of which the robot asks, or those that it did not take."""
        earlier = earlier_of(source)
        intent: Intent = earlier.task.intent
        named = named_at_end(source)
        if earlier.ending == 'asked':
            return named
        asked = intent.target or intent.region
        name = '' if asked is None else asked.name
        if name not in source.known.nodes:
            raise WorldRejected('what was asked about is not known')
        return [other for other in alike(source, name) if other != name]

    def _tell(self, source: IntentSource, name: str) -> list[Target | None]:
        """The ways to tell one from the rest: None for `the other one`, or a region in which it
        alone is.
        """
        others = [other for other in self._others(source) if other != name]
        was_asked = earlier_of(source).ending == 'asked'
        ways: list[Target | None] = [] if others or was_asked else [None]
        if name in source.known.regions:
            return ways
        nodes, seen_from = source.known.nodes, source.known.viewpoints
        for place in seen_from[name]:
            region = by_class(source, place)
            called_so = [n for n in alike(source, place) if nodes[n].kind == 'region']
            there = {n for n in others for p in seen_from[n] if p in called_so}
            if not there and class_of(nodes[place]) in region.classes:
                ways.append(region if len(called_so) == 1 else Target('region', name=place))
        return ways
