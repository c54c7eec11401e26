# SPDX-License-Identifier: Apache-2.0
"""Playing the drawn tasks: a planner, the simulator and the judge together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prism_core.domains.mapping.judge import judge_episode
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.simulator import MappingSimulator
from prism_core.domains.mapping.words import Words
from prism_core.episode.episode import Episode, Turn
from prism_core.episode.planner import Planner, open_planner, run_episode
from prism_core.errors import PlannerError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.plan import Plan

TEACHER = 'teacher'
"""The name of the planner that is made for each task and handed what the sentence means."""


def play_episode(planner: Planner, episode: Episode, words: Words) -> Episode:
    """Let a planner try a task in a fresh simulator, and judge how it went."""
    simulator = MappingSimulator(episode.true_graph, episode.known_graph, words.lexicon)
    played = run_episode(planner, simulator, episode)
    return replace(played, outcome=judge_episode(played, words.lexicon))


def play_episodes(name: str, episodes: Sequence[Episode], words: Words) -> list[Episode]:
    """Let a planner, by its name, try some tasks.

    Args:
        name: `teacher`, or what `open_planner` knows.
        episodes: the tasks.
        words: the domain's words.

    Raises:
        ConfigError: there is no such planner.
    """
    if name == TEACHER:
        return [play_episode(make_teacher(e.task, words), e, words) for e in episodes]
    planner = open_planner(name)
    try:
        return [play_episode(planner, episode, words) for episode in episodes]
    finally:
        planner.close()


def replay_episode(episode: Episode, words: Words) -> Episode:
    """Carry out the plans of an episode again, and judge it again; the outcome is the same."""
    return play_episode(_Recorded(episode), replace(episode, turns=(), outcome=None), words)


class _Recorded:
    """Plans as they were planned."""

    name = 'recorded'

    def __init__(self, episode: Episode):
        self._episode = episode

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The plan of the turn that comes next."""
        if len(history) == len(self._episode.turns):
            raise PlannerError(self._episode.error)
        return self._episode.turns[len(history)].plan

    def close(self) -> None:
        """Nothing to free."""
