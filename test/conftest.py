"""For all tests."""

from __future__ import annotations

import signal

# A shell that starts tests in the background has them ignore interrupts, and what they start does
# the same: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html (2.12).
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
