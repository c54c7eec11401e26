# SPDX-License-Identifier: Apache-2.0
"""What refusals of an endpoint mean, and how requests become simpler."""

from __future__ import annotations

import pytest

from prism_core import PlannerError
from prism_core.inference.endpoint.errors import (
    Complaint,
    ModelMissing,
    Passing,
    Stop,
    is_about_form,
    judge_status,
    scrub,
)
from prism_core.inference.endpoint.request_shape import first_shape
from prism_core.inference.endpoint.spending import Account, PromptMeter, Spending
from prism_core.inference.endpoint.teacher_config import TeacherConfig

from .teacher_server import CANARY, LLAMA_CPP_SAID

CONFIG = TeacherConfig('m', 'http://127.0.0.1:9/v1', patience_s=60.0)


def error_of(message: str, code: str | None = None) -> dict:
    return {'error': {'message': message, 'code': code}}


@pytest.mark.parametrize(
    ('status', 'body', 'kind', 'sentence'),
    [
        (401, error_of(f'bad {CANARY}'), Stop, r'variable OPENAI_API_KEY \(HTTP 401\)'),
        (403, None, Stop, 'HTTP 403'),
        (402, error_of('top up'), Stop, r'paid first \(HTTP 402\): top up'),
        (429, error_of('no credit', 'insufficient_quota'), Stop, 'paid first'),
        (429, error_of('slower'), Passing, 'too many requests'),
        (404, '<html>', ModelMissing, None),
        (400, error_of('x', 'model_not_found'), ModelMissing, None),
        (400, {'object': 'error', 'message': 'model m not found'}, ModelMissing, None),
        (408, None, Passing, 'HTTP 408'),
        (502, '<html>' * 999, Passing, 'failed with HTTP 502'),
        (422, {'detail': 'seed: extra inputs are not permitted'}, Complaint, 'seed: extra'),
        (400, error_of('too many tokens'), Complaint, 'too many tokens'),
        (413, 'entity too large', PlannerError, r'refused the request \(HTTP 413\): entity'),
        (418, None, PlannerError, 'it did not say why'),
    ],
)
def test_each_status_means_one_thing_and_tells_no_key(status, body, kind, sentence):
    error = judge_status(status, body, {}, CONFIG, CANARY)
    assert type(error) is kind
    with pytest.raises(kind, match=sentence):
        raise error
    assert CANARY not in repr(error)
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    'said',
    [
        LLAMA_CPP_SAID,
        error_of('guided_json: no such backend'),
        {'detail': 'failed to parse grammar'},
        'Structured output is not enabled',
        {'message': 'x' * 1000 + ' json_schema'},
    ],
)
@pytest.mark.parametrize('status', [500, 501, 503])
def test_a_server_error_about_the_form_of_a_request_that_has_one_is_a_complaint(status, said):
    assert type(judge_status(status, said, {}, CONFIG, CANARY, is_about=is_about_form)) is Complaint
    assert type(judge_status(status, said, {}, CONFIG, CANARY)) is Passing
    assert (
        type(judge_status(status, 'try later', {}, CONFIG, '', is_about=is_about_form)) is Passing
    )


@pytest.mark.parametrize(
    ('header', 'wait_s'),
    [('7', 7), ('1.5', 1.5), ('Wed, 21 Oct 2026 07:28:00 GMT', 0), ('-3', 0), ('nan', 0), ('', 0)],
)
def test_what_an_endpoint_asks_to_wait_is_read_in_seconds(header, wait_s):
    error = judge_status(429, None, {'retry-after': header}, CONFIG, '')
    assert isinstance(error, Passing)
    assert error.retry_after_s == wait_s


def test_an_endpoint_that_asks_for_more_patience_than_there_is_stops_the_run():
    error = judge_status(429, None, {'retry-after': '3600'}, CONFIG, '')
    assert type(error) is Stop
    assert 'asks to wait 3600 s, longer than patience_s (60)' in str(error)


def test_an_endpoint_that_wants_a_key_where_none_is_set_says_so():
    error = judge_status(401, None, {}, TeacherConfig('m', key_variable=''), '')
    assert 'wants a key (HTTP 401), and key_variable is empty' in str(error)


def test_a_text_of_others_is_cut_and_loses_the_key():
    assert scrub(f'a\n {CANARY}  b', CANARY) == 'a [key] b'
    assert len(scrub('x' * 1000, '')) == 300


def test_a_request_becomes_simpler_only_where_that_helps_and_never_forever():
    shape = first_shape(TeacherConfig('m'))
    assert shape.limits[0] == 'max_completion_tokens'
    assert first_shape(CONFIG).limits[0] == 'max_tokens'
    assert shape.make_simpler('the context length is 8192, max_tokens is too large') is None
    steps = 0
    complaint = 'Unsupported: response_format max_tokens max_completion_tokens temperature seed'
    while shape is not None:
        fields, last = shape.write(CONFIG, None, 10, 2**40), shape
        shape = shape.make_simpler(complaint)
        steps += 1
    assert steps == 6
    assert (last.reply_form, fields) == ('text', {'model': 'm', 'max_tokens': 10})


def test_the_bound_on_a_prompt_is_never_below_what_the_seen_ones_took():
    meter = PromptMeter()
    assert meter.bound(1000, 1) >= 1000
    meter.learn(1000, 250)
    assert 250 < meter.bound(1000, 1) < 400
    meter.learn(10, 9)
    assert meter.bound(1000, 1) >= 1000


def test_an_account_waits_for_calls_in_flight_and_books_what_they_cost():
    account = Account(TeacherConfig('m', max_tokens=100), Spending(prompt_tokens=20))
    most = Spending(prompt_tokens=30, new_tokens=20)
    assert account.try_reserve(most)
    assert not account.try_reserve(most)
    account.settle(most, Spending(calls=1, prompt_tokens=10))
    assert account.try_reserve(most)
    assert account.spending == Spending(calls=1, prompt_tokens=30)
