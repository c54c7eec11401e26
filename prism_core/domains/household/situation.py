# SPDX-License-Identifier: Apache-2.0
"""All that a plan in classes goes by: what the teacher decides on, and what a prompt says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prism_core.domains.household.actions import HOUSEHOLD_ACTIONS
from prism_core.domains.household.classes import STATES, TREATMENTS
from prism_core.domains.household.home import Home, read_home
from prism_core.domains.household.skills import Skill, is_treated, list_done
from prism_core.episode.episode import Turn
from prism_core.episode.mission_state import MAX_TRIES, count_actions
from prism_core.episode.requests import own_turns
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action


@dataclass(frozen=True)
class Situation:
    """In classes, of what can be reached.

    Attributes:
        fixtures: furniture and rooms, lamps and faucets, in the graph's order.
        full: the furniture of which none has room.
        things: how many there are of each thing, as it is called with its states, such as `hot
            mug`; not what is held.
        unseen: the furniture of which the nearest one that was not looked into can be tried.
        held: what is in the hand, with its states; '' for nothing.
        done: the skills that were carried out for the request.
        failed: what failed in the last turn, or too often, and how often, without any news.
    """

    fixtures: tuple[str, ...]
    full: tuple[str, ...]
    things: Mapping[str, int]
    unseen: tuple[str, ...]
    held: str
    done: tuple[Skill, ...]
    failed: tuple[tuple[str, int], ...]

    def count(self, words: str) -> int:
        """How many there are of a class of things, whatever became of them, beside what is held."""
        return sum(n for said, n in self.things.items() if bare(said) == words)

    def has(self, state: str, words: str) -> bool:
        """Whether there is one of a class to which something was done: `hot`, `cold`, `clean`."""
        said = (*self.things, self.held)
        return any(bare(s) == words and state in s.split() for s in said)


def bare(said: str) -> str:
    """The class of what is called with its states."""
    parts = said.split()
    while parts and parts[0] in STATES.values():
        parts = parts[1:]
    return ' '.join(parts)


def survey_home(known_graph: SceneGraph, history: Sequence[Turn]) -> Situation:
    """The situation by what is known and was done."""
    home = read_home(known_graph)
    ways = known_graph.distances_m(home.here) if home.here else {}
    near = [n for n in home.nodes if (n if n in known_graph.regions else home.place_of(n)) in ways]
    regions = [n for n in near if n in known_graph.regions]
    fixed = [n for n in near if n in known_graph.regions or 'power' in home.nodes[n].attributes]
    rooms = Counter(home.class_of(n) for n in regions if home.has_room(n))
    things = [n for n in near if home.is_thing(n) and n in home.holders and n != home.held]
    failures = count_actions(own_turns(history), HOUSEHOLD_ACTIONS)[1]
    return Situation(
        fixtures=tuple(dict.fromkeys(map(home.class_of, fixed))),
        full=tuple(dict.fromkeys(c for c in map(home.class_of, regions) if not rooms[c])),
        things=Counter(_call(home, n) for n in things),
        unseen=_list_unseen(home, ways, failures),
        held=_call(home, home.held) if home.held else '',
        done=tuple(list_done(known_graph, history)),
        failed=_list_failed(home, history, failures),
    )


def find_blocked(failures: Mapping[Action, int]) -> set[Action]:
    """The actions that are not worth another try."""
    return {action for action, times in failures.items() if times >= MAX_TRIES}


def _call(home: Home, name: str) -> str:
    states = [STATES[verb] for verb in TREATMENTS if is_treated(home, name, verb)]
    return ' '.join([*states, home.class_of(name)])


def _list_unseen(
    home: Home, ways: Mapping[str, float], failures: Mapping[Action, int]
) -> tuple[str, ...]:
    """Nearest first, each class by its nearest."""
    blocked = find_blocked(failures)
    nearest: dict[str, str] = {}
    for name in sorted((n for n in home.unseen() if n in ways), key=ways.__getitem__):
        nearest.setdefault(home.class_of(name), name)
    return tuple(
        words
        for words, name in nearest.items()
        if blocked.isdisjoint((Action('Navigation', (name,)), Action('OpenObject', (name,))))
    )


def _list_failed(
    home: Home, history: Sequence[Turn], failures: Mapping[Action, int]
) -> tuple[tuple[str, int], ...]:
    turns = own_turns(history)
    last = turns[-1] if turns else None
    shown = find_blocked(failures)
    if last is not None and last.observations and last.observations[-1].status != 'done':
        shown.add(last.plan.actions[len(last.observations) - 1])
    said = []
    for action, times in failures.items():
        names = HOUSEHOLD_ACTIONS.nodes_of(action)
        if action in shown and all(name in home.nodes for name in names):
            on = map(home.class_of, names[-1:])
            said.append((' '.join([HOUSEHOLD_ACTIONS[action.name].said, *on]), times))
    return tuple(said)
