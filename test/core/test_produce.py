# SPDX-License-Identifier: Apache-2.0
"""The long runs: the same recipe gives the same bytes, however it is run and gone on with."""

from __future__ import annotations

import json
import sys
import types
from collections import Counter
from pathlib import Path

import pytest

from prism_core import ConfigError, Episode, find_planner
from prism_core.config_file import read_config, to_config
from prism_core.dataset import produce
from prism_core.dataset.conversations import render_samples
from prism_core.dataset.episode_json import parse_episode
from prism_core.dataset.filter import find_fault
from prism_core.dataset.produce import RunProgress, Settings, ShardSettings, SynthesisRecipe
from prism_core.dataset.run_folder import read_lines, read_recipe
from prism_core.dataset.shards import open_shards
from prism_core.dataset.teaching import LanguageModel
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.worlds import WorldRecipe
from prism_core.errors import RunStopped
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.testing import ScriptedTextModel

CONFIGS = Path(__file__).parents[2] / 'config'
TOKENS = ShardSettings('compact', vocab_size=600, rebase=0.5)
MODEL = LanguageModel(ScriptedTextModel([]), TeacherConfig('scripted'))


def recipe_of(worlds: int = 6, **changes) -> SynthesisRecipe:
    return SynthesisRecipe(worlds={'worlds': worlds, 'tier': 'core', 'hidden': [0.3], **changes})


def make(out: Path, worlds: int = 6, teacher: str = 'symbolic', **settings) -> RunProgress:
    """Draw worlds and play their tasks."""
    shards = TOKENS if teacher else None
    how = Settings(**{'workers': 1, **settings})
    return produce.synthesize(out, recipe_of(worlds), teacher=teacher, shards=shards, settings=how)


def teach(tasks: Path, out: Path, **settings) -> RunProgress:
    how = Settings(**{'workers': 1, **settings})
    return produce.elicit(tasks, out, 'symbolic', shards=TOKENS, settings=how)


def contents(path: Path) -> dict[str, bytes]:
    files = [file for file in sorted(path.rglob('*')) if file.is_file()]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def by_id(path: Path) -> dict[str, Episode]:
    """The episodes of a run, each of which has an id of its own."""
    lines = list(read_lines(path / 'episodes.jsonl'))
    episodes = [parse_episode(line.decode()) for line in lines]
    identified = {episode.provenance['id']: episode for episode in episodes}
    assert len(identified) == len(lines)
    return identified


@pytest.fixture(scope='module')
def made(tmp_path_factory) -> Path:
    """A run that nothing came between."""
    out = tmp_path_factory.mktemp('made') / 'run'
    done = make(out)
    assert done.done == done.total == 6
    assert done.good == done.episodes > 36
    return out


@pytest.fixture(scope='module')
def tasks(tmp_path_factory) -> Path:
    """Tasks without episodes."""
    out = tmp_path_factory.mktemp('tasks') / 'run'
    assert make(out, teacher='').good == 0
    return out


# ------------------------------------------------------------------------------------- the same


@pytest.mark.parametrize(('runner', 'workers'), [('processes', 2), ('threads', 1), ('threads', 5)])
def test_a_recipe_gives_the_same_bytes_whatever_carries_it_out(made, tmp_path, runner, workers):
    make(tmp_path / 'run', runner=runner, workers=workers)
    assert contents(tmp_path / 'run') == contents(made)
    assert set(contents(made)) >= {'episodes.jsonl', 'progress.jsonl', 'shards/train/tokens.bin'}


def test_a_run_that_grows_equals_a_larger_one_from_the_start(made, tmp_path):
    for worlds in (1, 4, 6):
        make(tmp_path / 'grown', worlds, resume=True)
        grown = (tmp_path / 'grown/episodes.jsonl').read_bytes()
        assert (made / 'episodes.jsonl').read_bytes().startswith(grown)
        assert len(grown.splitlines()) > 4 * worlds
    large, grown = contents(made), contents(tmp_path / 'grown')
    for name in ('episodes.jsonl', 'progress.jsonl', 'recipe.yaml'):
        assert grown[name] == large[name]


