# SPDX-License-Identifier: Apache-2.0
"""How likely texts are: exact, the prompt read once, on time, in this process and in a child."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip('llama_cpp')

import llama_cpp

from prism_core import Message, PlannerError, PlannerTimeout, PlannerUnavailable
from prism_core.dataset.tokenizer import CONTROL_TOKENS, HANDLES
from prism_core.errors import ConfigError, PromptTooLong
from prism_core.inference.child.engine import EngineConfig, EngineModel
from prism_core.inference.local.branches import ROOT, Tree
from prism_core.inference.local.llama_cpp import LlamaCppModel
from prism_core.inference.text_model import Score, ScoringModel

from . import engine_models
from .tiny_gguf import ask, nano_tokenizer, write_gguf

WORDS = 'in yard the truck is red '
STEPS = [f'goto {HANDLES[a]} inspect {HANDLES[b]}' for a in range(6) for b in range(9)]
CLOSE = 2e-4
"""Of 16-bit keys and values, summed in another order."""


@pytest.fixture(scope='module')
def gguf(tmp_path_factory) -> Path:
    return write_gguf(tmp_path_factory.mktemp('models') / 'tiny.gguf', nano_tokenizer(), tilt=3.0)


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


@pytest.fixture(scope='module')
def judge(gguf) -> Iterator[llama_cpp.Llama]:
    """The library's own class, which says the logits behind every token."""
    llama = llama_cpp.Llama(str(gguf), n_ctx=4096, logits_all=True, verbose=False)
    yield llama
    llama.close()


def evaluate(judge: llama_cpp.Llama, tokens: list[int], begin: int) -> float:
    """The logarithm of the probability of all tokens from `begin` on, all read anew."""
    judge.reset()
    judge.eval(tokens)
    logits = judge.scores[: len(tokens)].astype(np.float64)
    behind = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return float(sum(behind[i - 1, tokens[i]] for i in range(begin, len(tokens))))


def prompt_tokens(model: LlamaCppModel, prompt: list[Message] | str) -> list[int]:
    backend = model._open_backend()
    return [] if isinstance(prompt, str) else model._encode(backend, prompt)


def check_scores(model, judge, prompt, continuations, begun: str = '') -> None:
    """Each score is what reading all of the prompt and the text anew says."""
    before = prompt_tokens(model, prompt)
    begins = prompt + begun if isinstance(prompt, str) else begun
    encode = model._open_backend().encode
    whole = [before + encode(begins + text, False) for text in continuations]
    scores = model.score(prompt, continuations, begun=begun)
    begin = {len(tokens) - score.tokens for tokens, score in zip(whole, scores)}
    assert len(begin) == 1, 'all scores are of what is behind the same tokens'
    shared = begin.pop()
    assert len({tuple(tokens[:shared]) for tokens in whole}) == 1
    for tokens, score in zip(whole, scores):
        assert score.log_probability == pytest.approx(
            evaluate(judge, tokens, shared), abs=CLOSE * len(tokens)
        )


def count_read(model: LlamaCppModel) -> list[int]:
    """Have the model note how many tokens llama.cpp decodes at each call."""
    backend, counts = model._open_backend(), []
    decode = type(backend)._decode
    backend._decode = lambda count: counts.append(count) or decode(backend, count)
    return counts


# ------------------------------------------------------------------------------------------- exact


def test_it_is_a_scoring_model(model):
    assert isinstance(model, ScoringModel)


@pytest.mark.parametrize('prompt', [ask(WORDS * 9), WORDS * 9])
@pytest.mark.parametrize('begun', ['', 'go and look : '])
def test_scores_are_those_of_reading_everything_anew(model, judge, prompt, begun):
    check_scores(model, judge, prompt, [*STEPS[:20], 'report', 'yard', STEPS[0] + ' red'], begun)


PIECES = st.sampled_from([*CONTROL_TOKENS, *HANDLES[:3], ' ', '\n', 'yard', 'in', "'s", '12', 'é'])
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=3)), min_size=1, max_size=6).map(''.join)


@settings(deadline=None, max_examples=25)
@given(
    prompt=TEXTS,
    continuations=st.lists(TEXTS.filter(bool), min_size=1, max_size=9),
    begun=st.one_of(st.just(''), TEXTS),
    is_chat=st.booleans(),
)
def test_texts_of_any_kind_are_scored_as_they_are_read(
    model, judge, prompt, continuations, begun, is_chat
):
    check_scores(model, judge, ask(prompt) if is_chat else f'a{prompt}', continuations, begun)


