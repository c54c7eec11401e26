# SPDX-License-Identifier: Apache-2.0
"""What a report in words plainly says of a thing, and that nothing else is read out of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Node
from prism_core.domains.mapping.told_texts import sentences_about, sentences_of
from prism_core.domains.mapping.told_values import calls_in_text, read_told

from .mapping_worlds import WORDS
from .strategies import texts

LEXICON = WORDS.lexicon
VALUES = [
    (key, value, word)
    for key, spec in LEXICON.attributes.items()
    for value, others in spec.values.items()
    for word in (value, *others)
]
OF_OTHERS = (
    'A {word} tarpaulin lies beside the gate.',
    'The crate behind it is {word}.',
    'A sign says "{word}".',
    'It was {word} this morning.',
    'Nobody knows whether it is {word}.',
    'It may be {word}.',
    'It will be {word} at 6.',
    'Gate 7 is {word}.',
    'The wall of the hall is {word}.',
)


def said(text: str, name: str = 'gate_3'):
    return read_told(text, calls_in_text(Node(name, 'object'), LEXICON), LEXICON)


@given(st.sampled_from(VALUES), st.sampled_from(['It', 'The gate', 'This gate', 'Gate 3']))
def test_value_that_is_said_of_the_thing_is_read_whatever_its_word(entry, subject):
    key, value, word = entry
    assert said(f'{subject} is {word}.').values == {key: value}
    assert said(f'Two men wait. {subject} is clearly {word}, and I was here at 3.').values == {
        key: value
    }


@given(st.sampled_from(VALUES), st.sampled_from(['not', 'no longer', 'clearly not']))
def test_value_that_is_denied_is_not_read_and_the_other_of_two_is(entry, denial):
    key, value, word = entry
    found = said(f'The gate is {denial} {word}.')
    assert found.denied == {key: {value}}
    others = set(LEXICON.attributes[key].values) - {value}
    assert found.values == ({key: min(others)} if len(others) == 1 else {})
    assert found.holds(key, value) is False


@given(st.sampled_from(VALUES), st.sampled_from(OF_OTHERS))
def test_value_of_something_else_or_of_another_time_is_not_read(entry, sentence):
    key, value, word = entry
    assert said(sentence.format(word=word)).values.get(key) != value


@given(st.sampled_from(VALUES), st.data())
def test_thing_that_is_said_to_be_two_ways_is_neither(entry, data):
    key, value, word = entry
    others = [v for v in LEXICON.attributes[key].values if v != value]
    other = data.draw(st.sampled_from(others))
    found = said(f'The gate is {word}. It is {other}.')
    assert key not in found.values
    assert found.holds(key, value) is None


@given(texts)
def test_any_text_is_read_without_a_guess_beyond_the_lexicon(text):
    for key, value in said(text).values.items():
        assert value in LEXICON.attributes[key].values
    assert said(f'"{text.replace(chr(34), "")}"').values == {}


@pytest.mark.parametrize(
    ('text', 'values'),
    [
        ('The gate is neither open nor locked.', {'openness': 'closed', 'lock': 'unlocked'}),
        ('It stands ajar but is not locked.', {'openness': 'open', 'lock': 'unlocked'}),
        ('The gate is shut, though not bolted.', {'openness': 'closed', 'lock': 'unlocked'}),
        ('The engine is idling and the lights are on.', {'power': 'running'}),
        ('Engine idling, lights on, nobody inside.', {'power': 'running'}),
        ('It is no longer red but blue.', {'color': 'blue'}),
        ('A small wooden gate with a red lock.', {'size': 'small', 'material': 'wooden'}),
        ('The lid isn’t closed.', {'openness': 'open'}),
        ('It seems to be open.', {}),
        ('Graffiti in green and black.', {}),
        ('Motor 3 and gate 3 are open, the car behind it is locked.', {'openness': 'open'}),
        ('It is nearly empty.', {}),
        ('', {}),
    ],
)
def test_sentences_as_robots_say_them_are_read_by_what_they_deny_and_doubt(text, values):
    assert said(text).values == values


def test_thing_is_known_by_its_class_its_name_and_its_number():
    assert said('The pump is switched off.', 'water_pump_9').values == {'power': 'switched off'}
    assert said('Pump P-4A is running.', 'pump_4B').values == {}
    assert said('The linen is dirty.', 'linen_hamper_2').values == {}
    coded = Node('HX-201', 'object', attributes={'semantic_class': 'heat exchanger'})
    called = calls_in_text(coded, LEXICON)
    assert read_told('The heat exchanger is dry.', called, LEXICON).values == {'surface': 'dry'}


@given(
    st.lists(st.sampled_from(['It is open.', 'A sign says "no. 3. Stop!".', 'Why?']), min_size=1)
)
def test_text_is_parted_into_its_sentences_and_quotations_stay_whole(sentences):
    assert sentences_of(' '.join(sentences)) == sentences


def test_sentence_that_tells_a_text_is_found_by_its_place_or_its_topic():
    text = 'The gate is red. A notice says "last ferry: 21:30". The display is lit. It reads 7.'
    assert sentences_about(text, 'last ferry') == 'A notice says "last ferry: 21:30".'
    assert sentences_about(text, 'notice') == 'A notice says "last ferry: 21:30".'
    assert sentences_about(text, 'label') == 'A notice says "last ferry: 21:30".'
    assert sentences_about(text, 'first bus') == ''
