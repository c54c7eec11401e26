# SPDX-License-Identifier: Apache-2.0
"""How likely texts are, as an endpoint says that reads them (`echo` and `logprobs`).

vLLM gives them. OpenAI's chat models and llama.cpp's own server do not; `llama_cpp.server` does,
and is right for models with a token that begins a text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from prism_core.dialects.conversation import Message
from prism_core.errors import PlannerError
from prism_core.inference.endpoint.calls import (
    Call,
    LikelihoodCall,
    cannot_score,
    differ,
    probe_echo,
    probe_next,
    read_scores,
)
from prism_core.inference.endpoint.reply_cache import Reply
from prism_core.inference.endpoint.teacher_api import ApiModel
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.inference.text_model import Score


class ScoringApi(ApiModel):
    """An ApiModel that is a ScoringModel too. Each text is a request of its own, in which the
    endpoint reads the prompt again; before the first one two more tell whether its probabilities
    can be trusted.
    """

    def __init__(self, config: TeacherConfig, **settings: Any):
        super().__init__(config, **settings)
        self._is_probed = False

    def score(
        self,
        prompt: Sequence[Message] | str,
        continuations: Sequence[str],
        *,
        begun: str = '',
        timeout_s: float | None = None,
    ) -> list[Score]:
        """How likely each of several texts is, behind a prompt; see `ScoringModel`.

        Raises:
            PlannerTimeout: no scores within the time.
            TeacherAuth: the endpoint refuses the key or the account.
            TeacherUnavailable: the endpoint cannot be reached, or does not say how likely texts
                are; none does of a conversation.
            PlannerError: a text is empty, or this call cannot succeed.
        """
        if not isinstance(prompt, str):
            raise cannot_score(
                self._config.url, 'a conversation is given, and endpoints score plain texts only'
            )
        if not continuations or not all(continuations):
            raise PlannerError(
                'expected texts to score that are not empty, got none or an empty one'
            )
        calls = [LikelihoodCall(prompt + begun + text) for text in continuations]
        replies = [self._find(call) for call in calls]
        missing = [call for call, reply in zip(calls, replies) if reply is None]
        new = iter(self._run(self._answer_all(missing), timeout_s) if missing else ())
        told = [next(new) if reply is None else reply for reply in replies]
        return read_scores(prompt + begun, [reply.text for reply in told])

    async def _answer_all(self, calls: Sequence[Call]) -> list[Reply]:
        """Ask all at once, once it is known that the endpoint says how likely texts are."""
        if not self._is_probed:
            said = await self._answer(probe_next())
            echoed = await self._answer(probe_echo(said.text))
            if differ(said.text, echoed.text):
                raise cannot_score(
                    self._config.url,
                    'a token that it reads has another probability than when it says it',
                )
            self._is_probed = True
        tasks = [asyncio.ensure_future(self._answer(call)) for call in calls]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
