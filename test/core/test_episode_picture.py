# SPDX-License-Identifier: Apache-2.0
"""Pictures of episodes, and what they are drawn from."""

import html
import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest

from prism_core import Action, Plan, find_domain
from prism_core.dataset.episode_json import read_episodes
from prism_core.domains.mapping import load_words
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.world import WorldConfig
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Episode, Task, Turn
from prism_core.episode.observation import Observation
from prism_core.errors import ConfigError
from prism_core.graph.elements import Connection, GraphUpdate, Node
from prism_core.graph.scene_graph import SceneGraph
from prism_core.pictures.episode_picture import draw_episode
from prism_core.pictures.episode_trail import follow_episode
from prism_core.pictures.sheet import draw_sheet
from prism_core.plan.steps import render_steps

DOMAIN = find_domain('mapping')
EPISODES = Path(__file__).parents[2] / 'docs/episodes.jsonl'
GREY = '#98a0ab'


@pytest.fixture(scope='module')
def episodes():
    return list(read_episodes(EPISODES.read_text('utf-8').splitlines()))


def texts_in(path):
    """The texts of an svg picture, each with its style."""
    found = re.findall(r'<text style="([^"]*)"[^>]*>([^<]*)</text>', path.read_text('utf-8'))
    return [(text, style) for style, text in found]


def draw_texts(tmp_path, episode, turn=None):
    draw_episode(episode, tmp_path / 'picture.svg', turn=turn)
    return texts_in(tmp_path / 'picture.svg')


@pytest.mark.parametrize(('ending', 'start'), [('png', b'\x89PNG'), ('pdf', b'%PDF')])
def test_an_episode_is_drawn_into_a_file(tmp_path, episodes, ending, start):
    path = tmp_path / f'picture.{ending}'
    draw_episode(episodes[0], path)
    assert path.read_bytes().startswith(start)
    assert path.stat().st_size > 20_000


def test_a_picture_holds_the_request_every_name_the_steps_and_the_verdict(tmp_path, episodes):
    episode = episodes[1]
    texts = [text for text, _ in draw_texts(tmp_path, episode)]
    together = ' '.join(texts)
    assert episode.task.request in together
    assert set(episode.true_graph.nodes) <= set(texts)
    for text in (
        'after turn 6 of 6; the robot is in road_14',
        'map_region(courtyard_15)   67 m',
        'new: solar_panel_65, sweeper_84',
        'solar_panel_65: surface dry',
        'success',
        'start',
    ):
        assert text in texts
    assert 'blocked: courtyard_15\N{NO-BREAK SPACE}–\N{NO-BREAK SPACE}parking_lot_94' in texts


def test_what_is_not_known_is_grey_until_the_turn_that_finds_it(tmp_path, episodes):
    def is_grey(turn):
        return GREY in dict(draw_texts(tmp_path, episodes[1], turn))['solar_panel_65']

    assert [is_grey(turn) for turn in (0, 3, 4, None)] == [True, True, False, False]


def test_what_was_found_has_a_bold_name_and_what_was_known_has_not(tmp_path, episodes):
    styles = dict(draw_texts(tmp_path, episodes[1]))
    assert 'bold' in styles['solar_panel_65'] or '700' in styles['solar_panel_65']
    assert 'bold' not in styles['courtyard_15']
    assert '700' not in styles['courtyard_15']


def test_a_picture_of_a_turn_shows_that_turn_and_none_after_it(tmp_path, episodes):
    texts = [text for text, _ in draw_texts(tmp_path, episodes[0], 2)]
    assert 'explore_region(warehouse_94, 15)' in texts
    assert 'map_region(parking_lot_88)   31 m' not in texts
    assert '… 3 more turns' in texts
    assert 'success' not in texts
    before = [text for text, _ in draw_texts(tmp_path, episodes[0], 0)]
    assert 'before the first of 5 turns; the robot is in warehouse_94' in before


def test_a_failure_is_drawn_with_its_reason(tmp_path, episodes):
    texts = draw_texts(tmp_path, episodes[2])
    assert 'failed – not found: solar_panel_65 is not known' in dict(texts)


def test_a_task_that_nobody_tried_can_be_drawn(tmp_path, episodes):
    texts = dict(draw_texts(tmp_path, replace(episodes[0], turns=(), outcome=None)))
    assert 'not tried; the robot is in warehouse_94' in texts
    assert 'not tried yet' in texts


def test_a_turn_that_is_not_there_is_named(tmp_path, episodes):
    with pytest.raises(ConfigError, match='there is no turn 7: the episode has 6 turns'):
        draw_episode(episodes[1], tmp_path / 'picture.svg', turn=7)


