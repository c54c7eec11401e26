# SPDX-License-Identifier: Apache-2.0
"""What bears the word for something that was not found, without being called so."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prism_core.domains.mapping.intent import Target
from prism_core.graph.calling import classes_of, ends_of, is_called, words_of_name
from prism_core.graph.elements import Node

_MIN_PART_CHARS = 4
"""So many letters at least are a word within a word, such as truck in firetruck."""


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
