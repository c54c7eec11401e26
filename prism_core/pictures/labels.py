# SPDX-License-Identifier: Apache-2.0
"""Where names stand on a map of characters, so that none covers another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Cell = tuple[int, int]
"""A column, from the left, and a row."""
_ROWS = (0, 1, -1, 2, -2)
"""A name may stand so many rows beside its place."""


def place_labels(
    names: Iterable[str], cells: Mapping[str, Cell], columns: int, rows: int
) -> dict[str, Cell]:
    """Where the middle of each name stands; those for which there is no room are left out.

    Args:
        names: in the order in which they are served.
        cells: where each belongs.
        columns: of the map; a name is moved so that it lies in it.
        rows: of the map.
    """
    taken: dict[int, list[tuple[int, int]]] = {}
    placed: dict[str, Cell] = {}
    for name in names:
        column, row = cells[name]
        start = max(0, min(column - len(name) // 2, columns - len(name)))
        end = start + len(name)
        for shift in _ROWS:
            spans = taken.setdefault(row + shift, [])
            is_free = all(end < before or behind < start for before, behind in spans)
            if 0 <= row + shift < rows and is_free:
                spans.append((start, end))
                placed[name] = (start + len(name) // 2, row + shift)
                break
    return placed
