# SPDX-License-Identifier: Apache-2.0
"""Phrases in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable


def phrase_pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    """Finds whole phrases in a lower-case text, the longest first; of no phrases, none."""
    longest_first = sorted(phrases, key=len, reverse=True)
    if not longest_first:
        return re.compile('(?!)')
    return re.compile(rf'(?<!\w)(?:{"|".join(map(re.escape, longest_first))})(?!\w)')
