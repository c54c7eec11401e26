"""Where a mission stands with what its request speaks of: what is found, what was looked at, what
has to be asked, and what needs no more looking.

All of it follows from the request, the graph and what was done. Where the request may be understood
in several ways, more is left open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from prism_core.dialects.compact_topic import Topic
from prism_core.intent import IntentKind, class_of_name
from prism_core.lexicon import Lexicon
from prism_core.mission_state import MAPPED, MissionState
from prism_core.scene_graph import SceneGraph

_SEEKING: tuple[IntentKind, ...] = ('find', 'locate', 'attribute', 'yes_no', 'describe')
_OF_ONE_THING: tuple[IntentKind, ...] = ('locate', 'attribute', 'yes_no', 'describe')
_OF_ONE_PLACE: tuple[IntentKind, ...] = ('go_to', 'reach', 'map_area', 'exists', 'count')


class Standing:
    """Of a mission on one known graph."""

    def __init__(self, topic: Topic, graph: SceneGraph, state: MissionState, lexicon: Lexicon):
        self._topic, self._graph, self._state, self._lexicon = topic, graph, state, lexicon

    # ------------------------------------------------------------------------------- what is known

    @cached_property
    def fitting(self) -> list[str]:
        """The objects that the request may speak of and that are not otherwise than it says; one
        that it numbers is meant whatever else it says.
        """
        topic = self._topic
        return [name for name in topic.objects if name in topic.numbered or self._fits(name)]

    @cached_property
    def _sure(self) -> list[str]:
        """Those that are known to be as it says."""
        return [name for name in self._topic.objects if self._fits(name, is_sure=True)]

    def _fits(self, name: str, *, is_sure: bool = False) -> bool:
        known = self._graph.nodes[name].attributes
        said = ((known.get(key), values) for key, values in self._topic.values.items())
        return all(value in values or not (is_sure or value) for value, values in said)

    @property
    def mapped_regions(self) -> list[str]:
        """The regions that it speaks of and of which all is known that is seen from there."""
        nodes = self._graph.nodes
        return [name for name in self._topic.regions if nodes[name].attributes.get(MAPPED)]

    @cached_property
    def looked_at(self) -> list[str]:
        """Those, and what was mapped in this mission."""
        looked_at = {*self.mapped_regions} | self._state.done_on('map_region')
        return [name for name in self._topic.regions if name in looked_at]

    @cached_property
    def told_regions(self) -> list[str]:
        """Those, and where something that it speaks of is seen from."""
        topic, seen_from = self._topic, self._graph.viewpoints
        told = {*self.looked_at, *(region for name in topic.objects for region in seen_from[name])}
        return [name for name in topic.regions if name in told]

    @cached_property
    def knows_places(self) -> bool:
        """Whether ways lead to something of all that the request calls a place."""
        topic, regions = self._topic, self._lexicon.regions
        unknown = topic.numbered - self._graph.nodes.keys()
        is_near = {*topic.near_regions}.issuperset(topic.regions)
        is_known = topic.places <= self._called(topic.regions)
        is_lost = any(class_of_name(name) in regions for name in unknown)
        return topic.speaks_of_places and is_near and is_known and not is_lost

    @property
    def may_be_missing(self) -> bool:
        """Whether nothing that the request speaks of is known where ways lead; of things of some
        value, such as a red one, that cannot be told here.
        """
        near = self._called(self._topic.near_objects)
        return bool(self._topic.values) or near.isdisjoint(self._topic.classes)

    def _called(self, names: Iterable[str]) -> set[str]:
        return {called for name in names for called in self._topic.classes_of(name)}

    def found_words(self, kind: IntentKind) -> list[str]:
        """What a goal may be about and something of which is known as well as such a goal needs."""
        found, meant_by = self._found_classes(kind), self._lexicon.meant_by
        return [word for word in self._topic.words(kind) if not found.isdisjoint(meant_by(word))]

    def _found_classes(self, kind: IntentKind) -> set[str]:
        topic, nodes = self._topic, self._graph.nodes
        names = topic.near_objects
        if kind == 'find':
            names = topic.objects
        elif kind == 'locate':
            names = [name for name in topic.objects if self._graph.viewpoints[name]]
        elif kind in ('attribute', 'yes_no'):
            asked, near = {*topic.attributes} if topic.asks_attributes else {''}, {*names}
            names = [n for n in topic.objects if n in near or asked <= nodes[n].attributes.keys()]
        return self._called(names)

    # ------------------------------------------------------------------------------- what was done

    @cached_property
    def inspected_whole(self) -> set[str]:
        """The objects that were inspected as a whole in this mission, or could not be."""
        inspected = (a.arguments for a in self._state.tried if a.name == 'inspect')
        asked = self._lexicon.asked_attributes
        return {str(name) for name, query in inspected if not asked(str(query))}

    @property
    def is_all_inspected(self) -> bool:
        """Whether something of each thing that the request speaks of was inspected, and all that it
        asks for.
        """
        inspected = [a.arguments for a in self._state.done if a.name == 'inspect']
        called = self._called(str(name) for name, _ in inspected)
        asked = {*self._topic.asked} if self._topic.asks_attributes else set()
        for _, query in inspected:
            asked -= self._lexicon.asked_attributes(str(query))
        return not asked and all(
            not called.isdisjoint(meant) for meant in self._topic.object_choices
        )

    @property
    def is_sent(self) -> bool:
        """Whether the robot tried to get to a position that the request names."""
        tried = (action.name for action in self._state.tried)
        return bool(self._topic.positions) and 'extend_map' in tried

    @property
    def places_left(self) -> int:
        """How many of the places that the request speaks of the robot was not sent to."""
        visited, named = self._state.done_on('goto'), {*self._topic.named_regions}
        return len(named - visited) + len(self._topic.other_places - self._called(visited))

    @property
    def may_hold(self) -> bool:
        """Whether it may be known if a condition holds: what an object is like, where the request
        speaks of objects, or whether a way between its regions is free.
        """
        topic, nodes = self._topic, self._graph.nodes
        if topic.object_choices:
            asked = {*topic.values} or {*topic.attributes}
            return any(asked & nodes[name].attributes.keys() for name in topic.objects)
        return len(self.mapped_regions) > 1 or self._ends_left < len(topic.regions)

    @property
    def _ends_left(self) -> int:
        """So many of the regions that the request speaks of were not mapped in this mission."""
        return len({*self._topic.regions} - self._state.done_on('map_region'))

    # ---------------------------------------------------------------------------- what has to come

    def must_ask(self, kind: IntentKind) -> bool:
        """Whether several known nodes may be meant by what is to be one, and nothing that the
        request says tells them apart.
        """
        topic = self._topic
        if kind in _OF_ONE_PLACE and topic.number_of_places == 1:
            return len(topic.meant_of(topic.regions)) > 1 and not topic.values
        is_named = not topic.numbered.isdisjoint(topic.objects)
        is_said = kind in _OF_ONE_THING and bool(topic.object_classes) and not is_named
        return is_said and self._takes_any(kind) and len(topic.meant_of(topic.objects)) > 1

    @cached_property
    def is_unclear(self) -> bool:
        """Whether the request speaks of several known nodes by one word or by an "or", or of
        nothing known.
        """
        topic = self._topic
        kinds = ((self.fitting, topic.object_classes), (topic.regions, topic.places))
        called = Counter(
            one for names, said in kinds for name in names for one in topic.classes_of(name) & said
        )
        return topic.names_choices or any(number > 1 for number in called.values())

    def needs_no_look(self, kind: IntentKind) -> bool:
        """Whether nobody looks elsewhere for a goal of this kind once something of it is found."""
        return kind in _SEEKING and self._takes_any(kind)

    def _takes_any(self, kind: IntentKind) -> bool:
        """Whether what is meant need not be of some value, such as a red one."""
        return self._topic.number_of_values <= (kind == 'yes_no')

    def is_settled(self, kind: IntentKind) -> bool:
        """Whether all is known that an answer of this kind needs, so that nobody looks for more."""
        topic, knows_places = self._topic, self.knows_places
        are_mapped = bool(topic.places or topic.named_regions) and (
            topic.regions == self.mapped_regions != []
        )
        is_one = bool(topic.object_classes) and len(self._sure) == 1
        if kind == 'exists' and not topic.speaks_of_places:
            return bool(topic.object_classes and topic.objects) and not topic.values
        if kind in ('count', 'exists'):
            return are_mapped
        if kind in ('compare', 'map_area', 'nearest'):
            return knows_places and are_mapped and (is_one or kind != 'nearest')
        if kind in ('go_to', 'reach'):
            return knows_places and not topic.object_choices
        if kind == 'passable':
            return knows_places and 1 < len(topic.regions) > self._ends_left
        if kind == 'sequence':
            near = self._called(topic.near_objects)
            are_near = all(not near.isdisjoint(meant) for meant in topic.object_choices)
            return knows_places and not topic.values and are_near
        if kind == 'conditional':
            holds = self.may_hold if topic.object_choices else self._ends_left < 2
            return knows_places and topic.number_of_values <= 1 and holds
        if kind in _SEEKING and kind != 'yes_no' and topic.values:
            is_any = kind == 'find' and bool(topic.object_classes and self._sure)
            return (is_one or is_any) and self._sure[0] in topic.near_objects
        return False
