# SPDX-License-Identifier: Apache-2.0
"""A model is refused before it takes the memory that others need."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import OutOfMemory, find_domain
from prism_core.domain import find_planner_of
from prism_core.inference.child import memory
from prism_core.inference.student import make_student_planner

GIB = 2**30
SIZES = st.integers(0, 2**40)


@given(needed=SIZES, spare=SIZES, free=SIZES)
def test_it_is_refused_where_not_enough_would_stay_available_and_only_there(needed, spare, free):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, 'available_bytes', lambda: free)
        fits = needed + spare <= free
        try:
            memory.check_memory(needed, 'the model', spare)
        except OutOfMemory:
            assert not fits
        else:
            assert fits


def test_the_refusal_has_all_three_figures(monkeypatch):
    monkeypatch.setattr(memory, 'available_bytes', lambda: 2 * GIB)
    with pytest.raises(
        OutOfMemory,
        match=r'^big needs about 1\.50 GiB of memory, 2\.00 GiB are available and 0\.75 GiB have '
        r'to stay so; take a smaller model',
    ):
        memory.check_memory(GIB * 3 // 2, 'big', GIB * 3 // 4)


def test_where_nothing_is_known_of_memory_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(memory, 'available_bytes', lambda: None)
    memory.check_memory(2**60, 'big', 2**60)


@pytest.mark.parametrize('planner', ['student', 'saycan', 'cascade'])
def test_planners_on_a_file_are_told_how_much_has_to_stay(monkeypatch, planner):
    for variable in ('PRISM_STUDENT_MODEL', 'PRISM_SAYCAN_CONFIG', 'PRISM_STUDENT_ADAPTERS'):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(memory, 'available_bytes', lambda: 8 * GIB)
    with pytest.raises(OutOfMemory, match=r'8\.00 GiB are available and 7\.95 GiB have to stay'):
        find_planner_of(find_domain('mapping'), planner, (), int(7.95 * GIB))()
    with pytest.raises(OutOfMemory, match=r'have to stay so'):
        make_student_planner(spare_bytes=8 * GIB)
