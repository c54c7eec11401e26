# SPDX-License-Identifier: Apache-2.0
"""From a world as a model wrote it to a true graph: what is wrong with it, and what it becomes.

A fault is one sentence, of which the part before the colon is the reason, for counting.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from random import Random

import networkx as nx

from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.world import SIZES, World, WorldConfig
from prism_core.domains.mapping.writing.meaning import CLASS, MeaningReader
from prism_core.domains.mapping.writing.schema import (
    WrittenAttribute,
    WrittenObject,
    WrittenRegion,
    WrittenWorld,
)
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of
from prism_core.graph.elements import Connection, Node, quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.text import phrase_pattern

SHORTEST_WAY_M, LONGEST_WAY_M = 3.0, 60.0
MAX_OBJECTS, MAX_OBJECTS_PER_REGION = 80, 2
STRUCTURE = 'written'

_OBJECT_AT_M = (1.0, 4.0)
_DESCRIPTION = re.compile(r"[A-Za-z0-9][\w ,.;'()/-]{2,159}", re.ASCII)


@dataclass(frozen=True, eq=False)
class SceneWords(Words):
    """Words with the classes that only one written world has, so that twins can have them, too.

    `own` holds for each of these classes its attributes.
    """

    base: Words
    own: Mapping[str, tuple[str, ...]]

    def object_classes(self, tier: str, unseen: Iterable[str], family: str) -> frozenset[str]:
        """The object classes that a world of a family may hold."""
        return self.base.object_classes(tier, unseen, family) | self.own.keys()

    def draw_attributes(self, rng: Random, object_class: str) -> dict[str, str]:
        """A value for each attribute that objects of a class have."""
        if object_class in self.lexicon.objects:
            return self.base.draw_attributes(rng, object_class)
        values = {key: self.lexicon.attributes[key].values for key in self.own[object_class]}
        return {key: rng.choice(sorted(values[key])) for key in values}


def scene_words(graph: SceneGraph, words: Words) -> SceneWords:
    """The words for a written world."""
    own: dict[str, tuple[str, ...]] = {}
    for node in graph.objects.values():
        name = class_of(node)
        if name not in words.lexicon.objects:
            own[name] = tuple(dict.fromkeys((*own.get(name, ()), *node.attributes)))
    given = {field.name: getattr(words, field.name) for field in fields(Words)}
    return SceneWords(**given, base=words, own=own)


# -------------------------------------------------------------------------------------- the faults


def find_faults(
    written: WrittenWorld, config: WorldConfig, words: Words, reader: MeaningReader
) -> list[str]:
    """All that is wrong with a world, one sentence each; empty if it can be built.

    Args:
        written: the world; its tasks are not looked at.
        config: how large it must be, and what may be in it.
        words: tell what is held out.
        reader: knows the classes.
    """
    return list(
        dict.fromkeys(
            (
                *_size_faults(written, config),
                *_region_faults(written.regions, reader),
                *_way_faults(written),
                *_object_faults(written, config, words, reader),
            )
        )
    )


def _size_faults(written: WrittenWorld, config: WorldConfig) -> Iterator[str]:
    low, high = SIZES[config.size]
    if not low <= len(written.regions) <= high:
        yield (
            f'the number of regions is wrong: expected from {low} to {high}, '
            f'got {len(written.regions)}'
        )
    most = min(MAX_OBJECTS, MAX_OBJECTS_PER_REGION * high)
    if not 1 <= len(written.objects) <= most:
        yield (
            f'the number of objects is wrong: expected from 1 to {most}, got {len(written.objects)}'
        )


def _region_faults(regions: Sequence[WrittenRegion], reader: MeaningReader) -> Iterator[str]:
    for name, number in Counter(region.id for region in regions).items():
        if number > 1:
            yield f'an id comes twice: {number} regions have the id {quote(name)}'
    for region in regions:
        yield from _class_faults(region.noun, reader.class_of(region.noun, 'region'), reader)
        if not all(abs(value) < 1e6 for value in (region.x_m, region.y_m)):
            yield f'a coordinate is out of range: region {quote(region.id)}'
    for index, one in enumerate(regions):
        for other in regions[:index]:
            if _length_m(one, other) < SHORTEST_WAY_M:
                yield (
                    f'two regions are too close: {quote(other.id)} and {quote(one.id)} are less '
                    f'than {SHORTEST_WAY_M:g} m apart'
                )


def _class_faults(said: str, name: str, reader: MeaningReader) -> Iterator[str]:
    lexicon = reader.lexicon
    first, _, rest = name.partition(' ')
    if not CLASS.fullmatch(name) or len(name) > 60:
        yield f'a class is no plain words: {quote(said)} must be one to four words of letters'
    elif name in lexicon.groups or name in lexicon.attribute_phrases:
        yield f'a class is too general: {quote(said)} does not say what it is'
    elif first in lexicon.attribute_phrases and reader.class_of(rest, 'object') in lexicon.objects:
        yield f'a class tells a state: {quote(said)} must be {quote(rest)} with an attribute'


def _way_faults(written: WrittenWorld) -> Iterator[str]:
    regions = {region.id: region for region in written.regions}
    network = nx.Graph()
    network.add_nodes_from(regions)
    for way in written.ways:
        for end in (way.start, way.end):
            if end not in regions:
                yield f'a region does not exist: no region has the id {quote(end)} of a way'
        if way.start == way.end:
            yield f'a way leads nowhere: it goes from {quote(way.start)} to itself'
        elif way.start in regions and way.end in regions:
            network.add_edge(way.start, way.end)
            length_m = _length_m(regions[way.start], regions[way.end])
            if length_m > LONGEST_WAY_M:
                yield (
                    f'a way is too long: {quote(way.start)} and {quote(way.end)} are '
                    f'{length_m:.0f} m apart, {LONGEST_WAY_M:g} m are the most'
                )
    parts = list(nx.connected_components(network))
    if len(parts) > 1:
        cut_off = ', '.join(quote(name) for name in network if name not in parts[0])
        yield f'a region cannot be reached: no way leads from {quote(min(parts[0]))} to {cut_off}'


def _object_faults(
    written: WrittenWorld, config: WorldConfig, words: Words, reader: MeaningReader
) -> Iterator[str]:
    regions = {region.id for region in written.regions}
    region_classes = {reader.class_of(region.noun, 'region') for region in written.regions}
    region_classes |= reader.lexicon.regions.keys()
    seen: set[str] = set()
    for item in written.objects:
        name = reader.class_of(item.noun, 'object')
        yield from _class_faults(item.noun, name, reader)
        if name in region_classes:
            yield f'a class is both: {quote(item.noun)} is a region, it cannot be an object'
        is_listed = name in words.lexicon.objects
        if is_listed and words.is_held_out_class(name) and 'classes' not in config.unseen:
            yield f'a class is set aside for tests: use something else than {quote(item.noun)}'
        if item.region not in regions:
            yield (
                f'a region does not exist: no region has the id {quote(item.region)} '
                f'of the object {quote(item.noun)}'
            )
        yield from _attribute_faults(item, reader)
        if repr(item) in seen:
            yield f'an object comes twice: {quote(item.noun)} in {quote(item.region)}'
        seen.add(repr(item))


def _attribute_faults(item: WrittenObject, reader: MeaningReader) -> Iterator[str]:
    for key, number in Counter(attribute.key for attribute in item.attributes).items():
        if number > 1:
            yield f'an attribute comes twice: {quote(item.noun)} has {number} of {quote(key)}'
    for attribute in item.attributes:
        try:
            reader.value_of(attribute.key, attribute.value)
        except WorldRejected as rejected:
            yield f'{rejected}: {quote(attribute.key)} of {quote(item.noun)} cannot be ' + quote(
                attribute.value
            )


def _length_m(one: WrittenRegion, other: WrittenRegion) -> float:
    return math.hypot(one.x_m - other.x_m, one.y_m - other.y_m)


# --------------------------------------------------------------------------------------- the graph


def build_place(
    written: WrittenWorld, rng: Random, family: str, words: Words, reader: MeaningReader
) -> World:
    """The world with names, and with objects beside the region in which they are said to be.

    Args:
        written: a world without faults.
        rng: draws names, the places of objects, the start, and descriptions in place of those that
            tell a state or what else is there.
        family: what the world counts as.
        words: details for descriptions.
        reader: knows the classes.
    """
    taken: set[str] = set()
    telltales = _telltales(written, words.lexicon, reader)
    regions = {}
    for region in written.regions:
        noun = reader.class_of(region.noun, 'region')
        plain = f'{noun}, {rng.choice(words.region_details)}'
        description = _describe(region.description, noun, telltales, plain)
        position = (round(region.x_m, 1), round(region.y_m, 1))
        regions[region.id] = Node(_name(rng, noun, taken), 'region', position, description)
    connections = [
        Connection('traversable', regions[way.start].name, regions[way.end].name)
        for way in written.ways
    ]
    objects = []
    for item in written.objects:
        noun = reader.class_of(item.noun, 'object')
        plain = f'{noun} {rng.choice(words.object_details)}'
        description = _describe(item.description, noun, telltales, plain)
        node = Node(
            _name(rng, noun, taken),
            'object',
            _beside(rng, regions[item.region]),
            description,
            _attributes(item.attributes, reader),
        )
        objects.append(node)
        connections.append(Connection('observed_from', node.name, regions[item.region].name))
    nodes = [*regions.values(), *objects]
    start = rng.choice(list(regions.values())).name
    rng.shuffle(nodes)
    rng.shuffle(connections)
    return World(SceneGraph(nodes, connections, robot_location=start), family, STRUCTURE)


def _attributes(written: Sequence[WrittenAttribute], reader: MeaningReader) -> dict[str, str]:
    return {a.key: reader.value_of(a.key, a.value) for a in written}


def _beside(rng: Random, region: Node) -> tuple[float, float]:
    angle, distance_m = rng.uniform(0, 2 * math.pi), rng.uniform(*_OBJECT_AT_M)
    x, y = region.position or (0.0, 0.0)
    return round(x + distance_m * math.cos(angle), 1), round(y + distance_m * math.sin(angle), 1)


def _name(rng: Random, noun: str, taken: set[str]) -> str:
    """A name with a random number, which tells nothing about what else there is."""
    stem = noun.replace(' ', '_')
    while (name := f'{stem}_{rng.randint(1, 99)}') in taken:
        pass
    taken.add(name)
    return name


def _telltales(written: WrittenWorld, lexicon: Lexicon, reader: MeaningReader) -> re.Pattern[str]:
    """What a description must not tell: states, which twins change, and objects, which may be gone
    there.
    """
    states = [phrase for phrase, (_, value) in lexicon.attribute_phrases.items() if value]
    nouns = {reader.class_of(item.noun, 'object') for item in written.objects}
    return phrase_pattern([*states, *sorted(nouns), *map(lexicon.plural, sorted(nouns))])


def _describe(description: str, noun: str, telltales: re.Pattern[str], otherwise: str) -> str:
    """The description on one line, or another one if it tells what it must not."""
    text = ' '.join(description.split())
    told = set(telltales.findall(text.lower())) - {noun}
    return text if _DESCRIPTION.fullmatch(text) and not told else otherwise
