# SPDX-License-Identifier: Apache-2.0
"""Drawing the parts of intents that suit a world, of which each kind makes its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from prism_core.domains.mapping.intent import Target
from prism_core.domains.mapping.words import Words
from prism_core.episode.episode import Episode
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph

BY_PURPOSE = 0.4
"""So often a thing is asked for by what it is for, where that is possible."""
_HIDDEN_FIRST, _BY_NAME, _BY_GROUP = 0.7, 0.3, 0.15


class IntentSource:
    """What kinds draw their intents from, in one world.

    `is_core` leaves out what only the full tier has; `favors` tells the object classes to ask for
    where there is a choice. `earlier` is the mission behind which a task is said; None where it is
    said first.
    """

    def __init__(
        self,
        rng: Random,
        true_graph: SceneGraph,
        known_graph: SceneGraph,
        words: Words,
        family_classes: frozenset[str],
        *,
        is_core: bool,
        favored: Callable[[str], bool] = lambda _: True,
        earlier: Episode | None = None,
    ):
        self.earlier = earlier
        self.rng = rng
        self.true = true_graph
        self.known = known_graph
        self.words = words
        self.classes = family_classes
        self.is_core = is_core
        self.favors = favored

    def choose(self, names: Sequence[str], what: str) -> str:
        """One of some names.

        Raises:
            WorldRejected: there is none.
        """
        if not names:
            raise WorldRejected(f'no {what} to ask for')
        return self.rng.choice(names)

    def behind(self, earlier: Episode) -> IntentSource:
        """The same world when a mission in it has ended."""
        return IntentSource(
            self.rng,
            self.true.at(earlier.final_graph.robot_location),
            earlier.final_graph,
            self.words,
            self.classes,
            is_core=self.is_core,
            favored=self.favors,
            earlier=earlier,
        )

    # -------------------------------------------------------------------------------- objects

    def draw_object(self, *, with_attributes: bool = False) -> str:
        """An object, more often than not one that is hidden."""
        nodes = self.true.objects
        names = [n for n, node in nodes.items() if node.attributes or not with_attributes]
        names = [n for n in names if self.favors(class_of(nodes[n]))] or names
        hidden = [n for n in names if n not in self.known.nodes]
        if hidden and self.rng.random() < _HIDDEN_FIRST:
            names = hidden
        return self.choose(names, 'object')

    def definite(self, name: str) -> Target:
        """A target that means one object: by its class, by its name, or by class and value."""
        node = self.true.objects[name]
        target = Target(classes=(class_of(node),))
        alike = [n for n in self.true.objects.values() if class_of(n) == class_of(node)]
        is_known = name in self.known.nodes
        by_name = self.rng.random() < _BY_NAME or (len(alike) > 1 and self.is_core)
        if is_known and by_name:
            return Target(name=name)
        if len(alike) > 1 and node.attributes and not self.is_core:
            key = self.rng.choice(sorted(node.attributes))
            return Target(classes=target.classes, attributes=((key, node.attributes[key]),))
        return target

    def plain(self, name: str) -> Target:
        """A target that means all objects of the class of one."""
        return Target(classes=(class_of(self.true.objects[name]),))

    def draw_group(self, name: str) -> tuple[str, ...] | None:
        """The classes of a group that a class is in, now and then."""
        groups = [g for g in self.words.lexicon.groups.values() if name in g and self.is_ours(g)]
        if groups and not self.is_core and self.rng.random() < _BY_GROUP:
            return self.rng.choice(groups)
        return None

    def is_ours(self, classes: Sequence[str]) -> bool:
        """Whether not all of some classes are out of bounds for this world's tier and split."""
        return bool(classes) and any(c in self.classes for c in classes)

    def draw_value(self, name: str) -> tuple[str, str]:
        """An attribute of an object, hidden more often than not, and a value to ask about."""
        attributes = self.true.objects[name].attributes
        known = self.known.nodes.get(name)
        hidden = [k for k in attributes if known is None or k not in known.attributes]
        keys = hidden if hidden and self.rng.random() < _HIDDEN_FIRST else list(attributes)
        key = self.choose(sorted(keys), 'attribute')
        others = sorted(set(self.words.lexicon.attributes[key].values) - {attributes[key]})
        is_true = self.rng.random() < 0.5
        return key, attributes[key] if is_true else self.rng.choice(others)

    # -------------------------------------------------------------------------------- regions

    def draw_region(self, among: Sequence[str] = ()) -> Target:
        """A target that means one region, of some or of all."""
        name = self.choose(list(among or self.true.regions), 'region')
        node = self.true.regions[name]
        alike = [n for n in self.true.regions.values() if class_of(n) == class_of(node)]
        is_known = name in self.known.nodes
        if is_known and (len(alike) > 1 or self.rng.random() < _BY_NAME):
            return Target('region', name=name)
        return Target('region', classes=(class_of(node),))

    def draw_way(self) -> tuple[Target, Target]:
        """The ends of a known way, as often as not of one that is blocked.

        Raises:
            WorldRejected: no way is known.
        """
        ways = list(self.known.region_network.edges)
        blocked = [way for way in ways if not self.true.region_network.has_edge(*way)]
        if not ways:
            raise WorldRejected('no way to ask for')
        one, other = self.rng.choice(blocked if blocked and self.rng.random() < 0.5 else ways)
        return self.draw_region([one]), self.draw_region([other])
