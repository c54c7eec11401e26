# SPDX-License-Identifier: Apache-2.0
"""The oracle: a privileged solver that sees the true graph and the criterion.

It proves that a task can be solved from what can be discovered, by solving it in the simulator, and
tells what that costs. It demonstrates nothing: no planner learns from it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from prism_core.domains.mapping.judge import judge_episode
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.looking import MAPPED, exploration_radius_m
from prism_core.domains.mapping.planning.bounds import without_ways_into
from prism_core.domains.mapping.simulator import MappingSimulator
from prism_core.episode.criterion import QUESTION, Criterion, Fact
from prism_core.episode.episode import Ending, Episode, Turn
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan

# Up to so many places the best order is searched for exactly; beyond, it is improved step by step.
MAX_EXACT_STOPS = 8
_MAX_CHOICES = 6
_MAX_TRIES = 3


@dataclass(frozen=True)
class Solution:
    """The oracle's way: how many actions, how many of them to look, how far in metres, and whether
    no shorter way exists. It is shortest in metres; the actions are those that this way takes.
    """

    actions: int
    looks: int
    distance_m: float
    is_exact: bool


@dataclass(frozen=True)
class _Stop:
    """Somewhere to be, in one of some regions, and what to see to there."""

    regions: tuple[str, ...]
    facts: tuple[Fact, ...]


_Way = list[tuple[str, _Stop]]


def find_solution(episode: Episode, lexicon: Lexicon) -> Solution:
    """Solve a task with full knowledge, in the shortest of the ways to meet its criterion.

    Raises:
        WorldRejected: no way to meet it was found.
    """
    criterion = episode.criterion
    reason = 'the oracle found no way'
    map_m = _Distances(_open_part(episode))
    found: list[tuple[float, int, _Way, bool, str]] = []
    for facts, said in _choices(episode):
        stops = _stops(facts, episode)
        if stops is None:
            continue
        way, is_exact = _order(stops, map_m, episode)
        is_exact &= (
            not criterion.parts
            and max(len(criterion.accepted), len(criterion.any_of)) <= _MAX_CHOICES
        )
        found.append((_length_m(way, map_m, episode), len(found), way, is_exact, said))
    for _, _, way, is_exact, said in sorted(found, key=lambda entry: entry[:2]):
        solutions = []
        for extends in (False,) if criterion.avoided else (False, True):
            run = _Run(episode, lexicon, extends=extends)
            if all(run.make_way(region) and run.see_to(region, stop) for region, stop in way):
                solved = run.finish(said, criterion)
                outcome = judge_episode(solved, lexicon)
                if outcome.success:
                    looks = sum(action.name != 'goto' for action, _ in solved.actions) - 1
                    solutions.append((outcome.distance_m, outcome.actions, looks))
                else:
                    reason = outcome.reason
            if not run.has_searched:
                break
        if solutions:
            distance_m, actions, looks = min(solutions)
            return Solution(actions, looks, distance_m, is_exact)
    raise WorldRejected(f'unsolvable, {reason.partition(":")[0]}')


def _choices(episode: Episode) -> Iterator[tuple[tuple[Fact, ...], str]]:
    """The sets of facts of which each meets the criterion, and what is then to be said."""
    criterion = episode.criterion
    if criterion.parts:
        yield from _choices_in_parts(episode)
        return
    evidence = criterion.evidence
    if criterion.final_location:
        evidence = (*evidence, Fact('visited', criterion.final_location))
    said = _right_answer(criterion)
    true = episode.true_graph
    if criterion.answer == 'node':
        start = true.robot_location or ''
        nearest = sorted(criterion.accepted, key=lambda name: true.distance_m(start, name))
        for name in nearest[:_MAX_CHOICES]:
            seen = (Fact('attribute', name, key) for key in criterion.observed)
            yield (*evidence, Fact('known', name), *seen), name
    elif criterion.any_of:
        for fact in criterion.any_of[:_MAX_CHOICES]:
            yield (*evidence, fact), said
    else:
        yield evidence, said


def _choices_in_parts(episode: Episode) -> Iterator[tuple[tuple[Fact, ...], str]]:
    """The same of what has parts: of each the first choice."""
    facts, said = [*episode.criterion.evidence], list[str]()
    for part in episode.criterion.parts:
        part = replace(part, about=part.about or episode.criterion.about)
        found, text = next(_choices(replace(episode, criterion=part)))
        facts += found
        said.append(f'{part.about}: {text}' if part.about and not part.parts else text)
    yield tuple(facts), ' '.join(text if text[-1:] in '.!?' else f'{text}.' for text in said)


def _right_answer(criterion: Criterion) -> str:
    if criterion.answer == 'nodes':
        return ' '.join(criterion.accepted) or 'nothing'
    if criterion.answer in ('absence', 'unreachable'):
        return 'It cannot be reached.'
    return criterion.accepted[0] if criterion.accepted else 'done'


def _stops(facts: Sequence[Fact], episode: Episode) -> list[_Stop] | None:
    """Where to be for the facts that do not hold at the start; None when one cannot be seen."""
    true, known = _open_part(episode), episode.known_graph
    reachable = true.reachable_regions(true.robot_location or '')
    stops: list[_Stop] = []
    for fact in facts:
        node = known.nodes.get(fact.node)
        if fact.kind == 'known' and node is not None:
            continue
        if fact.kind == 'mapped' and node is not None and node.attributes.get(MAPPED):
            continue
        if fact.kind == 'attribute' and node is not None:
            is_seen = (
                node.description
                if fact.detail == 'description'
                else (fact.detail in node.attributes)
            )
            if is_seen:
                continue
        regions = true.viewpoints.get(fact.node, (fact.node,))
        if fact.kind == 'way':
            regions = (fact.node, fact.detail)
        regions = tuple(region for region in regions if region in reachable)
        if not regions:
            return None
        last = stops[-1] if stops else None
        if last is not None and last.regions == regions:
            stops[-1] = _Stop(regions, (*last.facts, fact))
        else:
            stops.append(_Stop(regions, (fact,)))
    return stops


def _open_part(episode: Episode) -> SceneGraph:
    """The world without the ways into what is to be avoided."""
    true = episode.true_graph
    return without_ways_into(true, frozenset(episode.criterion.avoided), true.robot_location or '')


class _Distances:
    """Travel distances in the true graph, computed once for each start."""

    def __init__(self, graph: SceneGraph):
        self._graph = graph
        self._from: dict[str, Mapping[str, float]] = {}

    def __call__(self, start: str, end: str) -> float:
        if start not in self._from:
            self._from[start] = self._graph.distances_m(start)
        return self._from[start][end]


def _length_m(way: _Way, map_m: _Distances, episode: Episode) -> float:
    here, length_m = episode.true_graph.robot_location or '', 0.0
    for region, _ in way:
        length_m += map_m(here, region)
        here = region
    return length_m


def _order(stops: list[_Stop], map_m: _Distances, episode: Episode) -> tuple[_Way, bool]:
    """The stops in the order of the shortest way, and whether it is surely the shortest."""
    start = episode.true_graph.robot_location or ''
    criterion = episode.criterion
    fixed_last = bool(criterion.final_location)
    if criterion.in_order or criterion.parts:
        return _in_order(stops, map_m, start), True
    if len(stops) <= MAX_EXACT_STOPS:
        return _shortest(stops, map_m, start, fixed_last), True
    last = stops[-1:] if fixed_last else []
    way = _nearest_first(stops[: len(stops) - len(last)], map_m, start)
    way = _untangle(way, map_m, start)
    return way + [(stop.regions[0], stop) for stop in last], False


def _in_order(stops: list[_Stop], map_m: _Distances, start: str) -> _Way:
    best: dict[str, tuple[float, _Way]] = {start: (0.0, [])}
    for stop in stops:
        best = {
            region: min(
                (
                    (m + map_m(here, region), [*way, (region, stop)])
                    for here, (m, way) in best.items()
                ),
                key=lambda entry: entry[0],
            )
            for region in stop.regions
        }
    return min(best.values(), key=lambda entry: entry[0])[1]


def _shortest(stops: list[_Stop], map_m: _Distances, start: str, fixed_last: bool) -> _Way:
    """Held and Karp's dynamic programme over the sets of stops that were made."""
    everything = (1 << len(stops)) - 1
    layer: dict[tuple[int, str], tuple[float, _Way]] = {(0, start): (0.0, [])}
    for _ in stops:
        following: dict[tuple[int, str], tuple[float, _Way]] = {}
        for (made, here), (length_m, way) in layer.items():
            for index, stop in enumerate(stops):
                now = made | 1 << index
                if made & 1 << index or (
                    fixed_last and index == len(stops) - 1 and now != everything
                ):
                    continue
                for region in stop.regions:
                    total_m = length_m + map_m(here, region)
                    if total_m < following.get((now, region), (float('inf'),))[0]:
                        following[now, region] = (total_m, [*way, (region, stop)])
        layer = following
    return min(layer.values(), key=lambda entry: entry[0])[1]


