# SPDX-License-Identifier: Apache-2.0
"""Evaluation: suites that are the same for everybody, trials that resume, scores that are right."""

from __future__ import annotations

import json
import signal
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from prism_core.config_file import read_config
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dataset.split import split_of
from prism_core.domain import find_domain
from prism_core.domains.mapping.kinds import KINDS, kinds_to_draw
from prism_core.errors import ConfigError, PlannerError, PlannerUnavailable, RunStopped
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.evaluate import EPISODES, REPORT, TrialProgress, evaluate, read_results
from prism_core.evaluation.results import read_result
from prism_core.evaluation.scores import (
    ScoredTask,
    estimate_success,
    join_twins,
    path_efficiency,
)
from prism_core.evaluation.suite import SuiteConfig, count_worlds, draw_suite
from prism_core.evaluation.trial import TRIAL, Desk

from .prism_runs import ROOT, finish_prism, start_prism, wait_until

SMALL = SuiteConfig(worlds={'seed': 5, 'worlds': 4, 'tier': 'core', 'hidden': [0.3]})
SHIPPED = sorted((ROOT / 'config' / 'evaluate').glob('*.yaml'))


class Refuses:
    """A planner of others that fails in one way or another."""

    name = 'refuses'

    def __init__(self, error: Exception):
        self._error = error

    def plan(self, request, known_graph, history):
        raise self._error

    def close(self):
        pass


def stops():
    return Refuses(PlannerUnavailable('the server is down'))


def trials(folder) -> list[dict]:
    """The trials of a folder without their times, in the order of their ids."""
    lines = (folder / EPISODES).read_text('utf-8').splitlines()
    episodes = [json.loads(line) for line in lines]
    for episode in episodes:
        del episode['provenance'][TRIAL]['plan_s']
    return sorted(episodes, key=lambda episode: episode['provenance']['id'])


@pytest.fixture(scope='module')
def teacher(tmp_path_factory):
    folder = tmp_path_factory.mktemp('teacher')
    return folder, evaluate('teacher', SMALL, folder, workers=1)


# ------------------------------------------------------------------------------------------ suites


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_shipped_suite_is_drawn(path):
    first = next(draw_suite(read_config(path, SuiteConfig)))
    assert len(first) >= 4


def test_there_are_suites_of_three_sizes_of_the_core_tier_for_the_gate_and_of_tables():
    names = [
        'compose',
        'compound',
        'constraints',
        'core',
        'full',
        'gate',
        'household',
        'household_smoke',
    ]
    names += ['languages', 'questions', 'site', 'smoke', 'standard', 'tabletop', 'tabletop_smoke']
    names += ['talk', 'voices', 'words']
    assert [path.stem for path in SHIPPED] == names


@pytest.mark.long
@pytest.mark.timeout(600)
def test_core_suite_has_250_pairs_of_twins_of_each_kind_that_could_be_guessed():
    suite = read_config(ROOT / 'config/evaluate/core.yaml', SuiteConfig)
    first_twins: dict[str, str] = {}
    for episodes in draw_suite(suite):
        for episode in episodes:
            if 'twin' in episode.provenance:
                first_twins.setdefault(episode.provenance['twin'], episode.task.kind)
    pairs = Counter(first_twins.values())
    assert set(pairs) == {kind for kind in kinds_to_draw('core') if KINDS[kind].is_guessable}
    assert min(pairs.values()) >= 250


def test_suite_is_the_same_each_time_and_another_for_another_seed():
    one, other = ([*map(tuple, draw_suite(SMALL))] for _ in range(2))
    assert one == other
    moved = replace(SMALL, worlds={**SMALL.worlds, 'seed': 6})
    assert one[0] != tuple(next(draw_suite(moved)))


def test_no_training_data_holds_a_world_of_a_suite():
    for episodes in draw_suite(SMALL):
        assert {split_of(episode) for episode in episodes} == {'test'}


def test_suite_shows_what_is_held_out_in_some_worlds_and_not_in_others():
    suite = replace(SMALL, worlds={**SMALL.worlds, 'worlds': 10, 'tasks': 1})
    shown = Counter(bool(episodes[0].provenance['unseen']) for episodes in draw_suite(suite))
    assert min(shown[True], shown[False]) > 0


