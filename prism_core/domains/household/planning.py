# SPDX-License-Identifier: Apache-2.0
"""The planner of the household: what is left of an errand, by what a sentence means, what is known
now and what was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prism_core.domains.household.actions import HOUSEHOLD_ACTIONS
from prism_core.domains.household.classes import (
    KNIVES,
    TREATMENTS,
    can_be,
    found_in,
    is_slice,
    may_hold,
    whole_of,
)
from prism_core.domains.household.home import read_home
from prism_core.domains.household.meaning import Errand, Meaning
from prism_core.domains.household.skills import (
    TREATED_IN,
    Skill,
    find_settled,
    ground,
    is_treated,
    list_done,
    read_skill,
)
from prism_core.episode.episode import Task, Turn
from prism_core.episode.mission_state import MAX_TRIES, count_actions
from prism_core.episode.requests import own_turns
from prism_core.errors import ConfigError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan

Reader = Callable[[str, SceneGraph], Meaning]
"""What a sentence means on a known graph."""

DONE, ASK = Skill('done'), 'ask'
_NOTHING_LEFT = 'nothing left'


@dataclass(frozen=True)
class HouseholdPlanner:
    """Plans by what its reader makes of a sentence."""

    name: str
    read: Reader

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """What is left of the errand that is under way, or its beginning up to what brings news."""
        return plan_next(self.read(request, known_graph), known_graph, history)

    def close(self) -> None:
        """Nothing to free."""


def make_teacher(task: Task) -> HouseholdPlanner:
    """The embedded teacher, handed what the sentence means.

    Raises:
        ConfigError: the task does not say what it means.
    """
    meaning = task.intent
    if not isinstance(meaning, Meaning):
        raise ConfigError(
            f'{task.request!r:.80}: the embedded teacher needs what a sentence means; take tasks '
            'that tell it, or another teacher'
        )
    return HouseholdPlanner('teacher', lambda request, graph: meaning)


def plan_next(meaning: Meaning, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
    """The next plan toward what a sentence means."""
    if not meaning.errands:
        return make_plan('ask', (Skill(ASK, 'what'),), known_graph)
    failures = count_actions(own_turns(history), HOUSEHOLD_ACTIONS)[1]
    blocked = {action for action, times in failures.items() if times >= MAX_TRIES}
    view = _View(known_graph, history, blocked)
    goal, skills = _NOTHING_LEFT, [DONE]
    for number, errand in enumerate(meaning.errands):
        left = [*view.list_left(errand)]
        if left:
            is_last = number == len(meaning.errands) - 1
            ends = left[-1].verb in (ASK, 'slice', 'look') or not is_last
            goal, skills = errand.say(), left if ends else [*left, DONE]
            break
    plan = make_plan(goal, skills, known_graph)
    if blocked.intersection(plan.actions):
        return make_plan(goal, (Skill(ASK, 'cannot'),), known_graph)
    return plan


def make_plan(goal: str, skills: Sequence[Skill], known_graph: SceneGraph) -> Plan:
    """The plan that some skills become.

    Raises:
        PlanParseError: they cannot be done on what is known.
    """
    actions = ground(skills, known_graph, goal)
    names = [name for action in actions for name in HOUSEHOLD_ACTIONS.nodes_of(action)]
    return Plan(actions, goal, tuple(dict.fromkeys(names)))


class _View:
    """What is known and was done, as an errand sees it."""

    def __init__(self, graph: SceneGraph, history: Sequence[Turn], blocked: set[Action]):
        self._graph, self._history, self._blocked = graph, history, blocked
        self._home = read_home(graph)
        self._settled = find_settled(graph, history)
        self._done = [*list_done(graph, history)]

    def list_left(self, errand: Errand) -> Iterator[Skill]:
        """What is left to do, up to what brings news; a question where it cannot be done."""
        if errand.kind == 'steps':
            return iter(self._left_of_steps([read_skill(text) for text in errand.steps]))
        if self._is_done(errand):
            return iter(())
        obstacle = self._find_obstacle(errand)
        return iter([Skill(ASK, obstacle)]) if obstacle else self._left(errand)

    # -------------------------------------------------------------------------------- what holds

    def _is_done(self, errand: Errand) -> bool:
        home, thing = self._home, errand.thing
        if errand.kind == 'light':
            lit = Skill('light', errand.lamp)
            taken = Skill('take', thing)
            return lit in self._done and taken in self._done[: self._done.index(lit)]
        if errand.kind == 'two':
            return self._most_in_one(thing, errand.place) >= 2
        things = home.called(thing)
        if errand.kind == 'stack':
            return any(
                home.class_of(v) == errand.vessel and self._rests(v, errand.place)
                for n in things
                if (v := home.holders.get(n, '')) and v in self._settled
            )
        there = [n for n in things if self._rests(n, errand.place)]
        if errand.kind in TREATMENTS:
            return any(is_treated(home, n, errand.kind) for n in there)
        is_all = bool(things) and len(there) == len(things) and not home.unseen()
        return is_all or any(n in self._settled for n in there)

    def _rests(self, name: str, place: str) -> bool:
        holder = self._home.holders.get(name, '')
        return bool(holder) and self._home.class_of(holder) == place

    def _most_in_one(self, thing: str, place: str) -> int:
        home = self._home
        counts = [
            sum(home.holders.get(n) == spot for n in home.called(thing))
            for spot in home.called(place)
        ]
        return max(counts, default=0)

    def _find_obstacle(self, errand: Errand) -> str:
        """What to ask where the errand cannot be done; '' where it may be."""
        home, thing, kind = self._home, errand.thing, errand.kind
        if errand.lamp and not home.called(errand.lamp):
            return 'absent'
        if errand.place and not home.called(errand.place):
            return 'absent'
        carried = errand.vessel or thing
        if errand.place and not may_hold(errand.place, carried):
            return 'cannot'
        if errand.vessel and not may_hold(errand.vessel, thing):
            return 'cannot'
        if kind in TREATMENTS:
            tools = [words for words in TREATED_IN[kind] if home.called(words)]
            if not can_be(kind, thing) or not tools:
                return 'cannot'
        return ''

    # -------------------------------------------------------------------------------- what is left

    def _left(self, errand: Errand) -> Iterator[Skill]:
        home, thing = self._home, errand.thing
        held = home.held
        is_held = bool(held) and home.class_of(held) == thing
        if is_slice(thing) and not is_held and not home.called(thing):
            yield from self._slice(thing)
            return
        carries = bool(held) and bool(set(home.contents(held)) & set(home.called(thing)))
        if held and not is_held and not (errand.kind == 'stack' and carries):
            yield self._put_down(held)
        if errand.kind == 'two':
            yield from self._left_of_two(errand, is_held)
            return
        if errand.kind == 'stack':
            yield from self._left_of_stack(errand, is_held, carries)
            return
        treated = errand.kind in TREATMENTS and self._find_treated(errand)
        if not is_held:
            look = self._find(thing)
            yield look or Skill('take', thing)
            if look:
                return
        if errand.kind == 'light':
            yield Skill('light', errand.lamp)
            return
        if errand.kind in TREATMENTS and not treated:
            yield Skill(errand.kind)
        yield Skill('put', errand.place)

    def _find_treated(self, errand: Errand) -> bool:
        """Whether the thing that is held was treated; or any that lies somewhere, where none is."""
        home = self._home
        things = home.called(errand.thing)
        things = (home.held,) if home.held in things else things
        return any(is_treated(home, name, errand.kind) for name in things)

    def _left_of_two(self, errand: Errand, is_held: bool) -> Iterator[Skill]:
        home = self._home
        there = self._most_in_one(errand.thing, errand.place)
        if is_held:
            yield Skill('put', errand.place)
            there += 1
        loose = [
            name
            for name in home.called(errand.thing)
            if name != home.held and not self._rests(name, errand.place)
        ]
        for _ in range(2 - there):
            if not loose:
                yield self._search(errand.thing)
                return
            loose.pop()
            yield Skill('take', errand.thing)
            yield Skill('put', errand.place)

    def _left_of_stack(self, errand: Errand, is_held: bool, carries: bool) -> Iterator[Skill]:
        home = self._home
        filled = any(
            home.class_of(at) == errand.vessel
            for name, at in self._settled.items()
            if home.class_of(name) == errand.thing
        )
        if not carries:
            for words in (errand.vessel, errand.thing):
                if not filled and not (is_held and words == errand.thing):
                    if look := self._find(words):
                        yield look
                        return
            if not filled:
                if not is_held:
                    yield Skill('take', errand.thing)
                yield Skill('put', errand.vessel)
            yield Skill('take', errand.vessel)
        yield Skill('put', errand.place)

    def _slice(self, thing: str) -> Iterator[Skill]:
        """Slice what there is only a whole of: with a knife, which is fetched first."""
        home, whole = self._home, whole_of(thing)
        held = home.held
        if look := self._find(whole):
            yield look
            return
        if not held or home.class_of(held) not in KNIVES:
            knife = next((words for words in KNIVES if home.called(words)), '')
            if not knife:
                yield self._search(KNIVES[0])
                return
            if held:
                yield self._put_down(held)
            yield Skill('take', knife)
        yield Skill('slice', whole)

    def _put_down(self, held: str) -> Skill:
        """Where what is not needed goes: the nearest furniture that takes it and is not closed."""
        home = self._home
        ways = self._graph.distances_m(home.here)
        words = home.class_of(held)
        spots = [
            name
            for name in ways
            if home.is_furniture(name)
            and not home.can_open(name)
            and may_hold(home.class_of(name), words)
        ]
        rooms = [name for name in ways if not home.is_furniture(name)]
        spot = min(spots or rooms, key=ways.__getitem__)
        return Skill('put', home.class_of(spot))

    def _find(self, words: str) -> Skill | None:
        """What to do first where no thing of a class is known; None where one is."""
        home = self._home
        loose = [n for n in home.called(words) if n in home.holders and home.is_thing(n)]
        return None if loose else self._search(words)

    def _search(self, words: str) -> Skill:
        """Where to look for a thing: where it is found most, else what is nearest; a question where
        all was seen.
        """
        home = self._home
        ways = self._graph.distances_m(home.here)
        unseen = [n for n in home.unseen() if n in ways and not self._is_in_vain(n)]
        if not unseen:
            return Skill(ASK, 'absent')
        order = {place: rank for rank, place in enumerate(found_in(words))}
        best = min(unseen, key=lambda n: (order.get(home.class_of(n), len(order)), ways[n]))
        return Skill('look', home.class_of(best))

    def _is_in_vain(self, region: str) -> bool:
        return not self._blocked.isdisjoint(
            (Action('Navigation', (region,)), Action('OpenObject', (region,)))
        )

    def _left_of_steps(self, steps: Sequence[Skill]) -> list[Skill]:
        """The steps behind those that were done, up to what brings news."""
        done = iter(self._done)
        at = 0
        for skill in done:
            if at < len(steps) and skill == steps[at]:
                at += 1
        left: list[Skill] = []
        for skill in steps[at:]:
            things = (skill.words,) if skill.verb in ('take', 'slice') else ()
            for words in things:
                if look := self._find(words):
                    return left or [look]
            left.append(skill)
            if skill.verb == 'slice':
                break
        return left
