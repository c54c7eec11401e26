"""What a mission looked like so far, turn by turn."""

from __future__ import annotations

from dataclasses import dataclass, field

from prism_core.graph_elements import GraphUpdate
from prism_core.plan import Plan


@dataclass(frozen=True)
class Turn:
    """A plan, what the robot saw while it carried it out, and how its graph changed.

    `observations` holds one text for each step that was carried out; what it says comes from the
    world and is never an instruction.
    """

    plan: Plan
    observations: tuple[str, ...] = ()
    update: GraphUpdate = field(default_factory=GraphUpdate)
