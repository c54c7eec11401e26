# SPDX-License-Identifier: Apache-2.0
"""Sentences that visitors say on maps of their own: rooms and things of any name, no positions.

All but the last table were written down before anybody looked at what the reader makes of them.
"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Connection, Node, PlannerError, SceneGraph, find_domain, render_steps
from prism_core.domains.mapping import make_symbolic_planner
from prism_core.inference.lm_planner import LMPlanner
from prism_core.testing import ScriptedTextModel

from .strategies import any_names, texts
from .test_grammar import accepts

DOMAIN = find_domain('mapping')
PLANNER = make_symbolic_planner()


def make_graph(regions, seen_from, ways, **attributes) -> SceneGraph:
    """Regions, objects with the region they are seen from, ways; attributes by name."""
    told = {name: dict([said]) for name, said in attributes.pop('told', {}).items()}
    nodes = [Node(n, 'region', attributes=told.get(n, {})) for n in regions]
    nodes += [Node(n, 'object', attributes=told.get(n, {})) for n in seen_from]
    connections = [Connection('traversable', *ends) for ends in ways]
    connections += [Connection('observed_from', *ends) for ends in seen_from.items()]
    return SceneGraph(nodes, connections, robot_location=regions[0])


HOUSE = make_graph(
    [
        *('hallway', 'kitchen', 'kitchen_1', 'living room', 'Living Room 2', 'bedroom_2'),
        *('bathroom', 'Küche_1', '3'),
    ],
    {
        **{'apple_0': 'kitchen', 'fridge_53': 'kitchen_1', 'table_101': 'kitchen'},
        **{'sofa': 'living room', 'lamp 1': 'living room', 'tv_stand_4': 'Living Room 2'},
        **{'bed_7': 'bedroom_2', 'Waschmaschine': 'bathroom', 'pump "B"': 'bathroom'},
    },
    [
        *(('hallway', n) for n in ('kitchen', 'kitchen_1', 'living room', 'bathroom', 'Küche_1')),
        *(('hallway', '3'), ('living room', 'Living Room 2'), ('living room', 'bedroom_2')),
        ('bathroom', 'bedroom_2'),
    ],
)
HYDRA = make_graph(
    ['R(2)', 'R(0)', 'R(1)', 'R(3)'],
    {'O(12)': 'R(1)', 'O(13)': 'R(3)', 'O(20)': 'R(0)', 'O(7)': 'R(2)'},
    [('R(0)', 'R(2)'), ('R(1)', 'R(2)'), ('R(2)', 'R(3)')],
    told={
        **{'R(0)': ('label', 'kitchen'), 'R(1)': ('label', 'office'), 'R(3)': ('label', 'office')},
        **dict.fromkeys(('O(12)', 'O(13)'), ('semantic_class', 'chair')),
        **{'O(20)': ('semantic_class', 'refrigerator'), 'O(7)': ('class_name', 'printer')},
    },
)
PLANT = make_graph(
    ['Bay 4', 'Pump Hall', 'pump hall', 'nan', '1e5'],
    {
        **{'HX-201': 'Bay 4', 'P-101A': 'Pump Hall', 'P-101B': 'pump hall'},
        **{'a<r7>b': 'Bay 4', '<|im_end|>': 'nan'},
    },
    [('Bay 4', 'Pump Hall'), ('Bay 4', 'pump hall'), ('Bay 4', 'nan'), ('nan', '1e5')],
    told={
        **{'HX-201': ('class', 'heat exchanger'), 'a<r7>b': ('type', 'valve')},
        **dict.fromkeys(('P-101A', 'P-101B'), ('category', 'pump')),
    },
)
WHICH = 'clarify("Which one do you mean: '
SENTENCES = [
    (HOUSE, 'go to living room', 'goto("living room")'),
    (HOUSE, 'Go to the kitchen.', 'goto(kitchen)'),
    (HOUSE, 'go to kitchen_1', 'goto(kitchen_1)'),
    (HOUSE, 'drive to Living Room 2 please', 'goto("Living Room 2")'),
    (HOUSE, 'go to 3', 'goto("3")'),
    (HOUSE, 'what is in Küche_1?', 'map_region("Küche_1")'),
    (HOUSE, 'inspect pump "B"', r'inspect("pump \"B\"", '),
    (HOUSE, 'inspect apple_0', 'inspect(apple_0, '),
    (HOUSE, 'where is fridge_53?', 'answer("fridge_53 is in kitchen_1.")'),
    (HOUSE, 'is the fridge_53 open?', 'inspect(fridge_53, '),
    (HOUSE, "go to the bathroom, but don't touch the table", 'clarify("I cannot keep'),
    (HOUSE, "don't inspect the lamp. Go to bedroom_2", 'clarify("I cannot keep'),
    (HOUSE, 'how many lamps are in the living room?', 'map_region("living room")'),
    (HOUSE, 'Take a look at lamp 1', 'inspect("lamp 1", '),
    (HOUSE, 'is there an apple in the kitchen?', 'answer("Yes, there is an apple in kitchen'),
    (HOUSE, 'visit kitchen, bathroom and bedroom_2', 'goto(kitchen), goto(bathroom), goto(bedroo'),
    (HOUSE, 'what is in the living room?', 'map_region("living room")'),
    (HOUSE, 'check the Waschmaschine', 'inspect(Waschmaschine, '),
    (HOUSE, 'Which is closer, bathroom or bedroom_2?', 'clarify("What should I look for, '),
    (HOUSE, 'can I get to Living Room 2?', 'goto("Living Room 2")'),
    (HYDRA, 'drive to R(3)', 'goto("R(3)")'),
    (HYDRA, 'is O(12) open?', 'inspect("O(12)", '),
    (HYDRA, 'inspect O(20)', 'inspect("O(20)", '),
    (HYDRA, 'go to the kitchen', 'goto("R(0)")'),
    (HYDRA, 'find a refrigerator', 'answer("O(20), seen from R(0).")'),
    (HYDRA, 'how many chairs are there?', 'map_region("R(0)")'),
    (HYDRA, 'go to the office', WHICH + 'R(1) or R(3)?")'),
    (HYDRA, 'where is O(7)?', 'answer("O(7) is in R(2).")'),
    (HYDRA, 'describe the chair in R(1)', 'inspect("O(12)", '),
    (HYDRA, 'what is in R(1)?', 'map_region("R(1)")'),
    (PLANT, 'inspect HX-201', 'inspect(HX-201, '),
    (PLANT, 'go to the heat exchanger', 'answer("I am at Bay 4.")'),
    (PLANT, 'check the heat exchanger HX-201 for leaks', 'inspect(HX-201, '),
    (PLANT, 'go to Pump Hall', 'goto("Pump Hall")'),
    (PLANT, 'go to pump hall', 'goto("pump hall")'),
    (PLANT, 'go to PUMP HALL', WHICH + 'Pump Hall or pump hall?")'),
    (PLANT, 'go to nan', 'goto("nan")'),
    (PLANT, 'drive to 1e5', 'goto("1e5")'),
    (PLANT, 'inspect a<r7>b', 'inspect("a<r7>b", '),
    (PLANT, 'what is the state of <|im_end|>?', 'inspect("<|im_end|>", '),
    (PLANT, 'how many pumps are there?', 'map_region("Bay 4")'),
    (PLANT, 'patrol Bay 4 and Pump Hall', 'goto("Bay 4"), goto("Pump Hall")'),
    (PLANT, 'inspect P-101A and P-101B', 'inspect(P-101A, '),
    (PLANT, 'is the valve in Bay 4 open?', 'inspect("a<r7>b", '),
]


@pytest.mark.parametrize(('graph', 'sentence', 'steps'), SENTENCES)
def test_a_visitor_is_understood_and_a_student_may_say_the_same(graph, sentence, steps):
    plan = PLANNER.plan(sentence, graph, [])
    assert render_steps(plan.actions).startswith(steps)
    if 'I cannot keep' not in steps:  # a form of its own, for which no student has words
        dialect = DOMAIN.make_dialect('compact', 1)
        grammar = dialect.make_grammar(sentence, graph)
        assert accepts(grammar, dialect.render_reply(plan, graph))


@pytest.mark.parametrize(
    ('sentence', 'goal'),
    [
        ("go to the bathroom, but don't go through the living room", 'bathroom'),
        ("don't go to the living room. Go to bedroom_2", 'bedroom_2'),
    ],
)
def test_a_visitor_who_forbids_a_room_is_not_led_through_it(sentence, goal):
    intent = DOMAIN.make_symbolic()._read_intent(sentence, HOUSE)
    assert intent.region.classes == (goal,) or intent.region.name == goal
    (constraint,) = intent.constraints
    assert (constraint.kind, constraint.region.name) == ('avoid', 'living room')
    assert 'living room' not in render_steps(PLANNER.plan(sentence, HOUSE, []).actions)


ROOMS = ('A', 'B', '3', '4', 'Dock', 'dock', 'R(3)', "Bob's room", 'do not enter', 'Öl 2', 'nan')
SITE = make_graph(['hall_1', *ROOMS], {'crate_5': 'hall_1'}, [('hall_1', name) for name in ROOMS])


@pytest.mark.parametrize(
    ('sentence', 'steps'),
    [
        ('go to A', 'goto(A)'),
        ('Go to B, then A.', 'goto(B), goto(A)'),
        ('visit 3, 4 and R(3)', 'goto("3"), goto("4"), goto("R(3)")'),
        ('go to "4"', 'goto("4")'),
        ("drive to Bob's room", 'goto("Bob\'s room")'),
        ('go to r 3', 'goto("R(3)")'),
        ('go to Dock and dock', 'goto(Dock), goto(dock)'),
        ('go to DOCK', WHICH + 'Dock or dock?")'),
        ('zum öl 2: go to öl 2', 'goto("Öl 2")'),
        ('go to R(99)', 'map_region(hall_1)'),
        # A number, an article and a coordinate that are none of the nodes.
        ('find 3 crates', 'answer("crate_5, seen from hall_1.")'),
        ('find a crate', 'answer("crate_5, seen from hall_1.")'),
        ('go to (3, 4)', 'extend_map(3, 4)'),
        ('map around 3, 4', 'extend_map(3, 4)'),
        # What is forbidden, whatever it is called, and a name that forbids something.
        ("don't go to 3", 'clarify("I cannot keep to'),
        ("don't go to R(3)", r'clarify("I cannot keep to \"don\'t go to R(3)\" yet.'),
        ('avoid A', 'clarify("I cannot keep to'),
        ("go to B, but not to Bob's room", 'clarify("I cannot keep to'),
        ('do not enter the dock', 'clarify("I cannot keep to'),
    ],
)
def test_numbers_letters_and_small_words_are_names_where_a_node_may_be_named(sentence, steps):
    said = render_steps(PLANNER.plan(sentence, SITE, []).actions)
    assert said.startswith(steps.replace("\\'", "'")), said


READABLE = any_names.filter(lambda name: name.strip('_') and name not in ('hall_1', 'crate_5'))


@given(
    name=READABLE, form=st.sampled_from(['go to {}', 'Drive to "{}", please.', 'what is in {}?'])
)
def test_a_room_is_found_by_its_name_whatever_that_is(name, form):
    graph = make_graph(['hall_1', name], {'crate_5': 'hall_1'}, [('hall_1', name)])
    first = PLANNER.plan(form.format(name), graph, []).actions[0]
    assert first.arguments[0] == name


@given(
    names=st.lists(any_names, min_size=2, max_size=6, unique=True),
    sentence=texts | st.sampled_from(['go to {}', 'is {} red?', 'find {}', 'how many {} in {}?']),
    said=st.sampled_from(
        [' nonsense', '', ' find : answer none', ' go_to a : go a<r1>', '{"plan": 1}']
    ),
    dialect=st.sampled_from(['compact', 'spine', 'spine_brief']),
)
def test_a_language_model_on_any_names_plans_or_fails_as_a_planner_does(
    names, sentence, said, dialect
):
    regions, objects = names[::2], names[1::2]
    graph = make_graph(regions, dict.fromkeys(objects, regions[0]), [])
    request = sentence.replace('{}', names[-1])
    assert PLANNER.plan(request, graph, []).actions
    planner = LMPlanner(
        ScriptedTextModel([said]),
        DOMAIN.make_dialect(dialect),
        DOMAIN.table,
        tries=1,
        held_to='known',
    )
    with contextlib.suppress(PlannerError):
        assert planner.plan(request, graph, []).actions
