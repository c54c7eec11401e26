# SPDX-License-Identifier: Apache-2.0
"""Answers as sentences: which are right, which are wrong, and which say two things."""

from __future__ import annotations

import pytest

from prism_core import Node, SceneGraph
from prism_core.domains.mapping import load_words
from prism_core.domains.mapping.answer_text import names_in, why_wrong
from prism_core.episode.criterion import Criterion

LEXICON = load_words().lexicon
GRAPH = SceneGraph([
    Node('yard_1', 'region', (0, 0)),
    Node('dock_2', 'region', (9, 0)),
    Node('crate_3', 'object', (0, 1)),
    Node('crate_12', 'object', (0, 2)),
    Node('forklift_7', 'object', (0, 3)),
])  # fmt: skip
CRITERIA = {
    'node': Criterion('node', ('yard_1',), ('dock_2',)),
    'either': Criterion('node', ('crate_3', 'crate_12'), ('forklift_7',)),
    'nodes': Criterion('nodes', ('crate_3', 'crate_12'), ('forklift_7',)),
    'no nodes': Criterion('nodes', (), ('crate_3', 'crate_12', 'forklift_7')),
    'value': Criterion('value', ('half filled', 'half full'), ('full', 'filled up', 'empty')),
    'three': Criterion('number', ('3',)),
    'zero': Criterion('number', ('0',)),
    'is open': Criterion('yes_no', ('yes', 'open'), ('closed', 'shut')),
    'is closed': Criterion('yes_no', ('no', 'open'), ('closed', 'shut')),
    'there is': Criterion('yes_no', ('yes',)),
    'there is none': Criterion('yes_no', ('no',)),
    'absence': Criterion('absence', (), ('crate_3', 'crate_12', 'forklift_7')),
    'unreachable': Criterion('unreachable'),
    'text': Criterion('text', ('crate under a tarpaulin',), ('crate on fire',)),
    'any': Criterion('any'),
}
RIGHT = {
    'node': [
        *('yard_1', 'yard_1.', 'It is in yard_1!', "yard_1's corner", '(yard_1)'),
        'There are more crates in yard_1 than in dock_2.',
        'Counting crate, yard_1 (3) has more than dock_2 (0).',
        *('yard_1 has more, compared to dock_2', 'yard_1 vs dock_2', 'yard_1, with crate_3'),
    ],
    'either': ['crate_3', 'crate_12, seen from dock_2.', 'crate_3 and crate_12'],
    'nodes': ['crate_3, crate_12', 'In yard_1 I see crate_12 and crate_3.'],
    'no nodes': ['nothing', 'In yard_1 I see nothing.', 'There are no objects.'],
    'value': ['half filled', 'It is half full.', 'Half Filled!', 'half-full', 'crate_3: half full'],
    'three': ['3', 'three', 'There are three crates in yard_1.', 'Number of crate: 3.', '3 (3)'],
    'zero': ['0', 'zero', 'There are no crates.', 'none', "I didn't see any", 'I didn’t see any'],
    'is open': ['Yes', 'yes.', 'Yeah, it is.', 'It is open.', "It isn't closed."],
    'is closed': [
        *('No.', 'Nope', 'No, it is not open but closed.', "It isn't open", 'It isn’t open'),
        *('It is not open.', 'It is closed.', 'shut'),
    ],
    'there is': ['Yes, there is a crate: crate_3.', 'Affirmative'],
    'there is none': ['No, there is no crate.', 'Negative.'],
    'absence': [
        *('There is no crate in the 4 regions that I can reach.', 'none', 'I cannot find one.'),
        "I couldn't find any.",
    ],
    'unreachable': ['It cannot be reached.', 'unreachable', 'no way there', "I can't get there"],
    'text': ['crate under a tarpaulin', 'crate_3: a crate under a big tarpaulin, with a dent.'],
    'any': ['I have mapped all 4 regions.', 'done'],
}  # fmt: skip
WRONG = {
    'node': [
        *('dock_2', 'yard_1 or dock_2', 'yard_1, dock_2', 'not yard_1', 'It is not yard_1.'),
        'There are more crates in dock_2 than in yard_1.',
        *('somewhere', 'crate_3', 'yard', 'yard_11', 'yard_1x', 'It never was in yard_1'),
    ],
    'either': ['forklift_7', 'crate_3 or forklift_7', 'crate_4', 'neither crate_3 nor crate_12'],
    'nodes': ['crate_3', 'crate_3, crate_12, forklift_7', 'nothing', 'not crate_3, crate_12'],
    'no nodes': ['crate_3', 'I see a lot.', 'nothing but crate_3', 'yard_1'],
    'value': ['full', 'half', 'It is not half full.', 'half full or full', 'half filled, empty'],
    'three': [
        *('4', 'four', 'three or four', '3 or 4', 'none', 'crate_3', 'crate_3 and nothing else'),
        *('many', 'Not 3 but 2', 'one, two, three'),
    ],
    'zero': ['1', 'one', 'crate_3', 'some', 'no crate in yard_1 but 2 in dock_2', 'crate_12'],
    'is open': [
        *('No.', 'yes and no', 'No, yes', 'It is closed.', "It isn't open.", 'It isn’t open', ''),
        *('open or closed', 'maybe', 'It stands in yard_1.', 'Nope, yes'),
    ],
    'is closed': ['Yes.', 'It is open.', 'Yes, no.', "It isn't closed", 'open and closed'],
    'there is': ['No.', 'perhaps', 'crate_3', 'Yes or no.'],
    'there is none': ['Yes.', 'crate_3', 'No. Or yes.'],
    'absence': ['crate_3', 'It is not crate_3.', 'I looked everywhere.', 'Yes'],
    'unreachable': ['I am at yard_1.', 'no', 'It can be reached.', 'There is a way.', 'nothing'],
    'text': ['crate', 'under a tarpaulin', 'crate under a tarpaulin, or a crate on fire', 'barrel'],
    'any': ['I could not do it.', "I haven't mapped it", 'nothing'],
}  # fmt: skip


