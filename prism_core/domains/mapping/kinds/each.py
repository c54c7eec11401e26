# SPDX-License-Identifier: Apache-2.0
"""each: do or answer the same for each object or region of a class."""

from __future__ import annotations

from dataclasses import replace

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.kinds.parts import bind, change_one_of, kind_of
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.course import Course
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.report_texts import join_texts
from prism_core.domains.mapping.truth import Truth, target_of
from prism_core.episode.criterion import Criterion, Fact
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph

_OF_REGIONS, _EVERYWHERE, _DEEP, _MOST = 0.3, 0.4, 0.6, 6


class Each(Kind):
    """Intents have a `target` of several objects, perhaps seen from a `region`, or of several
    regions; and one step, which leaves open its own `target` or `region`.
    """

    __slots__ = ()

    name = 'each'
    said_goal = 'do the same for each'
    asks = 'do or answer the same for each object or region of a class (target, region or none)'
    slots = 'target ?region steps'
    forms = ('exists',)
    is_drawn_unasked = False
    is_guessable = True
    needs_alike = True
    may_be_of_nothing = True
    is_within = True
    is_everywhere = True
    is_flat = False
    is_for_each = True
    looks_again = True
    drives_on = True
    must_be_accounted_for = True
    most_steps = 1

    def draw(self, source: IntentSource) -> Intent:
        """Of what `draw_plain` draws, or with a condition for each."""
        intent = self.draw_plain(source)
        part, target = _part(intent), target_of(intent)
        if part.kind != 'yes_no' or source.rng.random() >= _DEEP:
            return intent
        keys = self._keys_of(target.classes, source) - {part.attribute}
        asked = Intent('attribute', attribute=min(keys)) if keys else Intent('describe')
        return replace(intent, steps=(Intent('conditional', condition=part, steps=(asked,)),))

    def draw_plain(self, source: IntentSource) -> Intent:
        """Of a class of which there are several, more often than not."""
        if source.rng.random() < _OF_REGIONS:
            return self._draw_of_regions(source)
        name = source.draw_object(with_attributes=True)
        alike = [n for n, node in source.true.objects.items() if _is_alike(node, name, source)]
        key, value = source.draw_value(source.choose(alike, 'object'))
        one = Intent('yes_no', attribute=key, value=value)
        part = source.rng.choice((Intent('attribute', attribute=key), one, Intent('describe')))
        region = None
        if source.rng.random() >= _EVERYWHERE:
            region = source.draw_region(source.true.viewpoints[name])
        return Intent('each', target=source.plain(name), region=region, steps=(part,))

    @staticmethod
    def _keys_of(classes: tuple[str, ...], source: IntentSource) -> set[str]:
        """The attributes that all objects of some classes have."""
        nodes = [n for n in source.true.objects.values() if class_of(n) in classes]
        return set.intersection(*({*node.attributes} for node in nodes))

    @staticmethod
    def _draw_of_regions(source: IntentSource) -> Intent:
        classes = [class_of(node) for node in source.true.regions.values()]
        several = sorted({name for name in classes if classes.count(name) > 1})
        target = Target('region', classes=(source.choose(several, 'class of several regions'),))
        thing = source.plain(source.draw_object())
        part = source.rng.choice((Intent('count', thing), Intent('exists', thing)))
        return Intent('each', target=target, steps=(part,))

    def phrasing_group(self, intent: Intent) -> str:
        """One for all."""
        return 'composed_each'

    def is_composed(self, intent: Intent) -> bool:
        """Always."""
        return True

    # ---------------------------------------------------------------------------- what is right

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To have answered for each, having looked wherever there might be more."""
        return self.solve_part(truth, intent, is_last=True)

    def solve_part(self, truth: Truth, intent: Intent, *, is_last: bool) -> Criterion:
        """As `solve`, before other parts or behind them."""
        target, names = target_of(intent), _all_of(truth, intent)
        region = truth.region(intent.region) if intent.region else ''
        scope = truth.scope(region)
        if not names:
            among = truth.graph.regions if target.kind == 'region' else truth.graph.objects
            return Criterion('absence', rivals=tuple(among), evidence=scope)
        if len(names) > _MOST:
            raise WorldRejected('there are too many to answer for each')
        keys = [key for key, _ in target.attributes]
        alike = _all_of(truth, replace(intent, target=replace(target, attributes=())))
        looks = tuple(Fact('attribute', name, key) for name in alike for key in keys)
        found = replace(truth, found=truth.found | {*names})
        parts = []
        for name in names:
            part = bind(_part(intent), target.kind, name)
            criterion = kind_of(part).solve_part(found, part, is_last=False)
            parts.append(replace(criterion, about=name))
        return Criterion('each', evidence=(*scope, *looks), parts=tuple(parts))

    def change(self, pair: Pair) -> SceneGraph | None:
        """Another answer for one of them, or one more or less of them."""
        names = _all_of(pair.truth, intent := pair.intent)
        kind = target_of(intent).kind
        if kind == 'object' and (not names or pair.rng.random() < 1 / (1 + len(names))):
            return pair.change_presence(is_number=True)
        found = replace(pair, found=pair.found | {*names})
        return change_one_of([bind(_part(intent), kind, name) for name in names], found)

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """The same for each that is known."""
        target = given(intent.target)
        nodes = graph.regions if target.kind == 'region' else graph.objects
        names = [n for n, node in nodes.items() if class_of(node) in target.classes]
        bound = [(name, bind(_part(intent), target.kind, name)) for name in names]
        said = [f'{n}: {kind_of(p).guess(p, graph, lexicon)}' for n, p in bound]
        return ' '.join(said) or 'There is none.'

    # --------------------------------------------------------------------------------- planning

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look wherever one may be, then do it for each."""
        course = Course(mission)
        return course.finish(self.follow(course, intent, is_last=True))

    def follow(self, course: Course, intent: Intent, *, is_last: bool) -> str | Step:
        """What each gave; or the next step for the nearest that is left."""
        names = self._find_all(course.mission, intent)
        if isinstance(names, Step):
            return course.tell(names)
        kind, part = given(intent.target).kind, _part(intent)
        left, told, began = list(names), dict[str, str](), course.position
        while left:
            undone = dict[str, Step]()
            for name in list(left):
                trial = course.fork(began)
                said = trial.follow(bind(part, kind, name), is_last=False)
                if isinstance(said, Step):
                    undone[name] = said
                    continue
                told[name] = said
                left.remove(name)
                course.join(trial)
                if trial.has_moved:
                    break
            else:
                if undone:
                    return undone[_nearest(course.mission, undone)]
        return join_texts(told[name] for name in names)

    def _find_all(self, mission: Mission, intent: Intent) -> list[str] | Step:
        """All that are meant, in the order of the graph; or the step that may show more, or says
        that there is none.
        """
        target = given(intent.target)
        region = '' if intent.region is None else mission.resolve(intent.region)
        if isinstance(region, Step):
            return region
        step = mission.map(region) if region else mission.search_on(target)
        if step is not None:
            return step
        names = mission.candidates(target, region)
        apart = mission.tell_apart(names, target) if target.attributes else None
        if apart is not None:
            return apart
        order = list(mission.graph.nodes)
        fitting = sorted((n for n in names if mission.fits(n, target)), key=order.index)
        if target.kind == 'region':
            fitting = [name for name in fitting if mission.is_reachable(name)]
        if fitting:
            return fitting
        classes = ' or '.join(target.classes)
        nothing = ('exists', classes, region) if region else ('none', classes)
        return mission.ask_alike(target, region) or mission.answer(*nothing)


