# SPDX-License-Identifier: Apache-2.0
"""compare: say which of two regions has more of a class."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.truth import Truth, others, target_of
from prism_core.episode.criterion import Criterion, Fact
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading


class Compare(Kind):
    """Intents have a `target`, a `region` and an `other_region`."""

    __slots__ = ()

    name = 'compare'
    asks = 'say which of two regions has more of a class (target, region, other_region)'
    slots = 'target region other_region'
    forms = ('more',)
    is_guessable = True
    is_within = True
    is_of_number = True
    is_symmetric = True
    read_rank = 20

    def draw(self, source: IntentSource) -> Intent:
        """A region with one, and another."""
        name = source.draw_object()
        here = source.true.viewpoints[name][0]
        rest = [region for region in source.true.regions if region != here]
        pair = [source.draw_region([here]), source.draw_region(rest)]
        source.rng.shuffle(pair)
        target = source.plain(name)
        return Intent('compare', target=target, region=pair[0], other_region=pair[1])

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To name the one that has more, having looked at both."""
        regions = [truth.region(intent.region), truth.region(intent.other_region)]
        names = truth.all_of(target_of(intent))
        numbers = [sum(r in truth.graph.viewpoints[name] for name in names) for r in regions]
        if regions[0] == regions[1] or numbers[0] == numbers[1]:
            raise WorldRejected('there is nothing to compare')
        winner = regions[numbers.index(max(numbers))]
        return Criterion(
            'node',
            accepted=(winner,),
            rivals=others(truth.graph.regions, (winner,)),
            evidence=tuple(Fact('mapped', region) for region in regions),
        )

    def change(self, pair: Pair) -> SceneGraph | None:
        """More in the region that had less, if nobody has looked there."""
        target, winner = pair.intent.target, pair.episode.criterion.accepted[0]
        loser = next(f.node for f in pair.episode.criterion.evidence if f.node != winner)
        gap = len(pair.there({winner})) - len(pair.there({loser}))
        changed: SceneGraph | None = pair.true
        for _ in range(gap + 1):
            if changed is None or target is None:
                return None
            grown = replace(pair, episode=replace(pair.episode, true_graph=changed))
            changed = grown.put_one_of(target.classes, {loser})
        return changed

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """The first region."""
        return next(iter(graph.regions))

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look at both regions, and count what is known of each."""
        names = []
        for part in (given(intent.region), given(intent.other_region)):
            region = mission.resolve(part)
            step = region if isinstance(region, Step) else mission.map(region)
            if step is not None:
                return step
            names.append(str(region))
        if names[0] == names[1]:
            return mission.ask_what()
        target = given(intent.target)
        if not any(mission.candidates(target, name) for name in names):
            step = next(filter(None, (mission.ask_alike(target, name) for name in names)), None)
            if step is not None:
                return step
        return mission.answer('more', ' or '.join(target.classes), *names)

    def read(self, reading: Reading) -> Intent | None:
        """Which of two regions has more is asked."""
        if len(reading.regions) != 2 or not reading.objects or not reading.has('more'):
            return None
        one, other = reading.regions
        return Intent('compare', reading.plain(reading.objects[0]), one.target, other.target)
