# SPDX-License-Identifier: Apache-2.0
"""Which turns of a history belong to which of the requests that were said one after the other.

A turn that was planned for something said earlier says what (`Turn.request`); the others belong to
what is worked on now.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from prism_core.episode.episode import Turn
from prism_core.plan.actions import ActionTable


class Asked(NamedTuple):
    """A request, the turns that were planned for it, as if it were worked on now, and the place of
    the first of them in the history.
    """

    request: str
    turns: tuple[Turn, ...]
    start: int


def own_turns(history: Sequence[Turn]) -> Sequence[Turn]:
    """The turns that were planned for what is worked on now; the same object where all were."""
    own = [turn for turn in history if not turn.request]
    return history if len(own) == len(history) else own


def all_said(request: str, history: Sequence[Turn]) -> str:
    """A request behind all that was asked and answered before it, for who looks for what it may
    speak of.
    """
    told = dict.fromkeys(
        text
        for turn in history
        if turn.request
        for text in (turn.request, *(str(a) for step in turn.plan.actions for a in step.arguments))
    )
    return ' ; '.join((*told, request))


def list_said(request: str, history: Sequence[Turn], table: ActionTable) -> list[Asked]:
    """All requests in the order in which they were said, the last the one that is worked on now.

    The same sentence counts again where it was said when the mission before it had ended.

    Args:
        request: the one that is worked on now.
        history: the turns of the mission.
        table: the actions, of which some end a mission.
    """
    starts = [0, *_starts(history, table), len(history)]
    said = [
        Asked(
            history[start].request if start < len(history) else '',
            tuple(replace(turn, request='') for turn in history[start:end]),
            start,
        )
        for start, end in itertools.pairwise(starts)
    ]
    if said[-1].request:  # nothing was planned for the last one
        said.append(Asked('', (), len(history)))
    return [*said[:-1], said[-1]._replace(request=request)]


def _starts(history: Sequence[Turn], table: ActionTable) -> Iterator[int]:
    """Where in a history another request begins."""
    for index, (before, turn) in enumerate(itertools.pairwise(history), start=1):
        is_again = bool(turn.request) and _ends(before, table)
        if turn.request != before.request or is_again:
            yield index


def _ends(turn: Turn, table: ActionTable) -> bool:
    """Whether a turn ended a mission."""
    done = turn.plan.actions[: len(turn.observations)]
    spec = table.get(done[-1].name) if done else None
    return spec is not None and spec.ends_mission
