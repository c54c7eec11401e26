# SPDX-License-Identifier: Apache-2.0
"""From an intent and the true graph to what a right answer is, and what it must rest on.

The sentence's meaning is evaluated on all that can be observed: what lies in regions that the robot
can get to.
"""

from __future__ import annotations

from dataclasses import replace

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.kinds.goals import places_of
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.bounds import regions_of
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion, Fact
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph


def solve(
    intent: Intent,
    true_graph: SceneGraph,
    known_graph: SceneGraph,
    lexicon: Lexicon,
    kind: str = '',
) -> Criterion:
    """The criterion for an intent, without a budget.

    Args:
        intent: what is asked for.
        true_graph: the world.
        known_graph: what is known of it at the start.
        lexicon: the words for its values.
        kind: of the task, where that is not the kind of the intent.

    Raises:
        WorldRejected: the sentence has no single right answer in this world.
    """
    truth = Truth(true_graph, known_graph, lexicon, intent.constraints, places=places_of(intent))
    _check_known(intent, true_graph, known_graph)
    criterion = KINDS[kind or intent.kind].solve(truth, intent)
    if not intent.constraints:
        return criterion
    by = [truth.region(c.region) for c in intent.constraints if c.kind == 'only_by']
    passed = tuple(Fact('passed', name) for name in by)
    return replace(
        criterion,
        evidence=(*criterion.evidence, *passed),
        avoided=tuple(name for name in true_graph.regions if name in truth.forbidden),
    )


def _check_known(intent: Intent, true_graph: SceneGraph, known_graph: SceneGraph) -> None:
    """Raises: WorldRejected: it is not all known from the start where the things are of which the
    robot is to keep clear: then it depends on its way what it must not enter.
    """
    for constraint in intent.constraints:
        target = constraint.region
        if target is None or target.kind != 'object':
            continue
        if {*regions_of(target, true_graph)} != {*regions_of(target, known_graph)}:
            raise WorldRejected('it is not known where all that is to be kept clear of is')
