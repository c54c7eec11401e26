# SPDX-License-Identifier: Apache-2.0
"""English spelling as far as reading requests needs it: tokens, contractions, endings."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache

_TOKEN = re.compile(r'\d+(?:\.\d+)?|[^\W\d_]+|[^\w\s]')
_HYPHEN = re.compile(r'_|(?<=\w)-(?=\w)')
MAX_CHARS = 2000
"""So much of a request is read."""
_FIRST_PERSON = {
    **dict.fromkeys(('our', 'your', 'his', 'her', 'their'), 'my'),
    **{'us': 'me', 'we': 'i'},
}
_CONTRACTIONS = [
    (re.compile(pattern), whole)
    for pattern, whole in (
        ('[\u2018\u2019`\u00b4]', "'"),
        (r"\bcan'?t\b|\bcannot\b", 'can not'),
        (r"\bwon't\b", 'will not'),
        (r"n't\b", ' not'),
        (r"\b(what|where|that|there|it|how|which|he|she)'s\b", r'\1 is'),
        (r"'re\b", ' are'),
        (r"'ve\b", ' have'),
        (r"'ll\b", ' will'),
        (r"'d\b", ' would'),
        (r"\bi'm\b", 'i am'),
        (r"'s\b", ''),
    )
]
_PLURALS = (('ies', 'y'), ('sses', 'ss'), ('ches', 'ch'), ('shes', 'sh'), ('xes', 'x'), ('s', ''))


@lru_cache(maxsize=4096)
def tokenize(text: str) -> tuple[str, ...]:
    """The words, numbers and marks of a text, lower-case; of persons, the first only."""
    words = _TOKEN.findall(_HYPHEN.sub(' ', text.lower()))
    return tuple(_FIRST_PERSON.get(word, word) for word in words)


def spell_out(request: str) -> str:
    """The beginning of a text in lower case and without contractions."""
    text = unicodedata.normalize('NFC', request[:MAX_CHARS]).lower()
    for pattern, whole in _CONTRACTIONS:
        text = pattern.sub(whole, text)
    return text


class Spelled:
    """A request with each of its words spelled out, and where they come from."""

    def __init__(self, request: str, spell: Callable[[str], str] = spell_out):
        self._request = request
        self._starts: list[int] = []
        self._spans: list[tuple[int, int]] = []
        words = []
        length = 0
        for match in re.finditer(r'\S+', request):
            word = spell(match[0])
            self._starts.append(length)
            self._spans.append(match.span())
            words.append(word)
            length += len(word) + 1
        self.text = ' '.join(words)

    def said(self, start: int, end: int) -> str:
        """The whole words of the request from which the text between two places comes."""
        return self._request[slice(*self.span(start, end))]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where those words stand in the request."""
        first = bisect_right(self._starts, start + (self.text[start : start + 1] == ' ')) - 1
        last = bisect_right(self._starts, max(start, end - 1)) - 1
        return self._spans[first][0], self._spans[last][1]

    def place(self, said_start: int, said_end: int) -> tuple[int, int]:
        """Where in the text stand the words of a part of the request."""
        within = [
            at
            for at, (start, end) in enumerate(self._spans)
            if start < said_end and said_start < end
        ]
        if not within:
            return 0, 0
        ends = [*self._starts[1:], len(self.text) + 1]
        return self._starts[within[0]], ends[within[-1]] - 1


class Tokens:
    """The tokens of the end of a text that was spelled out."""

    def __init__(self, spelled: Spelled, end: str):
        self._spelled, self._offset = spelled, len(spelled.text) - len(end)
        matches = [*_TOKEN.finditer(_HYPHEN.sub(' ', end))]
        self._spans = [match.span() for match in matches]
        self.words = tuple(_FIRST_PERSON.get(match[0], match[0]) for match in matches)

    def said(self, start: int, end: int) -> str:
        """The whole words of the request that hold some of the tokens."""
        first, last = self._spans[start][0], self._spans[end - 1][1]
        return self._spelled.said(self._offset + first, self._offset + last)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the whole words stand in the request that hold some of the tokens."""
        first, last = self._spans[start][0], self._spans[end - 1][1]
        return self._spelled.span(self._offset + first, self._offset + last)


def singular(word: str) -> str:
    """A word without its plural ending."""
    for plural, ending in _PLURALS:
        if len(word) > len(plural) + 2 and word.endswith(plural) and not word.endswith('ss'):
            return word[: -len(plural)] + ending
    return word


def gerund(verb: str) -> str:
    """The form in -ing of a verb."""
    if verb.endswith('e') and not verb.endswith('ee'):
        return verb[:-1] + 'ing'
    if re.fullmatch('[^aeiou]*[aeiou][^aeiouwxy]', verb):
        return verb + verb[-1] + 'ing'
    return verb + 'ing'


def stem(word: str) -> str:
    """A word without its endings, so that forms of one word are alike."""
    word = singular(word)
    for ending in ('ing', 'ed'):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            word = word[: -len(ending)]
            return word[:-1] if word[-1] == word[-2] and word[-1] not in 'ls' else word
    return word[:-1] if word.endswith('e') and len(word) > 4 else word
