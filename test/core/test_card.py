# SPDX-License-Identifier: Apache-2.0
"""The card of a data set, as a hub reads it and as a user follows it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from prism_core.dataset.card import write_card
from prism_core.dataset.episode_json import read_episodes, render_episode
from prism_core.dataset.report import count_folder, describe_dataset
from prism_core.dataset.run_folder import RunFolder
from prism_core.dataset.shards import ShardWriter, encode_episode
from prism_core.dataset.statistics import Statistics
from prism_core.dataset.tokenizer import train_tokenizer
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.errors import ConfigError

from .mapping_worlds import episodes_of, taught

TODAY = date(2026, 1, 31)
RECIPE = {'command': 'elicit', 'seed': 7, 'note': 'größer | “all”'}
DOMAIN = MappingDomain()


@pytest.fixture
def folder(tmp_path) -> Path:
    """A data set with a view of two splits, of which `valid` holds nothing."""
    made = tmp_path / 'park-patrol'
    (made / 'turns').mkdir(parents=True)
    episodes = [
        replace(taught(episode), provenance={**episode.provenance, 'id': str(number)})
        for number, episode in enumerate(episodes_of(range(2)))
    ]
    lines = ''.join(f'{render_episode(episode)}\n' for episode in episodes)
    (made / 'episodes.jsonl').write_text(lines, 'utf-8')
    row = {'prompt': [{'role': 'user', 'content': 'x'}], 'completion': [], 'weight': 1.0}
    for split, number in (('train', 3), ('valid', 0), ('test', 1)):
        (made / f'turns/{split}.jsonl').write_text(f'{json.dumps(row)}\n' * number)
    return made


def head_of(folder: Path) -> dict:
    return yaml.safe_load((folder / 'README.md').read_text('utf-8').split('---\n')[1])


def test_a_card_has_the_head_that_the_hub_reads(folder):
    write_card(folder, RECIPE, count_folder(folder, DOMAIN), today=TODAY)
    head = head_of(folder)
    assert head['pretty_name'] == 'park-patrol'
    assert head['license'] == 'cc0-1.0'
    assert head['language'] == ['en']
    assert head['size_categories'] == ['n<1K']
    assert {'robotics', 'text-generation'} == set(head['task_categories'])
    assert head['configs'] == [
        {
            'config_name': 'turns',
            'default': True,
            'data_files': [
                {'split': 'train', 'path': 'turns/train.jsonl'},
                {'split': 'test', 'path': 'turns/test.jsonl'},
            ],
        }
    ]


@pytest.mark.parametrize(
    ('kept', 'size'),
    [(999, 'n<1K'), (1000, '1K<n<10K'), (99_999, '10K<n<100K'), (100_000, '100K<n<1M')],
)
def test_the_size_is_the_one_of_what_was_kept(tmp_path, kept, size):
    statistics = Statistics()
    statistics.counts.update(episodes=10**7, tasks=kept)
    write_card(tmp_path, {}, statistics, today=TODAY)
    assert head_of(tmp_path)['size_categories'] == [size]


def test_a_card_says_how_it_was_made_what_is_in_it_and_what_is_missing(folder):
    statistics = count_folder(folder, DOMAIN)
    statistics.add_rejections({'find: a | b': 1200})
    write_card(folder, RECIPE, statistics, today=TODAY)
    text = (folder / 'README.md').read_text('utf-8')
    assert yaml.safe_load(re.search(r'```yaml\n(.*?)```', text, re.DOTALL)[1]) == RECIPE
    number = statistics.counts['good']
    for words in (
        f'{number} closed-loop episodes',
        'described on 2026-01-31',
        f'| good episodes | {number} |',
        f'| map_region | {statistics.tallies["action"]["map_region"]} |',
        f'| train | {statistics.tallies["split"]["train"]} |',
        '| a \\| b | 1,200 |',
        '- No episode uses',
        f'{statistics.distinct["masked_sentences"]} remain different',
        'CC0-1.0. All of it was made by code',
    ):
        assert words in text, words


def test_the_python_lines_of_a_card_work(folder, monkeypatch, capsys):
    datasets = pytest.importorskip('datasets')
    monkeypatch.chdir(folder)
    monkeypatch.setenv('HF_HOME', str(folder / '.cache'))
    write_card(folder, RECIPE, count_folder(folder, DOMAIN), today=TODAY)
    blocks = re.findall(
        r'```python\n(.*?)```', (folder / 'README.md').read_text('utf-8'), re.DOTALL
    )
    assert len(blocks) == 2
    names: dict = {}
    for block in blocks:
        exec(block, names)  # noqa: S102 - our own card
    assert {split: len(rows) for split, rows in names['turns'].items()} == {'train': 3, 'test': 1}
    printed = capsys.readouterr().out
    assert names['episode'].task.request in printed
    by_card = datasets.load_dataset(str(folder), 'turns', split='train')
    assert by_card['weight'] == [1.0] * 3


def test_the_same_arguments_give_the_same_card(folder):
    cards = []
    for _ in range(2):
        write_card(folder, RECIPE, count_folder(folder, DOMAIN), today=TODAY)
        cards.append((folder / 'README.md').read_bytes())
    assert cards[0] == cards[1]
    write_card(folder, RECIPE, count_folder(folder, DOMAIN), today=date(2026, 2, 1))
    assert (folder / 'README.md').read_bytes() != cards[0]


@pytest.mark.parametrize(
    ('tally', 'value'),
    [
        ('writer', 'gpt-oss'),
        ('writer', 'spine'),
        ('wording', 'paraphrased'),
        ('teacher', 'lm'),
    ],
)
def test_what_a_model_wrote_is_not_given_away_as_ours(tmp_path, tally, value):
    statistics = Statistics()
    statistics.tallies[tally][value] = 1
    write_card(tmp_path, {}, statistics, today=TODAY)
    assert head_of(tmp_path)['license'] == 'other'
    assert 'their terms say what may be done' in (tmp_path / 'README.md').read_text('utf-8')
    write_card(tmp_path, {}, statistics, today=TODAY, licence='Apache-2.0')
    text = (tmp_path / 'README.md').read_text('utf-8')
    assert head_of(tmp_path)['license'] == 'apache-2.0'
    assert 'made by code' not in text


def test_a_card_is_written_whole_or_not_at_all(folder, monkeypatch):
    statistics = count_folder(folder, DOMAIN)
    (folder / 'README.md').write_text('old')

    def fail(*_):
        raise OSError(28, 'No space left on device')

    before = sorted(path.name for path in folder.iterdir())
    monkeypatch.setattr(Path, 'replace', fail)
    with pytest.raises(ConfigError, match=r'cannot write .*README\.md: No space left'):
        write_card(folder, RECIPE, statistics, today=TODAY)
    assert (folder / 'README.md').read_text() == 'old'
    assert sorted(path.name for path in folder.iterdir()) == before


# ----------------------------------------------------------------------------------------- reports


def test_a_described_folder_has_report_plots_and_a_card_that_shows_them(folder):
    describe_dataset(folder, count_folder(folder, DOMAIN), today=TODAY)
    report = json.loads((folder / 'report.json').read_text('utf-8'))
    assert report['counts']['good'] == len((folder / 'episodes.jsonl').read_text().splitlines())
    shown = re.findall(r'!\[.*\]\((.*)\)', (folder / 'README.md').read_text('utf-8'))
    assert shown == ['plots/tasks.png', 'plots/worlds.png', 'plots/episodes.png']
    assert all((folder / path).is_file() for path in shown)


def test_rejected_draws_and_tokens_are_counted_where_they_stand(tmp_path, folder):
    episode = next(read_episodes((folder / 'episodes.jsonl').read_text('utf-8').splitlines()))
    reasons = {'find: no object to ask for': 3}
    with RunFolder(tmp_path / 'run', 'episodes.jsonl', RECIPE, resume=False) as run:
        for unit in range(2):
            line = render_episode(episode).encode()
            run.commit(unit, [line], good=1, facts={'rejections': reasons})
    tokenizer = train_tokenizer([episode.task.request] * 9, 600)
    dialect = DOMAIN.make_dialect('compact')
    encoded = encode_episode(episode, DOMAIN, 'compact', tokenizer)
    with ShardWriter(tmp_path / 'run/shards/valid', dialect, tokenizer) as writer:
        writer.append(encoded, 0)
    statistics = count_folder(tmp_path / 'run', DOMAIN)
    assert statistics.counts['good'] == 2
    assert statistics.tallies['rejections'] == {'find: no object to ask for': 6}
    assert statistics.tallies['tokens'] == {str(len(encoded.tokens)): 1}
    describe_dataset(tmp_path / 'run', statistics, today=TODAY)
    text = (tmp_path / 'run/README.md').read_text('utf-8')
    assert '| no object to ask for | 6 |' in text
    assert yaml.safe_load(re.search(r'```yaml\n(.*?)```', text, re.DOTALL)[1]) == RECIPE
    assert "open_shards(Path('shards/valid'))" in text


def test_a_line_that_is_still_being_written_is_not_counted(folder):
    path = folder / 'episodes.jsonl'
    whole = count_folder(folder, DOMAIN).to_json()
    line = path.read_text('utf-8').splitlines()[0]
    with path.open('a', encoding='utf-8') as file:
        file.write(line[:1000])
    assert count_folder(folder, DOMAIN).to_json() == whole


def test_a_folder_without_episodes_a_bad_line_and_a_bad_recipe_are_said_so(folder):
    with pytest.raises(ConfigError, match=r'expected episodes\.jsonl or tasks\.jsonl in .*turns'):
        count_folder(folder / 'turns', DOMAIN)
    (folder / 'recipe.yaml').write_text('- 1')
    with pytest.raises(ConfigError, match='expected a recipe, got'):
        describe_dataset(folder, Statistics(), today=TODAY)
    (folder / 'episodes.jsonl').write_text('{"schema_version": 0}\n')
    with pytest.raises(ConfigError, match=r'episodes\.jsonl: line 1: expected an episode'):
        count_folder(folder, DOMAIN)
