# SPDX-License-Identifier: Apache-2.0
"""What is counted of tasks and episodes: nothing lost, nothing twice, memory flat."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Connection, Episode, Node, SceneGraph, find_domain
from prism_core.dataset.masking import RequestMask
from prism_core.dataset.statistics import Distinct, Statistics, hash_structure
from prism_core.dataset.summary import group_reasons, list_facts, list_tables
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.remarks import ABSENT
from prism_core.errors import ConfigError

from .mapping_worlds import episodes_of, taught

DOMAIN = find_domain('mapping')
MASK = RequestMask(DOMAIN.masks)


def count(episodes) -> Statistics:
    statistics = Statistics(MAPPING_ACTIONS)
    for episode in episodes:
        statistics.add(episode, MASK, DOMAIN.remarks_on(episode))
    return statistics


@pytest.fixture(scope='module')
def tasks() -> tuple[Episode, ...]:
    return episodes_of(range(24), hidden=0.3)


@pytest.fixture(scope='module')
def played(tasks) -> list[Episode]:
    return [taught(episode) for episode in tasks]


# ---------------------------------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ('request_', 'masked'),
    [
        ('Find crate_31.', 'find <node> .'),
        ('Find Crate_31!', 'find <node> !'),
        ('Is there a fire extinguisher in the parking lot?', 'is there a <class> in the <class> ?'),
        ('Is there an oven in the parking lots?', 'is there a <class> in the <class> ?'),
        ('Which color is the crate?', 'which <attribute> is the <class> ?'),
        ('Is the crate wet or dry?', 'is the <class> <value> or <value> ?'),
        ('Go to 12.5, -3', 'go to <number> . <number> , - <number>'),
        ('crate_32 is unknown', 'crate_32 is unknown'),
        ('', ''),
    ],
)
def test_sentences_are_masked_by_names_words_and_numbers(request_, masked):
    assert MASK.mask(request_, ['crate_31']) == masked


def test_without_a_lexicon_names_and_numbers_are_masked():
    assert RequestMask().mask('Find 2 crates near yard_7', ['yard_7']) == (
        'find <number> crates near <node>'
    )


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=8), max_size=3))
def test_any_text_can_be_masked_and_masking_is_blind_to_case(text, names):
    masked = MASK.mask(text, names)
    assert masked == ' '.join(masked.split())
    assert MASK.mask(text.lower(), names) == masked


def test_masked_sentences_of_a_world_do_not_name_its_nodes(tasks):
    for episode in tasks:
        masked = MASK.mask(episode.task.request, episode.true_graph.nodes)
        assert not set(masked.split()) & {name.lower() for name in episode.true_graph.nodes}


# ------------------------------------------------------------------------------------------- graphs


def test_worlds_that_differ_in_numbers_positions_and_order_have_the_same_structure(tasks):
    graph = tasks[0].true_graph
    names = {name: f'{name.rpartition("_")[0]}_{i + 200}' for i, name in enumerate(graph.nodes)}
    moved = [
        replace(node, name=names[name], position=(node.position[0] + 5, 0))
        for name, node in graph.nodes.items()
    ]
    ways = [
        replace(c, source=names[c.target], target=names[c.source])
        for c in graph.connections.values()
    ]
    same = SceneGraph(reversed(moved), reversed(ways))
    assert hash_structure(same) == hash_structure(graph)


def test_worlds_that_differ_in_a_class_or_a_way_have_another_structure():
    def build(names, *ends):
        ways = (Connection('traversable', names[a], names[b]) for a, b in ends)
        return SceneGraph([Node(name, 'region', (i, 0)) for i, name in enumerate(names)], ways)

    yards = ['yard_1', 'gate_2', 'lane_3']
    graphs = [
        build(yards, (0, 1), (1, 2)),
        build(yards, (0, 1)),
        build(yards, (0, 1), (0, 2)),
        build(['yard_1', 'gate_2', 'shed_3'], (0, 1), (1, 2)),
    ]
    assert len({hash_structure(graph) for graph in graphs}) == len(graphs)


# ------------------------------------------------------------------------------------------- counts


def test_tasks_are_counted_by_what_they_are(tasks):
    statistics = count(tasks)
    kinds = Counter(episode.task.kind for episode in tasks)
    assert statistics.counts['tasks'] == statistics.kept == len(tasks)
    assert statistics.counts['tried'] == 0
    assert statistics.tallies['kind'] == kinds
    assert set(kinds) <= set(KINDS)
    assert statistics.tallies['hidden'] == {'0.3': len(tasks)}
    assert statistics.tallies['writer'] == {'procedural': len(tasks)}
    for name in ('family', 'structure', 'regions', 'objects', 'split', 'oracle_actions'):
        assert sum(statistics.tallies[name].values()) == len(tasks), name
    twins = [e.provenance['twin'] for e in tasks if 'twin' in e.provenance]
    assert statistics.pairs == len(twins) / 2 == len(set(twins)) > 0
    assert statistics.distinct['sentences'] == len({e.task.request for e in tasks})
    assert statistics.distinct['masked_sentences'] < statistics.distinct['sentences']


def test_a_twin_without_its_other_half_is_no_pair(tasks):
    halves = {e.provenance['twin']: e for e in tasks if 'twin' in e.provenance}
    statistics = count(halves.values())
    assert statistics.counts['twins'] == len(halves)
    assert statistics.pairs == 0


def test_episodes_are_counted_by_what_happened_in_them(played):
    statistics = count(played)
    good = [episode for episode in played if episode.outcome.success]
    assert statistics.counts['good'] == len(good) > 0.98 * len(played)
    steps = [action.name for episode in good for action, _ in episode.actions]
    assert statistics.tallies['action'].total() == len(steps)
    assert statistics.tallies['action']['map_region'] == steps.count('map_region')
    assert set(statistics.tallies['action']) == set(MAPPING_ACTIONS)
    for name in ('discovery', 'blocked', 'failed_action', 'asked'):
        assert 0 < statistics.counts[name] < len(good), name
    learnt = sum(len(e.final_graph.nodes) > len(e.known_graph.nodes) for e in good)
    assert statistics.counts['discovery'] == learnt
    assert statistics.counts['asked'] == sum(e.ending == 'asked' for e in good)
    absent = [e for e in good if e.criterion.answer == 'absence']
    assert len(absent) <= statistics.tallies['remark'][ABSENT] < len(good)
    assert dict(list_facts(statistics))[f'with {ABSENT}'].endswith('%')
    driven_m = sum(o.distance_m for e in good for _, o in e.actions)
    assert statistics.sums['distance_m'] == pytest.approx(driven_m)


def test_a_no_to_whether_something_is_there_counts_as_not_there(played):
    asked = [e for e in played if e.task.kind == 'exists' and e.criterion.accepted == ('no',)]
    assert asked
    assert count(asked).tallies['remark'][ABSENT] == len(asked)


def test_episodes_that_failed_are_counted_by_reason_and_nowhere_else(played):
    one, other, *rest = played
    failed = [
        replace(one, outcome=replace(one.outcome, found=False, reason='not found: crate_3')),
        replace(other, outcome=replace(other.outcome, found=False, reason='not found: yard_1')),
        replace(rest[0], ending='planner_error', error='no answer within 3 s', outcome=None),
        replace(rest[1], turns=(), ending='planner_error', error='it is down', outcome=None),
    ]
    statistics = count(failed)
    assert statistics.tallies['dropped'] == {'not found': 2, 'planner_error': 2}
    assert statistics.tallies['dropped_kind'].total() == statistics.counts['tried'] == 4
    assert statistics.kept == 0
    assert statistics.distinct['sentences'] == 0
    assert statistics.tallies['action'].total() == 0


def test_who_wrote_a_task_and_what_of_it_is_held_out_is_counted():
    (episode, *_) = episodes_of(range(3, 5), unseen=frozenset({'wording', 'classes'}))
    facts = episode.provenance
    written = replace(episode, provenance={**facts, 'writer': 'a model', 'wording': 'paraphrased'})
    statistics = count([episode, written])
    assert statistics.tallies['writer'] == {'procedural': 1, 'a model': 1}
    assert statistics.tallies['wording'] == {'unseen': 1, 'paraphrased': 1}
    assert statistics.tallies['unseen'] == {'wording': 2, 'classes': 2}
    assert statistics.tallies['split'] == {'test': 2}


def test_replies_that_were_sent_back_are_counted(played):
    facts = {**played[0].provenance, 'rejected': [{'turn': 0}, {'turn': 0}]}
    statistics = count([replace(played[0], provenance=facts), played[1]])
    assert statistics.counts['sent_back'] == 2
    assert dict(list_facts(statistics))['replies of the teacher that were sent back'] == '2'


def test_shares_of_nothing_are_nothing():
    assert Statistics().share('discovery') == 0.0
    assert 'answer not known at the start' not in dict(list_facts(Statistics()))
    assert list_tables(Statistics(MAPPING_ACTIONS)) == {}


# ------------------------------------------------------------------------------------ adding, files


def test_parts_add_up_to_the_whole_whatever_they_share(played):
    whole = count(played)
    half = len(played) // 2
    one, other = count(played[: half + 3]), count(played[half:])
    rest = count(played[half + 3 :])
    assert (one + rest).to_json() == whole.to_json()
    assert (one + other).distinct == whole.distinct
    before = one.to_json()
    assert (one + Statistics()).to_json() == before == one.to_json()
    one += rest
    assert one.to_json() == whole.to_json()


def test_statistics_come_back_from_json_and_can_be_shown_but_not_added_to(played):
    statistics = count(played)
    statistics.add_rejections({'find: no object to ask for': 3, 'count: no object to ask for': 2})
    statistics.add_tokens([200, 200, 310])
    text = json.dumps(statistics.to_json())
    read = Statistics.from_json(json.loads(text))
    assert json.dumps(read.to_json()) == text
    assert read.pairs == statistics.pairs
    assert list_facts(read) == list_facts(statistics)
    assert list_tables(read) == list_tables(statistics)
    assert list_tables(read)['draw rejected, because'] == {'no object to ask for': 5}
    assert dict(list_facts(read))['tokens of a conversation'] == '236.7 on average'
    for one, other in ((read, statistics), (statistics, read)):
        with pytest.raises(ConfigError, match='cannot be added up; count all episodes again'):
            one + other


@pytest.mark.parametrize('data', [{}, {'counts': []}, {'counts': {}, 'sums': {}, 'tallies': 3}, []])
def test_what_is_no_report_is_refused(data):
    with pytest.raises(ConfigError, match='expected a report of statistics, got one that lacks'):
        Statistics.from_json(data)


def test_reasons_are_grouped_over_kinds_and_may_hold_colons():
    rejections = {'find: a: b': 1, 'count: a: b': 2, 'no kind': 4}
    assert group_reasons(rejections) == {'a: b': 3, 'no kind': 4}


@given(st.lists(st.text(max_size=3)), st.lists(st.text(max_size=3)))
def test_distinct_texts_are_counted_once_in_one_place_and_in_two(one, other):
    first, second = Distinct(), Distinct()
    for text in one:
        first.add(text)
    for text in other:
        second.add(text)
    assert len(first) == len(set(one))
    first.update(second)
    assert len(first) == len({*one, *other})


def test_a_hundred_thousand_distinct_things_take_a_megabyte():
    seen = Distinct()
    tracemalloc.start()
    for number in range(100_000):
        seen.add(str(number))
    assert len(seen) == 100_000
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 2 * 2**20
    assert peak < 6 * 2**20
