# SPDX-License-Identifier: Apache-2.0
"""The planner of the household: what is left of an errand, by what a sentence means, what is known
now and what was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prism_core.domains.household.actions import HOUSEHOLD_ACTIONS
from prism_core.domains.household.classes import (
    FAUCET,
    FURNITURE,
    KNIVES,
    OPENABLE,
    SLICEABLE,
    STATES,
    TREATMENTS,
    VESSELS,
    can_be,
    found_in,
    is_slice,
    may_hold,
    whole_of,
)
from prism_core.domains.household.meaning import Errand, Meaning
from prism_core.domains.household.situation import (
    Situation,
    bare,
    find_blocked,
    survey_home,
)
from prism_core.domains.household.skills import LAST, TREATED_IN, Skill, ground, read_skill
from prism_core.episode.episode import Task, Turn
from prism_core.episode.mission_state import count_actions
from prism_core.episode.requests import own_turns
from prism_core.errors import ConfigError, PlanParseError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.plan import Plan

Reader = Callable[[str, SceneGraph], Meaning]
"""What a sentence means on a known graph."""

DONE, ASK = Skill('done'), 'ask'
_NOTHING_LEFT = 'nothing left'
_SURFACES = (
    'counter top',
    'dining table',
    'side table',
    'coffee table',
    'desk',
    'dresser',
    'shelf',
)


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
    situation = survey_home(known_graph, history)
    goal, skills = list_next(meaning, situation)
    try:
        plan = make_plan(goal, skills, known_graph)
    except PlanParseError:  # it has no room, or cannot be reached
        return make_plan(goal, (Skill(ASK, 'cannot'),), known_graph)
    failures = count_actions(own_turns(history), HOUSEHOLD_ACTIONS)[1]
    if find_blocked(failures).intersection(plan.actions):
        return make_plan(goal, (Skill(ASK, 'cannot'),), known_graph)
    return plan


def list_next(meaning: Meaning, situation: Situation) -> tuple[str, Sequence[Skill]]:
    """The errand that is under way and what is left of it, by what a prompt tells."""
    if not meaning.errands:
        return 'ask', (Skill(ASK, 'what'),)
    view, start = _View(situation), 0
    for number, errand in enumerate(meaning.errands, start=1):
        end = view.find_end(errand, start)
        if end is None:
            left = view.list_left(errand, start)
            is_end = bool(left) and left[-1].verb in LAST
            is_end = is_end or view.is_cut(errand, start, left)
            is_last = number == len(meaning.errands)
            return errand.say(), left if is_end or not is_last else [*left, DONE]
        start = end
    return _NOTHING_LEFT, (DONE,)


def make_plan(goal: str, skills: Sequence[Skill], known_graph: SceneGraph) -> Plan:
    """The plan that some skills become.

    Raises:
        PlanParseError: they cannot be done on what is known.
    """
    actions = ground(skills, known_graph, goal)
    names = [name for action in actions for name in HOUSEHOLD_ACTIONS.nodes_of(action)]
    return Plan(actions, goal, tuple(dict.fromkeys(names)))


class _View:
    """What is told of a home, as an errand sees it."""

    def __init__(self, situation: Situation):
        self._told = situation
        self._held = bare(situation.held)

    def list_left(self, errand: Errand, start: int) -> list[Skill]:
        """What is left of an errand of which nothing was done before so many skills, up to what
        brings news; a question where it cannot be done.
        """
        if errand.kind == 'steps':
            return self._left_of_steps([read_skill(text) for text in errand.steps], start)
        obstacle = self._find_obstacle(errand)
        return [Skill(ASK, obstacle)] if obstacle else [*self._left(errand, start)]

    def is_cut(self, errand: Errand, start: int, left: Sequence[Skill]) -> bool:
        """Whether there are steps behind what is left of an errand for now."""
        if errand.kind != 'steps':
            return False
        steps = [read_skill(text) for text in errand.steps]
        return self._follow(steps, start)[0] + len(left) < len(steps)

    # -------------------------------------------------------------------------------- what was done

    def find_end(self, errand: Errand, start: int) -> int | None:
        """Behind how many of the skills that were done an errand was done, none of it before
        `start`; None where something is left.
        """
        if errand.kind == 'steps':
            at = self._follow([read_skill(text) for text in errand.steps], start)
            return at[1] if at[0] == len(errand.steps) else None
        ends = [at for at, step in self._list_steps(start) if self._ends(errand, step)]
        most = 2 if errand.kind == 'two' else 1
        return ends[most - 1] if len(ends) >= most else None

    def _list_steps(self, start: int) -> Iterator[tuple[int, _Step]]:
        """Each skill that was done, with what was in the hand, and what was done with that."""
        held, treated = '', frozenset[str]()
        in_vessels: dict[str, str] = {}
        for number, skill in enumerate(self._told.done):
            if skill.verb == 'take':
                held, treated = skill.words, frozenset()
            elif skill.verb in TREATMENTS:
                treated |= {skill.verb}
            if number >= start:
                yield number + 1, _Step(skill, held, treated, in_vessels.get(held, ''))
            if skill.verb == 'put':
                in_vessels[skill.words] = held
                held, treated = '', frozenset()

    def _ends(self, errand: Errand, step: _Step) -> bool:
        """Whether a skill was what an errand ends with, once."""
        thing, kind = errand.thing, errand.kind
        if kind == 'light':
            return step.skill == Skill('light', errand.lamp) and thing in (step.held, self._held)
        if step.skill != Skill('put', errand.place):
            return False
        if kind == 'stack':
            return step.held == errand.vessel and step.filled_with == thing
        is_treated = kind in step.treated or self._told.has(STATES.get(kind, ''), thing)
        return step.held == thing and (kind not in TREATMENTS or is_treated)

    # -------------------------------------------------------------------------------- what is left

    def _find_obstacle(self, errand: Errand) -> str:
        """What to ask where the errand cannot be done; '' where it may be."""
        told, thing, kind = self._told, errand.thing, errand.kind
        carried = errand.vessel or thing
        if is_slice(thing) and whole_of(thing) not in SLICEABLE and not told.count(thing):
            return 'cannot'
        if errand.place and not may_hold(errand.place, carried):
            return 'cannot'
        if errand.vessel and not may_hold(errand.vessel, thing):
            return 'cannot'
        if kind in TREATMENTS and not can_be(kind, thing):
            return 'cannot'
        if errand.lamp and errand.lamp not in told.fixtures:
            return 'absent'
        if errand.place not in (*told.fixtures, *VESSELS, ''):
            return 'absent'
        if errand.place in told.full or (kind in TREATMENTS and not self._can_treat(kind, thing)):
            return 'cannot'
        return ''

    def _can_treat(self, kind: str, thing: str) -> bool:
        """Whether there is what a thing is heated, cooled or cleaned in, with room for it."""
        there = [words for words in self._told.fixtures if words not in self._told.full]
        is_wet = kind != 'clean' or FAUCET in there
        return is_wet and any(w in there and may_hold(w, thing) for w in TREATED_IN[kind])

    def _left(self, errand: Errand, start: int) -> Iterator[Skill]:
        told, thing, kind = self._told, errand.thing, errand.kind
        if is_slice(thing) and self._held != thing and not told.count(thing):
            yield from self._slice(thing)
            return
        steps = [step for _, step in self._list_steps(start)]
        there = sum(self._ends(errand, step) for step in steps)
        filled = kind == 'stack' and Skill('put', errand.vessel) in [
            step.skill for step in steps if step.held == thing
        ]
        wanted = errand.vessel if filled else thing
        if self._held not in (wanted, ''):
            yield self._put_down(self._held)
        if self._held != wanted:
            if look := self._find(wanted, there) or self._find_place(errand):
                yield look
                return
            yield Skill('take', wanted)
        if kind == 'light':
            yield Skill('light', errand.lamp)
            return
        if kind in TREATMENTS and not self._is_treated(kind, thing):
            yield Skill(kind)
        if kind == 'stack' and not filled:
            yield Skill('put', errand.vessel)
            yield Skill('take', errand.vessel)
        yield Skill('put', errand.place)
        if kind == 'two' and not there:
            others = 0 if self._held == thing else 1
            if look := self._find(thing, others):
                yield look
                return
            yield Skill('take', thing)
            yield Skill('put', errand.place)

    def _is_treated(self, kind: str, thing: str) -> bool:
        """Whether that is so of what is held, or else of any, which is the one that is taken."""
        if self._held == thing:
            return STATES[kind] in self._told.held.split()
        return self._told.has(STATES[kind], thing)

    def _find_place(self, errand: Errand) -> Skill | None:
        """What to do first where what is to hold a thing can be taken itself, and is not known."""
        vessels = [w for w in (errand.vessel, errand.place) if w in VESSELS and w != self._held]
        return next(filter(None, map(self._find, vessels)), None)

    def _slice(self, thing: str) -> Iterator[Skill]:
        """Slice what there is only a whole of: with a knife, which is fetched first."""
        whole = whole_of(thing)
        if self._held == whole:
            yield self._put_down(whole)
        elif look := self._find(whole):
            yield look
            return
        if self._held not in KNIVES:
            knife = next((words for words in KNIVES if self._told.count(words)), '')
            if self._held not in (whole, ''):
                yield self._put_down(self._held)
            if not knife:
                yield self._search(KNIVES[0])
                return
            yield Skill('take', knife)
        yield Skill('slice', whole)

    def _put_down(self, held: str) -> Skill:
        """Where what is not needed goes: furniture that is open and has room."""
        free = [w for w in self._told.fixtures if may_hold(w, held) and w not in self._told.full]
        return Skill('put', min(free, key=_rank_spot, default='floor'))

    def _find(self, words: str, besides: int = 0) -> Skill | None:
        """What to do first where no more of a class are known than so many; None where one is."""
        return None if self._told.count(words) > besides else self._search(words)

    def _search(self, words: str) -> Skill:
        """Where to look for a thing: where it is found most, else what is nearest; a question where
        all was seen.
        """
        if not self._told.unseen:
            return Skill(ASK, 'absent')
        order = {place: rank for rank, place in enumerate(found_in(words))}
        return Skill('look', min(self._told.unseen, key=lambda c: order.get(c, len(order))))

    def _left_of_steps(self, steps: Sequence[Skill], start: int) -> list[Skill]:
        """The steps behind those that were done, up to what brings news."""
        left: list[Skill] = []
        for skill in steps[self._follow(steps, start)[0] :]:
            if skill.verb in ('take', 'slice') and (look := self._find(skill.words)):
                return left or [look]
            left.append(skill)
            if skill.verb == 'slice':
                break
        return left

    def _follow(self, steps: Sequence[Skill], start: int) -> tuple[int, int]:
        """How many steps were done, one behind the other, and behind how many skills the last."""
        followed, end = 0, start
        for number, skill in enumerate(self._told.done[start:], start + 1):
            if followed < len(steps) and skill == steps[followed]:
                followed, end = followed + 1, number
        return followed, end


def _rank_spot(words: str) -> int:
    """Counters and tables first, then what else is open, then what has a door, then the floor."""
    if words in _SURFACES:
        return _SURFACES.index(words)
    return len(_SURFACES) + 2 * (words not in FURNITURE) + (words in OPENABLE)


@dataclass(frozen=True)
class _Step:
    """A skill that was done, on what was held then."""

    skill: Skill
    held: str
    treated: frozenset[str]
    filled_with: str
