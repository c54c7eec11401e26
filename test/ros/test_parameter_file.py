# SPDX-License-Identifier: Apache-2.0
"""A parameter file is read as ROS reads it, and what is wrong in it is said with file and line."""

import re
from pathlib import Path

import pytest
import rclpy
import yaml
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st
from rclpy.node import Node

from prism_core import ConfigError
from prism_ros.check_commands import check_params
from prism_ros.parameter_file import check_parameter_file
from prism_ros.parameters import NODES, ParameterSpec
from prism_ros.ros_yaml import read_scalar

SHIPPED = Path(__file__).parents[2] / 'config' / 'ros' / 'planner.yaml'
EVERY = [(node, spec) for node, table in NODES.items() for spec in table]
every_parameter = pytest.mark.parametrize(
    ('node', 'spec'), EVERY, ids=[f'{node}.{spec.name}' for node, spec in EVERY]
)


@pytest.fixture
def check(tmp_path):
    def check_text(text: str):
        path = tmp_path / 'robot.yaml'
        path.write_text(text, 'utf-8')
        return check_parameter_file(path)

    return check_text


def under(node: str, *lines: str) -> str:
    return f'/**/{node}:\n  ros__parameters:\n' + ''.join(f'    {line}\n' for line in lines)


def only(report) -> str:
    """The one fault of a file, behind its name."""
    (fault,) = report.faults
    return fault.removeprefix(str(report.path))


def read_by_ros(path: Path) -> dict:
    """What a node called reader is given."""
    context = rclpy.Context()
    rclpy.init(context=context, args=['--ros-args', '--params-file', str(path)])
    try:
        node = Node('reader', context=context, enable_rosout=False, start_parameter_services=False)
        given_to_it = {name: value.value for name, value in node._parameter_overrides.items()}
        node.destroy_node()
        return given_to_it
    finally:
        rclpy.shutdown(context=context)


# As ROS reads it --------------------------------------------------------------------------------

SPELLINGS = [
    *('true', 'True', 'y', 'yes', 'on', 'OFF', 'n', 'No', 'tRue', 'YeS', 'null', '~', 'None'),
    *('0', '-0', '+7', '007', '08', '0x1F', '0X', '-0x10', '1_000', '9223372036854775807', '1e'),
    *('9223372036854775808', '-9223372036854775808', '12.', '.5', '-.5', '1e5', '1E-5', '1.5e+3'),
    *('.', '1.2.3', '.nan', '.NaN', '.Nan', '.inf', '-.inf', '+.INF', '.iNf', '-.nan', 'nan'),
    *('NAN', '-nan', 'inf', 'Infinity', '-INF', '1e999', '-1e999', '1e-999', '0e-999', '4e-320'),
    *('0x1p3', '0x1.8p1', '0x.8', '0x1.', '0x1p99999', 'nan(1)', 'infinit', '12s', 'a', '1 2'),
]


@given(st.lists(st.from_regex(r'[-+]?[0-9a-fxXpPeE._]{1,8}', fullmatch=True), max_size=30))
@example(SPELLINGS)
def test_each_spelling_is_what_ros_takes_it_for(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp('spellings') / 'reader.yaml'
    lines = ''.join(f'    p{i}: {text}\n' for i, text in enumerate(texts))
    path.write_text(f'reader:\n  ros__parameters:\n    first: 1\n{lines}')
    read = read_by_ros(path)
    for i, text in enumerate(texts):
        assert repr(read_scalar(text)) == repr(read[f'p{i}']), text


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('a: {ros__parameters: {x: [1, 2.5]}}', 'expected items of one type, got [1, 2.5]'),
        ('a: {ros__parameters: {x: }}', 'x: expected a value, got none'),
        ('a: {ros__parameters: {x: &y 1, z: *y}}', 'ROS takes no alias: *y'),
        ('a: {x: 1}', "'x' has a value outside ros__parameters"),
        ('a: [1]', "'a' has a value outside ros__parameters"),
        ('ros__parameters: {x: 1}', 'ros__parameters belongs to no node'),
        ('a b: {ros__parameters: {x: 1}}', "'a b' is no name of a node"),
        ('/a//b: {ros__parameters: {x: 1}}', "'/a//b' is no name of a node"),
        ('/a*/b: {ros__parameters: {x: 1}}', "'/a*/b' is no name of a node"),
        ('a: {ros__parameters: {x: 1}', 'it is not YAML: '),
    ],
)
def test_what_makes_ros_refuse_a_file_is_a_fault_of_it(check, text, sentence):
    text = text.replace('a:', 'prism_planner:', 1) if 'expected' in sentence else text
    report = check(text)
    with pytest.raises(Exception, match='parse'):
        read_by_ros(report.path)
    assert sentence in only(report)


