# SPDX-License-Identifier: Apache-2.0
"""The student planner: a GGUF file that says what it reads and writes, run in an engine child."""

from __future__ import annotations

import threading
import time

import pytest

from prism_core import (
    Action,
    ConfigError,
    ModelHashMismatch,
    OutOfMemory,
    PlannerError,
    PlanRejected,
    parse_scene_graph,
)
from prism_core.bench.held_replies import make_map
from prism_core.domain import find_domain
from prism_core.domains.mapping import GRAPHS, MAPPING_ACTIONS
from prism_core.files import hash_file
from prism_core.gguf_info import read_gguf_info
from prism_core.inference import student
from prism_core.inference.child import memory
from prism_core.inference.child.engine import EngineConfig, EngineModel
from prism_core.inference.student import (
    MODEL_VARIABLE,
    StudentConfig,
    estimate_bytes,
    make_planner,
    make_student_planner,
)
from prism_core.plan.validation import validate_plan

from .tiny_gguf import TAUGHT, nano_tokenizer, write_gguf

GRAPH = parse_scene_graph((GRAPHS / 'depot.json').read_text())


@pytest.fixture
def write(tmp_path):
    """A student of random weights that says of itself what it is told to."""

    def write_student(**said: str):
        facts = TAUGHT | {f'prism.{key}': value for key, value in said.items()}
        kept = {key: value for key, value in facts.items() if value}
        return write_gguf(tmp_path / 'student.gguf', nano_tokenizer(), said=kept)

    return write_student


def test_a_student_plans_in_its_own_process_with_known_names_only(write):
    rejected = []
    planner = make_planner(StudentConfig(str(write()), threads=1))
    planner._on_rejected = rejected.append
    try:
        plan = planner.plan('go to field_2', GRAPH, ())
    except PlanRejected:  # random weights may drive where there is no way
        plan = None
    try:
        assert all('cannot be reached' in one.reason for one in rejected)
        assert plan is None or validate_plan(plan, GRAPH, MAPPING_ACTIONS).is_valid
        health = planner._model.health
        assert (planner.name, health.state, health.losses) == ('student', 'ready', 0)
        assert planner._model.stats['prompt_tokens'] > 100
    finally:
        planner.close()


def test_the_environment_names_the_file(write, monkeypatch):
    path = write(name='x')
    monkeypatch.setenv(MODEL_VARIABLE, str(path))
    planner = make_student_planner()
    planner.close()
    assert planner._model._config.settings['path'] == str(path)


def test_without_a_file_it_says_how_to_name_one(monkeypatch, tmp_path):
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)
    monkeypatch.setattr(student, 'MODELS', tmp_path)
    with pytest.raises(ConfigError, match='no student of the domain mapping is bundled'):
        make_student_planner()


def test_the_bundled_student_is_taken_where_no_other_is_named(monkeypatch, write):
    path = write()
    folder = path.parent / 'mapping'
    folder.mkdir()
    path.rename(folder / path.name)
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)
    monkeypatch.setattr(student, 'MODELS', path.parent)
    planner = make_student_planner()
    planner.close()
    assert planner.name == 'student'


@pytest.mark.parametrize(
    ('said', 'sentence'),
    [
        ({'dialect': ''}, r'expected a student with prism\.domain and prism\.dialect'),
        ({'domain': 'laundry'}, "unknown domain 'laundry'"),
        ({'domain': 'os:abort'}, "unknown domain 'os:abort': .* has to be installed"),
        (
            {'dialect': 'klingon'},
            "dialect: expected one of compact, spine, spine_brief, got 'klingon'",
        ),
        ({'dialect_version': '0'}, r'it was taught dialect_version 0, this is 1'),
        ({'action_table_version': 'beef'}, r'it was taught action_table_version beef, this is'),
    ],
)
def test_a_file_that_this_version_cannot_run_is_refused(write, said, sentence):
    with pytest.raises(ConfigError, match=sentence):
        make_planner(StudentConfig(str(write(**said))))


