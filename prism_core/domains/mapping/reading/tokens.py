"""English spelling as far as reading requests needs it: tokens, contractions, endings."""

from __future__ import annotations

import re
from functools import lru_cache

_TOKEN = re.compile(r'\d+(?:\.\d+)?|[^\W\d_]+|[^\w\s]')
_HYPHEN = re.compile(r'_|(?<=\w)-(?=\w)')
_MAX_CHARS = 2000
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
    text = request[:_MAX_CHARS].lower()
    for pattern, whole in _CONTRACTIONS:
        text = pattern.sub(whole, text)
    return text


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
