# SPDX-License-Identifier: Apache-2.0
"""By which of the classes of `classes` a node of anybody's map goes: `oak_dining_table_2` is a
dining table, a refrigerator a fridge.
"""

from __future__ import annotations

from collections import Counter
from functools import cache, lru_cache

from prism_core.domains.household.classes import (
    FAUCET,
    FURNITURE,
    HAND,
    LAMPS,
    SLICE,
    SLICEABLE,
    THINGS,
)
from prism_core.domains.household.words import load_words
from prism_core.graph.calling import class_of_name, classes_of
from prism_core.graph.elements import Node

_KNOWN = FURNITURE | THINGS | LAMPS | {FAUCET, HAND} | {f'{whole}{SLICE}' for whole in SLICEABLE}


def household_class(node: Node) -> str:
    """The class of a node: one that is known, of which its own is another name or a kind; its own
    where none is.
    """
    return _find_known(classes_of(node))


def household_class_of_name(name: str) -> str:
    """The class that a name alone tells."""
    return _find_known((class_of_name(name),))


@lru_cache(maxsize=65_536)
def _find_known(classes: tuple[str, ...]) -> str:
    for words in classes:
        parts = words.split()
        for start in range(len(parts)):
            end = ' '.join(parts[start:])
            if end in _KNOWN:
                return end
            if end in _other_names():
                return _other_names()[end]
    return classes[0]


@cache
def _other_names() -> dict[str, str]:
    """Classes by what else they are called; what calls two calls none."""
    pairs = [
        (name, words)
        for words, parts in load_words('nouns').items()
        for name in (*parts['seen'], *parts['unseen'])
    ]
    times = Counter(name for name, _ in pairs)
    found = {name: words for name, words in pairs if times[name] == 1 and name not in _KNOWN}
    return found | load_words('classes')['also']
