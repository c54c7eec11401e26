# SPDX-License-Identifier: Apache-2.0
"""What the launch file's arguments mean, and that the launch file asks; it needs no `launch`."""

import importlib.util
import sys
import types
from pathlib import Path

import pytest

from prism_core import find_domain
from prism_core.domains.mapping import GRAPHS
from prism_ros.launch_arguments import find_scene_graph, read_choice, read_flag

LAUNCH_FILE = Path(__file__).parents[2] / 'launch' / 'planner.launch.py'


@pytest.mark.parametrize('text', ['true', 'True', 'TRUE', '1', 'yes', 'Yes', 'on', ' ON '])
def test_what_says_yes_is_on(text):
    assert read_flag('autostart', text) is True


@pytest.mark.parametrize('text', ['false', 'False', '0', 'no', 'NO', 'off', 'Off'])
def test_what_says_no_is_off(text):
    assert read_flag('autostart', text) is False


@pytest.mark.parametrize('text', ['', 'maybe', 'y', 't', '2', 'truee', 'ja', 'none'])
def test_what_says_neither_is_an_error_that_names_the_argument(text):
    with pytest.raises(ValueError, match=r'^use_respawn: expected true or 1 or .*, got ') as caught:
        read_flag('use_respawn', text)
    assert str(caught.value).endswith(f"or off, got '{text}'")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with a map, and one with the name of a packaged map."""
    (tmp_path / 'maps').mkdir()
    (tmp_path / 'maps' / 'site.json').write_text('{}')
    monkeypatch.setenv('HOME', str(tmp_path))
    return tmp_path / 'maps'


@pytest.mark.parametrize('form', ['site.json', './site.json', '{}/site.json', '~/maps/site.json'])
def test_a_file_is_found_from_where_it_is_launched(here, form):
    path, said = find_scene_graph(form.format(here), here)
    assert (Path(path), said) == (here / 'site.json', f'the file {here / "site.json"}')


def test_a_name_that_is_no_file_here_is_that_of_a_packaged_graph(here):
    path, said = find_scene_graph('depot.json', here)
    assert path == str(GRAPHS / 'depot.json')
    assert said == f'the packaged graph {path}, since there is no file {here / "depot.json"}'
    (here / 'depot.json').write_text('{}')
    path, said = find_scene_graph('depot.json', here)
    assert (path, said) == (str(here / 'depot.json'), f'the file {path}')


@pytest.mark.parametrize('text', ['none.json', '/none.json', '../depot.json', '.', '~/depot.json'])
def test_a_file_that_is_nowhere_is_an_error_that_names_where_it_was_sought(here, text):
    with pytest.raises(ValueError, match=r'^scene_graph: expected a file or a packaged graph') as e:
        find_scene_graph(text, here)
    assert f"got '{text}'; there is no file /" in str(e.value)
    assert 'depot.json' in str(e.value)


def test_no_name_is_no_graph(here):
    assert find_scene_graph('', here) == ('', '')


# The launch file, with doubles of what it imports ---------------------------------------------


class Made:
    """Any class of `launch`: keeps what it was made of."""

    def __init__(self, *arguments, **named):
        self.arguments, self.named = arguments, named

    def perform(self, context):
        return context[self.arguments[0]]


@pytest.fixture
def nodes_of(monkeypatch, here):
    """The nodes and log lines that the launch file makes of its arguments."""
    names = {
        'launch': ['LaunchDescription'],
        'launch.actions': ['DeclareLaunchArgument', 'LogInfo', 'OpaqueFunction'],
        'launch.substitutions': ['LaunchConfiguration', 'PathJoinSubstitution'],
        'launch_ros': [],
        'launch_ros.actions': ['Node'],
        'launch_ros.substitutions': ['FindPackageShare'],
    }
    for module, classes in names.items():
        double = types.ModuleType(module)
        for name in classes:
            setattr(double, name, type(name, (Made,), {}))
        monkeypatch.setitem(sys.modules, module, double)
    spec = importlib.util.spec_from_file_location('planner_launch', LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.chdir(here)

    def make(**arguments):
        context = {name: default for name, (default, _) in module.ARGUMENTS.items()}
        assert set(arguments) <= set(context)
        made = module.make_nodes(context | arguments)
        nodes = {m.named['executable']: m.named for m in made if type(m).__name__ == 'Node'}
        said = [m.named['msg'] for m in made if type(m).__name__ == 'LogInfo']
        make.others = {name: node for name, node in nodes.items() if name not in BOTH}
        return nodes['prism_scene_graph'], nodes['prism_planner'], said

    return make


BOTH = 'prism_scene_graph', 'prism_planner'


def test_missions_are_carried_out_by_simulated_skills_unless_it_is_said_otherwise(nodes_of):
    nodes_of()
    assert list(nodes_of.others) == ['prism_executor', 'prism_mock_skills']
    assert 'world.file' not in nodes_of.others['prism_mock_skills']['parameters'][1]
    nodes_of(skills='none')
    assert list(nodes_of.others) == ['prism_executor']
    nodes_of(skills='nav2')
    assert list(nodes_of.others) == ['prism_executor', 'prism_nav2_skills']
    nodes_of(executor='false')
    assert nodes_of.others == {}
    with pytest.raises(ValueError, match=r"^skills: expected mock or nav2 or none, got 'real'$"):
        nodes_of(skills='real')


def test_the_world_of_simulated_skills_is_a_file_from_here_and_the_domain_goes_to_all(
    nodes_of, here
):
    nodes_of(world='site.json', domain='mapping')
    given = nodes_of.others['prism_mock_skills']['parameters'][1]
    assert given['world.file'] == str(here / 'site.json')
    assert [n['parameters'][1]['domain'] for n in nodes_of.others.values()] == ['mapping'] * 2


def test_a_domain_that_is_named_begins_with_its_first_packaged_graph_and_a_world_has_a_name(
    nodes_of, here
):
    graph, _, said = nodes_of(domain='tabletop', world='table_today.json')
    folder = find_domain('tabletop').graphs
    assert graph['parameters'][1]['graph.file'] == str(folder / 'table.json')
    given = nodes_of.others['prism_mock_skills']['parameters'][1]
    assert given['world.file'] == str(folder / 'table_today.json')
    assert [line.split(':')[0] for line in said] == ['scene graph', 'the world as it really is']
    own = nodes_of(domain='tabletop', scene_graph='site.json')[0]['parameters'][1]
    assert own['graph.file'] == str(here / 'site.json')
    graph, *_ = nodes_of(domain='tabletop', params_file='robot.yaml')  # which may name a graph
    assert graph['parameters'][0] == 'robot.yaml'
    assert 'graph.file' not in graph['parameters'][1]
    with pytest.raises(ValueError, match=r"^world: expected a file or .*table\.json.*'none\.json'"):
        nodes_of(domain='tabletop', world='none.json')
    with pytest.raises(ValueError, match=r"^domain: unknown domain 'farming'"):
        nodes_of(domain='farming')


def test_a_choice_is_one_of_its_words():
    assert read_choice('skills', ' none ', ('mock', 'none')) == 'none'


def test_by_default_both_nodes_start_and_are_started_again(nodes_of):
    for node in nodes_of()[:2]:
        assert node['respawn'] is True
        given = node['parameters'][1]
        assert (given['autostart'], given['use_sim_time']) == (True, False)
        assert not {name for name in given if name.startswith('graph.')} - {'graph.state_directory'}
    assert nodes_of()[2] == []


def test_what_is_switched_off_is_off(nodes_of):
    graph, planner, _ = nodes_of(autostart='no', use_sim_time='YES', use_respawn='0')
    for node in (graph, planner):
        assert node['respawn'] is False
        given = node['parameters'][1]
        assert (given['autostart'], given['use_sim_time']) == (False, True)


@pytest.mark.parametrize('name', ['autostart', 'use_sim_time', 'use_respawn'])
def test_no_node_starts_where_a_switch_says_neither(nodes_of, name):
    with pytest.raises(ValueError, match=f"^{name}: expected true or .* got 'maybe'$"):
        nodes_of(**{name: 'maybe'})


def test_the_graph_of_the_working_directory_goes_to_its_node_alone(nodes_of, here):
    graph, planner, said = nodes_of(scene_graph='site.json', save_directory='/maps')
    assert graph['parameters'][1]['graph.file'] == str(here / 'site.json')
    assert graph['parameters'][1]['graph.save_directory'] == '/maps'
    assert not [name for name in planner['parameters'][1] if name.startswith('graph.')]
    assert said == [f'scene graph: the file {here / "site.json"}']
    with pytest.raises(ValueError, match=r'^scene_graph: expected a file'):
        nodes_of(scene_graph='none.json')


def test_the_domain_goes_to_both_nodes_where_it_is_named(nodes_of):
    for node in nodes_of(domain='mapping')[:2]:
        assert node['parameters'][1]['domain'] == 'mapping'
    for node in nodes_of()[:2]:
        assert 'domain' not in node['parameters'][1]
