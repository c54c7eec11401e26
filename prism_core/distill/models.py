# SPDX-License-Identifier: Apache-2.0
"""The model of a run: a nano with random weights, or a pretrained base and its adapter."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from prism_core.distill.base_words import set_base_words
from prism_core.distill.config import AdapterConfig, NanoConfig, TrainConfig
from prism_core.distill.copying_heads import set_copying_heads
from prism_core.errors import ConfigError

_ROPE_THETA = 500_000.0  # as Llama 3: half of each head hardly turns, and can compare words


def load_tokenizer_of(source: str, *, allow_download: bool = False) -> Any:
    """The tokenizer of a model, as transformers reads it.

    Args:
        source: a folder, or a name on the Hub.
        allow_download: whether it may be fetched.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return transformers.AutoTokenizer.from_pretrained(
            source, local_files_only=not allow_download
        )
    except (OSError, ValueError) as error:
        raise ConfigError(_not_there('a tokenizer', source, error)) from error


def make_nano(
    config: NanoConfig,
    tokenizer: Any,
    seed: int,
    *,
    words_of: str = '',
    allow_download: bool = False,
) -> Any:
    """A Llama with random weights for a tokenizer, but for the heads that copy, and its words.

    Args:
        config: its shape.
        tokenizer: its own, of transformers.
        seed: of the random weights.
        words_of: a base, of which it has the words; these are random, too, when left out.
        allow_download: whether that may be fetched.

    Raises:
        ConfigError: the base cannot be read.
    """
    width, layers, heads, feed_forward = config.numbers
    base = words_of and load_base(words_of, dtype=torch.float32, allow_download=allow_download)
    transformers.set_seed(seed)
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=feed_forward,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            num_key_value_heads=heads,
            max_position_embeddings=config.context,
            tie_word_embeddings=True,
            initializer_range=width**-0.5,
            rope_parameters={'rope_type': 'default', 'rope_theta': _ROPE_THETA},
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )
    if base:
        theirs = load_tokenizer_of(words_of, allow_download=allow_download)
        set_base_words(model, tokenizer, base, theirs)
    if config.copying_heads:
        set_copying_heads(model)
    return model


def load_start(source: str, config: NanoConfig, tokenizer: Any) -> Any:
    """A nano with the weights that another run came to.

    Args:
        source: the folder of its checkpoint.
        config: the shape that it is to have.
        tokenizer: the one that it is trained on with.

    Raises:
        ConfigError: the checkpoint cannot be read, or is of another shape or tokenizer.
    """
    model = load_base(source, dtype=torch.float32)
    found = model.config
    numbers = (
        *(found.hidden_size, found.num_hidden_layers),
        *(found.num_attention_heads, found.intermediate_size),
    )
    if numbers != config.numbers:
        raise ConfigError(
            f'start: expected a checkpoint of width, layers, heads and feed_forward '
            f'{config.numbers}, got {numbers} in {source}; name another, or set nano to its shape'
        )
    if load_tokenizer_of(source).get_vocab() != tokenizer.get_vocab():
        raise ConfigError(
            f'start: expected a checkpoint with the tokenizer of the data, got another in '
            f'{source}; make the shards with its tokenizer'
        )
    return model


def load_base(
    source: str, *, dtype: torch.dtype, allow_download: bool = False, quantised: bool = False
) -> Any:
    """A pretrained causal model.

    Args:
        source: a folder, or a name on the Hub.
        dtype: of its weights.
        allow_download: whether it may be fetched.
        quantised: whether its weights are held in 4 bits (QLoRA).

    Raises:
        ConfigError: it cannot be read.
    """
    settings: dict[str, Any] = {}
    if quantised:
        settings['quantization_config'] = transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type='nf4',
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
    try:
        return transformers.AutoModelForCausalLM.from_pretrained(
            source, dtype=dtype, local_files_only=not allow_download, **settings
        )
    except (OSError, ValueError, ImportError, SafetensorError) as error:
        raise ConfigError(_not_there('a causal language model', source, error)) from error


def is_quantised(source: str, *, allow_download: bool = False) -> bool:
    """Whether the weights of a model are stored in fewer bits than 16.

    Raises:
        ConfigError: its settings cannot be read.
    """
    try:
        config = transformers.AutoConfig.from_pretrained(
            source, local_files_only=not allow_download
        )
    except (OSError, ValueError) as error:
        raise ConfigError(_not_there('a causal language model', source, error)) from error
    return getattr(config, 'quantization_config', None) is not None


