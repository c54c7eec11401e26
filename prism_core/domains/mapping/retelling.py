# SPDX-License-Identifier: Apache-2.0
"""The same task in a world in which the robot reports in words."""

from __future__ import annotations

from dataclasses import replace

from prism_core.domains.mapping.describing import draw_reports, reports_of, with_reports
from prism_core.domains.mapping.solution import solve
from prism_core.domains.mapping.words import Words
from prism_core.episode.episode import Episode


def in_words(episode: Episode, words: Words) -> Episode:
    """The task, its twin and its budget as they were, but what an inspection shows is told in
    sentences. The seed of the world draws these, so that its tasks share them.
    """
    if reports_of(episode.true_graph) is not None:
        return episode
    held_out = 'wording' in episode.provenance.get('unseen', ())
    reports = draw_reports(episode.true_graph, episode.seed, held_out=held_out)
    true_graph, criterion = with_reports(episode.true_graph, reports), episode.criterion
    intent = episode.task.intent
    if intent is not None and any(fact.detail == 'description' for fact in criterion.evidence):
        criterion = replace(
            solve(intent, true_graph, episode.known_graph, words.lexicon),
            max_actions=criterion.max_actions,
            max_distance_m=criterion.max_distance_m,
        )
    provenance = {**episode.provenance, 'observations': 'words'}
    return replace(episode, true_graph=true_graph, criterion=criterion, provenance=provenance)
