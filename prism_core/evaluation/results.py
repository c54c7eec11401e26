# SPDX-License-Identifier: Apache-2.0
"""What an episode says for statistics, without its graphs: one small record for each trial."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from prism_core.domain import domain_named
from prism_core.episode.criterion import QUESTION
from prism_core.episode.episode import Episode
from prism_core.evaluation.rightness import Rightness, rightness_of
from prism_core.evaluation.trial import TRIAL
from prism_core.inference.call_stats import CallStats
from prism_core.plan.actions import ActionTable

_NUMBER = re.compile(r'\d+\Z')
_NAME = re.compile(r'\b[a-z]+(?:_[a-z]+)*_\d+\b')  # as generated worlds name nodes
_SIZES = ((6, 'up to 6'), (9, '7 to 9'), (12, '10 to 12'), (30, '13 to 30'))


@dataclass(frozen=True)
class Result:
    """How a trial went.

    `world` and `task` tell trials of one world, or of twins, from others. `groups` are what results
    are looked at by: name of the view, group. `kept_s`: the times of the plans for which nobody was
    asked, None where each was asked for. `first_rejected`, `later_rejected`: the kinds of
    problems of each reply that was not accepted, the first try of a plan apart from later ones.
    `made_up`: what looks like a node's name in a text that was said, and is none that was known.
    `asked`: whether asking what is meant was `right` or `wrong`, or `missed`; '' where neither was
    to be done nor was done. `remarks`: what the domain counts in it. `calls`: what each reply of a
    model took. `oracle_actions` and `oracle_distance_m` are 0 where no oracle played. `reference`:
    whether the reference code's rule passes it; None where it cannot tell. `rightness`: how it
    ended for a person.
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
    kept_s: tuple[float, ...] | None = None
    first_rejected: tuple[tuple[str, ...], ...] = ()
    later_rejected: tuple[tuple[str, ...], ...] = ()
    made_up: tuple[str, ...] = ()
    actions: int = 0
    oracle_actions: int = 0
    asked: str = ''
    remarks: Mapping[str, int] = field(default_factory=dict)
    calls: tuple[CallStats, ...] = ()
    peak_mib: int = 0
    reference: bool | None = None
    rightness: Rightness = 'wrong'

    @property
    def number(self) -> int:
        """Of the trial in its world, where its id ends with one."""
        found = _NUMBER.search(self.id)
        return int(found[0]) if found else 0


def read_result(episode: Episode) -> Result:
    """The record of a trial that was played and judged."""
    facts, outcome = episode.provenance, episode.outcome
    assert outcome is not None  # noqa: S101 - trials are judged
    trial: Mapping[str, Any] = facts.get(TRIAL, {})
    first, later = _split_rejected(trial.get('rejected', ()))
    domain = domain_named(episode.domain)
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
        oracle_distance_m=facts.get('oracle_distance_m', 0.0),
        groups={**_groups(episode), **domain.groups_of(episode)},
        plan_s=tuple(trial.get('plan_s', ())),
        kept_s=tuple(trial['kept_s']) if 'kept_s' in trial else None,
        first_rejected=first,
        later_rejected=later,
        made_up=_find_made_up(episode, domain.table),
        actions=outcome.actions,
        oracle_actions=facts.get('oracle_actions', 0),
        asked=_judge_asking(episode),
        remarks=domain.remarks_on(episode),
        calls=tuple(CallStats(**call) for call in trial.get('calls', ())),
        peak_mib=trial.get('peak_mib', 0),
        reference=domain.passes_reference_rule(episode),
        rightness=rightness_of(episode),
    )


def _judge_asking(episode: Episode) -> str:
    has_asked, shall_ask = episode.ending == 'asked', episode.criterion.answer == QUESTION
    if has_asked:
        is_answer = episode.outcome is not None and episode.outcome.answered
        return 'right' if shall_ask or is_answer else 'wrong'
    return 'missed' if shall_ask else ''


def say_last(episode: Episode, table: ActionTable) -> list[str]:
    """The texts of the actions that end a mission, as they were said."""
    return [
        str(action.arguments[-1])
        for action, _ in episode.actions
        if action.name in table and table[action.name].ends_mission and action.arguments
    ]


def _find_made_up(episode: Episode, table: ActionTable) -> tuple[str, ...]:
    said = say_last(episode, table)
    known = episode.final_graph.nodes if said else {}
    return tuple(name for text in said for name in _NAME.findall(text) if name not in known)


def _groups(episode: Episode) -> dict[str, str]:
    """What is told of an episode; one from elsewhere does not tell everything."""
    facts, regions = episode.provenance, len(episode.true_graph.regions)
    groups = {
        'kind': episode.task.kind,
        'wording and classes': _say_wording(facts),
        'regions': next((n for most, n in _SIZES if regions <= most), 'more than 30'),
        'hidden': _say(facts, 'hidden', lambda share: f'{share:.0%}'),
        'start': _say(facts, 'needs_discovery', lambda it: 'must look' if it else 'knows it'),
        'pair': 'twins' if 'twin' in facts else 'single',
    }
    return {view: group for view, group in groups.items() if group is not None}


def _say_wording(facts: Mapping[str, Any]) -> str | None:
    if facts.get('wording') == 'free':
        return 'free wording'
    return _say(facts, 'unseen', lambda it: 'unseen' if it else 'seen')


def _say(facts: Mapping[str, Any], key: str, how: Callable[[Any], str]) -> str | None:
    return how(facts[key]) if key in facts else None


_Kinds = tuple[tuple[str, ...], ...]


def _split_rejected(rejected: Any) -> tuple[_Kinds, _Kinds]:
    first: list[tuple[str, ...]] = []
    later: list[tuple[str, ...]] = []
    turns: set[int] = set()
    for one in rejected:
        (later if one['turn'] in turns else first).append(tuple(one['kinds']))
        turns.add(one['turn'])
    return tuple(first), tuple(later)
