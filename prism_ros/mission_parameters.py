# SPDX-License-Identifier: Apache-2.0
"""The parameters of the nodes that carry missions out. Knows no ROS."""

from __future__ import annotations

from prism_ros.parameter_spec import AUTOSTART, INTROSPECTION_MODE, ParameterSpec

_SKILL_PREFIX = ParameterSpec(
    'skills.prefix',
    'skills/',
    'What stands in front of the name of an action in that of its skill server.',
    fixed='started',
)

EXECUTOR_PARAMETERS = (
    AUTOSTART,
    ParameterSpec(
        'domain',
        '',
        'Domain whose actions are carried out, that of prism_planner: an entry point of group '
        "prism.domains. '' = that of the student, or mapping.",
        fixed='started',
    ),
    _SKILL_PREFIX,
    ParameterSpec(
        'executor.timeout_s',
        3600.0,
        'Seconds that a mission may take at most.',
        range=(0.1, 86400.0),
    ),
    ParameterSpec(
        'executor.max_turns',
        64,
        'Plans that a mission may take at most; to plan again after news is no failure.',
        range=(1, 128),
    ),
    ParameterSpec(
        'executor.max_replans',
        10,
        'Plans after a step that failed, at most.',
        range=(0, 128),
    ),
    ParameterSpec(
        'executor.max_distance_m',
        0.0,
        'Metres that a mission may drive: a step that is further away is not begun. 0 = any.',
        range=(0.0, 1_000_000.0),
    ),
    ParameterSpec(
        'executor.skill_timeout_s',
        300.0,
        'Seconds that a skill may take; then it is canceled, and the mission ends.',
        range=(0.1, 86400.0),
    ),
    ParameterSpec(
        'executor.skill_wait_s',
        5.0,
        'Seconds that a skill server that is not there is waited for.',
        range=(0.1, 600.0),
    ),
    ParameterSpec(
        'executor.cancel_timeout_s',
        5.0,
        'Seconds that a skill may take to end once it is canceled.',
        range=(0.1, 600.0),
    ),
    ParameterSpec(
        'executor.planner_timeout_s',
        60.0,
        'Seconds that a plan may take, waiting for a planner that is busy or gone included.',
        range=(0.1, 600.0),
    ),
    ParameterSpec(
        'executor.approval_actions',
        [''],
        "Actions of which every step needs approval by service approve_step. [''] = none.",
        fixed='configured',
    ),
    ParameterSpec(
        'executor.approval_timeout_s',
        60.0,
        'Seconds after which a step that nobody approved is denied.',
        range=(0.1, 86400.0),
    ),
    ParameterSpec(
        'executor.log_directory',
        '',
        "Folder that gets a log of each mission, <mission id>.jsonl. '' = none is written.",
        fixed='started',
    ),
    ParameterSpec(
        'executor.record',
        False,
        'Write those logs where executor.log_directory names no folder, too: to '
        'prism/missions in the state folder of the user, for prism import missions.',
        fixed='started',
    ),
    INTROSPECTION_MODE,
)

MOCK_SKILLS_PARAMETERS = (
    AUTOSTART,
    ParameterSpec(
        'domain',
        '',
        'Domain whose skills are simulated: an entry point of group prism.domains. '
        "'' = that of the student, or mapping.",
        fixed='started',
    ),
    _SKILL_PREFIX,
    ParameterSpec(
        'world.file',
        '',
        "Scene graph of the world as it really is. '' = as it is known at the first step.",
        fixed='started',
    ),
    ParameterSpec(
        'world.blocked',
        [''],
        "Ways that are blocked in truth: two regions with ' - ' between them. [''] = none.",
        fixed='configured',
    ),
    ParameterSpec(
        'skills.failures',
        [''],
        'Steps that fail, once for each time they are listed: action and node with a blank between '
        "them. [''] = none.",
        fixed='configured',
    ),
    ParameterSpec('skills.delay_s', 0.0, 'Seconds that each skill takes.', range=(0.0, 3600.0)),
    ParameterSpec('skills.hanging', [''], "Actions that never end by themselves. [''] = none."),
    ParameterSpec('skills.ignore_cancel', False, 'Go on with what is canceled.'),
    INTROSPECTION_MODE,
)

NAV2_SKILLS_PARAMETERS = (
    AUTOSTART,
    ParameterSpec(
        'domain',
        '',
        'Domain whose actions drive: an entry point of group prism.domains. '
        "'' = that of the student, or mapping.",
        fixed='started',
    ),
    _SKILL_PREFIX,
    ParameterSpec(
        'nav2.actions',
        [''],
        'Actions that are served; others are left to skill servers of the robot. '
        "[''] = all that skills carry out.",
        fixed='configured',
    ),
    ParameterSpec(
        'nav2.action_name',
        'navigate_to_pose',
        "Name of Nav2's ROS action NavigateToPose; of the node's namespace if it begins without /.",
        fixed='started',
    ),
    ParameterSpec(
        'nav2.behavior_tree',
        '',
        "Behavior tree that Nav2 drives by: a file on its machine. '' = Nav2's default.",
        fixed='started',
    ),
    ParameterSpec(
        'nav2.remove_ways',
        True,
        'Remove a way from the scene graph where Nav2 found no way through.',
    ),
    ParameterSpec(
        'nav2.wait_s',
        5.0,
        'Seconds that Nav2, or who looks, is waited for where it is not there.',
        range=(0.1, 600.0),
    ),
    ParameterSpec(
        'nav2.cancel_timeout_s',
        4.0,
        'Seconds that Nav2, or who looks, may take to end what is canceled; less than '
        'executor.cancel_timeout_s.',
        range=(0.1, 600.0),
    ),
    ParameterSpec(
        'look.prefix',
        'look/',
        "What stands in front of the name of an action in that of the robot's own skill server, "
        'which does the rest of the action once the robot is there.',
        fixed='started',
    ),
    INTROSPECTION_MODE,
)
