# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
import json
import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prism_core import Action, Plan, PlanParseError, parse_plan, render_plan, render_steps
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.plan.plan import MAX_PLAN_TEXT_CHARS, ask_user
from prism_core.plan.steps import parse_steps

from .strategies import NASTY, nasty_texts, plans, texts


def parse(text: str) -> Plan:
    return parse_plan(text, MAPPING_ACTIONS)


def steps(text: str) -> list[Action]:
    return parse_steps(text, MAPPING_ACTIONS)


# -------------------------------------------------------------------------- there and back


@given(plans)
def test_plan_comes_back_as_it_was_written(plan):
    assert parse(render_plan(plan)) == plan


@given(plans, texts.filter(lambda text: '{' not in text), texts)
@example(Plan((Action('replan'),)), 'I look at {truck_1}, a {"name": "truck"}:', '{"plan": "[]"}')
def test_plan_is_found_inside_fences_and_prose(plan, before, after):
    assert parse(f'{before}```json\n{render_plan(plan)}\n```{after}') == plan


@given(plans)
def test_plan_may_be_a_list_with_a_text_for_each_step(plan):
    reply = {'plan': [render_steps([action]) for action in plan.actions]}
    assert parse(json.dumps(reply)) == Plan(plan.actions)


def test_a_plan_that_asks_has_a_goal_and_a_reason_as_any_other():
    plan = ask_user('Which one?', MAPPING_ACTIONS)
    assert plan.actions == (Action('clarify', ('Which one?',)),)
    assert plan.primary_goal
    assert plan.reasoning


def test_plan_is_written_as_spines_reply():
    plan = Plan(
        (
            Action('goto', ('a',)),
            Action('extend_map', (1.0, -2.5)),
            Action('answer', ('So "far"!',)),
        ),
        'look',
        ('a', 'b'),
        'Süden',
    )
    assert render_plan(plan) == (
        '{"primary_goal": "look", "relevant_graph": ["a", "b"], "reasoning": "Süden", '
        '"plan": "[goto(a), extend_map(1, -2.5), answer(\\"So \\\\\\"far\\\\\\"!\\")]"}'
    )


@pytest.mark.parametrize(
    ('value', 'names'),
    [
        (None, ()),
        (['a', 'b'], ('a', 'b')),
        (['a b', 5, None], ('a b', '5', 'null')),
        ('[a, "b"; c]', ('a', 'b', 'c')),
        ('', ()),
    ],
)
def test_relevant_graph_is_read_from_a_list_or_a_text(value, names):
    assert parse(json.dumps({'plan': '', 'relevant_graph': value})).relevant_graph == names


def test_keys_that_say_nothing_are_read_as_empty():
    reply = '{"plan": [], "primary_goal": null, "confidence": 0.9}'
    assert parse(reply) == Plan(())


