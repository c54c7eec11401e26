# SPDX-License-Identifier: Apache-2.0
"""Set up the demo in this folder, on a machine with or without ROS; `make demo` calls it.

`python3 -m prism_ros.set_up` makes `.venv` and builds side by side:

- the messages, by colcon; where no ROS installation is sourced, ROS 2 Jazzy from PyPI comes first
  (prism_ros/ros_wheels.py);
- the wheel of llama-cpp-python, of which only what a student needs is compiled.

`--tests` adds what tests and training need. What takes minutes to build is kept for the next clone
(prism_ros/kept_builds.py). It runs on the standard library alone, before anything is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import re
import shlex
import shutil
import signal
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from prism_ros.kept_builds import (
    KeptBuilds,
    find_cache_folder,
    hash_for_machine,
    hash_interfaces,
    pack,
    unpack,
)
from prism_ros.set_up_steps import SetUpError, SetUpSteps

ROOT = Path(__file__).resolve().parents[1]
TORCH = 'torch==2.13.0'
"""The version that the tests were run with."""

# llama.cpp's own chat templates, downloads and tools, and its image encoders, are three quarters of
# the work, and no student calls them. llama-cpp-python forces LLAMA_BUILD_COMMON in CMake's cache,
# where a plain variable, set after each project(), goes before it (CMP0077, CMP0126).
_ONLY_THE_LIBRARY = 'set(LLAMA_BUILD_COMMON OFF)\n'
# Some of what the messages need is looked up only when a publisher is made.
_CHECK_MESSAGES = (
    'import rclpy; from prism_msgs.msg import SceneGraph; from prism_msgs.srv import GetPlan; '
    'rclpy.init(); node = rclpy.create_node("prism_set_up"); '
    'node.create_publisher(SceneGraph, "~/graph", 1); '
    'node.create_service(GetPlan, "~/plan", lambda request, response: response)'
)


class SetUp:
    """The set-up of one clone, by this Python."""

    def __init__(self, root: Path, steps: SetUpSteps, kept: KeptBuilds, has_ros: bool):
        """Set up in `root`; `has_ros`: a ROS installation is sourced, and is to be used."""
        self._root = root
        self._venv = root / '.venv'
        self._python = self._venv / 'bin' / 'python'
        self._steps = steps
        self._kept = kept
        self._has_ros = has_ros
        # The messages of an installed ROS are built against numpy 1.
        self._bounds = ['numpy<2'] if has_ros else []

    def set_up_demo(self) -> None:
        """Install and build what `make demo` needs.

        Raises:
            SetUpError: something is missing, or a step failed.
        """
        with self._steps.step('virtual environment .venv', 'seconds') as run:
            if not self._venv_is_ours():
                shutil.rmtree(self._venv, ignore_errors=True)
                system = ['--system-site-packages'] if self._has_ros else []
                run(sys.executable, '-m', 'venv', *system, self._venv)
                # That of Python 3.10 and 3.11 takes twice as long for 130 packages.
                self._pip(run, 'install', '--upgrade', 'pip')
        with ThreadPoolExecutor(2) as pool:
            try:
                for done in as_completed(
                    [pool.submit(self._build_student), pool.submit(self._build_messages)]
                ):
                    done.result()
            except BaseException:
                self._steps.stop()
                raise
        self._install_student()

    def set_up_tests(self) -> None:
        """Install what tests and training need, too.

        Raises:
            SetUpError: a step failed.
        """
        with self._steps.step('tools of tests and training', 'torch and Ray, 2 minutes') as run:
            self._pip(run, 'install', 'prism_ros[data,train,ray,dev]', TORCH, *self._bounds)

    def _venv_is_ours(self) -> bool:
        """Whether `.venv` was made here, by this Python; a copied or an older one is made again."""
        try:
            home = (self._venv / 'pyvenv.cfg').read_text('utf-8')
            activate = (self._venv / 'bin' / 'activate').read_text('utf-8')
        except OSError:
            return False
        version = re.search(r'^version\s*=\s*(\S+)', home, re.MULTILINE)
        is_same = version is not None and version[1] == platform.python_version()
        return is_same and str(self._venv) in activate and self._python.exists()

    # The student ----------------------------------------------------------------------------------

    def _build_student(self) -> None:
        """Leave the wheel of llama-cpp-python in `.venv/wheels`."""
        (requirement,) = set(
            re.findall(r"'(llama-cpp-python[^']*)'", (self._root / 'setup.py').read_text('utf-8'))
        )
        wheels = self._venv / 'wheels'
        installed = self._venv.glob('lib/python*/site-packages/llama_cpp_python-*.dist-info')
        if any(installed) or any(wheels.glob('llama_cpp_python-*.whl')):
            return
        options = os.environ.get('CMAKE_ARGS', '')
        key = 'llama_cpp-' + hash_for_machine(requirement, options)
        name = 'llama.cpp, which runs the student'
        wheels.mkdir(exist_ok=True)
        if kept := self._kept.find(key):
            with self._steps.step(name, f'as kept in {kept.parent}'):
                shutil.copy(kept, wheels)
            return
        only = self._venv / 'only_the_library.cmake'
        only.write_text(_ONLY_THE_LIBRARY)
        options = f'-DLLAVA_BUILD=OFF {shlex.quote(f"-DCMAKE_PROJECT_INCLUDE={only}")} {options}'
        with (
            self._steps.step(name, 'compiled, 4 to 6 minutes on two cores') as run,
            _folder() as new,
        ):
            # Past pip's own cache, where a wheel without image encoders would meet other projects.
            words = ('wheel', '--verbose', '--no-cache-dir', '--no-deps', '--wheel-dir', new)
            self._pip(run, *words, requirement, env={'CMAKE_ARGS': options})
            (wheel,) = Path(new).glob('*.whl')
            self._kept.keep(key, wheel)
            shutil.move(wheel, wheels)

    def _install_student(self) -> None:
        wheel = (self._venv / 'wheels').glob('*.whl')
        with self._steps.step('the student and the nodes', 'seconds') as run:
            self._pip(run, 'install', *wheel, 'prism_ros[robot]', *self._bounds)
            run(self._python, '-c', 'import llama_cpp, llguidance')

    # ROS and the messages ------------------------------------------------------------------------

    def _build_messages(self) -> None:
        name = 'Python packages' if self._has_ros else 'ROS 2 Jazzy from PyPI'
        with self._steps.step(name, 'downloaded, a minute or two') as run:
            extras = '' if self._has_ros else '[ros]'
            self._pip(run, 'install', '--editable', f'{self._root}{extras}', *self._bounds)
            if not self._has_ros:
                run(self._python, '-m', 'prism_ros.ros_wheels')
        key = 'prism_msgs-' + hash_interfaces(self._root / 'prism_msgs', self._prefixes())
        built = self._root / 'install' / 'prism_msgs'
        is_new = not (self._root / 'build' / 'prism_msgs').exists()
        if is_new and (kept := self._kept.find(key)):
            try:
                with self._steps.step('messages', f'as kept in {kept.parent}') as run:
                    unpack(kept, built)
                    self._colcon(run, '--packages-skip', 'prism_msgs')
                return
            except (SetUpError, OSError, ValueError):
                self._kept.drop(key)
        if is_new:
            shutil.rmtree(built, ignore_errors=True)  # copies, where colcon would put links
        with self._steps.step('messages', 'generated and compiled, 2 minutes') as run:
            # Without paths of this clone inside, for the next one.
            self._colcon(run, '--cmake-args', '-DCMAKE_SKIP_RPATH=ON')
            with _folder() as new:
                packed = Path(new, 'prism_msgs.tar.gz')
                pack(built, packed)
                self._kept.keep(key, packed)

    def _prefixes(self) -> list[Path]:
        if not self._has_ros:
            return [self._venv]
        return [Path(path) for path in os.environ.get('AMENT_PREFIX_PATH', '').split(':') if path]

    def _colcon(self, run, *words: str) -> None:
        """Run `colcon build`, and use a message of each kind."""
        setup = 'bin/activate' if self._has_ros else 'setup.sh'
        build = shlex.join(['build', '--event-handlers', 'console_direct+', *words])
        # Not `colcon`: the nodes get the Python that runs it.
        script = f"""
            . {shlex.quote(str(self._venv / setup))} && cd {shlex.quote(str(self._root))} &&
            python -m colcon {build} && . install/local_setup.sh &&
            ROS_AUTOMATIC_DISCOVERY_RANGE=OFF python -c {shlex.quote(_CHECK_MESSAGES)}
        """
        run('bash', '-c', script)

    def _pip(self, run, verb: str, *words: object, env: dict[str, str] | None = None) -> None:
        options = ['--disable-pip-version-check', '--progress-bar', 'off']
        run(self._python, '-m', 'pip', verb, *options, *words, env=env)


def find_missing(has_ros: bool) -> str:
    """Say what this machine lacks for the set-up, and what to do; empty: nothing."""
    version, machine = sys.version_info[:2], platform.machine()
    if not has_ros and (sys.platform, machine) != ('linux', 'x86_64'):
        return (
            'expected a sourced ROS installation, or Linux on x86_64, for which ROS 2 is on PyPI; '
            f'got {sys.platform} on {machine}; source /opt/ros/<distro>/setup.bash'
        )
    if not has_ros and not (3, 10) <= version <= (3, 13):
        return (
            'expected a sourced ROS installation, or Python 3.10 to 3.13, for which ROS 2 is on '
            f'PyPI; got {platform.python_version()}; name another: make demo PYTHON=python3.12'
        )
    missing = [name for name in ('cc', 'c++', 'make', 'cmake') if shutil.which(name) is None]
    if not Path(sysconfig.get_path('include'), 'Python.h').exists():
        missing.append(f'the headers of Python {version[0]}.{version[1]}')
    if importlib.util.find_spec('ensurepip') is None:
        missing.append('the module venv of Python')
    if not missing:
        return ''
    return (
        f'this machine lacks {", ".join(missing)}; on Debian and Ubuntu: sudo apt install '
        'build-essential cmake python3-dev python3-venv'
    )


def _folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix='prism-set-up-')


def main(arguments: Sequence[str] | None = None) -> None:
    """Set up, and say what is done and how long it takes."""
    parser = argparse.ArgumentParser(prog='python3 -m prism_ros.set_up', description=main.__doc__)
    parser.add_argument('--tests', action='store_true', help='only what tests need on top')
    wants_tests = parser.parse_args(arguments).tests
    has_ros = bool(os.environ.get('ROS_DISTRO'))
    if missing := find_missing(has_ros):
        sys.exit(f'{missing}. Without all this, `pip install .` and `prism plan` work.')
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    steps = SetUpSteps(ROOT / 'log' / 'set_up', _say)
    set_up = SetUp(ROOT, steps, KeptBuilds(find_cache_folder(), _say), has_ros)
    try:
        if wants_tests:
            set_up.set_up_tests()
        else:
            set_up.set_up_demo()
    except SetUpError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        steps.stop()
        sys.exit('stopped; the same command goes on')
    _say(f'set up in {time.monotonic() - started:.0f} s')


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == '__main__':
    main()
