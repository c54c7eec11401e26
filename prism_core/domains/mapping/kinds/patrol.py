# SPDX-License-Identifier: Apache-2.0
"""patrol: drive to each region of a class."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import networkx as nx

from prism_core.domains.mapping.alike import alike
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.truth import Truth, others
from prism_core.episode.criterion import Criterion, Fact
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of, is_called
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_ABSENT, _SEVERAL_FIRST = 0.15, 0.7
_MAX_DRIVES = 4  # in one plan
_EACH = re.compile(r'\b(?:each|every|all|both)(?: \w+){0,2} $')


class Patrol(Kind):
    """Intents have a `region` by its class, of which all are meant: those that are known, and those
    that are found where something is left to look at.
    """

    __slots__ = ()

    name = 'patrol'
    asks = 'drive to every region of a class, also to those that are still to be found (region)'
    slots = 'region'
    forms = ('been',)
    is_drawn_unasked = False
    is_everywhere = True
    must_be_accounted_for = True
    drives_on = True
    read_rank = 75

    def draw(self, source: IntentSource) -> Intent:
        """Of a class that several regions have, more often than not; now and then of none."""
        regions, rng = source.true.regions.values(), source.rng
        classes = [class_of(node) for node in regions]
        names = sorted(set(classes))
        several = [name for name in names if classes.count(name) > 1]
        if rng.random() < _ABSENT:
            names = [name for name in source.words.lexicon.regions if _is_nowhere(name, source)]
        elif several and rng.random() < _SEVERAL_FIRST:
            names = several
        return Intent('patrol', region=Target('region', classes=(source.choose(names, 'class'),)))

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To have been in each, having looked everywhere for more, and to name them."""
        target = intent.region
        if target is None:
            raise WorldRejected('a region is missing')
        called = [n for n, node in truth.graph.regions.items() if is_called(node, target.classes)]
        names = tuple(name for name in called if name in truth.reachable)
        if names:
            return Criterion(
                'nodes',
                accepted=names,
                rivals=others(truth.graph.regions, names),
                evidence=(*truth.coverage, *(Fact('visited', name) for name in names)),
            )
        if not truth.known.nodes.keys().isdisjoint(called):
            return Criterion('unreachable', evidence=truth.coverage)
        return Criterion('absence', rivals=tuple(truth.graph.regions), evidence=truth.coverage)

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """All that are known."""
        classes = given(intent.region).classes
        names = [name for name, node in graph.regions.items() if is_called(node, classes)]
        return ', '.join(names) or 'There is none.'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look wherever something is left to look at, then drive to where the robot was not yet."""
        target = given(intent.region)
        known = mission.candidates(target)
        if mission.state.frontiers or not known:
            return mission.search(target)
        names = [name for name in known if mission.is_reachable(name)]
        if not names:
            return mission.answer('unreachable', known[0])
        visited = _visited(mission)
        state = mission.state
        drives_of = {name: Action('goto', (name,)) for name in names}
        in_vain = {n for n, d in drives_of.items() if d in state.in_vain or state.is_blocked(d)}
        in_vain -= visited
        left = [name for name in names if name not in visited | in_vain]
        drives = tuple(Action('goto', (name,)) for name in _by_ways(mission, left)[:_MAX_DRIVES])
        if len(drives) < len(left):
            return Step((*drives, Action('replan')))
        if in_vain:
            end = mission.answer('unreachable', min(in_vain, key=names.index))
        else:
            end = mission.given_up() or mission.answer('been', ' or '.join(target.classes))
        return Step((*drives, *end))

    def read(self, reading: Reading) -> Intent | None:
        """All regions of a class are to be driven to, and nothing else is asked."""
        regions = reading.regions
        if reading.things or not regions or any(region.target.name for region in regions):
            return None
        if len(regions) > 1 and reading.has('sequence'):
            return None
        each = [bool(_EACH.search(reading.text[: region.start])) for region in regions]
        is_patrol = reading.has('patrol')
        if not all(each) and not (is_patrol and all(r.is_plural for r in regions)):
            return None
        if not (is_patrol or reading.has('visit')) or reading.has('map', without='patrol'):
            return None
        classes = dict.fromkeys(name for region in regions for name in region.target.classes)
        return Intent('patrol', region=Target('region', classes=tuple(classes)))


def _is_nowhere(name: str, source: IntentSource) -> bool:
    """Whether no node of a world is called so, nor could be mistaken for it."""
    lexicon, target = source.words.lexicon, Target('region', classes=(name,))
    is_out = source.is_core and lexicon.region_tiers.get(name) != 'core'
    nodes = source.true.nodes
    is_called_so = any(is_called(node, target.classes) for node in nodes.values())
    return not (is_out or is_called_so or alike(nodes, target, lexicon.is_listed))


def _visited(mission: Mission) -> set[str]:
    """Where the robot is, and where it drove in this mission."""
    visited = {mission.state.here}
    for action, observation in mission.carried_out():
        if observation.update.robot_location is not None:
            visited.add(observation.update.robot_location)
        elif action.name == 'goto' and observation.status == 'done':
            visited.add(str(action.arguments[0]))
    return visited


def _by_ways(mission: Mission, names: list[str]) -> list[str]:
    """Some regions in the order in which to drive to them: the next one over the fewest ways."""
    network, here = mission.graph.region_network, mission.state.here
    left, ordered = list(names), list[str]()
    while left:
        ways = nx.single_source_shortest_path_length(network, here)
        here = min(left, key=ways.__getitem__)
        left.remove(here)
        ordered.append(here)
    return ordered
