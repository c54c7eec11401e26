# SPDX-License-Identifier: Apache-2.0
"""How a task is said that points back to what was said before."""

from __future__ import annotations

from typing import NamedTuple

from prism_core.domains.mapping.intent import Intent


class BackReference(NamedTuple):
    """The group of its phrasings, and what stands in their slots, as an intent has it."""

    group: str
    said: Intent
