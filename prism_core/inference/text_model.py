# SPDX-License-Identifier: Apache-2.0
"""The seams between planners and language models: teacher, student and script sit behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from prism_core.dialects.conversation import Message
from prism_core.plan.grammar import Lark


@dataclass(frozen=True)
class JsonSchema:
    """What a reply must look like: a JSON Schema of which the root is an object.

    `name` is what endpoints want it called: letters, digits and underscores.
    """

    name: str
    schema: Mapping[str, Any]


@runtime_checkable
class TextModel(Protocol):
    """A language model that continues a conversation."""

    @property
    def name(self) -> str:
        """Short name of the model, for provenance."""

    def complete(
        self,
        messages: Sequence[Message],
        *,
        grammar: JsonSchema | Lark | None = None,
        max_new_tokens: int = 1024,
        seed: int = 0,
        timeout_s: float | None = None,
    ) -> str:
        """The next message of the assistant. Calls from several threads are safe.

        Args:
            messages: the conversation so far.
            grammar: what the reply must look like; models behind an endpoint take a JsonSchema,
                models that run here a Lark grammar. A model that cannot be held to it may give
                other text, so that the reader checks in any case.
            max_new_tokens: where the reply is cut.
            seed: for models that sample.
            timeout_s: how long the caller waits; None for what the model is set to.

        Raises:
            PlannerTimeout: no reply within the time.
            PlannerUnavailable: the model cannot be reached or refuses to work at all.
            PlannerError: any other reason why no text came.
        """

    def close(self) -> None:
        """Free what the model holds.

        A second call does nothing.
        """


@dataclass(frozen=True)
class Score:
    """How likely a text is, as a model sees it: the sum of the logarithms of its tokens'
    probabilities, and how many tokens it has.
    """

    log_probability: float
    tokens: int


@runtime_checkable
class ScoringModel(Protocol):
    """A language model that says how likely texts are."""

    @property
    def name(self) -> str:
        """Short name of the model, for provenance."""

    def score(
        self,
        prompt: Sequence[Message] | str,
        continuations: Sequence[str],
        *,
        begun: str = '',
        timeout_s: float | None = None,
    ) -> list[Score]:
        """How likely each of several texts is, behind a prompt. Calls from several threads are
        safe.

        A prompt and a continuation are made tokens of together, as they are where a model is
        trained, and a token may reach over the seam. What is scored of every continuation is all
        behind the tokens with which all of them, and the prompt itself, begin: so each is as likely
        as the same beginning makes it, and where the seam falls changes no order.

        Args:
            prompt: a conversation, of which the next message of the assistant is scored; or a
                plain text, which goes on without any template.
            continuations: the texts, at least one, none of them empty.
            begun: how all of them begin, which counts as prompt.
            timeout_s: how long the caller waits; None for what the model is set to.

        Raises:
            PlannerTimeout: no scores within the time.
            PlannerUnavailable: the model cannot be reached or cannot score at all.
            PlannerError: any other reason why no scores came.
        """

    def close(self) -> None:
        """Free what the model holds.

        A second call does nothing.
        """
