# SPDX-License-Identifier: Apache-2.0
"""Sentences about a table, as people say them, read without a language model."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Action, Connection, Node, Observation, Plan, SceneGraph, Turn
from prism_core.domains.tabletop.actions import SAYINGS
from prism_core.domains.tabletop.free_requests import load_free_requests
from prism_core.domains.tabletop.meaning import HELD, TABLE, VAGUE, Meaning, every, put, thing
from prism_core.domains.tabletop.reading import read_request
from prism_core.episode.mission_state import MAX_TRIES
from prism_core.testing import check_planner

from .strategies import any_names, texts
from .tables import DOMAIN, GRIPPER, draw_tasks, make_table, play, steps_of

SYMBOLIC = DOMAIN.make_symbolic()


@pytest.mark.parametrize('is_test', [False, True])
def test_every_sentence_that_is_drawn_is_read_as_it_was_meant(is_test):
    for task in draw_tasks(40, is_test):
        assert read_request(task.task.request, task.known_graph) == task.task.intent, (
            task.task.request
        )


def test_the_symbolic_planner_keeps_the_promises_of_a_planner():
    cases = [(t.task.request, t.known_graph, ()) for t in draw_tasks(20)]
    check_planner(SYMBOLIC, cases)


@pytest.mark.parametrize(
    ('request_', 'meaning'),
    [
        (
            'could you pop the red cube into the blue dish please',
            put(thing('red block'), thing('blue bowl')),
        ),
        ('Red on green, please.', put(thing('red block'), thing('green block'))),
        ('stack red on green on blue', Meaning('stack', parts=tuple(
            thing(f'{color} block') for color in ('red', 'green', 'blue')
        ))),
        ('put both blue cubes in the center', put(every('blue block'), thing('middle'))),
        ('drop it', VAGUE),
        ('put down what you are holding', put(HELD, TABLE)),
        ('put blue_block_2 on the table', put(thing('blue_block_2'), TABLE)),
    ],
)  # fmt: skip
def test_what_visitors_say_is_read(request_, meaning):
    assert read_request(request_, make_table()) == meaning


@pytest.mark.parametrize(
    'request_',
    [
        'do not put the red block in the blue bowl',
        'put everything but the red block in the blue bowl',
        'put the red block in the blue bowl unless it is full',
        'if the red block is in the middle put it in the red bowl',
        'never mind the red block in the blue bowl',
        'put the red block in the blue bowl or on the green block under the red one',
        'put the red block next to the blue bowl without the green block',
        'sing to the red block in the blue bowl',
        '',
    ],
)
def test_a_sentence_with_a_word_that_is_not_understood_is_asked_about(request_):
    plan = SYMBOLIC.plan(request_, make_table(), ())
    assert [action.name for action in plan.actions] == ['ask']


def test_of_free_requests_none_is_done_wrong():
    ended = []
    for number, free in enumerate(load_free_requests()):
        (task,) = DOMAIN.draw_free(number, 11, DOMAIN.recipe_type())
        run = play(SYMBOLIC, task)
        assert run.outcome.success or run.ending == 'asked', free.request
        ended.append(run.outcome.success)
    assert sum(ended) >= 10


def _strange_table() -> SceneGraph:
    """A table that nobody here made: codes for names, a mug, a tray, another word for the robot's
    place.
    """
    nodes = [
        Node('workbench', 'region', (0, 0)),
        Node('GR-1', 'object', (0, 0), attributes={'type': 'gripper'}),
        Node('HX-201', 'object', (1, 0), attributes={'semantic_class': 'red block'}),
        Node('mug', 'object', (1, 1)),
        Node('TR-7', 'object', (0, 1), attributes={'semantic_class': 'tray'}),
        Node('back_edge', 'object', (0, 2)),
    ]
    seen = [Connection('observed_from', n.name, 'workbench') for n in nodes[1:]]
    return SceneGraph(nodes, [*seen, Connection('on', 'mug', 'HX-201')], robot_location='workbench')


@pytest.mark.parametrize(
    ('request_', 'steps'),
    [
        ('put the mug in the tray', ['pick mug', 'place mug TR-7', 'done']),
        (
            'put HX-201 in the tray please',
            [
                *('pick mug', 'place mug workbench', 'pick HX-201', 'place HX-201 TR-7', 'done'),
            ],
        ),
        ('could you move the mug to the back edge?', ['pick mug', 'place mug back_edge', 'done']),
        ('the red cube goes in TR-7', None),
    ],
)
def test_a_table_that_nobody_here_made_is_worked_on(request_, steps):
    graph = _strange_table()
    meaning = read_request(request_, graph)
    task = replace(draw_tasks(20)[0], known_graph=graph, true_graph=graph, turns=())
    run = play(SYMBOLIC, replace(task, task=replace(task.task, request=request_, intent=meaning)))
    if steps is not None:
        assert steps_of(run) == steps
    assert run.ending == 'reported'


def test_what_is_said_of_a_strange_table_is_a_reply_that_the_grammar_takes():
    llguidance = pytest.importorskip('llguidance')
    tokenizer = llguidance.LLTokenizer('byte')
    graph, request_ = _strange_table(), 'put HX-201 in the tray please'
    dialect = DOMAIN.make_dialect('compact', 3)
    reply = dialect.render_reply(SYMBOLIC.plan(request_, graph, ()), graph)
    source = dialect.make_grammar(request_, graph).source
    matcher = llguidance.LLMatcher(tokenizer, llguidance.LLMatcher.grammar_from_lark(source))
    tokens = tokenizer.tokenize_str(reply)
    assert matcher.validate_tokens(tokens) == len(tokens)


def test_a_table_without_a_gripper_is_left_alone():
    graph = _strange_table()
    nodes = [node for node in graph.nodes.values() if node.name != 'GR-1']
    kept = [c for c in graph.connections.values() if 'GR-1' not in c.key]
    bare = SceneGraph(nodes, kept, robot_location='workbench')
    assert not [a for a in DOMAIN.affordances(bare, ()) if a.name in ('pick', 'place')]


@given(st.text(max_size=60), st.sampled_from(['red block', 'table', 'gripper', 'all', ',']))
def test_any_text_is_read(text, word):
    graph = make_table({'red_block_1': GRIPPER})
    for request_ in (text, f'{text} {word} in the {text}'):
        assert isinstance(read_request(request_, graph), Meaning)
        (action,) = SYMBOLIC.plan(request_, graph, ()).actions
        assert action.name in DOMAIN.table


def test_another_block_in_the_sentence_is_another_task():
    exchanged = 0
    for task in draw_tasks(40):
        changed = DOMAIN.exchange_class(task.task, task.known_graph, Random(1))
        if changed is None:
            continue
        exchanged += 1
        other, before, after = changed
        assert read_request(other.request, task.known_graph) == other.intent
        (action,) = SYMBOLIC.plan(other.request, task.known_graph, ()).actions
        if action.name == 'pick':
            assert before != after
            assert action.arguments[0] == task.known_graph.nodes[action.arguments[0]].name
    assert exchanged > 20


NAMES = ('A', 'B', '3', 'O(3)', 'block "X"', 'red block', 'Red Block', 'red block 2')
NAMED = make_table(extra=tuple(Node(n, 'object') for n in (*NAMES, 'blue bowl (big)')))


@pytest.mark.parametrize(
    ('request_', 'names'),
    [
        ('put A on B', ('A', 'B')),
        ('Put B on A, please.', ('B', 'A')),
        ('put O(3) in the blue bowl (big)', ('O(3)', 'blue bowl (big)')),
        ('put 3 on B', ('3', 'B')),
        ('move block "X" onto O(3)', ('block "X"', 'O(3)')),
        ('put red block 2 on red block', ('red block 2', 'red block')),
        ('put the Red Block on A', ('Red Block', 'A')),
        ('put BLUE_BLOCK_2 on A', ('blue_block_2', 'A')),
    ],
)
def test_things_of_any_name_are_put_by_their_names(request_, names):
    assert read_request(request_, NAMED) == put(*map(thing, names))


def test_two_names_that_differ_in_case_are_asked_about_where_neither_is_spelled():
    (ask,) = SYMBOLIC.plan('put RED BLOCK on A', NAMED, []).actions
    assert ask.arguments == ('Which one do you mean?',)
    (pick,) = SYMBOLIC.plan('put the Red Block on A', NAMED, []).actions
    assert pick.arguments == ('Red Block',)


@given(st.lists(any_names, min_size=2, max_size=5, unique=True), texts)
def test_any_request_about_things_of_any_name_gets_a_plan(names, text):
    table = make_table(extra=tuple(Node(n, 'object') for n in names if n not in NAMED.nodes))
    for request in (text, f'put {names[0]} on {names[1]}', f'put all {names[0]} on the table'):
        assert SYMBOLIC.plan(request, table, []).actions


@given(any_names.filter(lambda n: not n.islower() and n not in NAMED.nodes and n != 'x' * 128))
def test_a_thing_is_found_by_its_name_whatever_that_is(name):
    table = make_table(extra=(Node(name, 'object'),))
    meant = read_request(f'put {name} on red_block_1', table)
    assert meant == put(thing(name), thing('red_block_1'))


# ---------------------------------------------------------------- replies to the question which one

RED, GREEN = 'put the red block in the blue bowl', 'put the green block in the bowl'
ASKS_WHICH = Plan((Action('ask', (SAYINGS['which'],)),))


def asked_before(*requests: str) -> list[Turn]:
    return [Turn(ASKS_WHICH, (Observation(),), 'table_1', request=request) for request in requests]


@pytest.mark.parametrize(
    ('asked', 'reply', 'full'),
    [
        (RED, 'red_block_2', 'put the red_block_2 in the blue bowl'),
        (RED, 'Red_Block_2, please', 'put the red_block_2 in the blue bowl'),
        (RED, 'the one in the red bowl', 'put the red_block_1 in the blue bowl'),
        (RED, 'the one on the table', 'put the red_block_2 in the blue bowl'),
        (GREEN, 'the blue one', 'put the green block in the blue_bowl_1'),
        (GREEN, 'the bowl with red_block_1', 'put the green block in the red_bowl_1'),
        ('move the block to the middle', 'the green one', 'move the green_block_1 to the middle'),
        ('move the block to the middle', 'the one on blue_block_2', ''),
        (RED, 'put the green block in the red bowl', ''),
        *((RED, said, '') for said in ('the red one', 'the green block', 'not red_block_1', 'hm')),
        ('put all blocks in the bowl', 'red_block_1', ''),
    ],
)
def test_a_reply_is_spelled_out_where_it_tells_one_and_stays_as_it_is_where_not(asked, reply, full):
    graph = make_table(
        {'red_block_1': 'red_bowl_1'}, extra=(Node('red_block_2', 'object', (0, 0)),)
    )
    assert DOMAIN.spell_out(reply, graph, asked_before(asked)) == (full or reply)
    assert DOMAIN.spell_out(reply, graph, []) == reply


def test_two_things_are_told_by_two_replies_and_what_was_done_before_counts_no_more():
    graph = make_table(extra=(Node('red_block_2', 'object', (0, 0)),))
    request = 'put the red block in the bowl'
    plan = SYMBOLIC.plan('red_block_2', graph, asked_before(request))
    assert plan.actions == (Action('ask', (SAYINGS['which'],)),)
    before = asked_before(request, 'red_block_2')
    plan = SYMBOLIC.plan('the blue one', graph, before)
    assert plan.actions == (Action('pick', ('red_block_2',)),)
    # A mission that failed as often as may be tried says nothing of the next one.
    failed = Turn(plan, (Observation(status='failed'),), 'table_1', request=RED)
    again = SYMBOLIC.plan('put red_block_2 in the red bowl', graph, [failed] * MAX_TRIES)
    assert again.actions == plan.actions