def test_worlds_of_a_later_round_are_planned_by_all_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr('prism_core.dataset.worlds.ROUND', 4)
    make(tmp_path / 'whole', 11, '')
    for worlds in (3, 4, 6, 8, 11):
        make(tmp_path / 'parts', worlds, '', resume=True, runner='threads', workers=3)
    assert contents(tmp_path / 'whole') == contents(tmp_path / 'parts')
    monkeypatch.setattr('prism_core.dataset.worlds.ROUND', 256)
    make(tmp_path / 'one_round', 11, '')
    parts, one_round = (tmp_path / name / 'tasks.jsonl' for name in ('parts', 'one_round'))
    assert parts.read_bytes().splitlines()[:9] == one_round.read_bytes().splitlines()[:9]
    assert parts.read_bytes() != one_round.read_bytes()


def test_a_tokenizer_that_is_named_lies_beside_the_shards_that_it_made(made, tmp_path):
    tokens = ShardSettings('compact', str(made / 'tokenizer'), rebase=0.5)
    how = Settings(workers=1)
    produce.synthesize(tmp_path, recipe_of(), teacher='symbolic', shards=tokens, settings=how)
    ours, theirs = contents(tmp_path), contents(made)
    assert ours.pop('recipe.yaml') != theirs.pop('recipe.yaml')
    assert ours == theirs


def test_another_seed_gives_other_worlds(made, tmp_path):
    how = Settings(workers=1)
    produce.synthesize(tmp_path, recipe_of(seed=1), teacher='symbolic', settings=how)
    lines = set(read_lines(tmp_path / 'episodes.jsonl'))
    assert lines.isdisjoint(read_lines(made / 'episodes.jsonl'))


def test_tasks_that_are_played_later_are_the_episodes_of_the_recipe(made, tasks, tmp_path):
    done = teach(tasks, tmp_path / 'run', runner='threads', workers=3)
    assert done.done == done.total
    played, drawn = by_id(tmp_path / 'run'), by_id(made)
    assert played.keys() == drawn.keys()
    for identity, episode in played.items():
        other = drawn[identity]
        for dialect in ('compact', 'spine'):
            samples = render_samples(episode, MappingDomain(), dialect)
            assert samples == render_samples(other, MappingDomain(), dialect)
        assert (episode.outcome, episode.provenance) == (other.outcome, other.provenance)
        assert episode.provenance['teacher'] == 'symbolic'


def test_a_run_that_is_done_is_not_done_again(made, tmp_path):
    make(tmp_path)
    before = contents(tmp_path)
    assert make(tmp_path, resume=True).done == 6
    assert contents(tmp_path) == before


@pytest.mark.parametrize('kept', [0.2, 0.7])
def test_torn_tails_of_a_run_that_was_killed_are_made_again(made, tmp_path, kept):
    make(tmp_path)
    progress = (tmp_path / 'progress.jsonl').read_bytes()
    (tmp_path / 'progress.jsonl').write_bytes(progress[: int(len(progress) * kept)])
    (tmp_path / 'shards/valid/documents.bin').unlink()
    for name, size in (('tokens', 100), ('weights', 3)):
        path = tmp_path / f'shards/train/{name}.bin'
        path.write_bytes(path.read_bytes() + b'\1' * size)
    documents = (tmp_path / 'shards/train/documents.bin').read_bytes()
    (tmp_path / 'shards/train/documents.bin').write_bytes(documents[: 24 * 3 + 7])
    lines = progress[: int(len(progress) * kept)].splitlines()[:-1]
    stored = sum(json.loads(line)['lines'] for line in lines)
    assert stored > 3
    make(tmp_path, resume=True)
    assert contents(tmp_path) == contents(made)


