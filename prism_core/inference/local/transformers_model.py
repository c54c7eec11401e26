# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of transformers as text models: for comparison with what was exported from them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from prism_core.errors import ConfigError, PlannerError
from prism_core.inference.local.branches import Tree
from prism_core.inference.local.chat_template import ChatTemplate
from prism_core.inference.local.grammar import TokenVocabulary, token_bytes
from prism_core.inference.local.local_model import LocalModel


class TransformersModel(LocalModel):
    """A `TextModel` on a checkpoint folder. Calls from several threads are safe; they wait for each
    other.

    Args:
        folder: weights, configuration and tokenizer.
        context_tokens: prompt and reply together; 0 for what the model was trained for.
        device: such as `cpu` or `cuda`.
        temperature: 0 for the most probable token.
        timeout_s: for calls that do not say how long they wait.
        name: for provenance; the folder's name by default.

    Raises:
        ConfigError: the folder holds no causal language model with a byte-level tokenizer and a
            chat template.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        context_tokens: int = 0,
        device: str = 'cpu',
        temperature: float = 0.0,
        timeout_s: float = 60.0,
        name: str = '',
    ):
        model, tokenizer = _load_checkpoint(folder)
        super().__init__(
            TransformersBackend(model.to(device), tokenizer, context_tokens=context_tokens),
            name=name or Path(folder).name,
            temperature=temperature,
            timeout_s=timeout_s,
        )


def _load_checkpoint(folder: Path | str) -> tuple[Any, Any]:
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f'expected the checkpoint of a language model in {folder}: {str(error)[:200]}'
        ) from error
    return model.eval(), tokenizer


class TransformersBackend:
    """One model and its cache. Not safe for several threads at once.

    Args:
        model: a causal language model of transformers, in evaluation mode.
        tokenizer: its fast tokenizer.
        context_tokens: prompt and reply together; 0 for what the model was trained for.

    Raises:
        ConfigError: the tokenizer has no chat template or no end token.
    """

    adapters: Collection[str] = ()

    def __init__(self, model: Any, tokenizer: Any, *, context_tokens: int = 0):
        if not tokenizer.chat_template or tokenizer.eos_token_id is None:
            raise ConfigError(
                'expected a tokenizer with a chat template and an end token, got '
                f'{tokenizer.name_or_path or "one"} without'
            )
        self._model = model
        self._tokenizer = tokenizer.backend_tokenizer
        self._cache = DynamicCache(config=model.config)
        self.context_tokens = context_tokens or int(model.config.max_position_embeddings)
        ends = model.generation_config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        self.ends = frozenset({tokenizer.eos_token_id, *(end for end in ends if end is not None)})
        self.vocabulary = TokenVocabulary(
            token_bytes(self._tokenizer),
            [*tokenizer.all_special_ids, *self.ends],
            tokenizer.eos_token_id,
            lambda text: self.encode(text, False),
        )
        self.begin = _begin_of(tokenizer)
        self.template: ChatTemplate | None = ChatTemplate(
            tokenizer.chat_template,
            {'bos_token': tokenizer.bos_token or '', 'eos_token': tokenizer.eos_token},
        )

    def encode(self, text: str, is_template: bool) -> list[int]:
        """The tokens of a text, as in training: control tokens of templates only."""
        self._tokenizer.encode_special_tokens = not is_template
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def keep(self, count: int) -> int:
        """Forget all but the first tokens."""
        behind = self._cache.get_seq_length() - count
        if behind > 0:
            self._cache.crop(-behind)
        return count

    def read(self, tokens: Sequence[int]) -> np.ndarray:
        """Read a chunk; returns the logits behind it."""
        return self._read(tokens, 1)[-1]

    def read_tree(self, tree: Tree, take: Callable[[int, np.ndarray], None]) -> int:
        """Read the branches of a tree, one way after the other, and forget them again."""
        before = self._cache.get_seq_length()
        read = 0
        try:
            for leaves, numbers in tree.divide(max_leaves=1, max_tokens=0):
                new = [n for n in numbers if tree.branches[n].leaves[0] == leaves.start]
                self.keep(before + len(numbers) - len(new))
                logits = self._read([tree.branches[number].token for number in new], len(new))
                read += len(new)
                for number, row in zip(new, logits):
                    take(number, row)
        finally:
            self.keep(before)
        return read

    def _read(self, tokens: Sequence[int], wanted: int) -> np.ndarray:
        """Read a chunk; returns the logits behind so many of its last tokens."""
        ids = torch.tensor([list(tokens)], device=self._model.device)
        with torch.inference_mode():
            logits = self._model(
                input_ids=ids, past_key_values=self._cache, use_cache=True, logits_to_keep=wanted
            ).logits
        known = len(self.vocabulary.tokens)  # some models have embeddings to spare
        return logits[0, :, :known].float().cpu().numpy()

    def switch(self, adapter: str, state: Any) -> Any:
        """There are no adapters: they are merged into a checkpoint."""
        raise PlannerError('expected llama.cpp for an adapter; merge it for transformers')

    def close(self) -> None:
        """Free the weights."""
        del self._model, self._cache


def _begin_of(tokenizer: Any) -> list[int]:
    """The tokens that a tokenizer sets before a text."""
    tokens = tokenizer('')['input_ids']
    return tokens[:1] if tokenizer.bos_token_id in tokens[:1] else []
