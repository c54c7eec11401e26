# SPDX-License-Identifier: Apache-2.0
"""What is said behind an answer or a question is read by what was named, and planned."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Action, Connection, Node, Observation, Plan, SceneGraph, Turn
from prism_core.domain import find_domain
from prism_core.domains.mapping import make_symbolic_planner
from prism_core.domains.mapping.reading import RequestReader
from prism_core.inference.cascade import CascadePlanner
from prism_core.testing import ScriptedPlanner

from .ended_missions import FOUND, GATE, KITCHEN, MANY, SITE, TRUCK, WHICH, ended
from .mapping_worlds import WORDS

DOMAIN = find_domain('mapping')
READER = RequestReader(WORDS)


@pytest.mark.parametrize(
    ('before', 'said', 'full'),
    [
        (GATE, 'is it open?', 'is gate_5 open?'),
        (GATE, 'or locked?', 'is gate_5 locked?'),
        (GATE, "What's its condition?", 'what is the condition of gate_5?'),
        (GATE, 'the color?', 'what is the color of gate_5?'),
        (GATE, 'and is it red or blue?', 'and is gate_5 red or blue?'),
        (GATE, 'Head over there, would you?', 'go to yard_1'),
        (GATE, "What's there?", 'what is in yard_1?'),
        (GATE, 'come back', 'go to garage_2'),
        (GATE, 'And truck_2?', 'where is truck_2?'),
        (TRUCK, 'No, the other one.', 'is truck_2 open?'),
        (TRUCK, 'not that one, the one in the garage', 'is truck_2 open?'),
        (TRUCK, 'Not the truck in the yard, the one in the garage', 'is truck_2 open?'),
        (TRUCK, 'I meant truck_2', 'is truck_2 open?'),
        (TRUCK, 'no, the red one', 'is truck_2 open?'),
        (TRUCK, 'no, the blue one', 'is the blue truck open?'),
        (TRUCK, 'no, the one in kitchen_3', 'is the truck in kitchen_3 open?'),
        (TRUCK, 'how about the oven?', 'is the oven open?'),
        (MANY, 'and in the garage?', 'how many trucks are there in the garage?'),
        (MANY, 'and gates?', 'how many gates are there in the yard?'),
        (MANY, 'how many are in the garage?', 'how many trucks are in the garage?'),
        (MANY, 'are any of them red?', 'are any of the trucks in yard_1 red?'),
        (WHICH, 'the second one', 'where is truck_2?'),
        (WHICH, 'in the garage', 'where is truck_2?'),
        (WHICH, 'the one by the gate', 'where is truck_1?'),
        (WHICH, 'truck_1', 'where is truck_1?'),
        (KITCHEN, 'the one with the oven', 'go to kitchen_4'),
        (FOUND, 'another one please', 'find truck_2'),
        (FOUND, 'is the truck open?', 'is truck_1 open?'),
        (FOUND, 'is there one in the garage?', 'is there a truck in the garage?'),
    ],
)
def test_what_is_said_behind_an_answer_is_spelled_out(before, said, full):
    assert READER.spell_out(said, SITE, [before]) == full


@pytest.mark.parametrize(
    ('before', 'said'),
    [
        (GATE, 'go to the kitchen'),
        (GATE, 'how many trucks are there?'),
        (GATE, 'is the oven open?'),
        (WHICH, 'go to the garage'),
        (WHICH, 'never mind'),
        (TRUCK, 'thank you'),
        (ended('survey everything', 'answer', 'I have mapped all.'), 'is it open?'),
        (FOUND, 'inspect truck_2'),
    ],
)
def test_a_sentence_of_its_own_stays_as_it_was_said(before, said):
    assert READER.spell_out(said, SITE, [before]) == said


def test_what_is_said_first_stays_as_it_was_said():
    assert READER.spell_out('is it open?', SITE, []) == 'is it open?'
    assert READER.spell_out('is it open?', SITE, [replace(GATE, request='')]) == 'is it open?'


def test_the_second_no_rejects_both():
    third = Node('truck_7', 'object', (41.0, 9.0))
    seen = Connection('observed_from', 'truck_7', 'kitchen_4')
    site = SceneGraph(
        [*SITE.nodes.values(), third],
        [*SITE.connections.values(), seen],
        robot_location='yard_1',
    )
    second = ended('no, the one in the garage', 'answer', 'Yes, the openness of truck_2 is open.')
    assert READER.spell_out('no, the other one', site, [TRUCK, second]) == 'is truck_7 open?'


def test_what_came_to_be_known_since_it_was_said_does_not_change_what_it_means():
    looked = Turn(
        Plan((Action('inspect', ('truck_2', 'openness')),)), (Observation(),), known_graph=SITE
    )
    more = SceneGraph(
        [*SITE.nodes.values(), Node('truck_7', 'object')],
        SITE.connections.values(),
        robot_location='garage_2',
    )
    said = READER.spell_out('no, the other one', more, [TRUCK, looked])
    assert said == 'is truck_2 open?'


@given(st.text(max_size=60), st.sampled_from([GATE, TRUCK, MANY, WHICH, KITCHEN, FOUND]))
def test_any_text_can_be_said_behind_anything(text, before):
    assert isinstance(READER.spell_out(text, SITE, [before]), str)


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_another_planner_answered_can_be_followed_up(answer, said):
    history = [ended('is truck_1 open?', 'answer', answer)]
    assert isinstance(READER.spell_out(said, SITE, history), str)


# ----------------------------------------------------------------------------------------- planned


def test_the_planner_looks_at_what_it_named():
    plan = make_symbolic_planner().plan('is it open?', SITE, [GATE])
    assert plan.actions[-1] == Action('inspect', ('gate_5', 'Is it open or closed?')) or (
        plan.actions[-1].name,
        plan.actions[-1].arguments[0],
    ) == ('inspect', 'gate_5')


def test_the_planner_asks_where_nobody_can_tell_what_is_meant():
    plan = make_symbolic_planner().plan('is it open?', SITE, [WHICH])
    assert plan.actions[-1].name == 'clarify'


def test_what_was_done_for_an_earlier_request_is_done_again_where_it_is_asked_for():
    drive = Turn(
        Plan((Action('goto', ('garage_2',)), Action('answer', ('I am at garage_2.',)))),
        (Observation(), Observation()),
        'yard_1',
        request='go to the garage',
    )
    there = SITE.at('yard_1')
    plan = make_symbolic_planner().plan('go to the garage, then to kitchen_3', there, [drive])
    assert plan.actions[:2] == (Action('goto', ('garage_2',)), Action('goto', ('kitchen_3',)))


def test_what_a_follow_up_forbids_is_kept_to():
    planned = Plan((Action('goto', ('kitchen_3',)), Action('answer', ('I am at kitchen_3.',))))
    report = DOMAIN.validate(planned, 'go to kitchen_3 but avoid the garage', SITE, [GATE])
    assert not report.is_valid


def test_a_cascade_reads_a_follow_up_by_what_was_said():
    student = ScriptedPlanner([])
    cascade = CascadePlanner([make_symbolic_planner(), student], DOMAIN)
    plan = cascade.plan('is it open?', SITE, [GATE])
    assert plan.actions[-1].arguments[0] == 'gate_5'
    assert not plan.notes
