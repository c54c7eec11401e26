# SPDX-License-Identifier: Apache-2.0
"""`distill`: from a recipe to a student that plans; each stage is done once, however it is run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

pytest.importorskip('torch')
pytest.importorskip('transformers')
pytest.importorskip('llama_cpp')

from prism_core.distill.base_folder import BASE_GGUF
from prism_core.distill.run_record import HOW_ONLY
from prism_core.domains.mapping import GRAPHS, MAPPING_ACTIONS
from prism_core.errors import ConfigError, PlanRejected, RunStopped
from prism_core.files import hash_file
from prism_core.gguf_info import read_gguf_info
from prism_core.graph.spine_json import parse_scene_graph
from prism_core.inference.student import StudentConfig, make_planner
from prism_core.pipeline.distill import distill
from prism_core.pipeline.ledger import STAGES, Ledger, Stage
from prism_core.pipeline.recipe import Recipe, read_recipe
from prism_core.plan.validation import validate_plan

from .checkpoints import export_some, make_llama
from .students import lora_recipe, nano_recipe

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / 'config' / 'distill').glob('student_*.yaml'))
ABLATIONS = sorted((ROOT / 'config' / 'distill' / 'ablations').glob('*.yaml'))
GRAPH = parse_scene_graph((GRAPHS / 'depot.json').read_text())
WORLDS = {'worlds': {'seed': 7, 'worlds': 4, 'tier': 'core', 'hidden': [0.3]}}
SUITE = {'worlds': {'seed': 5, 'worlds': 1, 'tier': 'core', 'hidden': [0.3]}}
SHORT = {'tokens': 12_000, 'save_every': 1}
LAST_STAGES = ['export', 'quantise Q8_0', 'evaluate Q8_0', 'publish']
STAGE_NAMES = ['data', 'train', *LAST_STAGES]


def write_recipe(folder: Path, training: dict[str, Any] | None = None, **changes: Any) -> Path:
    """A recipe and the files that it names."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        'worlds.yaml': WORLDS,
        'train.yaml': training or nano_recipe(**SHORT),
        'suite.yaml': SUITE,
        'recipe.yaml': {
            'name': 'tiny',
            'data': {'recipe': 'worlds.yaml', 'vocab_size': 600},
            'train': 'train.yaml',
            'quantise': ['Q8_0'],
            'evaluate': {'files': ['Q8_0'], 'suite': 'suite.yaml'},
            **changes,
        },
    }
    for name, plain in files.items():
        (folder / name).write_text(yaml.safe_dump(plain), 'utf-8')
    return folder / 'recipe.yaml'


def run(recipe: Path, out: Path, **settings: Any) -> dict[str, str]:
    """What became of each stage: done, finished or skipped; what is said else stands under ''."""
    lines: list[str] = []
    distill(recipe, out, say=lines.append, **{'evaluate': weigh, **settings})
    became = {'': ''}
    for line in lines:
        name, word = line[:17].strip(), line[18:26].strip()
        if word in ('done', 'finished', 'skipped'):
            became[name] = word
        else:
            became[''] += f'{line}\n'
    return became


def weigh(student: Any, suite: Any, out: Path, *, resume: bool, on_progress) -> SimpleNamespace:
    """In the place of an evaluation, which needs processes: how heavy the file is."""
    assert resume
    out.mkdir(parents=True, exist_ok=True)
    on_progress(SimpleNamespace(done=1, total=1, trials=6))
    size, seed = Path(student.planner).stat().st_size, suite.worlds['seed']
    return SimpleNamespace(text=f'{size} bytes\n{seed} seeds')


def redone(became: dict[str, str]) -> list[str]:
    return [name for name, word in became.items() if word and word != 'skipped' and name]


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob('*')) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def assert_same_student(out: Path, other: Path) -> None:
    """The same data, model and published files, byte for byte."""
    for place in ('data', 'train/best', 'exported', 'quantised', 'gguf'):
        assert contents(out / place) == contents(other / place), place


@pytest.fixture(scope='module')
def recipe(tmp_path_factory) -> Path:
    return write_recipe(tmp_path_factory.mktemp('recipe'))


