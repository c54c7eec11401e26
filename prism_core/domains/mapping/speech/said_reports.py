# SPDX-License-Identifier: Apache-2.0
"""Reports in few words: their form, and what it is about; the sentences are made by code. Several
are joined: `answer node crate<o3> & count of van & here yard<r1>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from prism_core.dialects.phrases import Named, Phrase, Quoted
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.report_forms import FORM_ARGUMENTS
from prism_core.domains.mapping.report_texts import fit_text, join_texts, parse_reports
from prism_core.domains.mapping.reports import (
    Report,
    parse_report,
    reachable_places,
    render_report,
    split_nodes,
)
from prism_core.errors import PlanParseError
from prism_core.graph.scene_graph import SceneGraph

THERE = 'there'
"""That the robot drives somewhere and has been there then, in one word."""
JOINT = '&'
# Only where a form stands behind it: no value and no class reads so.
_JOINT = re.compile(
    rf'(?:^|(?<= )){JOINT}(?: (?=(?:{"|".join([*FORM_ARGUMENTS, THERE])})(?: |$))|$)'
)
FORMS_WITH_CLASSES = ('all_have', 'list', 'closest', 'been_allowed')
"""Forms that say their classes, whatever the goal is about: there must be some of these."""


@dataclass(frozen=True)
class SaidReport:
    """A report, and whether it is said with the drive to where the robot then is."""

    report: Report
    drives: bool = False

    @property
    def word(self) -> str:
        """The word for its form."""
        return THERE if self.drives and self.report.form == 'been_at' else self.report.form


def read_reports(text: str, graph: SceneGraph) -> tuple[Report, ...]:
    """The reports that a text says; one of form `say` where they would be another text."""
    whole = parse_report(text, graph)
    if whole.form == 'done' and whole.arguments and _told_values(whole.arguments[0], graph):
        return (whole,)
    reports = parse_reports(text, graph)
    again = join_texts(render_report(report, graph) for report in reports)
    return reports if again == text else (Report('say', (text,)),)


def shorten_reports(
    said: Iterable[SaidReport], graph: SceneGraph, lexicon: Lexicon, classes: str = ''
) -> Phrase:
    """What an answer or a question says.

    Args:
        said: its reports.
        graph: what is known.
        lexicon: says what several classes are called in one word.
        classes: those that the goal names, joined by ' or '; they are left out.
    """
    words: list[str] = []
    for number, one in enumerate(said):
        words += [JOINT] if number else []
        words += _shorten(one, graph, lexicon, classes)
    return tuple(words)


def expand_reports(
    phrase: Phrase, graph: SceneGraph, lexicon: Lexicon, classes: str = ''
) -> tuple[SaidReport, ...]:
    """The reports: the other way round.

    Raises:
        PlanParseError: one of them has no known form, or says what is not known.
    """
    return tuple(_expand(part, graph, lexicon, classes) for part in _split(phrase))


def join_reports(reports: Iterable[Report], graph: SceneGraph) -> str:
    """The text of some reports.

    Raises:
        PlanParseError: one of them says what is not known.
    """
    return fit_text(join_texts(_render(report, graph) for report in reports))


# ---------------------------------------------------------------------------------------- writing


def _shorten(said: SaidReport, graph: SceneGraph, lexicon: Lexicon, classes: str) -> list[str]:
    report = said.report
    if report.form == 'say':
        return [Quoted(report.arguments[0])]
    if report.form == 'done' and report.arguments:
        return ['done', *_shorten_values(_told_values(report.arguments[0], graph))]
    arguments = list(zip(FORM_ARGUMENTS[report.form], report.arguments))
    if report.form == 'more':  # in the order of the graph, which does not tell who has more
        order = list(graph.regions)
        arguments = arguments[:1] + sorted(arguments[1:], key=lambda a: order.index(a[1]))
    words: list[str] = [said.word]
    for kind, value in arguments:
        if kind == 'classes':
            is_said = value != classes or report.form in FORMS_WITH_CLASSES
            words += [f'of {lexicon.call_classes(value)}'] if is_said else []
        elif kind == 'nodes':
            for number, name in enumerate(split_nodes(value, graph) if value else ()):
                words += [',', Named(name)] if number else [Named(name)]
        elif kind == 'node':
            words += [Named(value)] if value else []
        elif kind == 'text':
            words.append(Quoted(value))
        else:
            words.append(value if kind == 'attribute' else f'; {value}')
    return words


def _told_values(told: str, graph: SceneGraph) -> tuple[Report, ...]:
    """The reports of sentences that each say a value; none where one says something else."""
    reports = parse_reports(told, graph)
    return reports if all(report.form == 'value' for report in reports) else ()


def _shorten_values(reports: Sequence[Report]) -> list[str]:
    said: list[str] = []
    for number, (name, attribute) in enumerate(report.arguments for report in reports):
        said += [*([','] if number else []), Named(name), attribute]
    return said


# ---------------------------------------------------------------------------------------- reading


def _split(phrase: Phrase) -> list[Phrase]:
    """The phrases between the joints."""
    parts: list[list[str]] = [[]]
    for word in phrase:
        if isinstance(word, (Named, Quoted)):
            parts[-1].append(word)
            continue
        first, *others = _JOINT.split(word)
        parts[-1] += [first.strip()] if first.strip() else []
        parts += [[other.strip()] if other.strip() else [] for other in others]
    return [tuple(part) for part in parts]


def _expand(phrase: Phrase, graph: SceneGraph, lexicon: Lexicon, classes: str) -> SaidReport:
    if phrase and isinstance(phrase[0], Quoted):
        return SaidReport(Report('say', (str(phrase[0]),)))
    first = '' if not phrase or isinstance(phrase[0], Named) else phrase[0]
    first, _, alone = first.partition(' ; ')
    form, _, said = first.partition(' ')
    form, drives = ('been_at', True) if form == THERE else (form, form == 'here')
    kinds = FORM_ARGUMENTS.get(form)
    if kinds is None:
        raise PlanParseError(f'expected a form of answer, got {" ".join(phrase)[:60]!r}')
    if form == 'done' and len(phrase) > 1:
        sentences = (_render(report, graph) for report in _expand_values(phrase[1:]))
        return SaidReport(Report('done', (' '.join(sentences),)))
    nodes = [str(part) for part in phrase[1:] if isinstance(part, Named)]
    behind = phrase[-1] if len(phrase) > 1 and not isinstance(phrase[-1], Named) else ''
    attribute, _, value = behind.partition(' ; ')
    several = alone or behind.removeprefix('; ')
    values: list[str] = []
    for kind in kinds:
        if kind == 'classes':
            is_said, called = said.startswith('of '), said.removeprefix('of ')
            values.append(' or '.join(lexicon.meant_by(called)) if is_said else classes)
        elif kind == 'nodes':
            values.append(' or '.join(nodes))
            nodes = []
        elif kind == 'node':
            values.append(nodes.pop(0) if nodes else '')
        elif kind == 'text':
            values.append(next((str(part) for part in phrase if isinstance(part, Quoted)), ''))
        else:
            told = {'attribute': attribute, 'value': value, 'values': several}
            values.append(told[kind])
    if form == 'been' and not reachable_places(graph, values[0]):
        form = 'none'  # of what no place is called, no place was left out
    return SaidReport(Report(form, tuple(values)), drives)


def _expand_values(said: Phrase) -> Iterable[Report]:
    """The values that stand behind `done`."""
    for name, attribute in pairwise(said):
        if isinstance(name, Named):
            yield Report('value', (str(name), attribute.removesuffix(' ,')))


def _render(report: Report, graph: SceneGraph) -> str:
    try:
        return render_report(report, graph)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        said = ' '.join((report.form, *report.arguments))
        raise PlanParseError(f'{said[:60]!r} says what is not known: {error}') from None
