"""Start the scene graph and the planner, activated and restarted when they die.

ros2 launch prism_ros planner.launch.py
ros2 launch prism_ros planner.launch.py scene_graph:=/path/to/site.json namespace:=robot1
"""

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription

ARGUMENTS = {
    'namespace': ('', 'Namespace of both nodes; one for each robot.'),
    'params_file': (
        PathJoinSubstitution([FindPackageShare('prism_ros'), 'config', 'ros', 'planner.yaml']),
        'Parameters of both nodes.',
    ),
    'scene_graph': ('', "Scene graph to load (SPINE JSON). '' = as the parameter file says."),
    'robot_location': ('', "Region that the robot starts in. '' = as the parameter file says."),
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


def generate_launch_description():
    """Declare the arguments, then the nodes."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=make_nodes)])