@pytest.fixture(scope='module')
def first_run(recipe, tmp_path_factory) -> tuple[Path, list]:
    """A run that nothing came between: its folder, and what it told on the way."""
    out, told = tmp_path_factory.mktemp('whole') / 'out', []
    became = run(recipe, out, on_progress=told.append)
    assert became == {'': '', **dict.fromkeys(STAGE_NAMES, 'done')}
    return out, told


@pytest.fixture(scope='module')
def whole(first_run) -> Path:
    return first_run[0]


@pytest.fixture
def copied(whole, tmp_path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(whole, tmp_path / 'out'))


# ------------------------------------------------------------------------------------ the whole way


def test_the_whole_way_makes_a_file_that_plans(whole):
    planner = make_planner(StudentConfig(str(whole / 'gguf' / 'tiny-q8_0.gguf'), threads=1))
    try:
        plan = planner.plan('go to field_2', GRAPH, ())
    except PlanRejected:  # six steps of training may drive where there is no way
        plan = None
    finally:
        planner.close()
    assert plan is None or validate_plan(plan, GRAPH, MAPPING_ACTIONS).is_valid
    assert planner._model.stats['prompt_tokens'] > 100


def test_a_published_file_says_what_it_is_what_made_it_and_what_was_measured(whole):
    info = read_gguf_info(whole / 'gguf' / 'tiny-q8_0.gguf')
    metadata = info.metadata
    assert info.sha256
    assert (metadata.name, metadata.domain, metadata.dialect) == ('tiny', 'mapping', 'compact')
    assert metadata.evaluation.splitlines()[1] == '5 seeds'
    made = yaml.safe_load(metadata.recipe)
    assert made['worlds']['worlds']['seed'] == 7
    assert made['train']['optimizer']['learning_rate'] == 0.01
    assert not set(HOW_ONLY) & set(made['train'])
    floats = read_gguf_info(whole / 'gguf' / 'tiny-f16.gguf').metadata
    assert (floats.recipe, floats.evaluation) == (metadata.recipe, '')
    card = (whole / 'gguf' / 'README.md').read_text('utf-8')
    assert '| `tiny-q8_0.gguf` | 5 seeds |' in card
    assert card.index('`tiny-q8_0.gguf`') < card.index('`tiny-f16.gguf`')
    assert metadata.dataset_sha256 in card


@pytest.mark.slow
def test_the_evaluation_of_a_file_is_a_real_one(recipe, copied):
    shutil.rmtree(copied / 'evaluation')
    lines: list[str] = []
    told = []
    distill(recipe, copied, say=lines.append, on_progress=told.append)
    assert [line.split()[-1] for line in lines if line.startswith('evaluate')][-1] == 'trials'
    assert {progress.stage for progress in told} == {'evaluate Q8_0'}
    text = read_gguf_info(copied / 'gguf' / 'tiny-q8_0.gguf').metadata.evaluation
    assert text.startswith('success ')


def test_each_long_stage_tells_how_far_it_is(first_run):
    _, told = first_run
    last = {progress.stage: progress for progress in told}
    assert list(last) == ['data', 'train', 'evaluate Q8_0']
    assert all(progress.done == progress.total for progress in last.values())
    assert last['data'].about.endswith(' episodes')
    assert 'tokens/s, eval_loss' in last['train'].about


# -------------------------------------------------------------------------------- what is done anew


def test_a_second_run_skips_all_stages_and_changes_no_byte(recipe, whole):
    before = contents(whole)
    assert run(recipe, whole) == {'': '', **dict.fromkeys(STAGE_NAMES, 'skipped')}
    assert contents(whole) == before


def test_another_type_of_file_is_made_and_nothing_else_but_what_is_published(copied, tmp_path):
    recipe = write_recipe(tmp_path / 'recipe', quantise=['Q8_0', 'Q5_K_M'])
    became = run(recipe, copied)
    assert redone(became) == ['quantise Q5_K_M', 'publish']
    assert 'publish: files.Q5_K_M was nothing, now it is' in became['']
    assert (copied / 'gguf' / 'tiny-q5_k_m.gguf').exists()
    recipe = write_recipe(tmp_path / 'recipe', quantise=[], evaluate={})
    assert redone(run(recipe, copied)) == ['publish']
    names = {path.name for path in (copied / 'gguf').iterdir()}
    assert names == {'README.md', 'tiny-f16.gguf', 'tiny-f16.gguf.sha256'}
    assert 'None were measured.' in (copied / 'gguf' / 'README.md').read_text('utf-8')


