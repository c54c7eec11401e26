# SPDX-License-Identifier: Apache-2.0
"""`prism trend`: a line through what fails, over what students learned from, and where it leads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip('tokenizers')

from prism_core.cli.trend import trend as command
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dataset.export import export_dataset
from prism_core.dataset.split import split_of_seed
from prism_core.errors import ConfigError
from prism_core.evaluation.evaluate import EPISODES, REPORT, evaluate
from prism_core.evaluation.suite import SuiteConfig
from prism_core.evaluation.trend import _fit, fit_trend

from .training_data import DOMAIN, good_episodes, trained_tokenizer, write_episodes

SUITE = SuiteConfig(worlds={'seed': 16, 'worlds': 8, 'tier': 'core', 'hidden': [0.3]})


def distilled(folder: Path, evaluation: Path, tokens: int, episodes: int, failing: int) -> Path:
    """What `prism distill` leaves of a student that fails in one world of `failing`."""
    (folder / 'train').mkdir(parents=True)
    (folder / 'train' / 'report.json').write_text(json.dumps({'tokens': tokens}), 'utf-8')
    learned = [one for one in good_episodes() if split_of_seed(one.seed) == 'train'][:episodes]
    write_episodes(folder / 'data', learned)
    export_dataset(
        *(folder / 'data', folder / 'data' / 'shards', 'shards', DOMAIN, 'compact'),
        tokenizer=trained_tokenizer(),
    )
    played = folder / 'evaluation' / 'f16'
    played.mkdir(parents=True)
    for name in ('recipe.yaml', REPORT):
        (played / name).write_bytes((evaluation / name).read_bytes())
    lines = [parse_episode(line) for line in (evaluation / EPISODES).read_text().splitlines()]
    worlds = sorted({one.seed for one in lines})
    failed = {world for i, world in enumerate(worlds) if i % failing == 0}
    (played / EPISODES).write_text(
        ''.join(
            render_episode(
                replace(one, outcome=replace(one.outcome, found=False))
                if one.seed in failed
                else one
            )
            + '\n'
            for one in lines
        ),
        'utf-8',
    )
    return folder


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """Students of 1, 2 and 4 million tokens that fail in all worlds, in half and in a quarter."""
    out = tmp_path_factory.mktemp('runs')
    evaluate('teacher', SUITE, out / 'teacher', workers=1)
    return [
        distilled(out / f'run_{n}', out / 'teacher', n * 1_000_000, 2 * n, failing=n)
        for n in (2, 1, 4)
    ]


def test_a_power_law_is_found_and_carried_on():
    amounts = np.array([1e6, 2e6, 8e6])
    successes = 1 - 0.4 * (amounts / 1e6) ** -0.5
    exponents, expected = _fit(amounts, np.stack([successes, successes]), 100_000_000)
    assert exponents == pytest.approx([-0.5, -0.5])
    assert expected == pytest.approx([1 - 0.04, 1 - 0.04])


def test_students_stand_in_order_with_what_ten_times_more_would_give(runs):
    found = fit_trend(runs, 'tokens')
    assert [one.tokens for one in found.points] == [1_000_000, 2_000_000, 4_000_000]
    assert [one.run for one in found.points] == ['run_1', 'run_2', 'run_4']
    successes = [one.success.value for one in found.points]
    assert successes[0] == 0
    assert successes == sorted(successes)
    assert found.amount == 40_000_000
    assert found.exponent.low <= found.exponent.value <= found.exponent.high < 0
    assert successes[-1] < found.expected.value <= 1
    assert found.expected.low <= found.expected.value <= found.expected.high


def test_episodes_are_those_that_were_learned_from(runs):
    found = fit_trend(runs, 'episodes')
    assert [one.episodes for one in found.points] == [2, 4, 8]
    assert found.amount == 80


def test_the_command_prints_each_student_and_draws_the_line(runs, tmp_path):
    picture = tmp_path / 'trend.png'
    done = CliRunner().invoke(command, [*map(str, runs), '--out', str(picture)])
    assert done.exit_code == 0, done.output
    for said in ('run_1', '4,000,000', '10 times more, 40,000,000: success 0.'):
        assert said in done.output
    assert picture.read_bytes().startswith(b'\x89PNG')


def test_what_is_no_run_or_too_little_is_refused(runs, tmp_path):
    with pytest.raises(ConfigError, match='with one evaluation, got 0'):
        fit_trend([*runs, tmp_path], 'tokens')
    with pytest.raises(ConfigError, match='3 different numbers of tokens, got 2'):
        fit_trend([*runs[:2], runs[0]], 'tokens')
    (tmp_path / 'evaluation').symlink_to(runs[0] / 'evaluation')
    with pytest.raises(ConfigError, match=r'cannot read .*/train/report\.json'):
        fit_trend([*runs, tmp_path], 'tokens')


def test_students_of_different_suites_are_refused(runs, tmp_path):
    other = SuiteConfig(worlds={**SUITE.worlds, 'seed': 17})
    evaluate('teacher', other, tmp_path / 'teacher', workers=1)
    run = distilled(tmp_path / 'run', tmp_path / 'teacher', 9, 2, failing=2)
    with pytest.raises(ConfigError, match='expected runs that played one suite, got those of 2'):
        fit_trend([*runs, run], 'tokens')