def _part(intent: Intent) -> Intent:
    """What is to be done for each.

    Raises:
        ValueError: nothing is.
    """
    if not intent.steps:
        raise ValueError('the intent lacks a step for each of what it means')
    return intent.steps[0]


def _is_alike(node, name: str, source: IntentSource) -> bool:
    return class_of(node) == class_of(source.true.objects[name]) and bool(node.attributes)


def _all_of(truth: Truth, intent: Intent) -> list[str]:
    """All that are meant.

    Raises:
        WorldRejected: one of them cannot be reached.
    """
    target = target_of(intent)
    if target.kind == 'region':
        names = truth.all_regions(target)
        if not truth.reachable.issuperset(names):
            raise WorldRejected('a region cannot be reached')
        return names
    names = truth.all_of(target)
    region = truth.region(intent.region) if intent.region else ''
    names = [n for n in names if not region or region in truth.graph.viewpoints[n]]
    if not all(map(truth.can_be_reached, names)):
        raise WorldRejected('a target cannot be reached')
    return names


def _nearest(mission: Mission, names: dict[str, Step]) -> str:
    """The one of some nodes to which the way is shortest; the first of those that are equally far
    or to which no way is known.
    """
    distances_m = mission.distances_m()

    def far_m(name: str) -> float:
        places = mission.graph.viewpoints.get(name, (name,))
        return min((distances_m.get(place, float('inf')) for place in places), default=float('inf'))

    return min(names, key=far_m)
