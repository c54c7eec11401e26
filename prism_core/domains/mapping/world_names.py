# SPDX-License-Identifier: Apache-2.0
"""What a world that is drawn calls its things, as maps of sites do.

| names | such as |
|---|---|
| plain | `truck_12` |
| compound | `service_truck_12`, of which a sentence says service truck, truck, truck_12 |
| synonym | `lorry_12`; in worlds that training never shows a word that it holds out |
| brand | `truck_T-4B`, `Gate C12` |
| spaced | `Loading Dock 3`, `ServiceTruck7` |
| bare | `Loading Dock`, of the only one |
| code | `TR-417`, with `semantic_class`, `label` or the like beside it |
| opaque | `obj_0417`, the same |
| mixed | one of these for a world |
| site | each class, and each node, in a way of its own |

Tasks are drawn as in a plain world. What a sentence means is then worked out anew: a task of which
the answer would be another under the names is not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from prism_core.domains.mapping.exchange import exchange_words, with_targets
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.solution import solve
from prism_core.domains.mapping.words import Words
from prism_core.episode.episode import Episode, Task
from prism_core.episode.renaming import nodes_of, rename_episode, rename_parts, rename_task
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of, words_of_name
from prism_core.graph.elements import Node, NodeKind
from prism_core.graph.name_styles import NameWriter, word_before

_PHRASES, _WRITINGS = ('class', 'compound', 'synonym'), ('snake', 'snake', 'spaced', 'camel')
_STYLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    'compound': (('compound',), ('snake',)),
    'synonym': (('synonym',), ('snake',)),
    'brand': (('class',), ('brand',)),
    'spaced': (('class', 'compound'), ('spaced', 'camel')),
    'bare': (('class',), ('bare',)),
    'code': (('class', 'compound'), ('code',)),
    'opaque': (('class', 'compound'), ('opaque',)),
}
"""Of each style: what stands for a class, and how a name is written."""
_SITE = (_PHRASES, (*_WRITINGS, 'brand', 'bare', 'code', 'opaque'))
WORLD_NAMES = ('plain', *_STYLES, 'mixed', 'site')
_BY_PHRASE, _BY_END, _SMALL = 0.4, 0.5, 0.4
"""So often a sentence says the class as the map has it, the end of a name, and small letters."""


class WorldNames:
    """The names of one world, the same for all of its tasks.

    Args:
        style: one of `WORLD_NAMES`, and not plain.
        seed: of the world.
        words: the domain's words.
        is_unseen: whether synonyms are drawn from those held out.
        is_english: whether sentences are, so that a class in them may be put in other words.
    """

    def __init__(
        self, style: str, seed: int, words: Words, *, is_unseen: bool, is_english: bool = True
    ):
        self._rng = Random(f'names {seed}')  # noqa: S311 - no secret
        drawn = self._rng.choice([*_STYLES]) if style == 'mixed' else style
        self.style = drawn
        self._phrase_kinds, self._writings = _STYLES.get(drawn, _SITE)
        self._seed, self._words, self._is_unseen = seed, words, is_unseen
        self._is_english = is_english
        self._writer = NameWriter(self._rng)
        self._phrases: dict[tuple[str, NodeKind], str] = {}
        self._names: dict[str, str] = {}
        self._beside: dict[str, dict[str, str]] = {}
        self._said: dict[str, dict[str, str]] = {}

    def rename(self, episode: Episode) -> Episode:
        """A task of the world under its names, to be tried anew.

        Raises:
            WorldRejected: the sentence means something else under the names.
        """
        nodes = nodes_of(episode)
        for name, node in nodes.items():
            if name not in self._names:
                self._name(name, node, [class_of(n) for n in nodes.values()].count(class_of(node)))
        task = self._say(episode.task, nodes)
        named = rename_episode(episode, task, self._names, self._beside)
        intent: Intent | None = task.intent
        if intent is None:
            return named
        lexicon = self._words.lexicon
        true, known = named.true_graph, named.known_graph
        if solve(intent, true, known, lexicon, task.kind) != named.criterion:
            raise WorldRejected('under the names of the world the answer is another')
        return replace(named, provenance={**named.provenance, 'names': self.style})

    def _name(self, name: str, node: Node, alike: int) -> None:
        phrase = self._phrase(class_of(node), node.kind)
        fitting = [w for w in self._writings if w != 'bare' or alike == 1]
        writing = self._rng.choice(fitting or ('snake',))
        given = self._writer.write(writing, phrase, node.kind)
        self._names[name] = given
        if writing in ('code', 'opaque'):
            self._beside[given] = self._writer.beside(phrase)

    def _phrase(self, class_name: str, kind: NodeKind) -> str:
        """What stands for a class in the names of this world."""
        key = (class_name, kind)
        if key not in self._phrases:
            drawn = self._rng.choice(self._phrase_kinds)
            phrase = class_name
            if drawn == 'compound':
                phrase = f'{word_before(self._seed, class_name)} {class_name}'
            elif drawn == 'synonym':
                phrase = self._rng.choice(
                    self._words.names_of(class_name, self._is_unseen)[1:] or (class_name,)
                )
            self._phrases[key] = phrase
        return self._phrases[key]

    # ------------------------------------------------------------------------------- the sentence

    def _say(self, task: Task, nodes: Mapping[str, Node]) -> Task:
        """The task in words that can be said where things are called so."""
        rng = Random(f'{self._seed} {task.request}')  # noqa: S311 - no secret
        is_by_phrase = rng.random() < _BY_PHRASE and self._is_english
        if task.request not in self._said:  # twins have one sentence
            said = {name: self._say_name(name, rng) for name in nodes if name in task.request}
            self._said[task.request] = said
        said = self._said[task.request]
        request = rename_task(replace(task, intent=None), said).request if said else task.request
        intent = rename_parts(task.intent, self._names)
        longer: dict[str, str] = {}

        def call(target: Target) -> Target:
            classes = [self._phrases.get((name, target.kind), name) for name in target.classes]
            if len(classes) == 1 and is_by_phrase and classes[0].endswith(f' {target.classes[0]}'):
                words = self._words.names_of(target.classes[0], self._is_unseen)
                longer.update(dict.fromkeys(words, classes[0]))
                return replace(target, classes=(classes[0],))
            others = [c for c, n in zip(classes, target.classes) if not f' {c}'.endswith(f' {n}')]
            return replace(target, classes=tuple(dict.fromkeys((*target.classes, *others))))

        intent = with_targets(intent, call)
        request = exchange_words(request, longer, self._words.lexicon) if longer else request
        return replace(task, request=request, intent=intent)

    def _say_name(self, name: str, rng: Random) -> str:
        """A name as a sentence has it: whole, in small letters, or its end if no other has it."""
        given = self._names[name]
        words = words_of_name(given)
        if len(words) > 2 and words[-1].isdigit() and rng.random() < _BY_END:
            ending = words[-2:]
            if sum(words_of_name(n)[-2:] == ending for n in self._names.values()) == 1:
                return rng.choice(('_', ' ')).join(ending)
        is_unique = sum(n.lower() == given.lower() for n in self._names.values()) == 1
        return given.lower() if ' ' in given and is_unique and rng.random() < _SMALL else given
