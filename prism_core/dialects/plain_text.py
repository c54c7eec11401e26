# SPDX-License-Identifier: Apache-2.0
"""Free text that a model may say: words, numbers, punctuation and known nodes, and nothing that
looks like the name of another node; and numbers of metres.
"""

from __future__ import annotations

import re

from prism_core.plan.grammar import Part, in_order, one_of, optional, pattern, repeated

PHRASE = re.compile(r"[^\W_]([\w'& \-]{0,62}[^\W_])?")
"""A class, a key or a value that can stand in a reply."""
WORD = pattern('[A-Za-z]{1,14}', 14)
COORDINATE = pattern(r'-?[0-9]{1,6}(\.[0-9]{1,3})?', 11)
RADIUS = pattern(r'[1-9][0-9]{0,2}(\.[0-9]{1,2})?', 6)
_COMPOUND = pattern(r"[A-Za-z]{1,14}['\-][A-Za-z]{1,10}", 25)
_NUMBER = pattern(r'[0-9]{1,4}(\.[0-9]{1,2})?', 7)


def text_piece(nodes: Part | None) -> Part | None:
    """A word, a number or a node, with punctuation."""
    return in_order(
        optional(pattern(r'\(', 1)),
        one_of([WORD, _COMPOUND, _NUMBER, nodes]),
        optional(pattern(r'\)', 1)),
        optional(pattern('[.,:;?!]', 1)),
    )


def pieces(piece: Part | None, most: int) -> Part | None:
    """So many pieces at most, with single spaces between them."""
    return in_order(piece, repeated(in_order(' ', piece), 0, most - 1))


def most_pieces(longest_piece: int, longest: int, most: int) -> int:
    """How many pieces surely fit into so many characters."""
    return max(1, min(most, longest // (longest_piece + 1)))
