# SPDX-License-Identifier: Apache-2.0
"""Texts of several reports, one behind the other, as the answer to several things is."""

from __future__ import annotations

import re

from prism_core.domains.mapping.reports import Report, parse_report
from prism_core.graph.scene_graph import SceneGraph

_END = re.compile(r'[.?!](?: |\Z)')


def parse_reports(text: str, graph: SceneGraph) -> tuple[Report, ...]:
    """The reports of a text, in order; what stands behind the last of them is of form `say`."""
    reports: list[Report] = []
    start = 0
    for found in _END.finditer(text):
        report = parse_report(text[start : found.start() + 1], graph)
        if report.form != 'say':  # else the end of a sentence stands in a name or a value
            reports.append(report)
            start = found.end()
    if start < len(text):
        reports.append(Report('say', (text[start:],)))
    return tuple(reports)
