# SPDX-License-Identifier: Apache-2.0
"""Names of any kind in the text of plans: what is written is read back unchanged."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prism_core import (
    Action,
    ActionSpec,
    ActionTable,
    ArgumentKind,
    ArgumentSpec,
    Plan,
    parse_plan,
    render_plan,
    render_steps,
)
from prism_core.domain import find_domain
from prism_core.plan.steps import parse_steps

from .strategies import ODD_NAMES, any_names

MANY = ActionTable(
    [
        ActionSpec(
            'line_up',
            tuple(ArgumentSpec(f'node_{i}', ArgumentKind.NODE) for i in range(8)),
            'Put eight in a row.',
        ),
        ActionSpec(
            'tell',
            (ArgumentSpec('node', ArgumentKind.NODE), ArgumentSpec('text', ArgumentKind.TEXT)),
            'Say something of one.',
        ),
    ]
)
TABLES = {
    name: find_domain(path).table
    for name, path in {
        'mapping': 'prism_core.domains.mapping.domain:MappingDomain',
        'tabletop': 'prism_core.domains.tabletop.domain:TabletopDomain',
        'kitchen': 'examples.kitchen:Kitchen',
    }.items()
} | {'eight nodes': MANY}


def naming(table: ActionTable, names) -> list[Action]:
    """Each action of a table once, on nodes drawn from the names in turn."""
    drawn = iter(names)
    values = {ArgumentKind.TEXT: 'say "so", (or not)'}
    return [
        Action(
            spec.name,
            tuple(
                next(drawn) if a.kind.is_node else values.get(a.kind, 1.5) for a in spec.arguments
            ),
        )
        for spec in table.values()
    ]


@pytest.mark.parametrize('table', TABLES.values(), ids=TABLES)
@given(names=st.lists(any_names, min_size=24, max_size=24))
@example(names=[*ODD_NAMES, *ODD_NAMES])
@example(names=[*reversed(ODD_NAMES), *ODD_NAMES])
def test_a_plan_of_any_domain_gives_names_back_unchanged(table, names):
    plan = Plan(tuple(naming(table, names)), 'go', tuple(names))
    assert parse_plan(render_plan(plan), table) == plan


@pytest.mark.parametrize('name', ODD_NAMES)
def test_a_name_comes_back_from_every_place_it_stands_in(name):
    steps = [Action('line_up', (name,) * 8), Action('tell', (name, name)), Action('fly', (name,))]
    assert parse_steps(render_steps(steps), MANY) == steps


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('truck_1', 'truck_1'),
        ('HX-201', 'HX-201'),
        ('2.1b', '2.1b'),
        ('living room', '"living room"'),
        ('3', '"3"'),
        ('nan', '"nan"'),
        ('1e5', '"1e5"'),
        ('O(12)', '"O(12)"'),
        ('pump "B"', r'"pump \"B\""'),
        ('Küche_1', '"Küche_1"'),
        ('a, b)', '"a, b)"'),
        ('C:\\maps', r'"C:\\maps"'),
    ],
)
def test_a_name_that_is_more_than_a_plain_word_or_reads_as_a_number_is_quoted(name, text):
    written = f'tell({text}, "on, off")'
    assert render_steps([Action('tell', (name, 'on, off'))]) == written
    assert parse_steps(written, MANY) == [Action('tell', (name, 'on, off'))]


@pytest.mark.parametrize(
    ('text', 'names'),
    [
        ('tell("truck_1", ok)', ('truck_1', 'ok')),
        ("tell('truck_1', ok)", ('truck_1', 'ok')),
        ('tell(living room, ok)', ('living room', 'ok')),
        ('tell(O(12), ok)', ('O(12)', 'ok')),
        ('tell(3, ok)', ('3', 'ok')),
        ('tell(pump "B", ok)', ('pump "B"', 'ok')),
    ],
)
def test_names_are_read_as_models_write_them(text, names):
    assert parse_steps(text, MANY) == [Action('tell', names)]


def test_names_that_differ_in_case_only_stay_apart():
    steps = [Action('tell', (name, 'x')) for name in ('Pump', 'pump', 'PUMP')]
    assert parse_steps(render_steps(steps), MANY) == steps


@pytest.mark.parametrize(
    ('said', 'names'),
    [
        ('[field_1, truck_1]', ('field_1', 'truck_1')),
        ('field_1 truck_1', ('field_1', 'truck_1')),
        ('[living room, O(12); "a, b)"]', ('living room', 'O(12)', 'a, b)')),
        (r'["pump \"B\"", ' "'it']", ('pump "B"', 'it')),
        ('["living room"]', ('living room',)),
        ('[a,, b,]', ('a', 'b')),
        ('"a', ('"a',)),
        ([], ()),
    ],
)
def test_relevant_nodes_are_read_from_a_text_as_from_a_list(said, names):
    reply = json.dumps({'plan': '', 'relevant_graph': said})
    assert parse_plan(reply, MANY).relevant_graph == names


@given(st.lists(any_names, max_size=5))
def test_relevant_nodes_in_a_text_of_quoted_names_come_back(names):
    reply = json.dumps({'plan': '', 'relevant_graph': json.dumps(names, ensure_ascii=False)})
    assert parse_plan(reply, MANY).relevant_graph == tuple(names)
