# SPDX-License-Identifier: Apache-2.0
"""The tabletop: its tasks, its teacher, its judge, and how it is spoken of."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from prism_core import ConfigError, Criterion, Fact, Task
from prism_core.dataset.conversations import render_samples
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.domains.tabletop.kinds import KINDS
from prism_core.domains.tabletop.meaning import Meaning, every, put, thing
from prism_core.domains.tabletop.words import UNSEEN_CLASSES, UNSEEN_COLORS, load_words
from prism_core.episode.episode import with_known_graphs
from prism_core.graph.calling import class_of
from prism_core.plan.actions import Action
from prism_core.plan.validation import validate_plan
from prism_core.testing import check_planner_in_episodes

from .tables import DOMAIN, GRIPPER, draw_tasks, make_table, make_task, play, replay, steps_of

# ------------------------------------------------------------------------------------------ tasks


@pytest.mark.parametrize('is_test', [False, True])
def test_the_teacher_solves_every_task_that_is_drawn(is_test):
    tasks = draw_tasks(40, is_test)
    assert len(tasks) > 300
    assert {task.task.kind for task in tasks} == set(KINDS)
    for task in tasks:
        again = play(DOMAIN.make_teacher(task.task), task)
        assert again.outcome.success, (task.task.request, again.outcome.reason)
        assert again.turns == task.turns


def test_a_seed_draws_the_same_world_again():
    config = DOMAIN.plan_world(DOMAIN.recipe_type(), 3, True, {})
    assert DOMAIN.draw_world(3, config) == DOMAIN.draw_world(3, config)


def test_an_episode_replays_to_the_same_outcome():
    for task in draw_tasks(20):
        again = replay(task)
        assert [t.observations for t in again.turns] == [t.observations for t in task.turns]
        assert again.outcome == task.outcome


def test_an_episode_survives_its_file():
    for task in draw_tasks(20)[::5]:
        assert parse_episode(render_episode(task)) == task


def test_twins_share_their_sentence_and_another_plan_is_right():
    pairs = defaultdict(list)
    for task in draw_tasks(40):
        if 'twin' in task.provenance:
            pairs[task.provenance['twin']].append(task)
    assert len(pairs) > 150
    for first, second in pairs.values():
        assert first.task == second.task
        assert steps_of(first) != steps_of(second)
        assert 'reported' in (first.ending, second.ending)


def test_no_control_solves_more_than_a_few_pairs_of_twins():
    pairs = defaultdict(lambda: defaultdict(list))
    for task in draw_tasks(40, is_test=True):
        for name in DOMAIN.controls:
            if 'twin' in task.provenance:
                run = play(DOMAIN.make_control(name, task.task), task)
                pairs[name][task.provenance['twin']].append(run.outcome.success)
    for name, solved in pairs.items():
        assert sum(map(all, solved.values())) / len(solved) < 0.05, name


def test_a_control_that_is_none_is_refused():
    with pytest.raises(ConfigError, match='always_done'):
        DOMAIN.make_control('clever', Task('do it'))


def test_what_is_held_out_is_in_test_worlds_alone():
    def shows(task):
        classes = {class_of(node) for node in task.known_graph.nodes.values()}
        return UNSEEN_CLASSES & classes or {w for c in classes for w in c.split()} & {
            *UNSEEN_COLORS
        }

    assert not any(map(shows, draw_tasks(40)))
    assert all(task.provenance['unseen'] == [] for task in draw_tasks(40))
    unseen = [t for t in draw_tasks(40, is_test=True) if 'scenes' in t.provenance['unseen']]
    assert len(unseen) > 50
    assert all(map(shows, unseen))
    kept = replace(DOMAIN.recipe_type(), unseen=())
    assert {DOMAIN.plan_world(kept, i, True, {}).unseen for i in range(20)} == {()}


def test_each_kind_is_put_in_many_ways_of_which_some_are_held_out():
    for group, parts in load_words('phrasings').items():
        assert len(parts['seen']) >= 8, group
        assert len(parts['unseen']) >= 4, group
        assert not set(parts['seen']) & set(parts['unseen'])
    assert {kind.group for kind in KINDS.values()} <= set(load_words('phrasings'))


def test_a_recipe_that_cannot_be_drawn_is_refused():
    for wrong in ({'failing': 2.0}, {'worlds': 0}, {'unseen': ('moods',)}):
        with pytest.raises(ConfigError):
            DOMAIN.recipe_type(**wrong)
    with pytest.raises(ConfigError, match='juggle'):
        DOMAIN.plan_world(DOMAIN.recipe_type(kinds=('juggle',)), 0, False, {})


def test_rare_kinds_are_drawn_first():
    common = Counter(dict.fromkeys(KINDS, 50)) - Counter({'stack': 50, 'swap': 50})
    config = DOMAIN.plan_world(DOMAIN.recipe_type(tasks=2), 0, False, common)
    assert set(config.kinds) == {'stack', 'swap'}


def test_each_free_request_has_a_table_of_its_own():
    for number in range(DOMAIN.free_requests):
        (task,) = DOMAIN.draw_free(number, 5, DOMAIN.recipe_type())
        assert task.outcome.success
        assert task.provenance['wording'] == 'free'


# ---------------------------------------------------------------------------------------- teacher


def test_the_teacher_sees_neither_what_is_hidden_nor_how_it_is_judged():
    hidden = [t for t in draw_tasks(40) if t.provenance['needs_discovery']][:6]
    assert hidden
    check_planner_in_episodes(
        lambda episode: DOMAIN.make_teacher(episode.task),
        [*draw_tasks(40)[:30], *hidden],
        DOMAIN.make_simulator,
    )


def test_a_task_without_its_meaning_has_no_teacher():
    with pytest.raises(ConfigError, match='what a sentence means'):
        DOMAIN.make_teacher(Task('put the red block in the bowl'))


PUT = put(thing('red block'), thing('red bowl'))
STACK = Meaning('stack', parts=(thing('green block'), thing('red block'), thing('blue_block_1')))
SWAP = Meaning('swap', parts=(thing('red block'), thing('green block')))


def _teach(meaning, lies, failures=()):
    task = make_task('any', meaning, make_table(lies), make_table(lies, failures))
    return play(DOMAIN.make_teacher(task.task), task)


def test_what_stands_on_a_block_is_put_aside_first():
    run = _teach(PUT, {'red_block_1': 'middle_1', 'green_block_1': 'red_block_1'})
    assert steps_of(run) == [
        'pick green_block_1',
        'place green_block_1 table_1',
        'pick red_block_1',
        'place red_block_1 red_bowl_1',
        'done',
    ]
    assert run.outcome.success


def test_what_is_so_already_is_only_said():
    assert steps_of(_teach(PUT, {'red_block_1': 'red_bowl_1'})) == ['done']


def test_a_grip_that_slips_is_tried_again_and_what_fell_is_picked_again():
    run = _teach(PUT, {}, [('pick', 'red_block_1'), ('place', 'red_block_1')])
    assert [o.status for _, o in run.actions] == [
        'failed',
        'done',
        'failed',
        'done',
        'done',
        'done',
    ]
    assert run.outcome.success


def test_a_block_that_cannot_be_picked_up_is_asked_about_after_three_tries():
    run = _teach(PUT, {}, [('pick', 'red_block_1')] * 9)
    assert [a.name for a, _ in run.actions] == ['pick', 'pick', 'pick', 'ask']
    assert run.turns[-1].plan.primary_goal == 'cannot move red block'


def test_a_stack_is_built_from_below_though_its_base_stands_on_what_belongs_on_top():
    run = _teach(STACK, {'blue_block_1': 'green_block_1', 'red_block_1': 'blue_block_1'})
    assert run.outcome.success, run.outcome.reason


def test_blocks_that_stand_on_each_other_are_swapped():
    run = _teach(SWAP, {'red_block_1': 'green_block_1', 'green_block_1': 'middle_1'})
    assert run.outcome.success
    truth = run.final_graph.connections.values()
    assert ('green_block_1', 'red_block_1') in {(c.source, c.target) for c in truth}


UNDO = Meaning('undo', parts=(put(thing('red block'), thing('red bowl')),))


def test_what_was_done_is_undone_with_what_was_in_the_way():
    known = make_table({'red_block_1': 'green_block_1', 'green_block_1': 'middle_1',
                        'blue_block_1': 'red_block_1'})  # fmt: skip
    task = make_task('put the red block in the red bowl, then undo that', UNDO, known)
    for planner in (DOMAIN.make_teacher(task.task), DOMAIN.make_symbolic()):
        run = play(planner, task)
        assert run.outcome.success, run.outcome.reason
        assert 'place red_block_1 red_bowl_1' in steps_of(run)
        assert run.final_graph.placements == known.placements


def test_to_undo_what_was_not_done_first_is_no_success():
    task = make_task('put the red block in the red bowl, then undo that', UNDO, make_table())
    run = play(DOMAIN.make_control('always_done', task.task), task)
    assert run.outcome.reason == 'not found: red_block_1 never was at red_bowl_1'


def test_that_is_undone_which_was_done_before_and_without_a_past_it_is_asked():
    symbolic, task = DOMAIN.make_symbolic(), make_task('do it', PUT, make_table())
    done = play(DOMAIN.make_teacher(task.task), task)
    plan = symbolic.plan('please undo that', done.final_graph, done.turns)
    assert plan.actions == (Action('pick', ('red_block_1',)),)
    assert symbolic.plan('undo that', make_table(), ()).primary_goal == 'what'


@pytest.mark.parametrize(
    ('meaning', 'lies', 'goal'),
    [
        (put(thing('blue block'), thing('red bowl')), {}, 'which blue block'),
        (put(thing('pink block'), thing('red bowl')), {}, 'no pink block'),
        (put(thing('red bowl'), thing('middle')), {}, 'cannot move red bowl'),
        (put(every('block'), thing('red block')), {}, 'cannot put on red block'),
        (put(Meaning('held'), thing('middle')), {}, 'no held block'),
        (Meaning('spread', parts=(every('block'),)), {}, 'cannot spread'),
        (Meaning('vague'), {}, 'what'),
        (
            Meaning(
                'both',
                parts=(
                    put(thing('red block'), thing('green block')),
                    put(thing('green block'), thing('red block')),
                ),
            ),
            {},
            'cannot put on green block',
        ),
    ],
)
def test_what_is_not_clear_or_cannot_be_done_is_asked_about(meaning, lies, goal):
    run = _teach(meaning, lies)
    assert [a.name for a, _ in run.actions] == ['ask']
    assert run.turns[0].plan.primary_goal == goal
    assert run.outcome.success


# ------------------------------------------------------------------------------------------ judge


def _judged(actions, lies=None):
    class Scripted:
        name = 'scripted'

        def plan(self, request, known_graph, history):
            plan = DOMAIN.language.explain('', (actions[len(history)],), known_graph)
            assert validate_plan(plan, known_graph, DOMAIN.table).is_valid
            return plan

        def close(self):
            pass

    return play(Scripted(), make_task('any', PUT, make_table(lies))).outcome


def _do(text):
    name, *arguments = text.split()
    return Action(name, tuple(arguments))


GOOD = ['pick red_block_1', 'place red_block_1 red_bowl_1']


def test_the_judge_wants_it_done_and_said():
    assert _judged([_do(t) for t in (*GOOD, 'done')]).success
    assert _judged([_do('done')]).reason == 'not found: red_block_1 is not in red_bowl_1'


def test_to_disturb_another_block_is_no_success():
    other = ['pick green_block_1', 'place green_block_1 middle_1']
    verdict = _judged([_do(t) for t in (*GOOD, *other, 'done')])
    assert (verdict.found, verdict.grounded) == (True, False)
    assert 'green_block_1 was to stay' in verdict.reason


def test_what_was_in_the_way_may_lie_anywhere():
    aside = ['pick green_block_1', 'place green_block_1 middle_1']
    lies = {'green_block_1': 'red_block_1'}
    assert _judged([_do(t) for t in (*aside, *GOOD, 'done')], lies).success


def test_to_end_with_something_in_the_gripper_is_no_success():
    verdict = _judged([_do(t) for t in (*GOOD, 'pick red_block_1', 'done')])
    assert not verdict.success


def test_a_criterion_of_facts_that_no_table_has_is_refused():
    DOMAIN.check_criterion(make_task('any', PUT, make_table()).criterion)
    for wrong in (Criterion('node'), Criterion('state', evidence=(Fact('mapped', 'table_1'),))):
        with pytest.raises(ConfigError, match='criterion'):
            DOMAIN.check_criterion(wrong)


def test_what_is_expected_is_said_in_words():
    assert DOMAIN.say_expected(make_task('any', PUT, make_table()).criterion) == (
        'red_block_1 in red_bowl_1'
    )


# ---------------------------------------------------------------------------------------- language


def test_replies_are_read_as_they_were_written_and_the_grammar_takes_them():
    llguidance = pytest.importorskip('llguidance')
    tokenizer = llguidance.LLTokenizer('byte')
    for task in draw_tasks(40)[::7]:
        task = with_known_graphs(task)
        dialect = DOMAIN.make_dialect('compact', 3)
        for number, turn in enumerate(task.turns):
            reply = dialect.render_reply(turn.plan, turn.known_graph)
            assert dialect.parse_reply(reply, turn.known_graph) == turn.plan
            grammar = dialect.make_grammar(task.task.request, turn.known_graph, task.turns[:number])
            matcher = llguidance.LLMatcher(
                tokenizer, llguidance.LLMatcher.grammar_from_lark(grammar.source)
            )
            tokens = tokenizer.tokenize_str(reply)
            assert matcher.validate_tokens(tokens) == len(tokens), reply
            assert matcher.consume_tokens(tokens)
            assert matcher.is_accepting()


def test_the_teacher_plans_the_same_by_what_a_prompt_says():
    for task in draw_tasks(40)[::3]:
        task = with_known_graphs(task)
        dialect = DOMAIN.make_dialect('compact', 3)
        teacher = DOMAIN.make_teacher(task.task)
        for number, turn in enumerate(task.turns):
            graph, history = turn.known_graph, task.turns[:number]
            messages = dialect.render_prompt(task.task.request, graph, history, since=0)
            said = dialect.parse_prompt(messages, graph)
            plan = teacher.plan(said.request, said.known_graph, said.history)
            assert plan == turn.plan, (task.task.request, number)


def test_an_episode_is_one_conversation_of_short_replies():
    for task in draw_tasks(40)[::5]:
        (sample,) = render_samples(task, DOMAIN, 'compact')
        replies = [m['content'] for m in sample.messages if m['role'] == 'assistant']
        assert len(replies) == len(task.turns)
        assert max(map(len, replies)) < 100


def test_every_kind_of_goal_begins_with_a_word_of_the_language():
    goals = {turn.plan.primary_goal for task in draw_tasks(40) for turn in task.turns}
    assert {goal.split()[0] for goal in goals} == set(DOMAIN.language.goals)


# ------------------------------------------------------------------------------------- affordances


def test_what_can_be_done_next_has_its_affordance():
    free = DOMAIN.affordances(make_table({'red_block_1': 'green_block_1'}), ())
    picks = [a.arguments[0] for a in free if a.name == 'pick']
    assert picks == ['red_block_1', 'blue_block_1', 'blue_block_2']
    assert free[Action('done')] == 0.2
    held = DOMAIN.affordances(
        make_table({'red_block_1': GRIPPER, 'blue_block_1': 'red_bowl_1'}), ()
    )
    places = [a.arguments[1] for a in held if a.name == 'place']
    assert places == [
        *('table_1', 'green_block_1', 'blue_block_2', 'red_bowl_1', 'blue_bowl_1'),
        *('middle_1', 'top_left_corner', 'bottom_right_corner'),
    ]


def test_what_slipped_is_less_likely_to_succeed():
    run = _teach(PUT, {}, [('pick', 'red_block_1')] * 2)
    pick = Action('pick', ('red_block_1',))
    chances = [DOMAIN.affordances(run.known_graph, run.turns[:n])[pick] for n in (0, 1, 2)]
    assert chances == sorted(chances, reverse=True)
    assert len(set(chances)) == 3


def test_every_action_that_is_afforded_is_carried_out():
    for task in draw_tasks(20)[::4]:
        for action in DOMAIN.affordances(task.known_graph, ()):
            observation = DOMAIN.make_simulator(task).execute(action)
            assert observation.status != 'refused', action
