# SPDX-License-Identifier: Apache-2.0
"""Takes sentences of a home apart: clauses with a verb each, and what each speaks of. Knows the
words of words/reading.json, and no classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice

from prism_core.domains.household.words import load_words

_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[.,;:!?]")
_NAME_WORD = re.compile(r'[a-z0-9]+')
_POSSESSIVE = re.compile(r"(?<!that)(?<!let)'s?(?!\w)")
_STOPS = frozenset('.,;:!?')
_MARK = '>'
"""Before the sort of a link in a list of tokens, such as `>to`."""
_TOWARDS = (f'{_MARK}to', f'{_MARK}in')
_IRREGULAR = {'knives': 'knife', 'shelves': 'shelf', 'loaves': 'loaf', 'leaves': 'leaf'}
_NO_PLURAL = re.compile(r'.?.|.*(ss|us|is|series)')
_ES_PLURAL = re.compile(r'.*(ch|sh|x|ss|to)es')
_JOINS, _BETWEEN = ('of',), ('and',)
_TREATMENTS = ('heat', 'cool', 'clean', 'slice')
_MOST_WORDS, _MOST_CLAUSES = 8, 200
_WITH_ON = ('switch', 'look')
"""Verbs whose on or at is no link: turn on, look at."""


@dataclass(frozen=True)
class NounPhrase:
    """Something that a clause speaks of: its words in the singular, without articles, and how it
    is linked: '' what the clause is about, to (into), in (on), from, near, under, with, light.
    """

    words: tuple[str, ...]
    link: str = ''
    is_many: bool = False
    is_slice: bool = False


@dataclass(frozen=True)
class Clause:
    """A verb's sort ('' where there is none) and what is mentioned after it."""

    sort: str = ''
    mentions: tuple[NounPhrase, ...] = ()
    treatments: frozenset[str] = frozenset()
    """What is said to be done to things in it, or to have been done: heat, cool, clean, slice."""
    many: bool = False
    """Whether two of something are meant."""


@cache
def words_of(sort: str) -> frozenset[str]:
    """The words of a sort, such as `determiners`."""
    return frozenset(load_words('reading')[sort])


@cache
def singular_of(word: str) -> str:
    """A noun in the singular."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if not word.endswith('s') or _NO_PLURAL.fullmatch(word):
        return word
    if word.endswith('ies') and len(word) > 4:
        return f'{word[:-3]}y'
    return word[:-2] if _ES_PLURAL.fullmatch(word) else word[:-1]


@cache
def verb_sorts(word: str) -> tuple[str, ...]:
    """The sorts of deeds that a word can name, in any of its forms."""
    stems = _stems_of(word)
    return tuple(
        sort for sort, verbs in load_words('reading')['verbs'].items() if stems & frozenset(verbs)
    )


def _stems_of(word: str) -> frozenset[str]:
    stems = {word}
    for ending in ('s', 'es', 'd', 'ed', 'ing'):
        if word.endswith(ending) and len(word) - len(ending) > 1:
            stem = word[: -len(ending)]
            stems |= {stem, f'{stem}e'}
            if len(stem) > 3 and stem[-1] == stem[-2]:
                stems.add(stem[:-1])
    return frozenset(stems)


def split_words(name: str) -> list[str]:
    """The words of a name, as they stand in texts: HX-201, `larder_fridge-07`."""
    return _NAME_WORD.findall(name.lower())


def split_tokens(text: str) -> list[str]:
    """The words and stops of a text, its links (next to, in front of) one token each."""
    for pattern, plain in load_words('reading')['plain'].items():
        text = re.sub(pattern, plain, text, flags=re.IGNORECASE)
    text = _POSSESSIVE.sub('', text.lower().replace('\u2019', "'"))
    found = _TOKEN.findall(text)
    spaced = f' {" ".join(found)} '
    return _link_pattern().sub(_mark_link, spaced).split()


@cache
def _link_pattern() -> re.Pattern[str]:
    links = load_words('reading')['links']
    return re.compile(
        '(?<= )(?:' + '|'.join(f'({"|".join(many)})' for many in links.values()) + ')(?= )'
    )


def _mark_link(found: re.Match[str]) -> str:
    return _MARK + [*load_words('reading')['links']][(found.lastindex or 1) - 1]


def clauses_of(text: str) -> list[Clause]:
    """The clauses of a text in order, so many that every real text is read to its end."""
    parts = islice(_parts_of(split_tokens(text)), _MOST_CLAUSES)
    return [clause for part in parts if (clause := _clause_of(*part))]


def _parts_of(tokens: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The tokens verb by verb, with the sort of the verb."""
    sort, part = '', list[str]()
    for at, token in enumerate(tokens):
        sorts = verb_sorts(token)
        if sorts and _is_deed(tokens, at):
            yield sort, part
            sort, part = sorts[0], [token]
        else:
            part.append(token)
    yield sort, part


