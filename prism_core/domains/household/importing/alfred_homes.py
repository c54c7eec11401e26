# SPDX-License-Identifier: Apache-2.0
"""Homes of ALFRED as scene graphs: the furniture of a floor plan, as all plans in it tell, and the
things of a trajectory.

Of the data only positions and ids (`Fridge|-02.10|+00.00|+01.09`) are known, so that what a thing
is in or on is told by the plan that takes it, and else by what is nearest. Axes are the
simulator's: y is up, so that (x, z) becomes (x, y).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

from prism_core.domains.household.classes import (
    BASINS,
    FAUCET,
    HAND,
    LAMPS,
    MICROWAVE,
    OPENABLE,
    SLICE,
    VESSELS,
    may_hold,
)
from prism_core.domains.household.home import kind_of_placement
from prism_core.graph.elements import Connection, Node, NodeKind
from prism_core.graph.scene_graph import SceneGraph

_JOINT = re.compile(r'(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])')
_ROOMS = {0: 'kitchen', 2: 'living room', 3: 'bedroom', 4: 'bathroom'}
"""By the hundreds of a floor plan's number."""
_SPARE, _IN_VESSEL_M, _SHARE = 1.3, 0.15, 20
"""A thing is in or on what is no further than 1.3 times the 95th percentile of those that are known
to be, or 0.15 m from a vessel."""

Trajectory = Mapping[str, Any]
Position = tuple[float, float, float]


def words_of(class_name: str) -> str:
    """A class of the simulator as words: `AppleSliced` is an apple slice."""
    words = _JOINT.sub(' ', class_name).lower()
    return words.removesuffix(' sliced') + SLICE if words.endswith(' sliced') else words


def class_of_id(identifier: str) -> str:
    """The class that an id tells; that of a sink's basin is a sink basin."""
    parts = identifier.split('|')
    return words_of(parts[4].split('_')[0] if len(parts) > 4 else parts[0])


def position_of_id(identifier: str) -> Position:
    """Where it lay when it got its id, in metres."""
    x, y, z = map(float, identifier.split('|')[1:4])
    return x, y, z


@dataclass(frozen=True)
class Furniture:
    """What stands in a floor plan: positions by class, each found in some plan."""

    spots: dict[str, list[Position]] = field(default_factory=lambda: defaultdict(list))

    def find(self, words: str, position: Position, within_m: float = 0.12) -> int | None:
        """The number of the piece of a class that stands there; None where none does."""
        found = [
            (math.dist(position, spot), number) for number, spot in enumerate(self.spots[words])
        ]
        far_m, number = min(found, default=(math.inf, 0))
        return number if far_m <= within_m else None

    def add(self, words: str, position: Position) -> None:
        """Note a piece, once."""
        if self.find(words, position) is None:
            self.spots[words].append(position)


@dataclass(frozen=True)
class FloorPlans:
    """The furniture of all floor plans, and how far from its middle things are in or on it."""

    furniture: Mapping[str, Furniture]
    reach_m: Mapping[str, float]


def find_furniture(trajectories: Iterable[Trajectory]) -> FloorPlans:
    """What all plans tell of the furniture."""
    furniture: dict[str, Furniture] = defaultdict(Furniture)
    far_m: dict[str, list[float]] = defaultdict(list)
    for trajectory in trajectories:
        found = furniture[trajectory['floor_plan']]
        for step in trajectory['plan']:
            for words, position in _spots_of(step):
                found.add(words, position)
            if 'from' in step:
                name, *spot = step['from']
                far_m[words_of(name)].append(math.dist(position_of_id(step['object']), spot))
        for _, _, identifier, *into in trajectory['low']:
            for one in (identifier, *into):
                words = class_of_id(one)
                if words in OPENABLE | {*LAMPS} and words not in VESSELS:
                    found.add(words, position_of_id(one))
    reach = {
        words: _SPARE * quantiles([*far, max(far)], n=_SHARE)[-1] for words, far in far_m.items()
    }
    return FloorPlans(furniture, reach)


