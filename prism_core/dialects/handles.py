# SPDX-License-Identifier: Apache-2.0
"""Handles: short tokens that stand for nodes in the compact dialect, so that to point is to copy.

A node is always written as its class and its handle, `fire extinguisher<o3>`, whatever its name is.
Text from outside can hold no handle: angle brackets in it are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from random import Random

from prism_core.dialects.phrases import Named, Phrase
from prism_core.errors import PlanParseError
from prism_core.graph.calling import class_of
from prism_core.graph.elements import Node, NodeKind
from prism_core.graph.names_in_text import NamesInText
from prism_core.graph.scene_graph import SceneGraph

NUMBER_OF_HANDLES = 100
"""So many handles of each kind are drawn from; a larger graph goes on counting behind them."""

_LETTERS: dict[NodeKind, str] = {'region': 'r', 'object': 'o'}
_KINDS: dict[str, NodeKind] = {letter: kind for kind, letter in _LETTERS.items()}
_HANDLE = re.compile(r'<[ro]\d+>')
_SPACE = re.compile(r'\s+')
_TAMED = str.maketrans('<>"', "()'")
_NOT_A_WORD = re.compile(r'[\W_]+')


class Handles:
    """The handles of a graph's nodes, from a shuffled pool by their places (see
    `SceneGraph.places`): they stay the same for a mission, whatever comes or goes.
    """

    def __init__(self, graph: SceneGraph, seed: int):
        self._nodes: dict[str, Node] = {}
        self._written: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._in_text = NamesInText(graph.nodes)
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
        known._names, known._in_text = dict(self._names), self._in_text
        for handle in dict.fromkeys(h for text in texts for h in _HANDLE.findall(text)):
            if handle not in known._names:
                kind = _KINDS[handle[1]]
                name = f'gone_{kind}_{handle[2:-1]}'
                while name in known._nodes:
                    name += '_'
                known._add(Node(name, kind), handle, kind)
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

    def split(self, text: str) -> Phrase:
        """The words of a text and the nodes in it, without the class that stands before a handle.

        Raises:
            PlanParseError: no node has one of the handles.
        """
        parts: list[str] = []
        at = 0
        for match in _HANDLE.finditer(text):
            name = self.read(match[0])
            before = text[at : match.start()].strip()
            called = self._written[name].partition('<')[0]
            before = before.removesuffix(called).strip()
            parts += [before, Named(name)]
            at = match.end()
        return tuple(part for part in (*parts, text[at:].strip()) if part)

    def neutralize(self, text: str) -> str:
        """A text from outside on one line, without what could pass for a handle or a control
        token; names of nodes become nodes.
        """
        text, parts, at = text.strip(), list[str](), 0
        for start, end, name in self._in_text.find(text):
            parts += [_tame(text[at:start]), self._written[name]]
            at = end
        return ''.join((*parts, _tame(text[at:])))

    def restore(self, text: str) -> str:
        """A text with the nodes in it as their names again."""
        parts, at = list[str](), 0
        for match in _HANDLE.finditer(text):
            name = self._names.get(match[0])
            before, said = text[at : match.start()], match[0]
            called = '' if name is None else self._written[name].partition('<')[0]
            if name is not None and before.endswith(called):
                before, said = before.removesuffix(called), name
            parts += [before, said]
            at = match.end()
        return ''.join((*parts, text[at:]))


def _tame(text: str) -> str:
    return _SPACE.sub(' ', text).translate(_TAMED)


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
