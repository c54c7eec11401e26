# SPDX-License-Identifier: Apache-2.0
"""What any participant of the domain may call, tried as who means harm would: over real DDS."""

from pathlib import Path

import pytest
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters, SetParametersAtomically
from rclpy.parameter import Parameter

from prism_core.domains.mapping import GRAPHS
from prism_msgs.msg import PlanErrorCode, SceneGraphUpdate, SceneNode
from prism_msgs.srv import GetPlan, GetSceneGraph, LoadSceneGraph, SaveSceneGraph, UpdateGraph
from prism_ros.errors import CODE_NAMES
from prism_ros.parameters import PLANNER_PARAMETERS, SCENE_GRAPH_PARAMETERS

from ..faults import recovery
from .asking import TASK
from .checks import assert_refused

GRAPH_NODE, PLANNER = 'prism_scene_graph', 'prism_planner'


def set_each(ros, node, **values):
    """Set parameters by the service that takes them one by one; why the first was refused."""
    messages = [as_message(name, value) for name, value in values.items()]
    response = ros.call(SetParameters, f'{node}/set_parameters', parameters=messages)
    assert len(response.results) == len(messages)
    return '' if response.results[0].successful else response.results[0].reason


def set_all(ros, node, **values):
    """Set parameters by the service that takes all or none; why they were refused."""
    messages = [as_message(name, value) for name, value in values.items()]
    name = f'{node}/set_parameters_atomically'
    result = ros.call(SetParametersAtomically, name, parameters=messages).result
    return '' if result.successful else result.reason


def as_message(name, value):
    return Parameter(name.replace('__', '.'), value=value).to_parameter_msg()


