# SPDX-License-Identifier: Apache-2.0
"""Requests that are made of others: planned, told and judged part by part."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations
from random import Random
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Action
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS, flat_kinds
from prism_core.domains.mapping.measure import measure_distillation
from prism_core.domains.mapping.requests import render_request
from prism_core.domains.mapping.solution import solve
from prism_core.domains.mapping.words.speaker import Speaker
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.writing.entailment import is_same_meaning
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import as_task
from prism_core.errors import ConfigError, WorldRejected

from .composed_sites import (
    PUMP,
    TRUCK,
    VALVE,
    driven,
    make_site,
    outcome_of,
    pose,
    region,
    said,
)
from .mapping_worlds import WORDS, episodes_of

COMPOSED = [name for name in KINDS if name not in flat_kinds()]
OPENNESS = Intent('attribute', attribute='openness')
GO_TO_DOCK = Intent('go_to', region=region('dock'))
GO_TO_ROAD = Intent('go_to', region=region('road_2'))
VALVE_12 = Target(name='V-12')
COUNT_TRUCKS = Intent('count', target=TRUCK)


def ask_each(part: Intent, target: Target = VALVE, **slots) -> Intent:
    return Intent('each', target=target, steps=(part,), **slots)


def in_order(*steps: Intent) -> Intent:
    return Intent('sequence', steps=steps)


def check(condition: Intent, *steps: Intent) -> Intent:
    return Intent('conditional', condition=condition, steps=steps)


# ---------------------------------------------------------------------------------- what is asked


@pytest.mark.parametrize(
    ('make', 'match'),
    [
        (lambda: in_order(GO_TO_DOCK, Intent('vague')), "steps: expected some of .*got 'vague'"),
        (lambda: check(GO_TO_DOCK), "condition: expected one of .*yes_no.*got 'go_to'"),
        (lambda: in_order(*[COUNT_TRUCKS] * 5), 'steps: expected at most 4 of sequence, got 5'),
        (lambda: Intent('each', target=VALVE, steps=(OPENNESS, OPENNESS)), 'at most 1 of each'),
        (lambda: Intent('go_to', steps=(GO_TO_DOCK,)), 'steps: expected at most 0 of go_to'),
        (
            lambda: in_order(in_order(in_order(in_order(COUNT_TRUCKS)))),
            'steps: expected meanings of at most 3 levels in each other, got 4',
        ),
    ],
)
def test_a_meaning_that_cannot_be_is_refused_with_what_could(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_a_condition_counts_as_a_level():
    deep = check(Intent('exists', target=TRUCK), in_order(GO_TO_DOCK, COUNT_TRUCKS))
    assert (deep.levels, len(list(deep.walk()))) == (3, 5)


def test_order_matters_in_what_is_done_and_not_in_what_is_named():
    one, other = in_order(GO_TO_DOCK, COUNT_TRUCKS), in_order(COUNT_TRUCKS, GO_TO_DOCK)
    assert not is_same_meaning(one, other)
    ways = [
        Intent('passable', region=region(a), other_region=region(b))
        for a, b in (('road_2', 'bridge'), ('bridge', 'road_2'))
    ]
    assert is_same_meaning(*(check(way, GO_TO_DOCK) for way in ways))


# ------------------------------------------------------------------------------- what is reported


@pytest.mark.parametrize(
    ('intent', 'hidden', 'report'),
    [
        (
            in_order(COUNT_TRUCKS, Intent('find', target=PUMP), GO_TO_ROAD),
            ('pump_P-4B', 'dock 4', 'service_truck_12'),
            'Number of truck: 2. pump_P-4B, seen from Kuechenflur_1. I am at road_2.',
        ),
        (
            in_order(GO_TO_ROAD, Intent('describe', target=PUMP), GO_TO_DOCK),
            (),
            None,  # it has no description: nothing can be told of it
        ),
        (
            ask_each(OPENNESS),
            (),
            'The openness of V-12 is open. The openness of V-13 is closed.',
        ),
        (
            ask_each(Intent('count', target=VALVE), Target('region', classes=('heat exchanger',))),
            (),
            'Number of valve in HX-201: 1. Number of valve in HX-9: 1.',
        ),
        (
            ask_each(OPENNESS, region=region('road_2')),
            (),
            'No, there is no valve in road_2.',
        ),
        (
            check(Intent('exists', target=TRUCK, region=region('dock')), GO_TO_DOCK, GO_TO_ROAD),
            ('service_truck_12',),
            'Yes, there is a truck in dock 4: service_truck_12. I am at dock 4.',
        ),
        (
            check(Intent('exists', target=TRUCK, region=region('bridge'), value='no'), GO_TO_ROAD),
            (),
            'No, there is no truck in bridge_3. I am at road_2.',
        ),
        (
            check(Intent('count', target=VALVE, region=region('HX-9'), value='>1'), GO_TO_ROAD),
            (),
            'Number of valve in HX-9: 1.',
        ),
        (
            check(
                Intent('reach', region=region('dock')), Intent('attribute', PUMP, attribute='color')
            ),
            (),
            'I have been at dock 4. The color of pump_P-4B is green.',
        ),
        (
            ask_each(
                check(Intent('yes_no', attribute='openness', value='closed'), Intent('locate'))
            ),
            (),
            'No, the openness of V-12 is not closed but open. '
            'Yes, the openness of V-13 is closed. V-13 is in HX-9.',
        ),
        (
            in_order(GO_TO_ROAD, Intent('attribute', PUMP, attribute='color')),
            (),
            'The color of pump_P-4B is green. All steps are done.',
        ),
    ],
)
def test_each_part_is_reported_in_a_sentence(intent, hidden, report):
    if report is None:
        with pytest.raises(WorldRejected):
            pose(intent, *hidden)
        return
    episode = pose(intent, *hidden)
    assert said(episode) == report
    assert episode.outcome.success, episode.outcome.reason


def test_places_are_driven_to_in_turn_and_not_twice():
    episode = pose(in_order(GO_TO_DOCK, COUNT_TRUCKS, GO_TO_ROAD), 'service_truck_12')
    drives = [action.arguments[0] for action, _ in episode.actions if action.name == 'goto']
    assert drives == ['dock 4', 'road_2']
    assert driven(episode)[0] == 'dock 4'


def test_what_comes_last_is_where_the_robot_ends_though_it_has_been_there():
    look = Intent('attribute', VALVE_12, attribute='openness')
    first = check(Intent('exists', target=TRUCK), GO_TO_ROAD)
    episode = pose(in_order(first, look, GO_TO_ROAD))
    assert said(episode).endswith('The openness of V-12 is open. I am at road_2.')
    assert episode.final_graph.robot_location == 'road_2'


# --------------------------------------------------------------------------------- what is right


PARTS = pose(in_order(Intent('attribute', VALVE_12, attribute='openness'), COUNT_TRUCKS))


@pytest.mark.parametrize(
    'text',
    [
        'The valve is open. There are 2 trucks.',
        'open\ntwo',
        'V-12 is open; I counted 2 trucks.',
        'It is open. There are two of them: service_truck_12 and old_truck.',
    ],
)
def test_parts_may_be_answered_in_any_words(text):
    outcome = outcome_of(PARTS, text)
    assert outcome.success, outcome.reason


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('There are 2 trucks. The valve is open.', 'part 2'),
        ('The valve is open.', 'part 2'),
        ('The valve is closed. There are 2 trucks.', 'part 1: closed is not the answer'),
        ('The valve is open. There are 3 trucks.', 'part 2: expected 2, it says 3'),
        ('The valve is open. It is closed. There are 2 trucks.', 'part 2'),
        ('It is open. There are 2 trucks. There are 3 trucks.', 'part 2'),
        ('All steps are done.', 'part 1'),
    ],
)
def test_each_part_must_be_answered_in_its_own_stretch(text, reason):
    outcome = outcome_of(PARTS, text)
    assert not outcome.answered
    assert reason in outcome.reason


def test_what_is_said_of_a_deed_hides_no_second_guess():
    episode = pose(in_order(GO_TO_ROAD, COUNT_TRUCKS))
    assert outcome_of(episode, 'I have been at road_2. There are 2 trucks.').success
    assert outcome_of(episode, 'Done. 2').success
    for text in ('There are 3. There are 2.', 'I found 3. 2.', 'None. 2.'):
        assert not outcome_of(episode, text).answered, text


EACH = pose(ask_each(OPENNESS))
SENTENCES = ('V-12 is open.', 'V-13 is closed.', 'It is closed, I looked.')


@given(st.sampled_from(list(permutations(SENTENCES[:2]))))
def test_of_each_is_told_in_any_order(sentences):
    assert outcome_of(EACH, ' '.join(sentences)).success


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('V-12 is open.', 'V-13: nothing is said of V-13'),
        ('V-12 is closed. V-13 is open.', 'V-12: closed is not the answer'),
        ('V-12 and V-13 are open.', 'speaks of several at once'),
        ('One is open, one is closed.', 'names none of V-12, V-13'),
    ],
)
def test_of_each_its_own_must_be_told(text, reason):
    outcome = outcome_of(EACH, text)
    assert not outcome.answered
    assert reason in outcome.reason


def test_a_condition_needs_to_be_told_only_where_there_is_nothing_to_do():
    condition = Intent('exists', target=TRUCK, region=region('dock'))
    done = pose(check(condition, GO_TO_DOCK))
    assert outcome_of(done, 'I am at dock 4.').success
    assert not outcome_of(done, 'There is no truck there. I am at dock 4.').answered
    left = pose(check(replace(condition, value='no'), GO_TO_ROAD))
    assert outcome_of(left, 'Yes, there is a truck.').success
    assert not outcome_of(left, 'I did nothing.').answered


def test_deeds_must_be_done_in_order():
    question = Intent('yes_no', VALVE_12, attribute='openness', value='open')
    episode = pose(in_order(GO_TO_DOCK, GO_TO_ROAD, question))
    text, look = said(episode), [a for a, _ in episode.actions if a.name == 'inspect']
    there, back = (Action('goto', (name,)) for name in ('dock 4', 'road_2'))
    assert outcome_of(episode, text, there, back, *look).success
    late = outcome_of(episode, text, back, there, *look)
    assert late.reason == 'not grounded: road_2 was not visited in the order asked for'


def test_what_a_part_rests_on_must_have_been_seen():
    outcome = outcome_of(EACH, said(EACH), Action('goto', ('road_2',)))
    assert outcome.answered
    assert not outcome.grounded


def test_an_answer_without_sentences_answers_no_part():
    assert not outcome_of(PARTS, ' - ').answered


# ------------------------------------------------------------------------------------- as a whole


@pytest.mark.parametrize('kind', COMPOSED)
def test_composed_tasks_are_stored_and_read_back(kind):
    for episode in episodes_of(range(3), kinds=(kind,), tasks=3):
        assert parse_episode(render_episode(episode)) == episode
        assert 'parts' not in json.loads(render_episode(as_task(PARTS)))['task']


def test_a_criterion_with_a_part_of_no_kind_is_refused():
    part = Criterion('odd')
    broken = replace(PARTS, criterion=Criterion('parts', parts=(part,)))
    with pytest.raises(ConfigError, match=r"expected answer to be one of .*got 'odd'"):
        parse_episode(render_episode(broken))


@pytest.mark.parametrize(
    'kind',
    [k for k in COMPOSED if k not in ('staying_within', 'staying_on', 'return', 'visits')],
)
def test_a_prompt_tells_all_that_the_teacher_goes_by(kind):
    """But where a mission began: prompts that begin in its middle do not tell that."""
    config = WorldConfig(kinds=(kind,), tasks=3, hidden=0.3)
    found = measure_distillation('spine', config, range(500, 700), 60)
    assert (found.states, found.replies, found.plans, found.conflicts) == (60, 0, 0, 0)


def test_sentences_are_drawn_of_two_levels_and_of_three():
    levels = {e.task.intent.levels for e in episodes_of(range(12), kinds=('then', 'if_else'))}
    assert levels == {2, 3}


def test_joiners_have_many_wordings_and_known_slots():
    slots = {
        'composed_sequence_2': {'first', 'second'},
        'composed_sequence_3': {'first', 'second', 'third'},
        'composed_if_then': {'condition', 'then'},
        'composed_if_else': {'condition', 'then', 'otherwise'},
        'composed_unless': {'condition', 'then'},
        'composed_return': {'task'},
        'constraint_avoid': {'task', 'avoided'},
        'constraint_only_by': {'task', 'by'},
        'constraint_within': {'task', 'metres'},
        'constraint_keep_clear': {'task', 'things'},
        'constraint_stay_on': {'task', 'places'},
    }
    for group, names in slots.items():
        texts = WORDS.all_phrasings[group]
        assert len(set(texts)) == len(texts) >= 14
        for text in texts:
            assert {slot for _, slot, _, _ in Formatter().parse(text) if slot} == names, text
        assert {WORDS.phrasings(group, is_unseen) for is_unseen in (True, False)} - {()}


@pytest.mark.parametrize('unseen', [False, True])
def test_sentences_begin_with_a_capital_unless_with_a_name_and_leave_no_slot(unseen):
    for episode in episodes_of(range(6), kinds=tuple(COMPOSED), tasks=6):
        sentence = render_request(episode.task.intent, Random(1), Speaker(WORDS, unseen))
        assert sentence[0].isupper() or '_' in sentence.split()[0]
        assert '{' not in sentence


def test_a_reply_may_name_every_kind_of_meaning():
    domain = MappingDomain(WORDS)
    grammar = str(domain.make_dialect('compact', 0).make_grammar('go to the dock', make_site()))
    for kind in KINDS.values():
        assert not kind.has_intents or f'"{kind.name}' in grammar, kind.name


def test_what_is_open_in_a_part_cannot_be_solved_alone():
    with pytest.raises(WorldRejected, match='a target is missing'):
        solve(OPENNESS, make_site(), make_site(), WORDS.lexicon)
