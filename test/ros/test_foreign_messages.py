# SPDX-License-Identifier: Apache-2.0
"""TF, vision_msgs and Nav2, which are not among ROS's packages on PyPI: with what they send.

Where no installed ROS has them, packages of the same names and fields are built for the test alone.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECKS = 'test/ros/overlay_checks.py test/ros/nav2_checks.py'
# Fields as in https://github.com/ros2/geometry2, https://github.com/ros-perception/vision_msgs and,
# of Jazzy, https://github.com/ros-navigation/navigation2.
PACKAGES = {
    'tf2_msgs': {'TFMessage': 'geometry_msgs/TransformStamped[] transforms'},
    'vision_msgs': {
        'ObjectHypothesis': 'string class_id\nfloat64 score',
        'ObjectHypothesisWithPose': (
            'vision_msgs/ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose'
        ),
        'BoundingBox3D': 'geometry_msgs/Pose center\ngeometry_msgs/Vector3 size',
        'Detection3D': (
            'std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\n'
            'vision_msgs/BoundingBox3D bbox\nstring id'
        ),
        'Detection3DArray': ('std_msgs/Header header\nvision_msgs/Detection3D[] detections'),
    },
    'nav2_msgs': {
        'NavigateToPose': (
            'geometry_msgs/PoseStamped pose\nstring behavior_tree\n---\n'
            'uint16 NONE=0\nuint16 error_code\nstring error_msg\n---\n'
            'geometry_msgs/PoseStamped current_pose\n'
            'builtin_interfaces/Duration navigation_time\n'
            'builtin_interfaces/Duration estimated_time_remaining\n'
            'int16 number_of_recoveries\nfloat32 distance_remaining'
        ),
    },
}


def write_package(folder: Path, name: str, definitions: dict[str, str]) -> None:
    """An interface package, made like prism_msgs."""
    for kind, fields in definitions.items():
        form = 'action' if '---' in fields else 'msg'
        (folder / form).mkdir(parents=True, exist_ok=True)
        (folder / form / f'{kind}.{form}').write_text(f'{fields}\n')
    for file in ('CMakeLists.txt', 'package.xml'):
        text = (ROOT / 'prism_msgs' / file).read_text('utf-8').replace('prism_msgs', name)
        text = re.sub(r'.*(diagnostic_msgs|unique_identifier_msgs) REQUIRED.*\n', '', text)
        text = re.sub(r'.*<depend>(diagnostic_msgs|unique_identifier_msgs)</depend>\n', '', text)
        text = text.replace(' diagnostic_msgs', '').replace(' unique_identifier_msgs', '')
        (folder / file).write_text(text)


@pytest.fixture(scope='module')
def sourced(tmp_path_factory) -> str:
    """A command that makes the packages known to a shell; '' where they are known already."""
    if all(importlib.util.find_spec(name) for name in PACKAGES):
        return ''
    folder = tmp_path_factory.mktemp('overlay')
    for name, definitions in PACKAGES.items():
        write_package(folder / name, name, definitions)
    build = [sys.executable, '-m', 'colcon', '--log-base', folder / 'log', 'build', '--base-paths']
    bases = ['--build-base', folder / 'build', '--install-base', folder / 'install']
    done = subprocess.run(
        [str(word) for word in (*build, *(folder / name for name in PACKAGES), *bases)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=540,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return f'. {folder}/install/local_setup.sh && '


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_tf_detections_and_nav2_with_the_messages_themselves(sourced):
    checks = f'{sourced}exec {sys.executable} -m pytest -q -p no:cacheprovider {CHECKS}'
    done = subprocess.run(
        ['bash', '-c', checks],
        cwd=ROOT,
        env=os.environ | {'PYTHONPATH': f'{ROOT}:{os.environ.get("PYTHONPATH", "")}'},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r'\b13 passed', done.stdout), done.stdout
