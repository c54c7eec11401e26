# SPDX-License-Identifier: Apache-2.0
"""Texts on which an exported model is compared with the one it was made from.

Real conversations of the domain, and texts that are hard on a tokenizer.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import count, islice
from random import Random

from prism_core.dataset.conversations import render_samples
from prism_core.dialects.conversation import Message
from prism_core.domain import Domain

Conversation = tuple[Message, ...]

_PIECES = (
    *(' ', '  ', '   ', '\n', '\n\n', ' \n', '\t', '\r\n', ' \n ', '0', '7', '12', '2026', '3.14'),
    *("'s", "'LL", "don't", "'", '"', '...', '--', '<', '>', '<|', '|>', '[', '{"plan": [', '\\n'),
    *('robot', ' truck', 'Truck', 'TRUCK', 'drive(dock_1)', 'x=-3.5', '<r1', 'r1>', '<r123>'),
    *('é', 'Straße', ' naïve', '北京', 'ロボット', 'привет', 'שלום', '한국'),
    *('🙂', '👩\u200d🚀', '\u00a0', 'ﬁ', '½'),
)


def draw_conversations(domain: Domain, dialect_name: str, number: int) -> list[Conversation]:
    """Conversations as a dataset of the domain holds them, always the same ones.

    Raises:
        ConfigError: there is no such dialect.
    """
    return list(islice(_draw(domain, dialect_name), number))


def _draw(domain: Domain, dialect_name: str) -> Iterator[Conversation]:
    recipe = domain.recipe_type()
    for index in count():
        config = domain.plan_world(recipe, index, False, {})
        for place, episode in enumerate(domain.draw_world(index, config)):
            named = {**episode.provenance, 'id': f'probe {index}.{place}'}
            episode = dataclasses.replace(episode, provenance=named)
            for sample in render_samples(episode, domain, dialect_name):
                yield sample.messages


def draw_hard_texts(
    texts: Sequence[str], tokens: Sequence[str], number: int, seed: int = 0
) -> list[str]:
    """Texts of pieces that tokenizers split differently, always the same ones.

    They are in Unicode's form C, as what is typed is: some tokenizers bring text to it first, and
    llama.cpp does not.

    Args:
        texts: what to cut pieces from.
        tokens: added tokens, which a text may spell.
        number: how many.
        seed: draws them.
    """
    rng = Random(f'probes {seed}')  # noqa: S311 - no secret
    return [unicodedata.normalize('NFC', _mix(rng, texts, tokens)) for _ in range(number)]


def _mix(rng: Random, texts: Sequence[str], tokens: Sequence[str]) -> str:
    parts = []
    for _ in range(rng.randrange(1, 12)):
        draw = rng.random()
        if draw < 0.3 and texts:
            text = rng.choice(texts)
            start = rng.randrange(len(text) + 1)
            parts.append(text[start : start + rng.randrange(1, 40)])
        elif draw < 0.5 and tokens:
            token = rng.choice(tokens)
            parts.append(token if rng.random() < 0.7 else token[: rng.randrange(len(token))])
        else:
            parts.append(rng.choice(_PIECES))
    return ''.join(parts)
