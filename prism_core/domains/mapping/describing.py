# SPDX-License-Identifier: Apache-2.0
"""What a robot that reports in words says of a thing: whole sentences, some of which do not matter,
with numbers and times, and with the text that stands on it.

The sentences are a function of the true graph, which says in attribute `reports` that there is such
a robot: the seed by which they are drawn, whether from the part that is held out, and the texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib import resources
from random import Random
from typing import Any

from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.words import split_held_out
from prism_core.graph.calling import class_of, is_called
from prism_core.graph.elements import Node
from prism_core.graph.scene_graph import SceneGraph

REPORTS = 'reports'
_TEXT_SHARE, _TOPIC_SHARE, _STRAY_TOPIC_SHARE = 0.6, 0.8, 0.15
_OTHERS_SHARE, _PAIR_SHARE, _NAMED_SHARE = 0.5, 0.4, 0.3
_CHANGING = frozenset(('color', 'condition', 'fullness'))


@dataclass(frozen=True)
class Text:
    """What stands on a thing: on its sign, display or label; about a topic where that is said, of
    which `value` is what is asked for.
    """

    name: str
    place: str
    text: str
    topic: str = ''
    value: str = ''


@dataclass(frozen=True)
class Reports:
    """How a robot describes in a world."""

    seed: int
    held_out: bool = False
    texts: tuple[Text, ...] = ()

    def with_text(self, text: Text) -> Reports:
        """The same with another text on one thing."""
        others = (other for other in self.texts if other.name != text.name)
        return replace(self, texts=(*others, text))

    def text_on(self, name: str) -> Text | None:
        """What stands on a thing."""
        return next((text for text in self.texts if text.name == name), None)


def reports_of(graph: SceneGraph) -> Reports | None:
    """How the robot describes what is in a true graph; None where it reports values."""
    data = graph.attributes.get(REPORTS)
    if data is None:
        return None
    return Reports(data['seed'], data['held_out'], tuple(Text(*text) for text in data['texts']))


def with_reports(graph: SceneGraph, reports: Reports) -> SceneGraph:
    """The true graph with a robot that describes."""
    texts = [list(asdict(text).values()) for text in reports.texts]
    data = {'seed': reports.seed, 'held_out': reports.held_out, 'texts': texts}
    return SceneGraph(
        graph.nodes.values(),
        graph.connections.values(),
        robot_location=graph.robot_location,
        revision=graph.revision,
        attributes={**graph.attributes, REPORTS: data},
    )


def draw_reports(graph: SceneGraph, seed: int, *, held_out: bool) -> Reports:
    """How a robot describes a world, with texts on some of its things."""
    bank, taken, texts = load_bank(), set[str](), list[Text]()
    for name, node in graph.objects.items():
        rng = Random(f'text {seed} {node.position}')  # noqa: S311 - no secret
        topic = rng.choice(list(bank.topics))
        share = _TOPIC_SHARE if is_called(node, bank.carriers) else _STRAY_TOPIC_SHARE
        if topic not in taken and rng.random() < share:
            taken.add(topic)
            texts.append(draw_text(rng, name, topic=topic))
        elif rng.random() < _TEXT_SHARE:
            texts.append(draw_text(rng, name, place=rng.choice(list(bank.texts))))
    return Reports(seed, held_out, tuple(texts))


def draw_text(rng: Random, name: str, *, place: str = '', topic: str = '') -> Text:
    """A text about a topic, or for a sign, a display or a label."""
    bank = load_bank()
    if topic:
        fill = _draw_fill(rng)
        entry = bank.topics[topic]
        text, value = entry['text'].format_map(fill), entry['value'].format_map(fill)
        return Text(name, 'notice', text, topic, value)
    text = rng.choice(bank.texts[place]['texts']).format_map(_draw_fill(rng))
    return Text(name, place, text)


def describe(graph: SceneGraph, name: str, lexicon: Lexicon, asked: Collection[str] = ()) -> str:
    """What the robot says of an object of a true graph.

    Args:
        graph: one with `reports`.
        name: of the object.
        lexicon: the words for its values.
        asked: the attributes that it was asked about; all that can be seen where none was.
    """
    reports = reports_of(graph)
    assert reports is not None  # noqa: S101 - the caller knows
    return _Describing(graph.nodes[name], reports, lexicon).say(asked)


# ---------------------------------------------------------------------------------- the sentences


@dataclass(frozen=True)
class Bank:
    """The packaged sentences, see `words/reports.json`."""

    plain: tuple[str, ...]
    denying: tuple[str, ...]
    correcting: tuple[str, ...]
    both: tuple[str, ...]
    one_not: tuple[str, ...]
    neither: tuple[str, ...]
    values: Mapping[str, Mapping[str, Sequence[str]]]
    fillers: tuple[str, ...]
    texts: Mapping[str, Mapping[str, Sequence[str]]]
    topics: Mapping[str, Mapping[str, str]]
    topic_told: tuple[str, ...]
    carriers: frozenset[str]
    days: tuple[str, ...]
    months: tuple[str, ...]


@cache
def load_bank() -> Bank:
    """The packaged sentences."""
    folder = resources.files('prism_core.domains.mapping').joinpath('words')
    data: dict[str, Any] = json.loads(folder.joinpath('reports.json').read_text('utf-8'))
    lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
    return Bank(**{**data, **lists, 'carriers': frozenset(data['carriers'])})


def _draw_fill(rng: Random) -> dict[str, str]:
    """Something for each slot of a text or a filler."""
    bank = load_bank()
    return {
        'n': str(rng.randint(2, 90)),
        'digit': str(rng.randint(0, 9)),
        'number': str(rng.randint(100, 9999)),
        'time': f'{rng.randint(0, 23)}:{rng.randint(0, 59):02d}',
        'day': rng.choice(bank.days),
        'month': rng.choice(bank.months),
        'phone': f'0{rng.randint(20, 99)} {rng.randint(1000, 9999)}',
    }


@dataclass(frozen=True)
class _Describing:
    """Says what is seen of one thing, each part of it by chance of its own, so that a change of one
    value changes what is said of that alone.
    """

    node: Node
    reports: Reports
    lexicon: Lexicon

    def say(self, asked: Collection[str]) -> str:
        """The report."""
        values = {
            key: value
            for key, value in self.node.attributes.items()
            if value in self._values(key)
            and (not asked or key in asked or self._rng(f'say {key}').random() < _OTHERS_SHARE)
        }
        sentences = [*self._of_values(values), *self._others()]
        rng = self._rng('order')
        rng.shuffle(sentences)
        described = self.node.description
        if not asked and described and not any(self.lexicon.find_phrases(described.lower())):
            sentences.insert(0, f'{described}.')
        noun = class_of(self.node)
        parts = list[str]()
        for sentence in sentences:
            is_named = not parts or rng.random() < _NAMED_SHARE
            the = f'the {noun}' if is_named else 'it'
            said = _put(sentence, {'noun': noun, 'the': the, 'The': the})
            said = re.sub(r'\b([Aa]) (?=[aeiou])', r'\1n ', said)
            parts.append(said[0].upper() + said[1:])
        return ' '.join(parts)

    def _rng(self, about: str) -> Random:
        return Random(f'{self.reports.seed} {self.node.position} {about}')  # noqa: S311

    def _values(self, key: str) -> Collection[str]:
        spec = self.lexicon.attributes.get(key)
        return spec.values if spec is not None else ()

    def _choose(self, rng: Random, texts: Sequence[str]) -> str:
        if len(texts) > 1:
            texts = split_held_out(texts, self.reports.held_out)
        return rng.choice(texts)

    def _of_values(self, values: Mapping[str, str]) -> Iterator[str]:
        """What is said of some values, two at once now and then."""
        left = list(values)
        while left:
            key = left.pop(0)
            if left and self._rng(f'pair {key}').random() < _PAIR_SHARE:
                yield self._of_two({k: values[k] for k in (key, left.pop(0))})
            else:
                yield self._of_one(key, values[key])

    def _of_one(self, key: str, value: str) -> str:
        bank, rng = load_bank(), self._rng(f'value {key} {value}')
        own = bank.values.get(key, {})
        texts = [*bank.plain, *own.get(value, own.get('*', ()))]
        if len(self._values(key)) == 2:
            texts += bank.denying
        elif key in _CHANGING:
            texts += bank.correcting
        return self._fill(rng, self._choose(rng, texts), key, value)

    def _of_two(self, values: Mapping[str, str]) -> str:
        """Two values in one sentence; what is one of two may be denied."""
        bank, rng = load_bank(), self._rng(f'values {values}')
        (one, first), (two, second) = values.items()
        can_deny = [len(self._values(key)) == 2 for key in (one, two)]
        forms = [bank.both]
        if can_deny[1]:
            forms.append(bank.one_not)
        if all(can_deny):
            forms.append(bank.neither)
        said = self._choose(rng, rng.choice(forms))
        words = {
            'one': self._word(rng, one, first),
            'two': self._word(rng, two, second),
            'other': self._other(rng, two, second),
        }
        if '{another}' in said:
            words |= {'another': words['other'], 'other': self._other(rng, one, first)}
        return _put(said, words)

    def _fill(self, rng: Random, said: str, key: str, value: str) -> str:
        words = {'value': self._word(rng, key, value), 'other': self._other(rng, key, value)}
        return _put(said, words)

    def _word(self, rng: Random, key: str, value: str) -> str:
        return rng.choice((value, *self.lexicon.attributes[key].values[value]))

    def _other(self, rng: Random, key: str, value: str) -> str:
        """A word for another value."""
        others = sorted(set(self._values(key)) - {value})
        return self._word(rng, key, rng.choice(others)) if others else value

    def _others(self) -> Iterator[str]:
        """What does not matter, and the text."""
        bank, rng = load_bank(), self._rng('others')
        fillers = split_held_out(bank.fillers, self.reports.held_out)
        for said in rng.sample(fillers, rng.choice((1, 1, 2))):
            yield _put(said, _draw_fill(rng))
        text = self.reports.text_on(self.node.name)
        if text is not None:
            told = bank.topic_told if text.topic else bank.texts[text.place]['told']
            yield _put(self._choose(rng, told), {'text': text.text})


def _put(said: str, words: Mapping[str, str]) -> str:
    """A sentence with some of its slots filled."""
    for slot, word in words.items():
        said = said.replace(f'{{{slot}}}', word)
    return said
