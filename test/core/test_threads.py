# SPDX-License-Identifier: Apache-2.0
"""How many threads compute a student: never so many that a robot's other work stops all of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prism_core.gguf_info import GgufInfo
from prism_core.inference.student import choose_threads

SMALL, LARGE = (GgufInfo(Path('x.gguf'), size, {}, (), None) for size in (1_600_000, 145_000_000))


@pytest.mark.parametrize(('cores', 'threads'), [(1, 1), (2, 1), (6, 5)])
def test_a_core_is_left_for_other_work(monkeypatch, cores, threads):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: set(range(cores)))
    assert choose_threads(0, LARGE) == threads
    assert choose_threads(0, SMALL) == 1


def test_as_many_as_are_asked_for_are_taken():
    assert choose_threads(4, LARGE) == choose_threads(4, SMALL) == 4
