# SPDX-License-Identifier: Apache-2.0
"""LlamaCppModel on small GGUF models of random weights: what it reads, keeps, says and refuses."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import (
    ConfigError,
    Message,
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    TextModel,
    find_domain,
)
from prism_core.dataset.tokenizer import CONTROL_TOKENS, HANDLES, encode_conversation
from prism_core.errors import PlanRejected, PromptTooLong
from prism_core.gguf_info import read_gguf_info
from prism_core.inference.lm_planner import LMPlanner
from prism_core.inference.local.llama_cpp import LlamaCppModel
from prism_core.inference.local.local_model import LocalModel
from prism_core.inference.text_model import JsonSchema
from prism_core.plan.validation import ProblemKind, validate_plan
from prism_core.testing import check_planner

from .mapping_worlds import episodes_of, states_of, taught
from .tiny_gguf import ask, conversations_of, nano_tokenizer, write_gguf

TABLE = find_domain('mapping').table
WORDS = 'in yard the truck is red '


@pytest.fixture(scope='module')
def gguf(tmp_path_factory) -> Path:
    return write_gguf(tmp_path_factory.mktemp('models') / 'tiny.gguf', nano_tokenizer())


@pytest.fixture(scope='module')
def model(gguf) -> Iterator[LlamaCppModel]:
    model = LlamaCppModel(gguf, threads=1)
    yield model
    model.close()


@pytest.fixture(scope='module')
def slow_model(tmp_path_factory) -> Iterator[LlamaCppModel]:
    """Reads a chunk in about a tenth of a second."""
    path = tmp_path_factory.mktemp('models') / 'slow.gguf'
    write_gguf(path, nano_tokenizer(), layers=6, width=512, context=16384)
    model = LlamaCppModel(path, threads=1)
    yield model
    model.close()


def encode(model: LocalModel, messages: list[Message]) -> list[int]:
    return model._encode(model._open_backend(), messages)


def check_tokens(model: LocalModel, prompt: list[Message], reply: str) -> None:
    """The prompt and the reply are the tokens that training made of them."""
    replies = 1 + sum(message['role'] == 'assistant' for message in prompt)
    conversation = [*prompt, Message(role='assistant', content=reply)]
    taught, _ = encode_conversation(conversation, [1.0] * replies, nano_tokenizer())
    read = encode(model, prompt)
    assert [*read, *model._open_backend().encode(reply, False)] == taught[:-1]


def check_plans(model: LlamaCppModel, cases, temperature: float) -> None:
    """Each plan can be read and names what is known; also where the model knows nothing."""
    model.temperature = temperature
    try:
        for seed, (dialect, request, graph, prompt, _) in enumerate(cases):
            grammar = dialect.make_grammar(request, graph)
            reply = model.complete(prompt, grammar=grammar, seed=seed)
            plan = dialect.parse_reply(reply, graph)
            kinds = {problem.kind for problem in validate_plan(plan, graph, TABLE).problems}
            assert kinds <= {ProblemKind.UNREACHABLE}, reply
    finally:
        model.temperature = 0.0


# ----------------------------------------------------------------------------------------- tokens


def test_prompts_and_replies_are_the_tokens_of_training(model):
    for _, _, _, prompt, reply in conversations_of(range(3)):
        check_tokens(model, prompt, reply)


@pytest.mark.long
def test_thousands_of_prompts_and_replies_are_the_tokens_of_training(model):
    for _, _, _, prompt, reply in conversations_of(range(100, 160)):
        check_tokens(model, prompt, reply)


PIECES = st.sampled_from([*CONTROL_TOKENS, *HANDLES[:3], '<|', ' ', '\n', 'yard', "'s", '12', 'é'])
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=12).map(''.join)


@given(content=TEXTS, reply=TEXTS)
def test_texts_of_any_kind_are_the_tokens_of_training_and_hold_no_control_token(
    model, content, reply
):
    prompt = [Message(role='system', content=reply), *ask(content)]
    control = {nano_tokenizer().token_to_id(token) for token in CONTROL_TOKENS}
    check_tokens(model, prompt, reply)
    assert sum(token in control for token in encode(model, prompt)) == len(CONTROL_TOKENS) - 2


# ------------------------------------------------------------------------------------------ plans


def test_it_is_a_text_model(model):
    assert isinstance(model, TextModel)
    assert model.name == 'tiny'


@pytest.mark.parametrize('temperature', [0.0, 1.0])
def test_a_model_that_knows_nothing_says_plans_that_name_known_nodes_only(model, temperature):
    check_plans(model, conversations_of(range(3))[:60], temperature)


@pytest.mark.slow
@pytest.mark.parametrize('temperature', [0.0, 1.0])
@pytest.mark.parametrize('name', [pytest.param('compact', marks=pytest.mark.long), 'spine'])
def test_hundreds_of_plans_of_a_model_that_knows_nothing_name_known_nodes_only(
    tmp_path, name, temperature
):
    path = write_gguf(tmp_path / 'tiny.gguf', nano_tokenizer(name), context=32768)
    model = LlamaCppModel(path, threads=1)
    cases = conversations_of(range(100, 112), name)
    assert len(cases) > 500
    check_plans(model, cases, temperature)
    model.close()


def test_without_a_grammar_a_reply_ends_where_it_is_cut(model):
    model.complete(ask(WORDS), max_new_tokens=5)
    assert model.stats.new_tokens <= 5


def test_a_json_schema_holds_a_reply(model):
    schema = {'type': 'object', 'properties': {'go': {'enum': ['yard']}}, 'required': ['go']}
    grammar = JsonSchema('go', {**schema, 'additionalProperties': False})
    reply = model.complete(ask(WORDS), grammar=grammar, max_new_tokens=2000)
    assert ''.join(reply.split()) == '{"go":"yard"}'


def test_a_seed_gives_the_same_reply_again_and_another_seed_another_one(model):
    model.temperature = 1.0
    replies = [model.complete(ask(WORDS), max_new_tokens=20, seed=seed) for seed in (1, 2, 3)]
    model.complete(ask('something else'), max_new_tokens=20)
    again = [model.complete(ask(WORDS), max_new_tokens=20, seed=seed) for seed in (1, 2, 3)]
    model.temperature = 0.0
    assert again == replies
    assert len(set(replies)) == 3


def test_the_pieces_that_are_told_as_they_come_are_the_reply(model):
    dialect, request, graph, prompt, _ = conversations_of(range(3))[0]
    pieces: list[str] = []
    written: list[int] = []

    def note(piece: str) -> None:
        pieces.append(piece)
        written.append(model.written_tokens)

    reply = model.complete(prompt, grammar=dialect.make_grammar(request, graph), on_text=note)
    assert ''.join(pieces) == reply
    assert len(pieces) > 3
    assert written == sorted(written)
    assert 0 < written[0] < written[-1] == model.stats.new_tokens


# --------------------------------------------------------------------------------- what stays read


def test_a_replan_reads_only_what_is_new(model):
    for dialect, request, graph, prompt, _ in conversations_of(range(3))[:20]:
        grammar = dialect.make_grammar(request, graph)
        reply = model.complete(prompt, grammar=grammar, max_new_tokens=24)
        first = model.stats
        more = [*prompt, Message(role='assistant', content=reply), *ask('done\nnow yard ; left 7')]
        model.complete(more, grammar=grammar)
        second = model.stats
        assert second.kept_tokens >= first.prompt_tokens
        assert second.read_tokens == second.prompt_tokens - second.kept_tokens
        assert 4 * second.read_tokens < first.prompt_tokens


def test_another_mission_on_the_same_map_reads_the_map_no_second_time(model):
    request = conversations_of(range(3))[0][1]
    prompt = conversations_of(range(3))[0][3]
    other = prompt[0]['content'].replace(request, 'Is there a bench?')
    model.complete(prompt, max_new_tokens=3)
    model.complete([Message(role='user', content=other)], max_new_tokens=3)
    graph_part = other[: other.index('task ')]
    assert model.stats.kept_tokens >= len(encode(model, ask(graph_part))) - 3


def test_the_same_prompt_again_reads_one_token(model):
    for _ in range(2):
        model.complete(ask(WORDS * 20), max_new_tokens=3)
    assert model.stats.read_tokens == 1


def test_what_was_kept_changes_no_reply(gguf, model):
    for dialect, request, graph, prompt, _ in conversations_of(range(3))[:10]:
        grammar = dialect.make_grammar(request, graph)
        fresh = LlamaCppModel(gguf, threads=1)
        assert model.complete(prompt, grammar=grammar) == fresh.complete(prompt, grammar=grammar)
        fresh.close()


def test_forced_tokens_cost_no_call_of_their_own(model):
    dialect, request, graph, prompt, _ = conversations_of(range(3))[0]
    backend, chunks = model._open_backend(), []
    read = backend.read
    backend.read = lambda tokens: chunks.append(len(tokens)) or read(tokens)
    try:
        model.complete(prompt, grammar=dialect.make_grammar(request, graph))
    finally:
        del backend.read
    assert model.stats.forced_tokens > 0
    assert len(chunks) <= 1 + model.stats.new_tokens - model.stats.forced_tokens


# --------------------------------------------------------------------------------- deadline, cancel


def test_a_deadline_ends_the_reading_of_a_prompt_within_a_chunk(slow_model):
    started = time.monotonic()
    slow_model.complete(ask(WORDS * 30), max_new_tokens=1)
    chunk_s = time.monotonic() - started
    started = time.monotonic()
    with pytest.raises(PlannerTimeout, match='no reply of the model slow within the time'):
        slow_model.complete(ask('x ' + WORDS * 1200), max_new_tokens=1, timeout_s=0.3)
    assert time.monotonic() - started < 0.3 + 5 * chunk_s + 0.5
    slow_model.complete(ask('x ' + WORDS * 30), max_new_tokens=1)
    assert slow_model.stats.kept_tokens > 100, 'what was read before the deadline is kept'


@pytest.mark.parametrize('end', ['cancel', 'close'])
def test_a_call_is_ended_from_another_thread_while_it_reads(tmp_path, end):
    path = write_gguf(tmp_path / 'slow.gguf', nano_tokenizer(), layers=4, width=512, context=16384)
    model = LlamaCppModel(path, threads=1)
    timer = threading.Timer(0.3, getattr(model, end))
    started = time.monotonic()
    timer.start()
    with pytest.raises(PlannerError, match='was canceled'):
        model.complete(ask(WORDS * 1200), max_new_tokens=1)
    assert time.monotonic() - started < 2
    timer.join()
    if end == 'cancel':
        model.complete(ask(WORDS), max_new_tokens=1)
    model.close()
    model.close()
    with pytest.raises(PlannerUnavailable, match='is closed; load it again'):
        model.complete(ask(WORDS))


def test_a_cancel_before_a_call_is_none(model):
    model.cancel()
    model.complete(ask(WORDS), max_new_tokens=1)


def test_calls_of_several_threads_wait_for_each_other_and_for_no_longer_than_their_deadline(model):
    questions = [ask(f'{WORDS}{number}') for number in range(6)]
    expected = [model.complete(question, max_new_tokens=10) for question in questions]
    replies: dict[int, str] = {}

    def work(number: int) -> None:
        replies[number] = model.complete(questions[number], max_new_tokens=10)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [replies[number] for number in range(6)] == expected
    with model._lock, pytest.raises(PlannerTimeout, match=r'was busy for 0\.05 s'):
        model.complete(ask(WORDS), timeout_s=0.05)


# --------------------------------------------------------------------------------- as a planner


def test_a_planner_on_the_model_keeps_the_promises_of_the_protocol(gguf):
    cases = conversations_of(range(3))[:40:4]
    planner = LMPlanner(
        LlamaCppModel(gguf, threads=1),
        find_domain('mapping').make_dialect('compact'),
        TABLE,
        held_to='known',
    )
    check_planner(planner, [(request, graph, ()) for _, request, graph, _, _ in cases])


def test_a_mission_that_outgrows_the_context_goes_on_from_the_graph_of_a_later_turn(gguf):
    run = max(map(taught, episodes_of(range(6))), key=lambda run: len(run.turns))
    assert len(run.turns) > 10
    dialect, request = find_domain('mapping').make_dialect('compact'), run.task.request
    states = list(states_of(run))
    whole = LlamaCppModel(gguf, threads=1)
    lengths = [
        whole.count_tokens(dialect.render_prompt(request, graph, history))
        for graph, history, _ in states
    ]
    room = 60
    model = LlamaCppModel(gguf, threads=1, context_tokens=lengths[-2] - 1 + room)
    planner = LMPlanner(model, dialect, TABLE, held_to='known', max_new_tokens=room, tries=1)
    read = []
    for graph, history, _ in states:
        with suppress(PlanRejected):
            planner.plan(request, graph, history)
        read.append(model.stats)
    assert [stats.prompt_tokens for stats in read[:-2]] == lengths[:-2]
    assert all(stats.prompt_tokens < lengths[-2] for stats in read[-2:])
    assert read[-1].kept_tokens > read[-2].prompt_tokens - 10, 'the later start is kept to'
    planner.close()
    whole.close()


def test_a_graph_that_alone_outgrows_the_context_is_an_error_with_the_numbers(gguf):
    _, request, graph, _, _ = conversations_of(range(3))[0]
    model = LlamaCppModel(gguf, threads=1, context_tokens=256)
    dialect = find_domain('mapping').make_dialect('compact')
    planner = LMPlanner(model, dialect, TABLE, held_to='known', max_new_tokens=140)
    with pytest.raises(PromptTooLong, match='take a model with a longer context') as caught:
        planner.plan(request, graph, ())
    assert 'at most 116 tokens' in str(caught.value.__cause__)
    planner.close()


# ------------------------------------------------------------------------------------------ limits


def test_a_prompt_that_does_not_fit_is_refused_with_the_numbers_before_anything_is_read(gguf):
    model = LlamaCppModel(gguf, threads=1, context_tokens=512)
    model.complete(ask(WORDS), max_new_tokens=3)
    number = len(encode(model, ask(WORDS * 80)))
    with pytest.raises(PromptTooLong, match=rf'at most 412 tokens \(a context of 512 .* {number};'):
        model.complete(ask(WORDS * 80), max_new_tokens=100)
    model.complete(ask(WORDS), max_new_tokens=3)
    assert model.stats.read_tokens == 1
    model.close()


@pytest.mark.parametrize(
    ('content', 'sentence'),
    [
        (None, 'cannot read .*model.gguf: No such file'),
        (b'weights', "model.gguf: expected a GGUF file, got b'weig'"),
        (b'GGUF' + bytes(60), 'model.gguf: expected version 2 or 3 of GGUF, got 0'),
        (b'GGUF\3' + bytes(60), 'expected a GGUF model that llama.cpp can load, got .*model.gguf'),
    ],
)
def test_a_file_that_is_no_model_is_refused_with_one_sentence(tmp_path, content, sentence):
    path = tmp_path / 'model.gguf'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        LlamaCppModel(path)


def test_a_model_that_was_cut_short_is_refused(gguf, tmp_path):
    path = tmp_path / 'half.gguf'
    path.write_bytes(gguf.read_bytes()[: gguf.stat().st_size // 2])
    with pytest.raises(ConfigError, match=r'half.gguf is cut off: expected at least \d+ bytes'):
        LlamaCppModel(path)


X86, X86_WITH_AMX, ARM = 'CPU : AVX2 = 1 |', 'CPU : AVX2 = 1 | AMX_INT8 = 1 |', 'CPU : NEON = 1 |'


@pytest.mark.parametrize(
    ('machine', 'features', 'types', 'repacked'),
    [
        ('x86_64', X86, 'Q4_K Q6_K F32', False),
        ('x86_64', X86, 'Q8_0 F32', False),
        ('x86_64', X86, 'Q4_0 Q6_K F32', True),
        ('x86_64', X86_WITH_AMX, 'Q8_0 F32', False),
        ('x86_64', X86_WITH_AMX, 'Q4_0 Q6_K F32', False),
        ('aarch64', ARM, 'Q4_K Q6_K F32', True),
    ],
)
def test_weights_are_repacked_where_that_reads_faster_and_is_safe(
    gguf, monkeypatch, machine, features, types, repacked
):
    asked = []

    def load(path, params):
        asked.append(params.use_extra_bufts)

    info = read_gguf_info(gguf)
    tensors = tuple(replace(info.tensors[0], type=kind) for kind in types.split())
    monkeypatch.setattr(
        'prism_core.inference.local.llama_cpp.read_gguf_info',
        lambda path, verify: replace(info, tensors=tensors),
    )
    monkeypatch.setattr('platform.machine', lambda: machine)
    monkeypatch.setattr('llama_cpp.llama_print_system_info', lambda: features.encode())
    monkeypatch.setattr('llama_cpp.llama_model_load_from_file', load)
    with pytest.raises(ConfigError, match='expected a GGUF model'):
        LlamaCppModel(gguf)
    assert asked == [repacked]


def test_what_the_file_says_of_itself_can_be_read(model):
    assert model.metadata['general.architecture'] == 'llama'
    assert model.metadata['general.name'] == 'tiny'
