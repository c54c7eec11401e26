# SPDX-License-Identifier: Apache-2.0
"""`prism bench runtime` on a small model of random weights: what it counts, not how fast it is."""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from prism_core import ConfigError, PlannerError, find_domain
from prism_core.cli.bench import runtime

pytest.importorskip('llama_cpp')
pytest.importorskip('gguf')

from prism_core.bench.grammar import measure_grammars
from prism_core.bench.held_replies import write_held_replies
from prism_core.bench.machine import (
    describe_machine,
    measure_reading,
    resident_bytes,
)
from prism_core.bench.runtime import Replan, RuntimeLoad, measure_costs
from prism_core.distill.random_model import SHAPES, _list_tensors, make_random_model
from prism_core.gguf_info import read_gguf_info
from prism_core.inference.local.llama_cpp import LlamaCppModel

from .tiny_gguf import ask, nano_tokenizer, write_gguf

DOMAIN = find_domain('mapping')
REPLANS = (Replan(60, 8), Replan(40, 12))
LOAD = RuntimeLoad(prompt_tokens=300, replans=REPLANS, repeats=1, threads=1)


@pytest.fixture(scope='module')
def work(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp('work')


@pytest.fixture(scope='module')
def tiny(work) -> Path:
    return make_random_model(work, 'tiny', 'Q4_K_M')


# ------------------------------------------------------------------------- models of random weights


@pytest.mark.parametrize(
    ('name', 'parameters'), [('llama-3.2-1b', 1_235_814_400), ('llama-3.2-3b', 3_212_749_824)]
)
def test_shapes_have_as_many_parameters_as_the_published_models(name, parameters):
    assert sum(math.prod(size) for _, size in _list_tensors(SHAPES[name])) == parameters


def test_a_model_is_made_once_and_its_rows_fit_the_blocks_of_its_type(tiny, work):
    info = read_gguf_info(tiny)
    kinds = {tensor.type for tensor in info.tensors if len(tensor.shape) > 1}
    assert kinds == {'Q4_K', 'Q6_K'}
    made = tiny.stat().st_mtime_ns
    assert make_random_model(work, 'tiny', 'Q4_K_M') == tiny
    assert tiny.stat().st_mtime_ns == made
    floats = make_random_model(work, 'tiny', 'F16')
    assert floats.stat().st_size > 2 * tiny.stat().st_size
    assert not list(work.glob('.*'))


def test_progress_of_writing_ends_with_all_bytes(tmp_path):
    told = []
    make_random_model(tmp_path, 'tiny', 'F16', lambda done, total: told.append((done, total)))
    dones, totals = zip(*told)
    assert len(set(totals)) == 1
    assert sorted(set(dones)) == list(dones)
    assert dones[-1] == totals[0]


def test_a_random_model_goes_on_speaking(tiny):
    model = LlamaCppModel(tiny, context_tokens=600, threads=1, temperature=2.0)
    try:
        assert len(model.complete(ask('road field'), max_new_tokens=500)) > 500
        assert model.stats.new_tokens == 500
    finally:
        model.close()


def test_an_unknown_shape_or_type_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r'shape: expected one of llama-3.2-1b, .* got .llama-9'):
        make_random_model(tmp_path, 'llama-9', 'F16')
    with pytest.raises(ConfigError, match=r'type: expected one such as F16, .* got .Q9'):
        make_random_model(tmp_path, 'tiny', 'Q9')
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------------------------- a runtime


def test_replans_read_what_was_added_and_their_repetitions_one_token(tiny):
    told = []
    costs = measure_costs(tiny, LOAD, lambda: told.append(1))
    assert len(told) == LOAD.calls == 5
    assert 290 < costs.cold.read_tokens <= costs.cold.prompt_tokens < 310
    assert len(costs.replans) == len(REPLANS)
    for found, asked in zip(costs.replans, REPLANS):
        assert asked.added_tokens <= found.replan.read_tokens < asked.added_tokens + 10
        assert found.decoding.read_tokens == 1
        for stats in (found.replan, found.decoding):
            assert stats.new_tokens == asked.new_tokens


