# SPDX-License-Identifier: Apache-2.0
"""The machine that is measured: what it is, how much memory a process takes, how fast it reads.

Linux only as far as memory goes; elsewhere that is not known.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

_PROC = Path('/proc')
_READ_BYTES = 256 * 2**20
_READS = 20


def describe_machine() -> dict[str, str]:
    """What stands beside every figure; the load says whether others were at work."""
    return {
        'processor': _read(_PROC / 'cpuinfo', r'^model name\s*:\s*(.+)$') or platform.machine(),
        'cores': str(count_cores()),
        'load': f'{os.getloadavg()[0]:.2f}',
        'python': platform.python_version(),
        'llama_cpp_python': importlib.metadata.version('llama-cpp-python'),
    }


def count_cores() -> int:
    """So many cores this process may use."""
    return len(os.sched_getaffinity(0))


def resident_bytes(pid: int) -> int | None:
    """The memory that a process has now, with the pages of the files that it maps; None where that
    is not known.
    """
    found = _read(_PROC / str(pid) / 'status', r'^VmRSS:\s+(\d+) kB$')
    return int(found) * 1024 if found else None


def _read(path: Path, pattern: str) -> str:
    try:
        match = re.search(pattern, path.read_text(), re.MULTILINE)
    except OSError:
        return ''
    return match[1] if match else ''


def measure_reading(threads: int, size_bytes: int = _READ_BYTES) -> float:
    """Bytes a second that are read from memory, at best.

    Args:
        threads: so many read side by side: one alone does not use all of the memory's speed.
        size_bytes: of all arrays together; more than the caches hold.
    """
    item_bytes = np.dtype(np.float32).itemsize
    arrays = [np.ones(size_bytes // threads // item_bytes, np.float32) for _ in range(threads)]
    seconds = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(_READS):
            start_s = time.perf_counter()
            list(pool.map(np.dot, arrays, arrays))
            seconds.append(time.perf_counter() - start_s)
    return sum(array.nbytes for array in arrays) / min(seconds)
