# SPDX-License-Identifier: Apache-2.0
"""What `prism watch` shows of a robot, and what it takes from a page: without ROS and sockets."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import GraphUpdate, Node, SceneGraph
from prism_core.watch import (
    SILENT_S,
    Approval,
    CommandReply,
    Limits,
    MissionEnd,
    MissionProgress,
    NewTask,
    PlannersNow,
    WatchBoard,
    WatchedPlan,
    WatchedPlanner,
    WatchedStep,
)
from prism_core.watch.board import MAX_SEEN
from prism_core.watch.commands import CommandRefused, read_command
from prism_core.watch.map_view import MapMarks, show_map
from prism_core.watch.server import render_page

from .hand_made import make_known, make_true
from .mission_doubles import Clock

KNOWN = make_known('gate_3', 'yard_7', 'shed_2', 'lane_4', objects=())
PLAN = WatchedPlan(
    '0a' * 16,
    task='what color is the crate?',
    reasoning='The crate may be there.',
    steps=(
        WatchedStep('goto(yard_7)', targets=('yard_7',)),
        WatchedStep('look(shed_2)', targets=('shed_2',)),
    ),
    source='symbolic',
    passed_over=('student: it did not answer within 2.0 s',),
    stamp_s=10.0,
)
ID = 'f' * 32


def with_statuses(plan: WatchedPlan, *statuses: str, **fields) -> WatchedPlan:
    steps = tuple(replace(s, status=said) for s, said in zip(plan.steps, statuses))
    return replace(plan, steps=steps, **fields)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def board(clock):
    board = WatchBoard('/robot1', clock_s=clock, wall_s=lambda: 1000.0)
    board.take_graph(KNOWN, epoch=1)
    return board


def seen(board) -> list[str]:
    return [text for _, text, _ in board.show_state()['seen']]


def on_map(board, numbers) -> list[str]:
    return [board.show_map()['nodes'][number][0] for number in numbers]


# ----------------------------------------------------------------------------- the state in words


def test_a_board_that_heard_nothing_says_so():
    state = WatchBoard().show_state()
    assert (state['graph'], state['plan'], state['mission'], state['planners']) == (None,) * 4
    assert state['end'] is state['approval'] is WatchBoard().show_map() is None
    json.dumps(state, allow_nan=False)


def test_a_mission_shows_its_plan_its_step_who_planned_and_what_is_left(board):
    board.take_limits(Limits(turns=10, replans=3, distance_m=200.0, time_s=60.0))
    assert board.begin_mission(ID)
    board.take_plan(PLAN)
    board.take_plan(with_statuses(PLAN, 'succeeded', 'running'))
    board.take_progress(
        ID, MissionProgress('executing', PLAN.plan_id, 1, 2, distance_m=10.0, elapsed_s=4.5)
    )
    state = board.show_state()
    mission = state['mission']
    assert (mission['phase'], mission['step'], mission['steps_total']) == ('executing', 1, 2)
    assert mission['limits'] == {'turns': 10, 'replans': 3, 'distance_m': 200.0, 'time_s': 60.0}
    assert (mission['distance_m'], mission['elapsed_s'], mission['turns']) == (10.0, 4.5, 1)
    assert [step['status'] for step in state['plan']['steps']] == ['succeeded', 'running']
    assert state['plan']['source'] == 'symbolic'
    assert 'did not answer' in state['plan']['passed_over'][0]
    assert state['approval'] is None
    assert on_map(board, board.show_map()['looks']) == ['shed_2']
    assert 'goto(yard_7): succeeded' in seen(board)


def test_a_plan_with_the_status_of_its_steps_is_not_undone_by_the_same_plan_without(board):
    board.take_plan(with_statuses(PLAN, 'succeeded', 'succeeded'))
    board.take_plan(PLAN)  # a late joiner gets that of the planner last
    assert [s['status'] for s in board.show_state()['plan']['steps']] == ['succeeded'] * 2
    board.take_plan(replace(PLAN, plan_id='0b' * 16, stamp_s=11.0))
    assert board.show_state()['plan']['plan_id'] == '0b' * 16
    board.take_plan(replace(PLAN, plan_id='0c' * 16, stamp_s=9.0))
    assert board.show_state()['plan']['plan_id'] == '0b' * 16


def test_while_a_mission_is_under_way_its_own_plan_is_shown_and_no_other(board):
    board.take_plan(PLAN)
    board.take_progress(ID, MissionProgress('executing', PLAN.plan_id, 0, 2))
    board.take_plan(replace(PLAN, plan_id='0b' * 16, stamp_s=11.0))
    assert board.show_state()['plan']['plan_id'] == PLAN.plan_id


def test_a_step_that_awaits_approval_is_shown_with_what_must_be_sent_back(board):
    board.take_plan(with_statuses(PLAN, 'succeeded', 'awaiting approval'))
    board.take_progress(ID, MissionProgress('awaiting approval', PLAN.plan_id, 1, 2))
    assert board.show_state()['approval'] == {
        'plan': PLAN.plan_id,
        'step': 1,
        'text': 'look(shed_2)',
    }
    board.take_progress(ID, MissionProgress('executing', PLAN.plan_id, 1, 2))
    assert board.show_state()['approval'] is None


def test_a_question_is_shown_with_the_mission_that_a_reply_goes_on_with(board):
    board.begin_mission(ID)
    board.end_mission(ID, MissionEnd('NEEDS_CLARIFICATION', 'car_1 or car_2?', mission_id='m7'))
    state = board.show_state()
    assert state['mission'] is None
    assert state['end']['isQuestion']
    assert (state['end']['answer'], state['end']['mission_id']) == ('car_1 or car_2?', 'm7')
    assert 'the mission ended: NEEDS_CLARIFICATION: car_1 or car_2?' in seen(board)
    assert board.begin_mission('e' * 32)
    assert board.show_state()['end'] is None


def test_a_second_mission_that_is_refused_does_not_end_the_first(board):
    board.take_progress(ID, MissionProgress('executing'))
    assert not board.begin_mission('e' * 32)
    board.end_mission('e' * 32, MissionEnd('BUSY', error='another mission is under way'))
    assert board.show_state()['mission']['phase'] == 'executing'
    assert 'another mission was refused: BUSY: another mission is under way' in seen(board)


def test_feedback_that_comes_behind_the_end_begins_nothing(board):
    board.take_progress(ID, MissionProgress('executing'))
    board.end_mission(ID, MissionEnd('NONE', 'it is red'))
    assert not board.take_progress(ID, MissionProgress('executing'))
    assert board.show_state()['mission'] is None
    assert board.show_state()['end']['answer'] == 'it is red'


def test_who_falls_silent_is_said_to_be_silent(board, clock):
    board.take_planners(PlannersNow('ready', planners=(WatchedPlanner('symbolic', 'ready'),)))
    board.take_progress(ID, MissionProgress('executing'))
    assert board.show_state()['mission']['silent_s'] == 0
    clock.now_s += SILENT_S + 2
    state = board.show_state()
    assert state['mission']['silent_s'] == state['planners']['silent_s'] == SILENT_S + 2
    board.lose_mission('prism_executor is gone')
    assert board.show_state()['end']['error'] == 'prism_executor is gone'
    board.lose_mission('again')
    assert board.show_state()['end']['error'] == 'prism_executor is gone'


def test_what_was_seen_is_told_in_words_and_no_more_of_it_is_kept_than_fits(board):
    board.begin_mission(ID)
    grown = make_true(('shed_2', 'yard_7'))
    board.take_graph(grown.at('yard_7'), epoch=1)
    said = seen(board)
    assert any('new:' in line and 'crate_31' in line for line in said)
    assert any(line.startswith('blocked:') and 'shed_2' in line for line in said)
    assert 'the robot is in yard_7' in said
    for number in range(2 * MAX_SEEN):
        board.note(f'{number} {"x" * 5000}')
    lines = board.show_state()['seen']
    assert len(lines) == MAX_SEEN
    assert max(len(text) for _, text, _ in lines) <= 600
    assert lines[-1][1].startswith(f'{2 * MAX_SEEN - 1} ')


def test_a_graph_that_began_anew_is_no_news_of_each_node(board):
    board.take_graph(make_true(), epoch=2)
    assert seen(board) == ['the scene graph began anew, with 8 nodes']


# ------------------------------------------------------------------------------------- the map


def test_the_map_shows_what_is_new_the_way_driven_the_way_ahead_and_what_is_blocked(board):
    board.begin_mission(ID)
    gone = GraphUpdate(
        upsert_nodes=(Node('crate_31', 'object', (18, 4)),),
        remove_connections=(KNOWN.connections['shed_2', 'yard_7'],),
        robot_location='yard_7',
    )
    board.take_graph(KNOWN.apply(gone), epoch=1)
    board.take_plan(with_statuses(PLAN, 'succeeded', 'running'))
    board.take_progress(ID, MissionProgress('executing', PLAN.plan_id, 1, 2))
    shown = board.show_map()
    start, drive, ahead = shown['start'], *shown['turns']
    assert on_map(board, start['robot']) == ['gate_3']
    assert on_map(board, ahead['known']) == ['crate_31']
    assert on_map(board, drive['way']) == ['gate_3', 'yard_7']
    assert on_map(board, ahead['way']) == ['yard_7', 'gate_3', 'lane_4', 'shed_2']
    assert [sorted(on_map(board, ends)) for ends in start['blocked']] == [['shed_2', 'yard_7']]
    before = board.map_version
    board.take_progress(ID, MissionProgress('executing', PLAN.plan_id, 1, 2, elapsed_s=9.0))
    assert board.map_version == before  # nothing is drawn anew because time passes
    board.end_mission(ID, MissionEnd('NONE', 'it is red'))
    assert board.show_map()['turns'][-1]['way'] == []


def test_of_a_large_graph_what_is_near_the_robot_and_the_plan_is_drawn():
    regions = [Node(f'place_{n}', 'region', (n, 0)) for n in range(2000)]
    graph = SceneGraph(regions, robot_location='place_1000')
    marks = MapMarks(looks={'place_7'}, ahead=['place_1000', 'place_1999'])
    shown = show_map(graph, marks, max_drawn=50)
    names = {node[0] for node in shown['nodes']}
    assert len(names) == 50
    assert {'place_1000', 'place_7', 'place_1999'} <= names
    assert shown['total'] == 2000
    whole = show_map(graph, marks, max_drawn=2000)
    assert len(whole['nodes']) == 2000


def test_nodes_of_unknown_position_are_drawn_and_said():
    graph = SceneGraph([Node('a_1', 'region', None), Node('b_2', 'object', None)])
    shown = show_map(graph, MapMarks())
    assert len(shown['nodes']) == 2
    assert shown['unknown'] == 'no positions are known'
    json.dumps(shown, allow_nan=False)


@given(st.lists(st.tuples(st.text(max_size=9), st.booleans()), max_size=9), st.text())
def test_whatever_is_heard_is_shown_as_json(lines, text):
    board = WatchBoard(text)
    for line, is_bad in lines:
        board.note(line, is_bad=is_bad)
    board.take_plan(WatchedPlan(ID, task=text, steps=(WatchedStep(text, text, text),)))
    board.take_progress(ID, MissionProgress(text, ID, 0, 1, message=text))
    board.end_mission(ID, MissionEnd(text, text, text, text))
    again = json.loads(json.dumps(board.show_state(), allow_nan=False))
    assert again['plan']['task'] == again['end']['answer'] == text


# --------------------------------------------------------------------------------------- the page


@pytest.mark.parametrize('can_act', [True, False])
def test_the_page_holds_all_it_needs_and_loads_nothing_from_elsewhere(can_act):
    page = render_page(can_act=can_act)
    assert set(re.findall(r'https?://[^\'"\s]+', page)) == {'http://www.w3.org/2000/svg'}
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith("connect-src 'self'")
    assert "'unsafe" not in policy
    assert page.count('<script') == 2
    assert f'"canAct": {str(can_act).lower()}' in page
    assert 'innerHTML' not in page


# ---------------------------------------------------------------------------- what a page may ask


class Heard:
    """A robot that notes what it is told."""

    def __init__(self):
        self.told = []

    def _note(self, *said):
        self.told.append(said)
        return CommandReply(True, 'heard')

    def stop(self):
        return self._note('stop')

    def approve(self, approval):
        return self._note(approval)

    def send(self, task):
        return self._note(task)


@pytest.mark.parametrize(
    ('path', 'body', 'told'),
    [
        ('/stop', {}, 'stop'),
        (
            '/approve',
            {'plan_id': ID, 'step': 3, 'approve': False, 'reason': 'people'},
            Approval(ID, 3, False, 'people'),
        ),
        ('/approve', {'plan_id': ID, 'step': 0, 'approve': True}, Approval(ID, 0, True)),
        ('/task', {'task': 'find a crate'}, NewTask('find a crate')),
        (
            '/task',
            {'task': 'car_2', 'continue_mission': 'm7', 'require_approval': True, 'dry_run': True},
            NewTask('car_2', 'm7', '', True, True),
        ),
    ],
)
def test_what_a_page_asks_for_reaches_the_robot(path, body, told):
    robot = Heard()
    assert read_command(path, body)(robot) == CommandReply(True, 'heard')
    assert robot.told == [(told,)]


@pytest.mark.parametrize(
    ('path', 'body', 'sentence'),
    [
        ('/stop', [], 'expected a JSON object'),
        ('/stop', {'all': 1}, 'expected the fields of an empty object'),
        ('/task', {}, 'expected a task'),
        ('/task', {'task': ' \n'}, 'expected a task'),
        ('/task', {'task': 'x' * 4097}, 'at most 4096'),
        ('/task', {'task': 'a\0b'}, 'task: expected a text'),
        ('/task', {'task': '\ud800'}, 'task: expected a text'),
        ('/task', {'task': 'a', 'dry_run': 'no'}, 'dry_run: expected true or false'),
        ('/task', {'task': 'a', 'shell': 'rm'}, "got 'shell'"),
        ('/approve', {'plan_id': ID, 'step': 1}, 'approve: expected true or false'),
        ('/approve', {'plan_id': ID, 'step': True, 'approve': True}, 'step: expected a number'),
        ('/approve', {'plan_id': ID, 'step': 70000, 'approve': True}, 'step: expected a number'),
        ('/approve', {'plan_id': 'F' * 32, 'step': 1, 'approve': True}, 'hexadecimal'),
        ('/approve', {'step': 1, 'approve': True}, 'hexadecimal'),
    ],
)
def test_what_cannot_be_done_is_refused_with_why(path, body, sentence):
    with pytest.raises(CommandRefused, match=re.escape(sentence)):
        read_command(path, body)


def test_a_path_that_there_is_not_asks_for_nothing():
    assert read_command('/fly', {}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)
FIELDS = ['task', 'continue_mission', 'planner', 'dry_run', 'plan_id', 'step', 'approve', 'reason']


@given(
    st.sampled_from(['/stop', '/approve', '/task']),
    JSON | st.dictionaries(st.sampled_from(FIELDS), JSON),
)
def test_any_body_is_refused_or_asks_for_what_a_robot_can_be_told(path, body):
    robot = Heard()
    try:
        read_command(path, body)(robot)
    except CommandRefused:
        return
    ((told,),) = robot.told
    if isinstance(told, Approval):
        assert (type(told.step), type(told.approve)) == (int, bool)
        assert len(bytes.fromhex(told.plan_id)) == 16
    elif isinstance(told, NewTask):
        assert told.task.strip()
        assert type(told.dry_run) is bool
        told.task.encode()
