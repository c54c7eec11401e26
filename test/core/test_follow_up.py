# SPDX-License-Identifier: Apache-2.0
"""The reply to a question, or the next sentence, becomes a request that stands by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import render_steps
from prism_core.domains.mapping.simulator import MappingSimulator
from prism_core.mission import RobotMission, SimulatedSkills, follow_up, run_mission

from .mapping_worlds import WORDS
from .mission_doubles import MAPPING


@pytest.mark.parametrize(
    ('request_', 'reply', 'meant'),
    [
        ('inspect the bench', 'bench_2', 'inspect bench_2'),
        ('inspect the bench', 'I mean bench_2, please.', 'inspect bench_2'),
        ('what color is the bench?', 'bench_1', 'what color is bench_1?'),
        ('go to a field', 'field_2.', 'go to field_2'),
        ('Is the Car red?', 'the one called car_2', 'Is car_2 red?'),
    ],
)
def test_a_short_reply_that_names_one_node_says_which_is_meant(depot, request_, reply, meant):
    assert follow_up(request_, reply, depot) == meant


@pytest.mark.parametrize(
    'reply',
    [
        'and what color is it?',
        'bench_1 or bench_2',  # two
        'truck_1',  # none that the request speaks of
        'forget that and drive back to the dock, then wait there for bench_2',  # says all itself
        '',
    ],
)
def test_any_other_reply_is_a_request_of_its_own(depot, reply):
    assert follow_up('inspect the bench', reply, depot) == reply


def test_a_word_that_stands_twice_is_not_put_in_place_of(depot):
    twice = 'compare the bench with the bench'
    assert follow_up(twice, 'bench_1', depot) == 'bench_1'


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_texts_make_a_request(depot, request_, reply):
    assert isinstance(follow_up(request_, reply, depot), str)


def test_a_question_is_answered_and_the_mission_goes_on(depot, symbolic):
    skills = SimulatedSkills(MappingSimulator(depot, depot, WORDS.lexicon))
    first = run_mission(RobotMission('inspect the car', MAPPING.table), symbolic, skills)
    assert first.ending == 'asked'
    assert 'car_1 or car_2' in first.answer
    request = follow_up(first.request, 'car_2', skills.known_graph)
    second = RobotMission(request, MAPPING.table, history=first.history)
    run_mission(second, symbolic, skills)
    assert second.ending == 'reported'
    done = [action for turn in second.history for action in turn.plan.actions]
    assert 'inspect(car_2' in render_steps(done)
    assert 'red car' in second.answer
