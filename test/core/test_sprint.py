# SPDX-License-Identifier: Apache-2.0
"""SPRINT's longer tasks: runs of steps, chains, wrong ones, and how much each counts."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import yaml
from click.testing import CliRunner

from prism_core.dataset.conversations import render_samples
from prism_core.dataset.episode_json import read_episodes, render_episode
from prism_core.domain import find_domain
from prism_core.domains.household.commands.augmenting import augment
from prism_core.domains.household.home import read_home
from prism_core.domains.household.importing.alfred import has_all_steps, load_homes, steps_of
from prism_core.domains.household.importing.alfred_homes import find_furniture
from prism_core.domains.household.judge import make_criterion
from prism_core.domains.household.scenes import HouseholdRecipe
from prism_core.domains.household.sprint.augmenting import (
    AugmentCounts,
    AugmentSettings,
    augment_home,
)
from prism_core.domains.household.sprint.chaining import Told, chain
from prism_core.domains.household.sprint.corrupting import corrupt
from prism_core.domains.household.sprint.segments import (
    Segment,
    count_segments,
    find_failure,
    meaning_of_steps,
    play_segment,
    segments_of,
    steps_done,
)
from prism_core.domains.household.sprint.summaries import find_fault, read_summary
from prism_core.domains.household.sprint.transcripts import Transcript, read_alfred, read_episode
from prism_core.domains.household.sprint.wording import compose

from .small_alfred import ROWS, write_rows
from .teacher_server import CANARY, KEY_VARIABLE, MODEL, TeacherServer

DATA = os.environ.get('PRISM_DATA')
PLANS = find_furniture(ROWS)


def read_rows() -> tuple[list[Transcript], Counter[str]]:
    rejected: Counter[str] = Counter()
    found = [read_alfred(row, PLANS, rejected) for row in ROWS]
    return [transcript for transcript in found if transcript is not None], rejected


TRANSCRIPTS, REJECTED = read_rows()
CLEANED, SLICED, MOVED, _ = TRANSCRIPTS


def whole(transcript: Transcript, start: int = 0, stop: int | None = None) -> Segment:
    end = len(transcript.parts) if stop is None else stop
    return Segment(transcript, start, end, min(transcript.said, default=None))


def tell(segment: Segment) -> Told:
    return Told(segment, compose(segment.parts, Random(1)), 'rules')


def drawn_episodes(worlds: int) -> list:
    """Good episodes in homes of which parts are hidden."""
    domain = find_domain('household')
    recipe = HouseholdRecipe(seed=3, worlds=worlds, tasks=4)
    episodes = []
    for index in range(worlds):
        config = domain.plan_world(recipe, index, False, Counter())
        for number, task in enumerate(domain.draw_world(index, config)):
            played = domain.play(domain.make_teacher(task.task), task)
            facts = {**played.provenance, 'id': f'{index}-{number}'}
            episodes.append(replace(played, provenance=facts))
    return episodes


# ------------------------------------------------------------------------------- steps and segments


def test_the_ways_are_merged_and_their_texts_dropped():
    assert [str(part.skill) for part in CLEANED.parts] == ['take cup', 'clean', 'put shelf']
    said = ('Pick up the glass.', 'Wash the glass in the sink', 'Put the glass on the shelf.')
    assert CLEANED.said == {0: said}
    assert [part.place for part in CLEANED.parts] == ['counter top', 'sink basin', 'shelf']
    assert [str(part.skill) for part in SLICED.parts][1:3] == ['slice apple', 'put dining table']


def test_a_worker_who_said_another_number_of_sentences_than_steps_is_left_out_and_counted():
    assert REJECTED == {'annotation: another number of sentences than steps': 1}


@pytest.mark.parametrize('transcript', TRANSCRIPTS, ids=lambda t: t.source)
def test_each_contiguous_run_is_carried_out_in_the_home_as_it_was_and_judged(transcript):
    segments = [*segments_of(transcript)]
    assert len(segments) == sum(count_segments(len(transcript.parts)))
    for segment in segments:
        episode = play_segment(segment, 'do it', 'rules')
        assert find_failure(episode) == ''
        assert [*map(str, steps_done(episode))] == [str(part.skill) for part in segment.parts]
        home = read_home(episode.known_graph)
        held = home.class_of(home.held) if home.held else ''
        assert held == segment.before.held
        assert episode.provenance['subtasks'] == segment.stop - segment.start
        assert episode.seed == transcript.seed


def test_a_step_with_what_is_held_is_judged_by_where_that_ends():
    episode = play_segment(whole(CLEANED, 2), 'put it there', 'rules')
    (fact,) = episode.criterion.evidence
    assert (fact.kind, fact.node, fact.detail) == ('place', 'cup', 'shelf')
    assert make_criterion(meaning_of_steps(('put shelf',), '')).evidence == ()


def test_steps_in_homes_of_which_parts_are_hidden_know_what_was_known_then():
    rejected: Counter[str] = Counter()
    played = 0
    for episode in drawn_episodes(6):
        transcript = read_episode(episode, rejected)
        for segment in segments_of(transcript) if transcript else ():
            assert find_failure(play_segment(segment, 'do it', 'rules')) == ''
            assert segment.before.true_graph.nodes.keys() >= segment.before.known_graph.nodes.keys()
            played += 1
    assert played > 50


# ------------------------------------------------------------------------------------ instructions


@pytest.mark.parametrize('transcript', TRANSCRIPTS, ids=lambda t: t.source)
def test_a_sentence_by_rules_names_all_that_matters_and_nothing_else(transcript):
    for segment in segments_of(transcript):
        for seed in range(12):
            text = compose(segment.parts, Random(seed))
            assert find_fault(text, segment, segment.said) == '', text


@pytest.mark.parametrize(
    ('summary', 'fault'),
    [
        ('Put a washed glass on the shelf.', ''),
        ('Rinse the cup and set it on the shelf.', ''),
        ('Put a clean fork on the shelf.', 'names what is not there'),
        ('Put the clean cup in the microwave.', 'names what is not there'),
        ('Put the cup on the shelf.', 'misses what is done'),
        ('Put a clean one on the shelf.', 'misses a thing'),
        ('Wash the cup and put it away.', 'misses a place'),
        ('', 'says nothing'),
    ],
)
def test_a_summary_that_does_not_tell_the_steps_is_refused(summary, fault):
    segment = whole(CLEANED)
    assert find_fault(summary, segment, segment.said) == fault


def test_a_summary_ends_at_the_first_full_stop():
    assert read_summary(' Put the cup\n away. Then go. ') == 'Put the cup away.'
    assert read_summary('Summary: Put the cup away') == 'Put the cup away.'
    assert read_summary('  ') == ''


def test_an_endpoint_is_asked_as_sprint_asks_and_refused_where_it_names_what_is_not_there(
    tmp_path, monkeypatch
):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)
    source = write_rows(tmp_path / 'rows.jsonl')

    def answer(messages) -> str:
        asked = messages[-1]['content'].rpartition('Steps: ')[2]
        is_whole = 'Pick up the glass' in asked and 'shelf' in asked
        return 'Put a washed glass on the shelf. Then rest.' if is_whole else 'Feed the cat a pan.'

    with TeacherServer(answer=answer) as server:
        settings = {'model': MODEL, 'base_url': server.url, 'key_variable': KEY_VARIABLE}
        (tmp_path / 'teacher.yaml').write_text(yaml.safe_dump(settings))
        done = CliRunner().invoke(augment, [
            *(str(source), '--alfred', 'train', '--out', str(tmp_path / 'out')),
            *('--aggregate', 'endpoint', '--teacher-config', str(tmp_path / 'teacher.yaml')),
        ])  # fmt: skip
    assert done.exit_code == 0, done.output
    body = server.asks[0].body
    assert (body['top_p'], body['temperature'], body['max_tokens']) == (0.9, 0.8, 30)
    assert body['messages'][0]['content'].count('Summary:') == 5
    episodes = [*read_episodes((tmp_path / 'out/episodes.jsonl').open())]
    by_wording = Counter(e.provenance['wording'] for e in episodes)
    several = sum(count_segments(len(t.parts))[1] for t in TRANSCRIPTS)
    assert by_wording == {f'endpoint:{MODEL}': 1, 'rules': several - 1, 'worker': 12}
    (summed,) = (e for e in episodes if e.provenance['wording'] == f'endpoint:{MODEL}')
    assert summed.task.request == 'Put a washed glass on the shelf.'
    assert 'summary: names what is not there' in done.output


# ------------------------------------------------------------------------------------------ chains


def test_a_chain_is_carried_out_one_behind_the_other_and_judged():
    episode, why = chain(tell(whole(CLEANED)), tell(whole(MOVED)))
    assert why == ''
    assert episode is not None
    assert episode.outcome is not None
    assert episode.outcome.success
    wanted = ['take cup', 'clean', 'put shelf', 'take mug', 'put dining table']
    assert [*map(str, steps_done(episode))] == wanted
    assert ' and then ' in episode.task.request
    assert episode.provenance['augmented'] == 'chain'


@pytest.mark.parametrize(
    ('first', 'second', 'why'),
    [
        (whole(MOVED, 0, 1), whole(CLEANED), 'the hand holds something for the second'),
        (whole(MOVED), whole(CLEANED, 2), 'the hand holds nothing for the second'),
        (whole(MOVED), whole(MOVED), 'the second has nothing to do'),
        (whole(SLICED, 0, 3), whole(SLICED, 0, 2), 'a thing of the second is not there'),
        (whole(SLICED), whole(SLICED, 0, 1), 'a thing is taken from elsewhere than it was'),
    ],
)
def test_a_chain_that_cannot_be_carried_out_says_why(first, second, why):
    assert chain(tell(first), tell(second)) == (None, why)


# -------------------------------------------------------------------------------- wrong and weights


def make_many() -> list:
    found = []
    for episode in drawn_episodes(24):
        counts = AugmentCounts()
        transcript = read_episode(episode, counts.rejected)
        if transcript is not None:
            found += augment_home([transcript], AugmentSettings(share=0.6), counts)
    return found


def test_a_share_is_made_wrong_by_one_step_that_the_simulator_carries_out():
    good = [play_segment(s, 'do it', 'rules') for t in TRANSCRIPTS for s in segments_of(t)]
    mixed = [*corrupt(good, 1.0, 5)]
    wrong = [e for e in mixed if 'corrupted' in e.provenance]
    assert len(wrong) > 0.8 * len(good)
    for before, after in zip(good, mixed):
        if after is before:
            continue
        assert after.task == before.task
        assert not after.outcome.success
        assert {o.status for _, o in after.actions} == {'done'}
        told = after.provenance['corrupted']
        assert str(steps_done(before)[told['step']]) == told['was']
        assert str(steps_done(after)[told['step']]) == told['is']
    assert [*corrupt(good, 0.0, 5)] == good
    assert render_samples(wrong[0], find_domain('household'), 'compact')


def test_a_critic_tells_wrong_steps_from_right_ones_that_it_has_not_seen():
    pytest.importorskip('torch')
    from prism_core.domains.household.sprint.critic import StepCritic

    mixed = [*corrupt(make_many(), 0.4, 1)]
    cut = len(mixed) * 3 // 4
    critic = StepCritic()
    critic.learn(mixed[:cut])
    right, wrong = [], []
    for episode, steps in zip(mixed[cut:], critic.advantages(mixed[cut:])):
        told = episode.provenance.get('corrupted')
        if told is None:
            right += [gap for _, gap in steps]
        else:
            wrong.append(steps[told['step']][1])
    pairs = [(a > b) + 0.5 * (a == b) for a in right for b in wrong]
    assert sum(pairs) / len(pairs) > 0.7


def test_a_critic_needs_good_and_bad():
    pytest.importorskip('torch')
    from prism_core.domains.household.sprint.critic import StepCritic

    episode = play_segment(whole(MOVED), 'do it', 'rules')
    with pytest.raises(ValueError, match='expected good and bad episodes'):
        StepCritic().learn([episode])


# --------------------------------------------------------------------------------- the command line


def run(*arguments: object):
    return CliRunner().invoke(augment, [*map(str, arguments)])


def test_a_folder_of_episodes_is_augmented_weighed_and_written_whole(tmp_path):
    pytest.importorskip('torch')
    source = tmp_path / 'in'
    source.mkdir()
    lines = ''.join(f'{render_episode(episode)}\n' for episode in drawn_episodes(3))
    (source / 'episodes.jsonl').write_text(lines, 'utf-8')
    done = run(source, '--out', tmp_path / 'out', '--chain', 0.2, '--corrupt', 0.3, '--weigh')
    assert done.exit_code == 0, done.output
    assert {p.name for p in tmp_path.iterdir()} == {'in', 'out'}
    episodes = [*read_episodes((tmp_path / 'out/episodes.jsonl').open())]
    assert {e.provenance['augmented'] for e in episodes} == {'none', 'aggregate', 'chain'}
    assert len({e.provenance['id'] for e in episodes}) == len(episodes)
    weights = [turn.weight for e in episodes for turn in e.turns]
    assert sum(weights) / len(weights) == pytest.approx(1, abs=0.01)
    bad = [t.weight for e in episodes if 'corrupted' in e.provenance for t in e.turns]
    assert sum(bad) / len(bad) < 0.8
    recipe = yaml.safe_load((tmp_path / 'out/recipe.yaml').read_text())
    assert (recipe['stage'], recipe['domain'], recipe['chains']) == ('augment', 'household', 0.2)


def test_a_critic_without_bad_episodes_learns_from_some_that_are_made_wrong_and_not_kept(tmp_path):
    pytest.importorskip('torch')
    source = write_rows(tmp_path / 'rows.jsonl')
    done = run(source, '--alfred', 'train', '--out', tmp_path / 'out', '--weigh')
    assert done.exit_code == 0, done.output
    episodes = [*read_episodes((tmp_path / 'out/episodes.jsonl').open())]
    assert len(episodes) == sum(sum(count_segments(len(t.parts))) for t in TRANSCRIPTS)
    assert not any('corrupted' in e.provenance for e in episodes)
    assert len({turn.weight for e in episodes for turn in e.turns}) > 1


def test_what_is_there_is_not_written_over_and_what_fails_leaves_nothing(tmp_path):
    source = write_rows(tmp_path / 'rows.jsonl')
    (tmp_path / 'out').mkdir()
    assert 'is there already' in run(source, '--alfred', 'train', '--out', tmp_path / 'out').output
    new = tmp_path / 'new'
    refused = run(source, '--alfred', 'train', '--out', new, '--aggregate', 'endpoint')
    assert 'name its settings with --teacher-config' in refused.output
    (tmp_path / 'none.jsonl').write_text('{}\n')
    assert run(tmp_path / 'none.jsonl', '--out', new).exit_code
    assert {p.name for p in tmp_path.iterdir()} == {'rows.jsonl', 'none.jsonl', 'out'}


def test_episodes_of_another_domain_are_refused(tmp_path):
    domain = find_domain('tabletop')
    config = domain.plan_world(domain.recipe_type(), 0, False, Counter())
    task = domain.draw_world(0, config)[0]
    (tmp_path / 'episodes.jsonl').write_text(f'{render_episode(task)}\n')
    refused = run(tmp_path, '--out', tmp_path / 'out')
    assert 'expected one of the domain household, got tabletop' in refused.output


# --------------------------------------------------------------------------------------- full data


@pytest.mark.skipif(not DATA, reason='PRISM_DATA is not set')
def test_the_training_split_has_as_many_segments_as_are_published():
    trajectories, _ = load_homes(Path(DATA or '') / 'alfred.jsonl.gz')
    annotations = usable = single = several = 0
    for trajectory in trajectories:
        if trajectory['split'] != 'train':
            continue
        one, more = count_segments(len(steps_of(trajectory)))
        for number in range(len(trajectory['anns'])):
            annotations += 1
            if has_all_steps(trajectory, number):
                usable, single, several = usable + 1, single + one, several + more
    assert (annotations, usable, single, several) == (21_025, 21_004, 73_248, 110_898)


@pytest.mark.skipif(not DATA, reason='PRISM_DATA is not set')
def test_segments_of_a_sample_of_trajectories_are_all_carried_out():
    trajectories, plans = load_homes(Path(DATA or '') / 'alfred.jsonl.gz')
    failures: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for trajectory in trajectories[::150]:
        transcript = read_alfred(trajectory, plans, rejected)
        for segment in segments_of(transcript) if transcript else ():
            failures[find_failure(play_segment(segment, 'do it', 'rules'))] += 1
    assert failures.keys() == {''}
    assert not {why for why in rejected if why.startswith('trajectory')}