def _nearest_first(stops: list[_Stop], map_m: _Distances, start: str) -> _Way:
    way: _Way = []
    here, left = start, list(stops)
    while left:
        _, region, index = min(
            (map_m(here, region), region, index)
            for index, stop in enumerate(left)
            for region in stop.regions
        )
        way.append((region, left.pop(index)))
        here = region
    return way


def _untangle(way: _Way, map_m: _Distances, start: str) -> _Way:
    """Reverse parts of a way as long as that makes it shorter (2-opt)."""
    improved = True
    while improved:
        improved = False
        for i in range(len(way) - 1):
            before = way[i - 1][0] if i else start
            for j in range(i + 1, len(way)):
                gain_m = map_m(before, way[i][0]) - map_m(before, way[j][0])
                if j + 1 < len(way):
                    gain_m += map_m(way[j][0], way[j + 1][0]) - map_m(way[i][0], way[j + 1][0])
                if gain_m > 1e-9:
                    way[i : j + 1] = reversed(way[i : j + 1])
                    improved = True
    return way


class _Run:
    """The oracle's episode under way.

    `extends`: what is not known of a way is discovered by extending the map toward its end, instead
    of region by region. `has_searched`: something was not known.
    """

    def __init__(self, episode: Episode, lexicon: Lexicon, *, extends: bool):
        self._extends = extends
        self.has_searched = False
        self._episode = episode
        self._lexicon = lexicon
        self._true = _open_part(episode)
        self._simulator = MappingSimulator(episode.true_graph, episode.known_graph, lexicon)
        self._turns: list[Turn] = []

    @property
    def _known(self) -> SceneGraph:
        return self._simulator.known_graph

    def _do(self, action: Action, tries: int = _MAX_TRIES) -> bool:
        """Carry out an action, again where it fails."""
        for _ in range(tries):
            observation = self._simulator.execute(action)
            self._turns.append(Turn(Plan((action,)), (observation,)))
            if observation.status == 'done':
                return True
        return False

    def make_way(self, goal: str) -> bool:
        """Discover the truly shortest way to a region until a drive takes it."""
        walks = self._extends
        while True:
            here = self._known.robot_location or ''
            way = self._true.route(here, goal)
            known = list(itertools.takewhile(self._is_known_way, itertools.pairwise(way)))
            end = known[-1][1] if known else here
            # The robot drives the way that is shortest on its map, where some may be blocked.
            if self._known.route(here, end) != way[: len(known) + 1]:
                if not self._do(Action('goto', (known[0][1],))):
                    return False
            elif end == goal:
                return True
            else:
                self.has_searched = True
                toward = self._true.nodes[goal].position
                if walks and toward and self._do(Action('extend_map', toward), tries=1):
                    # Close to the goal it ends though nothing was found: then a look must follow.
                    walks = self._turns[-1].observations[0].is_news
                    continue
                walks = self._extends
                if not self._do(self._look_for(end, way[len(known) + 1])):
                    return False

    def _is_known_way(self, ends: tuple[str, str]) -> bool:
        return self._known.region_network.has_edge(*ends)

    def _look_for(self, region: str, following: str) -> Action:
        """The action that shows the way from a region to the one that follows."""
        if following in self._known.nodes:
            return Action('map_region', (region,))
        length_m = self._true.region_network[region][following]['length_m']
        return Action('explore_region', (region, exploration_radius_m([length_m])))

    def see_to(self, region: str, stop: _Stop) -> bool:
        """Do in a region what makes the facts of a stop hold."""
        return all(self._do(action) for fact in stop.facts for action in self._needed(fact, region))

    def _needed(self, fact: Fact, region: str) -> Iterator[Action]:
        """The actions by which a fact comes to hold, each drawn when the one before it was done."""
        is_object = fact.node in self._true.objects
        is_visible = fact.node in self._known.nodes and (
            not is_object or region in self._known.viewpoints[fact.node]
        )
        if fact.kind in ('mapped', 'way') or not is_visible:
            yield Action('map_region', (region,))
        if fact.kind in ('attribute', 'inspected'):
            if not self._is_nearest_view(fact.node, region):
                yield Action('goto', (region,))
            yield Action(
                'inspect', (fact.node, self._lexicon.question(fact.detail or 'description'))
            )
        if fact.kind in ('visited', 'passed') and self._known.robot_location != region:
            yield Action('goto', (region,))

    def _is_nearest_view(self, name: str, region: str) -> bool:
        """Whether to inspect an object the robot drives to this region by itself."""
        distances = self._known.distances_m(self._known.robot_location or '')
        views = [view for view in self._known.viewpoints[name] if view in distances]
        return min(views, key=distances.__getitem__) == region

    def finish(self, said: str, criterion: Criterion) -> Episode:
        """The episode with its last action."""
        is_question = criterion.answer == QUESTION
        self._do(Action('clarify' if is_question else 'answer', (said or 'done',)))
        ending: Ending = 'asked' if is_question else 'reported'
        unlimited = replace(criterion, max_actions=len(self._turns), max_distance_m=float('inf'))
        return replace(self._episode, criterion=unlimited, turns=tuple(self._turns), ending=ending)
