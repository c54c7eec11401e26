# SPDX-License-Identifier: Apache-2.0
"""Several questions in one request, each a sentence of its own that says all that it asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.kinds.said import ASKS
from prism_core.domains.mapping.reading.composing_words import PATTERNS
from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.markers import marker
from prism_core.domains.mapping.reading.reading import MAX_STEPS
from prism_core.domains.mapping.reading.sentence import Sentence

_POINTS_BACK = re.compile(
    r'\b(?:it(?! (?:be |is )?(?:possible|true|right|correct|so that|the case))|its|they|them|'
    r'their|theirs|this|these|those|(?<!is )(?<!are )there(?! (?:is|are)\b)|ones?|same|others?|'
    r'both|that (?:is|are|one))\b'
)
_IF_SO = re.compile(r'(?:then|yes|no)\b')
_NOUN = re.compile(r'\b[ORP]\b')
_MARK = re.compile(r'[.?!]+$')

ReadOne = Callable[[str], Intent | None]
"""What a sentence means where nothing of it is left over."""


def read_questions(
    request: str, units: Sequence[Sentence], cues: Cues, read_one: ReadOne
) -> Intent | None:
    """The questions of a request in order; None where it is anything else.

    Args:
        request: as it was said.
        units: its sentences, tagged.
        cues: the words of conditions.
        read_one: reads one of its sentences.
    """
    asked = [part for unit in units if (part := _without_lead(unit)).text]
    asked = [part for part in asked if not PATTERNS['announced'].fullmatch(part.text)]
    if not 1 < len(asked) <= MAX_STEPS or not all(_stands_alone(part, cues) for part in asked):
        return None
    steps: list[Intent] = []
    for part in asked:
        start, end = part.said
        mark = _MARK.search(request[end:].split(' ')[0])
        step = read_one(request[start:end] + (mark[0] if mark is not None else ''))
        if step is None or step.kind not in ASKS or step in steps:
            return None
        steps.append(step)
    return Intent('sequence', steps=tuple(steps))


def _without_lead(unit: Sentence) -> Sentence:
    """A sentence without the words that only say that it is another question."""
    while True:
        match = PATTERNS['lead'].match(unit.text)
        if match is None or not match.end() or _NOUN.search(match[0]):
            return unit
        unit = unit.part(match.end())


def _stands_alone(part: Sentence, cues: Cues) -> bool:
    """Whether a sentence names what it is about, and is no case of another's condition."""
    noun = _NOUN.search(part.text)
    if noun is None or _IF_SO.match(part.text):
        return False
    back = _POINTS_BACK.search(part.text)
    found = marker(part.text, cues)
    return (back is None or back.start() > noun.start()) and (found is None or found[0] == 'if')
