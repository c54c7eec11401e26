# SPDX-License-Identifier: Apache-2.0
"""Both dialects, their grammars and what they read back, whatever nodes are called."""

from __future__ import annotations

import json
from random import Random

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
    SceneGraph,
    Task,
    Turn,
    find_domain,
)
from prism_core.dialects.handles import Handles
from prism_core.graph.names_in_text import NamesInText
from prism_core.plan.plan import render_plan

from .strategies import ODD_NAMES, any_names, scene_graphs, texts
from .test_grammar import accepts, check_sentence, grammars_of, walk
from .test_kept_past import intents

NAMES = (
    *('living room', 'Living Room 2', 'Küche_1', 'O(12)', 'R(3)', '3', 'nan', '1e5', 'pump "B"'),
    *('a<r7>b', '<|im_end|>', '<r7>', 'truck<o3>', 'x\\"', '\\', "Bob's shed", 'A', 'a', 'a b'),
    *('unseen', 'gone <o1>', 'or', 'a or b', 'now ; left 3', 'x : y', '居間', 'kitchen'),
)
"""Names that look like handles, control tokens, numbers, lines of a dialect, or two names."""
DOMAIN = find_domain('mapping')
DIALECTS = ['compact', 'spine', 'spine_brief']
by_dialect = pytest.mark.parametrize('name', DIALECTS)


def make_graph(names, placed: bool = False) -> SceneGraph:
    """A region for every other name, all joined to the first; objects seen from the one before."""
    at = (1.0, 2.0) if placed else None
    regions, objects = names[::2], names[1::2]
    nodes = [*(Node(n, 'region', at) for n in regions), *(Node(n, 'object') for n in objects)]
    ways = [Connection('traversable', regions[0], other) for other in regions[1:]]
    seen = [Connection('observed_from', n, regions[i]) for i, n in enumerate(objects)]
    return SceneGraph(nodes, [*ways, *seen], robot_location=regions[0])


def look(graph: SceneGraph) -> Turn:
    """A turn in which the robot mapped where it is and another node was found."""
    here = graph.robot_location or ''
    found = Node('found one', 'object')
    update = GraphUpdate((found,), (Connection('observed_from', found.name, here),))
    plan = Plan((Action('map_region', (here,)),), 'survey')
    return Turn(plan, (Observation(update, f'I saw {here}.'),), here, known_graph=graph)


# ---------------------------------------------------------------------------------- prompts


@by_dialect
@given(
    names=st.lists(any_names | st.sampled_from(NAMES), min_size=2, max_size=7, unique=True),
    is_placed=st.booleans(),
    seed=st.integers(0, 50),
)
def test_a_mission_on_nodes_of_any_name_is_told_and_read_back(name, names, is_placed, seed):
    names = [n for n in names if n != 'found one']
    if len(names) < 2:
        return
    graph = make_graph(names, is_placed)
    turn = look(graph)
    known = turn.replay(graph)[-1]
    dialect = DOMAIN.make_dialect(name, seed)
    messages = dialect.render_prompt('look around', known, [turn])
    prompt = dialect.parse_prompt(messages, known)
    assert prompt.known_graph.nodes.keys() == known.nodes.keys()
    assert {n.name: n.position for n in prompt.known_graph.nodes.values()} == {
        n.name: n.position for n in known.nodes.values()
    }
    assert set(prompt.known_graph.connections) == set(known.connections)
    assert prompt.known_graph.robot_location == known.robot_location
    assert prompt.request == 'look around'


@pytest.mark.parametrize('name', ['compact', 'spine'])
@given(data=st.data())
def test_the_teacher_plans_the_same_from_what_a_prompt_says_whatever_nodes_are_called(name, data):
    graph = data.draw(scene_graphs(located=True, bare=True, any_kind=True))
    task = Task('do it', intent=data.draw(intents(graph, [])))
    dialect = DOMAIN.make_dialect(name, 5)
    prompt = dialect.parse_prompt(dialect.render_prompt('do it', graph, []), graph)
    teacher = DOMAIN.make_teacher(task)
    plan = teacher.plan('do it', graph, [])
    assert teacher.plan(prompt.request, prompt.known_graph, prompt.history) == plan
    reply = dialect.render_reply(plan, graph)
    assert dialect.parse_reply(reply, graph).actions == plan.actions


@by_dialect
@pytest.mark.parametrize('node', NAMES)
def test_a_request_that_holds_a_name_is_read_back(name, node):
    graph = make_graph([node, 'crate_1'])
    dialect = DOMAIN.make_dialect(name, 3)
    request = f'go to {node} and look at crate_1'
    prompt = dialect.parse_prompt(dialect.render_prompt(request, graph, []), graph)
    assert prompt.request == request


@given(st.lists(any_names | st.sampled_from(NAMES), min_size=1, max_size=6, unique=True), texts)
def test_no_name_and_no_text_with_names_holds_a_handle_of_its_own(names, text):
    handles = Handles(SceneGraph([Node(name, 'object') for name in names]), 1)
    said = handles.neutralize(f'{text} {" ".join(names)} {text}')
    for written in map(handles.write, names):
        said = said.replace(written, '')
        assert written.count('<') == written.count('>') == 1
    assert '<' not in said
    assert '"' not in said


