# SPDX-License-Identifier: Apache-2.0
"""The exported files in the frameworks that read them: datasets, transformers, TRL."""

from __future__ import annotations

import pytest

from prism_core.dataset.export import export_dataset
from prism_core.dataset.split import SPLITS
from prism_core.dataset.tokenizer import (
    CONTROL_TOKENS,
    END,
    HANDLES,
    PAD,
    encode_conversation,
    save_tokenizer,
)

from .training_data import DOMAIN, all_samples, good_episodes, trained_tokenizer, write_episodes

datasets = pytest.importorskip('datasets')
transformers = pytest.importorskip('transformers')


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """The row forms of one dataset."""
    out = tmp_path_factory.mktemp('exported')
    folder = write_episodes(out / 'data', good_episodes())
    for form in ('chat', 'turns', 'sharegpt'):
        export_dataset(folder, out / form, form, DOMAIN, 'compact')
    return out


@pytest.fixture(scope='module')
def tokenizer(tmp_path_factory):
    """Our tokenizer, as transformers reads it from its folder."""
    folder = tmp_path_factory.mktemp('tokenizer')
    save_tokenizer(trained_tokenizer(), folder)
    return transformers.AutoTokenizer.from_pretrained(folder)


def load(exported, form: str, cache) -> datasets.DatasetDict:
    files = {split: str(exported / form / f'{split}.jsonl') for split in SPLITS}
    return datasets.load_dataset('json', data_files=files, cache_dir=str(cache))


@pytest.mark.parametrize(
    ('form', 'columns'),
    [
        ('chat', ['messages', 'weights', 'first_turn', 'id', 'kind', 'split']),
        ('turns', ['prompt', 'completion', 'weight', 'turn', 'id', 'kind', 'split']),
        ('sharegpt', ['conversations', 'first_turn', 'id', 'kind', 'split']),
    ],
)
def test_datasets_loads_the_files_as_they_are(exported, tmp_path, form, columns):
    loaded = load(exported, form, tmp_path)
    for split in SPLITS:
        assert loaded[split].column_names == columns
        assert set(loaded[split]['split']) == {split}
        lines = (exported / form / f'{split}.jsonl').read_text('utf-8').splitlines()
        assert len(loaded[split]) == len(lines) > 0


def test_chat_template_gives_the_tokens_and_marks_the_replies_of_encode_conversation(tokenizer):
    for sample in all_samples()[:60]:
        system = {'role': 'system', 'content': 'You plan.'}
        for messages in (sample.messages, (system, *sample.messages)):
            ids, weights = encode_conversation(messages, sample.weights, trained_tokenizer())
            encoded = tokenizer.apply_chat_template(
                list(messages), return_dict=True, return_assistant_tokens_mask=True
            )
            assert encoded['input_ids'] == ids
            assert encoded['assistant_masks'] == [int(weight > 0) for weight in weights]
            prompt = tokenizer.apply_chat_template(
                list(messages[:-1]), add_generation_prompt=True, return_dict=False
            )
            assert prompt == ids[: len(prompt)]
            reply = tokenizer.decode(ids[len(prompt) :], skip_special_tokens=True)
            assert reply == messages[-1]['content']


def test_transformers_knows_the_control_tokens_and_keeps_handles(tokenizer):
    assert (tokenizer.pad_token, tokenizer.eos_token) == (PAD, END)
    ids = tokenizer.convert_tokens_to_ids([*CONTROL_TOKENS, *HANDLES])
    assert ids == list(range(len(CONTROL_TOKENS) + len(HANDLES)))
    text = ' map barn<r7> , crate<o12>'
    assert tokenizer.decode(tokenizer(text)['input_ids'], skip_special_tokens=True) == text


# --------------------------------------------------------------------------------------------- TRL


@pytest.fixture
def tiny_model(tokenizer):
    transformers.set_seed(0)
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=2048,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )


def train(dataset, model, tokenizer, folder, **settings):
    """One step of TRL's trainer; the trainer, and the first batch that it sees."""
    trl = pytest.importorskip('trl')
    arguments = trl.SFTConfig(
        output_dir=str(folder),
        max_steps=1,
        per_device_train_batch_size=4,
        max_length=2048,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to=[],
        save_strategy='no',
        shuffle_dataset=False,
        **settings,
    )
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    trainer = trl.SFTTrainer(
        model=model, args=arguments, train_dataset=dataset, processing_class=tokenizer
    )
    batches = list(trainer.get_train_dataloader())
    result = trainer.train()
    assert 0 < result.training_loss < 20
    assert any(not p.equal(before[name]) for name, p in model.named_parameters())
    return batches


def trained_texts(batches, tokenizer) -> list[str]:
    """What of each row is in the loss."""
    return [
        tokenizer.decode(labels[labels != -100]) for batch in batches for labels in batch['labels']
    ]


@pytest.mark.slow
def test_sft_trainer_takes_turns_as_they_are_and_trains_the_replies_alone(
    exported, tokenizer, tiny_model, tmp_path
):
    dataset = load(exported, 'turns', tmp_path)['train'].select(range(8))
    batches = train(dataset, tiny_model, tokenizer, tmp_path)
    replies = [row['completion'][0]['content'] + END for row in dataset]
    assert sorted(trained_texts(batches, tokenizer)) == sorted(replies)


@pytest.mark.slow
def test_sft_trainer_takes_conversations_as_they_are_and_trains_all_replies(
    exported, tokenizer, tiny_model, tmp_path
):
    dataset = load(exported, 'chat', tmp_path)['train'].select(range(8))
    batches = train(dataset, tiny_model, tokenizer, tmp_path, assistant_only_loss=True)
    replies = [
        ''.join(m['content'] + END for m in row['messages'] if m['role'] == 'assistant')
        for row in dataset
    ]
    assert sorted(trained_texts(batches, tokenizer)) == sorted(replies)