def test_a_file_other_than_its_sha256_is_not_loaded(write):
    path = write()
    path.with_name('student.gguf.sha256').write_text(f'{"0" * 64}  student.gguf\n')
    planner = make_planner(StudentConfig(str(path)))
    try:
        with pytest.raises(ModelHashMismatch, match='expected the sha256 000000000000'):
            planner.plan('go to field_2', GRAPH, ())
        assert (planner.health.state, type(planner.health.error)) == ('out', ModelHashMismatch)
    finally:
        planner.close()


def test_a_file_that_changes_after_its_first_use_is_not_loaded(write):
    path = write()
    planner = make_planner(StudentConfig(str(path)))
    settle(planner)
    assert planner.health.model_id == f'tiny {hash_file(path)[:12]}'
    planner.close()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    planner = make_planner(StudentConfig(str(path)))
    settle(planner)
    planner.close()
    assert type(planner._model.health.error) is ModelHashMismatch


def settle(planner) -> None:
    """Wait until the model is ready or out."""
    end_s = time.monotonic() + 10
    while planner.health.state == 'loading':
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_a_student_that_does_not_fit_is_refused_before_it_is_loaded(write, monkeypatch):
    monkeypatch.setattr(memory, 'available_bytes', lambda: 2**20)
    with pytest.raises(OutOfMemory, match=r'needs about 0\.\d\d GiB of memory'):
        make_planner(StudentConfig(str(write())))


def test_memory_grows_with_the_context_by_keys_and_values_of_each_layer(write):
    info = read_gguf_info(write())
    width, layers = info.values['llama.embedding_length'], info.values['llama.block_count']
    per_token = estimate_bytes(info, 1001) - estimate_bytes(info, 1000)
    assert per_token == 2 * layers * width * 2


def test_a_student_is_loaded_in_the_background(write):
    started_s = time.monotonic()
    planner = make_planner(StudentConfig(str(write())))
    assert planner._model.health.state == 'starting'
    planner.close()
    assert time.monotonic() - started_s < 5


def test_a_cancel_stops_llama_cpp_in_mid_reply_and_what_it_has_read_is_kept(write):
    settings = {'path': str(write()), 'threads': 1}
    engine = EngineModel(
        EngineConfig('prism_core.inference.local.llama_cpp:LlamaCppModel', settings)
    )
    prompt = [{'role': 'user', 'content': 'map\n' + 'hall<r1> ' * 200}]
    try:
        engine.complete(prompt, max_new_tokens=1)
        pid, read = engine.health.pid, engine.stats['prompt_tokens']
        threading.Timer(0.1, engine.cancel).start()
        with pytest.raises(PlannerError, match='canceled'):
            talk_on(engine, prompt)
        engine.complete(prompt, max_new_tokens=1)
        assert engine.stats['kept_tokens'] == read - 1
        assert (engine.health.pid, engine.health.losses) == (pid, 0)
    finally:
        engine.close()


def talk_on(engine: EngineModel, prompt: list) -> None:
    """Ask for long replies until one is stopped: random weights may end them early."""
    while True:
        engine.complete(prompt, max_new_tokens=3000)


def test_on_a_large_graph_the_bundled_student_plans_to_what_is_near_far_and_named(monkeypatch):
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)
    graph = make_map(find_domain('mapping'), 2400)
    objects = list(graph.objects)
    planner = make_student_planner()
    try:
        for name in (objects[2], objects[301], objects[-1]):
            plan = planner.plan(f'where is {name}?', graph, ())
            where = graph.viewpoints[name][0]
            assert plan.actions == (Action('answer', (f'{name} is in {where}.',)),)
            assert validate_plan(plan, graph, MAPPING_ACTIONS).is_valid
            assert plan.notes[0].startswith('planned on 96 of 2400 nodes')
    finally:
        planner.close()
