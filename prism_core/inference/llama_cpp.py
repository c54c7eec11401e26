"""Models in GGUF files on llama.cpp, by the low-level calls of llama-cpp-python.

The library's own class copies the logits of all positions with each saved state, masks the whole
vocabulary for each token, and cannot stop while it reads a prompt; none of it is used here.
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np

from prism_core.errors import ConfigError, PlannerError
from prism_core.gguf_info import TensorInfo, read_gguf_info
from prism_core.inference.chat_template import ChatTemplate
from prism_core.inference.grammar import Vocabulary
from prism_core.inference.local_model import LocalModel

_logger = logging.getLogger(__name__)

CHUNK_TOKENS = 256
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

    Raises:
        ConfigError: the file is none that llama.cpp can load, or it has no chat template.
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
    ):
        engine = LlamaCppEngine(
            path,
            context_tokens=context_tokens,
            threads=threads,
            gpu_layers=gpu_layers,
            flash_attention=flash_attention,
        )
        self.metadata = engine.metadata
        super().__init__(
            engine,
            name=name or Path(path).stem,
            temperature=temperature,
            chunk_tokens=CHUNK_TOKENS,
            timeout_s=timeout_s,
        )


class LlamaCppEngine:
    """One context of one model. Not safe for several threads at once."""

    def __init__(
        self,
        path: Path | str,
        *,
        context_tokens: int,
        threads: int,
        gpu_layers: int,
        flash_attention: bool | None,
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
            self._open_context(path, context_tokens, threads, flash_attention)
            self._read_vocabulary(path)
        except BaseException:
            self.close()
            raise

    def _open_context(
        self, path: Path | str, context_tokens: int, threads: int, flash_attention: bool
    ) -> None:
        threads = threads or len(os.sched_getaffinity(0))
        params = llama_cpp.llama_context_default_params()
        # llama.cpp rounds up; what was asked for is what counts.
        self.context_tokens = context_tokens or llama_cpp.llama_model_n_ctx_train(self._model)
        params.n_ctx = self.context_tokens
        params.n_batch = params.n_ubatch = CHUNK_TOKENS
        params.n_seq_max = 1
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
        self._batch = llama_cpp.llama_batch_init(CHUNK_TOKENS, 0, 1)
        self._position = 0

    def _read_vocabulary(self, path: Path | str) -> None:
        vocab = self._vocab
        size = llama_cpp.llama_vocab_n_tokens(vocab)
        control = [t for t in range(size) if llama_cpp.llama_vocab_is_control(vocab, t)]
        self.ends = frozenset(t for t in range(size) if llama_cpp.llama_vocab_is_eog(vocab, t))
        if _TEMPLATE_KEY not in self.metadata or not self.ends:
            raise ConfigError(
                f'expected a model with a chat template and a token that ends a reply, got {path} '
                'without; export it with prism export'
            )
        end = llama_cpp.llama_vocab_eos(vocab)
        self.vocabulary = Vocabulary(
            [_piece(vocab, token) for token in range(size)],
            [*control, *self.ends],
            end if end in self.ends else min(self.ends),
            lambda text: self.encode(text, False),
        )
        self.template = ChatTemplate(
            self.metadata[_TEMPLATE_KEY],
            {
                'bos_token': _text_of(vocab, llama_cpp.llama_vocab_bos(vocab)),
                'eos_token': _text_of(vocab, end),
            },
        )

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
        batch = self._batch
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = self._position + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = 0
            batch.logits[index] = index == len(tokens) - 1
        status = llama_cpp.llama_decode(self._context, batch)
        if status != 0:
            raise PlannerError(f'llama.cpp could not decode {len(tokens)} tokens (status {status})')
        self._position += len(tokens)
        logits = llama_cpp.llama_get_logits_ith(self._context, -1)
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
