# SPDX-License-Identifier: Apache-2.0
"""Worlds and episodes on the command line, as a user types it."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from prism_core.cli.main import prism
from prism_core.dataset.episode_json import read_episodes
from prism_core.errors import PrismError

EPISODES = Path(__file__).parents[2] / 'docs/episodes.jsonl'
HASTY = """
from prism_core import Action, Plan

class Hasty:
    name = 'hasty'

    def plan(self, request, known_graph, history):
        return Plan((Action('answer', ('There is none.',)),))

    def close(self):
        open('closed', 'w').close()
"""


def run(*arguments):
    return CliRunner().invoke(prism, [str(argument) for argument in arguments])


def refusal(*arguments):
    """The sentence of a refused command."""
    result = run(*arguments)
    assert result.exit_code == 1
    return str(result.exception) if isinstance(result.exception, PrismError) else result.output


def draw(path, *arguments):
    """The episodes that `prism world` writes."""
    result = run('world', '--out', path, *arguments)
    assert result.exit_code == 0, result.output
    return list(read_episodes(path.read_text('utf-8').splitlines()))


# ----------------------------------------------------------------------------------------- worlds


def test_world_prints_the_map_the_facts_the_tasks_and_what_was_rejected(tmp_path):
    arguments = ('--seed', 3, '--tasks', 3, '--hidden', 0.35)
    result = run('world', *arguments)
    assert result.exit_code == 0
    episodes = draw(tmp_path / 'world.jsonl', *arguments)
    facts = episodes[0].provenance
    flat = ' '.join(result.output.split())
    for text in (
        f'{facts["regions"]} regions, {facts["objects"]} objects (metres)',
        f'{facts["family"]}, {facts["structure"]}, seed 3; ',
        f'of {facts["regions"]} regions hidden',
        *(episode.task.kind for episode in episodes),
        *(episode.task.request.split()[0] for episode in episodes),
        'draws rejected',
    ):
        assert text in flat
    assert 'outcome' not in flat


def test_the_same_seed_draws_the_same_world(tmp_path):
    one = draw(tmp_path / 'one.jsonl', '--seed', 5, '--tasks', 2)
    assert one == draw(tmp_path / 'other.jsonl', '--seed', 5, '--tasks', 2)
    assert one != draw(tmp_path / 'third.jsonl', '--seed', 6, '--tasks', 2)


def test_options_say_what_is_drawn(tmp_path):
    options = ('--tier', 'core', '--kind', 'find', '--kind', 'count', '--unseen', 'wording')
    episodes = draw(tmp_path / 'world.jsonl', '--seed', 1, '--tasks', 4, *options)
    assert {e.task.kind for e in episodes} <= {'find', 'count', 'absent'}  # a twin may be absent
    assert {e.provenance['tier'] for e in episodes} == {'core'}
    assert {e.provenance['wording'] for e in episodes} == {'unseen'}


def test_without_a_planner_the_episodes_wait_to_be_tried(tmp_path):
    episodes = draw(tmp_path / 'world.jsonl', '--seed', 1, '--tasks', 2)
    assert not any(episode.turns or episode.outcome for episode in episodes)


def test_the_teacher_tries_each_task_and_the_outcome_is_printed_and_written(tmp_path):
    path = tmp_path / 'world.jsonl'
    result = run('world', '--seed', 1, '--tasks', 2, '--planner', 'teacher', '--out', path)
    episodes = list(read_episodes(path.read_text('utf-8').splitlines()))
    assert f'wrote {len(episodes)} episodes to {path}' in result.output
    assert all(episode.turns for episode in episodes)
    assert all(episode.outcome and episode.outcome.success for episode in episodes)
    assert result.output.count('success') == len(episodes)


def test_any_planner_can_try_the_tasks_and_is_closed_afterwards(tmp_path, monkeypatch):
    (tmp_path / 'hasty_planner.py').write_text(HASTY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    arguments = ('--seed', 1, '--tasks', 1, '--kind', 'find', '--planner', 'hasty_planner:Hasty')
    episodes = draw(tmp_path / 'world.jsonl', *arguments)
    assert {episode.outcome.actions for episode in episodes} == {1}
    assert not any(episode.outcome.success for episode in episodes)
    assert (tmp_path / 'closed').exists()


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['--kind', 'dance'], "there is no kind of task 'dance'; expected one of go_to, find"),
        (['--hidden', '2'], 'hidden: expected a share from 0 to 0.9, got 2.0'),
        (['--tier', 'core', '--size', 'large'], 'the core tier has worlds of size small only'),
        (['--planner', 'nobody'], "unknown planner 'nobody'"),
        (['--out', '/nowhere/world.jsonl'], 'cannot write /nowhere/world.jsonl: No such file'),
    ],
)
def test_world_says_in_one_sentence_what_is_wrong(arguments, words):
    assert words in refusal('world', '--seed', 3, '--tasks', 1, *arguments)


def test_a_world_in_which_no_task_fits_is_said_so_with_the_reasons(monkeypatch):
    def draw_nothing(seed, config, words, rejections):
        rejections['find: the target is not unique'] += 8
        return []

    monkeypatch.setattr('prism_core.domains.mapping.generator.draw_episodes', draw_nothing)
    output = refusal('world')
    assert '8 find: the target is not unique' in output
    assert 'no such task fits this world; take another seed' in output


def test_a_file_that_cannot_be_replaced_stays_and_nothing_is_left_beside_it(tmp_path, monkeypatch):
    path = tmp_path / 'world.jsonl'
    path.write_text('old')

    def fail(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(Path, 'replace', fail)
    assert 'No space left' in refusal('world', '--seed', 3, '--tasks', 1, '--out', path)
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


# --------------------------------------------------------------------------------------- episodes


def test_show_prints_an_episode_turn_by_turn_and_the_verdict():
    result = run('show', EPISODES, '--episode', 1)
    assert result.exit_code == 0
    for text in (
        'photovoltaic panel',
        'right answer: no',
        'turn 1, in parking_lot_94',
        'map_region(courtyard_15)',
        'the way from courtyard_15 to parking_lot_94 is blocked',
        'inspect(solar_panel_65, "Is it wet or dry?")',
        'success',
        '6 of 12 actions, 106 of 190 m',
    ):
        assert text in ' '.join(result.output.split())


def test_show_prints_an_episode_up_to_a_turn():
    output = run('show', EPISODES, '--turn', 2).output
    assert 'turn 2' in output
    assert 'turn 3' not in output
    assert '3 more turns' in output


def test_show_says_why_an_episode_failed():
    output = run('show', EPISODES, '--episode', 2).output
    assert 'failed – not found: solar_panel_65 is not known' in output
    assert '✓ answered' in output


def test_a_task_that_nobody_tried_is_shown_as_such(tmp_path):
    draw(tmp_path / 'world.jsonl', '--seed', 3, '--tasks', 1)
    assert 'not tried yet' in run('show', tmp_path / 'world.jsonl').output


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ([EPISODES, '--episode', 3], 'there is no episode 3 in'),
        ([EPISODES, '--episode', 3], 'it holds 3 episodes, counted from 0'),
        ([EPISODES, '--turn', 6], 'there is no turn 6: the episode has 5 turns'),
        ([EPISODES, '--turn', 6, '--out', 'x.png'], 'there is no turn 6: the episode has 5 turns'),
        ([EPISODES, '--plan', 'plan.json'], '--plan goes with a scene graph'),
        (['graph.json', '--turn', 1], '--episode, --turn and --sheet go with an episode file'),
        (['e.jsonl', '--sheet', 2], '--sheet goes with --out and without --turn'),
        (['/nowhere.jsonl'], 'cannot read /nowhere.jsonl: No such file'),
        ([EPISODES, '--out', '/nowhere/x.png'], 'cannot write the picture'),
    ],
)
def test_show_says_in_one_sentence_what_is_wrong_with_an_episode(arguments, words):
    assert words in refusal('show', *arguments)


@pytest.mark.parametrize(
    ('line', 'words'),
    [
        ('{"schema_version": 0}', 'episodes.jsonl: line 3: expected an episode'),
        ('no JSON', 'episodes.jsonl: line 3: not an episode'),
    ],
)
def test_the_line_that_is_no_episode_is_named(tmp_path, line, words):
    first = EPISODES.read_text('utf-8').split('\n')[0]
    path = tmp_path / 'episodes.jsonl'
    path.write_text(f'{first}\n\n{line}\n', 'utf-8')
    assert words in refusal('show', path, '--episode', 1)
    assert run('show', path).exit_code == 0


@pytest.mark.parametrize(
    'arguments', [('show', EPISODES), ('world', '--seed', 3, '--tasks', 1, '--out', 'world.jsonl')]
)
def test_without_msgspec_episode_files_name_the_remedy(monkeypatch, arguments):
    monkeypatch.delitem(sys.modules, 'prism_core.dataset.episode_json')
    monkeypatch.delattr('prism_core.dataset.episode_json', raising=False)
    monkeypatch.setitem(sys.modules, 'msgspec', None)
    sentence = refusal(*arguments)
    assert "episode files need msgspec; run: pip install 'prism_ros[data]'" in sentence


def test_without_matplotlib_a_picture_of_an_episode_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, 'matplotlib', None)
    assert 'need matplotlib; run: pip install' in refusal('show', EPISODES, '--out', 'x.png')
