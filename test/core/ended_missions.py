# SPDX-License-Identifier: Apache-2.0
"""A small site, and missions in it that ended, for what is said behind them."""

from __future__ import annotations

from prism_core import Action, Connection, Node, Observation, Plan, SceneGraph, Turn


def ended(request, name, text, here='yard_1'):
    """A mission of one turn that ended in an answer or a question."""
    return Turn(Plan((Action(name, (text,)),)), (Observation(),), here, request=request)


def region(name, x, y, **attributes):
    return Node(name, 'region', (float(x), float(y)), '', attributes)


#  yard_1 (truck_1, gate_5) - garage_2 (truck_2, red) - kitchen_3
#                                     \ kitchen_4 (oven_6)
SITE = SceneGraph(
    [
        region('yard_1', 0, 0, mapped=True),
        region('garage_2', 20, 0, mapped=True),
        region('kitchen_3', 40, 0, mapped=True),
        region('kitchen_4', 40, 10, mapped=True),
        Node('truck_1', 'object', (0.0, 1.0)),
        Node('truck_2', 'object', (20.0, 1.0), '', {'color': 'red'}),
        Node('gate_5', 'object', (1.0, 1.0)),
        Node('oven_6', 'object', (41.0, 10.0)),
    ],
    [
        Connection('traversable', 'yard_1', 'garage_2'),
        Connection('traversable', 'garage_2', 'kitchen_3'),
        Connection('traversable', 'garage_2', 'kitchen_4'),
        Connection('observed_from', 'truck_1', 'yard_1'),
        Connection('observed_from', 'truck_2', 'garage_2'),
        Connection('observed_from', 'gate_5', 'yard_1'),
        Connection('observed_from', 'oven_6', 'kitchen_4'),
    ],
    robot_location='yard_1',
)
GATE = ended('Where is the gate?', 'answer', 'gate_5 is in yard_1.', 'garage_2')
TRUCK = ended('is truck_1 open?', 'answer', 'No, the openness of truck_1 is not open but closed.')
MANY = ended('how many trucks are there in the yard?', 'answer', 'Number of truck in yard_1: 1.')
WHICH = ended('where is the truck?', 'clarify', 'Which one do you mean: truck_1 or truck_2?')
KITCHEN = ended('go to the kitchen', 'clarify', 'Which one do you mean: kitchen_3 or kitchen_4?')
FOUND = ended('find a truck', 'answer', 'I found truck_1 in yard_1.')