def test_another_suite_is_played_and_published(copied, tmp_path):
    recipe = write_recipe(tmp_path / 'recipe')
    (tmp_path / 'recipe' / 'suite.yaml').write_text('worlds: {seed: 6, worlds: 1}\n', 'utf-8')
    assert redone(run(recipe, copied)) == ['evaluate Q8_0', 'publish']
    info = read_gguf_info(copied / 'gguf' / 'tiny-q8_0.gguf')
    assert info.metadata.evaluation.endswith('6 seeds')


def test_another_setting_of_the_training_leaves_the_data_as_they_are(copied, whole, tmp_path):
    recipe = write_recipe(tmp_path / 'recipe', nano_recipe(**SHORT, seed=1))
    became = run(recipe, copied)
    assert redone(became) == ['train', *LAST_STAGES]
    assert 'train: config.seed was 0, now it is 1; ' in became['']
    assert f'{copied / "train"} is emptied, the stage is done again' in became['']
    assert contents(copied / 'data') == contents(whole / 'data')
    assert contents(copied / 'gguf') != contents(whole / 'gguf')


def test_a_student_goes_on_from_another_with_its_tokenizer_on_other_worlds(whole, tmp_path):
    recipe = write_recipe(
        tmp_path / 'recipe', nano_recipe(**SHORT, seed=1), quantise=[], evaluate={}
    )
    worlds = {'worlds': {**WORLDS['worlds'], 'worlds': 5}}
    (tmp_path / 'recipe' / 'worlds.yaml').write_text(yaml.safe_dump(worlds), 'utf-8')
    out, best = tmp_path / 'out', whole / 'train' / 'best'
    run(recipe, out, start=best)
    assert contents(out / 'data' / 'tokenizer') == contents(whole / 'data' / 'tokenizer')
    fresh = tmp_path / 'fresh'
    run(recipe, fresh)
    first, later = (
        json.loads((folder / 'train' / 'report.json').read_text())['best']['eval_loss']
        for folder in (fresh, out)
    )
    assert later < first
    made = yaml.safe_load(read_gguf_info(out / 'gguf' / 'tiny-f16.gguf').metadata.recipe)
    assert made['start/model.safetensors'] == hash_file(best / 'model.safetensors')
    assert redone(run(recipe, out, start=shutil.copytree(best, tmp_path / 'moved'))) == []
    became = run(recipe, out, start=fresh / 'train' / 'best')
    assert redone(became) == ['data', 'train', 'export', 'publish']


def test_other_worlds_begin_all_stages_again(copied, tmp_path):
    recipe = write_recipe(tmp_path / 'recipe', quantise=[], evaluate={})
    worlds = {'worlds': {**WORLDS['worlds'], 'worlds': 5}}
    (tmp_path / 'recipe' / 'worlds.yaml').write_text(yaml.safe_dump(worlds), 'utf-8')
    became = run(recipe, copied)
    assert redone(became) == ['data', 'train', 'export', 'publish']
    assert 'data: recipe.worlds.worlds was 4, now it is 5' in became['']


def test_settings_that_change_nothing_of_what_comes_out_leave_all_as_it_is(copied, tmp_path):
    train = nano_recipe(**SHORT, threads=2, report_to=['none'], allow_download=True)
    recipe = write_recipe(tmp_path / 'recipe', {**train, 'log_every': 3})
    assert redone(run(recipe, copied)) == []


