# SPDX-License-Identifier: Apache-2.0
"""How a language model behind an OpenAI-compatible endpoint is reached, and what it may cost.

Holds the name of the variable with the key, never the key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from prism_core.episode.episode import DEFAULT_DOMAIN
from prism_core.errors import ConfigError

OPENAI_URL = 'https://api.openai.com/v1'
ReplyForm = Literal['auto', 'schema', 'json', 'text']
_REPLY_FORMS = ('auto', 'schema', 'json', 'text')
_VARIABLE = re.compile(r'[A-Za-z_][A-Za-z0-9_]{0,63}')


@dataclass(frozen=True)
class TeacherConfig:
    """An endpoint, a model, and limits.

    Attributes:
        model: what the endpoint calls it.
        base_url: where the endpoint is, up to `/v1`; '' for OpenAI's own.
        key_variable: environment variable that holds the key; '' where the endpoint needs none.
        reply_form: how the endpoint is held to JSON: by `schema`, by its `json` mode, or not at
            all (`text`); `auto` begins with the schema and falls back where that is refused.
        temperature: 0 for the likeliest reply.
        top_p: of the likeliest tokens only those that are so probable together; 1 for all.
        max_new_tokens: where a reply is cut.
        timeout_s: for one try, from connecting to the last byte.
        max_in_flight: so many requests at once.
        max_tries: so often a call is tried while the endpoint works.
        first_pause_s: before the second try; doubled for each one after, and jittered.
        patience_s: how long to wait for an endpoint that is down.
        max_tokens: cap on prompt and new tokens of the whole run, resumed or not; 0 for none.
        max_cost_usd: cap on the cost of the whole run; 0 for none.
        usd_per_million_prompt_tokens: price of what is read.
        usd_per_million_cached_tokens: price of what is read from the endpoint's own cache; None
            for that of any other prompt.
        usd_per_million_new_tokens: price of what is written.
        domain: where the planner `lm` plans.

    Raises:
        ConfigError: a value is out of its range.
    """

    model: str
    base_url: str = ''
    key_variable: str = 'OPENAI_API_KEY'
    reply_form: ReplyForm = 'auto'
    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 1024
    timeout_s: float = 120.0
    max_in_flight: int = 16
    max_tries: int = 8
    first_pause_s: float = 0.5
    patience_s: float = 600.0
    max_tokens: int = 0
    max_cost_usd: float = 0.0
    usd_per_million_prompt_tokens: float = 0.0
    usd_per_million_cached_tokens: float | None = None
    usd_per_million_new_tokens: float = 0.0
    domain: str = DEFAULT_DOMAIN

    def __post_init__(self):
        if not self.model.strip():
            raise ConfigError('model: expected the name of a model, got none')
        if self.key_variable and not _VARIABLE.fullmatch(self.key_variable):
            # What came is not quoted: it may be the key itself.
            raise ConfigError(
                'key_variable: expected the name of an environment variable such as '
                'OPENAI_API_KEY, got something else; put the key into that variable'
            )
        if self.reply_form not in _REPLY_FORMS:
            raise ConfigError(
                f'reply_form: expected one of {", ".join(_REPLY_FORMS)}, got {self.reply_form!r}'
            )
        _check_url(self.base_url)
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ConfigError(f'{name}: expected {low:g} to {high:g}, got {value!r}')
        if self.max_cost_usd and not self.has_prices:
            raise ConfigError(
                'max_cost_usd: expected prices beside it, got none; set '
                'usd_per_million_prompt_tokens and usd_per_million_new_tokens'
            )

    @property
    def url(self) -> str:
        """Where the endpoint is."""
        return self.base_url or OPENAI_URL

    @property
    def has_prices(self) -> bool:
        """Whether tokens cost anything."""
        return bool(self.usd_per_million_prompt_tokens or self.usd_per_million_new_tokens)

    def cost_usd(self, prompt_tokens: int, cached_tokens: int, new_tokens: int) -> float:
        """What tokens cost; `cached_tokens` are those of the prompt that were read before."""
        price = self.usd_per_million_prompt_tokens
        cached = self.usd_per_million_cached_tokens
        return (
            (prompt_tokens - cached_tokens) * price
            + cached_tokens * (price if cached is None else cached)
            + new_tokens * self.usd_per_million_new_tokens
        ) / 1e6


_MOST = 1e12
_RANGES = (
    ('temperature', 0, 2),
    ('top_p', 0.01, 1),
    ('max_new_tokens', 1, 1_000_000),
    ('timeout_s', 0.01, 86_400),
    ('max_in_flight', 1, 4096),
    ('max_tries', 1, 100),
    ('first_pause_s', 0, 60),
    ('patience_s', 0, 604_800),
    ('max_tokens', 0, _MOST),
    ('max_cost_usd', 0, _MOST),
    ('usd_per_million_prompt_tokens', 0, _MOST),
    ('usd_per_million_cached_tokens', 0, _MOST),
    ('usd_per_million_new_tokens', 0, _MOST),
)


def _check_url(url: str) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        host, user, _ = parts.hostname, parts.username or parts.password, parts.port
    except ValueError:
        host = user = None
    else:
        if user is not None or parts.query:
            raise ConfigError(
                'base_url: expected no password and no query in it, for it is written to recipes; '
                'put the key into the variable that key_variable names'
            )
    if not host or parts.scheme not in ('http', 'https'):
        raise ConfigError(
            f'base_url: expected an address such as http://127.0.0.1:8000/v1, got {url[:80]!r}'
        )
