# SPDX-License-Identifier: Apache-2.0
"""Tables with blocks and bowls, drawn from a seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from prism_core.domains.tabletop.state import (
    HELD,
    is_container,
    is_movable,
    is_spot,
    read_table,
    support_kind,
)
from prism_core.domains.tabletop.words import (
    COLORS,
    CORNERS,
    MIDDLE,
    SIDES,
    UNSEEN_CLASSES,
    UNSEEN_COLORS,
)
from prism_core.errors import ConfigError
from prism_core.graph.calling import calls_of, class_of
from prism_core.graph.elements import Connection, Node
from prism_core.graph.scene_graph import SceneGraph

HELD_OUT = ('wording', 'scenes')
SURFACE, _GRIPPER = 'table_1', 'gripper_1'
"""Names that are no plain words: those stand for their nodes wherever they are said."""
_BLOCKS, _BOWLS = (3, 5), (2, 4)
_UNSEEN_BLOCKS, _UNSEEN_BOWLS = (5, 7), (3, 5)
_PALETTE = 4  # colors of a scene
_ON_BLOCK, _IN_BOWL, _AT_SPOT, _HELD = 0.2, 0.2, 0.25, 0.12
_HALF_WIDTH_M = 0.25
_POSITIONS = {
    'top left corner': (-1, 1), 'top right corner': (1, 1), 'middle': (0, 0),
    'bottom left corner': (-1, -1), 'bottom right corner': (1, -1),
    'left side': (-1, 0), 'right side': (1, 0),
}  # fmt: skip


@dataclass(frozen=True)
class TabletopRecipe:
    """What worlds and tasks to draw.

    `worlds`: how many. `tasks`: so many in each; twins come on top. `kinds`: all where none is
    named. `failing`: the share of the blocks that slip or fall. `hidden`: the share of the tasks
    about one block in which it is elsewhere, is gone, or cannot be picked up. `unseen`: what the
    test split alone shows, `wording` and `scenes` (colors, classes and sizes).

    Raises:
        ConfigError: a value is out of its range.
    """

    seed: int = 0
    worlds: int = 1000
    tasks: int = 6
    kinds: tuple[str, ...] = ()
    failing: float = 0.15
    hidden: float = 0.3
    unseen: tuple[str, ...] = HELD_OUT

    def __post_init__(self):
        for name in ('worlds', 'tasks'):
            if getattr(self, name) < 1:
                raise ConfigError(f'{name}: expected at least 1, got {getattr(self, name)}')
        for name in ('failing', 'hidden'):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(
                    f'{name}: expected a share from 0 to 1, got {getattr(self, name)}'
                )
        unknown = [name for name in self.unseen if name not in HELD_OUT]
        if unknown:
            raise ConfigError(f'unseen: expected some of {", ".join(HELD_OUT)}, got {unknown[0]!r}')


@dataclass(frozen=True)
class TabletopConfig:
    """What one world is: `kinds` of task, and what of the held out it shows."""

    kinds: tuple[str, ...]
    tasks: int = 6
    failing: float = 0.15
    hidden: float = 0.3
    unseen: tuple[str, ...] = ()


def draw_scene(rng: Random, unseen: bool = False) -> SceneGraph:
    """A table with blocks, bowls and places, each block somewhere on it or in the gripper.

    `unseen`: with more things, colors and classes that are in no training world.
    """
    nodes = [Node(SURFACE, 'region', (0.0, 0.0)), Node(_GRIPPER, 'object', (0.0, 0.0))]
    counts: dict[str, int] = {}

    def add(words: str, position: tuple[float, float], is_counted: bool = True) -> None:
        counts[words] = counts.get(words, 0) + 1
        name = words.replace(' ', '_') + (f'_{counts[words]}' if is_counted else '')
        nodes.append(Node(name, 'object', position))

    for words in (MIDDLE, *CORNERS, *(SIDES if rng.random() < 0.3 else ())):
        x, y = _POSITIONS[words]
        add(words, (x * _HALF_WIDTH_M, y * _HALF_WIDTH_M), is_counted=words == MIDDLE)
    for words in _draw_classes(rng, unseen):
        east_m, north_m = (round(rng.uniform(-_HALF_WIDTH_M, _HALF_WIDTH_M), 2) for _ in range(2))
        add(words, (east_m, north_m))
    fixed, things = nodes[:2], nodes[2:]
    rng.shuffle(things)
    nodes = [*fixed, *things]
    seen = [Connection('observed_from', n.name, SURFACE) for n in nodes if n.kind == 'object']
    return _arrange(SceneGraph(nodes, seen, robot_location=SURFACE), rng)


def _draw_classes(rng: Random, unseen: bool) -> list[str]:
    """Blocks and bowls of few colors, so that the same color comes often."""
    colors = list(COLORS)
    if unseen:
        colors += UNSEEN_COLORS * 2
    palette = sorted(set(rng.sample(colors, _PALETTE)))
    if unseen and not set(palette) & set(UNSEEN_COLORS):
        palette[0] = rng.choice(UNSEEN_COLORS)
    classes = []
    sizes = (_UNSEEN_BLOCKS, _UNSEEN_BOWLS) if unseen else (_BLOCKS, _BOWLS)
    for noun, (least, most) in zip(('block', 'bowl'), sizes):
        may = [f'{color} {noun}' for color in palette]
        may = [words for words in may if unseen or words not in UNSEEN_CLASSES]
        number = rng.randint(least, most)
        drawn = rng.sample(may, min(len(may), number))
        while len(drawn) < number:
            drawn.append(rng.choice(may))
        if noun == 'bowl':
            drawn = list(dict.fromkeys(drawn)) if rng.random() < 0.8 else drawn
        elif rng.random() < 0.25:
            drawn[-1] = drawn[0]
        classes += drawn
    return classes


def _arrange(graph: SceneGraph, rng: Random) -> SceneGraph:
    """The same scene with its blocks put somewhere."""
    nodes = graph.nodes
    blocks = [name for name, node in nodes.items() if is_movable(node)]
    spots = [name for name, node in nodes.items() if is_spot(node)]
    bowls = [name for name, node in nodes.items() if is_container(node)]
    free: list[str] = []  # blocks that can carry one
    placed: list[Connection] = []
    for name in rng.sample(blocks, len(blocks)):
        draw = rng.random()
        if draw < _ON_BLOCK and free:
            carrier = free.pop(rng.randrange(len(free)))
            placed.append(Connection('on', name, carrier))
            free.append(name)
        elif draw < _ON_BLOCK + _IN_BOWL and bowls:
            placed.append(Connection('in', name, rng.choice(bowls)))
        elif draw < _ON_BLOCK + _IN_BOWL + _AT_SPOT:
            placed.append(Connection('on', name, rng.choice(spots)))
            free.append(name)
        else:
            free.append(name)
    carrying = {c.target for c in placed}
    loose = [name for name in free if name not in carrying]
    if loose and rng.random() < _HELD:
        name = rng.choice(loose)
        placed = [c for c in placed if c.source != name]
        placed.append(Connection(HELD, name, _GRIPPER))
    seen = [c for c in graph.connections.values() if c.kind == 'observed_from']
    return SceneGraph(nodes.values(), [*seen, *placed], robot_location=graph.robot_location)


def change_scene(graph: SceneGraph, rng: Random, spoken_of: Sequence[str] = ()) -> SceneGraph:
    """The same things, put elsewhere, some of them gone or there twice: where a twin is played.

    `spoken_of`: classes or names; often there is exactly one thing of each.
    """
    nodes = list(graph.nodes.values())
    draw = rng.random()
    things = [node for node in nodes if is_movable(node) or is_container(node)]
    if draw < 0.25 and things:
        nodes.remove(rng.choice(things))
    elif draw < 0.45 and things:
        nodes.append(_another(rng.choice(things), nodes))
    elif draw < 0.75:
        for words in spoken_of:
            nodes = _with_one(words, nodes, rng)
    seen = [Connection('observed_from', n.name, SURFACE) for n in nodes if n.kind == 'object']
    return _arrange(SceneGraph(nodes, seen, robot_location=SURFACE), rng)


def _another(node: Node, nodes: Sequence[Node]) -> Node:
    """One more thing of the class of a node."""
    taken = {other.name for other in nodes}
    base = class_of(node).replace(' ', '_')
    number = next(i for i in range(1, 99) if f'{base}_{i}' not in taken)
    return replace(node, name=f'{base}_{number}')


def _with_one(words: str, nodes: list[Node], rng: Random) -> list[Node]:
    """The nodes with exactly one block or bowl that is called so."""
    found = [node for node in nodes if words in (node.name, *calls_of(node))]
    if not found and words.endswith(('block', 'bowl')):
        position = rng.choice(nodes[2:]).position
        return [*nodes, _another(Node(words.replace(' ', '_'), 'object', position), nodes)]
    kept = rng.choice(found) if found else None
    return [node for node in nodes if node not in found or node is kept or is_spot(node)]


def show_each(graph: SceneGraph, spoken_of: Sequence[str], rng: Random) -> SceneGraph:
    """The scene with exactly one block or bowl of each of some classes; of all blocks some."""
    nodes = list(graph.nodes.values())
    for words in spoken_of:
        if ' ' in words:
            nodes = _with_one(words, nodes, rng)
    seen = [Connection('observed_from', n.name, SURFACE) for n in nodes if n.kind == 'object']
    return _arrange(SceneGraph(nodes, seen, robot_location=SURFACE), rng)


def let_hold(graph: SceneGraph, rng: Random) -> SceneGraph:
    """The same with something in the gripper, mostly."""
    table = read_table(graph)
    loose = [name for name in table.movable if name not in table.covers]
    if table.held or not loose or rng.random() < 0.1:
        return graph
    return place_anew(graph, rng.choice(loose), table.gripper)


def features_of(graph: SceneGraph) -> Iterator[str]:
    """Which things there are, counted, and where they lie."""
    table = read_table(graph)
    counts: dict[str, int] = {}
    for name, node in graph.nodes.items():
        words = class_of(node)
        counts[words] = counts.get(words, 0) + 1
        yield f'{words} {counts[words]}'
        support = table.supports.get(name)
        if support is not None:
            yield f'{words} {counts[words]} at {class_of(graph.nodes[support]) if support else ""}'


def place_anew(graph: SceneGraph, name: str, support: str) -> SceneGraph:
    """The same with one block elsewhere; '' is the bare table."""
    table = read_table(graph)
    before = table.supports[name]
    kept = [
        c
        for c in graph.connections.values()
        if not (c.source == name and c.target == before and c.kind != 'observed_from')
    ]
    if support:
        kind = HELD if support == table.gripper else support_kind(graph.nodes[support])
        kept.append(Connection(kind, name, support))
    return SceneGraph(
        graph.nodes.values(),
        kept,
        robot_location=graph.robot_location,
        attributes=graph.attributes,
    )