# ------------------------------------------------------------------------ steps as models write


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('', []),
        ('[]', []),
        ('[ goto( a ) ,\n map_region (a); ]', [('goto', 'a'), ('map_region', 'a')]),
        ('goto(a)\ngoto(b)', [('goto', 'a'), ('goto', 'b')]),
        ('goto("a"), goto(\'b\')', [('goto', 'a'), ('goto', 'b')]),
        ('replan(), replan( )', [('replan',), ('replan',)]),
        # numbers and names are told apart by the table, not by their look
        ('goto(5), goto(nan)', [('goto', '5'), ('goto', 'nan')]),
        ('extend_map(1e2, -.5)', [('extend_map', 100.0, -0.5)]),
        ('extend_map(+1., inf)', [('extend_map', 1.0, float('inf'))]),
        ('extend_map("1", ten)', [('extend_map', '1', 'ten')]),
        ('answer(42)', [('answer', '42')]),
        ('fly(3, "3", high)', [('fly', 3.0, '3', 'high')]),
        # the default stands in for what is left out, but only where the rest is there
        ('explore_region(a)', [('explore_region', 'a', 3.0)]),
        ('explore_region(a, 5)', [('explore_region', 'a', 5.0)]),
        ('explore_region()', [('explore_region',)]),
        ('goto()', [('goto',)]),
        ('goto(a, b)', [('goto', 'a', 'b')]),
        ('goto(a, 5)', [('goto', 'a', 5.0)]),
        # the last text takes what comes
        ('answer(yes, two (or three) cars)', [('answer', 'yes, two (or three) cars')]),
        ('answer(goto(a), then stop)', [('answer', 'goto(a), then stop')]),
        ('inspect(car, what is it, a van?)', [('inspect', 'car', 'what is it, a van?')]),
        ("answer('it's the driver's, yes')", [('answer', "it's the driver's, yes")]),
        ('answer("he said "yes", then left")', [('answer', 'he said "yes", then left')]),
        ('answer("open (")', [('answer', 'open (')]),
        ('answer("a)", ")b")', [('answer', 'a)", ")b')]),
        ('answer("a\\nb\\u00e9\\"")', [('answer', 'a\nbé"')]),
        ("answer('a\\'b')", [('answer', "a'b")]),
        ('answer("half)', [('answer', '"half')]),
        ('answer(")', [('answer', '"')]),
        ('inspect(car, )', [('inspect', 'car', '')]),
        ('inspect(car)', [('inspect', 'car')]),
        ('answer()', [('answer',)]),
        ('answer("")', [('answer', '')]),
        ('answer( now ), goto(a)', [('answer', 'now'), ('goto', 'a')]),
    ],
)
def test_steps_are_read_as_they_were_meant(text, expected):
    assert steps(text) == [Action(name, tuple(arguments)) for name, *arguments in expected]


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('look around', r"^could not read the step at 'look around': expected name\(arguments\)$"),
        ('goto(a)map_region(a)', r"^could not read the step at 'map_region\(a\)'"),
        ('goto(a)]]', r"^could not read the step at '\]'"),
        ('goto(a), 1st(b)', r"^could not read the step at '1st\(b\)'"),
        ('(a)', r"^could not read the step at '\(a\)'"),
        ('goto(a', "^the parenthesis opened before 'a' is never closed$"),
        ('answer("x"', '^the parenthesis opened before \'"x"\' is never closed$'),
        ('goto(a), inspect(b, (c)', r"^the parenthesis opened before 'b, \(c\)' is never closed$"),
        ('x ' * 100, r"^could not read the step at '(x ){29}x':"),
    ],
)
def test_step_that_cannot_be_read_is_quoted(text, sentence):
    with pytest.raises(PlanParseError, match=sentence):
        steps(text)
    with pytest.raises(PlanParseError, match=sentence):
        parse(json.dumps({'plan': [text]}))


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('', r'^expected a JSON object with the keys primary_goal, .*: there is no "\{"$'),
        ('[goto(a)]', r': there is no "\{"$'),
        ('{"plan": ', 'reasoning and plan: Expecting value: line 1 column 10'),
        ('{"answer": "yes"}', ': the JSON object has no "plan"$'),
        ('{"answer": "yes"} and {"plan"', "reasoning and plan: Expecting ':' delimiter"),
        ('{"plan": 5}', '^expected "plan" to be a list of steps, got 5$'),
        ('{"plan": null}', '^expected "plan" to be a list of steps, got null$'),
        ('{"plan": [{"goto": "a"}]}', r'^expected "plan" to be a list of .*got \[{"goto": "a"}\]$'),
        ('{"plan": "", "reasoning": ["a"]}', r'^expected "reasoning" to be a text, got \["a"\]$'),
        ('{"plan": "", "primary_goal": 1}', '^expected "primary_goal" to be a text, got 1$'),
        ('{"plan": "", "relevant_graph": {}}', '^expected "relevant_graph" to be a list of names'),
        ('{"plan": "answer(\\ud800)"}', '^the plan holds half of a surrogate pair$'),
        ('{"plan": "answer(\\"\\\\udfff\\")"}', '^the plan holds half of a surrogate pair$'),
        ('{"plan": "", "reasoning": "\udfff"}', '^the plan holds half of a surrogate pair$'),
        (' ' * 262_145, '^expected a reply of at most 262144 characters, got 262145$'),
        ('{"plan":' * 30_000, '^the JSON of the reply is nested too deeply$'),
        ('{"plan":' + '[' * 200_000, '^the JSON of the reply is nested too deeply$'),
    ],
    ids=lambda value: value[:50],
)
def test_reply_without_a_plan_is_refused_with_the_reason(text, sentence):
    with pytest.raises(PlanParseError, match=sentence):
        parse(text)


# ------------------------------------------------------------------------------ robustness