def test_a_token_that_reaches_over_the_seam_is_scored_with_all_texts(model, judge):
    encode = model._open_backend().encode
    word = next(w for w in (' truck', ' yard', ' is') if len(encode(w, False)) == 1)
    prompt = f'in{word[:-1]}'
    assert encode(prompt, False) != encode(f'in{word}', False)[: len(encode(prompt, False))]
    check_scores(model, judge, prompt, [word[-1], f'{word[-1]} red', 'ly'])


def test_the_scores_of_all_next_tokens_are_those_of_a_distribution():
    logits = np.log(np.random.default_rng(0).dirichlet(np.ones(50)))
    tree = Tree([[token] for token in range(50)])
    tree.take(ROOT, logits.astype(np.float32) + 7)
    assert tree.size == 0
    assert sum(np.exp(tree.sum_up([token])) for token in range(50)) == pytest.approx(1, abs=1e-5)


def test_what_was_read_before_changes_no_score(gguf, model):
    model.score(ask(WORDS * 3), STEPS)
    model.complete(ask(WORDS * 3 + 'yard'), max_new_tokens=9)
    fresh = LlamaCppModel(gguf, threads=1)
    for kept, anew in zip(model.score(ask(WORDS * 4), STEPS), fresh.score(ask(WORDS * 4), STEPS)):
        assert kept.tokens == anew.tokens
        assert kept.log_probability == pytest.approx(anew.log_probability, abs=1e-3)
    fresh.close()


def test_more_texts_than_are_held_at_once_and_a_text_longer_than_a_chunk(model, judge):
    many = [f'{a} {b} {WORDS}' for a in HANDLES[:12] for b in HANDLES[:12]]
    check_scores(model, judge, ask(WORDS), [*many, WORDS * 20])


# ------------------------------------------------------------------------------------- read once


def test_the_prompt_is_read_once_and_so_is_what_several_texts_begin_with(gguf):
    model = LlamaCppModel(gguf, threads=1)
    prompt = ask(WORDS * 60)
    counts = count_read(model)
    scores = model.score(prompt, STEPS)
    texts = [model._open_backend().encode(step, False) for step in STEPS]
    distinct = {tuple(text[:end]) for text in texts for end in range(1, len(text))}
    assert sum(counts) == model.count_tokens(prompt) + len(distinct) == model.stats.read_tokens
    assert len(distinct) < sum(score.tokens for score in scores) / 5
    del counts[:]
    model.score(prompt, STEPS)
    assert sum(counts) == 1 + len(distinct)
    model.close()


def test_a_call_after_scores_goes_on_from_the_prompt(gguf):
    model, fresh = LlamaCppModel(gguf, threads=1), LlamaCppModel(gguf, threads=1)
    model.score(ask(WORDS * 60), STEPS)
    reply = model.complete(ask(WORDS * 60), max_new_tokens=9)
    assert model.stats.read_tokens == 1
    assert reply == fresh.complete(ask(WORDS * 60), max_new_tokens=9)
    model.close()
    fresh.close()


SEQUENCES = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=12)


@given(sequences=SEQUENCES, max_leaves=st.integers(1, 5), max_tokens=st.integers(0, 9))
def test_the_parts_of_a_tree_hold_every_way_whole_and_keep_to_their_limits(
    sequences, max_leaves, max_tokens
):
    tree = Tree(sequences)
    ways = {tuple(sequence[:end]) for sequence in sequences for end in range(1, len(sequence))}
    assert tree.size == len(ways)
    seen: set[int] = set()
    leaves: list[int] = []
    for part, numbers in tree.divide(max_leaves, max_tokens):
        leaves += part
        assert len(part) <= max_leaves
        assert len(part) == 1 or len(numbers) <= max_tokens
        for number in numbers:
            branch = tree.branches[number]
            assert branch.parent == ROOT or branch.parent in numbers[: numbers.index(number)]
            assert range(max(branch.leaves[0], part.start), min(branch.leaves[1], part.stop))
        seen.update(numbers)
    assert leaves == list(range(len(tree.leaves)))
    assert seen == set(range(1, len(tree.branches)))


# ------------------------------------------------------------------------------- refused, on time


@pytest.mark.parametrize('texts', [[], ['yard', '']])
def test_texts_that_are_none_are_refused(model, texts):
    with pytest.raises(PlannerError, match='expected texts to score that are not empty'):
        model.score(ask(WORDS), texts)


def test_a_prompt_that_leaves_no_room_for_the_longest_text_is_refused(gguf):
    model = LlamaCppModel(gguf, threads=1, context_tokens=256)
    with pytest.raises(PromptTooLong, match=r'a context of 256 less \d+ for the reply'):
        model.score(ask(WORDS), ['yard', WORDS * 60])
    model.score(ask(WORDS), STEPS)
    model.close()


