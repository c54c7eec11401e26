# SPDX-License-Identifier: Apache-2.0
"""Values of files as a scene graph may hold them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from prism_core.graph.elements import (
    MAX_ATTRIBUTES,
    MAX_COORDINATE_M,
    MAX_COST_M,
    MAX_NAME_CHARS,
    quote,
)
from prism_core.graph.importing.raw import free_attributes
from prism_core.graph.importing.report import ImportReport

_MAX_DEPTH = 12  # of a value inside a node; `spine_json` reads 16 from the top of a file
_REFUSED = object()


def read_point(value: Any) -> tuple[float, ...] | None:
    """Two or three finite numbers in metres from a list, from `{"x": 1, "y": 2}` or from a text
    such as `1.0, 2.0`; None where it is no such thing.
    """
    if isinstance(value, Mapping):
        value = [value.get(axis) for axis in ('x', 'y', 'z') if axis != 'z' or axis in value]
    if isinstance(value, str):
        try:
            value = [float(part) for part in value.strip('[]() ').replace(',', ' ').split()]
        except ValueError:
            return None
    if not isinstance(value, (list, tuple)) or len(value) not in (2, 3):
        return None
    if not all(map(_is_number, value)):
        return None
    point = tuple(map(float, value))
    return point if all(abs(number) <= MAX_COORDINATE_M for number in point) else None


def read_cost(value: Any) -> float | None:
    """A travel cost in metres; None where it is none."""
    return float(value) if _is_number(value) and 0 <= value <= MAX_COST_M else None


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= sys.float_info.max  # not for NaN


def clean_name(text: str) -> str:
    """A name that a node can have: one line of printable characters, 128 at most; '' for none."""
    shown = ''.join(char if char.isprintable() else ' ' for char in text)
    return ' '.join(shown.split())[:MAX_NAME_CHARS].strip() if not shown.isspace() else ''


def clean_attributes(
    attributes: Mapping[str, Any], place: str, report: ImportReport, room: int = MAX_ATTRIBUTES
) -> dict[str, Any]:
    """The attributes that a scene graph can hold and JSON can carry; the others are noted."""
    kept: dict[str, Any] = {}
    for key, value in free_attributes(attributes).items():
        cleaned = _clean(value, 0)
        is_key = isinstance(key, str) and '\0' not in key and _clean(key, 0) is not _REFUSED
        if cleaned is _REFUSED or not is_key:
            report.note(
                'left out', 'attribute that JSON cannot carry', f'{place}: {key}={quote(value)}'
            )
        elif len(kept) == room:
            report.note('left out', f'attribute beyond {MAX_ATTRIBUTES}', f'{place}: {key}')
        elif value is not None:
            kept[key] = cleaned
    return kept


def _clean(value: Any, depth: int) -> Any:
    """The value as JSON gives it back; `_REFUSED` where it cannot."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _REFUSED if not value.isascii() and _has_half_pair(value) else value
    if isinstance(value, (int, float)):
        return value if abs(value) <= sys.float_info.max else _REFUSED  # not for NaN
    if depth == _MAX_DEPTH:
        return _REFUSED
    if isinstance(value, (list, tuple)):
        items = [_clean(item, depth + 1) for item in value]
        return _REFUSED if _REFUSED in items else items
    if isinstance(value, Mapping):
        pairs = {str(key): _clean(item, depth + 1) for key, item in value.items()}
        is_refused = _REFUSED in pairs.values() or any(map(_has_half_pair, pairs))
        return _REFUSED if is_refused else pairs
    return _REFUSED


def _has_half_pair(text: str) -> bool:
    return any('\ud800' <= char <= '\udfff' for char in text)
