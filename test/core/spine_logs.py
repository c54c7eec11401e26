# SPDX-License-Identifier: Apache-2.0
"""Logs as SPINE's planner, robot and simulator write them, for the tests of the import."""

from __future__ import annotations

import json

from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.importing.logs import import_log
from prism_core.episode.imported import Imported

DOMAIN = MappingDomain()
GRAPH = {
    'objects': [{'name': 'truck_1', 'coords': '[52.0, 1.0]'}],
    'regions': [
        {'name': 'dock_1', 'coords': '[0.0, 0.0]'},
        {'name': 'road_1', 'coords': '[20.0, 0.0]'},
        {'name': 'field_1', 'coords': '[50.0, 0.0]'},
    ],
    'object_connections': [['field_1', 'truck_1']],
    'region_connections': [['dock_1', 'road_1'], ['field_1', 'road_1']],
    'current_location': 'dock_1',
}
ADVICE = '\nAdvice: \n- Recall the scene may be incomplete. \n- Explain your reasoning.\n\n'


def user(content: str) -> dict:
    return {'role': 'user', 'content': content}


def reply(plan: str) -> dict:
    """A reply as SPINE asks for it."""
    said = {'primary_goal': 'help', 'relevant_graph': '[road_1]', 'reasoning': 'so', 'plan': plan}
    return {'role': 'assistant', 'content': json.dumps(said)}


def task(request: str, graph: object = None) -> dict:
    """The message by which SPINE's planner begins."""
    text = json.dumps(graph or GRAPH, indent=2)
    return user(f'task: {request}{ADVICE}Scene graph:{text}')


# A worked example: a graph as Python prints it, no advice, and a reply that is no JSON.
EXAMPLE = [
    user(f'task: Is there a shovel here?Scene graph:{GRAPH}'),
    {'role': 'assistant', 'content': '{"primary_goal": "a shovel" "plan": "[goto(shed_9)]"}'},
    user('updates:[no_updates()]'),
    reply('[answer(There is no shovel.)]'),
]
SYSTEM = {'role': 'system', 'content': 'Agent Role: you plan on graphs. task: ... Scene graph:'}
# What a robot says of a drive to the field, a barrel that it saw there, and a look at the truck.
ROBOT_LOG = [
    SYSTEM,
    *EXAMPLE,
    *EXAMPLE,
    task('Go to the field.\nupdates: [no_updates()]'),
    reply('[map_region(road_1), goto(field_1), answer(done)]'),
    user(
        'past_actions: [map_region(road_1)]\n'
        'updates: [add_nodes({name: discovered_barrel_3, type: object, coords: [21.0, 2.5]}),\n'
        'add_connections([discovered_barrel_3, road_1]),\n'
        'update_robot_location(road_1),\n'
        'update_node_attributes({name: road_1, description: a road, wet: it isnt safe (mud)})]'
    ),
    reply('[goto(field_1), inspect(truck_1, "is it open?"), answer(I am at the field.)]'),
    user(
        'past_actions: [map_region(road_1), goto(field_1), inspect((truck_1, is it open?))]\n'
        'updates: [update_robot_location(field_1),\n'
        'update_node_attributes({name: truck_1, description: an open truck})]'
    ),
    reply('[answer(I am in field_1.)]'),
]


def imported(log: str, source: str = 'log') -> list[Imported]:
    return list(import_log(log, source, DOMAIN.words))


def the_one(messages: list[dict]) -> Imported:
    (one,) = imported(json.dumps(messages))
    return one
