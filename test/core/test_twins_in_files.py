# SPDX-License-Identifier: Apache-2.0
"""Suites in the reference form may hold twins, and the sites that are packaged do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prism_core.domain import find_domain
from prism_core.domains.mapping.importing.reference_suite import read_reference_suite
from prism_core.domains.mapping.play import play_episode
from prism_core.errors import ConfigError
from prism_core.evaluation.suite import draw_suite, read_suite

from .mapping_worlds import WORDS

FOLDER = Path(__file__).parents[2] / 'config' / 'evaluate'
SITES = ('campus', 'port', 'ward')
DOMAIN = find_domain('mapping')
GRAPH = {
    'regions': [{'name': 'yard_1', 'coords': [0, 0]}, {'name': 'dock_2', 'coords': [9, 0]}],
    'objects': [
        {'name': 'gate_3', 'coords': [9, 1], 'description': 'The gate is open.'},
        {'name': 'crate_4', 'coords': [9, 2]},
    ],
    'region_connections': [['yard_1', 'dock_2']],
    'object_connections': [['gate_3', 'dock_2'], ['crate_4', 'dock_2']],
}
TASK = {
    'task': 'Is the gate open?',
    'answer': r'\byes\b',
    'init_node': 'yard_1',
    'needs': ['gate_3'],
    'hide': ['crate_4'],
}


def read(**twin: Any):
    task = {**TASK, 'twin': {'answer': r'\bno\b', **twin}}
    return read_reference_suite(json.dumps({'graph': GRAPH, 'tasks': [task]}), ())[0]


def test_twin_has_the_same_sentence_and_known_graph_and_other_facts():
    one, other = read(described={'gate_3': 'The gate is shut.'}, without=['crate_4'])
    assert one.task == other.task
    assert one.known_graph == other.known_graph
    assert [e.provenance['id'] for e in (one, other)] == ['0', '0-twin']
    assert one.provenance['twin'] == other.provenance['twin']
    assert other.true_graph.nodes['gate_3'].description == 'The gate is shut.'
    assert 'crate_4' not in other.true_graph.nodes
    assert other.criterion.accepted == (r'\bno\b',)
    assert {fact.node for fact in other.criterion.evidence} == {'gate_3'}


@pytest.mark.parametrize(
    ('twin', 'reason'),
    [
        ({}, 'twin: expected something under described or without, got nothing'),
        ({'described': {'dock_2': 'wet'}}, 'twin.described: .*needs or hide.*got .dock_2'),
        ({'without': ['gate_3']}, 'twin.without: .*hide.*got .gate_3'),
        ({'without': ['shed_9']}, 'twin.without: .*got .shed_9'),
    ],
)
def test_twin_that_changes_what_is_known_is_refused(twin, reason):
    with pytest.raises(ConfigError, match=reason):
        read(**twin)


@pytest.mark.parametrize('site', SITES)
def test_sites_have_fifteen_tasks_with_twins_that_no_control_solves(site):
    tasks = [e for w in draw_suite(read_suite(FOLDER / f'{site}.json')) for e in w]
    pairs: dict[str, list] = {}
    for task in tasks:
        pairs.setdefault(task.provenance.get('twin', ''), []).append(task)
    alone = pairs.pop('')
    assert len(pairs) + len(alone) == 15
    assert len(pairs) >= 12
    for name in DOMAIN.controls:
        for pair in pairs.values():
            plays = (play_episode(DOMAIN.make_control(name, e.task), e, WORDS) for e in pair)
            assert not all(played.outcome.success for played in plays), (name, pair[0].task.request)


@pytest.mark.parametrize(('site', 'least'), [('campus', 18), ('port', 25), ('ward', 23)])
def test_symbolic_planner_answers_most_of_what_is_asked_at_a_site(site, least):
    tasks = [e for w in draw_suite(read_suite(FOLDER / f'{site}.json')) for e in w]
    played = (play_episode(DOMAIN.make_symbolic(), e, WORDS) for e in tasks)
    assert sum(one.outcome.success for one in played) >= least
