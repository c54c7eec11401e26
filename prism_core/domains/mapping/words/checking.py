# SPDX-License-Identifier: Apache-2.0
"""Which words call what is in a map: where none does, or one calls two things."""

from __future__ import annotations

from collections.abc import Iterator

from prism_core.domain.words_report import WordsReport
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.words import Words
from prism_core.graph.calling import class_of, classes_of, is_opaque, words_of_name
from prism_core.graph.elements import Node
from prism_core.graph.scene_graph import SceneGraph

_MIN_WORD_CHARS = 3


def check_words(words: Words, graph: SceneGraph) -> WordsReport:
    """Hold a map against the words for what is in it."""
    lexicon = words.lexicon
    claims: dict[str, dict[str, list[str]]] = {}
    for name, node in graph.nodes.items():
        for word in sorted(_words_for(node, lexicon)):
            claims.setdefault(word, {}).setdefault(_thing(node, lexicon), []).append(name)
    called = {word for node in graph.nodes.values() for word in lexicon.calls_of(node)}
    return WordsReport(
        unnamed=tuple(n for n, node in graph.nodes.items() if not _has_word(node, lexicon)),
        claimed={
            word: {thing: tuple(names) for thing, names in things.items()}
            for word, things in (*claims.items(), *_same_names(graph))
            if len(things) > 1
        },
        unused=tuple(name for name in words.site_nouns if called.isdisjoint(_meant(name, lexicon))),
    )


def _words_for(node: Node, lexicon: Lexicon) -> set[str]:
    """All words that call a node by its whole class, the lexicon's others for that among them."""
    found: set[str] = set()
    for name in classes_of(node):
        if _is_word(name, lexicon):
            for thing in {name, *lexicon.classes_of(name)}:
                entry = lexicon.objects.get(thing)
                synonyms = entry.synonyms if entry else lexicon.regions.get(thing, ())
                found.update((name, thing, *synonyms))
    return found


def _thing(node: Node, lexicon: Lexicon) -> str:
    """What a node is, by one word whichever the map has for it, and of which kind."""
    name = class_of(node)
    others = sorted(lexicon.classes_of(name) - {name})
    return f'{node.kind} {others[0] if len(others) == 1 else name}'


def _same_names(graph: SceneGraph) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Names that are the same words, such as `Dock 1` and `dock_1`."""
    named: dict[str, list[str]] = {}
    for name in graph.nodes:
        named.setdefault(' '.join(words_of_name(name)), []).append(name)
    for words, names in named.items():
        yield words, {f'{graph.nodes[name].kind} {name}': [name] for name in names}


def _has_word(node: Node, lexicon: Lexicon) -> bool:
    return any(_is_word(name, lexicon) for name in classes_of(node))


def _is_word(name: str, lexicon: Lexicon) -> bool:
    """Whether people could say a class: it is in the lexicon, or no code."""
    if lexicon.is_listed(name) or not name.isascii():
        return True
    is_spoken = any(word.isalpha() and len(word) >= _MIN_WORD_CHARS for word in name.split())
    return is_spoken and not is_opaque(name)


def _meant(name: str, lexicon: Lexicon) -> set[str]:
    """The classes that a word of a file is for."""
    return {name, *lexicon.meant_by(name)}
