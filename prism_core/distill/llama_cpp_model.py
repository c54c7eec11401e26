# SPDX-License-Identifier: Apache-2.0
"""A GGUF file as llama.cpp reads it: tokens and logits, for checks; and its quantisation.

On the low-level calls, which leave the samplers and caches of a running planner alone.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import llama_cpp
import numpy as np
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from prism_core.dialects.conversation import Message
from prism_core.errors import ConfigError
from prism_core.gguf_info import GgufInfo

_LOG_LINES = 30
_ERROR_LEVEL = 4  # ggml.h: GGML_LOG_LEVEL_ERROR
_F32 = 0  # ggml.h: GGML_TYPE_F32
THREADS = max(1, (os.cpu_count() or 2) // 2)
"""llama.cpp's threads spin while they wait, so that more than there are idle cores slow it down."""


class GgufModel:
    """A model in memory, on the CPU; close it.

    Args:
        path: the file.
        context_tokens: the longest sequence that `logits` is asked for.
        adapter: a file of LoRA to put on the model.

    Raises:
        ConfigError: llama.cpp cannot load it; says why.
    """

    def __init__(self, path: Path, context_tokens: int = 512, *, adapter: Path | None = None):
        self._context = None
        with quiet_log() as errors:
            params = llama_cpp.llama_model_default_params()
            params.n_gpu_layers = 0
            params.use_extra_bufts = False  # weights as they are; repacked, AMX ends the process
            self._model = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
            if self._model is None:
                raise ConfigError(f'llama.cpp cannot load {path}: {_reason(errors)}')
            context = llama_cpp.llama_context_default_params()
            context.n_ctx = context.n_batch = context.n_ubatch = context_tokens
            context.type_k = context.type_v = _F32
            context.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
            context.n_threads = context.n_threads_batch = THREADS
            self._context = llama_cpp.llama_init_from_model(self._model, context)
            if self._context is None:
                self.close()
                raise ConfigError(f'llama.cpp cannot run {path}: {_reason(errors)}')
            if adapter is not None and not self._put_on(adapter):
                self.close()
                raise ConfigError(f'llama.cpp cannot put {adapter} on {path}: {_reason(errors)}')
        self.context_tokens = context_tokens
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self.vocab_size = llama_cpp.llama_vocab_n_tokens(self._vocab)

    def _put_on(self, adapter: Path) -> bool:
        """The model frees what it holds of an adapter."""
        loaded = llama_cpp.llama_adapter_lora_init(self._model, os.fsencode(adapter))
        if loaded is None:
            return False
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(loaded)
        scales = (ctypes.c_float * 1)(1.0)
        return not llama_cpp.llama_set_adapters_lora(self._context, adapters, 1, scales)

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """The tokens of a text.

        Args:
            text: any.
            add_special: whether what begins and ends each text is added.
            parse_special: whether a control token that is written out in the text counts as one.
        """
        data = text.encode()
        room = len(data) + 2
        tokens = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(
            self._vocab, data, len(data), tokens, room, add_special, parse_special
        )
        return tokens[:count]

    def logits(self, tokens: Sequence[int]) -> np.ndarray:
        """What follows each of some tokens: an array of (tokens, vocabulary).

        Raises:
            ConfigError: llama.cpp cannot compute it.
        """
        count = len(tokens)
        batch = llama_cpp.llama_batch_init(count, 0, 1)
        try:
            batch.n_tokens = count
            for at, token in enumerate(tokens):
                batch.token[at] = token
                batch.pos[at] = at
                batch.n_seq_id[at] = 1
                batch.seq_id[at][0] = 0
                batch.logits[at] = 1
            llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), True)
            with quiet_log() as errors:
                status = llama_cpp.llama_decode(self._context, batch)
            if status:
                raise ConfigError(f'llama.cpp cannot run {count} tokens: {_reason(errors)}')
            found = llama_cpp.llama_get_logits(self._context)
            return np.ctypeslib.as_array(found, (count, self.vocab_size)).copy()
        finally:
            llama_cpp.llama_batch_free(batch)

    def render(self, messages: Sequence[Message]) -> str:
        """A conversation by the chat template in the file.

        Raises:
            ConfigError: there is none.
        """
        template = llama_cpp.llama_model_chat_template(self._model, None)
        if template is None:
            raise ConfigError('expected a chat template in the GGUF file, got none; export it anew')
        bos = llama_cpp.llama_vocab_bos(self._vocab)
        eos = llama_cpp.llama_vocab_eos(self._vocab)
        formatter = Jinja2ChatFormatter(
            template.decode(), self._text_of(eos), self._text_of(bos), add_generation_prompt=False
        )
        return formatter(messages=list(messages)).prompt  # type: ignore[arg-type]

    def _text_of(self, token: int) -> str:
        return llama_cpp.llama_vocab_get_text(self._vocab, token).decode() if token >= 0 else ''

    def close(self) -> None:
        """Free the memory."""
        with quiet_log():
            if self._context is not None:
                llama_cpp.llama_free(self._context)
                self._context = None
            if self._model is not None:
                llama_cpp.llama_model_free(self._model)
                self._model = None

    def __enter__(self) -> GgufModel:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def quantize_file(source: GgufInfo, out: Path, file_type: int) -> None:
    """Write a file of another type.

    Args:
        source: what to read.
        out: the file to write.
        file_type: llama.h, `enum llama_ftype`.

    Raises:
        ConfigError: llama.cpp cannot quantise it; says why.
    """
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = file_type
    params.nthread = THREADS
    with quiet_log() as errors:
        status = llama_cpp.llama_model_quantize(
            os.fsencode(source.path), os.fsencode(out), ctypes.byref(params)
        )
    if status:
        raise ConfigError(f'llama.cpp cannot quantise {source.path}: {_reason(errors)}')


@contextmanager
def quiet_log() -> Iterator[list[str]]:
    """Keep llama.cpp from writing to the terminal; yields its errors so far."""
    errors: list[str] = []

    def keep(level: int, text: bytes, _: object) -> None:
        if level == _ERROR_LEVEL and len(errors) < _LOG_LINES:
            errors.append(text.decode('utf-8', 'replace').strip())

    before, data = llama_cpp.llama_log_callback(), ctypes.c_void_p()
    llama_cpp.llama_log_get(ctypes.byref(before), ctypes.byref(data))
    callback = llama_cpp.llama_log_callback(keep)
    llama_cpp.llama_log_set(callback, ctypes.c_void_p(0))
    try:
        yield errors
    finally:
        llama_cpp.llama_log_set(before, data)


def _reason(errors: Sequence[str]) -> str:
    """Its first error, which says what is wrong; those behind it say that it failed."""
    return errors[0] if errors else 'it gives no reason'
