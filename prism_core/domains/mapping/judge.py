# SPDX-License-Identifier: Apache-2.0
"""Did an episode end right? Judged on structure: what was observed, what was said, what it cost.

The text of an answer is read by the rules of `answer_text`; how plans came about does not matter.
"""

from __future__ import annotations

from prism_core.domains.mapping.answer_text import is_asked_for, names_in, why_wrong
from prism_core.domains.mapping.criterion import check_criterion
from prism_core.domains.mapping.describing import reports_of
from prism_core.domains.mapping.hearing import told_by
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.looking import MAPPED
from prism_core.domains.mapping.part_answers import why_wrong_in_parts, without_left_out
from prism_core.domains.mapping.told_texts import sentences_of
from prism_core.domains.mapping.told_values import calls_in_text, read_told
from prism_core.episode.criterion import QUESTION, Criterion, Fact, Outcome
from prism_core.episode.driven_way import driven_way
from prism_core.episode.episode import Episode
from prism_core.episode.observation import Observation
from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.steps import render_steps

_LENGTH_TOLERANCE_M = 0.01
OUT_OF_BOUNDS = 'out of bounds'
"""How the reason of a verdict begins where the robot was in a place that it was to keep out of."""


def judge_episode(episode: Episode, lexicon: Lexicon) -> Outcome:
    """The verdict on an episode that has ended.

    Args:
        episode: as it was played.
        lexicon: the words for attributes and their values.

    Raises:
        ConfigError: the criterion is of a kind that it does not know.
    """
    criterion = episode.criterion
    check_criterion(criterion)
    graph, events = _follow(episode, lexicon)
    is_told = reports_of(episode.true_graph) is not None
    missing = [
        fact
        for one in criterion.walk()
        for fact in _missing(one, episode, graph, events, is_told=is_told)
    ]
    unknown = [f for f in missing if f.node not in graph.nodes]
    ungrounded = _why_not_grounded(criterion, graph, events, missing)
    wrong = _why_not_answered(episode, lexicon)
    actions = sum(1 for _ in episode.actions)
    distance_m = round(sum(o.distance_m for _, o in episode.actions), 3)
    too_much = ''
    if actions > criterion.max_actions:
        too_much = f'{actions} actions, at most {criterion.max_actions} are allowed'
    elif distance_m > criterion.max_distance_m:
        too_much = f'{distance_m:.0f} m, at most {criterion.max_distance_m:.0f} m are allowed'
    passed = [fact.node for fact in events if fact.kind == 'passed']
    trespass = next((name for name in passed[1:] if name in criterion.avoided), '')
    reasons = [
        f'out of bounds: the robot entered {trespass}, which was to be avoided' if trespass else '',
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
        kept=not trespass,
    )


def _missing(
    criterion: Criterion,
    episode: Episode,
    graph: SceneGraph,
    events: list[Fact],
    *,
    is_told: bool,
) -> list[Fact]:
    """What had to come about for a criterion, apart from its parts, and did not."""
    missing = [f for f in criterion.evidence if not _holds(f, graph, events, is_told=is_told)]
    of_each: list[list[Fact]] = [
        [f for f in facts if not _holds(f, graph, events, is_told=is_told)]
        for facts in _facts_of_the_named(criterion, episode)
    ]
    if criterion is episode.criterion:
        missing += [fact for of_one in of_each for fact in of_one]
    elif of_each:  # others may be named where other parts are answered
        fewest: list[Fact] = min(of_each, key=len)
        missing += fewest
    one_of = criterion.any_of
    if criterion.answer == 'node' and not criterion.final_location:
        one_of = tuple(Fact('known', name) for name in criterion.accepted)
    if one_of and not any(_holds(f, graph, events, is_told=is_told) for f in one_of):
        missing.append(one_of[0])
    return missing


def _said(episode: Episode) -> str:
    """The text of the answer; '' when there is none."""
    if episode.ending != 'reported':
        return ''
    return str(_last_action(episode).arguments[0])


def _last_action(episode: Episode) -> Action:
    turn = episode.turns[-1]
    return turn.plan.actions[len(turn.observations) - 1]


def _facts_of_the_named(criterion: Criterion, episode: Episode) -> list[list[Fact]]:
    """For each right answer that is named what must have been observed of it."""
    if criterion.answer != 'node':
        return []
    return [
        [Fact('known', name), *(Fact('attribute', name, key) for key in criterion.observed)]
        for name in names_in(_said(episode), episode.true_graph)
        if name in criterion.accepted
    ]


def _sentences_told(episode: Episode) -> frozenset[str]:
    """All that a robot that reports in words said of what it was to look at."""
    if reports_of(episode.true_graph) is None:
        return frozenset()
    return frozenset(
        sentence
        for action, observation in episode.actions
        if action.name == 'inspect' and action.arguments
        for sentence in sentences_of(told_by(str(action.arguments[0]), observation))
    )


