# SPDX-License-Identifier: Apache-2.0
"""True graphs from a seed: where regions lie, how they connect, what stands in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import networkx as nx

from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.naming import Names
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.world_names import WORLD_NAMES
from prism_core.errors import ConfigError
from prism_core.graph.elements import Connection, Node
from prism_core.graph.scene_graph import SceneGraph

SIZES = {'small': (5, 12), 'medium': (13, 30), 'large': (31, 60)}
"""Number of regions of each size class."""

_SPACING_M = (8.0, 20.0)
_MAX_OBJECTS_PER_REGION, _MAX_OBJECTS = 1.4, 80
_TYPICAL_SHARE = 0.75
_SEEN_FROM_TWO_SHARE = 0.12
_LOOK_ALIKE_SHARE = 0.3
_COPIES_TO_CONFUSE = 3  # of a class that a sentence is to leave open which one it means
_LOOP_SHARE = 0.25

Point = tuple[float, float]
Way = tuple[int, int]


@dataclass(frozen=True)
class WorldConfig:
    """What worlds and tasks to draw.

    `tier`: `core` (few kinds of task, small worlds, common classes) or `full`. `hidden` is the
    share of nodes, connections and attributes that the robot does not know at the start. `kinds`,
    `family` and `structure` are drawn where they are not given. The world holds an object of each
    of the `favored` classes that suits it, and tasks ask for these where there is a choice.
    `unseen` names what is drawn from the held-out part: `wording`, `classes`, `places`; without it
    worlds hold nothing held out. `phrasings`: so many for each kind of sentence, 0 for all.
    `names`: what the world calls its things, see `world_names`. `voice`: who asks, see
    `words/voices`, or the language that is spoken, see `words/languages`; '' for the house's own
    phrasings. `mistyped`: the share of the sentences with typing errors. `observations`:
    `attributes`, or `words` of a robot that describes what it looks at, which kinds of task may
    need.

    Raises:
        ConfigError: a value is out of its range.
    """

    tier: str = 'full'
    size: str = 'small'
    hidden: float = 0.3
    tasks: int = 6
    kinds: tuple[str, ...] = ()
    family: str = ''
    structure: str = ''
    favored: tuple[str, ...] = ()
    unseen: frozenset[str] = field(default_factory=frozenset)
    phrasings: int = 0
    names: str = 'plain'
    voice: str = ''
    mistyped: float = 0.0
    observations: str = 'attributes'

    def __post_init__(self):
        choices = {
            'observations': (self.observations, ('attributes', 'words')),
            'tier': (self.tier, ('core', 'full')),
            'size': (self.size, tuple(SIZES)),
            'structure': (self.structure, ('', *STRUCTURES)),
            'names': (self.names, WORLD_NAMES),
        }
        for name, (value, allowed) in choices.items():
            if value not in allowed:
                raise ConfigError(f'{name}: expected one of {", ".join(allowed)}, got {value!r}')
        if self.tier == 'core' and self.size != 'small':
            raise ConfigError(f'the core tier has worlds of size small only, got {self.size!r}')
        if self.phrasings < 0:
            raise ConfigError(f'phrasings: expected at least 0, got {self.phrasings}')
        if not 0 <= self.hidden <= 0.9:
            raise ConfigError(f'hidden: expected a share from 0 to 0.9, got {self.hidden!r}')
        unknown = self.unseen - {'wording', 'classes', 'places'}
        if unknown:
            raise ConfigError(
                f'unseen: expected wording, classes or places, got {sorted(unknown)[0]!r}'
            )

    @property
    def is_told(self) -> bool:
        """Whether the robot describes what it looks at."""
        needs_words = any(KINDS[kind].needs_words for kind in self.kinds if kind in KINDS)
        return self.observations == 'words' or needs_words


@dataclass(frozen=True)
class World:
    """A true graph, and what it was drawn from."""

    graph: SceneGraph
    family: str
    structure: str


@dataclass(frozen=True)
class Wanted:
    """What a world must contain: region classes, and objects of a class, each in a region of a
    class ('' for any) with some attributes; `absent` classes do not occur beside these.
    """

    absent: frozenset[str] = frozenset()
    regions: tuple[str, ...] = ()
    objects: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = ()


def build_world(
    rng: Random, config: WorldConfig, words: Words, wanted: Wanted | None = None
) -> World:
    """Draw a true graph in which everything can be reached and everything is known.

    Raises:
        ConfigError: there is no such family of places.
    """
    wanted = wanted or Wanted()
    family = config.family or rng.choice(words.families(config.tier, config.unseen))
    structure = config.structure or rng.choice(list(STRUCTURES))
    if family not in words.lexicon.places:
        families = ', '.join(sorted(words.lexicon.places))
        raise ConfigError(f'family: expected one of {families}, got {family!r}')
    low, high = SIZES[config.size]
    number = rng.randint(max(low, len(wanted.regions)), high)
    positions, ways = STRUCTURES[structure](rng, number)
    names = Names(rng)
    typical = [c for c in words.region_classes(family, config.tier) if c not in wanted.regions]
    classes = [*wanted.regions, *_draw_region_classes(rng, typical, number - len(wanted.regions))]
    rng.shuffle(classes)
    regions = [
        Node(names.give(c), 'region', p, f'{c}, {rng.choice(words.region_details)}')
        for c, p in zip(classes, positions)
    ]
    connections = [Connection('traversable', regions[a].name, regions[b].name) for a, b in ways]
    neighbors: dict[int, list[int]] = {index: [] for index in range(number)}
    for a, b in ways:
        neighbors[a].append(b)
        neighbors[b].append(a)
    objects = []
    for object_class, index, given in _draw_objects(rng, config, words, family, classes, wanted):
        node = _make_object(rng, words, object_class, names, regions[index], dict(given))
        objects.append(node)
        seen_from = [index]
        if neighbors[index] and rng.random() < _SEEN_FROM_TWO_SHARE:
            seen_from.append(rng.choice(neighbors[index]))
        connections += [Connection('observed_from', node.name, regions[i].name) for i in seen_from]
    nodes = [*regions, *objects]
    rng.shuffle(nodes)
    rng.shuffle(connections)
    start = rng.choice(regions).name
    return World(SceneGraph(nodes, connections, robot_location=start), family, structure)


def _draw_region_classes(rng: Random, typical: Sequence[str], number: int) -> list[str]:
    """Region classes, each of the place's once before any comes again."""
    classes: list[str] = []
    while len(classes) < number:
        classes += rng.sample(list(typical), len(typical))
    return classes[:number]


