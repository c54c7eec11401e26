# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
import re
from array import array
from pathlib import Path

import pytest
import yaml
from rclpy.parameter import Parameter

from prism_ros.checked_node import describe
from prism_ros.parameter_checks import find_unknown, read_change, read_override
from prism_ros.parameter_spec import FIXED
from prism_ros.parameters import (
    NODES,
    PLANNER_PARAMETERS,
    ROS_PARAMETERS,
    SCENE_GRAPH_PARAMETERS,
    ParameterSpec,
)

CONFIG = Path(__file__).parents[2] / 'config' / 'ros'
every_spec = pytest.mark.parametrize(
    'spec',
    [pytest.param(s, id=f'{node}.{s.name}') for node, table in NODES.items() for s in table],
)
TIMEOUT = ParameterSpec('timeout_s', 3.0, 'Seconds.', range=(0.1, 600.0))
COUNT = ParameterSpec('count', 3, 'How many.', range=(1, 8))
SHARES = ParameterSpec('shares', [1.0], 'Parts.')
ORDER = ParameterSpec('order', ['a'], 'Names.', fixed='started')
IS_ON = ParameterSpec('is_on', True, 'Whether.')
PLACE = ParameterSpec('place', '', 'Where.', fixed='configured')
MODE = ParameterSpec('mode', 'off', 'How.', choices=('off', 'half', 'full'))
SPECS = {spec.name: spec for spec in (TIMEOUT, COUNT, SHARES, ORDER, IS_ON, PLACE, MODE)}


def value_of(spec: ParameterSpec) -> Parameter:
    return Parameter(spec.name, value=spec.default)


def change(name: str, value, *, is_configured: bool = False):
    return read_change(name, value, SPECS, is_configured=is_configured)


@every_spec
def test_a_parameter_says_what_it_means_and_shows_it(spec):
    assert re.match(r'[A-Z].*\.', spec.description)
    assert describe(spec).description == spec.description
    constraints = describe(spec).additional_constraints
    assert (
        describe(spec).read_only == (spec.fixed == 'started') == (FIXED['started'] in constraints)
    )
    assert (spec.fixed == 'configured') == (FIXED['configured'] in constraints)
    assert isinstance(spec.default, list) == ('at least one' in constraints)
    assert bool(spec.choices) == (f'one of {", ".join(spec.choices)}' in constraints)
    assert bool(constraints) == (
        spec.fixed != 'no' or isinstance(spec.default, list) or bool(spec.choices)
    )


def test_what_decides_over_files_and_code_is_fixed_when_the_node_starts():
    fixed = {spec.name for table in NODES.values() for spec in table if spec.fixed == 'started'}
    assert fixed >= {
        *('graph.file', 'graph.directory', 'graph.save_directory'),
        *('domain', 'words', 'planner.order', 'planner.allow_import_paths'),
    }
    pattern = re.compile('file|director|folder|path|import|module|executable|python|command|url')
    for table in NODES.values():
        for spec in table:
            assert spec.fixed == 'started' or not pattern.search(spec.name)


@every_spec
def test_a_number_has_a_range_that_holds_the_default_and_nothing_else_has_one(spec):
    is_number = isinstance(spec.default, (int, float)) and not isinstance(spec.default, bool)
    assert is_number == (spec.range is not None)
    ranges = [*describe(spec).integer_range, *describe(spec).floating_point_range]
    assert len(ranges) == is_number
    for shown in ranges:
        assert shown.from_value <= spec.default <= shown.to_value
        assert (shown.from_value, shown.to_value) == spec.range
        assert type(shown.from_value) is type(spec.default)


@every_spec
def test_the_type_of_a_default_is_one_that_ros_can_tell(spec):
    assert spec.default != []  # would be declared as bytes
    assert value_of(spec).type_ != Parameter.Type.NOT_SET


@pytest.mark.parametrize('table', NODES.values(), ids=NODES.keys())
def test_a_name_is_in_a_table_once(table):
    names = [spec.name for spec in table]
    assert len(set(names)) == len(names)


def test_what_both_nodes_have_has_the_same_default_and_range():
    planner = {spec.name: spec for spec in PLANNER_PARAMETERS}
    shared = [spec for spec in SCENE_GRAPH_PARAMETERS if spec.name in planner]
    assert {spec.name for spec in shared} == {
        *('autostart', 'domain', 'graph.max_nodes', 'introspection_mode')
    }
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
        {node: {spec.name: spec.default for spec in table} for node, table in NODES.items()}
    )


