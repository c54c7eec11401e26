# SPDX-License-Identifier: Apache-2.0
"""The words that join and begin the parts of requests, as data in `words/composing.json`.

They are for tagged text, see `sentence`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import resources

from prism_core.domains.mapping.reading.cues import compile_phrases
from prism_core.domains.mapping.reading.sentence import Sentence


def _load() -> Mapping[str, re.Pattern[str]]:
    folder = resources.files('prism_core.domains.mapping').joinpath('words')
    data = json.loads(folder.joinpath('composing.json').read_text('utf-8'))
    return {use: compile_phrases(phrases) for use, phrases in data.items()}


PATTERNS: Mapping[str, re.Pattern[str]] = _load()
"""By use: `polite` and `filler` ask for nothing, `if`, `so` and `else` are of conditions, `home`
and `stay` say where to end, `deed` begins what can be done or asked, `unable` what cannot.
"""

SMALL = frozenset(
    [
        'found',
        'saw',
        'seen',
        'stand',
        'stands',
        'standing',
        'detailed',
        'detail',
        'details',
        'list',
        'arrival',
        'message',
        'appearance',
        'description',
        'contents',
        'inventory',
        'word',
        'words',
        'short',
        'note',
        'line',
        'what',
        'yes',
        'full',
        'whole',
        'exactly',
        'met',
        'noticed',
        'notice',
        'discovered',
        'looks',
        'saw',
        'things',
        'objects',
        'results',
        'result',
        'findings',
        'coordinates',
        ',',
        'one',
        'map',
        'photo',
        'picture',
    ]
)
"""Words that name nothing in what is to be told of something."""


def strip_polite(clause: Sentence) -> Sentence:
    """A clause without what asks for nothing before and behind it."""
    clause = clause.part(0)
    while True:
        text = clause.text
        if PATTERNS['filler'].fullmatch(text) or PATTERNS['home'].fullmatch(text):
            return clause
        match = PATTERNS['polite'].match(text)
        if match is None or not match.end():
            break
        clause = clause.part(match.end())
    end = re.search(
        r'(?: (?:please|too|as well|also|for me|now|first|then|instead|again|'
        r'quickly|today|next))+$',
        clause.text,
    )
    return clause.part(0, end.start()) if end is not None else clause
