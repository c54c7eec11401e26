"""A plan with its reasons in words: made from the actions and the known graph, never by a model."""

from __future__ import annotations

from prism_core.actions import Action
from prism_core.plan import Plan
from prism_core.reports import parse_report
from prism_core.scene_graph import SceneGraph


def make_plan(goal: str, actions: tuple[Action, ...], known_graph: SceneGraph) -> Plan:
    """The plan for a goal; the graph that matters are the nodes that its actions name."""
    names = [str(v) for a in actions for v in a.arguments if v in known_graph.nodes]
    if actions[-1].name in ('answer', 'clarify'):
        report = parse_report(str(actions[-1].arguments[0]), known_graph)
        names += [name for name in report.arguments if name in known_graph.nodes]
    return Plan(
        actions=tuple(actions),
        primary_goal=goal,
        relevant_graph=tuple(dict.fromkeys(names)),
        reasoning=_explain(actions[-1], known_graph),
    )


def make_question(question: str, known_graph: SceneGraph) -> Plan:
    """The plan that asks something before anything is done."""
    return make_plan('vague', (Action('clarify', (question,)),), known_graph)


def _explain(action: Action, graph: SceneGraph) -> str:
    """Why the action that brings news, or ends, is the next."""
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
    return 'All that is needed has been observed.'
