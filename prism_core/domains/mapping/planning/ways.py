# SPDX-License-Identifier: Apache-2.0
"""Seeing whether the way between two regions can be driven."""

from __future__ import annotations

from collections.abc import Sequence

from prism_core.domains.mapping.intent import Target
from prism_core.domains.mapping.looking import MAPPED
from prism_core.domains.mapping.planning.mission import Mission, Step
from prism_core.plan.actions import Action


def way_ends(mission: Mission, one: Target, other: Target) -> tuple[str, str] | Step:
    """The two ends of a way that was looked at in this mission; or the step that looks at it."""
    names: list[str] = []
    for part in (one, other):
        name = mission.resolve(part)
        if isinstance(name, Step):
            return name
        names.append(name)
    if _is_looked_at(mission, names):
        return names[0], names[1]
    order = sorted(names, key=lambda name: (name != mission.state.here, names.index(name)))
    reachable = [name for name in order if mission.is_reachable(name)]
    if not reachable:
        return mission.get_to(names[0])
    is_mapped = all(mission.graph.nodes[name].attributes.get(MAPPED) for name in names)
    drive = Action('goto', (order[1],))
    if is_mapped and order[0] == mission.state.here and drive not in mission.state.in_vain:
        return Step((drive, Action('replan')))  # a look shows nothing new: drive there
    return Step((Action('map_region', (reachable[0],)),))


def _is_looked_at(mission: Mission, ends: Sequence[str]) -> bool:
    """Whether it is known from this mission if the way between two regions can be driven: one of
    them was mapped, the way was driven, or it turned out to be none.
    """
    graph, done, here = mission.graph, mission.state.done, mission.state.here
    if any(Action('map_region', (end,)) in done for end in ends):
        return True
    if all(graph.nodes[end].attributes.get(MAPPED) for end in ends):
        is_driven = here in ends and {Action('goto', (here,)), Action('replan')} <= done
        return is_driven or not graph.region_network.has_edge(*ends)
    return False
