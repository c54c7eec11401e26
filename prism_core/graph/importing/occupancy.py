# SPDX-License-Identifier: Apache-2.0
"""Occupancy grids as Nav2's map server reads them: where a robot fits, and how far it drives.

The format is that of a map YAML and its picture (https://docs.nav2.org, nav2_map_server): a
picture whose lower left corner lies at `origin`, `resolution` metres a pixel, white free and black
occupied. Unknown space is not driven through. Needs numpy, scipy and Pillow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError
from scipy.ndimage import distance_transform_edt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from prism_core.errors import SceneGraphError
from prism_core.graph.elements import quote
from prism_core.graph.importing.report import ImportReport

FREE_THRESH, OCCUPIED_THRESH = 0.25, 0.65
"""Where a map YAML names none: what nav2_map_server saves."""
UNKNOWN = 205 / 255
"""How light nav2_map_server saves what it does not know. With the threshold that it saves beside
it, it takes that for free when it loads the map again
(https://github.com/SteveMacenski/slam_toolbox/issues/587); here it stays unknown.
"""
SNAP_M = 1.0
"""A place so near to where the robot fits counts as there: by a wall, on a dock."""
STRETCH = 1.2
"""Over the ways that are kept, it is at most so many times as far as over the floor."""
MAX_PIXELS = 64_000_000
_MODES = ('trinary', 'scale')
_SIDES = ((0, 1), (1, 0), (1, 1), (1, -1))  # of a cell; the other four are the same ways back

Point = tuple[float, float]


@dataclass(frozen=True)
class OccupancyGrid:
    """Which cells are known to be free.

    `free` has the lowest row first; `origin` is the pose (x, y, yaw) of the lower left corner, in
    metres and radians, in frame map.
    """

    free: np.ndarray
    resolution_m: float
    origin: tuple[float, float, float]

    @property
    def free_m2(self) -> float:
        """How much floor is known to be free."""
        return float(self.free.sum()) * self.resolution_m**2


def read_grid(data: Mapping[str, Any], picture: bytes, report: ImportReport) -> OccupancyGrid:
    """Read a map from its YAML, as plain data, and its picture.

    Raises:
        SceneGraphError: a key is missing or cannot be used, or the picture is none.
    """
    resolution_m = _number(data, 'resolution', None)
    if not 0 < resolution_m < 100:
        raise SceneGraphError(f'resolution: expected metres a pixel, got {resolution_m:g}')
    origin = data.get('origin')
    if not (isinstance(origin, list) and len(origin) in (2, 3) and all(map(_is_finite, origin))):
        raise SceneGraphError(f'origin: expected [x, y, yaw], got {quote(origin)}')
    mode = data.get('mode', _MODES[0])
    if mode not in _MODES:
        raise SceneGraphError(f'mode: expected {" or ".join(_MODES)}, got {quote(mode)}')
    free_below = _number(data, 'free_thresh', FREE_THRESH)
    occupied_above = _number(data, 'occupied_thresh', OCCUPIED_THRESH)
    if not 0 <= free_below < occupied_above <= 1:
        raise SceneGraphError(
            f'expected 0 <= free_thresh < occupied_thresh <= 1, got {free_below:g} and '
            f'{occupied_above:g}'
        )
    light, is_opaque = _read_picture(picture)
    occupied = light if data.get('negate') else 1 - light
    free = (occupied < free_below) & is_opaque
    unknown = free & (light == UNKNOWN) & (not data.get('negate'))
    if unknown.any():
        what = 'pixel of lightness 205, unknown space, as free floor'
        report.note('left out', what, f'free_thresh is {free_below:g}', int(unknown.sum()))
    x, y, yaw = (*map(float, origin), 0.0)[:3]
    grid = OccupancyGrid((free & ~unknown)[::-1], resolution_m, (x, y, yaw))
    shown = f'{resolution_m:g} m a pixel, {light.shape[1]} x {light.shape[0]} pixels'
    report.note('read', 'm2 of free floor', shown, round(grid.free_m2))
    return grid


def _read_picture(picture: bytes) -> tuple[np.ndarray, np.ndarray]:
    """How light each pixel is, 0 to 1, and whether it can be seen."""
    try:
        with Image.open(BytesIO(picture)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise SceneGraphError(
                    f'the picture has {image.width} x {image.height} pixels, expected at most '
                    f'{MAX_PIXELS:,}; take a coarser resolution'
                )
            pixels = np.asarray(image.convert('RGBA'))
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise SceneGraphError(f'the picture cannot be read: {error}') from None
    return pixels[..., :3].mean(axis=2) / 255, pixels[..., 3] == 255


def _number(data: Mapping[str, Any], key: str, otherwise: float | None) -> float:
    value = data.get(key, otherwise)
    if not _is_finite(value):
        raise SceneGraphError(f'{key}: expected a number, got {quote(value)}')
    return float(value)


def _is_finite(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


@dataclass(frozen=True)
class GridWays:
    """What a grid says of places on it.

    `lengths_m`: how far it is between two places, by their numbers, for those that are joined.
    `owners`: for each of the other points, the place that is nearest to drive to, or None.
    `outside`: the places that are nowhere near to where the robot fits.
    """

    lengths_m: dict[tuple[int, int], float]
    owners: list[int | None]
    outside: list[int]


def find_ways(
    grid: OccupancyGrid, places: Sequence[Point], others: Sequence[Point], robot_radius_m: float
) -> GridWays:
    """The ways between places over free floor, wide enough for a robot.

    Two places are joined where the others leave no way between them that is at most `STRETCH` times
    as long as the shortest one. Cells are taken together to squares of at most half the radius: two
    floors that a wall parts are twice the radius apart, and so stay apart. Lengths go along the
    squares, at most 8 % too long, and straight where the straight line is free.
    """
    fits, size_m = _cells_that_fit(grid, robot_radius_m)
    cells = np.argwhere(fits)
    if not len(cells):
        return GridWays({}, [None] * len(others), list(range(len(places))))
    tree = cKDTree((cells + 0.5) * size_m)
    spots = _on_grid(grid, places)
    away_m, nearest = tree.query(spots)
    standing = [int(number) for number in np.flatnonzero(away_m <= SNAP_M)]
    network = _network(fits, cells, size_m)
    far_m = np.full((len(places), len(places)), np.inf)
    owner, owner_m = np.full(len(cells), -1), np.full(len(cells), np.inf)
    for number in standing:
        from_here_m = dijkstra(network, directed=False, indices=int(nearest[number]))
        far_m[number, standing] = from_here_m[nearest[standing]]
        is_nearer = from_here_m < owner_m
        owner[is_nearer], owner_m[is_nearer] = number, from_here_m[is_nearer]
    for a, b in np.argwhere(np.isfinite(far_m)):
        straight_m = math.dist(places[a], places[b])
        is_free = _is_straight_free(fits, size_m, spots[[a, b]])
        far_m[a, b] = straight_m if is_free else max(straight_m, far_m[a, b])
    seen_from: list[int | None] = []
    for spot in _on_grid(grid, others):
        near = int(owner[tree.query(spot)[1]])
        seen_from.append(near if near >= 0 else None)
    outside = sorted(set(range(len(places))) - set(standing))
    return GridWays(_spanner(far_m), seen_from, outside)


def _spanner(far_m: np.ndarray) -> dict[tuple[int, int], float]:
    """Few of all ways, over which nothing is more than `STRETCH` times as far: the shortest first,
    each that is needed (Althoefer et al., On sparse spanners of weighted graphs, 1993).
    """
    ones, others = np.triu_indices(len(far_m), 1)
    kept_m = np.full_like(far_m, np.inf)
    np.fill_diagonal(kept_m, 0.0)
    lengths = {}
    for at in np.argsort(far_m[ones, others], kind='stable'):
        a, b = int(ones[at]), int(others[at])
        length_m = float(far_m[a, b])
        if not math.isfinite(length_m):
            break
        if kept_m[a, b] > STRETCH * length_m:
            lengths[a, b] = length_m
            through_m = kept_m[:, a, None] + length_m + kept_m[None, b, :]
            kept_m = np.minimum(kept_m, np.minimum(through_m, through_m.T))
    return lengths


def _cells_that_fit(grid: OccupancyGrid, robot_radius_m: float) -> tuple[np.ndarray, float]:
    """Where the middle of the robot can be, in squares, and their size; the edge is a wall."""
    clear_m = distance_transform_edt(np.pad(grid.free, 1))[1:-1, 1:-1] * grid.resolution_m
    fits = grid.free & (clear_m > robot_radius_m)
    taken = max(1, int(robot_radius_m / 2 / grid.resolution_m))
    rows, columns = (-(-length // taken) for length in fits.shape)
    padded = np.zeros((rows * taken, columns * taken), dtype=bool)
    padded[: fits.shape[0], : fits.shape[1]] = fits
    squares = padded.reshape(rows, taken, columns, taken).any(axis=(1, 3))
    return np.asarray(squares), taken * grid.resolution_m


def _on_grid(grid: OccupancyGrid, points: Sequence[Point]) -> np.ndarray:
    """Rows and columns of points of frame map, in metres from the lower left corner."""
    x, y, yaw = grid.origin
    moved = np.asarray(points, dtype=float).reshape(-1, 2) - (x, y)
    sine, cosine = math.sin(yaw), math.cos(yaw)
    along = moved[:, 0] * cosine + moved[:, 1] * sine
    up = moved[:, 1] * cosine - moved[:, 0] * sine
    return np.column_stack((up, along))


def _network(fits: np.ndarray, cells: np.ndarray, size_m: float) -> csr_matrix:
    """The cells where the robot fits, and how far it is to their neighbours."""
    number = np.full((fits.shape[0] + 2, fits.shape[1] + 2), -1)
    inside = cells + 1
    number[inside[:, 0], inside[:, 1]] = np.arange(len(cells))
    ones, others, steps = [], [], []
    for row, column in _SIDES:
        beside = number[inside[:, 0] + row, inside[:, 1] + column]
        there = np.flatnonzero(beside >= 0)
        ones.append(there)
        others.append(beside[there])
        steps.append(np.full(len(there), size_m * math.hypot(row, column)))
    one, other, step_m = map(np.concatenate, (ones, others, steps))
    return csr_matrix((step_m, (one, other)), shape=(len(cells), len(cells)))


def _is_straight_free(fits: np.ndarray, size_m: float, ends: np.ndarray) -> bool:
    """Whether the robot fits all along a straight line."""
    start, end = ends
    steps = max(2, int(np.linalg.norm(end - start) / size_m * 4))
    along = start + np.linspace(0, 1, steps)[:, None] * (end - start)
    rows, columns = (along / size_m).astype(int).T
    is_inside = (rows >= 0) & (rows < fits.shape[0]) & (columns >= 0) & (columns < fits.shape[1])
    return bool(is_inside.all() and fits[rows, columns].all())
