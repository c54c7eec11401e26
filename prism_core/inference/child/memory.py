# SPDX-License-Identifier: Apache-2.0
"""How much memory this machine can still give, so that a model too large is refused and not killed.

Linux only; elsewhere nothing is known and nothing is refused.
"""

from __future__ import annotations

import re
from pathlib import Path

from prism_core.errors import OutOfMemory

_MEMINFO = Path('/proc/meminfo')
_CGROUP = Path('/sys/fs/cgroup')
_VMSTAT = Path('/proc/vmstat')
_GIB = 2**30


def available_bytes() -> int | None:
    """Bytes that a new process can use, by the kernel's estimate and the container's limit; None
    where it is not known.
    """
    found = [b for b in (_available_on_machine(), _available_in_container()) if b is not None]
    return min(found, default=None)


def check_memory(needed_bytes: int, what: str, spare_bytes: int = 0) -> None:
    """Refuse what does not fit beside what has to stay available for others.

    Raises:
        OutOfMemory: with all sizes.
    """
    free_bytes = available_bytes()
    if free_bytes is None or needed_bytes + spare_bytes <= free_bytes:
        return
    spared = f' and {spare_bytes / _GIB:.2f} GiB have to stay so' if spare_bytes else ''
    raise OutOfMemory(
        f'{what} needs about {needed_bytes / _GIB:.2f} GiB of memory, {free_bytes / _GIB:.2f} '
        f'GiB are available{spared}; take a smaller model or a shorter context, or free memory'
    )


def count_oom_kills() -> int:
    """How many processes the kernel has ended for want of memory since the machine was started;
    0 where it is not known.
    """
    try:
        match = re.search(r'^oom_kill (\d+)', _VMSTAT.read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(match[1]) if match else 0


def _available_on_machine() -> int | None:
    try:
        match = re.search(r'^MemAvailable:\s+(\d+) kB', _MEMINFO.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(match[1]) * 1024 if match else None


def _available_in_container() -> int | None:
    """Of cgroup version 2: the limit less what is used and cannot be dropped."""
    try:
        limit = (_CGROUP / 'memory.max').read_text().strip()
        used = int((_CGROUP / 'memory.current').read_text())
        cache = re.search(r'^inactive_file (\d+)', (_CGROUP / 'memory.stat').read_text(), re.M)
    except OSError:
        return None
    if limit == 'max':
        return None
    return max(0, int(limit) - used + (int(cache[1]) if cache else 0))
