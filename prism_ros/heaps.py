# SPDX-License-Identifier: Apache-2.0
"""How many heaps the C library keeps for the threads of a process.

glibc gives new threads heaps of their own, up to eight for each core, and each keeps what was freed
in it: a node that starts a few threads with every planner would grow by 40 MiB over some 40 lives,
with nothing in them (mallopt(3), M_ARENA_MAX).
"""

from __future__ import annotations

import contextlib
import ctypes

_M_ARENA_MAX = -8
_HEAPS = 2


def share_heaps() -> None:
    """Have all threads that begin from now on share two heaps; elsewhere than on glibc nothing
    happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _HEAPS)
