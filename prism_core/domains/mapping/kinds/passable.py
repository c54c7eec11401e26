# SPDX-License-Identifier: Apache-2.0
"""passable: say whether the way between two regions can be driven."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.planning.ways import way_ends
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion, Fact
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading


class Passable(Kind):
    """Intents have a `region` and an `other_region`, the ends of the way."""

    __slots__ = ()

    name = 'passable'
    said_goal = 'see whether one gets through to'
    asks = 'say whether the direct way between two regions can be driven (region, other_region)'
    slots = 'region other_region'
    forms = ('way',)
    is_guessable = True
    is_symmetric = True
    looks_again = True
    read_rank = 40
    is_condition = True

    def draw(self, source: IntentSource) -> Intent:
        """A way that is known."""
        one, other = source.draw_way()
        return Intent('passable', region=one, other_region=other)

    def condition_group(self, intent: Intent) -> str:
        """That it is free, or that it is not."""
        return 'passable_not' if intent.value == 'no' else 'passable'

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To say yes or no, having looked at the way."""
        ends = truth.way(intent.region, intent.other_region)
        is_free = truth.graph.region_network.has_edge(*ends)
        return Criterion('yes_no', ('yes' if is_free else 'no',), evidence=(Fact('way', *ends),))

    def change(self, pair: Pair) -> SceneGraph | None:
        """It is blocked, or it is free."""
        return pair.change_way()

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """Yes."""
        return 'Yes.'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look at the way, and say what was seen."""
        ends = way_ends(mission, given(intent.region), given(intent.other_region))
        return ends if isinstance(ends, Step) else mission.answer('way', *ends)

    def read(self, reading: Reading) -> Intent | None:
        """Of the way between two regions."""
        if len(reading.regions) < 2 or not reading.has('way'):
            return None
        ends = reading.way_ends() or reading.regions
        return Intent('passable', region=ends[0].target, other_region=ends[1].target)
