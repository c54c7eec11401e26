# SPDX-License-Identifier: Apache-2.0
"""closest: name the nearest of a class by the way there, or the nearer one of two regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.kinds.observed import draw_class
from prism_core.domains.mapping.looking import unexplored_m
from prism_core.domains.mapping.nearness import by_nearness, has_lengths
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.planning.several import say_none
from prism_core.domains.mapping.truth import Truth, others, target_of
from prism_core.episode.criterion import Criterion, Fact
from prism_core.episode.mission_state import Frontier
from prism_core.errors import WorldRejected
from prism_core.graph.calling import is_called
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_OF_PLACES, _FROM_A_REGION = 0.3, 0.4
# One must be nearer than the next by this much, in metres.
_NEARER_BY_M = 1.0


class Closest(Kind):
    """Intents have a `target` of whose classes the nearest is meant, from a `region` or from where
    the robot was asked; or a `region` and an `other_region`, of which the nearer one is meant.
    """

    __slots__ = ()

    name = 'closest'
    asks = (
        'name the nearest of a class by the way there, from a region or from where the robot is '
        '(target, region or none), or the nearer one of two regions (region, other_region)'
    )
    slots = 'target ?region | region other_region'
    forms = ('closest', 'nearer')
    is_drawn_unasked = False
    reads_whole = True
    is_guessable = True
    is_symmetric = True
    read_rank = 13

    def draw(self, source: IntentSource) -> Intent:
        """Of a class, or of two regions."""
        if source.rng.random() < _OF_PLACES:
            one = source.choose([*source.known.regions], 'region')
            rest = [name for name in source.known.regions if name != one]
            pair = source.draw_region([one]), source.draw_region([source.choose(rest, 'region')])
            return Intent('closest', region=pair[0], other_region=pair[1])
        _, target, _ = draw_class(source)
        is_from = source.rng.random() < _FROM_A_REGION
        region = source.draw_region([*source.known.regions]) if is_from else None
        return Intent('closest', target, region)

    def phrasing_group(self, intent: Intent) -> str:
        """Of two regions; from a region; from the robot."""
        if intent.other_region is not None:
            return 'nearer'
        return 'closest_to' if intent.region else 'closest'

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To name it, having looked wherever a nearer one might be."""
        if intent.other_region is not None:
            return _nearer_region(truth, intent)
        target, graph = target_of(intent), truth.graph
        origin = graph.robot_location or ''
        if intent.region is not None:
            origin = truth.region(intent.region)
        if target.kind == 'region':
            names = [n for n, node in graph.regions.items() if is_called(node, target.classes)]
        else:
            names = truth.all_of(target)
        found = by_nearness(graph, names, origin)
        if not found:
            if any(name in truth.known.nodes for name in names):
                raise WorldRejected('the target cannot be reached')
            rivals = tuple(graph.objects)
            return Criterion('absence', rivals=rivals, evidence=truth.coverage)
        best_m, best = found[0]
        hoped_m = {name: far_m for far_m, name in by_nearness(truth.hopeful, names, origin)}
        if any(m < best_m + _NEARER_BY_M for name, m in hoped_m.items() if name != best):
            raise WorldRejected('two are about equally near')
        places = by_nearness(graph, graph.regions, origin)
        nearer = [place for far_m, place in places if far_m < hoped_m[best]]
        named = graph.regions if target.kind == 'region' else graph.objects
        return Criterion(
            'node',
            accepted=(best,),
            rivals=others(named, (best, origin)),
            evidence=tuple(Fact('mapped', name) for name in nearer if name in truth.reachable),
        )

    def change(self, pair: Pair) -> SceneGraph | None:
        """One that is nearer, or the nearest is gone."""
        target, criterion = pair.intent.target, pair.episode.criterion
        if target is None or target.kind == 'region':
            return None
        if criterion.answer != 'node':
            return pair.put_one_of(target.classes, pair.reachable())
        nearer = {fact.node for fact in criterion.evidence}
        changed = pair.put_one_of(target.classes, nearer)
        return changed or pair.take_away(criterion.accepted)

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look wherever one may be that is nearer than the nearest that is known."""
        origin = mission.start
        if intent.other_region is not None:
            return _choose_region(mission, intent, origin)
        if intent.region is not None:
            resolved = mission.resolve(intent.region)
            if isinstance(resolved, Step):
                return resolved
            origin = resolved
        target = given(intent.target)
        known = by_nearness(mission.graph, mission.candidates(target), origin)
        frontier = _next_frontier(mission, origin, known[0][0] if known else None)
        if frontier is not None:
            return Step((frontier.action,))
        if not known:
            step = mission.search_on(target)
            names = mission.candidates(target)
            if step is None and names:
                step = mission.answer('unreachable', _place_of(mission, names[0]))
            return step or say_none(mission, target, '')
        if not has_lengths(mission.graph):
            return mission.answer('unseen', known[0][1], 'distance')
        return mission.answer('closest', ' or '.join(target.classes), origin)

    def read(self, reading: Reading) -> Intent | None:
        """What is nearest is asked, of all that there is or of two regions."""
        return reading.near_and_far.closest()


def _nearer_region(truth: Truth, intent: Intent) -> Criterion:
    """To name the region that is nearer, whatever of the ways is found out.

    Raises:
        WorldRejected: what is known of the ways may decide it.
    """
    regions = [truth.region(intent.region), truth.region(intent.other_region)]
    start = truth.graph.robot_location or ''
    if regions[0] == regions[1] or not truth.known.nodes.keys() >= {*regions}:
        raise WorldRejected('there is nothing to compare')
    sure_m = {name: far_m for far_m, name in by_nearness(truth.sure, regions, start)}
    hoped_m = {name: far_m for far_m, name in by_nearness(truth.hopeful, regions, start)}
    for best, rest in (regions, regions[::-1]):
        if best in sure_m and sure_m[best] + _NEARER_BY_M < hoped_m[rest]:
            evidence = tuple(Fact('known', name) for name in regions)
            return Criterion('node', (best,), rivals=(rest,), evidence=evidence)
    raise WorldRejected('two are about equally near')


def _choose_region(mission: Mission, intent: Intent, origin: str) -> Step:
    names = []
    for part in (given(intent.region), given(intent.other_region)):
        name = mission.resolve(part)
        if isinstance(name, Step):
            return name
        if not mission.is_reachable(name):
            return mission.get_to(name)
        names.append(name)
    if not has_lengths(mission.graph):
        return mission.answer('unseen', names[0], 'distance')
    entries = by_nearness(mission.graph, names, origin)
    return mission.answer('nearer', *(name for _, name in entries), origin)


def _next_frontier(mission: Mission, origin: str, best_m: float | None) -> Frontier | None:
    """Of what is left to look at, what is next to the robot, where something may be nearer than
    the nearest that is known; None where nothing can be.
    """
    graph = mission.graph
    from_m = graph.distances_m(origin)
    for frontier in mission.state.frontiers:
        far_m = from_m.get(frontier.region)
        if far_m is None or best_m is None:
            return frontier
        if frontier.action.name == 'explore_region':  # lengths of ways are rounded up
            far_m += min(unexplored_m(graph, frontier.region), default=1) - 1
        if far_m < best_m:
            return frontier
    return None


def _place_of(mission: Mission, name: str) -> str:
    return next(iter(mission.graph.viewpoints.get(name, (name,))), '')