def _spots_of(step: Mapping[str, Any]) -> Iterator[tuple[str, Position]]:
    """The furniture that a step names."""
    if 'from' in step and (words := words_of(step['from'][0])) not in VESSELS:
        x, y, z = step['from'][1:]
        yield words, (x, y, z)
    if 'receptacle_at' in step:
        x, y, z = step['receptacle_at'][1:]
        yield words_of(step['receptacle_at'][0]), (x, y, z)
    elif 'receptacle' in step and (words := class_of_id(step['receptacle'])) not in VESSELS:
        yield words, position_of_id(step['receptacle'])


def room_of(floor_plan: str) -> str:
    """What kind of room a floor plan is."""
    return _ROOMS[int(floor_plan.removeprefix('FloorPlan')) // 100]


@dataclass(frozen=True)
class AlfredHome:
    """A home at the start of a trajectory, all of which is known, and the names of its nodes."""

    graph: SceneGraph
    things: Sequence[tuple[str, Position]]
    """The name and the position of each thing."""
    furniture: Furniture

    def name_of(self, identifier: str) -> str:
        """The node that an id of the simulator stands for; the nearest of its class.

        Raises:
            LookupError: there is none.
        """
        words, position = class_of_id(identifier), position_of_id(identifier)
        base = words.replace(' ', '_')
        if words in self.furniture.spots:
            number = self.furniture.find(words, position, math.inf)
            if number is not None:
                return f'{base}_{number + 1}'
        own = [
            (math.dist(position, at), name)
            for name, at in self.things
            if name.rpartition('_')[0] == base
        ]
        if not own:
            raise LookupError(f'there is no {words} in the home')
        return min(own)[1]


def build_home(
    trajectory: Trajectory, plans: FloorPlans, not_in: tuple[str, str] = ('', '')
) -> AlfredHome:
    """The home at the start of a trajectory; things of the first class of `not_in` are guessed to
    be in none of the second.
    """
    furniture = plans.furniture[trajectory['floor_plan']]
    room = f'{room_of(trajectory["floor_plan"]).replace(" ", "_")}_1'
    x, z = trajectory['init'][:2]
    nodes = [Node(room, 'region', (x, z), attributes={'seen': True})]
    ties = []
    for words, spots in furniture.spots.items():
        for number, (px, _, pz) in enumerate(spots, 1):
            name = f'{words}_{number}'.replace(' ', '_')
            is_object = words == 'desk lamp'
            kind: NodeKind = 'object' if is_object else 'region'
            nodes.append(Node(name, kind, (px, pz), attributes=_attributes_of(words)))
            if not is_object:
                far_m = round(math.dist((x, z), (px, pz)), 2)
                ties.append(Connection('traversable', room, name, far_m))
            if words in BASINS:
                faucet = f'{FAUCET}_{sum(n.name.startswith(FAUCET) for n in nodes) + 1}'
                nodes.append(Node(faucet, 'object', (px, pz), attributes={'power': 'off'}))
                ties.append(Connection('observed_from', faucet, name))
    things = [*_name_things(trajectory['objects'])]
    closed = {i for _, what, i, *_ in trajectory['low'] if what == 'close' and 'Laptop' in i}
    open_lids = [position_of_id(i) for i in closed]
    for name, position in things:
        is_open = name.startswith('laptop') and position in open_lids
        lid = {'door': 'open'} if is_open else {}
        nodes.append(Node(name, 'object', (position[0], position[2]), attributes=lid))
    nodes.append(Node(f'{HAND}_1', 'object', (x, z)))
    ties.append(Connection('observed_from', f'{HAND}_1', room))
    home = AlfredHome(SceneGraph(), things, furniture)
    guessed = _infer_holders(things, furniture, plans.reach_m, not_in)
    holders = {**guessed, **_told_holders(home, trajectory)}
    by_name = {node.name: node for node in nodes}
    holders |= _holders_of_lamps(by_name, furniture, trajectory)
    for name, holder in holders.items():
        ties.append(Connection(kind_of_placement(by_name[holder]), name, holder))
    for name, _ in things:
        if name not in holders:
            ties.append(Connection('observed_from', name, room))
    graph = SceneGraph(nodes, ties, robot_location=room)
    return AlfredHome(graph, things, furniture)


def _attributes_of(words: str) -> dict[str, Any]:
    told: dict[str, Any] = {} if words == 'desk lamp' else {'seen': True}
    if words in OPENABLE:
        told['door'] = 'closed'
    if words in (*LAMPS, MICROWAVE):
        told['power'] = 'off'
    return told


def _name_things(objects: Iterable[Sequence[Any]]) -> Iterator[tuple[str, Position]]:
    counts: Counter[str] = Counter()
    for name, x, y, z in objects:
        words = words_of(name.rpartition('_')[0])
        counts[words] += 1
        yield f'{words}_{counts[words]}'.replace(' ', '_'), (x, y, z)


def _infer_holders(
    things: Iterable[tuple[str, Position]],
    furniture: Furniture,
    reach_m: Mapping[str, float],
    not_in: tuple[str, str],
) -> dict[str, str]:
    """What each thing is in or on, by what is nearest of all that may hold it."""
    things = [*things]
    vessels = [(n, at) for n, at in things if n.rpartition('_')[0] in VESSELS]
    found = {}
    for name, position in things:
        words = name.rpartition('_')[0].replace('_', ' ')
        near = [
            (far_m, f'{holder}_{number}'.replace(' ', '_'))
            for holder, spots in furniture.spots.items()
            if may_hold(holder, words) and (words, holder) != not_in
            for number, spot in enumerate(spots, 1)
            if (far_m := math.dist(position, spot)) <= reach_m.get(holder, 0.0)
        ]
        near += [
            (far_m, vessel)
            for vessel, spot in vessels
            if vessel != name
            and words not in VESSELS
            and may_hold(vessel.rpartition('_')[0], words)
            and (far_m := math.dist(position, spot)) <= _IN_VESSEL_M
        ]
        if near:
            found[name] = min(near)[1]
    return found


def _told_holders(home: AlfredHome, trajectory: Trajectory) -> dict[str, str]:
    """What the plan's own picks tell, each thing once: where it lay first."""
    told: dict[str, str] = {}
    moved: set[str] = set()
    for step in trajectory['plan']:
        identifier = step.get('object', '')
        if 'from' in step and len(identifier.split('|')) == 4 and identifier not in moved:
            words, spot = words_of(step['from'][0]), step['from'][1:]
            if words in VESSELS:
                continue
            number = home.furniture.find(words, (spot[0], spot[1], spot[2]), math.inf)
            if number is not None:
                told[home.name_of(identifier)] = f'{words}_{number + 1}'.replace(' ', '_')
        if step['action'] == 'PutObject':
            moved.add(identifier)
    return told | _told_filling(home, trajectory)


def _told_filling(home: AlfredHome, trajectory: Trajectory) -> dict[str, str]:
    """The thing that must be in a vessel from the start, as the plan only moves that."""
    wanted, plan = trajectory['pddl_params'], trajectory['plan']
    filled = [s for s in plan if s['action'] == 'PutObject' and s['receptacle'].split('|')[0]
              == wanted['mrecep_target']]  # fmt: skip
    taken = [s for s in plan if s['action'] == 'PickupObject' and s['object'].split('|')[0]
             == wanted['mrecep_target']]  # fmt: skip
    if filled or not taken or not wanted['mrecep_target']:
        return {}
    vessel, position = taken[0]['object'], position_of_id(taken[0]['object'])
    base = words_of(wanted['object_target']).replace(' ', '_')
    own = [
        (math.dist(position, at), name)
        for name, at in home.things
        if name.rpartition('_')[0] == base
    ]
    return {min(own)[1]: home.name_of(vessel)} if own else {}


def _holders_of_lamps(
    nodes: Mapping[str, Node], furniture: Furniture, trajectory: Trajectory
) -> dict[str, str]:
    """What desk lamps stand on: the nearest piece of furniture, doors aside."""
    holders = {}
    for name, node in nodes.items():
        if not name.startswith('desk_lamp') or node.position is None:
            continue
        others = [
            (math.dist(node.position, other.position), other.name)
            for other in nodes.values()
            if other.kind == 'region'
            and other.position is not None
            and 'door' not in other.attributes
            and other.name.rpartition('_')[0].replace('_', ' ') in furniture.spots
            and 'power' not in other.attributes
        ]
        if others:
            holders[name] = min(others)[1]
    return holders
