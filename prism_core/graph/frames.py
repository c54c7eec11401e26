# SPDX-License-Identifier: Apache-2.0
"""How coordinate frames lie to each other, from transforms as TF tells them. Knows no ROS.

Rotations are unit quaternions (x, y, z, w), lengths metres, as REP 103 has them; a transform from
parent to child takes coordinates in the child to coordinates in the parent, as
geometry_msgs/TransformStamped does. Of each frame the last transform counts: nothing is
interpolated.
"""

from __future__ import annotations

import math
from typing import NamedTuple

Vector = tuple[float, float, float]
Rotation = tuple[float, float, float, float]

IDENTITY: Rotation = (0.0, 0.0, 0.0, 1.0)
_MAX_DEPTH = 64  # of a chain of frames; a longer one is a circle
_SHORTEST = 1e-6


class Transform(NamedTuple):
    """A rotation, and then a shift."""

    shift: Vector = (0.0, 0.0, 0.0)
    rotation: Rotation = IDENTITY

    def apply(self, point: Vector) -> Vector:
        """Where a point of the child is in the parent."""
        x, y, z = rotate(self.rotation, point)
        return x + self.shift[0], y + self.shift[1], z + self.shift[2]

    def after(self, inner: Transform) -> Transform:
        """This one after another one."""
        return Transform(self.apply(inner.shift), multiply(self.rotation, inner.rotation))

    def inverse(self) -> Transform:
        """The way back."""
        x, y, z, w = self.rotation
        back = (-x, -y, -z, w)
        dx, dy, dz = rotate(back, self.shift)
        return Transform((-dx, -dy, -dz), back)


def multiply(one: Rotation, other: Rotation) -> Rotation:
    """The rotation that is another one and then this one."""
    ax, ay, az, aw = one
    bx, by, bz, bw = other
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def rotate(rotation: Rotation, point: Vector) -> Vector:
    """A point turned around the origin."""
    x, y, z, w = rotation
    turned = multiply(multiply(rotation, (*point, 0.0)), (-x, -y, -z, w))
    return turned[:3]


class FrameTree:
    """The frames that were told of, each with its parent."""

    def __init__(self) -> None:
        self._parents: dict[str, tuple[str, Transform, float | None]] = {}

    def put(
        self, parent: str, child: str, transform: Transform, heard_s: float | None = None
    ) -> bool:
        """Note where a frame lies; whether that can be.

        Args:
            parent: the frame that it lies in.
            child: the frame.
            transform: takes coordinates in the child to such in the parent; its rotation need not
                be of length one.
            heard_s: when that was said, in seconds; None holds for ever.
        """
        norm = math.hypot(*transform.rotation)
        numbers = (*transform.shift, *transform.rotation)
        parent, child = parent.strip('/'), child.strip('/')
        if not all(map(math.isfinite, numbers)) or norm < _SHORTEST:
            return False
        if not parent or not child or parent == child:
            return False
        x, y, z, w = (value / norm for value in transform.rotation)
        self._parents[child] = parent, Transform(transform.shift, (x, y, z, w)), heard_s
        return True

    def find(self, target: str, source: str, since_s: float | None = None) -> Transform | None:
        """The transform that takes coordinates in one frame to such in another.

        Args:
            target: the frame to go to.
            source: the frame that coordinates are in.
            since_s: transforms that were heard before are too old; None takes any.

        Returns:
            The transform; None where the two do not hang together, or only by what is too old.
        """
        up = self._to_root(source.strip('/'), since_s)
        down = self._to_root(target.strip('/'), since_s)
        for frame, way in up.items():
            if frame in down:
                return down[frame].inverse().after(way)
        return None

    def _to_root(self, frame: str, since_s: float | None) -> dict[str, Transform]:
        """What takes coordinates in a frame to each frame above it, itself first."""
        ways = {frame: Transform()}
        way = Transform()
        while frame in self._parents and len(ways) < _MAX_DEPTH:
            parent, transform, heard_s = self._parents[frame]
            is_old = since_s is not None and heard_s is not None and heard_s < since_s
            if is_old or parent in ways:
                break
            way = transform.after(way)
            ways[parent] = way
            frame = parent
        return ways
