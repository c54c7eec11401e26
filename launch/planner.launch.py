"""Start the scene graph and the planner, activated and restarted when they die.

ros2 launch prism_ros planner.launch.py
ros2 launch prism_ros planner.launch.py scene_graph:=/path/to/site.json namespace:=robot1
ros2 launch prism_ros planner.launch.py state_directory:=/var/lib/prism
"""

import atexit
import os
import shutil
import tempfile

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription

TEMPORARY = 'temporary'
ARGUMENTS = {
    'namespace': ('', 'Namespace of both nodes; one for each robot.'),
    'params_file': (
        PathJoinSubstitution([FindPackageShare('prism_ros'), 'config', 'ros', 'planner.yaml']),
        'Parameters of both nodes.',
    ),
    'scene_graph': ('', "Scene graph to load (SPINE JSON). '' = as the parameter file says."),
    'robot_location': ('', "Region that the robot starts in. '' = as the parameter file says."),
    'state_directory': (
        TEMPORARY,
        'Folder that keeps what the scene graph was told over restarts of its node, of the launch '
        "and of the machine. temporary = one of this launch, removed at its end. '' = as the "
        'parameter file says.',
    ),
    'autostart': ('true', 'Configure and activate the nodes when they start.'),
    'use_sim_time': ('false', 'Take the time from topic /clock.'),
    'use_respawn': ('true', 'Start a node again when it dies.'),
    'log_level': ('info', 'Lowest level of log lines: debug, info, warn, error or fatal.'),
}


def make_nodes(context):
    """The two nodes; launch arguments that are set win over the parameter file."""
    value = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    common = {
        'autostart': value['autostart'].lower() == 'true',
        'use_sim_time': value['use_sim_time'].lower() == 'true',
    }
    graph = {
        'graph.file': value['scene_graph'],
        'graph.robot_location': value['robot_location'],
        'graph.state_directory': find_folder(value['state_directory']),
    }
    graph = {name: text for name, text in graph.items() if text}
    return [
        Node(
            package='prism_ros',
            executable=executable,
            namespace=value['namespace'],
            parameters=[value['params_file'], common | overrides],
            arguments=['--ros-args', '--log-level', value['log_level']],
            respawn=value['use_respawn'].lower() == 'true',
            respawn_delay=0.2,
            output='screen',
        )
        for executable, overrides in (('prism_scene_graph', graph), ('prism_planner', {}))
    ]


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
