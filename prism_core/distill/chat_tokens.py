# SPDX-License-Identifier: Apache-2.0
"""Conversations as tokens by a model's own chat template, with a weight for each token.

What belongs to a reply is found by the difference of texts: the template of what came before it,
with the beginning of a reply, must be a prefix of the template of the whole; so must its tokens.
Templates for which that does not hold (some drop what was thought in earlier turns) would train on
other text than the robot sends; they are refused.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from prism_core.dialects.conversation import Message
from prism_core.errors import ConfigError

CONTROL_IN_TEXT = 'a control token in the text of a message'


class _Tokens(NamedTuple):
    """A text, its tokens, and from where to where in the text each is."""

    text: str
    ids: list[int]
    offsets: list[tuple[int, int]]


class ChatEncoder:
    """Encodes conversations for one model.

    Args:
        tokenizer: of transformers, with a chat template.
        prompt_weight: what a token outside of the replies counts; numbers, which nobody can
            foresee, count nothing.
        settings: go to the template, such as `enable_thinking`.

    Raises:
        ConfigError: the tokenizer has no chat template.
    """

    def __init__(
        self, tokenizer: Any, *, prompt_weight: float = 0.0, settings: Mapping[str, Any] = {}
    ):
        if not tokenizer.chat_template:
            raise ConfigError(
                f'expected a chat template in the tokenizer of {tokenizer.name_or_path}, got none; '
                'take the instruction-tuned model'
            )
        self._tokenizer = tokenizer
        self._prompt_weight = prompt_weight
        self._settings = dict(settings)
        vocab = tokenizer.get_vocab() if prompt_weight else {}
        self._numbers = frozenset(n for text, n in vocab.items() if text.strip('Ġ▁').isdigit())
        self._special = frozenset(tokenizer.all_special_ids) | frozenset(
            number for number, token in tokenizer.added_tokens_decoder.items() if token.special
        )
        self._ids = lru_cache(maxsize=1024)(self._make_ids)
        self._special_texts = [tokenizer.convert_ids_to_tokens(n) for n in self._special]

    def holds_control(self, messages: Sequence[Message]) -> bool:
        """Whether the text of a message would be read as a control token."""
        return any(text in m['content'] for m in messages for text in self._special_texts)

    def encode(
        self, messages: Sequence[Message], weights: Sequence[float]
    ) -> tuple[list[int], list[float]]:
        """The tokens of a conversation and what each counts.

        Args:
            messages: of the roles `system`, `user` and `assistant`.
            weights: one for each reply, for its tokens and its end; a reply of weight 0 counts
                nothing, prompts count `prompt_weight`.

        Raises:
            ConfigError: the template does not write conversations so that each is the beginning
                of the next, or does not end a reply with a control token.
        """
        replies = [place for place, m in enumerate(messages) if m['role'] == 'assistant']
        text, *said = self._render([messages, *(messages[: place + 1] for place in replies)])
        asked = self._render([messages[:place] for place in replies], prompt=True)
        encoded = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        whole = _Tokens(text, encoded['input_ids'], encoded['offset_mapping'])
        token_weights = [0.0 if n in self._numbers else self._prompt_weight for n in whole.ids]
        for prompt, reply, weight in zip(asked, said, weights):
            start = self._end_of(prompt, whole)
            stop = self._end_of(reply.rstrip(), whole)
            if whole.ids[stop - 1] not in self._special:
                raise ConfigError(
                    'expected a chat template that ends each reply with a control token, got '
                    f'{reply[-20:]!r}; the student would not learn to stop: give the tokenizer '
                    'another template'
                )
            token_weights[start:stop] = [weight] * (stop - start)
        return whole.ids, token_weights

    def _end_of(self, beginning: str, whole: _Tokens) -> int:
        """How many of the tokens a beginning of the text has.

        No token goes across a control token: only what stands behind the last one is made tokens
        again, unless the tokenizer makes other ones of a part of a text.
        """
        if not whole.text.startswith(beginning):
            raise _no_beginning(beginning, whole.text)
        count = bisect_right(whole.offsets, len(beginning), key=itemgetter(1))
        last = next((at for at in reversed(range(count)) if whole.ids[at] in self._special), 0)
        rest = beginning[whole.offsets[last][0] :] if count else beginning
        if tuple(whole.ids[last:count]) == self._ids(rest):
            return count
        ids = self._ids(beginning)
        if tuple(whole.ids[: len(ids)]) != ids:
            raise _no_beginning(beginning, whole.text)
        return len(ids)

    def _render(
        self, conversations: Sequence[Sequence[Message]], prompt: bool = False
    ) -> list[str]:
        if not conversations:
            return []
        return self._tokenizer.apply_chat_template(
            [[dict(message) for message in messages] for messages in conversations],
            tokenize=False,
            add_generation_prompt=prompt,
            **self._settings,
        )

    def _make_ids(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(text, add_special_tokens=False)['input_ids'])


def _no_beginning(beginning: str, text: str) -> ConfigError:
    return ConfigError(
        'expected a chat template in which a conversation begins with what was sent '
        f'before, got other text from {_first_difference(beginning, text)!r} on; train on '
        'single replies (form: turns) with template_settings as the robot has them, or '
        'give the tokenizer another template'
    )


def _first_difference(one: str, other: str) -> str:
    place = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), len(other))
    return one[max(place - 20, 0) : place + 20]
