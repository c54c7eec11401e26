# SPDX-License-Identifier: Apache-2.0
"""The simulated table: what it promises for any actions in any order."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_core.domains.tabletop.simulator import TabletopSimulator
from prism_core.domains.tabletop.state import is_container, is_movable, read_table
from prism_core.graph.elements import GraphUpdate
from prism_core.plan.actions import Action
from prism_core.testing import check_simulator

from .tables import DOMAIN, GRIPPER, TABLE, draw_tasks, make_table


@st.composite
def _runs(draw):
    """A drawn task, and actions on its nodes, most of which can be carried out."""
    task = draw(st.sampled_from(draw_tasks(20)))
    names = st.sampled_from([*task.known_graph.nodes, 'nowhere'])
    action = st.one_of(
        st.builds(lambda n: Action('pick', (n,)), names),
        st.builds(lambda n, at: Action('place', (n, at)), names, names),
        st.sampled_from([Action('done'), Action('ask', ('what?',)), Action('ask', (' ',))]),
        st.sampled_from([Action('jump'), Action('pick'), Action('place', ('red_block_1', 3.0))]),
    )
    return (
        task,
        draw(st.lists(action, max_size=10)),
        draw(st.lists(st.integers(0, 99), max_size=20)),
    )


@settings(max_examples=60)
@given(_runs())
def test_the_simulator_keeps_its_promises(run):
    task, actions, choices = run
    check_simulator(DOMAIN.make_simulator, task, actions)
    simulator = DOMAIN.make_simulator(task)
    done = []
    for choice in choices:
        able = [a for a in DOMAIN.affordances(simulator.known_graph, ()) if a.name != 'done']
        done.append(able[choice % len(able)])
        simulator.execute(done[-1])
    check_simulator(DOMAIN.make_simulator, task, done)


@settings(max_examples=60)
@given(_runs())
def test_no_two_things_are_where_only_one_can_be(run):
    task, _, choices = run
    simulator = DOMAIN.make_simulator(task)
    for choice in choices:
        able = list(DOMAIN.affordances(simulator.known_graph, ()))
        simulator.execute(able[choice % len(able)])
        for table in (simulator.truth, read_table(simulator.known_graph)):
            carriers = Counter(at for at in table.supports.values() if at)
            for at, number in carriers.items():
                if is_movable(table.nodes[at]) or at == table.gripper:
                    assert number == 1, (at, table.supports)
                if is_movable(table.nodes[at]):
                    assert not table.is_in_container(at)
            for name in table.movable:
                assert name not in table.above(name)


def _simulate(lies=None, true_lies=None, failures=(), gone=''):
    known = make_table(lies)
    true = make_table(lies if true_lies is None else true_lies, failures)
    if gone:
        true = true.apply(GraphUpdate(remove_nodes=(gone,)))
    return TabletopSimulator(true, known)


def _supports(simulator):
    return read_table(simulator.known_graph).supports


PICK, PLACE = Action('pick', ('red_block_1',)), Action('place', ('red_block_1', 'red_bowl_1'))


def test_a_block_is_picked_and_placed():
    simulator = _simulate({'red_block_1': 'middle_1'})
    assert simulator.execute(PICK).status == 'done'
    assert _supports(simulator)['red_block_1'] == GRIPPER
    assert simulator.execute(PLACE).status == 'done'
    assert _supports(simulator)['red_block_1'] == 'red_bowl_1'


def test_a_block_that_is_held_is_not_picked_again():
    simulator = _simulate({'red_block_1': GRIPPER})
    assert simulator.execute(PICK).status == 'refused'


@pytest.mark.parametrize(
    ('lies', 'action'),
    [
        ({'blue_block_1': 'red_block_1'}, PICK),
        ({'blue_block_1': GRIPPER}, PICK),
        ({}, Action('pick', ('red_bowl_1',))),
        ({}, PLACE),
        ({'red_block_1': GRIPPER}, Action('place', ('red_block_1', 'red_block_1'))),
        ({'red_block_1': GRIPPER}, Action('place', ('red_block_1', GRIPPER))),
        (
            {'red_block_1': GRIPPER, 'blue_block_1': 'red_bowl_1'},
            Action('place', ('red_block_1', 'blue_block_1')),
        ),
        (
            {'red_block_1': GRIPPER, 'blue_block_1': 'green_block_1'},
            Action('place', ('red_block_1', 'green_block_1')),
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(lies, action):
    simulator = _simulate(lies)
    before = simulator.known_graph
    shown = simulator.execute(action)
    assert (shown.status, simulator.known_graph) == ('refused', before)
    assert shown.feedback


def test_a_pick_slips_as_often_as_it_is_to_fail():
    simulator = _simulate(failures=[('pick', 'red_block_1')])
    assert [simulator.execute(PICK).status for _ in range(2)] == ['failed', 'done']


def test_a_block_that_falls_lies_on_the_table():
    simulator = _simulate({'red_block_1': GRIPPER}, failures=[('place', 'red_block_1')])
    shown = simulator.execute(PLACE)
    assert (shown.status, shown.is_news) == ('failed', True)
    assert _supports(simulator)['red_block_1'] == ''


def test_a_block_that_is_elsewhere_is_seen_there_when_it_is_missed():
    simulator = _simulate({'red_block_1': 'middle_1'}, {'red_block_1': 'blue_bowl_1'})
    assert simulator.execute(PICK).status == 'failed'
    assert _supports(simulator)['red_block_1'] == 'blue_bowl_1'
    assert simulator.execute(PICK).status == 'done'


def test_a_block_that_is_gone_is_taken_off_the_map():
    simulator = _simulate(gone='red_block_1')
    assert simulator.execute(PICK).status == 'failed'
    assert 'red_block_1' not in simulator.known_graph.nodes


def test_a_block_that_was_to_carry_another_and_is_elsewhere_lets_it_fall():
    simulator = _simulate(
        {'red_block_1': GRIPPER, 'blue_block_1': 'middle_1'},
        {'red_block_1': GRIPPER, 'blue_block_1': 'red_bowl_1'},
    )
    assert simulator.execute(Action('place', ('red_block_1', 'blue_block_1'))).status == 'failed'
    assert _supports(simulator)['red_block_1'] == ''
    assert _supports(simulator)['blue_block_1'] == 'red_bowl_1'


def test_a_bowl_holds_many_and_the_table_takes_all():
    simulator = _simulate({'red_block_1': GRIPPER, 'blue_block_1': 'red_bowl_1'})
    assert is_container(simulator.known_graph.nodes['red_bowl_1'])
    assert simulator.execute(PLACE).status == 'done'
    for action in (PICK, Action('place', ('red_block_1', TABLE))):
        assert simulator.execute(action).status == 'done'
    assert _supports(simulator)['red_block_1'] == ''
