# SPDX-License-Identifier: Apache-2.0
"""One request to an OpenAI-compatible endpoint, on the `openai` package: sent, timed, read.

The only file that knows the package and the key.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import openai

from prism_core.dialects.conversation import Message
from prism_core.inference.endpoint.errors import (
    Complaint,
    Passing,
    is_about_form,
    is_about_likelihoods,
    judge_status,
)
from prism_core.inference.endpoint.teacher_config import TeacherConfig

_LISTING_TIMEOUT_S = 5.0
_MAX_LISTED = 20


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered.

    Attributes:
        text: the reply; '' where there is none.
        refusal: why there is none.
        model: who replied, as the endpoint says.
        is_cut: whether the reply ended at the limit of new tokens.
        prompt_tokens: tokens read; None where the endpoint does not say what it used.
        cached_tokens: those of them that came from the endpoint's cache.
        new_tokens: tokens written.
    """

    text: str
    refusal: str
    model: str
    is_cut: bool
    prompt_tokens: int | None = None
    cached_tokens: int = 0
    new_tokens: int = 0


class Endpoint:
    """Asks when it is told to; lives on one event loop. `obstacle` says why it cannot be
    asked at all, in one sentence.
    """

    def __init__(self, config: TeacherConfig):
        self._config = config
        self._key, self.obstacle = _read_key(config.key_variable)
        self._client: openai.AsyncOpenAI | None = None

    async def ask(self, messages: Sequence[Message], fields: Mapping[str, Any]) -> Answer:
        """Send one request, and wait for all of the answer within `timeout_s`.

        Raises:
            Passing, Complaint, ModelMissing, Stop, PlannerError: there is no answer.
        """
        request = self._connect().chat.completions.create(messages=cast(Any, messages), **fields)
        return await self._send(
            request,
            _read_answer,
            'chat completion',
            is_about_form if 'response_format' in fields else None,
        )

    async def say_likelihoods(self, text: str, fields: Mapping[str, Any]) -> Answer:
        """Send one request about a plain text; the answer's text is JSON, the `text` and for each
        of its `tokens` where it begins and the logarithm of its probability, None for the first.

        Raises:
            Passing, Complaint, ModelMissing, Stop, PlannerError: there is no answer.
        """
        request = self._connect().completions.create(prompt=text, **fields)
        read = _read_echo if fields['echo'] else _read_next
        return await self._send(
            request,
            lambda answer, model: read(answer, model, text),
            'completion',
            is_about_likelihoods,
        )

    async def embed(self, texts: Sequence[str], model: str) -> Answer:
        """Send one request about plain texts; the answer's text is JSON, a vector for each.

        Raises:
            Passing, Complaint, ModelMissing, Stop, PlannerError: there is no answer.
        """
        request = self._connect().embeddings.create(
            input=list(texts), model=model, encoding_format='float'
        )
        return await self._send(
            request, lambda answer, asked: _read_vectors(answer, asked, len(texts)), 'embedding'
        )

    async def _send(
        self,
        request: Awaitable[Any],
        read: Callable[[Any, str], Answer | None],
        what: str,
        is_about: Callable[[str], bool] | None = None,
    ) -> Answer:
        """Wait for an answer and read it; `is_about` tells complaints about what is asked."""
        config, url = self._config, self._config.url
        error: Exception
        try:
            answer = await asyncio.wait_for(request, config.timeout_s)
            is_told = getattr(answer, 'choices', None) or getattr(answer, 'data', None)
            told = read(answer, config.model) if is_told else None
            if told is not None:
                return told
            error = Passing(f'{url} sent no {what}', lost=True)
        except Complaint as complaint:
            error = complaint
        except (asyncio.TimeoutError, openai.APITimeoutError):
            sentence = f'{url} gave no reply within {config.timeout_s:g} s'
            error = Passing(sentence, lost=True, timed_out=True)
        except openai.APIStatusError as answered:
            error = judge_status(
                answered.status_code,
                answered.body,
                answered.response.headers,
                config,
                self._key,
                is_about=is_about,
            )
        except openai.APIConnectionError as cut:
            if type(cut.__cause__).__name__ in ('ConnectError', 'ConnectTimeout'):
                error = Passing(f'{url} cannot be reached', down=True)
            else:
                error = Passing(f'{url} cut the connection', lost=True)
        except (openai.APIError, ValueError):
            error = Passing(f'{url} sent a reply that is not whole', lost=True)
        # Raised here, so that it does not carry the client's exception, which may hold the key.
        raise error

    async def say_models(self) -> str:
        """The sentence that the model is missing, and which ones there are."""
        names: list[str] = []
        try:
            listing = await asyncio.wait_for(self._connect().models.list(), _LISTING_TIMEOUT_S)
            names = sorted(str(model.id) for model in listing.data)[:_MAX_LISTED]
        except Exception:  # noqa: S110 - the listing is a help and no more
            pass
        known = f'it lists {", ".join(names)}' if names else 'it lists no models'
        return (
            f'{self._config.url} has no model {self._config.model!r}; {known}; correct model, or '
            'base_url, which mostly ends in /v1'
        )

    async def close(self) -> None:
        """Drop the connections."""
        if self._client is not None:
            await self._client.close()

    def _connect(self) -> openai.AsyncOpenAI:
        if self._client is None:
            self._client = openai.AsyncOpenAI(
                api_key=self._key or 'none',
                base_url=self._config.url,
                max_retries=0,
                timeout=self._config.timeout_s,
            )
        return self._client


