"""From an intent and the true graph to what a right answer is, and what it must rest on.

The sentence's meaning is evaluated on all that can be observed: what lies in regions that the robot
can get to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from prism_core.calling import is_called, meant
from prism_core.criterion import Criterion, Fact
from prism_core.domains.mapping.simulator import ARRIVAL_M
from prism_core.errors import WorldRejected
from prism_core.intent import Intent, Target
from prism_core.lexicon import Lexicon
from prism_core.mission_state import MAPPED
from prism_core.reports import nearest_object, objects_in
from prism_core.scene_graph import SceneGraph

# A nearest object must be nearer than the next by this much, in metres.
_NEARER_BY_M = 0.5


def solve(
    intent: Intent, true_graph: SceneGraph, known_graph: SceneGraph, lexicon: Lexicon
) -> Criterion:
    """The criterion for an intent, without a budget.

    Raises:
        WorldRejected: the sentence has no single right answer in this world.
    """
    return _SOLVERS[intent.kind](_Truth(true_graph, known_graph, lexicon), intent)


@dataclass(frozen=True)
class _Truth:
    """What can be observed of a world, and what must be looked at for it."""

    graph: SceneGraph
    known: SceneGraph
    lexicon: Lexicon

    @cached_property
    def reachable(self) -> set[str]:
        return self.graph.reachable_regions(self.graph.robot_location or '')

    @cached_property
    def coverage(self) -> tuple[Fact, ...]:
        """What must be known to say that something is nowhere."""
        return tuple(Fact('mapped', name) for name in self.graph.regions if name in self.reachable)

    def can_be_seen(self, name: str) -> bool:
        return name in self.known.nodes or self.can_be_reached(name)

    def can_be_reached(self, name: str) -> bool:
        return any(region in self.reachable for region in self.graph.viewpoints[name])

    def all_of(self, target: Target) -> list[str]:
        """All objects of a target's classes with its attributes, wherever they are."""
        if target.name:
            return [target.name] if target.name in self.graph.objects else []
        return [
            name
            for name, node in self.graph.objects.items()
            if is_called(node, target.classes)
            and all(node.attributes.get(key) == value for key, value in target.attributes)
        ]

    def one_object(self, target: Target) -> str:
        names = self.all_of(target)
        if not target.name:
            names = meant(map(self.graph.nodes.__getitem__, names), target.classes)
        if len(names) != 1:
            raise WorldRejected('the target is not unique')
        if not self.can_be_reached(names[0]):
            raise WorldRejected('the target cannot be reached')
        if target.name and target.name not in self.known.nodes:
            raise WorldRejected('a name is not known')
        return names[0]

    def region(self, target: Target | None, *, must_be_reachable: bool = True) -> str:
        if target is None:
            raise WorldRejected('a region is missing')
        if target.name:
            names = [target.name] if target.name in self.graph.regions else []
        else:
            names = meant(self.graph.regions.values(), target.classes)
        if len(names) != 1:
            raise WorldRejected('the region is not unique')
        if target.name and target.name not in self.known.nodes:
            raise WorldRejected('a name is not known')
        if must_be_reachable and names[0] not in self.reachable:
            raise WorldRejected('the region cannot be reached')
        return names[0]

    def rivals_of(self, attribute: str, value: str) -> tuple[str, ...]:
        values = self.lexicon.attributes[attribute].values
        return tuple(
            word for other, words in values.items() if other != value for word in (other, *words)
        )

    def words_for(self, attribute: str, value: str) -> tuple[str, ...]:
        return (value, *self.lexicon.attributes[attribute].values[value])

    def attribute(self, name: str, key: str) -> str:
        value = self.graph.nodes[name].attributes.get(key)
        if value is None:
            raise WorldRejected('the target lacks the attribute')
        return value


def _others(names, accepted: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in accepted)


def _go_to(truth: _Truth, intent: Intent) -> Criterion:
    region = truth.region(intent.region, must_be_reachable=False)
    if region not in truth.reachable:
        return Criterion('unreachable', evidence=truth.coverage)
    return _be_at(truth, region, Fact('visited', region))


def _be_at(truth: _Truth, region: str, *evidence: Fact) -> Criterion:
    return Criterion(
        'node',
        accepted=(region,),
        rivals=_others(truth.graph.regions, (region,)),
        evidence=evidence,
        final_location=region,
    )


