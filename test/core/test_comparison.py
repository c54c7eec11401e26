# SPDX-License-Identifier: Apache-2.0
"""Comparison: the same tasks side by side, a difference with its interval, and a verdict."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from prism_core.cli.compare import compare as command
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.episode.episode import Episode
from prism_core.errors import ConfigError
from prism_core.evaluation.comparison import FEWEST_WORLDS, Contrast, compare, contrast, mcnemar_p
from prism_core.evaluation.evaluate import EPISODES, REPORT, evaluate, read_results
from prism_core.evaluation.scores import ScoredTask, estimate_success, join_twins
from prism_core.evaluation.suite import SuiteConfig

TINY = SuiteConfig(worlds={'seed': 16, 'worlds': 3, 'tier': 'core', 'hidden': [0.3], 'unseen': 0.5})


def pair_up(world: int, kind: str, one: bool, other: bool) -> tuple[ScoredTask, ScoredTask]:
    """A task as it went for two planners."""
    return ScoredTask(world, kind, False, one), ScoredTask(world, kind, False, other)


def swap(pairs):
    return [(other, one) for one, other in pairs]


_kinds = st.sampled_from(['find', 'count', 'look'])
played = st.lists(
    st.builds(pair_up, st.integers(0, 9), _kinds, st.booleans(), st.booleans()), min_size=1
)
counts = st.integers(0, 6)


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    """The symbolic planner, which reads the sentence, and the teacher, who is told its meaning."""
    made = {name: tmp_path_factory.mktemp(name) for name in ('symbolic', 'teacher')}
    for name, folder in made.items():
        evaluate(name, TINY, folder, workers=1)
    return made['symbolic'], made['teacher']


@pytest.fixture
def copied(folders, tmp_path):
    """A copy of the teacher's evaluation, to be spoiled."""
    return shutil.copytree(folders[1], tmp_path / 'copied')


def spoil(folder: Path, chosen: Callable[[Episode], bool]) -> None:
    """Make chosen trials of an evaluation fail."""
    file = folder / EPISODES
    episodes = [parse_episode(line) for line in file.read_text('utf-8').splitlines()]
    failed = [replace(e, outcome=replace(e.outcome, found=False)) for e in episodes if chosen(e)]
    kept = [episode for episode in episodes if not chosen(episode)]
    file.write_text(''.join(render_episode(e) + '\n' for e in (*kept, *failed)), 'utf-8')


# ------------------------------------------------------------------------------------------- tasks


@given(played)
def test_planner_is_not_told_apart_from_itself(pairs):
    found = contrast([(one, one) for one, _ in pairs])
    difference, ratio = found.difference, found.ratio
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)
    assert ratio is None or (ratio.value, ratio.low, ratio.high) == (1, 1, 1)
    assert (found.only_one, found.only_other, found.p) == (0, 0, 1)
    assert not found.is_told_apart


@given(played)
def test_exchanging_the_two_flips_the_sign(pairs):
    found, swapped = contrast(pairs), contrast(swap(pairs))
    assert (swapped.one, swapped.other) == (found.other, found.one)
    assert (swapped.only_one, swapped.only_other) == (found.only_other, found.only_one)
    assert swapped.p == found.p
    there, back = found.difference, swapped.difference
    assert (back.value, back.low, back.high) == pytest.approx(
        (-there.value, -there.high, -there.low), abs=1e-12
    )
    if found.ratio and swapped.ratio:
        assert found.ratio.value * swapped.ratio.value == pytest.approx(1)


@given(played)
def test_figures_are_those_of_each_alone(pairs):
    found = contrast(pairs)
    assert found.one == estimate_success([one for one, _ in pairs])
    assert found.other == estimate_success([other for _, other in pairs])
    assert found.difference.value == found.one.value - found.other.value
    assert found.difference.tasks == len(pairs)


