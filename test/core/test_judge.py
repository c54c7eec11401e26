# SPDX-License-Identifier: Apache-2.0
"""The judge: what an episode must have seen, said and cost, part by part, and the reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prism_core import Plan, PlannerError
from prism_core.domains.mapping import load_words
from prism_core.domains.mapping.judge import judge_episode
from prism_core.episode.criterion import Criterion, Fact
from prism_core.episode.episode import Episode

from .hand_made import do, make_known, make_true, play

LEXICON = load_words().lexicon
LOOK = Plan((do('inspect', 'crate_31', 'Is it red?'),))
SAY_RED = Plan((do('answer', 'crate_31 is red'),))
RED = Criterion(
    'value',
    ('red',),
    ('blue', 'green'),
    evidence=(Fact('attribute', 'crate_31', 'color'),),
    max_actions=10,
    max_distance_m=100.0,
)
DONE = Criterion('any', max_actions=20, max_distance_m=500.0)


def judged(criterion: Criterion, *plans: Plan | PlannerError, true=None, known=None):
    """The verdict on the plans, played in the world made by hand."""
    run = play(plans, true, known)
    return judge_episode(replace(run, criterion=criterion), LEXICON)


def steps(*actions) -> list[Plan]:
    """One plan for each action, and an answer."""
    return [*(Plan((action,)) for action in actions), Plan((do('answer', 'done'),))]


# ------------------------------------------------------------------------------------- the parts


def test_an_episode_that_looked_and_said_what_is_right_has_success_and_no_reason():
    outcome = judged(RED, LOOK, SAY_RED)
    assert outcome.success
    assert (outcome.found, outcome.grounded, outcome.answered, outcome.in_budget) == (True,) * 4
    assert (outcome.actions, outcome.distance_m, outcome.reason) == (2, 14.142, '')


def test_a_right_answer_without_having_looked_is_not_grounded():
    outcome = judged(RED, SAY_RED)
    assert (outcome.found, outcome.grounded, outcome.answered) == (True, False, True)
    assert not outcome.success
    assert outcome.reason == 'not grounded: crate_31 was not inspected (color) before the answer'


def test_looking_at_something_else_does_not_ground_an_answer():
    other = Plan((do('inspect', 'crate_31', 'What size is it?'),))
    assert not judged(RED, other, SAY_RED).grounded
    assert not judged(RED, Plan((do('inspect', 'crate_31', 'Describe it.'),)), SAY_RED).grounded


def test_what_nobody_found_is_named_as_not_found():
    wanted = replace(RED, evidence=(Fact('attribute', 'barrel_8', 'color'),))
    outcome = judged(wanted, LOOK, SAY_RED)
    assert (outcome.found, outcome.grounded, outcome.answered) == (False, False, True)
    assert outcome.reason == 'not found: barrel_8 is not known'


def test_a_wrong_answer_after_having_looked_is_grounded_and_not_answered():
    outcome = judged(RED, LOOK, Plan((do('answer', 'It is blue.'),)))
    assert (outcome.found, outcome.grounded, outcome.answered) == (True, True, False)
    assert outcome.reason == 'not answered: blue is not the answer'


@pytest.mark.parametrize(
    ('max_actions', 'max_distance_m', 'reason'),
    [
        (2, 14.142, ''),
        (1, 14.142, 'over budget: 2 actions, at most 1 are allowed'),
        (2, 14.0, 'over budget: 14 m, at most 14 m are allowed'),
        (2, 0.0, 'over budget: 14 m, at most 0 m are allowed'),
    ],
)
def test_the_budget_holds_actions_and_metres_and_the_answer_counts(
    max_actions, max_distance_m, reason
):
    limited = replace(RED, max_actions=max_actions, max_distance_m=max_distance_m)
    outcome = judged(limited, LOOK, SAY_RED)
    assert (outcome.in_budget, outcome.reason) == (not reason, reason)
    assert outcome.success == (not reason)


def test_the_reason_is_that_of_the_first_part_that_failed():
    nothing = replace(RED, evidence=(Fact('known', 'barrel_8'),), max_actions=0)
    wrong = Plan((do('answer', 'blue'),))
    assert judged(nothing, wrong).reason.startswith('not found')
    assert judged(replace(RED, max_actions=0), wrong).reason.startswith('not grounded')
    assert judged(replace(RED, max_actions=0), LOOK, wrong).reason.startswith('not answered')
    assert judged(replace(RED, max_actions=0), LOOK, SAY_RED).reason.startswith('over budget')


def test_plans_that_were_refused_count_as_actions():
    bad = Plan((do('goto', 'nowhere_1'), do('goto', 'gate_3')))
    assert judged(RED, bad, bad, LOOK, SAY_RED).actions == 4


# ------------------------------------------------------------------------------------ the ending


def test_a_question_is_right_only_where_one_is_wanted():
    ask = Plan((do('clarify', 'Which one do you mean?'),))
    wanted = Criterion('question', max_actions=3)
    assert judged(wanted, ask).success
    assert judged(wanted, Plan((do('answer', 'Which one do you mean?'),))).reason == (
        'not answered: expected the end to be asked, it was reported'
    )
    assert judged(RED, LOOK, ask).reason == (
        'not answered: expected the end to be reported, it was asked'
    )


@pytest.mark.parametrize(
    ('plans', 'reason'),
    [
        (
            [Plan((do('replan'),))] * 128,
            'expected the end to be reported, it was stuck: replan() brought no news, 4 times from '
            'the same place',
        ),
        ([Plan((do('fly'),))] * 3, 'expected the end to be reported, it was invalid_plans'),
        (
            [PlannerError('out of order')],
            'expected the end to be reported, it was planner_error: out of order',
        ),
    ],
)
def test_an_episode_that_ends_without_an_answer_has_none(plans, reason):
    outcome = judged(replace(DONE, max_actions=200), *plans)
    assert (outcome.answered, outcome.reason) == (False, f'not answered: {reason}')


def test_an_episode_that_nobody_played_is_not_answered():
    episode = Episode(0, play([]).task, DONE, make_true(), make_known())
    outcome = judge_episode(episode, LEXICON)
    assert (outcome.answered, outcome.actions, outcome.distance_m) == (False, 0, 0.0)
    assert outcome.reason == 'not answered: expected the end to be reported, it was open'


def test_the_robot_must_end_where_it_was_sent():
    there = Criterion(
        'node',
        ('yard_7',),
        evidence=(Fact('visited', 'yard_7'),),
        final_location='yard_7',
        max_actions=9,
        max_distance_m=99.0,
    )
    say = do('answer', 'I am at yard_7.')
    assert judged(there, Plan((do('goto', 'yard_7'), say))).success
    assert judged(there, Plan((do('goto', 'yard_7'), do('goto', 'gate_3'), say))).reason == (
        'not grounded: the robot ended in gate_3, not in yard_7'
    )
    assert judged(there, Plan((say,))).reason == (
        'not grounded: yard_7 was not visited before the answer'
    )


# ---------------------------------------------------------------------------------- the evidence


@pytest.mark.parametrize(
    ('fact', 'enough', 'too_little'),
    [
        (Fact('known', 'barrel_8'), do('map_region', 'yard_7'), do('goto', 'yard_7')),
        (
            Fact('known', 'attic_9'),
            do('explore_region', 'shed_2', 12.0),
            do('map_region', 'shed_2'),
        ),
        (Fact('mapped', 'yard_7'), do('map_region', 'yard_7'), do('explore_region', 'yard_7', 9.0)),
        (Fact('visited', 'yard_7'), do('goto', 'yard_7'), do('goto', 'shed_2')),
        (
            Fact('attribute', 'crate_31', 'description'),
            do('inspect', 'crate_31', 'Describe it.'),
            do('inspect', 'crate_31', 'Is it red?'),
        ),
        (
            Fact('inspected', 'crate_31', 'color'),
            do('inspect', 'crate_31', 'Is it red?'),
            do('inspect', 'crate_31', 'What size is it?'),
        ),
        (Fact('way', 'yard_7', 'gate_3'), do('goto', 'yard_7'), do('goto', 'lane_4')),
        (Fact('way', 'shed_2', 'yard_7'), do('map_region', 'yard_7'), do('goto', 'yard_7')),
        (Fact('way', 'gate_3', 'yard_7'), do('map_region', 'gate_3'), do('map_region', 'shed_2')),
    ],
)
def test_each_kind_of_fact_comes_about_by_the_action_that_shows_it_only(fact, enough, too_little):
    wanted = replace(DONE, evidence=(fact,))
    assert judged(wanted, *steps(enough)).success
    assert not judged(wanted, *steps(too_little)).grounded


def test_a_way_is_seen_when_the_robot_finds_it_blocked():
    wanted = replace(DONE, evidence=(Fact('way', 'shed_2', 'yard_7'),))
    blocked = make_true(('shed_2', 'yard_7'))
    assert judged(wanted, *steps(do('goto', 'shed_2')), true=blocked).grounded
    assert judged(wanted, *steps(do('map_region', 'yard_7')), true=blocked).grounded
    assert not judged(wanted, *steps(do('goto', 'yard_7')), true=blocked).grounded


def test_a_look_that_failed_shows_no_fact():
    wanted = replace(DONE, evidence=(Fact('inspected', 'crate_31', 'color'),))
    failing = make_true(failures=[('inspect', 'crate_31')])
    look = do('inspect', 'crate_31', 'Is it red?')
    assert not judged(wanted, *steps(look), true=failing).grounded
    assert judged(wanted, *steps(look, look), true=failing).grounded


def test_what_was_known_at_the_start_need_not_be_looked_at_but_inspected_and_visited_must():
    known = make_known(mapped=('yard_7',))
    answer = steps()
    assert judged(replace(DONE, evidence=(Fact('mapped', 'yard_7'),)), *answer, known=known).success
    assert judged(replace(DONE, evidence=(Fact('known', 'crate_31'),)), *answer).success
    assert not judged(replace(DONE, evidence=(Fact('visited', 'yard_7'),)), *answer).success
    assert judged(replace(DONE, evidence=(Fact('visited', 'gate_3'),)), *answer).success


def test_evidence_in_order_must_have_come_about_in_that_order():
    order = replace(
        DONE,
        evidence=(
            Fact('visited', 'yard_7'),
            Fact('inspected', 'crate_31', 'color'),
            Fact('visited', 'lane_4'),
        ),
        in_order=True,
    )
    look, yard = do('inspect', 'crate_31', 'Is it red?'), do('goto', 'yard_7')
    lane, gate = do('goto', 'lane_4'), do('goto', 'gate_3')
    assert judged(order, *steps(yard, look, lane)).success
    assert judged(order, *steps(lane, yard, gate, look, gate, lane)).success
    assert judged(order, *steps(look, yard, lane)).reason == (
        'not grounded: crate_31 was not inspected in the order asked for'
    )
    assert judged(replace(order, in_order=False), *steps(look, yard, lane)).success


def test_one_of_any_of_is_enough_and_none_is_too_few():
    wanted = replace(DONE, any_of=(Fact('visited', 'shed_2'), Fact('visited', 'yard_7')))
    assert judged(wanted, *steps(do('goto', 'yard_7'))).success
    assert judged(wanted, *steps(do('goto', 'shed_2'))).success
    assert judged(wanted, *steps(do('goto', 'lane_4'))).reason == (
        'not grounded: shed_2 was not visited before the answer'
    )


def test_of_the_node_that_is_named_the_attributes_asked_for_must_have_been_observed():
    wanted = replace(DONE, answer='node', accepted=('crate_31', 'barrel_8'), observed=('color',))
    say = Plan((do('answer', 'crate_31'),))
    assert judged(wanted, LOOK, say).success
    assert judged(wanted, say).reason == (
        'not grounded: crate_31 was not inspected (color) before the answer'
    )
    assert judged(wanted, LOOK, Plan((do('answer', 'barrel_8'),))).reason == (
        'not found: barrel_8 is not known'
    )
    assert not judged(wanted, LOOK, Plan((do('answer', 'crate_31 or barrel_8'),))).grounded


def test_how_the_plans_came_about_does_not_matter_to_the_judge():
    run = replace(play([LOOK, SAY_RED]), criterion=RED)
    worded = tuple(
        replace(turn, plan=replace(turn.plan, reasoning='because', primary_goal='tell'))
        for turn in run.turns
    )
    assert judge_episode(replace(run, turns=worded), LEXICON) == judge_episode(run, LEXICON)
