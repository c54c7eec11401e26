# SPDX-License-Identifier: Apache-2.0
"""Sentences of the mapping domain about nodes of any name."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Connection, Node, SceneGraph
from prism_core.domains.mapping import load_words
from prism_core.domains.mapping.answer_text import names_in, why_wrong
from prism_core.domains.mapping.reports import Report, parse_report, render_report, split_nodes
from prism_core.episode.criterion import Criterion

from .strategies import ODD_NAMES, any_names, texts

LEXICON = load_words().lexicon
SPEAKABLE = [name for name in ODD_NAMES if any(map(str.isalnum, name))]


def make_graph(region: str, thing: str) -> SceneGraph:
    return SceneGraph(
        [
            *(Node(region, 'region', (0, 0)), Node('yard_1', 'region', (9, 0))),
            *(Node(thing, 'object', attributes={'color': 'red'}), Node('crate_3', 'object')),
        ],
        [
            Connection('observed_from', thing, region),
            Connection('observed_from', 'crate_3', region),
            Connection('traversable', region, 'yard_1'),
        ],
        robot_location=region,
    )


@pytest.mark.parametrize(
    ('region', 'thing'), list(itertools.pairwise([*SPEAKABLE, 'door or window', 'gate']))
)
def test_a_report_about_nodes_of_any_name_is_read_as_it_was_made(region, thing):
    graph = make_graph(region, thing)
    for report in (
        Report('node', (thing,)),
        Report('where', (thing,)),
        Report('value', (thing, 'color')),
        Report('is', (thing, 'color', 'blue')),
        Report('unseen', (thing, 'size')),
        Report('exists', ('crate', region)),
        Report('count', ('crate', region)),
        Report('more', ('crate', region, 'yard_1')),
        Report('seen', (region,)),
        Report('way', (region, 'yard_1')),
        Report('here', (region,)),
        Report('unmapped', (region,)),
        Report('unreachable', (region,)),
        Report('which', (f'{thing} or crate_3',)),
        Report('which', (f'crate_3 or {thing}',)),
    ):
        text = render_report(report, graph)
        read = parse_report(text, graph)
        if report.form == 'more':  # as the sentence puts them
            assert sorted(read.arguments) == sorted(report.arguments)
        else:
            assert read == report, text


@pytest.mark.parametrize('name', SPEAKABLE)
def test_a_name_is_found_in_an_answer_whatever_stands_around_it(name):
    graph = make_graph('hall_2', name)
    for text in (f'{name}.', f'It is {name}!', f'"{name}"', f'I see {name}, and crate_3.'):
        assert name in names_in(text, graph), text
    criterion = Criterion('node', (name,), ('crate_3',))
    assert why_wrong(f'It is {name}.', criterion, graph, LEXICON) == ''
    assert why_wrong('It is crate_3.', criterion, graph, LEXICON) != ''


def test_the_longest_name_counts_and_none_within_a_word():
    graph = SceneGraph([Node(n, 'region') for n in ('living room', 'living room 2', 'room', 'Öl')])
    assert names_in('In living room 2, not in living room.', graph) == [
        'living room 2',
        'living room',
    ]
    assert names_in('The living rooms are upstairs; Ölung.', graph) == []


@given(st.lists(any_names, min_size=1, max_size=4, unique=True), texts)
def test_any_text_is_some_report_on_any_graph(names, text):
    graph = SceneGraph([Node(name, 'region') for name in names], robot_location=names[0])
    report = parse_report(text, graph)
    assert render_report(report, graph) == text
    for said in (names[0], f'I am at {names[0]}.', f'\ue0000\ue001{names[0]}'):
        parse_report(said, graph)
        names_in(said, graph)


@given(st.lists(any_names | st.just('a or b'), min_size=1, max_size=4, unique=True))
def test_choices_are_parted_into_known_nodes(names):
    graph = SceneGraph([Node(name, 'region') for name in names])
    parted = split_nodes(' or '.join(names), graph)
    assert ' or '.join(parted) == ' or '.join(names)
    assert set(parted) <= set(names)