def test_requests_as_people_say_them_come_beside_the_worlds_each_in_one_of_its_own():
    suite = replace(SMALL, worlds={**SMALL.worlds, 'worlds': 2}, free=1)
    units = [episodes for _, episodes in zip(range(12), draw_suite(suite))]
    drawn, free = units[:2], [episode for episodes in units[2:] for episode in episodes]
    assert all(e.provenance['wording'] != 'free' for episodes in drawn for e in episodes)
    assert len(free) >= 8
    assert {e.provenance['wording'] for e in free} == {'free'}
    assert len({e.seed for e in free}) == len(free)
    assert {split_of(e) for e in free} == {'test'}
    assert count_worlds(suite) == 2 + find_domain('mapping').free_requests
    result = read_result(
        Desk(find_domain('mapping').make_teacher, find_domain('mapping')).play(free[0])
    )
    assert result.groups['wording and classes'] == 'free wording'


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'free': -1}, 'free: expected at least 0, got -1'),
        ({'chance': 1.5}, 'chance: expected a share from 0 to 1, got 1.5'),
        ({'names': 'long'}, "names: expected one of plain, compound, code, new, got 'long'"),
    ],
)
def test_suite_out_of_range_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        SuiteConfig(**settings)


# ------------------------------------------------------------------------------------------ trials


def test_teacher_succeeds_in_all_and_the_report_says_where(teacher):
    folder, scores = teacher
    assert scores.success.value == scores.success.low == scores.success.high == 1.0
    assert scores.trials == len(trials(folder)) > scores.success.tasks > 20
    assert sum(group.tasks for group in scores.views['kind'].values()) == scores.success.tasks
    report = json.loads((folder / REPORT).read_text('utf-8'))
    assert report['candidate']['planner'] == 'teacher'
    assert report['success']['value'] == 1.0


def test_two_processes_play_the_same_trials_as_one(teacher, tmp_path):
    folder, scores = teacher
    again = evaluate('teacher', SMALL, tmp_path, workers=2)
    assert trials(tmp_path) == trials(folder)
    assert again.suite_sha256 == scores.suite_sha256


def test_evaluation_goes_on_where_it_was_stopped(teacher, tmp_path):
    folder, _ = teacher

    def stop(progress: TrialProgress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate('teacher', SMALL, tmp_path, workers=1, on_progress=stop)
    before = (tmp_path / EPISODES).read_bytes()
    with pytest.raises(ConfigError, match='holds a run already; go on with --resume'):
        evaluate('teacher', SMALL, tmp_path, workers=1)
    evaluate('teacher', SMALL, tmp_path, workers=1, resume=True)
    assert (tmp_path / EPISODES).read_bytes().startswith(before)
    assert trials(tmp_path) == trials(folder)


def without_times(report: dict) -> dict:
    return {key: value for key, value in report.items() if not key.endswith('_s')}


@pytest.mark.slow
def test_evaluation_that_is_killed_again_and_again_comes_to_the_same_result(tmp_path):
    suite, out = tmp_path / 'suite.yaml', tmp_path / 'killed'
    suite.write_text('worlds: {seed: 5, worlds: 40, tier: core, hidden: [0.3]}\n', 'utf-8')
    command = ['evaluate', 'symbolic', '--suite', suite, '--workers', '2', '--out']
    finish_prism(start_prism(*command, tmp_path / 'whole'))
    progress, kills = out / 'progress.jsonl', 0
    for _ in range(4):
        size = progress.stat().st_size if progress.exists() else 0
        options = ['--resume'] if progress.exists() else []
        process = start_prism(*command, out, *options)
        wait_until(
            lambda p=process, s=size: (
                (progress.exists() and progress.stat().st_size > s) or p.poll() is not None
            )
        )
        process.kill()
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    assert kills >= 3
    finish_prism(start_prism(*command, out, '--resume'))
    assert trials(out) == trials(tmp_path / 'whole')
    killed, whole = (json.loads((p / REPORT).read_text('utf-8')) for p in (out, tmp_path / 'whole'))
    assert without_times(killed) == without_times(whole)


def test_planner_that_says_nothing_useful_fails_with_reasons(tmp_path):
    path = f'{__name__}:make_fixed'
    scores = evaluate(path, SMALL, tmp_path, workers=1)
    assert scores.success.value < 0.1
    assert sum(scores.failures.values()) == scores.trials - round(
        scores.parts['success'] * scores.trials
    )


def make_fixed():
    from prism_core import Action, Plan
    from prism_core.testing import ScriptedPlanner

    return ScriptedPlanner([Plan((Action('answer', ('I do not know.',)),))] * 10_000)


def test_planner_that_is_unavailable_stops_the_evaluation(tmp_path):
    with pytest.raises(RunStopped, match='the server is down; what was done is kept'):
        evaluate(f'{__name__}:stops', SMALL, tmp_path, workers=1)


@pytest.mark.parametrize('error', [PlannerError('no idea'), ZeroDivisionError('oops')])
def test_planner_that_fails_otherwise_fails_its_trial(error):
    domain = find_domain('mapping')
    task = next(draw_suite(SMALL))[0]
    played = Desk(lambda _: Refuses(error), domain).play(task)
    assert played.ending == 'planner_error'
    assert not read_result(played).success


def test_unknown_planner_is_refused_before_anything_is_played(tmp_path):
    with pytest.raises(ConfigError, match="unknown planner 'nobody'"):
        evaluate('nobody', SMALL, tmp_path / 'out', workers=1)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'temperature': -1.0}, 'temperature: expected at least 0'),
        ({'tries': 0}, 'tries: expected'),
    ],
)
def test_candidate_out_of_range_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Candidate('teacher', **settings)


