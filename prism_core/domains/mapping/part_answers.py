# SPDX-License-Identifier: Apache-2.0
"""Is a text the right answer to several things? Each must be answered right in a stretch of its
own: whole sentences, in the order of the things; of what is the same of several nodes, in those
that name the node. All sentences belong to one of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from prism_core.domains.mapping.answer_text import NUMBER_WORDS, names_in, why_wrong
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.episode.criterion import Criterion
from prism_core.graph.names_in_text import NamesInText
from prism_core.graph.scene_graph import SceneGraph

_END = re.compile(r'(?<=[.!?;])\s+|\n+')
_LEFT_OUT = re.compile(
    r"\b(?:not|n't|never|avoid(?:ed|ing)?|without|out of|too far)\b", re.IGNORECASE
)
_MAX_WORDS_UNNAMED = 4
_OF_WAYS = {'free', 'clear', 'open', 'blocked', 'closed'}
_PLAIN_ANSWERS = {
    'yes_no': ('yes', 'no'),
    'number': (*map(str, range(13)), *NUMBER_WORDS, 'none', 'no'),
    'absence': ('no', 'none', 'nothing'),
    'value': (),
}


def without_left_out(text: str, avoided: Sequence[str], graph: SceneGraph) -> str:
    """An answer without the sentences that only say where the robot did not look or go, though it
    names places there.
    """
    if not avoided:
        return text
    return ' '.join(
        sentence
        for sentence in _END.split(text)
        if not (
            _LEFT_OUT.search(sentence)
            and (names := names_in(sentence, graph))
            and {*avoided}.issuperset(names)
        )
    )


def why_wrong_in_parts(
    text: str,
    criterion: Criterion,
    true_graph: SceneGraph,
    lexicon: Lexicon,
    told: Collection[str] = (),
) -> str:
    """Why a text is no right answer to the parts of a criterion; '' when it is one. `told` are
    sentences of the robot.
    """
    sentences = tuple(part for part in _END.split(text.strip()) if part)
    return _PartReader(true_graph, lexicon, told).why_wrong(criterion, sentences)


class _PartReader:
    """Reads the sentences of one answer."""

    def __init__(self, graph: SceneGraph, lexicon: Lexicon, told: Collection[str]):
        self.graph, self.lexicon, self._told = graph, lexicon, told
        self._read: dict[tuple[int, tuple[str, ...]], str] = {}

    def why_wrong(self, criterion: Criterion, sentences: tuple[str, ...]) -> str:
        """Why some sentences are no right answer."""
        key = (id(criterion), sentences)
        if key not in self._read:
            read = {'parts': self._in_order, 'each': self._of_each}.get(criterion.answer, self._one)
            self._read[key] = read(criterion, sentences)
        return self._read[key]

    def _one(self, criterion: Criterion, sentences: tuple[str, ...]) -> str:
        if not sentences:
            is_open = criterion.may_be_unsaid or criterion.answer == 'any'
            return '' if is_open else f'nothing is said of {criterion.about or "a part"}'
        if criterion.answer == 'any':
            return self._why_no_deed(criterion, sentences)
        return why_wrong(' '.join(sentences), criterion, self.graph, self.lexicon, self._told)

    def _why_no_deed(self, criterion: Criterion, sentences: tuple[str, ...]) -> str:
        """What was done needs one sentence at most, of where it was done."""
        if len(sentences) > 1:
            return f'{sentences[1][:40]!r} answers nothing'
        names = set(names_in(sentences[0], self.graph))
        if names:
            is_of_it = names <= {fact.node for fact in criterion.evidence}
            return '' if is_of_it else f'{sentences[0][:40]!r} answers nothing'
        is_short = len(sentences[0].split()) <= _MAX_WORDS_UNNAMED or _is_survey(criterion)
        return '' if is_short else f'{sentences[0][:40]!r} answers nothing'

    def _in_order(self, criterion: Criterion, sentences: tuple[str, ...]) -> str:
        """Let each part take the sentences behind those of the parts before it."""
        parts, number = criterion.parts, len(sentences)
        ends, furthest = {0}, (0, 0)
        for index, part in enumerate(parts):
            is_last = index == len(parts) - 1
            reached = set()
            for start in ends:
                for end in (number,) if is_last else range(start, number + 1):
                    stretch = sentences[start:end]
                    if self._answers_another(stretch, part, parts):
                        continue
                    if not self.why_wrong(part, stretch):
                        reached.add(end)
            if not reached:
                furthest = (index, min(ends))
                break
            ends = reached
        else:
            return ''
        index, start = furthest
        stretch = sentences[start:]
        why = self.why_wrong(parts[index], stretch)
        return f'part {index + 1}: {why or "more is said than answers it"}'

    def _answers_another(
        self, stretch: tuple[str, ...], part: Criterion, parts: Sequence[Criterion]
    ) -> bool:
        """Whether what is said of one part would be wrong of another; of a deed, whether it would
        answer it at all.
        """
        if part.answer == 'text' or not stretch:
            return False
        text = NamesInText(self.graph.nodes).replace(' '.join(stretch), ' ')
        text = f' {" ".join(re.findall("[a-z0-9]+", text.lower()))} '
        own = {word for one in part.walk() for word in (*one.accepted, *one.rivals)}
        if any(fact.kind == 'way' for one in part.walk() for fact in one.evidence):
            own |= _OF_WAYS
        others = (one for other in parts if other is not part for one in other.walk())
        for one in others:
            said = one.rivals if one.answer in ('value', 'yes_no') else ()
            if part.answer == 'any' and one.answer in _PLAIN_ANSWERS and not _is_survey(part):
                said = (*said, *one.accepted, *_PLAIN_ANSWERS[one.answer])
            if any(f' {word.lower()} ' in text for word in said if word not in own):
                return True
        return False

    def _of_each(self, criterion: Criterion, sentences: tuple[str, ...]) -> str:
        """Give each sentence to the node that it names, or else to that of the one before it."""
        about = [part.about for part in criterion.parts]
        said: dict[str, list[str]] = {name: [] for name in about}
        last = ''
        for sentence in sentences:
            named = [name for name in names_in(sentence, self.graph) if name in said]
            if len(set(named)) > 1:
                return f'{sentence[:40]!r} speaks of several at once'
            last = named[0] if named else last
            if not last:
                return f'{sentence[:40]!r} names none of {", ".join(about)}'
            said[last].append(sentence)
        for part in criterion.parts:
            why = self.why_wrong(part, tuple(said[part.about]))
            if why:
                return f'{part.about}: {why}'
        return ''


def _is_survey(criterion: Criterion) -> bool:
    """Whether to have looked everywhere is all that is asked for: it may be told with a number."""
    return criterion.answer == 'any' and all(fact.kind == 'mapped' for fact in criterion.evidence)
