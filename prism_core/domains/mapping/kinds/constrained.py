# SPDX-License-Identifier: Apache-2.0
"""Kinds of task that say which way not to take, or which one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

from prism_core.domains.mapping.intent import Constraint, Intent, Target
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.absent import Absent
from prism_core.domains.mapping.kinds.composed import Draw, draw_leaf
from prism_core.domains.mapping.kinds.count import Count
from prism_core.domains.mapping.kinds.find import Find
from prism_core.domains.mapping.kinds.go_to import GoTo
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.kinds.locate import Locate
from prism_core.domains.mapping.kinds.parts import kind_of
from prism_core.domains.mapping.planning.bounds import without_ways_into
from prism_core.domains.mapping.planning.mission import Mission, Step
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of

_STEP_M, _SHORT = 5, 0.4


def _draw_both(source: IntentSource) -> Intent:
    return Intent('sequence', steps=(draw_leaf(source), draw_leaf(source)))


SEARCHES: tuple[Draw, ...] = (Find().draw, Absent().draw, Locate().draw, Count().draw, _draw_both)
_ANY: tuple[Draw, ...] = (GoTo().draw, GoTo().draw, *SEARCHES)


class Constrained(Kind):
    """Its intents are of other kinds, with constraints of one kind; `forbids`: whether these say
    what not to enter.
    """

    __slots__ = ()

    has_intents = False
    is_flat = False
    is_drawn_unasked = False
    is_guessable = True
    may_be_of_nothing = True
    leaves_reach_open = True
    draws: ClassVar[tuple[Draw, ...]]
    forbids: ClassVar[bool] = True

    def draw(self, source: IntentSource) -> Intent:
        """A task that a robot that heeds nothing would most likely do against the constraint."""
        intent = source.rng.choice(self.draws)(source)
        return replace(intent, constraints=self.draw_constraint(source, intent))

    def draw_constraint(self, source: IntentSource, intent: Intent) -> tuple[Constraint, ...]:
        """Constraints of one kind that matter to an intent.

        Raises:
            WorldRejected: none does.
        """
        raise NotImplementedError

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """As the kind of the intent."""
        return kind_of(intent).solve(truth, intent)

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """As the kind of the intent."""
        return kind_of(intent).decide(mission, intent)


class Avoiding(Constrained):
    """No region of a class, or the one of a name, may be entered."""

    __slots__ = ()

    name = 'avoiding'
    draws = _ANY
    asks = 'do something without entering some region (constraints)'

    def draw_constraint(self, source: IntentSource, intent: Intent) -> tuple[Constraint, ...]:
        """A region on the shortest way, which another way leads around."""
        goals = goals_in(source, intent)
        here = source.true.robot_location or ''
        ours = {*goals, here}
        between = dict.fromkeys(
            name for goal in goals for name in source.true.route(here, goal)[1:-1]
        )
        if not goals:  # the robot would look everywhere
            between = dict.fromkeys(sorted(source.true.reachable_regions(here) - {here}))
        fitting = [name for name in between if not ours & _meant(source, _call(source, name))]
        passable = [n for n in fitting if _leads_around(source, _call(source, n), goals)]
        region = source.choose(passable or fitting, 'region to avoid on the way')
        return (Constraint('avoid', region=_call(source, region)),)


class ByWayOf(Constrained):
    """A region must have been passed before the mission ends."""

    __slots__ = ()

    name = 'by_way_of'
    forbids = False
    draws = _ANY
    asks = 'do something by way of some region (constraints)'

    def draw_constraint(self, source: IntentSource, intent: Intent) -> tuple[Constraint, ...]:
        """A region off the shortest way."""
        here = source.true.robot_location or ''
        passed = {
            here,
            *(n for goal in goals_in(source, intent) for n in source.true.route(here, goal)),
        }
        reachable = source.true.reachable_regions(here)
        off = [n for n in source.true.regions if n in reachable - passed]
        if not off:
            raise WorldRejected('no region off the way to ask for')
        return (Constraint('only_by', region=source.draw_region(off)),)


class StayingWithin(Constrained):
    """Nothing further away than so many metres may be entered."""

    __slots__ = ()

    name = 'staying_within'
    draws = SEARCHES
    asks = 'do something without going further than some distance (constraints)'

    def draw_constraint(self, source: IntentSource, intent: Intent) -> tuple[Constraint, ...]:
        """Just beyond what is asked for; now and then short of it, where it may be nowhere."""
        here = source.true.robot_location or ''
        far_m = sorted(_far_m(source, here, name) for name in source.true.regions)
        goals = goals_in(source, intent) or [source.rng.choice(list(source.true.regions))]
        goal_m = max(_far_m(source, here, goal) for goal in goals)
        if kind_of(intent).may_be_of_nothing and source.rng.random() < _SHORT:
            among = [m for m in far_m if 0 < m < goal_m][-1:]
        else:
            among = [m for m in far_m if m >= goal_m][:1]
        if not among or not math.isfinite(far_m[-1]):
            raise WorldRejected('no distance to stay within')
        distance_m = _STEP_M * (1 + int(among[0] // _STEP_M))
        if distance_m >= far_m[-1]:
            raise WorldRejected('no distance to stay within')
        return (Constraint('within', distance_m=float(distance_m)),)


def _call(source: IntentSource, name: str) -> Target:
    """What a region is called: by its name where that is known and others are of its class."""
    classes = [class_of(node) for node in source.true.regions.values()]
    called = class_of(source.true.regions[name])
    if name in source.known.nodes and classes.count(called) > 1:
        return Target('region', name=name)
    return Target('region', classes=(called,))


def _meant(source: IntentSource, target: Target) -> set[str]:
    nodes = source.true.regions
    return {n for n in nodes if n == target.name or class_of(nodes[n]) in target.classes}


def _leads_around(source: IntentSource, target: Target, goals: list[str]) -> bool:
    here = source.true.robot_location or ''
    view = without_ways_into(source.true, frozenset(_meant(source, target)), here)
    return all(view.is_reachable(here, goal) for goal in goals)


def goals_in(source: IntentSource, intent: Intent) -> list[str]:
    """The regions to which a task leads, as far as that is one for each of its parts; none where it
    asks for what is nowhere.
    """
    reachable = source.true.reachable_regions(source.true.robot_location or '')
    goals: list[str] = []
    for part in intent.walk():
        for target in (part.region, part.target):
            if target is None:
                continue
            nodes = source.true.nodes
            names = [
                name
                for name, node in nodes.items()
                if node.kind == target.kind
                and (name == target.name or class_of(node) in target.classes)
            ]
            seen = [source.true.viewpoints.get(name, (name,)) for name in names[:1]]
            goals += [place for places in seen for place in places[:1] if place in reachable]
    return goals


def _far_m(source: IntentSource, start: str, name: str) -> float:
    one, other = source.true.nodes[start].position, source.true.nodes[name].position
    return math.inf if one is None or other is None else math.dist(one, other)
