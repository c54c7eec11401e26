# SPDX-License-Identifier: Apache-2.0
"""What texts mean, as an endpoint says by vectors (`/v1/embeddings`)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from prism_core.inference.endpoint.calls import EmbeddingCall
from prism_core.inference.endpoint.teacher_api import ApiModel

_TEXTS_AT_ONCE = 128


class EmbeddingApi(ApiModel):
    """An ApiModel that gives vectors of texts, within the same limits of time, tokens and money."""

    def embed(self, texts: Sequence[str], *, timeout_s: float | None = None) -> list[list[float]]:
        """A vector for each text, all of one length.

        Args:
            texts: none of them empty.
            timeout_s: how long each request may take, all tries together; None for as long as they
                take.

        Raises:
            PlannerTimeout: no vectors within the time.
            TeacherAuth: the endpoint refuses the key or the account.
            PlannerUnavailable: the endpoint cannot be reached or embeds no texts.
            PlannerError: this call cannot succeed.
        """
        vectors: list[list[float]] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            call = EmbeddingCall(tuple(texts[start : start + _TEXTS_AT_ONCE]))
            reply = self._find(call) or self._run(self._answer(call), timeout_s)
            vectors += json.loads(reply.text)
        return vectors
