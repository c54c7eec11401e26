# SPDX-License-Identifier: Apache-2.0
"""By which words a node can be called: the one place that says so.

| called by | such as |
|---|---|
| its class: its name without number or code | truck: `truck_12`, `TRUCK-7`, `truck T-4B` |
| what one of its attributes of `CLASS_KEYS` says | heat exchanger: `HX-201`; chair: `obj_12` |
| each end of these: a pickup truck is a truck | hose reel and reel: `fire_hose_reel_3` |

Words in front call nothing: a truck wash is no truck. Where one node is meant, those whose class is
exactly the word come first, and only where there is none those of which it is the end; what is
counted, listed or denied is all of both. What bears a word elsewhere in its name is `alike`: it is
asked about before anybody says that there is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from prism_core.graph.elements import Node

CLASS_KEYS = ('semantic_class', 'label', 'class', 'class_name', 'category', 'type')
"""Attributes that may say what a node is, as Hydra, VirtualHome, CAD exports and language models
call them; of several, the first that is there."""
# Where a name goes on with another word: underscores and the like, ServiceTruck, HVACUnit, truck7.
_BREAK = re.compile(
    r'[\s_.\-()\[\]{}<>|"/:;,#]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])'
    r'|(?<=[A-Za-z]{3})(?=\d)'
)
# The code of a type or a place behind a word, with a number: pump_P-4B, Gate A12, valve XV-3.
_CODE_BEHIND = re.compile(
    r'(?<=[a-z)\]])[\s_.\-]+(?:[A-Z]{1,4}-\d[\w\-]*|[A-Za-z][\s_.\-]?\d+[A-Za-z]?)$'
)
_MIN_CLASS_CHARS, _MAX_CODE_CHARS = 3, 4
_VOWELS = frozenset('aeiouyäöüéèáóíúåæø')
_OF_ANYTHING = frozenset(
    (
        *('obj', 'object', 'item', 'thing', 'entity', 'instance', 'node', 'asset', 'marker'),
        *('region', 'area', 'zone', 'place', 'location', 'waypoint', 'poi', 'landmark'),
    )
)
"""Words that any node may be called by: who says them has not said what it is."""


def class_of(node: Node) -> str:
    """The class of a node as words: its `semantic_class`, or its name without number, such as
    'fire extinguisher' for `fire_extinguisher_12`; where that tells nothing, as of `HX-201` and
    `obj_12`, what another of the `CLASS_KEYS` says.
    """
    key = _class_key(node)
    return class_of_name(str(node.attributes[key]) if key else node.name)


def class_attributes(node: Node) -> dict[str, Any]:
    """The attributes of a node that say what it is."""
    return {key: node.attributes[key] for key in CLASS_KEYS if key in node.attributes}


def told_class(node: Node) -> dict[str, str]:
    """The attribute that the class of a node comes from; nothing where its name tells it."""
    key = _class_key(node)
    return {key: node.attributes[key]} if key else {}


def _class_key(node: Node) -> str:
    attributes = node.attributes
    if not attributes:
        return ''
    said = attributes.get('semantic_class')
    if isinstance(said, str) and said:
        return 'semantic_class'
    if not is_opaque(class_of_name(node.name)):
        return ''
    others = ((key, attributes.get(key)) for key in CLASS_KEYS)
    return next((key for key, value in others if isinstance(value, str) and value), '')


def is_opaque(class_name: str) -> bool:
    """Whether the class of a name tells nothing: a code, or a word for anything."""
    is_code = len(class_name) <= _MAX_CODE_CHARS and _VOWELS.isdisjoint(class_name)
    return len(class_name) < _MIN_CLASS_CHARS or is_code or class_name in _OF_ANYTHING


@lru_cache(maxsize=65_536)
def class_of_name(name: str) -> str:
    """The class that a name tells: `discovered_truck_3`, `truck-3` and `Truck3` are trucks."""
    words = words_of_name(_CODE_BEHIND.sub('', name))
    while words and words[0] == 'discovered':
        words = words[1:]
    while len(words) > 1 and words[-1][0].isdigit():
        words = words[:-1]
    is_word = len(words) > 1 or not ''.join(words).isdigit()
    return (' '.join(words) if is_word else '') or name


def words_of_name(name: str) -> list[str]:
    """The words and numbers of a name, in small letters."""
    return [word.lower() for word in _BREAK.split(name) if word]


def classes_of(node: Node) -> tuple[str, ...]:
    """The classes of a node in full, the one that it is written with first."""
    return _classes(class_of(node), node.name, _said(node))


def calls_of(node: Node) -> frozenset[str]:
    """All classes that a node can be called by."""
    return _calls(class_of(node), node.name, _said(node))


def _said(node: Node) -> tuple[str, ...]:
    """What the attributes of a node say that it is."""
    attributes = node.attributes
    if not attributes:
        return ()
    said = [attributes[key] for key in CLASS_KEYS if key in attributes]
    return tuple(s for s in said if isinstance(s, str) and s not in ('', 'region', 'object'))


@lru_cache(maxsize=65_536)
def _classes(first: str, name: str, said: tuple[str, ...]) -> tuple[str, ...]:
    told = tuple(map(class_of_name, said))
    called = class_of_name(name)
    own = () if told and called in _OF_ANYTHING else (called,)
    return tuple(dict.fromkeys((first, *own, *told)))


@lru_cache(maxsize=65_536)
def _calls(first: str, name: str, said: tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*map(ends_of, _classes(first, name, said)))


@lru_cache(maxsize=65_536)
def ends_of(name: str) -> frozenset[str]:
    """A class and each end of it: pickup truck and truck; of dock b, dock, too."""
    words = name.split()
    if len(words) > 1 and len(words[-1]) == 1:
        return ends_of(' '.join(words[:-1])) | {name}
    return frozenset(' '.join(words[start:]) for start in range(len(words)))


def is_called(node: Node, classes: Collection[str]) -> bool:
    """Whether a node is of one of some classes, or of a kind of one."""
    return not calls_of(node).isdisjoint(classes)


def is_called_exactly(node: Node, classes: Collection[str]) -> bool:
    """Whether one of some classes is the class of a node in full."""
    return any(name in classes for name in classes_of(node))


def called(nodes: Iterable[Node], classes: Iterable[str]) -> list[str]:
    """The names of all nodes of some classes, those called exactly so first, else in order."""
    wanted = frozenset(classes)
    found = [node for node in nodes if is_called(node, wanted)]
    exact = [node.name for node in found if is_called_exactly(node, wanted)]
    if not exact or len(exact) == len(found):
        return [node.name for node in found]
    return list(dict.fromkeys((*exact, *(node.name for node in found))))


def meant(nodes: Iterable[Node], classes: Iterable[str]) -> list[str]:
    """The names of the nodes that are meant by one of some classes: those called exactly so, or
    else all that are called so.
    """
    wanted = frozenset(classes)
    found = [node for node in nodes if is_called(node, wanted)]
    return [node.name for node in found if is_called_exactly(node, wanted)] or [
        node.name for node in found
    ]
