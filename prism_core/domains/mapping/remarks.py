# SPDX-License-Identifier: Apache-2.0
"""What is counted in episodes of the mapping domain: some answers, and inspections."""

from __future__ import annotations

from prism_core.domains.mapping.reports import parse_report
from prism_core.episode.episode import Episode
from prism_core.episode.observation import Observation
from prism_core.graph.calling import is_called
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

ABSENT, GAVE_UP = 'answers “not there”', 'answers “could not finish”'
INSPECTIONS, NEEDLESS = 'inspections', 'needless inspections'


def remarks_on(episode: Episode) -> dict[str, int]:
    """How often the planner said that something is not there, or that it could not finish, and how
    often it inspected; needless is what showed nothing new, or something that is not of the classes
    that the request is about.
    """
    graph = episode.final_graph
    said = [str(a.arguments[0]) for a, _ in episode.actions if a.name == 'answer' and a.arguments]
    looks = [one for one in episode.actions if one[0].name == 'inspect']
    return {
        ABSENT: int(bool(said) and _says_absent(episode, said[-1], graph)),
        GAVE_UP: int(bool(said) and parse_report(said[-1], graph).form == 'gave_up'),
        INSPECTIONS: len(looks),
        NEEDLESS: sum(_is_needless(episode, graph, *one) for one in looks),
    }


def _says_absent(episode: Episode, answer: str, graph: SceneGraph) -> bool:
    if episode.criterion.answer == 'absence':
        return True
    report = parse_report(answer, graph)
    return report.form == 'none' or (report.form == 'exists' and answer.startswith('No'))


def _is_needless(
    episode: Episode, graph: SceneGraph, action: Action, observation: Observation
) -> bool:
    if observation.status != 'done':
        return False  # who could have known
    if not observation.is_news:
        return True
    intent = episode.task.intent
    target = intent.target if intent else None
    if target is None or target.kind != 'object':
        return False
    name = str(action.arguments[0])
    if target.name:
        return name != target.name
    return not is_called(graph.nodes[name], target.classes)
