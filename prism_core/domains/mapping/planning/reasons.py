# SPDX-License-Identifier: Apache-2.0
"""A plan with its reasons in words: made from the actions and the known graph, never by a model."""

from __future__ import annotations

from prism_core.domains.mapping.report_texts import parse_reports
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan


def make_plan(goal: str, actions: tuple[Action, ...], known_graph: SceneGraph) -> Plan:
    """The plan for a goal; the graph that matters are the nodes that its actions name."""
    names = [str(v) for a in actions for v in a.arguments if v in known_graph.nodes]
    if actions[-1].name in ('answer', 'clarify'):
        reports = parse_reports(str(actions[-1].arguments[0]), known_graph)
        said = (argument for report in reports for argument in report.arguments)
        names += [name for name in said if name in known_graph.nodes]
    return Plan(
        actions=tuple(actions),
        primary_goal=goal,
        relevant_graph=tuple(dict.fromkeys(names)),
        reasoning=_explain(actions, known_graph),
    )


def _explain(actions: tuple[Action, ...], graph: SceneGraph) -> str:
    """Why the action that brings news, or ends, is the next."""
    action = actions[-1]
    name = str(action.arguments[0]) if action.arguments else ''
    if action.name == 'inspect':
        regions = graph.viewpoints.get(name)
        where = f'; it is seen from {regions[0]}' if regions else ''
        return f'I have to look at {name}{where}.'
    if action.name == 'map_region':
        return f'What is in {name} is not known yet.'
    if action.name == 'explore_region':
        return f'Ways lead on from {name} to where I have not been.'
    if action.name == 'extend_map':
        return 'No known way leads there.'
    if action.name == 'replan':
        return 'To drive there shows whether the way is free.'
    if action.name == 'clarify':
        return 'The request leaves open what is meant.'
    if len(actions) > 1:
        return 'The way there is known.'
    return 'All that is needed has been observed.'
