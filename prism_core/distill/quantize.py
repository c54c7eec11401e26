# SPDX-License-Identifier: Apache-2.0
"""A GGUF file in floats becomes a smaller one, and how much that changes what it says."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prism_core.distill.check_export import COMPARED, COMPARED_TOKENS, Closeness, compare
from prism_core.distill.llama_cpp_model import GgufModel, quantize_file
from prism_core.distill.probes import Conversation, draw_conversations
from prism_core.distill.publish import publish
from prism_core.domain import domain_named
from prism_core.errors import ConfigError
from prism_core.gguf_info import GgufInfo, read_gguf_info

# llama.h, enum llama_ftype, and the type that most matrices then have.
QUANT_TYPES = {
    'Q8_0': (7, 'Q8_0'),
    'Q6_K': (18, 'Q6_K'),
    'Q5_K_M': (17, 'Q5_K'),
    'Q5_K_S': (16, 'Q5_K'),
    'Q4_K_M': (15, 'Q4_K'),
    'Q4_K_S': (14, 'Q4_K'),
    'Q3_K_M': (12, 'Q3_K'),
}
"""What a file can be quantised to, from close to coarse."""

_FLOATS = frozenset({'F32', 'F16', 'BF16'})
_BLOCK = 256


@dataclass(frozen=True)
class Quantized:
    """A quantised file.

    `types`: how many matrices are stored as which type. `fallbacks`: those that 256 values in a row
    do not fit, which llama.cpp stores larger than asked for. `closeness`: to the file it was made
    from.
    """

    type: str
    source: GgufInfo
    info: GgufInfo
    types: dict[str, int]
    fallbacks: tuple[str, ...]
    closeness: Closeness

    def __str__(self) -> str:
        smaller = self.info.size_bytes / self.source.size_bytes
        text = (
            f'{self.type}: {self.info.size_bytes:,} bytes, {smaller:.0%} of '
            f'{self.source.size_bytes:,}; {self.closeness}'
        )
        if self.fallbacks:
            held = ', '.join(f'{number} {name}' for name, number in self.types.items())
            text += (
                f'; {len(self.fallbacks)} of {sum(self.types.values())} matrices have rows that '
                f'{_BLOCK} does not divide and are stored in larger types ({held})'
            )
        return text


def quantize_gguf(
    source: Path, out: Path, quant_type: str, *, conversations: Sequence[Conversation] = ()
) -> Quantized:
    """Write `out`, and its sha256 beside it, whole or not at all.

    Args:
        source: a file in F32, F16 or BF16.
        out: the file to write.
        quant_type: one of `QUANT_TYPES`.
        conversations: what to compare both files on; drawn from the domain and dialect that the
            file names, when left out.

    Raises:
        ConfigError: there is no such type, the source cannot be read or is quantised already, or
            llama.cpp cannot quantise it.
    """
    if quant_type not in QUANT_TYPES:
        raise ConfigError(f'type: expected one of {", ".join(QUANT_TYPES)}, got {quant_type!r}')
    if out.resolve() == source.resolve():
        raise ConfigError(f'expected another file than {source} to write to, got the same')
    before = read_gguf_info(source)
    packed = sorted({tensor.type for tensor in before.tensors} - _FLOATS)
    if packed:
        raise ConfigError(
            f'{source}: expected a file in F32, F16 or BF16, got {", ".join(packed)}; quantise the '
            'file that was exported'
        )
    file_type, _ = QUANT_TYPES[quant_type]
    conversations = conversations or _draw(before)
    with publish(out) as draft:
        quantize_file(before, draft, file_type)
        closeness = _compare(source, draft, conversations)
    return _report(quant_type, before, read_gguf_info(out), closeness)


def _draw(info: GgufInfo) -> list[Conversation]:
    metadata = info.metadata
    if not metadata.domain or not metadata.dialect:
        raise ConfigError(
            f'{info.path}: expected a file that names its domain and dialect, to compare both on '
            'their conversations, got one that does not; give conversations'
        )
    return draw_conversations(domain_named(metadata.domain), metadata.dialect, COMPARED)


def _compare(source: Path, draft: Path, conversations: Sequence[Conversation]) -> Closeness:
    with GgufModel(source, COMPARED_TOKENS) as first, GgufModel(draft, COMPARED_TOKENS) as second:
        texts = [first.render(messages) for messages in conversations[:COMPARED]]
        tokens = [first.tokenize(text, add_special=False, parse_special=True) for text in texts]
        sequences = [ids[:COMPARED_TOKENS] for ids in tokens]
        closeness = compare(first.logits, second.logits, sequences)
    if not math.isfinite(closeness.mean_kl):
        raise ConfigError(f'{source}: expected logits that are numbers, got {closeness.mean_kl}')
    return closeness


def _report(quant_type: str, source: GgufInfo, info: GgufInfo, closeness: Closeness) -> Quantized:
    matrices = [tensor for tensor in info.tensors if len(tensor.shape) > 1]
    uses_blocks = QUANT_TYPES[quant_type][1].endswith('_K')
    fallbacks = [t.name for t in matrices if uses_blocks and t.row_length % _BLOCK]
    types = dict(Counter(tensor.type for tensor in matrices).most_common())
    return Quantized(quant_type, source, info, types, tuple(fallbacks), closeness)
