# SPDX-License-Identifier: Apache-2.0
"""Whether a request is in another language than English, of which the reader would understand no
more than the names.
"""

from __future__ import annotations

import re
from itertools import chain

from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.tokens import spell_out
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.words.languages import LANGUAGES, find_language
from prism_core.domains.mapping.words.voices import voices_for
from prism_core.graph.calling import calls_of
from prism_core.graph.scene_graph import SceneGraph
from prism_core.text import phrase_pattern

_SLOT = re.compile(r'\{\w*\}')
_WORD = re.compile(r'[^\W\d_]+')
_MARK = re.compile('[¿¡]')
_MIN_UNKNOWN = 2
"""A single unknown word may be a name, or mistyped."""


def english_words(words: Words, cues: Cues) -> frozenset[str]:
    """The words of the house, of the voices that training hears, and of the lexicon."""
    lexicon = words.lexicon
    voices = (words.voices[name].values() for name in voices_for(False))
    house = (words.phrasings(group, False) for group in words.all_phrasings)
    texts = chain.from_iterable(chain(house, *voices, words.people_call.values()))
    entries = chain(
        (*lexicon.attribute_phrases, *lexicon.groups, *lexicon.regions, *lexicon.purposes),
        chain.from_iterable((*lexicon.regions.values(), *lexicon.purposes.values())),
        *((o.name, lexicon.plural(o.name), *o.synonyms) for o in lexicon.objects.values()),
    )
    said = _SLOT.sub(' ', ' '.join(chain(texts, entries)))
    used = cues.ignored | cues.own_words | cues.verbs | cues.way_nouns
    return used | frozenset(_WORD.findall(said.lower()))


def is_foreign(request: str, known_graph: SceneGraph, english: frozenset[str]) -> bool:
    """Whether a request has marks that English has not, or is in a language that is known, or half
    of its words or more, names aside, are none that are known in English.
    """
    if _MARK.search(request) or language_of(request, known_graph, english):
        return True
    said = _words_of(request, known_graph)
    unknown = said - english
    if len(unknown) < _MIN_UNKNOWN:
        return False
    called = chain.from_iterable(map(calls_of, known_graph.nodes.values()))
    unknown -= {word for name in called for word in _WORD.findall(name)}
    return len(unknown) >= _MIN_UNKNOWN and 2 * len(unknown) >= len(said)


def language_of(request: str, known_graph: SceneGraph, english: frozenset[str]) -> str:
    """The language of which more than half of the words of a request are, names aside, and more
    than are English; '' for none.
    """
    said = _words_of(request, known_graph)
    shares = {
        language.name: len(said & language.all_words)
        for language in filter(None, map(find_language, LANGUAGES))
    }
    likeliest = max(shares, key=shares.__getitem__)
    most = shares[likeliest]
    return likeliest if 2 * most > len(said) and most > len(said & english) else ''


def _words_of(request: str, known_graph: SceneGraph) -> frozenset[str]:
    """The words of a request but for the names of nodes, in small letters."""
    text = spell_out(request)
    names = phrase_pattern(name.lower() for name in known_graph.nodes)
    return frozenset(_WORD.findall(names.sub(' ', text)))
