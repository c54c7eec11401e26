# SPDX-License-Identifier: Apache-2.0
"""How likely texts are, by an endpoint over real HTTP: right, paid for, refused in a sentence."""

from __future__ import annotations

import threading

import pytest

from prism_core import PlannerError, PlannerTimeout
from prism_core.errors import TeacherAuth, TeacherUnavailable
from prism_core.inference.endpoint.reply_cache import ReplyCache
from prism_core.inference.endpoint.scoring_api import ScoringApi
from prism_core.inference.text_model import Score, ScoringModel

from .teacher_server import (
    CANARY,
    ECHO_FAULTS,
    KEY_VARIABLE,
    TeacherServer,
    at_index,
    log_probability,
    split_tokens,
)

PROMPT = 'Human: bring me a can.\nrobot: 1.'
TEXTS = [' find a can.\n', ' find a sponge.\n', ' done.\n']


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)


def expected(prompt: str, text: str) -> Score:
    """What the model of the server says of a text behind a prompt with which its tokens end."""
    tokens, before, total = split_tokens(text), prompt, 0.0
    for token in tokens:
        total += log_probability(before, token)
        before += token
    return Score(pytest.approx(total), len(tokens))


def test_scores_are_those_of_the_endpoint():
    with TeacherServer() as server:
        model = ScoringApi(server.config())
        assert isinstance(model, ScoringModel)
        assert model.score(PROMPT, TEXTS) == [expected(PROMPT, text) for text in TEXTS]
        begun = ' find'
        scores = model.score(PROMPT, [' a can', ' a sponge'], begun=begun)
        assert scores == [expected(PROMPT + begun, text) for text in (' a can', ' a sponge')]
        assert len(server.asks) == 2 + 3 + 2, 'the endpoint is probed once'
        model.close()


def test_a_token_that_reaches_over_the_seam_is_scored_with_all_texts():
    with TeacherServer() as server:
        model = ScoringApi(server.config())
        scores = model.score('robot: 1. fi', ['nd a can', ' a'])
        assert scores[0] == expected('robot: 1.', ' find a can')
        assert scores[1] == expected('robot: 1.', ' fi a')
        model.close()


@pytest.mark.parametrize('fault', ECHO_FAULTS)
def test_an_endpoint_that_cannot_score_says_so_in_a_sentence(fault):
    with TeacherServer(echo_fault=fault) as server:
        model = ScoringApi(server.config())
        with pytest.raises(
            TeacherUnavailable,
            match=r'^http://.*/v1 does not say how likely a text is \(.*\); take an endpoint whose '
            r'/v1/completions has echo and logprobs, such as vLLM, or run the model here',
        ) as caught:
            model.score(PROMPT, TEXTS)
        assert CANARY not in str(caught.value)
        assert len(server.asks) <= 2
        model.close()


def test_conversations_are_scored_by_no_endpoint():
    with TeacherServer() as server:
        model = ScoringApi(server.config())
        with pytest.raises(TeacherUnavailable, match='endpoints score plain texts only'):
            model.score([{'role': 'user', 'content': PROMPT}], TEXTS)
        model.close()


@pytest.mark.parametrize('texts', [[], [' find', '']])
def test_texts_that_are_none_are_refused(texts):
    with TeacherServer() as server:
        model = ScoringApi(server.config())
        with pytest.raises(PlannerError, match='expected texts to score that are not empty'):
            model.score(PROMPT, texts)
        with pytest.raises(PlannerError, match='expected a prompt of at least one token'):
            model.score('', [' find', 'done'])
        model.close()


def test_what_passes_is_tried_again_and_a_refused_key_is_not():
    with TeacherServer(fault=at_index({0: '429', 3: '500', 5: 'cut'})) as server:
        model = ScoringApi(server.config())
        assert model.score(PROMPT, TEXTS) == [expected(PROMPT, text) for text in TEXTS]
        assert len(server.asks) == 2 + 3 + 3
        model.close()


def test_a_refused_key_is_named(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, 'sk-other')
    with TeacherServer() as server:
        model = ScoringApi(server.config())
        with pytest.raises(TeacherAuth, match=KEY_VARIABLE):
            model.score(PROMPT, TEXTS)
        model.close()


def test_scores_are_paid_for_within_the_cap_and_kept(tmp_path):
    with TeacherServer() as server:
        cache = ReplyCache(tmp_path / 'replies.sqlite')
        model = ScoringApi(server.config(), cache=cache)
        scores = model.score(PROMPT, TEXTS)
        assert (model.spending.tokens, model.spending.calls) == (server.tokens, 5)
        assert model.score(PROMPT, [*TEXTS, ' stop.\n']) == [*scores, expected(PROMPT, ' stop.\n')]
        assert len(server.asks) == 6
        model.close()
        capped = ScoringApi(server.config(max_tokens=10))
        with pytest.raises(TeacherUnavailable, match='the cap of 10 tokens is reached'):
            capped.score(PROMPT, TEXTS)
        capped.close()
        cache.close()


def test_the_deadline_and_a_cancel_end_all_requests():
    with TeacherServer(fault=lambda ask: 'stall') as server:
        model = ScoringApi(server.config())
        with pytest.raises(PlannerTimeout):
            model.score(PROMPT, TEXTS, timeout_s=0.3)
        threading.Timer(0.3, model.cancel).start()
        with pytest.raises(PlannerError, match='canceled'):
            model.score(PROMPT, TEXTS)
        model.close()
