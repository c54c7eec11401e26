# SPDX-License-Identifier: Apache-2.0
"""Vectors of texts, by an endpoint over real HTTP, and what is near by them."""

from __future__ import annotations

import pytest

from prism_core import PlannerError
from prism_core.domain.examples import PlanExample
from prism_core.errors import TeacherUnavailable
from prism_core.inference.endpoint.embedding_api import EmbeddingApi
from prism_core.inference.endpoint.reply_cache import ReplyCache
from prism_core.inference.llm_planner import EmbeddedBank

from .teacher_server import CANARY, KEY_VARIABLE, TeacherServer, at_index, embed

TEXTS = [f'put number {number} on shelf {number % 7}' for number in range(300)]
EXAMPLES = [PlanExample(text, ('done',)) for text in TEXTS[:30]]


@pytest.fixture(autouse=True)
def key_in_the_environment(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)


def test_each_text_has_its_vector_however_many_there_are():
    with TeacherServer() as server:
        model = EmbeddingApi(server.config())
        assert model.embed(TEXTS) == [embed(text) for text in TEXTS]
        assert [len(ask.body['input']) for ask in server.asks] == [128, 128, 44]
        assert model.spending.prompt_tokens == server.tokens
        model.close()


def test_a_fault_that_passes_is_tried_again():
    with TeacherServer(fault=at_index({0: '503', 1: 'cut'})) as server:
        model = EmbeddingApi(server.config())
        assert model.embed(['x']) == [embed('x')]
        assert sum(server.faults.values()) == 2
        model.close()


def test_what_was_embedded_once_is_not_paid_for_again(tmp_path):
    with TeacherServer() as server:
        for _ in range(2):
            cache = ReplyCache(tmp_path / 'replies.jsonl')
            model = EmbeddingApi(server.config(), cache=cache)
            assert model.embed(['x', 'y']) == [embed('x'), embed('y')]
            model.close()
            cache.close()
        assert len(server.asks) == 1


def test_examples_are_near_by_the_vectors_of_an_endpoint():
    with TeacherServer() as server:
        bank = EmbeddedBank(EXAMPLES, EmbeddingApi(server.config()))
        for example in EXAMPLES[::7]:
            assert bank.find_nearest(example.request.upper(), 4)[0] == example
        assert len(server.asks) == 1 + 5, 'the examples are embedded once'
        bank.close()
        with pytest.raises(PlannerError, match='closed'):
            bank.find_nearest('x', 1)


@pytest.mark.parametrize(
    ('embeds', 'sentence'),
    [
        ('nothing', r'does not embed texts \(HTTP 404.*leave embeddings out'),
        ('too few', r'does not embed texts \(it sends 29 vectors for 30 texts'),
    ],
)
def test_an_endpoint_without_vectors_is_refused_in_a_sentence(embeds, sentence):
    with TeacherServer(embeds=embeds) as server:
        bank = EmbeddedBank(EXAMPLES, EmbeddingApi(server.config()))
        with pytest.raises(TeacherUnavailable, match=sentence):
            bank.find_nearest('put it away', 9)
        bank.close()