def _is_deed(tokens: Sequence[str], at: int) -> bool:
    """Whether a word that can be a verb is one: no noun or adjective."""
    before = tokens[at - 1] if at else '.'
    after = tokens[at + 1] if at + 1 < len(tokens) else '.'
    if after == 'of' or before in words_of('determiners'):
        return False
    if tokens[at].endswith('ing') or tokens[at] in words_of('always deeds'):
        return True
    if tokens[at].endswith('ed') and before != '.':
        return False
    if before in _STOPS or before in words_of('openers') or before in ('you', *_TOWARDS):
        return True
    if before.startswith(_MARK):
        return False
    return after in words_of('determiners') or after in words_of('pronouns')


def _clause_of(sort: str, tokens: Sequence[str]) -> Clause | None:
    mentions, chunk, link, many = [], list[str](), '', False
    treatments = {s for at, word in enumerate(tokens) for s in _treatments_of(word, at == 0)}
    for at, word in enumerate([*tokens, '.']):
        many = many or (word in words_of('many') and link in ('', 'with'))
        is_verb = bool(sort) and (at == 0 or (at == 1 and sort in _WITH_ON and word in _TOWARDS))
        if not (is_verb or _ends_chunk(word)):
            chunk.append(word)
            continue
        if mention := _mention_of(chunk, link):
            mentions.append(mention)
            link = ''
        chunk = []
        if word.startswith(_MARK) and not is_verb:
            link = word[1:]
        elif word in _BETWEEN and mentions and mentions[-1].link == 'near':
            link = 'near'  # between the lamp and the mug
        elif word in _STOPS or word in words_of('pronouns') or word in _BETWEEN:
            link = ''
    return Clause(sort, tuple(mentions), frozenset(treatments), many) if tokens else None


@cache
def _treatments_of(word: str, is_deed: bool = False) -> frozenset[str]:
    """What a word says to be done to something."""
    if word in words_of('tools') and not is_deed:
        return frozenset()
    sorts = verb_sorts(word)
    return frozenset(sort for sort in _TREATMENTS if sort in sorts or word in words_of(sort))


def _ends_chunk(token: str) -> bool:
    return (
        token in _STOPS
        or token.startswith(_MARK)
        or token in words_of('determiners')
        or token in words_of('fillers')
        or token in words_of('pronouns')
        or token in words_of('openers')
        or token in words_of('many')
    )


def _mention_of(chunk: Sequence[str], link: str) -> NounPhrase | None:
    slices = words_of('slice words')
    is_slice = any(word in slices for word in chunk)
    kept = [word for word in chunk if word not in slices and not _treatments_of(word)]
    while kept and kept[0] in _JOINS:
        kept = kept[1:]
    while kept and kept[-1] in _JOINS:
        kept = kept[:-1]
    if not kept and not is_slice:
        return None
    words = tuple(map(singular_of, kept[-_MOST_WORDS:]))
    is_many = bool(kept) and words[-1] != kept[-1] and not is_slice
    return NounPhrase(words, link, is_many, is_slice)
