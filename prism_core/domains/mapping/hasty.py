# SPDX-License-Identifier: Apache-2.0
"""A teacher that is now and then too hasty, to try what failed episodes do to a student."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from prism_core.domains.mapping.controls import make_controls
from prism_core.domains.mapping.planning.symbolic import SymbolicPlanner
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.words import load_words
from prism_core.episode.episode import Turn
from prism_core.episode.planner import Planner
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.plan import Plan

_HASTY_TURNS = 12  # one of so many


class HastyPlanner:
    """Plans as one planner, but in some turns, which follow from what it is asked, as another.

    Passes `testing.check_planner`.
    """

    name = 'hasty'

    def __init__(self, careful: Planner, hasty: Planner):
        self._careful, self._hasty = careful, hasty

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The plan of one of the two."""
        drawn = zlib.crc32(f'{request} {len(known_graph.nodes)} {len(history)}'.encode())
        planner = self._careful if drawn % _HASTY_TURNS else self._hasty
        return planner.plan(request, known_graph, history)

    def close(self) -> None:
        """Free both."""
        self._careful.close()
        self._hasty.close()


def make_hasty_planner() -> HastyPlanner:
    """Plans as the symbolic planner does, and guesses an answer in one turn of twelve."""
    words = load_words()
    reader = RequestReader(words)
    controls = make_controls(reader.read, words)
    careful = SymbolicPlanner(words.lexicon, reader.read, spell_out=reader.spell_out)
    return HastyPlanner(careful, controls['answer_before_looking'])
