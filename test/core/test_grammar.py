# SPDX-License-Identifier: Apache-2.0
"""Grammars of replies: what the teacher says is in them, and nothing that cannot be read or names
what is not known.
"""

from __future__ import annotations

import json
import time
from functools import cache
from itertools import chain
from random import Random

import llguidance
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_core import (
    Action,
    Connection,
    GraphUpdate,
    Node,
    Observation,
    Plan,
    PlannerError,
    SceneGraph,
    Task,
    Turn,
    find_domain,
)
from prism_core.dataset.tokenizer import END
from prism_core.dialects.conversation import Dialect
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.looking import MAPPED
from prism_core.episode.mission_state import MAX_TRIES, MAX_TURNS
from prism_core.episode.planner import run_episode
from prism_core.evaluation.suite import SuiteConfig, draw_suite
from prism_core.graph.calling import class_of
from prism_core.inference.local.grammar import Grammars, GrammarState
from prism_core.inference.local.local_model import REPLY_TOKENS
from prism_core.inference.text_model import JsonSchema
from prism_core.plan.grammar import GrammarWriter, Lark, in_order, one_text_of, optional, repeated
from prism_core.plan.validation import ProblemKind, validate_plan

from .mapping_worlds import episodes_of, states_of, taught
from .tiny_gguf import conversations_of, nano_tokenizer, turns_of, vocabulary_of

ANYTHING = 'Do the usual.'
DIALECTS = ['compact', 'spine', 'spine_brief']
DOMAIN = find_domain('mapping')


@cache
def grammars_of(name: str) -> Grammars:
    return Grammars(vocabulary_of(nano_tokenizer(name)))


def tokens_of(text: str, name: str = 'compact') -> list[int]:
    return nano_tokenizer(name).encode(text, add_special_tokens=False).ids


def accepts(grammar: Lark, text: str) -> bool:
    constraint = grammars_of('compact').start(grammar)
    return all(map(constraint.take, tokens_of(text))) and constraint.may_end


def begins(grammar: Lark, text: str) -> bool:
    """Whether some sentence begins so."""
    return all(map(grammars_of('compact').start(grammar).take, tokens_of(text)))


def walk(constraint: GrammarState, rng: Random, name: str, start: str = '') -> str:
    """What may stand behind the start of a sentence of a grammar, each token drawn from those that
    are allowed.
    """
    tokenizer = nano_tokenizer(name)
    assert all(map(constraint.take, tokens_of(start, name)))
    end, said = tokenizer.token_to_id(END), constraint.take_forced()
    while not constraint.is_complete:
        token = rng.choice(np.flatnonzero(constraint.allowed()).tolist())
        if token == end:
            break
        assert constraint.take(token)
        said += [token, *constraint.take_forced()]
    tokens = vocabulary_of(tokenizer).tokens
    return b''.join(tokens[token] for token in said).decode()


def check_sentence(text: str, grammar: Lark, dialect: Dialect, graph: SceneGraph) -> None:
    assert len(text.encode()) <= grammar.longest
    problems = validate_plan(dialect.parse_reply(text, graph), graph, DOMAIN.table).problems
    assert {problem.kind for problem in problems} <= {ProblemKind.UNREACHABLE}, (text, problems)


def check_teacher(name: str, worlds: range) -> None:
    """Each reply is in its grammar; what is forced are the tokens as training cuts them."""
    for dialect, request, graph, history, reply in turns_of(worlds, name):
        constraint = grammars_of(name).start(dialect.make_grammar(request, graph, history))
        tokens, at = tokens_of(reply, name), 0
        while at < len(tokens):
            forced = constraint.take_forced()
            assert tokens[at : at + len(forced)] == forced, reply
            at += len(forced)
            if at < len(tokens):
                assert constraint.take(tokens[at]), (reply, tokens[at])
                at += 1
        assert constraint.may_end, reply


