# SPDX-License-Identifier: Apache-2.0
"""Kinds of task that say which things to keep clear of, or which places alone may be entered."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from prism_core.domains.mapping.intent import Constraint, Intent, Target
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.composed import Draw
from prism_core.domains.mapping.kinds.constrained import SEARCHES, Constrained, goals_in
from prism_core.domains.mapping.kinds.go_to import GoTo
from prism_core.domains.mapping.kinds.goals import places_of
from prism_core.domains.mapping.planning.bounds import (
    forbidden_regions,
    regions_of,
    without_ways_into,
)
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of

_DRIVES: tuple[Draw, ...] = (GoTo().draw,) * 3


class KeepingClear(Constrained):
    """No region may be entered in which a thing of some class is known to be."""

    __slots__ = ()

    name = 'keeping_clear'
    draws = (*_DRIVES, *SEARCHES)
    asks = 'do something and keep clear of all things of a class (constraints)'

    def draw_constraint(self, source: IntentSource, intent: Intent) -> tuple[Constraint, ...]:
        """Things on the shortest way, around which another way leads."""
        goals = goals_in(source, intent)
        asked = {name for part in intent.walk() if part.target for name in part.target.classes}
        classes = dict.fromkeys(class_of(node) for node in source.known.objects.values())
        targets = [Target(classes=(name,)) for name in classes if name not in asked]
        fitting = [one for one in targets if _is_known(source, one)]
        return _choose(source, intent, goals, [(Constraint('avoid', one),) for one in fitting])


class StayingOn(Constrained):
    """No region may be entered but those of one class or two, and those that the task names."""

    __slots__ = ()

    name = 'staying_on'
    draws = (*_DRIVES, *SEARCHES)
    asks = 'do something and enter regions of some classes alone on the way (constraints)'

    def draw_constraint(self, source: IntentSource, intent: Intent) -> tuple[Constraint, ...]:
        """Classes by which a way leads that is not the shortest."""
        goals = goals_in(source, intent)
        if not goals:
            raise WorldRejected('nowhere to go to')
        classes = dict.fromkeys(class_of(node) for node in source.true.regions.values())
        sets = [*itertools.combinations(classes, 1), *itertools.combinations(classes, 2)]
        return _choose(source, intent, goals, [tuple(map(_stay_on, names)) for names in sets])


def _stay_on(name: str) -> Constraint:
    return Constraint('stay_on', Target('region', classes=(name,)))


def _is_known(source: IntentSource, target: Target) -> bool:
    """Whether it is known from the start where all things are that a target means."""
    return {*regions_of(target, source.true)} == {*regions_of(target, source.known)}


def _choose(
    source: IntentSource,
    intent: Intent,
    goals: Iterable[str],
    among: Iterable[tuple[Constraint, ...]],
) -> tuple[Constraint, ...]:
    """Constraints that let the robot get to some goals, and that who takes the shortest way there
    breaks, where there are such.

    Raises:
        WorldRejected: none lets it.
    """
    here, goals = source.true.robot_location or '', [*goals]
    fitting, mattering = list[tuple[Constraint, ...]](), list[tuple[Constraint, ...]]()
    for constraints in among:
        forbidden = forbidden_regions(constraints, source.true, here, places_of(intent))
        view = without_ways_into(source.true, forbidden, here)
        if here in forbidden or not all(view.is_reachable(here, goal) for goal in goals):
            continue
        fitting.append(constraints)
        if any(not forbidden.isdisjoint(source.true.route(here, goal)) for goal in goals):
            mattering.append(constraints)
    if not fitting:
        raise WorldRejected('nothing to keep to on the way')
    return source.rng.choice(mattering or fitting)
