# SPDX-License-Identifier: Apache-2.0
"""To come back to where one was asked, to do something unless, several questions and places."""

from __future__ import annotations

from random import Random

import pytest

from prism_core import Action, GraphUpdate, Observation, Plan, Turn, render_steps
from prism_core.domains.mapping import load_words, make_symbolic_planner
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.requests import render_request
from prism_core.domains.mapping.words.speaker import Speaker
from prism_core.domains.mapping.writing.entailment import is_same_meaning

from .composed_sentences import PORT
from .composed_sites import TRUCK, driven, outcome_of, pose, region, said
from .mapping_worlds import episodes_of

WORDS = load_words()
READER = RequestReader(WORDS)
BACK = Intent('return')
VALVE_12 = Target(name='V-12')
LOOK = Intent('attribute', VALVE_12, attribute='openness')
GO_TO_DOCK = Intent('go_to', region=region('dock'))
IS_OPEN = Intent('yes_no', VALVE_12, attribute='openness', value='open')


def in_order(*steps: Intent) -> Intent:
    return Intent('sequence', steps=steps)


def unless(condition: Intent, step: Intent) -> Intent:
    return Intent('conditional', value='no', condition=condition, steps=(step,))


# ------------------------------------------------------------------------------------- the way back


def test_what_was_found_is_told_where_it_was_asked():
    episode = pose(in_order(LOOK, BACK))
    assert said(episode) == 'The openness of V-12 is open. I am at gate_1.'
    assert episode.outcome.success, episode.outcome.reason
    assert episode.final_graph.robot_location == 'gate_1'


def test_an_answer_that_is_given_elsewhere_is_not_brought_back():
    episode = pose(in_order(LOOK, BACK))
    there = [action for action, _ in episode.actions if action.name != 'goto'][:-1]
    outcome = outcome_of(episode, 'It is open. I am at HX-201.', *there)
    assert not outcome.success
    back = outcome_of(episode, 'It is open.', *there, Action('goto', ('gate_1',)))
    assert back.success, back.reason


def test_who_never_left_has_done_nothing():
    episode = pose(in_order(GO_TO_DOCK, BACK))
    assert driven(episode) == ['dock 4', 'gate_1']
    assert not outcome_of(episode, 'I am at gate_1.', Action('map_region', ('gate_1',))).success


def test_one_may_come_back_in_the_middle():
    episode = pose(in_order(GO_TO_DOCK, BACK, Intent('go_to', region=region('road_2'))))
    assert driven(episode) == ['dock 4', 'gate_1', 'road_2']
    assert said(episode) == 'I have been at dock 4. I have been at gate_1. I am at road_2.'


@pytest.mark.parametrize(
    'request_',
    [
        *('come back', 'Come back here.', 'go home', 'Return to me.', 'and now come back'),
        *('now return to where you started', 'head back to me please', 'Back to me!'),
        *('Make your way back.', 'come home', 'Please drive back to where you set off.'),
    ],
)
def test_the_way_back_alone_leads_to_where_the_mission_began(request_):
    planner = make_symbolic_planner()
    there = PORT.at('office_1')
    began = Turn(
        Plan((Action('goto', ('office_1',)),)),
        (Observation(update=GraphUpdate(robot_location='office_1')),),
        'gate_1',
        known_graph=PORT,
    )
    plan = planner.plan(request_, there, (began,))
    assert render_steps(plan.actions) == 'goto(gate_1), answer("I am at gate_1.")'


@pytest.mark.parametrize(
    'request_',
    [
        'Count the barrels in the yard and come back like the wind.',
        'Go to the office and return in a jiffy.',
        'Is the truck open? Come back over the hills and tell me.',
    ],
)
def test_a_way_back_in_words_that_nobody_knows_is_asked_about_and_not_left_out(request_):
    intent = READER.read(request_, PORT)
    is_back = any(part.kind == 'return' for part in intent.walk())
    assert is_back or READER.question_before(request_, PORT), intent


# ------------------------------------------------------------------------------------------- unless


def test_unless_a_condition_holds_it_is_done():
    episode = pose(unless(Intent('exists', TRUCK, region('HX-9')), GO_TO_DOCK))
    assert said(episode) == 'No, there is no truck in HX-9. I am at dock 4.'
    assert episode.outcome.success, episode.outcome.reason


