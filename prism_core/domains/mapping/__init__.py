# SPDX-License-Identifier: Apache-2.0
"""The mapping domain, SPINE's: a robot that finds and inspects things in a partly known outdoor or
indoor map.
"""

from __future__ import annotations

from pathlib import Path

from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.domains.mapping.planning.symbolic import SymbolicPlanner
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.words import load_words

__all__ = [
    'GRAPHS',
    'MAPPING_ACTIONS',
    'load_words',
    'make_symbolic_planner',
]

GRAPHS = Path(__file__).parent / 'graphs'
"""Folder of the packaged scene graphs."""


def make_symbolic_planner() -> SymbolicPlanner:
    """A SymbolicPlanner that reads the sentence itself; entry point `symbolic` of group
    `prism.planners`.
    """
    words = load_words()
    reader = RequestReader(words)
    return SymbolicPlanner(
        words.lexicon,
        reader.read,
        question_before=reader.question_before,
        spell_out=reader.spell_out,
    )
