# SPDX-License-Identifier: Apache-2.0
"""Which number each node of a graph has among those of its kind: what handles are drawn by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from prism_core.graph.elements import Node, NodeKind

MAX_GONE = 32
"""So many nodes of a kind that went are remembered; of 100 handles, a map of 68 regions needs no
further ones whatever goes."""

_Key = tuple[NodeKind, str]


@dataclass(frozen=True)
class Places:
    """Numbers from 0 for each kind, in the order in which the nodes came.

    A node that went keeps its number (`gone`), for when it comes back; a new node gets the lowest
    number that is free.
    """

    numbers: Mapping[str, int]
    gone: Mapping[_Key, int] = field(default_factory=dict)

    @classmethod
    def in_order(cls, nodes: Mapping[str, Node]) -> Places:
        """Those of a graph of which nothing went yet."""
        following = {'region': count(), 'object': count()}
        return cls({name: next(following[node.kind]) for name, node in nodes.items()})

    def follow(self, before: Mapping[str, Node], after: Mapping[str, Node]) -> Places:
        """Those behind a change."""
        known: dict[_Key, int] = dict(self.gone)
        for name, number in self.numbers.items():  # those that go now are the last to be forgotten
            key = (before[name].kind, name)
            known.pop(key, None)
            known[key] = number
        here = {(node.kind, name) for name, node in after.items()}
        gone: dict[_Key, int] = {}
        for kind in ('region', 'object'):
            left = [key for key in known if key[0] == kind and key not in here][-MAX_GONE:]
            gone.update((key, known[key]) for key in left)
        kept = {key: number for key, number in known.items() if key in here}
        free = {kind: _free(kind, {**gone, **kept}) for kind in ('region', 'object')}
        numbers = {}
        for name, node in after.items():
            key = (node.kind, name)
            numbers[name] = kept[key] if key in kept else next(free[node.kind])
        return Places(numbers, gone)


def _free(kind: str, taken: Mapping[_Key, int]) -> Iterator[int]:
    numbers = {number for (of, _), number in taken.items() if of == kind}
    return (number for number in count() if number not in numbers)
