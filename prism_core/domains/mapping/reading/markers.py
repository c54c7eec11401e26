# SPDX-License-Identifier: Apache-2.0
"""By which words conditions and their cases begin in a tagged text, and where they may end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prism_core.domains.mapping.reading.composing_words import PATTERNS
from prism_core.domains.mapping.reading.cues import Cues

_ASKED_TOO = re.compile(
    r'.*\b(?:tell|see|check|find out|say|report|know|determine)\b(?: me| for me)? '
    r'(?:if|whether|what|where|how|which)\b.* and $'
)


def marker(text: str, cues: Cues) -> tuple[str, int, int] | None:
    """The first place where a condition or a case begins, of which kind it is, and its end."""
    found = []
    for kind in ('else', 'so', 'if'):
        for match in marks(kind, text, cues):
            if kind != 'if' and PATTERNS['asking'].search(text[: match.start()]):
                continue
            if kind == 'if' and not _is_condition(text, match):
                continue
            if (
                kind == 'else'
                and match[0].split()[0] == 'else'
                and text[: match.start()].endswith('or ')
            ):
                continue
            if kind == 'so' and not is_short(match[0], text[match.end() :]):
                continue
            rank = ('else', 'so', 'if').index(kind)
            found.append((match.start(), rank, kind, match.end()))
            break
    if not found:
        return None
    start, _, kind, end = min(found)
    return kind, start, end


def marks(kind: str, text: str, cues: Cues) -> Iterator[re.Match[str]]:
    """Where conditions are stated, and their cases."""
    more = {'else': 'otherwise', 'so': 'so'}.get(kind)
    patterns = cues.patterns
    found = [*PATTERNS[kind].finditer(text), *(patterns[more].finditer(text) if more else ())]
    found = [match for match in found if not match[0].startswith('a ')]
    yield from sorted(found, key=lambda match: (match.start(), -match.end()))


def _is_condition(text: str, match: re.Match[str]) -> bool:
    before = text[: match.start()]
    word, behind = match[0], text[match.end() :]
    if word == 'unless' or 'not' in word.split():
        return True
    if PATTERNS['asking'].search(before):
        return False
    is_asked_too = _ASKED_TOO.match(before) is not None and ',' not in behind
    if is_asked_too:
        return False
    is_begun = not before or re.search(r'(?:[,:]|\band|\bor|\bbut) $', before)
    if word in ('should', 'when', 'whenever', 'suppose', 'supposing', 'assuming') and not is_begun:
        return False
    if word == 'should' and ',' not in behind and 'then' not in behind.split():
        return False
    if word in ('when', 'whenever') and not re.match(r' (?:O|R|the|it|there)\b', behind):
        return False
    if behind.startswith(' it comes to'):
        return False
    return not re.match(
        r' (?:possible|you (?:please|could|would|like|have|do not mind|want)|i|'
        r'need|necessary|so)\b',
        behind,
    )


def is_short(word: str, behind: str) -> bool:
    """Whether `if it is` and the like say all of a condition, as before a comma or what to do."""
    behind = behind.strip()
    if word in ('then', 'yes'):
        return False
    if word.endswith(' can'):
        return not behind or behind[0] in ',:'
    if not behind or re.match(r'[,:]|then\b|please\b', behind):
        return True
    return any(PATTERNS[use].match(behind) for use in ('deed', 'home', 'stay'))


def splits(text: str) -> Iterator[tuple[int, int]]:
    """Where a condition may end, and where what follows begins."""
    marks = [*re.finditer(r' (?:, then|, please|,|then|:)(?=\s)', text)]
    yield from (match.span() for match in marks)
    for match in re.finditer(r' (?=\w)', text):
        behind = text[match.end() :]
        if PATTERNS['deed'].match(behind) or PATTERNS['home'].match(behind):
            yield match.span()
