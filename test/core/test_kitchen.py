# SPDX-License-Identifier: Apache-2.0
"""The example of a domain of one's own, named by its path, through the commands that users have."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from examples.kitchen import Kitchen
from prism_core import find_domain
from prism_core.dataset.episode_json import parse_episode
from prism_core.gguf_info import read_gguf_info
from prism_core.text import phrase_pattern

from .prism_runs import ROOT, finish_prism, start_prism

NAME = 'examples.kitchen:Kitchen'
EXAMPLES = ROOT / 'examples'
TINY = {
    'kitchen_worlds.yaml': {'worlds': {'worlds': 30}},
    'kitchen_train.yaml': {
        'nano': {'width': 64, 'layers': 3, 'heads': 2, 'feed_forward': 128, 'context': 2048},
        'data': {'valid_samples': 10},
        'tokens': 20_000,
        'eval_every': 10,
        'save_every': 10,
        'log_every': 5,
    },
    'kitchen_suite.yaml': {'worlds': {'seed': 1, 'worlds': 3}},
}
"""What is other than in the recipes of the example, to be done in seconds."""


def prism(*arguments: object) -> str:
    return finish_prism(start_prism(*arguments))


@pytest.fixture(scope='module')
def recipes(tmp_path_factory) -> Path:
    """The recipes of the example, made small."""
    folder = tmp_path_factory.mktemp('recipes')
    for path in EXAMPLES.glob('kitchen*.yaml'):
        recipe = yaml.safe_load(path.read_text('utf-8'))
        (folder / path.name).write_text(yaml.safe_dump(recipe | TINY.get(path.name, {})))
    return folder


@pytest.fixture(scope='module')
def taught(tmp_path_factory) -> Path:
    """What its teacher does in a few kitchens."""
    out = tmp_path_factory.mktemp('taught') / 'taught'
    said = prism('elicit', '--domain', NAME, '--worlds', 8, '--workers', 2, '--out', out)
    assert f'32 of 32 episodes are good, in {out}' in said
    assert 'metres driven' not in said
    return out


def test_its_teacher_makes_a_data_set_that_is_described_in_its_own_words(taught):
    card = (taught / 'README.md').read_text('utf-8')
    assert f'32 closed-loop episodes of a robot in the domain {NAME}: ' in card
    assert f"find_domain('{NAME}')" in card
    assert '| put_in |' in card
    mapping = ('maps, explores', 'straight lines', 'answer not known', 'inspects')
    assert [words for words in mapping if words in card] == []
    lines = (taught / 'episodes.jsonl').read_text('utf-8').splitlines()
    find_domain(NAME)
    episodes = [parse_episode(line) for line in lines]
    assert {type(e.task.intent) for e in episodes} == {Kitchen.meaning_type}
    assert all(e.outcome.success for e in episodes)


def test_its_episodes_are_shown_with_what_was_put_where(taught, tmp_path):
    lines = (taught / 'episodes.jsonl').read_text('utf-8').splitlines()
    number = next(i for i, line in enumerate(lines) if '"put_in"' in line)
    file, picture = taught / 'episodes.jsonl', tmp_path / 'episode.png'
    said = prism('show', file, '--episode', number, '--domain', NAME)
    assert 'of 10 actions' in said
    assert ' m\n' not in said
    assert phrase_pattern(['in cupboard_1', 'in drawer_1', 'in fridge_1']).search(said)
    prism('show', file, '--episode', number, '--domain', NAME, '--out', picture)
    assert picture.stat().st_size > 5_000


def test_a_command_that_is_not_told_the_path_says_how_to_tell_it(taught):
    process = start_prism('show', taught / 'episodes.jsonl', '--episode', 0)
    assert 'as with --domain package.module:factory' in finish_prism(process, 1)


def test_its_teacher_is_evaluated_beside_controls_and_reported_on_a_page(recipes, tmp_path):
    out, page = tmp_path / 'evaluated', tmp_path / 'report.html'
    said = prism('evaluate', 'teacher', '--suite', recipes / 'kitchen_suite.yaml', '--out', out)
    assert '12 trials, 100.0% succeeded' in said
    for control in ('always_report', 'always_ask', 'up to 6'):
        assert control in said
    report = json.loads((out / 'report.json').read_text('utf-8'))
    assert set(report['views']) == {'kind', 'regions', 'pair'}
    prism('report', out, '--domain', NAME, '--out', page)
    assert 'put_in' in page.read_text('utf-8')
    assert 'not distinguishable' in prism('compare', out, out, '--domain', NAME)


def test_its_language_model_is_told_its_actions():
    header = Kitchen().make_header(Kitchen().make_dialect('spine'))
    assert 'put_in(thing, receptacle): fetch a thing' in header
    assert 'The mission ends with done or ask' in header


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_student_of_it_is_distilled_evaluated_and_published(recipes, tmp_path):
    pytest.importorskip('torch')
    pytest.importorskip('llama_cpp')
    out, page = tmp_path / 'student', tmp_path / 'report.html'
    said = prism('distill', '--recipe', recipes / 'kitchen.yaml', '--out', out)
    assert '120 episodes, 120 good' in said
    model = out / 'gguf' / 'prism-kitchen-f16.gguf'
    assert read_gguf_info(model).metadata.domain == 'kitchen'
    card = (out / 'gguf' / 'README.md').read_text('utf-8')
    assert 'It plans in the domain kitchen.' in card
    assert 'prism serve --planner student --domain kitchen' in card
    assert ': |' not in card  # no row of the results without a result
    suite, played = recipes / 'kitchen_suite.yaml', tmp_path / 'played'
    assert '12 trials' in prism('evaluate', model, '--suite', suite, '--out', played)
    prism('report', played, out / 'evaluation' / 'f16', '--domain', NAME, '--out', page)
    assert page.stat().st_size > 50_000
    smaller = tmp_path / 'smaller.gguf'
    assert 'KL' in prism('quantize', model, smaller, '--type', 'Q8_0', '--domain', NAME)
    graph = tmp_path / 'kitchen.json'
    graph.write_text(json.dumps(_known_graph(out / 'data' / 'episodes.jsonl')), 'utf-8')
    os.environ['PRISM_STUDENT_MODEL'] = str(model)
    try:
        request = ('--request', 'put the mug in the fridge', '--graph', graph)
        planned = prism('plan', *request, '--planner', 'student', '--domain', NAME)
    finally:
        del os.environ['PRISM_STUDENT_MODEL']
    assert 'stow' in planned


def _known_graph(episodes: Path) -> dict:
    return json.loads(episodes.read_text('utf-8').splitlines()[0])['known_graph']