def _draw_objects(
    rng: Random,
    config: WorldConfig,
    words: Words,
    family: str,
    classes: Sequence[str],
    wanted: Wanted,
) -> list[tuple[str, int, tuple[tuple[str, str], ...]]]:
    """Object classes and the region that each stands in, mostly where it is usual."""
    drawn = []
    for object_class, region_class, attributes in wanted.objects:
        fitting = [i for i, c in enumerate(classes) if c == region_class or not region_class]
        drawn.append((object_class, rng.choice(fitting), attributes))
    taken = wanted.absent.union(c for c, _, _ in wanted.objects)
    everything = words.object_classes(config.tier, config.unseen, family)
    needs_alike = any(KINDS[kind].needs_alike for kind in config.kinds if kind in KINDS)
    copies = _COPIES_TO_CONFUSE if needs_alike else 1
    for object_class in config.favored:
        if object_class in everything - taken:
            drawn += [(object_class, rng.randrange(len(classes)), ()) for _ in range(copies)]
    number = rng.randint(0, min(_MAX_OBJECTS, round(len(classes) * _MAX_OBJECTS_PER_REGION)))
    while len(drawn) < number:
        index = rng.randrange(len(classes))
        typical = [c for c in words.typical_objects(family, classes[index]) if c in everything]
        is_typical = typical and rng.random() < _TYPICAL_SHARE
        object_class = rng.choice(typical if is_typical else sorted(everything))
        alike = [c for c in words.lexicon.objects[object_class].looks_like if c in everything]
        together = [object_class]
        if alike and rng.random() < _LOOK_ALIKE_SHARE:
            together.append(rng.choice(alike))
        for name in together[: number - len(drawn)]:
            if name in taken:
                number -= 1
            else:
                drawn.append((name, index, ()))
    return drawn