def cases(table):
    return [(kind, text) for kind, texts in table.items() for text in texts]


@pytest.mark.parametrize(('kind', 'text'), cases(RIGHT))
def test_a_right_answer_is_taken_in_many_wordings(kind, text):
    assert why_wrong(text, CRITERIA[kind], GRAPH, LEXICON) == ''


@pytest.mark.parametrize(('kind', 'text'), cases(WRONG))
def test_a_wrong_denied_double_or_missing_answer_is_turned_down(kind, text):
    assert why_wrong(text, CRITERIA[kind], GRAPH, LEXICON)


@pytest.mark.parametrize(
    ('kind', 'text'),
    [
        ('is open', 'Yes, it is closed.'),
        ('is open', "Yes, it isn't open."),
        ('is closed', 'No, it is open.'),
        ('is open', 'Yes. Nope.'),
        ('is open', 'Not yes.'),
        ('three', 'It is not 3.'),
        ('three', '-3'),
        ('node', 'yard_1 has fewer crates than dock_2.'),
        ('unreachable', 'It is not unreachable.'),
        ('text', 'It is not a crate under a tarpaulin.'),
    ],
)
def test_an_answer_that_denies_itself_is_turned_down(kind, text):
    assert why_wrong(text, CRITERIA[kind], GRAPH, LEXICON)


@pytest.mark.parametrize(
    ('kind', 'text'),
    [('value', 'crate_3:half full'), ('node', 'Compared with dock_2, yard_1 has more.')],
)
def test_a_right_answer_is_taken_however_it_is_punctuated_and_ordered(kind, text):
    assert why_wrong(text, CRITERIA[kind], GRAPH, LEXICON) == ''


@pytest.mark.parametrize(
    ('kind', 'text', 'reason'),
    [
        ('node', 'dock_2', 'dock_2 is not the answer'),
        ('node', 'somewhere', 'expected yard_1'),
        ('node', 'not yard_1', 'it is denied'),
        ('either', 'here', 'expected crate_3 or crate_12'),
        ('nodes', 'crate_3', 'crate_12 is missing'),
        ('nodes', 'crate_3 crate_12 forklift_7', 'forklift_7 is not there'),
        ('no nodes', 'a lot', 'it does not say that there is nothing'),
        ('value', 'empty', 'empty is not the answer'),
        ('value', 'fine', 'expected half filled'),
        ('three', '3 or 4', 'expected 3, it says 3 and 4'),
        ('three', 'many', 'expected 3, it says no number'),
        ('is open', 'yes and no', 'it says yes and no'),
        ('is open', 'No.', 'expected yes, it says no'),
        ('is open', 'maybe', 'it says neither yes nor no'),
        ('absence', 'everywhere', 'it does not say that there is none'),
        ('unreachable', 'hello', 'it does not say that it cannot be reached'),
        ('text', 'crate', 'expected it to say: crate under a tarpaulin'),
        ('any', 'nothing', 'it is denied'),
    ],
)
def test_the_reason_says_what_was_expected_or_what_was_wrong(kind, text, reason):
    assert why_wrong(text, CRITERIA[kind], GRAPH, LEXICON) == reason


def test_digits_in_the_names_of_nodes_are_no_numbers():
    assert why_wrong('crate_3, crate_12 and forklift_7: 3', CRITERIA['three'], GRAPH, LEXICON) == ''
    assert (
        why_wrong('crate_3', CRITERIA['three'], GRAPH, LEXICON) == 'expected 3, it says no number'
    )


def test_names_stand_in_a_text_as_whole_words_in_order():
    text = "yard_1's crate_12, (dock_2); crate_3. crate_33 Yard_1 crate_3"
    assert names_in(text, GRAPH) == ['yard_1', 'crate_12', 'dock_2', 'crate_3', 'crate_3']


def test_every_value_of_every_attribute_is_told_from_every_other():
    for spec in LEXICON.attributes.values():
        for value, synonyms in spec.values.items():
            rivals = tuple(w for v, ws in spec.values.items() if v != value for w in (v, *ws))
            criterion = Criterion('value', (value, *synonyms), rivals)
            for word in (value, *synonyms):
                assert why_wrong(f'The one of crate_3 is {word}.', criterion, GRAPH, LEXICON) == ''
                assert why_wrong(f'It is not {word}.', criterion, GRAPH, LEXICON) == 'it is denied'
            for word in rivals:
                assert why_wrong(f'It is {word}.', criterion, GRAPH, LEXICON)
                assert why_wrong(f'{word} or {value}', criterion, GRAPH, LEXICON)
