# SPDX-License-Identifier: Apache-2.0
"""Make a virtual environment that holds the ROS 2 wheels usable like an installed ROS.

For machines without ROS: `pip install 'prism_ros[ros]'` brings ROS 2 Jazzy from PyPI (x86-64 Linux,
CPython 3.10 to 3.13). Three things are then still to be done, and `python -m prism_ros.ros_wheels`
does them:

1. The CMake files of the wheels name the Python and numpy headers of the machine that built them.
   They are rewritten to the headers of this interpreter, or `colcon build` of any interface package
   fails.
2. `setup.sh`, the twin of `/opt/ros/<distro>/setup.sh`, is written into the environment's root.
   After `. .venv/setup.sh`, colcon and CMake find the wheels, and Python starts with their
   libraries on its path.
3. Interfaces are generated for Python, not for C++, which is nearly half of the time of a build. An
   installed ROS generates both.

Running it twice changes nothing. It needs no ROS and touches nothing outside the virtual
environment.
"""

from __future__ import annotations

import re
import shlex
import sys
import sysconfig
from pathlib import Path

_BUILD_PYTHON = re.compile(r'/opt/python/cp\d+-cp\d+/include/python3\.\d+')
_BUILD_NUMPY = re.compile(
    r'/opt/python/cp\d+-cp\d+/lib/python3\.\d+/site-packages/numpy/_core/include'
)

_REGISTERED = re.compile(r'ament_register_extension\(\s*"rosidl_generate_idl_interfaces"[^)]*\)\n?')
_NEEDED_BY_NO_PYTHON_NODE = (
    'rosidl_generator_cpp',
    'rosidl_typesupport_cpp',
    'rosidl_typesupport_fastrtps_cpp',
    'rosidl_typesupport_introspection_cpp',
)

_SETUP_SH = """\
# Written by prism_ros.ros_wheels. Source it as you would /opt/ros/<distro>/setup.sh.
. {activate}
export AMENT_PREFIX_PATH={prefix}
export CMAKE_PREFIX_PATH={prefix}
export LD_LIBRARY_PATH={libraries}
export ROS_VERSION=2 ROS_PYTHON_VERSION=3
# The wheels' start-up hook would run Python twice to set LD_LIBRARY_PATH, which is set above.
export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
"""


def repair_cmake_files(prefix: Path, python_include: str, numpy_include: str) -> int:
    """Point the wheels' exported CMake targets at this machine's headers; return how many files
    changed.
    """
    changed = 0
    for path in (prefix / 'share').glob('*/cmake/*.cmake'):
        text = path.read_text()
        repaired = _BUILD_NUMPY.sub(lambda _: numpy_include, text)
        repaired = _BUILD_PYTHON.sub(lambda _: python_include, repaired)
        if repaired != text:
            path.write_text(repaired)
            changed += 1
    return changed


def leave_out_generators(prefix: Path) -> None:
    """Let `rosidl_generate_interfaces` generate what Python nodes need, and no more."""
    for name in _NEEDED_BY_NO_PYTHON_NODE:
        for path in (prefix / 'share' / name / 'cmake').glob('*.cmake'):
            text = path.read_text()
            if (without := _REGISTERED.sub('', text)) != text:
                path.write_text(without)


def write_setup_sh(prefix: Path) -> Path:
    """Write `setup.sh` into the environment's root; return its path."""
    libraries = [prefix / 'lib', *sorted(Path(sysconfig.get_path('purelib')).glob('ros_*.libs'))]
    path = prefix / 'setup.sh'
    values = {
        'activate': str(prefix / 'bin' / 'activate'),
        'prefix': str(prefix),
        'libraries': ':'.join(map(str, libraries)),
    }
    path.write_text(_SETUP_SH.format(**{key: shlex.quote(text) for key, text in values.items()}))
    return path


def main() -> None:
    """Repair the running virtual environment and say what was done."""
    prefix = Path(sys.prefix)
    if sys.prefix == sys.base_prefix or not (prefix / 'share' / 'rclpy').is_dir():
        sys.exit(
            f'expected a virtual environment with the ROS 2 wheels, got {prefix}; '
            "create one and run: pip install 'prism_ros[ros]'"
        )
    import numpy

    changed = repair_cmake_files(prefix, sysconfig.get_path('include'), numpy.get_include())
    leave_out_generators(prefix)
    setup = shlex.quote(str(write_setup_sh(prefix)))
    print(f'repaired {changed} CMake files; now run:  . {setup}')


if __name__ == '__main__':
    main()
