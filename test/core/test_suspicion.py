# SPDX-License-Identifier: Apache-2.0
"""What is odd about plans that the validator accepts; and that nothing is about a teacher's."""

from __future__ import annotations

import pytest

from prism_core import (
    Action,
    Connection,
    GraphUpdate,
    Node,
    Observation,
    Plan,
    PlanRejected,
    SceneGraph,
    Turn,
    parse_scene_graph,
    suspect,
    validate_plan,
)
from prism_core.domains.mapping import GRAPHS, MAPPING_ACTIONS, make_symbolic_planner
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.inference.student import plan_with
from prism_core.plan.steps import parse_steps

from .mapping_worlds import episodes_of, states_of, taught

DOMAIN = MappingDomain()
DEPOT = parse_scene_graph((GRAPHS / 'depot.json').read_text())
NEWS = GraphUpdate(set_attributes={'truck_1': {'color': 'red'}})


def plan_of(steps: str) -> Plan:
    return Plan(tuple(parse_steps(steps, MAPPING_ACTIONS)))


def done(steps: str, here: str, *last: Observation) -> Turn:
    plan = plan_of(steps)
    quiet = (Observation(),) * (len(plan.actions) - len(last))
    return Turn(plan, (*quiet, *last), here)


def doubt(steps: str, request: str = 'do it', here: str = 'dock_1', history=()) -> str:
    plan, graph = plan_of(steps), DEPOT.at(here)
    assert validate_plan(plan, graph, MAPPING_ACTIONS).is_valid
    return suspect(plan, request, graph, history, MAPPING_ACTIONS, DOMAIN.vocabulary)


@pytest.mark.parametrize(
    ('steps', 'sentence'),
    [
        ('goto(gate_1), goto(gate_1), answer("I am at gate_1.")',
         'Step 2 repeats the step before it: goto(gate_1).'),
        ('goto(dock_1)', 'The robot is at dock_1 already, and the plan only drives there.'),
        ('goto(dock_1), replan()', 'The robot is at dock_1 already'),
        ('clarify("Which one do you mean: gate_1 or gate_1?")', 'offers gate_1 twice'),
        ('answer("There is no second in all 13 regions that I can reach.")', "'second'"),
        ('answer("No, there is no down.")', "'down'"),
        ('answer("oring postatatatat cafeteriappp")', 'stands nowhere'),
        ('inspect(truck_1, "wheelar boxo ating?")', 'stands nowhere'),
    ],
)  # fmt: skip
def test_what_no_planner_should_say_is_suspicious(steps, sentence):
    graph = DEPOT.at('dock_1')
    number = len(graph.reachable_regions('dock_1'))
    assert sentence in doubt(steps.replace('13', str(number)), 'the second one, down there')


@pytest.mark.parametrize(
    'steps',
    [
        'goto(gate_1), answer("I am at gate_1.")',
        'goto(dock_1), goto(gate_1), answer("All steps are done.")',
        'clarify("Which one do you mean: gate_1 or dock_1?")',
        'clarify("What should I look for, or where should I go?")',
        'answer("truck_1: engine idling, lights on")',
        'answer("No, there is no zorbel.")',
        'answer("a, b, c")',
        'answer("I could not find the zorbels, but there is a truck near the gate.")',
    ],
)
def test_what_makes_sense_is_not(steps):
    said = Observation(feedback='Engine idling, lights on.')
    history = (done('inspect(truck_1, "Describe it.")', 'dock_1', said),)
    assert doubt(steps, 'how about the zorbels?', history=history) == ''


def test_what_was_done_before_is_suspicious_until_something_is_new():
    steps = 'goto(gate_1), replan()'
    turn = done(steps, 'dock_1')
    assert 'The same was done from dock_1 before' in doubt(steps, history=(turn,))
    assert doubt(steps, here='gate_1', history=(done('replan()', 'dock_1'),)) != ''  # stands there
    news = done('inspect(truck_1, "Is it red?")', 'dock_1', Observation(NEWS))
    assert doubt(steps, history=(turn, news)) == ''
    failed = done(steps, 'dock_1', Observation(status='failed'))
    assert doubt(steps, history=(failed,)) == ''
    once = done('inspect(truck_1, "Is it red?")', 'gate_1', Observation(feedback='yes'))
    again = doubt('goto(gate_1), inspect(truck_1, "Is it red?")', history=(once,))
    assert 'The same was asked before' in again


