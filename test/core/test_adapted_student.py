# SPDX-License-Identifier: Apache-2.0
"""A student that is a base with adapters: in an engine child, checked, named by each request."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from prism_core import (
    ConfigError,
    EngineLost,
    ModelHashMismatch,
    ModelNotLoaded,
    OutOfMemory,
    PlanRejected,
    UnknownAdapter,
    find_domain,
    parse_scene_graph,
)
from prism_core.domains.mapping import GRAPHS
from prism_core.files import hash_file
from prism_core.gguf_info import read_gguf_info
from prism_core.inference.adapted import with_adapter
from prism_core.inference.cascade import make_cascade_planner
from prism_core.inference.child import memory
from prism_core.inference.planning_domain import find_planning_domain
from prism_core.inference.self_check import Checked, check_student
from prism_core.inference.student import (
    ADAPTERS_VARIABLE,
    MODEL_VARIABLE,
    StudentConfig,
    estimate_bytes,
    find_adapters,
    make_planner,
    make_student_planner,
)

from .tiny_adapters import write_adapter
from .tiny_gguf import TAUGHT, conversations_of, nano_tokenizer, write_gguf

GRAPH = parse_scene_graph((GRAPHS / 'depot.json').read_text())
PROMPT = conversations_of(range(1))[0][3]


@pytest.fixture
def base(tmp_path) -> Path:
    """A model that was taught nothing, as a pretrained one is."""
    return write_gguf(tmp_path / 'base.gguf', nano_tokenizer(), tilt=8.0)


@pytest.fixture
def adapter(base):
    """Write an adapter of the base."""

    def write(stem: str = 'depot', seed: int = 1, of: Path = base, **settings) -> Path:
        return write_adapter(base.with_name(f'{stem}.gguf'), of, seed=seed, **settings).path

    return write


def config_of(base: Path, *adapters: Path | str) -> StudentConfig:
    return StudentConfig(str(base), threads=1, adapters=tuple(map(str, adapters)))


def say(planner, name: str = '') -> str:
    """What the model of a planner says with an adapter."""
    model = with_adapter(planner, name)._model if name else planner._first._model
    return model.complete(PROMPT, max_new_tokens=16, timeout_s=20)


def settle(planner) -> None:
    """Wait until the model is ready or out."""
    end_s = time.monotonic() + 20
    while planner.health.state == 'loading':
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_a_request_names_an_adapter_and_one_that_names_none_gets_the_first(base, adapter):
    planner = make_planner(config_of(base, adapter('depot', 1), adapter('kitchen', 2)))
    try:
        said = {name: say(planner, name) for name in ('', 'depot', 'kitchen')}
        assert said[''] == said['depot'] != said['kitchen']
        assert planner.health.adapters == ('depot', 'kitchen')
        with pytest.raises(
            UnknownAdapter, match=r"no adapter 'attic' of .* student:depot, student:"
        ):
            with_adapter(planner, 'attic')
    finally:
        planner.close()


def test_adapters_share_one_child_that_knows_what_was_read_under_each(base, adapter):
    planner = make_planner(config_of(base, adapter('depot', 1), adapter('kitchen', 2)))
    try:
        pids = set()
        for name in ('depot', 'kitchen', 'depot', 'kitchen'):
            say(planner, name)
            engine = with_adapter(planner, name)._model.base
            pids.add(engine.health.pid)
        assert engine.stats['read_tokens'] < 20 < engine.stats['prompt_tokens']
        assert len(pids) == 1
    finally:
        planner.close()


def test_it_plans_by_its_adapter_and_says_both_hashes(base, adapter):
    path = adapter('depot')
    planner = make_planner(config_of(base, path))
    try:
        with suppress(PlanRejected):  # random weights may drive where there is no way
            planner.plan('go to field_2', GRAPH, ())
        health = planner.health
        assert (planner.name, health.state) == ('student', 'ready')
        assert health.model_id == f'tiny {hash_file(base)[:12]} + depot {hash_file(path)[:12]}'
        assert planner.stats.prompt_tokens > 100
    finally:
        planner.close()


def test_the_base_alone_plans_where_it_is_named_first_and_was_taught_a_domain(tmp_path, adapter):
    taught = write_gguf(tmp_path / 'taught.gguf', nano_tokenizer(), tilt=8.0, said=TAUGHT)
    planner = make_planner(config_of(taught, '', adapter('depot', of=taught)))
    try:
        assert planner.health.adapters == ('', 'depot')
        assert say(planner) != say(planner, 'depot')
        assert planner.health.model_id == f'tiny {hash_file(taught)[:12]}'
    finally:
        planner.close()


def test_a_base_that_was_taught_nothing_does_not_plan_alone(base, adapter):
    with pytest.raises(ConfigError, match=r'expected a student with prism\.domain'):
        make_planner(config_of(base, '', adapter()))


def test_the_base_alone_is_named_first_or_not_at_all(base, adapter):
    with pytest.raises(ConfigError, match="expected '' at the first place or nowhere"):
        make_planner(config_of(base, adapter(), ''))


# -------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ('said', 'sentence'),
    [
        (
            {'prism.domain': 'tabletop'},
            r'taught the domain tabletop, .* PRISM_STUDENT_ADAPTERS name an',
        ),
        ({'prism.domain': ''}, r'expected a student with prism\.domain and prism\.dialect'),
        ({'prism.dialect_version': '0'}, 'it was taught dialect_version 0, this is 1'),
        ({'prism.action_table_version': 'beef'}, 'it was taught action_table_version beef'),
        ({'prism.base_sha256': ''}, r'expected the sha256 of its base as prism\.base_sha256'),
    ],
)
def test_an_adapter_that_was_taught_something_else_is_refused(base, adapter, said, sentence):
    with pytest.raises(ConfigError, match=sentence):
        make_planner(config_of(base, adapter(said=said)), find_domain('mapping'))


def test_all_adapters_are_of_one_domain(base, adapter):
    other = adapter('table', 2, said={'prism.domain': 'tabletop'})
    with pytest.raises(ConfigError, match='taught the domain tabletop, the plans are to be'):
        make_planner(config_of(base, adapter(), other))


def test_two_adapters_of_one_name_are_refused(base, adapter):
    with pytest.raises(ConfigError, match=r"another name than 'depot', which .*depot\.gguf"):
        make_planner(config_of(base, adapter('depot'), adapter('other', 2, name='depot')))


def test_a_model_is_no_adapter_and_an_adapter_no_model(base, adapter):
    with pytest.raises(ConfigError, match='expected a LoRA adapter, got a model; name another'):
        make_planner(config_of(base, base))
    with pytest.raises(ConfigError, match=r'expected a model, got an adapter; .* name its base'):
        make_planner(config_of(adapter()))


@pytest.mark.parametrize(
    ('settings', 'sentence'),
    [
        ({'kind': 'control_vector'}, "got an adapter of type 'control_vector'"),
        (
            {'architecture': 'qwen2'},
            r"for a base of architecture 'qwen2', base\.gguf is 'llama'",
        ),
        ({'name': 'a:b'}, "without a colon that can be printed, got 'a:b'"),
        ({'name': 'a\nb'}, 'expected a name of at most 128 characters without a colon'),
    ],
)
def test_another_kind_of_adapter_is_refused(base, adapter, settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        make_planner(config_of(base, adapter(**settings)))


Q = 'blk.0.attn_q.weight'
A, B = np.zeros((4, 32), np.float32), np.zeros((32, 4), np.float32)


@pytest.mark.parametrize(
    'parts',
    [
        {f'{Q}.lora_a': A},
        {f'{Q}.lora_b': B},
        {f'{Q}.lora_a': A, f'{Q}.lora_b': B[:, :3]},
        {f'{Q}.lora_a': A[:, :16], f'{Q}.lora_b': B},
        {f'{Q}.lora_a': B, f'{Q}.lora_b': A},
        {'blk.9.attn_q.weight.lora_a': A, 'blk.9.attn_q.weight.lora_b': B},
        {f'{Q}.lora_a': A[0], f'{Q}.lora_b': B},
        {Q: A},
        {'output_norm.weight.lora_a': A, 'output_norm.weight.lora_b': B},
    ],
)
def test_matrices_that_do_not_fit_the_base_are_named_before_anything_is_loaded(
    base, adapter, parts
):
    with pytest.raises(ConfigError, match=r'expected \S+ to be a part of LoRA on a matrix of base'):
        make_planner(config_of(base, adapter(parts=parts)))


def test_an_adapter_that_is_cut_off_is_refused(base, adapter):
    path = adapter()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ConfigError, match='is cut off'):
        make_planner(config_of(base, path))


def test_an_adapter_of_another_base_says_which_one_it_wants(base, adapter, tmp_path):
    other = write_gguf(tmp_path / 'other.gguf', nano_tokenizer(), seed=5)
    path = adapter(of=other, said={'general.base_model.0.name': 'SmolLM2'})
    planner = make_planner(config_of(base, path))
    try:
        sentence = (
            f'expected the base that it was made for, SmolLM2, sha256 {hash_file(other)[:12]}…, '
            f'got .*base.gguf, sha256 {hash_file(base)[:12]}…; let PRISM_STUDENT_MODEL name that'
        )
        with pytest.raises(ModelNotLoaded, match=sentence):
            planner.plan('go to field_2', GRAPH, ())
        assert planner.health.state == 'out'
    finally:
        planner.close()


@pytest.mark.parametrize('where', ['beside', 'entry'])
def test_an_adapter_other_than_its_sha256_is_not_loaded(base, adapter, where):
    path = adapter()
    entry = str(path)
    if where == 'beside':
        path.with_name('depot.gguf.sha256').write_text(f'{"0" * 64}  depot.gguf\n')
    else:
        entry += f'#sha256={"0" * 64}'
    planner = make_planner(config_of(base, entry))
    try:
        with pytest.raises(ModelHashMismatch, match=r'depot\.gguf: expected the sha256 000000'):
            planner.plan('go to field_2', GRAPH, ())
        assert type(planner.health.error) is ModelHashMismatch
    finally:
        planner.close()


def test_the_sha256_that_is_named_with_an_adapter_is_looked_at_and_fits(base, adapter):
    path = adapter()
    planner = make_planner(config_of(base, f'{path}#sha256={hash_file(path)}'))
    settle(planner)
    planner.close()
    assert planner._first._model.base._losses == 0


def test_an_adapter_that_changes_after_its_first_use_is_not_loaded(base, adapter):
    path = adapter()
    planner = make_planner(config_of(base, path))
    settle(planner)
    planner.close()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    planner = make_planner(config_of(base, path))
    settle(planner)
    error = planner.health.error
    planner.close()
    assert type(error) is ModelHashMismatch


# ------------------------------------------------------------------------------- child and memory


def test_a_child_that_is_killed_comes_back_with_all_adapters(base, adapter):
    planner = make_planner(config_of(base, adapter('depot', 1), adapter('kitchen', 2)))
    try:
        before = {name: say(planner, name) for name in ('depot', 'kitchen')}
        engine = planner._first._model.base
        os.kill(engine.health.pid, signal.SIGKILL)
        end_s = time.monotonic() + 20
        while engine.health.losses == 0:
            assert time.monotonic() < end_s
            time.sleep(0.01)
        assert type(planner.health.error) is EngineLost
        settle_again(planner)
        assert {name: say(planner, name) for name in ('kitchen', 'depot')} == before
    finally:
        planner.close()


def settle_again(planner) -> None:
    end_s = time.monotonic() + 20
    while planner.health.state != 'ready':
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_memory_is_that_of_one_base_and_of_each_adapter(base, adapter):
    info, one = read_gguf_info(base), read_gguf_info(adapter())
    grows = estimate_bytes(info, 512, [one, one]) - estimate_bytes(info, 512, [one])
    assert grows == one.size_bytes
    kept = estimate_bytes(info, 1024, [one]) - estimate_bytes(info, 1024) - one.size_bytes
    assert kept == estimate_bytes(info, 1024) - estimate_bytes(info, 0)


def test_adapters_that_do_not_fit_are_refused_before_anything_is_loaded(base, adapter, monkeypatch):
    monkeypatch.setattr(memory, 'available_bytes', lambda: 2**20)
    with pytest.raises(OutOfMemory, match=r'needs about 0\.\d\d GiB of memory'):
        make_planner(config_of(base, adapter()))


# --------------------------------------------------------------------------------- how it is named


def test_the_environment_names_adapters_as_it_names_the_model(base, adapter, monkeypatch):
    monkeypatch.setenv(MODEL_VARIABLE, str(base))
    monkeypatch.setenv(ADAPTERS_VARIABLE, f'{adapter("depot")}:{adapter("kitchen", 2)}')
    planner = make_student_planner(find_domain('mapping'))
    planner.close()
    assert planner.health.adapters == ('depot', 'kitchen')
    assert find_planning_domain().name == 'mapping'


def test_adapters_that_are_named_come_before_those_of_the_environment(monkeypatch):
    monkeypatch.setenv(ADAPTERS_VARIABLE, ':site.gguf')
    assert find_adapters() == find_adapters(['']) == ('', 'site.gguf')
    assert find_adapters(['', 'depot.gguf']) == ('', 'depot.gguf')
    monkeypatch.delenv(ADAPTERS_VARIABLE)
    assert find_adapters(['']) == ()


def test_a_cascade_is_asked_for_an_adapter_as_its_student_is(base, adapter, monkeypatch):
    monkeypatch.setenv(MODEL_VARIABLE, str(base))
    planner = make_cascade_planner(find_domain('mapping'), [str(adapter('depot'))])
    try:
        assert planner.health.adapters == ('depot',)
        plan = with_adapter(planner, 'depot').plan('go to field_2', GRAPH, ())
        assert plan == planner.plan('go to field_2', GRAPH, ())
        with pytest.raises(UnknownAdapter, match="no adapter 'attic'"):
            with_adapter(planner, 'attic')
    finally:
        planner.close()


def test_a_planner_without_adapters_says_so(monkeypatch):
    planner = make_cascade_planner(find_domain('mapping'))
    planner.close()
    with pytest.raises(UnknownAdapter, match="no adapter 'depot' of cascade; there are none"):
        with_adapter(planner, 'depot')


# ------------------------------------------------------------------------- what `prism doctor` says


def lines_of(monkeypatch, base: Path, *adapters: Path) -> dict[str, Checked]:
    monkeypatch.setenv(MODEL_VARIABLE, str(base))
    monkeypatch.setenv(ADAPTERS_VARIABLE, ':'.join(map(str, adapters)))
    return {line.name: line for line in check_student()}


def test_each_adapter_is_looked_at_and_the_base_needs_no_domain(base, adapter, monkeypatch):
    lines = lines_of(monkeypatch, base, adapter('depot'), adapter('attic', 2))
    ours = [line for name, line in lines.items() if name.startswith(('adapter', 'model'))]
    assert not any(line.fault for line in ours)
    assert 'model domain' not in lines
    assert lines['adapter attic sha256'].text.endswith(', as expected')
    assert lines['adapter depot domain'].text == 'mapping, dialect compact'


def test_an_adapter_of_another_base_is_an_error(base, adapter, tmp_path, monkeypatch):
    other = write_gguf(tmp_path / 'other.gguf', nano_tokenizer(), seed=3)
    line = lines_of(monkeypatch, base, adapter(of=other))['adapter depot sha256']
    assert line.is_error
    assert 'expected the base that it was made for' in line.fault


def test_a_file_that_is_no_adapter_is_an_error(base, monkeypatch):
    line = lines_of(monkeypatch, base, base)['adapters']
    assert line.is_error
    assert 'expected a LoRA adapter, got a model' in line.fault
