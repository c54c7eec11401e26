# SPDX-License-Identifier: Apache-2.0
"""What package.xml, setup.py and the imports say of what a robot needs, and who finds the packages.

`rosdep` installs what package.xml names. Two sorts of Python packages have no rosdep key: those of
the student's engine, which has an interpreter of its own (`PRISM_ENGINE_PYTHON`), and plotext,
which only draws maps in a terminal. docs/robot.md names them.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from .sources import CORE, ROOT, ROS, imports_of

# Keys of rosdep (ros/rosdistro, rosdep/python.yaml), and the module that each brings.
MODULES = {
    'python3-click': 'click',
    'python3-matplotlib': 'matplotlib',
    'python3-networkx': 'networkx',
    'python3-numpy': 'numpy',
    'python3-pil': 'PIL',
    'python3-rich': 'rich',
    'python3-scipy': 'scipy',
    'python3-yaml': 'yaml',
}
PROJECTS = {'PIL': 'pillow', 'yaml': 'pyyaml'}  # where pip calls it otherwise than Python
WITHOUT_KEY = {'plotext'}
ENGINE = {'jinja2', 'llama-cpp-python', 'llguidance', 'msgspec', 'numpy'}
NODES = (
    *('planner_node', 'scene_graph_node', 'executor_node'),
    *('mock_skills_node', 'nav2_skills_node'),
)
LAUNCH = sorted((ROOT / 'launch').glob('*.py'))


def depends(path, *kinds: str) -> set[str]:
    root = ElementTree.parse(ROOT / path).getroot()  # noqa: S314 - our own file
    return {element.text for element in root if element.tag in kinds}


def requirements() -> dict[str, set[str]]:
    """The names in setup.py, by extra; '' for those that are always installed."""
    tree = ast.parse((ROOT / 'setup.py').read_text('utf-8'))
    (call,) = [
        n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == 'setup'
    ]
    said = {keyword.arg: keyword.value for keyword in call.keywords}
    extras = dict(
        zip(map(ast.literal_eval, said['extras_require'].keys), said['extras_require'].values)
    )
    return {
        extra: {
            re.split(r'[<>=!~\[ ]', element.value)[0]
            for element in ast.walk(names)
            if isinstance(element, ast.Constant)
        }
        for extra, names in {'': said['install_requires'], **extras}.items()
    }


def loaded_by(*modules: str) -> set[str]:
    """Packages of others that are imported when modules of prism_ros are, however they come."""
    found: set[str] = set()
    seen: set = set()
    waiting = [ROS[module] for module in modules]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for one in imports_of(path):
            if one.is_late:
                continue
            ours = {'prism_core': CORE, 'prism_ros': ROS}.get(one.package)
            if ours is None:
                found.add(one.package)
                continue
            inner = '.'.join(filter(None, [one.module.partition('.')[2], one.name]))
            parts = inner.split('.')
            names = ['__init__', *('.'.join(parts[: n + 1]) for n in range(len(parts)))]
            waiting += [ours[name] for name in names if name in ours]
    return found - set(sys.stdlib_module_names)


RUNTIME = depends('package.xml', 'depend', 'exec_depend')


def test_every_python_key_brings_a_module_that_is_imported():
    named = {name for name in RUNTIME if name.startswith('python3-')}
    assert named == set(MODULES)
    imported = {found.package for path in CORE.values() for found in imports_of(path)}
    assert set(MODULES.values()) <= imported


def test_what_the_nodes_import_is_named_in_package_xml():
    known = set(MODULES.values()) | RUNTIME | {'ament_index_python'}
    assert loaded_by(*NODES) - known == set()


def test_every_ros_package_that_is_imported_is_named_and_no_other():
    # Loaded by ros2doctor alone, which is there then, and by `prism mcp`, which has an extra.
    late = {'ros2doctor_entry', 'mcp_server'}
    files = [*(path for name, path in ROS.items() if name not in late), *LAUNCH]
    imported = {found.package for path in files for found in imports_of(path)}
    ros = {name for name in RUNTIME if not name.startswith('python3-')}
    ours = {'prism_core', 'prism_ros'} | set(MODULES.values())
    assert imported - set(sys.stdlib_module_names) - ours - ros == set()
    assert ros - imported - depends('prism_msgs/package.xml', 'depend') == set()


def test_what_pip_always_installs_has_a_rosdep_key_or_is_said_to_have_none():
    keyed = {PROJECTS.get(module, module) for module in MODULES.values()}
    assert requirements()[''] - keyed == WITHOUT_KEY


def test_the_engine_needs_what_its_extra_names_and_the_page_says_so():
    page = (ROOT / 'docs/robot.md').read_text('utf-8')
    assert requirements()['robot'] == ENGINE
    assert {name for name in ENGINE | WITHOUT_KEY if name not in page} == set()
    apart = {'jinja2', 'llama_cpp', 'llguidance', 'msgspec'}
    assert loaded_by(*NODES) & apart == set()


def test_what_tests_need_is_named_in_package_xml():
    tested = depends('package.xml', 'test_depend')
    assert {name.replace('python3-', '') for name in tested} >= requirements()['test']


def test_the_messages_name_what_their_build_finds():
    text = (ROOT / 'prism_msgs/CMakeLists.txt').read_text('utf-8')
    found = set(re.findall(r'find_package\((\w+) REQUIRED\)', text))
    kinds = ('buildtool_depend', 'build_depend', 'depend')
    assert found == depends('prism_msgs/package.xml', *kinds)


# Who finds the packages ---------------------------------------------------------------------


def git(*words, cwd) -> str:
    who = {
        f'GIT_{role}_{what}': 'a@example.com'
        for role in ('AUTHOR', 'COMMITTER')
        for what in ('NAME', 'EMAIL')
    }
    done = subprocess.run(
        ['git', *words], cwd=cwd, env=os.environ | who, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def clone(tmp_path):
    """A repository with the files that the script reads, in one commit."""
    path = tmp_path / 'prism'
    shutil.copytree(ROOT / 'prism_msgs', path / 'prism_msgs')
    (path / 'prism_ros').mkdir()
    for name in (
        'package.xml',
        'setup.py',
        'LICENSE',
        '.ci/release_branch',
        'prism_ros/__init__.py',
    ):
        (path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, path / name)
    git('init', '-q', '-b', 'main', cwd=path)
    git('add', '-A', cwd=path)
    git('commit', '-qm', 'First', cwd=path)
    return path


def make_branch(clone, *words):
    who = {
        f'GIT_{role}_{what}': 'a@example.com'
        for role in ('AUTHOR', 'COMMITTER')
        for what in ('NAME', 'EMAIL')
    }
    return subprocess.run(
        ['.ci/release_branch', *words],
        cwd=clone,
        env=os.environ | who,
        capture_output=True,
        text=True,
    )


def packages_in(path) -> dict[str, str]:
    find_packages = pytest.importorskip('catkin_pkg.packages').find_packages
    return {where: package.name for where, package in find_packages(str(path)).items()}


def test_the_release_branch_shows_both_packages_to_bloom_rosdep_and_colcon(clone, tmp_path):
    assert packages_in(clone) == {'.': 'prism_ros'}
    done = make_branch(clone)
    assert done.returncode == 0, done.stderr
    workspace = tmp_path / 'ws'
    git('clone', '-q', '-b', 'ros2', clone, workspace / 'src' / 'prism', cwd=tmp_path)
    expected = {'src/prism/prism_ros': 'prism_ros', 'src/prism/prism_msgs': 'prism_msgs'}
    assert packages_in(workspace) == expected
    for name in ('package.xml', 'setup.py', 'prism_ros/__init__.py'):
        assert (workspace / 'src/prism/prism_ros' / name).read_text() == (ROOT / name).read_text()
    assert not (workspace / 'src/prism/prism_ros/prism_msgs').exists()
    assert git('status', '--porcelain', cwd=clone) == ''
    listed = subprocess.run(
        [sys.executable, '-m', 'colcon', 'list', '--names-only'],
        cwd=workspace,
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(listed.stdout.split()) == ['prism_msgs', 'prism_ros']


def test_the_release_branch_follows_commit_by_commit(clone):
    make_branch(clone)
    assert 'holds that already' in make_branch(clone).stdout
    (clone / 'setup.py').write_text('# changed\n')
    git('commit', '-qam', 'Second', cwd=clone)
    make_branch(clone, 'ros2', 'main')
    assert git('log', '--format=%s', 'ros2', cwd=clone).split() == ['Second', 'First']
    assert git('show', 'ros2:prism_ros/setup.py', cwd=clone) == '# changed\n'


@pytest.mark.parametrize(
    ('branch', 'words'),
    [
        ('main', 'expected a branch that is not checked out, got main'),
        ('work', 'expected a branch that this script made, or none, got work'),
    ],
)
def test_no_other_branch_is_written_over(clone, branch, words):
    git('branch', 'work', cwd=clone)
    before = git('rev-parse', branch, cwd=clone)
    done = make_branch(clone, branch)
    assert done.returncode == 1
    assert words in done.stderr
    assert git('rev-parse', branch, cwd=clone) == before


def test_a_workspace_with_a_link_beside_shows_both_packages(tmp_path):
    (tmp_path / 'src').mkdir()
    (tmp_path / 'src/prism').symlink_to(ROOT)
    (tmp_path / 'src/prism_msgs').symlink_to('prism/prism_msgs')
    assert sorted(packages_in(tmp_path).values()) == ['prism_msgs', 'prism_ros']
