# SPDX-License-Identifier: Apache-2.0
"""Who plans: the policies, on planners that follow a script and on those that are there."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_core import ConfigError, Plan, PlannerError, PlanRejected, find_domain, parse_scene_graph
from prism_core.domains.mapping import GRAPHS, MAPPING_ACTIONS
from prism_core.episode.episode import as_task
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.suite import SuiteConfig, draw_suite
from prism_core.inference.cascade import CASCADE, CascadePlanner, PlanOffer, Policy, make_offer
from prism_core.plan.steps import parse_steps
from prism_core.testing import ScriptedPlanner, check_planner

from .hand_made import make_known

DOMAIN = find_domain('mapping')
DEPOT = parse_scene_graph((GRAPHS / 'depot.json').read_text())
SUITE = SuiteConfig(worlds={'seed': 9, 'worlds': 3, 'tier': 'full', 'hidden': [0.2], 'unseen': 0.5})
MAPPED = DEPOT.at('dock_1')
NONE = 'There is no xylophone in all 12 regions that I can reach.'
ODD = 'clarify("Which one do you mean: gate_1 or gate_1?")'


def plan_of(steps: str, goal: str = 'find xylophone') -> Plan:
    return Plan(tuple(parse_steps(steps, MAPPING_ACTIONS)), goal)


DENIES, LOOKS = plan_of(f'answer("{NONE}")'), plan_of('map_region(dock_1)')
ELSE = plan_of('goto(gate_1), answer("I am at gate_1.")', 'go_to gate')
KNOWN, UNKNOWN = 'Go to the gate.', 'Find the xylophone.'


def cascade(request: str, *offers: Plan | Exception | None, second: str = 'student'):
    """The plan of a cascade of two, and the planners; None for one that may not be asked."""
    scripts = ([] if offer is None else [offer] for offer in offers)
    planners = [ScriptedPlanner(s, name) for s, name in zip(scripts, ('symbolic', second))]
    plan = CascadePlanner(planners, DOMAIN).plan(request, MAPPED, ())
    return plan, planners


# ------------------------------------------------------------------------------------------ policy


def test_symbolic_alone_is_asked_where_it_accounts_for_every_word():
    assert DOMAIN.unaccounted(KNOWN, MAPPED) == ()
    plan, (_, student) = cascade(KNOWN, ELSE, None)
    assert plan.actions == ELSE.actions
    assert plan.notes == ()
    assert student.requests == []


def test_what_it_finds_or_asks_is_taken_too_and_the_words_that_are_left_are_noted():
    for good in (LOOKS, plan_of('clarify("What should I look for, or where should I go?")')):
        plan, (_, student) = cascade(UNKNOWN, good, None)
        assert plan.actions == good.actions
        assert plan.notes == ("Nothing is made of 'xylophone'.",)
        assert student.requests == []


def test_that_there_is_none_is_said_where_both_say_so():
    plan, (_, student) = cascade(UNKNOWN, DENIES, DENIES)
    assert plan.actions == DENIES.actions
    assert student.requests == [UNKNOWN]


def test_the_user_is_asked_between_both_where_they_differ_and_told_why():
    plan, _ = cascade(UNKNOWN, DENIES, ELSE)
    (ask,) = plan.actions
    assert ask.name == 'clarify'
    assert ask.arguments == (
        "I do not understand 'xylophone'. Do you mean 'find xylophone' or 'go to gate'?",
    )
    assert plan.notes == (
        "symbolic: it would say that there is none of 'xylophone'",
        'student: it reads the request otherwise',
    )


@pytest.mark.parametrize('other', [PlannerError('out'), plan_of(ODD), plan_of('goto(mars)')])
def test_the_user_is_asked_where_the_other_has_no_plan_that_can_be_taken(other):
    plan, _ = cascade(UNKNOWN, DENIES, other)
    (ask,) = plan.actions
    assert ask.arguments == ("I do not understand 'xylophone'. Do you mean 'find xylophone'?",)
    assert len(plan.notes) == 2


def test_what_an_odd_plan_leaves_passes_to_the_next_and_it_is_said_why():
    plan, _ = cascade(KNOWN, plan_of(ODD), ELSE)
    assert plan.actions == ELSE.actions
    assert plan.notes[0].startswith('symbolic: The question offers gate_1 twice')
    with pytest.raises(PlanRejected, match=r'symbolic: The question offers .*; student: no idea'):
        cascade(KNOWN, plan_of(ODD), PlannerError('no idea'))


def test_a_guess_is_not_acted_on_unless_both_make_it():
    guess = 'I need that thing we talked about.'
    assert DOMAIN.is_guess(guess, MAPPED)
    assert not DOMAIN.is_guess(UNKNOWN, MAPPED)
    plan, _ = cascade(guess, LOOKS, ELSE)
    assert plan.actions[0].name == 'clarify'
    assert plan.notes[0] == 'symbolic: what it would do is a guess'
    assert cascade(guess, LOOKS, LOOKS)[0].actions == LOOKS.actions


def test_goals_are_asked_about_in_words():
    said = {
        'exists crate': 'say whether there is crate',
        'find stay out of the rain': 'find something to stay out of the rain',
        'go_to gate': 'go to gate',
        'survey': 'map everything',
        'anything else': 'anything else',
    }
    assert {goal: DOMAIN.say_goal(goal) for goal in said} == said
    assert find_domain('tabletop').say_goal('put red_block in bowl') == 'put red block in bowl'


def test_symbolic_is_first_in_a_cascade_and_first_keeps_the_order_as_it_is_written():
    names = ['student', 'symbolic', 'mine']
    assert Policy(CASCADE, DOMAIN).order(names) == ['symbolic', 'student', 'mine']
    assert Policy(CASCADE, DOMAIN, symbolic='mine').order(names)[0] == 'mine'
    assert Policy('first', DOMAIN).order(names) == names


def test_first_takes_the_first_plan_that_can_be_taken():
    policy = Policy('first', DOMAIN)
    odd, good = PlanOffer('one', ELSE, 'odd'), PlanOffer('two', DENIES)
    assert policy.choose(UNKNOWN, MAPPED, [odd], is_last=True) is None
    taken = policy.choose(UNKNOWN, MAPPED, [odd, good], is_last=False)
    assert (taken.planner, taken.plan) == ('two', DENIES)


def test_an_offer_says_why_a_plan_cannot_be_taken():
    def offer(plan, name='x'):
        return make_offer(ScriptedPlanner([plan], name), KNOWN, MAPPED, (), DOMAIN)

    assert offer(PlannerError('no idea')) == PlanOffer('x', None, 'no idea')
    assert "'mars'" in offer(plan_of('goto(mars)')).doubt
    assert 'twice' in offer(plan_of(ODD)).doubt
    assert offer(ELSE) == PlanOffer('x', ELSE)


# ----------------------------------------------------------------------------- the planners of ours


def test_nothing_that_the_symbolic_planner_gets_right_is_lost_in_drawn_worlds():
    symbolic = DOMAIN.make_symbolic()
    beside = CascadePlanner([symbolic, ScriptedPlanner([], 'student')], DOMAIN)
    for world in draw_suite(SUITE, DOMAIN):
        for task in world:
            alone = DOMAIN.play(symbolic, as_task(task))
            assert not alone.outcome.success or DOMAIN.play(beside, as_task(task)).outcome.success


def test_a_cascade_is_a_planner_that_is_found_by_its_name():
    pytest.importorskip('llama_cpp')
    planner = Candidate(CASCADE).open(DOMAIN)(None)
    check_planner(planner, [(KNOWN, MAPPED, ()), (UNKNOWN, MAPPED, ())])
    planner.close()


# -------------------------------------------------------------------------------- words left over


@pytest.mark.parametrize(
    ('request_', 'words'),
    [
        ('Is there a truck near the gate?', ()),
        ('What color is car_2?', ()),
        ('Could you please have a look at the forklift?', ()),
        ('Is the running machine free?', ('running', 'machine')),
        ('Where is the hothouse?', ('hothouse',)),
        ('Go to the chopper pad.', ('chopper', 'pad')),
        ('', ()),
    ],
)
def test_words_that_nothing_is_made_of_are_told(request_, words):
    assert set(DOMAIN.unaccounted(request_, MAPPED)) <= set(words)
    assert bool(DOMAIN.unaccounted(request_, MAPPED)) == bool(words)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_any_text_has_words_that_are_left_or_none(text):
    graph = make_known()
    for word in DOMAIN.unaccounted(text, graph):
        assert word
    assert DOMAIN.is_guess(text, graph) in (True, False)
    assert find_domain('tabletop').unaccounted(text, graph) == ()


def test_phrasings_that_training_shows_leave_no_word_over():
    suite = SuiteConfig(worlds={'seed': 3, 'worlds': 4, 'tier': 'full', 'hidden': [0.0]})
    left = {
        task.task.request: words
        for world in draw_suite(suite, DOMAIN)
        for task in world
        if (words := DOMAIN.unaccounted(task.task.request, task.known_graph))
    }
    assert left == {}


def test_a_domain_without_a_student_has_no_cascade(monkeypatch):
    monkeypatch.setenv('PRISM_STUDENT_MODEL', '/nowhere.gguf')
    with pytest.raises(ConfigError, match=r'/nowhere\.gguf'):
        Candidate(CASCADE).open(DOMAIN)
