from __future__ import annotations

import pytest

from prism_core import Plan
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.routes import trace_plan
from prism_core.steps import parse_steps


@pytest.mark.parametrize(
    ('steps', 'way'),
    [
        ('', 'dock_1'),
        ('replan(), answer(done), extend_map(1, 2)', 'dock_1'),
        ('goto(shed_1), map_region(shed_1)', 'dock_1 shed_1'),
        ('map_region(field_2), goto(dock_1)', 'dock_1 road_1 road_2 field_2 road_2 road_1 dock_1'),
        ('inspect(truck_1, ok?)', 'dock_1 road_1 road_2 field_2'),
        ('goto(warehouse_1), inspect(truck_1, ok?)', 'dock_1 road_1 road_2 road_3 warehouse_1'),
        ('goto(island_1), goto(nowhere), goto(shed_1)', 'dock_1 shed_1'),
    ],
)
def test_way_of_a_plan_is_the_regions_it_passes(depot, steps, way):
    plan = Plan(tuple(parse_steps(steps, MAPPING_ACTIONS)))
    assert trace_plan(plan, depot) == way.split()


def test_plan_of_a_robot_in_an_unknown_place_has_no_way(depot):
    assert (
        trace_plan(Plan(tuple(parse_steps('goto(shed_1)', MAPPING_ACTIONS))), depot.at(None)) == []
    )