def test_texts_that_do_not_fit_beside_each_other_are_read_one_after_the_other(gguf, judge):
    model = LlamaCppModel(gguf, threads=1, context_tokens=256)
    assert model.count_tokens(ask(WORDS * 15)) > 150
    check_scores(model, judge, ask(WORDS * 15), [f'{h} {WORDS * 5}' for h in HANDLES[:9]])
    model.close()


def test_a_deadline_ends_the_reading_of_texts_and_leaves_the_prompt(slow_model):
    slow_model.score(ask(WORDS), ['yard'])
    many = [f'{handle} {WORDS * 9}' for handle in HANDLES]
    started = time.monotonic()
    with pytest.raises(PlannerTimeout, match='within the time given'):
        slow_model.score(ask(WORDS), many, timeout_s=0.2)
    assert time.monotonic() - started < 2
    slow_model.score(ask(WORDS), ['yard'])
    assert slow_model.stats.kept_tokens == slow_model.stats.prompt_tokens - 1


def test_a_cancel_ends_the_reading_of_texts(slow_model):
    many = [f'{handle} {WORDS * 9}' for handle in HANDLES]
    timer = threading.Timer(0.2, slow_model.cancel)
    timer.start()
    with pytest.raises(PlannerError, match='was canceled'):
        slow_model.score(ask(WORDS), many)
    timer.join()
    slow_model.score(ask(WORDS), ['yard'])


def test_a_model_without_a_chat_template_scores_plain_texts_only(gguf, monkeypatch):
    monkeypatch.setattr('prism_core.inference.local.llama_cpp._TEMPLATE_KEY', 'no.template')
    with pytest.raises(ConfigError, match='expected a model with a chat template'):
        LlamaCppModel(gguf, threads=1)
    model = LlamaCppModel(gguf, threads=1, plain=True)
    assert model.score('in the yard', [' is', ' red'])
    with pytest.raises(PlannerError, match='has no chat template, expected a plain text'):
        model.score(ask(WORDS), ['yard'])
    with pytest.raises(PlannerError, match='has no chat template, expected a plain text'):
        model.complete(ask(WORDS))
    model.close()


# ------------------------------------------------------------------------------------ in the child


@pytest.fixture
def make(monkeypatch) -> Iterator:
    monkeypatch.setenv('PYTHONPATH', engine_models.FOLDER)
    monkeypatch.syspath_prepend(engine_models.FOLDER)
    engines: list[EngineModel] = []

    def make(factory: str, **settings) -> EngineModel:
        engine = EngineModel(EngineConfig(factory, settings, grace_s=0.3, first_pause_s=0.05))
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.close()


def test_scores_of_a_child_are_those_of_the_model(make, gguf, model):
    engine = make('prism_core.inference.local.llama_cpp:LlamaCppModel', path=str(gguf), threads=1)
    assert isinstance(engine, ScoringModel)
    for prompt in (ask(WORDS), WORDS):
        there, here = (m.score(prompt, STEPS, begun='go ') for m in (engine, model))
        assert [score.tokens for score in there] == [score.tokens for score in here]
        for one, other in zip(there, here):
            assert one.log_probability == pytest.approx(other.log_probability, abs=1e-3)
    assert engine.complete(ask(WORDS), max_new_tokens=5) == model.complete(
        ask(WORDS), max_new_tokens=5
    )


def test_a_prompt_goes_to_the_child_as_it_is(make):
    engine = make(f'{engine_models.HERE}:Echo')
    assert engine.score('abc', ['x', 'yy'], begun='d') == [Score(-4.0, 1), Score(-4.0, 2)]
    assert engine.score(ask('ab'), ['x']) == [Score(-2.0, 1)]


def test_the_deadline_and_a_cancel_reach_a_child_that_scores(make):
    engine = make(f'{engine_models.HERE}:Echo', slow_s=30.0)
    engine.start()
    with pytest.raises(PlannerTimeout):
        engine.score('abc', ['x'], timeout_s=0.5)
    threading.Timer(0.2, engine.cancel).start()
    with pytest.raises(PlannerError, match='canceled'):
        engine.score('abc', ['x'])
    assert engine.health.losses == 0


def test_a_child_whose_model_cannot_score_says_so_and_lives_on(make):
    engine = make(f'{engine_models.HERE}:Deaf')
    with pytest.raises(PlannerError, match='the model deaf says no likelihoods'):
        engine.score('abc', ['x'])
    assert (engine.health.state, engine.health.losses) == ('ready', 0)


def test_a_closed_model_scores_nothing(gguf):
    model = LlamaCppModel(gguf, threads=1)
    model.close()
    with pytest.raises(PlannerUnavailable, match='is closed'):
        model.score('abc', ['x'])
