# SPDX-License-Identifier: Apache-2.0
"""A student's own episode as something to learn from: the teacher plans where the student came to
(DAgger, Ross et al. 2011, arXiv 1011.0686).

Where both plan the same the turn counts in the student's episode. Where they do not it counts
nothing there, and what the teacher would have done is an episode of its own, in which what the
student did before is only there to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from prism_core.dataset.teaching import Classroom
from prism_core.dialects.conversation import Dialect
from prism_core.episode.episode import Episode, Turn, as_task, with_known_graphs
from prism_core.graph.scene_graph import SceneGraph
from prism_core.iteration.acting import TAUGHT

CORRECTED = 'corrected_turn'
"""Where the provenance of an episode says that its last plan is the teacher's."""
NO_PLAN = 'planner_error'
"""How an episode ends in which a planner had no plan."""


@dataclass(frozen=True)
class Corrected:
    """What comes of a student's episode: itself, a further one for each plan that it lacked, and
    how many plans the teacher was asked for.
    """

    episodes: tuple[Episode, ...]
    calls: int


def correct_episode(
    episode: Episode, classroom: Classroom, dialect: Dialect, most_calls: int
) -> Corrected:
    """Ask the teacher for a plan in each state that the student came to.

    A plan of the teacher that the validator refuses teaches nothing, nor does a state that comes
    when all calls are spent. Where the teacher acted itself its plan is there, and counts as a
    call.

    Args:
        episode: as the student played it, or student and teacher in turns.
        classroom: the teacher.
        dialect: two plans are the same if their replies are.
        most_calls: so many plans of the teacher at most.
    """
    episode = with_known_graphs(episode)
    states = _states(episode)[:most_calls]
    weights = [0.0] * len(episode.turns)
    taught = episode.provenance.get(TAUGHT, ())
    further = []
    for index, graph in enumerate(states):
        before = episode.turns[:index]
        is_taught = index in taught
        own = replace(episode.turns[index], observations=()) if is_taught else None
        advice = own or classroom.advise(episode, graph, episode.history(index))
        if advice is None:
            continue
        if index < len(weights) and _is_same(dialect, graph, advice, episode.turns[index]):
            weights[index] = 1.0
        else:
            further.append(_as_correction(episode, before, advice))
    played = replace(episode, turns=_weigh(episode.turns, weights))
    return Corrected((played, *further), len(states))


def _states(episode: Episode) -> list[SceneGraph]:
    """What was known each time the student was asked for a plan."""
    graphs = [episode.known_graph]
    for turn in episode.turns:
        graph = graphs[-1]
        for observation in turn.observations:
            graph = graph.apply(observation.update)
        graphs.append(graph)
    return graphs if episode.ending == NO_PLAN else graphs[:-1]


def _is_same(dialect: Dialect, graph: SceneGraph, one: Turn, other: Turn) -> bool:
    if any(observation.status == 'refused' for observation in other.observations):
        return False  # it may name what cannot be written
    return dialect.render_reply(one.plan, graph) == dialect.render_reply(other.plan, graph)


def _weigh(turns: Sequence[Turn], weights: Sequence[float]) -> tuple[Turn, ...]:
    return tuple(replace(turn, weight=weight) for turn, weight in zip(turns, weights))


def _as_correction(episode: Episode, before: Sequence[Turn], advice: Turn) -> Episode:
    """What the teacher would have done behind some turns; it has no end and no outcome."""
    facts = episode.provenance
    number = len(before)
    return replace(
        as_task(episode),
        turns=(*_weigh(before, [0.0] * number), advice),
        provenance={**facts, 'id': f'{facts["id"]}-turn-{number}', CORRECTED: number},
    )