def check_walks(name: str, worlds: range, times: int) -> None:
    rng = Random(f'walks {name}')
    for dialect, request, graph, _, _ in conversations_of(worlds, name):
        grammar = dialect.make_grammar(request, graph)
        for _ in range(times):
            text = walk(grammars_of(name).start(grammar), rng, name)
            check_sentence(text, grammar, dialect, graph)


def make_graph(regions: int = 2, objects: int = 1) -> SceneGraph:
    places = [Node(f'yard_{n}', 'region', (float(n), 0.0)) for n in range(regions)]
    things = [Node(f'crate_{n}', 'object', (float(n), 1.0)) for n in range(objects)]
    ways = [Connection('traversable', f'yard_{n - 1}', f'yard_{n}') for n in range(1, regions)]
    seen = [
        Connection('observed_from', thing.name, places[n % regions].name)
        for n, thing in enumerate(things)
    ]
    return SceneGraph([*places, *things], [*ways, *seen], robot_location='yard_0')


# ------------------------------------------------------------------------------------- properties


@pytest.mark.parametrize('name', DIALECTS)
def test_each_reply_of_the_teacher_is_a_sentence_and_forced_tokens_are_those_of_training(name):
    check_teacher(name, range(3))


@pytest.mark.parametrize('name', DIALECTS)
def test_each_sentence_is_a_plan_that_names_known_nodes_of_the_right_kind_only(name):
    check_walks(name, range(1), 1)


@pytest.mark.long
@pytest.mark.parametrize('name', DIALECTS)
def test_thousands_of_replies_of_the_teacher_are_sentences(name):
    check_teacher(name, range(100, 160))


@pytest.mark.long
@pytest.mark.parametrize('name', DIALECTS)
def test_thousands_of_sentences_are_plans_that_name_known_nodes_only(name):
    check_walks(name, range(100, 120), 3)


NAMES = st.from_regex(r'[A-Za-z0-9_.\-]{1,20}', fullmatch=True)
CLASSES = st.text(st.characters(codec='utf-8', exclude_characters='\0'), max_size=12)


@settings(max_examples=25)
@given(
    names=st.lists(NAMES, min_size=2, max_size=8, unique=True),
    classes=st.lists(CLASSES, min_size=8, max_size=8),
    request=st.text(max_size=40),
    name=st.sampled_from(DIALECTS),
    seed=st.integers(0, 100),
)
def test_names_classes_and_requests_of_any_kind_give_grammars_of_readable_plans(
    names, classes, request, name, seed
):
    nodes = [
        Node(name, 'object' if index % 2 else 'region', (float(index), 0.0)).with_attributes(
            {'semantic_class': said, 'color': said}
        )
        for index, (name, said) in enumerate(zip(names, classes))
    ]
    graph = SceneGraph(nodes, robot_location=names[0])
    dialect = DOMAIN.make_dialect(name, seed)
    grammar = dialect.make_grammar(request, graph)
    text = walk(grammars_of(name).start(grammar), Random(seed), name)
    check_sentence(text, grammar, dialect, graph)


# ---------------------------------------------------------------------------- what cannot be said


def handle(dialect: Dialect, graph: SceneGraph, name: str) -> str:
    """A node as the compact dialect writes it."""
    return dialect._handles(graph).write(name)


