# SPDX-License-Identifier: Apache-2.0
"""What a request forbids: words such as 'do not go to', 'avoid', 'anywhere but'.

No meaning has a place for them yet, so that whoever acted on the rest would do what was forbidden.
The words stand in `words/exclusions.json`, for text in which the nouns are X and the names of nodes
N; those that are harmless, alone or in sentences of some kind, stand there too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property, lru_cache
from importlib import resources

from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.reading.cues import compile_phrases, load_cues
from prism_core.domains.mapping.reading.nouns import UNKNOWN_NAME
from prism_core.domains.mapping.reading.tokens import Spelled, spell_out
from prism_core.graph.calling import calls_of, class_of
from prism_core.graph.scene_graph import SceneGraph
from prism_core.text import phrase_pattern

_NEGATED = re.compile(
    r"\b(is|are|was|were|do|does|did|have|has|had|would|should|could|must|need|ca|wo)n'?t\b"
)
_WHOLE = {'ca': 'can', 'wo': 'will'}
_CLAUSE_END = re.compile(r'[.;:!?,]|\b(?:and|but|then)\b')
_CLAUSE = re.compile(r'[^.;:!?,]*')
_BEFORE_NAMES = re.compile(r'\b(?:bypass|skip|minus|stay|keep|remain|steer|stand|leav|forget|but)')
_WORD = re.compile(r'[^\W_]+')
_MAX_QUOTED_CHARS = 80


class Exclusions:
    """Finds them in requests.

    Args:
        lexicon: its nouns and purposes are no such words, though they may hold them.
    """

    def __init__(self, lexicon: Lexicon):
        self._lexicon = lexicon
        self._patterns = _load_patterns()

    def question(
        self,
        request: str,
        known_graph: SceneGraph,
        read_kind: Callable[[], Kind],
        find_kept: Callable[[], Iterable[tuple[int, int]]] = tuple,
    ) -> str:
        """What to ask before anything is done; '' where nothing in a request forbids anything.

        Args:
            request: any text.
            known_graph: the names of its nodes are no such words.
            read_kind: the kind of what the sentence means otherwise; called only at need.
            find_kept: the places in the request of what is kept to; called only at need.
        """
        spelled = Spelled(request, _spell_word)
        exclusion, negation = self._patterns['exclusion'], self._patterns['negation']
        if not any(p.search(spelled.text) for p in (exclusion, negation, _BEFORE_NAMES)):
            return ''
        text = self._masked(spelled.text, known_graph)
        for place in find_kept():
            start, end = spelled.place(*place)
            text = text[:start] + '#' * (end - start) + text[end:]
        text = self._blank('harmless', text)
        kind = read_kind()
        text = self._blank(f'harmless_{kind.harmless_as or kind.name}', text)
        found = exclusion.search(text)
        if found is not None:
            quoted = _quote(spelled, *_to_clause_end(text, found))
            return f'I cannot keep to "{quoted}" yet. What should I do instead?'
        text = self._blank(f'read_{kind.name}', text)
        found = negation.search(text) if kind.must_be_accounted_for else None
        if found is not None:
            clause = next(c for c in _CLAUSE.finditer(text) if c.end() > found.start())
            quoted = _quote(spelled, clause.start(), clause.end())
            return f'I do not understand "{quoted}". What should I do?'
        return ''

    def _blank(self, key: str, text: str) -> str:
        """The text without what is harmless."""
        pattern = self._patterns.get(key)
        return text if pattern is None else pattern.sub(lambda m: '#' * len(m[0]), text)

    def _masked(self, text: str, graph: SceneGraph) -> str:
        """The text with letters in place of nouns and of the names of nodes."""
        forms = (form for name in graph.nodes for form in _forms(name) if form in text)
        names = {form for form in forms if not self._is_cue(form)}
        text = _mask(UNKNOWN_NAME, 'N', _mask(_pattern(names), 'N', text))
        called = {(class_of(node), calls_of(node)) for node in graph.nodes.values()}
        classes = {call for name, calls in called if not self._is_cue(name) for call in calls}
        classes -= load_cues().function_words - {name for name, _ in called}
        forms = (f for name in classes for f in (name, self._lexicon.plural(name or 's')))
        known = {form for form in forms if form and form in text and not self._is_cue(form)}
        return _mask(self._nouns, 'X', _mask(_pattern(known), 'X', text))

    def _is_cue(self, phrase: str) -> bool:
        """Whether what a node may be called excludes something, or what stands behind it: a single
        word, nothing but small words, or an end such as `do not enter`.
        """
        words = _WORD.findall(phrase)
        found = self._patterns['exclusion'].search(f'{phrase} the')
        if len(words) == 1 or load_cues().function_words.issuperset(words):
            return bool(found or self._patterns['negation'].search(phrase))
        return found is not None and found.end() >= len(phrase)

    @cached_property
    def _nouns(self) -> re.Pattern[str]:
        lexicon = self._lexicon
        names = [*lexicon.objects, *lexicon.regions, *lexicon.groups]
        names += [s for entry in lexicon.objects.values() for s in entry.synonyms]
        names += [s for synonyms in lexicon.regions.values() for s in synonyms]
        purposes = [p for p, others in lexicon.purposes.items() for p in (p, *others)]
        nouns = [n for n in (*names, *map(lexicon.plural, names)) if not self._is_cue(n)]
        return phrase_pattern([*nouns, *(p for p in purposes if ' ' in p)])


def _quote(spelled: Spelled, start: int, end: int) -> str:
    """The words of the request between two places of the text, not too many."""
    quoted = ' '.join(spelled.said(start, end).split()).strip('.,;:!?"\'- ')
    if quoted.count('(') != quoted.count(')'):  # else it ends with a name, such as R(3)
        quoted = quoted.strip('()')
    if len(quoted) <= _MAX_QUOTED_CHARS:
        return quoted
    return quoted[:_MAX_QUOTED_CHARS].rpartition(' ')[0] + ' ...'


@lru_cache(maxsize=32_768)
def _forms(name: str) -> tuple[str, ...]:
    """A name as it may stand in a text that is spelled out."""
    spelled = Spelled(name, _spell_word).text
    return tuple({name.lower(), spelled, re.sub(r'[_\-.]', ' ', spelled)})


def _spell_word(word: str) -> str:
    """A word without contractions, its hyphens as spaces."""
    whole = re.sub('[\u2018\u2019`\u00b4]', "'", word.lower())
    whole = _NEGATED.sub(lambda m: f'{_WHOLE.get(m[1], m[1])} not', whole)
    return re.sub(r'(?<=[a-z])-(?=[a-z])', ' ', spell_out(whole))


def _to_clause_end(text: str, found: re.Match[str]) -> tuple[int, int]:
    """From a match to where its clause ends."""
    end = _CLAUSE_END.search(text, found.end())
    return found.start(), end.start() if end is not None else len(text)


def _pattern(phrases: Iterable[str]) -> re.Pattern[str] | None:
    phrases = [*phrases]
    return phrase_pattern(phrases) if phrases else None


def _mask(pattern: re.Pattern[str] | None, letter: str, text: str) -> str:
    """The text with a letter, as often as needed, in place of what a pattern finds."""
    return text if pattern is None else pattern.sub(lambda m: letter * len(m[0]), text)


@cache
def _load_patterns() -> Mapping[str, re.Pattern[str]]:
    folder = resources.files('prism_core.domains.mapping').joinpath('words')
    data = json.loads(folder.joinpath('exclusions.json').read_text('utf-8'))
    return {key: compile_phrases(phrases) for key, phrases in data.items()}
