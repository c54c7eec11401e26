# SPDX-License-Identifier: Apache-2.0
"""Where a sentence about a home may mean something else than was read, somebody else is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Plan, PlannerError, find_domain, parse_scene_graph
from prism_core.domains.household.classes import FURNITURE, THINGS
from prism_core.domains.household.reading_classes import HeldClasses
from prism_core.domains.household.reading_doubts import find_unread, is_guessed
from prism_core.inference.cascade import CascadePlanner
from prism_core.testing import ScriptedPlanner

from .strategies import texts
from .test_household_reading import BEDROOM, KITCHEN

DOMAIN = find_domain('household')
HOME = parse_scene_graph((DOMAIN.graphs / 'home.json').read_text('utf-8'))
EVERYWHERE = HeldClasses(frozenset(KITCHEN | BEDROOM))
GUESSED = {
    'the place is an unknown word': ('Cool the wine and drop it off in the scullery', 'scullery'),
    'a part is an unknown word': ('put the smidgen of bread on the counter', 'smidgen'),
    'which table is an unknown word': ('leave a mug on the rickety table', 'rickety'),
    'a thing is forgotten': ('fetch the book and put a mug on the desk', 'mug'),
}
PLAIN = (
    'Put the two green mugs in the sink.',
    'could you please move the dirty plate from the table to the dish washer-side counter?',
    'Slice the bread and put a piece of it in the fridge',
    "I'd like the apple washed and on the counter, my friend",
    'heat the mug',
    'put the tattered old book on the bed',
    'Chill it. Steps: Take the tomato. Chill it in the zorb. Put the tomato on the blurg.',
)


@pytest.mark.parametrize(('request_', 'word'), GUESSED.values(), ids=GUESSED)
def test_what_depends_on_a_word_of_which_nothing_is_made_is_a_guess(request_, word):
    assert word in find_unread(request_, EVERYWHERE)
    assert is_guessed(request_, EVERYWHERE)


@pytest.mark.parametrize('request_', PLAIN)
def test_words_that_change_nothing_make_no_guess(request_):
    assert not is_guessed(request_, EVERYWHERE)


def test_each_word_that_something_in_the_home_is_called_is_known():
    home = HeldClasses(frozenset({'tuba', 'grand piano'}))
    assert find_unread('Put the tuba on the grand piano', home) == ()
    assert find_unread('Put the tuba on the grand piano', EVERYWHERE) == ('tuba', 'grand', 'piano')


def test_each_word_of_the_name_of_a_node_is_known():
    home = HeldClasses(frozenset({'mug', 'desk'}), frozenset({'HX-201', 'planer_desk-7'}))
    assert find_unread('Put the HX-201 mug on the planer desk', home) == ()


@given(texts, st.sets(st.sampled_from(sorted(FURNITURE | THINGS)) | texts, max_size=6))
def test_no_text_is_too_odd_to_be_doubted(text, classes):
    home = HeldClasses(frozenset(classes))
    assert all(find_unread(text, home))
    assert find_unread(text, home) or not is_guessed(text, home)  # it is said what is not known


# ----------------------------------------------------------------------------------- the cascade


def cascade(request: str, *other: Plan | Exception) -> Plan:
    """The plan for a request in the packaged home, where a second planner says what it is told."""
    planners = [DOMAIN.make_symbolic(), ScriptedPlanner(other, 'student')]
    return CascadePlanner(planners, DOMAIN).plan(request, HOME, ())


def read_plan(request: str) -> Plan:
    return DOMAIN.make_symbolic().plan(request, HOME, ())


def test_what_cannot_be_sliced_is_asked_about_at_once():
    for request in (
        'Slice the mug and put one half on the shelf',
        'cut the plate, put it on the bed',
    ):
        (asked,) = read_plan(request).actions
        assert asked.arguments == ('That cannot be done. What shall I do instead?',)


CLEAR, GUESS = (
    'put the apple in the fridge',
    'Give the bread a minute in the microwave and drop it off in the scullery.',
)


def test_a_clear_request_is_done_and_nobody_else_is_asked():
    assert cascade(CLEAR).actions == read_plan(CLEAR).actions


def test_a_guess_is_done_where_both_make_it_and_else_asked_about():
    guessed = read_plan(GUESS)
    assert cascade(GUESS, guessed).actions == guessed.actions
    (asked,) = cascade(GUESS, read_plan(CLEAR)).actions
    assert asked.name == 'ask'
    assert asked.arguments == (
        "I do not understand 'scullery'. Do you mean 'heat the bread and put it on the counter top'"
        " or 'put the apple in the fridge'?",
    )
    (asked,) = cascade(GUESS, PlannerError('no model')).actions
    assert asked.arguments[0].startswith("I do not understand 'scullery'. Do you mean 'heat")


@pytest.mark.parametrize(
    ('goal', 'said'),
    [
        ('place mug, desk', 'put the mug on the desk'),
        (
            'stack apple slice, bowl, fridge',
            'put the apple slice in the bowl, and that in the fridge',
        ),
        ('two wine bottle, shelf', 'put two wine bottles on the shelf'),
        ('cool egg, microwave', 'cool the egg and put it in the microwave'),
        ('light book, desk lamp', 'look at the book by the desk lamp'),
        ('ask', 'ask'),
        ('nothing left', 'nothing left'),
        ('place mug', 'place mug'),
    ],
)
def test_goals_are_asked_about_as_one_would_ask_for_them(goal, said):
    assert DOMAIN.say_goal(goal) == said
