from __future__ import annotations

import math
import re
from pathlib import Path
from unittest.mock import Mock, call

import pytest
import yaml
from rclpy.parameter import Parameter

from prism_ros.parameters import (
    PLANNER_PARAMETERS,
    SCENE_GRAPH_PARAMETERS,
    ParameterSpec,
    check_parameters,
    declare_parameters,
)

TABLES = {'prism_scene_graph': SCENE_GRAPH_PARAMETERS, 'prism_planner': PLANNER_PARAMETERS}
CONFIG = Path(__file__).parents[2] / 'config' / 'ros'
every_spec = pytest.mark.parametrize(
    'spec',
    [pytest.param(s, id=f'{node}.{s.name}') for node, table in TABLES.items() for s in table],
)
FIXED = next(spec for spec in PLANNER_PARAMETERS if spec.is_fixed)
FREE = ParameterSpec('timeout_s', 3.0, 'Seconds.', range=(0.1, 600.0))


def value_of(spec: ParameterSpec) -> Parameter:
    return Parameter(spec.name, value=spec.default)


@every_spec
def test_a_parameter_says_what_it_means_and_shows_it(spec):
    assert re.match(r'[A-Z].*\.', spec.description)
    assert spec.describe().description == spec.description
    assert bool(spec.describe().additional_constraints) == spec.is_fixed


@every_spec
def test_a_number_has_a_range_that_holds_the_default_and_nothing_else_has_one(spec):
    is_number = isinstance(spec.default, (int, float)) and not isinstance(spec.default, bool)
    assert is_number == (spec.range is not None)
    ranges = [*spec.describe().integer_range, *spec.describe().floating_point_range]
    assert len(ranges) == is_number
    for shown in ranges:
        assert shown.from_value <= spec.default <= shown.to_value
        assert (shown.from_value, shown.to_value) == spec.range
        assert type(shown.from_value) is type(spec.default)


@every_spec
def test_the_type_of_a_default_is_one_that_ros_can_tell(spec):
    assert spec.default != []  # would be declared as bytes
    assert value_of(spec).type_ != Parameter.Type.NOT_SET


@pytest.mark.parametrize('table', TABLES.values(), ids=TABLES.keys())
def test_a_name_is_in_a_table_once(table):
    names = [spec.name for spec in table]
    assert len(set(names)) == len(names)


def test_what_both_nodes_have_has_the_same_default_and_range():
    planner = {spec.name: spec for spec in PLANNER_PARAMETERS}
    shared = [spec for spec in SCENE_GRAPH_PARAMETERS if spec.name in planner]
    assert {spec.name for spec in shared} == {'autostart', 'graph.max_nodes'}
    for spec in shared:
        other = planner[spec.name]
        assert (spec.default, spec.range) == (other.default, other.range)


def test_the_shipped_files_hold_the_declared_names_with_their_defaults_and_types():
    shipped = {}
    for path in CONFIG.glob('*.yaml'):
        for key, node in yaml.safe_load(path.read_text('utf-8')).items():
            assert key.startswith('/**/'), f'{path}: {key} would be ignored under a namespace'
            shipped[key.removeprefix('/**/')] = node['ros__parameters']
    # repr, so that 30 is not taken for 30.0: ROS would refuse it.
    assert repr(shipped) == repr(
        {node: {spec.name: spec.default for spec in table} for node, table in TABLES.items()}
    )


def test_each_parameter_is_declared_with_its_descriptor():
    node = Mock()
    declare_parameters(node, PLANNER_PARAMETERS)
    assert node.declare_parameter.call_args_list == [
        call(spec.name, spec.default, spec.describe()) for spec in PLANNER_PARAMETERS
    ]


@every_spec
def test_a_fixed_parameter_cannot_change_once_the_node_is_configured(spec):
    def check(*, is_configured):
        return check_parameters([value_of(spec)], [spec], is_configured=is_configured)

    assert check(is_configured=False).successful
    result = check(is_configured=True)
    assert result.successful != spec.is_fixed
    assert result.reason == (
        f'{spec.name} is fixed once the node is configured; clean the node up first'
        if spec.is_fixed
        else ''
    )


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(value):
    result = check_parameters([Parameter('timeout_s', value=value)], [FREE], is_configured=False)
    assert not result.successful
    assert result.reason == f'timeout_s must be a finite number, got {value}'


def test_one_bad_value_refuses_all():
    parameters = [Parameter('timeout_s', value=5.0), value_of(FIXED)]
    assert not check_parameters(parameters, [FREE, FIXED], is_configured=True).successful
    assert not check_parameters(parameters[::-1], [FREE, FIXED], is_configured=True).successful


def test_a_parameter_of_somebody_else_is_not_judged():
    others = Parameter('use_sim_time', value=math.nan)
    assert check_parameters([others], [FREE], is_configured=True).successful
