# SPDX-License-Identifier: Apache-2.0
"""The nouns that requests may have: those of the lexicon, and how those of a graph are said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from prism_core.domains.mapping.intent import Target
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.tokens import gerund, spell_out, tokenize
from prism_core.graph.calling import ends_of, words_of_name
from prism_core.graph.elements import NodeKind

_MAX_KEPT = 32_768
_MIN_JOINED_CHARS = 3
UNKNOWN_NAME = re.compile(r'\b[^\W\d_]+(?:(?:_[^\W\d_]+)*_\d+\b|\(\d+\))|\b[A-Z]{1,4}-\d+[A-Z]?\b')
"""What looks like the name of a node that nobody knows, such as `truck_99` or `O(99)`."""

Role = Literal['object', 'region', 'purpose', 'attribute', 'value']
Article = Literal['', 'a', 'the']


@dataclass(frozen=True)
class Mention:
    """Something that a sentence names, and from where to where in the tagged text.

    A role `attribute` or `value` stands in the text as it was said. `looks` are adjectives that are
    values of no attribute; `kind` is the class with the noun before it, as in fire truck, where it
    is no class that is known.
    """

    role: Role
    target: Target = field(default_factory=Target)
    attribute: str = ''
    value: str = ''
    said: str = ''
    article: Article = ''
    is_plural: bool = False
    looks: tuple[str, ...] = ()
    kind: str = ''
    start: int = 0
    end: int = 0


Phrase = tuple[tuple[str, ...], Mention]
Index = dict[str, list[tuple[tuple[str, ...], Mention]]]
"""By first word: phrases, the longest first, and what they mention."""


class Nouns:
    """The nouns of a lexicon, its attributes and its purposes.

    `by_words` holds classes by their names, `parts` by each part of a name, `index` every phrase.
    """

    def __init__(self, lexicon: Lexicon, cues: Cues):
        self.function_words = cues.function_words
        self._ignored = cues.ignored | cues.way_nouns
        self._kept: dict[tuple, Any] = {}
        self._lexicon = lexicon
        self.by_words: dict[tuple[str, ...], Mention] = {}
        self.parts: dict[tuple[str, ...], list[Mention]] = {}
        self._joined: dict[str, Mention] = {}
        self.index: Index = {}
        for name in lexicon.objects:
            synonyms = (*lexicon.objects[name].synonyms, *cues.synonyms.get(name, ()))
            self._add_class(lexicon, Target(classes=(name,)), (name, *synonyms))
        for name, synonyms in lexicon.regions.items():
            names = (name, *synonyms, *cues.synonyms.get(name, ()))
            self._add_class(lexicon, Target('region', classes=(name,)), names)
        for name, classes in lexicon.groups.items():
            names = (name, *cues.synonyms.get(name, ()))
            self._add_class(lexicon, Target(classes=classes), names, has_parts=False)
        for purpose, phrases in lexicon.purposes.items():
            target = Target(classes=lexicon.classes_for[purpose], purpose=purpose)
            for phrase in (purpose, *phrases):
                first, *rest = tokenize(phrase)
                for verb in (first, gerund(first)):
                    add(self.index, (verb, *rest), Mention('purpose', target, said=phrase))
        for phrase, (key, value) in lexicon.attribute_phrases.items():
            role: Role = 'value' if value else 'attribute'
            add(self.index, tokenize(phrase), Mention(role, Target(), key, value, phrase))
        sort(self.index)

    def _add_class(
        self, lexicon: Lexicon, target: Target, names: Iterable[str], *, has_parts: bool = True
    ) -> None:
        role: Role = target.kind
        for name in names:
            mention = Mention(role, target, said=name)
            words = tokenize(name)
            self.by_words[words] = mention
            forms = {words: mention}
            forms.setdefault(tokenize(lexicon.plural(name)), replace(mention, is_plural=True))
            if len(words) == 2:
                forms.setdefault((''.join(words),), mention)
                self._joined[''.join(words)] = mention
            for form, meant in forms.items():
                add(self.index, form, meant)
            for part in runs(words) if has_parts else ():
                meanings = self.parts.setdefault(part, [])
                if target not in [m.target for m in meanings]:
                    meanings.append(mention)

    def plural(self, word: str) -> str:
        """The plural of a word."""
        return self._lexicon.plural(word) if len(word) > 1 else word + 's'

    def is_part(self, word: str) -> bool:
        """Whether a word is part of the name of a class."""
        return (word,) in self.parts and word not in self._ignored

    # What follows is asked for with every request, for each node and class of a graph, and kept.

    def of_name(self, name: str, kind: NodeKind, classes: tuple[str, ...]) -> NameNouns:
        """The phrases by which a node is named."""
        return self._keep(self._of_name, name, kind, classes)

    def of_class(self, name: str, kind: NodeKind) -> ClassNouns:
        """What a class of known nodes adds."""
        return self._keep(self._of_class, name, kind)

    def of_end(self, end: str, kind: NodeKind, class_name: str) -> tuple[Phrase, ...]:
        """The phrases by which the end of a class mentions a class; none where they have a use in
        sentences already.
        """
        return self._keep(self._of_end, end, kind, class_name)

    def _keep(self, make: Callable[..., Any], *key: Any) -> Any:
        kept = (make.__name__, *key)
        found = self._kept.get(kept)
        if found is None:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            found = self._kept[kept] = make(*key)
        return found

    def _of_name(self, name: str, kind: NodeKind, classes: tuple[str, ...]) -> NameNouns:
        words, parts = tokenize(spell_out(name)), tuple(words_of_name(name))
        named = Mention(kind, Target(kind, name=name))
        forms = tuple(dict.fromkeys(form for form in (words, parts) if form))
        sure = [form for form in forms if self._may_stand(form)]
        doubtful = [] if words in sure else [(words, named)]
        if len(classes) == 1 and words == tokenize(spell_out(classes[0])):
            sure = []
        return NameNouns(forms, tuple((form, named) for form in sure), tuple(doubtful))

    def _of_class(self, name: str, kind: NodeKind) -> ClassNouns:
        words = tokenize(spell_out(name))
        if not words:
            return ClassNouns((), (), (), ())
        exact = self.by_words.get(words)
        is_listed = exact is not None and exact.role == kind and name in exact.target.classes
        phrases, aliases, ends = list[Phrase](), list[tuple[str, str]](), list[str]()
        if not is_listed:
            target = Target(kind, classes=(name,))
            meanings = self.meanings(words, kind)
            if len(meanings) == 1:
                target = replace(target, classes=(name, *meanings[0].target.classes))
                aliases += [(other, name) for other in meanings[0].target.classes]
            phrases += self._forms(words, Mention(kind, target, said=name))
        for end in sorted(ends_of(name) - {name}, key=len) if exact is None else ():
            listed = self.by_words.get(tokenize(end))
            if listed is None or listed.role != kind:
                ends.append(end)
            else:  # a pickup lorry is a truck
                aliases += [(other, end) for other in listed.target.classes if other != end]
        for other in self._ends_within(words, kind) if exact is None else ():
            aliases.append((other, name))
        sure = Mention(kind, Target(kind, classes=(name,)), said=name)
        doubtful = replace(sure, said='')
        # Of a class that is in no file, an end calls it, and no other part.
        parts = runs(words) - {words} if exact is not None else ()
        forms = tuple((part, sure, doubtful) for part in parts)
        return ClassNouns(tuple(phrases), tuple(aliases), tuple(ends), forms)

    def _ends_within(self, words: tuple[str, ...], kind: NodeKind) -> Iterator[str]:
        """The classes that end a word which is two known ones, such as the lamp of `tablelamp`."""
        word = words[0] if len(words) == 1 else ''
        for at in range(_MIN_JOINED_CHARS, len(word) - _MIN_JOINED_CHARS + 1):
            end = self.by_words.get((word[at:],))
            if end is not None and end.role == kind and (word[:at],) in self.by_words:
                yield from end.target.classes

    def _of_end(self, end: str, kind: NodeKind, class_name: str) -> tuple[Phrase, ...]:
        words = tokenize(end)
        if not self._ignored.isdisjoint(words):
            return ()
        if any(phrase == words for phrase, _ in self.index.get(words[0], ())):
            return ()
        return self._forms(words, Mention(kind, Target(kind, classes=(class_name,)), said=end))

    def _forms(self, words: tuple[str, ...], mention: Mention) -> tuple[Phrase, ...]:
        plural = (*words[:-1], self.plural(words[-1]))
        forms = ((words, mention), (plural, replace(mention, is_plural=True)))
        return tuple(form for form in forms if self._may_stand(form[0]))

    def _may_stand(self, words: tuple[str, ...]) -> bool:
        """Whether words may be the name of something."""
        is_word = len(words) != 1 or words[0] not in self.function_words
        return is_word and any(word.isalpha() for word in words)

    def meanings(self, words: tuple[str, ...], kind: str) -> list[Mention]:
        """The classes of a kind that have these words as name, or as a part of it."""
        exact = self.by_words.get(words) or self._joined.get(' '.join(words))
        if exact is not None and exact.role == kind:
            return [exact]
        return [mention for mention in self.parts.get(words, ()) if mention.role == kind]


class NameNouns(NamedTuple):
    """How the name of a node may stand in a sentence: all forms; the phrases that mention it where
    its class alone does not; and those of which the words are small ones or numbers.
    """

    forms: tuple[tuple[str, ...], ...]
    phrases: tuple[Phrase, ...]
    doubtful: tuple[Phrase, ...]


class ClassNouns(NamedTuple):
    """What a class of known nodes adds: phrases that mention it; of classes in files, other names;
    its ends, where it is in no file; and its parts, each for one class and for several.
    """

    phrases: tuple[Phrase, ...]
    aliases: tuple[tuple[str, str], ...]
    ends: tuple[str, ...]
    parts: tuple[tuple[tuple[str, ...], Mention, Mention], ...]


def runs(words: tuple[str, ...]) -> set[tuple[str, ...]]:
    """Every contiguous part of some words."""
    ends = range(1, len(words) + 1)
    return {words[start:end] for end in ends for start in range(end)}


def add(index: Index, words: tuple[str, ...], mention: Mention) -> None:
    """Put a phrase into an index."""
    if words:
        index.setdefault(words[0], []).append((words, mention))


def sort(index: Index) -> None:
    """Put the longest phrases first."""
    for entries in index.values():
        entries.sort(key=lambda entry: -len(entry[0]))