def _read_key(variable: str) -> tuple[str, str]:
    """The key in an environment variable, and a sentence that says why there is none."""
    key = os.environ.get(variable, '').strip() if variable else ''
    if variable and not key:
        return '', (
            f'the environment variable {variable} holds no key; set it, or set key_variable to '
            'an empty text if the endpoint needs none'
        )
    if not key.isascii() or (key and not key.isprintable()):
        return '', (
            f'the key in the environment variable {variable} holds characters that no key has; '
            'copy it again'
        )
    return key, ''


def _read_answer(answer: Any, asked_model: str) -> Answer | None:
    """What a chat completion says; None where it is none."""
    choice = answer.choices[0]
    if getattr(choice, 'message', None) is None:
        return None
    ending = getattr(choice, 'finish_reason', None)
    text, refusal = _read_text(choice.message, ending)
    return _count_up(answer, asked_model, text, refusal, is_cut=ending == 'length')


def _read_vectors(answer: Any, asked_model: str, number: int) -> Answer:
    """The vectors of some texts.

    Raises:
        Complaint: the answer holds others.
    """
    rows = sorted(answer.data, key=lambda row: row.index)
    vectors = [list(map(float, row.embedding)) for row in rows]
    if [row.index for row in rows] != list(range(number)) or len({*map(len, vectors)}) != 1:
        raise Complaint(f'it sends {len(rows)} vectors for {number} texts')
    return _count_up(answer, asked_model, json.dumps(vectors))


def _read_echo(answer: Any, asked_model: str, text: str) -> Answer:
    """How likely the tokens of a text are.

    Raises:
        Complaint: the answer does not say it.
    """
    told = getattr(answer.choices[0], 'logprobs', None)
    starts, values = getattr(told, 'text_offset', None), getattr(told, 'token_logprobs', None)
    if not starts or not values or len(starts) != len(values):
        raise Complaint('it sends no logprobs of tokens with their text_offset')
    tokens = [(start, value) for start, value in zip(starts, values) if start < len(text)]
    if not tokens or tokens[0][0] != 0 or any(value is None for _, value in tokens[1:]):
        raise Complaint('it sends logprobs of the new token only')
    return _count_up(answer, asked_model, json.dumps({'text': text, 'tokens': tokens}))


def _read_next(answer: Any, asked_model: str, text: str) -> Answer:
    """The likeliest token behind a text.

    Raises:
        Complaint: the answer does not say it.
    """
    choice = answer.choices[0]
    values = getattr(getattr(choice, 'logprobs', None), 'token_logprobs', None)
    if not values or None in values:
        raise Complaint('it sends no logprobs of tokens')
    said = {'text': choice.text, 'tokens': [(len(text), value) for value in values]}
    return _count_up(answer, asked_model, json.dumps(said))


def _count_up(
    answer: Any, asked_model: str, text: str, refusal: str = '', is_cut: bool = False
) -> Answer:
    """An answer with who gave it and the tokens that it took."""
    usage = getattr(answer, 'usage', None)
    model = _make_whole(str(getattr(answer, 'model', None) or asked_model))
    if usage is None:
        return Answer(text, refusal, model, is_cut)
    prompt_tokens = _count(getattr(usage, 'prompt_tokens', 0))
    details = getattr(usage, 'prompt_tokens_details', None)
    return Answer(
        text=text,
        refusal=refusal,
        model=model,
        is_cut=is_cut,
        prompt_tokens=prompt_tokens,
        cached_tokens=min(_count(getattr(details, 'cached_tokens', 0)), prompt_tokens),
        new_tokens=_count(getattr(usage, 'completion_tokens', 0)),
    )


def _read_text(message: Any, ending: str | None) -> tuple[str, str]:
    """The text of a message, or why there is none."""
    refusal, content = getattr(message, 'refusal', None), getattr(message, 'content', None)
    if refusal:
        return '', f'the model refused: {" ".join(_make_whole(str(refusal)).split())[:300]}'
    if ending == 'content_filter':
        return '', 'the content filter of the endpoint held the reply back'
    if not isinstance(content, str) or not content.strip():
        if ending == 'length':
            return '', 'the reply was cut before its first word; raise max_new_tokens'
        return '', 'the model gave an empty reply'
    return _make_whole(content), ''


def _make_whole(text: str) -> str:
    """A text in which halves of surrogate pairs are replaced, so that it can be stored and sent."""
    return text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
