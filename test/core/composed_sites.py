# SPDX-License-Identifier: Apache-2.0
"""A site with names that no generator draws, and what is asked for there in parts."""

from __future__ import annotations

from prism_core import Action, Connection, Episode, Node, Plan, SceneGraph
from prism_core.domains.mapping.generator import add_budget
from prism_core.domains.mapping.intent import Constraint, Intent, Target
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.solution import solve
from prism_core.episode.criterion import Outcome
from prism_core.episode.episode import Task
from prism_core.testing import ScriptedPlanner

from .mapping_worlds import WORDS

#  Road_A ----- gate_1 ----- HX-201 ----- road_7 ----- dock 4
#     |            |            |
#  Kuechenflur_1 - road_2 - bridge_3 - HX-9
REGIONS = {
    'Road_A': (0, 0),
    'gate_1': (10, 0),
    'HX-201': (20, 0),
    'road_7': (30, 0),
    'dock 4': (40, 0),
    'Kuechenflur_1': (0, 10),
    'road_2': (10, 10),
    'bridge_3': (17, 12),
    'HX-9': (24, 9),
}
CLASSES = {'HX-201': 'heat exchanger', 'HX-9': 'heat exchanger', 'Kuechenflur_1': 'Küchenflur'}
WAYS = [
    ('Road_A', 'gate_1'),
    ('gate_1', 'HX-201'),
    ('HX-201', 'road_7'),
    ('HX-201', 'HX-9'),
    ('road_7', 'dock 4'),
    ('Road_A', 'Kuechenflur_1'),
    ('Kuechenflur_1', 'road_2'),
    ('gate_1', 'road_2'),
    ('road_2', 'bridge_3'),
    ('bridge_3', 'HX-9'),
]
OBJECTS = {
    'V-12': ('HX-201', {'semantic_class': 'valve', 'openness': 'open'}),
    'V-13': ('HX-9', {'semantic_class': 'valve', 'openness': 'closed'}),
    'pump_P-4B': ('Kuechenflur_1', {'semantic_class': 'pump', 'color': 'green'}),
    'service_truck_12': ('dock 4', {'color': 'red'}),
    'old_truck': ('road_2', {'color': 'blue'}),
}
HIDDEN_VALUES = ('openness', 'color')
VALVE, TRUCK, PUMP = (Target(classes=(name,)) for name in ('valve', 'truck', 'pump'))


def region(name: str) -> Target:
    """A region by its name, or by its class where that is in small letters alone."""
    return Target('region', classes=(name,)) if name.isalpha() else Target('region', name=name)


def make_site(*left_out: str, blocked=(), is_known: bool = False, here: str = 'gate_1'):
    """The site without some nodes; as the robot knows it, without values."""
    nodes = [
        Node(n, 'region', at, attributes={'semantic_class': CLASSES[n]} if n in CLASSES else {})
        for n, at in REGIONS.items()
        if n not in left_out
    ]
    ways = [
        Connection('traversable', *ends)
        for ends in WAYS
        if not {*ends} & {*left_out} and ends not in blocked
    ]
    for name, (place, said) in OBJECTS.items():
        if not {name, place} & {*left_out}:
            said = {k: v for k, v in said.items() if not is_known or k not in HIDDEN_VALUES}
            nodes.append(Node(name, 'object', REGIONS[place], attributes=said))
            ways.append(Connection('observed_from', name, place))
    return SceneGraph(nodes, ways, robot_location=here)


def pose(intent: Intent, *hidden: str, blocked=(), here: str = 'gate_1') -> Episode:
    """What an intent asks for at the site, as its teacher plays it."""
    true = make_site(blocked=blocked, here=here)
    known = make_site(*hidden, is_known=True, here=here)
    criterion = solve(intent, true, known, WORDS.lexicon)
    task = Task('a request', intent.kind, intent)
    return add_budget(Episode(0, task, criterion, true, known), WORDS)


def said(episode: Episode) -> str:
    return str(episode.turns[-1].plan.actions[-1].arguments[0])


def driven(episode: Episode) -> list[str]:
    """The regions at which the robot was, in order, where it stopped."""
    stops = (o.update.robot_location for _, o in episode.actions)
    return [stop for stop in stops if stop]


def outcome_of(episode: Episode, text: str, *actions: Action) -> Outcome:
    """The verdict on who takes some actions, or those of the teacher, and says a text."""
    before = actions or tuple(a for a, _ in episode.actions)[:-1]
    plans = [Plan((action,)) for action in (*before, Action('answer', (text,)))]
    return play_episode(ScriptedPlanner(plans), episode, WORDS).outcome


def first_plan(intent: Intent, known: SceneGraph) -> Plan:
    """What the teacher does first."""
    return make_teacher(Task('a request', intent.kind, intent), WORDS).plan('a request', known, ())


def avoid(name: str) -> tuple[Constraint, ...]:
    return (Constraint('avoid', region=region(name)),)
