# SPDX-License-Identifier: Apache-2.0
"""What a request forbids is asked about, by every planner, and never done."""

from __future__ import annotations

import pytest

from prism_core import Connection, Node, Plan, SceneGraph, parse_scene_graph
from prism_core.domains.mapping import GRAPHS, load_words, make_symbolic_planner
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.reading import RequestReader
from prism_core.graph.calling import called
from prism_core.inference.student import plan_with

from .mapping_worlds import episodes_of

DEPOT = parse_scene_graph((GRAPHS / 'depot.json').read_text())
DOMAIN = MappingDomain()
READER = RequestReader(load_words())

# Each with the same without what it forbids.
FORBIDDING = [
    ('Do not go to the bridge.', 'Go to the bridge.'),
    ("Don't go to the bridge.", 'Go to the bridge.'),
    ('dont drive to gate_1', 'drive to gate_1'),
    ('Please do not drive to the warehouse', 'Please drive to the warehouse'),
    ('Never drive to the island.', 'Drive to the island.'),
    ('Avoid the bridge.', 'Go to the bridge.'),
    ('Go to the warehouse, avoiding the bridge.', 'Go to the warehouse.'),
    ('Go to gate_1 but avoid road_2', 'Go to gate_1'),
    ('Stay away from the dock.', 'Go to the dock.'),
    ('Stay well clear of the warehouse', 'Go to the warehouse'),
    ('Keep away from truck_1', 'Inspect truck_1'),
    ('Keep clear of the courtyard', 'Go to the courtyard'),
    ('Keep out of the shed.', 'Go to the shed.'),
    ('Keep off the bridge.', 'Go to the bridge.'),
    ('Steer clear of the gate.', 'Head for the gate.'),
    ('Go to the warehouse without going through the gate.', 'Go to the warehouse.'),
    ('Go to the warehouse without crossing bridge_1', 'Go to the warehouse'),
    ('Inspect everything except the truck.', 'Inspect the truck.'),
    ('Go to the dock, not the bridge.', 'Go to the dock.'),
    ('Drive to the warehouse, not to the gate', 'Drive to the warehouse'),
    ('Go to the gate instead of the warehouse.', 'Go to the gate.'),
    ('Go to the gate rather than to the dock.', 'Go to the gate.'),
    ('Go to the gate but not to the dock', 'Go to the gate'),
    ('No need to go to the dock.', 'Go to the dock.'),
    ('You need not go to the dock', 'You need to go to the dock'),
    ('You do not need to visit the dock.', 'Visit the dock.'),
    ('Go to the dock unless it is raining.', 'Go to the dock.'),
    ('Go anywhere but the bridge.', 'Go to the bridge.'),
    ('Drive anywhere but to the warehouse', 'Drive to the warehouse'),
    ('Skip the warehouse.', 'Go to the warehouse.'),
    ('Leave out the dock', 'Go to the dock'),
    ('Leave the truck alone.', 'Inspect the truck.'),
    ('Ignore the truck.', 'Inspect the truck.'),
    ('Go to any place other than the bridge.', 'Go to the bridge.'),
    ('You must not go to the bridge.', 'You must go to the bridge.'),
    ("You can't go to the bridge.", 'You can go to the bridge.'),
    ('The bridge is forbidden.', 'Go to the bridge.'),
    ('The bridge is off limits, go to gate_1', 'Go to gate_1'),
    ('The warehouse is off-limits.', 'Go to the warehouse.'),
    ('You are not allowed to drive to the dock', 'You are to drive to the dock'),
    ('Make sure not to drive to the dock.', 'Make sure to drive to the dock.'),
    ('Under no circumstances drive to the dock', 'Drive to the dock'),
    ('Stop driving to the dock.', 'Drive to the dock.'),
    ('Robot, it is forbidden to enter the warehouse', 'Robot, enter the warehouse'),
    ('Map all regions apart from the courtyard.', 'Map the courtyard.'),
    ('There is no one in the warehouse, is there?', 'Go to the warehouse.'),
    ('Go to the warehouse if it is not raining', 'Go to the warehouse'),
    ('Find a crate that is not red.', 'Find a crate.'),
    ('How many crates are not red?', 'How many crates are there?'),
    ('Neither go to the dock nor to the gate.', 'Go to the dock and then to the gate.'),
    ("If the truck is red don't go to the dock, otherwise go to the gate.",
     'If the truck is red go to the dock, otherwise go to the gate.'),
    ("Inspect the truck and don't go near the bridge", 'Inspect the truck'),
    ('Refrain from entering the shed', 'Start entering the shed'),
    ('Exclude the shed from your tour, go to the gate', 'Go to the gate'),
    ('We should not go to the island', 'We should go to the island'),
    ('You may not enter the warehouse.', 'You may enter the warehouse.'),
    ("Shouldn't you go to the dock? No, don't.", 'Should you go to the dock?'),
]  # fmt: skip