def test_the_compact_grammar_takes_known_nodes_where_they_belong_and_nothing_else():
    mapped = {name: {MAPPED: True} for name in ('yard_0', 'yard_1')}
    graph = make_graph(3).apply(GraphUpdate(set_attributes=mapped))
    dialect = DOMAIN.make_dialect('compact', 7)
    grammar = dialect.make_grammar(ANYTHING, graph)
    names = ('crate_0', 'yard_0', 'yard_1', 'yard_2')
    crate, yard, other, third = (handle(dialect, graph, name) for name in names)
    for good in (
        f' find crate : answer node {crate}',
        f' attribute crate : inspect {crate} color',
        f' compare crate : answer more {yard} {other}',
        f' passable yard : go {other} ; replan',
        f' passable yard : answer way {other} {yard}',
        f' count crate or truck : map {third}',
        f' sequence : go {other} ; map {other}',
        ' vague : ask what',
    ):
        assert accepts(grammar, good), good
    unknown = 'crate<o1>' if crate != 'crate<o1>' else 'crate<o2>'
    for bad in (
        f' find crate : map {crate}',
        f' describe crate : inspect {yard} color',
        f' find crate : answer node {unknown}',
        f' find crate : answer node truck{crate[5:]}',
        f' attribute crate : answer value {crate} color',
        f' compare crate : answer more {other} {yard}',
        f' compare crate : answer more {yard} {yard}',
        f' compare crate : answer more {yard} {third}',
        f' passable yard : answer way {yard} {yard}',
        f' describe crate : go {other} ; inspect {crate}',
        f' describe crate : ask which {crate} , {crate}',
        f' find crate : answer "I have seen 3 of them in {yard}."',
        f' describe crate : inspect {crate} "is it made well?"',
        ' vague : ask "do you mean that?"',
        ' find crate : answer "<|end|>"',
        ' sequence : answer done ; replan',
        ' find crate : replan',
        ' find crate : ',
    ):
        assert not accepts(grammar, bad), bad


def test_a_report_is_of_a_form_that_answers_the_goal():
    graph = make_graph()
    dialect = DOMAIN.make_dialect('compact')
    grammar = dialect.make_grammar(ANYTHING, graph)
    crate = handle(dialect, graph, 'crate_0')
    forms = (f'node {crate}', f'where {crate}', 'done')
    for kind, right in (('find', forms[0]), ('locate', forms[1]), ('sequence', forms[2])):
        goal = kind if kind == 'sequence' else f'{kind} crate'
        assert [f for f in forms if accepts(grammar, f' {goal} : answer {f}')] == [right]


def test_the_compact_grammar_leads_only_where_known_ways_lead(depot):
    dialect = DOMAIN.make_dialect('compact', 7)
    grammar = dialect.make_grammar('go to island_1 or gate_1', depot)
    island, gate = (handle(dialect, depot, name) for name in ('island_1', 'gate_1'))
    cut_off = [n for n, regions in depot.viewpoints.items() if set(regions) == {'island_1'}]
    assert cut_off
    for steps in (f'go {island} ; answer here {island}', f'map {island}'):
        assert not accepts(grammar, f' go_to island : {steps}')
        assert accepts(grammar, f' go_to island : {steps.replace(island, gate)}')
    for good in (f'extend {island}', f'ask which {island} , {gate}'):
        assert accepts(grammar, f' go_to island : {good}')
    assert not accepts(grammar, f' go_to island : extend {gate}')
    inspect = dialect.make_grammar(f'Describe {cut_off[0]}.', depot)
    called = class_of(depot.nodes[cut_off[0]])
    assert accepts(inspect, f' describe {called} : extend {island}')
    assert not accepts(
        inspect, f' describe {called} : inspect {handle(dialect, depot, cut_off[0])}'
    )


def test_no_way_is_looked_for_to_where_a_known_one_leads(depot):
    dialect = DOMAIN.make_dialect('compact', 7)
    island = handle(dialect, depot, 'island_1')
    warehouse = handle(dialect, depot, 'warehouse_1')
    grammar = dialect.make_grammar('go to the warehouse', depot)
    assert accepts(grammar, f' go_to warehouse : go {warehouse} ; answer here {warehouse}')
    assert accepts(grammar, f' go_to warehouse : extend {island}')
    assert not accepts(grammar, f' go_to warehouse : extend {warehouse}')
    assert not accepts(grammar, ' go_to warehouse : extend 3 4')
    at = dialect.make_grammar('Extend the map to 3, -4.5 please.', depot)
    assert accepts(at, ' map_area : extend 3 -4.5')


