# SPDX-License-Identifier: Apache-2.0
"""The page of a data set: its card in the form that the Hugging Face hub reads, and what it shows.

https://huggingface.co/docs/hub/datasets-cards says what stands in its head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from prism_core.dataset.plots import PICTURES
from prism_core.dataset.split import SPLITS
from prism_core.dataset.statistics import Statistics
from prism_core.dataset.summary import list_facts, list_tables
from prism_core.episode.episode import DEFAULT_DOMAIN
from prism_core.files import replace_file

REPORT, CARD, PLOTS, SHARDS = 'report.json', 'README.md', 'plots', 'shards'
OPEN_LICENCE, OTHER_LICENCE = 'CC0-1.0', 'other'

_VIEWS = {
    'chat': 'one conversation a row: `messages` and a weight for each reply',
    'turns': 'one reply a row: `prompt`, `completion` and its `weight`',
    'sharegpt': 'one conversation a row, as ShareGPT wrote them: `conversations`',
}
_SIZES = ((10**3, 'n<1K'), (10**4, '1K<n<10K'), (10**5, '10K<n<100K'), (10**6, '100K<n<1M'))
_OWN_TEACHERS = {'symbolic', 'teacher'}
_MAX_ROWS = 30

_LIMITS = """\
- Worlds are simulated: what an action shows is exact, and nothing moves by itself. Actions
  fail, and ways are blocked, only as drawn.
- Sentences are in English. {masked:,} remain different when names, classes, values and numbers are
  masked: that, and not the number of episodes, is how many ways of asking there are.
- An episode is judged by its structure: what was observed, what was answered, at what cost. How
  well a sentence reads is not judged.
