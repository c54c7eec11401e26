# SPDX-License-Identifier: Apache-2.0
"""The figures of a data set that a reader asks for first, in words: for its card, the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from prism_core.dataset.split import SPLITS
from prism_core.dataset.statistics import Statistics, sort_tally

HAPPENED = {
    'discovery': 'with a discovery',
    'blocked': 'with a blocked way',
    'failed_action': 'with an action that failed',
    'asked': 'that end with a question',
}
"""What may happen in a good episode of any domain, by the name of its count."""

_TALLIES = {
    'kind': 'kind of task',
    'family': 'family of places',
    'size': 'size of the world',
    'hidden': 'share hidden at the start',
    'action': 'action',
    'writer': 'writer',
    'wording': 'wording',
}


def list_facts(statistics: Statistics) -> list[tuple[str, str]]:
    """The figures of a data set, each with what it counts."""
    counts, distinct = statistics.counts, statistics.distinct
    facts: dict[str, int | str] = {}
    if counts['tasks']:
        facts['tasks'] = counts['tasks']
    if counts['tried']:
        facts |= {'episodes tried': counts['tried'], 'good episodes': counts['good']}
    if counts['sent_back']:
        facts['replies of the teacher that were sent back'] = counts['sent_back']
    facts |= {
        'distinct sentences': distinct['sentences'],
        'distinct sentences after masking names, words and numbers': distinct['masked_sentences'],
        'distinct worlds, by structure and classes': distinct['graphs'],
        'distinct pairs of masked sentence and world': distinct['sentence_graph_pairs'],
        'twins: pairs that differ in hidden facts and answer only': statistics.pairs,
    }
    if counts['needs_discovery']:
        facts['answer not known at the start'] = f'{statistics.share("needs_discovery"):.1%}'
    if counts['good']:
        for text, number in count_happened(statistics).items():
            facts[text] = f'{number / counts["good"]:.1%}'
        facts['actions of an episode'] = _mean(statistics.tallies['actions_per_episode'])
        facts['turns of an episode'] = _mean(statistics.tallies['turns_per_episode'])
        if distance_m := statistics.sums['distance_m']:
            facts['metres driven'] = f'{distance_m / counts["good"]:.1f} on average'
    if statistics.tallies['tokens']:
        facts['tokens of a conversation'] = _mean(statistics.tallies['tokens'])
    if statistics.tallies['oracle_actions']:
        facts['actions that the oracle needs'] = _mean(statistics.tallies['oracle_actions'])
    return [(name, f'{n:,}' if isinstance(n, int) else n) for name, n in facts.items()]


def count_happened(statistics: Statistics) -> dict[str, int]:
    """In how many good episodes there was what, in words; what the domain counts comes last."""
    happened = {text: statistics.counts[name] for name, text in HAPPENED.items()}
    remarks = sort_tally(statistics.tallies['remark'])
    return happened | {f'with {name}': number for name, number in remarks.items()}


def list_tables(statistics: Statistics) -> dict[str, dict[str, int]]:
    """What is told apart, each as a title and its counts; what was dropped comes last."""
    tallies = statistics.tallies
    tables = {title: sort_tally(tallies[name]) for name, title in _TALLIES.items()}
    tables['split'] = {split: tallies['split'][split] for split in SPLITS}
    tables['episode dropped, because'] = sort_tally(tallies['dropped'])
    tables['draw rejected, because'] = sort_tally(group_reasons(tallies['rejections']))
    return {title: table for title, table in tables.items() if any(table.values())}


def group_reasons(rejections: Mapping[str, int]) -> dict[str, int]:
    """Rejected draws by reason, whatever the kind of task was."""
    grouped: dict[str, int] = {}
    for key, number in rejections.items():
        reason = key.partition(': ')[2] or key
        grouped[reason] = grouped.get(reason, 0) + number
    return grouped


def _mean(tally: Mapping[str, int]) -> str:
    total = sum(float(number) * times for number, times in tally.items())
    return f'{total / (sum(tally.values()) or 1):.1f} on average'
