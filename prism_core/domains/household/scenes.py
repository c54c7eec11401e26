# SPDX-License-Identifier: Apache-2.0
"""Homes drawn from a seed: rooms, what furnishes them, what lies there, and what is known of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from random import Random

from prism_core.domains.household.classes import (
    BASINS,
    FAUCET,
    HAND,
    LAMPS,
    MICROWAVE,
    OPENABLE,
    THINGS,
    VESSELS,
    found_in,
    is_slice,
    may_hold,
)
from prism_core.domains.household.home import Home, kind_of_placement, read_home
from prism_core.domains.household.words import load_words
from prism_core.errors import ConfigError
from prism_core.graph.elements import Connection, Node
from prism_core.graph.scene_graph import SceneGraph

HELD_OUT = ('wording', 'scenes')
_TABLES = load_words('homes')
UNSEEN_CLASSES = frozenset(_TABLES['unseen_classes'])
"""Classes of no training world."""
_ROOMS, _UNSEEN_ROOMS = (1, 3), (3, 4)
_THINGS_IN_A_ROOM = (6, 13)
_ROOM_M, _WALL_M = 5.0, 2.0
_OPEN, _IN_VESSEL, _TWICE = 0.08, 0.12, 0.35


@dataclass(frozen=True)
class HouseholdRecipe:
    """What worlds and tasks to draw.

    `worlds`: how many. `tasks`: so many in each; twins come on top. `kinds`: all where none is
    named. `known`: the share of the homes of which the robot knows at the start what all furniture
    holds. `failing`: the share of the things that slip and of the doors that jam, once or twice.
    `hidden`: the share of the tasks in which a known thing is elsewhere, gone, or cannot be taken.
    `unseen`: what the test split alone shows, `wording` and `scenes` (rooms, classes and sizes).

    Raises:
        ConfigError: a value is out of its range.
    """

    seed: int = 0
    worlds: int = 1000
    tasks: int = 6
    kinds: tuple[str, ...] = ()
    known: float = 0.4
    failing: float = 0.08
    hidden: float = 0.2
    unseen: tuple[str, ...] = HELD_OUT

    def __post_init__(self):
        for name in ('worlds', 'tasks'):
            if getattr(self, name) < 1:
                raise ConfigError(f'{name}: expected at least 1, got {getattr(self, name)}')
        for name in ('known', 'failing', 'hidden'):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(
                    f'{name}: expected a share from 0 to 1, got {getattr(self, name)}'
                )
        unknown = [name for name in self.unseen if name not in HELD_OUT]
        if unknown:
            raise ConfigError(f'unseen: expected some of {", ".join(HELD_OUT)}, got {unknown[0]!r}')


@dataclass(frozen=True)
class HouseholdConfig:
    """What one world is: `kinds` of task, whether all is known, what of the held out it shows."""

    kinds: tuple[str, ...]
    tasks: int = 6
    is_known: bool = False
    failing: float = 0.08
    hidden: float = 0.2
    unseen: tuple[str, ...] = ()


def draw_home(rng: Random, is_unseen: bool = False) -> SceneGraph:
    """A home in which nothing is hidden, with the robot in one of its rooms.

    `is_unseen`: with rooms, classes and sizes that are in no training world.
    """
    builder = _Builder(rng, frozenset() if is_unseen else UNSEEN_CLASSES)
    tables = _TABLES['rooms']
    rooms = rng.sample([*tables], rng.randint(*(_UNSEEN_ROOMS if is_unseen else _ROOMS)))
    if rng.random() < 0.7 and 'kitchen' not in rooms:
        rooms[0] = 'kitchen'
    if is_unseen and rng.random() < 0.5:
        rooms[-1] = 'studio'
        tables = {**tables, **_TABLES['unseen_rooms']}
    for number, words in enumerate(rooms):
        builder.add_room(words, tables[words], number)
    return builder.finish()


class _Builder:
    """Adds room after room."""

    def __init__(self, rng: Random, left_out: Collection[str]):
        self._rng, self._left_out = rng, left_out
        self._counts: Counter[str] = Counter()
        self._nodes: list[Node] = []
        self._ways: list[Connection] = []
        self._rooms: list[Node] = []

    def _add(self, words: str, kind: str, position: tuple[float, float], **attributes) -> Node:
        self._counts[words] += 1
        name = f'{words.replace(" ", "_")}_{self._counts[words]}'
        node = Node(name, kind, position, attributes=attributes)  # type: ignore[arg-type]
        self._nodes.append(node)
        return node

    def _lay(self, node: Node, holder: Node) -> None:
        """Put a thing in or on furniture, or what already lies there."""
        region = self._region_of(holder)
        self._ways.append(Connection('observed_from', node.name, region))
        self._ways.append(Connection(kind_of_placement(holder), node.name, holder.name))

    def _region_of(self, holder: Node) -> str:
        if holder.kind == 'region':
            return holder.name
        seen = (c for c in self._ways if c.kind == 'observed_from' and c.source == holder.name)
        return next(seen).target

    def add_room(self, words: str, table: dict[str, list[int]], number: int) -> None:
        """A room with its furniture and things, joined to one before it."""
        rng = self._rng
        center = ((number % 2) * _ROOM_M, (number // 2) * _ROOM_M)
        room = self._add(words, 'region', center, seen=True)
        if self._rooms:
            neighbor = self._rooms[max(0, number - 2)] if number != 1 else self._rooms[0]
            self._ways.append(Connection('traversable', neighbor.name, room.name))
        self._rooms.append(room)
        furniture = [
            self._furnish(kind, room)
            for kind, (least, most) in table.items()
            if kind not in self._left_out
            for _ in range(rng.randint(least, most))
        ]
        spots = [node for node in furniture if _words(node) in _TABLES['lamp_on']]
        if spots and rng.random() < 0.5:
            spot = rng.choice(spots)
            self._lay(self._add('desk lamp', 'object', _at(spot), power='off'), spot)
        self._fill(furniture)

    def _furnish(self, words: str, room: Node) -> Node:
        rng = self._rng
        position = tuple(round(at + rng.uniform(-_WALL_M, _WALL_M), 2) for at in _at(room))
        attributes: dict[str, object] = {'seen': True}
        if words in OPENABLE:
            attributes['door'] = 'open' if rng.random() < _OPEN else 'closed'
        if words == MICROWAVE or words in LAMPS:
            attributes['power'] = 'off'
        if words in _TABLES['capacity']:
            attributes['capacity'] = _TABLES['capacity'][words]
        node = self._add(words, 'region', position, **attributes)  # type: ignore[arg-type]
        self._ways.append(Connection('traversable', room.name, node.name))
        if words in BASINS:
            self._lay(self._add(FAUCET, 'object', _at(node), power='off'), node)
        return node

    def _fill(self, furniture: list[Node]) -> None:
        """Things where such things are found; some of them in what can be carried."""
        rng = self._rng
        places: dict[str, list[Node]] = {}
        for node in furniture:
            places.setdefault(_words(node), []).append(node)
        may = [
            thing
            for thing in sorted(THINGS)
            if thing not in self._left_out
            and not is_slice(thing)
            and any(words in places for words in _places_of(thing))
        ]
        drawn = rng.sample(may, min(len(may), rng.randint(*_THINGS_IN_A_ROOM)))
        drawn += [thing for thing in drawn if rng.random() < _TWICE]
        vessels: list[Node] = []
        for thing in sorted(drawn, key=lambda words: words not in VESSELS):
            node = self._place(thing, places, vessels)
            if node is not None and thing in VESSELS:
                vessels.append(node)

    def _place(self, thing: str, places: dict[str, list[Node]], vessels: list[Node]) -> Node | None:
        """One thing somewhere; None where there is no room for it."""
        rng = self._rng
        spots = [n for words in _places_of(thing) for n in places.get(words, ())]
        spots = [n for n in spots if may_hold(_words(n), thing) and self._has_room(n)]
        around = [n for n in vessels if may_hold(_words(n), thing)]
        if around and rng.random() < _IN_VESSEL:
            spots = around
        if not spots:
            return None
        spot = rng.choice(spots)
        node = self._add(thing, 'object', _at(spot))
        self._lay(node, spot)
        return node

    def _has_room(self, holder: Node) -> bool:
        most = holder.attributes.get('capacity')
        there = sum(c.is_placement and c.target == holder.name for c in self._ways)
        return not isinstance(most, int) or there < most

    def finish(self) -> SceneGraph:
        """The home, with the robot in one of the rooms."""
        here = self._rng.choice(self._rooms)
        hand = Node(f'{HAND}_1', 'object', attributes={})
        seen = Connection('observed_from', hand.name, here.name)
        nodes = [*self._nodes, hand]
        return SceneGraph(nodes, [*self._ways, seen], robot_location=here.name)


def _words(node: Node) -> str:
    return node.name.rpartition('_')[0].replace('_', ' ')


def _at(node: Node) -> tuple[float, float]:
    return node.position or (0.0, 0.0)


def _places_of(thing: str) -> tuple[str, ...]:
    return found_in(thing) or tuple(_TABLES['also_found_in'].get(thing, ()))


def hide(graph: SceneGraph) -> SceneGraph:
    """What the robot knows of a home at the start: what lies open in the room where it is; lamps
    and faucets, of which it was told, as of the furniture.
    """
    home = read_home(graph)
    room = home.here
    near = {room, *(c for pair in graph.connections if room in pair for c in pair)}
    shown = {n for n in graph.regions if n in near and not home.is_shut(n)}
    shown |= {
        n for n, node in graph.regions.items() if n not in near and not _is_furnished(home, n)
    }
    kept = [
        node.with_attributes({'seen': node.name in shown}) if node.kind == 'region' else node
        for node in graph.nodes.values()
        if node.kind == 'region' or _is_fixed(home, node.name) or home.place_of(node.name) in shown
    ]
    names = {node.name for node in kept}
    ways = [c for c in graph.connections.values() if {c.source, c.target} <= names]
    return SceneGraph(kept, ways, robot_location=room, attributes=graph.attributes)


def _is_fixed(home: Home, name: str) -> bool:
    return name == home.hand or 'power' in home.nodes[name].attributes


def _is_furnished(home: Home, region: str) -> bool:
    return home.is_furniture(region)


def features_of(graph: SceneGraph) -> Iterator[str]:
    """Which furniture and things there are, counted, and where the things lie."""
    home, counts = read_home(graph), Counter[str]()
    for name in home.nodes:
        words = home.class_of(name)
        counts[words] += 1
        yield f'{words} {counts[words]}'
        if holder := home.holders.get(name):
            yield f'{words} {counts[words]} at {home.class_of(holder)}'