- What is held out stands in `test` only; the other worlds are split by seed.
"""


def write_card(
    folder: Path,
    recipe: Mapping[str, Any],
    statistics: Statistics,
    *,
    today: date,
    licence: str = '',
) -> None:
    """Write `README.md`: what the data set is, how it was made, what is in it, how to load it.

    The views and plots that are there are named; the same arguments and files give the same bytes.

    Args:
        folder: of the data set.
        recipe: how it was made.
        statistics: what was counted of it.
        today: the date that the card states.
        licence: its SPDX name; left out, CC0-1.0 for what our own code wrote, `other` where a
            language model wrote worlds, sentences or plans.

    Raises:
        ConfigError: the file cannot be written.
    """
    is_our_own = _is_our_own(statistics)
    licence = licence or (OPEN_LICENCE if is_our_own else OTHER_LICENCE)
    name = folder.resolve().name
    views = _find_views(folder)
    domain = str(recipe.get('domain', DEFAULT_DOMAIN))
    sections = [
        f'---\n{yaml.safe_dump(_head(name, licence, statistics, views), sort_keys=False)}---',
        f'# {name}',
        _say_what(statistics, domain, today),
        f'## How it was made\n\n```yaml\n{_dump(recipe)}```',
        f'## What is in it\n\n{_count(statistics)}',
        f'## How to load it\n\n{_say_how(folder, views, domain)}',
        *_show_plots(folder),
        f'## Known limits\n\n{_say_limits(statistics)}',
        f'## Licence\n\n{_say_licence(licence, is_our_own)}',
    ]
    replace_file(folder / CARD, '\n\n'.join(section.strip('\n') for section in sections) + '\n')


def _is_our_own(statistics: Statistics) -> bool:
    tallies = statistics.tallies
    return (
        set(tallies['writer']) <= {'procedural'}
        and 'paraphrased' not in tallies['wording']
        and set(tallies['teacher']) <= _OWN_TEACHERS
    )


def _find_views(folder: Path) -> dict[str, dict[str, str]]:
    """For each view that is there, its file for each split that holds anything."""
    found: dict[str, dict[str, str]] = {}
    for view in _VIEWS:
        for split in SPLITS:
            path = folder / view / f'{split}.jsonl'
            if path.is_file() and path.stat().st_size:
                found.setdefault(view, {})[split] = f'{view}/{split}.jsonl'
    return found


def _head(
    name: str, licence: str, statistics: Statistics, views: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    size = next((size for limit, size in _SIZES if statistics.kept < limit), '1M<n<10M')
    head: dict[str, Any] = {
        'pretty_name': name,
        'license': licence.lower(),
        'language': ['en'],
        'task_categories': ['robotics', 'text-generation'],
        'size_categories': [size],
        'tags': ['planning', 'scene-graph', 'ros2', 'synthetic', 'closed-loop', 'prism'],
    }
    configs: list[dict[str, Any]] = [
        {
            'config_name': view,
            'data_files': [{'split': split, 'path': path} for split, path in files.items()],
        }
        for view, files in views.items()
    ]
    if configs:
        configs[0]['default'] = True
        head['configs'] = configs
    return head


def _say_what(statistics: Statistics, domain: str, today: date) -> str:
    counts = statistics.counts
    if counts['tried']:
        what = (
            f'{counts["good"]:,} closed-loop episodes of a robot in the domain {domain}: '
            'a sentence, what the robot knew, each plan and what it revealed, and the verdict of a '
            f'judge that knows the true world. {counts["tried"]:,} were tried; those that failed '
            'are kept with their reason and stand in no view.'
        )
    else:
        what = (
            f'{counts["tasks"]:,} tasks for a robot in the domain {domain}: a sentence, what the '
            'robot knows, the true world, and what a right answer must contain and rest on. Each '
            'is proven to be solvable.'
        )
    return f'{what} Made with PRISM for ROS 2; described on {today.isoformat()}.'


def _count(statistics: Statistics) -> str:
    tables = list_tables(statistics)
    parts = [_tabulate(('what', 'number'), list_facts(statistics))]
    for title, table in tables.items():
        parts.append(_tabulate((title, 'number'), [(n, f'{v:,}') for n, v in table.items()]))
    return '\n\n'.join(parts)


def _tabulate(head: tuple[str, str], rows: Sequence[tuple[str, str]]) -> str:
    lines = [f'| {head[0]} | {head[1]} |', '|---|---:|']
    lines += [f'| {_escape(name)} | {value} |' for name, value in rows[:_MAX_ROWS]]
    if len(rows) > _MAX_ROWS:
        lines.append(f'| … {len(rows) - _MAX_ROWS} more in `{REPORT}` | |')
    return '\n'.join(lines)


def _escape(text: str) -> str:
    return ' '.join(text.replace('|', '\\|').split())


def _say_how(folder: Path, views: Mapping[str, Mapping[str, str]], domain: str) -> str:
    parts = []
    for view, files in views.items():
        listed = ''.join(f"    {split!r}: '{path}',\n" for split, path in files.items())
        parts.append(
            f'`{view}/`: {_VIEWS[view]}.\n\n```python\nfrom datasets import load_dataset\n\n'
            f"{view} = load_dataset('json', data_files={{\n{listed}}})\n```"
        )
    shards = [split for split in SPLITS if (folder / SHARDS / split).is_dir()]
    if shards:
        parts.append(
            f'`{SHARDS}/`: conversations as tokens in memory-mapped arrays.\n\n```python\n'
            'from pathlib import Path\n\nfrom prism_core.dataset.shards import open_shards\n\n'
            f"shards = open_shards(Path('{SHARDS}/{shards[0]}'))\n"
            'print(shards.document(0).tokens)\n```'
        )
    for source in ('episodes.jsonl', 'tasks.jsonl'):
        if (folder / source).is_file():
            parts.append(
                f'`{source}`: one episode a line, with its true world.\n\n```python\n'
                f'from prism_core.dataset.episode_json import read_episodes\n{_find(domain)}\n'
                f"with open('{source}', encoding='utf-8') as lines:\n"
                '    for episode in read_episodes(lines):\n'
                '        print(episode.task.request, episode.outcome)\n```'
            )
    return '\n\n'.join(parts) or 'There is no data beside this card yet.'


def _find(domain: str) -> str:
    """What makes a domain known that is named by its path."""
    if ':' not in domain:
        return ''
    return f'from prism_core.domain import find_domain\n\nfind_domain({domain!r})\n'


def _show_plots(folder: Path) -> list[str]:
    there = [name for name in PICTURES if (folder / PLOTS / f'{name}.png').is_file()]
    shown = '\n\n'.join(f'![{name}]({PLOTS}/{name}.png)' for name in there)
    return [f'## Pictures\n\n{shown}'] if there else []


def _say_limits(statistics: Statistics) -> str:
    limits = _LIMITS.format(masked=statistics.distinct['masked_sentences'])
    unused = [name for name, number in statistics.tallies['action'].items() if not number]
    if statistics.counts['good'] and unused:
        limits += f'- No episode uses {", ".join(sorted(unused))}.\n'
    return limits


def _say_licence(licence: str, is_our_own: bool) -> str:
    if is_our_own:
        return f'{licence}. All of it was made by code, without a language model.'
    return (
        f'{licence}. A language model wrote part of this, or people whose logs were read: their '
        'terms say what may be done with it; read them before you publish it or train on it.'
    )


def _dump(recipe: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True)
