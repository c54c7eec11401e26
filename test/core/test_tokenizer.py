# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import BPE

from prism_core import ConfigError
from prism_core.dataset.tokenizer import (
    CONTROL_TOKENS,
    END,
    HANDLES,
    ROLES,
    encode_conversation,
    encode_conversations,
    hash_tokenizer,
    load_tokenizer,
    save_tokenizer,
    train_tokenizer,
)
from prism_core.dialects.handles import class_words

from .mapping_worlds import WORDS
from .training_data import all_samples, good_episodes, trained_tokenizer

CONTENTS = st.text() | st.lists(
    st.sampled_from((*CONTROL_TOKENS, *HANDLES[:3], ' car', '12', '<', '|', '\n', ' '))
).map(''.join)


def id_of(token: str) -> int:
    number = trained_tokenizer().token_to_id(token)
    assert number is not None
    return number


def encode(text: str) -> list[int]:
    """The tokens of a message that holds the text."""
    ids, _ = encode_conversation([{'role': 'user', 'content': text}], [], trained_tokenizer())
    return ids[1:]


@given(CONTENTS)
def test_any_text_comes_back_from_its_tokens_and_holds_no_control_token(text):
    ids = encode(text)
    assert trained_tokenizer().decode(ids, skip_special_tokens=False) == text
    assert not {id_of(token) for token in CONTROL_TOKENS} & set(ids)


def test_text_that_looks_like_a_control_token_is_text_and_handles_are_handles():
    ids = encode('go <|end|> to barn<r7>')
    assert len(encode('<|end|>')) > 1
    assert ids[-1] == id_of('<r7>')
    assert [encode(handle) for handle in HANDLES] == [[id_of(handle)] for handle in HANDLES]
    assert trained_tokenizer().decode(ids) == 'go <|end|> to barn<r7>'


def test_each_digit_is_a_token_of_its_own_and_no_merge_holds_one():
    learned = json.loads(trained_tokenizer().to_str())['model']['merges']
    assert len(learned) > 500
    assert not [pair for pair in learned if re.search(r'\d', ''.join(pair))]
    assert len(encode(' 1234.5')) == 7
    assert encode('x12')[1:] == encode(' 12')[1:] == encode('12')


def test_pre_tokenizer_is_plain_gpt_2_and_adds_no_space():
    state = json.loads(trained_tokenizer().to_str())
    assert state['pre_tokenizer'] == {
        'type': 'ByteLevel',
        'add_prefix_space': False,
        'trim_offsets': True,
        'use_regex': True,
    }
    assert state['normalizer'] is None
    assert state['post_processor'] is None


def test_nothing_of_a_handle_or_a_control_token_is_learned_as_text():
    plain = train_tokenizer(['a barn and a barn'] * 9)
    marked = train_tokenizer(['a barn<r7> and<|end|> a barn<o12>'] * 9)
    assert marked.get_vocab() == plain.get_vocab()


def test_vocabulary_has_the_size_asked_for_and_the_same_texts_give_the_same_tokenizer():
    texts = [m['content'] for sample in all_samples()[:80] for m in sample.messages]
    small, again = train_tokenizer(texts, 600), train_tokenizer(texts, 600)
    assert small.get_vocab_size() == 600
    assert hash_tokenizer(small) == hash_tokenizer(again) != hash_tokenizer(trained_tokenizer())
    with pytest.raises(ConfigError, match='vocab_size: expected at least 461, got 400'):
        train_tokenizer(texts, 400)


def test_only_replies_and_their_ends_have_the_weight_of_their_turn():
    messages = [
        {'role': 'system', 'content': 'You plan.'},
        {'role': 'user', 'content': 'map\nnow barn<r7>'},
        {'role': 'assistant', 'content': ' find car : map barn<r7>'},
        {'role': 'user', 'content': 'done'},
        {'role': 'assistant', 'content': ' find car : answer no'},
    ]
    ids, weights = encode_conversation(messages, [1.0, 0.25], trained_tokenizer())
    expected: list[tuple[int, float]] = []
    replies = iter([1.0, 0.25])
    for message in messages:
        role = message['role']
        content = encode(message['content'])
        weight = next(replies) if role == 'assistant' else 0.0
        end = [(id_of(END), weight)] if role == 'assistant' else []
        expected += [(id_of(ROLES[role]), 0.0), *((token, weight) for token in content), *end]
    assert list(zip(ids, weights)) == expected


def test_conversations_at_once_are_encoded_as_one_by_one():
    pairs = [(sample.messages, sample.weights) for sample in all_samples()[:50]]
    tokenizer = trained_tokenizer()
    assert encode_conversations(pairs, tokenizer) == [
        encode_conversation(messages, weights, tokenizer) for messages, weights in pairs
    ]


def test_conversation_without_one_weight_for_each_reply_is_refused():
    with pytest.raises(ValueError, match='one weight for each of 0 replies, got 1'):
        encode_conversation([{'role': 'user', 'content': 'go'}], [1.0], trained_tokenizer())


def test_tokenizer_without_control_tokens_is_refused_with_what_it_lacks():
    with pytest.raises(ConfigError, match=re.escape('expected a tokenizer with the control token')):
        encode_conversation([], [], Tokenizer(BPE()))


def test_saved_tokenizer_is_read_back_and_a_folder_without_one_is_refused(tmp_path):
    save_tokenizer(trained_tokenizer(), tmp_path / 'made')
    read = load_tokenizer(tmp_path / 'made')
    assert hash_tokenizer(read) == hash_tokenizer(trained_tokenizer())
    sample = all_samples()[3]
    assert encode_conversation(sample.messages, sample.weights, read) == encode_conversation(
        sample.messages, sample.weights, trained_tokenizer()
    )
    with pytest.raises(ConfigError, match=r'expected a tokenizer in .*; train one first'):
        load_tokenizer(tmp_path)
    (tmp_path / 'tokenizer.json').write_text('{}', 'utf-8')
    with pytest.raises(ConfigError, match=r'expected a tokenizer in .*; train one first'):
        load_tokenizer(tmp_path)


# ------------------------------------------------------------------------------------ the copy rule

WORD = re.compile(r'(?: |(?<![A-Za-z0-9 -]))([a-z0-9]+)(?![A-Za-z0-9-])')


def copied_words() -> set[str]:
    """The words of classes, and those of what is known of objects."""
    nodes = [node for e in good_episodes() for node in e.true_graph.nodes.values()]
    values = [value for spec in WORDS.lexicon.attributes.values() for value in spec.values]
    return {word for text in (*map(class_words, nodes), *values) for word in text.split()}


def test_word_that_can_be_copied_is_the_same_tokens_wherever_it_stands():
    words = copied_words()
    seen: dict[str, set[tuple[int, ...]]] = defaultdict(set)
    copied = 0
    for sample in all_samples():
        known: set[str] = set()
        for message in sample.messages:
            said = list(said_words(message['content'], words))
            for word, ids in said:
                seen[word].add(ids)
            if message['role'] == 'assistant':
                copied += len({word for word, _ in said} & known)
            known |= {word for word, _ in said}
    assert not {word: ids for word, ids in seen.items() if len(ids) > 1}
    assert copied > 500
    assert len(seen) > 100


def said_words(content: str, words: set[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Some words, wherever they stand in a message, with their tokens."""
    encoding = trained_tokenizer().encode(content, add_special_tokens=False)
    for match in WORD.finditer(content):
        if match[1] in words:
            pieces = zip(encoding.ids, encoding.offsets)
            ids = (i for i, (start, end) in pieces if start < match.end() and end > match.start())
            yield match[1], tuple(ids)
