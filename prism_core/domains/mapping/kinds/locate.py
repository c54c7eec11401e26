# SPDX-License-Identifier: Apache-2.0
"""locate: say in which region an object is."""

from __future__ import annotations

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.truth import Truth, others, target_of
from prism_core.episode.criterion import Criterion, Fact
from prism_core.graph.scene_graph import SceneGraph


class Locate(Kind):
    """Intents have a `target` that means one object."""

    __slots__ = ()

    name = 'locate'
    said_goal = 'say where there is'
    asks = 'say in which region an object is (target)'
    slots = 'target'
    forms = ('where',)
    is_core = True
    is_guessable = True

    def draw(self, source: IntentSource) -> Intent:
        """Any object."""
        return Intent('locate', target=source.definite(source.draw_object()))

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To name a region that it is seen from."""
        name = truth.one_object(target_of(intent))
        regions = truth.graph.viewpoints[name]
        return Criterion(
            'node',
            accepted=regions,
            rivals=others(truth.graph.regions, regions),
            evidence=(Fact('known', name),),
        )

    def change(self, pair: Pair) -> SceneGraph | None:
        """It stands elsewhere."""
        name = pair.episode.criterion.evidence[0].node
        if name in pair.known.nodes:
            return None
        regions = set(pair.open_regions(pair.reachable())) - set(pair.true.viewpoints[name])
        if not regions:
            return None
        return pair.move(name, pair.rng.choice(sorted(regions)))

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """The first region."""
        return next(iter(graph.regions))

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Search until it is known which one is meant, and from where it is seen."""
        target = given(intent.target)
        name = mission.resolve(target)
        if isinstance(name, Step):
            return name
        if not mission.graph.viewpoints[name]:
            is_open = bool(mission.state.frontiers)
            return mission.search(target) if is_open else mission.answer('unreachable', name)
        return mission.answer('where', name)