def _make_object(
    rng: Random,
    words: Words,
    object_class: str,
    names: Names,
    region: Node,
    given: dict[str, str],
) -> Node:
    angle, distance_m = rng.uniform(0, 2 * math.pi), rng.uniform(1.0, 4.0)
    x, y = region.position or (0.0, 0.0)
    position = (
        round(x + distance_m * math.cos(angle), 1),
        round(y + distance_m * math.sin(angle), 1),
    )
    attributes = words.draw_attributes(rng, object_class) | given
    detail = rng.choice(words.object_details)
    name = names.give(object_class)
    return Node(name, 'object', position, f'{object_class} {detail}', attributes)


# ---------------------------------------------------------------------------------- structures


def _chain(rng: Random, number: int) -> tuple[list[Point], list[Way]]:
    heading, points = rng.uniform(0, 2 * math.pi), [(0.0, 0.0)]
    for _ in range(number - 1):
        heading += rng.uniform(-0.5, 0.5)
        points.append(_step(points[-1], heading, rng.uniform(*_SPACING_M)))
    return points, [(i, i + 1) for i in range(number - 1)]


def _grid(rng: Random, number: int) -> tuple[list[Point], list[Way]]:
    columns = math.ceil(math.sqrt(number))
    spacing_m = rng.uniform(*_SPACING_M)
    points = [
        _round((i % columns + rng.uniform(-0.2, 0.2)) * spacing_m,
               (i // columns + rng.uniform(-0.2, 0.2)) * spacing_m)
        for i in range(number)
    ]  # fmt: skip
    ways = [(i, i + 1) for i in range(number - 1) if (i + 1) % columns]
    ways += [(i, i + columns) for i in range(number - columns)]
    return points, _thin_out(rng, number, ways, 0.15)


def _clusters(rng: Random, number: int) -> tuple[list[Point], list[Way]]:
    size = rng.randint(3, 6)
    points: list[Point] = []
    ways: list[Way] = []
    center = (0.0, 0.0)
    while len(points) < number:
        first = len(points)
        members = min(size, number - first)
        radius_m = rng.uniform(7.0, 11.0)
        turn = rng.uniform(0, 2 * math.pi)
        points += [
            _step(center, turn + 2 * math.pi * i / members, radius_m) for i in range(members)
        ]
        ways += [(first + i, first + i + 1) for i in range(members - 1)]
        if members > 2:
            ways.append((first, first + members - 1))
        if first:
            near = [(math.dist(points[a], points[b]), a, b)
                    for a in range(first) for b in range(first, len(points))]  # fmt: skip
            ways.append(min(near)[1:])
        center = _step(center, rng.uniform(-1.0, 1.0), rng.uniform(34.0, 44.0))
    return points, ways


def _tree(rng: Random, number: int) -> tuple[list[Point], list[Way]]:
    points: list[Point] = [(0.0, 0.0)]
    ways: list[Way] = []
    while len(points) < number:
        parent = rng.randrange(max(0, len(points) - 6), len(points))
        point = _step(points[parent], rng.uniform(0, 2 * math.pi), rng.uniform(*_SPACING_M))
        if min(math.dist(point, other) for other in points) >= 0.7 * _SPACING_M[0]:
            ways.append((parent, len(points)))
            points.append(point)
    close = sorted(
        (math.dist(points[a], points[b]), a, b)
        for a in range(number) for b in range(a + 1, number) if (a, b) not in ways
    )  # fmt: skip
    ways += [(a, b) for _, a, b in close[: round(_LOOP_SHARE * number)] if rng.random() < 0.7]
    return points, ways


def _thin_out(rng: Random, number: int, ways: list[Way], share: float) -> list[Way]:
    """Leave some ways out, but none without which a part could not be reached."""
    network = nx.Graph(ways)
    network.add_nodes_from(range(number))
    for way in ways:
        if rng.random() < share:
            network.remove_edge(*way)
            if not nx.is_connected(network):
                network.add_edge(*way)
    return [way for way in ways if network.has_edge(*way)]


def _step(start: Point, heading: float, length_m: float) -> Point:
    return _round(start[0] + length_m * math.cos(heading), start[1] + length_m * math.sin(heading))


def _round(x: float, y: float) -> Point:
    return (round(x, 1), round(y, 1))


STRUCTURES: dict[str, Callable[[Random, int], tuple[list[Point], list[Way]]]] = {
    'chain': _chain,
    'grid': _grid,
    'clusters': _clusters,
    'tree': _tree,
}
"""Each structure makes positions in metres and the ways between them, by index."""
