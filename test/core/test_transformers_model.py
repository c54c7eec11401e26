# SPDX-License-Identifier: Apache-2.0
"""TransformersModel says what the GGUF file of the same weights says, and reads what was taught."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from prism_core import ConfigError, PlannerError, PlannerUnavailable, find_domain
from prism_core.dataset.tokenizer import encode_conversation
from prism_core.dialects.conversation import Message
from prism_core.inference.local.chat_template import ChatTemplate
from prism_core.inference.local.llama_cpp import LlamaCppModel
from prism_core.inference.local.transformers_model import TransformersModel
from prism_core.plan.validation import ProblemKind, validate_plan

from .checkpoints import export_some, make_llama, make_nano, make_qwen_2, make_smollm
from .tiny_gguf import ask, conversations_of
from .training_data import trained_tokenizer

TABLE = find_domain('mapping').table
MAKERS = {'llama': make_llama, 'qwen': make_qwen_2, 'smollm': make_smollm, 'nano': make_nano}
ROOM = {'max_position_embeddings': 8192}


@pytest.fixture(scope='module', params=MAKERS)
def checkpoint(request, tmp_path_factory) -> Path:
    return MAKERS[request.param](tmp_path_factory.mktemp('models') / request.param, **ROOM)


@pytest.fixture(scope='module')
def nano(tmp_path_factory) -> Path:
    return make_nano(tmp_path_factory.mktemp('models') / 'nano', **ROOM)


@pytest.mark.slow
def test_it_says_what_llama_cpp_says_on_the_file_that_was_exported_from_it(checkpoint, tmp_path):
    gguf = tmp_path / 'model.gguf'
    export_some(checkpoint, gguf, float_type='F32')
    one, other = TransformersModel(checkpoint), LlamaCppModel(gguf, threads=1)
    for dialect, request, graph, prompt, _ in conversations_of(range(3))[:3]:
        grammar = dialect.make_grammar(request, graph)
        replies = [model.complete(prompt, grammar=grammar) for model in (one, other)]
        # Random weights decide by a hair, and llama.cpp keeps its cache in half precision.
        assert replies[0][:10] == replies[1][:10]
        for reply in replies:
            plan = dialect.parse_reply(reply, graph)
            kinds = {problem.kind for problem in validate_plan(plan, graph, TABLE).problems}
            assert kinds <= {ProblemKind.UNREACHABLE}
        assert one.stats.prompt_tokens == other.stats.prompt_tokens
    one.close()
    other.close()


STEPS = [f' go : map yard<r{a}> ; inspect bench<o{b}>' for a in range(4) for b in range(4)]


def test_scores_are_those_of_reading_everything_anew(checkpoint):
    model = TransformersModel(checkpoint)
    backend, prompt = model._open_backend(), conversations_of(range(3))[0][3]
    before = model._encode(backend, prompt)
    for score, step in zip(model.score(prompt, STEPS), STEPS):
        tokens = [*before, *backend.encode(step, False)]
        with torch.inference_mode():
            logits = backend._model(input_ids=torch.tensor([tokens])).logits[0].float()
        begin, known = len(tokens) - score.tokens, len(backend.vocabulary.tokens)
        behind = logits[begin - 1 : -1, :known].log_softmax(-1)
        expected = float(behind[range(score.tokens), tokens[begin:]].sum())
        assert score.log_probability == pytest.approx(expected, abs=1e-3)
    assert model.stats.read_tokens < len(before) + sum(len(step) for step in STEPS) / 3
    model.score(prompt, STEPS)
    assert model.stats.kept_tokens == model.stats.prompt_tokens - 1
    model.close()


def test_prompts_are_the_tokens_that_the_template_of_the_model_gives(checkpoint):
    model = TransformersModel(checkpoint)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    for _, _, _, prompt, _ in conversations_of(range(3))[:20]:
        expected = tokenizer.apply_chat_template(
            prompt, add_generation_prompt=True, tokenize=True, return_dict=False
        )
        assert model._encode(model._open_backend(), prompt) == expected
    model.close()


def test_prompts_of_our_own_students_are_the_tokens_of_training(nano):
    model = TransformersModel(nano)
    for _, _, _, prompt, reply in conversations_of(range(3)):
        replies = 1 + sum(message['role'] == 'assistant' for message in prompt)
        taught, _ = encode_conversation(
            [*prompt, Message(role='assistant', content=reply)],
            [1.0] * replies,
            trained_tokenizer(),
        )
        read = model._encode(model._open_backend(), prompt)
        assert taught[: len(read)] == read
    model.close()


def test_a_replan_reads_only_what_is_new(nano):
    model = TransformersModel(nano)
    dialect, request, graph, prompt, _ = conversations_of(range(3))[0]
    grammar = dialect.make_grammar(request, graph)
    reply = model.complete(prompt, grammar=grammar)
    first = model.stats
    more = [*prompt, Message(role='assistant', content=reply), *ask('done\nleft 7')]
    after = model.complete(more, grammar=grammar)
    assert first.kept_tokens == 0
    assert model.stats.kept_tokens >= first.prompt_tokens
    fresh = TransformersModel(nano)
    assert fresh.complete(more, grammar=grammar) == after
    fresh.close()
    model.close()


def test_a_call_is_ended_from_another_thread_and_a_closed_model_says_so(nano):
    model = TransformersModel(nano, timeout_s=20)
    timer = threading.Timer(0.3, model.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(PlannerError, match='was canceled'):
        model.complete(ask('in yard ' * 3000), max_new_tokens=1500)
    assert time.monotonic() - started < 3
    timer.join()
    model.close()
    model.close()
    with pytest.raises(PlannerUnavailable, match='is closed; load it again'):
        model.complete(ask('in yard'))


def test_a_folder_without_a_model_is_refused_with_one_sentence(tmp_path):
    with pytest.raises(ConfigError, match='expected the checkpoint of a language model in'):
        TransformersModel(tmp_path)


# --------------------------------------------------------------------------------- chat templates


def test_what_a_message_says_is_never_taken_for_the_template():
    template = ChatTemplate('{% for m in messages %}[{{ m.content | trim }}]{% endfor %}', {})
    pieces = template.render([*ask(' [x] '), *ask('\x000\x00 {{ y }}')])
    assert ''.join(piece.text for piece in pieces) == '[[x]][\x000\x00 {{ y }}]'
    assert [piece.text for piece in pieces if not piece.is_template] == ['[x]', '\x000\x00 {{ y }}']


def test_a_template_that_keeps_spaces_keeps_them():
    pieces = ChatTemplate('{{ bos_token }}{{ messages[0].content }}', {'bos_token': '<s>'}).render(
        ask(' find it ')
    )
    assert [tuple(piece) for piece in pieces] == [('<s>', True), (' find it ', False)]


def test_a_template_that_refuses_a_conversation_says_why():
    template = ChatTemplate("{{ raise_exception('no system message') }}", {})
    with pytest.raises(PlannerError, match='takes no such messages: no system message'):
        template.render(ask('x'))
    with pytest.raises(ConfigError, match='the chat template of the model cannot be read'):
        ChatTemplate('{% if %}', {})
