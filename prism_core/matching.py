"""Which nodes a sentence is about: words against names, descriptions and what things are for.

A deterministic matcher with a vocabulary that is handed in. It understands no grammar: wordings
that it cannot resolve are for a language model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prism_core.graph_elements import Node
from prism_core.scene_graph import SceneGraph

# Exact name > word of the name or class > synonym > purpose > word of a description or of the
# region around.
_NAMED, _CLASS, _SYNONYM, _PURPOSE, _CONTEXT = 20.0, 4.0, 3.5, 3.0, 1.0
_WORD = re.compile(r'[^\W\d_]+|\d+')


def split_words(text: str) -> list[str]:
    """The words and numbers of a text in order, lower case and singular."""
    return [_singular(word) for word in _WORD.findall(text.lower())]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith('ies'):
        return word[:-3] + 'y'
    if len(word) > 4 and word.endswith(('ches', 'shes', 'xes', 'sses')):
        return word[:-2]
    if len(word) > 3 and word.endswith('s') and not word.endswith(('ss', 'us', 'is')):
        return word[:-1]
    return word


@dataclass(frozen=True)
class Vocabulary:
    """Words that stand for others.

    All words are singular and lower case. `purposes` and `synonyms` lead from a word of a request
    to words of names; `verbs` from a word to one of goto, map, explore and inspect; `fillers` say
    nothing about which node is meant; `indefinite` words say that any of several nodes will do.
    """

    purposes: Mapping[str, frozenset[str]]
    synonyms: Mapping[str, frozenset[str]]
    verbs: Mapping[str, str]
    fillers: frozenset[str]
    indefinite: frozenset[str]

    @classmethod
    def from_lists(cls, data: Mapping[str, Any]) -> Vocabulary:
        """Build from lists as people write them: class → words, verb → words."""
        return cls(
            purposes=_invert(data['purposes']),
            synonyms=_invert(data['synonyms']),
            verbs={_singular(w): verb for verb, words in data['verbs'].items() for w in words},
            fillers=frozenset(_singular(word) for word in data['fillers']),
            indefinite=frozenset(_singular(word) for word in data['indefinite']),
        )


def _invert(lists: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """From class → words to word → classes."""
    inverted: dict[str, set[str]] = {}
    for name, words in lists.items():
        for word in words:
            inverted.setdefault(_singular(word), set()).add(_singular(name))
    return {word: frozenset(names) for word, names in inverted.items()}


@dataclass(frozen=True)
class Match:
    """A node that a request may mean, how well it fits, and why in a few words.

    `is_by_purpose`: it was not called by name or look, only by what it is for.
    """

    node: Node
    score: float
    why: str
    is_by_purpose: bool = False


@dataclass(frozen=True)
class Request:
    """A sentence taken apart: `content` are the words that may name a node."""

    words: tuple[str, ...]
    content: tuple[str, ...]
    verb: str | None
    is_indefinite: bool


def read_request(text: str, vocabulary: Vocabulary) -> Request:
    """Take a sentence apart; the first verb counts."""
    words = tuple(split_words(text))
    verbs = [vocabulary.verbs[word] for word in words if word in vocabulary.verbs]
    ignored = vocabulary.fillers | vocabulary.indefinite | vocabulary.verbs.keys()
    return Request(
        words=words,
        content=tuple(dict.fromkeys(word for word in words if word not in ignored)),
        verb=verbs[0] if verbs else None,
        is_indefinite=any(word in vocabulary.indefinite for word in words),
    )


def match_nodes(request: Request, graph: SceneGraph, vocabulary: Vocabulary) -> list[Match]:
    """The nodes that the request may mean, best first; equal scores in the order of the graph.

    A word that names a node is no purpose of others: "the boat at the dock" means the boat.
    """
    named = {word for node in graph.nodes.values() for word in _own_words(node)}
    region_words = {name: _context_words(node) for name, node in graph.regions.items()}
    matches = []
    for node in graph.nodes.values():
        around: set[str] = set()
        if node.kind == 'object':
            around.update(*(region_words[region] for region in graph.viewpoints[node.name]))
        match = _match_node(request, node, around, named, vocabulary)
        if match is not None:
            matches.append(match)
    return sorted(matches, key=lambda match: -match.score)


def _match_node(
    request: Request, node: Node, around: set[str], named: set[str], vocabulary: Vocabulary
) -> Match | None:
    name = split_words(node.name)
    is_called = len(name) > 1 or (name and name[0] in request.content)
    if is_called and _contains(request.words, name):
        return Match(node, _NAMED, 'named in the request')
    own = _own_words(node)
    described = _context_words(node)
    score, why, is_by_purpose = 0.0, '', True
    for word in request.content:
        synonym_of = vocabulary.synonyms.get(word, frozenset()) & own
        for_what = vocabulary.purposes.get(word, frozenset()) & own
        if word in own:
            gain, reason = _CLASS, f"'{word}' is in its name"
        elif synonym_of:
            gain, reason = _SYNONYM, f"'{word}' is another word for {min(synonym_of)}"
        elif for_what and word not in named:
            gain, reason = _PURPOSE, f"'{word}' is what {min(for_what)} stands for"
        elif word in described:
            gain, reason = _CONTEXT, f"'{word}' is in its description"
        else:
            continue
        score, why = score + gain, why or reason
        is_by_purpose = is_by_purpose and gain == _PURPOSE
    if not score:
        return None
    score += _CONTEXT * len(around.intersection(request.content))
    return Match(node, score, why, is_by_purpose)


def _own_words(node: Node) -> set[str]:
    return {
        *split_words(node.name),
        *split_words(str(node.attributes.get('semantic_class', ''))),
    }


def _context_words(node: Node) -> set[str]:
    texts = [node.name, node.description]
    texts += [value for value in node.attributes.values() if isinstance(value, str)]
    return {word for text in texts for word in split_words(text)}


def _contains(words: tuple[str, ...], part: list[str]) -> bool:
    """Whether the part stands in the words, in order and without gap."""
    length = len(part)
    return any(list(words[i : i + length]) == part for i in range(len(words) - length + 1))