@pytest.mark.parametrize('harm', ['missing', 'damaged'])
@pytest.mark.parametrize(
    ('name', 'stage'),
    [
        ('data/shards/train/tokens.bin', 'data'),
        ('train/best/model.safetensors', 'train'),
        ('exported/tiny-f16.gguf', 'export'),
        ('quantised/q8_0/tiny-q8_0.gguf', 'quantise Q8_0'),
        ('evaluation/q8_0/evaluation.txt', 'evaluate Q8_0'),
        ('gguf/README.md', 'publish'),
    ],
)
def test_a_missing_or_damaged_file_is_made_again_alike(recipe, whole, copied, name, stage, harm):
    if harm == 'missing':
        (copied / name).unlink()
    else:
        data = bytearray((copied / name).read_bytes())
        data[len(data) // 2] ^= 1
        (copied / name).write_bytes(data)
    became = run(recipe, copied)
    assert redone(became) == [stage]
    how = 'missing' if harm == 'missing' else 'not as it was written'
    assert f'{stage}: {name} is {how}; ' in became['']
    assert_same_student(copied, whole)


def test_what_no_stage_reads_may_be_deleted(recipe, copied):
    for name in ('checkpoints', 'last'):
        shutil.rmtree(copied / 'train' / name)
    assert redone(run(recipe, copied)) == []


def test_a_stage_that_cannot_go_on_begins_in_an_empty_folder_and_others_keep_theirs(tmp_path):
    def fill(folder: Path) -> str:
        folder.mkdir(exist_ok=True)
        (folder / f'{len(list(folder.iterdir()))}').touch()
        if tries:
            tries.pop()
            raise RunStopped('the power failed')
        return 'filled'

    for name, goes_on, expected in (('short', False, {'0'}), ('long', True, {'0', '1', '2'})):
        stage, tries = Stage(name, name, {}, fill, goes_on), [1, 1]
        lines: list[str] = []
        for _ in range(2):
            with Ledger(tmp_path, lines.append) as ledger, pytest.raises(RunStopped):
                ledger.do(stage)
        with Ledger(tmp_path, lines.append) as ledger:
            assert set(ledger.do(stage)) == {f'{name}/{number}' for number in expected}
        said = 'it was interrupted' in ''.join(lines)
        assert (said, lines[-1].split()[1]) == ((False, 'finished') if goes_on else (True, 'done'))


# --------------------------------------------------------------------------------------- other ways


def test_lora_is_merged_and_the_card_names_its_base(tmp_path):
    base = make_llama(tmp_path / 'base')
    train = lora_recipe(base, tokens=2_000, eval_every=1, save_every=1)
    data = {'recipe': 'worlds.yaml', 'rebase': 0.5}
    recipe = write_recipe(tmp_path / 'recipe', train, data=data, quantise=[], evaluate={})
    stages = ['data', 'train', 'merge', 'export', 'publish']
    assert redone(run(recipe, tmp_path / 'out')) == stages
    assert (tmp_path / 'out' / 'data' / 'turns' / 'train.jsonl').exists()
    assert not (tmp_path / 'out' / 'data' / 'shards').exists()
    card = (tmp_path / 'out' / 'gguf' / 'README.md').read_text('utf-8')
    assert f'{base}, trained further' in card
    assert redone(run(recipe, tmp_path / 'out')) == []
    read = json.loads((tmp_path / 'out' / STAGES).read_text('utf-8'))['train']['inputs']['base']
    assert read['model.safetensors'] == hash_file(base / 'model.safetensors')


def test_an_adapter_is_delivered_alone_and_plays_on_the_file_of_its_base(tmp_path):
    base = make_llama(tmp_path / 'base')
    export_some(base, base / BASE_GGUF, float_type='F32')
    train = lora_recipe(base, tokens=2_000, eval_every=1, save_every=1)
    changes = {'deliver': 'adapter', 'quantise': []}
    played = {'files': ['adapter'], 'suite': 'suite.yaml'}
    recipe = write_recipe(tmp_path / 'recipe', train, evaluate=played, **changes)
    given = []

    def weigh_adapter(candidate, *args, **settings):
        given.append(candidate)
        return weigh(candidate, *args, **settings)

    stages = ['data', 'train', 'export', 'evaluate adapter', 'publish']
    out = tmp_path / 'out'
    assert redone(run(recipe, out, evaluate=weigh_adapter)) == stages
    assert (given[0].planner, given[0].adapter) == (
        str(base / BASE_GGUF),
        str(out / 'exported' / 'tiny.gguf'),
    )
    info = read_gguf_info(out / 'gguf' / 'tiny.gguf')
    assert info.metadata.base_sha256 == read_gguf_info(base / BASE_GGUF).sha256
    assert info.metadata.evaluation
    card = (out / 'gguf' / 'README.md').read_text('utf-8')
    assert 'PRISM_STUDENT_MODEL=base.gguf PRISM_STUDENT_ADAPTERS=tiny.gguf' in card
    assert info.metadata.base_sha256 in card


def test_what_no_adapter_can_be_delivered_of_is_refused(tmp_path):
    for changes, expected in (
        ({'quantise': []}, 'expected LoRA on a base'),
        ({'quantise': ['Q8_0']}, 'expected nothing beside deliver: adapter, got Q8_0'),
    ):
        recipe = write_recipe(tmp_path / expected, deliver='adapter', evaluate={}, **changes)
        with pytest.raises(ConfigError, match=expected):
            read_recipe(recipe)


def test_data_that_are_there_make_the_same_student_and_are_left_alone(whole, tmp_path):
    before = contents(whole / 'data')
    folder = os.path.relpath(whole / 'data', tmp_path)
    recipe = write_recipe(tmp_path, data={'folder': folder}, quantise=[], evaluate={})
    out = tmp_path / 'out'
    assert redone(run(recipe, out)) == ['train', 'export', 'publish']
    assert contents(out / 'train' / 'best') == contents(whole / 'train' / 'best')
    assert contents(whole / 'data') == before
    assert not (out / 'data').exists()
    metadata = read_gguf_info(out / 'gguf' / 'tiny-f16.gguf').metadata
    published = read_gguf_info(whole / 'gguf' / 'tiny-f16.gguf').metadata
    assert metadata.dataset_sha256 == published.dataset_sha256


def test_a_nano_learns_from_a_folder_that_has_but_episodes(recipe, whole, tmp_path):
    folder = tmp_path / 'taught'
    folder.mkdir()
    shutil.copy(whole / 'data' / 'episodes.jsonl', folder)
    became = run(recipe, tmp_path / 'out', data=folder)
    assert 'data' not in became
    assert became['train'] == 'done'
    shards = ('train', 'valid')
    assert all((folder / 'shards' / split / 'tokens.bin').stat().st_size for split in shards)
    assert not (tmp_path / 'out' / 'data').exists()
    assert (tmp_path / 'out' / 'gguf' / 'tiny-f16.gguf').exists()
    before = contents(folder)
    assert redone(run(recipe, tmp_path / 'out', data=folder)) == []
    assert contents(folder) == before
    shutil.rmtree(folder / 'shards' / 'valid')  # as where it was ended between two splits
    assert redone(run(recipe, tmp_path / 'out', data=folder)) == []
    assert contents(folder) == before


# ----------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'train': 'nowhere.yaml'}, r'cannot read .*nowhere\.yaml'),
        ({'sed': 1}, r"recipe\.yaml: there is no setting 'sed'"),
        ({'name': 'a/b'}, r"recipe\.yaml: name: expected letters, .* got 'a/b'"),
        ({'processes': 0}, r'recipe\.yaml: processes: expected at least 1, got 0'),
        ({'quantise': ['Q8_0', 'Q8_0']}, r'recipe\.yaml: quantise: expected each type once'),
        ({'quantise': ['Q9', 'Q8_0']}, r"recipe\.yaml: quantise: expected some of Q8_0, .* 'Q9'"),
        ({'quantise': []}, r"evaluate\.files: expected some of F16, got 'Q8_0'; add it"),
        ({'evaluate': {'files': ['F16']}}, r'evaluate: expected files and a suite, got .*F16'),
        (
            {'evaluate': {'files': ['F16'], 'suite': 'train.yaml'}},
            r'train\.yaml: there is no setting',
        ),
        ({'data': {}}, r'recipe\.yaml: data: expected either recipe, .* got neither'),
        ({'data': {'recipe': 'a', 'folder': 'b'}}, r'data: expected either .* got both'),
        ({'data': {'recipe': 'a', 'rebase': 2}}, r'data\.rebase: expected a share .* got 2'),
        ({'data': {'recipe': 'a', 'teacher': 'lm'}}, r"data\.teacher: .* runs here, got 'lm'"),
        ({'data': {'folder': 'd', 'failed': True}}, r"data\.failed: .* drawn, got those of 'd'"),
        ({'data': {'recipe': 'lm.yaml'}}, r'lm\.yaml: expected worlds that no language model'),
        ({'data': {'recipe': 'odd.yaml'}}, r'odd\.yaml: expected the domain mapping, .* kitchen'),
        ({'data': {'recipe': 'bad.yaml'}}, r"bad\.yaml: worlds: there is no setting 'sizs'"),
        ({'data': {'folder': 'none'}}, r'expected a dataset with its episodes\.jsonl in .*none'),
        (
            {'data': {'folder': 'bare'}},
            r'expected shards with the splits train and valid in .*bare',
        ),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_sentence_with_its_place(tmp_path, changes, message):
    recipe = write_recipe(tmp_path, **changes)
    (tmp_path / 'lm.yaml').write_text('paraphrased: 0.5\n')
    (tmp_path / 'odd.yaml').write_text('domain: kitchen\n')
    (tmp_path / 'bad.yaml').write_text('worlds: {sizs: 1}\n')
    (tmp_path / 'bare').mkdir()
    (tmp_path / 'bare' / 'episodes.jsonl').touch()
    with pytest.raises(ConfigError, match=message):
        run(recipe, tmp_path / 'out')
    assert not list((tmp_path / 'out').glob('*'))


def test_shards_of_another_dialect_than_the_training_says_are_refused(whole, tmp_path):
    train = nano_recipe(**SHORT)
    train['data'] = {**train['data'], 'dialect': 'spine'}
    recipe = write_recipe(tmp_path, train, data={'folder': str(whole / 'data')})
    with pytest.raises(ConfigError, match=r'expected the dialect spine, .* got compact, version 1'):
        run(recipe, tmp_path / 'out')


def test_what_others_put_into_the_folder_is_not_deleted(recipe, tmp_path):
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'photos').touch()
    with pytest.raises(ConfigError, match='data holds something that `prism distill` did not'):
        run(recipe, tmp_path)
    assert (tmp_path / 'data' / 'photos').exists()


