# SPDX-License-Identifier: Apache-2.0
"""The parameters of our nodes, a table each. Knows no ROS."""

from __future__ import annotations

from prism_ros.mission_parameters import (
    EXECUTOR_PARAMETERS,
    MOCK_SKILLS_PARAMETERS,
    NAV2_SKILLS_PARAMETERS,
)
from prism_ros.parameter_spec import AUTOSTART, INTROSPECTION_MODE, ParameterSpec

ROS_PARAMETERS = (
    ParameterSpec('use_sim_time', False, 'Take the time from topic /clock.'),
    ParameterSpec(
        'start_type_description_service', True, 'Tell others the types.', fixed='started'
    ),
)
"""What rclpy declares for every node, so that a wrong type there is said as well as in ours."""

SCENE_GRAPH_PARAMETERS = (
    AUTOSTART,
    ParameterSpec(
        'domain',
        '',
        'Domain whose packaged graphs are read where no folder is named: an entry point of group '
        "prism.domains. '' = that of the student, or mapping.",
        fixed='started',
    ),
    ParameterSpec(
        'graph.file',
        'depot.json',
        'Scene graph to load, or a map of another kind (see docs/maps.md): a path, or a name '
        'inside graph.directory. '
        "'' = start empty.",
        fixed='started',
    ),
    ParameterSpec(
        'graph.directory',
        '',
        "Folder that load_scene_graph reads from, and nothing else. '' = the folder of graph.file, "
        'or the packaged graphs of the domain.',
        fixed='started',
    ),
    ParameterSpec(
        'graph.save_directory',
        '',
        "Folder that save_scene_graph writes to, and nothing else. '' = saving is refused.",
        fixed='started',
    ),
    ParameterSpec(
        'graph.robot_location',
        '',
        "Region that the robot starts in. '' = what the file says.",
        fixed='configured',
    ),
    ParameterSpec(
        'graph.state_directory',
        '',
        'Folder in which the graph is kept at every change, so that a restart of the node loses '
        'nothing; a changed graph.file begins anew. Each node has a part of its own there. '
        "'' = keep nothing.",
        fixed='started',
    ),
    ParameterSpec(
        'graph.max_nodes',
        2000,
        'A larger graph is refused, as is an update that would make it larger.',
        range=(1, 8192),
    ),
    ParameterSpec(
        'graph.accept_topic_updates',
        True,
        'Apply updates from topic graph_updates; anyone in the domain can publish there.',
    ),
    ParameterSpec(
        'graph.nodes_stale_after_s',
        0.0,
        'Nodes whose last_seen is older, in seconds, are stale: diagnostics say so, and '
        'graph.stale_nodes what becomes of them. 0 = never.',
        range=(0.0, 31_536_000.0),
    ),
    ParameterSpec(
        'graph.stale_nodes',
        'say',
        'What becomes of stale nodes: nothing more (say), attribute stale for planners to see '
        '(mark), or objects are removed (remove); regions stay.',
        choices=('say', 'mark', 'remove'),
    ),
    ParameterSpec(
        'merge.within_m',
        0.0,
        'Metres that two nodes can lie apart which are one, when a graph of another mapper on '
        'topic merge_graph is merged. 0 = such graphs are ignored.',
        range=(0.0, 100.0),
    ),
    ParameterSpec(
        'detections.type',
        'SceneGraphUpdate',
        'What topic detections carries; the second needs package vision_msgs.',
        fixed='started',
        choices=('SceneGraphUpdate', 'vision_msgs/Detection3DArray'),
    ),
    ParameterSpec(
        'detections.sightings',
        0,
        'In how many frames on topic detections something has to be seen to become an object of '
        'the graph. 0 = detections are ignored.',
        range=(0, 1000),
    ),
    ParameterSpec(
        'detections.min_confidence',
        0.5,
        'Detections that are less sure are ignored.',
        range=(0.0, 1.0),
    ),
    ParameterSpec(
        'detections.within_m',
        1.0,
        'Metres that two detections of a class can lie apart which are one object.',
        range=(0.0, 100.0),
    ),
    ParameterSpec(
        'detections.period_s',
        1.0,
        'Seconds between two updates of the graph by detections, at least.',
        range=(0.0, 3600.0),
    ),
    ParameterSpec(
        'tf.listen',
        False,
        'Follow topics tf and tf_static, so that updates in other frames than map are taken; needs '
        'package tf2_msgs.',
        fixed='started',
    ),
    ParameterSpec(
        'tf.robot_frame',
        '',
        "Frame of the robot, such as base_link: robot_location follows it, once a second. '' = it "
        'does not. Needs tf.listen.',
        fixed='started',
    ),
    ParameterSpec(
        'tf.margin_m',
        1.0,
        'By how many metres another region has to be nearer to the robot than the one it is in.',
        range=(0.0, 100.0),
    ),
    ParameterSpec(
        'clicked.name',
        '',
        'Name of what is added to the graph where topic clicked_point tells of a click, as RViz '
        "does (Publish Point); a number is added where it is taken. '' = clicks are ignored.",
        is_node_name=True,
    ),
    ParameterSpec(
        'clicked.kind',
        'region',
        'What a click adds: region, joined with the one clicked before it, or object, seen from '
        'the region clicked last.',
        choices=('region', 'object'),
    ),
    INTROSPECTION_MODE,
)