def test_where_the_condition_holds_nothing_is_done_and_that_is_said():
    episode = pose(unless(IS_OPEN, GO_TO_DOCK))
    assert said(episode) == 'Yes, the openness of V-12 is open.'
    assert episode.outcome.success, episode.outcome.reason
    drives = (*(a for a, _ in episode.actions if a.name == 'inspect'), Action('goto', ('dock 4',)))
    assert not outcome_of(episode, 'I am at dock 4.', *drives).success


def test_a_value_of_many_can_be_an_exception():
    red = Intent('yes_no', Target(name='service_truck_12'), attribute='color', value='blue')
    episode = pose(unless(red, GO_TO_DOCK))
    assert said(episode).endswith('not blue but red. I am at dock 4.')


def test_unless_there_is_none_and_if_there_is_one_are_the_same():
    there = Intent('exists', TRUCK, region('dock'))
    none = Intent('exists', TRUCK, region('dock'), value='no')
    plain = Intent('conditional', condition=none, steps=(GO_TO_DOCK,))
    assert is_same_meaning(unless(there, GO_TO_DOCK), plain)
    assert not is_same_meaning(unless(there, GO_TO_DOCK), unless(none, GO_TO_DOCK))


# ------------------------------------------------------------------------ several questions, places


@pytest.mark.parametrize(
    ('request_', 'kinds'),
    [
        (
            'Is the truck open? And how many barrels are there in the yard?',
            ('yes_no', 'count'),
        ),
        ('Where is the boat? What color is the truck?', ('locate', 'attribute')),
        (
            'Two questions. Is there a crane in the yard? Whereabouts is truck_7?',
            ('exists', 'locate'),
        ),
        (
            'Question one: where is the boat? Question two: is the truck locked? '
            'Last question: are there any barrels in the office?',
            ('locate', 'yes_no', 'exists'),
        ),
    ],
)
def test_each_of_several_questions_is_read_as_if_it_were_alone(request_, kinds):
    intent = READER.read(request_, PORT)
    assert READER.question_before(request_, PORT) == ''
    assert tuple(step.kind for step in intent.steps) == kinds


def test_a_question_that_points_back_is_no_question_of_its_own():
    intent = READER.read('Where is the truck? Is it open?', PORT)
    assert intent.steps[1].target == intent.steps[0].target
    either = READER.read('Is the truck locked? If so, go to the office.', PORT)
    assert either.kind == 'conditional'


def test_no_second_question_is_left_out():
    request = 'Is the truck open? Would a jolly crane be seen by the boat?'
    intent = READER.read(request, PORT)
    assert intent.parts or READER.question_before(request, PORT)


@pytest.mark.parametrize(
    'request_',
    [
        'Go to the yard, the office and the warehouse.',
        'Drop in at the yard, the office and the warehouse.',
        'Make stops at the yard, the office and the warehouse.',
        'Be at the yard, then the office, then the warehouse.',
        'Take a tour of the yard, the office and the warehouse.',
    ],
)
def test_places_are_visited_in_the_order_in_which_they_are_named(request_):
    intent = READER.read(request_, PORT)
    assert READER.question_before(request_, PORT) == ''
    assert [step.region.classes[0] for step in intent.steps] == ['yard', 'office', 'warehouse']
    assert {step.kind for step in intent.steps} == {'go_to'}


def test_a_loop_ends_where_it_began():
    intent = READER.read('Make a loop: the yard and the office, and back here.', PORT)
    assert [step.kind for step in intent.steps] == ['go_to', 'go_to', 'return']


@pytest.mark.parametrize('kind', ['return', 'unless', 'questions', 'visits'])
def test_what_is_drawn_is_read_back_and_no_part_is_left_out(kind):
    episodes = episodes_of(range(40, 52), kinds=(kind,), tasks=3)
    read = [READER.read(e.task.request, e.known_graph) for e in episodes]
    same = [is_same_meaning(one, e.task.intent) for one, e in zip(read, episodes)]
    assert sum(same) >= 0.95 * len(same)


def test_a_voice_says_what_the_house_says():
    """In its own phrasings where it has some, with all slots filled."""
    for voice in WORDS.voices:
        wording = Speaker(WORDS, voice=voice)
        for kind in ('return', 'unless', 'questions', 'visits', 'keeping_clear', 'staying_on'):
            for episode in episodes_of(range(60, 62), kinds=(kind,), tasks=2):
                sentence = render_request(episode.task.intent, Random(1), wording, kind)
                assert '{' not in sentence


def test_all_of_them_are_drawn_only_where_they_are_named():
    for kind in ('return', 'unless', 'questions', 'visits', 'keeping_clear', 'staying_on'):
        assert not KINDS[kind].is_drawn_unasked
