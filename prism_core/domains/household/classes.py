# SPDX-License-Identifier: Apache-2.0
"""What the classes of a home are good for, by ALFRED's tables (words/classes.json)."""

from __future__ import annotations

from prism_core.domains.household.words import load_words

_TABLES = load_words('classes')

FURNITURE = frozenset(_TABLES['furniture'])
"""What stands where it is, and holds things."""
VESSELS = frozenset(_TABLES['vessels'])
"""What holds things and can be taken."""
THINGS = frozenset(_TABLES['things'])
"""What can be taken, vessels among it."""
OPENABLE = frozenset(_TABLES['openable'])
LAMPS = frozenset(_TABLES['lamps'])
KNIVES = ('butter knife', 'knife')
SLICEABLE = frozenset(_TABLES['sliceable'])
SLICE = ' slice'
HAND, FAUCET = 'hand', 'faucet'
MICROWAVE, FRIDGE = 'microwave', 'fridge'
BASINS = ('sink basin', 'bathtub basin')
STATES = {'heat': 'hot', 'cool': 'cold', 'clean': 'clean'}
"""What a thing is that was heated, cooled or cleaned: an attribute, which stays."""
TREATMENTS = {'heat': 'heatable', 'cool': 'coolable', 'clean': 'cleanable'}


def may_hold(holder: str, thing: str) -> bool:
    """Whether a receptacle of a class takes things of a class; of classes that no table has, what
    is no vessel and no other furniture. A knife may be put down in or on any furniture.
    """
    if thing in KNIVES and holder in FURNITURE:
        return True
    holds = _TABLES['holds'].get(holder)
    if holds is None:
        return holder not in (*THINGS, *LAMPS, FAUCET, HAND)
    return thing in holds or (thing not in THINGS and holder not in VESSELS)


def can_be(treatment: str, thing: str) -> bool:
    """Whether a thing can be heated, cooled or cleaned (`heat`, `cool`, `clean`)."""
    return thing in _TABLES[TREATMENTS[treatment]]


def whole_of(thing: str) -> str:
    """What a slice is of; the thing itself where it is no slice."""
    return thing.removesuffix(SLICE)


def is_slice(thing: str) -> bool:
    """Whether it is a slice of something."""
    return thing.endswith(SLICE)


def found_in(thing: str) -> tuple[str, ...]:
    """The classes of furniture in which a thing is found, the likeliest first."""
    found = _TABLES['found_in']
    return tuple(found.get(thing) or found.get(whole_of(thing), ()))
