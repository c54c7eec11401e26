# SPDX-License-Identifier: Apache-2.0
"""GGUF files in fewer bits."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import llama_cpp
import pytest
from click.testing import CliRunner

from prism_core import ConfigError
from prism_core.cli.export import quantize
from prism_core.distill.check_export import compare
from prism_core.distill.llama_cpp_model import GgufModel
from prism_core.distill.quantize import QUANT_TYPES, quantize_gguf
from prism_core.gguf_info import read_gguf_info

from .checkpoints import (
    METADATA,
    WIDE,
    export_some,
    make_nano,
    make_qwen_3,
    some_conversations,
)


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """A file in F16 of a family, and of a width."""
    folder = tmp_path_factory.mktemp('exported')

    @cache
    def once(make, *, is_wide: bool = False) -> Path:
        out = folder / f'{make.__name__}{"-wide" * is_wide}.gguf'
        checkpoint = make(folder / out.stem, **(WIDE if is_wide else {}))
        export_some(checkpoint, out)
        return out

    return once


def quantize_some(source: Path, out: Path, quant_type: str):
    return quantize_gguf(source, out, quant_type, conversations=some_conversations()[:2])


def test_smaller_file_says_the_same_of_itself_and_nearly_the_same_of_everything(exported, tmp_path):
    source, out = exported(make_nano), tmp_path / 'tiny-q8_0.gguf'
    done = quantize_some(source, out, 'Q8_0')
    assert done.types == {'Q8_0': 15}
    assert done.fallbacks == ()
    assert done.info.size_bytes == out.stat().st_size < 0.6 * source.stat().st_size
    assert 0 < done.closeness.mean_kl < 0.1
    assert done.closeness.top1 > 0.8
    assert read_gguf_info(out).metadata == METADATA
    assert sorted(path.name for path in tmp_path.iterdir()) == [out.name, f'{out.name}.sha256']
    assert 'larger types' not in str(done)
    model = llama_cpp.Llama(str(out), n_ctx=64, verbose=False, n_threads=1)
    try:
        assert model.metadata['general.file_type'] == '7'
    finally:
        model.close()


def test_fewer_bits_are_fewer_bytes_and_farther_from_the_source(exported, tmp_path):
    source = exported(make_qwen_3, is_wide=True)
    found = [
        quantize_some(source, tmp_path / f'{name}.gguf', name)
        for name in ('Q8_0', 'Q6_K', 'Q4_K_M')
    ]
    sizes = [done.info.size_bytes for done in found]
    assert sizes == sorted(sizes, reverse=True)
    far = [done.closeness.mean_kl for done in found]
    assert far == sorted(far)
    assert not any(done.fallbacks for done in found)
    assert found[2].types.keys() == {'Q4_K', 'Q6_K'}


def test_rows_that_blocks_do_not_fit_are_stored_larger_and_that_is_said(exported, tmp_path):
    done = quantize_some(exported(make_nano), tmp_path / 'tiny.gguf', 'Q4_K_M')
    assert len(done.fallbacks) == 13
    assert set(done.types) == {'Q5_0', 'Q8_0', 'Q4_K', 'Q6_K'}
    assert 'token_embd.weight' in done.fallbacks
    assert '13 of 15 matrices have rows that 256 does not divide' in str(done)


def test_closeness_is_what_a_comparison_by_hand_finds(exported, tmp_path):
    source, out = exported(make_nano), tmp_path / 'tiny.gguf'
    done = quantize_some(source, out, 'Q5_K_M')
    with GgufModel(source) as first, GgufModel(out) as second:
        text = first.render(some_conversations()[0])
        tokens = first.tokenize(text, add_special=False, parse_special=True)
        one = compare(first.logits, second.logits, [tokens])
        itself = compare(first.logits, first.logits, [tokens])
    assert 0.3 < one.mean_kl / done.closeness.mean_kl < 3
    assert itself.mean_kl == pytest.approx(0, abs=1e-12)
    assert itself.top1 == 1


def test_what_cannot_be_quantised_is_refused_and_nothing_is_written(exported, tmp_path):
    source = exported(make_nano)

    def refuse(path: Path, sentence: str, quant_type: str = 'Q8_0', out: Path | None = None):
        with pytest.raises(ConfigError, match=sentence):
            quantize_some(path, out or tmp_path / 'out' / 'tiny.gguf', quant_type)
        assert not (tmp_path / 'out').exists()

    refuse(source, "type: expected one of Q8_0, .* got 'Q4'", 'Q4')
    refuse(source, r'expected another file than .* to write to, got the same', out=source)
    refuse(tmp_path / 'none.gguf', r'cannot read .*none.gguf: No such file')
    half = tmp_path / 'half.gguf'
    half.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    refuse(half, 'half.gguf is cut off: expected at least')
    packed = tmp_path / 'packed.gguf'
    quantize_some(source, packed, 'Q8_0')
    refuse(packed, 'expected a file in F32, F16 or BF16, got Q8_0; quantise the file that was')
    shutil.copy(source, half)
    shutil.copy(f'{packed}.sha256', f'{half}.sha256')
    refuse(half, 'expected the sha256 .* that half.gguf.sha256 holds')


def test_file_that_llama_cpp_cannot_use_is_refused_with_its_reason(exported, tmp_path):
    source = tmp_path / 'tiny.gguf'
    data = exported(make_nano).read_bytes()
    source.write_bytes(
        data.replace(b'llama.attention.head_count\x04', b'llama.attention.head_kount\x04')
    )
    with pytest.raises(ConfigError, match=r'llama.cpp cannot .*tiny.gguf: .*wrong shape'):
        quantize_some(source, tmp_path / 'out' / 'tiny.gguf', 'Q8_0')
    assert list((tmp_path / 'out').iterdir()) == []


@pytest.mark.slow
def test_command_draws_conversations_and_says_sizes_and_closeness(exported, tmp_path):
    out = tmp_path / 'tiny-q4_k_m.gguf'
    done = CliRunner().invoke(quantize, [str(exported(make_nano)), str(out)])
    assert done.exit_code == 0, done.output
    assert f'Q4_K_M: {out.stat().st_size:,} bytes' in done.output
    assert 'mean KL' in done.output
    assert read_gguf_info(out).sha256


def test_types_are_those_of_llama_cpp():
    for name, (number, _) in QUANT_TYPES.items():
        assert getattr(llama_cpp, f'LLAMA_FTYPE_MOSTLY_{name}') == number