@every_spec
def test_a_parameter_changes_only_until_it_is_fixed(spec):
    def set_it(is_configured: bool):
        return read_change(spec.name, spec.default, {spec.name: spec}, is_configured=is_configured)

    if spec.fixed == 'started':
        for is_configured in (False, True):
            with pytest.raises(
                ValueError,
                match=f'^{spec.name} is fixed when the node starts; set it in the parameter file, '
                'at launch or on the command line$',
            ):
                set_it(is_configured)
        return
    assert set_it(False) == spec.default
    if spec.fixed == 'configured':
        with pytest.raises(
            ValueError, match=f'^{spec.name} is fixed once the node is configured; clean the node'
        ):
            set_it(True)
    else:
        assert set_it(True) == spec.default


@pytest.mark.parametrize(
    ('name', 'value', 'taken'),
    [
        ('timeout_s', 12, 12.0),
        ('timeout_s', 0.1, 0.1),
        ('timeout_s', 600, 600.0),
        ('shares', [1, 2], [1.0, 2.0]),
        ('shares', array('d', [1.0, 2.5]), [1.0, 2.5]),
        ('count', 8, 8),
        ('is_on', False, False),
        ('place', '', ''),
        ('mode', 'half', 'half'),
    ],
)
def test_a_value_that_fits_is_taken_in_the_type_of_the_parameter(name, value, taken):
    assert repr(change(name, value)) == repr(taken)
    assert repr(SPECS[name].convert(value)) == repr(taken)


MISFITS = [
    ('timeout_s', 9999.0, 'expected a number from 0.1 to 600, got 9999.0'),
    ('timeout_s', 601, 'expected a number from 0.1 to 600, got 601'),
    ('timeout_s', math.nan, 'expected a number from 0.1 to 600, got nan'),
    ('timeout_s', -math.inf, 'expected a number from 0.1 to 600, got -inf'),
    ('timeout_s', '12.0', "expected a number from 0.1 to 600, got the text '12.0'"),
    ('timeout_s', True, 'expected a number from 0.1 to 600, got true'),
    ('timeout_s', [1.0], r'expected a number from 0.1 to 600, got \[1.0\]'),
    ('count', 3.0, 'expected a whole number from 1 to 8, got 3.0'),
    ('count', 0, 'expected a whole number from 1 to 8, got 0'),
    ('count', False, 'expected a whole number from 1 to 8, got false'),
    ('shares', [], 'expected a list of at least one number, got an empty list'),
    ('shares', [True], r'expected a list of at least one number, got \[True\]'),
    ('shares', [1.0, math.nan], r'expected a list of at least one number, got \[1.0, nan\]'),
    ('shares', 1.0, 'expected a list of at least one number, got 1.0'),
    ('is_on', 'maybe', "expected true or false, got the text 'maybe'"),
    ('is_on', 1, 'expected true or false, got 1'),
    ('place', 12, 'expected a text, got 12'),
    ('place', [b'x'], r"expected a text, got \[b'x'\]"),
    ('mode', 'Half', "expected one of off, half, full, got the text 'Half'"),
    ('mode', False, 'expected one of off, half, full, got false'),
]


@pytest.mark.parametrize(('name', 'value', 'sentence'), MISFITS)
def test_a_value_that_does_not_fit_is_refused_in_one_sentence(name, value, sentence):
    with pytest.raises(ValueError, match=f'^{name}: {sentence}$'):
        change(name, value)
    with pytest.raises(
        ValueError, match=f'^{name}: {sentence}; set it in the parameter file, at launch or on'
    ):
        read_override(value, SPECS[name])


def test_an_empty_list_that_has_lost_its_type_is_called_so():
    with pytest.raises(
        ValueError, match=r'^order: expected a list of at least one text, got an em'
    ):
        read_override(None, ORDER)


def test_a_parameter_cannot_be_deleted():
    with pytest.raises(ValueError, match=r'^timeout_s cannot be deleted; set it to another value$'):
        change('timeout_s', None)


def test_a_name_that_is_no_parameter_is_said_with_the_closest_one():
    with pytest.raises(
        ValueError, match=r"^there is no parameter 'timout_s': the closest is timeout_s"
    ):
        change('timout_s', 1.0)
    with pytest.raises(
        ValueError, match=r"^there is no parameter '': expected one of count, is_on"
    ):
        change('', 1.0)
    assert find_unknown(['timout_s', 'count', 'qos_overrides./x.publisher.depth'], SPECS) == [
        "there is no parameter 'timout_s': the closest is timeout_s; what was given has no effect"
    ]


def test_parameters_of_ros_are_no_unknown_ones():
    specs = {spec.name: spec for spec in ROS_PARAMETERS}
    assert find_unknown(['use_sim_time', 'start_type_description_service'], specs) == []
