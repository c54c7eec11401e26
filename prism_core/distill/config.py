# SPDX-License-Identifier: Apache-2.0
"""The recipe of a training run, as dataclasses that `config_file` reads from YAML.

Names the model (a pretrained `base`, or a `nano` to be made from scratch), what is learned from,
in which order, and by how large steps. See `config/distill/`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from prism_core.episode.episode import DEFAULT_DOMAIN
from prism_core.errors import ConfigError

# Widths that are multiples of 256 can be quantised to K-quants; the smallest is too small for that.
NANO_SHAPES = {
    'nano-1m': (128, 6, 4, 384),
    'nano-5m': (256, 6, 4, 512),
    'nano-7m': (256, 8, 4, 768),
    'nano-14m': (256, 16, 4, 768),
    'nano-28m': (512, 8, 8, 1536),
}
"""Width, layers, heads and width of the feed-forward part of the Llama shapes by name."""

_LEAST_LAYERS = 3

LINEAR_LAYERS = ('q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj')


@dataclass(frozen=True)
class NanoConfig:
    """A Llama to be trained from scratch: a shape by name, of which each number may be another.

    `context` is the greatest number of tokens. `copying_heads`: whether it begins with heads that
    copy (see `copying_heads`).

    Raises:
        ConfigError: there is no such shape, the heads do not divide the width, or there are too
            few layers.
    """

    shape: str = 'nano-1m'
    width: int = 0
    layers: int = 0
    heads: int = 0
    feed_forward: int = 0
    context: int = 1024
    copying_heads: bool = True

    def __post_init__(self):
        if self.shape not in NANO_SHAPES:
            raise ConfigError(
                f'shape: expected one of {", ".join(NANO_SHAPES)}, got {self.shape!r}'
            )
        width, layers, heads, _ = self.numbers
        if self.copying_heads and layers < _LEAST_LAYERS:
            raise ConfigError(
                f'layers: expected at least {_LEAST_LAYERS}, which copying_heads need, got {layers}'
            )
        if width % (2 * heads):
            raise ConfigError(
                f'heads: expected a number that divides the width {width} into even parts, got '
                f'{heads}'
            )

    @property
    def numbers(self) -> tuple[int, int, int, int]:
        """Width, layers, heads and width of the feed-forward part."""
        named = NANO_SHAPES[self.shape]
        given = (self.width, self.layers, self.heads, self.feed_forward)
        width, layers, heads, feed_forward = (one or other for one, other in zip(given, named))
        return width, layers, heads, feed_forward


@dataclass(frozen=True)
class AdapterConfig:
    """What of a pretrained base is trained.

    `lora` and `dora` add matrices of `rank` to the `targets`, `qlora` does so on a base in 4 bits,
    `linear` trains the matrices of the `targets` themselves, whose change `prism extract` cuts to
    an adapter, `full` all weights. `rank_stabilised` scales by the root of the rank.

    Raises:
        ConfigError: a value is out of its range.
    """

    method: Literal['lora', 'dora', 'qlora', 'linear', 'full'] = 'lora'
    rank: int = 16
    alpha: int = 16
    dropout: float = 0.0
    bias: Literal['none', 'all', 'lora_only'] = 'none'
    rank_stabilised: bool = False
    targets: tuple[str, ...] = LINEAR_LAYERS

    @property
    def is_whole(self) -> bool:
        """Whether what comes out is a model, not an adapter."""
        return self.method in ('linear', 'full')

    def __post_init__(self):
        _check_least('rank', self.rank, 1)
        _check_share('dropout', self.dropout)


@dataclass(frozen=True)
class DataConfig:
    """What is learned from.

    `form`: the view of the dataset (see `dataset.export`); `auto` takes shards for a nano, else
    `chat`, `turns` or the episodes themselves, whichever is there first. `dialect` and `header` are
    for episodes, the dialect for the test in closed loop, too. `max_length`: longer samples are
    dropped and counted, never cut; 0 stands for what the model can take. `prompt_weight`: how much
    a token of the prompt counts beside one of a reply (digits, which nobody can foresee, count
    nothing); `handle_weight`: the same for a handle of shards that stands in a prompt again, where
    pointing is practiced. `template_settings` go to the chat template. `valid_samples`: how many of
    the validation split are looked at, 0 for all. `follow`: whether the shards are still being
    written; samples are then taken as they come (see `following`).

    Raises:
        ConfigError: a value is out of its range, or what is followed is not shards.
    """

    form: Literal['auto', 'shards', 'chat', 'turns', 'episodes'] = 'auto'
    dialect: str = 'compact'
    header: str = ''
    max_length: int = 0
    prompt_weight: float = 0.0
    handle_weight: float = 1.0
    template_settings: dict[str, Any] = field(default_factory=dict)
    valid_samples: int = 500
    follow: bool = False

    def __post_init__(self):
        if self.follow and (self.form not in ('auto', 'shards') or not self.valid_samples):
            raise ConfigError(
                f'follow: expected the form shards and some valid_samples, got {self.form!r} and '
                f'{self.valid_samples}'
            )
        _check_least('max_length', self.max_length, 0)
        _check_least('valid_samples', self.valid_samples, 0)
        _check_share('prompt_weight', self.prompt_weight)
        _check_share('handle_weight', self.handle_weight)


@dataclass(frozen=True)
class CurriculumConfig:
    """What the first `share` of the run learns from: samples of at most `max_tokens` tokens whose
    first reply begins with one of the words `replies` (all where there are none).
    """

    share: float = 0.0
    max_tokens: int = 0
    replies: tuple[str, ...] = ()

    def __post_init__(self):
        _check_share('share', self.share)
        _check_least('max_tokens', self.max_tokens, 0)


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW. The rate rises over `warmup_steps`, stays, and from the share `decay_from` of the run
    falls in a line to `final_share` of itself. `name` is one of the optimisers of transformers.
    """

    name: str = 'adamw_torch'
    learning_rate: float = 2e-4
    warmup_steps: int = 5
    decay_from: float = 0.0
    final_share: float = 0.0
    weight_decay: float = 0.05
    beta1: float = 0.9
    beta2: float = 0.95
    max_grad_norm: float = 1.0

    def __post_init__(self):
        _check_share('decay_from', self.decay_from)
        _check_share('final_share', self.final_share)
        _check_least('warmup_steps', self.warmup_steps, 0)


