# SPDX-License-Identifier: Apache-2.0
"""Sentences about a home, as people say them, read without a language model."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core.domains.household.classes import FURNITURE, THINGS
from prism_core.domains.household.importing.alfred import load_homes, meaning_of, requests_of
from prism_core.domains.household.importing.alfred_homes import words_of
from prism_core.domains.household.meaning import VAGUE
from prism_core.domains.household.reading import read_request
from prism_core.domains.household.words import load_words

from .strategies import texts

KITCHEN = {
    *('counter top', 'sink basin', 'sink', 'fridge', 'microwave', 'coffee machine', 'cabinet'),
    *('drawer', 'dining table', 'garbage can', 'stove burner', 'apple', 'potato', 'tomato'),
    *('lettuce', 'bread', 'egg', 'mug', 'plate', 'bowl', 'pan', 'pot', 'butter knife', 'spoon'),
    *('fork', 'salt shaker', 'soap bottle', 'wine bottle'),
}
BEDROOM = {
    *('bed', 'desk', 'side table', 'drawer', 'garbage can', 'arm chair', 'sofa', 'desk lamp'),
    *('cell phone', 'key chain', 'book', 'pencil', 'remote control', 'cd', 'laptop', 'mug'),
}
EACH_KIND = {
    'Put a fork in the drawer.': 'place fork, drawer',
    'Place the egg from the sink on the counter.': 'place egg, counter top',
    'Put a spoon in a mug and put the mug on the table': 'stack spoon, mug, dining table',
    'Move the pan with the sliced potato in it to the fridge': 'stack potato slice, pan, fridge',
    'Put both forks in the sink.': 'two fork, sink basin',
    'Rinse a plate and place it in the cupboard': 'clean plate, cabinet',
    'Slice the bread, toast a slice, then put it on the counter.': 'heat bread slice, counter top',
    'Put the lettuce on the table after chilling it in the fridge': 'cool lettuce, dining table',
    'throw a cooked potato away': 'heat potato, garbage can',
}
SAID_AT_HOME = {
    'could you bung my phone on the couch, love?': 'place cell phone, sofa',
    'examine the book under the lamp': 'light book, desk lamp',
    'Pick up the keys and turn the light on': 'light key chain, desk lamp',
    'Put two pencils on the night stand': 'two pencil, side table',
    'Can you bin the disc please': 'place cd, garbage can',
    'put the clicker next to the sofa, on the table': 'place remote control, side table',
}


@pytest.mark.parametrize(('request_', 'said'), EACH_KIND.items())
def test_each_kind_of_errand_is_read_in_a_kitchen(request_, said):
    assert read_request(request_, KITCHEN).say() == said


@pytest.mark.parametrize(('request_', 'said'), SAID_AT_HOME.items())
def test_what_people_call_things_is_read_in_a_bedroom(request_, said):
    assert read_request(request_, BEDROOM).say() == said


def test_what_the_home_holds_settles_what_a_word_means():
    assert read_request('Put the cup on the desk', {'mug', 'desk'}).say() == 'place mug, desk'
    assert read_request('Put the cup on the desk', {'cup', 'desk'}).say() == 'place cup, desk'
    tables = {'book', 'coffee table'}
    assert read_request('Put a book on the table', tables).say() == 'place book, coffee table'


def test_what_is_not_there_is_said_and_nothing_else_taken_for_it():
    without = KITCHEN - {'egg', 'counter top'}
    assert (
        read_request('Chill an egg and leave it in the fridge', without).say() == 'cool egg, fridge'
    )
    request = 'Put the candle on the desk'
    assert read_request(request, {'candle', 'shelf', 'drawer'}).say() == 'place candle, desk'


@pytest.mark.parametrize(
    ('request_', 'said'),
    [
        ('bring a heated statue to the dinner table', 'heat statue, dining table'),
        ('Warm the cooking pot up and place it on the side table', 'heat pot, side table'),
        ('A cold butter knife belongs on the counter', 'cool butter knife, counter top'),
    ],
)
def test_what_cannot_be_done_to_a_thing_is_not_left_out(request_, said):
    assert read_request(request_, KITCHEN | {'statue', 'side table'}).say() == said


@pytest.mark.parametrize(
    ('request_', 'said'),
    [
        ('Fork to the drawer', 'place fork, drawer'),
        ('put a fork in the coffee mug and put it in the sink', 'stack fork, mug, sink basin'),
        ('the pot with a potato inside should be in the cupboard', 'stack potato, pot, cabinet'),
        (
            'cut up the tomato, then set the frying pan with a piece of it in the cabinet',
            'stack tomato slice, pan, cabinet',
        ),
        (
            'Give the apple a minute in the microwave and leave it in the sink',
            'heat apple, sink basin',
        ),
    ],
)
def test_what_is_said_shortly_or_the_other_way_round_is_read(request_, said):
    assert read_request(request_, KITCHEN).say() == said


def test_a_name_in_the_map_is_no_misspelt_word_of_others():
    home = {'tablet', 'mugger', 'coffee table', 'table', 'desk', 'mug'}
    assert read_request('put the tablet on the desk', home).say() == 'place tablet, desk'
    assert read_request('put the mugger on the desk', home).say() == 'place mugger, desk'


def test_where_a_thing_may_be_is_no_place_to_put_it():
    request = 'Get the apple, it should be in the fridge, and put it on the counter'
    assert read_request(request, KITCHEN).say() == 'place apple, counter top'


REASONED = {
    "I can't make out the headlines. Put the fork in the drawer.": 'place fork, drawer',
    'Is there a crack in my mug? Wash it and put it in the cupboard.': 'clean mug, cabinet',
    "The kids won't eat cold eggs. Heat one egg and put it on the plate.": 'heat egg, plate',
    "put the pan on the hob, if you don't mind": 'place pan, stove burner',
    'fork -> drawer': 'place fork, drawer',
    'The kitchen is always freezing. Warm a plate and leave it on the table, would ya': (
        'heat plate, dining table'
    ),
}


@pytest.mark.parametrize(('request_', 'said'), REASONED.items())
def test_reasons_and_questions_before_a_request_are_no_part_of_it(request_, said):
    assert read_request(request_, KITCHEN).say() == said


@pytest.mark.parametrize(
    'request_',
    [
        'Put the fork in the sink, no wait, in the drawer.',
        'put the egg in the pan, sorry, in the pot I meant',
        'Heat, or rather chill, the apple and put it on the counter',
        'Wash the mug. Do not put it in the sink.',
        "I don't want the mug in the sink. Put it there.",
        "I can't find the mug.",
        "The plate can't go in the microwave. Heat it and put it on the table.",
        'It does not go on the stove. Put the pan on the table.',
    ],
)
def test_what_takes_something_back_or_forbids_is_asked_about(request_):
    assert read_request(request_, KITCHEN) == VAGUE


def test_what_is_cut_is_a_slice_whether_or_not_it_can_be():
    cut = 'Slice the {} in half and put one half on the table'
    assert read_request(cut.format('bread'), KITCHEN).say() == 'place bread slice, dining table'
    assert read_request(cut.format('mug'), KITCHEN).say() == 'place mug slice, dining table'


def test_a_thing_is_looked_at_with_a_lamp_on():
    request = 'could you look at the key chain with the desk lamp on, please?'
    assert read_request(request, BEDROOM).say() == 'light key chain, desk lamp'


def test_steps_settle_what_the_goal_leaves_open():
    goal = 'Put the cold thing away. Steps: '
    steps = 'Take the tomato. Chill it in the fridge. Go to the table. Put the tomato on the table.'
    assert read_request(goal + steps, KITCHEN).say() == 'cool tomato, dining table'


def test_a_place_where_a_thing_only_passes_is_a_treatment():
    request = 'pop the spud in the micro and then stick it in the fridge'
    assert read_request(request, KITCHEN).say() == 'heat potato, fridge'


@pytest.mark.parametrize(
    ('request_', 'said'),
    [
        (
            'Chill an apple and put it on the table, and then put a mug in the sink.',
            'cool apple, dining table and place mug, sink basin',
        ),
        (
            'Put a cold apple in the fridge. After that put two forks in the drawer.',
            'cool apple, fridge and two fork, drawer',
        ),
        (
            'Put the apple in the fridge and the mug in the sink',
            'place apple, fridge and place mug, sink basin',
        ),
        (
            'Put the bread and the lettuce in the fridge',
            'place bread, fridge and place lettuce, fridge',
        ),
    ],
)
def test_two_whole_errands_are_two(request_, said):
    assert read_request(request_, KITCHEN).say() == said


def test_an_errand_in_several_clauses_is_one():
    request = 'Take the apple from the fridge, then wash it in the sink and put it in the fridge.'
    assert read_request(request, KITCHEN).say() == 'clean apple, fridge'


def test_a_sink_that_is_only_walked_to_washes_nothing():
    request = (
        'Put the apple away. Steps: Take the apple. Move to the sink. Put the apple in the bowl. '
    )
    request += 'Move the bowl to the fridge.'
    assert read_request(request, KITCHEN).say() == 'stack apple, bowl, fridge'


def test_what_the_home_does_not_hold_is_said_all_the_same():
    assert read_request('Put the watch in the safe', KITCHEN).say() == 'place watch, safe'
    assert read_request('Bring the trombone to the sink', KITCHEN).say() == (
        'place trombone, sink basin'
    )


def test_classes_that_no_table_has_are_known_where_a_home_holds_them():
    home = {*KITCHEN, 'tuba', 'piano'}
    assert read_request('Put the tuba on the piano', home).say() == 'place tuba, piano'


@pytest.mark.parametrize(
    'request_',
    [
        '',
        'Steps:',
        'how are you?',
        'do the thing',
        'Put it there.',
        'take the apple',
        'Is the mug on the table?',
        'Did you put the mug in the sink?',
        "please don't put the mug in the sink",
        'turn off the lamp',
        'clean the kitchen',
    ],
)
def test_what_asks_for_nothing_that_can_be_done_is_vague(request_):
    assert read_request(request_, KITCHEN) == VAGUE


@given(texts, st.sets(st.sampled_from(sorted(FURNITURE | THINGS)) | texts, max_size=6))
def test_no_text_is_too_odd_to_be_read(text, classes):
    read_request(text, classes)


WORDS = load_words('reading')
_SPOKEN = sorted(
    {
        *(word for words in WORDS['verbs'].values() for word in words),
        *(
            said
            for role in ('things', 'places')
            for calls in WORDS[role].values()
            for said in calls
        ),
        *('the', 'and', 'then', 'in', 'on', 'to', 'with', 'two', 'it', 'under', '.', ',', 'Steps:'),
    }
)


@given(st.lists(st.sampled_from(_SPOKEN), max_size=25).map(' '.join))
def test_errands_are_complete_whatever_is_said_in_known_words(text):
    for errand in read_request(text, KITCHEN | BEDROOM).errands:
        assert errand.thing
        assert bool(errand.lamp) == (errand.kind == 'light')
        assert bool(errand.place) == (errand.kind != 'light')
        assert bool(errand.vessel) == (errand.kind == 'stack')


DATA = os.environ.get('PRISM_DATA')


@pytest.mark.skipif(not DATA, reason='PRISM_DATA is not set')
@pytest.mark.parametrize(
    ('split', 'goal_only', 'with_steps'),
    [('valid_seen', 0.71, 0.79), ('valid_unseen', 0.79, 0.85)],
)
def test_what_workers_wrote_is_read_as_it_was_meant(split, goal_only, with_steps):
    folder = Path(DATA)
    trajectories, plans = load_homes(folder / 'alfred.jsonl.gz')
    layouts = json.loads(gzip.decompress((folder / 'alfred_floorplans.json.gz').read_bytes()))
    right = {False: [], True: []}
    for trajectory in trajectories:
        if trajectory['split'] != split:
            continue
        floor_plan = trajectory['floor_plan']
        classes = {words_of(name.split('_')[0]) for name, *_ in trajectory['objects']}
        classes |= {*plans.furniture[floor_plan].spots}
        classes |= {words_of(name) for name in layouts[floor_plan]['classes']}
        classes |= {words_of(name.split('|')[0]) for name in layouts[floor_plan]['openable']}
        for has_steps, found in right.items():
            for _, request in requests_of(trajectory, has_steps):
                found.append(read_request(request, classes) == meaning_of(trajectory))
    shares = {has_steps: sum(found) / len(found) for has_steps, found in right.items()}
    assert shares[False] >= goal_only, shares
    assert shares[True] >= with_steps, shares
