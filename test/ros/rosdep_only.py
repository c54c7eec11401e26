# SPDX-License-Identifier: Apache-2.0
"""Runs a module of ours where nothing can be imported but what package.xml names.

    python test/ros/rosdep_only.py prism_ros.planner_node --ros-args ...

What the packages of its keys need themselves is let through, too; so are ROS and what comes with
Python.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Projects on PyPI behind the keys of rosdep, where they are called otherwise.
PROJECTS = {'pil': 'pillow', 'yaml': 'pyyaml'}
OURS = {'prism_core', 'prism_msgs', 'prism_ros'}
OF_ROS = {'ament_index_python', 'rpyutils', 'rosidl_parser', 'lark', 'ros_wheels_bootstrap'}


def allowed_modules() -> set[str]:
    """Top names of all that may be imported beside the standard library."""
    text = (ROOT / 'package.xml').read_text('utf-8')
    keys = re.findall(r'<exec_depend>python3-([\w-]+)</exec_depend>', text)
    waiting = [PROJECTS.get(key, key) for key in keys]
    projects: set[str] = set()
    while waiting:
        name = re.sub(r'[-_.]+', '-', waiting.pop()).lower()
        if name in projects:
            continue
        projects.add(name)
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        waiting += [re.split(r'[ ;<>=!~\[(]', need)[0] for need in needs if 'extra ==' not in need]
    modules = {
        module
        for module, owners in importlib.metadata.packages_distributions().items()
        if projects & {re.sub(r'[-_.]+', '-', owner).lower() for owner in owners}
    }
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    ros = {path.name for prefix in prefixes for path in Path(prefix, 'share').glob('*')}
    return modules | ros | OURS | OF_ROS


class Gate:
    """Refuses what is not allowed, as if it were not installed."""

    def __init__(self, allowed: set[str]):
        self._allowed = allowed

    def find_spec(self, name: str, path=None, target=None) -> None:
        top = name.partition('.')[0]
        if top in sys.stdlib_module_names or top in self._allowed or top.startswith('_'):
            return
        raise ModuleNotFoundError(f'{name} is not named in package.xml', name=name)


if __name__ == '__main__':
    sys.meta_path.insert(0, Gate(allowed_modules()))
    module = sys.argv[1]
    del sys.argv[1]
    runpy.run_module(module, run_name='__main__')
