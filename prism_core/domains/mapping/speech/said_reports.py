# SPDX-License-Identifier: Apache-2.0
"""Reports in few words: their form, and what it is about; the sentence is made by code."""

from __future__ import annotations

from itertools import pairwise

from prism_core.dialects.phrases import Named, Phrase, Quoted
from prism_core.domains.mapping.report_texts import parse_reports
from prism_core.domains.mapping.reports import (
    FORM_ARGUMENTS,
    Report,
    parse_report,
    render_report,
    split_nodes,
)
from prism_core.errors import PlanParseError
from prism_core.graph.scene_graph import SceneGraph


def shorten_report(text: str, graph: SceneGraph, classes: str) -> Phrase:
    """What an answer or a question says.

    Args:
        text: the sentence.
        graph: what is known.
        classes: those that the goal names, joined by ' or '; they are left out.
    """
    report = parse_report(text, graph)
    if report.form == 'done' and report.arguments:
        return _shorten_values(report.arguments[0], graph) or (Quoted(text),)
    if report.form == 'say':
        return (Quoted(text),)
    arguments = list(zip(FORM_ARGUMENTS[report.form], report.arguments))
    if report.form == 'more':  # in the order of the graph, which does not tell who has more
        order = list(graph.regions)
        arguments = arguments[:1] + sorted(arguments[1:], key=lambda a: order.index(a[1]))
    said: list[str] = [report.form]
    for kind, value in arguments:
        if kind == 'classes':
            said += [] if value == classes else [f'of {value}']
        elif kind == 'nodes':
            for number, name in enumerate(split_nodes(value, graph) if value else ()):
                said += [',', Named(name)] if number else [Named(name)]
        elif kind == 'node':
            said += [Named(value)] if value else []
        elif kind == 'text':
            said.append(Quoted(value))
        else:
            said.append(value if kind == 'attribute' else f'; {value}')
    return tuple(said)


def expand_report(phrase: Phrase, graph: SceneGraph, classes: str) -> str:
    """The sentence of a report: the other way round.

    Raises:
        PlanParseError: it has no known form, or says what is not known.
    """
    if phrase and isinstance(phrase[0], Quoted):
        return str(phrase[0])
    if phrase[:1] == ('done',) and len(phrase) > 1:
        return _render(Report('done', (_expand_values(phrase[1:], graph),)), phrase, graph)
    first = '' if not phrase or isinstance(phrase[0], Named) else phrase[0]
    first, _, alone = first.partition(' ; ')
    form, _, said = first.partition(' ')
    kinds = FORM_ARGUMENTS.get(form)
    if kinds is None:
        raise PlanParseError(f'expected a form of answer, got {" ".join(phrase)[:60]!r}')
    nodes = [str(part) for part in phrase[1:] if isinstance(part, Named)]
    behind = phrase[-1] if len(phrase) > 1 and not isinstance(phrase[-1], Named) else ''
    attribute, _, value = behind.partition(' ; ')
    several = alone or behind.removeprefix('; ')
    values: list[str] = []
    for kind in kinds:
        if kind == 'classes':
            values.append(said.removeprefix('of ') if said.startswith('of ') else classes)
        elif kind == 'nodes':
            values.append(' or '.join(nodes))
        elif kind == 'node':
            values.append(nodes.pop(0) if nodes else '')
        elif kind == 'text':
            values.append(next((str(part) for part in phrase if isinstance(part, Quoted)), ''))
        else:
            told = {'attribute': attribute, 'value': value, 'values': several}
            values.append(told[kind])
    return _render(Report(form, tuple(values)), phrase, graph)


def _render(report: Report, phrase: Phrase, graph: SceneGraph) -> str:
    try:
        return render_report(report, graph)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise PlanParseError(f'{" ".join(phrase)[:60]!r} says what is not known: {error}') from None


def _shorten_values(told: str, graph: SceneGraph) -> Phrase:
    """Of sentences that each say a value, which; nothing where one of them says something else."""
    reports = parse_reports(told, graph)
    if any(report.form != 'value' for report in reports):
        return ()
    said: list[str] = ['done']
    for number, (name, attribute) in enumerate(report.arguments for report in reports):
        said += [*([','] if number else []), Named(name), attribute]
    return tuple(said)


def _expand_values(said: Phrase, graph: SceneGraph) -> str:
    """The sentences: the other way round."""
    told: list[str] = []
    for name, attribute in pairwise(said):
        if isinstance(name, Named):
            report = Report('value', (str(name), attribute.removesuffix(' ,')))
            told.append(_render(report, said, graph))
    return ' '.join(told)
