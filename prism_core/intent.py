"""What a sentence means: which nodes, and what is asked of them.

A closed set of kinds with named slots, each of which the sentence entails. Knows no wording.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from prism_core.graph_elements import Node, NodeKind

IntentKind = Literal[
    'go_to', 'reach', 'find', 'locate', 'attribute', 'yes_no', 'exists', 'count', 'compare',
    'nearest', 'map_area', 'survey', 'describe', 'passable', 'conditional', 'sequence', 'vague',
]  # fmt: skip


@dataclass(frozen=True)
class Target:
    """Nodes by description: of one of these classes, with all of these attribute values, seen from
    a region; or one node by its name.

    `classes` are words as in names, `purpose` what the classes have in common where the sentence
    says that instead.
    """

    kind: NodeKind = 'object'
    classes: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    name: str = ''
    purpose: str = ''


@dataclass(frozen=True)
class Intent:
    """The meaning of a sentence.

    | kind | asks to |
    |---|---|
    | go_to, reach | be in `region`; `reach` only if it can be reached |
    | find, locate | name a `target`; say in which region it is |
    | attribute, yes_no | say the `attribute` of the `target`; whether it is `value` |
    | describe | look at the `target` and describe it |
    | exists, count | say whether there is a `target`, or how many, in `region` or everywhere |
    | compare | say which of `region` and `other_region` has more of `target` |
    | nearest | name what in `region` is closest to the `target` |
    | map_area, survey | list what is in `region` or at `position` (metres); look everywhere |
    | passable | say whether the way between `region` and `other_region` can be driven |
    | conditional | go to `region` if the `target` is `value`, or if the way between the `ends` is \
blocked; else to `other_region` |
    | sequence | do the `steps` in order |
    | vague | nothing that can be acted on |
    """

    kind: IntentKind
    target: Target | None = None
    region: Target | None = None
    other_region: Target | None = None
    attribute: str = ''
    value: str = ''
    position: tuple[float, float] | None = None
    ends: tuple[Target, Target] | None = None
    steps: tuple[Intent, ...] = ()


CLASS_KEYS = ('semantic_class', 'label', 'class', 'type')
"""Attributes that may say what a node is."""
# Where a name goes on with another word: underscores and the like, ServiceTruck, HVACUnit, truck7.
_BREAK = re.compile(
    r'[\s_.\-]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z]{3})(?=\d)'
)
_MIN_CLASS_CHARS = 3


def class_of(node: Node) -> str:
    """The class of a node as words: its `semantic_class`, or its name without number, such as
    'fire extinguisher' for `fire_extinguisher_12`; where that is but a code, as of `HX-201`, what
    another of the `CLASS_KEYS` says.
    """
    attributes = node.attributes
    said = attributes.get('semantic_class')
    if isinstance(said, str) and said:
        return class_of_name(said)
    name = class_of_name(node.name)
    if len(name) < _MIN_CLASS_CHARS and attributes:
        others = (attributes.get(key) for key in CLASS_KEYS)
        return next((class_of_name(o) for o in others if isinstance(o, str) and o), name)
    return name


@lru_cache(maxsize=65_536)
def class_of_name(name: str) -> str:
    """The class that a name tells: `discovered_truck_3`, `truck-3` and `Truck3` are trucks."""
    words = words_of_name(name)
    while words and words[0] == 'discovered':
        words = words[1:]
    while len(words) > 1 and words[-1][0].isdigit():
        words = words[:-1]
    is_word = len(words) > 1 or not ''.join(words).isdigit()
    return (' '.join(words) if is_word else '') or name


def words_of_name(name: str) -> list[str]:
    """The words and numbers of a name, in small letters."""
    return [word.lower() for word in _BREAK.split(name) if word]