PLANNER_PARAMETERS = (
    AUTOSTART,
    ParameterSpec(
        'domain',
        '',
        'Domain whose actions plans are made of: an entry point of group prism.domains, or '
        "package.module:factory for your own. '' = that of the student, or mapping.",
        fixed='started',
    ),
    ParameterSpec(
        'words',
        '',
        "File with the site's own words (YAML), see docs/words.md. '' = those of the domain.",
        fixed='started',
    ),
    ParameterSpec(
        'planner.order',
        ['cascade', 'symbolic', 'student'],
        'A policy (cascade, or first, when left out) and the planners that answer: names of entry '
        "points in group prism.planners (lm is the teacher, symbolic the domain's own), or "
        'package.module:factory for your own; name=... calls it so. first takes the first valid '
        'plan that is not odd, in the order of the list; cascade takes that of symbolic, and asks '
        'the user where symbolic is not sure of it and the next planner plans otherwise.',
        fixed='started',
    ),
    ParameterSpec(
        'planner.allow_import_paths',
        False,
        'Let planner.order and domain name package.module:factory, which runs whatever stands '
        'there.',
        fixed='started',
    ),
    ParameterSpec(
        'planner.adapters',
        [''],
        'Files of adapters of the student, whose model is then their base. A request names one '
        'behind a colon (student:depot); the first plans where it names none, and the base alone '
        "where the first is ''. The file's sha256 may stand behind it (depot.gguf#sha256=...). "
        "[''] = those that PRISM_STUDENT_ADAPTERS names.",
        fixed='started',
    ),
    ParameterSpec(
        'planner.shares',
        [1.0],
        "Relative part of a call's time for each planner of planner.order, which it may use up "
        'before the next is asked; 1.0 for those not named. Positive numbers.',
        fixed='configured',
    ),
    ParameterSpec(
        'planner.breaker_failures',
        3,
        'So many calls in a row that a planner behind a network did not answer, and it is left '
        'alone: the next planner answers at once, until a call tries it again. 0 = never.',
        range=(0, 100),
        fixed='configured',
    ),
    ParameterSpec(
        'planner.breaker_pause_s',
        5.0,
        'Seconds for which it is left alone then; doubled for each trial that fails.',
        range=(0.1, 3600.0),
        fixed='configured',
    ),
    ParameterSpec(
        'planner.breaker_max_pause_s',
        120.0,
        'The longest that it is left alone, in seconds; not below planner.breaker_pause_s.',
        range=(0.1, 86400.0),
        fixed='configured',
    ),
    ParameterSpec(
        'planner.spare_memory_mib',
        256,
        'Memory in MiB that has to stay available when a model is loaded; one for which there is '
        'not so much is refused (OUT_OF_MEMORY). 0 = only what the model needs.',
        range=(0, 1_000_000),
        fixed='configured',
    ),
    ParameterSpec(
        'planner.keep_plans',
        True,
        'Give the rest of the last plan, without asking any planner, where all of it that was '
        'carried out went as it was meant to and nothing else has changed.',
    ),
    ParameterSpec(
        'planner.feedback_rate_hz',
        5.0,
        'How often feedback of plan_mission tells of tokens and text while a model replies.',
        range=(0.5, 10.0),
    ),
    ParameterSpec(
        'planner.timeout_s',
        30.0,
        'Seconds from request to reply when the request names none.',
        range=(0.1, 600.0),
    ),
    ParameterSpec(
        'planner.max_timeout_s',
        120.0,
        'Seconds that no request can exceed; a longer time is cut to this.',
        range=(0.1, 3600.0),
    ),
    ParameterSpec(
        'graph.max_nodes',
        2000,
        'A larger graph inside a request is refused.',
        range=(1, 8192),
    ),
    ParameterSpec(
        'graph.stale_after_s',
        0.0,
        'Refuse to plan when the owner of the graph has not been heard for so many seconds, '
        'whether the graph changed or not. It is heard once a second: below 3.0 expect false '
        'alarms. 0 = never.',
        range=(0.0, 86400.0),
    ),
    INTROSPECTION_MODE,
)

NODES = {
    'prism_scene_graph': SCENE_GRAPH_PARAMETERS,
    'prism_planner': PLANNER_PARAMETERS,
    'prism_executor': EXECUTOR_PARAMETERS,
    'prism_mock_skills': MOCK_SKILLS_PARAMETERS,
    'prism_nav2_skills': NAV2_SKILLS_PARAMETERS,
}
"""The parameters of each node, by its name."""
