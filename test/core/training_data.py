# SPDX-License-Identifier: Apache-2.0
"""Episodes as a dataset holds them: played by the teacher, each with an id."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer

from prism_core.dataset.conversations import Sample, render_samples
from prism_core.dataset.episode_json import render_episode
from prism_core.dataset.filter import find_fault
from prism_core.dataset.tokenizer import train_tokenizer
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.looking import MAPPED
from prism_core.episode.episode import Episode

from .mapping_worlds import WORDS, episodes_of, taught

DOMAIN = MappingDomain(WORDS)


@cache
def played_episodes() -> tuple[Episode, ...]:
    """Episodes of both tiers and all splits."""
    tasks = (
        *episodes_of(range(20, 29), tier='core', hidden=0.4),
        *episodes_of(range(8), tier='full', hidden=0.3),
        *episodes_of(range(40, 41), tier='full', hidden=0.4, size='medium'),
    )
    return tuple(with_id(taught(task), f'e{number}') for number, task in enumerate(tasks))


@cache
def good_episodes() -> tuple[Episode, ...]:
    """Those to learn from; in the last one a turn sets anew what was known before it."""
    good = [episode for episode in played_episodes() if not find_fault(episode)]
    return (*good, set_anew(next(e for e in good if len(e.turns) == 5 and mapped_region(e))))


def mapped_region(episode: Episode) -> str | None:
    """A region of which all is known from the start."""
    regions = episode.known_graph.regions.items()
    return next((name for name, node in regions if node.attributes.get(MAPPED)), None)


def set_anew(episode: Episode) -> Episode:
    """The episode, with a second turn that says again of a region that it is mapped."""
    first, second, *rest = episode.turns
    *others, last = second.observations
    changes = {**last.update.set_attributes, mapped_region(episode): {MAPPED: True}}
    update = dataclasses.replace(last.update, set_attributes=changes)
    second = dataclasses.replace(
        second, observations=(*others, dataclasses.replace(last, update=update))
    )
    return with_id(dataclasses.replace(episode, turns=(first, second, *rest)), 'anew')


def with_id(episode: Episode, identity: str) -> Episode:
    return dataclasses.replace(episode, provenance={**episode.provenance, 'id': identity})


def write_episodes(folder: Path, episodes) -> Path:
    """A folder as `prism elicit` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = ''.join(f'{render_episode(episode)}\n' for episode in episodes)
    (folder / 'episodes.jsonl').write_text(text, 'utf-8')
    return folder


@cache
def all_samples(dialect_name: str = 'compact') -> tuple[Sample, ...]:
    episodes = good_episodes()
    return tuple(s for e in episodes for s in render_samples(e, DOMAIN, dialect_name))


@cache
def trained_tokenizer() -> Tokenizer:
    return train_tokenizer(m['content'] for sample in all_samples() for m in sample.messages)
