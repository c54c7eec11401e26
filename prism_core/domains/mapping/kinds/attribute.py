# SPDX-License-Identifier: Apache-2.0
"""attribute: say the value of an attribute of an object."""

from __future__ import annotations

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.truth import Truth, target_of
from prism_core.episode.criterion import Criterion, Fact
from prism_core.graph.calling import is_called
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action


class Attribute(Kind):
    """Intents have a `target` that means one object, and an `attribute`."""

    __slots__ = ()

    name = 'attribute'
    said_goal = 'look at'
    asks = 'find out an attribute of an object (target, attribute)'
    slots = 'target attribute'
    forms = ('value', 'unseen')
    is_core = True
    is_guessable = True
    is_step = True

    def draw(self, source: IntentSource) -> Intent:
        """Of any object that has one."""
        name = source.draw_object(with_attributes=True)
        key, _ = source.draw_value(name)
        return Intent('attribute', target=source.definite(name), attribute=key)

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To say its value, and no other."""
        name = truth.one_object(target_of(intent))
        value = truth.attribute(name, intent.attribute)
        return Criterion(
            'value',
            accepted=truth.words_for(intent.attribute, value),
            rivals=truth.rivals_of(intent.attribute, value),
            evidence=(Fact('attribute', name, intent.attribute),),
        )

    def change(self, pair: Pair) -> SceneGraph | None:
        """Another value."""
        return pair.change_value()

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """The first value of all."""
        spec = lexicon.attributes.get(intent.attribute)
        return next(iter(spec.values)) if spec else super().guess(intent, graph, lexicon)

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Find out which object is meant, look at it, and say what was seen."""
        name = mission.resolve(given(intent.target))
        if isinstance(name, Step):
            return name
        return mission.observe(name, intent.attribute) or mission.answer(
            'value', name, intent.attribute
        )

    def step_fact(self, truth: Truth, step: Intent) -> Fact:
        """To have inspected it."""
        name = truth.one_object(target_of(step))
        truth.attribute(name, step.attribute)
        return Fact('inspected', name, step.attribute)

    def take_step(self, mission: Mission, step: Intent) -> Action | Step:
        """Look at it."""
        name = mission.resolve(given(step.target))
        if isinstance(name, Step):
            return name
        return mission.look_at(name, step.attribute) or mission.answer(
            'unseen', name, step.attribute
        )

    def is_step_done_by(self, step: Intent, action: Action, mission: Mission) -> bool:
        """A look at it."""
        target = given(step.target)
        name = str(action.arguments[0]) if action.arguments else ''
        node = mission.graph.nodes.get(name)
        if node is None or not (name == target.name or is_called(node, target.classes)):
            return False
        if any(node.attributes.get(key) != value for key, value in target.attributes):
            return False
        return action == Action('inspect', (name, mission.lexicon.question(step.attribute)))