def test_where_the_robot_is_is_said_where_it_is_or_drives():
    graph = make_graph(3)
    dialect = DOMAIN.make_dialect('compact')
    here, other = (handle(dialect, graph, name) for name in ('yard_0', 'yard_1'))
    grammar = dialect.make_grammar('Go to yard_0 or yard_1.', graph)
    assert accepts(grammar, f' go_to yard : answer here {here}')
    assert accepts(grammar, f' go_to yard : go {other} ; answer here {other}')
    assert not accepts(grammar, f' go_to yard : answer here {other}')
    assert not accepts(grammar, f' go_to yard : go {other} ; answer here {here}')


def test_the_spine_grammar_takes_known_nodes_where_they_belong_and_nothing_else():
    grammar = DOMAIN.make_dialect('spine').make_grammar('find a crate', make_graph())

    def reply(steps: str, goal: str = 'find crate', names: str = '"crate_0"') -> str:
        return (
            f'{{"primary_goal": "{goal}", "relevant_graph": [{names}], '
            f'"reasoning": "It is in yard_0.", "plan": "[{steps}]"}}'
        )

    for good in (
        'goto(yard_1), inspect(crate_0, \\"Is it red?\\")',
        'explore_region(yard_0, 12.5)',
        'extend_map(-3, 4.25)',
        'answer(\\"crate_0, seen from yard_0.\\")',
        'replan()',
    ):
        assert accepts(grammar, reply(good)), good
    for bad in (
        'goto(crate_0)',
        'goto(yard_7)',
        'inspect(yard_0, \\"Is it red?\\")',
        'inspect(crate_0)',
        'explore_region(yard_0, 0)',
        'answer(\\"crate_7 is here.\\")',
        'answer(done), goto(yard_1)',
        'fly(yard_0)',
        '',
    ):
        assert not accepts(grammar, reply(bad)), bad
    assert not accepts(grammar, reply('replan()', goal='find crate_7'))
    assert not accepts(grammar, reply('replan()', names='"crate_7"'))


def test_a_goal_may_use_the_words_of_the_request_and_those_of_nodes_that_no_lexicon_has():
    dialect = DOMAIN.make_dialect('compact')
    grammar = dialect.make_grammar('Find the zorbel_3 near the quux machine!', make_graph())
    assert begins(grammar, ' find zorbel :')
    assert begins(grammar, ' find quux machine :')
    assert not begins(grammar, ' find blorp :')
    blorp = SceneGraph([Node('blorp_1', 'region', (0.0, 0.0))], robot_location='blorp_1')
    assert begins(dialect.make_grammar('go onward', blorp), ' go_to blorp :')


GREEN = 'Is it true that the crate is green?'


def test_nothing_is_looked_at_where_nothing_is_left_to_be_seen():
    dialect, plain = DOMAIN.make_dialect('compact'), make_graph(3)
    graph = plain.apply(GraphUpdate(set_attributes={'yard_0': {MAPPED: True}}))
    here, other = (handle(dialect, graph, name) for name in ('yard_0', 'yard_1'))
    grammar = dialect.make_grammar('Count the ladders.', graph)
    assert accepts(grammar, f' count ladder : map {other}')
    assert not accepts(grammar, f' count ladder : map {here}')
    assert not accepts(grammar, f' count ladder : explore {here}')
    assert accepts(grammar, f' count ladder : answer count {here}')
    assert not accepts(grammar, f' count ladder : answer count {other}')
    assert not accepts(grammar, ' count ladder : answer count')  # two yards are not mapped


