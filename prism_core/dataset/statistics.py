# SPDX-License-Identifier: Apache-2.0
"""What came out: counts over tasks and tried episodes, one by one and with flat memory.

What is counted of an episode is counted of those that stay (tasks, and tried episodes that are
good); the others are counted by the reason for which they were dropped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import networkx as nx
import numpy as np

from prism_core.dataset.filter import find_fault
from prism_core.dataset.masking import RequestMask
from prism_core.dataset.split import split_of
from prism_core.episode.episode import Episode
from prism_core.errors import ConfigError
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph

METRES_BIN = 50
"""Distances are counted in steps of so many metres, each under its lower end."""

DISTINCT = ('sentences', 'masked_sentences', 'graphs', 'sentence_graph_pairs', 'twins')

_FACTS = ('family', 'structure', 'size', 'tier', 'hidden', 'wording', 'teacher')
_MAX_NEW = 4096


class Distinct:
    """Counts distinct texts by hashes of eight bytes each."""

    def __init__(self, read: int | None = None):
        self._known = np.empty(0, np.uint64)
        self._new: set[int] = set()
        self._read = read

    def add(self, *parts: str) -> None:
        """Count a text, or several that belong together."""
        digest = blake2b('\0'.join(parts).encode(), digest_size=8).digest()
        self._new.add(int.from_bytes(digest, 'big'))
        if len(self._new) >= _MAX_NEW:
            self._merge()

    def update(self, other: Distinct) -> None:
        """Count all that another one has counted.

        Raises:
            ConfigError: one of the two was read from a report, which holds numbers only.
        """
        if self._read is not None or other._read is not None:
            raise ConfigError(
                'expected statistics counted from episodes, got some read from a report, which '
                'cannot be added up; count all episodes again'
            )
        self._new.update(other._new, other._known.tolist())
        if len(self._new) >= _MAX_NEW:
            self._merge()

    def __len__(self) -> int:
        if self._read is not None:
            return self._read
        self._merge()
        return len(self._known)

    def _merge(self) -> None:
        if self._new:
            new = np.fromiter(self._new, np.uint64, len(self._new))
            self._known = np.union1d(self._known, new)
            self._new.clear()


class Statistics:
    """Counts over episodes; they add up with `+` and go to plain JSON.

    `counts`: numbers by name; `tallies`: for each thing that is told apart, such as `family`, how
    often which value came; `sums`: in metres.

    | counts | of |
    |---|---|
    | episodes | all that were counted |
    | tasks, tried, good | not tried yet; tried; tried and good enough to train on |
    | sent_back | replies of a teacher that held no valid plan, all tried ones together |
    | needs_discovery | kept ones of which the answer is not known at the start |
    | twins | kept ones that have a twin; see `pairs` |
    | discovery, blocked, asked, failed_action | good ones in which a node was learnt, a way was \
