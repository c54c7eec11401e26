# SPDX-License-Identifier: Apache-2.0
"""The household as a domain: its teacher, its dialect, its judge."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from prism_core.dataset.conversations import render_samples
from prism_core.dialects.header import make_header
from prism_core.domain import find_domain
from prism_core.domains.household.affordances import possible_actions
from prism_core.domains.household.dialect import HouseholdDialect
from prism_core.domains.household.meaning import Errand
from prism_core.domains.household.simulator import HouseholdSimulator
from prism_core.episode.episode import Task
from prism_core.errors import ConfigError, PlanParseError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.graph.spine_json import parse_scene_graph
from prism_core.inference.lm_planner import LMPlanner
from prism_core.inference.planning_domain import packaged_graphs
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan
from prism_core.testing import check_dialect, check_domain

from .homes import DOMAIN, make_home, make_task, play, skills_of

DIALECT = DOMAIN.make_dialect('compact')
THINGS = {
    'mug_1': 'counter_top_1', 'egg_1': 'counter_top_1', 'egg_2': 'fridge_1',
    'bowl_1': 'cabinet_1', 'apple_1': 'dining_table_1', 'knife_1': 'counter_top_1',
    'book_1': 'desk_1',
}  # fmt: skip
HOME = make_home(THINGS)


def test_the_household_keeps_what_a_domain_promises():
    check_domain(find_domain('household'), range(3))


# ------------------------------------------------------------------------------------ the teacher


@pytest.mark.parametrize(
    ('errand', 'skills'),
    [
        (Errand('place', 'mug', 'desk'), ['take mug ; put desk ; done']),
        (
            Errand('stack', 'egg', 'dining table', 'bowl'),
            ['take egg ; put bowl ; take bowl ; put dining table ; done'],
        ),
        (
            Errand('two', 'egg', 'sink basin'),
            ['take egg ; put sink basin ; take egg ; put sink basin ; done'],
        ),
        (Errand('clean', 'mug', 'desk'), ['take mug ; clean ; put desk ; done']),
        (Errand('heat', 'mug', 'desk'), ['take mug ; heat ; put desk ; done']),
        (Errand('cool', 'mug', 'desk'), ['take mug ; cool ; put desk ; done']),
        (Errand('heat', 'egg', 'fridge'), ['take egg ; heat ; put fridge ; done']),
        (Errand('light', 'book', lamp='desk lamp'), ['take book ; light desk lamp ; done']),
        (
            Errand('place', 'apple slice', 'sink basin'),
            [
                'take knife ; slice apple',
                'put counter top ; take apple slice ; put sink basin ; done',
            ],
        ),
        (
            Errand('two', 'apple slice', 'sink basin'),
            [
                'take knife ; slice apple',
                'put counter top ; take apple slice ; put sink basin ; '
                'take apple slice ; put sink basin ; done',
            ],
        ),
        (
            Errand('cool', 'apple slice', 'sink basin'),
            [
                'take knife ; slice apple',
                'put counter top ; take apple slice ; cool ; put sink basin ; done',
            ],
        ),
        (
            Errand('steps', steps=('take mug', 'clean', 'put desk', 'take knife')),
            ['take mug ; clean ; put desk ; take knife ; done'],
        ),
    ],
)
def test_the_teacher_does_each_kind_of_errand(errand, skills):
    episode = play(make_task(errand, known=HOME))
    assert episode.outcome.success, episode.outcome.reason
    assert skills_of(episode) == skills


def test_errands_are_done_one_after_the_other():
    episode = play(
        make_task(Errand('heat', 'mug', 'desk'), Errand('place', 'book', 'cabinet'), known=HOME)
    )
    assert episode.outcome.success
    assert skills_of(episode) == ['take mug ; heat ; put desk', 'take book ; put cabinet ; done']


def test_what_is_not_known_is_looked_for_where_it_is_found_most():
    known = make_home({}, hidden=('fridge_1', 'cabinet_1', 'desk_1', 'counter_top_1'))
    episode = play(make_task(Errand('place', 'egg', 'sink basin'), known=known, true=HOME))
    assert episode.outcome.success
    assert skills_of(episode) == ['look counter top', 'take egg ; put sink basin ; done']


def test_what_is_nowhere_is_asked_about_when_all_was_seen():
    known = make_home({}, hidden=('fridge_1', 'desk_1'))
    true = make_home({'book_1': 'cabinet_1'})
    task = make_task(Errand('place', 'egg', 'dining table'), known=known, true=true, is_asked=True)
    assert skills_of(play(task)) == ['look fridge', 'look desk', 'ask absent']


@pytest.mark.parametrize(
    ('errands', 'skills'),
    [
        ([], ['ask what']),
        ([Errand('place', 'book', 'bed')], ['ask absent']),
        ([Errand('heat', 'book', 'desk')], ['ask cannot']),
        ([Errand('place', 'book', 'fridge')], ['ask cannot']),
        ([Errand('light', 'book', lamp='floor lamp')], ['ask absent']),
    ],
)
def test_what_cannot_be_done_is_asked_about(errands, skills):
    episode = play(make_task(*errands, known=HOME, is_asked=True))
    assert episode.outcome.success
    assert skills_of(episode) == skills


def test_what_failed_is_tried_again_and_given_up_in_the_end():
    slips = make_home(THINGS, failures=[['PickupObject', 'mug_1']])
    episode = play(make_task(Errand('heat', 'mug', 'desk'), known=HOME, true=slips))
    assert episode.outcome.success
    assert skills_of(episode) == ['take mug ; heat ; put desk ; done'] * 2
    stuck = make_home(THINGS, failures=[['PickupObject', 'mug_1']] * 9)
    task = make_task(Errand('place', 'mug', 'desk'), known=HOME, true=stuck, is_asked=True)
    assert skills_of(play(task))[-1] == 'ask cannot'


def test_what_fails_on_the_way_out_of_the_microwave_is_gone_on_with():
    class Slips(HouseholdSimulator):
        def execute(self, action):
            is_second = action.name == 'PickupObject' and self.known_graph.robot_location
            if is_second == 'microwave_1' and not hasattr(self, 'slipped'):
                self.slipped = True
                return super().execute(Action('SliceObject', ('mug_1',)))
            return super().execute(action)

    from prism_core.episode.planner import run_episode

    task = make_task(Errand('heat', 'mug', 'desk'), known=HOME)
    run = run_episode(DOMAIN.make_teacher(task.task), Slips(HOME, HOME), task)
    assert skills_of(run) == ['take mug ; heat ; put desk ; done', 'take mug ; put desk ; done']


def test_the_teacher_has_to_be_told_what_is_meant():
    with pytest.raises(ConfigError, match='needs what a sentence means'):
        DOMAIN.make_teacher(Task('put it there', 'place', None))


# ------------------------------------------------------------------------------------ the dialect


def test_a_prompt_says_what_there_is_and_what_was_done():
    known = make_home({**THINGS, 'mug_2': 'coffee_machine_1'}, hidden=('desk_1', 'fridge_1'))
    task = make_task(Errand('heat', 'mug', 'desk'), known=known)
    episode = play(task)
    (message,) = DIALECT.render_prompt('warm a  mug', known, ())
    assert message['content'].splitlines() == [
        'home kitchen , counter top , dining table , desk , fridge , microwave , cabinet , '
        'sink basin , coffee machine , faucet , desk lamp',
        'full coffee machine',
        'has 2 mug , 2 egg , bowl , apple , knife , book',
        'unseen desk , fridge',
        'task warm a mug',
        'now kitchen ; left 128',
    ]
    last = DIALECT.render_prompt('warm a mug', episode.final_graph, episode.turns)[-1]['content']
    assert 'did take mug ; heat ; put desk ; done' in last.splitlines()
    assert 'hot mug' in last


def test_a_prompt_says_what_failed():
    slips = make_home(THINGS, failures=[['PickupObject', 'mug_1']] * 2)
    episode = play(make_task(Errand('place', 'mug', 'desk'), known=HOME, true=slips))
    said = DIALECT.render_prompt('x', episode.turns[2].known_graph, episode.turns[:2])[-1]
    assert 'failed take mug 2' in said['content'].splitlines()


def test_a_reply_is_grounded_in_the_nearest_with_room():
    graph = make_home({'mug_1': 'coffee_machine_1', 'mug_2': 'desk_1'})
    plan = DIALECT.parse_reply(' place mug, desk : take mug ; put desk ; done', graph)
    assert plan.actions[1] == Action('PickupObject', ('mug_1',))
    assert plan.primary_goal == 'place mug, desk'
    full = make_home({'mug_1': 'desk_1', 'mug_2': 'coffee_machine_1'})
    with pytest.raises(PlanParseError, match='put coffee machine: none is known'):
        DIALECT.parse_reply(' x : take mug ; put coffee machine', full)


@pytest.mark.parametrize(
    ('reply', 'fault'),
    [
        ('put it there', 'expected "errand : skills"'),
        ('x : fly desk', 'expected a skill such as'),
        ('x : take', 'expected a skill such as'),
        ('x : ask why', 'ask: expected one of'),
        ('x : take mug ; take egg', 'the hand holds mug_1'),
        ('x : put desk', 'the hand is empty'),
        ('x : take sofa', 'none is known'),
        ('x : take book ; put fridge', 'no fridge takes a book'),
    ],
)
def test_a_reply_that_cannot_be_carried_out_is_refused(reply, fault):
    with pytest.raises(PlanParseError, match=fault):
        DIALECT.parse_reply(reply, HOME)


def test_a_plan_without_skills_cannot_be_said():
    with pytest.raises(PlanParseError, match='expected a plan that takes'):
        DIALECT.render_reply(Plan((Action('CloseObject', ('fridge_1',)),)), HOME)


def test_a_prompt_is_written_anew_and_not_read_back():
    assert DIALECT.is_rewritten
    assert not DOMAIN.make_dialect('spine').is_rewritten
    with pytest.raises(PlanParseError, match="dialect 'compact' cannot be read back"):
        DIALECT.parse_prompt(DIALECT.render_prompt('x', HOME, ()), HOME)


def test_each_turn_is_a_conversation_of_its_own():
    known = make_home({}, hidden=('fridge_1', 'counter_top_1'))
    episode = play(make_task(Errand('place', 'apple slice', 'sink basin'), known=known, true=HOME))
    samples = render_samples(
        replace(episode, provenance={'id': 'one'}), DOMAIN, 'compact', rebase=0.5
    )
    assert len(samples) == len(episode.turns) > 2
    assert [sample.first_turn for sample in samples] == [*range(len(samples))]
    for sample in samples:
        assert [message['role'] for message in sample.messages] == ['user', 'assistant']
        assert sample.weights == (1.0,)


class TooLong:
    """A model that no prompt fits."""

    def __init__(self):
        self.prompts = []

    def complete(self, messages, **_):
        from prism_core.errors import PromptTooLong

        self.prompts.append(messages)
        raise PromptTooLong('too long')

    def close(self):
        """Nothing to free."""


def test_a_prompt_that_is_written_anew_is_not_tried_from_other_turns():
    from prism_core.errors import PlannerError

    task = make_task(Errand('place', 'apple slice', 'sink basin'), known=HOME)
    episode, model = play(task), TooLong()
    planner = LMPlanner(model, DIALECT, DOMAIN.table)
    with pytest.raises(PlannerError):
        planner.plan('x', episode.final_graph, episode.turns)
    whole = [m for m in model.prompts if m == model.prompts[0]]
    assert len(whole) == 1


class Forgetful(HouseholdDialect):
    """Leaves out what was done."""

    def render_prompt(self, request, known_graph, history, *, since=0, header=''):
        (message,) = super().render_prompt(request, known_graph, history)
        told = ('has ', 'unseen ', 'task ')
        lines = [line for line in message['content'].splitlines() if line.startswith(told)]
        return [{'role': 'user', 'content': '\n'.join(lines)}]


def test_equal_prompts_with_other_replies_are_found(monkeypatch):
    episode = play(
        make_task(Errand('place', 'mug', 'desk'), Errand('place', 'book', 'cabinet'), known=HOME)
    )
    check_dialect(DOMAIN, [episode])
    monkeypatch.setattr(DOMAIN, 'make_dialect', lambda *_: Forgetful(DOMAIN.language))
    with pytest.raises(AssertionError, match='where the prompt was the same'):
        check_dialect(DOMAIN, [episode])


# ---------------------------------------------------------------------------------------- the rest


def test_slicing_what_nobody_wanted_sliced_is_harm():
    sliced = play(make_task(Errand('place', 'apple slice', 'sink basin'), known=HOME))
    assert DOMAIN.say_harm(sliced) == ''
    other = make_task(Errand('place', 'mug', 'desk'), known=HOME)
    assert DOMAIN.say_harm(replace(other, turns=sliced.turns)) == 'apple_1 was sliced'


def test_results_are_looked_at_by_goal_and_by_subtasks():
    episode = make_task(Errand('heat', 'mug', 'desk'), known=HOME)
    assert DOMAIN.groups_of(episode) == {'goal': 'heat'}
    told = replace(episode, provenance={'subtasks': 3})
    assert DOMAIN.groups_of(told) == {'goal': 'heat', 'subtasks': '3'}
    many = make_task(Errand('heat', 'mug', 'desk'), Errand('two', 'egg', 'sink basin'), known=HOME)
    told = replace(many, provenance={'subtasks': 11})
    assert DOMAIN.groups_of(told) == {'goal': 'several', 'subtasks': '8 or more'}
    assert DOMAIN.groups_of(make_task(known=HOME)) == {'goal': 'none'}


def test_what_can_be_done_next_is_what_the_simulator_takes():
    graph = make_home(THINGS, here='counter_top_1')
    likely = DOMAIN.affordances(graph, ())
    assert Action('PickupObject', ('mug_1',)) in likely
    assert Action('PickupObject', ('book_1',)) not in likely
    assert Action('Navigation', ('fridge_1',)) in likely
    for action in possible_actions(graph):
        assert HouseholdSimulator(graph, graph).execute(action).status == 'done', action


def test_the_same_sentence_about_another_thing():
    task = replace(
        make_task(Errand('place', 'mug', 'desk'), known=HOME).task,
        request='Put the coffee mug on the desk',
    )
    changed, before, after = DOMAIN.exchange_class(task, HOME, Random(1))
    assert before == 'mug'
    assert changed.request == f'Put the {after} on the desk'
    assert changed.intent.errands == (Errand('place', after, 'desk'),)
    vague = make_task(known=HOME).task
    assert DOMAIN.exchange_class(vague, HOME, Random(1)) is None


def test_a_teacher_that_was_never_trained_is_told_all_actions():
    header = make_header(DOMAIN.make_dialect('spine'), DOMAIN.table)
    assert all(name in header for name in DOMAIN.table)


def test_the_packaged_home_surprises_and_its_errand_is_done():
    known, today = (
        parse_scene_graph(path.read_text('utf-8')) for path in packaged_graphs(DOMAIN).values()
    )
    assert isinstance(known, SceneGraph)
    task = make_task(Errand('cool', 'apple', 'coffee table'), known=known, true=today)
    episode = play(task)
    assert episode.outcome.success, episode.outcome.reason
    assert skills_of(episode)[0] == 'take apple ; cool ; put coffee table ; done'
    assert any(o.status == 'failed' for _, o in episode.actions)
