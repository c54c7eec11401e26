# SPDX-License-Identifier: Apache-2.0
"""Whether an episode did just what people planned: LLM-Planner's accuracy of high-level plans, with
and without ways and doors.
"""

from __future__ import annotations

from collections.abc import Mapping

from prism_core.domains.household.calling import household_class, household_class_of_name
from prism_core.domains.household.skills import say_skills
from prism_core.episode.episode import Episode
from prism_core.graph.elements import Node

PLAN, WAYS = 'gold_plan', 'gold_ways'
"""Keys of the provenance that hold what people planned: skills, and actions, each in classes."""
_ENDS = ('look', 'done', 'ask')


def say_plan(episode: Episode) -> dict[str, list[str]]:
    """What was done in an episode, in the form of `PLAN` and `WAYS`."""
    nodes = {**episode.known_graph.nodes, **episode.final_graph.nodes}
    done = [action for action, seen in episode.actions if seen.status == 'done']
    skills = [s for s in say_skills(done, episode.final_graph) if s.verb not in _ENDS]
    ways = [
        ' '.join([action.name, *(_call(str(n), nodes) for n in action.arguments)])
        for action in done
        if action.arguments
    ]
    return {PLAN: [str(skill) for skill in skills], WAYS: ways}


def compare_with_people(episode: Episode) -> Mapping[str, int]:
    """1 for each form in which what was done is what people planned; nothing where no plan of
    people is known.
    """
    if PLAN not in episode.provenance:
        return {}
    said = say_plan(episode)
    return {
        "plans that are people's": int(said[PLAN] == list(episode.provenance[PLAN])),
        "plans that are people's with all ways": int(said[WAYS] == list(episode.provenance[WAYS])),
    }


def _call(name: str, nodes: Mapping[str, Node]) -> str:
    return household_class(nodes[name]) if name in nodes else household_class_of_name(name)
