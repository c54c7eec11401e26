# SPDX-License-Identifier: Apache-2.0
"""The region nearest to a point, by a k-d tree: n log n for a whole map, however regions lie."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping

Point = tuple[float, float]
_Item = tuple[Point, Hashable]
_Tree = tuple[_Item, '_Tree | None', '_Tree | None']  # an item, what is below it, what is above


class NearestRegions:
    """Regions by where they are; those of unknown position are not found."""

    def __init__(self, positions: Mapping[Hashable, Point | None]):
        known = [(point, key) for key, point in positions.items() if point is not None]
        self._tree = _grow(known, 0)

    def find(self, point: Point | None) -> Hashable | None:
        """The nearest region; None where no position is known."""
        if point is None or self._tree is None:
            return None
        best, found = math.inf, None
        waiting: list[tuple[float, _Tree | None, int]] = [(0.0, self._tree, 0)]
        while waiting:
            gap, tree, axis = waiting.pop()
            if tree is None or gap >= best:
                continue
            (at, key), below, above = tree
            distance = math.dist(point, at)
            if distance < best:
                best, found = distance, key
            side = point[axis] - at[axis]
            near, far = (below, above) if side < 0 else (above, below)
            waiting += [(abs(side), far, 1 - axis), (0.0, near, 1 - axis)]
        return found


def _grow(items: list[_Item], axis: int) -> _Tree | None:
    if not items:
        return None
    items = sorted(items, key=lambda item: item[0][axis])
    middle = len(items) // 2
    below = _grow(items[:middle], 1 - axis)
    return items[middle], below, _grow(items[middle + 1 :], 1 - axis)
