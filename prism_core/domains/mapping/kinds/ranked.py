# SPDX-License-Identifier: Apache-2.0
"""ranked, outranks: say which of several objects has most of something, or whether one has more."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.observed import (
    Observed,
    definite_of,
    draw_among,
    looks_at,
    members_of,
)
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.planning.several import (
    find_all,
    look_at_each,
    region_of,
    say_none,
    unseen_of,
)
from prism_core.domains.mapping.ranks import ordered_attributes, rank_of
from prism_core.domains.mapping.truth import Truth, others
from prism_core.episode.criterion import Criterion
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_AMONG, _THREE, _IN_A_REGION = 0.75, 0.2, 0.3


class Ranked(Observed):
    """Intents have an `attribute` of which there can be more or less, the end of its values that is
    looked for as `value`, and objects `among` which or a `target` of which all are meant, in a
    `region` or everywhere. Of attributes that are numbers the ends are high and low.
    """

    __slots__ = ()

    name = 'ranked'
    asks = (
        'name which of several objects comes closest to a value of an attribute that has an order '
        '(among, attribute, value), or which of a class, in a region or everywhere (target, '
        'attribute, value, region or none)'
    )
    slots = 'among attribute value | target attribute value ?region'
    forms = ('ranked', 'equal', 'unseen')
    is_symmetric = True
    read_rank = 19

    def draw(self, source: IntentSource) -> Intent:
        """Of two or three, or of a class."""
        rng, nodes = source.rng, source.true.objects
        ordered = ordered_attributes(source.words.lexicon)
        if rng.random() < _AMONG:
            return _draw_unequal(source, ordered)
        classes = Counter(map(class_of, nodes.values()))
        several = [n for n, node in nodes.items() if classes[class_of(node)] > 1]
        having = [n for n in several if not ordered.keys().isdisjoint(nodes[n].attributes)]
        name = source.choose(having, 'object of an order')
        key = rng.choice(sorted(ordered.keys() & nodes[name].attributes.keys()))
        seen = nodes[name].attributes[key]
        value = seen if seen in ordered[key] else rng.choice(ordered[key])
        is_in_one = rng.random() < _IN_A_REGION
        region = source.draw_region(source.true.viewpoints[name]) if is_in_one else None
        return Intent('ranked', source.plain(name), region, attribute=key, value=value)

    def phrasing_group(self, intent: Intent) -> str:
        """Of some that are named, or of a class."""
        return 'ranked_of' if intent.among else 'ranked_class'

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To name the one that comes first, having looked at each."""
        names, scope = members_of(truth, intent)
        ranks = [_rank(truth, name, intent) for name in names]
        best = max(ranks, default=0.0)
        if len(names) < 2 or ranks.count(best) > 1:
            raise WorldRejected('there is nothing to compare')
        winner = names[ranks.index(best)]
        return Criterion(
            'node',
            accepted=(winner,),
            rivals=others(truth.graph.objects, (winner,)),
            evidence=(*scope, *looks_at(truth, names, ((intent.attribute, ''),))),
        )

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look at each, and name the first."""
        ranks = _ranks(mission, intent)
        if isinstance(ranks, Step):
            return ranks
        best = max(ranks.values())
        first = [name for name, rank in ranks.items() if rank == best]
        rest = [name for name in ranks if name not in first]
        if len(first) > 1 or not rest:
            return mission.answer('equal', ' or '.join(first), intent.attribute)
        key, value = intent.attribute, intent.value
        return mission.answer('ranked', first[0], ' or '.join(rest), key, value)

    def read(self, reading: Reading) -> Intent | None:
        """Which of several has most of something is asked."""
        return reading.questions.ranked()


class Outranks(Observed):
    """Intents have two objects `among` which it is asked whether the first has more of an
    `attribute`; `value` is the end of its values to which that leads.
    """

    __slots__ = ()

    name = 'outranks'
    asks = (
        'say whether the first of two objects comes closer to a value of an attribute that has an '
        'order than the second (among, attribute, value)'
    )
    slots = 'among attribute value'
    forms = ('ahead', 'behind', 'unseen')
    read_rank = 18

    def draw(self, source: IntentSource) -> Intent:
        """Of any two that have it."""
        ordered = ordered_attributes(source.words.lexicon)
        key, among = draw_among(source, frozenset(ordered), 2)
        value = source.rng.choice(ordered[key])
        return Intent('outranks', among=among, attribute=key, value=value)

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To say yes or no, having looked at both."""
        names, _ = members_of(truth, intent)
        one, other = (_rank(truth, name, intent) for name in names)
        evidence = looks_at(truth, names, ((intent.attribute, ''),))
        return Criterion('yes_no', ('yes' if one > other else 'no',), evidence=evidence)

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """Yes."""
        return 'Yes.'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look at both, and say whether it is so."""
        ranks = _ranks(mission, intent)
        if isinstance(ranks, Step):
            return ranks
        form = 'ahead' if _is_first_ahead(ranks) else 'behind'
        one, other = [*ranks, *ranks][:2]
        return mission.answer(form, one, other, intent.attribute, intent.value)

    def read(self, reading: Reading) -> Intent | None:
        """Whether one has more of something than another is asked."""
        return reading.questions.outranks()


def _draw_unequal(source: IntentSource, ordered: dict[str, tuple[str, str]]) -> Intent:
    """Of two or three objects, one of which comes first."""
    rng, nodes, lexicon = source.rng, source.true.objects, source.words.lexicon
    values = {
        key: {o.attributes[key] for o in nodes.values() if key in o.attributes} for key in ordered
    }
    key = source.choose([k for k, seen in values.items() if len(seen) > 1], 'attribute')
    end = rng.choice(ordered[key])
    ranks = {
        name: rank_of(lexicon, key, end, node.attributes[key]) or 0.0
        for name, node in nodes.items()
        if key in node.attributes
    }
    best = max(ranks.values())
    rest = [name for name, rank in ranks.items() if rank < best]
    number = 2 if rng.random() < _THREE else 1
    names = rng.sample(rest, min(number, len(rest)))
    names.insert(rng.randrange(2), rng.choice([n for n, rank in ranks.items() if rank == best]))
    among = definite_of(source, names)
    return Intent('ranked', among=among, attribute=key, value=end)


def _is_first_ahead(ranks: dict[str, float]) -> bool:
    one, *rest = ranks.values()
    return bool(rest) and one > rest[0]


def _rank(truth: Truth, name: str, intent: Intent) -> float:
    """How close an object comes to what is looked for.

    Raises:
        WorldRejected: it has no such attribute, or none that has an order.
    """
    seen = truth.attribute(name, intent.attribute)
    rank = rank_of(truth.lexicon, intent.attribute, intent.value, seen)
    if rank is None:
        raise WorldRejected('the attribute has no order')
    return rank


def _ranks(mission: Mission, intent: Intent) -> dict[str, float] | Step:
    """How close each of the objects comes to what is looked for; or the step that may tell, or says
    of which that could not be seen.
    """
    names, values = find_all(mission, intent), ((intent.attribute, ''),)
    if isinstance(names, Step):
        return names
    if not names:
        return say_none(mission, given(intent.target), str(region_of(mission, intent)))
    step = look_at_each(mission, names, values) or unseen_of(mission, names, values)
    if step is not None:
        return step
    ranks = dict[str, float]()
    for name in names:
        seen = mission.graph.nodes[name].attributes[intent.attribute]
        rank = rank_of(mission.lexicon, intent.attribute, intent.value, seen)
        if rank is None:
            return mission.answer('value', name, intent.attribute)
        ranks[name] = rank
    return ranks