def test_two_runs_do_not_write_to_one_folder(recipe, tmp_path):
    with (
        Ledger(tmp_path, print),
        pytest.raises(ConfigError, match=r'another run writes to .*; wait for it or stop it'),
    ):
        run(recipe, tmp_path)


def test_stages_that_cannot_be_read_are_refused(recipe, tmp_path):
    (tmp_path / STAGES).write_text('{"data"')
    with pytest.raises(ConfigError, match=r'stages\.json: expected the stages of a run as JSON'):
        run(recipe, tmp_path)


# ------------------------------------------------------------------------------------- shipped ones


def test_there_are_recipes_for_students_with_and_without_a_gpu_and_for_lora():
    assert {path.stem for path in SHIPPED} >= {
        'student_core',
        'student_cpu',
        'student_gpu',
        'student_lora',
    }


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recipe_is_read_with_all_that_it_names(path):
    recipe = read_recipe(path, allow_download=True)
    assert recipe.worlds is not None
    assert recipe.train.allow_download
    assert (recipe.train.nano is None) == (path.stem in ('student_lora', 'student_smollm2'))


def test_each_ablation_differs_from_the_baseline_in_one_thing():
    assert {path.stem for path in ABLATIONS} >= {
        *('baseline', 'data_quarter', 'hidden_none', 'wording_one', 'no_grammar'),
        *(
            'no_curriculum',
            'spine_text',
            'spine_brief',
            'tokens_quarter',
            'failed_in',
            'failed_out',
        ),
    }
    recipes = {path.stem: read_recipe(path) for path in ABLATIONS}
    baseline = recipes['baseline']
    against = dict.fromkeys(recipes, 'baseline') | {
        'failed_in': 'failed_out',
        'spine_brief': 'spine_text',
    }
    del against['baseline']
    for name, other in against.items():
        one, differing = _settings(recipes[name]), _settings(recipes[other])
        assert sum(a != b for a, b in zip(one, differing, strict=True)) == 1, name
        assert recipes[name].suite == baseline.suite
    assert recipes['hidden_none'].worlds.worlds['hidden'] == (0.0,)
    assert recipes['no_grammar'].config.evaluate.held_to == 'nothing'
    assert recipes['no_curriculum'].train.nano == baseline.train.nano


def _settings(recipe: Recipe) -> tuple:
    data = recipe.config.data
    return recipe.worlds, recipe.train, recipe.config.evaluate, data.teacher, data.failed


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'suite': {}}, "change: expected worlds or train, got 'suite'"),
        ({'train': {'tokns': 5}}, "change.train: there is no setting 'tokns'"),
        ({'worlds': {'worlds': 0}}, 'worlds: expected at least 1, got 0'),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(tmp_path, change, message):
    recipe = write_recipe(tmp_path, change=change, quantise=[], evaluate={})
    with pytest.raises(ConfigError, match=message):
        read_recipe(recipe)