def test_what_makes_tasks_hard_for_both_does_not_widen_the_interval():
    tasks = product(range(40), range(10))
    found = contrast([pair_up(w, 'find', w % 2 == 0 and n > 0, w % 2 == 0) for w, n in tasks])
    one, difference = found.one, found.difference
    assert one.high - one.low > 0.2
    assert difference.high - difference.low < 0.05


@pytest.mark.parametrize(
    ('solved_by_one', 'solved_by_other', 'verdict'),
    [
        (9, 5, 'told apart: one is better, as the interval of 0.400 .* excludes 0'),
        (5, 9, 'told apart: other is better, as the interval of -0.400 .* excludes 0'),
        (5, 5, r'not distinguishable: the interval of the difference 0.000 .* holds 0'),
    ],
)
def test_verdict_says_whether_the_interval_excludes_0(solved_by_one, solved_by_other, verdict):
    tasks = product(range(20), range(10))
    found = contrast([pair_up(w, 'find', n < solved_by_one, n < solved_by_other) for w, n in tasks])
    assert_says(found, verdict)


def test_planners_that_are_better_in_turn_are_not_told_apart():
    found = contrast([pair_up(w, 'find', w % 2 == 0, w % 2 == 1) for w in range(40)])
    assert found.difference.low < 0 < found.difference.high
    assert_says(found, 'not distinguishable: .* holds 0')


def test_averages_that_differ_by_rounding_alone_are_not_told_apart():
    solved = [('find', 1, 3), ('count', 2, 2), ('look', 3, 1)]
    tasks = product(range(FEWEST_WORLDS), solved, range(10))
    found = contrast([pair_up(w, kind, n < one, n < other) for w, (kind, one, other), n in tasks])
    assert 0 < abs(found.difference.value) < 1e-9
    assert_says(found, 'not distinguishable: the interval of the difference .* holds 0')


def test_few_worlds_tell_nothing_apart():
    pairs = [pair_up(w, 'find', True, False) for w in range(FEWEST_WORLDS)]
    assert contrast(pairs).is_told_apart
    assert_says(contrast(pairs[1:]), 'not distinguishable: 5 worlds are too few, expected at least')


def assert_says(found: Contrast, verdict: str) -> None:
    assert re.search(verdict, found.verdict), found.verdict
    assert found.is_told_apart == verdict.startswith('told apart')


def test_there_is_no_ratio_to_a_planner_that_hardly_succeeds():
    pairs = [pair_up(w, 'find', True, w == 0) for w in range(10)]
    assert contrast(pairs).ratio is None
    always = contrast([pair_up(w, 'find', w < 5, True) for w in range(10)]).ratio
    assert always.value == 0.5
    assert always.low < 0.5 < always.high < 1


# ----------------------------------------------------------------------------------------- mcnemar


@pytest.mark.parametrize(
    ('only_one', 'only_other', 'p'),
    [(0, 0, 1), (3, 3, 1), (0, 1, 1), (0, 5, 2 / 32), (5, 1, 2 * (1 + 6) / 64), (4, 6, 772 / 1024)],
)
def test_p_is_that_of_a_case_worked_by_hand(only_one, only_other, p):
    assert mcnemar_p(only_one, only_other) == p


@given(counts, counts)
def test_p_is_the_share_of_splits_that_are_as_uneven(only_one, only_other):
    splits = list(product((-1, 1), repeat=only_one + only_other))
    uneven = [split for split in splits if abs(sum(split)) >= abs(only_one - only_other)]
    assert mcnemar_p(only_one, only_other) == len(uneven) / len(splits)


def test_p_of_thousands_of_tasks_is_a_number():
    assert mcnemar_p(0, 5000) == 0
    assert 0.9 < mcnemar_p(2500, 2501) <= 1


# ----------------------------------------------------------------------------------------- folders