def test_reports_speak_only_of_what_is_known_of_a_node():
    dialect, plain = DOMAIN.make_dialect('compact'), make_graph()
    red = SceneGraph(
        [
            node.with_attributes({'color': 'red'}) if node.kind == 'object' else node
            for node in plain.nodes.values()
        ],
        plain.connections.values(),
        robot_location='yard_0',
    )
    crate = handle(dialect, red, 'crate_0')
    for said in (
        f'attribute crate : answer value {crate} color',
        f'yes_no crate : answer is {crate} color ; blue',
    ):
        assert accepts(dialect.make_grammar(ANYTHING, red), f' {said}')
        assert not accepts(dialect.make_grammar(ANYTHING, plain), f' {said}')
    described = f' describe crate : answer described {crate}'
    assert not accepts(dialect.make_grammar(ANYTHING, red), described)
    told = red.apply(GraphUpdate(set_attributes={'crate_0': {'description': 'a crate'}}))
    assert not accepts(dialect.make_grammar(ANYTHING, told), described)
    looked = did(Action('inspect', ('crate_0', 'Describe it.')))
    assert accepts(dialect.make_grammar(ANYTHING, told, looked), described)


def did(*actions: Action) -> tuple[Turn, ...]:
    """A mission in which actions were carried out, each in a turn of its own."""
    return tuple(Turn(Plan((action,)), (Observation(status='done'),)) for action in actions)


def inspected(name: str, attribute: str) -> Action:
    return Action('inspect', (name, DOMAIN.lexicon.question(attribute)))


def test_nothing_is_inspected_twice_for_the_same():
    dialect, graph = DOMAIN.make_dialect('compact'), make_graph(3)
    crate = handle(dialect, graph, 'crate_0')
    known = graph.apply(GraphUpdate(set_attributes={'crate_0': {'color': 'red', 'size': 'small'}}))
    request = 'First tell me the color of the crate, then its size, then go to yard_1.'
    grammar = dialect.make_grammar(request, known, did(inspected('crate_0', 'color')))
    assert accepts(grammar, f' sequence : inspect {crate} size')
    assert not accepts(grammar, f' sequence : inspect {crate} color')
    whole = dialect.make_grammar('Describe the red crate.', graph)
    assert accepts(whole, f' describe crate : inspect {crate} color')
    assert accepts(whole, f' describe crate : inspect {crate}')
    told = did(inspected('crate_0', 'description'))
    assert not accepts(
        dialect.make_grammar('Describe the crate.', graph, told),
        f' describe crate : inspect {crate}',
    )


def looked_at(name: str, attribute: str, feedback: str) -> tuple[Turn, ...]:
    seen = (Observation(feedback=feedback),)
    return (Turn(Plan((inspected(name, attribute),)), seen),)


def test_what_a_robot_says_in_words_is_quoted_and_nothing_is_made_up():
    dialect, graph = DOMAIN.make_dialect('compact'), make_graph()
    said = 'Lid open, "42" screws <loose>; crate_0 leans on yard_1'
    for request, goal, attribute in (
        ('Describe the crate.', 'describe', 'description'),
        ('What is the color of the crate?', 'attribute', 'color'),
    ):
        history = looked_at('crate_0', attribute, said)
        plan = DOMAIN.make_teacher(Task(request, intent=Intent(
            goal, Target(classes=('crate',)), attribute='' if goal == 'describe' else attribute
        ))).plan(request, graph, history)  # fmt: skip
        assert plan.actions == (Action('answer', (f'crate_0: {said}',)),)
        grammar = dialect.make_grammar(request, graph, history)
        reply = dialect.render_reply(plan, graph)
        assert accepts(grammar, reply), reply
        assert not begins(grammar, f' {goal} crate : answer "o')
        assert not begins(dialect.make_grammar(request, graph), f' {goal} crate : answer "')
        known = graph.apply(GraphUpdate(set_attributes={'crate_0': {attribute: 'red'}}))
        if goal == 'attribute':
            assert not begins(
                dialect.make_grammar(request, known, history), ' attribute crate : answer "'
            )


