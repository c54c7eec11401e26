# SPDX-License-Identifier: Apache-2.0
"""What detectors publish, as detections in frame map.

Two kinds are taken: a SceneGraphUpdate whose nodes are what was seen (class, pose and confidence
count; ids do not), and vision_msgs/Detection3DArray, of each detection the surest hypothesis.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prism_core.graph.frames import FrameTree
from prism_core.graph.sightings import Detection
from prism_ros.frames import find_transform

OURS, VISION = 'SceneGraphUpdate', 'vision_msgs/Detection3DArray'
KINDS = (OURS, VISION)


def read_detections(message: Any, frames: FrameTree | None, now_s: float) -> list[Detection]:
    """The detections of a message of one of `KINDS`.

    Args:
        message: one frame of the detector.
        frames: what TF told; None where nobody listens to it.
        now_s: seconds on the steady clock.

    Raises:
        SceneGraphError: TF tells no way from the frame of the message to map.
    """
    transform = find_transform(frames, message.header.frame_id, now_s)
    is_ours = hasattr(message, 'upsert_nodes')
    detections = []
    for class_name, confidence, at in _of_ours(message) if is_ours else _of_vision(message):
        x, y, z = transform.apply((at.x, at.y, at.z))
        detections.append(Detection(class_name, (x, y), confidence, z))
    return detections


def _of_ours(message: Any) -> Iterator[tuple[str, float, Any]]:
    for node in message.upsert_nodes:
        yield node.semantic_class, node.confidence, node.pose.position


def _of_vision(message: Any) -> Iterator[tuple[str, float, Any]]:
    for detection in message.detections:
        if detection.results:
            surest = max(detection.results, key=lambda result: result.hypothesis.score)
            hypothesis = surest.hypothesis
            yield hypothesis.class_id, hypothesis.score, surest.pose.pose.position
