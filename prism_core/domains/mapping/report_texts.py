# SPDX-License-Identifier: Apache-2.0
"""Texts of several reports, one behind the other, as the answer to several things is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from prism_core.domains.mapping.report_forms import FORM_ARGUMENTS
from prism_core.domains.mapping.reports import Report, parse_report
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.validation import MAX_TEXT_CHARS

_END = re.compile(r'[.?!](?: |\Z)')
_COST, _ODD, _SAY = 1, 6, 20


def parse_reports(text: str, graph: SceneGraph) -> tuple[Report, ...]:
    """The reports of a text, in order; what is none of any form is of form `say`."""
    reports: list[Report] = []
    start = 0
    for found in _END.finditer(text):
        report = parse_report(text[start : found.start() + 1], graph)
        if _cost_of(report) == _COST:  # else the end of a sentence stands in a name or a value
            reports.append(report)
            start = found.end()
    return tuple(reports) if start == len(text) else _parse_at_best(text, graph)


def _parse_at_best(text: str, graph: SceneGraph) -> tuple[Report, ...]:
    """The reports that leave least of a text to `say`: where one sentence of a report is a report
    itself, the sooner is not the better.
    """
    cuts = [0, *(found.end() for found in _END.finditer(text))]
    if cuts[-1] != len(text):
        cuts.append(len(text))
    best: dict[int, tuple[int, tuple[Report, ...]]] = {len(text): (0, ())}
    for number, start in reversed([*enumerate(cuts[:-1])]):
        found = []
        for end in cuts[number + 1 :]:
            report = _parse_part(text[start:end].rstrip(), graph)
            cost, others = best[end]
            found.append((cost + _cost_of(report), (report, *others)))
        best[start] = min(found, key=lambda entry: entry[0])
    return best[0][1]


def _parse_part(text: str, graph: SceneGraph) -> Report:
    """The report of a part of a text, which may have got its full stop from `join_texts`."""
    report = parse_report(text, graph)
    if report.form == 'say' and text.endswith('.'):
        without = parse_report(text[:-1], graph)
        return report if without.form == 'say' else without
    return report


def _cost_of(report: Report) -> int:
    """How much is against a report: a text that is no form, or one that holds other sentences."""
    if report.form == 'say':
        return _SAY
    kinds = FORM_ARGUMENTS[report.form]
    told = report.arguments[len(kinds) :]
    classes = (value for kind, value in zip(kinds, report.arguments) if kind == 'classes')
    return _ODD if any(_END.search(f'{value} ') for value in (*told, *classes)) else _COST


def join_texts(texts: Iterable[str]) -> str:
    """Some texts as one; each but the last is a whole sentence or ends as one."""
    *before, last = [*filter(None, texts)] or ['']
    return ' '.join([*map(_end_sentence, before), last])


def _end_sentence(text: str) -> str:
    return text if text[-1] in '.!?' else f'{text}.'


def fit_text(text: str, end: str = '') -> str:
    """A text and an end to it, of whole sentences; the last ones of the text are left out where
    there are too many for an answer.
    """
    room = MAX_TEXT_CHARS - (len(end) + 2 if end else 0)
    if len(text) > room:
        cuts = [found.start() + 1 for found in _END.finditer(text)]
        text = text[: max((cut for cut in cuts if cut <= room), default=room)]
    return join_texts((text, end)) if end else text
