# SPDX-License-Identifier: Apache-2.0
"""find: name any of a class, or anything that serves a purpose."""

from __future__ import annotations

from dataclasses import replace

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.intents import BY_PURPOSE, IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.truth import Truth, others, target_of
from prism_core.episode.criterion import Criterion, Fact
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph

_WITH_VALUE = 0.2


class Find(Kind):
    """Intents have a `target`, of which any will do."""

    __slots__ = ()

    name = 'find'
    asks = 'find any one of a class, or anything for a purpose (target or purpose)'
    slots = 'target'
    forms = ('node',)
    is_core = True
    is_guessable = True
    may_be_of_nothing = True

    def draw(self, source: IntentSource) -> Intent:
        """One that is there, by its class, a purpose, a group or a value."""
        lexicon, rng, name = source.words.lexicon, source.rng, source.draw_object()
        node = source.true.objects[name]
        entry = lexicon.objects[class_of(node)]
        purposes = [p for p in entry.purposes if source.is_ours(lexicon.classes_for[p])]
        if purposes and rng.random() < BY_PURPOSE:
            purpose = rng.choice(purposes)
            target = Target(classes=lexicon.classes_for[purpose], purpose=purpose)
            return Intent('find', target=target)
        group = source.draw_group(entry.name)
        if group is not None:
            return Intent('find', target=Target(classes=group))
        if node.attributes and not source.is_core and rng.random() < _WITH_VALUE:
            key = rng.choice(sorted(node.attributes))
            pairs = ((key, node.attributes[key]),)
            return Intent('find', target=Target(classes=(entry.name,), attributes=pairs))
        return Intent('find', target=Target(classes=(entry.name,)))

    def phrasing_group(self, intent: Intent) -> str:
        """By class or by purpose."""
        return 'find_purpose' if intent.target and intent.target.purpose else 'find'

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To name one that fits; where none does, to have looked everywhere, and at each that
        might.
        """
        target = target_of(intent)
        names = tuple(name for name in truth.all_of(target) if truth.can_be_seen(name))
        keys = tuple(key for key, _ in target.attributes)
        if names:
            rivals = others(truth.graph.objects, names)
            return Criterion('node', accepted=names, rivals=rivals, observed=keys)
        alike = [n for n in truth.all_of(replace(target, attributes=())) if truth.can_be_reached(n)]
        looks = tuple(
            Fact('attribute', name, key)
            for name in alike
            for key in keys[:1]
            if key in truth.graph.nodes[name].attributes
        )
        return Criterion(
            'absence', rivals=tuple(truth.graph.objects), evidence=(*truth.coverage, *looks)
        )

    def change(self, pair: Pair) -> SceneGraph | None:
        """There is none any more, or there is one."""
        return pair.change_presence(is_named=True)

    def label(self, criterion: Criterion) -> str:
        """Whether it is there makes it one of two kinds."""
        return 'absent' if criterion.answer == 'absence' else 'find'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Search until one is known to fit."""
        target = given(intent.target)
        found = mission.find(target) or mission.search(target)
        return found if isinstance(found, Step) else mission.answer('node', found)
