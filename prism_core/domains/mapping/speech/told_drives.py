# SPDX-License-Identifier: Apache-2.0
"""Drives that an answer of several parts tells of. They are said together: `there dock<r4>` drives
to the dock and says that the robot has been there, `here yard<r1>` that it is there now; so nobody
says that he was where he was not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.domains.mapping.reports import Report, render_report
from prism_core.domains.mapping.speech.said_reports import SaidReport
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, Role

(_DRIVE,) = (a.name for a in MAPPING_ACTIONS.values() if a.role is Role.DRIVE)


def tell_drives(
    reports: Sequence[Report], before: Sequence[Action], graph: SceneGraph
) -> tuple[int, list[SaidReport]]:
    """The reports of an answer, with the drives right before it that they tell of, and how many
    these are.
    """
    places = _last_drives(before)
    for first in range(len(reports) + 1):
        said = [_with_drive(report, number >= first) for number, report in enumerate(reports)]
        for number in range(len(places), -1, -1):
            at = places[-number - 1] if number < len(places) else graph.robot_location
            if _driven(said, at) == places[len(places) - number :]:
                return number, said
    # To say it so would be to drive elsewhere.
    quoted = (Report('say', (render_report(report, graph),)) for report in reports)
    return 0, [SaidReport(q if r.form == 'here' else r) for q, r in zip(quoted, reports)]


def drives_of(said: Sequence[SaidReport], graph: SceneGraph) -> Iterator[Action]:
    """The drives that reports tell of; the robot is where the graph says."""
    return (Action(_DRIVE, (place,)) for place in _driven(said, graph.robot_location))


def _with_drive(report: Report, drives: bool) -> SaidReport:
    """A report that the robot was, or is, somewhere, perhaps with the drive there."""
    return SaidReport(report, drives=report.form == 'here' or (report.form == 'been_at' and drives))


def _driven(said: Sequence[SaidReport], at: str | None) -> list[str]:
    """Where reports drive to, one after the other."""
    places: list[str] = []
    for one in said:
        if one.drives and at != one.report.arguments[0]:
            at = one.report.arguments[0]
            places.append(at)
    return places


def _last_drives(actions: Sequence[Action]) -> list[str]:
    """Where the last ones of some actions drive to."""
    names: list[str] = []
    for action in reversed(actions):
        if action.name != _DRIVE:
            break
        names.append(str(action.arguments[0]))
    return names[::-1]
