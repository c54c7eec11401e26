# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import KeyValue
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from std_msgs.msg import Header

from prism_core import Action, PrismError, SceneGraphError
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_msgs.msg import (
    NodeAttributes,
    Observation,
    PlanStep,
    SceneEdge,
    SceneGraphUpdate,
    SceneNode,
    Turn,
)
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_ros.conversions import (
    connection_from_message,
    node_from_message,
    plan_from_message,
    scene_graph_from_message,
    step_from_message,
    update_from_message,
)
from prism_ros.turn_conversions import observation_from_message, turn_from_message


def make_node(**fields) -> SceneNode:
    """A node with out-of-bounds values let through, as any client can send them."""
    return SceneNode(**{'id': 'a', 'type': SceneNode.TYPE_REGION} | fields, check_fields=False)


def make_attributes(*pairs: tuple[str, str], name: str = 'a') -> NodeAttributes:
    return NodeAttributes(
        id=name,
        attributes=[KeyValue(key=key, value=value) for key, value in pairs],
        check_fields=False,
    )


def at(**position) -> Pose:
    return Pose(position=Point(**position))


@pytest.mark.parametrize(
    ('fields', 'sentence'),
    [
        ({'type': 0}, r"^node 'a': type must be 1 \(region\) or 2 \(object\), got 0$"),
        ({'type': 3}, r"^node 'a': type must be 1 \(region\) or 2 \(object\), got 3$"),
        ({'id': ''}, r"^node name '': expected 1 to 128 printable characters"),
        ({'id': 'x' * 129}, r"^node name 'xxx.*: expected 1 to 128 printable characters"),
        ({'id': 'a\nb'}, r"^node name 'a\\nb': expected 1 to 128 printable characters on one line"),
        ({'id': 'dock '}, r"^node name 'dock ': .* no white space at either end$"),
        ({'id': 'a\x1b[31m', 'type': 0}, r"^node 'a\\x1b\[31m': type must be 1"),
        ({'description': 'x' * 1025}, r"^node 'a': description must be .* at most 1024 char"),
        ({'pose': at(x=math.nan)}, r"^node 'a': expected two coordinates .* got \(nan, 0.0\)$"),
        ({'pose': at(y=-math.inf)}, r"^node 'a': expected two coordinates .* got \(0.0, -inf\)$"),
        ({'pose': at(z=math.nan)}, r"^node 'a': z_m cannot be nan$"),
        ({'pose': at(z=math.inf)}, r"^node 'a': z_m cannot be inf$"),
        (
            {'pose': Pose(orientation=Quaternion(y=math.nan))},
            r"^node 'a': orientation cannot be \[0.0, nan, 0.0, 1.0\]$",
        ),
        ({'extent': Vector3(z=math.inf)}, r"^node 'a': extent_m cannot be \[0.0, 0.0, inf\]$"),
        ({'confidence': math.nan}, r"^node 'a': confidence cannot be nan$"),
        ({'confidence': -math.inf}, r"^node 'a': confidence cannot be -inf$"),
        ({'last_seen': Time(nanosec=10**9)}, r"^node 'a': last_seen cannot be \[0, 1000000000\]$"),
        ({'semantic_class': 'x' * 65}, r"^node 'a': semantic_class cannot be x{65}$"),
        ({'source': 'x' * 65}, r"^node 'a': source cannot be x{65}$"),
    ],
)
def test_a_node_that_core_cannot_hold_is_refused_with_its_value(fields, sentence):
    with pytest.raises(SceneGraphError, match=sentence):
        node_from_message(make_node(**fields))


@pytest.mark.parametrize(
    ('pairs', 'sentence'),
    [
        ([('k', '1'), ('k', '1')], "^node 'a': attribute 'k' comes twice or belongs in the field"),
        ([('z_m', '3')], "^node 'a': attribute 'z_m' comes twice or belongs in the field of that"),
        ([('source', 'uav')], "^node 'a': attribute 'source' comes twice or belongs in the field"),
        ([('confidence', '0.5')], "^node 'a': attribute 'confidence' comes twice or belongs"),
        ([('semantic_class', '')], "^node 'a': attribute 'semantic_class' comes twice or"),
        ([('name', 'b')], "^node 'a': expected at most 32 attributes, none called name, coords"),
        ([('coords', '[1]')], "^node 'a': expected at most 32 attributes, none called name"),
        ([('description', '')], "^node 'a': expected at most 32 attributes, none called name"),
        ([(str(i), '') for i in range(32)], "^node 'a': expected at most 32 attributes"),
    ],
)
def test_attributes_that_core_cannot_hold_are_refused_with_their_key(pairs, sentence):
    node = make_node(
        semantic_class='truck', attributes=[KeyValue(key=key, value=value) for key, value in pairs]
    )
    with pytest.raises(SceneGraphError, match=sentence):
        node_from_message(node)


