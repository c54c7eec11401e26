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
    KNIVES,
    LAMPS,
    MICROWAVE,
    OPENABLE,
    SLICEABLE,
    THINGS,
    VESSELS,
    found_in,
    is_slice,
    may_hold,
)
from prism_core.domains.household.home import kind_of_placement, read_home
from prism_core.domains.household.words import load_words
from prism_core.errors import ConfigError, WorldRejected
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
        self._ways += placed(node.name, holder, self._region_of(holder))

    def _region_of(self, holder: Node) -> str:
        if holder.kind == 'region':
            return holder.name
        seen = (c for c in self._ways if c.kind != 'traversable' and c.source == holder.name)
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
        self._counts[words] += 1
        name = f'{words.replace(" ", "_")}_{self._counts[words]}'
        node = _make_furniture(name, words, room, self._rng)
        self._nodes.append(node)
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
        if 'fridge' in places:  # where one cooks there is a knife and something to cut
            drawn += [rng.choice(KNIVES), rng.choice([c for c in may if c in SLICEABLE])]
        drawn += [thing for thing in drawn if rng.random() < _TWICE]
        vessels: list[Node] = []
        for thing in sorted(drawn, key=lambda words: words not in VESSELS):
            laid = self._place(thing, places, vessels)
            if laid is not None and thing in VESSELS:
                vessels.append(laid)

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


def _make_furniture(name: str, words: str, room: Node, rng: Random) -> Node:
    """A piece of furniture somewhere in a room."""
    attributes: dict[str, object] = {'seen': True}
    if words in OPENABLE:
        attributes['door'] = 'open' if rng.random() < _OPEN else 'closed'
    if words == MICROWAVE or words in LAMPS:
        attributes['power'] = 'off'
    if words in _TABLES['capacity']:
        attributes['capacity'] = _TABLES['capacity'][words]
    east_m, north_m = (round(at + rng.uniform(-_WALL_M, _WALL_M), 2) for at in _at(room))
    return Node(name, 'region', (east_m, north_m), attributes=attributes)


def _words(node: Node) -> str:
    return node.name.rpartition('_')[0].replace('_', ' ')


def _at(node: Node) -> tuple[float, float]:
    return node.position or (0.0, 0.0)


def _places_of(thing: str) -> tuple[str, ...]:
    return found_in(thing) or tuple(_TABLES['also_found_in'].get(thing, ()))


def placed(name: str, holder: Node, region: str = '') -> list[Connection]:
    """How a thing is connected to what it is in or on; `region` is where that is no furniture."""
    seen = [Connection('observed_from', name, region)] if region not in ('', holder.name) else []
    return [*seen, Connection(kind_of_placement(holder), name, holder.name)]


def furnish(graph: SceneGraph, words: str, room: str, rng: Random) -> SceneGraph:
    """The same home with one more piece of furniture in a room."""
    node = _make_furniture(_next_name(graph, words), words, graph.nodes[room], rng)
    way = Connection('traversable', room, node.name)
    return _with(graph, node, [way])


def lay(graph: SceneGraph, words: str, besides: str, rng: Random) -> SceneGraph:
    """The same home with one more thing, on furniture of any class but one.

    Raises:
        WorldRejected: there is no furniture for it.
    """
    home = read_home(graph)
    spots = [
        node
        for name, node in graph.regions.items()
        if home.class_of(name) in set(_places_of(words)) - {besides} and home.has_room(name)
    ]
    if not spots:
        raise WorldRejected('there is no place for it')
    spot = rng.choice(spots)
    node = Node(_next_name(graph, words), 'object', spot.position)
    return _with(graph, node, placed(node.name, spot))


def _with(graph: SceneGraph, node: Node, ways: list[Connection]) -> SceneGraph:
    all_ways = [*graph.connections.values(), *ways]
    return SceneGraph([*graph.nodes.values(), node], all_ways, robot_location=graph.robot_location)


def _next_name(graph: SceneGraph, words: str) -> str:
    base = words.replace(' ', '_')
    return next(f'{base}_{n}' for n in range(1, 999) if f'{base}_{n}' not in graph.nodes)


def hide(graph: SceneGraph) -> SceneGraph:
    """What the robot knows of a home at the start: what lies open in the room where it is; of other
    rooms and closed furniture only that they are there, and lamps and faucets.
    """
    home = read_home(graph)
    near = {home.here, *(n for pair in graph.connections if home.here in pair for n in pair)}
    shown = {
        n
        for n in graph.regions
        if not (home.is_shut(n) or (home.is_furniture(n) and n not in near))
    }
    kept = [
        node.with_attributes({'seen': node.name in shown}) if node.kind == 'region' else node
        for node in graph.nodes.values()
        if node.kind == 'region'
        or not home.is_thing(node.name)
        or home.place_of(node.name) in shown
    ]
    names = {node.name for node in kept}
    ways = [c for c in graph.connections.values() if {c.source, c.target} <= names]
    return SceneGraph(kept, ways, robot_location=home.here)


def features_of(graph: SceneGraph) -> Iterator[str]:
    """Which furniture and things there are, counted, and where the things lie."""
    home, counts = read_home(graph), Counter[str]()
    for name in home.nodes:
        words = home.class_of(name)
        counts[words] += 1
        yield f'{words} {counts[words]}'
        if holder := home.holders.get(name):
            yield f'{words} {counts[words]} at {home.class_of(holder)}'
