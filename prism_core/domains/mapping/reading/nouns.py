"""The nouns that requests may have: those of the lexicon, and those of the graph at hand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.tokens import gerund, tokenize
from prism_core.intent import Target, class_of, class_of_name
from prism_core.lexicon import Lexicon
from prism_core.scene_graph import SceneGraph

_NODE_NAME = re.compile(r'\b[a-z]+(?:_[a-z]+)*_\d+\b')

Role = Literal['object', 'region', 'purpose', 'attribute', 'value']
Article = Literal['', 'a', 'the']


@dataclass(frozen=True)
class Mention:
    """Something that a sentence names, and from where to where in the tagged text.

    A role `attribute` or `value` stands in the text as it was said. `looks` are adjectives that are
    values of no attribute.
    """

    role: Role
    target: Target = field(default_factory=Target)
    attribute: str = ''
    value: str = ''
    said: str = ''
    article: Article = ''
    is_plural: bool = False
    looks: tuple[str, ...] = ()
    start: int = 0
    end: int = 0


Index = dict[str, list[tuple[tuple[str, ...], Mention]]]
"""By first word: phrases, the longest first, and what they mention."""


class Nouns:
    """The nouns of a lexicon, its attributes and its purposes.

    `by_words` holds classes by their names, `parts` by each part of a name, `index` every phrase.
    """

    def __init__(self, lexicon: Lexicon, cues: Cues):
        self.function_words = cues.function_words
        self._lexicon = lexicon
        self.by_words: dict[tuple[str, ...], Mention] = {}
        self.parts: dict[tuple[str, ...], list[Mention]] = {}
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
            for form, meant in forms.items():
                add(self.index, form, meant)
            for part in runs(words) if has_parts else ():
                meanings = self.parts.setdefault(part, [])
                if target not in [m.target for m in meanings]:
                    meanings.append(mention)

    def plural(self, word: str) -> str:
        """The plural of a word."""
        return self._lexicon.plural(word) if len(word) > 1 else word + 's'

    def meanings(self, words: tuple[str, ...], kind: str) -> list[Mention]:
        """The classes of a kind that have these words as name, or as a part of it."""
        exact = self.by_words.get(words)
        if exact is not None and exact.role == kind:
            return [exact]
        return [mention for mention in self.parts.get(words, ()) if mention.role == kind]


class KnownNouns:
    """What the graph at hand adds: the names of its nodes, and classes that are in no file."""

    def __init__(self, graph: SceneGraph, nouns: Nouns):
        self.index: Index = {}
        self._kinds: dict[str, set[str]] = {}
        self._aliases: dict[tuple[str, str], list[str]] = {}
        self.parts: dict[str, dict[tuple[str, ...], Mention]] = {'object': {}, 'region': {}}
        for node in graph.nodes.values():
            class_name = class_of(node)
            words = tokenize(node.name)
            if class_name != class_of_name(node.name) or words != tokenize(class_name):
                self._add(words, Mention(node.kind, Target(node.kind, name=node.name)), nouns)
            if node.kind not in self._kinds.setdefault(class_name, set()):
                self._kinds[class_name].add(node.kind)
                self._add_class(class_name, node.kind, nouns)
        doubtful = {part for kind in self.parts.values() for part, m in kind.items() if not m.said}
        for parts in self.parts.values():
            for part in doubtful:
                parts.pop(part, None)
        sort(self.index)

    def _add(self, words: tuple[str, ...], mention: Mention, nouns: Nouns) -> None:
        is_word = len(words) != 1 or words[0] not in nouns.function_words
        if is_word and any(word.isalpha() for word in words):
            add(self.index, words, mention)

    def _add_class(self, name: str, kind: Role, nouns: Nouns) -> None:
        words = tokenize(name)
        if not words:
            return
        exact = nouns.by_words.get(words)
        is_listed = exact is not None and exact.role == kind and name in exact.target.classes
        if not is_listed:
            target = Target('region' if kind == 'region' else 'object', classes=(name,))
            meanings = nouns.meanings(words, kind)
            if len(meanings) == 1:
                target = replace(target, classes=(name, *meanings[0].target.classes))
                for other in meanings[0].target.classes:
                    self._aliases.setdefault((kind, other), []).append(name)
            mention = Mention(kind, target, said=name)
            self._add(words, mention, nouns)
            plural = (*words[:-1], nouns.plural(words[-1]))
            self._add(plural, replace(mention, is_plural=True), nouns)
        whole = Mention(kind, Target('region' if kind == 'region' else 'object', classes=(name,)))
        for part in runs(words):
            if part != words:
                is_new = part not in self.parts[kind]
                self.parts[kind][part] = replace(whole, said=name if is_new else '')

    def add_unknown_names(self, text: str, nouns: Nouns) -> None:
        """Take what looks like the name of a node for one, such as `truck_99`."""
        for name in _NODE_NAME.findall(text):
            words = tokenize(name)
            if all(phrase != words for phrase, _ in self.index.get(words[0], ())):
                kind: Literal['object', 'region'] = 'object'
                if not nouns.meanings(words[:-1], kind) and nouns.meanings(words[:-1], 'region'):
                    kind = 'region'
                add(self.index, words, Mention(kind, Target(kind, name=name)))
                self.index[words[0]].sort(key=lambda entry: -len(entry[0]))

    def localized(self, mention: Mention) -> Mention:
        """A noun as it is meant here: a class that is known as region is one."""
        target = mention.target
        kinds = {kind for name in target.classes for kind in self._kinds.get(name, ())}
        if kinds and target.kind not in kinds:
            kind: Literal['object', 'region'] = 'region' if 'region' in kinds else 'object'
            target = replace(target, kind=kind)
        return replace(mention, role=target.kind, target=self.localize(target))

    def localize(self, target: Target) -> Target:
        """A target with the other names that its classes have in this graph."""
        others = [
            name for known in target.classes for name in self._aliases.get((target.kind, known), ())
        ]
        return replace(target, classes=tuple(dict.fromkeys((*target.classes, *others))))


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