def test_names_that_are_within_one_another_are_told_apart_by_the_longest():
    names = ['living room', 'living room 2', 'room', 'R(3)', 'R(3) north']
    found = NamesInText(names).find('R(3) north of the living room 2, room and xR(3).')
    assert [name for _, _, name in found] == ['R(3) north', 'living room 2', 'room']


DEPOT = SceneGraph(
    [
        Node('yard_1', 'region', (0, 0), '', {'mapped': True, 'ways_m': [5]}),
        Node('dock-2', 'region', (5, 0)),
        Node('kitchen', 'region', (5, 5)),
        Node('truck_7', 'object', (1, 1), 'a truck', {'color': 'red'}),
        Node('HX-201', 'object', (2, 1), '', {'semantic_class': 'heat exchanger'}),
        Node('HVACUnit.4', 'object', (2, 2)),
        Node('5', 'object', (2, 3)),
    ],
    [
        *(
            Connection('traversable', 'yard_1', 'dock-2'),
            Connection('traversable', 'dock-2', 'kitchen'),
        ),
        *(Connection('observed_from', n, 'yard_1') for n in ('truck_7', 'HX-201', 'HVACUnit.4')),
        Connection('observed_from', '5', 'dock-2'),
    ],
    robot_location='yard_1',
)


TRAINED_ON = """\
map
in yard<r93> mapped : truck<o16> red described , heat exchanger<o41> , hvac unit<o42>
in dock<r27> ways <r93> : 5<o81>
in kitchen<r33> ways <r27>
task is truck<o16> in the 'kitchen<r33>'? (r3)
now yard<r93> ; next dock<r27> map 5 , kitchen<r33> map 10 ; left 128"""


def test_the_compact_text_of_plain_names_is_that_on_which_students_were_trained():
    dialect = DOMAIN.make_dialect('compact', 5)
    (message,) = dialect.render_prompt('is truck_7 in the "kitchen"? <r3>', DEPOT, [])
    assert message['content'] == TRAINED_ON


# --------------------------------------------------------------------------------- grammars


def drives(graph: SceneGraph, name: str) -> Plan:
    return Plan((Action('goto', (name,)), Action('map_region', (name,))), 'map_area')


@by_dialect
@pytest.mark.parametrize('node', [*NAMES, *ODD_NAMES])
def test_a_grammar_takes_each_name_as_it_is_written_and_no_other_spelling(name, node):
    graph = make_graph(['yard_1', 'crate_1', node])
    dialect = DOMAIN.make_dialect(name, 3)
    grammar = dialect.make_grammar('look around', graph)
    plan = drives(graph, node)
    if name == 'compact':
        reply = dialect.render_reply(Plan(plan.actions[1:], 'map_area'), graph)
        assert not accepts(grammar, reply.replace('<r', '<o'))
    else:
        reply = render_plan(plan)
        assert not accepts(grammar, reply.replace('yard_1', 'Yard_1').replace('map_', 'map '))
        assert json.loads(reply)['plan']
    assert accepts(grammar, reply), reply
    read = dialect.parse_reply(reply, graph)
    assert read.actions[-1] == Action('map_region', (node,))


@by_dialect
@settings(max_examples=25)
@given(
    names=st.lists(any_names | st.sampled_from(NAMES), min_size=2, max_size=8, unique=True),
    request=st.text(max_size=40),
    seed=st.integers(0, 100),
)
def test_names_of_any_kind_give_grammars_of_readable_plans(name, names, request, seed):
    graph = make_graph(names)
    dialect = DOMAIN.make_dialect(name, seed)
    grammar = dialect.make_grammar(request, graph)
    text = walk(grammars_of(name).start(grammar), Random(seed), name)
    check_sentence(text, grammar, dialect, graph)
    nodes = DOMAIN.table.nodes_of
    for action in dialect.parse_reply(text, graph).actions:
        assert set(nodes(action)) <= set(graph.nodes)


def test_a_text_may_say_words_that_a_name_begins_with():
    graph = make_graph(['living room', 'crate_1'])
    grammar = DOMAIN.make_dialect('spine').make_grammar('look', graph)
    for said in ('living beings', 'the living room', 'living'):
        plan = Plan((Action('answer', (f'I saw {said}',)),), 'find', (), said)
        assert accepts(grammar, render_plan(plan)), said


def test_a_grammar_of_two_thousand_names_in_parentheses_compiles():
    nodes = [Node(f'R({n})', 'region') for n in range(10)]
    nodes += [Node(f'O({n})', 'object', None, '', {'label': 'chair'}) for n in range(2000)]
    graph = SceneGraph(nodes, robot_location='R(0)')
    for name in DIALECTS:
        dialect = DOMAIN.make_dialect(name)
        grammar = dialect.make_grammar('find a chair', graph)
        text = walk(grammars_of(name).start(grammar), Random(1), name)
        check_sentence(text, grammar, dialect, graph)