def prepare_base(model: Any, adapter: AdapterConfig, *, gradient_checkpointing: bool) -> Any:
    """The base with the matrices that are trained; the base itself where all of it is.

    Raises:
        ConfigError: a target is none of the model's linear layers.
    """
    if adapter.method == 'full':
        return model
    check_targets(model, adapter.targets)
    if adapter.method == 'linear':
        for name, module in model.named_modules():
            is_target = name.rpartition('.')[2] in adapter.targets
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(is_target)
        return model
    import peft

    from prism_core.distill.fast_lora import speed_up

    if adapter.method == 'qlora':
        model = peft.prepare_model_for_kbit_training(
            model, use_gradient_checkpointing=gradient_checkpointing
        )
    elif gradient_checkpointing:
        model.enable_input_require_grads()
    adapted = peft.get_peft_model(
        model,
        peft.LoraConfig(
            task_type='CAUSAL_LM',
            r=adapter.rank,
            lora_alpha=adapter.alpha,
            lora_dropout=adapter.dropout,
            bias=adapter.bias,
            use_rslora=adapter.rank_stabilised,
            use_dora=adapter.method == 'dora',
            target_modules=list(adapter.targets),
        ),
    )
    speed_up(adapted, adapter)
    return adapted


def load_adapter_start(model: Any, source: str) -> None:
    """Give an adapter the weights that another run came to.

    Args:
        model: from `prepare_base`.
        source: the folder of an adapter, or the GGUF file that was made of one.

    Raises:
        ConfigError: it cannot be read, or is of another shape.
    """
    import peft

    from prism_core.distill.adapter_gguf import read_adapter

    try:
        if source.endswith('.gguf'):
            keys = peft.get_peft_model_state_dict(model)
            weights = read_adapter(Path(source), keys, model.config)
        else:
            weights = peft.utils.save_and_load.load_peft_weights(source, device='cpu')
        found: Any = peft.set_peft_model_state_dict(model, weights)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ConfigError(_not_there('an adapter of this shape', source, error)) from error
    lacks = [name for name in found.missing_keys if 'lora_' in name]
    if lacks or found.unexpected_keys:
        other = (*lacks, *found.unexpected_keys)[0]
        raise ConfigError(
            f'start: expected an adapter of the same rank and targets, got another in {source} '
            f'({other}); name another, or set adapter to its shape'
        )


def check_targets(model: Any, targets: Iterable[str]) -> None:
    """Refuse targets of LoRA that the model does not have.

    Raises:
        ConfigError: with what there is.
    """
    linear = {
        name.rpartition('.')[2]
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not model.get_output_embeddings()
    }
    unknown = [target for target in targets if target not in linear]
    if unknown or not linear:
        raise ConfigError(
            f'adapter.targets: expected some of {", ".join(sorted(linear))}, the linear layers of '
            f'the model, got {", ".join(map(repr, unknown))}'
        )


def check_hardware(config: TrainConfig) -> None:
    """Refuse what cannot be done on this machine, before anything is loaded.

    Raises:
        ConfigError: QLoRA without CUDA or bitsandbytes, or bf16 without hardware for it.
    """
    if config.base and config.adapter.method == 'qlora':
        lacks = [
            name
            for name, there in (
                ('CUDA', torch.cuda.is_available()),
                ('bitsandbytes', importlib.util.find_spec('bitsandbytes') is not None),
            )
            if not there
        ]
        if lacks:
            raise ConfigError(
                f'adapter.method: expected a machine with CUDA and bitsandbytes for qlora, got one '
                f'without {" and ".join(lacks)}; take lora'
            )
    if config.bf16 == 'yes' and not _has_bf16():
        raise ConfigError(
            'bf16: expected a GPU or a processor with bfloat16, got none; leave bf16 at auto, '
            'which then takes float32'
        )


def wants_bf16(config: TrainConfig) -> bool:
    """Whether numbers are bfloat16 where that is enough."""
    return config.bf16 == 'yes' or (config.bf16 == 'auto' and _has_bf16())


def holds_half(config: TrainConfig) -> bool:
    """Whether the base is held in bfloat16: it is frozen, and what is trained is kept beside it."""
    return bool(config.base) and wants_bf16(config) and not config.adapter.is_whole


def _has_bf16() -> bool:
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    has = torch.cpu.get_capabilities()
    return any(has.get(name, False) for name in ('avx512_bf16', 'amx_bf16', 'bf16'))


def _not_there(what: str, source: str, error: Exception) -> str:
    first_line = str(error).strip().split('\n')[0]
    if Path(source).exists():
        return f'expected {what} in {source}, which cannot be read: {first_line}'
    return (
        f'expected {what} in a local folder or already fetched, got {source!r}, which is neither; '
        f'name a folder, or fetch it with --allow-download ({first_line})'
    )
