"""What a request forbids: words such as 'do not go to', 'avoid', 'anywhere but'.

No meaning has a place for them yet, so that whoever acted on the rest would do what was forbidden.
The words stand in `words/exclusions.json`, for text in which the nouns are X and the names of nodes
N; those that are harmless, alone or in sentences of some kind, stand there too.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from importlib import resources

from prism_core.calling import calls_of
from prism_core.domains.mapping.reading.cues import compile_phrases, load_cues
from prism_core.domains.mapping.reading.tokens import spell_out
from prism_core.intent import IntentKind, class_of
from prism_core.lexicon import Lexicon, phrase_pattern
from prism_core.scene_graph import SceneGraph

_DRIVING: tuple[IntentKind, ...] = ('go_to', 'reach', 'sequence', 'conditional', 'vague')
"""What is asked about whenever a negation is left that nothing accounts for."""
_NEGATED = re.compile(
    r"\b(is|are|was|were|do|does|did|have|has|had|would|should|could|must|need|ca|wo)n'?t\b"
)
_WHOLE = {'ca': 'can', 'wo': 'will'}
_UNKNOWN_NAME = re.compile(r'\b[a-z]+(?:_[a-z]+)*_\d+\b')
_CLAUSE_END = re.compile(r'[.;:!?,]|\b(?:and|but|then)\b')
_CLAUSE = re.compile(r'[^.;:!?,]*')
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
        self, request: str, known_graph: SceneGraph, read_kind: Callable[[], IntentKind]
    ) -> str:
        """What to ask before anything is done; '' where nothing in a request forbids anything.

        Args:
            request: any text.
            known_graph: the names of its nodes are no such words.
            read_kind: the kind of what the sentence means otherwise; called only at need.
        """
        spelled = _Spelled(request)
        exclusion, negation = self._patterns['exclusion'], self._patterns['negation']
        if not (exclusion.search(spelled.text) or negation.search(spelled.text)):
            return ''
        text = self._blank('harmless', self._masked(spelled.text, known_graph))
        kind = read_kind()
        text = self._blank(f'harmless_{"reach" if kind == "go_to" else kind}', text)
        found = exclusion.search(text)
        if found is not None:
            quoted = spelled.quote(*_to_clause_end(text, found))
            return f'I cannot keep to "{quoted}" yet. What should I do instead?'
        text = self._blank(f'read_{kind}', text)
        found = negation.search(text) if kind in _DRIVING else None
        if found is not None:
            clause = next(c for c in _CLAUSE.finditer(text) if c.end() > found.start())
            quoted = spelled.quote(clause.start(), clause.end())
            return f'I do not understand "{quoted}". What should I do?'
        return ''

    def _blank(self, key: str, text: str) -> str:
        """The text without what is harmless."""
        pattern = self._patterns.get(key)
        return text if pattern is None else pattern.sub(lambda m: '#' * len(m[0]), text)

    def _masked(self, text: str, graph: SceneGraph) -> str:
        """The text with letters in place of nouns and of the names of nodes."""
        names = {
            form
            for name in map(str.lower, graph.nodes)
            for form in (name, re.sub(r'[_\-.]', ' ', name))
            if form in text and not self._is_cue(form)
        }
        text = _mask(_UNKNOWN_NAME, 'N', _mask(_pattern(names), 'N', text))
        classes = {call for calls in set(map(calls_of, graph.nodes.values())) for call in calls}
        classes -= load_cues().function_words - {class_of(n) for n in graph.nodes.values()}
        forms = (f for name in classes for f in (name, self._lexicon.plural(name or 's')))
        known = {form for form in forms if form and form in text and not self._is_cue(form)}
        return _mask(self._nouns, 'X', _mask(_pattern(known), 'X', text))

    def _is_cue(self, phrase: str) -> bool:
        """Whether a single word, which may be what a node is called, excludes something."""
        is_one = ' ' not in phrase and '_' not in phrase
        return is_one and bool(
            self._patterns['exclusion'].search(f'{phrase} the')
            or self._patterns['negation'].search(phrase)
        )

    @cached_property
    def _nouns(self) -> re.Pattern[str]:
        lexicon = self._lexicon
        names = [*lexicon.objects, *lexicon.regions, *lexicon.groups]
        names += [s for entry in lexicon.objects.values() for s in entry.synonyms]
        names += [s for synonyms in lexicon.regions.values() for s in synonyms]
        purposes = [p for p, others in lexicon.purposes.items() for p in (p, *others)]
        nouns = [n for n in (*names, *map(lexicon.plural, names)) if not self._is_cue(n)]
        return phrase_pattern([*nouns, *(p for p in purposes if ' ' in p)])


class _Spelled:
    """A request in small letters and without contractions, and where its words come from."""

    def __init__(self, request: str):
        self._request = request
        self._starts: list[int] = []
        self._spans: list[tuple[int, int]] = []
        words = []
        length = 0
        for match in re.finditer(r'\S+', request):
            word = _spell_word(match[0])
            self._starts.append(length)
            self._spans.append(match.span())
            words.append(word)
            length += len(word) + 1
        self.text = ' '.join(words)

    def quote(self, start: int, end: int) -> str:
        """The words of the request between two places of the text, not too many."""
        first = bisect_right(self._starts, start + (self.text[start : start + 1] == ' ')) - 1
        last = bisect_right(self._starts, max(start, end - 1)) - 1
        quoted = self._request[self._spans[first][0] : self._spans[last][1]]
        quoted = ' '.join(quoted.split()).strip('.,;:!?"\'()- ')
        if len(quoted) <= _MAX_QUOTED_CHARS:
            return quoted
        return quoted[:_MAX_QUOTED_CHARS].rpartition(' ')[0] + ' ...'


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
