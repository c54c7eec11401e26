# SPDX-License-Identifier: Apache-2.0
"""The client of OpenAI-compatible endpoints against a real server that fails in every way."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from prism_core import (
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    TeacherAuth,
    TeacherUnavailable,
)
from prism_core.config_file import render_config
from prism_core.inference.endpoint.teacher_api import ApiModel
from prism_core.inference.text_model import JsonSchema, TextModel

from .teacher_server import (
    CANARY,
    HTTP_FAULTS,
    KEY_VARIABLE,
    MODEL,
    SERVED_MODEL,
    TeacherServer,
    at_index,
    at_rate,
)

SCHEMA = JsonSchema('reply', {'type': 'object', 'properties': {}, 'additionalProperties': False})


@pytest.fixture(autouse=True)
def key_in_the_environment(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)


@pytest.fixture
def models():
    """Makes models that are closed when the test ends."""
    made: list[ApiModel] = []

    def make(server: TeacherServer, events: list | None = None, **settings) -> ApiModel:
        tell = None if events is None else lambda kind, text: events.append((kind, text))
        made.append(ApiModel(server.config(**settings), on_event=tell))
        return made[-1]

    yield make
    for model in made:
        model.close()


def echo(messages) -> str:
    return f'heard {messages[-1]["content"]}'


def serve(**options) -> TeacherServer:
    return TeacherServer(**{'answer': echo, **options})


def say(text: str) -> list:
    return [{'role': 'user', 'content': text}]


# ------------------------------------------------------------------------------------------- calls


def test_a_reply_comes_with_its_tokens_its_cost_and_who_gave_it(models):
    with serve() as server:
        prices = {'usd_per_million_prompt_tokens': 2.0, 'usd_per_million_new_tokens': 8.0}
        model = models(server, usd_per_million_cached_tokens=1.0, max_tries=1, **prices)
        assert isinstance(model, TextModel)
        assert model.complete(say('a' * 400), max_new_tokens=50) == 'heard ' + 'a' * 400
    spent = model.spending
    assert (spent.calls, spent.prompt_tokens, spent.cached_tokens) == (1, 104, 52)
    assert spent.new_tokens == 50
    assert spent.cost_usd == pytest.approx((52 * 2 + 52 * 1 + 50 * 8) / 1e6)
    assert model.served_models == {SERVED_MODEL}
    assert server.keys == {CANARY}


def test_calls_of_many_threads_get_each_its_own_reply_within_the_limit_in_flight(models):
    with serve(slow_s=0.01) as server:
        model = models(server, max_in_flight=5)
        with ThreadPoolExecutor(16) as pool:
            texts = [f'number {n}' for n in range(64)]
            replies = list(pool.map(lambda text: model.complete(say(text)), texts))
        assert replies == [f'heard {text}' for text in texts]
        assert 1 < server.max_in_flight <= 5
        assert model.spending.calls == 64
        assert model.spending.tokens == server.tokens


@pytest.mark.parametrize('fault', HTTP_FAULTS)
def test_a_fault_that_passes_is_outlived(models, fault):
    with serve(fault=at_index({0: fault})) as server:
        events: list = []
        model = models(server, events, timeout_s=0.5)
        started_s = time.monotonic()
        assert model.complete(say('hello')) == 'heard hello'
        took_s = time.monotonic() - started_s
    assert len(server.asks) == 2
    assert [kind for kind, _ in events] == ['retry']
    # A try that was sent and not answered may have been charged for.
    assert model.spending.lost == (fault not in ('429', '429-wait', '500', '503'))
    assert took_s >= (1 if fault == '429-wait' else 0)


@pytest.mark.parametrize(
    ('fault', 'error', 'sentence'),
    [
        ('429', TeacherUnavailable, r'no reply after 2 tries; the last: .*too many.*429.*resume'),
        ('500', TeacherUnavailable, 'no reply after 2 tries; the last: .* failed with HTTP 500'),
        ('503', TeacherUnavailable, 'failed with HTTP 503'),
        ('stall', PlannerTimeout, 'no reply after 2 tries; the last: .* no reply within 0.2 s'),
        ('drip', PlannerTimeout, 'gave no reply within 0.2 s'),
        ('cut', TeacherUnavailable, 'cut the connection'),
        ('cut-body', TeacherUnavailable, 'cut the connection'),
        ('bad-body', TeacherUnavailable, 'sent a reply that is not whole'),
    ],
)
def test_a_fault_that_lasts_ends_in_one_sentence(models, fault, error, sentence):
    with serve(fault=lambda ask: fault) as server:
        model = models(server, timeout_s=0.2, max_tries=2)
        with pytest.raises(error, match=sentence) as caught:
            model.complete(say('hello'))
    assert len(server.asks) == 2
    assert CANARY not in repr(caught.getrepr(chain=True))
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ('fault', 'sentence'),
    [
        ('refusal', 'the model refused: I cannot help with that'),
        ('empty', 'the model gave an empty reply'),
        ('filtered', 'content filter of the endpoint held the reply back'),
    ],
)
def test_a_refusal_fails_the_call_alone_and_is_counted(models, fault, sentence):
    with serve(fault=at_index({0: fault})) as server:
        model = models(server)
        with pytest.raises(PlannerError, match=sentence) as caught:
            model.complete(say('hello'))
        assert not isinstance(caught.value, PlannerUnavailable)
        assert model.complete(say('hello')) == 'heard hello'
        assert (model.spending.refused, model.spending.calls) == (1, 2)


def test_a_reply_that_was_cut_is_given_back_and_counted(models):
    with serve(fault=at_index({0: 'truncated'})) as server:
        model = models(server)
        assert model.complete(say('hello')) == 'heard '[:5]
        assert model.spending.cut == 1


def test_half_of_a_surrogate_pair_does_no_harm(models):
    with serve(answer=lambda messages: 'half \ud83d of it') as server:
        model = models(server)
        assert model.complete(say('hello')) == 'half � of it'
        with pytest.raises(PlannerError, match='half of a surrogate pair'):
            model.complete(say('\ud83d'))


def test_a_slow_endpoint_cannot_exceed_the_time_of_the_caller(models):
    with serve(fault=lambda ask: 'drip') as server:
        model = models(server, timeout_s=5.0)
        started_s = time.monotonic()
        with pytest.raises(PlannerTimeout, match=r'gave no reply within 0\.3 s'):
            model.complete(say('hello'), timeout_s=0.3)
        assert time.monotonic() - started_s < 3


def test_a_closed_model_ends_its_calls_and_takes_no_more(models):
    with serve(fault=lambda ask: 'stall') as server:
        model = models(server)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(model.complete, say('hello'))
            _wait_until(lambda: server.asks)
            model.close()
            model.close()
            with pytest.raises(PlannerUnavailable, match='was closed'):
                waiting.result()
        with pytest.raises(PlannerUnavailable, match='was closed'):
            model.complete(say('hello'))


def _wait_until(is_true, timeout_s: float = 5.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < end_s
        time.sleep(0.01)


# ----------------------------------------------------------------------- what no later call can do


def test_a_bad_key_fails_at_once_with_one_sentence(models, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY + '-stale')
    with serve() as server:
        model = models(server)
        for _ in range(2):
            with pytest.raises(TeacherAuth) as caught:
                model.complete(say('hello'))
            assert str(caught.value) == (
                f'{server.url} refused the key in the environment variable {KEY_VARIABLE} '
                '(HTTP 401); put a valid key there and resume'
            )
        assert len(server.asks) == 1


@pytest.mark.parametrize(
    ('key', 'sentence'),
    [
        (None, f'the environment variable {KEY_VARIABLE} holds no key; set it'),
        (' ', 'holds no key'),
        ('sk-ключ', 'holds characters that no key has'),
        ('sk\n-two', 'holds characters that no key has'),
    ],
)
def test_a_key_that_cannot_be_sent_fails_before_any_request(models, monkeypatch, key, sentence):
    if key is None:
        monkeypatch.delenv(KEY_VARIABLE)
    else:
        monkeypatch.setenv(KEY_VARIABLE, key)
    with serve() as server:
        model = models(server)
        assert (model.planner_health.state, model.planner_health.model_id) == ('out', MODEL)
        with pytest.raises(TeacherAuth, match=sentence):
            model.complete(say('hello'))
        assert not server.asks


def test_an_endpoint_without_a_key_is_sent_none(models, monkeypatch):
    monkeypatch.setenv('OPENAI_API_KEY', CANARY)
    with serve() as server:
        assert models(server, key_variable='').complete(say('hello')) == 'heard hello'
        assert server.keys == {'none'}


def test_a_wrong_model_fails_at_once_and_names_those_that_there_are(models):
    with serve() as server:
        model = models(server, model='teacher-9')
        for _ in range(2):
            with pytest.raises(
                TeacherUnavailable, match=r"no model 'teacher-9'; it lists teacher-1, teacher-2;"
            ):
                model.complete(say('hello'))
        assert len(server.asks) == 1


# ----------------------------------------------------------------------- the form of the request


@pytest.mark.parametrize(
    ('refuses', 'requests', 'form'),
    [
        ((), 1, 'json_schema'),
        (('json_schema',), 2, 'json_object'),
        (('response_format',), 3, None),
        (('max_tokens', 'temperature', 'seed'), 4, 'json_schema'),
    ],
)
def test_what_an_endpoint_does_not_know_is_left_out_from_then_on(models, refuses, requests, form):
    with serve(refuses=refuses) as server:
        events: list = []
        model = models(server, events)
        for number in range(3):
            assert model.complete(say(f'{number}'), grammar=SCHEMA) == f'heard {number}'
        assert len(server.asks) == requests + 2
        last = server.asks[-1].body
        assert last.get('response_format', {}).get('type') == form
        assert {'max_tokens', 'temperature', 'seed'} & set(last) == (
            set() if len(refuses) == 3 else {'max_tokens', 'temperature', 'seed'}
        )
        assert [kind for kind, _ in events] == ['fallback'] * (requests - 1)
        assert CANARY not in str(events)


def test_an_endpoint_that_breaks_at_a_form_is_asked_in_the_next_one_at_once(models):
    with serve(breaks_at=('json_schema',)) as server:
        events: list = []
        model = models(server, events, first_pause_s=30.0, patience_s=600.0)
        for number in range(3):
            assert model.complete(say(f'{number}'), grammar=SCHEMA) == f'heard {number}'
        assert [ask.body['response_format']['type'] for ask in server.asks] == [
            *('json_schema', 'json_object', 'json_object', 'json_object')
        ]
        assert [kind for kind, _ in events] == ['fallback']
        fixed = models(server, reply_form='schema', first_pause_s=30.0)
        with pytest.raises(PlannerError, match='refused the request: 1 validation error'):
            fixed.complete(say('hello'), grammar=SCHEMA)
        assert server.statuses == {200: 3, 500: 2}


def test_an_endpoint_that_fails_without_a_word_of_the_form_is_asked_again_as_before(models):
    with serve(fault=at_index({0: '500'})) as server:
        model = models(server)
        assert model.complete(say('hello'), grammar=SCHEMA) == 'heard hello'
        types = [ask.body['response_format']['type'] for ask in server.asks]
        assert types == ['json_schema'] * 2


def test_a_fixed_form_does_not_fall_back(models):
    with serve(refuses=('json_schema',)) as server:
        with pytest.raises(PlannerError, match="refused the request: Unsupported parameter: 'json"):
            models(server, reply_form='schema').complete(say('hello'), grammar=SCHEMA)
        model = models(server, reply_form='text')
        assert model.complete(say('hello'), grammar=SCHEMA) == 'heard hello'
        assert 'response_format' not in server.asks[-1].body


# ------------------------------------------------------------------------- an endpoint that is down


def test_while_the_endpoint_is_down_all_wait_and_one_tries(models):
    with serve() as server:
        events: list = []
        model = models(server, events, first_pause_s=0.1)
        assert model.complete(say('before')) == 'heard before'
        server.go_down()
        with ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(model.complete, say(f'{n}')) for n in range(8)]
            _wait_until(lambda: 'down' in dict(events))
            assert model.planner_health.state == 'out'
            assert 'is down: ' in str(model.planner_health.error)
            time.sleep(0.3)
            server.come_up()
            assert [f.result() for f in waiting] == [f'heard {n}' for n in range(8)]
        assert model.planner_health.state == 'ready'
        assert [kind for kind, _ in events if kind in ('down', 'up')] == ['down', 'up']
        assert 'is down, waiting for it' in dict(events)['down']


def test_an_endpoint_that_fails_again_and_again_counts_as_down(models):
    broken = threading.Event()
    broken.set()
    with serve(fault=lambda ask: '503' if broken.is_set() else '') as server:
        events: list = []
        model = models(server, events, max_tries=3)
        with ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(model.complete, say(f'{n}')) for n in range(8)]
            _wait_until(lambda: 'down' in dict(events))
            broken.clear()
            assert [f.result() for f in waiting] == [f'heard {n}' for n in range(8)]


def test_an_endpoint_that_stays_down_ends_the_run_with_one_sentence(models):
    with serve() as server:
        model = models(server, patience_s=0.3)
        server.go_down()
        with ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(model.complete, say(f'{n}')) for n in range(8)]
            errors = {str(f.exception()) for f in waiting}
        assert errors == {
            f'{server.url} has been down for 0.3 s ({server.url} cannot be reached); start it or '
            'correct base_url, then resume'
        }
        health = model.planner_health
        assert (health.state, type(health.error)) == ('out', TeacherUnavailable)
        server.come_up()
        assert model.complete(say('hello')) == 'heard hello'
        assert model.planner_health.state == 'ready'


# ------------------------------------------------------------------------------------------- caps


@pytest.mark.parametrize('reports_usage', [True, False])
@pytest.mark.parametrize('kinds', [(), ('500', 'cut', 'bad-body')])
def test_the_cap_on_tokens_holds_while_many_calls_are_in_flight(models, kinds, reports_usage):
    fault = at_rate(0.3, kinds) if kinds else (lambda ask: '')
    with serve(fault=fault, reports_usage=reports_usage) as server:
        model = models(server, max_tokens=6000)
        with ThreadPoolExecutor(16) as pool:
            calls = [
                pool.submit(model.complete, say(f'{n} ' * 40), max_new_tokens=40)
                for n in range(300)
            ]
            errors = [f.exception() for f in calls if f.exception()]
        assert 0 < model.spending.tokens <= 6000
        assert server.tokens <= model.spending.tokens
        assert errors
        assert all(isinstance(error, PlannerUnavailable) for error in errors)
        assert 'the cap of 6000 tokens is reached: ' in str(errors[-1])
        assert 'raise max_tokens and resume' in str(errors[-1])
        if reports_usage and not kinds:
            assert server.tokens == model.spending.tokens > 5000


def test_the_cap_on_money_holds(models):
    with serve(slow_s=0.005) as server:
        prices = {'usd_per_million_prompt_tokens': 100.0, 'usd_per_million_new_tokens': 300.0}
        model = models(server, max_cost_usd=0.1, **prices)
        with ThreadPoolExecutor(8) as pool:
            calls = [
                pool.submit(model.complete, say(f'{n}'), max_new_tokens=20) for n in range(100)
            ]
            errors = [f.exception() for f in calls if f.exception()]
        assert 0.05 < model.spending.cost_usd <= 0.1
        assert 'the cap of 0.1 USD is reached: ' in str(errors[-1])
        assert 'raise max_cost_usd and resume' in str(errors[-1])


# -------------------------------------------------------------------------------------- the secret


def test_the_key_stands_in_no_text(models, caplog, capfd, monkeypatch):
    caplog.set_level(logging.DEBUG)
    said: list = []
    faults = ('429', '500', 'stall', 'cut', 'cut-body', 'bad-body', 'refusal', 'empty')
    for fault in faults:
        with serve(fault=lambda ask, fault=fault: fault, refuses=('json_schema',)) as server:
            model = models(server, said, timeout_s=0.2, max_tries=2)
            with pytest.raises(PlannerError) as caught:
                model.complete(say('hello'), grammar=SCHEMA)
            said += [repr(caught.value), str(caught.getrepr(showlocals=False, style='long'))]
            said += [repr(caught.value.__context__), repr(model), render_config(server.config())]
    monkeypatch.setenv(KEY_VARIABLE, CANARY + '-stale')
    with serve() as server, pytest.raises(PlannerUnavailable) as caught:
        models(server, said).complete(say('hello'))
    said.append(repr(caught.value))
    output = capfd.readouterr()
    for text in (str(said), caplog.text, output.out, output.err):
        assert CANARY not in text
    assert 'chat/completions' in caplog.text
