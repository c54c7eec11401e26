# SPDX-License-Identifier: Apache-2.0
"""How a planner is: whether it can answer, and why not where it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from prism_core.errors import PlannerError

HealthState = Literal['loading', 'ready', 'out']


@dataclass(frozen=True)
class PlannerHealth:
    """What a planner tells of itself by its property `health`, at once and from any thread.

    A planner without such a property is ready. One that is out may come back by itself, or when it
    is asked again.

    Attributes:
        state: `loading` while it is made, `ready`, or `out`: it cannot answer now.
        error: why it is out; None unless it is.
        model_id: name of its model and, of a model file, the first 12 hex digits of its sha256; ''
            for a planner without a model; behind ' + ' the same of the adapter that it plans with.
        remark: what its user should know though it is ready, as one sentence; '' for nothing.
        adapters: names that a request can ask for; the first plans where it asks for none, '' is
            the model alone.
    """

    state: HealthState
    error: PlannerError | None = None
    model_id: str = ''
    remark: str = ''
    adapters: tuple[str, ...] = ()
