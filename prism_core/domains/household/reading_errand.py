# SPDX-License-Identifier: Apache-2.0
"""What clauses ask for: the kind of errand, and who plays which part in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from prism_core.domains.household.classes import (
    LAMPS,
    SLICE,
    SLICEABLE,
    can_be,
    found_in,
    may_hold,
)
from prism_core.domains.household.meaning import Errand, ErrandKind
from prism_core.domains.household.reading_classes import HeldClasses, Shares
from prism_core.domains.household.reading_text import (
    MEANS,
    TREATMENTS,
    ClausesInHome,
    NounInHome,
    best_of,
)
from prism_core.domains.household.reading_words import Clause

_PAIRS = ('key chain', 'tissue box')
"""What can be said in the plural though it is one."""
_NEARBY = 2
"""So many clauses before a thing is put somewhere, it is taken there."""
_LAST = 4
"""So many of the last mentions in the steps count."""
_UNLIKELY = 0.02


@dataclass(frozen=True)
class ErrandRead:
    """An errand, and whether its thing and its place were said in so many words."""

    errand: Errand
    names_thing: bool
    names_place: bool
    also: tuple[str, ...] = ()
    """Other things that are to be put in the same place."""


def read_errand(
    goal: Sequence[Clause], steps: Sequence[Clause], home: HeldClasses
) -> ErrandRead | None:
    """The errand of a goal, with its steps if there are any; None where it is not understood."""
    said, done = ClausesInHome(goal, home), ClausesInHome(steps, home)
    kind = _kind_of(said, done)
    stacked = (said.stacked() or done.stacked()) if kind == 'stack' else None
    things = [stacked[0]] if stacked else said.things()
    if kind in TREATMENTS:
        treated = [thing for thing in things if thing.sort == kind]
        things = treated or [thing for thing in things if _can_be(kind, thing)] or things
    if kind == 'light':
        things = things or [*said.said('things', 'with', 'near')]
    thing_shares = _together(
        [things[0].shares] if things else [], [said.shares for said in _handled(done, kind)]
    ) or said.unknown('')
    if not thing_shares or not _is_wish(said, done):
        return None
    sliced = said.list_sliced() | (frozenset(SLICEABLE) if done.is_sliced else frozenset())
    if kind == 'light':
        lamps = _together(
            [lamp.shares for lamp in _lamps_of(said, False)[:1]],
            [lamp.shares for lamp in _lamps_of(done, True)],
        )
        lamp = best_of(lamps) or next((lamp for lamp in sorted(LAMPS) if lamp in home.held), '')
        return ErrandRead(Errand(kind, thing=best_of(thing_shares), lamp=lamp), bool(things), True)
    filled = [pair[1].shares for pair in (stacked, stacked and done.stacked()) if pair]
    vessels = _together(filled[:1], filled[1:]) if filled else {'': 1.0}
    targets = said.targets(kind)
    place_shares = _together(_goal_place(targets), _step_places(done, kind))
    place_shares = place_shares or said.other_place(kind) or said.unknown('to', 'in')
    if kind in ('place', 'two') and not place_shares:
        return None
    best = _best_together(kind, thing_shares, vessels, place_shares, home, sliced)
    if best is None:
        return None
    names_place = bool(targets or said.unknown('to', 'in'))
    also = [best_of(other.shares) for other in things[1:] if other.at == things[0].at]
    also = [known for known in also if known != best.thing] if kind == 'place' else []
    return ErrandRead(best, bool(things), names_place, tuple(also))


def _is_wish(said: ClausesInHome, done: ClausesInHome) -> bool:
    """Whether anything is to be done at all."""
    deeds = ('put', 'take', 'look', 'switch', 'slice', *TREATMENTS)
    return said.has(*deeds) or bool(said.treatments) or bool(done.clauses)


def _lamps_of(text: ClausesInHome, is_steps: bool) -> list[NounInHome]:
    """The lamps that light a thing; none where it is put somewhere."""
    lamps = text.lamps()
    if any(lamp.sort == 'switch' for lamp in lamps):
        return lamps
    if text.has('put') and text.targets('place'):
        return []
    if not lamps and not is_steps:
        return [*text.said('lamps', '', 'to', 'in', 'near', 'under', 'with')]
    return lamps


def _kind_of(said: ClausesInHome, done: ClausesInHome) -> ErrandKind:
    for text in (said, done):
        if _lamps_of(text, text is done):
            return 'light'
        stacked = text.stacked()
        things = [stacked[0]] if stacked else text.things()
        for kind in text.treatments:
            if text is said or not things or any(_can_be(kind, thing) for thing in things):
                return kind
        if stacked:
            return 'stack'
        if means := _passed(text, things, text is done):
            return means
        if _is_many(text, text is done):
            return 'two'
    return 'place'


def _passed(text: ClausesInHome, things: Sequence[NounInHome], is_steps: bool) -> ErrandKind | None:
    """The treatment at a place where a thing is put before it goes elsewhere. Steps name the thing
    that is put; `move to the sink` is a way.
    """
    targets = text.targets('place')
    if not targets:
        return None
    handled = {said.at for said in text.said('things', '')}
    put = [said for said in targets if said.at in handled or not is_steps]
    opened = [
        said
        for said in text.said('places', '')
        if said.sort == 'open' and said.at < targets[-1].at and _puts(text, said.at + 1)
    ]
    for said in (*put, *opened):
        if said.at < targets[-1].at and not text.is_about_knife(said.at):
            place = best_of(said.shares)
            for kind in TREATMENTS:
                is_other = place in MEANS[kind] and place != best_of(targets[-1].shares)
                if is_other and any(_can_be(kind, thing) for thing in things):
                    return kind
    return None


def _puts(text: ClausesInHome, at: int) -> bool:
    return text.clauses[at].sort == 'put' and not text.is_about_knife(at)


def _is_many(text: ClausesInHome, is_steps: bool) -> bool:
    things = text.things()
    if is_steps:
        taken = [said for said in things if said.sort in ('take', 'put')]
        turns = [said for at, said in enumerate(taken) if not at or said.sort != taken[at - 1].sort]
        takes = [best_of(said.shares) for said in turns if said.sort == 'take']
        return len(takes) > 1 and takes[0] == takes[-1] and turns[-1].sort == 'put'
    if any(clause.many for clause in text.clauses):
        return True
    if len(things) > 1 and things[0].at == things[1].at:
        return best_of(things[0].shares) == best_of(things[1].shares)
    return any(s.mention.is_many and best_of(s.shares) not in _PAIRS for s in things[:1])


def _handled(done: ClausesInHome, kind: ErrandKind) -> list[NounInHome]:
    things = [said for said in done.things() if said.sort in ('put', 'take', *TREATMENTS)]
    return things[:1] if kind == 'stack' else things


def _goal_place(targets: Sequence[NounInHome]) -> list[Shares]:
    return [_last_place(targets)] if targets else []


def _last_place(targets: Sequence[NounInHome]) -> Shares:
    """Of what the last clause with any names: what comes first, unless it goes from there `to`."""
    last = max(said.at for said in targets)
    named = [said for said in targets if said.at == last]
    onto = [said for said in named if said.mention.link == 'to']
    return (onto or named)[0].shares


def _step_places(done: ClausesInHome, kind: ErrandKind) -> list[Shares]:
    """What the last steps say of the place: where the thing is put, and where it is taken to."""
    puts = [at for at, clause in enumerate(done.clauses) if clause.sort == 'put']
    if not puts:
        return []
    targets = [said for said in done.targets(kind) if said.at == puts[-1]]
    places = [_last_place(targets)] if targets else []
    for said in reversed([*done.said('places', '', 'to', 'in', 'near')]):
        if puts[-1] - _NEARBY <= said.at < puts[-1] and said.sort in ('go', 'open', 'put', ''):
            return [*places, said.shares]
    return places


# ---------------------------------------------------------------------------------- what is likely


def _can_be(kind: ErrandKind, thing: NounInHome) -> bool:
    return any(can_be(kind, known) for known in thing.shares)


def _together(goal: Sequence[Shares], steps: Sequence[Shares]) -> Shares:
    """What several mentions of one thing can mean: what the goal says counts most."""
    every = [*goal, *steps[-_LAST:]]
    scores = {known: 1.0 for shares in every for known in shares}
    for shares in every:
        for known in scores:
            scores[known] *= shares.get(known, 0) + _UNLIKELY
    return scores


def _best_together(
    kind: ErrandKind,
    things: Shares,
    vessels: Shares,
    places: Shares,
    home: HeldClasses,
    sliced: Collection[str],
) -> Errand | None:
    """The likeliest errand in which each thing can be where it is put."""
    best, most = None, 0.0
    for thing, vessel in product(things, vessels):
        put = vessel or thing
        named = f'{thing}{SLICE}' if thing in sliced else thing
        for place, share in (places or _usual(put, home)).items():
            fit = _fits(may_hold(place, put)) * _fits(not vessel or may_hold(vessel, named))
            fit *= _fits(kind not in TREATMENTS or can_be(kind, named))
            if (score := things[thing] * vessels[vessel] * share * fit) > most:
                best, most = Errand(kind, named, place, vessel), score
    return best


def _usual(thing: str, home: HeldClasses) -> Shares:
    """Where a thing is put back to, as no place is named."""
    known: Iterable[str] = (place for place in found_in(thing) if place in home.held)
    return {place: 1 / (1 + at) for at, place in enumerate(known)}


def _fits(is_so: bool) -> float:
    return 1.0 if is_so else _UNLIKELY
