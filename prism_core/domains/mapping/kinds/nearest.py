# SPDX-License-Identifier: Apache-2.0
"""nearest: name what in a region is closest to an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.seen_objects import nearest_object, objects_in
from prism_core.domains.mapping.truth import Truth, others, target_of
from prism_core.episode.criterion import Criterion, Fact
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

# A nearest object must be nearer than the next by this much, in metres.
_NEARER_BY_M = 0.5
# How far a new object lies from the other, as a share of how far the nearest one did.
_NEARER = 0.5


class Nearest(Kind):
    """Intents have a `target` that means one object, and a `region`."""

    __slots__ = ()

    name = 'nearest'
    said_goal = 'say what is nearest to'
    asks = 'name the object in a region that is closest to an object (target, region)'
    slots = 'target region'
    forms = ('nearest',)
    is_guessable = True
    is_within = True
    read_rank = 50

    def draw(self, source: IntentSource) -> Intent:
        """To any object, in a region that it is seen from."""
        name = source.draw_object()
        region = source.draw_region(source.true.viewpoints[name])
        return Intent('nearest', target=source.definite(name), region=region)

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To name the nearest, having looked at the region."""
        region = truth.region(intent.region)
        anchor = truth.one_object(target_of(intent))
        graph = truth.graph
        try:
            best = nearest_object(graph, region, anchor)
        except KeyError as error:
            raise WorldRejected(f'nobody knows {error}') from None
        if not best:
            raise WorldRejected('there is nothing near the target')
        best_m = graph.distance_m(anchor, best)
        for other in objects_in(graph, region):
            distance_m = graph.distance_m(anchor, other)
            if other not in (best, anchor) and distance_m < best_m + _NEARER_BY_M:
                raise WorldRejected('two objects are about equally near')
        return Criterion(
            'node',
            accepted=(best,),
            rivals=others(graph.objects, (best, anchor)),
            evidence=(Fact('known', anchor), Fact('mapped', region)),
        )

    def change(self, pair: Pair) -> SceneGraph | None:
        """Something that lies nearer."""
        criterion = pair.episode.criterion
        anchor = pair.true.nodes[criterion.evidence[0].node]
        here = pair.true.position_of(anchor.name)
        there = pair.true.position_of(criterion.accepted[0])
        if here is None or there is None:
            return None
        (x, y), (best_x, best_y) = here, there
        position = (
            round(x + _NEARER * (best_x - x), 1),
            round(y + _NEARER * (best_y - y), 1),
        )
        region = criterion.evidence[1].node
        classes = sorted(
            {class_of(node) for node in pair.true.objects.values()} - {class_of(anchor)}
        )
        return pair.put(pair.rng.choice(classes), {region}, position) if classes else None

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Find out which region and which object are meant, and look at the region."""
        region = mission.resolve(given(intent.region))
        if isinstance(region, Step):
            return region
        anchor = mission.resolve(given(intent.target))
        if isinstance(anchor, Step):
            return anchor
        step = mission.map(region)
        if step is not None:
            return step
        try:
            return mission.answer('nearest', region, anchor)
        except KeyError:  # nobody knows where they are
            return mission.answer('unseen', anchor, 'position')

    def read(self, reading: Reading) -> Intent | None:
        """What is near an object is asked."""
        region = reading.where
        if region is None or not reading.objects or not reading.has('nearest'):
            return None
        return Intent('nearest', reading.specific(reading.anchor()), region)