def test_ros_reads_the_shipped_file_and_so_do_we():
    report = check_parameter_file(SHIPPED)
    assert report.findings == ()
    assert report.counts == {node: len(table) for node, table in NODES.items()}


# What is wrong ----------------------------------------------------------------------------------


@every_parameter
def test_a_wrong_type_is_said_with_its_line(check, node, spec):
    wrong = '12' if isinstance(spec.default, str) else "'some text'"
    fault = only(check(under(node, '# remark', f'{spec.name}: {wrong}')))
    shown = wrong if wrong == '12' else f'the text {wrong}'
    assert fault.startswith(f':4: {spec.name}: expected ')
    assert fault.endswith(f', got {shown}')


def outside(spec: ParameterSpec) -> str:
    return 'other' if spec.choices else str(type(spec.default)(spec.range[1] * 2))


@pytest.mark.parametrize(
    ('node', 'spec'),
    [(node, spec) for node, spec in EVERY if spec.range or spec.choices],
    ids=lambda value: getattr(value, 'name', value),
)
def test_a_value_out_of_range_is_said_with_what_is_allowed(check, node, spec):
    fault = only(check(under(node, f'{spec.name}: {outside(spec)}')))
    allowed = spec.choices or [f'{bound:g}' for bound in spec.range]
    assert fault.startswith(f':3: {spec.name}: expected ')
    assert all(str(value) in fault for value in allowed)


@every_parameter
def test_a_misspelt_name_is_said_with_the_closest(check, node, spec):
    misspelt = spec.name[:-2] + spec.name[-1]
    value = yaml.safe_dump(spec.default, default_flow_style=True).split('\n')[0]
    fault = only(check(under(node, f'{misspelt}: {value}')))
    assert f":3: there is no parameter '{misspelt}': the closest is {spec.name}" in fault


@every_parameter
def test_the_default_fits(check, node, spec):
    value = yaml.safe_dump(spec.default, default_flow_style=True).split('\n')[0]
    report = check(under(node, f'{spec.name}: {value}'))
    assert report.findings == ()
    assert report.counts[node] == 1


def test_all_faults_are_said_at_once_in_the_order_of_lines(check):
    report = check(
        under('prism_planner', 'graph.max_nodes: 0', 'planner.shares: [1, 2.0]', 'words: 3')
        + under('prism_scene_graph', 'autostart: maybe', 'graph.fil: a.json')
    )
    lines = [int(re.match(rf'{report.path}:(\d+): ', fault)[1]) for fault in report.faults]
    assert lines == [3, 4, 5, 8, 9]


def test_whole_numbers_are_numbers_for_us_and_that_is_said(check):
    report = check(under('prism_planner', 'planner.timeout_s: 12', 'planner.shares: [1, 2]'))
    assert report.faults == ()
    first, second = (report.at(finding) for finding in report.findings)
    assert ':3: note: planner.timeout_s: expected 12.0, got 12' in first
    assert ':4: note: planner.shares: expected [1.0, 2.0], got [1, 2]' in second


@pytest.mark.parametrize('value', ['[]', '.nan', '1e999', '0x2FF', '-1'])
def test_a_number_that_is_none_is_a_fault(check, value):
    fault = only(check(under('prism_planner', f'planner.timeout_s: {value}')))
    assert ': planner.timeout_s: expected a number from 0.1 to 600, got ' in fault


@pytest.mark.parametrize(
    'names',
    ['/**/prism_planner', '/robot1/prism_planner', '/*/prism_planner', '/**', '/*', 'a/b/*'],
)
def test_every_way_to_name_a_node_is_known(check, names):
    report = check(f'{names}:\n  ros__parameters:\n    planner: {{timeout_s: 700.0}}\n')
    assert only(report).startswith(':3: planner.timeout_s: expected a number from 0.1 to 600')


def test_a_namespace_may_be_a_mapping_of_its_own(check):
    text = 'robot1:\n  prism_planner:\n    ros__parameters:\n      graph: {max_nodes: 9000}\n'
    assert only(check(text)).startswith(':4: graph.max_nodes: expected a whole number')


def test_a_node_in_no_namespace_is_remarked_on_and_no_fault(check):
    report = check('prism_planner:\n  ros__parameters:\n    autostart: true\n')
    (note,) = [report.at(finding) for finding in report.findings]
    assert ':2: note: prism_planner is the node in no namespace only' in note
    assert report.faults == ()


