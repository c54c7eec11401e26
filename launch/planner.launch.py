# SPDX-License-Identifier: Apache-2.0
"""Start the scene graph, the planner and what carries out missions, activated and restarted when
they die. Without further words the skills are simulated: on a robot say skills:=nav2 or none.

ros2 launch prism_ros planner.launch.py
ros2 launch prism_ros planner.launch.py skills:=nav2
ros2 launch prism_ros planner.launch.py world:=depot_today.json
ros2 launch prism_ros planner.launch.py domain:=tabletop world:=table_today.json
ros2 launch prism_ros planner.launch.py skills:=none
ros2 launch prism_ros planner.launch.py scene_graph:=/path/to/site.json namespace:=robot1
ros2 launch prism_ros planner.launch.py state_directory:=/var/lib/prism
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription
from prism_ros.launch_arguments import find_scene_graph, first_packaged, read_choice, read_flag

TEMPORARY = 'temporary'
SKILLS = ('mock', 'nav2', 'none')
# `ros2 launch` leaves its nodes running where it ends by SIGTERM, as by `systemctl stop`, or is
# killed. With this the kernel ends them (setpriv of util-linux, prctl(2)).
END_WITH_LAUNCH = 'setpriv --pdeathsig TERM' if shutil.which('setpriv') else None
PARAMS_FILE = PathJoinSubstitution([FindPackageShare('prism_ros'), 'config', 'ros', 'planner.yaml'])
ARGUMENTS = {
    'namespace': ('', 'Namespace of all nodes; one for each robot.'),
    'params_file': (
        '',
        "Parameters of all nodes: a file. '' = config/ros/planner.yaml of the package.",
    ),
    'domain': (
        '',
        "Domain that is planned in, by its name. '' = as the parameter file says.",
    ),
    'scene_graph': (
        '',
        'Scene graph to load (SPINE JSON): a file, or else the name of a packaged graph. '
        "'' = as the parameter file says, or the first packaged graph of the domain where that is "
        'named and no parameter file.',
    ),
    'robot_location': ('', "Region that the robot starts in. '' = as the parameter file says."),
    'state_directory': (
        TEMPORARY,
        'Folder that keeps what the scene graph was told over restarts of its node, of the launch '
        "and of the machine. temporary = one of this launch, removed at its end. '' = as the "
        'parameter file says.',
    ),
    'executor': ('true', 'Start prism_executor, which carries out missions.'),
    'skills': (
        'mock',
        'Who carries out the steps: mock = simulated skills, no robot moves; nav2 = Nav2 drives, '
        'which is started elsewhere; none = the skill servers of the robot, started elsewhere.',
    ),
    'world': (
        '',
        'Scene graph of the world as it really is, for simulated skills: a file, or else the name '
        "of a packaged graph. '' = as the parameter file says.",
    ),
    'autostart': ('true', 'Configure and activate the nodes when they start.'),
    'save_directory': (
        '',
        "Folder that save_scene_graph may write to. '' = as the parameter file says.",
    ),
    'use_sim_time': ('false', 'Take the time from topic /clock.'),
    'use_respawn': ('true', 'Start a node again when it dies.'),
    'log_level': ('info', 'Lowest level of log lines: debug, info, warn, error or fatal.'),
}


def make_nodes(context):
    """The nodes; launch arguments that are set win over the parameter file."""
    value = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    common = {name: read_flag(name, value[name]) for name in ('autostart', 'use_sim_time')}
    use_respawn = read_flag('use_respawn', value['use_respawn'])
    domain, params_file = value['domain'], value['params_file'] or PARAMS_FILE
    name = value['scene_graph']
    if domain and not (name or value['params_file']):  # that file names a graph of mapping
        name = first_packaged(domain)
    file, found = find_scene_graph(name, Path.cwd(), domain)
    world, truth = find_scene_graph(value['world'], Path.cwd(), domain, argument='world')
    if domain:
        common['domain'] = domain
    graph = {
        'graph.file': file,
        'graph.robot_location': value['robot_location'],
        'graph.save_directory': value['save_directory'],
        'graph.state_directory': find_folder(value['state_directory']),
    }
    graph = {name: text for name, text in graph.items() if text}
    started = {'prism_scene_graph': graph, 'prism_planner': {}}
    skills = read_choice('skills', value['skills'], SKILLS)
    if read_flag('executor', value['executor']):
        started['prism_executor'] = {}
        if skills == 'mock':
            started['prism_mock_skills'] = {'world.file': world} if world else {}
        elif skills == 'nav2':
            started['prism_nav2_skills'] = {}
    nodes = [
        Node(
            package='prism_ros',
            executable=executable,
            namespace=value['namespace'],
            parameters=[params_file, common | overrides],
            arguments=['--ros-args', '--log-level', value['log_level']],
            respawn=use_respawn,
            respawn_delay=0.2,
            output='screen',
            exec_name=executable,  # not that of the prefix
            prefix=END_WITH_LAUNCH,
        )
        for executable, overrides in started.items()
    ]
    said = {'scene graph': found, 'the world as it really is': truth}
    return [*(LogInfo(msg=f'{what}: {text}') for what, text in said.items() if text), *nodes]


def find_folder(name):
    """The folder that an argument names; a temporary one goes when the launch ends."""
    if name != TEMPORARY:
        return os.path.abspath(os.path.expanduser(name)) if name else ''
    folder = tempfile.mkdtemp(prefix='prism_')
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def generate_launch_description():
    """Declare the arguments, then the nodes."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=make_nodes)])
