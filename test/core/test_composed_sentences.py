# SPDX-License-Identifier: Apache-2.0
"""What requests of several parts mean, and what is asked about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import (
    GraphUpdate,
    Observation,
    Plan,
    Turn,
    render_steps,
)
from prism_core.domains.mapping import load_words, make_symbolic_planner
from prism_core.domains.mapping.intent import MAX_LEVELS, Intent, Target
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.reading import RequestReader

from .composed_sentences import PORT, SENTENCES
from .strategies import texts

WORDS = load_words()
READER = RequestReader(WORDS)


def say(intent: Intent) -> str:
    """A meaning in short."""
    text = _say(intent)
    for each in intent.constraints:
        place = say_target(each.region) if each.region else f'{each.distance_m:g}'
        text += f'{" |" if "|" not in text else ","} {each.kind}({place})'
    return text


def say_target(target: Target) -> str:
    if target.name:
        return target.name
    looks = ' '.join(value for _, value in target.attributes)
    return f'{looks} {target.classes[0]}'.strip()


def _say(intent: Intent) -> str:
    if intent.kind == 'sequence':
        return ' > '.join(map(_say, intent.steps))
    if intent.kind == 'conditional':
        return _say_conditional(intent)
    targets = (intent.target, intent.region, intent.other_region, *intent.among)
    slots = [say_target(t) for t in targets if t]
    if intent.kind == 'each':
        return f'each({" in ".join(slots)}){{{_say(intent.steps[0])}}}'
    name = {'go_to': 'go', 'describe': 'look', 'attribute': 'attr', 'yes_no': 'is'}
    name |= {'map_area': 'map', 'passable': 'pass'}
    kind = name.get(intent.kind, intent.kind)
    if intent.attribute == 'description':
        kind = 'look'
    elif intent.attribute:
        slots.append(intent.attribute + (f'={intent.value}' if intent.value else ''))
    elif intent.value != 'no':
        slots.append(intent.value)
    slots = [slot for slot in slots if slot]
    return f'{kind}({", ".join(slots)})' if slots else kind


def _say_conditional(intent: Intent) -> str:
    condition, steps, no = intent.condition, intent.steps, ''
    if condition is None:
        steps = tuple(Intent('go_to', region=r) for r in (intent.region, intent.other_region))
        if intent.ends is None:
            condition = Intent(
                'yes_no', intent.target, attribute=intent.attribute, value=intent.value
            )
        else:
            one, other = intent.ends
            condition = Intent('passable', region=one, other_region=other, value='no')
    if 'no' in (condition.value, intent.value):
        no = 'no ' if len(steps) == 1 else ''
        steps = steps[::-1]
    text = f'if {no}{_say(condition)} {{{_say(steps[0])}}}'
    return text + (f' else {{{_say(steps[1])}}}' if len(steps) > 1 else '')


# --------------------------------------------------------------------------------------- the tests


@pytest.mark.parametrize(('graph', 'sentence', 'meaning'), SENTENCES)
def test_a_composed_request_means_its_tree_or_is_asked_about(graph, sentence, meaning):
    intent = READER.read(sentence, graph)
    asks = READER.question_before(sentence, graph) or not KINDS[intent.kind].is_understood
    assert ('ask' if asks else say(intent)) == meaning


QUOTED = [
    ('Go to the office and bring me the keys.', 'bring me the keys.'),
    ('Clean the yard. Then come back.', 'Clean the yard.'),
    ('Inspect the truck and repair it.', 'repair it.'),
    ('Go to the yard, wax the boat, and come back.', 'wax the boat,'),
]


@pytest.mark.parametrize(('sentence', 'part'), QUOTED)
def test_what_a_meaning_has_no_place_for_is_told_and_asked_about_in_its_words(sentence, part):
    assert READER.unaccounted(sentence, PORT) == (part,)
    assert part.strip('.,') in READER.question_before(sentence, PORT)


@pytest.mark.parametrize(
    'sentence',
    [
        'Go to the yard and let me know when you are there.',
        'Please go to the office, thanks.',
        'Find a barrel and tell me where you found it.',
        'Go to the warehouse, but avoid the bridge.',
        'If the truck is open, come back.',
    ],
)
def test_what_asks_for_nothing_more_is_accounted_for(sentence):
    assert READER.unaccounted(sentence, PORT) == ()
    assert READER.question_before(sentence, PORT) == ''


def test_who_keeps_to_no_constraint_asks_about_what_the_symbolic_planner_keeps_to():
    request = 'Go to the warehouse, but avoid the bridge.'
    assert READER.question_before(request, PORT) == ''
    assert 'avoid the bridge' in READER.question_of_forbidding(request, PORT)
    assert READER.question_of_forbidding('Go to the warehouse.', PORT) == ''


def test_what_is_to_be_avoided_is_asked_about_where_it_is_where_to_go():
    for request in ('Go to the bridge but avoid the bridge.', 'Visit all docks, but not dock_2.'):
        assert READER.question_before(request, PORT)


def test_it_comes_back_to_where_it_was_asked_wherever_it_is_by_then():
    planner = make_symbolic_planner()
    request = 'Go to the office and come back.'
    first = planner.plan(request, PORT, ())
    assert render_steps(first.actions).startswith('goto(office_1), goto(gate_1)')
    there = PORT.apply(GraphUpdate(robot_location='office_1'))
    drive = Turn(
        Plan((first.actions[0],)),
        (Observation(update=GraphUpdate(robot_location='office_1')),),
        'gate_1',
        known_graph=PORT,
    )
    assert 'goto(gate_1)' in render_steps(planner.plan(request, there, (drive,)).actions)


JOINED = st.lists(
    st.sampled_from(
        [
            *('go to the yard', 'inspect crane_1', 'if', 'unless', 'otherwise', 'and', 'then', ','),
            *(
                '.',
                '?',
                'there is a truck in the yard',
                'the truck is open',
                'come back',
                'it',
                ':',
            ),
            *('every barrel', 'without entering the bridge', 'tell me whether', 'for each of them'),
            *(
                'only via the main road',
                'within 50 m',
                'avoid',
                'dock_1',
                'before you',
                'check',
                'not',
            ),
        ]
    ),
    max_size=12,
).map(' '.join)


@given(request=texts | JOINED)
def test_any_text_is_read_to_the_same_meaning_each_time_and_not_too_deep(request):
    intent = READER.read(request, PORT)
    assert isinstance(READER.question_before(request, PORT), str)
    assert intent.levels <= MAX_LEVELS
    assert all(not part.constraints for part in intent.walk() if part is not intent)
    again = RequestReader(WORDS)
    assert again.read(request, PORT) == intent
    assert again.unaccounted(request, PORT) == READER.unaccounted(request, PORT)
