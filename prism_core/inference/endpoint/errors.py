# SPDX-License-Identifier: Apache-2.0
"""What the refusals of an endpoint mean: try again, try otherwise, or stop.

No sentence holds the key.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from prism_core.errors import PlannerError, PlannerUnavailable, TeacherAuth, TeacherUnavailable
from prism_core.inference.endpoint.teacher_config import TeacherConfig

_MAX_SAID_CHARS = 300
# Codes of https://platform.openai.com/docs/guides/error-codes: the account, not the rate.
_NO_MONEY = ('insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active')


_ABOUT_FORM = (
    *('response_format', 'json_schema', 'json_object', 'json schema', 'grammar'),
    *('guided', 'structured output', 'structured_output'),
)


def is_about_form(said: str) -> bool:
    """Whether an endpoint speaks of the form that a reply must have."""
    words = said.lower()
    return any(word in words for word in _ABOUT_FORM)


def is_about_likelihoods(said: str) -> bool:
    """Whether an endpoint speaks of the probabilities of a text that it is to read."""
    return any(word in said.lower() for word in ('echo', 'logprobs', 'logits_all'))


class Passing(Exception):
    """Something that may pass, so that another try is worth it.

    Args:
        sentence: what happened.
        answered: the endpoint works, and says no for now.
        down: the endpoint cannot be reached at all.
        lost: the request was sent; what it cost will never be known.
        timed_out: there was no answer in time.
        retry_after_s: so long the endpoint asks to wait.
    """

    def __init__(
        self,
        sentence: str,
        *,
        answered: bool = False,
        down: bool = False,
        lost: bool = False,
        timed_out: bool = False,
        retry_after_s: float = 0.0,
    ):
        super().__init__(sentence)
        self.sentence = sentence
        self.answered = answered
        self.down = down
        self.lost = lost
        self.timed_out = timed_out
        self.retry_after_s = retry_after_s


class Complaint(Exception):
    """The endpoint does not take the request as it is written; the text is what it said."""


class ModelMissing(Exception):
    """The endpoint does not have the model, or no chat completions at all."""


class Stop(Exception):
    """No later call can succeed; `error` is what the user gets."""

    def __init__(self, error: PlannerUnavailable):
        super().__init__(str(error))
        self.error = error


def scrub(text: str, key: str) -> str:
    """A text of others on one line, cut, and without the key."""
    if len(key) > 3:
        text = text.replace(key, '[key]')
    text = ' '.join(text.split())
    return text if len(text) <= _MAX_SAID_CHARS else text[: _MAX_SAID_CHARS - 3] + '...'


def judge_status(
    status: int,
    body: Any,
    headers: Mapping[str, str],
    config: TeacherConfig,
    key: str,
    *,
    is_about: Callable[[str], bool] | None = None,
) -> Exception:
    """What an HTTP status that is no success means.

    Args:
        status: the status.
        body: what came with it, read as JSON where it is.
        headers: of the reply.
        config: the endpoint.
        key: never part of what comes out.
        is_about: tells of what the endpoint said whether it is about what the request asked for
            beside a reply, such as its form; None where it asked for nothing.

    Returns:
        A `Passing`, `Complaint`, `ModelMissing`, `Stop` or `PlannerError`.
    """
    said, code = scrub(_read_said(body), key), _read_code(body)
    if status in (401, 403):
        return Stop(TeacherAuth(_refused_key(status, config)))
    if status == 402 or code in _NO_MONEY:
        sentence = f'{config.url} wants to be paid first (HTTP {status}): {said}'
        return Stop(TeacherAuth(sentence))
    if status == 404 or code == 'model_not_found' or _is_about_model(status, said):
        return ModelMissing(f'HTTP {status}: {said}')
    if status == 429:
        wait_s = _read_retry_after_s(headers)
        if wait_s > config.patience_s:
            sentence = (
                f'{config.url} asks to wait {wait_s:g} s, longer than patience_s '
                f'({config.patience_s:g}); resume later or raise it'
            )
            return Stop(TeacherUnavailable(sentence))
        sentence = f'{config.url} says that there are too many requests (HTTP 429)'
        return Passing(sentence, answered=True, retry_after_s=wait_s)
    # llama-cpp-python answers 500 to what it does not know.
    if status >= 500 and is_about is not None and is_about(_read_said(body)):
        return Complaint(said)
    if status in (408, 409) or status >= 500:
        return Passing(f'{config.url} failed with HTTP {status}')
    if status in (400, 422):
        return Complaint(said)
    return PlannerError(f'{config.url} refused the request (HTTP {status}): {said}')


def _refused_key(status: int, config: TeacherConfig) -> str:
    if config.key_variable:
        return (
            f'{config.url} refused the key in the environment variable {config.key_variable} '
            f'(HTTP {status}); put a valid key there and resume'
        )
    return (
        f'{config.url} wants a key (HTTP {status}), and key_variable is empty; name the '
        'environment variable that holds it'
    )


def _read_said(body: Any) -> str:
    if isinstance(body, Mapping):
        error = body.get('error', body)
        if isinstance(error, Mapping):
            error = error.get('message') or error.get('detail') or error
        return str(error)
    return str(body or 'it did not say why')


def _read_code(body: Any) -> Any:
    error = body.get('error', body) if isinstance(body, Mapping) else None
    return error.get('code') if isinstance(error, Mapping) else None


def _is_about_model(status: int, said: str) -> bool:
    words = said.lower()
    return status == 400 and 'model' in words and ('not found' in words or 'not exist' in words)


def _read_retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds of the header; 0 where it is missing, is a date, or cannot be read."""
    try:
        wait_s = float(headers.get('retry-after', '0'))
    except ValueError:
        return 0.0
    return wait_s if 0 <= wait_s < math.inf else 0.0
