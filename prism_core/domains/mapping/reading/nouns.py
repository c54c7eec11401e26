"""The nouns that requests may have: those of the lexicon, and those of the graph at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any, Literal, NamedTuple

from prism_core.calling import classes_of, ends_of
from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.tokens import gerund, tokenize
from prism_core.graph_elements import NodeKind
from prism_core.intent import Target, words_of_name
from prism_core.lexicon import Lexicon
from prism_core.scene_graph import SceneGraph

_MAX_KEPT = 32_768
_NODE_NAME = re.compile(r'\b[a-z]+(?:_[a-z]+)*_\d+\b')

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

    def is_part(self, word: str) -> bool:
        """Whether a word is part of the name of a class."""
        return (word,) in self.parts and word not in self._ignored

    # What follows is asked for with every request, for each node and class of a graph, and kept.

    def of_name(self, name: str, kind: NodeKind, classes: tuple[str, ...]) -> tuple[Phrase, ...]:
        """The phrases by which a node is named that its class alone does not give."""
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

    def _of_name(self, name: str, kind: NodeKind, classes: tuple[str, ...]) -> tuple[Phrase, ...]:
        words, parts = tokenize(name), tuple(words_of_name(name))
        if len(classes) == 1 and words == tokenize(classes[0]):
            return ()
        named = Mention(kind, Target(kind, name=name))
        forms = (words, parts) if len(parts) > len(words) else (words,)
        return tuple((form, named) for form in forms if self._may_stand(form))

    def _of_class(self, name: str, kind: NodeKind) -> ClassNouns:
        words = tokenize(name)
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
        sure = Mention(kind, Target(kind, classes=(name,)), said=name)
        doubtful = replace(sure, said='')
        # Of a class that is in no file, an end calls it, and no other part.
        parts = runs(words) - {words} if exact is not None else ()
        forms = tuple((part, sure, doubtful) for part in parts)
        return ClassNouns(tuple(phrases), tuple(aliases), tuple(ends), forms)

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
        exact = self.by_words.get(words)
        if exact is not None and exact.role == kind:
            return [exact]
        return [mention for mention in self.parts.get(words, ()) if mention.role == kind]


class ClassNouns(NamedTuple):
    """What a class of known nodes adds: phrases that mention it; of classes in files, other names;
    its ends, where it is in no file; and its parts, each for one class and for several.
    """

    phrases: tuple[Phrase, ...]
    aliases: tuple[tuple[str, str], ...]
    ends: tuple[str, ...]
    parts: tuple[tuple[tuple[str, ...], Mention, Mention], ...]


class KnownNouns:
    """What the graph at hand adds: the names of its nodes, and classes that are in no file."""

    def __init__(self, graph: SceneGraph, nouns: Nouns):
        self.index: Index = {}
        self._kinds: dict[str, set[str]] = {}
        self._ends: dict[tuple[NodeKind, str], list[str]] = {}
        self._end_kinds: dict[str, set[str]] = {}
        self._aliases: dict[tuple[str, str], list[str]] = {}
        self.parts: dict[str, dict[tuple[str, ...], Mention]] = {'object': {}, 'region': {}}
        for node in graph.nodes.values():
            classes = classes_of(node)
            for words, mention in nouns.of_name(node.name, node.kind, classes):
                add(self.index, words, mention)
            for class_name in classes:
                if node.kind not in self._kinds.setdefault(class_name, set()):
                    self._kinds[class_name].add(node.kind)
                    self._add_class(class_name, node.kind, nouns)
        self._add_ends(nouns)
        doubtful = {part for kind in self.parts.values() for part, m in kind.items() if not m.said}
        for parts in self.parts.values():
            for part in doubtful:
                parts.pop(part, None)
        sort(self.index)

    def _add_class(self, name: str, kind: NodeKind, nouns: Nouns) -> None:
        found = nouns.of_class(name, kind)
        for words, mention in found.phrases:
            add(self.index, words, mention)
        for other, alias in found.aliases:
            self._aliases.setdefault((kind, other), []).append(alias)
        for end in found.ends:
            self._end_kinds.setdefault(end, set()).add(kind)
            self._ends.setdefault((kind, end), []).append(name)
        known = self.parts[kind]
        for part, sure, doubtful in found.parts:
            known[part] = doubtful if part in known else sure

    def _add_ends(self, nouns: Nouns) -> None:
        """Let the ends of classes call them, such as a crane a gantry crane; where several have an
        end, any of them.
        """
        for (kind, end), names in self._ends.items():
            is_one = len(names) == 1 and end not in self._kinds
            for words, mention in nouns.of_end(end, kind, names[0] if is_one else end):
                add(self.index, words, mention)

    def add_numbered(self, words: Sequence[str], graph: SceneGraph) -> None:
        """Take the end of a name with its number for the name, where only one node has it: truck 12
        for `service_truck_12`.
        """
        said = {
            (words[at - 1], words[at]): words[: at + 1]
            for at in range(1, len(words))
            if words[at - 1].isalpha() and words[at][0].isdigit()
        }
        found: dict[tuple[str, ...], list[str]] = {}
        for name in graph.nodes if said else ():
            parts = words_of_name(name)
            before = said.get((parts[-2], parts[-1])) if len(parts) > 2 else None
            if before is not None:
                alike = takewhile(lambda pair: pair[0] == pair[1], zip(parts[::-1], before[::-1]))
                found.setdefault(tuple(parts[-len([*alike]) :]), []).append(name)
        for end, names in found.items():
            is_name = any(phrase == end for phrase, _ in self.index.get(end[0], ()))
            if len(names) == 1 and not is_name:
                kind = graph.nodes[names[0]].kind
                add(self.index, end, Mention(kind, Target(kind, name=names[0])))
                self.index[end[0]].sort(key=lambda entry: -len(entry[0]))

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
        kinds = {kind for name in target.classes for kind in self._kinds.get(name, ())} or {
            kind for name in target.classes for kind in self._end_kinds.get(name, ())
        }
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