def test_evaluations_are_compared_task_by_task(folders):
    symbolic, teacher = folders
    found = compare(symbolic, teacher)
    assert (found.one['planner'], found.other['planner']) == ('symbolic', 'teacher')
    reports = [json.loads((folder / REPORT).read_text('utf-8')) for folder in folders]
    assert [asdict(found.total.one), asdict(found.total.other)] == [r['success'] for r in reports]
    assert found.total.only_one == 0
    tasks = join_twins(read_results(symbolic))
    assert found.total.only_other == sum(not task.success for task in tasks) > 0
    assert found.total.ratio.value == found.total.one.value < 1
    assert_says(found.total, 'not distinguishable: 3 worlds are too few')


def test_groups_hold_all_tasks_once_in_each_view(folders):
    found = compare(*folders)
    assert set(found.views) == {'kind', 'wording and classes'}
    for groups in found.views.values():
        assert sum(group.one.tasks for group in groups.values()) == found.total.one.tasks
        assert sum(group.only_other for group in groups.values()) == found.total.only_other


def test_order_in_which_trials_were_stored_does_not_matter(folders, copied):
    file = copied / EPISODES
    file.write_bytes(b''.join(reversed(file.read_bytes().splitlines(keepends=True))))
    assert compare(folders[0], copied) == compare(*folders)


def test_pair_of_twins_is_one_task(folders, copied):
    pair = next(r.task for r in read_results(copied) if r.groups['pair'] == 'twins')
    assert sum(r.task == pair for r in read_results(copied)) == 2
    spoil(copied, lambda episode: episode.provenance.get('twin') == pair)
    found = compare(folders[1], copied).total
    assert (found.only_one, found.only_other) == (1, 0)


# ---------------------------------------------------------------------------------------- refusals


def test_other_suite_is_refused(folders, tmp_path):
    moved = replace(TINY, worlds={**TINY.worlds, 'worlds': 1, 'tasks': 1})
    evaluate('teacher', moved, tmp_path, workers=1)
    message = r'expected an evaluation of the suite that .*, got one of .*with the same --suite'
    with pytest.raises(ConfigError, match=message):
        compare(folders[0], tmp_path)


@pytest.mark.parametrize('report', [None, '{"suite', '[]', '{"loss": 1}'])
def test_folder_without_a_finished_evaluation_is_refused(folders, copied, report):
    (copied / REPORT).unlink()
    if report is not None:
        (copied / REPORT).write_text(report, 'utf-8')
    message = 'expected a finished evaluation, got no report.json of one; run .* with --resume'
    with pytest.raises(ConfigError, match=f'copied: {message}'):
        compare(folders[0], copied)
    with pytest.raises(ConfigError, match=f'copied: {message}'):
        compare(copied, folders[0])


def test_evaluation_that_lost_trials_is_refused(folders, copied):
    lines = (copied / EPISODES).read_bytes().splitlines(keepends=True)
    (copied / EPISODES).write_bytes(b''.join(lines[2:]))
    with pytest.raises(ConfigError, match=r'expected the same trials in .*, got 2 that only one'):
        compare(folders[0], copied)


# ----------------------------------------------------------------------------------------- command


def test_command_prints_a_table_and_writes_all_figures(folders, tmp_path):
    file = tmp_path / 'comparison.json'
    done = CliRunner().invoke(command, [*map(str, folders), '--json', str(file)])
    assert done.exit_code == 0, done.output
    found = compare(*folders)
    assert found.total.verdict in done.output
    assert f'only the other: {found.total.only_other}' in done.output
    for group in found.views['kind']:
        assert group in done.output
    written = json.loads(file.read_text('utf-8'))
    assert written.pop('verdict') == found.total.verdict
    assert written == asdict(found)


def test_command_says_that_there_is_no_ratio(folders, copied):
    spoil(copied, lambda episode: True)
    done = CliRunner().invoke(command, [str(folders[0]), str(copied)])
    assert done.exit_code == 0, done.output
    assert 'one / other: none, the other succeeds too seldom' in done.output
