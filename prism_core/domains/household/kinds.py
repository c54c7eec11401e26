# SPDX-License-Identifier: Apache-2.0
"""The kinds of task: for each, what a sentence asks for in a drawn home."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from prism_core.domains.household.classes import (
    FURNITURE,
    KNIVES,
    LAMPS,
    SLICE,
    THINGS,
    TREATMENTS,
    VESSELS,
    can_be,
    is_slice,
    may_hold,
)
from prism_core.domains.household.home import Home
from prism_core.domains.household.meaning import VAGUE, Errand, ErrandKind, Meaning
from prism_core.domains.household.scenes import UNSEEN_CLASSES
from prism_core.domains.household.skills import TREATED_IN
from prism_core.errors import WorldRejected

ERRANDS: tuple[ErrandKind, ...] = ('place', 'stack', 'two', 'clean', 'heat', 'cool', 'light')
_SLICED: tuple[ErrandKind, ...] = ('place', 'stack', 'two', 'clean', 'heat', 'cool')
ASKED = ('absent_thing', 'absent_place', 'cannot', 'vague')
"""The kinds of which the right end is a question."""
TWINS = ('absent_thing', 'absent_place')
"""Those of them that come with a twin: the home where the same can be done."""


@dataclass(frozen=True)
class HomeDraw:
    """What a kind draws from: a home as it is."""

    rng: Random
    home: Home

    def pick(self, choice: Collection[str]) -> str:
        """Any of them.

        Raises:
            WorldRejected: there is none.
        """
        if not choice:
            raise WorldRejected('the home has nothing for it')
        return self.rng.choice(sorted(choice))

    @property
    def things(self) -> set[str]:
        """The classes of what can be taken."""
        return {self.home.class_of(n) for n in self.home.holders if self.home.is_thing(n)}

    @property
    def furniture(self) -> set[str]:
        """The classes of what things can be put in or on, with room."""
        home = self.home
        return {home.class_of(n) for n in home.nodes if home.is_furniture(n) and home.has_room(n)}

    def place_for(self, thing: str, carried: str = '') -> str:
        """A class of furniture that takes what is carried and where none of a thing is."""
        holders = {
            self.home.class_of(at) for at in map(self._holder, self.home.called(thing)) if at
        }
        return self.pick({p for p in self.furniture - holders if may_hold(p, carried or thing)})

    def _holder(self, name: str) -> str:
        return self.home.holders.get(name, '')


def draw_errand(kind: ErrandKind, is_sliced: bool, source: HomeDraw) -> Errand:
    """An errand of a kind that can be done.

    Raises:
        WorldRejected: the home has nothing for it.
    """
    things = {c for c in source.things if not is_slice(c)}
    if is_sliced:
        knives = things & {*KNIVES}
        things = {f'{c}{SLICE}' for c in things if knives} & THINGS
    if kind in TREATMENTS:
        tools = [c for c in TREATED_IN[kind] if source.home.called(c)]
        things = {c for c in things if can_be(kind, c) and any(may_hold(t, c) for t in tools)}
    if kind == 'two' and not is_sliced:
        things = {c for c in things if len(source.home.called(c)) > 1}
    if kind == 'light':
        return Errand(kind, source.pick(things), lamp=source.pick(_lamps_of(source.home)))
    if kind == 'stack':
        vessels = source.things & VESSELS
        things = {c for c in things if any(may_hold(v, c) for v in vessels)}
        thing = source.pick(things)
        vessel = source.pick({v for v in vessels if may_hold(v, thing)})
        return Errand(kind, thing, source.place_for(vessel), vessel)
    thing = source.pick(things)
    return Errand(kind, thing, source.place_for(thing))


def _lamps_of(home: Home) -> set[str]:
    return {c for c in LAMPS if home.called(c)}


def _one(kind: ErrandKind, is_sliced: bool, source: HomeDraw) -> Meaning:
    return Meaning((draw_errand(kind, is_sliced, source),))


def _then(source: HomeDraw) -> Meaning:
    """Two errands of which neither undoes the other."""
    kinds = [source.rng.choice(ERRANDS) for _ in range(2)]
    if source.rng.random() < 0.8:
        kinds[0] = source.rng.choice([kind for kind in ERRANDS if kind != 'light'])
    one, other = (draw_errand(kind, False, source) for kind in kinds)
    if {one.thing, one.vessel} & {other.thing, other.vessel} - {''} or kinds[0] == 'light':
        raise WorldRejected('one errand is in the way of the other')
    return Meaning((one, other))


def _absent_thing(source: HomeDraw) -> Meaning:
    errand = draw_errand(source.rng.choice(('place', 'light')), False, source)
    there = {*map(source.home.class_of, source.home.nodes)}
    may = {c for c in THINGS - UNSEEN_CLASSES - there if not is_slice(c)}
    may = {c for c in may if not errand.place or may_hold(errand.place, c)}
    return Meaning((replace(errand, thing=source.pick(may)),))


def _absent_place(source: HomeDraw) -> Meaning:
    thing = source.pick({c for c in source.things if not is_slice(c)})
    there = {*map(source.home.class_of, source.home.nodes)}
    places = FURNITURE - LAMPS - UNSEEN_CLASSES - there
    return Meaning(
        (Errand('place', thing, source.pick({p for p in places if may_hold(p, thing)})),)
    )


def _cannot(source: HomeDraw) -> Meaning:
    """What such a thing cannot be, or be put in."""
    kinds: tuple[ErrandKind, ...] = ('place', 'heat', 'cool', 'clean')
    kind = source.rng.choice(kinds)
    thing = source.pick({c for c in source.things if kind == 'place' or not can_be(kind, c)})
    spots = {p for p in source.furniture - LAMPS if may_hold(p, thing) != (kind == 'place')}
    return Meaning((Errand(kind, thing, source.pick(spots)),))


KINDS: Mapping[str, Callable[[HomeDraw], Meaning]] = {
    **{kind: partial(_one, kind, False) for kind in ERRANDS},
    **{f'{kind}_slice': partial(_one, kind, True) for kind in _SLICED},
    'then': _then,
    'absent_thing': _absent_thing,
    'absent_place': _absent_place,
    'cannot': _cannot,
    'vague': lambda source: VAGUE,
}
"""By name, as recipes say them."""
