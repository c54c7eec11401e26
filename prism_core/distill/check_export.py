# SPDX-License-Identifier: Apache-2.0
"""Whether a GGUF file is the model that it was made from: the same tokens, close logits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from prism_core.distill.gguf_tokenizer import ELSE_CONVERT, is_control
from prism_core.distill.llama_cpp_model import GgufModel
from prism_core.distill.probes import Conversation, draw_hard_texts
from prism_core.errors import ConfigError

MAX_MEAN_KL = 1e-3
HARD_TEXTS = 2000
COMPARED, COMPARED_TOKENS = 6, 512
"""On so many conversations, and so many tokens of each, are logits compared."""
_ROWS = 64


@dataclass(frozen=True)
class Closeness:
    """How close the next-token distributions of two models are.

    `mean_kl` and `max_kl` are Kullback-Leibler divergences in nats from the first to the second;
    `top1` is the share of positions at which both have the same likeliest token.
    """

    positions: int
    mean_kl: float
    max_kl: float
    top1: float

    def __str__(self) -> str:
        return (
            f'mean KL {self.mean_kl:.2g}, largest {self.max_kl:.2g}, same likeliest token '
            f'{self.top1:.2%} at {self.positions:,} positions'
        )


@dataclass(frozen=True)
class Check:
    """What was compared, and how close it was; all `texts` have the same tokens."""

    texts: int
    tokens: int
    closeness: Closeness

    def __str__(self) -> str:
        return f'{self.texts:,} texts of {self.tokens:,} tokens alike; {self.closeness}'


def check_export(
    gguf: Path,
    checkpoint: Path,
    tokenizer: PreTrainedTokenizerFast,
    conversations: Sequence[Conversation],
    max_mean_kl: float = MAX_MEAN_KL,
) -> Check:
    """Compare a GGUF file with the checkpoint that it was made from.

    Args:
        gguf: the file.
        checkpoint: its folder.
        tokenizer: of the checkpoint.
        conversations: what the model is for; at least one.
        max_mean_kl: how far apart they may be.

    Raises:
        ConfigError: they are not alike; the message holds the numbers.
    """
    with GgufModel(gguf, COMPARED_TOKENS) as model:
        rendered = _check_template(model, tokenizer, conversations)
        texts, tokens = _check_tokens(model, tokenizer, rendered, conversations)
        sequences = [
            model.tokenize(text, add_special=False, parse_special=True)[:COMPARED_TOKENS]
            for text in rendered[:COMPARED]
        ]
        closeness = compare(load_reference(checkpoint), model.logits, sequences)
    if not closeness.mean_kl <= max_mean_kl:
        raise ConfigError(
            f'{checkpoint}: expected a mean KL of at most {max_mean_kl:g} between transformers and '
            f'the exported model, got {closeness}; nothing was written: export as F32 to see '
            'whether it is for the precision'
        )
    return Check(texts, tokens, closeness)


def _check_template(
    model: GgufModel, tokenizer: PreTrainedTokenizerFast, conversations: Sequence[Conversation]
) -> list[str]:
    """The conversations as text, which the template in the file must render alike."""
    rendered = []
    for messages in conversations:
        plain = [{'role': m['role'], 'content': m['content']} for m in messages]
        expected = str(tokenizer.apply_chat_template(plain, tokenize=False))
        if (got := model.render(messages)) != expected:
            raise ConfigError(
                f'expected the chat template in the GGUF file to render {expected[:80]!r}…, got '
                f'{got[:80]!r}…; nothing was written: use a plainer template'
            )
        rendered.append(expected)
    return rendered


def _check_tokens(
    model: GgufModel,
    tokenizer: PreTrainedTokenizerFast,
    rendered: Sequence[str],
    conversations: Iterable[Conversation],
) -> tuple[int, int]:
    """How many texts were compared, and their tokens."""
    control = {t.content: is_control(t.content, t.special) for t in _added(tokenizer)}
    plain = [message['content'] for messages in conversations for message in messages]
    hard = draw_hard_texts(plain, list(control), HARD_TEXTS)
    # A token that llama.cpp takes for a control token and the tokenizer does not: both read it
    # where control tokens are read, and only the tokenizer elsewhere.
    unlike = [t.content for t in _added(tokenizer) if control[t.content] != t.special]
    as_text = [text for text in (*plain, *hard) if not any(token in text for token in unlike)]
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    count = 0
    for texts, add_special, parse_special in (
        ([*rendered, *hard], False, True),
        (as_text, False, False),
        (as_text, True, False),
    ):
        backend.encode_special_tokens = not parse_special
        encoded = backend.encode_batch(texts, add_special_tokens=add_special)
        got = [
            model.tokenize(text, add_special=add_special, parse_special=parse_special)
            for text in texts
        ]
        _expect_same(texts, [encoding.ids for encoding in encoded], got)
        count += sum(map(len, got))
    return len(rendered) + len(hard) + len(as_text), count


def _added(tokenizer: PreTrainedTokenizerFast):
    return tokenizer.added_tokens_decoder.values()


def _expect_same(
    texts: Sequence[str], expected: Sequence[list[int]], got: Sequence[list[int]]
) -> None:
    unlike = [at for at in range(len(texts)) if expected[at] != got[at]]
    if unlike:
        at = min(unlike, key=lambda index: len(texts[index]))
        raise ConfigError(
            f'expected llama.cpp to make the same tokens of all {len(texts):,} texts as the '
            f'tokenizer, got others for {len(unlike):,}, such as {texts[at][:80]!r}: '
            f'{expected[at][:12]} against {got[at][:12]}; nothing was written: {ELSE_CONVERT}'
        )


def load_reference(checkpoint: Path) -> Callable[[Sequence[int]], np.ndarray]:
    """The logits of a checkpoint by transformers, in F32 on the CPU."""
    model = AutoModelForCausalLM.from_pretrained(
        checkpoint, dtype=torch.float32, local_files_only=True
    ).eval()

    def logits(tokens: Sequence[int]) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.tensor([list(tokens)])).logits[0].float().numpy()

    return logits


def compare(
    first: Callable[[Sequence[int]], np.ndarray],
    second: Callable[[Sequence[int]], np.ndarray],
    sequences: Iterable[Sequence[int]],
) -> Closeness:
    """How close two models are on some sequences of tokens."""
    divergences, same = [], []
    for tokens in sequences:
        of_first, of_second = first(tokens), second(tokens)
        for start in range(0, len(tokens), _ROWS):  # a large vocabulary takes much memory
            rows = slice(start, start + _ROWS)
            p, q = _log_softmax(of_first[rows]), _log_softmax(of_second[rows])
            divergences.append((np.exp(p) * (p - q)).sum(axis=1))
            same.append(p.argmax(axis=1) == q.argmax(axis=1))
    kl, top1 = np.concatenate(divergences), np.concatenate(same)
    return Closeness(len(kl), float(kl.mean()), float(kl.max()), float(top1.mean()))


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