def _find(truth: _Truth, intent: Intent) -> Criterion:
    target = _target(intent)
    names = tuple(name for name in truth.all_of(target) if truth.can_be_seen(name))
    keys = tuple(key for key, _ in target.attributes)
    if names:
        rivals = _others(truth.graph.objects, names)
        return Criterion('node', accepted=names, rivals=rivals, observed=keys)
    alike = [n for n in truth.all_of(replace(target, attributes=())) if truth.can_be_reached(n)]
    looks = tuple(
        Fact('attribute', name, key)
        for name in alike
        for key in keys[:1]
        if key in truth.graph.nodes[name].attributes
    )
    return Criterion(
        'absence', rivals=tuple(truth.graph.objects), evidence=(*truth.coverage, *looks)
    )


def _locate(truth: _Truth, intent: Intent) -> Criterion:
    name = truth.one_object(_target(intent))
    regions = truth.graph.viewpoints[name]
    return Criterion(
        'node',
        accepted=regions,
        rivals=_others(truth.graph.regions, regions),
        evidence=(Fact('known', name),),
    )


def _attribute(truth: _Truth, intent: Intent) -> Criterion:
    name = truth.one_object(_target(intent))
    value = truth.attribute(name, intent.attribute)
    return Criterion(
        'value',
        accepted=truth.words_for(intent.attribute, value),
        rivals=truth.rivals_of(intent.attribute, value),
        evidence=(Fact('attribute', name, intent.attribute),),
    )


def _yes_no(truth: _Truth, intent: Intent) -> Criterion:
    name = truth.one_object(_target(intent))
    value = truth.attribute(name, intent.attribute)
    return Criterion(
        'yes_no',
        accepted=(
            'yes' if value == intent.value else 'no',
            *truth.words_for(intent.attribute, intent.value),
        ),
        rivals=truth.rivals_of(intent.attribute, intent.value),
        evidence=(Fact('attribute', name, intent.attribute),),
    )


def _describe(truth: _Truth, intent: Intent) -> Criterion:
    name = truth.one_object(_target(intent))
    description = truth.graph.nodes[name].description
    others = {node.description for node in truth.graph.objects.values()} - {description, ''}
    return Criterion(
        'text',
        accepted=(description,),
        rivals=tuple(sorted(others)),
        evidence=(
            Fact('attribute', name, 'description'),
            Fact('inspected', name, 'description'),
        ),
    )


def _exists(truth: _Truth, intent: Intent) -> Criterion:
    region = truth.region(intent.region) if intent.region else ''
    names = [
        name
        for name in truth.all_of(_target(intent))
        if truth.can_be_seen(name) and (not region or region in truth.graph.viewpoints[name])
    ]
    if names:
        return Criterion('yes_no', ('yes',), any_of=tuple(Fact('known', n) for n in names))
    return Criterion('yes_no', ('no',), evidence=_scope(truth, region))


def _scope(truth: _Truth, region: str) -> tuple[Fact, ...]:
    return (Fact('mapped', region),) if region else truth.coverage


def _count(truth: _Truth, intent: Intent) -> Criterion:
    region = truth.region(intent.region) if intent.region else ''
    names = truth.all_of(_target(intent))
    if not region and not all(truth.can_be_reached(name) for name in names):
        raise WorldRejected('a target cannot be reached')
    number = sum(not region or region in truth.graph.viewpoints[name] for name in names)
    return Criterion('number', (str(number),), evidence=_scope(truth, region))


def _compare(truth: _Truth, intent: Intent) -> Criterion:
    regions = [truth.region(intent.region), truth.region(intent.other_region)]
    names = truth.all_of(_target(intent))
    numbers = [sum(r in truth.graph.viewpoints[name] for name in names) for r in regions]
    if regions[0] == regions[1] or numbers[0] == numbers[1]:
        raise WorldRejected('there is nothing to compare')
    winner = regions[numbers.index(max(numbers))]
    return Criterion(
        'node',
        accepted=(winner,),
        rivals=_others(truth.graph.regions, (winner,)),
        evidence=tuple(Fact('mapped', region) for region in regions),
    )


