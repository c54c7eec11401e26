# SPDX-License-Identifier: Apache-2.0
"""read_off: say what stands on a sign, a display or a label, or what any text says of a topic."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.describing import (
    Text,
    draw_text,
    load_bank,
    reports_of,
    with_reports,
)
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.told_texts import sentences_about
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion, Fact
from prism_core.errors import WorldRejected
from prism_core.graph.calling import is_called
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_WITH_TOPIC, _ANYWHERE = 0.5, 0.6


class ReadOff(Kind):
    """Intents have as `value` the place of a text, such as sign, or its topic, such as last ferry;
    and a `target` that means one object, or none where any text may say it.
    """

    __slots__ = ()

    name = 'read_off'
    asks = 'say what a sign, display or label of an object says, or any text of a topic (value)'
    slots = '?target value'
    forms = ('quoted', 'described', 'unseen', 'untold')
    is_drawn_unasked = False
    reads_whole = True
    needs_words = True
    has_free_value = True
    read_rank = 5

    def draw(self, source: IntentSource) -> Intent:
        """Of a text in the world, as often as not of one with a topic."""
        reports = reports_of(source.true)
        texts = reports.texts if reports is not None else ()
        topics = [text for text in texts if text.topic]
        if topics and source.rng.random() < _WITH_TOPIC:
            text = source.rng.choice(topics)
        elif texts:
            text = source.rng.choice(texts)
        else:
            raise WorldRejected('no text to ask for')
        is_carrier = is_called(source.true.nodes[text.name], load_bank().carriers)
        if text.topic and is_carrier and source.rng.random() < _ANYWHERE:
            return Intent('read_off', value=text.topic)
        return Intent('read_off', target=source.definite(text.name), value=text.topic or text.place)

    def phrasing_group(self, intent: Intent) -> str:
        """A topic, at a thing or anywhere; a number; or all that is written."""
        if intent.value in load_bank().topics:
            return 'read_off_topic' if intent.target is None else 'read_off_topic_at'
        return 'read_off_number' if intent.value == 'display' else 'read_off_text'

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To say what is asked for of the text, looked at in this mission."""
        text = _text_of(truth, intent)
        reports = reports_of(truth.graph)
        others = reports.texts if reports is not None else ()
        rivals = {t.text for t in others if t.name != text.name and re.search('[a-z]', t.text)}
        return Criterion(
            'text',
            accepted=(text.value or text.text,),
            rivals=tuple(sorted(rivals - {text.text})),
            evidence=(Fact('inspected', text.name),),
        )

    def change(self, pair: Pair) -> SceneGraph | None:
        """Another text in the same place."""
        reports, fact = reports_of(pair.true), pair.episode.criterion.evidence[0]
        text = reports.text_on(fact.node) if reports is not None else None
        if reports is None or text is None:
            return None
        other = draw_text(pair.rng, text.name, place=text.place, topic=text.topic)
        return with_reports(pair.true, reports.with_text(other))

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look at what it stands on, or at one thing after the other that may carry it, and quote
        what it says.
        """
        if intent.target is None:
            return self._decide_anywhere(mission, intent.value)
        name = mission.resolve(given(intent.target))
        if isinstance(name, Step):
            return name
        step = mission.inspect_anew(name, 'text')
        return step or self._quote(mission, name, intent.value)

    def _decide_anywhere(self, mission: Mission, topic: str) -> Step:
        for name, node in mission.graph.objects.items():
            said = sentences_about(node.description, topic)
            if said:
                return mission.answer('quoted', name, said)
        for name in _carriers(mission):
            step = mission.inspect_anew(name, 'text')
            if step is not None and step[-1].name == 'inspect':
                return step
        if mission.state.frontiers:
            return Step((mission.state.frontiers[0].action,))
        return mission.given_up() or mission.answer('untold', topic)

    @staticmethod
    def _quote(mission: Mission, name: str, asked: str) -> Step:
        description = mission.graph.nodes[name].description
        said = sentences_about(description, asked)
        if said:
            return mission.answer('quoted', name, said)
        return mission.answer('unseen', name, asked)

    def read(self, reading: Reading) -> Intent | None:
        """What is written or shown is asked for, or what only a text tells."""
        asked = reading.text_asked_for()
        if asked is None:
            return None
        value, things = asked
        target = reading.specific(things[-1]) if things else None
        return Intent('read_off', target=target, value=value)


def _carriers(mission: Mission) -> Iterator[str]:
    """The known things that may carry a text, those in the robot's region first."""
    yield from mission.candidates(Target(classes=tuple(sorted(load_bank().carriers))))


def _text_of(truth: Truth, intent: Intent) -> Text:
    """The text that is asked for.

    Raises:
        WorldRejected: there is none or more than one, or it cannot be reached.
    """
    reports = reports_of(truth.graph)
    texts = reports.texts if reports is not None else ()
    if intent.target is not None:
        name = truth.one_object(intent.target)
        texts = tuple(text for text in texts if text.name == name)
    fitting = [text for text in texts if intent.value in (text.topic or text.place,)]
    if len(fitting) != 1:
        raise WorldRejected('the text is not unique')
    if not truth.can_be_reached(fitting[0].name):
        raise WorldRejected('the text cannot be reached')
    carriers = load_bank().carriers
    if intent.target is None and not is_called(truth.graph.nodes[fitting[0].name], carriers):
        raise WorldRejected('nobody would look for the text there')
    return fitting[0]
