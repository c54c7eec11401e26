# SPDX-License-Identifier: Apache-2.0
"""docs/interface.md says what the definitions, the declarations and running nodes say."""

import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.action import get_action_server_names_and_types_by_node

from prism_core.inference.planning_domain import find_planning_domain
from prism_msgs.action import ExecuteSkill
from prism_ros.executor_node import ExecutorNode
from prism_ros.interface_page import OFFERS, PAGE, read_definition, render_page
from prism_ros.mission_messages import skilled_actions
from prism_ros.mock_skills_node import MockSkillsNode
from prism_ros.nav2_skills_node import Nav2SkillsNode
from prism_ros.planner_node import PlannerNode
from prism_ros.scene_graph_node import SceneGraphNode

KINDS = {
    'prism_planner': PlannerNode,
    'prism_scene_graph': SceneGraphNode,
    'prism_executor': ExecutorNode,
    'prism_mock_skills': MockSkillsNode,
    'prism_nav2_skills': Nav2SkillsNode,
}
SKILLS = skilled_actions(find_planning_domain().table)
# What every lifecycle node has: https://design.ros2.org/articles/node_lifecycle.html, parameters.
OF_ALL_NODES = ('/rosout', '/parameter_events', '/clock', 'transition_event')


def test_the_page_is_as_it_is_written_now():
    assert PAGE.read_text('utf-8') == render_page(), 'run: python -m prism_ros.interface_page'


@pytest.mark.parametrize('name', KINDS)
def test_what_the_page_says_of_a_node_is_what_a_running_one_has(ros, name, monkeypatch):
    nav2 = SimpleNamespace(NavigateToPose=ExecuteSkill)  # stands in: nobody drives here
    monkeypatch.setitem(sys.modules, 'nav2_msgs.action', nav2)
    monkeypatch.setitem(sys.modules, 'nav2_msgs', SimpleNamespace(action=nav2))
    node = ros.start(KINDS[name])

    def short(pairs, how):
        return {
            (how, topic.removeprefix('/') if topic != '/diagnostics' else topic, kind)
            for topic, (kind, *_) in pairs
            if not topic.startswith(f'/{name}/') and not topic.endswith(OF_ALL_NODES)
            if '/_action/' not in topic
        }

    found = {
        *short(node.get_service_names_and_types_by_node(name, '/'), 'service'),
        *short(node.get_publisher_names_and_types_by_node(name, '/'), 'publishes'),
        *short(node.get_subscriber_names_and_types_by_node(name, '/'), 'follows'),
        *short(get_action_server_names_and_types_by_node(node, name, '/'), 'action'),
    }
    folder = {'service': 'srv', 'action': 'action'}
    said = {
        (
            offer.how,
            offer.name.replace('<action>', action),
            offer.type.replace('/', f'/{folder.get(offer.how, "msg")}/')
            if '/' in offer.type
            else f'prism_msgs/{folder.get(offer.how, "msg")}/{offer.type}',
        )
        for offer in OFFERS[name]
        for action in (SKILLS if '<action>' in offer.name else [''])
    }
    assert found == said


DEFINITION = """\
# SPDX-License-Identifier: Apache-2.0
# What it is. Service `it`.

string<=8 name ""       # of whom
# Two lines,
int32[<=4] counts       # the second
uint8 LOW=0
uint8 HIGH=1            # or more
---
bool done
"""


def test_a_definition_is_read_with_its_comments(tmp_path):
    path = tmp_path / 'Ask.srv'
    path.write_text(DEFINITION)
    definition = read_definition(path)
    assert (definition.name, definition.text) == ('Ask', 'What it is. Service `it`.')
    (asked, fields), (answered, done) = definition.parts
    assert (asked, answered) == ('request', 'response')
    assert [(f.type, f.name, f.value, f.is_constant, f.comment) for f in fields] == [
        ('string<=8', 'name', '""', False, 'of whom'),
        ('int32[<=4]', 'counts', '', False, 'Two lines, the second'),
        ('uint8', 'LOW', '0', True, ''),
        ('uint8', 'HIGH', '1', True, 'or more'),
    ]
    assert [field.name for field in done] == ['done']


def test_a_line_that_is_none_of_a_definition_is_an_error_with_the_file(tmp_path):
    path = tmp_path / 'Broken.msg'
    path.write_text('# Broken.\n\nname\n')
    with pytest.raises(ValueError, match=r"Broken.msg: expected a field or a constant, got 'name'"):
        read_definition(path)


names = st.from_regex(r'[a-z][a-z0-9_]{0,8}', fullmatch=True)
types = st.sampled_from(['string', 'string<=8', 'uint8', 'Plan[]', 'std_msgs/Header', 'int8[<=3]'])
comments = st.text(st.characters(codec='ascii', categories=['L', 'P', 'N']), max_size=12)


@given(st.lists(st.tuples(types, names, comments), max_size=6))
def test_every_field_is_read_back(tmp_path_factory, fields):
    path = tmp_path_factory.mktemp('definitions') / 'Any.msg'
    lines = (f'{kind} {name}  # {comment}\n' for kind, name, comment in fields)
    path.write_text(f'# Any.\n\n{"".join(lines)}')
    ((_, read),) = read_definition(path).parts
    assert [(f.type, f.name, f.comment) for f in read] == [
        (kind, name, comment.strip()) for kind, name, comment in fields
    ]
