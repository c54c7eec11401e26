# SPDX-License-Identifier: Apache-2.0
"""What is said behind an answer or a question, as it would be said if nothing had been said before.

`Is it open?` means by what was named last, `and in the yard?` by what was asked last, `no, the
other one` by both. Spelled out it is a sentence of its own, which is read as any other. What cannot
be spelled out stays as it was said.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import resources

from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.domains.mapping.reading.composing import units_of
from prism_core.domains.mapping.reading.composing_words import PATTERNS, strip_polite
from prism_core.domains.mapping.reading.cues import compile_phrases
from prism_core.domains.mapping.reading.guessing import Guesser
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.sentence import Sentence
from prism_core.domains.mapping.reading.spoken_before import SpokenBefore
from prism_core.domains.mapping.reading.tagging import Tagger
from prism_core.episode.episode import Turn
from prism_core.episode.requests import list_said, own_turns
from prism_core.graph.calling import is_called
from prism_core.graph.scene_graph import SceneGraph

_NOT_BEFORE = re.compile(r'\b(?:not|nor)\b[^,;.!?]*$')
_BARE_KEY = re.compile(r'(?:(?:and|what about|how about|also|what is) )*(?:the |its )?K')
_ORDINALS = {'first': 0, 'former': 0, 'second': 1, 'latter': 1, 'third': 2, 'fourth': 3, 'last': -1}
_IT = re.compile(
    r'\b(?:it|that one|this one|the same one|that thing|the thing|he|she|him|'
    r'(?:(?<=\bis )|(?<=\bwas )|(?<=\bat )|(?<=\binspect )|(?<=\bcheck )|(?<=\bof ))'
    r'(?:that|this))\b(?! (?:be |is )?(?:possible|true|right|correct|so that|the case|raining|late|'
    r'over|safe|one)\b)'
    r'(?! [OR]\b)'
)
_THEM = re.compile(
    r'\b(?:they|them|these|those|both of them|all of them|both|each of them)\b(?! O)'
)
_THERE = re.compile(
    r'(?<!is )(?<!are )(?<!if )\b(?:(?:over|out|down|up|in|to|right|back|round) )*there\b'
    r'(?! (?:is|are|was|were|be|will|can|might|may)\b)'
)
_WHAT_IS_THERE = re.compile(r'\bwhat (?:else )?(?:is|can you see) (?:\w+ )?there\b')
_ONE = re.compile(
    r'\b(?P<before>is there|are there|find|see|spot|got|need|look for|search for|find me) '
    r'(?:one|any|another one|another)\b(?! [ORP]\b)'
)
_HOW_MANY = re.compile(r'\bhow many\b(?! [OP]\b)')
_BARE_VALUE = re.compile(
    r'(?:(?:and|or|but|so|then|maybe|what about|how about|is|also) |, )*V(?: then| too| or not)?'
)
_PRESENCE = re.compile(r'\b(?:is|are) there\b|\bhow many\b')
_END = re.compile(r'[\s.?!]+$')
_ASKS_OF_IT = re.compile(
    r'\b(?:is|was|if|whether|that|does|has|as|says) (?:it|that one|this one)\b|\bit is\b(?! the\b)'
)
_ITS_VALUE = re.compile(r'\bits (?=V\b)')
_DENIES_OR_DOES = re.compile(r'\bnot\b|\b(?:if|unless|when)\b[^,]*V[^,]*,')
_MAX_ELLIPSIS_WORDS = 14


def _load() -> Mapping[str, re.Pattern[str]]:
    folder = resources.files('prism_core.domains.mapping').joinpath('words')
    data = json.loads(folder.joinpath('follow_ups.json').read_text('utf-8'))
    return {use: compile_phrases(phrases) for use, phrases in data.items()}


_WORDS = _load()


class FollowUps:
    """Spells out what is said behind something.

    Args:
        tagger: finds what a sentence names.
        guesser: finds what it may name that is in no file.
        pluralize: the plural of a noun.
    """

    def __init__(self, tagger: Tagger, guesser: Guesser, pluralize: Callable[[str], str]):
        self._tagger, self._guesser, self._pluralize = tagger, guesser, pluralize

    def spell_out(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> str:
        """A request as it would be said alone; as it is where nothing was said before, or it is not
        clear what it points back to.

        Args:
            request: the last that was said.
            known_graph: what is known.
            history: the turns since the first thing that was said.
        """
        own = own_turns(history)
        if len(own) == len(history):
            return request
        asked = own[0].known_graph if own else None
        graph = asked or known_graph  # what came to be known since changes no meaning
        said = list_said(request, history, MAPPING_ACTIONS)
        start = said[0].turns[0].robot_location
        full, rejected = said[0].request, list[str]()
        for before, now in itertools.pairwise(said):
            sentence = self._guesser.complete(self._tagger.tag(full, graph), graph)
            spoken = SpokenBefore.of(full, sentence, before.turns, graph, rejected, self._pluralize)
            follow_up = _FollowUp(self._tagger.tag(now.request, graph), spoken, graph)
            full = follow_up.spell_out(start) or now.request
            rejected = spoken.rejected
        return full


class _FollowUp:
    """One sentence, what was spoken of before it, and the graph."""

    def __init__(self, sentence: Sentence, spoken: SpokenBefore, graph: SceneGraph):
        self._said, self._spoken, self._graph = _without_polite(sentence), spoken, graph
        self.text = self._said.text
        self._has_own_deed = _WORDS['own_deed'].search(self.text) is not None

    def spell_out(self, start: str) -> str:
        """It in full; '' where it is a sentence of its own or nobody can tell."""
        ways = (
            self._home(start),
            self._choice,
            self._same_elsewhere,
            self._drive,
            self._value,
            self._pointing,
        )
        return next((full for way in ways if (full := way())), '')

    # ------------------------------------------------------------------------------ where it began

    def _home(self, start: str) -> Callable[[], str]:
        """`Come back`: to where the first request was said."""

        def spell() -> str:
            units = [strip_polite(unit).text for unit, _ in units_of(self._said)]
            is_home = len(units) == 1 and PATTERNS['home'].fullmatch(_END.sub('', units[0]))
            return f'go to {start}' if is_home and start in self._graph.regions else ''

        return spell

    # ---------------------------------------------------------------------------- another is meant

    def _choice(self) -> str:
        """`No, the other one`, `the one in R`, `the red one`, `I meant truck_2`."""
        spoken, corrects = self._spoken, _WORDS['corrects'].search(self.text)
        subject = spoken.subject
        is_told = any(map(self._is_alike, self._said.of('object'))) and self._said.of('region')
        if subject is None or not (corrects or spoken.choices or is_told):
            return ''
        is_of_one = re.search(r'\b(?:one|ones|other|another)\b', self.text)
        is_own = _PRESENCE.search(self.text) or (self._has_own_deed and not is_of_one)
        is_asked = self._said.of('value') and _ASKS_OF_IT.search(self.text)
        if is_own or is_asked or not spoken.is_of_one:
            return ''
        picked = self._pick()
        if picked:
            return spoken.about(f'find {picked}' if subject.role == 'purpose' else picked)
        return self._described() if corrects else ''

    def _pick(self) -> str:
        """The one node that is meant; '' where that is not told."""
        spoken = self._spoken
        left = [n for n in spoken.alike if n not in spoken.rejected]
        named = [m.target.name for m in self._affirmed('object', 'region')]
        named = [name for name in named if name in spoken.alike]
        if named:
            return named[0] if len({*named}) == 1 else ''
        places = [m for m in self._affirmed('region', 'object') if not self._is_alike(m)]
        for place in places:
            there = [name for name in left if self._is_at(name, place)]
            if len(there) == 1:
                return there[0]
        values = [v for v in self._affirmed('value') if v.attribute]
        if values:
            known = [(n, self._graph.nodes[n].attributes.get(values[0].attribute)) for n in left]
            fitting = [name for name, value in known if value == values[0].value]
            return fitting[0] if len(fitting) == 1 else ''
        if places:
            return ''
        order = (at for word, at in _ORDINALS.items() if re.search(rf'\b{word}\b', self.text))
        at = next(order, None)
        if spoken.choices and at is not None and at < len(spoken.choices):
            return spoken.choices[at]
        if len(spoken.choices) == 1:
            return spoken.choices[0] if _WORDS['agrees'].search(self.text) else ''
        is_other = _WORDS['other'].search(self.text) and not spoken.choices
        return left[0] if is_other and len(left) == 1 else ''

    def _described(self) -> str:
        """The request about one that is told by a place or a value, though nobody knows it yet."""
        spoken, noun = self._spoken, self._spoken.noun
        values = [v for v in self._affirmed('value') if v.attribute]
        places = [m for m in self._affirmed('region') if not self._is_alike(m)]
        is_of_one = re.search(r'\bone\b', self.text) or self._said.of('object')
        if values and not places and re.search(r'\bone\b', self.text):
            return spoken.about(f'the {values[-1].said} {noun}')
        if len(places) == 1 and is_of_one and spoken.is_of_things:
            return spoken.about(f'the {noun} in {spoken.say(places[0])}')
        return ''

    def _affirmed(self, *roles) -> list[Mention]:
        """What is mentioned, but not behind a `not`."""
        return [m for m in self._said.of(*roles) if not _NOT_BEFORE.search(self.text[: m.start])]

    def _is_alike(self, mention: Mention) -> bool:
        """Whether something is called as what the request before was about."""
        nodes = map(self._graph.nodes.__getitem__, self._spoken.alike)
        target = mention.target
        return any(n.name == target.name or is_called(n, target.classes) for n in nodes)

    def _is_at(self, name: str, place: Mention) -> bool:
        """Whether a thing is in a region or where another is; whether a region is where a thing is,
        or next to another.
        """
        target, nodes = place.target, self._graph.nodes
        wanted = [n for n in nodes if n == target.name or is_called(nodes[n], target.classes)]
        wanted = [n for n in wanted if nodes[n].kind == target.kind and n != name]
        places = {p for n in wanted for p in self._graph.viewpoints.get(n, (n,))}
        if name in self._graph.regions:
            ways = self._graph.region_network
            is_next = place.role == 'region' and any(ways.has_edge(name, p) for p in places)
            return name in places or is_next
        return not places.isdisjoint(self._graph.viewpoints[name])

    # --------------------------------------------------------------------- the same about another

    def _same_elsewhere(self) -> str:
        """`And in R?`, `what about O?`: the request before, about that."""
        said, spoken = self._said, self._spoken
        regions, things = said.of('region'), said.of('object')
        if self._has_own_deed or said.of('value', 'attribute', 'purpose'):
            return ''
        if len(self.text.split()) > _MAX_ELLIPSIS_WORDS:
            return ''
        if len(regions) == 1 and not things:
            return spoken.elsewhere(spoken.say(regions[0]))
        if len(things) == 1 and not regions and spoken.is_of_things:
            return spoken.about(spoken.say(things[0]))
        return ''

    def _drive(self) -> str:
        """`Go there`, whatever else is said that asks for nothing."""
        found = _THERE.search(self.text)
        if found is None or self._said.mentions or not self._spoken.place:
            return ''
        rest = f'{self.text[: found.start()]} {self.text[found.end() :]}'
        is_more = _WORDS['more_than_a_drive'].search(rest)
        is_drive = _WORDS['drives'].search(self.text[: found.start()])
        return f'go to {self._spoken.place}' if is_drive and not is_more else ''

    def _value(self) -> str:
        """`Is it open?`, `or closed?`, `and the color?` of what was named last."""
        values, keys = self._said.of('value'), self._said.of('attribute')
        it, text = self._spoken.it, self.text
        if self._said.of('object', 'region', 'purpose') or not it:
            return ''
        if len(values) == 1 and not keys and not _DENIES_OR_DOES.search(text):
            bare = f'{text[: values[0].start]}V{text[values[0].end :]}'
            points = _IT.search(bare) or _ITS_VALUE.search(bare)
            if points or _BARE_VALUE.fullmatch(_END.sub('', bare)):
                return f'is {it} {values[0].said}?' if not self._has_own_deed_beside(bare) else ''
        if len(keys) == 1 and _BARE_KEY.fullmatch(text[: keys[0].start] + 'K'):
            return f'what is the {keys[0].said} of {it}?'
        return ''

    @staticmethod
    def _has_own_deed_beside(bare: str) -> bool:
        return _WORDS['own_deed'].search(_END.sub('', bare)) is not None

    # ------------------------------------------------------------------------------- pointing back

    def _pointing(self) -> str:
        """`Is it open?`, `go there`, `is there one in R?`."""
        spoken, changes = self._spoken, list[tuple[int, int, str]]()
        things = self._said.of('object', 'purpose')
        if not things:
            changes += self._changes_of_it()
        elif len(things) == 1:
            changes += self._change_of_the(things[0])
        found = _WHAT_IS_THERE.search(self.text)
        if found and spoken.place:
            changes.append((*found.span(), f'what is in {spoken.place}'))
        found = _THERE.search(self.text) if not found else None
        if found and spoken.place and not self._said.of('region'):
            before = self.text[: found.start()]
            is_drive = _WORDS['drives'].search(before) and not things
            joint = '' if before.endswith('from ') else 'to ' if is_drive else 'in '
            changes.append((*found.span(), joint + spoken.place))
        return spoken.rebuild(self._said, changes) if changes else ''

    def _changes_of_it(self) -> list[tuple[int, int, str]]:
        text, spoken = self.text, self._spoken
        it = spoken.it or spoken.place
        its = re.search(r'\bits (\w+)', text)
        if its and it:
            keys = [m for m in self._said.of('attribute') if m.start >= its.start(1)]
            end = keys[0].end if keys else its.end()
            return [(its.start(), end, f'the {text[its.start(1) : end]} of {it}')]
        found = _IT.search(text)
        is_own = found is not None and any(m.end < found.start() for m in self._said.of('region'))
        if found and it and not is_own:
            return [(*found.span(), it)]
        found = _THEM.search(text)
        if found and len(spoken.things) > 1:
            return [(*found.span(), f'{", ".join(spoken.things[:-1])} and {spoken.things[-1]}')]
        if not spoken.is_of_things:
            return []
        if found and not spoken.things and not spoken.is_of_one:
            place = f' in {spoken.place}' if spoken.sentence.of('region') else ''
            return [(*found.span(), f'the {spoken.plural}{place}')]
        found = _ONE.search(text)
        if found:
            article = 'an' if spoken.noun[0] in 'aeiou' else 'a'
            return [(*found.span(), f'{found["before"]} {article} {spoken.noun}')]
        found = _HOW_MANY.search(text)
        return [(*found.span(), f'how many {spoken.plural}')] if found else []

    def _change_of_the(self, thing: Mention) -> list[tuple[int, int, str]]:
        """`The truck`, where several are known, is the one that was named last."""
        spoken, target = self._spoken, thing.target
        if target.name or thing.article != 'the' or thing.is_plural or thing.looks:
            return []
        if self._said.of('region') or thing.role != 'object':
            return []
        nodes = self._graph.nodes
        known = [n for n in self._graph.objects if is_called(nodes[n], target.classes)]
        named = [n for n in spoken.things if n in known]
        return [(thing.start, thing.end, named[0])] if len(known) > 1 and len(named) == 1 else []


def _without_polite(sentence: Sentence) -> Sentence:
    """A sentence without what asks for nothing."""
    while (found := _WORDS['polite'].search(sentence.text)) is not None:
        sentence = sentence.without(*found.span())
    return sentence
