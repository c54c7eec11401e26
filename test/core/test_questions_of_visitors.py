# SPDX-License-Identifier: Apache-2.0
"""Questions that visitors put at an airport and in a brewery: how many of a state, which of some,
which has more, what is nearest, how far it is.

The first table was written down before the reader knew a word of them, the second when it had read
the first. All is known: one plan answers.
"""

from __future__ import annotations

import pytest

from prism_core import Connection, Node, SceneGraph
from prism_core.domains.mapping import load_words, make_symbolic_planner
from prism_core.domains.mapping.answer_text import why_wrong
from prism_core.episode.criterion import Criterion

PLANNER, LEXICON = make_symbolic_planner(), load_words().lexicon
REGIONS = {
    **{'Terminal A': (0, 0), 'Gate 12': (40, 0), 'Gate 14': (80, 0), 'Gate 15': (120, 0)},
    **{'Apron North': (40, 60), 'Fuel Farm': (40, 150), 'Hangar 3': (-60, 0)},
    **{'Baggage Hall': (0, -50), 'fire_station_1': (-60, -80)},
}
WAYS = [
    *(('Terminal A', 'Gate 12'), ('Gate 12', 'Gate 14'), ('Gate 14', 'Gate 15')),
    *(('Gate 12', 'Apron North'), ('Apron North', 'Fuel Farm'), ('Terminal A', 'Hangar 3')),
    *(('Terminal A', 'Baggage Hall'), ('Hangar 3', 'fire_station_1')),
]
OBJECTS = {
    'Pump P-4A': ('Fuel Farm', {'power': 'running'}),
    'Pump P-4B': ('Fuel Farm', {'power': 'switched off'}),
    'Pump P-7': ('Hangar 3', {'power': 'running'}),
    'HX-201': ('Hangar 3', {'class': 'heat exchanger', 'condition': 'intact'}),
    'HX-202': ('Hangar 3', {'class': 'heat exchanger', 'condition': 'damaged'}),
    'tank_1': ('Fuel Farm', {'fullness': 'full', 'level': '82'}),
    'tank_2': ('Fuel Farm', {'fullness': 'half filled', 'level': '45'}),
    'tank_3': ('Hangar 3', {'fullness': 'empty', 'level': '3'}),
    'fire_extinguisher_3': ('Gate 14', {}),
    'fire_extinguisher_8': ('Baggage Hall', {}),
    'fire_extinguisher_11': ('Fuel Farm', {}),
    'tug_5': ('Gate 12', {'color': 'red'}),
    'tug_9': ('Gate 14', {'color': 'blue'}),
    'tug_21': ('Apron North', {'color': 'red'}),
    'fuel_truck_2': ('Apron North', {'color': 'white'}),
    'fuel_truck_6': ('Fuel Farm', {'color': 'yellow'}),
    'valve_1': ('Fuel Farm', {'openness': 'open'}),
    'valve_2': ('Fuel Farm', {'openness': 'closed'}),
    'valve_3': ('Hangar 3', {'openness': 'closed'}),
    'door_1': ('Terminal A', {'openness': 'open', 'lock': 'unlocked'}),
    'door_2': ('Gate 12', {'openness': 'closed', 'lock': 'locked'}),
    'door_7': ('Baggage Hall', {'openness': 'closed', 'lock': 'locked'}),
    'Conveyor 1': ('Baggage Hall', {'power': 'running'}),
    'Conveyor 2': ('Baggage Hall', {'power': 'running'}),
    'Conveyor 3': ('Baggage Hall', {'power': 'switched off'}),
    'container_17': ('Apron North', {'size': 'small', 'color': 'blue'}),
    'container_18': ('Apron North', {'size': 'large', 'color': 'blue'}),
    'container_40': ('Baggage Hall', {'size': 'large', 'color': 'red'}),
    'ladder_2': ('Hangar 3', {}),
}


def make_site(regions, ways, objects) -> SceneGraph:
    """All is mapped; the robot is in the first region."""
    connections = [Connection('traversable', *ends) for ends in ways]
    connections += [Connection('observed_from', n, place) for n, (place, _) in objects.items()]
    nodes = [Node(n, 'region', at, attributes={'mapped': True}) for n, at in regions.items()]
    nodes += [Node(name, 'object', attributes=told) for name, (_, told) in objects.items()]
    return SceneGraph(nodes, connections, robot_location=next(iter(regions)))


