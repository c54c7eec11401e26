# SPDX-License-Identifier: Apache-2.0
"""Is an answer right that quotes what a robot said in words? What is quoted counts as it is read
(see `told_values`), what stands beside it as in any answer: neither may contradict the truth, and
one of them must say it. Whoever quotes need not say yes or no where the quote says so plainly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.told_values import Said, calls_in_text, read_told
from prism_core.episode.criterion import Criterion
from prism_core.graph.scene_graph import SceneGraph


@dataclass(frozen=True)
class QuotedAnswer:
    """An answer in its parts: what the robot said, and what stands beside that."""

    quoted: str
    beside: str

    @classmethod
    def part(cls, text: str, sentences: Sequence[str]) -> QuotedAnswer:
        """The parts of an answer that holds some sentences of the robot."""
        beside = text
        for sentence in sorted(sentences, key=len, reverse=True):
            beside = beside.replace(sentence, ' ')
        return cls(' '.join(sorted(sentences, key=text.index)), beside)

    def read(
        self, criterion: Criterion, attribute: str, graph: SceneGraph, lexicon: Lexicon
    ) -> Said:
        """What the quote says of the object that is asked about."""
        facts = (fact for fact in criterion.evidence if fact.detail == attribute)
        name = next((fact.node for fact in facts), '')
        called = calls_in_text(graph.nodes[name], lexicon) if name in graph.nodes else ()
        return read_told(self.quoted, called, lexicon)


def why_value_wrong(
    answer: QuotedAnswer,
    criterion: Criterion,
    graph: SceneGraph,
    lexicon: Lexicon,
    judge: Callable[[str], str],
) -> str:
    """Why an answer is not the value that is asked for; `judge` tells that of plain text."""
    attribute, value = lexicon.attribute_phrases[criterion.accepted[0]]
    said = answer.read(criterion, attribute, graph, lexicon).values.get(attribute)
    if said is not None and said != value:
        return f'{said} is not the answer'
    values = (*criterion.accepted, *criterion.rivals)
    is_said_beside = any(word in answer.beside.lower() for word in values)
    if said is None or is_said_beside:
        return judge(answer.beside if is_said_beside else answer.quoted)
    return ''


def claim_of_quote(
    answer: QuotedAnswer, criterion: Criterion, graph: SceneGraph, lexicon: Lexicon
) -> str:
    """`yes` or `no` as a quote plainly says it of the value that is asked about; or ''."""
    _, *asked = criterion.accepted
    if not asked or asked[0] not in lexicon.attribute_phrases:
        return ''
    attribute, value = lexicon.attribute_phrases[asked[0]]
    holds = answer.read(criterion, attribute, graph, lexicon).holds(attribute, value)
    return '' if holds is None else 'yes' if holds else 'no'