def test_the_recipe_beside_the_output_holds_every_setting_and_reads_back(made, tmp_path):
    recipe = read_recipe(made)
    assert recipe['worlds'] == {
        **{'seed': 0, 'worlds': 6, 'tasks': 6, 'tier': 'core', 'sizes': {'small': 1.0}},
        **{'hidden': [0.3], 'kinds': [], 'families': [], 'unseen': 0.5},
        **{'phrasings': 0, 'voices': 0.0, 'languages': ['english'], 'mistyped': 0.0},
        **{'names': 'plain', 'observations': 'attributes'},
    }
    assert to_config(recipe['worlds'], WorldRecipe, '') == WorldRecipe(
        worlds=6, tier='core', hidden=(0.3,)
    )
    assert recipe['teacher'] == 'symbolic'
    assert recipe['encoding'] == {
        **{'dialect': 'compact', 'tokenizer': '', 'vocab_size': 600, 'rebase': 0.5},
        'failed': False,
    }
    assert {'prism', 'mapping'} == set(recipe['versions'])
    ours = {name: recipe[name] for name in ('domain', 'writer', 'paraphrased', 'likeness')}
    again = to_config({**ours, 'worlds': recipe['worlds']}, SynthesisRecipe, '')
    how = Settings(workers=1)
    produce.synthesize(tmp_path, again, teacher='symbolic', shards=TOKENS, settings=how)
    assert contents(tmp_path) == contents(made)


@pytest.mark.parametrize(
    'path', [CONFIGS / 'distill/core.yaml', CONFIGS / 'distill/worlds.yaml'], ids=lambda p: p.name
)
def test_a_shipped_recipe_is_gone_on_with_by_the_same_file(tmp_path, path):
    recipe = read_config(path, SynthesisRecipe)
    for worlds in (1, 2):
        recipe.worlds['worlds'] = worlds
        how = Settings(workers=1, resume=worlds > 1)
        assert produce.synthesize(tmp_path, recipe, settings=how).done == worlds


# ------------------------------------------------------------------------------------- teachers


class Failing:
    """Has no idea."""

    name = 'failing'

    def plan(self, request, known_graph, history):
        raise KeyError(request)

    def close(self):
        pass


class Tired:
    """Has no idea in the fourth turn of a mission."""

    name = 'tired'

    def __init__(self):
        self._reader = find_planner('symbolic')()

    def plan(self, request, known_graph, history):
        if len(history) == 3:
            raise ValueError('no idea')
        return self._reader.plan(request, known_graph, history)

    def close(self):
        pass


@pytest.fixture
def lab(monkeypatch):
    """Teachers of another lab."""
    module = types.ModuleType('lab')
    module.Failing, module.Tired = Failing, Tired
    monkeypatch.setitem(sys.modules, 'lab', module)


@pytest.mark.usefixtures('lab')
def test_a_teacher_that_breaks_the_protocol_is_refused_before_the_folder_is_begun(tasks, tmp_path):
    out = tmp_path / 'run'
    with pytest.raises(ConfigError, match=r'breaks the protocol of planners: .*KeyError'):
        produce.elicit(tasks, out, 'lab:Failing', settings=Settings(runner='threads'))
    with pytest.raises(ConfigError, match=r'breaks the protocol of planners: .*KeyError'):
        produce.synthesize(out, recipe_of(), teacher='lab:Failing', settings=Settings(workers=1))
    assert not out.exists()


@pytest.mark.usefixtures('lab')
def test_what_a_teacher_failed_at_is_kept_with_its_reason(tasks, tmp_path):
    how = Settings(runner='threads', workers=2)
    done = produce.elicit(tasks, tmp_path, 'lab:Tired', settings=how)
    episodes = by_id(tmp_path).values()
    assert done.episodes == len(episodes) == len(list(read_lines(tasks / 'tasks.jsonl')))
    faults = Counter(filter(None, map(find_fault, episodes)))
    assert done.good == len(episodes) - faults.total() > 4
    assert faults["planner_error: tired raised ValueError('no idea')"] > 4


