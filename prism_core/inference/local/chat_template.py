# SPDX-License-Identifier: Apache-2.0
"""Chat templates: a conversation as the text that a model was trained on, in pieces, so that what
the template says and what the messages say are never mixed up.

Only the template can say control tokens: they are looked for in its pieces, never in a message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from prism_core.dialects.conversation import Message
from prism_core.errors import ConfigError, PlannerError

_MARK = re.compile(' ?\x00([0-9]+)\x00 ?')


class Piece(NamedTuple):
    """Some text, and whether the template says it."""

    text: str
    is_template: bool


class ChatTemplate:
    """A Jinja template as transformers and GGUF files carry it.

    Args:
        source: the template.
        specials: what `bos_token` and `eos_token` stand for in it.

    Raises:
        ConfigError: the template cannot be read.
    """

    def __init__(self, source: str, specials: dict[str, str]):
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[_Generation, 'jinja2.ext.loopcontrols'],
        )
        environment.globals['raise_exception'] = _refuse
        try:
            self._template = environment.from_string(source)
        except TemplateError as error:
            raise ConfigError(f'the chat template of the model cannot be read: {error}') from None
        self._specials = specials

    def render(self, messages: Sequence[Message]) -> list[Piece]:
        """The conversation up to where the assistant goes on.

        Raises:
            PlannerError: the template takes no such messages.
        """
        # The template sees marks with a space around them, which tell whether it strips messages.
        marked = [
            {'role': message['role'], 'content': f' \x00{number}\x00 '}
            for number, message in enumerate(messages)
        ]
        try:
            text = self._template.render(
                messages=marked, add_generation_prompt=True, **self._specials
            )
        except TemplateError as error:
            raise PlannerError(
                f'the chat template of the model takes no such messages: {error}'
            ) from None
        pieces, position = [], 0
        for mark in _MARK.finditer(text):
            pieces.append(Piece(text[position : mark.start()], True))
            content = messages[int(mark[1])]['content']
            pieces.append(Piece(content if mark[0][0] == ' ' else content.strip(), False))
            position = mark.end()
        return [piece for piece in (*pieces, Piece(text[position:], True)) if piece.text]


class _Generation(Extension):
    """The block by which templates mark what is trained on; here it says what it holds."""

    tags = {'generation'}  # noqa: RUF012 - as jinja2 declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(('name:endgeneration',), drop_needle=True)


def _refuse(reason: Any) -> None:
    raise TemplateError(str(reason))
