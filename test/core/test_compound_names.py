# SPDX-License-Identifier: Apache-2.0
"""Nodes are found by what people call them: the head of a compound, a class beside a code, the end
of a name with its number; and nobody says that there is none of what bears the word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, pairwise
from typing import Any

import pytest

from prism_core import SceneGraph
from prism_core.dialects.graph_part import find_spoken_of
from prism_core.domain import find_domain
from prism_core.domains.mapping import make_symbolic_planner
from prism_core.domains.mapping.alike import alike
from prism_core.domains.mapping.intent import Target
from prism_core.domains.mapping.looking import MAPPED
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.reports import Report, parse_report, render_report
from prism_core.domains.mapping.speech.language import MappingLanguage
from prism_core.domains.mapping.words import load_words
from prism_core.episode.episode import Episode
from prism_core.episode.planner import run_episode
from prism_core.evaluation.suite import SuiteConfig, draw_suite
from prism_core.graph.calling import (
    calls_of,
    class_of,
    class_of_name,
    classes_of,
    is_called,
    meant,
)
from prism_core.graph.elements import Connection, Node
from prism_core.plan.steps import render_steps

WORDS = load_words()
READER = RequestReader(WORDS)
Objects = dict[str, dict[str, Any]]


def make_map(regions: list[str], objects: Objects, *, is_seen: bool = True) -> SceneGraph:
    """Regions in a row, the robot in the first; objects are seen from one after the other."""
    known = {MAPPED: True} if is_seen else {}
    places = [Node(r, 'region', (10.0 * n, 0.0), '', known) for n, r in enumerate(regions)]
    things = [
        Node(name, 'object', (10.0 * (n % len(regions)), 2.0), '', attributes)
        for n, (name, attributes) in enumerate(objects.items())
    ]
    ways = [Connection('traversable', one, other) for one, other in pairwise(regions)]
    seen = [
        Connection('observed_from', name, regions[n % len(regions)])
        for n, name in enumerate(objects)
    ]
    return SceneGraph([*places, *things], [*ways, *seen], robot_location=regions[0])


def plan(request: str, graph: SceneGraph) -> str:
    return render_steps(make_symbolic_planner().plan(request, graph, []).actions)


HARBOUR = make_map(
    ['quay_north', 'container_yard_2', 'pilot_office', 'dry_dock_1'],
    {
        'gantry_crane_3': {},
        'mobile_crane_1': {},
        'fire_hydrant_27': {},
        'pickup_truck_1': {},
        'mooring_bollard_12': {},
        'PilotBoat4': {},
    },
)
PLANT = make_map(
    ['pump_house', 'control_room', 'tank_farm', 'flare_area'],
    {
        'HX-201': {'semantic_class': 'heat exchanger'},
        'P-101A': {'label': 'Cooling water pump'},
        'P-101B': {'label': 'Cooling water pump'},
        'TK-5': {'class': 'storage_tank'},
        'V-12': {'type': 'GateValve'},
        'TRUCK-7': {},
        'fire_hose_reel_3': {},
    },
)
CAMPUS = make_map(
    ['main_library', 'north_office', 'loading_bay_3', 'bike_shed'],
    {'coffee_machine_2': {}, 'ServiceCart12': {}, 'truck_wash_1': {}, 'lab_bench_8': {}},
)


@pytest.mark.parametrize(
    ('graph', 'request_', 'steps'),
    [
        (HARBOUR, 'inspect the truck', 'inspect(pickup_truck_1'),
        (HARBOUR, 'inspect the lorry', 'inspect(pickup_truck_1'),
        (HARBOUR, 'where is the hydrant?', 'answer("fire_hydrant_27 is in pilot_office.")'),
        (HARBOUR, 'look at the bollard', 'inspect(mooring_bollard_12'),
        (HARBOUR, 'inspect the boat', 'inspect(PilotBoat4'),
        (HARBOUR, 'how many cranes are there?', 'answer("Number of crane: 2.")'),
        (HARBOUR, 'inspect the crane', 'gantry_crane_3 or mobile_crane_1?")'),
        (HARBOUR, 'inspect the mobile crane', 'inspect(mobile_crane_1'),
        (HARBOUR, 'drive to the office', 'goto(pilot_office)'),
        (HARBOUR, 'go to the dry dock', 'goto(dry_dock_1)'),
        (HARBOUR, 'inspect crane 3', 'inspect(gantry_crane_3'),
        (PLANT, 'inspect the heat exchanger', 'inspect(HX-201'),
        (PLANT, 'inspect the exchanger', 'inspect(HX-201'),
        (PLANT, 'where is hx-201?', 'answer("HX-201 is in pump_house.")'),
        (PLANT, 'inspect HX-202', 'answer("There is no HX-202 in'),
        (PLANT, 'go to HX-202', 'answer("There is no HX-202 in'),
        (PLANT, 'is the pump P-102A running?', 'answer("There is no P-102A in'),
        (PLANT, 'how many pumps are there?', 'answer("Number of pump: 2.")'),
        (PLANT, 'inspect the pump', 'clarify("Which one do you mean: P-101A or P-101B?")'),
        (PLANT, 'inspect the valve', 'inspect(V-12'),
        (PLANT, 'is there a tank?', 'answer("Yes, there is a storage tank: TK-5.")'),
        (PLANT, 'inspect the truck', 'inspect(TRUCK-7'),
        (PLANT, 'inspect truck-7', 'inspect(TRUCK-7'),
        (PLANT, 'inspect the hose reel', 'inspect(fire_hose_reel_3'),
        (PLANT, 'find the reel', 'fire_hose_reel_3'),
        (CAMPUS, 'go to the library', 'answer("I am at main_library.")'),
        (CAMPUS, 'go to the bay', 'goto(loading_bay_3)'),
        (CAMPUS, 'inspect the bench', 'inspect(lab_bench_8'),
        (CAMPUS, 'inspect the service cart', 'inspect(ServiceCart12'),
        (CAMPUS, 'inspect service cart 12', 'inspect(ServiceCart12'),
        (CAMPUS, 'inspect the truck wash', 'inspect(truck_wash_1'),
    ],
)
def test_nodes_are_found_by_what_people_call_them(graph, request_, steps):
    said = plan(request_, graph).replace('"', "'")
    assert steps.replace('"', "'") in said.replace("inspect('", 'inspect(')


@pytest.mark.parametrize(
    'request_',
    [
        'inspect the truck',
        'find a truck',
        'is there a truck?',
        'how many trucks are there?',
        'is there a truck in the loading bay?',
    ],
)
def test_what_bears_the_word_in_its_name_is_asked_about_before_there_is_none(request_):
    assert 'I found no truck. Do you mean truck_wash_1?' in plan(request_, CAMPUS)


def test_a_word_within_a_word_is_asked_about_too():
    graph = make_map(['yard_1'], {'firetruck_2': {}})
    assert 'Do you mean firetruck_2?' in plan('inspect the truck', graph)


def test_a_number_that_several_names_end_with_is_asked_about():
    graph = make_map(['yard_1'], {'pickup_truck_1': {}, 'service_truck_1': {}})
    assert 'Do you mean pickup_truck_1 or service_truck_1?' in plan('inspect truck_1', graph)


def test_who_says_fire_truck_means_no_pickup_truck():
    graph = make_map(['yard_1'], {'pickup_truck_1': {}})
    asked = 'I found no fire truck. Do you mean pickup_truck_1?'
    assert asked in plan('look at the fire truck', graph)
    assert asked in plan('how many fire trucks are there?', graph)


def test_a_truck_is_one_that_is_called_exactly_so_and_a_pickup_truck_counts_as_one():
    graph = make_map(['yard_1'], {'pickup_truck_2': {}, 'truck_1': {}})
    assert 'truck_1' in plan('inspect the truck', graph)
    assert 'pickup_truck_2' not in plan('inspect the truck', graph)
    assert 'Number of truck: 2.' in plan('how many trucks are there?', graph)


def test_a_word_in_front_calls_nothing():
    graph = make_map(['yard_1'], {'bay_door_1': {}})
    assert 'I found no bay. Do you mean bay_door_1?' in plan('go to the bay', graph)


def test_while_something_is_left_to_see_the_robot_looks_before_it_asks():
    graph = make_map(['yard_1', 'dock_2'], {'truck_wash_1': {}}, is_seen=False)
    assert 'map_region' in plan('inspect the truck', graph)


# ------------------------------------------------------------------------------------- the words


@pytest.mark.parametrize(
    ('name', 'called'),
    [
        ('fire_hose_reel_3', 'fire hose reel'),
        ('ServiceTruck12', 'service truck'),
        ('TRUCK-7', 'truck'),
        ('Truck7', 'truck'),
        ('HVACUnit3', 'hvac unit'),
        ('discovered_truck_3', 'truck'),
        ('P-101A', 'p'),
        ('B2', 'b2'),
        ('-19', '-19'),
    ],
)
def test_a_name_tells_its_class_however_it_is_written(name, called):
    assert class_of_name(name) == called


def test_a_node_is_called_by_each_end_of_its_classes_and_by_no_beginning():
    reel = Node('fire_hose_reel_3', 'object', (0.0, 0.0))
    assert calls_of(reel) == {'fire hose reel', 'hose reel', 'reel'}
    dock = Node('dock_b', 'region', (0.0, 0.0))
    assert calls_of(dock) == {'dock b', 'dock'}


def test_a_code_is_written_with_the_class_that_stands_beside_it():
    pump = Node('P-101A', 'object', (0.0, 0.0), '', {'label': 'Cooling water pump'})
    truck = Node('truck_1', 'object', (0.0, 0.0), '', {'type': 'vehicle'})
    assert class_of(pump) == 'cooling water pump'
    assert classes_of(truck) == ('truck', 'vehicle')
    assert is_called(truck, {'vehicle'})


def test_of_the_nodes_that_are_called_so_one_that_is_called_exactly_so_is_meant():
    nodes = [Node(name, 'object', (0.0, 0.0)) for name in ('pickup_truck_2', 'truck_1')]
    assert meant(nodes, ['truck']) == ['truck_1']
    assert meant(nodes[:1], ['truck']) == ['pickup_truck_2']


def test_two_kinds_that_the_lexicon_tells_apart_are_not_alike():
    nodes = {n: Node(n, 'object', (0.0, 0.0)) for n in ('oxygen_tank_1', 'diesel_tank_2')}
    found = alike(nodes, Target(classes=('fuel tank',)), WORDS.lexicon.is_listed)
    assert found == ['diesel_tank_2']


def test_no_class_of_the_lexicon_is_the_end_of_another():
    lexicon = WORDS.lexicon
    words = {w for name, entry in lexicon.objects.items() for w in (name, *entry.synonyms)}
    words |= {w for name, others in lexicon.regions.items() for w in (name, *others)}
    assert not [(a, b) for a in words for b in words if a.endswith(f' {b}')]


def test_the_question_about_what_is_alike_is_a_report():
    report = Report('alike', ('truck', 'truck_wash_1'))
    assert parse_report(render_report(report, CAMPUS), CAMPUS) == report


# -------------------------------------------------------------------- what a model may speak of


@pytest.mark.parametrize(
    ('graph', 'request_', 'objects'),
    [
        (HARBOUR, 'inspect the truck', ['pickup_truck_1']),
        (HARBOUR, 'inspect the crane', ['gantry_crane_3', 'mobile_crane_1']),
        (HARBOUR, 'inspect the mobile crane', ['mobile_crane_1']),
        (PLANT, 'inspect the exchanger', ['HX-201']),
        (CAMPUS, 'inspect the truck wash', ['truck_wash_1']),
        (CAMPUS, 'inspect cart_12', ['ServiceCart12']),
    ],
)
def test_a_part_of_a_graph_keeps_what_a_request_calls(graph, request_, objects):
    spoken = MappingLanguage(WORDS.lexicon).find_spoken_of(request_, graph)
    assert {*objects} <= {*spoken.names, *spoken.likes}


def test_an_end_that_is_a_small_word_calls_nothing():
    graph = make_map(['yard_1', 'dock_2'], {'petrol_can_3': {}})
    request = 'Go to the dock if there is a way; otherwise tell me that it cannot be reached.'
    assert 'goto' in plan(request, graph)


def test_the_end_of_a_class_that_begins_with_no_forbids_nothing():
    graph = make_map(['yard_1'], {'road_no_entry_sign_2': {}})
    assert 'inspect(road_no_entry_sign_2' in plan('inspect the no entry sign', graph)


def test_the_part_of_a_large_graph_keeps_what_is_called_by_its_end():
    assert find_spoken_of('inspect the truck', HARBOUR).likes == ('pickup_truck_1',)


def test_a_class_in_the_sentence_is_read_for_objects_that_appear_later():
    before = make_map(['yard_1', 'dock_2'], {}, is_seen=False)
    read = READER.read('inspect the truck', before)
    assert read.target == Target(classes=('truck',))
    assert 'map_region' in plan('inspect the truck', before)
    assert 'pickup_truck_1' in plan('inspect the truck', HARBOUR)


# ----------------------------------------------------------------------------------- in closed loop


def test_worlds_with_compound_names_are_the_same_tasks_in_the_same_words():
    plain = SuiteConfig(worlds={'seed': 7, 'worlds': 2, 'tier': 'core', 'hidden': [0.2]})
    worlds = chain.from_iterable(draw_suite(plain))
    compound = list(chain.from_iterable(draw_suite(replace(plain, names='compound'))))
    for episode, other in zip(worlds, compound, strict=True):
        assert other.task.request == episode.task.request
        classes = {class_of(node): class_of(n) for node, n in _pairs(episode, other)}
        assert all(long.endswith(f' {short}') for short, long in classes.items())
    assert any(fact.node.count('_') > 1 for e in compound for fact in e.criterion.evidence)


def _pairs(one: Episode, other: Episode) -> Iterator[tuple[Node, Node]]:
    return zip(one.true_graph.nodes.values(), other.true_graph.nodes.values(), strict=True)


def test_nearly_all_tasks_are_solved_in_worlds_with_compound_names():
    worlds = {'seed': 3, 'worlds': 25, 'tier': 'full', 'hidden': [0.2], 'unseen': 0.5}
    planner, domain = make_symbolic_planner(), find_domain('mapping')
    solved = []
    for task in chain.from_iterable(draw_suite(SuiteConfig(worlds=worlds, names='compound'))):
        ran = run_episode(planner, domain.make_simulator(task), task)
        solved.append(domain.judge(ran).success)
    assert len(solved) > 150
    assert sum(solved) / len(solved) >= 0.95