def test_failed_episodes_are_learned_from_where_that_is_asked_for(tmp_path):
    hasty, read = 'prism_core.domains.mapping.hasty:make_hasty_planner', {}
    for failed in (False, True):
        out, shards = tmp_path / str(failed), ShardSettings(vocab_size=600, failed=failed)
        how = Settings(workers=1)
        done = produce.synthesize(out, recipe_of(), teacher=hasty, shards=shards, settings=how)
        assert 0 < done.good < done.episodes
        read[failed] = {
            (split.name, shard.document(index).episode)
            for split in (out / 'shards').iterdir()
            for shard in [open_shards(split)]
            for index in range(len(shard))
        }
        assert len(read[failed]) == (done.episodes if failed else done.good)
    assert read[False] < read[True]


# ------------------------------------------------------------------------------------- refusals


def test_a_language_model_is_called_from_threads_only(tasks, tmp_path):
    how = Settings(runner='processes')
    with pytest.raises(ConfigError, match=r"with a language model the runner is .*'processes'"):
        produce.elicit(tasks, tmp_path, 'lm', model=MODEL, settings=how)


def test_a_language_model_that_is_unavailable_stops_the_run(tasks, tmp_path):
    with pytest.raises(RunStopped, match='the script has ended; what was done is kept: go on'):
        produce.elicit(tasks, tmp_path, 'lm', model=MODEL)
    assert (tmp_path / 'episodes.jsonl').read_bytes() == b''


def test_a_folder_without_tasks_is_refused(made, tmp_path):
    with pytest.raises(ConfigError, match=f'expected the output of a run in {tmp_path}, with its'):
        produce.elicit(tmp_path, tmp_path / 'out', 'symbolic')
    with pytest.raises(ConfigError, match=r'cannot read .*tasks\.jsonl: No such file'):
        produce.elicit(made, tmp_path / 'out', 'symbolic')
    assert not (tmp_path / 'out').exists()


def test_tasks_that_changed_between_two_runs_are_refused(tasks, tmp_path):
    source = tmp_path / 'tasks'
    source.mkdir()
    for name, data in contents(tasks).items():
        (source / name).write_bytes(data)
    teach(source, tmp_path / 'run')
    moved = source.rename(tmp_path / 'moved')
    teach(moved, tmp_path / 'run', resume=True)
    lines = (moved / 'tasks.jsonl').read_bytes().splitlines(keepends=True)
    (moved / 'tasks.jsonl').write_bytes(b''.join([*lines[1:], lines[0]]))
    with pytest.raises(ConfigError, match=r"begun with tasks\.sha256: '\w+', now it is '\w+'; go"):
        teach(moved, tmp_path / 'run', resume=True)


@pytest.mark.parametrize(
    ('shards', 'words'),
    [
        (
            ShardSettings('klingon'),
            "dialect: expected one of compact, spine, spine_brief, got 'klingon'",
        ),
        (ShardSettings(vocab_size=300), 'vocab_size: expected at least 461, got 300'),
        (ShardSettings(tokenizer='nowhere'), 'nowhere'),
    ],
)
def test_tokens_that_cannot_be_made_are_refused_before_the_folder_is_begun(tmp_path, shards, words):
    out = tmp_path / 'out'
    with pytest.raises(ConfigError, match=words):
        produce.synthesize(out, recipe_of(), teacher='symbolic', shards=shards)
    assert not out.exists()


def test_a_folder_of_fewer_worlds_is_not_made_of_one_with_more(made, tmp_path):
    make(tmp_path, 3, '')
    with pytest.raises(ConfigError, match=r'begun with worlds\.worlds: 3, now it is 2'):
        make(tmp_path, 2, '', resume=True)
