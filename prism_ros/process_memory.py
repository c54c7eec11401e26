# SPDX-License-Identifier: Apache-2.0
"""How the process of a node looks after its memory: so that it does not grow with the threads that
come and go, and is not kept from its callbacks by Python's search for garbage.

glibc gives new threads heaps of their own, up to eight for each core, and each keeps what was freed
in it: with the threads of each planner that is started, a node had 156 MiB behind 41 lives where
135 are enough (mallopt(3), M_ARENA_MAX).

A full collection looks at every object while all threads wait: beside a scene graph of 8,000 nodes
it held the planner for 90 to 180 ms with nearly every plan, and found 60 objects.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import time
from typing import Any

WHOLE_EVERY_S = 600.0
"""So often, at the most, a collection looks at everything again."""
_M_ARENA_MAX = -8
_HEAPS = 2
_FULL = 2  # the generation of a full collection


def look_after_memory() -> None:
    """Have the threads that begin from now on share two heaps, and keep full collections short."""
    with contextlib.suppress(OSError, AttributeError):  # elsewhere than on glibc
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _HEAPS)
    gc.callbacks.append(_Freezer())


def collect_everything() -> None:
    """Look at everything for once: what was in use is not any more, and nobody waits."""
    gc.unfreeze()
    gc.collect()


class _Freezer:
    """Has full collections look only at what came since the one before: what that one found in use
    is mostly in use for long, and goes without a collector where it is no circle.
    """

    def __init__(self) -> None:
        self._whole_s = time.monotonic()

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        if info['generation'] != _FULL:
            return
        now_s = time.monotonic()
        if phase == 'stop':
            gc.freeze()
        elif now_s - self._whole_s >= WHOLE_EVERY_S:
            self._whole_s = now_s
            gc.unfreeze()
