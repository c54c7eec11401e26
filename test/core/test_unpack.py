# SPDX-License-Identifier: Apache-2.0
"""`prism unpack`: a published nano is a checkpoint again, which is trained further."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip('torch')
pytest.importorskip('gguf')
pytest.importorskip('llama_cpp')

from prism_core.dataset.tokenizer import load_tokenizer
from prism_core.distill.config import NanoConfig
from prism_core.distill.gguf_checkpoint import unpack_nano
from prism_core.distill.models import load_start, load_tokenizer_of
from prism_core.errors import ConfigError
from prism_core.inference.student import find_bundled


@pytest.fixture(scope='module')
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp('unpacked') / 'nano'
    check = unpack_nano(Path(find_bundled()), folder)  # compares tokens and logits with the file
    assert check.texts > 2000
    assert check.closeness.top1 > 0.95
    return folder


def test_the_bundled_student_is_trained_further(unpacked):
    tokenizer = load_tokenizer_of(str(unpacked))
    model = load_start(str(unpacked), NanoConfig(shape='nano-1m'), tokenizer)
    assert sum(p.numel() for p in model.parameters()) > 1_000_000
    assert load_tokenizer(unpacked).encode('<r0> has 12').tokens == ['<r0>', 'Ġhas', 'Ġ', '1', '2']


def test_a_folder_that_holds_something_is_left_alone(unpacked):
    with pytest.raises(ConfigError, match='holds something; choose another'):
        unpack_nano(Path(find_bundled()), unpacked)