@pytest.mark.parametrize('settings', [{'temperature': 1.0}, {'held_to': 'nothing'}, {'seed': 2}])
@pytest.mark.parametrize('planner', ['symbolic', 'teacher', 'control:always_yes'])
def test_settings_of_a_model_are_refused_for_what_is_none(planner, settings):
    with pytest.raises(ConfigError, match=f'{planner}: held_to, temperature, seed and tries are'):
        Candidate(planner, **settings).open(find_domain('mapping'))


# ------------------------------------------------------------------------------------------ scores


def test_twins_count_as_one_task_that_succeeds_if_both_do(teacher):
    results = read_results(teacher[0])
    twins = next(r for r in results if sum(other.task == r.task for other in results) == 2)
    spoiled = [replace(r, success=False) if r is twins else r for r in results]
    assert sum(not task.success for task in join_twins(spoiled)) == 1
    assert len(join_twins(spoiled)) == len({(r.world, r.task) for r in results})


def test_success_is_a_macro_average_over_kinds():
    tasks = [ScoredTask(w, 'often', False, True) for w in range(90)]
    tasks += [ScoredTask(w, 'rare', False, False) for w in range(10)]
    assert estimate_success(tasks).value == pytest.approx(0.5)


def test_interval_is_wider_where_tasks_of_a_world_go_the_same_way():
    rng = np.random.default_rng(0)
    goes_well = rng.random(50) < 0.5
    alike = [ScoredTask(w, 'find', False, bool(goes_well[w])) for w in range(50) for _ in range(8)]
    apart = [
        ScoredTask(w, 'find', False, bool(rng.random() < 0.5)) for w in range(50) for _ in range(8)
    ]
    one, other = (e.high - e.low for e in (estimate_success(alike), estimate_success(apart)))
    assert one > 2 * other


def test_interval_of_independent_tasks_is_that_of_the_binomial():
    tasks = [ScoredTask(w, 'find', False, w % 10 < 8) for w in range(1000)]
    found = estimate_success(tasks)
    assert found.value == pytest.approx(0.8)
    assert found.high - found.low == pytest.approx(2 * 1.96 * (0.8 * 0.2 / 1000) ** 0.5, rel=0.1)


def test_path_efficiency_is_one_on_the_oracles_way_and_less_on_a_longer_one(teacher):
    results = read_results(teacher[0])
    exact = [replace(r, distance_m=r.oracle_distance_m) for r in results]
    assert path_efficiency(exact) == pytest.approx(1.0)
    longer = [replace(r, distance_m=2 * r.oracle_distance_m + 1.0) for r in results]
    assert path_efficiency(longer) == pytest.approx(0.5)
    assert path_efficiency([replace(r, success=False) for r in results]) == 0.0


def test_trial_is_stored_with_what_it_took(teacher):
    line = (teacher[0] / EPISODES).read_text('utf-8').splitlines()[0]
    episode = parse_episode(line)
    assert render_episode(episode) == line
    result = read_result(episode)
    assert len(result.plan_s) == result.turns
    assert all(0 < seconds < 10 for seconds in result.plan_s)
