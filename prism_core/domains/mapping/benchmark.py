"""What students are measured on: missions that the embedded teacher played, prompts of maps of one
size, and grammars of a large map. The same every time.
"""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import replace
from typing import NamedTuple

from prism_core.actions import Action
from prism_core.conversation import Dialect, Message
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.world import WorldConfig
from prism_core.episode import Episode
from prism_core.grammar import Lark
from prism_core.graph_elements import Connection, Node
from prism_core.plan import Plan
from prism_core.scene_graph import SceneGraph

# Worlds of these seeds are for measuring.
_FIRST_SEED = 1_000_000
_DIALECTS = ('compact', 'spine')
_SIZE = 'medium'
_MAX_TURNS = 8
_SPACING_M = 10.0
_REQUEST = 'Do the usual.'


class GrammarCase(NamedTuple):
    """A grammar, a reply that it takes, and the seconds in which it was written."""

    dialect: str
    grammar: Lark
    reply: str
    write_s: float


def draw_missions(plans: int) -> list[Episode]:
    """The beginnings of missions on different maps, as the teacher plays them, with so many turns
    in all.
    """
    domain, config = MappingDomain(), WorldConfig(size=_SIZE, tasks=1)
    seeds = itertools.count(_FIRST_SEED)
    missions: list[Episode] = []
    while left := plans - sum(len(mission.turns) for mission in missions):
        for mission in domain.draw_world(next(seeds), config)[:1]:
            missions.append(replace(mission, turns=mission.turns[: min(left, _MAX_TURNS)]))
    return missions


def draw_prompts(regions: int, number: int) -> dict[str, list[list[Message]]]:
    """The first prompts of some missions in each dialect, and in SPINE's behind the system message
    that a model needs which was never trained on it.

    Args:
        regions: so many, from 13 to 30, are on each map, which is known in full.
        number: of missions.
    """
    domain, config = MappingDomain(), WorldConfig(size=_SIZE, tasks=1, hidden=0.0)
    drawn = (domain.draw_world(seed, config)[:1] for seed in itertools.count(_FIRST_SEED))
    missions = itertools.chain.from_iterable(drawn)
    fitting = (mission for mission in missions if len(mission.known_graph.regions) == regions)
    cases = [(one.task.request, one.known_graph) for one in itertools.islice(fitting, number)]

    def render(dialect: Dialect, header: str = '') -> list[list[Message]]:
        return [dialect.render_prompt(task, graph, (), header=header) for task, graph in cases]

    dialects = {name: domain.make_dialect(name) for name in _DIALECTS}
    header = domain.make_header(dialects['spine'])
    rendered = {name: render(dialect) for name, dialect in dialects.items()}
    return {**rendered, 'spine with header': render(dialects['spine'], header)}


def draw_replans(plans: int) -> dict[str, list[list[Message]]]:
    """What comes to a mission with each plan behind its first one, in each dialect: the messages
    about what was done since, and the reply.

    Args:
        plans: so many, with the first ones, have the missions in all.
    """
    domain, missions = MappingDomain(), draw_missions(plans)
    drawn: dict[str, list[list[Message]]] = {}
    for name in _DIALECTS:
        dialect = domain.make_dialect(name)
        updates, replies = drawn[f'{name}, update'], drawn[f'{name}, reply'] = [], []
        for mission in missions:
            graph = mission.known_graph
            for number, turn in enumerate(mission.turns):
                if number:
                    history = mission.turns[:number]
                    messages = dialect.render_prompt(mission.task.request, graph, history)
                    last = max(i for i, one in enumerate(messages) if one['role'] == 'assistant')
                    updates.append(messages[last + 1 :])
                    said = dialect.render_reply(turn.plan, graph)
                    replies.append([{'role': 'assistant', 'content': said}])
                for observation in turn.observations:
                    graph = graph.apply(observation.update)
    return drawn


def write_grammars(names: int) -> list[GrammarCase]:
    """For each dialect the grammar on a map with so many names, half of them of regions, and a
    reply with far regions in it.
    """
    graph = _make_map(names)
    regions, objects = list(graph.regions), list(graph.objects)
    steps = (
        Action('goto', (regions[1],)),
        Action('goto', (regions[len(regions) // 2],)),
        Action('inspect', (objects[-1], MappingDomain().lexicon.question('description'))),
    )
    plan = Plan(steps, 'sequence', (), 'It is seen from there.')
    cases = []
    for name in _DIALECTS:
        dialect = MappingDomain().make_dialect(name)
        start_s = time.perf_counter()
        grammar = dialect.make_grammar(_REQUEST, graph)
        write_s = time.perf_counter() - start_s
        cases.append(GrammarCase(name, grammar, dialect.render_reply(plan, graph), write_s))
    return cases


def _make_map(names: int) -> SceneGraph:
    """A square of regions, each with an object in it."""
    lexicon = MappingDomain().lexicon
    classes = zip(itertools.cycle(lexicon.regions), itertools.cycle(lexicon.objects))
    width = math.isqrt(names // 2)
    regions: list[Node] = []
    objects: list[Node] = []
    connections: list[Connection] = []
    for number, (place, thing) in enumerate(itertools.islice(classes, names // 2)):
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