@dataclass(frozen=True)
class BatchConfig:
    """What makes one step: as many samples as have `tokens` tokens with padding, over all ranks.

    `samples`: at most so many, 0 for any number. It begins with `first_tokens` (0: the same) and
    grows in a line over the share `growth` of the run. A batch is worked off in `accumulation`
    parts. `packed` puts samples one behind the other instead of padding them.

    Raises:
        ConfigError: a value is out of its range.
    """

    tokens: int = 8192
    samples: int = 0
    first_tokens: int = 0
    growth: float = 0.0
    accumulation: int = 1
    packed: bool = False

    def __post_init__(self):
        _check_least('tokens', self.tokens, 1)
        _check_least('samples', self.samples, 0)
        _check_least('first_tokens', self.first_tokens, 0)
        _check_least('accumulation', self.accumulation, 1)
        _check_share('growth', self.growth)


@dataclass(frozen=True)
class TrainConfig:
    """A whole run.

    `base`: name on the Hub or local folder of a pretrained model; else `nano`. `start`: folder of a
    checkpoint of the same shape and tokenizer, with whose weights a nano begins, or of an adapter
    of the same base and shape, or the GGUF file of one. `words_of`: name or folder of a pretrained
    model with whose words a nano without a start begins (see `base_words`). `epochs`: how often all
    samples are seen; `tokens`, where it is not 0, says how many instead. `eval_every`, `save_every`
    and `log_every` count steps. `best_by`: the figure of validation by which the best model is
    known: `loss`, `handle_accuracy`, `sample_accuracy` or one of a further test. `bf16`: `auto` is
    yes on hardware that has it. `threads`: of the processor for each rank, 0 for what torch takes.
    `report_to`: `auto` is TensorBoard where it is installed; else names that transformers knows,
    such as `wandb` and `trackio`. `allow_download`: whether a base may be fetched.

    Raises:
        ConfigError: both or none of base and nano are given, or a value is out of its range.
    """

    base: str = ''
    nano: NanoConfig | None = None
    start: str = ''
    words_of: str = ''
    domain: str = DEFAULT_DOMAIN
    adapter: AdapterConfig = field(default_factory=AdapterConfig)
    data: DataConfig = field(default_factory=DataConfig)
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    batch: BatchConfig = field(default_factory=BatchConfig)
    epochs: float = 1.0
    tokens: int = 0
    seed: int = 0
    eval_every: int = 500
    save_every: int = 500
    log_every: int = 10
    best_by: str = 'loss'
    closed_loop: int = 0
    bf16: Literal['auto', 'yes', 'no'] = 'auto'
    gradient_checkpointing: bool = False
    compile: bool = False
    threads: int = 0
    report_to: tuple[str, ...] = ('auto',)
    allow_download: bool = False

    def __post_init__(self):
        if bool(self.base) == (self.nano is not None):
            both = 'both' if self.base else 'neither'
            raise ConfigError(
                f'expected either base, a pretrained model, or nano, a shape; got {both}'
            )
        if self.start and self.base and self.adapter.is_whole:
            raise ConfigError(
                f'start: expected a nano or an adapter to begin with weights, got {self.start!r} '
                'for all of a base; name the checkpoint as base'
            )
        if self.words_of and self.nano is None:
            raise ConfigError(
                f'words_of: expected a nano to have the words of another model, got '
                f'{self.words_of!r} beside a base, which has its own; leave it out'
            )
        if self.data.follow and (not self.tokens or self.curriculum.share):
            raise ConfigError(
                'follow: expected a number of tokens and no curriculum, as it is not known what '
                f'will come; got tokens {self.tokens} and curriculum.share {self.curriculum.share}'
            )
        for name in ('eval_every', 'save_every', 'log_every'):
            _check_least(name, getattr(self, name), 1)
        _check_least('closed_loop', self.closed_loop, 0)
        if self.epochs <= 0:
            raise ConfigError(f'epochs: expected more than 0, got {self.epochs}')


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ConfigError(f'{name}: expected a share from 0 to 1, got {value}')


def _check_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ConfigError(f'{name}: expected at least {least}, got {value}')