AIRPORT = make_site(REGIONS, WAYS, OBJECTS)
ASK = 'ask'
# What is asked, of which kind the right answer is, and what it is.
AT_THE_AIRPORT = [
    # How many of a state.
    ('How many of the valves are open?', 'number', '1'),
    ('how many doors are locked?', 'number', '2'),
    ('Count the red tugs.', 'number', '2'),
    ('How many conveyors are running in the Baggage Hall?', 'number', '2'),
    ('number of closed valves in Fuel Farm please', 'number', '1'),
    ('How many blue containers are on Apron North?', 'number', '2'),
    ('Of all the doors, how many are closed?', 'number', '2'),
    ('how many pumps are switched off right now', 'number', '1'),
    ('Can you tell me how many of the tanks are empty?', 'number', '1'),
    ('How many heat exchangers are damaged?', 'number', '1'),
    ('how many green tugs do we have?', 'number', '0'),
    # Which has a value.
    ('Which valve is open?', 'nodes', ('valve_1',)),
    ('Which doors are locked?', 'nodes', ('door_2', 'door_7')),
    ('which of Pump P-4A and Pump P-4B is running?', 'nodes', ('Pump P-4A',)),
    ('Is Pump P-4A or Pump P-4B running?', 'nodes', ('Pump P-4A',)),
    ('Which of HX-201 and HX-202 is damaged?', 'nodes', ('HX-202',)),
    ('What heat exchanger is damaged?', 'nodes', ('HX-202',)),
    ('which conveyor in the Baggage Hall is switched off?', 'nodes', ('Conveyor 3',)),
    ('Which of Conveyor 1, Conveyor 2 and Conveyor 3 are running?', 'nodes',
     ('Conveyor 1', 'Conveyor 2')),
    ('tell me which tugs are red', 'nodes', ('tug_5', 'tug_21')),
    ('Which of the pumps is off?', 'nodes', ('Pump P-4B',)),
    ('which tank is empty', 'nodes', ('tank_3',)),
    ('Which tug is green?', 'nodes', ()),
    ('List all open doors.', 'nodes', ('door_1',)),
    # Alike, and more of something.
    ('Is tug_5 the same colour as tug_21?', 'yes_no', 'yes'),
    ('Are tug_5 and tug_9 the same colour?', 'yes_no', 'no'),
    ('do the tugs differ in colour?', 'yes_no', 'yes'),
    ('Do container_18 and container_40 have the same size?', 'yes_no', 'yes'),
    ('Does container_17 have a different color than container_40?', 'yes_no', 'yes'),
    ('Which is fuller, tank_1 or tank_2?', 'node', 'tank_1'),
    ('Which of tank_2 and tank_3 is emptier?', 'node', 'tank_3'),
    ('Is tank_1 fuller than tank_3?', 'yes_no', 'yes'),
    ('is container_17 bigger than container_40?', 'yes_no', 'no'),
    ('Which tank has the highest level?', 'node', 'tank_1'),
    ('which of tank_1 and tank_2 has the lower level?', 'node', 'tank_2'),
    ('What is the fullest tank?', 'node', 'tank_1'),
    ('which container is the smallest?', 'node', 'container_17'),
    ('Which is more purple, tug_5 or tug_9?', ASK, ''),
    # Near and far.
    ('Where is the nearest fire extinguisher?', 'node', 'fire_extinguisher_8'),
    ('closest fire extinguisher to Gate 15?', 'node', 'fire_extinguisher_3'),
    ('What is the closest pump to the fire station?', 'node', 'Pump P-7'),
    ('which tug is nearest to Fuel Farm', 'node', 'tug_21'),
    ('find me the nearest valve', 'node', 'valve_3'),
    ('Which is nearer, Hangar 3 or Gate 15?', 'node', 'Hangar 3'),
    ('what is closer to us: the Fuel Farm or the Baggage Hall?', 'node', 'Baggage Hall'),
    ('How far is Gate 14?', 'number', '80'),
    ('How far is it from Gate 15 to the Fuel Farm?', 'number', '230'),
    ('how many metres is it to Hangar 3?', 'number', '60'),
    ('What is the distance to the ladder?', 'number', '60'),
    ('Which door is the closest one?', 'node', 'door_1'),
    ('Which is nearer?', ASK, ''),
    # Whether there is, and where all are.
    ('Is there a ladder or a tug in Hangar 3?', 'yes_no', 'yes'),
    ('Is there a red tug at Gate 14?', 'yes_no', 'no'),
    ('are there any open valves in Fuel Farm?', 'yes_no', 'yes'),
    ('Where are the fuel trucks?', 'nodes', ('fuel_truck_2', 'fuel_truck_6')),
    ('list all pumps in the Fuel Farm', 'nodes', ('Pump P-4A', 'Pump P-4B')),
    ('Where are all the fire extinguishers?', 'nodes',
     ('fire_extinguisher_3', 'fire_extinguisher_8', 'fire_extinguisher_11')),
    ('Which containers are on Apron North?', 'nodes', ('container_17', 'container_18')),
    ('Are all the doors closed?', 'yes_no', 'no'),
    ('Is any of the conveyors switched off?', 'yes_no', 'yes'),
]  # fmt: skip


