# SPDX-License-Identifier: Apache-2.0
"""What a plan says in classes, and the actions that the graph makes of it.

| skill | becomes |
|---|---|
| take mug | go where the mug is, open what it is in, take it, close that |
| put desk | go there, open it, put what is held, close it |
| slice apple | go there, open, slice with the knife that is held; a plan ends with it |
| heat, cool, clean | what is held, in a microwave, a fridge, a basin with a faucet; held again |
| light desk lamp | go there and turn it on |
| look fridge | go to the nearest whose inside is not known and open it; a plan ends with it |
| done, ask which | the end |

Which one of a class is meant is the graph's to choose: never one that was brought where it belongs,
where there is another; else the nearest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prism_core.domains.household.actions import SAYINGS
from prism_core.domains.household.calling import household_class_of_name
from prism_core.domains.household.classes import (
    BASINS,
    FAUCET,
    FRIDGE,
    LAMPS,
    MICROWAVE,
    STATES,
    TREATMENTS,
    VESSELS,
    may_hold,
)
from prism_core.domains.household.home import Home, read_home
from prism_core.episode.episode import Turn
from prism_core.episode.requests import own_turns
from prism_core.errors import PlanParseError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

VERBS = ('take', 'put', 'slice', *TREATMENTS, 'light', 'look', 'done', 'ask')
LAST = ('slice', 'look', 'done', 'ask')
"""Those that a plan ends with."""
TREATED_IN = {'heat': (MICROWAVE,), 'cool': (FRIDGE,), 'clean': BASINS}


@dataclass(frozen=True)
class Skill:
    """A verb, and the class that it is done on; '' where it takes none."""

    verb: str
    words: str = ''

    def __str__(self) -> str:
        return f'{self.verb} {self.words}'.rstrip()


def read_skill(text: str) -> Skill:
    """A skill of its words.

    Raises:
        PlanParseError: there is no such skill.
    """
    verb, _, words = text.strip().partition(' ')
    if verb not in VERBS or bool(words) != (verb not in (*TREATMENTS, 'done')):
        raise PlanParseError(
            f'expected a skill such as "take mug", one of {", ".join(VERBS)}, got {text[:60]!r}'
        )
    if verb == 'ask' and words not in SAYINGS:
        raise PlanParseError(f'ask: expected one of {", ".join(SAYINGS)}, got {words[:60]!r}')
    return Skill(verb, words)


def is_treated(home: Home, name: str, treatment: str) -> bool:
    """Whether a thing was heated, cooled or cleaned."""
    return bool(home.nodes[name].attributes.get(STATES[treatment]))


def ground(skills: Sequence[Skill], known_graph: SceneGraph, goal: str = '') -> tuple[Action, ...]:
    """The actions of a plan on what is known; `goal` is what it is for (see `Errand.say`).

    Raises:
        PlanParseError: a class is not known there, or what is planned cannot be done.
    """
    walk = Walk(known_graph, goal)
    for number, skill in enumerate(skills):
        walk.do(skill, skills[number + 1 :])
        if skill.verb in LAST:
            break
    return tuple(walk.actions)


def _read_filling(goal: str) -> tuple[str, str]:
    """The thing and the vessel of a goal to put the one in the other; '' for any other."""
    kind, _, named = goal.partition(' ')
    parts = named.split(', ')
    return (parts[0], parts[1]) if kind == 'stack' and len(parts) > 1 else ('', '')


class Walk:
    """What a plan does, step by step, on what is known.

    Attributes:
        actions: those so far.
        home: what is known then.
    """

    def __init__(self, graph: SceneGraph, goal: str):
        self.actions: list[Action] = []
        self._graph = graph
        self.home = read_home(graph)
        self._settled: set[str] = set()  # what the plan put somewhere
        self._goal, self._filling = goal, _read_filling(goal)

    def do(self, skill: Skill, behind: Sequence[Skill]) -> None:
        """Carry out a skill in mind; `behind` is what comes then."""
        verb, words = skill.verb, skill.words
        if verb == 'done':
            self.add('done')
        elif verb == 'ask':
            self.actions.append(Action('ask', (SAYINGS[words],)))
        elif verb == 'take':
            self.take(self._choose_thing(words, behind))
        elif verb == 'put':
            self.put(self._choose_receptacle(words))
        elif verb == 'slice':
            self.slice(self._nearest(self._loose(words), f'slice {words}'))
        elif verb == 'light':
            self.light(self._nearest(self.home.called(words), f'light {words}'))
        elif verb == 'look':
            unseen = [n for n in self.home.unseen() if self.home.class_of(n) == words]
            self._look(self._nearest(unseen, f'look {words}'))
        else:
            self.treat(verb, self._choose_tool(verb))

    # ------------------------------------------------------------------------------ what is meant

    def _loose(self, words: str) -> list[str]:
        """The things of a class that could be taken."""
        home = self.home
        return [n for n in home.called(words) if n != home.held and n in home.holders]

    def _choose_thing(self, words: str, behind: Sequence[Skill]) -> str:
        """What to take: what was treated before others, and none that is where it is to go."""
        home = self.home
        things = self._loose(words)
        goal = next((s.words for s in behind if s.verb == 'put'), '')
        there = [n for n in things if home.class_of(home.holders[n]) == goal]
        filled = [n for n in things if self._is_filled(n)]
        if words in VESSELS and filled:
            return self._nearest(filled, f'take {words}')
        free = [n for n in things if n not in self._settled and n not in there]
        free = free or [n for n in things if n not in there] or things
        kind = self._goal.partition(' ')[0]
        treated = [n for n in free if kind in TREATMENTS and is_treated(home, n, kind)]
        return self._nearest(treated or free, f'take {words}')

    def _is_filled(self, vessel: str) -> bool:
        """Whether a vessel holds what the plan put there, or what it is to be filled with."""
        home, (thing, words) = self.home, self._filling
        if home.class_of(vessel) != words:
            return not self._settled.isdisjoint(home.contents(vessel))
        return any(home.class_of(n) == thing for n in home.contents(vessel))

    def _choose_receptacle(self, words: str) -> str:
        """Where to put what is held: where its like was put before, else the nearest with room."""
        home = self.home
        if not home.held:
            raise PlanParseError(f'put {words}: the hand is empty')
        held = home.class_of(home.held)
        if not may_hold(words, held):
            raise PlanParseError(f'put {words}: no {words} takes a {held}')
        found = [n for n in home.called(words) if n != home.held and self.home.has_room(n)]
        like = [at for n, at in home.holders.items() if home.class_of(n) == held]
        counts = {n: like.count(n) for n in found}
        most = max(counts.values(), default=0)
        best = [n for n in found if counts[n] == most]
        return self._nearest(best, f'put {words}')

    def _nearest(self, names: Iterable[str], wanted: str) -> str:
        ways = self._graph.distances_m(self.home.here)
        reached = [n for n in names if self._at(n) in ways]
        if not reached:
            raise PlanParseError(f'{wanted}: none is known that can be reached')
        return min(reached, key=lambda n: ways[self._at(n)])

    def _at(self, name: str) -> str:
        is_region = self.home.nodes[name].kind == 'region'
        return name if is_region else self.home.place_of(name)

    # -------------------------------------------------------------------------------- what is done

    def add(self, name: str, *nodes: str) -> None:
        """Note an action."""
        self.actions.append(Action(name, nodes))

    def go(self, region: str) -> None:
        """Go somewhere, and close what is open here."""
        if region == self.home.here:
            return
        self._shut()
        self.add('Navigation', region)
        self.home = self.home.at(region)

    def _shut(self) -> None:
        """Close what is open here and has a door."""
        here = self.home.here
        if here in self.home.nodes and self.home.nodes[here].attributes.get('door') == 'open':
            self._set('CloseObject', here)

    def _set(self, action: str, name: str) -> None:
        self.add(action, name)
        door = 'open' if action == 'OpenObject' else 'closed'
        self.home = self.home.told({name: {'door': door}})

    def _reach(self, name: str) -> None:
        """Go to where a thing is, and open what is around it."""
        self.go(self.home.place_of(name))
        self._open(self.home.around(name))

    def _open(self, names: Iterable[str]) -> None:
        for name in reversed([n for n in names if self.home.is_shut(n)]):
            self._set('OpenObject', name)

    def take(self, name: str) -> None:
        """Fetch a thing.

        Raises:
            PlanParseError: the hand is full.
        """
        home = self.home
        if home.held:
            raise PlanParseError(f'take {home.class_of(name)}: the hand holds {home.held}')
        self._reach(name)
        if self.home.nodes[name].attributes.get('door') == 'open':
            self._set('CloseObject', name)
        self.add('PickupObject', name)
        self.home = self.home.moved(name, home.hand)
        self._settled.discard(name)
        self._shut()

    def put(self, holder: str) -> None:
        """Put what is held somewhere."""
        held = self.home.held
        self.go(self._at(holder))
        self._open((holder, *self.home.around(holder)))
        self.add('PutObject', held, holder)
        self.home = self.home.moved(held, holder)
        self._settled.add(held)
        self._shut()

    def slice(self, name: str) -> None:
        """Slice a thing where it lies."""
        self._reach(name)
        self.add('SliceObject', name)
        self._shut()

    def light(self, name: str) -> None:
        """Turn a lamp on."""
        self.go(self._at(name))
        self.add('ToggleObjectOn', name)

    def _choose_tool(self, verb: str) -> str:
        """What to heat, cool or clean in."""
        home = self.home
        if not home.held:
            raise PlanParseError(f'{verb}: the hand is empty')
        tools = [n for words in TREATED_IN[verb] for n in home.called(words)]
        if verb == 'clean':
            tools = [n for n in tools if self._faucet_at(n)]
        tools = [n for n in tools if may_hold(home.class_of(n), home.class_of(home.held))]
        return self._nearest([n for n in tools if self.home.has_room(n)], verb)

    def treat(self, verb: str, tool: str) -> None:
        """Heat, cool or clean what is held, in something."""
        held = self.home.held
        self.put(tool)
        if verb == 'heat':
            self.add('ToggleObjectOn', tool)
            self.add('ToggleObjectOff', tool)
        elif verb == 'clean':
            self.add('ToggleObjectOn', self._faucet_at(tool))
            self.add('ToggleObjectOff', self._faucet_at(tool))
        self.home = self.home.told({held: {STATES[verb]: True}})
        self.take(held)

    def _faucet_at(self, place: str) -> str:
        home = self.home
        return next((n for n in home.called(FAUCET) if home.holders.get(n) == place), '')

    def _look(self, region: str) -> None:
        self.go(region)
        if self.home.is_shut(region):
            self._set('OpenObject', region)
        if not self.actions:
            raise PlanParseError(f'look {region}: it was looked at already')


# -------------------------------------------------------------------------------- the way back


def say_skills(actions: Sequence[Action], known_graph: SceneGraph) -> list[Skill]:
    """The skills that a plan, or what was done, consists of; ways, doors and faucets are nobody's
    to say, but where they end a plan something is looked at.
    """
    home = read_home(known_graph)
    said: list[Skill] = []
    put: Action | None = None  # which may be the beginning of a treatment
    lit = ''
    for action in actions:
        name = str(action.arguments[0]) if action.arguments else ''
        words = home.class_of(name) if name in home.nodes else household_class_of_name(name)
        if action.name == 'PickupObject':
            verb = _treatment(put, name, lit, home)
            if verb:
                said[-1:] = [Skill(verb)]
            else:
                said.append(Skill('take', words))
            put, lit = None, ''
        elif action.name == 'PutObject':
            put, lit = action, ''
            said.append(Skill('put', home.class_of(str(action.arguments[1]))))
        elif action.name == 'SliceObject':
            said.append(Skill('slice', words))
        elif action.name == 'CloseObject':
            lit = words if words == FRIDGE else lit
        elif action.name == 'ToggleObjectOn':
            lit = words
            if words in LAMPS:
                said.append(Skill('light', words))
        elif action.name == 'done':
            said.append(Skill('done'))
        elif action.name == 'ask':
            saying = {text: word for word, text in SAYINGS.items()}
            said.append(Skill('ask', saying.get(str(action.arguments[0]), 'what')))
    trailing = _find_look(actions)
    return [*said, Skill('look', home.class_of(trailing))] if trailing else said


def _find_look(actions: Sequence[Action]) -> str:
    """The region that a plan ends by looking at; '' where it ends otherwise."""
    last = actions[-1] if actions else Action('')
    is_look = last.name in ('Navigation', 'OpenObject')
    return str(last.arguments[0]) if is_look else ''


def _treatment(put: Action | None, name: str, lit: str, home: Home) -> str:
    """What was done to a thing that is taken out of where it was just put; '' for nothing."""
    if put is None or str(put.arguments[0]) != name:
        return ''
    at = home.class_of(str(put.arguments[1]))
    if at == MICROWAVE and lit == MICROWAVE:
        return 'heat'
    if at == FRIDGE and lit == FRIDGE:
        return 'cool'
    return 'clean' if at in BASINS and lit == FAUCET else ''


def list_done(known_graph: SceneGraph, history: Sequence[Turn]) -> Iterator[Skill]:
    """The skills that were carried out for the request that is worked on now."""
    done = [
        action
        for turn in own_turns(history)
        for action, observation in zip(turn.plan.actions, turn.observations)
        if observation.status == 'done'
    ]
    return (s for s in say_skills(done, known_graph) if s.verb != 'look')
