# SPDX-License-Identifier: Apache-2.0
"""Grammars of a large map, and a reply that each of them takes."""

from __future__ import annotations

import itertools
import math
import time

from prism_core.bench.grammar import HeldReply
from prism_core.bench.missions import draw_missions
from prism_core.domain import Domain
from prism_core.errors import ConfigError
from prism_core.graph.calling import class_of
from prism_core.graph.elements import Connection, Node
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.local.grammar import take_text
from prism_core.plan.actions import Action, ActionSpec, ArgumentKind, Role
from prism_core.plan.plan import Plan

_DIALECTS = ('compact', 'spine')
_SPACING_M = 10.0
_REQUEST = 'Do the usual.'
_QUERY = 'Describe it.'
_PLANS = 40  # of missions, of which the classes are taken


def write_held_replies(domain: Domain, names: int) -> list[HeldReply]:
    """For each dialect the grammar on a map with so many names, half of them of regions, and a
    reply with far regions in it.

    Raises:
        ConfigError: no action of the domain is done on an object.
    """
    graph = make_map(domain, names)
    goals = domain.language.goals or ('look around',)
    steps = _make_steps(domain, graph)
    plans = [Plan(steps, goal, (), 'It is seen from there.') for goal in reversed(goals)]
    held = []
    for name in _DIALECTS:
        dialect = domain.make_dialect(name)
        start_s = time.perf_counter()
        grammar = dialect.make_grammar(_REQUEST, graph)
        write_s = time.perf_counter() - start_s
        replies = (dialect.render_reply(plan, graph) for plan in plans)
        taken = (reply for reply in replies if take_text(grammar, reply) == reply)
        held.append(HeldReply(name, grammar, next(taken), write_s))
    return held


def _make_steps(domain: Domain, graph: SceneGraph) -> tuple[Action, ...]:
    """Drives, one of them far, and a look at the last object."""
    regions, objects = list(graph.regions), list(graph.objects)
    drive = domain.table.of_role(Role.DRIVE)
    drives = [Action(drive.name, (regions[n],)) for n in (1, len(regions) // 2)] if drive else []
    for spec in domain.table.values():
        if _is_look(spec):
            said = [next(iter(a.sayings.values()), _QUERY) for a in spec.arguments[1:]]
            return (*drives, Action(spec.name, (objects[-1], *said)))
    raise ConfigError(f'the domain {domain.name}: expected an action on an object, it has none')


def _is_look(spec: ActionSpec) -> bool:
    kinds = [argument.kind for argument in spec.arguments[: spec.required]]
    return bool(kinds) and kinds[0].takes('object') and set(kinds[1:]) <= {ArgumentKind.TEXT}


def make_map(domain: Domain, names: int) -> SceneGraph:
    """A square of regions, each with an object in it, of the classes in the domain's worlds.

    Raises:
        ConfigError: the domain draws no missions.
    """
    graphs = [mission.true_graph for mission in draw_missions(domain, _PLANS)]
    nodes = [node for graph in graphs for node in graph.nodes.values()]
    places, things = (
        itertools.cycle(dict.fromkeys(class_of(node) for node in nodes if node.kind == kind))
        for kind in ('region', 'object')
    )
    width = math.isqrt(names // 2)
    regions: list[Node] = []
    objects: list[Node] = []
    connections: list[Connection] = []
    for number, (place, thing) in enumerate(itertools.islice(zip(places, things), names // 2)):
        at = (_SPACING_M * (number % width), _SPACING_M * (number // width))
        region = Node(f'{place.replace(" ", "_")}_{number}', 'region', at)
        found = Node(f'{thing.replace(" ", "_")}_{number}', 'object', at)
        connections.append(Connection('observed_from', found.name, region.name))
        if number % width:
            connections.append(Connection('traversable', regions[-1].name, region.name))
        if number >= width:
            connections.append(Connection('traversable', regions[-width].name, region.name))
        regions.append(region)
        objects.append(found)
    return SceneGraph([*regions, *objects], connections, robot_location=regions[0].name)
