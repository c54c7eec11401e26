# SPDX-License-Identifier: Apache-2.0
"""Twins: the same sentence and the same known graph, other hidden facts and another right answer.

A planner that guesses is wrong on one of the two; only one that looks is right on both.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.solution import solve
from prism_core.domains.mapping.words import Words
from prism_core.episode.criterion import QUESTION, Criterion
from prism_core.episode.episode import Episode
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph

_TRIES = 3
"""So often something is changed in a task that is made of several."""


def make_twin(episode: Episode, rng: Random, words: Words) -> Episode | None:
    """The other one of the pair; None where no hidden fact decides the answer."""
    intent = episode.task.intent
    if intent is None or episode.criterion.answer == QUESTION:
        return None
    kind = KINDS[intent.kind]
    for _ in range(_TRIES if kind.is_composed(intent) else 1):
        true_graph = kind.change(Pair(episode, intent, rng, words))
        if true_graph is not None and (twin := _pose(episode, intent, true_graph, words)):
            return twin
    return None


def _pose(episode: Episode, intent: Intent, true_graph: SceneGraph, words: Words) -> Episode | None:
    """The same task in another world; None where its answer is the same there, or there is none."""
    kind = KINDS[intent.kind]
    try:
        criterion = solve(intent, true_graph, episode.known_graph, words.lexicon)
    except WorldRejected:
        return None
    may_agree = kind.twins_may_agree and not intent.constraints
    if _is_same(criterion, episode.criterion) and not may_agree:
        return None
    task = replace(episode.task, kind=KINDS[episode.task.kind].label(criterion))
    return replace(episode, task=task, criterion=criterion, true_graph=true_graph)


def _is_same(one: Criterion, other: Criterion) -> bool:
    return _said(one) == _said(other)


def _said(criterion: Criterion) -> tuple:
    parts = tuple((part.about, _said(part)) for part in criterion.parts)
    done = criterion.evidence if criterion.answer == 'any' else ()
    return criterion.answer, criterion.accepted, done, parts
