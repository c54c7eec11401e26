# SPDX-License-Identifier: Apache-2.0
"""From a sentence to its words with the nouns named: which words mean objects, regions, purposes.

The tagged text has `O`, `R` or `P` where the sentence has an object, a region or a purpose, so that
patterns need to know no nouns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from prism_core.domains.mapping.intent import Target
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.known_nouns import KnownNouns
from prism_core.domains.mapping.reading.nouns import Index, Mention, Nouns, Role, add, sort
from prism_core.domains.mapping.reading.sentence import SaidAt, Sentence
from prism_core.domains.mapping.reading.tokens import (
    MAX_CHARS,
    Spelled,
    Tokens,
    singular,
    tokenize,
)
from prism_core.graph.names_in_text import NamesInText
from prism_core.graph.scene_graph import SceneGraph

# Where a small word is a state: the flare is out, lit or out, is it off now.
_BEFORE_STATE = frozenset(
    ('is', 'are', 'was', 'were', 'be', 'been', 'or', 'not', 'still', 'already')
)
_PRONOUNS = ('it', 'they')
_BEHIND_STATE = frozenset(('and', 'or', 'but', 'now', 'then', 'right', 'again', 'yet', 'already'))
# Where one of several that are called so may be meant, and no single one by its name.
_QUANTIFIERS = frozenset(('all', 'any', 'both', 'each', 'every', 'few', 'many', 'no', 'which'))
# What stands before a name that is a number or a small word, such as 3 or A.
_BEFORE_NAME = frozenset(
    (
        *('to', 'in', 'at', 'inside', 'into', 'of', 'from', 'near', 'via', 'between', 'is', 'are'),
        *('visit', 'inspect', 'check', 'describe', 'find', 'region', 'room', 'node', 'place'),
        *('area', 'zone', 'object', 'reach', 'map', 'explore'),
    )
)
_BETWEEN_NAMES = frozenset(('and', 'or', ',', 'then'))
_QUOTES = {'"': '"', "'": "'", '\u201c': '\u201d', '\u00ab': '\u00bb', '\u201e': '\u201c'}
_LETTERS: Mapping[Role, str] = {'object': 'O', 'region': 'R', 'purpose': 'P'}


class Tagger:
    """Finds the nouns of a lexicon, and of the graph at hand, in sentences."""

    def __init__(self, lexicon: Lexicon, cues: Cues):
        self._cues = cues
        self._nouns = Nouns(lexicon, cues)
        self._heads: dict[Role, Index] = {
            'object': self._heads_of('object'),
            'region': self._heads_of('region'),
        }

    def tag(self, request: str, graph: SceneGraph) -> Sentence:
        """Find what a sentence names."""
        spelled = Spelled(request[:MAX_CHARS])
        tokens = Tokens(spelled, self._cues.without_preamble(spelled.text))
        known = KnownNouns(graph, self._nouns)
        known.add_numbered(tokens.words, graph)
        known.add_unknown_names(request[:MAX_CHARS], self._nouns)
        sentence = self._tag(tokens, known, [])
        if not sentence.of('object', 'purpose') or not sentence.of('region', 'object'):
            sentence = self._tag(tokens, known, self._weak(sentence, known))
        return sentence

    def target_for(self, noun: str, kind: Literal['object', 'region'], graph: SceneGraph) -> Target:
        """What a noun means that may be in no file: itself if nothing else."""
        words = tokenize(noun)
        known = KnownNouns(graph, self._nouns)
        for form in (words, (*words[:-1], singular(words[-1]))):
            found = self._nouns.meanings(form, kind)
            if form in known.parts[kind]:
                found = [known.parts[kind][form]]
            if len(found) == 1:
                return known.localize(found[0].target)
        return Target(kind, classes=(' '.join((*words[:-1], singular(words[-1]))),))

    def localize(self, target: Target, graph: SceneGraph) -> Target:
        """A target with the other names that its classes have in a graph."""
        return KnownNouns(graph, self._nouns).localize(target)

    # ------------------------------------------------------------------------------ one sentence

    def _tag(self, tokens: Tokens, known: KnownNouns, weak: list[Index]) -> Sentence:
        items: list[str | Mention] = []
        starts: list[int] = []  # with which word each item begins
        words = tokens.words
        at = 0
        while at < len(words):
            length, found = self._longest(words, at, known.index, weak)
            if found is None:
                length, found = self._doubtful(tokens, at, known.doubtful, items)
            rest = words[at + length :]
            if (
                found is None
                or self._is_way(found, items, rest)
                or self._is_particle(found, items, rest)
            ):
                items.append(words[at])
                starts.append(at)
                at += 1
                continue
            start = at
            if found.role in ('object', 'region'):
                is_quoted = _takes_quotes(items, rest)
                found = self._noun_phrase(known.localized(found), items)
                if not _is_any(found, items):
                    said = tokens.said(at, at + length)
                    found = known.named(found, words[at : at + length], said)
                at += is_quoted
            elif found.role == 'purpose':
                found = replace(found, target=known.localize(found.target))
            start = min(start, *starts[len(items) :], len(words))  # its article is taken off
            starts[len(items) :] = [start]
            items.append(found)
            at += length
        spans = [tokens.span(*ends) for ends in zip(starts, [*starts[1:], len(words)])]
        return _join(items, spans)

    def _longest(
        self, words: Sequence[str], at: int, known: Index, weak: list[Index]
    ) -> tuple[int, Mention | None]:
        best: tuple[int, Mention | None] = (0, None)
        for rank, index in enumerate((known, self._nouns.index, *weak)):
            for phrase, mention in index.get(words[at], ()):
                length = len(phrase)
                if length <= best[0]:
                    break
                if tuple(words[at : at + length]) != phrase:
                    continue
                if rank < 2 or self._is_noun_place(words[:at], mention):
                    best = (length, mention)
                    break
        return best

    def _doubtful(
        self, tokens: Tokens, at: int, index: Index, items: Sequence[str | Mention]
    ) -> tuple[int, Mention | None]:
        """A number or a small word that is the name of a node, where one may stand."""
        words = tokens.words
        for phrase, mention in index.get(words[at], ()):
            end = at + len(phrase)
            if words[at:end] != phrase:
                continue
            name = mention.target.name
            spelled = [found.name for found in NamesInText((name,)).find(tokens.said(at, end))]
            if (spelled or mention.said) and self._is_name_place(name, items, words[end:]):
                return len(phrase), mention
        return 0, None

    def _is_name_place(
        self, name: str, items: Sequence[str | Mention], rest: Sequence[str]
    ) -> bool:
        before = items[-1] if items else ''
        if isinstance(before, Mention):
            return False
        if rest and _QUOTES.get(before) == rest[0]:
            return True
        others = [item for item in items if item not in _BETWEEN_NAMES]
        is_listed = before in _BETWEEN_NAMES and bool(others) and isinstance(others[-1], Mention)
        following = rest[0] if rest else ''
        if following in ('of', 'more', 'other') or not (before in _BEFORE_NAME or is_listed):
            return False
        if before in ('to', 'at') and name[-1].isdigit() and _is_last_number(rest):
            return False
        is_apart = not following[:1].isalnum() or following in self._cues.function_words
        if is_apart or (is_listed and name not in self._cues.articles):
            return True
        known = self._nouns.index.get(following, ())
        is_said_of = any(m.role in ('value', 'attribute') for _, m in known)
        return is_said_of and name not in self._cues.articles

    def _is_noun_place(self, before: Sequence[str], mention: Mention) -> bool:
        """Whether a part of a name may stand for it here."""
        previous = before[-1] if before else ''
        return mention.is_plural or previous in self._cues.articles or previous in self._cues.verbs

    def _is_way(self, found: Mention, items: Sequence[str | Mention], rest: Sequence[str]) -> bool:
        """Whether a region noun means a way between regions here, as in 'the direct road'."""
        if found.said not in self._cues.way_nouns or found.target.name:
            return False
        before, after = items[-1] if items else '', rest[0] if rest else ''
        return before in self._cues.before_way or after in self._cues.behind_way

    def _is_particle(
        self, found: Mention, items: Sequence[str | Mention], rest: Sequence[str]
    ) -> bool:
        """Whether a small word that may be a value, as out, has its other use, as in find out."""
        if found.role != 'value' or found.said not in self._cues.function_words:
            return False
        before = items[-1] if items else ''
        if before in _PRONOUNS:
            before = items[-2] if len(items) > 1 else ''
        is_said_of = isinstance(before, Mention) or before in _BEFORE_STATE
        return not is_said_of or bool(rest and rest[0].isalnum() and rest[0] not in _BEHIND_STATE)

    def _noun_phrase(self, noun: Mention, items: list[str | Mention]) -> Mention:
        """The noun with its adjectives and its article, which are taken off the items."""
        before = items[-1] if items else ''
        if (
            isinstance(before, str)
            and self._nouns.is_part(before)
            and len(noun.target.classes) == 1
        ):
            noun = replace(noun, kind=f'{before} {noun.target.classes[0]}')
        values: list[tuple[str, str]] = []
        looks: list[str] = []
        while noun.role == 'object' and noun.target.classes and items:
            before = items[-1]
            if not isinstance(before, Mention) or before.role != 'value':
                break
            values.insert(0, (before.attribute, before.value))
            looks.insert(0, before.said)
            items.pop()
        back = 1
        while back <= min(3, len(items)):
            word = items[-back]
            if isinstance(word, Mention):
                break
            article = self._cues.articles.get(word)
            if article is not None:
                looks = [*[str(w) for w in items[len(items) - back + 1 :]], *looks]
                if article == 'the' and _ends_with_one_of(items[:-back]):
                    article = 'a'
                if back == 1:
                    items.pop()
                noun = replace(noun, article=article)
                break
            if word in self._cues.function_words or not word.isalpha():
                break
            back += 1
        target = replace(noun.target, attributes=tuple(values))
        return replace(noun, target=target, looks=tuple(looks))

    def _weak(self, sentence: Sentence, known: KnownNouns) -> list[Index]:
        """Parts of the names of classes, where they leave no doubt: of known ones before others."""
        roles: list[Literal['object', 'region']] = []
        if not sentence.of('object', 'purpose'):
            roles.append('object')
        if not sentence.of('region', 'purpose'):
            roles.append('region')
        weak = [self._index_of(known.parts[role]) for role in roles]
        if not sentence.of('object', 'region'):
            weak += [self._heads[role] for role in roles]
        return weak

    def _index_of(self, parts: Mapping[tuple[str, ...], Mention]) -> Index:
        index: Index = {}
        for part, mention in parts.items():
            if part in self._nouns.by_words or not self._cues.ignored.isdisjoint(part):
                continue
            add(index, part, mention)
            plural = (*part[:-1], self._nouns.plural(part[-1]))
            add(index, plural, replace(mention, is_plural=True))
        sort(index)
        return index

    def _heads_of(self, role: Role) -> Index:
        """The ends of names that only one class of the lexicon has."""
        heads = {}
        for part, meanings in self._nouns.parts.items():
            only = meanings[0] if len(meanings) == 1 else None
            if only and only.role == role and tokenize(only.said)[-len(part) :] == part:
                heads[part] = only
        return self._index_of(heads)


def _is_last_number(rest: Sequence[str]) -> bool:
    """Whether one number more follows behind a mark, as in 3, 4: those are coordinates."""
    numbers = [word for word in rest if word[0].isdigit()]
    return rest[:1] in [(mark,) for mark in ',;/'] and len(numbers) == 1 and numbers[0] in rest[1:3]


def _takes_quotes(items: list[str | Mention], rest: Sequence[str]) -> bool:
    """Whether there are quotes around a noun; the first is taken off the items."""
    before = items[-1] if items else ''
    is_quoted = isinstance(before, str) and bool(rest) and _QUOTES.get(before) == rest[0]
    if is_quoted:
        items.pop()
    return is_quoted


def _is_any(noun: Mention, items: Sequence[str | Mention]) -> bool:
    """Whether a noun may mean any of its class, or says more of the one that it means."""
    says_more = noun.article == 'a' or noun.looks or noun.target.attributes
    return bool(says_more or (items and items[-1] in _QUANTIFIERS))


def _join(items: Sequence[str | Mention], spans: Sequence[tuple[int, int]]) -> Sentence:
    """The tagged text; values and attributes stand in it as they were said."""
    text = ''
    mentions = []
    sources = []
    for item, span in zip(items, spans):
        if isinstance(item, Mention):
            word = _LETTERS.get(item.role, item.said)
            mentions.append(replace(item, start=len(text), end=len(text) + len(word)))
        else:
            word = item
        sources.append(SaidAt(len(text), len(text) + len(word), *span))
        text += word + ' '
    return Sentence(text.rstrip(), tuple(mentions), tuple(sources))


def _ends_with_one_of(items: Sequence[str | Mention]) -> bool:
    return len(items) > 1 and items[-1] == 'of' and items[-2] in ('one', 'any', 'some', 'either')
