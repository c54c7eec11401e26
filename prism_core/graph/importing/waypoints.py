# SPDX-License-Identifier: Apache-2.0
"""Named waypoints in YAML, as people write them down, alone or inside the YAML of a Nav2 map.

There is no one format of named waypoints in ROS. Read are those that Nav2's RViz panel saves
(`waypoints: {waypoint0: {pose: [x, y, z], orientation: [w, x, y, z]}}`), lists of `name` with `x`
and `y`, with a `position` or with a `pose` as geometry_msgs has them, and `name: [x, y]`. Beside
them `map` may name the YAML of an occupancy grid, and `robot_radius` half the width that the robot
needs, in metres.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from prism_core.errors import SceneGraphError
from prism_core.graph.elements import LOCATION_KEYS, quote
from prism_core.graph.importing.layers import LayerTable
from prism_core.graph.importing.map_text import MapText
from prism_core.graph.importing.report import ImportReport
from prism_core.graph.importing.site import OWN_KEYS, Place, make_place, make_site, take_places
from prism_core.graph.importing.values import clean_attributes
from prism_core.graph.scene_graph import SceneGraph
from prism_core.installing import explain_missing

if TYPE_CHECKING:
    from prism_core.graph.importing.occupancy import OccupancyGrid

NAME = 'waypoints'
LAYERS = LayerTable()
LISTS = ('waypoints', 'places', 'locations', 'poses', 'goals', 'points')
"""Keys under which a file may have its places."""
_POSITIONS = ('position', 'pose', 'coords', 'point')
_HEADINGS = ('orientation', 'yaw', 'theta', 'heading')
_NAMES = ('name', 'id')
_GLOBE = ('latitude', 'longitude', 'lat', 'lon')
_EXPECTED = 'expected x and y, position: or pose: with both, or [x, y], in metres'
_OF_MAP = ('image', 'resolution', 'origin', 'negate', 'mode', 'free_thresh', 'occupied_thresh')
_MAX_ROBOT_RADIUS_M = 10.0


def recognise(source: MapText) -> str | None:
    """Why the text has no named waypoints; None where it has."""
    if source.fault and source.yaml_fault:
        return source.yaml_fault
    try:
        items, _ = _find_items(source.data)
    except SceneGraphError as error:
        return str(error)
    found = [item for _, _, item in items]
    if not any(map(_has_position, found)):
        return 'no waypoint in it has a position'
    return None


def read(source: MapText, _: LayerTable, report: ImportReport) -> SceneGraph:
    """Read waypoints, and the map that they are on where one is named.

    Raises:
        SceneGraphError: with one problem, place and value for each waypoint that cannot be read;
            the map cannot be.
        ConfigError: a file that the text names cannot be read.
    """
    if source.fault and source.yaml_fault:
        raise SceneGraphError(source.yaml_fault)
    items, settings = _find_items(source.data)
    places = take_places(_read_items(items, report))
    radius_m = settings.pop('robot_radius', None)
    fits = radius_m is None or (_is_number(radius_m) and 0 < radius_m <= _MAX_ROBOT_RADIUS_M)
    if not fits:
        raise SceneGraphError(
            f'robot_radius: expected metres up to {_MAX_ROBOT_RADIUS_M:g}, got {quote(radius_m)}'
        )
    grid = _find_grid(source, settings, report)
    said = [settings.pop(key) for key in LOCATION_KEYS if key in settings]
    location = next((str(name) for name in said if name not in (None, '')), None)
    kept = {key: value for key, value in settings.items() if key not in _OF_MAP}
    return make_site(
        places,
        report,
        grid=grid,
        robot_radius_m=radius_m,
        robot_location=location,
        attributes=clean_attributes(kept, 'the file', report),
    )


def _find_grid(
    source: MapText, settings: dict[str, Any], report: ImportReport
) -> OccupancyGrid | None:
    """The occupancy grid that a file is, or names under `map`; None where it is and names none."""
    from prism_core.yaml_text import load_yaml

    named = settings.pop('map', None)
    if named is None and 'image' not in settings:
        return None
    try:
        from prism_core.graph.importing.occupancy import read_grid
    except ImportError as error:
        raise SceneGraphError(f'a map of Nav2: {explain_missing(error) or error}') from error
    described: Any = settings
    if named is not None:
        where = source.beside(str(named))
        described = load_yaml(where.text)
        if not isinstance(described, dict) or 'image' not in described:
            raise SceneGraphError(
                f'map: expected the YAML of a map with image: and resolution:, got {named}, which '
                f'holds {quote(described)}'
            )
        source = where
    return read_grid(described, source.bytes_beside(str(described['image'])), report)


def _find_items(data: Any) -> tuple[list[tuple[str, str | None, Any]], dict[str, Any]]:
    """Each place with where it stands in the file and its name where its key is that; and the
    other keys of the file.
    """
    where, items, settings = '', data, {}
    if isinstance(data, dict):
        lists = (key for key in LISTS if isinstance(data.get(key), (list, dict)))
        where = next((key for key in lists if not _has_position(data[key])), '')
        if where:
            items = data[where]
            settings = {key: value for key, value in data.items() if key != where}
        elif not any(map(_has_position, data.values())):
            items = None
        else:
            items = {key: value for key, value in data.items() if isinstance(value, (list, dict))}
            settings = {key: value for key, value in data.items() if key not in items}
    if isinstance(items, dict):
        return [
            (f'{where}.{key}'.strip('.'), str(key), item) for key, item in items.items()
        ], settings
    if isinstance(items, list):
        return [(f'{where}[{n}]', None, item) for n, item in enumerate(items)], settings
    raise SceneGraphError(
        f'expected a list of places under {", ".join(LISTS[:-1])} or {LISTS[-1]}, or names with '
        f'[x, y], got {"an empty file" if data is None else quote(data)}'
    )


def _has_position(item: Any) -> bool:
    return _find_position(item) is not None


def _read_items(
    items: Iterable[tuple[str, str | None, Any]], report: ImportReport
) -> Iterator[Place | str]:
    for number, (where, name, item) in enumerate(items, start=1):
        said: Mapping[str, Any] = item if isinstance(item, dict) else {}
        name = next((str(said[key]) for key in _NAMES if key in said), name)
        found = _find_position(item)
        globe = [key for key in _GLOBE if key in said]
        is_said = any(said.get(key) is not None for key in ('x', 'y', *_POSITIONS))
        if found is None and (globe or not said or is_said):
            got = f'{globe[0]}, which is no place on the map' if globe else quote(item)
            yield f'{where}: {_EXPECTED}, got {got}'
            continue
        if name is None:
            name = f'waypoint_{number}'
            report.note('guessed', 'name of a waypoint that has none', name)
        numbers, more = found or ([], {})
        if len(numbers) == 3 and not said:
            report.note('left out', 'third number, height or heading: write z: or yaw:', name)
            numbers = numbers[:2]
        kept = {k: v for k, v in said.items() if k not in (*OWN_KEYS, *_POSITIONS, 'header', 'id')}
        kept = clean_attributes({**kept, **more}, name, report)
        yield make_place(where, name, numbers, said, kept)


def _find_position(item: Any) -> tuple[list[float], dict[str, Any]] | None:
    """The two or three numbers in an item however deep, and the heading beside them."""
    if isinstance(item, (list, tuple)):
        fits = len(item) in (2, 3) and all(map(_is_number, item))
        return ([float(number) for number in item], {}) if fits else None
    if not isinstance(item, dict):
        return None
    more = {key: item[key] for key in _HEADINGS if key in item}
    for key in _POSITIONS:
        if (found := _find_position(item.get(key))) is not None:
            return found[0], {**found[1], **more}
    numbers = [item[axis] for axis in 'xyz' if item.get(axis) is not None]
    fits = all(_is_number(item.get(axis)) for axis in 'xy') and all(map(_is_number, numbers))
    return ([float(number) for number in numbers], more) if fits else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