blocked, the planner asked back, an action failed |

    The tally `remark` counts the good ones in which there was what the domain counts.
    """

    def __init__(self, actions: Iterable[str] = ()):
        """Nothing counted yet; `actions` are those that should occur, and count from 0."""
        self.counts: Counter[str] = Counter()
        self.sums: dict[str, float] = {}
        self.tallies: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.tallies['action'].update(dict.fromkeys(actions, 0))
        self._distinct = {name: Distinct() for name in DISTINCT}

    @property
    def kept(self) -> int:
        """The tasks and the good episodes."""
        return self.counts['tasks'] + self.counts['good']

    @property
    def pairs(self) -> int:
        """Twins of which both are there."""
        return self.counts['twins'] - self.distinct['twins']

    @property
    def distinct(self) -> dict[str, int]:
        """How many different ones there are: sentences, sentences after masking, true graphs (by
        structure and classes), pairs of masked sentence and graph, twin sentences.
        """
        return {name: len(seen) for name, seen in self._distinct.items()}

    def share(self, name: str) -> float:
        """The share of one of the counts in what it was counted of."""
        whole = self.kept if name in ('needs_discovery', 'twins') else self.counts['good']
        return self.counts[name] / whole if whole else 0.0

    def add(
        self, episode: Episode, mask: RequestMask, remarks: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        """Count an episode.

        Args:
            episode: a task, or one that was tried, good or not.
            mask: tells which sentences are the same but for what they are about.
            remarks: how often there was in it what its domain counts, see `Domain.remarks_on`.
        """
        is_task = not episode.turns and not episode.ending
        self.counts.update(('episodes', 'tasks' if is_task else 'tried'))
        self.counts['sent_back'] += len(episode.provenance.get('rejected', ()))
        fault = '' if is_task else find_fault(episode)
        if fault:
            self.tallies['dropped'][fault.partition(':')[0]] += 1
            self.tallies['dropped_kind'][episode.task.kind] += 1
            return
        self._add_task(episode)
        self._add_distinct(episode, mask)
        if not is_task:
            self._add_run(episode)
            self.tallies['remark'].update(name for name, times in remarks.items() if times)

    def _add_task(self, episode: Episode) -> None:
        facts = episode.provenance
        for name in _FACTS:
            if name in facts:
                self.tallies[name][str(facts[name])] += 1
        graph = episode.true_graph
        self.tallies['regions'].update([str(len(graph.regions))])
        self.tallies['objects'].update([str(len(graph.objects))])
        self.tallies['kind'][episode.task.kind] += 1
        self.tallies['split'][split_of(episode)] += 1
        self.tallies['unseen'].update(facts.get('unseen') or ['nothing'])
        writer = facts.get('writer') or facts.get('imported_from') or 'procedural'
        self.tallies['writer'][str(writer)] += 1
        self.counts['needs_discovery'] += bool(facts.get('needs_discovery'))
        if 'oracle_actions' in facts:
            self.tallies['oracle_actions'][str(facts['oracle_actions'])] += 1
            self._sum('oracle_distance_m', facts['oracle_distance_m'])

    def _add_distinct(self, episode: Episode, mask: RequestMask) -> None:
        request, graph = episode.task.request, episode.true_graph
        masked, structure = mask.mask(request, graph.nodes), hash_structure(graph)
        self._distinct['sentences'].add(request)
        self._distinct['masked_sentences'].add(masked)
        self._distinct['graphs'].add(structure)
        self._distinct['sentence_graph_pairs'].add(masked, structure)
        twin = episode.provenance.get('twin')
        if twin:
            self.counts['twins'] += 1
            self._distinct['twins'].add(str(twin))

    def _add_run(self, episode: Episode) -> None:
        steps = list(episode.actions)
        self.counts['good'] += 1
        self.tallies['action'].update(action.name for action, _ in steps)
        self.tallies['actions_per_episode'][str(len(steps))] += 1
        self.tallies['turns_per_episode'][str(len(episode.turns))] += 1
        self.tallies['ending'][episode.ending] += 1
        distance_m = sum(observation.distance_m for _, observation in steps)
        self.tallies['metres'][str(int(distance_m) // METRES_BIN * METRES_BIN)] += 1
        self._sum('distance_m', distance_m)
        known, happened = set(episode.known_graph.nodes), set()
        for _, observation in steps:
            if any(node.name not in known for node in observation.update.upsert_nodes):
                happened.add('discovery')
            if any(c.kind == 'traversable' for c in observation.update.remove_connections):
                happened.add('blocked')
            if observation.status == 'failed':
                happened.add('failed_action')
        if episode.ending == 'asked':
            happened.add('asked')
        self.counts.update(happened)

    def add_rejections(self, rejections: Mapping[str, int]) -> None:
        """Count draws that could not be used, by `kind: reason`."""
        self.tallies['rejections'].update(rejections)

    def add_tokens(self, lengths: Iterable[int]) -> None:
        """Count conversations by how many tokens they have."""
        self.tallies['tokens'].update(map(str, lengths))

    def _sum(self, name: str, value: float) -> None:
        self.sums[name] = self.sums.get(name, 0.0) + value

    def __iadd__(self, other: Statistics) -> Statistics:
        for name, seen in other._distinct.items():
            self._distinct[name].update(seen)
        self.counts.update(other.counts)
        for name, value in other.sums.items():
            self._sum(name, value)
        for name, tally in other.tallies.items():
            self.tallies[name].update(tally)
        return self

    def __add__(self, other: Statistics) -> Statistics:
        total = Statistics()
        total += self
        total += other
        return total

    def to_json(self) -> dict[str, Any]:
        """Plain mappings; the same counts give the same text."""
        return {
            'counts': dict(sorted(self.counts.items())),
            'pairs': self.pairs,
            'sums': {name: round(value, 1) for name, value in sorted(self.sums.items())},
            'distinct': self.distinct,
            'tallies': {n: sort_tally(tally) for n, tally in sorted(self.tallies.items()) if tally},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Statistics:
        """What `to_json` wrote; it can be shown, and no longer be added to.

        Raises:
            ConfigError: that is no such report.
        """
        statistics = cls()
        try:
            statistics.counts.update(data['counts'])
            statistics.sums.update(data['sums'])
            for name, tally in data['tallies'].items():
                statistics.tallies[name].update(tally)
            statistics._distinct = {name: Distinct(data['distinct'][name]) for name in DISTINCT}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(
                f'expected a report of statistics, got one that lacks {error}; count again with '
                'prism data report'
            ) from error
        return statistics


def sort_tally(tally: Mapping[str, int]) -> dict[str, int]:
    """Numbers in their order, words by how often they came."""
    if all(_is_number(value) for value in tally):
        return dict(sorted(tally.items(), key=lambda entry: float(entry[0])))
    return dict(sorted(tally.items(), key=lambda entry: (-entry[1], entry[0])))


def _is_number(text: str) -> bool:
    return text.replace('.', '', 1).isdigit()


def hash_structure(graph: SceneGraph) -> str:
    """The same for graphs that differ in the numbers, the positions and the order of nodes only."""
    network = nx.Graph()
    for name, node in graph.nodes.items():
        network.add_node(name, label=f'{node.kind} {class_of(node)}')
    network.add_edges_from(graph.connections)
    return nx.weisfeiler_lehman_graph_hash(network, node_attr='label')
