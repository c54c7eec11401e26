# SPDX-License-Identifier: Apache-2.0
"""The nouns that the graph at hand adds to those of the lexicon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Literal

from prism_core.domains.mapping.intent import Target
from prism_core.domains.mapping.reading.nouns import (
    UNKNOWN_NAME,
    Index,
    Mention,
    Nouns,
    add,
    sort,
)
from prism_core.domains.mapping.reading.tokens import spell_out, tokenize
from prism_core.graph.calling import (
    calls_of,
    class_of_name,
    classes_of,
    is_called_exactly,
    words_of_name,
)
from prism_core.graph.elements import Node, NodeKind
from prism_core.graph.names_in_text import NamesInText
from prism_core.graph.scene_graph import SceneGraph

_MAX_WORDS = 4
"""So many words at most are the class before a number."""


class KnownNouns:
    """What the graph at hand adds: the names of its nodes, and classes that are in no file."""

    def __init__(self, graph: SceneGraph, nouns: Nouns):
        self.index: Index = {}
        self.doubtful: Index = {}
        self._graph, self._nouns = graph, nouns
        self._named: dict[tuple[str, ...], list[str]] = {}
        self._kinds: dict[str, set[str]] = {}
        self._ends: dict[tuple[NodeKind, str], list[str]] = {}
        self._end_kinds: dict[str, set[str]] = {}
        self._aliases: dict[tuple[str, str], list[str]] = {}
        self.parts: dict[str, dict[tuple[str, ...], Mention]] = {'object': {}, 'region': {}}
        for node in graph.nodes.values():
            classes = classes_of(node)
            own = nouns.of_name(node.name, node.kind, classes)
            for form in own.forms:
                self._named.setdefault(form, []).append(node.name)
            for index, phrases in ((self.index, own.phrases), (self.doubtful, own.doubtful)):
                for words, mention in phrases:
                    add(index, words, mention)
            for class_name in classes:
                if node.kind not in self._kinds.setdefault(class_name, set()):
                    self._kinds[class_name].add(node.kind)
                    self._add_class(class_name, node.kind, nouns)
        self._add_ends(nouns)
        self._add_codes()
        doubtful = {part for kind in self.parts.values() for part, m in kind.items() if not m.said}
        for parts in self.parts.values():
            for part in doubtful:
                parts.pop(part, None)
        sort(self.index)
        sort(self.doubtful)

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

    def _add_codes(self) -> None:
        """Let the number at the end of a name call its region, where only one has it: 3.15 for
        `Room 3.15`.
        """
        found: dict[str, list[str]] = {}
        for name in self._graph.regions:
            words = tokenize(spell_out(name))
            if len(words) > 1 and words[-1].replace('.', '').isdigit() and len(words[-1]) > 1:
                found.setdefault(words[-1], []).append(name)
        for code, names in found.items():
            if len(names) == 1 and code not in self.doubtful:
                region = Mention('region', Target('region', name=names[0]), said=code)
                add(self.doubtful, (code,), region)

    def begun_by(self, target: Target, nouns: Nouns) -> tuple[str, ...]:
        """The classes of regions that go on with a word of their own behind the one that is said,
        where none is called so: Meeting Room Einstein for the meeting room.
        """
        kinds = (self._kinds, self._end_kinds)
        if (
            target.kind != 'region'
            or target.name
            or any(c in k for c in target.classes for k in kinds)
        ):
            return ()
        found = []
        for known, of in self._kinds.items():
            for said in target.classes if 'region' in of else ():
                own = known.removeprefix(f'{said} ').split() if known.startswith(f'{said} ') else []
                if own and not any((word,) in nouns.parts or nouns.index.get(word) for word in own):
                    found.append(known)
        return tuple(dict.fromkeys(found))

    def add_numbered(self, words: Sequence[str], graph: SceneGraph) -> None:
        """Take the end of a name with its number for the name, where only one node has it: truck 12
        for `service_truck_12`, pump 101A for `P-101A` that is said to be a pump.
        """
        said = {
            (words[at - 1], words[at]): words[: at + 1]
            for at in range(1, len(words))
            if words[at - 1].isalpha() and words[at][0].isdigit()
        }
        found: dict[tuple[str, ...], list[str]] = {}
        for name, node in graph.nodes.items() if said else ():
            parts = words_of_name(name)
            before = said.get((parts[-2], parts[-1])) if len(parts) > 2 else None
            if before is not None:
                alike = takewhile(lambda pair: pair[0] == pair[1], zip(parts[::-1], before[::-1]))
                found.setdefault(tuple(parts[-len([*alike]) :]), []).append(name)
                continue
            for (_, number), before in said.items():
                called = _longest_end(before[:-1], node) if number in parts else ()
                if called:
                    found.setdefault((*called, number), []).append(name)
        for end, names in found.items():
            is_name = any(phrase == end for phrase, _ in self.index.get(end[0], ()))
            if len(names) == 1 and not is_name:
                kind = graph.nodes[names[0]].kind
                add(self.index, end, Mention(kind, Target(kind, name=names[0])))
                self.index[end[0]].sort(key=lambda entry: -len(entry[0]))

    def add_unknown_names(self, text: str, nouns: Nouns) -> None:
        """Take what looks like the name of a node for one, such as `truck_99`."""
        for name in UNKNOWN_NAME.findall(text):
            words = tokenize(name)
            if all(phrase != words for phrase, _ in self.index.get(words[0], ())):
                kind: Literal['object', 'region'] = 'object'
                known = self._kinds.get(class_of_name(name), set())
                is_thing = 'object' in known or nouns.meanings(words[:-1], kind)
                if not is_thing and (known or nouns.meanings(words[:-1], 'region')):
                    kind = 'region'
                add(self.index, words, Mention(kind, Target(kind, name=name)))
                self.index[words[0]].sort(key=lambda entry: -len(entry[0]))

    def named(self, mention: Mention, words: tuple[str, ...], said: str) -> Mention:
        """A noun that is also the name of a node: that node, if others are called so, too.

        Of several names that are the same words, such as `Dock` and `dock`, it is the one that is
        spelled as in the request; if none is, the mention bears what was said as a name, which
        means any of them.

        Args:
            mention: of one object or region.
            words: of the request, for which it stands.
            said: the part of the request that holds them, as it is spelled.
        """
        names = self._named.get(words, ())
        spelled = [found.name for found in NamesInText(names).find(said)]
        if len(names) > 1 and len(set(spelled)) != 1:
            same = re.search('|'.join(map(re.escape, names)), said, re.IGNORECASE)
            name = same[0] if same else said.strip('.,;:!?"\'')
        elif mention.target.name or not names:
            name = mention.target.name
        else:
            name = spelled[0] if spelled else names[0]
            if not self._is_shared(name, mention.target):
                name = ''
        if not name or name == mention.target.name:
            return mention
        kinds = {self._graph.nodes[each].kind for each in names}
        kind = mention.target.kind if mention.target.kind in kinds else min(kinds)
        return replace(mention, role=kind, target=Target(kind, name=name))

    def _is_shared(self, name: str, target: Target) -> bool:
        """Whether a target means other nodes than the one of a name, too."""
        nodes = self._graph.nodes.values()
        alike = (n for n in nodes if n.kind == target.kind and n.name != name)
        return any(is_called_exactly(node, target.classes) for node in alike)

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
        others += self.begun_by(target, self._nouns)
        return replace(target, classes=tuple(dict.fromkeys((*target.classes, *others))))


def _longest_end(words: Sequence[str], node: Node) -> tuple[str, ...]:
    """The most of the last words of a sentence that call a node; none where they do not."""
    calls = calls_of(node)
    ends = (tuple(words[start:]) for start in range(max(0, len(words) - _MAX_WORDS), len(words)))
    return next((end for end in ends if ' '.join(end) in calls), ())
