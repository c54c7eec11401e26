# SPDX-License-Identifier: Apache-2.0
"""Questions that only a text answers: what stands on signs and displays, and what notices say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_core import Connection, Node, SceneGraph
from prism_core.domain import find_domain
from prism_core.domains.mapping.describing import load_bank, reports_of
from prism_core.domains.mapping.intent import Target
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.reports import Report, parse_report, render_report
from prism_core.domains.mapping.simulator import MappingSimulator
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Episode, Task, as_task
from prism_core.episode.planner import run_episode

from .mapping_worlds import WORDS, episodes_of, taught

DOMAIN = find_domain('mapping')
READER = RequestReader(WORDS)
GROUPS = ('read_off_text', 'read_off_number', 'read_off_topic', 'read_off_topic_at')


def drawn(seed: int) -> tuple[Episode, ...]:
    return episodes_of(range(seed, seed + 1), kinds=('read_off',), tasks=3)


@given(st.integers(0, 60))
@settings(max_examples=20)
def test_twins_have_another_text_in_the_same_place_and_each_is_answered_with_its_own(seed):
    pairs: dict[str, list[Episode]] = {}
    for episode in (e for e in drawn(seed) if 'twin' in e.provenance):
        pairs.setdefault(episode.provenance['twin'], []).append(episode)
    for one, other in pairs.values():
        assert one.known_graph == other.known_graph
        assert one.criterion.accepted != other.criterion.accepted
        texts = [{t.name: t for t in reports_of(e.true_graph).texts} for e in (one, other)]
        changed = [name for name in texts[0] if texts[0][name] != texts[1][name]]
        assert changed == [one.criterion.evidence[0].node]
        for episode in (one, other):
            played = taught(episode)
            assert played.outcome.success
            said = str(played.turns[-1].plan.actions[-1].arguments[0])
            form = parse_report(said, played.final_graph).form
            assert form == 'quoted'


@given(st.integers(0, 60))
@settings(max_examples=15)
def test_symbolic_planner_reads_the_question_and_quotes_the_text(seed):
    for episode in drawn(seed):
        played = play_episode(DOMAIN.make_symbolic(), as_task(episode), WORDS)
        assert played.outcome.success, (episode.task.request, played.outcome.reason)


def test_each_way_to_ask_has_enough_phrasings_and_some_are_held_out():
    for group in GROUPS:
        assert len(WORDS.all_phrasings[group]) >= 14
        assert WORDS.phrasings(group, True)


@pytest.mark.parametrize(
    ('request_text', 'target', 'value'),
    [
        ('What does the sign at the gate say?', Target(classes=('gate',)), 'sign'),
        ('What number is on the display of the pump?', Target(classes=('pump',)), 'display'),
        ('When does the last ferry leave?', None, 'last ferry'),
        ('How many passengers are allowed?', None, 'passengers'),
        ('What does the battery of pump_2 read?', Target(name='pump_2'), 'battery'),
        ('When does the last ferry on pump_2 leave?', Target(name='pump_2'), 'last ferry'),
    ],
)
def test_question_for_a_text_is_read_by_its_place_or_its_topic(request_text, target, value):
    graph = SceneGraph([Node('pump_2', 'object'), Node('gate_3', 'object')])
    intent = READER.read(request_text, graph)
    assert (intent.kind, intent.target, intent.value) == ('read_off', target, value)


@pytest.mark.parametrize(
    'request_text',
    [
        'Go to the kitchen and report when you arrive.',
        'When you find that the belt is dirty, go to the road; when it is not, go to the yard.',
        'How many benches are there?',
        'Where is the notice board?',
        'Describe the stop sign.',
        'What is the color of the notice board?',
        'Count the signs in the yard.',
        'Before we go on, what would you say the posture of the stop sign is?',
        'Tell me where the departure board stands.',
        'Is the display case open? Please say yes or no.',
    ],
)
def test_sentence_that_asks_for_no_text_is_read_as_before(request_text):
    assert READER.read(request_text, SceneGraph()).kind != 'read_off'


@pytest.mark.parametrize(
    ('said', 'request_text', 'answer'),
    [
        (
            'A sheet behind glass. It lists "last ferry 19:55". It is cracked.',
            'When does the last ferry leave?',
            'timetable_1: It lists "last ferry 19:55".',
        ),
        (
            'A sheet behind glass. It is empty.',
            'When does the last ferry leave?',
            'I found no text about last ferry in all 2 regions that I can reach.',
        ),
        (
            'A sheet behind glass. It is empty.',
            'What does the label on timetable_1 say?',
            'The label of timetable_1 could not be seen.',
        ),
    ],
)
def test_text_is_looked_for_where_one_may_stand_and_nothing_is_made_up(said, request_text, answer):
    regions = [Node('pier_1', 'region', (0.0, 0.0)), Node('quay_2', 'region', (9.0, 0.0))]
    ways = [
        Connection('traversable', 'pier_1', 'quay_2'),
        Connection('observed_from', 'timetable_1', 'quay_2'),
    ]
    true = SceneGraph(
        [*regions, Node('timetable_1', 'object', (9.0, 1.0), said)], ways, robot_location='pier_1'
    )
    known = SceneGraph(
        [*regions, Node('timetable_1', 'object', (9.0, 1.0))], ways, robot_location='pier_1'
    )
    task = Episode(0, Task(request_text), Criterion('any'), true, known)
    simulator = MappingSimulator(true, known, WORDS.lexicon)
    played = run_episode(DOMAIN.make_symbolic(), simulator, task)
    assert str(played.turns[-1].plan.actions[-1].arguments[0]) == answer


def test_quote_is_a_part_of_what_is_known_and_of_nothing_else():
    graph = SceneGraph([Node('sign_1', 'object', (0.0, 0.0), 'It is red. It says "stop".')])
    said = render_report(Report('quoted', ('sign_1', 'It says "stop".')), graph)
    assert said == 'sign_1: It says "stop".'
    assert parse_report(said, graph) == Report('quoted', ('sign_1', 'It says "stop".'))
    assert parse_report('sign_1: It says "go".', graph).form == 'say'
    with pytest.raises(KeyError):
        render_report(Report('quoted', ('sign_1', 'It says "go".')), graph)


def test_every_topic_is_asked_for_by_words_that_stand_in_its_text():
    for topic, entry in load_bank().topics.items():
        assert set(topic.split()) <= set(entry['text'].lower().replace(':', '').split())
        for form in ('question', 'clause'):
            intent = READER.read(f'Tell me {entry[form]}.', SceneGraph())
            assert (intent.kind, intent.value) == ('read_off', topic), entry[form]
