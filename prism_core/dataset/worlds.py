# SPDX-License-Identifier: Apache-2.0
"""From a recipe to worlds with tasks, in rounds: each round is planned by what came out before."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import numpy as np

from prism_core.dataset.duplicates import DuplicateFilter, Signature, sign_world
from prism_core.dataset.episode_json import render_episode
from prism_core.dataset.filter import find_fault
from prism_core.dataset.masking import RequestMask
from prism_core.dataset.run_folder import RunFolder, read_progress
from prism_core.dataset.runner import Run
from prism_core.dataset.shards import EncodedEpisode
from prism_core.dataset.split import split_of, split_of_seed, world_seed
from prism_core.domain import Domain
from prism_core.episode.episode import Episode

ROUND = 256
"""So many worlds are planned at a time; the set of worlds depends on it."""


@dataclass(frozen=True)
class WorldJob:
    """A world to draw: its index, its seed and what it will be."""

    index: int
    seed: int
    config: Any


@dataclass(frozen=True)
class EpisodeLine:
    """An episode as it is stored, its split, whether it is good, and its tokens if they are
    wanted and it is learned from.
    """

    text: bytes
    split: str
    is_good: bool
    encoded: EncodedEpisode | None = None


@dataclass(frozen=True)
class TaskGroup:
    """A task, or a pair of twins: what it says, without what it is about, and its episodes."""

    said: str
    lines: tuple[EpisodeLine, ...]
    covers: tuple[str, ...]


@dataclass(frozen=True)
class DrawnWorld:
    """What came of a job."""

    index: int
    groups: tuple[TaskGroup, ...] = ()
    signature: Signature | None = None
    rejections: Counter[str] = field(default_factory=Counter)


Encode = Callable[[Episode], EncodedEpisode | None]
"""Makes the tokens of an episode; None for one that is not learned from."""
Finish = Callable[[Episode], EpisodeLine]
"""What is done with a drawn episode: it is stored as a task, or played and stored."""


def make_line(episode: Episode, encode: Encode | None = None) -> EpisodeLine:
    """An episode as it is stored."""
    encoded = encode(episode) if encode is not None else None
    is_good = not find_fault(episode)
    return EpisodeLine(render_episode(episode).encode(), split_of(episode), is_good, encoded)


def pack_world(
    job: WorldJob,
    episodes: Sequence[Episode],
    rejections: Counter[str],
    domain: Domain,
    mask: RequestMask,
    finish: Finish,
) -> DrawnWorld:
    """The tasks of a world, each with an id of its own, ready to be stored."""
    if not episodes:
        return DrawnWorld(job.index, rejections=rejections)
    groups = []
    numbered = [
        replace(e, provenance={**e.provenance, 'id': f'{job.seed}-{number}'})
        for number, e in enumerate(episodes)
    ]
    for _, twins in groupby(numbered, key=lambda e: e.provenance.get('twin', e.provenance['id'])):
        pair = list(twins)
        request = pair[0].task.request
        said = f'{pair[0].task.kind} {mask.mask(request, pair[0].true_graph.nodes)}'
        groups.append(
            TaskGroup(
                said=hashlib.sha256(said.encode()).hexdigest()[:12],
                lines=tuple(finish(episode) for episode in pair),
                covers=tuple(name for episode in pair for name in domain.covers(episode)),
            )
        )
    signature = sign_world(domain.features_of(numbered[0]))
    return DrawnWorld(job.index, tuple(groups), signature, rejections)


def draw_worlds(
    recipe: Any, likeness: float, domain: Domain, folder: RunFolder, run: Run
) -> Iterator[list[EpisodeLine]]:
    """Draw the worlds of a recipe that are not in the folder yet, and store them there.

    What comes out depends on the recipe alone: near duplicates are dropped, and coverage is
    counted, in the order of the worlds.

    Args:
        recipe: of the domain's type.
        likeness: from this share of common features on two worlds are almost the same.
        domain: what draws.
        folder: where they are stored.
        run: does `WorldJob`s and gives `DrawnWorld`s.

    Yields:
        The stored lines of each world.
    """
    known = DuplicateFilter(likeness)
    coverage: Counter[str] = Counter()
    planned: Counter[str] = Counter()  # coverage by which a round is planned
    for record in read_progress(folder.path):
        facts = record['facts']
        if record['unit'] % ROUND == 0:
            planned = Counter(coverage)
        coverage.update(facts['covers'])
        if facts['signature']:
            known.add(record['unit'], _unpack(facts['signature']), facts['said'])
    first = len(folder.done)
    if first % ROUND == 0:
        planned = Counter(coverage)
    while first < recipe.worlds:
        end = min(first - first % ROUND + ROUND, recipe.worlds)
        jobs = (_plan(recipe, index, domain, planned) for index in range(first, end))
        for world in run(jobs, True):
            kept = _keep_new(world, known)
            lines = [line for group in kept for line in group.lines]
            covered = Counter(name for group in kept for name in group.covers)
            coverage.update(covered)
            facts = {
                'covers': covered,
                'said': [group.said for group in kept],
                'signature': '' if world.signature is None else _pack(world.signature),
                'rejections': world.rejections,
            }
            good = sum(line.is_good for line in lines)
            folder.commit(world.index, [line.text for line in lines], good, facts)
            yield lines
        first = end
        planned = Counter(coverage)


def _plan(recipe: Any, index: int, domain: Domain, coverage: Counter[str]) -> WorldJob:
    seed = world_seed(recipe.seed, index)
    is_test = split_of_seed(seed) == 'test'
    return WorldJob(index, seed, domain.plan_world(recipe, index, is_test, coverage))


def _keep_new(world: DrawnWorld, known: DuplicateFilter) -> list[TaskGroup]:
    """The tasks that no near duplicate of the world held before."""
    if world.signature is None:
        return []
    said_before = known.find_said(world.signature)
    kept = [group for group in world.groups if group.said not in said_before]
    dropped = len(world.groups) - len(kept)
    if dropped:
        world.rejections['near duplicate'] += dropped
    known.add(world.index, world.signature, [group.said for group in kept])
    return kept


def _pack(signature: Signature) -> str:
    return base64.b64encode(np.asarray(signature, '<u8').tobytes()).decode()


def _unpack(text: str) -> Signature:
    return np.frombuffer(base64.b64decode(text), '<u8')
