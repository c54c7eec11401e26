# SPDX-License-Identifier: Apache-2.0
"""What clauses ask for: the kind of errand, and who plays which part in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from prism_core.domains.household.classes import (
    BASINS,
    FRIDGE,
    KNIVES,
    LAMPS,
    MICROWAVE,
    SLICE,
    SLICEABLE,
    VESSELS,
    can_be,
    found_in,
    may_hold,
)
from prism_core.domains.household.meaning import Errand, ErrandKind
from prism_core.domains.household.reading_classes import Classes, Role, Shares
from prism_core.domains.household.reading_words import Clause, Mention

_TREATMENTS: tuple[ErrandKind, ...] = ('heat', 'cool', 'clean')
_MEANS = {'heat': (MICROWAVE, 'stove burner'), 'cool': (FRIDGE,), 'clean': BASINS}
"""Where things are treated: no place to put them, unless it is said so."""
_ASIDE = ('look', 'go', 'open', 'switch', 'use')
"""Verbs that move nothing."""
_PAIRS = ('key chain', 'tissue box', 'toilet paper')
"""What can be said in the plural though it is one."""
_UNDER = 'coffee machine'
"""What things are put under, not in."""
_UNLIKELY = 0.02


@dataclass(frozen=True)
class Reading:
    """An errand, and whether its thing and its place were said in so many words."""

    errand: Errand
    names_thing: bool
    names_place: bool


@dataclass(frozen=True)
class _Said:
    """A mention, the number and the verb's sort of its clause, and what it can mean."""

    at: int
    sort: str
    mention: Mention
    shares: Shares


@dataclass(frozen=True)
class _Text:
    """Clauses of a goal or of steps, read in a home."""

    clauses: Sequence[Clause]
    home: Classes

    def said(self, role: Role, *links: str) -> Iterator[_Said]:
        """What can play a role among the mentions with some links, in order."""
        for at, clause in enumerate(self.clauses):
            for mention in clause.mentions:
                if mention.link in links:
                    shares = self.home.meant_by(mention.words, role)
                    if shares:
                        yield _Said(at, clause.sort, mention, shares)

    def has(self, *sorts: str) -> bool:
        """Whether there is a verb of some sorts."""
        return any(clause.sort in sorts for clause in self.clauses)

    @property
    def treatments(self) -> list[ErrandKind]:
        """What was or is to be done to things; verbs first."""
        verbs = [kind for c in self.clauses for kind in _TREATMENTS if c.sort == kind]
        return [*verbs, *(k for k in _TREATMENTS if any(k in c.treatments for c in self.clauses))]

    @property
    def is_sliced(self) -> bool:
        """Whether something is sliced."""
        return any(
            'slice' in clause.treatments or any(m.is_slice for m in clause.mentions)
            for clause in self.clauses
        )

    def lamps(self) -> list[_Said]:
        """The lamps that light something."""
        lamps = [*self.said('lamps', '', 'to', 'in', 'near', 'with', 'light')]
        return [
            lamp
            for lamp in lamps
            if lamp.sort in ('switch', 'look', 'use') or lamp.mention.link == 'light'
        ]

    def things(self) -> list[_Said]:
        """What is handled, in order."""
        things = [
            said
            for said in self.said('things', '')
            if said.sort not in ('go', 'open', 'switch', 'use')
            and not self.home.meant_by(said.mention.words[-1:], 'lamps')
        ]
        if self.is_sliced and any(_best(said.shares) in SLICEABLE for said in things):
            return [said for said in things if _best(said.shares) not in KNIVES]
        return things

    def stacked(self) -> tuple[_Said, _Said] | None:
        """A thing and the vessel that it is in or goes into."""
        for other in self.said('things', 'with'):
            for one in self.said('things', ''):
                if one.at == other.at and (stacked := _vessel_and_thing(other, one)):
                    return stacked
        for vessel in self.said('things', 'to', 'in'):
            is_place = self.home.meant_by(vessel.mention.words, 'places')
            if _is_vessel(vessel.shares) and not is_place and vessel.sort not in _ASIDE:
                for thing in self.things():
                    if thing.at <= vessel.at and _differ(vessel, thing):
                        return thing, vessel
        things = self.things()
        for one, other in zip(things, things[1:], strict=False):
            if one.at == other.at and (stacked := _vessel_and_thing(one, other)):
                if not (_is_vessel(one.shares) and _is_vessel(other.shares)):
                    return stacked
        return None

    def targets(self, kind: ErrandKind) -> list[_Said]:
        """Where things are put, in order; not where they are treated."""
        targets = [
            said
            for said in self.said('places', 'to', 'in')
            if said.sort not in _ASIDE
            and not (said.sort == kind and _best(said.shares) in _MEANS.get(kind, ()))
        ]
        if not targets:  # under the coffee maker
            near = self.said('places', 'near')
            return [said for said in near if _best(said.shares) == _UNDER and said.sort == 'put']
        return [said for said in targets if said.sort == 'put'] or targets