def _nearest(truth: _Truth, intent: Intent) -> Criterion:
    region = truth.region(intent.region)
    anchor = truth.one_object(_target(intent))
    graph = truth.graph
    best = nearest_object(graph, region, anchor)
    if not best:
        raise WorldRejected('there is nothing near the target')
    best_m = graph.nodes[anchor].distance_m(graph.nodes[best])
    for other in objects_in(graph, region):
        distance_m = graph.nodes[anchor].distance_m(graph.nodes[other])
        if other not in (best, anchor) and distance_m < best_m + _NEARER_BY_M:
            raise WorldRejected('two objects are about equally near')
    return Criterion(
        'node',
        accepted=(best,),
        rivals=_others(graph.objects, (best, anchor)),
        evidence=(Fact('known', anchor), Fact('mapped', region)),
    )


def _map_area(truth: _Truth, intent: Intent) -> Criterion:
    if intent.position is None:
        region = truth.region(intent.region)
    else:
        region = min(
            truth.graph.regions.values(),
            key=lambda node: _gap_m(node.position, intent.position),
        ).name
        if region not in truth.reachable:
            raise WorldRejected('the region cannot be reached')
        if _gap_m(truth.graph.nodes[region].position, intent.position) > ARRIVAL_M:
            raise WorldRejected('nothing is at the position')
    names = tuple(objects_in(truth.graph, region))
    known = truth.known.nodes.get(region)
    if not names and known is not None and known.attributes.get(MAPPED):
        raise WorldRejected('the region is known to be empty')
    return Criterion(
        'nodes',
        accepted=names,
        rivals=_others(truth.graph.objects, names),
        evidence=(Fact('mapped', region),),
    )


def _gap_m(one: tuple[float, float], other: tuple[float, float] | None) -> float:
    assert other is not None  # noqa: S101 - the caller's branch
    return ((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2) ** 0.5


def _survey(truth: _Truth, intent: Intent) -> Criterion:
    return Criterion('any', evidence=truth.coverage)


def _passable(truth: _Truth, intent: Intent) -> Criterion:
    ends = _way(truth, intent.region, intent.other_region)
    is_free = truth.graph.region_network.has_edge(*ends)
    return Criterion('yes_no', ('yes' if is_free else 'no',), evidence=(Fact('way', *ends),))


def _way(truth: _Truth, one: Target | None, other: Target | None) -> tuple[str, str]:
    ends = (truth.region(one), truth.region(other))
    if not truth.known.region_network.has_edge(*ends):
        raise WorldRejected('the way is not known')
    return ends


def _conditional(truth: _Truth, intent: Intent) -> Criterion:
    if intent.ends is not None:
        ends = _way(truth, *intent.ends)
        fact, holds = Fact('way', *ends), not truth.graph.region_network.has_edge(*ends)
    else:
        name = truth.one_object(_target(intent))
        fact = Fact('attribute', name, intent.attribute)
        holds = truth.attribute(name, intent.attribute) == intent.value
    both = [truth.region(intent.region), truth.region(intent.other_region)]
    if both[0] == both[1]:
        raise WorldRejected('both regions are the same')
    return _be_at(truth, both[0] if holds else both[1], fact)


def _sequence(truth: _Truth, intent: Intent) -> Criterion:
    facts = []
    for step in intent.steps:
        if step.kind == 'go_to':
            facts.append(Fact('visited', truth.region(step.region)))
        else:
            name = truth.one_object(_target(step))
            truth.attribute(name, step.attribute)
            facts.append(Fact('inspected', name, step.attribute))
    if len(set(facts)) < len(facts):
        raise WorldRejected('two steps are the same')
    return Criterion('any', evidence=tuple(facts), in_order=True)


def _vague(truth: _Truth, intent: Intent) -> Criterion:
    return Criterion('clarify')


def _target(intent: Intent) -> Target:
    if intent.target is None:
        raise WorldRejected('a target is missing')
    return intent.target


_SOLVERS: dict[str, Callable[[_Truth, Intent], Criterion]] = {
    'go_to': _go_to,
    'reach': _go_to,
    'find': _find,
    'locate': _locate,
    'attribute': _attribute,
    'yes_no': _yes_no,
    'describe': _describe,
    'exists': _exists,
    'count': _count,
    'compare': _compare,
    'nearest': _nearest,
    'map_area': _map_area,
    'survey': _survey,
    'passable': _passable,
    'conditional': _conditional,
    'sequence': _sequence,
    'vague': _vague,
}
