# SPDX-License-Identifier: Apache-2.0
"""Models in GGUF files on llama.cpp, by the low-level calls of llama-cpp-python.

The library's own class copies the logits of all positions with each saved state, masks the whole
vocabulary for each token, and cannot stop while it reads a prompt; none of it is used here.
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import llama_cpp
import numpy as np

from prism_core.errors import ConfigError, PlannerError
from prism_core.gguf_info import TensorInfo, read_gguf_info
from prism_core.inference.local.branches import Tree
from prism_core.inference.local.chat_template import ChatTemplate
from prism_core.inference.local.grammar import TokenVocabulary
from prism_core.inference.local.local_model import LocalModel

_logger = logging.getLogger(__name__)

CHUNK_TOKENS = 256
_TREE_CHUNK_TOKENS = 64
"""Of each one the logits are kept: 33 MB for a vocabulary of 128 thousand."""
_BRANCHES = 63
"""So many leaves of a tree are held at once, beside what all of them begin with."""
_ONLY_FAST_REPACKED = frozenset({'Q4_0', 'IQ4_NL', 'MXFP4'})
_GGML_LOG_LEVEL_ERROR = 4
_TEMPLATE_KEY = 'tokenizer.chat_template'


class LlamaCppModel(LocalModel):
    """A `TextModel` on a GGUF file. Calls from several threads are safe; they wait for each other.

    Args:
        path: the file.
        context_tokens: prompt and reply together; 0 for what the model was trained for.
        threads: 0 for as many as this process may use. They spin while they wait: leave other busy
            processes cores of their own.
        gpu_layers: so many layers go to the GPU, where the library was built for one; -1 for all.
        flash_attention: None for where it is faster: on a GPU. llama.cpp's for processors is five
            times slower on chunks of 2 to 63 tokens, which is what a replan reads.
        temperature: 0 for the most probable token.
        timeout_s: for calls that do not say how long they wait.
        name: for provenance; the file's name without suffix by default.
        plain: whether the model may have no chat template, and then takes plain texts only.
        adapters: files of LoRA adapters by their names, of which a call may name one; all are held
            in memory.

    Raises:
        ConfigError: a file is none that llama.cpp can load, or the model has no chat template.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        context_tokens: int = 0,
        threads: int = 0,
        gpu_layers: int = -1,
        flash_attention: bool | None = None,
        temperature: float = 0.0,
        timeout_s: float = 60.0,
        name: str = '',
        plain: bool = False,
        adapters: Mapping[str, Path | str] = MappingProxyType({}),
    ):
        backend = LlamaCppBackend(
            path,
            context_tokens=context_tokens,
            threads=threads,
            gpu_layers=gpu_layers,
            flash_attention=flash_attention,
            plain=plain,
            adapters=adapters,
        )
        self.metadata = backend.metadata
        super().__init__(
            backend,
            name=name or Path(path).stem,
            temperature=temperature,
            chunk_tokens=CHUNK_TOKENS,
            timeout_s=timeout_s,
        )