@pytest.mark.parametrize('name', ['prism_plannr', '/**/prism_scene_grpah', '/a/prism_planer'])
def test_a_node_that_is_misspelt_is_said_with_the_closest(check, name):
    report = check(f'{name}:\n  ros__parameters: {{autostart: true}}\n')
    assert 'of ours: the closest is prism_' in only(report)


def test_nodes_of_others_are_named_and_not_looked_at(check):
    report = check(under('controller_server', 'x: 1') + under('prism_planner', 'autostart: true'))
    assert (report.faults, report.others) == ((), ('/**/controller_server',))


def test_what_all_nodes_are_given_may_be_for_others(check):
    report = check("/**:\n  ros__parameters: {robot_description: '', use_sim_time: true}\n")
    assert report.faults == ()
    assert only(check('/**:\n  ros__parameters: {use_sim_tim: true}\n')).startswith(':2: there is')


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('', ': it gives no node of ours a parameter: expected /**/prism_scene_graph or'),
        ('controller: {ros__parameters: {x: 1}}', ': it gives no node of ours a parameter'),
        ('prism_planner: {ros_parameters: {x: 1}}', ":1: 'x' has a value outside ros__parameters"),
        ('prism_planner: {ros_parameters: 1}', 'the closest is ros__parameters'),
        ('prism_planner: {ros__parameters: [1]}', ':1: expected parameters below ros__parameters'),
        ('[1]', ':1: expected names of nodes with ros__parameters below, got a list'),
        ('/**: {ros__parameters: {autostart: [[true]]}}', ':1: autostart: expected a list of va'),
        ('/**: {ros__parameters: {autostart: {}}}', ':1: autostart: expected a value, got an em'),
        ('/**: {ros__parameters: {? [a] : 1}}', ':1: expected a name, got a list'),
        ('a: 1\n\tb: 2', ':2: it is not YAML: '),
        ('a: \x07', ': it is not YAML: '),
        ('[' * 3000, ': it is nested too deeply'),
        (under('prism_planner', 'words: a', 'words: b'), ':4: words is given twice, before in li'),
    ],
)
def test_a_file_that_is_none_is_said(check, text, sentence):
    assert sentence in only(check(text))


def test_a_file_with_a_byte_order_mark_is_read(check, tmp_path):
    text = under('prism_planner', 'graph.max_nodes: 0')
    (tmp_path / 'marked.yaml').write_text(text, 'utf-8-sig')
    assert check_parameter_file(tmp_path / 'marked.yaml').faults[0].endswith('got 0')


@given(st.text(max_size=200))
@example('!!python/object:os.system {}')
@example('? &a [*a]\n: 1')
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.mktemp('texts') / 'any.yaml'
    path.write_bytes(text.encode('utf-8', 'surrogatepass'))
    try:
        report = check_parameter_file(path)
    except ConfigError:
        return
    assert report.faults


# The command ------------------------------------------------------------------------------------


def test_the_command_prints_what_it_found_and_fails(check):
    report = check(under('prism_planner', 'planner.timout_s: 3.0', 'planner.timeout_s: 12'))
    done = CliRunner().invoke(check_params, [str(report.path), str(SHIPPED)])
    first, second, verdict, fine = done.output.splitlines()
    assert done.exit_code == 1
    assert first.endswith('the closest is planner.timeout_s (of prism_planner)')
    assert second.startswith(f'{report.path}:4: note: planner.timeout_s: expected 12.0, got 12')
    assert verdict == f'{report.path}: 1 fault; parameters: 1 of prism_planner'
    assert fine == (
        f'{SHIPPED}: fine; parameters: 23 of prism_scene_graph, 18 of prism_planner, '
        '16 of prism_executor, 10 of prism_mock_skills, 11 of prism_nav2_skills'
    )


def test_the_command_is_content_with_what_fits(check):
    done = CliRunner().invoke(check_params, [str(SHIPPED)])
    assert (done.exit_code, len(done.output.splitlines())) == (0, 1)


def test_a_file_that_is_not_there_is_said(tmp_path):
    done = CliRunner().invoke(check_params, [str(tmp_path / 'none.yaml')])
    assert done.exit_code == 1
    assert 'none.yaml: No such file or directory; name a parameter file' in done.output
    (tmp_path / 'bytes.yaml').write_bytes(b'\xff\xfe\xfa')
    with pytest.raises(ConfigError, match='it is no UTF-8'):
        check_parameter_file(tmp_path / 'bytes.yaml')
