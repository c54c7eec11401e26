# SPDX-License-Identifier: Apache-2.0
"""A sentence as the kinds read it: its nouns and cues, and which nodes a noun means in a graph."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.nearness import has_lengths
from prism_core.domains.mapping.reading.clauses import read_conditional, read_steps, way_ends
from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.near_and_far import NearAndFar
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.questions import Questions
from prism_core.domains.mapping.reading.sentence import Sentence
from prism_core.graph.calling import calls_of, is_called, is_called_exactly, meant
from prism_core.graph.scene_graph import SceneGraph

_NUMBER = r'(- )?(\d+(?:\.\d+)?)(?: (?:m|metres?|meters?))?'
_POSITION = re.compile(rf'{_NUMBER}(?: [^\d\s]+){{0,5}}? {_NUMBER}')
_COORDINATES = re.compile(
    r'\b(?:x|y|coordinates?|coords?|positions?|points?|spot|metres?|meters?|located?|location)\b'
    r'|(?:\(|at|to|around) (?:- )?\d+(?:\.\d+)? [,;/]|\d - \d'
)
_Y_FIRST = re.compile(r'\by\b[^\dx]*\d[^x]*\bx\b[^\d]*\d')
_NEARER_PLACE = re.compile(
    r'(?:which|what)\b[^.;]*\b(?:clos|near|far|furth|short)\w*\b[^.;]*\bR or R\b'
)
MAX_STEPS = 4
_TO_AN_OBJECT = re.compile(r'(?:nearest|closest|next) (?:\w+ )?to O\b')


class Reading:
    """One sentence on its way to an intent.

    `text` has `O`, `R` and `P` for the `objects`, `regions` and purposes in it.
    """

    def __init__(self, sentence: Sentence, lexicon: Lexicon, cues: Cues, graph: SceneGraph):
        self.sentence = sentence
        self.text = sentence.text
        self.regions = sentence.of('region')
        self.objects = sentence.of('object')
        self.things = self.objects or sentence.of('purpose')
        self._lexicon = lexicon
        self._cues = cues
        self._graph = graph

    def has(self, cue: str, *, without: str = '') -> bool:
        """Whether one of the words of a use in `words/cues.json` is in it, those of another use
        left out.
        """
        text = self._cues.patterns[without].sub('', self.text) if without else self.text
        return self._cues.has(cue, text)

    @property
    def questions(self) -> Questions:
        """What it asks about several things."""
        return Questions(self)

    @property
    def near_and_far(self) -> NearAndFar:
        """What it asks of near and far."""
        return NearAndFar(self)

    @property
    def compares_places(self) -> bool:
        """Whether it asks which of two regions is nearer, and nothing of what is there."""
        return not self.things and _NEARER_PLACE.match(self.text) is not None

    # ------------------------------------------------------------------------- texts that are there

    def text_asked_for(self) -> tuple[str, list[Mention]] | None:
        """What text it asks for, by its place or by its topic, and the objects on which it may be;
        None where it asks for none.
        """
        said, at = self._spoken()
        topic = self._cues.find('text_topic', said)
        if topic is not None and self._is_asked(topic, said, at):
            group = topic.lastgroup or 0
            return topic[group].strip(), self._outside(topic.span(group), at)
        part = self._cues.find('text_part', said)
        if part is not None and self._outside(part.span('part'), at):
            return part['part'].strip(), self._outside(part.span('part'), at)
        if self.sentence.of('attribute', 'value') or not self._cues.has('text_verb', said):
            return None
        for place in self._cues.patterns['text_place'].finditer(said):
            things = self._outside(place.span(), at)
            names = [range(at[thing.start], at[thing.start] + len(thing.said)) for thing in things]
            if things and not any(place.start() in name for name in names):
                return place[0].removesuffix('s'), things
        return None

    def _outside(self, span: tuple[int, int], at: Mapping[int, int]) -> list[Mention]:
        """The objects that are not spoken of in a part of the text."""
        return [m for m in self.objects if not span[0] <= at[m.start] < span[1]]

    def _is_asked(self, topic: re.Match[str], said: str, at: Mapping[int, int]) -> bool:
        """Whether a time, a day or a number is asked for, and it is no 'when' of a condition."""
        inside = range(topic.start(), topic.end())
        if any(at[region.start] not in inside for region in self.regions):
            return False
        is_inverted = not (topic['of2'] or topic['of4'])
        return is_inverted or self._cues.has('text_lead', said[: topic.start() + len('until when')])

    def _spoken(self) -> tuple[str, dict[int, int]]:
        """The text with its objects and regions as they were said, and where each of them stands
        in it, by where it stands in the tagged one.
        """
        said, at, end = '', dict[int, int](), 0
        for mention in (m for m in self.sentence.mentions if m.role in ('object', 'region')):
            said += self.text[end : mention.start]
            at[mention.start], end = len(said), mention.end
            said += mention.said or mention.target.name
        return said + self.text[end:], at

    # --------------------------------------------------------------------------- what it speaks of

    def position(self) -> tuple[float, float] | None:
        """The coordinates in it, in metres."""
        if not _COORDINATES.search(self.text):
            return None
        match = _POSITION.search(self.text)
        if match is None:
            return None
        x, y = (float(f'{"-" if match[i] else ""}{match[i + 1]}') for i in (1, 3))
        return (y, x) if _Y_FIRST.search(self.text) else (x, y)

    @property
    def where(self) -> Target | None:
        """The region in which things are asked about: the first, or that of the object to which
        something is near.
        """
        if self.regions:
            return self.regions[0].target
        if self.objects and _TO_AN_OBJECT.search(self.text):
            return self.region_of(self.specific(self.objects[-1]))
        return None

    def anchor(self) -> Mention:
        """The object to which something is near."""
        match = re.search(r'\b(?:to|from|near|by|beside|of) O\b', self.text)
        if match is not None:
            return next(o for o in self.objects if o.end == match.end())
        return next((o for o in self.objects if o.article == 'the'), self.objects[0])

    def way_ends(self) -> tuple[Mention, Mention] | None:
        """The two regions that it speaks of the way between."""
        return way_ends(self.sentence, self._cues)

    def conditional(self) -> Intent | None:
        """A condition with where to go if it holds and where else."""
        return read_conditional(self.sentence, self._cues)

    def steps(self) -> tuple[Intent, ...]:
        """The steps of several that are asked for; none where one thing is."""
        if self.objects and self.regions and not self.has('sequence'):
            before = self.text[: self.regions[0].start]
            if re.search(r'\b(?:in|at|inside|within|on|of|from|by|near) $', before):
                return ()
        steps = read_steps(self.sentence, self._cues, self._step)
        return steps if len(steps) <= MAX_STEPS else ()

    def _step(self, noun: Mention, asked: Sequence[Mention]) -> Intent:
        """One step of several: to drive to a region, or to look at an object."""
        if noun.role == 'region':
            return Intent('go_to', region=noun.target)
        attribute = asked[0].attribute if asked else self.own_attribute() or 'description'
        return Intent('attribute', self.specific(noun), attribute=attribute)

    def own_attribute(self) -> str:
        """What it asks about an object in words that are in no file."""
        for phrase, attribute in self._cues.value_questions.items():
            if phrase in self.text:
                return attribute
        for match in re.finditer(
            r'\b(?:the|what|its) (\w+) (?:of|has|does) O\b|\bits (\w+)', self.text
        ):
            word = match[1] or match[2]
            if word not in self._cues.own_words and word not in self._cues.ignored:
                return word
        return ''

    def attribute_in_plural(self) -> str:
        """An attribute of the lexicon that it speaks of in the plural, as of colors; or ''."""
        words = frozenset(self.text.split())
        for key, spec in self._lexicon.attributes.items():
            if not words.isdisjoint(map(self._lexicon.plural, (key, *spec.words))):
                return key
        return ''

    def switched(self, found: re.Match[str] | None) -> Mention | None:
        """The value that a small word stands for, as in `which lamp is off`."""
        if found is None or f'switched {found[1]}' not in self._lexicon.attribute_phrases:
            return None
        key, value = self._lexicon.attribute_phrases[f'switched {found[1]}']
        return Mention(
            'value', Target(), key, value, found[1], start=found.start(1), end=found.end()
        )

    def comparative_in(self, text: str) -> tuple[str, str] | None:
        """The attribute of which a text asks for more or less, and the value to which that
        leads.
        """
        comparatives = self._lexicon.comparatives
        said = set(self._lexicon.comparative_pattern.findall(text))
        return next((end for word, end in comparatives.items() if word in said), None)

    def is_number(self, attribute: str) -> bool:
        """Whether something known has a number as attribute."""
        values = (node.attributes.get(attribute) for node in self._graph.objects.values())
        return any(re.match(r'-?\d', str(value)) for value in values if value is not None)

    @cached_property
    def has_lengths(self) -> bool:
        """Whether it is known how long the ways are."""
        return has_lengths(self._graph)

    def is_only_one(self, target: Target) -> bool:
        """Whether one known object alone is called as a target is."""
        return len(self._meant(target)) == 1

    def two_of(self, target: Target) -> tuple[Target, ...]:
        """The two known objects that are called as a target is, if there are just two."""
        names = [n for n, o in self._graph.objects.items() if is_called(o, target.classes)]
        return tuple(Target(name=name) for name in names) if len(names) == 2 else ()

    def subject(self) -> Mention:
        """The object that it is about, of several."""
        asked = self.sentence.of('attribute', 'value')
        for key in asked:
            for thing in self.objects:
                between = self.text[key.end : thing.start] if thing.start >= key.end else ''
                if key.role == 'attribute' and re.fullmatch(r'(?: \w+)? (?:of|for|on) ', between):
                    return thing
        values = self.sentence.of('value')
        if values:
            before = [thing for thing in self.objects if thing.end <= values[0].start]
            if before:
                return before[-1]
        definite = [o for o in self.objects if o.article == 'the' or o.target.name]
        return (definite or self.objects)[0]

    def is_one(self, subject: Mention) -> bool:
        """Whether an object is spoken of as one that is there."""
        if subject.target.name:
            return True
        listed = self._lexicon.objects.keys() | {
            called for node in self._graph.objects.values() for called in calls_of(node)
        }
        is_definite = subject.article == 'the' and not subject.is_plural
        return is_definite and not listed.isdisjoint(subject.target.classes)

    # ------------------------------------------------------------------------------- targets

    def plain(self, mention: Mention) -> Target:
        """The target of a mention. Who says fire truck means no pickup truck, though a truck that
        is called nothing else.
        """
        target = mention.target
        known = [self._graph.nodes[name] for name in self._meant(target) if mention.kind]
        if not known or any(is_called_exactly(node, target.classes) for node in known):
            return target
        looks = mention.looks or mention.kind.split()[:1]
        is_like = any(self._looks_like(node.name, looks) for node in known)
        return target if is_like else replace(target, classes=(mention.kind,))

    def specific(self, mention: Mention) -> Target:
        """The target of a mention; by name where a look or a place tells which one is meant."""
        target = self.plain(mention)
        names = [n for n in self._meant(target) if self._may_be(n, target)]
        if mention.looks and names:
            fitting = [name for name in names if self._looks_like(name, mention.looks)]
            if len(fitting) == 1:
                return Target(name=fitting[0])
        if len(names) > 1 and len(self.regions) == 1:
            region = self.regions[0].target
            there = [n for n in names if self._is_in(n, region)]
            if len(there) == 1:
                return Target(name=there[0])
        return target

    def region_of(self, target: Target) -> Target | None:
        """The region from which the one known object that is meant is seen."""
        names = [target.name] if target.name in self._graph.objects else []
        if not target.name and not target.attributes:
            names = self._meant(target)
        places = self._graph.viewpoints[names[0]] if len(names) == 1 else ()
        return Target('region', name=places[0]) if places else None

    @staticmethod
    def region_of_mention(mention: Mention, graph: SceneGraph) -> Target | None:
        """The region from which the one known object that a mention means is seen."""
        target = mention.target
        names = [target.name] if target.name in graph.objects else []
        if not target.name:
            names = meant(graph.objects.values(), target.classes)
        places = graph.viewpoints[names[0]] if len(names) == 1 else ()
        return Target('region', name=places[0]) if places else None

    def _meant(self, target: Target) -> list[str]:
        return meant(self._graph.objects.values(), target.classes)

    def _may_be(self, name: str, target: Target) -> bool:
        """Whether no attribute of a node says whether it is meant."""
        attributes = self._graph.nodes[name].attributes
        return not any(key in attributes for key, _ in target.attributes)

    def _looks_like(self, name: str, looks: Sequence[str]) -> bool:
        description = self._graph.nodes[name].description.lower()
        return all(re.search(rf'\b{re.escape(look)}\b', description) for look in looks)

    def _is_in(self, name: str, region: Target) -> bool:
        return any(
            place == region.name or is_called(self._graph.nodes[place], region.classes)
            for place in self._graph.viewpoints[name]
        )