def contents(folder: Path) -> dict[str, str]:
    return {str(p): p.read_text() for p in folder.rglob('*') if p.is_file()}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home directory with a map in it, as users have."""
    (tmp_path / '.bashrc').write_text('# mine\n')
    (tmp_path / '.ssh').mkdir()
    (tmp_path / '.ssh' / 'config.json').write_text('{"regions": []}')
    (tmp_path / 'site.json').write_text((GRAPHS / 'depot.json').read_text())
    monkeypatch.setenv('HOME', str(tmp_path))
    return tmp_path


NAMES = ['.bashrc', '~/.bashrc', '{home}/.bashrc', '.profile', '.ssh/config.json', 'run.sh']


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('folder', ['', '{home}'])
def test_a_description_does_not_become_a_shell_script_of_the_user(ros, home, name, folder):
    ros.start_graph(graph__file='~/site.json', graph__save_directory=folder.format(home=home))
    before = contents(home)
    node = SceneNode(id='x', type=SceneNode.TYPE_REGION, confidence=1.0)
    node.description = '$(touch pwned)'
    update = SceneGraphUpdate(upsert_nodes=[node])
    assert ros.call(UpdateGraph, 'update_graph', update=update).success
    response = ros.call(SaveSceneGraph, 'save_scene_graph', file=name.format(home=home))
    assert_refused(response, PlanErrorCode.FILE_ERROR, '.json' if folder else 'save_directory')
    assert contents(home) == before


def test_hidden_files_beside_a_map_are_not_read(ros, home):
    ros.start_graph(graph__file='~/site.json')
    response = ros.call(LoadSceneGraph, 'load_scene_graph', file='.ssh/config.json')
    assert_refused(response, PlanErrorCode.FILE_ERROR, 'without parts that begin with .')
    assert ros.call(LoadSceneGraph, 'load_scene_graph', file='site.json').success


@pytest.mark.parametrize('set_them', [set_each, set_all])
@pytest.mark.parametrize('when', ['active', 'inactive', 'unconfigured'])
def test_no_participant_moves_the_folders(ros, home, tmp_path_factory, set_them, when):
    ros.start_graph(graph__file='~/site.json')
    for step in {'active': [], 'inactive': ['deactivate']}.get(when, ['deactivate', 'cleanup']):
        assert ros.change_state(GRAPH_NODE, step)
    for name in ('graph__directory', 'graph__save_directory', 'graph__file'):
        reason = set_them(ros, GRAPH_NODE, **{name: '/'})
        expected = f'{name.replace("__", ".")} is fixed when the node starts; set it in the param'
        assert reason.startswith(expected)
    for step in ('configure', 'activate'):
        ros.change_state(GRAPH_NODE, step)
    outside = f'{tmp_path_factory.mktemp("outside")}/new.json'
    before = contents(home)
    for file in (outside, outside[1:], f'{home}/new.json', ''):
        response = ros.call(SaveSceneGraph, 'save_scene_graph', file=file)
        assert_refused(response, PlanErrorCode.FILE_ERROR, 'graph.save_directory')
        response = ros.call(LoadSceneGraph, 'load_scene_graph', file=file)
        assert_refused(response, PlanErrorCode.FILE_ERROR, str(home))
    assert contents(home) == before
    assert not Path(outside).exists()
    assert ros.call(GetSceneGraph, 'get_scene_graph').success


@pytest.mark.parametrize('set_them', [set_each, set_all])
def test_no_participant_has_code_imported(ros, tmp_path, monkeypatch, set_them):
    """`os:abort` would end the process; this one leaves a trace instead."""
    (tmp_path / 'trap.py').write_text(f'open({str(tmp_path / "sprung")!r}, "w").close()')
    monkeypatch.syspath_prepend(tmp_path)
    ros.start_planner(planner__order=['symbolic'])
    for step in ('deactivate', 'cleanup'):
        assert ros.change_state(PLANNER, step)
    for values in (
        {'planner__order': ['trap:make']},
        {'planner__allow_import_paths': True},
        {'planner__order': ['trap:make'], 'planner__allow_import_paths': True},
        {'planner__timeout_s': 5.0, 'planner__order': ['trap:make']},
    ):
        reason = set_them(ros, PLANNER, **values)
        is_first_allowed = set_them is set_each and 'planner__timeout_s' in values
        assert is_first_allowed or 'is fixed when the node starts' in reason
    for step in ('configure', 'activate'):
        assert ros.change_state(PLANNER, step)
    node_names = ros.call(GetPlan, 'plan', task=TASK, planner='trap')
    assert_refused(node_names, PlanErrorCode.UNKNOWN_PLANNER, 'symbolic')
    assert not (tmp_path / 'sprung').exists()


def test_an_import_path_needs_leave_that_is_given_at_the_start(ros, tmp_path, monkeypatch):
    (tmp_path / 'trap.py').write_text(f'open({str(tmp_path / "sprung")!r}, "w").close()')
    monkeypatch.syspath_prepend(tmp_path)
    ros.start_planner(planner__order=['mine=trap:make'], planner__allow_import_paths=False)
    assert_refused(
        ros.call(GetPlan, 'plan', task=TASK),
        PlanErrorCode.NODE_INACTIVE,
        "'trap:make' by import path",
        'planner.allow_import_paths set to true',
        'prism.planners',
    )
    assert not (tmp_path / 'sprung').exists()


NODES = {GRAPH_NODE: SCENE_GRAPH_PARAMETERS, PLANNER: PLANNER_PARAMETERS}


@pytest.mark.parametrize('name', NODES)
def test_no_parameter_can_be_deleted_or_set_to_nonsense(ros, name):
    """Deleted, of no type, of a type that there is none of, of every other type."""
    node = {GRAPH_NODE: ros.start_graph, PLANNER: ros.start_planner}[name]()
    for step in ('deactivate', 'cleanup'):
        assert ros.change_state(name, step)
    before = {spec.name: node.get_parameter(spec.name).value for spec in NODES[name]}
    values = [ParameterValue(type=kind) for kind in (0, 5, 7, 8, 9, 77)]
    values += [
        ParameterValue(type=ParameterType.PARAMETER_STRING, string_value='x' * 100_000),
        ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=float('nan')),
        ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=float('inf')),
        ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=-(2**63)),
    ]
    texts = {'graph.robot_location'}  # any text will do for these
    for parameter in [*before, 'use_sim_time', '', 'none']:
        for value in values:
            if parameter in texts and value.type == ParameterType.PARAMETER_STRING:
                continue
            message = ParameterMessage(name=parameter, value=value)
            one = ros.call(SetParameters, f'{name}/set_parameters', parameters=[message])
            both = ros.call(
                SetParametersAtomically,
                f'{name}/set_parameters_atomically',
                parameters=[as_message('graph.max_nodes', 7), message],
            )
            for result in (*one.results, both.result):
                assert not result.successful, (parameter, value)
                assert result.reason
                assert '\n' not in result.reason
                assert len(result.reason) < 600
    assert {spec.name: node.get_parameter(spec.name).value for spec in NODES[name]} == before
    assert not node.has_parameter('')
    with recovery('node: parameters set to nonsense') as fault:
        for step in ('configure', 'activate'):
            assert ros.change_state(name, step)
        if name == GRAPH_NODE:
            response = ros.call(GetSceneGraph, 'get_scene_graph')
        else:
            graph = '{"regions": [{"name": "a", "coords": [0, 0]}], "robot_location": "a"}'
            response = ros.call(GetPlan, 'plan', task='go to a', scene_graph_json=graph)
        fault.says(CODE_NAMES[response.error_code])


def test_a_whole_number_is_set_where_a_number_is_wanted_and_the_type_stays(ros):
    node = ros.start_planner()
    assert set_each(ros, PLANNER, planner__timeout_s=20) == ''
    assert set_all(ros, PLANNER, planner__max_timeout_s=40, graph__max_nodes=9) == ''
    assert repr(node.get_parameter('planner.timeout_s').value) == '20.0'
    assert repr(node.get_parameter('planner.max_timeout_s').value) == '40.0'
    reason = set_each(ros, PLANNER, planner__timeout_s=601)
    assert reason == 'planner.timeout_s: expected a number from 0.1 to 600, got 601'
    names = ['planner.timeout_s']
    response = ros.call(DescribeParameters, f'{PLANNER}/describe_parameters', names=names)
    (shown,) = response.descriptors
    assert (shown.type, shown.dynamic_typing) == (ParameterType.PARAMETER_DOUBLE, False)
    assert shown.floating_point_range[0].to_value == 600.0
    assert ros.state(PLANNER) == 'active'
