"""Handles: short tokens that stand for nodes in the compact dialect, so that to point is to copy.

A node is always written as its class and its handle, `fire extinguisher<o3>`. Text from outside can
hold no handle: angle brackets in it are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from random import Random

from prism_core.errors import PlanParseError
from prism_core.graph_elements import Node, NodeKind
from prism_core.intent import class_of
from prism_core.scene_graph import SceneGraph

NUMBER_OF_HANDLES = 100
"""So many handles of each kind are drawn from; a larger graph goes on counting behind them."""

_LETTERS: dict[NodeKind, str] = {'region': 'r', 'object': 'o'}
_KINDS: dict[str, NodeKind] = {letter: kind for kind, letter in _LETTERS.items()}
_HANDLE = re.compile(r'<[ro]\d+>')
_NAME = re.compile(r'[A-Za-z0-9_.\-]*[A-Za-z0-9_\-]')
_NOT_A_WORD = re.compile(r'[^a-z0-9 ]+')


class Handles:
    """The handles of a graph's nodes, from a shuffled pool by their places (see
    `SceneGraph.places`): they stay the same for a mission, whatever comes or goes.
    """

    def __init__(self, graph: SceneGraph, seed: int):
        self._nodes: dict[str, Node] = {}
        self._written: dict[str, str] = {}
        self._names: dict[str, str] = {}
        pools = {kind: _shuffled(f'{seed}:{kind}') for kind in _LETTERS}
        places = graph.places
        for name, node in graph.nodes.items():
            place, pool = places[name], pools[node.kind]
            number = pool[place] if place < NUMBER_OF_HANDLES else place
            self._add(node, f'<{_LETTERS[node.kind]}{number}>', class_words(node))

    def _add(self, node: Node, handle: str, called: str) -> None:
        self._nodes[node.name] = node
        self._written[node.name] = f'{called}{handle}'
        self._names[handle] = node.name

    def with_gone(self, texts: Iterable[str]) -> Handles:
        """The same, and for each further handle in some texts a node that stands for one that is no
        more: what it was called and where it was is not known.
        """
        known = Handles.__new__(Handles)
        known._nodes, known._written = dict(self._nodes), dict(self._written)
        known._names = dict(self._names)
        for handle in dict.fromkeys(h for text in texts for h in _HANDLE.findall(text)):
            if handle not in known._names:
                kind = _KINDS[handle[1]]
                name = f'gone_{kind}_{handle[2:-1]}'
                while name in known._nodes:
                    name += '_'
                known._add(Node(name, kind, (0.0, 0.0)), handle, kind)
        return known

    def write(self, name: str) -> str:
        """A node as the dialect writes it."""
        return self._written[name]

    def bare(self, name: str) -> str:
        """The handle alone."""
        written = self._written[name]
        return written[written.index('<') :]

    def read(self, text: str) -> str:
        """The name of the node that a text points to; what stands before the handle is not read.

        Raises:
            PlanParseError: there is no handle, or no node has it.
        """
        match = _HANDLE.search(text)
        if match is None or match[0] not in self._names:
            raise PlanParseError(f'expected a node with its handle, got {text[:60]!r}')
        return self._names[match[0]]

    def node(self, text: str) -> Node:
        """The node that a text points to: what it is and where."""
        return self._nodes[self.read(text)]

    def find(self, text: str) -> list[str]:
        """The names of all nodes that a text points to, in order.

        Raises:
            PlanParseError: no node has one of the handles.
        """
        return [self.read(handle) for handle in _HANDLE.findall(text)]

    def neutralize(self, text: str) -> str:
        """A text from outside on one line, without what could pass for a handle or a control
        token; names of nodes become nodes.
        """
        text = ' '.join(text.split()).replace('<', '(').replace('>', ')').replace('"', "'")
        return _NAME.sub(lambda match: self._written.get(match[0], match[0]), text)

    def restore(self, text: str) -> str:
        """A text with the nodes in it as their names again."""
        for handle in dict.fromkeys(_HANDLE.findall(text)):
            name = self._names.get(handle)
            if name is not None:
                text = text.replace(self._written[name], name)
        return text


def class_words(node: Node) -> str:
    """The class of a node in plain lower-case words."""
    return _plain_words(class_of(node)) or node.kind


@lru_cache(maxsize=65_536)
def _plain_words(text: str) -> str:
    return ' '.join(_NOT_A_WORD.sub(' ', text).split())


@lru_cache(maxsize=1024)
def _shuffled(seed: str) -> tuple[int, ...]:
    numbers = list(range(NUMBER_OF_HANDLES))
    Random(seed).shuffle(numbers)  # noqa: S311 - no secret
    return tuple(numbers)