BREWERY = make_site(
    {
        'Brewhouse': (0, 0),
        'Cold Store 2': (30, 0),
        'Bottling Line': (0, 40),
        'loading_dock_1': (60, 0),
        'Malt Loft': (-25, 0),
        'lab': (0, -20),
        'Tap Room': (30, -45),
    },
    [
        ('Brewhouse', 'Cold Store 2'),
        ('Brewhouse', 'Bottling Line'),
        ('Cold Store 2', 'loading_dock_1'),
        ('Brewhouse', 'Malt Loft'),
        ('Brewhouse', 'lab'),
        ('Cold Store 2', 'Tap Room'),
    ],
    {
        'FV-1': (
            'Brewhouse',
            {
                'class': 'fermenter',
                'fullness': 'full',
                'temperature': '18.5',
                'cleanliness': 'clean',
            },
        ),
        'FV-2': (
            'Brewhouse',
            {
                'class': 'fermenter',
                'fullness': 'empty',
                'temperature': '12',
                'cleanliness': 'dirty',
            },
        ),
        'FV-3': (
            'Cold Store 2',
            {
                'class': 'fermenter',
                'fullness': 'half filled',
                'temperature': '4',
                'cleanliness': 'clean',
            },
        ),
        'keg 11': ('Cold Store 2', {'fullness': 'full'}),
        'keg 12': ('Cold Store 2', {'fullness': 'empty'}),
        'keg 13': ('Tap Room', {'fullness': 'full'}),
        'forklift_A': ('loading_dock_1', {'color': 'yellow', 'power': 'running'}),
        'forklift_B': ('Malt Loft', {'color': 'red', 'power': 'switched off'}),
        'Hatch 4': ('Malt Loft', {'openness': 'open'}),
        'Hatch 5': ('Cold Store 2', {'openness': 'closed'}),
        'Hatch 6': ('loading_dock_1', {'openness': 'open'}),
        'CO2_cylinder_3': ('lab', {'class': 'gas cylinder'}),
        'CO2_cylinder_9': ('Tap Room', {'class': 'gas cylinder'}),
        'hose_21': ('Bottling Line', {'condition': 'intact', 'surface': 'wet'}),
        'hose_22': ('Bottling Line', {'condition': 'damaged', 'surface': 'dry'}),
        'pallet_5': ('Bottling Line', {'size': 'large'}),
        'pallet_6': ('loading_dock_1', {'size': 'small'}),
        'first aid kit 1': ('lab', {}),
        'first aid kit 2': ('loading_dock_1', {}),
        'table_7': ('Tap Room', {'occupancy': 'free'}),
        'table_8': ('Tap Room', {'occupancy': 'occupied'}),
        'table_9': ('Tap Room', {'occupancy': 'free'}),
    },
)
IN_THE_BREWERY = [
    ('how many kegs are full?', 'number', '2'),
    ('So, how many of our fermenters are dirty at the moment?', 'number', '1'),
    ('Count how many tables in the Tap Room are free', 'number', '2'),
    ('How many open hatches have we got?', 'number', '2'),
    ('is any hatch closed?', 'yes_no', 'yes'),
    ('Are there any damaged hoses on the Bottling Line?', 'yes_no', 'yes'),
    ('are both hoses wet?', 'yes_no', 'no'),
    ('Are all kegs full?', 'yes_no', 'no'),
    ('Which fermenter is empty?', 'nodes', ('FV-2',)),
    ('Which hatches are open?', 'nodes', ('Hatch 4', 'Hatch 6')),
    ('which one of FV-1 and FV-2 is clean', 'nodes', ('FV-1',)),
    ('FV-2 or FV-3, which one is dirty?', 'nodes', ('FV-2',)),
    ('Is forklift_A or forklift_B switched off?', 'nodes', ('forklift_B',)),
    ('Which tables in the Tap Room are occupied?', 'nodes', ('table_8',)),
    ("What's the full kegs?", ASK, ''),
    ('Tell me all the tables that are free', 'nodes', ('table_7', 'table_9')),
    ('Are FV-1 and FV-3 equally clean?', 'yes_no', 'yes'),
    ('do the two forklifts have the same colour?', 'yes_no', 'no'),
    ('Is there any difference in fullness between keg 11 and keg 13?', 'yes_no', 'no'),
    ('are the hoses in the same condition', 'yes_no', 'no'),
    ('Which fermenter has the highest temperature?', 'node', 'FV-1'),
    ('what fermenter has the lowest temperature?', 'node', 'FV-3'),
    ('Is FV-3 fuller than FV-2?', 'yes_no', 'yes'),
    ('which is the bigger pallet?', 'node', 'pallet_5'),
    ('which of the hoses is drier?', 'node', 'hose_22'),
    ('Which keg is emptiest?', 'node', 'keg 12'),
    ('who is cleaner, FV-1 or FV-2?', 'node', 'FV-1'),
    ('Which is heavier, pallet_5 or pallet_6?', ASK, ''),
    ('nearest first aid kit?', 'node', 'first aid kit 1'),
    ('Where would I find the closest gas cylinder?', 'node', 'CO2_cylinder_3'),
    ('which keg is closest to the loading dock?', 'nodes', ('keg 11', 'keg 12')),
    ('what hatch is nearest to the Brewhouse', 'node', 'Hatch 4'),
    ('is the lab or the Tap Room closer?', 'node', 'lab'),
    ('how far is it to the Tap Room?', 'number', '75'),
    ('How far is the loading dock from the Malt Loft?', 'number', '85'),
    ('how far away is keg 13?', 'number', '75'),
    ('where are all the hoses?', 'nodes', ('hose_21', 'hose_22')),
    ('List the fermenters', 'nodes', ('FV-1', 'FV-2', 'FV-3')),
    ('Which forklifts are there?', 'nodes', ('forklift_A', 'forklift_B')),
    ('Is there a forklift or a pallet in the lab?', 'yes_no', 'no'),
]
SENTENCES = [
    *((AIRPORT, *row) for row in AT_THE_AIRPORT),
    *((BREWERY, *row) for row in IN_THE_BREWERY),
]


def mark(graph: SceneGraph, sentence: str, answer: str, expected) -> tuple[str, str]:
    """Whether a plan is right, asked or wrong, and what it says."""
    last = PLANNER.plan(sentence, graph, []).actions[-1]
    said = str(last.arguments[0]) if last.arguments else ''
    if last.name == 'clarify':
        return ('right' if answer == ASK else 'asked'), said
    if last.name != 'answer' or answer == ASK:
        return 'wrong', f'{last.name} {said}'
    accepted = (expected,) if isinstance(expected, str) else expected
    others = list(graph.objects) if answer in ('node', 'nodes') else []
    if answer == 'node' and expected in graph.regions:
        others = [name for name in graph.regions if name in sentence]
    rivals = tuple(name for name in others if name not in accepted)
    why = why_wrong(said, Criterion(answer, accepted, rivals), graph, LEXICON)
    return ('wrong' if why else 'right'), said


@pytest.mark.parametrize(('graph', 'sentence', 'answer', 'expected'), SENTENCES)
def test_a_question_of_a_visitor_is_answered_right(graph, sentence, answer, expected):
    verdict, said = mark(graph, sentence, answer, expected)
    assert verdict == 'right', said
