# SPDX-License-Identifier: Apache-2.0
"""How a trial ends for a person: right, or one of three ways that are not alike on a robot.

| rightness | means |
|---|---|
| right | all parts of the verdict hold |
| asked | it put a question, which harms nobody |
| unknown | it said that it does not know: it could not look, could not get there, gave up |
| wrong | anything else: it said what is false or was never seen, in part or in whole, did what \
was not meant or was forbidden, took too long a way, went on until the limit or in vain, had no \
valid plan, or asked what nobody can answer, such as "gate_1 or gate_1?" |

The one place that tells them apart, for every domain; what of an answer is an honest "I do not
know", and what was done that nobody may do, the domain says.
"""

from __future__ import annotations

from typing import Literal, get_args

from prism_core.domain import Domain, domain_named
from prism_core.episode.episode import Episode
from prism_core.inference.suspicion import suspect
from prism_core.plan.plan import Plan

Rightness = Literal['right', 'asked', 'unknown', 'wrong']
RIGHTNESS: tuple[Rightness, ...] = get_args(Rightness)
"""From the best to the worst."""


def rightness_of(episode: Episode) -> Rightness:
    """How a trial that was judged ended for a person."""
    if episode.outcome is not None and episode.outcome.success:
        return 'right'
    domain = domain_named(episode.domain)
    if domain.say_harm(episode):
        return 'wrong'
    if episode.ending == 'asked' and not _is_odd_question(episode, domain):
        return 'asked'
    if episode.ending == 'reported' and domain.admits_ignorance(episode):
        return 'unknown'
    return 'wrong'


def worst_of(ends: list[Rightness]) -> Rightness:
    """How twins end that count as one task."""
    return max(ends, key=RIGHTNESS.index)


def _is_odd_question(episode: Episode, domain: Domain) -> bool:
    turn = episode.turns[-1]
    asked = Plan(turn.plan.actions[len(turn.observations) - 1 :][:1])
    request, graph = episode.task.request, episode.final_graph
    before = episode.history(len(episode.turns) - 1)
    return bool(suspect(asked, request, graph, before, domain.table, domain.vocabulary))
