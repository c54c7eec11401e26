# SPDX-License-Identifier: Apache-2.0
"""Controls of a domain that brings none: planners that do one thing whatever is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prism_core.episode.episode import Turn
from prism_core.errors import ConfigError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable, Role
from prism_core.plan.plan import Plan

_ROLES = {'always_report': Role.REPORT, 'always_ask': Role.ASK}
FIXED_CONTROLS = tuple(_ROLES)
_SAID = 'I do not know.'


@dataclass(frozen=True)
class FixedPlanner:
    """Always the same plan."""

    name: str
    fixed: Plan

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The plan."""
        return self.fixed

    def close(self) -> None:
        """Nothing to free."""


def make_fixed_control(name: str, table: ActionTable) -> FixedPlanner:
    """Ends each mission at once: by the table's action that reports, or by the one that asks; a
    table without it gives an empty plan.

    Raises:
        ConfigError: there is no such control.
    """
    if name not in _ROLES:
        raise ConfigError(f'control: expected one of {", ".join(_ROLES)}, got {name!r}')
    spec = table.of_role(_ROLES[name])
    if spec is None:
        return FixedPlanner(name, Plan(()))
    said = (next(iter(a.sayings.values()), _SAID) for a in spec.arguments)
    return FixedPlanner(name, Plan((Action(spec.name, tuple(said)),)))
