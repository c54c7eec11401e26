# SPDX-License-Identifier: Apache-2.0
"""How maps write the names of nodes. Knows no domain; what a name says of its node is read back by
`calling`.

| writing | a service truck is |
|---|---|
| snake | `service_truck_12` |
| spaced | `Service Truck 12`, `service truck 12` |
| camel | `ServiceTruck12` |
| brand | `service_truck_P-4B`, `Service Truck C7` |
| bare | `Service Truck`, `Service_Truck`, of the only one; of one more, `Service Truck B` |
| code | `SR-204`, with its class beside it |
| opaque | `obj_0417`, `node_17`, `O(17)`, with its class beside it |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

from prism_core.graph.elements import NodeKind

_BEFORE = ('service', 'north', 'company', 'upper', 'spare', 'field')
_VOWELS = frozenset('aeiouy')
_MAX_NUMBER = 999
_CLASS_KEYS = ('semantic_class', 'semantic_class', 'label', 'class', 'category')
"""Those of `calling.CLASS_KEYS` that are put beside a name that tells nothing."""
_OPAQUE: dict[NodeKind, tuple[str, ...]] = {
    'object': ('obj_{:04d}', 'node_{}', 'O({})', 'item-{:03d}'),
    'region': ('region_{:03d}', 'R({})', 'zone-{}', 'area_{:02d}'),
}
_MAKES = 'ABCDEFGHKLMNPRSTVWX'


def word_before(seed: int, class_name: str) -> str:
    """The word that a world puts before a class to make a compound of it."""
    return Random(f'{seed} {class_name}').choice(_BEFORE)  # noqa: S311 - no secret


class NameWriter:
    """Writes names for nodes, none twice, whatever letters are small.

    Args:
        rng: draws what is open.
        taken: names that are given already.
    """

    def __init__(self, rng: Random, taken: Iterable[str] = ()):
        self._rng = rng
        self._taken = {name.lower() for name in taken}
        self._opaque = {kind: rng.choice(forms) for kind, forms in _OPAQUE.items()}

    def write(self, writing: str, phrase: str, kind: NodeKind) -> str:
        """A name for one more node of a class.

        Args:
            writing: one of `WRITINGS`.
            phrase: the class in words.
            kind: of the node.
        """
        make = _WRITERS[writing]
        while True:
            name = make(self, phrase, kind)
            if name.lower() not in self._taken:
                self._taken.add(name.lower())
                return name

    def beside(self, phrase: str) -> dict[str, str]:
        """The attribute that says the class of a node of which the name does not."""
        forms = (phrase, phrase, phrase.capitalize(), phrase.replace(' ', '_'), _camel(phrase))
        return {self._rng.choice(_CLASS_KEYS): self._rng.choice(forms)}

    def _number(self) -> int:
        return self._rng.randint(1, 99)

    def _snake(self, phrase: str, _: NodeKind) -> str:
        return f'{phrase.replace(" ", "_")}_{self._number()}'

    def _spaced(self, phrase: str, _: NodeKind) -> str:
        return f'{self._rng.choice((phrase, phrase.title()))} {self._number()}'

    def _camel(self, phrase: str, _: NodeKind) -> str:
        return f'{_camel(phrase)}{self._number()}'

    def _brand(self, phrase: str, _: NodeKind) -> str:
        rng = self._rng
        letter, number = rng.choice(_MAKES), rng.randint(1, 40)
        code = rng.choice((f'{letter}-{number}', f'{letter}-{number}{rng.choice("AB")}'))
        spaced = f'{phrase.title()} {letter}{number}'
        return rng.choice((f'{phrase.replace(" ", "_")}_{code}', spaced))

    def _bare(self, phrase: str, _: NodeKind) -> str:
        space = self._rng.choice(' _')
        stem = phrase.title().replace(' ', space)
        if stem.lower() not in self._taken:
            return stem
        return f'{stem}{space}{self._rng.choice(_MAKES)}{self._rng.choice(("", "2", "3"))}'

    def _code(self, phrase: str, _: NodeKind) -> str:
        ending = self._rng.choice(('', '', '', 'A', 'B'))
        return f'{code_letters(phrase)}-{self._rng.randint(100, _MAX_NUMBER)}{ending}'

    def _opaque_name(self, _: str, kind: NodeKind) -> str:
        return self._opaque[kind].format(self._rng.randint(1, _MAX_NUMBER))


def code_letters(phrase: str) -> str:
    """Two letters for a class, which are no word: HX of heat exchanger is for people to make, this
    takes consonants.
    """
    firsts = [word[0] for word in phrase.split()] if ' ' in phrase else []
    letters = [c for c in (*firsts, *phrase) if c.isalpha() and c not in _VOWELS]
    return ''.join((*letters, 'x', 'q')[:2]).upper()


def _camel(phrase: str) -> str:
    return phrase.title().replace(' ', '')


_WRITERS: dict[str, Callable[[NameWriter, str, NodeKind], str]] = {
    'snake': NameWriter._snake,
    'spaced': NameWriter._spaced,
    'camel': NameWriter._camel,
    'brand': NameWriter._brand,
    'bare': NameWriter._bare,
    'code': NameWriter._code,
    'opaque': NameWriter._opaque_name,
}
WRITINGS = tuple(_WRITERS)