class LlamaCppBackend:
    """One context of one model. Not safe for several threads at once."""

    def __init__(
        self,
        path: Path | str,
        *,
        context_tokens: int,
        threads: int,
        gpu_layers: int,
        flash_attention: bool | None,
        plain: bool = False,
        adapters: Mapping[str, Path | str] = MappingProxyType({}),
    ):
        self._model: Any = None
        self._context: Any = None
        self._batch: Any = None
        tensors = read_gguf_info(Path(path), verify=False).tensors
        if flash_attention is None:
            flash_attention = gpu_layers != 0 and llama_cpp.llama_supports_gpu_offload()
        llama_cpp.llama_log_set(_log, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        model_params = llama_cpp.llama_model_default_params()
        model_params.n_gpu_layers = gpu_layers
        model_params.use_extra_bufts = _repacking_pays(tensors)
        self._model = llama_cpp.llama_model_load_from_file(os.fsencode(path), model_params)
        if not self._model:
            raise ConfigError(
                f'expected a GGUF model that llama.cpp can load, got {path}; export it again'
            )
        try:
            self._vocab = llama_cpp.llama_model_get_vocab(self._model)
            self.metadata = _read_metadata(self._model)
            # A context has room for those that were there before it.
            self.adapters = {name: self._load_adapter(file) for name, file in adapters.items()}
            self._open_context(path, context_tokens, threads, flash_attention)
            self._read_vocabulary(path, plain)
        except BaseException:
            self.close()
            raise

    def _load_adapter(self, path: Path | str) -> Any:
        """An adapter, which is freed with the model."""
        adapter = llama_cpp.llama_adapter_lora_init(self._model, os.fsencode(path))
        if not adapter:
            raise ConfigError(
                f'expected a LoRA adapter of this model that llama.cpp can load, got {path}; '
                'export it again for this base'
            )
        return adapter

    def _open_context(
        self, path: Path | str, context_tokens: int, threads: int, flash_attention: bool
    ) -> None:
        threads = threads or len(os.sched_getaffinity(0))
        params = llama_cpp.llama_context_default_params()
        # llama.cpp rounds up; what was asked for is what counts.
        self.context_tokens = context_tokens or llama_cpp.llama_model_n_ctx_train(self._model)
        params.n_ctx = self.context_tokens
        params.n_batch = params.n_ubatch = CHUNK_TOKENS
        # A state that is no list of tokens cannot be gone on with in several ways.
        has_state = llama_cpp.llama_model_is_recurrent(
            self._model
        ) or llama_cpp.llama_model_is_hybrid(self._model)
        # llama.cpp aborts where a context has more sequences than tokens.
        self._branches = 0 if has_state else min(_BRANCHES, self.context_tokens - 1)
        params.n_seq_max = 1 + self._branches
        params.kv_unified = True
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = (
            llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
            if flash_attention
            else llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        if not self._context:
            raise ConfigError(
                f'{path}: no room for a context of {params.n_ctx} tokens; ask for a smaller one'
            )
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(CHUNK_TOKENS, 0, params.n_seq_max)
        self._position = 0

    def _read_vocabulary(self, path: Path | str, plain: bool) -> None:
        vocab = self._vocab
        size = llama_cpp.llama_vocab_n_tokens(vocab)
        control = [t for t in range(size) if llama_cpp.llama_vocab_is_control(vocab, t)]
        self.ends = frozenset(t for t in range(size) if llama_cpp.llama_vocab_is_eog(vocab, t))
        if not self.ends or (not plain and _TEMPLATE_KEY not in self.metadata):
            raise ConfigError(
                f'expected a model with a chat template and a token that ends a reply, got {path} '
                'without; export it with prism export'
            )
        end = llama_cpp.llama_vocab_eos(vocab)
        self.vocabulary = TokenVocabulary(
            [_piece(vocab, token) for token in range(size)],
            [*control, *self.ends],
            end if end in self.ends else min(self.ends),
            lambda text: self.encode(text, False),
        )
        begin = llama_cpp.llama_vocab_bos(vocab)
        self.begin = [begin] if llama_cpp.llama_vocab_get_add_bos(vocab) and begin >= 0 else []
        self.template = None
        if _TEMPLATE_KEY in self.metadata:
            specials = {'bos_token': _text_of(vocab, begin), 'eos_token': _text_of(vocab, end)}
            self.template = ChatTemplate(self.metadata[_TEMPLATE_KEY], specials)

    # -------------------------------------------------------------------------------------- tokens

    def encode(self, text: str, is_template: bool) -> list[int]:
        """The tokens of a text, as in training: control tokens of templates only."""
        data = text.encode('utf-8', 'replace')
        tokens = (llama_cpp.llama_token * (len(data) + 8))()
        number = llama_cpp.llama_tokenize(
            self._vocab, data, len(data), tokens, len(tokens), False, is_template
        )
        if number < 0:
            raise PlannerError(f'the model has no tokens for {text[:60]!r}')
        return tokens[:number]

    def keep(self, count: int) -> int:
        """Forget all but the first tokens; models that cannot forget a part forget all."""
        if not llama_cpp.llama_memory_seq_rm(self._memory, 0, count, -1):
            llama_cpp.llama_memory_clear(self._memory, True)
            count = 0
        self._position = count
        return count

    def read(self, tokens: Sequence[int]) -> np.ndarray:
        """Read a chunk; returns the logits behind it, valid until the next call.

        Raises:
            PlannerError: llama.cpp failed.
        """
        for index, token in enumerate(tokens):
            self._put(index, token, self._position + index, range(1), index == len(tokens) - 1)
        self._decode(len(tokens))
        self._position += len(tokens)
        return self._logits(-1)

    def switch(self, adapter: str, state: Any) -> Any:
        """Compute with another adapter, from what had been read under it; see `Backend`.

        Raises:
            PlannerError: llama.cpp failed; nothing that was read is kept.
        """
        left = self._copy_state()
        self.keep(0)
        chosen = [self.adapters[adapter]] if adapter else []
        number = len(chosen)
        pointers = (llama_cpp.llama_adapter_lora_p_ctypes * number)(*chosen)
        scales = (ctypes.c_float * number)(*[1.0] * number)
        if llama_cpp.llama_set_adapters_lora(self._context, pointers, number, scales) != 0:
            raise PlannerError(f'llama.cpp cannot compute with the adapter {adapter!r}')
        if state is not None and not llama_cpp.llama_state_seq_set_data(
            self._context, state, len(state), 0
        ):
            self.keep(0)
            raise PlannerError(f'llama.cpp cannot go back to the adapter {adapter!r}')
        return left

    def _copy_state(self) -> Any:
        """What came of all that was read."""
        size = llama_cpp.llama_state_seq_get_size(self._context, 0)
        state = (ctypes.c_uint8 * size)()
        llama_cpp.llama_state_seq_get_data(self._context, state, size, 0)
        return state

    def read_tree(self, tree: Tree, take: Callable[[int, np.ndarray], None]) -> int:
        """Read the branches of a tree, and forget them again; see `Backend`.

        Each leaf is a sequence of its own, which begins with the cells of what was read before; a
        branch is one cell of all sequences that go over it.

        Raises:
            PlannerError: llama.cpp failed, or the model keeps a state instead of tokens.
        """
        if not self._branches:
            raise PlannerError(
                'a model with a recurrent state cannot go on in several ways from what it has '
                'read; take one that has attention alone'
            )
        read = 0
        free = llama_cpp.llama_n_ctx(self._context) - self._position
        for leaves, numbers in tree.divide(self._branches, free):
            sequences = range(1, 1 + len(leaves))
            for sequence in sequences:
                llama_cpp.llama_memory_seq_cp(self._memory, 0, sequence, -1, -1)
            try:
                for start in range(0, len(numbers), _TREE_CHUNK_TOKENS):
                    chunk = numbers[start : start + _TREE_CHUNK_TOKENS]
                    self._read_branches(tree, chunk, leaves)
                    read += len(chunk)
                    for index, number in enumerate(chunk):
                        take(number, self._logits(index))
            finally:
                for sequence in sequences:
                    llama_cpp.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        return read

    def _read_branches(self, tree: Tree, numbers: Sequence[int], leaves: range) -> None:
        for index, number in enumerate(numbers):
            branch = tree.branches[number]
            first = max(branch.leaves[0], leaves.start) - leaves.start + 1
            end = min(branch.leaves[1], leaves.stop) - leaves.start + 1
            position = self._position + branch.depth
            self._put(index, branch.token, position, range(first, end), True)
        self._decode(len(numbers))

    def _put(
        self, index: int, token: int, position: int, sequences: range, is_wanted: bool
    ) -> None:
        """Write a place of the batch: a token, the sequences that it belongs to, and whether the
        logits behind it are wanted.
        """
        batch = self._batch
        batch.token[index] = token
        batch.pos[index] = position
        batch.n_seq_id[index] = len(sequences)
        for place, sequence in enumerate(sequences):
            batch.seq_id[index][place] = sequence
        batch.logits[index] = is_wanted

    def _decode(self, count: int) -> None:
        self._batch.n_tokens = count
        status = llama_cpp.llama_decode(self._context, self._batch)
        if status != 0:
            raise PlannerError(f'llama.cpp could not decode {count} tokens (status {status})')

    def _logits(self, index: int) -> np.ndarray:
        logits = llama_cpp.llama_get_logits_ith(self._context, index)
        return np.ctypeslib.as_array(logits, shape=(len(self.vocabulary.tokens),))

    def close(self) -> None:
        """Free batch, context and model; a second call does nothing."""
        batch, self._batch = self._batch, None
        context, self._context = self._context, None
        model, self._model = self._model, None
        if batch is not None:
            llama_cpp.llama_batch_free(batch)
        if context:
            llama_cpp.llama_free(context)
        if model:
            llama_cpp.llama_model_free(model)


def _repacking_pays(tensors: Iterable[TensorInfo]) -> bool:
    """Whether llama.cpp shall copy weights into a layout for this processor.

    On x86 it shall only for types that its tiled products (ggml-org/llama.cpp, pull request 27851)
    do not take. Those read a prompt 1.4 times as fast from K-quants as they are in the file, in 0.7
    of the memory; a reply takes a tenth longer. With AMX it shall not at all: what was repacked
    goes through `ldtilecfg` then, which ends the process where GCC 12 compiled it (seen with
    llama-cpp-python 0.3.36: of the configuration's 64 bytes only 32 are set).
    """
    if platform.machine() not in ('x86_64', 'AMD64'):
        return True
    if b'AMX_INT8 = 1' in llama_cpp.llama_print_system_info():
        return False
    return any(tensor.type in _ONLY_FAST_REPACKED for tensor in tensors)


def _read_metadata(model) -> Mapping[str, str]:
    """All that the file says about itself, as text."""

    def read(function, index: int) -> str:
        size = function(model, index, None, 0) + 1
        buffer = ctypes.create_string_buffer(size)
        function(model, index, buffer, size)
        return buffer.value.decode('utf-8', 'replace')

    return {
        read(llama_cpp.llama_model_meta_key_by_index, index): read(
            llama_cpp.llama_model_meta_val_str_by_index, index
        )
        for index in range(llama_cpp.llama_model_meta_count(model))
    }


def _piece(vocab, token: int) -> bytes:
    """The bytes of a token, control tokens by their names."""
    buffer = ctypes.create_string_buffer(64)
    size = llama_cpp.llama_token_to_piece(vocab, token, buffer, len(buffer), 0, True)
    if size < 0:
        buffer = ctypes.create_string_buffer(-size)
        size = llama_cpp.llama_token_to_piece(vocab, token, buffer, len(buffer), 0, True)
    return buffer.raw[:size]


def _text_of(vocab, token: int) -> str:
    return _piece(vocab, token).decode('utf-8', 'replace') if token >= 0 else ''


@llama_cpp.llama_log_callback
def _log(level: int, text: bytes, user_data) -> None:
    """What llama.cpp reports: its errors are ours, all else is for those who look for it."""
    is_error = level == _GGML_LOG_LEVEL_ERROR
    _logger.log(logging.ERROR if is_error else logging.DEBUG, text.decode(errors='replace').strip())
