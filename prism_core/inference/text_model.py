"""The seam between planners and language models: teacher, student and script all sit behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from prism_core.conversation import Message
from prism_core.grammar import Lark


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
