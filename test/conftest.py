"""For all tests."""

from __future__ import annotations

import signal

import pytest

# A shell that starts tests in the background has them ignore interrupts, and what they start does
# the same: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html (2.12).
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope='session', autouse=True)
def state_home(tmp_path_factory):
    """What is remembered of model files stays out of the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('XDG_STATE_HOME', str(tmp_path_factory.mktemp('state')))
        yield
