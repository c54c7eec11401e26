# SPDX-License-Identifier: Apache-2.0
"""ambiguous: where one object is, or an attribute of it, of which several are known."""

from __future__ import annotations

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.locate import Locate
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import QUESTION, Criterion
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph

_WHERE = 0.4


class Ambiguous(Locate):
    """Its intents are of the kinds attribute and locate."""

    __slots__ = ()

    name = 'ambiguous'
    asks = (
        'ask where one object is, or for its attribute, of which there are several alike '
        '(target, or target and attribute)'
    )
    is_core = False
    has_intents = False
    is_guessable = False
    needs_alike = True

    def draw(self, source: IntentSource) -> Intent:
        """Of a class of which several are known."""
        classes = [class_of(node) for node in source.known.objects.values()]
        several = sorted({c for c in classes if classes.count(c) > 1})
        name = source.choose(several, 'class of which several are known')
        if source.rng.random() < _WHERE:
            return Intent('locate', target=Target(classes=(name,)))
        key = source.rng.choice(sorted(source.words.lexicon.objects[name].attributes))
        return Intent('attribute', target=Target(classes=(name,)), attribute=key)

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To ask which one is meant."""
        return Criterion(QUESTION)

    def intent_kind(self, slots: set[str]) -> str:
        """Where it is, unless an attribute is asked for."""
        return 'attribute' if 'attribute' in slots else 'locate'

    def why_not(self, intent: Intent, known_graph: SceneGraph) -> str:
        """Several must be known that nothing in the sentence tells apart."""
        target = intent.target
        nodes = known_graph.objects.values()
        alike = [node for node in nodes if target and class_of(node) in target.classes]
        is_told = target is None or target.attributes or len(target.classes) > 1
        return 'one object is meant, or none' if is_told or len(alike) < 2 else ''
