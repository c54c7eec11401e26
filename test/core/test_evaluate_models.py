# SPDX-License-Identifier: Apache-2.0
"""Models in evaluation: what a grammar keeps them from saying, at any temperature."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from prism_core.cli.evaluate import evaluate as evaluate_command
from prism_core.domain import find_domain
from prism_core.episode.episode import as_task
from prism_core.errors import ConfigError
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.evaluate import evaluate, read_results
from prism_core.evaluation.suite import SuiteConfig, draw_suite
from prism_core.evaluation.trial import Desk
from prism_core.files import hash_file

from .tiny_adapters import write_adapter
from .tiny_gguf import TAUGHT, nano_tokenizer, write_gguf

FEW = SuiteConfig(worlds={'seed': 5, 'worlds': 1, 'tasks': 4, 'tier': 'core', 'hidden': [0.3]})


@pytest.fixture(scope='module')
def gguf(tmp_path_factory):
    folder = tmp_path_factory.mktemp('student')
    return write_gguf(folder / 'student.gguf', nano_tokenizer(), said=TAUGHT)


@pytest.mark.parametrize('temperature', [0.0, 1.0])
def test_untrained_student_says_no_unreadable_plan_and_no_unknown_name_with_a_grammar(
    gguf, tmp_path, temperature
):
    candidate = Candidate(str(gguf), temperature=temperature, tries=2)
    scores = evaluate(candidate, FEW, tmp_path, workers=1)
    assert scores.plans >= scores.trials > 3
    for found in (scores.first_invalid, scores.later_invalid):
        assert not {'unreadable', 'unknown_node', 'action', 'shape'} & set(found)
    assert scores.made_up == 0


def test_without_a_grammar_its_replies_are_refused_and_counted(gguf, tmp_path):
    candidate = Candidate(str(gguf), held_to='nothing', tries=2)
    scores = evaluate(candidate, FEW, tmp_path, workers=1)
    assert scores.first_invalid['all'] == scores.first_invalid['unreadable'] == scores.plans
    assert scores.later_invalid['all'] == scores.plans
    assert scores.left_invalid == scores.trials
    assert {result.ending for result in read_results(tmp_path)} == {'planner_error'}
    assert f'100.00% of {scores.plans} plans (unreadable {scores.plans})' in scores.text


def test_a_trial_is_the_same_whatever_was_played_before(gguf):
    domain = find_domain('mapping')
    tasks = [as_task(episode) for episode in next(draw_suite(FEW))]

    def play(order):
        desk = Desk(Candidate(str(gguf), tries=2).open(domain), domain)
        return {task.provenance['id']: desk.play(task).turns for task in order}

    forwards, backwards = play(tasks), play(tasks[::-1])
    assert len(forwards) > 3
    assert forwards == backwards
    assert play(tasks[-1:]).items() <= forwards.items()


def test_student_of_another_domain_is_refused(tmp_path):
    said = {**TAUGHT, 'prism.domain': 'cooking'}
    gguf = write_gguf(tmp_path / 'cook.gguf', nano_tokenizer(), said=said)
    with pytest.raises(ConfigError, match='it was taught the domain cooking, the plans'):
        evaluate(str(gguf), FEW, tmp_path / 'out', workers=1)


def test_student_is_the_file_that_the_environment_names_and_is_run_as_asked(
    gguf, tmp_path, monkeypatch
):
    suite = tmp_path / 'suite.yaml'
    suite.write_text('worlds: {seed: 3, worlds: 1, tier: core}\nchance: 1.0\n')
    monkeypatch.setenv('PRISM_STUDENT_MODEL', str(gguf))
    wanted = ['student', '--suite', str(suite), '--temperature', '1', '--tries', '1']
    out = tmp_path / 'out'
    run = CliRunner().invoke(evaluate_command, [*wanted, '--workers', '1', '--out', str(out)])
    assert run.exit_code == 0, run.output
    played = json.loads((out / 'report.json').read_text())['candidate']
    assert (played['planner'], played['temperature'], played['tries']) == (gguf.name, 1.0, 1)


def test_a_base_is_evaluated_with_an_adapter_and_the_report_says_both(tmp_path):
    base = write_gguf(tmp_path / 'base.gguf', nano_tokenizer())
    adapter = write_adapter(tmp_path / 'depot.gguf', base).path
    scores = evaluate(Candidate(str(base), tries=1, adapter=str(adapter)), FEW, tmp_path / 'out')
    assert scores.trials > 3
    played = json.loads((tmp_path / 'out/report.json').read_text())['candidate']
    assert (played['planner'], played['adapter']) == ('base.gguf', 'depot.gguf')
    assert played['adapter_sha256'] == hash_file(adapter)


def test_an_adapter_of_another_base_is_not_evaluated(gguf, tmp_path):
    other = write_gguf(tmp_path / 'other.gguf', nano_tokenizer(), seed=9)
    adapter = write_adapter(tmp_path / 'depot.gguf', other).path
    candidate = Candidate(str(gguf), adapter=str(adapter))
    with pytest.raises(ConfigError, match='expected the base that it was made for'):
        candidate.open(find_domain('mapping'))


@pytest.mark.parametrize('planner', ['teacher', 'saycan', 'control:stay', 'symbolic'])
def test_a_planner_that_takes_no_adapter_is_not_given_one(planner):
    with pytest.raises(ConfigError, match='takes no adapter'):
        Candidate(planner, adapter='depot.gguf').open(find_domain('mapping'))
