# SPDX-License-Identifier: Apache-2.0
"""`prism synthesize` and `prism elicit`, as a user types them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from prism_core.cli.main import prism
from prism_core.cli.produce import elicit, synthesize
from prism_core.config_file import read_config, render_config
from prism_core.dataset.episode_json import parse_episode
from prism_core.dataset.filter import find_fault
from prism_core.dataset.run_folder import read_lines, read_recipe
from prism_core.dataset.shards import open_shards
from prism_core.dataset.split import SPLITS
from prism_core.dataset.tokenizer import load_tokenizer
from prism_core.errors import PrismError
from prism_core.inference.endpoint.teacher_config import TeacherConfig

from .teacher_server import CANARY, KEY_VARIABLE, TeacherServer

ROOT = Path(__file__).parents[2]
WORLDS = ['--worlds', '6', '--workers', '1']


def run(*arguments: object) -> str:
    """What a command prints."""
    result = CliRunner().invoke(prism, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    return result.output


def refusal(*arguments: object) -> str:
    """The sentence of a refused command."""
    result = CliRunner().invoke(prism, list(map(str, arguments)))
    assert result.exit_code in (1, 2)
    if isinstance(result.exception, PrismError):
        return str(result.exception)
    assert isinstance(result.exception, SystemExit)
    return result.output


@pytest.fixture(scope='module')
def tasks(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp('tasks') / 'run'
    said = run('synthesize', *WORLDS, '--out', out, '--no-report')
    number = len(list(read_lines(out / 'tasks.jsonl')))
    assert said.splitlines()[-1] == f'{number:,} tasks in 6 worlds in {out}'
    assert number > 36
    return out


def test_synthesize_writes_tasks_and_elicit_plays_them(tasks, tmp_path):
    number = len(list(read_lines(tasks / 'tasks.jsonl')))
    said = run('elicit', tasks, '--workers', '1', '--out', tmp_path, '--no-report')
    assert said.splitlines()[-1] == f'{number} of {number} episodes are good, in {tmp_path}'
    for line in read_lines(tmp_path / 'episodes.jsonl'):
        assert find_fault(parse_episode(line.decode())) == ''
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *('episodes.jsonl', 'progress.jsonl', 'recipe.yaml'),
    ]


def test_elicit_draws_the_worlds_of_a_recipe_file_and_makes_tokens_at_once(tmp_path):
    recipe = tmp_path / 'mine.yaml'
    recipe.write_text('worlds: {worlds: 50, tier: core, tasks: 2, seed: 4}\nlikeness: 0.8\n')
    tokens = ['--shards', 'spine', '--vocab-size', '700', '--rebase', '0.5']
    arguments = ['elicit', '--recipe', recipe, *WORLDS, '--seed', '9', *tokens, '--no-report']
    first = tmp_path / 'first'
    run(*arguments, '--out', first)
    written = read_recipe(first)
    assert written['worlds']['seed'] == 9
    assert (written['worlds']['worlds'], written['worlds']['tasks']) == (6, 2)
    assert (written['worlds']['tier'], written['likeness']) == ('core', 0.8)
    tokenizer = load_tokenizer(first / 'tokenizer')
    assert tokenizer.get_vocab_size() == 700
    shards = [open_shards(first / 'shards' / split, tokenizer) for split in SPLITS]
    assert shards[0].meta['dialect'] == 'spine'
    lines = {int(line) for part in shards for line in part.documents['episode']}
    assert lines == set(range(len(list(read_lines(first / 'episodes.jsonl')))))
    other = tmp_path / 'other'
    run(*arguments, '--tokenizer', first / 'tokenizer', '--out', other)
    for path in ('tokenizer/tokenizer.json', 'shards/train/tokens.bin'):
        assert (other / path).read_bytes() == (first / path).read_bytes()


def test_a_run_is_gone_on_with_and_made_larger_by_resume(tmp_path):
    arguments = ['elicit', '--out', tmp_path, '--workers', '1', '--no-report']
    run(*arguments, '--worlds', '2')
    before = (tmp_path / 'episodes.jsonl').read_bytes()
    assert 'holds a run already; go on with --resume' in refusal(*arguments, '--worlds', '4')
    run(*arguments, '--worlds', '4', '--resume', '--runner', 'threads')
    after = (tmp_path / 'episodes.jsonl').read_bytes()
    assert after.startswith(before)
    assert len(after) > len(before)


def test_the_report_counts_what_came_out_with_plots_and_a_card(tmp_path):
    said = run('elicit', *WORLDS, '--out', tmp_path, '--report')
    report = json.loads((tmp_path / 'report.json').read_text('utf-8'))
    number = len(list(read_lines(tmp_path / 'episodes.jsonl')))
    assert str(number) in json.dumps(report)
    assert str(number) in said
    card = (tmp_path / 'README.md').read_text('utf-8')
    assert 'license' in card
    plots = sorted(path.suffix for path in (tmp_path / 'plots').iterdir())
    assert plots
    for path in (tmp_path / 'plots').iterdir():
        assert path.name in card
    assert len(list((tmp_path / 'plots').iterdir())) == len(plots)


def test_the_report_of_tasks_is_made_too(tmp_path):
    run('synthesize', *WORLDS, '--out', tmp_path)
    assert {'report.json', 'README.md', 'plots'} <= {path.name for path in tmp_path.iterdir()}


def test_a_language_model_teaches_and_no_file_holds_its_key(tasks, tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)
    with TeacherServer() as server:
        config = tmp_path / 'teacher.yaml'
        config.write_text(render_config(server.config(max_in_flight=4)))
        out = tmp_path / 'out'
        model = ['--teacher', 'lm', '--teacher-config', config]
        said = run('elicit', tasks, *model, '--out', out, '--no-report')
        asked = len(server.asks)
        assert server.max_in_flight <= 4
        run('elicit', tasks, *model, '--out', out, '--no-report', '--resume')
        assert len(server.asks) == asked > 40
    number = len(list(read_lines(tasks / 'tasks.jsonl')))
    (good,) = re.findall(r'(\d+) of (\d+) episodes are good', said)
    assert int(good[0]) > number / 2
    assert int(good[1]) == number == len(list(read_lines(out / 'episodes.jsonl')))
    endpoint = read_recipe(out)['endpoint']
    assert TeacherConfig(**endpoint) == read_config(config, TeacherConfig)
    assert endpoint['key_variable'] == KEY_VARIABLE
    for path in out.rglob('*'):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['synthesize', '--writer', 'lm'], 'name its settings with --teacher-config'),
        (['synthesize', '--paraphrase', '0.5'], 'name its settings with --teacher-config'),
        (['elicit', '--teacher', 'lm'], 'name them with --teacher-config'),
        (['elicit', 'nowhere'], 'expected the output of a run in nowhere, with its recipe.yaml'),
        (['elicit', 'nowhere', '--worlds', '5'], 'expected either TASKS or --recipe, --worlds'),
        (['elicit', '--teacher', 'nobody', '--worlds', '2'], "unknown planner 'nobody'"),
        (['elicit', '--shards', 'latin', '--worlds', '2'], 'dialect: expected one of compact'),
        (['elicit', '--recipe', 'none.yaml'], 'cannot read none.yaml: No such file'),
        (['elicit', '--runner', 'slurm'], "'slurm' is not one of"),
        (['elicit', '--worlds', '0'], '0 is not in the range x>=1'),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence_and_leaves_nothing(
    tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    assert words in refusal(*arguments, '--out', 'out')
    assert list(tmp_path.iterdir()) == []


def test_an_error_is_one_line_and_exit_status_1(tmp_path):
    recipe = tmp_path / 'mine.yaml'
    recipe.write_text('worlds: {wrlds: 3}\n')
    command = [sys.executable, '-m', 'prism_core.cli.main', 'elicit', '--recipe', recipe]
    done = subprocess.run(
        [*command, '--out', tmp_path / 'out'], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 1
    assert done.stderr == f"Error: {recipe}: worlds: there is no setting 'wrlds'\n"
    assert done.stdout == ''


@pytest.mark.parametrize('command', [synthesize, elicit], ids=lambda c: c.name)
def test_every_option_says_what_it_is_in_a_sentence(command):
    assert re.match(r'[A-Z].*\.', command.help, re.DOTALL)
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert option.help.endswith('.'), option.help


def test_the_embedded_teacher_needs_no_client_no_torch_and_no_plots(tmp_path):
    absent = ('openai', 'tenacity', 'torch', 'transformers', 'datasets', 'ray', 'matplotlib')
    code = f"""
import sys
sys.modules.update(dict.fromkeys({absent}))
from prism_core.cli.main import main
sys.argv[1:] = ['elicit', '--worlds', '2', '--shards', 'compact', '--vocab-size', '600',
                '--workers', '1', '--no-report', '--out', {str(tmp_path / 'out')!r}]
main()
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'out/shards/train/meta.json').exists()
