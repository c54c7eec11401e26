# SPDX-License-Identifier: Apache-2.0
"""From an intent and the true graph to what a right answer is, and what it must rest on.

The sentence's meaning is evaluated on all that can be observed: what lies in regions that the robot
can get to.
"""

from __future__ import annotations

from dataclasses import replace

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion, Fact
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
    truth = Truth(true_graph, known_graph, lexicon, intent.constraints)
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