# What of these a constraint says: where the symbolic planner does not go.
KEPT = {
    'Go to the warehouse, avoiding the bridge.': 'bridge_1',
    'Go to gate_1 but avoid road_2': 'road_2',
    'Go to the warehouse without going through the gate.': 'gate_1',
    'Go to the warehouse without crossing bridge_1': 'bridge_1',
    'The bridge is off limits, go to gate_1': 'bridge_1',
    "Inspect the truck and don't go near the bridge": 'bridge_1',
}


class Silent:
    """A model that must not be asked."""

    name = 'silent'

    def complete(self, *arguments, **settings):
        raise AssertionError('the model was asked')

    def close(self) -> None:
        """Nothing to free."""


def is_question(plan: Plan) -> bool:
    return [action.name for action in plan.actions] == ['clarify']


@pytest.mark.parametrize('request_', [sentence for sentence, _ in FORBIDDING])
def test_what_a_request_forbids_is_asked_about_and_not_done(request_):
    planner = make_symbolic_planner()
    student = plan_with(Silent(), DOMAIN, 'compact', name='student')
    asked = student.plan(request_, DEPOT, ())
    assert is_question(asked)
    if request_ in KEPT:
        (constraint,) = READER.read(request_, DEPOT).constraints
        assert constraint.kind == 'avoid'
        nodes = called(DEPOT.regions.values(), constraint.region.classes)
        assert (nodes or [constraint.region.name]) == [KEPT[request_]]
        return
    assert planner.plan(request_, DEPOT, ()).actions == asked.actions
    quoted = asked.actions[0].arguments[0].split('"')[1]
    assert len(quoted) > 1
    assert quoted in request_


@pytest.mark.parametrize('request_', sorted({twin for _, twin in FORBIDDING}))
def test_without_what_it_forbids_a_request_is_planned_as_ever(request_):
    assert DOMAIN.question_before(request_, DEPOT) == ''
    plan = make_symbolic_planner().plan(request_, DEPOT, ())
    assert not is_question(plan) or 'Which one' in plan.actions[0].arguments[0]


def test_the_question_quotes_what_is_not_kept_to():
    asked = 'I cannot keep to "avoid Bridge_1 please" yet. What should I do instead?'
    assert DOMAIN.question_before('Go to gate_1, but avoid Bridge_1 please', DEPOT) == asked
    plan = make_symbolic_planner().plan('Go to gate_1, but do not touch Truck_1 please', DEPOT, ())
    assert plan.actions[0].arguments == (asked.replace('avoid Bridge', 'do not touch Truck'),)


@pytest.mark.parametrize(
    'request_',
    [
        "Isn't the truck red?",
        'Is the truck not red?',
        "The truck is red, isn't it?",
        'Tell me whether the truck is red or not.',
        'I have never seen the truck, so please inspect it.',
        "I can't find the truck, where is it?",
        "Don't worry, just go to the gate.",
        'If the truck is not red, go to the gate, otherwise go to the dock.',
        'Go to the gate unless the truck is red, in which case go to the dock.',
        'Go to the island if you can; if not, tell me.',
        'Find something to stay out of the rain',
        'Do not go to the gate until you have been to the dock.',
    ],
)
def test_negations_that_are_understood_are_no_exclusions(request_):
    assert DOMAIN.question_before(request_, DEPOT) == ''


def test_the_names_of_nodes_forbid_nothing():
    names = ['no_entry_1', 'avoid_zone_2', 'exit_without_lights_1', 'keep_out_3', 'yard_1']
    regions = [Node(name, 'region', (10.0 * i, 0.0)) for i, name in enumerate(names)]
    ways = [Connection('traversable', 'yard_1', name) for name in names[:-1]]
    graph = SceneGraph(regions, ways, robot_location='yard_1')
    planner = make_symbolic_planner()
    for name in names[:-1]:
        for said in (name, name.upper(), name.replace('_', ' ')):
            plan = planner.plan(f'Go to {said}.', graph, ())
            assert plan.actions[0].arguments == (name,), said
            assert is_question(planner.plan(f'Avoid {said}.', graph, ()))
            assert is_question(planner.plan(f'Do not go to {said}.', graph, ()))


def test_our_own_phrasings_forbid_nothing():
    unseen = frozenset({'classes', 'places', 'wording'})
    for episode in (*episodes_of(range(20)), *episodes_of(range(20), unseen=unseen)):
        request = episode.task.request
        assert DOMAIN.question_before(request, episode.known_graph) == '', request
