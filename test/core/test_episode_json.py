# SPDX-License-Identifier: Apache-2.0
"""Episodes as JSON Lines: what is written is read back, and what cannot be read is named."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from prism_core import ConfigError, Plan, PlannerError, PrismError
from prism_core.dataset.episode_json import parse_episode, read_episodes, render_episode
from prism_core.domains.mapping import load_words
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.judge import judge_episode
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.world import WorldConfig
from prism_core.episode.episode import SCHEMA_VERSION

from .hand_made import do, make_true, play

WORDS = load_words()
DRAWN = [e for seed in range(8) for e in draw_episodes(seed, WorldConfig(hidden=0.5), WORDS)]
LINE = render_episode(DRAWN[0])


def test_drawn_episodes_are_read_back_as_they_were():
    assert len(DRAWN) > 50
    for episode in DRAWN:
        assert parse_episode(render_episode(episode)) == episode


def test_played_episodes_are_read_back_as_they_were_and_judged_the_same():
    for episode in DRAWN:
        run = play_episode(make_teacher(episode.task, WORDS), episode, WORDS)
        read = parse_episode(render_episode(run))
        assert read == run
        assert read.turns
        assert read.outcome == judge_episode(read, WORDS.lexicon)
        assert read.final_graph == run.final_graph


@pytest.mark.parametrize(
    'script',
    [
        [PlannerError('out of order')],
        [Plan((do('fly', 'to', 5.0, 'moon'),), reasoning='é "\\ \n\u2028')] * 3,
        [Plan(())] * 3,
        [Plan((do('inspect', 'crate_31', 'x\ty'), do('answer', '{"a": [1]}')))] * 2,
        [Plan((do('map_region', 'shed_2'),)), Plan((do('clarify', 'Which?'),))],
    ],
)
def test_an_episode_that_went_wrong_is_read_back_as_it_was(script):
    run = play(script, make_true(('shed_2', 'yard_7'), failures=[('map_region', 'shed_2')]))
    judged = replace(run, outcome=judge_episode(run, WORDS.lexicon))
    assert parse_episode(render_episode(judged)) == judged


def test_an_episode_is_one_line_that_leaves_out_what_has_its_default_value():
    assert '\n' not in LINE
    data = json.loads(LINE)
    assert data['schema_version'] == SCHEMA_VERSION
    assert not {'turns', 'ending', 'error', 'outcome'} & set(data)
    assert {'seed', 'task', 'criterion', 'true_graph', 'known_graph', 'provenance'} <= set(data)


def test_a_file_is_read_line_by_line_without_its_empty_lines():
    lines = [f'{render_episode(episode)}\n' for episode in DRAWN[:3]]
    assert list(read_episodes([lines[0], '\n', '  \n', *lines[1:]])) == DRAWN[:3]
    assert list(read_episodes([])) == []


def test_the_reader_of_a_file_names_the_line_that_is_no_episode_and_gives_those_before_it():
    reader = read_episodes([LINE, '', '{"schema_version": 2}', LINE])
    assert next(reader) == DRAWN[0]
    with pytest.raises(ConfigError, match=r'^line 3: not an episode: .*seed'):
        next(reader)


def changed(**parts) -> str:
    return json.dumps({**json.loads(LINE), **parts})


@pytest.mark.parametrize(
    ('line', 'sentence'),
    [
        ('', '^not an episode: Input data was truncated'),
        (LINE[:-1], '^not an episode: Input data was truncated'),
        (LINE + 'x', '^not an episode: JSON is malformed'),
        ('[' * 100_000, '^not an episode: nested too deeply$'),
        ('[]', 'expected an episode with schema_version 2, got None'),
        ('5', 'expected an episode with schema_version 2, got None'),
        ('{}', 'schema_version 2, got None; make the episodes again with this version'),
        (changed(schema_version=1), 'expected an episode with schema_version 2, got 1'),
        (changed(schema_version='2'), "expected an episode with schema_version 2, got '2'"),
        (changed(seed='3'), r'Expected `int`, got `str` - at `\$.seed`'),
        (changed(task={}), r'missing required field `request` - at `\$.task`'),
        (changed(ending='bored'), r"Invalid enum value 'bored' - at `\$.ending`"),
        (changed(criterion={'answer': 'poem'}), "^not an episode: criterion: .* got 'poem'"),
        (
            changed(criterion={'answer': 'any', 'evidence': [{'kind': 'heard', 'node': 'a'}]}),
            "facts of a kind of known, .*, got 'heard'",
        ),
        (
            changed(criterion={'answer': 'pattern', 'accepted': ['(']}),
            'expected a regular expression, got',
        ),
        (
            changed(task={'request': 'x', 'intent': 5}),
            r'task\.intent: Expected `object`, got `int`',
        ),
        (
            changed(task={'request': 'x', 'intent': {'kind': 'sing'}}),
            'task.intent: kind: expected one of',
        ),
        (changed(domain='os:abort'), "unknown domain 'os:abort': .* has to be installed"),
        (changed(domain='opera'), "not an episode: unknown domain 'opera': expected one of"),
    ],
)
def test_a_line_that_is_no_episode_is_an_error_that_says_why(line, sentence):
    with pytest.raises(ConfigError, match=sentence):
        parse_episode(line)


@pytest.mark.parametrize('graph', ['true_graph', 'known_graph'])
def test_an_episode_whose_graph_breaks_the_rules_is_an_error_that_says_why(graph):
    lost = {**json.loads(LINE)[graph], 'robot_location': 'nowhere_1'}
    with pytest.raises(PrismError, match="'nowhere_1' is not in the scene graph"):
        parse_episode(changed(**{graph: lost}))
    with pytest.raises(ConfigError, match=r"^line 1: .*'nowhere_1' is not in the scene graph"):
        list(read_episodes([changed(**{graph: lost})]))
