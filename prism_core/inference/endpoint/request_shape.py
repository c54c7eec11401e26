# SPDX-License-Identifier: Apache-2.0
"""How a request to an OpenAI-compatible endpoint is written, and made simpler where it is refused.

Endpoints differ in the fields that they know: how a reply is held to JSON, what the limit of new
tokens is called, whether temperature and seed can be set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from prism_core.inference.endpoint.errors import is_about_form
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.inference.text_model import JsonSchema

_SIMPLER_FORM: Mapping[str, Literal['json', 'text']] = {'schema': 'json', 'json': 'text'}
_LIMITS = ('max_completion_tokens', 'max_tokens')
_NOT_KNOWN = (
    *('unsupported', 'not support', 'unknown', 'unrecognized', 'unexpected'),
    *('extra inputs', 'extra fields', 'not permitted'),
)


@dataclass(frozen=True)
class RequestShape:
    """Which fields a request has.

    `limits` are the names of the limit of new tokens that are left to try, `can_fall_back` says
    whether the form of the reply may become simpler.
    """

    reply_form: Literal['schema', 'json', 'text']
    limits: tuple[str, ...]
    can_fall_back: bool
    left_out: frozenset[str] = frozenset()

    def write(
        self, config: TeacherConfig, grammar: JsonSchema | None, max_new_tokens: int, seed: int
    ) -> dict[str, Any]:
        """The fields of a request, but for its messages."""
        fields: dict[str, Any] = {
            'model': config.model,
            self.limits[0]: max_new_tokens,
            'temperature': config.temperature,
            'seed': seed % 2**31,
        }
        if config.top_p < 1:
            fields['top_p'] = config.top_p
        if grammar is not None and self.reply_form == 'schema':
            schema = {'name': grammar.name, 'schema': dict(grammar.schema), 'strict': True}
            fields['response_format'] = {'type': 'json_schema', 'json_schema': schema}
        elif grammar is not None and self.reply_form == 'json':
            fields['response_format'] = {'type': 'json_object'}
        return {key: value for key, value in fields.items() if key not in self.left_out}

    def make_simpler(self, complaint: str) -> RequestShape | None:
        """The next shape to try where an endpoint refused this one; None when that is no help.

        Args:
            complaint: what the endpoint said.
        """
        said = complaint.lower()
        if is_about_form(said) and self.reply_form in _SIMPLER_FORM:
            if not self.can_fall_back:
                return None
            return replace(self, reply_form=_SIMPLER_FORM[self.reply_form])
        if not any(word in said for word in _NOT_KNOWN):
            return None
        if len(self.limits) > 1 and self.limits[0] in said:
            return replace(self, limits=self.limits[1:])
        for name in ('temperature', 'top_p', 'seed'):
            if name in said and name not in self.left_out:
                return replace(self, left_out=self.left_out | {name})
        return None


def first_shape(config: TeacherConfig) -> RequestShape:
    """What to try first: the newest fields with OpenAI, the most widely known ones elsewhere."""
    return RequestShape(
        reply_form='schema' if config.reply_form == 'auto' else config.reply_form,
        limits=_LIMITS[::-1] if config.base_url else _LIMITS,
        can_fall_back=config.reply_form == 'auto',
    )