def test_a_long_report_of_the_robot_is_quoted_as_far_as_a_reply_can_be():
    dialect, graph = DOMAIN.make_dialect('compact'), make_graph()
    history = looked_at('crate_0', 'description', 'all is well here ' * 100)
    grammar = dialect.make_grammar('Describe the crate.', graph, history)
    rng, texts = Random(0), set()
    for _ in range(20):
        start = ' describe crate : answer "crate'
        text = start + walk(grammars_of('compact').start(grammar), rng, 'compact', start)
        check_sentence(text, grammar, dialect, graph)
        assert len(text.encode()) < REPLY_TOKENS  # no token is shorter than a byte
        texts.add(str(dialect.parse_reply(text, graph).actions[-1].arguments[0]))
    assert {text[-16:] for text in texts} == {' here all is ...'}
    assert max(map(len, texts)) < 300


def test_what_was_tried_often_enough_may_be_given_up_and_nothing_else():
    dialect, graph = DOMAIN.make_dialect('compact'), make_graph()
    crate, here = handle(dialect, graph, 'crate_0'), handle(dialect, graph, 'yard_0')
    given_up = {
        f' attribute crate : answer unseen {crate} color': Action(
            'inspect', ('crate_0', DOMAIN.lexicon.question('color'))
        ),
        f' find ladder : answer unmapped {here}': Action('map_region', ('yard_0',)),
    }
    requests = ('What is the color of the crate?', 'Find a ladder.')
    for (reply, action), request in zip(given_up.items(), requests):
        failed = (Turn(Plan((action,)), (Observation(feedback='too dark', status='failed'),)),)
        assert not accepts(dialect.make_grammar(request, graph, failed), reply)
        assert accepts(dialect.make_grammar(request, graph, failed * MAX_TRIES), reply)
    no_more = (Turn(Plan((Action('replan'),)), ()),) * (MAX_TURNS - 1)
    for history in ((), no_more):
        grammar = dialect.make_grammar('Find a ladder.', graph, history)
        assert accepts(grammar, ' find ladder : answer gave_up') == bool(history)


# --------------------------------------------------------------------------------- size and speed


@pytest.mark.parametrize('name', DIALECTS)
def test_two_thousand_names_are_held_apart(name):
    graph = make_graph(400, 1600)
    dialect = DOMAIN.make_dialect(name)
    started = time.monotonic()
    assert dialect.make_grammar(ANYTHING, graph).longest
    grammar = dialect.make_grammar('find a crate', graph)
    constraint = grammars_of(name).start(grammar)
    for seed in range(20):
        text = walk(grammars_of(name).start(grammar), Random(seed), name)
        check_sentence(text, grammar, dialect, graph)
    assert time.monotonic() - started < 5
    assert not constraint.is_complete


@pytest.mark.parametrize('kind', KINDS)
def test_right_replies_fit_into_the_room_that_is_kept_for_them(kind):
    for episode in episodes_of(range(2), kinds=(kind,), tasks=3):
        dialect = DOMAIN.make_dialect('compact', episode.seed)
        for graph, _, turn in states_of(taught(episode)):
            reply = dialect.render_reply(turn.plan, graph)
            assert len(reply.encode()) < REPLY_TOKENS  # no token is shorter than a byte


def test_a_grammar_is_compiled_once_for_all_plans_on_a_graph(monkeypatch):
    compiled = []
    matcher = llguidance.LLMatcher

    class Counting:
        grammar_from_lark = matcher.grammar_from_lark

        def __new__(cls, tokenizer, source, **settings):
            compiled.append(source)
            return matcher(tokenizer, source, **settings)

    grammars = Grammars(vocabulary_of(nano_tokenizer()))
    monkeypatch.setattr(llguidance, 'LLMatcher', Counting)
    dialect, graph = DOMAIN.make_dialect('compact'), make_graph()
    first, second = (grammars.start(dialect.make_grammar(ANYTHING, graph)) for _ in range(2))
    assert len(compiled) == 1
    assert first.take(tokens_of(' find')[0])
    assert (
        second.take_forced() == grammars.start(dialect.make_grammar(ANYTHING, graph)).take_forced()
    )
    grammars.start(dialect.make_grammar(ANYTHING, make_graph(3)))
    assert len(compiled) == 2


