# SPDX-License-Identifier: Apache-2.0
"""A trial as the page of a report shows it: plain data, with everything put into words.

Nodes and connections ("links") have numbers in the lists of the trial; each turn says what changed,
so that a long trial stays small.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prism_core.config_file import to_plain
from prism_core.domain import domain_named
from prism_core.episode.criterion import Fact
from prism_core.episode.driven_way import driven_way, find_blocked
from prism_core.episode.episode import Episode, Turn
from prism_core.evaluation.results import Result, read_result, say_last
from prism_core.evaluation.scores import count_reasons
from prism_core.evaluation.trial import TRIAL
from prism_core.graph.elements import Connection, Node
from prism_core.graph.scene_graph import SceneGraph
from prism_core.pictures.episode_trail import (
    Line,
    describe_outcome,
    follow_episode,
    say_cost,
)
from prism_core.pictures.layout import lay_out


def find_cause(result: Result) -> str:
    """Why a trial failed, as `count_reasons` has it; '' when it did not."""
    return next(iter(count_reasons([result])), '')


def say(value: Any) -> str:
    """Plain data in words; what is empty is left out."""
    if isinstance(value, Mapping):
        said = ((key, part) for key, part in value.items() if part not in ('', None, [], (), {}))
        return ', '.join(
            f'{key} ({say(part)})' if isinstance(part, Mapping) else f'{key} {say(part)}'
            for key, part in said
        )
    if isinstance(value, (list, tuple)):
        return ' or '.join(say(part) for part in value)
    return str(value)


def show_episode(episode: Episode) -> dict[str, Any]:
    """What the page shows of a trial that was judged."""
    result, outcome, criterion = read_result(episode), episode.outcome, episode.criterion
    assert outcome is not None  # noqa: S101 - trials are judged
    verdict, _, cost = describe_outcome(outcome, criterion)
    domain = domain_named(episode.domain)
    said = say_last(episode, domain.table)
    drawn = _Drawn(episode)
    turns = list(_show_turns(episode, drawn))
    looks = {
        name
        for fact in (*criterion.evidence, *criterion.any_of)
        for name in (fact.node, fact.detail)
        if name not in criterion.accepted
    }
    return {
        'id': result.id,
        'task': result.task,
        'kind': result.kind,
        'success': result.success,
        'rightness': result.rightness,
        'cause': find_cause(result).removeprefix(f'{result.kind}: '),
        'about': _say_about(result, domain.groups_of(episode), len(episode.true_graph.regions)),
        'request': episode.said,
        'intent': say(to_plain(episode.task.intent)) if episode.task.intent else '',
        'expected': domain.say_expected(criterion),
        'evidence': _say_evidence(episode),
        'said': said[-1] if said else '',
        'verdict': verdict,
        'parts': {
            'found': outcome.found,
            'grounded': outcome.grounded,
            'answered': outcome.answered,
            'in budget': outcome.in_budget,
        },
        'cost': cost + _say_oracle(result),
        'ending': episode.ending,
        'error': episode.error,
        'refused': _show_refused(episode, len(turns)),
        'nodes': drawn.show_nodes(),
        'links': drawn.show_links(),
        'answers': drawn.numbers(criterion.accepted),
        'looks': drawn.numbers(looks),
        'start': drawn.show_change(SceneGraph(()), episode.known_graph),
        'turns': turns,
    }


def _say_oracle(result: Result) -> str:
    if not result.oracle_actions:
        return ''
    return f'; the oracle: {result.oracle_actions} actions, {result.oracle_distance_m:.0f} m'


def _say_about(result: Result, of_domain: Mapping[str, str], regions: int) -> str:
    """What is told of the world of a trial."""
    groups = result.groups
    parts = [*of_domain.values(), f'{regions} regions']
    if 'hidden' in groups:
        parts.append(f'{groups["hidden"]} hidden')
    if 'wording and classes' in groups:
        parts.append(f'{groups["wording and classes"]} wording and places')
    return ', '.join(part for part in (*parts, f'trial {result.id}') if part)


class _Drawn:
    """All nodes and links that a trial shows: of the true graph, and what the robot believed."""

    def __init__(self, episode: Episode):
        self.nodes: dict[str, Node] = {}
        self.links: dict[tuple[str, str], Connection] = {}
        self._numbers: dict[str, int] = {}
        self._true = episode.true_graph.connections
        self.note(episode.true_graph)
        self.note(episode.known_graph)

    def note(self, graph: SceneGraph) -> None:
        """Take in what a graph has beyond those before it."""
        for name, node in graph.nodes.items():
            if name not in self.nodes:
                self._numbers[name] = len(self.nodes)
                self.nodes[name] = node
        for ends, connection in graph.connections.items():
            self.links.setdefault(ends, connection)

    def show_nodes(self) -> list[list[Any]]:
        """Of each node its name, whether it is a region, where it is drawn, what is true of it."""
        links = [c for ends, c in self.links.items() if not c.is_placement or ends in self._true]
        at = lay_out(SceneGraph(self.nodes.values(), links))
        return [
            [name, int(node.kind == 'region'), *at[name], _say_node(node)]
            for name, node in self.nodes.items()
        ]

    def numbers(self, names: Iterable[str]) -> list[int]:
        """Of the nodes that are called so."""
        return sorted(self._numbers[name] for name in names if name in self._numbers)

    def way(self, names: Iterable[str]) -> list[int]:
        """The numbers of the regions on a way, in its order."""
        return [self._numbers[name] for name in names]

    def show_links(self) -> list[list[int]]:
        """The two ends of each link, and 1 where the robot can drive."""
        return [
            [*self.way(ends), int(connection.kind == 'traversable')]
            for ends, connection in self.links.items()
        ]

    def show_change(self, before: SceneGraph, after: SceneGraph) -> dict[str, Any]:
        """What became known, what did not stay so, and where the robot is."""
        numbers = {ends: number for number, ends in enumerate(self.links)}
        old, new = before.connections.keys(), after.connections.keys()
        change = {
            'known': self.numbers(after.nodes.keys() - before.nodes.keys()),
            'gone': self.numbers(before.nodes.keys() - after.nodes.keys()),
            'links': sorted(numbers[ends] for ends in new - old),
            'linksGone': sorted(numbers[ends] for ends in old - new),
        }
        robot = self.numbers([after.robot_location or ''])
        return {key: part for key, part in change.items() if part} | {'robot': robot}


def _show_turns(episode: Episode, drawn: _Drawn) -> Iterator[dict[str, Any]]:
    graph, actions, distance_m = episode.known_graph, 0, 0.0
    seconds = episode.provenance.get(TRIAL, {}).get('plan_s', ())
    for number, (turn, steps) in enumerate(zip(episode.turns, follow_episode(episode).turns)):
        before, way, blocked = graph, [graph.robot_location or ''], []
        for observation in turn.observations:
            way += driven_way(graph, episode.true_graph, observation)[1:]
            blocked += [drawn.way(gone.key) for gone in find_blocked(observation.update)]
            graph = graph.apply(observation.update)
            drawn.note(graph)
        actions += len(turn.observations)
        distance_m += sum(observation.distance_m for observation in turn.observations)
        yield {
            **_show_plan(turn, steps),
            **drawn.show_change(before, graph),
            'way': drawn.way(way) if len(way) > 1 else [],
            'blocked': blocked,
            'cost': _show_cost(episode, actions, distance_m),
            'seconds': seconds[number] if number < len(seconds) else 0.0,
            'refused': _show_refused(episode, number),
        }


def _show_cost(episode: Episode, actions: int, distance_m: float) -> tuple[str, bool]:
    """What was spent of the budget so far, and whether that is too much."""
    most, most_m = episode.criterion.max_actions, episode.criterion.max_distance_m
    is_over = bool(most and actions > most) or bool(most_m and round(distance_m, 3) > most_m)
    return say_cost(actions, distance_m, episode.criterion), is_over


def _show_plan(turn: Turn, steps: list[tuple[str, list[Line]]]) -> dict[str, Any]:
    return {
        'at': turn.robot_location,
        'goal': turn.plan.primary_goal,
        'reasoning': turn.plan.reasoning,
        'steps': [
            [text, [[line.text, int(line.is_bad)] for line in lines]] for text, lines in steps
        ],
    }


def _say_node(node: Node) -> str:
    """What is true of a node."""
    return ', '.join(part for part in (node.description, say(node.attributes)) if part)


def _show_refused(episode: Episode, turn: int) -> list[list[str]]:
    """The replies that were not accepted in a turn, and why."""
    rejected = episode.provenance.get(TRIAL, {}).get('rejected', ())
    return [[one['reply'], one['reason']] for one in rejected if one['turn'] == turn]


def _say_evidence(episode: Episode) -> list[str]:
    """What must have been observed or done, each sort of it in a sentence."""
    criterion = episode.criterion
    said = _say_facts(criterion.evidence, 'all, in this order: ' if criterion.in_order else '')
    said += _say_facts(criterion.any_of, 'one of: ')
    if criterion.observed:
        said.append(f'of what is named: {", ".join(criterion.observed)}')
    if criterion.final_location:
        said.append(f'ends in {criterion.final_location}')
    return said


def _say_facts(facts: Iterable[Fact], prefix: str) -> list[str]:
    names: dict[str, list[str]] = defaultdict(list)
    for fact in facts:
        names[fact.kind].append(f'{fact.node} ({fact.detail})' if fact.detail else fact.node)
    return [f'{prefix}{kind}: {", ".join(found)}' for kind, found in names.items()]
