# SPDX-License-Identifier: Apache-2.0
"""From named places to a scene graph: where can one drive, and from where is what seen.

What a file says counts. What it leaves out is read from an occupancy grid where there is one, and
guessed from the distances where there is none; the report tells which.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prism_core.errors import SceneGraphError
from prism_core.graph.elements import NO_ATTRIBUTES, Connection, Node, quote
from prism_core.graph.importing.build import note_parts
from prism_core.graph.importing.report import LOCATION, ImportReport
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:
    from prism_core.graph.importing.occupancy import OccupancyGrid

OWN_KEYS = ('name', 'x', 'y', 'z', 'kind', 'class', 'description', 'seen_from', 'connected_to')
"""What a file may say of a place; whatever else it says becomes an attribute."""
ROBOT_RADIUS_M = 0.25
"""Where none is said."""
_MAX_PROBLEMS = 20


@dataclass(frozen=True)
class Place:
    """A node, and what it is joined with where that is said."""

    node: Node
    seen_from: tuple[str, ...] = ()
    connected_to: tuple[str, ...] = ()


def make_place(
    where: str,
    name: str,
    numbers: Sequence[float],
    said: Mapping[str, Any],
    attributes: Mapping[str, Any],
) -> Place | str:
    """A place, or why it is none.

    Args:
        where: it stands in the file.
        name: of it; white space is one blank.
        numbers: none, two or three: x, y, z in metres.
        said: of `OWN_KEYS`, what the file says.
        attributes: whatever else it says.
    """
    kind: Any = said.get('kind') or 'region'
    kind = kind.lower() if isinstance(kind, str) else kind
    more: dict[str, Any] = {'semantic_class': str(said['class'])} if said.get('class') else {}
    if len(numbers) == 3:
        more['z_m'] = numbers[2]
    try:
        node = Node(
            ' '.join(name.split()),
            kind,
            (numbers[0], numbers[1]) if numbers else None,
            str(said.get('description') or ''),
            {**attributes, **more},
        )
        return Place(node, _read_names(said, 'seen_from'), _read_names(said, 'connected_to'))
    except SceneGraphError as error:
        return f'{where}: {error}'


def _read_names(said: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = said.get(key) or []
    parts = value.split(';') if isinstance(value, str) else value
    if not isinstance(parts, list) or any(isinstance(part, (list, dict)) for part in parts):
        raise SceneGraphError(f'{key}: expected names, got {quote(value)}')
    return tuple(name for part in parts if (name := ' '.join(str(part).split())))


def take_places(made: Iterable[Place | str]) -> list[Place]:
    """The places of a file.

    Raises:
        SceneGraphError: with the first of what is wrong with them.
    """
    places: list[Place] = []
    problems: list[str] = []
    for one in made:
        if isinstance(one, str):
            problems.append(one)
        else:
            places.append(one)
    if len(problems) > _MAX_PROBLEMS:
        problems[_MAX_PROBLEMS:] = [f'and {len(problems) - _MAX_PROBLEMS} more']
    if problems:
        raise SceneGraphError(problems)
    return places


def make_site(
    places: Sequence[Place],
    report: ImportReport,
    *,
    grid: OccupancyGrid | None = None,
    robot_radius_m: float | None = None,
    robot_location: str | None = None,
    attributes: Mapping[str, Any] = NO_ATTRIBUTES,
) -> SceneGraph:
    """The scene graph of some places; what was guessed for it is noted.

    Args:
        places: of a file.
        report: notes what became of them.
        grid: of the same site, in the same frame.
        robot_radius_m: half the width that the robot needs; None for `ROBOT_RADIUS_M`.
        robot_location: the region that the robot is in; None for unknown.
        attributes: of the whole graph.

    Raises:
        SceneGraphError: names come twice, or what a place is joined with does not exist.
    """
    nodes = [place.node for place in places]
    for node in nodes:
        report.note('read', f'place as {node.kind}', node.name)
    connections = list(_said_connections(places, report))
    is_open = not any(connection.kind == 'traversable' for connection in connections)
    known = [node for node in nodes if node.kind == 'region' and node.position is not None]
    unseen = [
        place.node
        for place in places
        if place.node.kind == 'object' and not place.seen_from and place.node.position is not None
    ]
    if grid is not None and known:
        connections += _from_grid(grid, known, unseen, robot_radius_m, report, is_open=is_open)
    else:
        connections += _straight_ways(known, report) if is_open else []
        nearest = [_nearest(node, known) for node in unseen]
        connections += _views(unseen, nearest, report)
    if robot_location is None:
        report.note('left out', f'{LOCATION}, which the file does not say', 'say it: --location')
    graph = SceneGraph(nodes, connections, robot_location=robot_location, attributes=attributes)
    note_parts(graph, report)
    return graph


def _said_connections(places: Iterable[Place], report: ImportReport) -> Iterator[Connection]:
    for place in places:
        for other in place.connected_to:
            report.note('read', 'connected_to as way', f'{place.node.name} - {other}')
            yield Connection('traversable', place.node.name, other)
        for region in place.seen_from:
            report.note('read', 'seen_from', f'{place.node.name} - {region}')
            yield Connection('observed_from', place.node.name, region)


def _from_grid(
    grid: OccupancyGrid,
    known: list[Node],
    unseen: list[Node],
    robot_radius_m: float | None,
    report: ImportReport,
    *,
    is_open: bool,
) -> list[Connection]:
    from prism_core.graph.importing.occupancy import SNAP_M, find_ways

    radius_m = ROBOT_RADIUS_M if robot_radius_m is None else robot_radius_m
    if robot_radius_m is None:
        report.note('guessed', 'robot_radius, which the file does not say', f'{radius_m:g} m')
    found = find_ways(grid, _positions(known), _positions(unseen), radius_m)
    made = []
    for (a, b), length_m in sorted(found.lengths_m.items()) if is_open else ():
        straight_m = known[a].distance_m(known[b])
        is_straight = straight_m is not None and math.isclose(length_m, straight_m)
        cost_m = None if is_straight else round(length_m, 2)
        made.append(Connection('traversable', known[a].name, known[b].name, cost_m))
        shown = f'{known[a].name} - {known[b].name}, {length_m:.1f} m'
        report.note('read', 'way over free floor of the map', shown)
    for number in found.outside:
        what = f'way to a place with no free floor for radius {radius_m:g} m within {SNAP_M:g} m'
        report.note('left out', what, known[number].name)
    owners = [None if owner is None else known[owner] for owner in found.owners]
    return made + _views(unseen, owners, report)


def _straight_ways(known: list[Node], report: ImportReport) -> list[Connection]:
    """Ways where nobody says which there are."""
    pairs = neighbours(_positions(known)) if len(known) > 1 else []
    made = [Connection('traversable', known[a].name, known[b].name) for a, b in pairs]
    if made:
        what = 'straight way to a neighbour, as neither a map nor connected_to says any: check it'
        report.note('guessed', what, f'{made[0].source} - {made[0].target}', len(made))
    return made


def _nearest(node: Node, known: Sequence[Node]) -> Node | None:
    def away_m(region: Node) -> float:
        distance_m = node.distance_m(region)
        return math.inf if distance_m is None else distance_m

    return min(known, key=away_m, default=None)


def _views(
    unseen: list[Node], regions: list[Node | None], report: ImportReport
) -> list[Connection]:
    made = []
    for node, region in zip(unseen, regions):
        if region is None:
            report.note('left out', 'region that an object is seen from', node.name)
        else:
            report.note('guessed', 'region that an object is seen from: the nearest', node.name)
            made.append(Connection('observed_from', node.name, region.name))
    return made


def neighbours(points: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """The pairs of points than which no third one is nearer to both: a network in one piece with
    few ways that cross (Toussaint, The relative neighbourhood graph of a finite planar set, 1980).
    """
    import numpy as np

    where = np.asarray(points, dtype=float).reshape(-1, 2)
    far = np.hypot(*(where[:, None, :] - where[None, :, :]).transpose(2, 0, 1))
    pairs = []
    for a, from_a in enumerate(far):
        near = np.argsort(from_a)[1:9]  # most pairs fall by one of these
        is_open = (np.maximum(from_a[near][:, None], far[near]) >= from_a[None, :]).all(axis=0)
        for b in np.flatnonzero(is_open):
            if a < b and not (np.maximum(from_a, far[b]) < from_a[b]).any():
                pairs.append((a, int(b)))
    return pairs


def _positions(nodes: Iterable[Node]) -> list[tuple[float, float]]:
    return [node.position for node in nodes if node.position is not None]
