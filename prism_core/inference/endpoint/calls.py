# SPDX-License-Identifier: Apache-2.0
"""What is asked of an endpoint: the next message of a conversation, how likely a text is, or the
vectors of texts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prism_core.dialects.conversation import Message
from prism_core.errors import PlannerError, TeacherUnavailable
from prism_core.inference.endpoint.client import Answer, Endpoint
from prism_core.inference.endpoint.reply_cache import make_key
from prism_core.inference.endpoint.request_shape import RequestShape
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.inference.text_model import JsonSchema, Score

_PROBE = 'one, two, three, four, five, six, seven, eight, nine'
_PROBE_TOLERANCE = 0.5
"""Of a logarithm of a probability: half-precision and quantised models differ by less."""


@dataclass(frozen=True)
class ChatCall:
    """The next message of a conversation."""

    messages: tuple[Message, ...]
    grammar: JsonSchema | None
    max_new_tokens: int
    seed: int

    @property
    def size_bytes(self) -> int:
        """Bytes of what is read."""
        texts = [message['content'] for message in self.messages]
        schema = '' if self.grammar is None else str(self.grammar.schema)
        return sum(len(text.encode()) for text in (*texts, schema))

    def key(self, config: TeacherConfig) -> str:
        """See `make_key`."""
        sampling = {'top_p': config.top_p} if config.top_p < 1 else {}
        return make_key(
            model=config.model,
            base_url=config.base_url,
            temperature=config.temperature,
            **sampling,
            messages=list(self.messages),
            schema=None if self.grammar is None else self.grammar.schema,
            max_new_tokens=self.max_new_tokens,
            seed=self.seed,
        )

    async def send(self, endpoint: Endpoint, config: TeacherConfig, shape: RequestShape) -> Answer:
        """Ask once."""
        fields = shape.write(config, self.grammar, self.max_new_tokens, self.seed)
        return await endpoint.ask(self.messages, fields)

    def refuse(self, url: str, said: str) -> PlannerError:
        """The error where the endpoint does not take the call."""
        return PlannerError(f'{url} refused the request: {said}')


@dataclass(frozen=True)
class LikelihoodCall:
    """How likely the tokens of a text are (`echo`), or the likeliest next one. The reply is JSON:
    for each token where it begins in the text, and the logarithm of its probability.
    """

    text: str
    is_echo: bool = True
    max_new_tokens: int = 1  # some endpoints take no 0
    messages: tuple[Message, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Bytes of what is read."""
        return len(self.text.encode())

    def key(self, config: TeacherConfig) -> str:
        """See `make_key`."""
        return make_key(
            model=config.model, base_url=config.base_url, text=self.text, echo=self.is_echo
        )

    async def send(self, endpoint: Endpoint, config: TeacherConfig, shape: RequestShape) -> Answer:
        """Ask once."""
        fields: Mapping[str, Any] = {
            'model': config.model,
            'echo': self.is_echo,
            'logprobs': 1,
            'max_tokens': self.max_new_tokens,
            'temperature': 0.0,
        }
        return await endpoint.say_likelihoods(self.text, fields)

    def refuse(self, url: str, said: str) -> PlannerError:
        """The error where the endpoint does not take the call."""
        return cannot_score(url, said)


@dataclass(frozen=True)
class EmbeddingCall:
    """What texts mean, as vectors. The reply is JSON: one list of numbers for each text."""

    texts: tuple[str, ...]
    max_new_tokens: int = 0
    messages: tuple[Message, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Bytes of what is read."""
        return sum(len(text.encode()) for text in self.texts)

    def key(self, config: TeacherConfig) -> str:
        """See `make_key`."""
        return make_key(model=config.model, base_url=config.base_url, embedded=list(self.texts))

    async def send(self, endpoint: Endpoint, config: TeacherConfig, shape: RequestShape) -> Answer:
        """Ask once."""
        return await endpoint.embed(self.texts, config.model)

    def refuse(self, url: str, said: str) -> PlannerError:
        """The error where the endpoint does not take the call."""
        return TeacherUnavailable(
            f'{url} does not embed texts ({said}); take an endpoint that has /v1/embeddings and a '
            'model for it, or leave embeddings out'
        )


Call = ChatCall | LikelihoodCall | EmbeddingCall


def cannot_score(url: str, why: str) -> TeacherUnavailable:
    """The error where an endpoint does not say how likely texts are."""
    return TeacherUnavailable(
        f'{url} does not say how likely a text is ({why}); take an endpoint whose /v1/completions '
        'has echo and logprobs, such as vLLM, or run the model here from a GGUF file'
    )


def probe_next() -> LikelihoodCall:
    """What the likeliest token behind a text is."""
    return LikelihoodCall(_PROBE, is_echo=False)


def probe_echo(said: str) -> LikelihoodCall:
    """The same text with the likeliest token, to be read.

    Args:
        said: the reply to `probe_next`.
    """
    return LikelihoodCall(_PROBE + json.loads(said)['text'])


def differ(said: str, echoed: str) -> bool:
    """Whether an endpoint gives a token another probability where it reads it than where it says
    it: `llama_cpp.server` does for models without a token that begins a text, by one place.

    Args:
        said: the reply to `probe_next`.
        echoed: the reply to `probe_echo`.
    """
    (_, written), *more = json.loads(said)['tokens']
    behind = [value for start, value in json.loads(echoed)['tokens'] if start >= len(_PROBE)]
    if more or len(behind) != 1:  # other tokens, which say nothing
        return False
    return abs(written - behind[0]) > _PROBE_TOLERANCE


def read_scores(begins: str, replies: Sequence[str]) -> list[Score]:
    """The scores of texts that begin alike.

    Args:
        begins: how all of them begin.
        replies: to the call of each text.

    Raises:
        PlannerError: there is no token before what is scored.
    """
    told = [json.loads(reply) for reply in replies]
    ends = [[*(start for start, _ in one['tokens'][1:]), len(one['text'])] for one in told]
    shared = 0
    for column in zip(*ends):
        if len(set(column)) > 1 or column[0] > len(begins):
            break
        shared += 1
    if not shared:
        raise PlannerError('expected a prompt of at least one token before what is scored')
    values = [[value for _, value in one['tokens'][shared:]] for one in told]
    return [Score(sum(row), len(row)) for row in values]
