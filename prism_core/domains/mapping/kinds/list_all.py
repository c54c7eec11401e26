# SPDX-License-Identifier: Apache-2.0
"""list_all: name all of a class, in a region or everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.observed import Observed, draw_class, members_of
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.planning.several import find_all, region_of, say_none
from prism_core.domains.mapping.truth import Truth, others
from prism_core.episode.criterion import Criterion
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading


class ListAll(Observed):
    """Intents have a `target` of which all are meant, and perhaps a `region`."""

    __slots__ = ()

    name = 'list_all'
    asks = 'name all of a class and where they are, in a region or everywhere (target, ?region)'
    slots = 'target ?region'
    forms = ('list', 'where', 'exists')
    may_be_of_nothing = True
    is_of_number = True
    read_rank = 65

    def draw(self, source: IntentSource) -> Intent:
        """Of any class that is there."""
        _, target, region = draw_class(source)
        return Intent('list_all', target, region)

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To name all, having looked wherever one might be."""
        names, scope = members_of(truth, intent)
        rivals = others(truth.graph.objects, tuple(names))
        return Criterion('nodes', accepted=tuple(names), rivals=rivals, evidence=scope)

    def change(self, pair: Pair) -> SceneGraph | None:
        """One less, or one more."""
        return pair.change_presence(is_number=True)

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look wherever one may be, and name those that are known."""
        names, target = find_all(mission, replace(intent, among=())), given(intent.target)
        if isinstance(names, Step):
            return names
        region = str(region_of(mission, intent))
        if not names:
            return say_none(mission, target, region)
        is_seen = bool(mission.graph.viewpoints[names[0]])
        if not target.classes:  # the one that it names
            return mission.answer('where' if is_seen else 'unreachable', names[0])
        if len(names) == 1 and not region and is_seen:
            return mission.answer('where', names[0])
        return mission.answer('list', ' or '.join(target.classes), region)

    def read(self, reading: Reading) -> Intent | None:
        """All of a class are to be named."""
        return reading.questions.all_of_a_class()
