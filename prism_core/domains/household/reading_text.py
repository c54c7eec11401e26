# SPDX-License-Identifier: Apache-2.0
"""Clauses in a home: what in them can be handled, stacked, lit or a place to put things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from prism_core.domains.household.classes import (
    BASINS,
    FRIDGE,
    KNIVES,
    MICROWAVE,
    SLICEABLE,
    VESSELS,
)
from prism_core.domains.household.meaning import ErrandKind
from prism_core.domains.household.reading_classes import ROLES, HeldClasses, Role, Shares
from prism_core.domains.household.reading_words import Clause, NounPhrase, words_of
from prism_core.domains.household.words import load_words

TREATMENTS: tuple[ErrandKind, ...] = ('heat', 'cool', 'clean')
MEANS = {'heat': (MICROWAVE, 'stove burner'), 'cool': (FRIDGE,), 'clean': BASINS}
"""Where things are treated: no place to put them, unless it is said so."""
_ASIDE = ('look', 'go', 'open', 'switch', 'use')
"""Verbs that move nothing."""
_LIGHTING = ('switch', 'look', 'use')


@dataclass(frozen=True)
class NounInHome:
    """A mention, the number and the verb's sort of its clause, and what it can mean."""

    at: int
    sort: str
    mention: NounPhrase
    shares: Shares


@dataclass(frozen=True)
class ClausesInHome:
    """Clauses of a goal or of steps, read in a home."""

    clauses: Sequence[Clause]
    home: HeldClasses

    def said(self, role: Role, *links: str) -> Iterator[NounInHome]:
        """What can play a role among the mentions with some links, in order."""
        for at, clause in enumerate(self.clauses):
            for mention in clause.mentions:
                if mention.link in links:
                    shares = self.home.meant_by(mention.words, role)
                    if not shares and role == 'things' and mention.is_slice:
                        shares = self._sliced_before(at)
                    if shares:
                        yield NounInHome(at, clause.sort, mention, shares)

    def _sliced_before(self, at: int) -> Shares:
        """What `a piece of it` is of."""
        for clause in self.clauses[:at]:
            for mention in clause.mentions:
                shares = self.home.meant_by(mention.words, 'things')
                if best_of(shares) in SLICEABLE:
                    return shares
        return {}

    def has(self, *sorts: str) -> bool:
        """Whether there is a verb of some sorts."""
        return any(clause.sort in sorts for clause in self.clauses)

    @property
    def treatments(self) -> list[ErrandKind]:
        """What was or is to be done to things; verbs first."""
        verbs = [kind for c in self.clauses for kind in TREATMENTS if c.sort == kind]
        return [*verbs, *(k for k in TREATMENTS if any(k in c.treatments for c in self.clauses))]

    @property
    def is_sliced(self) -> bool:
        """Whether something is sliced."""
        return any(
            'slice' in clause.treatments or any(m.is_slice for m in clause.mentions)
            for clause in self.clauses
        )

    def list_sliced(self) -> frozenset[str]:
        """The classes of which a slice is meant: of what is cut, whatever it is, and else of what
        can be cut.
        """
        if not self.is_sliced:
            return frozenset()
        cut = {best_of(noun.shares) for noun in self.said('things', '') if noun.sort == 'slice'}
        return frozenset(SLICEABLE).union(cut).difference(KNIVES)

    def lamps(self) -> list[NounInHome]:
        """The lamps that light something."""
        lamps = [*self.said('lamps', '', 'to', 'in', 'near', 'under', 'with', 'light')]
        return [lamp for lamp in lamps if lamp.sort in _LIGHTING or lamp.mention.link == 'light']

    def things(self) -> list[NounInHome]:
        """What is handled, in order."""
        things = [
            said
            for said in self.said('things', '')
            if said.sort not in ('go', 'open', 'switch', 'use')
            and not self.home.meant_by(said.mention.words[-1:], 'lamps')
        ]
        if self.is_sliced and any(best_of(said.shares) in SLICEABLE for said in things):
            return [said for said in things if best_of(said.shares) not in KNIVES]
        return things

    def is_about_knife(self, at: int) -> bool:
        """Whether it is a knife that a clause is about."""
        return any(
            best_of(said.shares) in KNIVES for said in self.said('things', '') if said.at == at
        )

    def stacked(self) -> tuple[NounInHome, NounInHome] | None:
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
        for one, other in pairwise(things):
            both = _is_vessel(one.shares) and _is_vessel(other.shares)
            if one.at == other.at and not both and (stacked := _vessel_and_thing(one, other)):
                return stacked
        return None

    def targets(self, kind: ErrandKind) -> list[NounInHome]:
        """Where things are put, in order; not where they are treated."""
        targets = [
            said
            for said in self.said('places', 'to', 'in')
            if said.sort not in _ASIDE
            and not (said.sort == kind and best_of(said.shares) in MEANS.get(kind, ()))
        ]
        if not targets:
            return [*self._landmarks()]
        return [said for said in targets if said.sort == 'put'] or targets

    def other_place(self, kind: ErrandKind) -> Shares:
        """The vessel that something is put into, as there is no other place; for a vessel, where it
        is said to be.
        """
        if kind == 'stack':
            return next((said.shares for said in self.said('places', 'from')), {})
        vessels = [said for said in self.said('things', 'to', 'in') if _is_vessel(said.shares)]
        return vessels[-1].shares if vessels else {}

    def unknown(self, *links: str) -> Shares:
        """What no table knows, in its own words, where something is put."""
        for clause in self.clauses:
            for mention in clause.mentions if clause.sort == 'put' else ():
                is_known = any(self.home.meant_by(mention.words, role) for role in ROLES)
                is_named = bool({*mention.words[-1:]} - words_of('nothings'))
                if mention.link in links and is_named and not is_known:
                    return {' '.join(mention.words): 1.0}
        return {}

    def _landmarks(self) -> Iterator[NounInHome]:
        """The places under or beside what is named, such as the cabinet under the sink."""
        for said in self.said('places', 'under', 'near'):
            known = load_words('reading')['under' if said.mention.link == 'under' else 'beside']
            place = known.get(best_of(said.shares))
            if said.sort == 'put' and place in self.home.held:
                yield replace(said, shares={place: 1.0})


def best_of(shares: Shares) -> str:
    """The likeliest class; '' where there is none."""
    return max(sorted(shares), key=lambda known: shares[known], default='')


def _is_vessel(shares: Shares) -> bool:
    return sum(share for known, share in shares.items() if known in VESSELS) > 0.5


def _vessel_and_thing(one: NounInHome, other: NounInHome) -> tuple[NounInHome, NounInHome] | None:
    """The thing and the vessel of two that go together; the other is taken for the vessel where
    both could be.
    """
    for thing, vessel in ((one, other), (other, one)):
        if _is_vessel(vessel.shares) and _differ(thing, vessel):
            return thing, vessel
    return None


def _differ(one: NounInHome, other: NounInHome) -> bool:
    return one.mention.words != other.mention.words
