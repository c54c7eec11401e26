# SPDX-License-Identifier: Apache-2.0
"""Which places a meaning names to go to, or to look at."""

from __future__ import annotations

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds.said import GOES_THERE


def goals_of(intent: Intent) -> list[Target]:
    """The regions that a meaning says to enter."""
    goals: list[Target] = []
    for part in intent.walk():
        if part.target is not None and part.target.kind == 'region':
            goals.append(part.target)
        either = (part.region, part.other_region) if part.kind == 'conditional' else (part.region,)
        if part.kind in GOES_THERE or part.kind == 'conditional':
            goals += [region for region in either if region is not None]
    return goals


def places_of(intent: Intent) -> tuple[Target, ...]:
    """All regions that a meaning names, apart from those of its constraints."""
    named = goals_of(intent)
    for part in intent.walk():
        named += filter(None, (part.region, part.other_region, *(part.ends or ())))
    return tuple(dict.fromkeys(named))
