# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from prism_core import (
    Action,
    ActionSpec,
    ActionTable,
    ArgumentKind,
    ArgumentSpec,
    Plan,
    parse_plan,
    render_plan,
    validate_plan,
)
from prism_core.domains.mapping import MAPPING_ACTIONS

REGION = ArgumentSpec('region', ArgumentKind.REGION)
RADIUS = ArgumentSpec('radius_m', ArgumentKind.RADIUS_M, default=2.5)
TEXT = ArgumentSpec('note', ArgumentKind.TEXT)


def test_mapping_table_is_spines_api_with_the_argument_kinds():
    rows = {
        spec.name: [argument.kind.value for argument in spec.arguments]
        for spec in MAPPING_ACTIONS.values()
    }
    assert rows == {
        'goto': ['region'],
        'map_region': ['region'],
        'explore_region': ['region', 'radius_m'],
        'extend_map': ['x_m', 'y_m'],
        'inspect': ['object', 'text'],
        'replan': [],
        'answer': ['text'],
        'clarify': ['text'],
    }
    assert [name for name, spec in MAPPING_ACTIONS.items() if spec.ends_mission] == [
        'answer',
        'clarify',
    ]
    assert [name for name, spec in MAPPING_ACTIONS.items() if not spec.ends_turn] == ['goto']


def test_table_describes_each_action_on_a_line_by_signature_and_meaning():
    lines = MAPPING_ACTIONS.describe().splitlines()
    assert len(lines) == len(MAPPING_ACTIONS)
    assert lines[2] == (
        'explore_region(region, radius_m=3): go to a region and look for new regions around it'
    )


def test_an_action_is_added_by_one_row(depot):
    row = ActionSpec('mark', (REGION, TEXT), 'leave a note in a region', ends_turn=True)
    table = ActionTable([*MAPPING_ACTIONS.values(), row])
    plan = Plan((Action('mark', ('road_1', 'wet, (slippery)')), Action('goto', ('dock_1',))))
    assert parse_plan(render_plan(plan), table) == plan
    assert parse_plan('{"plan": "mark(road_1, wet, (slippery)), goto(dock_1)"}', table) == plan
    assert validate_plan(plan, depot, table).is_valid
    assert not validate_plan(plan, depot, MAPPING_ACTIONS).is_valid
    wrong = Plan((Action('mark', ('nowhere', ' ')),))
    assert validate_plan(wrong, depot, table).feedback == (
        "Step 1: The scene graph does not contain 'nowhere'; use replan() as stand-in for what is "
        'not found yet. Step 1: mark(region, note) needs a note that is not empty.'
    )
    assert table.describe().endswith('\nmark(region, note): leave a note in a region')
    assert list(table)[-1] == 'mark'


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        ((RADIUS, RADIUS), '^action mark: expected each kind of number, and a text, at most once$'),
        ((TEXT, REGION), '^action mark: a text can only be the last argument$'),
        ((RADIUS, REGION), '^action mark: arguments with a default come last$'),
        ((REGION, RADIUS, TEXT), '^action mark: arguments with a default come last$'),
    ],
)
def test_row_that_could_not_be_read_back_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        ActionSpec('mark', arguments, 'leave a mark')
