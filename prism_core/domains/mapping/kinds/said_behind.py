# SPDX-License-Identifier: Apache-2.0
"""What kinds share of which a task is said when another one has ended: it means by what was named
and asked before, so that its intents are of the kinds that ask for the same.
"""

from __future__ import annotations

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.kinds.parts import kind_of
from prism_core.domains.mapping.planning.mission import Mission, Step
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Episode
from prism_core.errors import WorldRejected
from prism_core.graph.calling import called, class_of
from prism_core.graph.names_in_text import NamesInText


class SaidBehind(Kind):
    """A task has a past (see `Episode.before`), and means what its intent says of itself."""

    __slots__ = ()

    has_intents = False
    is_flat = False
    is_drawn_unasked = False

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """As of who had said it in full."""
        return kind_of(intent).solve(truth, intent)

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """The same."""
        return kind_of(intent).decide(mission, intent)


def earlier_of(source: IntentSource) -> Episode:
    """The mission that has ended.

    Raises:
        ValueError: there was none.
    """
    if source.earlier is None:
        raise ValueError('expected a source with an earlier mission, got one without')
    return source.earlier


def named_at_end(source: IntentSource) -> list[str]:
    """The nodes that the last answer or question names, in order."""
    last = earlier_of(source).turns[-1].plan.actions[-1]
    found = NamesInText(source.known.nodes).find(str(last.arguments[0]))
    return list(dict.fromkeys(one.name for one in found))


def the_one_named(source: IntentSource) -> str:
    """The one object that the last answer names.

    Raises:
        WorldRejected: it names none, or several.
    """
    named = [name for name in named_at_end(source) if name in source.known.objects]
    if len(named) != 1:
        raise WorldRejected('the answer before names no single object')
    return named[0]


def alike(source: IntentSource, name: str) -> list[str]:
    """The known nodes that are called as one is, itself among them."""
    node = source.known.nodes[name]
    nodes = (other for other in source.known.nodes.values() if other.kind == node.kind)
    return called(nodes, (class_of(node),))


def by_class(source: IntentSource, name: str) -> Target:
    """A node by its class."""
    node = source.true.nodes[name]
    return Target(node.kind, classes=(class_of(node),))