def refused(text: str) -> bool:
    """Whether the parser refuses the text; what it reads must survive being written."""
    try:
        plan = parse(text)
    except PlanParseError:
        return True
    assert repr(parse(render_plan(plan))) == repr(plan)  # repr, because nan is not equal to itself
    return False


@given(texts | nasty_texts | st.text(st.sampled_from('{}[]():,;"\'\\ \nplanf01.-e'), max_size=200))
def test_parser_raises_nothing_but_its_own_error(text):
    refused(text)
    refused(f'{{"plan": {text}')
    refused(json.dumps({'plan': text}))


def test_parser_survives_100_000_arbitrary_replies():
    rng = random.Random(20250621)
    pieces = [
        *NASTY,
        *MAPPING_ACTIONS,
        *('{"plan": "[', ']"}', '"reasoning": ', '"relevant_graph": [', '\\u00', '\\"', 'truck_1'),
        *('true', '1e999', '-0', '00', 'NaN', '\ud800', '\x1b[31m', '\u202e', '9' * 30),
        *('(' * 20, '))', ', ', '")', "')", '("', "('", '{}'),
    ]
    reply = render_plan(
        Plan(
            (
                Action('extend_map', (1.5, -2.0)),
                Action('inspect', ('car', 'is "it", (or not) there?')),
            ),
            *('look', ('car', 'a'), 'because of\nthis'),
        )
    )

    def mixed() -> str:
        return ''.join(rng.choices(pieces, k=rng.randrange(1, 12)))

    def mutated() -> str:
        start = rng.randrange(len(reply))
        return reply[:start] + rng.choice(pieces) + reply[start + rng.randrange(4) :]

    kinds = {
        'anything': mixed,
        'some plan': lambda: json.dumps({'plan': mixed()}, ensure_ascii=False),
        'some steps': lambda: json.dumps({'plan': f'[{rng.choice(pieces)}({mixed()}), goto(a)]'}),
        'almost a plan': mutated,
    }
    for kind, make in kinds.items():
        were_refused = sum(refused(make()) for _ in range(25_000))
        assert 1_000 < were_refused < 25_000, kind


def test_nesting_near_the_recursion_limit_is_refused_and_never_crashes():
    for depth in range(800, 1100):
        for key in ('plan', 'reasoning', 'relevant_graph'):
            nested = '[' * depth + ']' * depth
            text = f'{{"plan": "", "{key}": {nested}}}'
            assert refused(text) or key == 'relevant_graph'


LONG_REPLIES = (
    *('{"a":', '{', '{"', '{"plan":"', '{"plan":"f(', '[', '(', '"', ' ', '\\', '{}'),
    *('{"plan": [', '{"plan": 1}', '{"x": "', '{"plan":"]"'),
)
LONG_STEPS = (
    *('f(', '(', ')', '()', 'f(),', '"', '"a,', "'a,", '"a",', '"a" b,', '\'"', '",\'', '\\'),
    *('\\"', '1', '1.', '1e', 'a', 'a ', ' ', ',', '(,', '),', 'f(1),', '" ', '"  ,', '\u2028'),
)


def assert_read_quickly(reply: str) -> None:
    seconds = []  # the least of three: what else the machine does can only add to it
    while min(seconds, default=1.0) >= 1.0 and len(seconds) < 3:
        started = time.process_time()
        with contextlib.suppress(PlanParseError):
            parse(reply)
        seconds.append(time.process_time() - started)
    assert min(seconds) < 1.0, reply[:40]


def test_reading_a_long_reply_takes_time_in_proportion_to_its_length():
    for piece in LONG_REPLIES:
        assert_read_quickly((piece * 200_000)[:200_000])


@pytest.mark.parametrize('start', ['', 'f(', 'extend_map(', 'inspect(a, ', 'answer("', "answer('"])
def test_reading_long_steps_takes_time_in_proportion_to_their_length(start):
    for piece in LONG_STEPS:
        for end in ('', 'x', ')', '")'):
            steps = start + (piece * 40_000)[:40_000] + end
            assert_read_quickly(json.dumps({'plan': steps}, ensure_ascii=False))


def test_longest_reply_is_accepted():
    longest = '{"plan": "answer(x)"}'
    assert parse(longest.ljust(MAX_PLAN_TEXT_CHARS)).actions == (Action('answer', ('x',)),)
