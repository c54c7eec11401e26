# SPDX-License-Identifier: Apache-2.0
"""What a model is sent by the planner node is, byte for byte, what the dataset teaches."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from prism_core import Action, GraphUpdate, Node, Plan, render_scene_graph
from prism_core.dataset.conversations import render_samples
from prism_core.domain import find_domain
from prism_core.domains.mapping.generator import draw_demonstrations
from prism_core.domains.mapping.world import WorldConfig
from prism_core.episode.episode import with_known_graphs
from prism_core.inference.endpoint.teacher_api import ApiModel
from prism_core.inference.lm_factory import CONFIG_VARIABLE
from prism_core.inference.lm_planner import LMPlanner
from prism_msgs.msg import Observation, PlanStep, SceneGraphUpdate, Turn
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.srv import GetPlan, UpdateGraph
from prism_ros.conversions import plan_to_message, update_to_message
from prism_ros.turn_conversions import turn_to_message

from ..core.mapping_worlds import WORDS, episodes_of, states_of, taught
from ..core.teacher_server import CANARY, KEY_VARIABLE, TeacherServer

DOMAIN = find_domain('mapping')
SPINE = DOMAIN.make_dialect('spine')
COMPACT = DOMAIN.make_dialect('compact', seed=7)
HEADER = DOMAIN.make_header(SPINE)
SERVERS: list[TeacherServer] = []


def make_spine() -> LMPlanner:
    """The same, for one that reads SPINE's JSON."""
    return LMPlanner(ApiModel(SERVERS[-1].config()), SPINE, DOMAIN.table)


def make_compact() -> LMPlanner:
    """Named by import path: a student behind the endpoint of the test."""
    return LMPlanner(ApiModel(SERVERS[-1].config()), COMPACT, DOMAIN.table)


@pytest.fixture
def episodes():
    """Episodes of several turns, with discoveries and blocked ways."""
    drawn = [
        *episodes_of(range(60, 64), tier='core', hidden=0.4),
        *episodes_of(range(70, 72), tier='full', hidden=0.4),
    ]
    played = [with_known_graphs(taught(episode)) for episode in drawn]
    found = [e for e in played if len(e.turns) > 3 and _updates(e, 'upsert_nodes')]
    blocked = [e for e in found if _updates(e, 'remove_connections')]
    chosen = (blocked + [e for e in found if e not in blocked])[:5]
    assert len(chosen) == 5
    assert len(blocked) >= 2
    return chosen


def _updates(episode, name: str) -> bool:
    return any(getattr(observation.update, name) for _, observation in episode.actions)


def start(ros, planner: str):
    ros.start_planner(planner__order=[planner])


def ask(ros, episode, graph, history):
    """Ask for the next plan of an episode, with all that the robot knows."""
    response = ros.call(
        GetPlan,
        'plan',
        task=episode.task.request,
        history=[turn_to_message(turn, DOMAIN.table) for turn in history],
        scene_graph_json=render_scene_graph(graph),
    )
    assert response.success, response.error_msg
    return response.plan


def said(messages) -> bytes:
    return json.dumps(messages, ensure_ascii=False).encode()


def test_a_teacher_is_asked_over_ros_with_the_bytes_of_the_dataset(
    ros, episodes, tmp_path, monkeypatch
):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)
    path = tmp_path / 'teacher.yaml'
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))
    with TeacherServer() as server:
        path.write_text(
            f'model: {server.config().model}\n'
            f'base_url: {server.url}\n'
            f'key_variable: {KEY_VARIABLE}\n'
        )
        start(ros, 'prism_core.inference.lm_factory:make_lm_planner')
        asked = 0
        for number, episode in enumerate(episodes):
            episode.provenance['id'] = f'mapping/{number}'
            states = list(states_of(episode))
            for sample in render_samples(episode, DOMAIN, 'spine', header=HEADER):
                for prompt, turn in _prompts_of(sample):
                    graph, history, _ = states[turn]
                    ask(ros, episode, graph, history)
                    assert said(server.asks[-1].body['messages']) == said(prompt)
                    asked += 1
        assert asked == len(server.asks) == sum(len(e.turns) for e in episodes) > 20


def _prompts_of(sample):
    """Each prompt that a sample teaches a reply to, and the number of its turn."""
    replies = [i for i, m in enumerate(sample.messages) if m['role'] == 'assistant']
    for number, (at, weight) in enumerate(zip(replies, sample.weights)):
        if weight:
            yield list(sample.messages[:at]), sample.first_turn + number


def test_a_student_is_asked_over_ros_with_the_bytes_of_the_dataset(ros, episodes, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)
    taught_replies: dict[bytes, str] = {}
    with TeacherServer(answer=lambda messages: taught_replies[said(messages)]) as server:
        SERVERS.append(server)
        start(ros, f'{__name__}:make_compact')
        for episode in episodes:
            for graph, history, turn in states_of(episode):
                prompt = COMPACT.render_prompt(episode.task.request, graph, history)
                taught_replies[said(prompt)] = COMPACT.render_reply(turn.plan, graph)
                plan = ask(ros, episode, graph, history)
                assert said(server.asks[-1].body['messages']) == said(prompt)
                steps = plan_to_message(turn.plan, DOMAIN.table).steps
                assert [(s.action, list(s.targets)) for s in plan.steps] == [
                    (s.action, list(s.targets)) for s in steps
                ]
        assert len(server.asks) == sum(len(e.turns) for e in episodes)
        assert all('scene_graph' not in str(ask.body) for ask in server.asks)