def test_a_long_episode_in_a_large_world_keeps_its_last_turns(tmp_path):
    words = load_words()
    config = WorldConfig(size='large', kinds=('survey',), tasks=1)
    (drawn,) = draw_episodes(3, config, words)
    episode = play_episode(make_teacher(drawn.task, words), drawn, words)
    texts = [text for text, _ in draw_texts(tmp_path, episode)]
    assert len(episode.turns) > 40
    assert any(re.fullmatch(r'… \d+ turns before', text) for text in texts)
    assert str(len(episode.turns)) in texts
    assert 'success' in texts


def test_dollars_and_brackets_in_a_request_are_drawn_as_they_are(tmp_path, episodes):
    task = replace(episodes[2].task, request='cost $5 or $6 [red] at x^2?')
    texts = dict(draw_texts(tmp_path, replace(episodes[2], task=task)))
    assert '“cost $5 or $6 [red] at x^2?”' in texts


def test_a_sheet_shows_each_episode_with_its_request_plans_and_answer(tmp_path, episodes):
    path = tmp_path / 'sheet.svg'
    draw_sheet(episodes, path)
    texts = ' '.join(html.unescape(text) for text, _ in texts_in(path))
    for number, episode in enumerate(episodes, start=1):
        said = render_steps([episode.turns[-1].plan.actions[-1]])
        assert said.split()[0] in texts
        assert f'{number}. {episode.task.request.split()[0]}' in texts
    assert episodes[2].outcome.reason in texts  # it failed


def test_the_way_of_a_robot_is_as_long_as_what_it_drove_and_crosses_nothing_blocked():
    words = load_words()
    checked = 0
    for seed in range(12):
        for drawn in draw_episodes(seed, WorldConfig(hidden=0.4), words):
            episode = play_episode(make_teacher(drawn.task, words), drawn, words)
            network = episode.true_graph.region_network
            way = follow_episode(episode).way
            lengths_m = [network[a][b]['length_m'] for a, b in itertools.pairwise(way)]
            driven_m = sum(observation.distance_m for _, observation in episode.actions)
            assert sum(lengths_m) == pytest.approx(driven_m, abs=0.1)
            checked += bool(lengths_m)
    assert checked > 30


# ---------------------------------------------------------------------------------- a small world


def small_episode(*turns):
    nodes = [Node(n, 'region', p) for n, p in (('a', (0, 0)), ('b', (10, 0)), ('c', (5, 5)))]
    true = SceneGraph(
        [*nodes, Node('box_1', 'object', (11, 1))],
        [
            Connection('traversable', 'a', 'c'),
            Connection('traversable', 'c', 'b'),
            Connection('observed_from', 'box_1', 'b'),
        ],
        robot_location='a',
    )
    ways = [Connection('traversable', *ends) for ends in ('ab', 'ac', 'bc')]
    known = SceneGraph(nodes, ways, robot_location='a')
    return Episode(0, Task('go to b'), Criterion('node', ('b',)), true, known, turns)


def test_a_blocked_way_is_red_in_the_panel_and_the_robot_drove_around_it():
    update = GraphUpdate(
        remove_connections=(Connection('traversable', 'a', 'b'),), robot_location='b'
    )
    plan = Plan((Action('goto', ('b',)), Action('answer', ('I am at b.',))))
    trail = follow_episode(small_episode(Turn(plan, (Observation(update, distance_m=14.142),))))
    assert trail.way == ['a', 'c', 'b']
    assert trail.stops == {'b': [1]}
    ((goto, news), (answer, nothing)) = trail.turns[0]
    assert goto == 'goto(b)   14 m'
    assert [(line.text.replace('\N{NO-BREAK SPACE}', ' '), line.is_bad) for line in news] == [
        ('blocked: a – b', True)
    ]
    assert answer.endswith('not carried out')
    assert nothing == []


def test_a_refused_plan_is_shown_with_what_was_said(tmp_path):
    refused = Observation(feedback='Step 1: there is no atlantis.', status='refused')
    episode = small_episode(Turn(Plan(()), (refused,)))
    ((step, (line,)),) = follow_episode(episode).turns[0]
    assert step == 'a plan without steps'
    assert line.is_bad
    assert line.text == 'refused: Step 1: there is no atlantis.'
    assert 'not judged' in dict(draw_texts(tmp_path, episode))


@pytest.mark.parametrize(
    ('criterion', 'words'),
    [
        (Criterion('absence'), 'there is none'),
        (Criterion('question'), 'a question back'),
        (Criterion('value', ('dry', 'arid')), 'dry'),
        (Criterion('node', ('a', 'b')), 'a or b'),
        (Criterion('nodes', ('a', 'b')), 'a, b'),
        (Criterion('nodes'), 'nothing'),
    ],
)
def test_the_right_answer_is_put_in_words(criterion, words):
    assert DOMAIN.say_expected(criterion) == words
