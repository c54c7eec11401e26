"""By which words a node can be called: the one place that says so.

| called by | such as |
|---|---|
| its class: its name without number or code | truck: `truck_12`, `TRUCK-7`, `Truck7` |
| what its attribute `semantic_class`, `label`, `class` or `type` says | heat exchanger: `HX-201` |
| each end of these: a pickup truck is a truck | hose reel and reel: `fire_hose_reel_3` |

Words in front call nothing: a truck wash is no truck. Where one node is meant, those whose class is
exactly the word come first, and only where there is none those of which it is the end; what is
counted, listed or denied is all of both. What bears a word elsewhere in its name is `alike`: it is
asked about before anybody says that there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache

from prism_core.graph_elements import Node
from prism_core.intent import CLASS_KEYS, Target, class_of, class_of_name, words_of_name

_MIN_PART_CHARS = 4
"""So many letters at least are a word within a word, such as truck in firetruck."""


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
    return tuple(dict.fromkeys((first, class_of_name(name), *map(class_of_name, said))))


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


def alike(nodes: Mapping[str, Node], target: Target, is_listed: Callable[[str], bool]) -> list[str]:
    """The nodes that are not called as a target is, but bear its word somewhere in their names.

    Args:
        nodes: the known ones.
        target: what was not found.
        is_listed: whether a class is in the lexicon. Where that has both, they are only alike if
            the whole word is in it: an oxygen tank is known to be no fuel tank.
    """
    if target.name:
        end = words_of_name(target.name)
        return [n for n in nodes if n != target.name and words_of_name(n)[-len(end) :] == end]
    wanted = [(name, is_listed(name)) for name in target.classes]
    return [name for name, node in nodes.items() if _is_alike(node, wanted, target, is_listed)]


def _is_alike(
    node: Node,
    wanted: list[tuple[str, bool]],
    target: Target,
    is_listed: Callable[[str], bool],
) -> bool:
    if is_called(node, target.classes):
        return False
    for name in classes_of(node):
        text, is_known = f' {name} ', any(map(is_listed, ends_of(name)))
        for word, is_word_known in wanted:
            head = word.rpartition(' ')[2]
            if f' {word} ' in text:
                return True
            if not (is_known and is_word_known) and (f' {head} ' in text or _is_part(head, text)):
                return True
    return False


def _is_part(word: str, text: str) -> bool:
    return len(word) >= _MIN_PART_CHARS and word in text