def test_a_student_hears_over_ros_what_was_said_before(ros, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)
    config = WorldConfig(kinds=('follow_up',), tasks=2)
    taught_replies: dict[bytes, str] = {}
    with TeacherServer(answer=lambda messages: taught_replies[said(messages)]) as server:
        SERVERS.append(server)
        start(ros, f'{__name__}:make_compact')
        for episode in [e for seed in (1, 2) for e in draw_demonstrations(seed, config, WORDS)]:
            graph = episode.known_graph
            history = [replace(turn, known_graph=None) for turn in episode.earlier]
            prompt = COMPACT.render_prompt(episode.task.request, graph, history)
            taught_replies[said(prompt)] = COMPACT.render_reply(episode.turns[0].plan, graph)
            ask(ros, episode, graph, history)
            assert said(server.asks[-1].body['messages']) == said(prompt)
            assert f'task {episode.before.turns[0].request}' in prompt[-1]['content']
        assert len(server.asks) >= 2


DOCK = Node('dock_1', 'region', (0.0, 0.0), 'concrete dock')
SENT = {  # what a mapper sends between two turns, and whether the robot tells it in its history
    'an object is gone': (GraphUpdate(remove_nodes=('forklift_1',)), True),
    'where the robot is comes again': (GraphUpdate(upsert_nodes=(DOCK,)), True),
    'it is moved': (GraphUpdate(upsert_nodes=(replace(DOCK, position=(0.1, 0.0)),)), True),
    'another one comes': (GraphUpdate(upsert_nodes=(Node('cone_1', 'object', (1, 1)),)), True),
    'a region is gone': (GraphUpdate(remove_nodes=('field_1',)), True),
    'it comes back': (GraphUpdate(upsert_nodes=(Node('field_1', 'region', (9, 9)),)), True),
    'nobody tells the robot': (GraphUpdate(remove_nodes=('shed_1',)), False),
    'nothing': (GraphUpdate(), True),
    'all that it knew of the cone': (GraphUpdate(remove_nodes=('cone_1',)), True),
}


MAPPED_IN_TURN = (
    *('dock_1', 'road_1', 'road_2', 'road_3', 'gate_1', 'warehouse_1', 'field_2'),
    *('parking_1', 'courtyard_1'),
)


def look_around(messages) -> str:
    """What the model says: map where the robot is."""
    at = re.search(r'now (.*?<r\d+>)', messages[-1]['content'])
    return f' survey : map {at[1]}'


@pytest.mark.parametrize(('dialect', 'maker'), [(SPINE, make_spine), (COMPACT, make_compact)])
def test_the_student_plans_every_turn_whatever_a_mapper_sends(ros, monkeypatch, dialect, maker):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)
    history: list[Turn] = []

    def look_further(messages) -> str:
        """What the model says: map one region after the other."""
        step = Action('map_region', (MAPPED_IN_TURN[len(history)],))
        return dialect.render_reply(Plan((step,), 'survey'), node._mirror.graph)

    with TeacherServer(answer=look_further) as server:
        SERVERS.append(server)
        ros.start_graph()
        node = ros.start_planner(
            planner__order=[f'student={__name__}:{maker.__name__}', 'symbolic']
        )
        ros.spin_until(lambda: node._mirror.graph is not None)
        before: list = []
        told = []
        for what, (update, is_told) in SENT.items():
            response = ros.call(GetPlan, 'plan', task='look around', history=history)
            assert response.success, (what, response.error_msg)
            assert response.plan.source == PlanMessage.SOURCE_STUDENT, what
            messages = server.asks[-1].body['messages']
            graph = node._mirror.graph
            read = dialect.parse_prompt(messages, graph).known_graph
            assert read.nodes.keys() == graph.nodes.keys()
            assert read.connections.keys() == graph.connections.keys()
            told.append(messages[: len(before)] == before)
            before = messages
            message = update_to_message(update)
            done = ros.call(UpdateGraph, 'update_graph', update=message)
            assert done.success, done.error_msg
            ros.spin_until(lambda done=done: node._mirror.graph.revision == done.revision)
            seen = Observation(update=message if is_told else SceneGraphUpdate())
            history.append(Turn(plan=response.plan, observations=[seen], robot_location='dock_1'))
        without_news = [True] * len(SENT)
        without_news[list(SENT).index('nobody tells the robot') + 1] = False
        assert told == without_news


def test_a_history_without_the_plans_that_were_given_is_told_from_what_is_known(ros, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)
    with TeacherServer(answer=look_around) as server:
        SERVERS.append(server)
        ros.start_graph()
        node = ros.start_planner(planner__order=[f'{__name__}:make_compact'])
        ros.spin_until(lambda: node._mirror.graph is not None)
        step = PlanStep(action='map_region', targets=['road_1'])
        turn = Turn(plan=PlanMessage(steps=[step]), observations=[Observation()])
        assert ros.call(GetPlan, 'plan', task='look', history=[turn]).success
        (only,) = server.asks[-1].body['messages']
        assert '\ndid map road<' in only['content']