def test_a_json_schema_holds_a_reply_too():
    schema = {'type': 'object', 'properties': {'n': {'enum': [1]}}, 'required': ['n']}
    closed = JsonSchema('n', {**schema, 'additionalProperties': False})
    constraint = grammars_of('compact').start(closed)
    assert json.loads(walk(constraint, Random(0), 'compact')) == {'n': 1}


def test_a_grammar_that_cannot_be_compiled_is_an_error_that_says_why():
    with pytest.raises(PlannerError, match=r'can compile: .*missing'):
        grammars_of('compact').start(Lark('start: missing\n', 9))


# ------------------------------------------------------------------------------------------ parts


def test_parts_of_nothing_drop_out_and_lengths_add_up():
    nothing = one_text_of([])
    assert nothing is None
    assert in_order('a', nothing) is None
    text = in_order('ab', repeated(one_text_of(['c', 'dé']), 0, 2), optional(nothing))
    grammar = GrammarWriter().finish(text)
    assert grammar.longest == 8
    assert accepts(grammar, 'abdéc')
    assert not accepts(grammar, 'abccc')
    with pytest.raises(ValueError, match='without'):
        GrammarWriter().finish(nothing)


def mapped_yard_with(name):
    yard = Node('yard_1', 'region', (0.0, 0.0), '', {MAPPED: True})
    seen = [Connection('observed_from', name, 'yard_1')]
    return SceneGraph([yard, Node(name, 'object', (0.0, 1.0))], seen, robot_location='yard_1')


def test_each_reply_of_the_teacher_is_a_sentence_where_maps_have_compound_names():
    worlds = {'seed': 11, 'worlds': 6, 'tier': 'full', 'hidden': [0.2], 'unseen': 0.5}
    turns = 0
    for task in chain.from_iterable(draw_suite(SuiteConfig(worlds=worlds, names='compound'))):
        request, graph = task.task.request, task.known_graph
        episode = run_episode(DOMAIN.make_teacher(task.task), DOMAIN.make_simulator(task), task)
        dialect = DOMAIN.make_dialect('compact', seed=1)
        for number, turn in enumerate(episode.turns):
            reply = dialect.render_reply(turn.plan, graph)
            grammar = dialect.make_grammar(request, graph, episode.turns[:number])
            assert begins(grammar, reply), (request, reply)
            turns += 1
            for observation in turn.observations:
                graph = graph.apply(observation.update)
    assert turns > 150


def test_a_map_and_a_sentence_of_somebody_else_leave_room_for_the_right_reply():
    graph = SceneGraph(
        [
            Node('Unit-3', 'region', (0.0, 0.0)),
            Node('pipe_rack_B', 'region', (9.0, 0.0)),
            Node('HX-201', 'object', (1.0, 1.0), attributes={'semantic_class': 'heat exchanger'}),
            Node('P-101A', 'object', (9.0, 1.0), attributes={'type': 'feed pump'}),
        ],
        [
            Connection('traversable', 'Unit-3', 'pipe_rack_B'),
            Connection('observed_from', 'HX-201', 'Unit-3'),
            Connection('observed_from', 'P-101A', 'pipe_rack_B'),
        ],
        robot_location='Unit-3',
    )
    dialect = DOMAIN.make_dialect('compact', 3)
    exchanger, pump, rack = (
        handle(dialect, graph, name) for name in ('HX-201', 'P-101A', 'pipe_rack_B')
    )
    for request, reply in (
        (
            'mind telling me where the exchanger lives?',
            f' locate exchanger : answer where {exchanger}',
        ),
        ('have a look whether that feed pump is on', f' yes_no feed pump : inspect {pump} power'),
        ('what is over at the rack', f' map_area rack : map {rack}'),
        ('any samovars about?', f' exists samovars : map {rack}'),
    ):
        assert accepts(dialect.make_grammar(request, graph), reply), request