def test_running_to_and_fro_is_suspicious_until_something_is_new():
    forth, back = done('goto(gate_1), replan()', 'dock_1'), done('goto(dock_1), replan()', 'gate_1')
    assert doubt('goto(gate_1), map_region(gate_1)', history=(forth,)) == ''
    to_and_fro = doubt('goto(gate_1), map_region(gate_1)', history=(forth, back))
    assert to_and_fro == 'The robot drives to and fro between dock_1 and gate_1 without news.'
    seen = done('goto(dock_1), inspect(truck_1, "Is it red?")', 'gate_1', Observation(NEWS))
    assert doubt('goto(gate_1), map_region(gate_1)', history=(forth, seen)) == ''


def test_what_was_asked_before_is_not_asked_again():
    question = 'clarify("What should I look for, or where should I go?")'
    assert 'It was asked before' in doubt(question, history=(done(question, 'dock_1'),))


def test_none_is_odd_while_what_bears_the_word_was_not_looked_at():
    nodes = [
        Node('yard_1', 'region', (0.0, 0.0)),
        Node('truck_wash_1', 'object', (0.0, 1.0)),
        Node('fire_truck_2', 'object', (0.0, 1.0)),
    ]
    views = [Connection('observed_from', node.name, 'yard_1') for node in nodes[1:]]
    graph = SceneGraph(nodes[:2], views[:1], robot_location='yard_1')
    looked = done('inspect(truck_wash_1, "Describe it.")', 'yard_1', Observation(NEWS))

    def doubted(text: str, history=(), graph=graph) -> str:
        plan = plan_of(f'answer("{text}")')
        return suspect(plan, 'find a truck', graph, history, MAPPING_ACTIONS, DOMAIN.vocabulary)

    none = 'There is no truck in the one region that I can reach.'
    odd = "says that there is none, and nobody has looked at 'truck_wash_1'"
    assert odd in doubted(none)
    assert odd in doubted('No, there is no truck in yard_1.')
    assert odd in doubted('Number of truck: 0.')
    assert not doubted(none, [looked])
    assert not doubted(none.replace('truck', 'car'))
    both = SceneGraph(nodes, views, robot_location='yard_1')
    assert not doubted('Number of truck: 1.', (), both)


def test_no_plan_of_the_teacher_is_suspicious():
    unseen = frozenset({'classes', 'places', 'wording'})
    drawn = [*episodes_of(range(30), hidden=0.3), *episodes_of(range(30), unseen=unseen)]
    plans = 0
    for episode in map(taught, drawn):
        for graph, history, turn in states_of(episode):
            request = episode.task.request
            found = suspect(turn.plan, request, graph, history, DOMAIN.table, DOMAIN.vocabulary)
            assert found == '', (request, turn.plan.actions)
            plans += 1
    assert plans > 1000


class Says:
    """A model that gives some replies, one after the other."""

    name = 'says'

    def __init__(self, *replies: str):
        self._replies = iter(replies)

    def complete(self, *arguments, **settings) -> str:
        return next(self._replies)

    def close(self) -> None:
        """Nothing to free."""


def student(*replies: str, **settings):
    return plan_with(Says(*replies), DOMAIN, 'compact', held_to='nothing', **settings)


def test_a_student_is_asked_again_for_a_plan_that_is_odd():
    rejected = []
    planner = student(
        ' vague : answer "oring postatat cafeteriappp"',
        ' vague : ask what',
        on_rejected=rejected.append,
    )
    plan = planner.plan('do the usual', DEPOT, ())
    assert plan.actions == make_symbolic_planner().plan('do the usual', DEPOT, ()).actions
    assert [entry.kinds for entry in rejected] == [('suspicious',)]


def test_a_student_that_says_nothing_else_has_no_plan():
    planner = student(*[' vague : answer "oring postatat cafeteriappp"'] * 3)
    with pytest.raises(PlanRejected, match='no plan within 3 tries; the last: Most of what'):
        planner.plan('do the usual', DEPOT, ())


def test_an_unknown_action_of_the_history_is_no_drive():
    odd = Turn(Plan((Action('fly', ('gate_1',)),)), (Observation(),), 'dock_1')
    assert doubt('goto(gate_1), map_region(gate_1)', history=(odd, odd)) == ''
