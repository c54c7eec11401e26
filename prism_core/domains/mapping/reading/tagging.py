"""From a sentence to its words with the nouns named: which words mean objects, regions, purposes.

The tagged text has `O`, `R` or `P` where the sentence has an object, a region or a purpose, so that
patterns need to know no nouns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.nouns import (
    Index,
    KnownNouns,
    Mention,
    Nouns,
    Role,
    add,
    sort,
)
from prism_core.domains.mapping.reading.tokens import singular, spell_out, tokenize
from prism_core.intent import Target
from prism_core.lexicon import Lexicon
from prism_core.scene_graph import SceneGraph

_LETTERS: Mapping[Role, str] = {'object': 'O', 'region': 'R', 'purpose': 'P'}


@dataclass(frozen=True)
class Sentence:
    """A tagged text and its mentions in order."""

    text: str
    mentions: tuple[Mention, ...] = ()

    def of(self, *roles: Role) -> list[Mention]:
        """The mentions of some roles."""
        return [mention for mention in self.mentions if mention.role in roles]


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
        words = tokenize(self._cues.without_preamble(spell_out(request)))
        known = KnownNouns(graph, self._nouns)
        known.add_numbered(words, graph)
        known.add_unknown_names(request.lower(), self._nouns)
        sentence = self._tag(words, known, [])
        if not sentence.of('object', 'purpose') or not sentence.of('region', 'object'):
            sentence = self._tag(words, known, self._weak(sentence, known))
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

    def _tag(self, words: Sequence[str], known: KnownNouns, weak: list[Index]) -> Sentence:
        items: list[str | Mention] = []
        at = 0
        while at < len(words):
            length, found = self._longest(words, at, known.index, weak)
            if found is None or self._is_way(found, items, words[at + length :]):
                items.append(words[at])
                at += 1
                continue
            if found.role in ('object', 'region'):
                found = self._noun_phrase(known.localized(found), items)
            elif found.role == 'purpose':
                found = replace(found, target=known.localize(found.target))
            items.append(found)
            at += length
        return _join(items)

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


def _join(items: Sequence[str | Mention]) -> Sentence:
    """The tagged text; values and attributes stand in it as they were said."""
    text = ''
    mentions = []
    for item in items:
        if isinstance(item, Mention):
            word = _LETTERS.get(item.role, item.said)
            mentions.append(replace(item, start=len(text), end=len(text) + len(word)))
        else:
            word = item
        text += word + ' '
    return Sentence(text.rstrip(), tuple(mentions))


def _ends_with_one_of(items: Sequence[str | Mention]) -> bool:
    return len(items) > 1 and items[-1] == 'of' and items[-2] in ('one', 'any', 'some', 'either')
