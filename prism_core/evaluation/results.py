"""What an episode says for statistics, without its graphs: one small record for each trial."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prism_core.episode import Episode
from prism_core.evaluation.trial import TRIAL

_NAME = re.compile(r'\b[a-z]+(?:_[a-z]+)*_\d+\b')  # as generated worlds name nodes
_SIZES = ((6, '5 or 6'), (9, '7 to 9'), (12, '10 to 12'), (30, '13 to 30'))


@dataclass(frozen=True)
class Result:
    """How a trial went.

    `world` and `task` tell trials of one world, or of twins, from others. `groups` are what results
    are looked at by: name of the view, group. `first_rejected`, `later_rejected`: the kinds of
    problems of each reply that was not accepted, the first try of a plan apart from later ones.
    `made_up`: what looks like a node's name in a text that was said, and is none that was known.
    """

    world: int
    task: str
    id: str
    kind: str
    success: bool
    found: bool
    grounded: bool
    answered: bool
    in_budget: bool
    reason: str
    ending: str
    turns: int
    distance_m: float
    oracle_distance_m: float
    groups: Mapping[str, str]
    plan_s: tuple[float, ...] = ()
    first_rejected: tuple[tuple[str, ...], ...] = ()
    later_rejected: tuple[tuple[str, ...], ...] = ()
    made_up: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """Of the trial in its world."""
        return int(self.id.rpartition('-')[2])


def read_result(episode: Episode) -> Result:
    """The record of a trial that was played and judged."""
    facts, outcome = episode.provenance, episode.outcome
    assert outcome is not None  # noqa: S101 - trials are judged
    trial: Mapping[str, Any] = facts.get(TRIAL, {})
    first, later = _split_rejected(trial.get('rejected', ()))
    return Result(
        world=episode.seed,
        task=facts.get('twin', facts['id']),
        id=facts['id'],
        kind=episode.task.kind,
        success=outcome.success,
        found=outcome.found,
        grounded=outcome.grounded,
        answered=outcome.answered,
        in_budget=outcome.in_budget,
        reason=outcome.reason.partition(':')[0],
        ending=episode.ending,
        turns=len(episode.turns),
        distance_m=outcome.distance_m,
        oracle_distance_m=facts['oracle_distance_m'],
        groups=_groups(episode),
        plan_s=tuple(trial.get('plan_s', ())),
        first_rejected=first,
        later_rejected=later,
        made_up=_find_made_up(episode),
    )


def _find_made_up(episode: Episode) -> tuple[str, ...]:
    said = [
        argument
        for action, _ in episode.actions
        if action.name in ('answer', 'clarify')
        for argument in action.arguments
    ]
    if not said:
        return ()
    known = episode.final_graph.nodes
    return tuple(n for text in said for n in _NAME.findall(str(text)) if n not in known)


def _groups(episode: Episode) -> dict[str, str]:
    facts = episode.provenance
    looks = 'must look' if facts['needs_discovery'] else 'knows it'
    return {
        'kind': episode.task.kind,
        'wording and classes': 'unseen' if facts['unseen'] else 'seen',
        'regions': next((n for most, n in _SIZES if facts['regions'] <= most), 'more than 30'),
        'hidden': f'{facts["hidden"]:.0%}',
        'start': looks,
        'pair': 'twins' if 'twin' in facts else 'single',
        'family': facts['family'],
    }


_Kinds = tuple[tuple[str, ...], ...]


def _split_rejected(rejected: Any) -> tuple[_Kinds, _Kinds]:
    first: list[tuple[str, ...]] = []
    later: list[tuple[str, ...]] = []
    turns: set[int] = set()
    for one in rejected:
        (later if one['turn'] in turns else first).append(tuple(one['kinds']))
        turns.add(one['turn'])
    return tuple(first), tuple(later)
