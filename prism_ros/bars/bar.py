# SPDX-License-Identifier: Apache-2.0
"""What is measured is a Bar: a figure beside the most that it may be; and how often is a Sizes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Bar:
    """One figure of a bar.

    Attributes:
        name: of the bar that it belongs to.
        what: is measured.
        figure: that was found; infinite where something did not come at all.
        target: the most that it may be.
        unit: of both.
        number: so many things were measured.
        details: other figures beside it.
    """

    name: str
    what: str
    figure: float
    target: float
    unit: str
    number: int
    details: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_held(self) -> bool:
        """Whether the figure is no more than it may be."""
        return self.figure <= self.target

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON, in which there is no infinity."""
        figure = self.figure if math.isfinite(self.figure) else None
        return {**vars(self), 'figure': figure, 'is_held': self.is_held}


@dataclass(frozen=True)
class Sizes:
    """How much is done for each bar.

    Attributes:
        nodes: of the large scene graph.
        seconds: of each stretch in which a timer is watched.
        cancels: in each phase.
        hangs: calls of a planner that hangs.
        stops: engine children that are stopped; each is asked `CALLS_A_STOP` times.
        cuts: of the network, half of them silent.
        cycles: of the planner's life.
        engine_kills, node_kills: with -9.
    """

    nodes: int = 8000
    seconds: float = 60.0
    cancels: int = 200
    hangs: int = 10_000
    stops: int = 50
    cuts: int = 20
    cycles: int = 200
    engine_kills: int = 50
    node_kills: int = 10


BRIEF = Sizes(
    nodes=2000,
    seconds=0.5,
    cancels=1,
    hangs=5,
    stops=1,
    cuts=2,
    cycles=2,
    engine_kills=1,
    node_kills=0,
)
"""To see that it works; nothing is told of nodes that are killed, whose names need half a minute to
go.
"""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of all is no larger than; infinite for none."""
    if not values:
        return math.inf
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def describe(values: Sequence[float]) -> dict[str, float]:
    """Median and worst of some values, for the details of a bar."""
    return {'median': statistics.median(values), 'worst': max(values)} if values else {}
