"""Did an episode end right? Judged on structure: what was observed, what was said, what it cost.

The text of an answer is read by the rules of `answer_text`; how plans came about does not matter.
"""

from __future__ import annotations

from prism_core.criterion import Criterion, Fact, Outcome
from prism_core.domains.mapping.answer_text import names_in, why_wrong
from prism_core.domains.mapping.words import load_words
from prism_core.episode import Episode
from prism_core.graph_elements import GraphUpdate
from prism_core.mission_state import MAPPED
from prism_core.scene_graph import SceneGraph

_LENGTH_TOLERANCE_M = 0.01


def judge_episode(episode: Episode) -> Outcome:
    """The verdict on an episode that has ended."""
    criterion = episode.criterion
    graph, events = _follow(episode)
    facts = (*criterion.evidence, *_facts_of_the_named(episode))
    missing = [f for f in facts if not _holds(f, graph, events)]
    one_of = criterion.any_of
    if criterion.answer == 'node' and not criterion.final_location:
        one_of = tuple(Fact('known', name) for name in criterion.accepted)
    if one_of and not any(_holds(f, graph, events) for f in one_of):
        missing.append(one_of[0])
    unknown = [f for f in missing if f.node not in graph.nodes]
    ungrounded = _why_not_grounded(criterion, graph, events, missing)
    wrong = _why_not_answered(episode)
    actions = sum(1 for _ in episode.actions)
    distance_m = round(sum(o.distance_m for _, o in episode.actions), 3)
    too_much = ''
    if actions > criterion.max_actions:
        too_much = f'{actions} actions, at most {criterion.max_actions} are allowed'
    elif distance_m > criterion.max_distance_m:
        too_much = f'{distance_m:.0f} m, at most {criterion.max_distance_m:.0f} m are allowed'
    reasons = [
        f'not found: {unknown[0].node} is not known' if unknown else '',
        f'not grounded: {ungrounded}' if ungrounded else '',
        f'not answered: {wrong}' if wrong else '',
        f'over budget: {too_much}' if too_much else '',
    ]
    return Outcome(
        found=not unknown,
        grounded=not ungrounded,
        answered=not wrong,
        in_budget=not too_much,
        actions=actions,
        distance_m=distance_m,
        reason=next((reason for reason in reasons if reason), ''),
    )


def _said(episode: Episode) -> str:
    """The text of the answer; '' when there is none."""
    if episode.ending != 'answer':
        return ''
    turn = episode.turns[-1]
    return str(turn.plan.actions[len(turn.observations) - 1].arguments[0])


def _facts_of_the_named(episode: Episode) -> list[Fact]:
    """What must have been observed of an object to name it as the answer."""
    criterion = episode.criterion
    if criterion.answer != 'node':
        return []
    facts = []
    for name in names_in(_said(episode), episode.true_graph):
        if name in criterion.accepted:
            facts.append(Fact('known', name))
            facts += [Fact('attribute', name, key) for key in criterion.observed]
    return facts


def _why_not_answered(episode: Episode) -> str:
    wanted = 'clarify' if episode.criterion.answer == 'clarify' else 'answer'
    if episode.ending != wanted:
        said = f': {episode.error}' if episode.error else ''
        return f'expected the end to be {wanted}, it was {episode.ending or "open"}{said}'
    if wanted == 'clarify':
        return ''
    return why_wrong(_said(episode), episode.criterion, episode.true_graph)


def _why_not_grounded(
    criterion: Criterion, graph: SceneGraph, events: list[Fact], missing: list[Fact]
) -> str:
    if missing:
        fact = missing[0]
        detail = f' ({fact.detail})' if fact.detail else ''
        return f'{fact.node} was not {_DEED[fact.kind]}{detail} before the answer'
    if criterion.in_order:
        position = 0
        for fact in criterion.evidence:
            if fact not in events[position:]:
                return f'{fact.node} was not {_DEED[fact.kind]} in the order asked for'
            position = events.index(fact, position) + 1
    if criterion.final_location and graph.robot_location != criterion.final_location:
        return f'the robot ended in {graph.robot_location}, not in {criterion.final_location}'
    return ''


_DEED = {
    'known': 'found',
    'mapped': 'mapped',
    'attribute': 'inspected',
    'inspected': 'inspected',
    'visited': 'visited',
    'way': 'checked for the way',
}


def _holds(fact: Fact, graph: SceneGraph, events: list[Fact]) -> bool:
    if fact.kind == 'way':
        return fact in events or Fact('way', fact.detail, fact.node) in events
    if fact.kind == 'inspected' and not fact.detail:
        return any((event.kind, event.node) == ('inspected', fact.node) for event in events)
    if fact.kind in ('visited', 'inspected'):
        return fact in events
    node = graph.nodes.get(fact.node)
    if node is None:
        return False
    if fact.kind == 'mapped':
        return bool(node.attributes.get(MAPPED))
    if fact.kind == 'attribute':
        known = node.description if fact.detail == 'description' else node.attributes
        return bool(known) if isinstance(known, str) else fact.detail in known
    return True


def _follow(episode: Episode) -> tuple[SceneGraph, list[Fact]]:
    """What was known at the end of an episode, and what was done in it, in order: visits,
    inspections, ways looked at.
    """
    graph = episode.known_graph
    here = graph.robot_location or ''
    events = [Fact('visited', here)]
    for action, observation in episode.actions:
        update = observation.update
        events += [Fact('way', *gone.key) for gone in update.remove_connections]
        there = update.robot_location or here
        length_m = _length_m(graph, here, there)
        if length_m is not None and abs(length_m - observation.distance_m) < _LENGTH_TOLERANCE_M:
            events.append(Fact('way', here, there))
        here = there
        if update != GraphUpdate():
            graph = graph.apply(update)
        if update.robot_location or action.name == 'goto':
            events.append(Fact('visited', here))
        if observation.status != 'done':
            continue
        if action.name == 'map_region':
            was_known = episode.known_graph.region_network.adj.get(here, ())
            events += [
                Fact('way', here, other) for other in (*was_known, *graph.region_network[here])
            ]
        if action.name == 'inspect':
            name, query = (str(argument) for argument in action.arguments)
            asked = load_words().lexicon.asked_attributes(query) or {'description'}
            events += [Fact('inspected', name, key) for key in asked]
    return graph, events


def _length_m(graph: SceneGraph, here: str, there: str) -> float | None:
    """How long the known way between two regions is; None where there is none."""
    way = graph.connections.get((min(here, there), max(here, there)))
    if way is None:
        return None
    if way.cost_m is not None:
        return way.cost_m
    return graph.nodes[here].distance_m(graph.nodes[there])
