# SPDX-License-Identifier: Apache-2.0
"""What `prism doctor` and `ros2 doctor` say of a machine and of the nodes that run."""

import importlib
import importlib.util
import sys
import types
import warnings

import pytest
from click.testing import CliRunner

from prism_core.inference.self_check import Checked
from prism_ros import doctor as doctor_module
from prism_ros.check_commands import doctor
from prism_ros.doctor import LISTEN_S, examine

from ..docs.sources import ROOT
from .asking import release_hanging_planners, start_both  # noqa: F401 - an autouse fixture


def named(name: str, words: str = '') -> list[Checked]:
    """What is found of that name, listened for again until it has the words."""
    for _ in range(5):
        found = [checked for checked in examine() if checked.name.startswith(name)]
        if any(words in checked.text for checked in found):
            return found
    raise AssertionError(f'{name}: {words!r} was never found')


def test_nodes_that_run_are_said_with_their_state(ros):
    start_both(ros)
    (planner,) = named('planner', 'READY')
    assert planner.name == 'planner at /'
    assert planner.text.startswith('READY: ready')
    (graph,) = named('scene graph', 'revision 0, the robot in ')
    assert planner.fault == graph.fault == ''


def test_what_keeps_a_planner_from_planning_is_a_fault(ros):
    ros.start_graph(namespace='robot1', graph__file='')
    ros.start_planner(namespace='robot1', planner__order=['nobody'])
    (planner,) = named('planner', 'INACTIVE')
    assert planner.fault.startswith('planner at /robot1 is INACTIVE: not active')
    (graph,) = named('scene graph', 'no robot location')
    assert graph.fault == 'scene graph at /robot1: nobody has told where the robot is'


def test_a_planner_that_cannot_plan_is_an_error(ros):
    start_both(ros, 'CannotBeMade')
    (planner,) = named('planner', 'FAULT')
    assert planner.is_error
    assert 'FAULT: no planner can answer' in planner.fault


def test_two_nodes_of_one_name_are_an_error(ros):
    ros.start_graph()
    ros.start_graph()
    (node,) = named('node', '/prism_scene_graph')
    assert node.is_error
    assert node.fault.startswith('2 nodes are called /prism_scene_graph')


def test_middleware_and_domain_are_said_and_that_nobody_runs(ros):
    assert named('RMW')[0].text.startswith('rmw_')
    assert f'ROS_DOMAIN_ID={ros.domain}' in named('ROS variables')[0].text
    assert named('planner')[0].text == f'none heard in {LISTEN_S:g} s'
    assert named('scene graph')[0].text == f'no owner heard in {LISTEN_S:g} s'


def test_without_ros_the_student_is_looked_at_and_ros_is_missed(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    found = {checked.name: checked for checked in examine()}
    assert found['model sha256'].fault == ''
    assert found['ROS'].fault.startswith('ROS 2 is not sourced; source /opt/ros/')


def test_messages_that_are_not_built_are_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, 'prism_msgs.msg', types.ModuleType('prism_msgs.msg'))
    found = {checked.name: checked for checked in examine()}
    assert found['prism_msgs'].is_error
    assert 'source install/setup.bash' in found['prism_msgs'].fault


@pytest.fixture
def examined(monkeypatch):
    """What is found, as the test says it."""

    def set_found(*found: Checked) -> None:
        monkeypatch.setattr(doctor_module, 'examine', lambda listen_s=0.0: list(found))

    return set_found


FINE, WARNED = Checked('RMW', 'rmw_x'), Checked('model', 'none', 'there is no model')
WRONG = Checked('sha256', 'other', 'it is another file', is_error=True)


def test_the_command_prints_all_and_then_what_is_wrong(examined):
    examined(FINE, WARNED)
    done = CliRunner().invoke(doctor)
    assert (done.exit_code, done.output.splitlines()) == (
        0,
        ['RMW    rmw_x', 'model  none', 'warning: there is no model'],
    )
    examined(FINE, WRONG)
    done = CliRunner().invoke(doctor)
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == 'error: it is another file'


# In `ros2 doctor` -------------------------------------------------------------------------------


@pytest.fixture
def entry(monkeypatch):
    """Our classes, on those of ros2doctor, or on doubles of them where it is not installed."""
    if importlib.util.find_spec('ros2doctor') is None:
        api, form = types.ModuleType('ros2doctor.api'), types.ModuleType('ros2doctor.api.format')

        class Result:
            error = warning = 0

            def add_error(self):
                self.error += 1

            def add_warning(self):
                self.warning += 1

        class Report:
            def __init__(self, name):
                self.name, self.items = name, []

            def add_to_report(self, item_name, item_info):
                self.items.append((item_name, item_info))

        api.DoctorCheck, api.DoctorReport, api.Result, api.Report = object, object, Result, Report
        form.doctor_warn = warnings.warn
        form.doctor_error = lambda text: warnings.warn(f'ERROR: {text}', stacklevel=1)
        modules = {'ros2doctor': types.ModuleType('ros2doctor'), 'ros2doctor.api': api}
        for name, module in {**modules, 'ros2doctor.api.format': form}.items():
            monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, 'prism_ros.ros2doctor_entry', raising=False)
    return importlib.import_module('prism_ros.ros2doctor_entry')


def test_its_check_counts_errors_and_warnings_and_says_each(entry, monkeypatch):
    monkeypatch.setattr(entry, 'examine', lambda: [FINE, WARNED, WRONG])
    with pytest.warns(UserWarning, match='it is another file') as said:
        result = entry.PrismCheck().check()
    assert (result.error, result.warning) == (1, 1)
    assert [str(one.message) for one in said] == ['there is no model', 'ERROR: it is another file']


def test_its_report_holds_all_that_was_found(entry, monkeypatch):
    monkeypatch.setattr(entry, 'examine', lambda: [FINE, WARNED])
    report = entry.PrismReport().report()
    assert report.name == 'PRISM'
    assert report.items == [('RMW', 'rmw_x'), ('model', 'none')]
    assert entry.PrismReport().category() == entry.PrismCheck().category() == 'prism'


def test_the_entry_points_of_setup_py_name_our_classes(entry):
    text = (ROOT / 'setup.py').read_text('utf-8')
    for group, name in (('checks', 'PrismCheck'), ('report', 'PrismReport')):
        assert f"'ros2doctor.{group}': ['{name} = prism_ros.ros2doctor_entry:{name}']" in text
        assert isinstance(getattr(entry, name), type)