@pytest.mark.parametrize(
    ('messages', 'sentence'),
    [
        ([make_attributes(('k', '1'), ('k', '2'))], "^node 'a': attribute 'k' comes twice$"),
        ([make_attributes(), make_attributes()], "^node 'a' comes twice in set_attributes$"),
        ([make_attributes(name='')], "^node name '': expected 1 to 128 printable"),
        ([make_attributes(name='a\tb')], r"^node name 'a\\tb': expected 1 to 128 printable"),
        ([make_attributes(('description', 'x' * 1025))], "^node 'a': description .* at most 1024"),
        ([make_attributes(('name', 'b'))], "^node 'a': expected at most 32 .* none called name"),
        ([make_attributes(('coords', '[1]'))], "^node 'a': expected at most 32 attributes"),
        (
            [make_attributes(*((str(i), '') for i in range(33)))],
            "^node 'a': expected at most 32 attributes",
        ),
        (
            [make_attributes()] * 1025,
            '^set_attributes holds 1025 items, at most 1024 are allowed; send it in parts$',
        ),
    ],
)
def test_set_attributes_that_no_node_can_have_are_refused_with_their_key(messages, sentence):
    with pytest.raises(SceneGraphError, match=sentence):
        update_from_message(SceneGraphUpdate(set_attributes=messages))


@pytest.mark.parametrize(
    ('fields', 'sentence'),
    [
        (
            {'status': 3},
            r'status must be 0 \(done\), 1 \(failed\) or 2 \(refused\), got 3$',
        ),
        ({'distance_m': math.nan}, 'distance_m must be a finite number .* 0 or more, got nan$'),
        ({'distance_m': math.inf}, 'distance_m must be a finite number .* 0 or more, got inf$'),
        ({'distance_m': -1.0}, r'distance_m must be a finite number .* 0 or more, got -1\.0$'),
        (
            {'update': SceneGraphUpdate(header=Header(frame_id='odom'))},
            "expected coordinates in frame 'map', got 'odom'$",
        ),
    ],
)
def test_an_observation_that_core_cannot_hold_is_refused_with_its_place_in_the_turn(
    fields, sentence
):
    observation = Observation(**fields, check_fields=False)
    with pytest.raises(PrismError, match=f'^{sentence}'):
        observation_from_message(observation)
    turn = Turn(observations=[Observation(), observation])
    with pytest.raises(PrismError, match=rf'^observations\[1\]: {sentence}'):
        turn_from_message(turn, MAPPING_ACTIONS)


@pytest.mark.parametrize(
    ('fields', 'sentence'),
    [
        ({'kind': 0}, r"^connection 'a' - 'b': kind must be 1 .* or 5 .*, got 0$"),
        ({'kind': 9}, r"^connection 'a' - 'b': kind must be 1 .* or 5 .*, got 9$"),
        ({'cost': math.nan}, r"^connection 'a' - 'b': cost must be from 0 .*, got nan$"),
        ({'cost': math.inf}, r"^connection 'a' - 'b': cost must be from 0 .*, got inf$"),
        ({'target': 'a'}, "^'a' is connected to itself$"),
        ({'kind': 4, 'cost': 2.0}, "^connection 'a' on 'b': expected no travel cost, got 2.0$"),
    ],
)
def test_an_edge_that_core_cannot_hold_is_refused_with_its_value(fields, sentence):
    with pytest.raises(SceneGraphError, match=sentence):
        connection_from_message(SceneEdge(**{'source': 'a', 'target': 'b'} | fields))


BAD_NODES = [make_node(type=0), make_node(id='b', confidence=math.nan)]
BAD_EDGES = [SceneEdge(source='a', target='b', kind=7)]


