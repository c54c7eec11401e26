# SPDX-License-Identifier: Apache-2.0
"""For all tests."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

# A shell that starts tests in the background has them ignore interrupts, and what they start does
# the same: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html (2.12).
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# How many examples a property is tried on; `pytest --hypothesis-profile long` takes another.
settings.register_profile('brief', deadline=None, max_examples=10)
settings.register_profile('quick', deadline=None, max_examples=50)
settings.register_profile('long', deadline=None, max_examples=1000)
settings.load_profile('quick')


@pytest.fixture(scope='session', autouse=True)
def state_home(tmp_path_factory):
    """What is remembered of model files stays out of the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('XDG_STATE_HOME', str(tmp_path_factory.mktemp('state')))
        yield
