# SPDX-License-Identifier: Apache-2.0
"""distance: say how far it is by the known ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.kinds.observed import is_other_answer
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.nearness import by_nearness, has_lengths
from prism_core.domains.mapping.planning.mission import Mission, Step
from prism_core.domains.mapping.truth import Truth, target_of
from prism_core.episode.criterion import Criterion, Fact
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_TO_AN_OBJECT, _FROM_A_REGION, _HIDDEN_FIRST = 0.7, 0.3, 0.8
_SAME_M = 1e-6


class Distance(Kind):
    """Intents have a `target` or a `region` to which it is asked how far it is, from an
    `other_region` or from where the robot was asked.
    """

    __slots__ = ()

    name = 'distance'
    asks = (
        'say how far it is by the way there to an object (target) or a region (region), from '
        'another region or from where the robot is (other_region or none)'
    )
    slots = 'target ?other_region | region ?other_region'
    forms = ('distance', 'unseen')
    is_drawn_unasked = False
    reads_whole = True
    is_guessable = True
    read_rank = 14

    def draw(self, source: IntentSource) -> Intent:
        """To an object or a region."""
        start, origin = source.known.robot_location or '', None
        if source.rng.random() < _FROM_A_REGION:
            start = source.choose([*source.known.regions], 'region')
            origin = source.draw_region([start])
        truth = Truth(source.true, source.known, source.words.lexicon)
        places = _of_sure_distance(truth, start)
        if source.rng.random() < _TO_AN_OBJECT:
            seen_from = source.true.viewpoints
            there = [n for n, views in seen_from.items() if len(views) == 1 and views[0] in places]
            hidden = [name for name in there if name not in source.known.nodes]
            is_hidden = hidden and source.rng.random() < _HIDDEN_FIRST
            target = source.definite(source.choose(hidden if is_hidden else there, 'object'))
            return Intent('distance', target=target, other_region=origin)
        region = source.draw_region([source.choose(places, 'region')])
        return Intent('distance', region=region, other_region=origin)

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To say it in whole metres, whatever of the ways is found out."""
        origin = truth.graph.robot_location or ''
        if intent.other_region is not None:
            origin = truth.region(intent.other_region)
        if intent.target is None:
            name = truth.region(intent.region)
            places: tuple[str, ...] = (name,)
        else:
            name = truth.one_object(target_of(intent))
            places = truth.graph.viewpoints[name]
        is_unplaced = name in truth.known.objects and not truth.known.viewpoints[name]
        if origin not in truth.known.nodes or len(places) > 1 or is_unplaced:
            raise WorldRejected('what is known of the places decides it')
        if places[0] not in _of_sure_distance(truth, origin):
            raise WorldRejected('what is known of the ways decides it')
        far_m = truth.graph.distances_m(origin)[places[0]]
        return Criterion('number', (f'{far_m:.0f}',), evidence=(Fact('known', name),))

    def change(self, pair: Pair) -> SceneGraph | None:
        """It stands elsewhere, as far as one can say how far that is."""
        fact = pair.episode.criterion.evidence[0]
        if pair.intent.target is None or fact.node in pair.known.nodes:
            return None
        places = pair.open_regions(pair.reachable())
        pair.rng.shuffle(places)
        changed = (pair.move(fact.node, place) for place in places)
        return next((world for world in changed if is_other_answer(self, pair, world)), None)

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """Ten."""
        return '10 m'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Find out what is meant, and say how far it is."""
        names = [mission.start]
        for part in (intent.other_region, intent.target or intent.region):
            name = None if part is None else mission.resolve(part)
            if isinstance(name, Step):
                return name
            names += [] if name is None else [name]
        origin, name = names[-2:]
        places = mission.graph.viewpoints.get(name, (name,))
        if not places:
            step = None if intent.target is None else mission.search_on(intent.target)
            return step or mission.answer('unseen', name, 'distance')
        for place in (*places[:1], origin):
            if not any(map(mission.is_reachable, places if place in places else (place,))):
                return mission.get_to(place)
        if not has_lengths(mission.graph) or not by_nearness(mission.graph, (name,), origin):
            return mission.answer('unseen', name, 'distance')
        return mission.answer('distance', name, origin)

    def read(self, reading: Reading) -> Intent | None:
        """How far it is is asked."""
        return reading.near_and_far.distance()


def _of_sure_distance(truth: Truth, origin: str) -> list[str]:
    """The regions that are known, and as far from one whatever of the ways is found out."""
    hoped_m, sure_m = truth.hopeful.distances_m(origin), truth.sure.distances_m(origin)
    return [
        name
        for name, far_m in sure_m.items()
        if name in truth.known.nodes and name != origin and far_m - hoped_m[name] < _SAME_M
    ]
