# SPDX-License-Identifier: Apache-2.0
"""Typing errors as on a phone: a neighbouring key, two letters that changed places, one that is
missing or double; no capitals, no full stops.
"""

from __future__ import annotations

import re
from random import Random

from prism_core.graph.scene_graph import SceneGraph

_ROWS = ('qwertyuiop', 'asdfghjkl', 'zxcvbnm')
_NEIGHBOURS = {
    letter: row[max(i - 1, 0) : i] + row[i + 1 : i + 2]
    for row in _ROWS
    for i, letter in enumerate(row)
}
_WORD = re.compile(r'[A-Za-z]{4,}')
_ERRORS_PER_WORD, _MOST = 0.18, 4
_CARELESS = 0.5


def mistype(text: str, rng: Random, known_graph: SceneGraph) -> str:
    """A text with at least one and at most four typing errors, none in a name of a node."""
    names = [re.escape(name) for name in known_graph.nodes if name in text]
    named = [m.span() for name in names for m in re.finditer(name, text)]
    words = [
        m for m in _WORD.finditer(text) if not any(a < m.end() and m.start() < b for a, b in named)
    ]
    chosen = [m for m in words if rng.random() < _ERRORS_PER_WORD] or words[:1]
    rng.shuffle(chosen)
    for found in sorted(chosen[:_MOST], key=lambda m: -m.start()):
        text = text[: found.start()] + _spoil(found[0], rng) + text[found.end() :]
    if rng.random() < _CARELESS:
        text = text.rstrip('.!').replace(', ', ' ')
        text = text[:1].lower() + text[1:] if text.split(' ')[0].isalpha() else text
    return text


def _spoil(word: str, rng: Random) -> str:
    """A word with one error, not in its first letter."""
    at = rng.randrange(1, len(word) - 1)
    before, letter, behind = word[:at], word[at], word[at + 1 :]
    near = rng.choice(_NEIGHBOURS.get(letter.lower(), letter))
    return rng.choice(
        (
            before + near + behind,
            before + behind,
            before + letter + letter + behind,
            before + behind[0] + letter + behind[1:],
        )
    )
