# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import subprocess
import sys
import sysconfig

import numpy
import pytest

from prism_ros import ros_wheels
from prism_ros.ros_wheels import leave_out_generators, repair_cmake_files, write_setup_sh

EXPORTED = """\
set(python
  "${_IMPORT_PREFIX}/include;/opt/python/cp311-cp311/include/python3.11")
set(numpy "/opt/python/cp313-cp313/lib/python3.13/site-packages/numpy/_core/include")
"""
REPAIRED = """\
set(python
  "${_IMPORT_PREFIX}/include;/usr/include/python3")
set(numpy "/home/me/numpy \\1")
"""


def test_the_folders_of_the_build_machine_become_ours_once_and_nothing_else_is_touched(tmp_path):
    cmake = tmp_path / 'share' / 'rclpy' / 'cmake'
    cmake.mkdir(parents=True)
    (cmake / 'rclpyExport.cmake').write_text(EXPORTED)
    others = {cmake / 'rclpyConfig.cmake': 'set(x 1)\n', cmake / 'notes.txt': EXPORTED}
    for path, text in others.items():
        path.write_text(text)

    def repair() -> int:
        return repair_cmake_files(tmp_path, '/usr/include/python3', '/home/me/numpy \\1')

    assert repair() == 1
    assert (cmake / 'rclpyExport.cmake').read_text() == REPAIRED
    assert repair() == 0
    assert (cmake / 'rclpyExport.cmake').read_text() == REPAIRED
    assert {path: path.read_text() for path in others} == others


REGISTERED = """\
find_package(ament_cmake_core QUIET REQUIRED)
ament_register_extension(
  "rosidl_generate_idl_interfaces"
  "{name}"
  "{name}_generate_interfaces.cmake")
set(after 1)
"""


def test_generators_that_no_python_node_needs_are_left_out_and_the_others_stay(tmp_path):
    left_out = ('rosidl_generator_cpp', 'rosidl_typesupport_introspection_cpp')
    # Fast DDS describes a type by its introspection when a publisher is made.
    kept = ('rosidl_generator_py', 'rosidl_typesupport_introspection_c')
    files = {}
    for name in left_out + kept:
        files[name] = tmp_path / 'share' / name / 'cmake' / f'{name}-extras.cmake'
        files[name].parent.mkdir(parents=True)
        files[name].write_text(REGISTERED.format(name=name))
    for _ in range(2):
        leave_out_generators(tmp_path)
        for name in left_out:
            assert 'ament_register_extension' not in files[name].read_text()
            assert 'set(after 1)' in files[name].read_text()
        for name in kept:
            assert files[name].read_text() == REGISTERED.format(name=name)


@pytest.mark.parametrize('folder', ['venv', 'a folder with spaces', "robot's", '$HOME `x` "y"'])
def test_setup_sh_sets_what_colcon_and_cmake_look_for(tmp_path, folder):
    prefix = tmp_path / folder
    (prefix / 'bin').mkdir(parents=True)
    (prefix / 'bin' / 'activate').write_text('WAS_ACTIVATED=yes; export WAS_ACTIVATED\n')
    path = write_setup_sh(prefix)
    assert path == prefix / 'setup.sh'
    done = subprocess.run(
        ['sh', '-euc', '. "$1" && env -0', 'sh', path],
        env={'PATH': os.environ['PATH']},
        capture_output=True,
        text=True,
        check=True,
    )
    variables = dict(line.split('=', 1) for line in done.stdout.split('\0') if line)
    assert variables['WAS_ACTIVATED'] == 'yes'
    assert variables['AMENT_PREFIX_PATH'] == variables['CMAKE_PREFIX_PATH'] == str(prefix)
    assert variables['LD_LIBRARY_PATH'].split(':')[0] == str(prefix / 'lib')
    assert (variables['ROS_VERSION'], variables['ROS_PYTHON_VERSION']) == ('2', '3')
    assert variables['_ROS_WHEELS_BOOTSTRAP_COMPLETE'] == '1'
    assert done.stderr == ''


def test_the_libraries_of_the_wheels_are_on_the_path(tmp_path, monkeypatch):
    for name in ('ros_rclpy.libs', 'ros_fastrtps.libs', 'numpy.libs'):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(ros_wheels.sysconfig, 'get_path', lambda name: str(tmp_path))
    text = write_setup_sh(tmp_path).read_text()
    assert f':{tmp_path}/ros_fastrtps.libs:{tmp_path}/ros_rclpy.libs\n' in text
    assert 'numpy.libs' not in text


@pytest.mark.parametrize('has_own_prefix', [True, False])
def test_without_the_wheels_or_a_virtual_environment_nothing_is_written(
    tmp_path, monkeypatch, has_own_prefix
):
    if not has_own_prefix:
        (tmp_path / 'share' / 'rclpy').mkdir(parents=True)
        monkeypatch.setattr(sys, 'base_prefix', str(tmp_path))
    monkeypatch.setattr(sys, 'prefix', str(tmp_path))
    with pytest.raises(SystemExit, match=r"expected a virtual environment .*'prism_ros\[ros\]'"):
        ros_wheels.main()
    assert not (tmp_path / 'setup.sh').exists()


def test_main_repairs_the_running_environment_and_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    cmake = tmp_path / 'share' / 'rclpy' / 'cmake'
    cmake.mkdir(parents=True)
    (cmake / 'rclpyExport.cmake').write_text(EXPORTED)
    monkeypatch.setattr(sys, 'prefix', str(tmp_path))
    ros_wheels.main()
    assert capsys.readouterr().out == (
        f'repaired 1 CMake files; now run:  . {tmp_path / "setup.sh"}\n'
    )
    text = (cmake / 'rclpyExport.cmake').read_text()
    assert f';{sysconfig.get_path("include")}"' in text
    assert f'"{numpy.get_include()}"' in text