def read_errand(goal: Sequence[Clause], steps: Sequence[Clause], home: Classes) -> Reading | None:
    """The errand of a goal, with its steps if there are any; None where it is not understood."""
    said, done = _Text(goal, home), _Text(steps, home)
    kind = _kind_of(said, done)
    stacked = (said.stacked() or done.stacked()) if kind == 'stack' else None
    things = [stacked[0]] if stacked else said.things()
    if kind == 'light':
        things = things or [*said.said('things', 'with', 'near')]
    if not (things or done.things()) or not _is_wish(said, done):
        return None
    thing_shares = _together(
        [things[0].shares] if things else [], [said.shares for said in _handled(done, kind)]
    )
    is_sliced = said.is_sliced or done.is_sliced
    if kind == 'light':
        lamps = _together([l.shares for l in said.lamps()[:1]], [l.shares for l in done.lamps()])
        lamp = _best(lamps) or next((lamp for lamp in sorted(LAMPS) if lamp in home.held), '')
        return Reading(Errand(kind, thing=_best(thing_shares), lamp=lamp), bool(things), True)
    vessels = _together([stacked[1].shares], []) if stacked else {'': 1.0}
    targets = said.targets(kind)
    place_shares = _together(_goal_place(targets), _step_places(done, kind))
    best = _best_together(kind, thing_shares, vessels, place_shares, home, is_sliced)
    return Reading(best, bool(things), bool(targets)) if best else None


def _is_wish(said: _Text, done: _Text) -> bool:
    """Whether anything is to be done at all."""
    deeds = ('put', 'take', 'look', 'switch', 'slice', *_TREATMENTS)
    return said.has(*deeds) or bool(said.treatments) or bool(done.clauses)


def _kind_of(said: _Text, done: _Text) -> ErrandKind:
    for text in (said, done):
        if text.lamps() and not (text.has('put') and text.targets('place')):
            return 'light'
        stacked = text.stacked()
        thing = stacked[0] if stacked else next(iter(text.things()), None)
        for kind in text.treatments:
            if thing is None or any(can_be(kind, known) for known in thing.shares):
                return kind
        if stacked:
            return 'stack'
        if means := _passed(text):
            return means
        if _is_many(text, text is done):
            return 'two'
    return 'place'


def _passed(text: _Text) -> ErrandKind | None:
    """The treatment at a place where a thing is put before it goes elsewhere."""
    targets = text.targets('place')
    if not targets or targets[0].at == targets[-1].at:
        return None
    first, last = _best(targets[0].shares), _best(targets[-1].shares)
    if first == last:
        return None
    return next((kind for kind in _TREATMENTS if first in _MEANS[kind]), None)


