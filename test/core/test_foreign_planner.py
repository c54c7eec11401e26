# SPDX-License-Identifier: Apache-2.0
"""A planner that lives in another installed package as teacher; one that breaks the protocol."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from prism_core import Action, ConfigError, Plan, PlannerError, find_planner
from prism_core.dataset.episode_json import read_episodes
from prism_core.dataset.filter import find_fault
from prism_core.dataset.protocol_check import check_teacher
from prism_core.domains.mapping import GRAPHS, make_symbolic_planner
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.play import play_episode
from prism_core.episode.planner import open_planner

from .mapping_worlds import WORDS, episodes_of

ROOT = Path(__file__).parents[2]
DOMAIN = MappingDomain()
PROJECT = """
[build-system]
requires = ['setuptools']
build-backend = 'setuptools.build_meta'
[project]
name = 'otherlab'
version = '1.0'
[project.entry-points.'prism.planners']
otherlab = 'otherlab.planning:make_planner'
[tool.setuptools]
packages = ['otherlab']
"""
MODULE = '''
from prism_core import Action, Plan


class Surveyor:
    """Maps each region that is not mapped, then says what it saw."""

    name = 'surveyor'

    def plan(self, request, known_graph, history):
        here = known_graph.robot_location
        for region in known_graph.distances_m(here):
            look = Action('map_region', (region,))
            is_known = known_graph.nodes[region].attributes.get('mapped')
            if not is_known and not any(look in turn.plan.actions for turn in history):
                return Plan((look,), primary_goal=request)
        return Plan((Action('answer', (', '.join(known_graph.objects) or 'nothing',)),))

    def close(self):
        pass


def make_planner():
    return Surveyor()


def make_planner_for(robot):
    return Surveyor()
'''


@pytest.fixture(scope='module')
def installed(tmp_path_factory) -> Path:
    """A folder in which the package of another lab is installed."""
    source = tmp_path_factory.mktemp('source')
    (source / 'pyproject.toml').write_text(PROJECT)
    (source / 'otherlab').mkdir()
    (source / 'otherlab/__init__.py').write_text('')
    (source / 'otherlab/planning.py').write_text(MODULE)
    target = tmp_path_factory.mktemp('site')
    options = ['--quiet', '--no-deps', '--no-build-isolation', '--no-index']
    command = [sys.executable, '-m', 'pip', 'install', *options, '--target', target, source]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def otherlab(installed, monkeypatch):
    """The package, importable in this process for one test."""
    monkeypatch.syspath_prepend(installed)
    importlib.invalidate_caches()
    yield
    for name in [name for name in sys.modules if name.partition('.')[0] == 'otherlab']:
        del sys.modules[name]


NAMES = ['otherlab', 'otherlab.planning:make_planner', 'otherlab.planning:Surveyor']


def some_tasks():
    return episodes_of(range(70, 73), tier='core', hidden=0.3)[:4]


def prism(installed: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(map(str, (installed, ROOT)))
    return subprocess.run(
        [sys.executable, '-m', 'prism_core.cli.main', *map(str, arguments)],
        env=os.environ | {'PYTHONPATH': path},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.usefixtures('otherlab')
def test_an_installed_planner_is_found_keeps_the_protocol_and_teaches(name):
    planner = open_planner(name)
    check_teacher(planner, DOMAIN, some_tasks())
    assert planner.name == 'surveyor'
    played = [play_episode(find_planner(name)(), task, WORDS) for task in some_tasks()]
    assert {episode.ending for episode in played} == {'reported'}
    assert sum(len(episode.turns) for episode in played) > 10
    assert all(episode.outcome is not None for episode in played)


@pytest.mark.parametrize('name', NAMES[:2])
def test_an_installed_planner_plays_the_tasks_of_the_command_line(installed, tmp_path, name):
    out = tmp_path / 'played.jsonl'
    seed = ['--seed', 72, '--tier', 'core', '--kind', 'survey', '--tasks', 1]
    done = prism(installed, 'world', *seed, '--planner', name, '--out', out)
    assert done.returncode == 0, done.stderr
    (episode,) = read_episodes(out.read_text('utf-8').splitlines())
    assert (episode.ending, episode.outcome.reason) == ('reported', '')
    assert {turn.plan.primary_goal for turn in episode.turns[:-1]} == {episode.task.request}


@pytest.mark.parametrize('name', NAMES[:2])
def test_an_installed_planner_is_the_teacher_of_a_run(installed, tmp_path, name):
    recipe = tmp_path / 'surveys.yaml'
    recipe.write_text('worlds: {worlds: 4, tier: full, tasks: 2, kinds: [survey, vague]}')
    out = tmp_path / 'taught'
    options = ['--recipe', recipe, '--teacher', name, '--workers', 2, '--no-report']
    done = prism(installed, 'elicit', '--out', out, *options)
    assert done.returncode == 0, done.stderr
    episodes = list(read_episodes((out / 'episodes.jsonl').read_text('utf-8').splitlines()))
    assert {episode.provenance['teacher'] for episode in episodes} == {'surveyor'}
    good = {episode.task.kind for episode in episodes if not find_fault(episode)}
    assert good == {'survey'}
    assert f'teacher: {name}\n' in (out / 'recipe.yaml').read_text('utf-8')


def test_a_teacher_that_breaks_the_protocol_starts_no_run(installed, tmp_path):
    done = prism(installed, 'elicit', '--worlds', 2, '--teacher', 'pathlib:Path', '--out', tmp_path)
    assert done.returncode == 1
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .startswith(
            "Error: planner 'pathlib:Path' gives PosixPath('.'): expected name, plan and close, it "
            'lacks plan, close; see docs/teachers.md'
        )
    )
    assert not (tmp_path / 'episodes.jsonl').exists()


def test_an_installed_planner_plans_once_on_the_command_line(installed):
    graph = ['--graph', GRAPHS / 'depot.json', '--request', 'look around']
    done = prism(installed, 'plan', *graph, '--planner', 'otherlab')
    assert done.returncode == 0, done.stderr
    assert 'map_region(dock_1)' in done.stdout
    assert 'source: surveyor' in done.stdout


@pytest.mark.usefixtures('otherlab')
def test_a_factory_that_needs_arguments_is_refused():
    name = 'otherlab.planning:make_planner_for'
    with pytest.raises(ConfigError, match=r'called without arguments .*missing 1 required .*robot'):
        open_planner(name)


@pytest.mark.usefixtures('otherlab')
def test_a_factory_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match=r"planner 'otherlab\.planning:Nobody' cannot be loaded"):
        open_planner('otherlab.planning:Nobody')


# ------------------------------------------------------------------------ what breaks the protocol


class Honest:
    name = 'honest'

    def plan(self, request, known_graph, history):
        return Plan((Action('map_region', (known_graph.robot_location,)),))

    def close(self):
        pass


class Nameless:
    def plan(self, request, known_graph, history):
        return Plan(())


class Unnamed(Honest):
    name = ''


class Speaking(Honest):
    def plan(self, request, known_graph, history):
        return 'map_region(dock_1)'


class Spelling(Honest):
    def plan(self, request, known_graph, history):
        return Plan(('map_region(dock_1)',))


class Impatient(Honest):
    def plan(self, request, known_graph):
        return Plan(())


class Raising(Honest):
    def plan(self, request, known_graph, history):
        raise KeyError('region')


class Counting(Honest):
    calls = 0

    def plan(self, request, known_graph, history):
        self.calls += 1
        return Plan((Action('answer', (f'call {self.calls}',)),))


class RaisingLater(Honest):
    """Well-behaved until something has happened."""

    def plan(self, request, known_graph, history):
        if history:
            raise IndexError('no such turn')
        return super().plan(request, known_graph, history)


class Meddling(Honest):
    """Keeps a note of its own in the graph that it is lent."""

    def plan(self, request, known_graph, history):
        known_graph._attributes = {'seen': True}
        return super().plan(request, known_graph, history)


class ClosingOnce(Honest):
    is_open = True

    def close(self):
        if not self.is_open:
            raise RuntimeError('closed already')
        self.is_open = False


@pytest.mark.parametrize(
    ('make', 'words'),
    [
        (Nameless, 'expected name, plan and close, it lacks name, close'),
        (lambda: None, 'builtins.NoneType .* it lacks name, plan, close'),
        (Unnamed, 'a planner needs a name'),
        (Speaking, r"expected a Plan, got 'map_region\(dock_1\)'"),
        (Spelling, r"expected a Plan of Actions, got 'map_region\(dock_1\)' in it"),
        (Impatient, 'the planner raised TypeError.*takes 3 positional arguments'),
        (Raising, r"expected a plan or a PlannerError, the planner raised KeyError\('region'\)"),
        (RaisingLater, r"the planner raised IndexError\('no such turn'\)"),
        (Counting, 'asked again after other requests, the planner answered differently'),
        (Meddling, 'the planner changed its arguments'),
        (ClosingOnce, r"name or close raised RuntimeError\('closed already'\)"),
    ],
)
def test_a_teacher_that_breaks_the_protocol_is_refused_with_how(make, words):
    with pytest.raises(ConfigError, match=words) as caught:
        check_teacher(make(), DOMAIN, some_tasks())
    assert 'breaks the protocol of planners' in str(caught.value)
    assert '\n' not in str(caught.value)


class Absent(Honest):
    def plan(self, request, known_graph, history):
        raise PlannerError('nobody is in')


@pytest.mark.parametrize('make', [Honest, Absent, make_symbolic_planner])
def test_a_teacher_that_keeps_the_protocol_passes(make):
    check_teacher(make(), DOMAIN, some_tasks())