def test_ratios_and_speeds_are_those_of_the_times(tiny):
    costs = measure_costs(tiny, LOAD)
    for one in costs.replans:
        assert one.first_token_ratio == one.replan.first_token_s / costs.cold.first_token_s
        assert one.total_ratio == one.replan.total_s / one.decoding.total_s
    longest = costs.replans[1].decoding
    assert costs.decode_tokens_per_s == 12 / longest.total_s
    # Two layers, two heads of 64, keys and values of two bytes.
    held = (longest.prompt_tokens + 12) * 2 * 2 * 64 * 2 * 2
    assert costs.step_bytes == tiny.stat().st_size + held
    assert costs.ceiling_tokens_per_s == costs.memory_bytes_per_s / costs.step_bytes
    assert costs.resident_bytes > 2**20


def test_a_model_that_ends_its_reply_is_refused(tmp_path):
    path = write_gguf(tmp_path / 'ends.gguf', nano_tokenizer(), seed=18)
    load = replace(LOAD, prompt_tokens=64, replans=(Replan(60, 200),))
    with pytest.raises(ConfigError, match='expected a model that says 200 tokens, got one that'):
        measure_costs(path, load)


@pytest.mark.parametrize(
    ('setting', 'sentence'),
    [
        ({'prompt_tokens': 1}, 'prompt_tokens: expected at least 64, got 1'),
        ({'replans': ()}, 'replans: expected at least 1, got 0'),
        ({'replans': (Replan(1, 9),)}, 'added_tokens: expected at least 32, got 1'),
        ({'replans': (Replan(60, 1),)}, 'new_tokens: expected at least 2, got 1'),
        ({'repeats': 0}, 'repeats: expected at least 1, got 0'),
    ],
)
def test_numbers_out_of_range_are_refused(setting, sentence):
    with pytest.raises(ConfigError, match=sentence):
        RuntimeLoad(**setting)


def test_replies_are_said_with_and_without_their_grammars(tiny):
    held = write_held_replies(DOMAIN, 60)
    told = []
    found = measure_grammars(tiny, held, LOAD, lambda: told.append(1))
    assert [costs.name for costs in found] == ['compact', 'spine']
    assert len(told) == 2 * (2 + 2 * LOAD.repeats)
    for costs, one in zip(found, held):
        assert costs.grammar_bytes == len(one.grammar.source)
        assert costs.ratio == costs.held_s / costs.free_s
        # Forced tokens are read one by one: no step says more than the longest token does.
        assert len(one.reply) / 4 < costs.steps <= len(one.reply) + 1
        assert min(costs.compile_s, costs.mask_s) > 0


def test_a_reply_that_its_grammar_does_not_take_is_refused(tiny):
    case = write_held_replies(DOMAIN, 60)[0]
    wrong = replace(case, reply=case.reply.replace('inspect', 'destroy'))
    with pytest.raises(PlannerError, match='expected a reply that the grammar compact takes, got'):
        measure_grammars(tiny, [wrong], LOAD)


def test_replies_of_a_large_map_are_plans_on_it():
    for case in write_held_replies(DOMAIN, 2000):
        assert re.search(r'go.*inspect[ (]\w+?(?:_999, |<o\d+>)', case.reply)
        assert len(case.grammar.source) > 30_000


# -------------------------------------------------------------------------------------- the machine


def test_a_machine_is_described_and_its_memory_measured():
    assert set(describe_machine()) == {
        *('processor', 'cores', 'load', 'python', 'llama_cpp_python'),
    }
    assert measure_reading(2, 2**20) > 2**20
    assert resident_bytes(os.getpid()) > 2**20
    assert resident_bytes(2**30) is None


# -------------------------------------------------------------------------------------- the command


def test_the_command_for_runtimes_makes_a_model_and_judges_it_by_the_bars(work, tiny, tmp_path):
    out = tmp_path / 'runtime.json'
    replans = ('--replan', 32, 4, '--replan', 48, 2)
    few = ('--prompt-tokens', 64, *replans, '--repeats', 1, '--threads', 1)
    arguments = ('--shape', 'tiny', *few, '--work', work, '--json', out)
    done = CliRunner().invoke(runtime, list(map(str, arguments)), catch_exceptions=False)
    said = done.output
    for text in (
        '2 said: whole / decoding alone',
        'at most 0.15',
        'at most 1.3',
        'grammar spine, 2,000',
    ):
        assert text in said
    written = json.loads(out.read_text())
    assert written['settings']['shape'] == 'tiny'
    assert written['settings']['replans'] == [[32, 4], [48, 2]]
    assert len(written['costs']['replans']) == 2
    assert written['costs']['file_bytes'] == tiny.stat().st_size
    assert [costs['name'] for costs in written['grammars']] == ['compact', 'spine']
