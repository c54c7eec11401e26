# SPDX-License-Identifier: Apache-2.0
"""What a clause points back to: it, there, they."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.reading import Reading
from prism_core.domains.mapping.reading.sentence import Sentence, join
from prism_core.graph.scene_graph import SceneGraph

_IT = re.compile(
    r'\b(?:it|that one|this one|the same one|that thing)\b(?! (?:is (?:raining|late|over|safe))\b)'
)
_ITS = re.compile(r'\bits ((?:\w+ )?\w+)')
_THEY = re.compile(r'\b(?:they|them|these|those|each one|each(?=$| [^\w\s]))(?: (?:all|each))?\b')
_THERE = re.compile(
    r'(?<!is )(?<!are )\b(?:over |in )?there\b(?! (?:is|are|was|were|be|will|'
    r'can|might|may|happens?|seems?|exists?|has|have)\b)'
)


class Spoken:
    """What was spoken of last: things, a place, and a group of which each is meant."""

    def __init__(
        self,
        things: Sequence[Mention] = (),
        place: Mention | None = None,
        group: tuple[Mention, Mention | None] | None = None,
    ):
        self.things, self.place, self.group = list(things), place, group

    def copy(self) -> Spoken:
        """The same, to be changed by itself."""
        return Spoken(self.things, self.place, self.group)


class Unread(Exception):
    """A clause that cannot be read; `is_talk` where it asks for nothing as far as one can see."""

    def __init__(self, *, is_talk: bool = False):
        super().__init__()
        self.is_talk = is_talk


class Pointing:
    """Knows what was spoken of last, and puts it in place of pronouns."""

    def __init__(self, graph: SceneGraph):
        self._graph = graph
        self.spoken = Spoken()

    def remember(self, clause: Sentence) -> None:
        """Note what a clause speaks of."""
        things, regions = clause.of('object'), clause.of('region')
        if things:
            self.spoken.things = things
            self.spoken.group = None
        elif regions:
            self.spoken.things = []
        if regions:
            self.spoken.place = regions[-1]
        elif things:
            self.spoken.place = things[-1]

    def remember_group(self, noun: Mention, place: Mention | None) -> None:
        """Note that each of many was spoken of."""
        self.spoken.group = (noun, place)
        self.spoken.things = []
        self.spoken.place = place

    def there(self) -> Mention:
        """The place that was spoken of last."""
        place = self.spoken.place
        if place is None:
            raise Unread
        if place.role == 'region':
            return place
        found = Reading.region_of_mention(place, self._graph)
        if found is None:
            raise Unread
        return Mention('region', found)

    def resolved(self, clause: Sentence) -> Sentence:
        """A clause with what it points back to in place of pronouns."""
        if not clause.of('object', 'purpose') or _ITS.search(clause.text):
            clause = self._with_it(clause)
        match = _THERE.search(clause.text)
        if match is not None:
            is_nowhere = self.spoken.place is None and clause.of('object', 'purpose')
            if clause.of('region') or is_nowhere:
                return clause.without(*match.span())
            place = self.there()
            there = Sentence('in R', (replace(place, start=3, end=4),))
            return join([clause.part(0, match.start()), there, clause.part(match.end())])
        return clause

    def _with_it(self, clause: Sentence) -> Sentence:
        match = _ITS.search(clause.text)
        if match is not None and not clause.of('object'):
            of = Sentence('of')
            noun = self._noun_of_it()
            keys = [a for a in clause.of('attribute') if a.start >= match.start(1)]
            end = keys[0].end if keys else match.end(1)
            return join(
                [
                    clause.part(0, match.start()),
                    Sentence('the'),
                    clause.part(match.start(1), end),
                    of,
                    noun,
                    clause.part(end),
                ]
            )
        match = _IT.search(clause.text)
        is_own = match is not None and any(r.end < match.start() for r in clause.of('region'))
        if match is not None and not clause.of('object') and not is_own:
            if not self.spoken.things and self.spoken.place is not None and not self.spoken.group:
                return clause.put(*match.span(), self.spoken.place)
            noun = self._noun_of_it()
            return join([clause.part(0, match.start()), noun, clause.part(match.end())])
        match = _THEY.search(clause.text)
        if match is not None and not clause.of('object'):
            if self.spoken.group is None:
                raise Unread
            thing, place = self.spoken.group
            clause = clause.put(*match.span(), replace(thing, is_plural=True, article='the'))
            if place is not None:
                end = match.start() + 1
                at = Sentence('in R', (replace(place, start=3, end=4),))
                clause = join([clause.part(0, end), at, clause.part(end)])
        return clause

    def _noun_of_it(self) -> Sentence:
        """What `it` stands for; of a group, each."""
        if self.spoken.things or self.spoken.group is None:
            return Sentence('O').put(0, 1, self._it())
        thing, place = self.spoken.group
        noun = Sentence('O').put(0, 1, replace(thing, is_plural=True, article='the'))
        at = Sentence('in R', (replace(place, start=3, end=4),)) if place else Sentence('')
        return join([noun, at])

    def _it(self) -> Mention:
        things = self.spoken.things
        if len({thing.target for thing in things}) != 1:
            raise Unread
        article = things[0].article if things[0].target.name else 'the'
        return replace(things[0], article=article, is_plural=False)