def _is_many(text: _Text, is_steps: bool) -> bool:
    things = text.things()
    if is_steps:
        taken = [said for said in things if said.sort in ('take', 'put')]
        turns = [said for at, said in enumerate(taken) if not at or said.sort != taken[at - 1].sort]
        takes = [_best(said.shares) for said in turns if said.sort == 'take']
        return len(takes) > 1 and takes[0] == takes[-1] and turns[-1].sort == 'put'
    if any(clause.many for clause in text.clauses):
        return True
    if len(things) > 1 and things[0].at == things[1].at:
        return _best(things[0].shares) == _best(things[1].shares)
    return any(s.mention.is_many and _best(s.shares) not in _PAIRS for s in things[:1])


def _handled(done: _Text, kind: ErrandKind) -> list[_Said]:
    things = [said for said in done.things() if said.sort in ('put', 'take', *_TREATMENTS)]
    if kind == 'stack':
        return things[:1]
    return things


def _goal_place(targets: Sequence[_Said]) -> list[Shares]:
    return [_last_place(targets)] if targets else []


def _last_place(targets: Sequence[_Said]) -> Shares:
    """Of what the last clause with any names: what comes first, unless it goes from there `to`."""
    last = max(said.at for said in targets)
    named = [said for said in targets if said.at == last]
    onto = [said for said in named if said.mention.link == 'to']
    return (onto or named)[0].shares


def _step_places(done: _Text, kind: ErrandKind) -> list[Shares]:
    targets = [said for said in done.targets(kind) if said.sort == 'put']
    if not targets:
        return []
    last = max(said.at for said in targets)
    places = [_last_place(targets)]
    for said in done.said('places', 'to', 'in', 'near'):
        if said.at == last - 1 and said.sort in ('go', 'put', 'take', ''):
            return [*places, said.shares]
    return places


# ---------------------------------------------------------------------------------- what is likely


def _best(shares: Shares) -> str:
    return max(sorted(shares), key=lambda known: shares[known], default='')


def _is_vessel(shares: Shares) -> bool:
    return sum(share for known, share in shares.items() if known in VESSELS) > 0.5


def _vessel_and_thing(one: _Said, other: _Said) -> tuple[_Said, _Said] | None:
    """The thing and the vessel of two that go together; the other is taken for the vessel where
    both could be.
    """
    for thing, vessel in ((one, other), (other, one)):
        if _is_vessel(vessel.shares) and _differ(thing, vessel):
            return thing, vessel
    return None


def _differ(one: _Said, other: _Said) -> bool:
    return one.mention.words != other.mention.words


def _together(goal: Sequence[Shares], steps: Sequence[Shares]) -> Shares:
    """What several mentions of one thing can mean: what the goal says counts most."""
    every = [*goal, *steps[-4:]]
    scores = {known: 1.0 for shares in every for known in shares}
    for shares in every:
        for known in scores:
            scores[known] *= shares.get(known, 0) + _UNLIKELY
    return scores


def _best_together(
    kind: ErrandKind, things: Shares, vessels: Shares, places: Shares, home: Classes, sliced: bool
) -> Errand | None:
    """The likeliest errand in which each thing can be where it is put."""
    best, most = None, 0.0
    for thing, vessel in product(things, vessels):
        put = vessel or thing
        named = f'{thing}{SLICE}' if sliced and thing in SLICEABLE else thing
        for place, share in (places or _usual(put, home)).items():
            fit = _fits(may_hold(place, put)) * _fits(not vessel or may_hold(vessel, named))
            fit *= _fits(kind not in _TREATMENTS or can_be(kind, named))
            if (score := things[thing] * vessels[vessel] * share * fit) > most:
                best, most = Errand(kind, named, place, vessel), score
    return best


def _usual(thing: str, home: Classes) -> Shares:
    """Where a thing is put back to, as no place is named."""
    known: Iterable[str] = (place for place in found_in(thing) if place in home.held)
    return {place: 1 / (1 + at) for at, place in enumerate(known)}


def _fits(is_so: bool) -> float:
    return 1.0 if is_so else _UNLIKELY
