# SPDX-License-Identifier: Apache-2.0
"""The goal of a plan as a user is asked whether it is meant."""

from __future__ import annotations

from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.lexicon import Lexicon


def say_goal(goal: str, lexicon: Lexicon) -> str:
    """A goal such as `exists crate` in words."""
    name, _, target = goal.partition(' ')
    kind = KINDS.get(name)
    said = kind.said_goal if kind is not None else ''
    if target in lexicon.purposes:
        target = f'something to {target}'
    return f'{said or name.replace("_", " ")} {target}'.strip()