@pytest.mark.parametrize(
    ('read', 'message'),
    [
        (scene_graph_from_message, SceneGraphMessage(nodes=BAD_NODES, edges=BAD_EDGES)),
        (
            update_from_message,
            SceneGraphUpdate(upsert_nodes=BAD_NODES[:1], upsert_edges=BAD_EDGES * 2),
        ),
        (
            update_from_message,
            SceneGraphUpdate(upsert_nodes=BAD_NODES, remove_edges=BAD_EDGES),
        ),
        (
            update_from_message,
            SceneGraphUpdate(
                upsert_nodes=BAD_NODES, set_attributes=[make_attributes(('name', 'b'))]
            ),
        ),
    ],
)
def test_everything_that_is_wrong_is_listed(read, message):
    with pytest.raises(SceneGraphError, match=r"^node 'a': type .* \(and 2 more\)$") as caught:
        read(message)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ('fields', 'sentence'),
    [
        ({'header': Header(frame_id='odom')}, "^expected coordinates in frame 'map', got 'odom'$"),
        ({'nodes': [make_node(), make_node()]}, "^duplicate node name 'a'$"),
        ({'robot_location': 'c'}, "^robot location 'c' is not in the scene graph$"),
        ({'edges': [SceneEdge(source='a', target='c')]}, "'a' - 'c': there is no node 'c'$"),
        (
            {'edges': [SceneEdge(source='a', target='b'), SceneEdge(source='b', target='a')]},
            "^connection 'a' - 'b' comes twice$",
        ),
    ],
)
def test_a_graph_that_breaks_the_rules_is_refused(fields, sentence):
    nodes = {'nodes': [make_node(), make_node(id='b')]}
    with pytest.raises(SceneGraphError, match=sentence):
        scene_graph_from_message(SceneGraphMessage(**nodes | fields))


def test_an_update_in_another_frame_is_refused():
    with pytest.raises(SceneGraphError, match=r"^expected .* in frame 'map', got 'odom'$"):
        update_from_message(SceneGraphUpdate(header=Header(frame_id='odom')))


@pytest.mark.parametrize(
    ('step', 'sentence'),
    [
        (
            PlanStep(action='goto', targets=['a'], text='now'),
            r"^step goto\(region\): field 'text' cannot be 'now'$",
        ),
        (
            PlanStep(action='goto', targets=['a'], radius=1.0),
            r"^step goto\(region\): field 'radius' cannot be",
        ),
        (
            PlanStep(action='goto', targets=['a'], point=Point(x=1.0)),
            r"goto\(region\): field 'point' cannot be",
        ),
        (
            PlanStep(action='goto', targets=['a'], has_point=True),
            r"goto\(region\): field 'has_point' cannot be",
        ),
        (
            PlanStep(action='map_region', targets=['a'], text='x'),
            r"map_region\(region\): field 'text' cannot",
        ),
        (
            PlanStep(action='explore_region', targets=['a'], text='x'),
            r"radius_m=3\): field 'text' cannot be",
        ),
        (
            PlanStep(action='inspect', targets=['a'], radius=2.0),
            r"inspect\(object, query\): field 'radius'.*'2.0'",
        ),
        (
            PlanStep(action='extend_map', targets=['a']),
            r"^step extend_map\(x_m, y_m\): field 'targets' must hold 0 names, got \['a'\]$",
        ),
        (PlanStep(action='goto'), r"goto\(region\): field 'targets' must hold 1 names, got \[\]$"),
        (PlanStep(action='goto', targets=['a', 'b']), r"must hold 1 names, got \['a', 'b'\]$"),
        (
            PlanStep(action='extend_map', has_point=True, point=Point(z=1.0)),
            r"^step extend_map\(x_m, y_m\): field 'point' cannot be '.*z=1.0\)'$",
        ),
        (
            PlanStep(action='extend_map', has_point=True, point=Point(x=math.nan)),
            r"^step extend_map\(x_m, y_m\): field 'point' cannot be '.*x=nan,.*'$",
        ),
        (PlanStep(action='extend_map', point=Point(x=1.0)), "field 'has_point' cannot be 'False'$"),
        (
            PlanStep(action='explore_region', targets=['a'], radius=math.nan),
            "field 'radius' cannot be 'nan'$",
        ),
        (PlanStep(action='answer', targets=['a']), r"answer\(text\): field 'targets' must hold 0"),
        (PlanStep(action='replan', text='x'), r"^step replan\(\): field 'text' cannot be 'x'$"),
    ],
)
def test_a_field_that_does_not_fit_the_action_is_refused_with_its_value(step, sentence):
    with pytest.raises(PrismError, match=sentence):
        step_from_message(step, MAPPING_ACTIONS)
    with pytest.raises(PrismError, match=sentence):
        plan_from_message(PlanMessage(steps=[step]), MAPPING_ACTIONS)


@pytest.mark.parametrize(
    ('step', 'action'),
    [
        (PlanStep(action='fly', targets=['a'], text='high', radius=1.0), Action('fly')),
        (PlanStep(), Action('')),
        (PlanStep(action='goto', targets=['']), Action('goto', ('',))),
        (PlanStep(action='explore_region', targets=['a']), Action('explore_region', ('a', 0.0))),
        (
            PlanStep(action='extend_map', has_point=True, point=Point(x=math.inf)),
            Action('extend_map', (math.inf, 0.0)),
        ),
    ],
)
def test_what_the_validator_can_name_is_kept_for_it(step, action):
    assert step_from_message(step, MAPPING_ACTIONS) == action
