# SPDX-License-Identifier: Apache-2.0
"""`prism bench student` and `prompts`, on a small student: what they count, not how fast it is."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner

from prism_core import ConfigError, find_domain
from prism_core.bench.missions import draw_missions, draw_prompts, draw_replans
from prism_core.cli import main as command_line
from prism_core.cli.bench import bench
from prism_core.dataset.tokenizer import save_tokenizer

pytest.importorskip('llama_cpp')
pytest.importorskip('gguf')

from prism_core.bench import student as benchmark
from prism_core.bench.student import (
    MeasuredPlan,
    Runtime,
    list_runtimes,
    measure_runtime,
    summarize,
)
from prism_core.inference import student
from prism_core.inference.call_stats import CallStats
from prism_core.inference.local.llama_cpp import LlamaCppBackend
from prism_core.inference.local.local_model import LocalModel
from prism_core.inference.student import StudentConfig

from .tiny_adapters import write_adapter
from .tiny_gguf import TAUGHT, nano_tokenizer, write_gguf

DOMAIN = find_domain('mapping')
PLANS = 10
MISSIONS = draw_missions(DOMAIN, PLANS)
# What a plan's first reply takes, whatever computes it.
COUNTED = ('prompt_tokens', 'kept_tokens', 'read_tokens', 'reply_tokens', 'forced_tokens')


@pytest.fixture(scope='module')
def config(tmp_path_factory) -> StudentConfig:
    """Of a student of random weights."""
    path = tmp_path_factory.mktemp('student') / 'mapping' / 'student.gguf'
    path.parent.mkdir()
    write_gguf(path, nano_tokenizer(), said=TAUGHT)
    return StudentConfig(str(path), threads=1)


@pytest.fixture(scope='module')
def runs(config):
    """What each runtime took, by name and what replies were held to."""
    runtimes = list_runtimes(config)
    found = [measure_runtime(runtime, config, MISSIONS) for runtime in runtimes]
    return {(run.runtime, run.held_to): run for run in found}


# --------------------------------------------------------------------------------------- a student


def test_missions_have_as_many_turns_as_plans_are_asked_for():
    assert sum(len(mission.turns) for mission in MISSIONS) == PLANS
    assert all(mission.turns for mission in MISSIONS)
    assert len({mission.seed for mission in MISSIONS}) == len(MISSIONS)


def test_every_plan_of_every_mission_is_timed(runs):
    assert set(runs) == {('engine child', 'known'), ('library', 'known'), ('library', 'nothing')}
    for run in runs.values():
        assert run.first.plans == len(MISSIONS)
        assert run.replans.plans == PLANS - len(MISSIONS)
        for times in (run.first, run.replans):
            assert 0 < times.first_token_s < times.time_s <= times.p95_s
        assert run.resident_bytes > 2**20
        assert run.load_s > 0


def test_a_replan_reads_only_what_is_new_and_a_first_plan_all(runs):
    run = runs['library', 'known']
    assert run.rereads == 0
    assert run.first.kept_tokens < 0.1 * run.first.read_tokens
    assert run.replans.read_tokens < run.replans.kept_tokens


def test_the_child_reads_and_says_what_the_library_does(runs):
    child, here = runs['engine child', 'known'], runs['library', 'known']
    for one, other in ((child.first, here.first), (child.replans, here.replans)):
        for name in (*COUNTED, 'replies', 'refused', 'rejected_tokens'):
            assert getattr(one, name) == getattr(other, name), name


def test_without_a_grammar_nothing_is_forced_and_unreadable_replies_are_counted(runs):
    free, held = runs['library', 'nothing'].first, runs['library', 'known'].first
    assert free.forced_tokens == free.rejected_tokens == 0 < held.forced_tokens
    assert (free.refused, free.replies) == (len(MISSIONS), 3)
    assert free.reply_tokens == student.MAX_NEW_TOKENS


class Forgetful(LlamaCppBackend):
    """Keeps nothing of what it has read."""

    def keep(self, count: int) -> int:
        return super().keep(0)


def test_what_is_read_again_is_counted(config):
    def load() -> LocalModel:
        engine = Forgetful(
            config.model, context_tokens=4096, threads=1, gpu_layers=0, flash_attention=True
        )
        return LocalModel(engine, name='forgetful')

    run = measure_runtime(Runtime('forgetful', 'known', load), config, MISSIONS)
    assert 0 < run.rereads <= run.replans.plans
    assert run.replans.kept_tokens == 0


def test_progress_is_told_behind_each_plan(config):
    told = []
    runtime = list_runtimes(config)[1]
    run = measure_runtime(runtime, config, MISSIONS[:1], lambda: told.append(1))
    assert len(told) == len(MISSIONS[0].turns) == run.first.plans + len(MISSIONS[0].turns[1:])


def test_a_mission_of_one_plan_has_no_replans(config):
    mission = replace(MISSIONS[0], turns=MISSIONS[0].turns[:1])
    assert measure_runtime(list_runtimes(config)[1], config, [mission]).replans is None


def test_missions_without_a_turn_are_refused(config):
    with pytest.raises(ConfigError, match='expected missions with at least one turn, got none'):
        measure_runtime(list_runtimes(config)[1], config, [replace(MISSIONS[0], turns=())])


def test_a_file_that_is_no_student_is_refused(tmp_path):
    path = write_gguf(tmp_path / 'model.gguf', nano_tokenizer())
    config = StudentConfig(str(path))
    with pytest.raises(ConfigError, match=r'expected a student with prism\.domain'):
        measure_runtime(list_runtimes(config)[0], config, MISSIONS)


def call(time_s: float, **stats: float) -> MeasuredPlan:
    return MeasuredPlan(True, time_s, 1, True, CallStats(**stats), False)


def test_plans_together_are_medians_and_the_time_that_95_of_100_keep():
    calls = [call(float(number), prompt_tokens=number) for number in range(1, 101)]
    times = summarize([*calls[1:], replace(calls[0], replies=3, is_accepted=False)])
    assert (times.plans, times.refused, times.replies) == (100, 1, 1.02)
    assert (times.time_s, times.p95_s, times.prompt_tokens) == (50.5, 95.0, 50.5)
    assert summarize(calls[:1]).p95_s == 1.0


def test_transformers_reads_as_much_of_the_same_checkpoint(config, tmp_path):
    pytest.importorskip('torch')
    from .checkpoints import make_nano

    checkpoint = make_nano(tmp_path / 'nano')
    runtime = list_runtimes(config, checkpoint)[-1]
    run = measure_runtime(runtime, config, MISSIONS[:2])
    assert (run.runtime, run.held_to, run.rereads) == ('transformers', 'known', 0)
    assert run.first.kept_tokens < run.first.read_tokens


def test_a_checkpoint_that_cannot_be_run_is_refused_before_anything_is_measured(
    config, tmp_path, monkeypatch
):
    with pytest.raises(ConfigError, match=r'expected a checkpoint with its config\.json, got none'):
        list_runtimes(config, tmp_path)
    monkeypatch.setattr(benchmark, 'find_spec', lambda name: None)
    with pytest.raises(ConfigError, match=r"needs transformers; run: pip install 'prism_ros\[tra"):
        list_runtimes(config, tmp_path)


# ------------------------------------------------------------------------------------- the commands


def run(*arguments) -> str:
    result = CliRunner().invoke(
        command_line.prism, ['bench', *map(str, arguments)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_for_students_prints_two_tables_and_writes_all_figures(config, tmp_path):
    out = tmp_path / 'student.json'
    said = run('student', '--model', config.model, '--plans', 3, '--threads', 1, '--json', out)
    for text in ('engine child', 'library', 'read twice', 'p95 ms', 'processor: ', f'wrote {out}'):
        assert text in said
    written = json.loads(out.read_text())
    assert written['settings']['plans'] == 3
    assert [found['held_to'] for found in written['runs']] == ['known', 'known', 'nothing']
    assert written['runs'][0]['first']['plans'] + written['runs'][0]['replans']['plans'] == 3


def test_the_command_for_students_times_a_base_with_an_adapter(tmp_path):
    base = write_gguf(tmp_path / 'base.gguf', nano_tokenizer())
    adapter = write_adapter(tmp_path / 'depot.gguf', base).path
    options = ('--plans', 3, '--threads', 1, '--json', tmp_path / 'out.json')
    run('student', '--model', base, '--adapter', adapter, *options)
    written = json.loads((tmp_path / 'out.json').read_text())
    assert written['settings']['adapters'] == [str(adapter)]
    assert all(found['first']['prompt_tokens'] > 100 for found in written['runs'])


def test_the_command_for_prompts_counts_by_each_tokenizer(config, tmp_path):
    save_tokenizer(nano_tokenizer(), tmp_path / 'tokenizer')
    out, other = tmp_path / 'prompts.json', tmp_path / 'tokenizer' / 'tokenizer.json'
    said = run('prompts', '--model', config.model, '--tokenizer', other, '--json', out)
    assert '20 regions, medians' in said
    lengths = json.loads(out.read_text())['medians']
    for by in ('characters', config.model, str(other)):
        compact, spine, full, *_ = (lengths[name][by] for name in lengths)
        assert 3 * compact < spine < full
        assert 3 * lengths['compact, reply'][by] < lengths['spine, reply'][by]
    for counts in [*lengths.values()][:3]:
        # The template of the student adds a control token to each message, and one for the reply.
        assert 1 < counts[config.model] - counts[str(other)] <= 3


def test_prompts_are_of_maps_of_the_size_asked_for_that_are_known_in_full():
    prompts = draw_prompts(DOMAIN, 20, 2)
    assert list(prompts) == ['compact', 'spine', 'spine with header']
    for messages in prompts['spine']:
        graph = DOMAIN.make_dialect('spine').parse_prompt(messages, None).known_graph
        assert len(graph.regions) == 20
        assert all(node.attributes.get('mapped') for node in graph.regions.values())
    assert prompts['spine with header'][0][0]['role'] == 'system'


def test_what_a_replan_reads_and_says_is_what_comes_to_the_prompt():
    drawn = draw_replans(DOMAIN, 20)
    assert list(drawn) == ['compact, update', 'compact, reply', 'spine, update', 'spine, reply']
    missions = draw_missions(DOMAIN, 20)
    assert {len(chats) for chats in drawn.values()} == {20 - len(missions)}
    mission = next(one for one in missions if len(one.turns) > 1)
    dialect, graph = DOMAIN.make_dialect('compact'), mission.known_graph
    for observation in mission.turns[0].observations:
        graph = graph.apply(observation.update)
    prompt = dialect.render_prompt(mission.task.request, graph, mission.turns[:1])
    assert prompt[-len(drawn['compact, update'][0]) :] == drawn['compact, update'][0]


def test_without_a_model_the_commands_say_how_to_name_one(monkeypatch, tmp_path):
    monkeypatch.setattr(student, 'MODELS', tmp_path)
    with pytest.raises(
        ConfigError, match=r'no student of the domain mapping is bundled and .* is not set'
    ):
        run('student', '--plans', 1)


def test_the_bundled_student_is_taken_where_none_is_named(monkeypatch, config):
    monkeypatch.setattr(student, 'MODELS', Path(config.model).parents[1])
    assert config.model in run('prompts')


def test_a_package_that_is_missing_is_named_with_its_remedy(monkeypatch):
    monkeypatch.delitem(sys.modules, 'prism_core.inference.local.llama_cpp')
    monkeypatch.setitem(sys.modules, 'llama_cpp', None)
    result = CliRunner().invoke(command_line.prism, ['bench', 'prompts'])
    assert result.exit_code == 1
    assert "this needs llama_cpp; run: pip install 'prism_ros[robot]'" in result.output


def register(monkeypatch, **benchmarks: str) -> None:
    found = {name: EntryPoint(name, value, 'prism.bench') for name, value in benchmarks.items()}
    monkeypatch.setattr(bench, '_registered', lambda: found)


def test_benchmarks_that_are_registered_elsewhere_stand_beside_ours(monkeypatch):
    ours = bench._registered()
    other = EntryPoint(
        'wording', 'prism_core.domains.mapping.commands.measuring:wording', 'prism.bench'
    )
    monkeypatch.setattr(bench, '_registered', lambda: {**ours, 'wording': other})
    listed = run('--help')
    for name in ('prompts', 'runtime', 'student', 'wording'):
        assert name in listed
    assert 'The fallback, which reads the sentence' in run('wording', '--help')


def test_benchmarks_that_need_ros_say_so_where_there_is_none():
    # In a process of its own: without its messages, one that has loaded ROS is aborted.
    program = (
        "import sys; sys.modules['prism_msgs'] = None; from prism_core.cli import main as cli; "
        "cli.prism(['bench', 'graph', '--sizes', '9'])"
    )
    done = subprocess.run((sys.executable, '-c', program), capture_output=True, text=True)
    assert done.returncode == 1
    assert 'needs ROS 2 and a built prism_msgs' in done.stderr


def test_there_is_no_benchmark_of_any_other_name(monkeypatch):
    register(monkeypatch)
    result = CliRunner().invoke(command_line.prism, ['bench', 'nonsense'])
    assert result.exit_code == 2
    assert "No such command 'nonsense'" in result.output
