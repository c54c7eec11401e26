# SPDX-License-Identifier: Apache-2.0
"""map_area: list what is in a region, or at a position."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.looking import MAPPED
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.seen_objects import objects_in
from prism_core.domains.mapping.simulator import ARRIVAL_M
from prism_core.domains.mapping.truth import Truth, others
from prism_core.episode.criterion import Criterion, Fact
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of
from prism_core.graph.elements import Node
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_BY_POSITION = 0.35


class MapArea(Kind):
    """Intents have a `region` or a `position`, in metres."""

    __slots__ = ()

    name = 'map_area'
    said_goal = 'map'
    asks = (
        'map a region, or the spot at coordinates in metres, and list what is there '
        '(region, or position with x and y)'
    )
    slots = 'region | position'
    forms = ('seen',)
    is_guessable = True
    read_rank = 10

    def draw(self, source: IntentSource) -> Intent:
        """Any region, or where one is, more often than not one that is unknown."""
        if source.rng.random() >= _BY_POSITION:
            return Intent('map_area', region=source.draw_region())
        placed = {n: r.position for n, r in source.true.regions.items() if r.position is not None}
        if not placed:
            return Intent('map_area', region=source.draw_region())
        unknown = [name for name in placed if name not in source.known.nodes]
        x, y = placed[source.choose(unknown or list(placed), 'region')]
        return Intent('map_area', position=(float(round(x)), float(round(y))))

    def phrasing_group(self, intent: Intent) -> str:
        """A region or a position."""
        return 'map_region' if intent.region else 'map_position'

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To name all that is there, having mapped it."""
        if intent.position is None:
            region = truth.region(intent.region)
        else:
            position = intent.position
            region = min(truth.graph.regions.values(), key=lambda node: _gap_m(node, position)).name
            if region not in truth.reachable:
                raise WorldRejected('the region cannot be reached')
            if _gap_m(truth.graph.nodes[region], position) > ARRIVAL_M:
                raise WorldRejected('nothing is at the position')
        names = tuple(objects_in(truth.graph, region))
        known = truth.known.nodes.get(region)
        if not names and known is not None and known.attributes.get(MAPPED):
            raise WorldRejected('the region is known to be empty')
        return Criterion(
            'nodes',
            accepted=names,
            rivals=others(truth.graph.objects, names),
            evidence=(Fact('mapped', region),),
        )

    def change(self, pair: Pair) -> SceneGraph | None:
        """One more thing there."""
        region = pair.episode.criterion.evidence[0].node
        classes = sorted({class_of(node) for node in pair.true.objects.values()})
        return pair.put(pair.rng.choice(classes), {region}) if classes else None

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Map the region, or extend the map to the position and map where that leads."""
        if intent.position is None:
            region = mission.resolve(given(intent.region))
            if isinstance(region, Step):
                return region
        else:
            reached = _reached_at(mission, intent.position)
            if reached is None:
                return mission.extend(intent.position) or mission.answer('unreachable', '')
            region = reached
        return mission.map(region) or mission.answer('seen', region)

    def read(self, reading: Reading) -> Intent | None:
        """A position is given."""
        position = reading.position()
        return Intent('map_area', position=position) if position is not None else None


def _gap_m(node: Node, position: tuple[float, float]) -> float:
    """How far a node is from a position; infinite where it is not known to lie anywhere."""
    return math.inf if node.position is None else math.dist(node.position, position)


def _reached_at(mission: Mission, position: tuple[float, float]) -> str | None:
    """The region in which the robot was when it had extended the map toward a position; where it
    must not do that, the one that lies there.
    """
    if mission.bounds is not None:
        regions = [n for n in mission.graph.regions.values() if mission.is_reachable(n.name)]
        nearest = min(regions, key=lambda node: _gap_m(node, position))
        return nearest.name if _gap_m(nearest, position) <= ARRIVAL_M else None
    action = Action('extend_map', position)
    if action not in mission.state.done:
        return None
    location = reached = None
    for done, observation in mission.carried_out():
        location = observation.update.robot_location or location
        if done == action:
            reached = location
    return reached if reached in mission.graph.regions else mission.state.here
