# SPDX-License-Identifier: Apache-2.0
"""Which episodes are good enough to train on, and for what reason the others are not."""

from __future__ import annotations

from prism_core.episode.episode import Episode


def find_fault(episode: Episode) -> str:
    """Why an episode is not trained on; '' for a good one.

    Good is what the judge passes, with no plan that was refused.
    """
    if not episode.turns and not episode.ending:
        return 'not tried'
    if any(o.status == 'refused' for turn in episode.turns for o in turn.observations):
        return 'a plan was refused'
    if episode.ending not in ('reported', 'asked'):
        return f'{episode.ending or "no end"}: {episode.error}' if episode.error else episode.ending
    if episode.outcome is None:
        return 'not judged'
    return '' if episode.outcome.success else episode.outcome.reason


def is_learned(episode: Episode, *, failed: bool = False) -> bool:
    """Whether an episode is trained on: a good one, or, with `failed`, each in which some plan was
    carried out. Refused plans count nothing in it.
    """
    if not failed:
        return not find_fault(episode)
    statuses = ({o.status for o in turn.observations} for turn in episode.turns)
    return any('refused' not in found for found in statuses)
