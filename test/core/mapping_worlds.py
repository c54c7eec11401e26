# SPDX-License-Identifier: Apache-2.0
"""Generated worlds, and what happens in them, for the tests of the mapping domain."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from prism_core import Episode, SceneGraph, Turn
from prism_core.domains.mapping import load_words
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.simulator import MappingSimulator
from prism_core.domains.mapping.world import WorldConfig

WORDS = load_words()


def episodes_of(seeds: range, **settings) -> tuple[Episode, ...]:
    """The tasks of some worlds, each world drawn once."""
    config = WorldConfig(**settings)
    return tuple(episode for seed in seeds for episode in _drawn(seed, config))


@cache
def _drawn(seed: int, config: WorldConfig) -> tuple[Episode, ...]:
    return tuple(draw_episodes(seed, config, WORDS))


def taught(episode: Episode) -> Episode:
    """The episode as its teacher plays it."""
    return play_episode(make_teacher(episode.task, WORDS), episode, WORDS)


def simulator_of(episode: Episode) -> MappingSimulator:
    return MappingSimulator(episode.true_graph, episode.known_graph, WORDS.lexicon)


def states_of(episode: Episode) -> Iterator[tuple[SceneGraph, tuple[Turn, ...], Turn]]:
    """For each turn of an episode what was known, the turns before it, and the turn."""
    graph = episode.known_graph
    for index, turn in enumerate(episode.turns):
        yield graph, episode.turns[:index], turn
        for observation in turn.observations:
            graph = graph.apply(observation.update)
