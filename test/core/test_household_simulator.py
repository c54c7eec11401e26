# SPDX-License-Identifier: Apache-2.0
"""What can be done in a home, and what comes of it."""

from __future__ import annotations

import pytest

from prism_core.domains.household.home import read_home
from prism_core.plan.actions import Action

from .homes import act, make_home, refuse


def attributes(simulator, name):
    """What is known of a node."""
    return simulator.known_graph.nodes[name].attributes


def test_one_hand_holds_one_thing():
    home = act(
        make_home({'mug_1': 'counter_top_1', 'egg_1': 'counter_top_1'}),
        'Navigation counter_top_1',
        'PickupObject mug_1',
    )
    assert refuse(home, 'PickupObject egg_1') == 'the hand holds mug_1'
    assert refuse(home, 'PutObject egg_1 counter_top_1') == 'the hand does not hold egg_1'
    assert read_home(home.known_graph).held == 'mug_1'


def test_only_what_is_where_the_robot_stands_is_within_reach():
    home = act(make_home({'mug_1': 'counter_top_1'}), 'Navigation desk_1')
    assert refuse(home, 'PickupObject mug_1') == 'mug_1 is not within reach at desk_1'
    assert refuse(home, 'OpenObject fridge_1') == 'fridge_1 is not within reach at desk_1'


def test_what_is_closed_gives_nothing_and_takes_nothing():
    graph = make_home({'egg_1': 'fridge_1'})
    assert refuse(act(graph, 'Navigation fridge_1'), 'PickupObject egg_1') == (
        'egg_1 is in something closed'
    )
    holding = act(make_home({}, held='apple_1'), 'Navigation fridge_1')
    assert 'nothing can be put into fridge_1' in refuse(holding, 'PutObject apple_1 fridge_1')
    act(graph, 'Navigation fridge_1', 'OpenObject fridge_1', 'PickupObject egg_1')


def test_a_door_is_opened_once_and_only_doors_are():
    home = act(make_home({}), 'Navigation fridge_1', 'OpenObject fridge_1')
    assert refuse(home, 'OpenObject fridge_1') == 'fridge_1 is open already'
    assert 'cannot be opened' in refuse(
        act(make_home({}), 'Navigation desk_1'), 'OpenObject desk_1'
    )


def test_slicing_takes_a_knife_in_the_hand_and_leaves_three_slices():
    graph = make_home({'apple_1': 'counter_top_1', 'knife_1': 'counter_top_1'})
    home = act(graph, 'Navigation counter_top_1')
    assert refuse(home, 'SliceObject apple_1') == 'there is no knife in the hand'
    home.execute(Action('PickupObject', ('knife_1',)))
    home.execute(Action('SliceObject', ('apple_1',)))
    known = read_home(home.known_graph)
    assert 'apple_1' not in known.nodes
    slices = known.called('apple slice')
    assert len(slices) == 3
    assert {known.holders[name] for name in slices} == {'counter_top_1'}
    assert refuse(home, 'SliceObject knife_1') == 'knife_1 cannot be sliced'


def test_slices_are_as_the_whole_was():
    graph = make_home(
        {'apple_1': 'counter_top_1', 'knife_1': 'counter_top_1'},
        states={'apple_1': {'clean': True}},
    )
    home = act(graph, 'Navigation counter_top_1', 'PickupObject knife_1', 'SliceObject apple_1')
    assert attributes(home, 'apple_slice_1')['clean'] is True


def test_a_full_place_takes_no_more():
    home = act(
        make_home({'mug_1': 'coffee_machine_1'}, held='mug_2'), 'Navigation coffee_machine_1'
    )
    assert refuse(home, 'PutObject mug_2 coffee_machine_1') == 'coffee_machine_1 is full'


def test_a_place_takes_only_what_belongs_there():
    home = act(make_home({}, held='book_1'), 'Navigation sink_basin_1')
    assert refuse(home, 'PutObject book_1 sink_basin_1') == 'sink_basin_1 does not take book_1'


