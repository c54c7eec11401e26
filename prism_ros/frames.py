# SPDX-License-Identifier: Apache-2.0
"""Messages in other frames than ours, brought to frame map by what TF tells.

Of each frame the last transform counts, and one that moves is believed for `MAX_AGE_S`: nothing is
interpolated to the stamp of a message, as tf2 would. tf2_ros is not needed, tf2_msgs is.
"""

from __future__ import annotations

import math
from typing import Any

from prism_core import SceneGraphError, quote
from prism_core.graph.frames import IDENTITY, FrameTree, Transform, multiply
from prism_ros.conversions import FRAME

MAX_AGE_S = 10.0
_LEVEL_M = 1e-9  # what a rotation in the plane may make of a height of nothing


def put_transforms(frames: FrameTree | None, message: Any, heard_s: float | None) -> None:
    """Note the transforms of a tf2_msgs/TFMessage; those that can be none are left out.

    Args:
        frames: what they are noted in; None for nothing.
        message: from topic tf or tf_static.
        heard_s: when it was heard, on a steady clock; None for what holds for ever.
    """
    if frames is None:
        return
    for stamped in message.transforms:
        shift, turn = stamped.transform.translation, stamped.transform.rotation
        transform = Transform((shift.x, shift.y, shift.z), (turn.x, turn.y, turn.z, turn.w))
        frames.put(stamped.header.frame_id, stamped.child_frame_id, transform, heard_s)


def find_transform(frames: FrameTree | None, frame: str, now_s: float) -> Transform:
    """What takes coordinates in a frame to frame map.

    Args:
        frames: what TF told; None where nobody listens to it.
        frame: the name that a header gives; '' stands for map.
        now_s: seconds on the steady clock.

    Raises:
        SceneGraphError: TF tells no way from there.
    """
    if frame in ('', FRAME):
        return Transform()
    found = None if frames is None else frames.find(FRAME, frame, now_s - MAX_AGE_S)
    if found is None:
        way_out = (
            'send it in that frame, or start prism_scene_graph with tf.listen: true'
            if frames is None
            else f'TF told no way from there within {MAX_AGE_S:g} s'
        )
        raise SceneGraphError(
            f"expected coordinates in frame '{FRAME}', got {quote(frame)}; {way_out}"
        )
    return found


def bring_to_map(message: Any, nodes: Any, frames: FrameTree | None, now_s: float) -> None:
    """Turn the poses of some SceneNode messages into such of frame map, and their header with them.

    Args:
        message: that the nodes are in; its header says the frame.
        nodes: its SceneNode messages.
        frames: what TF told; None where nobody listens to it.
        now_s: seconds on the steady clock.

    Raises:
        SceneGraphError: TF tells no way from there; nothing is changed.
    """
    transform = find_transform(frames, message.header.frame_id, now_s)
    if message.header.frame_id in ('', FRAME):
        return
    for node in nodes:
        at, turn = node.pose.position, node.pose.orientation
        if math.isnan(at.x) and math.isnan(at.y):
            continue
        z = 0.0 if math.isnan(at.z) else at.z
        x, y, z = transform.apply((at.x, at.y, z))
        at.x, at.y, at.z = x, y, 0.0 if abs(z) < _LEVEL_M else z
        turned = (turn.x, turn.y, turn.z, turn.w)
        if turned != IDENTITY:  # that is how a message says nothing of it
            turn.x, turn.y, turn.z, turn.w = multiply(transform.rotation, turned)
    message.header.frame_id = FRAME
