# SPDX-License-Identifier: Apache-2.0
"""go_to: be in a region, or say that it cannot be reached."""

from __future__ import annotations

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion, Fact
from prism_core.graph.calling import is_called
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action


class GoTo(Kind):
    """Intents have a `region`."""

    __slots__ = ()

    name = 'go_to'
    asks = 'go to a region (region)'
    slots = 'region'
    forms = ('here',)
    is_core = True
    is_guessable = True
    twins_may_agree = True
    must_be_accounted_for = True
    harmless_as = 'reach'
    is_step = True
    is_deed = True

    def draw(self, source: IntentSource) -> Intent:
        """To a region that can be reached."""
        true, here = source.true, source.true.robot_location
        reachable = true.reachable_regions(here or '')
        among = [name for name in true.regions if name in reachable and name != here]
        return Intent('go_to', region=source.draw_region(among))

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To be there and say so; where no way leads there, to have looked everywhere."""
        region = truth.region(intent.region, must_be_reachable=False)
        if region not in truth.reachable:
            return Criterion('unreachable', evidence=truth.coverage)
        return truth.be_at(region, Fact('visited', region))

    def solve_part(self, truth: Truth, intent: Intent, *, is_last: bool) -> Criterion:
        """To have been there, unless it comes last."""
        criterion = self.solve(truth, intent)
        if is_last or criterion.answer == 'unreachable':
            return criterion
        return Criterion('any', evidence=criterion.evidence)

    def holds(self, intent: Intent, said: str) -> bool | None:
        """Whether it could be reached."""
        return (not said.endswith('cannot be reached.')) != (intent.value == 'no')

    def holds_by(self, intent: Intent, criterion: Criterion) -> bool:
        """Whether it can be reached."""
        return (criterion.answer != 'unreachable') != (intent.value == 'no')

    def change(self, pair: Pair) -> SceneGraph | None:
        """No way leads there, or one does; or it is elsewhere."""
        return pair.change_reach()

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """To be there already."""
        return f'I am at {graph.robot_location}.'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Find out which region is meant, and drive there."""
        region = mission.resolve(given(intent.region))
        return region if isinstance(region, Step) else mission.go(region)

    def step_fact(self, truth: Truth, step: Intent) -> Fact:
        """To have been there."""
        return Fact('visited', truth.region(step.region))

    def take_step(self, mission: Mission, step: Intent) -> Action | Step:
        """Drive there, as soon as a way is known."""
        region = mission.resolve(given(step.region))
        if isinstance(region, Step):
            return region
        if not mission.is_reachable(region):
            return mission.get_to(region)
        return Action('goto', (region,))

    def is_step_done_by(self, step: Intent, action: Action, mission: Mission) -> bool:
        """A drive there."""
        target = given(step.region)
        name = str(action.arguments[0]) if action.arguments else ''
        node = mission.graph.nodes.get(name)
        is_there = node is not None and (name == target.name or is_called(node, target.classes))
        return is_there and action.name == 'goto'
