# SPDX-License-Identifier: Apache-2.0
"""A home in which things are fetched, opened, heated, cooled, cleaned and sliced.

The true graph holds where things really are; its attribute `failures` lists [action, node] pairs,
each of which makes one such action on that node fail. What is closed, or is open in a room where
the robot was not yet, shows what it holds when it is opened or gone to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from prism_core.domains.household.actions import HOUSEHOLD_ACTIONS
from prism_core.domains.household.classes import (
    FAUCET,
    FRIDGE,
    KNIVES,
    MICROWAVE,
    SLICE,
    SLICEABLE,
    STATES,
    may_hold,
)
from prism_core.domains.household.home import Home, kind_of_placement, read_home
from prism_core.episode.misuse import find_misuse
from prism_core.episode.observation import Observation
from prism_core.graph.elements import Connection, GraphUpdate, Node
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable, Role

FAILURES = 'failures'
SLICES = 3
"""So many pieces slicing makes."""


class HouseholdSimulator:
    """Carries out the actions of the household; passes `testing.check_simulator`."""

    table: ActionTable = HOUSEHOLD_ACTIONS

    def __init__(self, true_graph: SceneGraph, known_graph: SceneGraph):
        self._known = known_graph
        self._true = read_home(true_graph).at(known_graph.robot_location or '')
        self._failures = Counter(
            (str(a), str(n)) for a, n in true_graph.attributes.get(FAILURES, ())
        )

    @property
    def known_graph(self) -> SceneGraph:
        """What the robot knows by now."""
        return self._known

    @property
    def truth(self) -> Home:
        """Where things really are by now; for the judge alone."""
        return self._true

    def execute(self, action: Action) -> Observation:
        """Carry out one action and reveal what it shows."""
        if misuse := find_misuse(action, self.table, self._known):
            return _refused(misuse)
        spec = self.table[action.name]
        if spec.ends_mission:
            return Observation()
        names = [str(argument) for argument in action.arguments]
        home = read_home(self._known)
        why_not = find_obstacle(action, home)
        is_drive = not why_not and spec.role is Role.DRIVE
        if is_drive and not self._known.is_reachable(home.here, names[0]):
            why_not = f'no way leads to {names[0]}'
        if why_not:
            return _refused(why_not)
        if self._failures[action.name, names[0]]:
            self._failures[action.name, names[0]] -= 1
            return Observation(status='failed')
        observation = self._missing(names) or self._do(action.name, names)
        if observation.update != GraphUpdate():
            self._known = self._known.apply(observation.update)
        return observation

    def learn(self, update: GraphUpdate) -> None:
        """Take over what became known otherwise than by its own actions.

        Raises:
            SceneGraphError: it does not fit what is known.
        """
        self._known = self._known.apply(update)

    # ------------------------------------------------------------------------------- the actions

    def _missing(self, names: list[str]) -> Observation | None:
        """The attempt on something that is not where it was known, which shows that."""
        home = read_home(self._known)
        for name in names:
            if self._known.nodes[name].kind == 'region' or name == home.held:
                continue
            if self._true.place_of(name) != home.place_of(name):
                return Observation(GraphUpdate(remove_nodes=(name,)), status='failed')
        return None

    def _do(self, action: str, names: list[str]) -> Observation:
        name = names[0]
        if action == 'Navigation':
            far_m = self._known.distance_m(self._true.here, name)
            self._true = self._true.at(name)
            shown = self._show(name)
            return Observation(replace(shown, robot_location=name), distance_m=far_m)
        if action == 'PickupObject':
            self._true = self._true.moved(name, self._true.hand)
            return Observation(
                GraphUpdate(upsert_connections=(Connection('held', name, self._true.hand),))
            )
        if action == 'PutObject':
            return self._put(name, names[1])
        if action == 'SliceObject':
            return self._slice(name)
        changes: dict[str, dict[str, object]] = {}
        if action in ('OpenObject', 'CloseObject'):
            changes[name] = {'door': 'open' if action == 'OpenObject' else 'closed'}
            if action == 'CloseObject' and self._true.class_of(name) == FRIDGE:
                changes |= {thing: {'cold': True} for thing in self._true.contents(name)}
        else:
            changes[name] = {'power': 'on' if action == 'ToggleObjectOn' else 'off'}
            if action == 'ToggleObjectOn':
                changes |= self._turned_on(name)
        self._true = self._true.told(changes)
        shown = self._show(name) if action == 'OpenObject' else GraphUpdate()
        told = {n: new for n, new in changes.items() if n in self._known.nodes}
        seen = shown.set_attributes
        told = {n: {**told.get(n, {}), **seen.get(n, {})} for n in (*told, *seen)}
        return Observation(replace(shown, set_attributes=told))

    def _turned_on(self, name: str) -> Mapping[str, dict[str, object]]:
        """What a microwave heats, and what a faucet cleans."""
        words = self._true.class_of(name)
        if words == MICROWAVE:
            return {thing: {'hot': True} for thing in self._true.contents(name)}
        if words == FAUCET:
            place = self._true.place_of(name)
            things = (n for n in self._true.contents(place) if self._true.is_thing(n))
            return {thing: {'clean': True} for thing in things}
        return {}

    def _put(self, name: str, holder: str) -> Observation:
        self._true = self._true.moved(name, holder)
        place = self._true.place_of(name)
        kind = kind_of_placement(self._true.nodes[holder])
        return Observation(self._seen_at((name, *self._true.contents(name)), place, {name: kind}))

    def _seen_at(
        self, names: tuple[str, ...], place: str, placed: Mapping[str, str]
    ) -> GraphUpdate:
        """Known things that are seen from a region now, and those that were put there."""
        lost, found = [], []
        for name in names:
            if name in self._known.nodes:
                views = (Connection('observed_from', name, r) for r in self._known.regions)
                before = [v for v in views if self._known.connections.get(v.key) == v]
                lost += [view for view in before if view.target != place]
                found.append(Connection('observed_from', name, place))
        found += [
            Connection(kind_of_placement(self._true.nodes[h]), n, h)
            for n in placed
            if (h := self._true.holders[n])
        ]
        return GraphUpdate(upsert_connections=tuple(found), remove_connections=tuple(lost))

    def _slice(self, name: str) -> Observation:
        """Pieces lie where the whole lay, and are as it was."""
        home = self._true
        whole, holder, place = home.nodes[name], home.holders[name], home.place_of(name)
        base = f'{home.class_of(name)}{SLICE}'.replace(' ', '_')
        free = (f'{base}_{n}' for n in range(1, 999) if f'{base}_{n}' not in home.nodes)
        pieces = [Node(next(free), 'object', whole.position) for _ in range(SLICES)]
        pieces = [piece.with_attributes(_state_of(whole)) for piece in pieces]
        nodes = {n: node for n, node in home.nodes.items() if n != name}
        holders = {n: h for n, h in home.holders.items() if n != name}
        nodes |= {piece.name: piece for piece in pieces}
        holders |= {piece.name: holder for piece in pieces}
        self._true = Home(nodes, holders, home.here)
        kind = kind_of_placement(home.nodes[holder])
        found = [Connection('observed_from', piece.name, place) for piece in pieces]
        found += [Connection(kind, piece.name, holder) for piece in pieces]
        return Observation(
            GraphUpdate(
                remove_nodes=(name,), upsert_nodes=tuple(pieces), upsert_connections=tuple(found)
            )
        )

    def _show(self, name: str) -> GraphUpdate:
        """What becomes known where the robot is and nothing is closed."""
        home = self._true
        if home.is_shut(name):
            return GraphUpdate()
        place = home.place_of(name) if home.nodes[name].kind == 'object' else name
        new = [
            home.nodes[thing]
            for thing in home.contents(name)
            if thing not in self._known.nodes and not home.is_locked_in(thing)
        ]
        found = [Connection('observed_from', node.name, place) for node in new]
        found += [
            Connection(kind_of_placement(home.nodes[h]), node.name, h)
            for node in new
            if (h := home.holders[node.name])
        ]
        known = self._known.nodes[name]
        seen = {name: {'seen': True}} if known.kind == 'region' else {}
        told = {} if known.attributes.get('seen') else seen
        return GraphUpdate(
            upsert_nodes=tuple(new), upsert_connections=tuple(found), set_attributes=told
        )


def find_obstacle(action: Action, home: Home) -> str:
    """Why an action cannot be carried out as things are known; '' where it can be."""
    names = [str(argument) for argument in action.arguments]
    name, node = names[0], home.nodes[names[0]]
    if action.name == 'Navigation':
        return '' if node.kind == 'region' else f'{name} is no place to go to'
    away = _find_distance(names, home)
    if away:
        return away
    if action.name == 'PickupObject':
        if not home.is_thing(name):
            return f'{name} cannot be taken'
        if not home.hand:
            return 'there is no hand'
        return f'the hand holds {home.held}' if home.held else _find_lid(name, home)
    if action.name == 'PutObject':
        return _find_no_room(name, names[1], home)
    if action.name == 'SliceObject':
        if home.class_of(name) not in SLICEABLE:
            return f'{name} cannot be sliced'
        if name == home.held:
            return f'{name} is in the hand'
        is_armed = home.held and home.class_of(home.held) in KNIVES
        return _find_lid(name, home) if is_armed else 'there is no knife in the hand'
    if action.name in ('OpenObject', 'CloseObject'):
        if not home.can_open(name):
            return f'{name} cannot be opened or closed'
        is_shut = home.is_shut(name)
        wanted = action.name == 'CloseObject'
        return f'{name} is {"closed" if is_shut else "open"} already' if is_shut == wanted else ''
    if 'power' not in node.attributes:
        return f'{name} cannot be turned on or off'
    is_ajar = home.can_open(name) and not home.is_shut(name)
    if home.class_of(name) == MICROWAVE and is_ajar:
        return f'{name} is open'
    return ''


def shows_what_was_meant(action: Action, observation: Observation, known_graph: SceneGraph) -> bool:
    """Whether an action was carried out, and no thing was found, lost or made by it."""
    update = observation.update
    is_news = update.upsert_nodes or update.remove_nodes or observation.feedback
    return observation.status == 'done' and not is_news


def _find_distance(names: list[str], home: Home) -> str:
    """Why something is out of reach."""
    for name in names:
        place = name if home.nodes[name].kind == 'region' else home.place_of(name)
        if name == home.hand or place != home.here:
            return f'{name} is not within reach at {home.here}'
    return ''


def _find_lid(name: str, home: Home) -> str:
    return f'{name} is in something closed' if home.is_locked_in(name) else ''


def _find_no_room(name: str, holder: str, home: Home) -> str:
    if home.held != name:
        return f'the hand does not hold {name}'
    if holder == name or home.is_shut(holder) or home.is_locked_in(holder):
        return f'nothing can be put into {holder} now'
    words = home.class_of(holder)
    if not may_hold(words, home.class_of(name)):
        return f'{holder} does not take {name}'
    return '' if home.has_room(holder) else f'{holder} is full'


def _state_of(node: Node) -> dict[str, object]:
    return {key: node.attributes[key] for key in STATES.values() if key in node.attributes}


def _refused(reason: str) -> Observation:
    return Observation(feedback=reason, status='refused')