HEAT = (
    'Navigation microwave_1', 'OpenObject microwave_1', 'PutObject mug_1 microwave_1',
    'CloseObject microwave_1', 'ToggleObjectOn microwave_1',
)  # fmt: skip
COOL = (
    'Navigation fridge_1', 'OpenObject fridge_1', 'PutObject mug_1 fridge_1',
    'CloseObject fridge_1',
)  # fmt: skip
CLEAN = ('Navigation sink_basin_1', 'PutObject mug_1 sink_basin_1', 'ToggleObjectOn faucet_1')


@pytest.mark.parametrize(('steps', 'state'), [(HEAT, 'hot'), (COOL, 'cold'), (CLEAN, 'clean')])
def test_a_microwave_heats_a_fridge_cools_and_a_faucet_cleans(steps, state):
    graph = make_home({}, held='mug_1')
    before = act(graph, *steps[:-1])
    assert state not in attributes(before, 'mug_1')
    assert attributes(act(graph, *steps), 'mug_1')[state]


def test_a_microwave_that_is_open_heats_nothing():
    home = act(make_home({}), 'Navigation microwave_1', 'OpenObject microwave_1')
    assert refuse(home, 'ToggleObjectOn microwave_1') == 'microwave_1 is open'
    assert 'cannot be turned' in refuse(
        act(make_home({}), 'Navigation desk_1'), 'ToggleObjectOn desk_1'
    )


def test_what_a_vessel_holds_goes_with_it():
    home = act(
        make_home({'bowl_1': 'counter_top_1', 'apple_1': 'bowl_1'}),
        'Navigation counter_top_1',
        'PickupObject bowl_1',
        'Navigation dining_table_1',
        'PutObject bowl_1 dining_table_1',
    )
    assert read_home(home.known_graph).place_of('apple_1') == 'dining_table_1'
    home.execute(Action('PickupObject', ('apple_1',)))
    assert read_home(home.known_graph).held == 'apple_1'


def test_a_closed_place_shows_what_it_holds_when_it_is_opened():
    true = make_home({'egg_1': 'fridge_1', 'mug_1': 'desk_1'})
    known = make_home({}, hidden=('fridge_1', 'desk_1'))
    home = act(known, 'Navigation fridge_1', true=true)
    assert 'egg_1' not in home.known_graph.nodes
    assert not attributes(home, 'fridge_1')['seen']
    home.execute(Action('OpenObject', ('fridge_1',)))
    assert home.known_graph.holder('egg_1') == 'fridge_1'
    assert attributes(home, 'fridge_1')['seen']
    assert attributes(home, 'fridge_1')['door'] == 'open'
    home.execute(Action('Navigation', ('desk_1',)))
    assert home.known_graph.holder('mug_1') == 'desk_1'


def test_what_is_not_where_it_was_known_is_gone_when_it_is_reached_for():
    known, true = make_home({'mug_1': 'desk_1'}), make_home({'mug_1': 'cabinet_1'})
    home = act(known, 'Navigation desk_1', true=true)
    observation = home.execute(Action('PickupObject', ('mug_1',)))
    assert observation.status == 'failed'
    assert 'mug_1' not in home.known_graph.nodes


def test_what_the_world_makes_fail_fails_so_often():
    true = make_home({'mug_1': 'desk_1'}, failures=[['PickupObject', 'mug_1']])
    home = act(make_home({'mug_1': 'desk_1'}), 'Navigation desk_1', true=true)
    assert home.execute(Action('PickupObject', ('mug_1',))).status == 'failed'
    assert home.execute(Action('PickupObject', ('mug_1',))).status == 'done'


def test_the_hand_is_no_place_and_no_thing():
    home = act(make_home({'mug_1': 'desk_1'}), 'Navigation desk_1')
    assert 'hand_1' in refuse(home, 'PickupObject hand_1')
    assert refuse(home, 'PickupObject desk_lamp_1') == 'desk_lamp_1 cannot be taken'
