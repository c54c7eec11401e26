# SPDX-License-Identifier: Apache-2.0
"""Steps of questions about several objects: find all that are meant, and look at each of them."""

from __future__ import annotations

from collections.abc import Iterable

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.nearness import drive_m
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.reports import quote_told
from prism_core.plan.actions import Action

Values = tuple[tuple[str, str], ...]


def values_of(intent: Intent) -> Values:
    """The attributes that an intent asks about, those of its target first, with the values that
    they are held against; '' for any.
    """
    target = () if intent.target is None else intent.target.attributes
    asked = ((intent.attribute, intent.value),) if intent.attribute else ()
    return tuple(dict.fromkeys((*target, *asked)))


def region_of(mission: Mission, intent: Intent) -> str | Step:
    """The region in which an intent asks, '' for everywhere; or the step that may tell it."""
    return '' if intent.region is None else mission.resolve(intent.region)


def find_all(mission: Mission, intent: Intent) -> list[str] | Step:
    """The objects that an intent asks about: those that it names, or all of a class in its region
    or everywhere; or the step that looks where one of them may be.
    """
    if intent.among:
        names = []
        for target in intent.among:
            name = mission.resolve(target)
            if isinstance(name, Step):
                return name
            names.append(name)
        return list(dict.fromkeys(names))
    target, region = given(intent.target), region_of(mission, intent)
    if isinstance(region, Step):
        return region
    step = mission.map(region) if region else mission.search_on(target)
    return step or mission.candidates(target, region)


def say_none(mission: Mission, target: Target, region: str) -> Step:
    """Say that there is none of a class, or ask about what bears its word."""
    classes = ' or '.join(target.classes) or target.name
    step = mission.ask_alike(target, region)
    return step or mission.answer(*(('exists', classes, region) if region else ('none', classes)))


def look_at_each(mission: Mission, names: Iterable[str], values: Values) -> Step | None:
    """The step that looks at one of some objects, the nearest first; what a robot that reports in
    words said of them; None when of each it is known whether it has the values, or it could not be
    seen.
    """
    left = [(name, key) for name in names if (key := _open_key(mission, name, values))]
    told = dict[str, str]()
    distances_m = mission.graph.distances_m(mission.state.here)
    far_m = {name: drive_m(mission.graph, name, distances_m) for name, _ in left}
    left.sort(key=lambda entry: (far_m[entry[0]] is None, far_m[entry[0]] or 0.0))
    for name, key in left:
        action = Action('inspect', (name, mission.lexicon.question(key)))
        if action in mission.state.done:
            told[name] = next(o.feedback for a, o in mission.carried_out() if a == action)
            continue
        step = mission.look_at(name, key)
        if step is not None and step[-1].name != 'answer':  # it can be got to
            return step
    said = [quote_told(name, words) for name, words in told.items() if words]
    return mission.answer('say', ' '.join(said)) if said else None


def _open_key(mission: Mission, name: str, values: Values) -> str:
    """The first attribute that must be known to tell whether an object has some values; '' when
    that is known.
    """
    known = mission.graph.nodes[name].attributes
    for key, value in values:
        if key not in known:
            return key
        if value and known[key] != value:
            return ''
    return ''


def unseen_of(mission: Mission, names: Iterable[str], values: Values) -> Step | None:
    """Say of the first of some objects that what is asked about could not be seen; None when it is
    known of all.
    """
    for name in names:
        key = _open_key(mission, name, values)
        if key:
            return mission.answer('unseen', name, key)
    return None