def _why_not_answered(episode: Episode, lexicon: Lexicon) -> str:
    wanted = 'asked' if episode.criterion.answer == QUESTION else 'reported'
    if episode.ending == 'asked' and episode.criterion.answer == 'pattern':
        asked = render_steps([_last_action(episode)])
        if is_asked_for(asked, episode.criterion.accepted):
            return ''
    if episode.ending != wanted:
        said = f': {episode.error}' if episode.error else ''
        return f'expected the end to be {wanted}, it was {episode.ending or "open"}{said}'
    if wanted == 'asked':
        return ''
    criterion, graph = episode.criterion, episode.true_graph
    said = without_left_out(_said(episode), criterion.avoided, graph)
    told = _sentences_told(episode)
    if criterion.parts:
        return why_wrong_in_parts(said, criterion, graph, lexicon, told)
    return why_wrong(said, criterion, graph, lexicon, told)


def _why_not_grounded(
    criterion: Criterion, graph: SceneGraph, events: list[Fact], missing: list[Fact]
) -> str:
    if missing:
        fact = missing[0]
        detail = f' ({fact.detail})' if fact.detail else ''
        return f'{fact.node} was not {_DEED[fact.kind]}{detail} before the answer'
    late = _follow_in_order(criterion, events)
    if isinstance(late, Fact):
        return f'{late.node} was not {_DEED[late.kind]} in the order asked for'
    end = next((one.final_location for one in criterion.walk() if one.final_location), '')
    if end and graph.robot_location != end:
        return f'the robot ended in {graph.robot_location}, not in {end}'
    return ''


def _follow_in_order(
    criterion: Criterion, events: list[Fact], start: int = 0, *, is_part: bool = False
) -> int | Fact:
    """Up to where in the events all that is to be done was done, from a position on; or the first
    deed that was not done in the order asked for.
    """
    position = furthest = start
    for part in criterion.parts:
        reached = _follow_in_order(part, events, position, is_part=True)
        if isinstance(reached, Fact):
            return reached
        furthest = max(furthest, reached)
        position = reached if criterion.in_order else start
    deeds = [fact for fact in criterion.evidence if fact.kind != 'passed']
    if criterion.parts or not (criterion.in_order or is_part):
        return furthest
    if not criterion.in_order:  # a part that is a drive
        is_drive = criterion.answer in ('any', 'node')
        deeds = [fact for fact in deeds if fact.kind == 'visited' and is_drive]
    for fact in deeds:
        if fact not in events[position:]:
            return fact
        index = events.index(fact, position)
        position = index + 1 if criterion.in_order else start
        furthest = max(furthest, index + criterion.in_order)
    return furthest


_DEED = {
    'known': 'found',
    'mapped': 'mapped',
    'attribute': 'inspected',
    'inspected': 'inspected',
    'visited': 'visited',
    'way': 'checked for the way',
    'passed': 'passed',
}


def _holds(fact: Fact, graph: SceneGraph, events: list[Fact], *, is_told: bool) -> bool:
    if fact.kind == 'way':
        return fact in events or Fact('way', fact.detail, fact.node) in events
    if fact.kind == 'inspected' and not fact.detail:
        return any((event.kind, event.node) == ('inspected', fact.node) for event in events)
    if fact.kind in ('visited', 'inspected', 'passed'):
        return fact in events
    node = graph.nodes.get(fact.node)
    if node is None:
        return False
    if fact.kind == 'mapped':
        return bool(node.attributes.get(MAPPED))
    if fact.kind == 'attribute':
        known = node.description if fact.detail == 'description' else node.attributes
        if is_told and Fact('inspected', fact.node, fact.detail) in events:
            return True
        return bool(known) if isinstance(known, str) else fact.detail in known
    return True


def _follow(episode: Episode, lexicon: Lexicon) -> tuple[SceneGraph, list[Fact]]:
    """What was known at the end of an episode, and what was done in it, in order: visits,
    inspections, ways looked at.
    """
    graph = episode.known_graph
    here = graph.robot_location or ''
    bounds = {*episode.criterion.avoided, *_names_to_pass(episode.criterion)}
    events = [Fact('visited', here), *([Fact('passed', here)] if bounds else [])]
    is_told = reports_of(episode.true_graph) is not None
    for action, observation in episode.actions:
        update = observation.update
        events += [Fact('way', *gone.key) for gone in update.remove_connections]
        there = update.robot_location or here
        if bounds and there != here:
            driven = driven_way(graph, episode.true_graph, observation)
            events += [Fact('passed', name) for name in driven[1:]]
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
            asked = lexicon.asked_attributes(query) or {'description'}
            if is_told:
                asked = {*asked, *_told_attributes(name, episode, observation, lexicon)}
            events += [Fact('inspected', name, key) for key in asked]
            if episode.criterion.parts:  # of which the next may be to be here
                events.append(Fact('visited', here))
    return graph, events


def _names_to_pass(criterion: Criterion) -> set[str]:
    return {fact.node for fact in criterion.evidence if fact.kind == 'passed'}


def _told_attributes(
    name: str, episode: Episode, observation: Observation, lexicon: Lexicon
) -> list[str]:
    """The attributes of an object that a robot told in words, asked or not."""
    node = episode.true_graph.nodes[name]
    said = read_told(told_by(name, observation), calls_in_text(node, lexicon), lexicon)
    return [key for key, value in said.values.items() if node.attributes.get(key) == value]


def _length_m(graph: SceneGraph, here: str, there: str) -> float | None:
    """How long the known way between two regions is; None where there is none."""
    way = graph.region_network.get_edge_data(here, there)
    return None if way is None else way['length_m']
