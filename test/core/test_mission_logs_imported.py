# SPDX-License-Identifier: Apache-2.0
"""Logs of missions as episodes: the same turns, tasks for a teacher, why the rest is neither."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Node, Observation, Plan
from prism_core.cli.import_logs import import_
from prism_core.cli.produce import elicit
from prism_core.dataset.episode_json import parse_episode, read_episodes, render_episode
from prism_core.dataset.filter import find_fault
from prism_core.dataset.mission_logs import import_missions, tasks_of
from prism_core.dataset.teaching import SYMBOLIC, Classroom
from prism_core.domain import find_domain
from prism_core.episode.planner import run_episode
from prism_core.errors import SkillFailed, SkillUnavailable
from prism_core.graph.elements import GraphUpdate
from prism_core.mission import (
    Budget,
    MissionLog,
    RobotMission,
    Rules,
    SimulatedSkills,
    begin_of,
    run_mission,
)

from .hand_made import do, make_known, make_simulator, make_true
from .mapping_worlds import episodes_of
from .mission_doubles import MAPPING, Clock, Erring, ScriptedPlanner

QUESTION = 'what color is the crate?'
KNOWN = make_known('gate_3', 'yard_7', 'shed_2', 'lane_4', objects=())


def write_log(
    path,
    *,
    request=QUESTION,
    planner=None,
    skills=None,
    mission_id='m1',
    facts=None,
    history=(),
    budget=None,
    rules=None,
):
    """Run a mission on simulated skills with its log; the mission, and the log's text."""
    skills = skills or SimulatedSkills(make_simulator(make_true(('shed_2', 'yard_7')), KNOWN))
    budget, rules = budget or Budget(), rules or Rules()
    begin = begin_of(request, budget, rules, history)
    log = MissionLog(
        path, {'mission_id': mission_id, 'domain': 'mapping', **(facts or {}), **begin}
    )
    mission = RobotMission(
        request, MAPPING.table, budget=budget, rules=rules, history=history, note=log.note
    )
    run_mission(mission, planner or MAPPING.make_symbolic(), skills)
    return mission, path.read_text('utf-8')


def import_one(text: str, domain=MAPPING):
    (one,) = import_missions({'logs/m1.jsonl': text}, domain)
    return one


# ---------------------------------------------------------------------------------- the round trip


def test_a_mission_comes_back_as_the_same_turns(tmp_path):
    mission, text = write_log(tmp_path / 'm1.jsonl')
    one = import_one(text)
    assert (one.source, one.status, one.reason) == ('logs/m1.jsonl', 'checked', '')
    episode = one.episode
    assert episode.turns == mission.history
    assert episode.task.request == QUESTION
    assert (episode.known_graph.nodes, episode.known_graph.robot_location) == (
        KNOWN.nodes,
        'gate_3',
    )
    assert find_fault(episode) == ''
    assert parse_episode(render_episode(episode)) == episode
    told = episode.provenance
    assert (told['id'], told['imported_from']) == ('m1', 'mission log')
    assert told['mission']['ending'] == 'reported'
    assert told['mission']['answer'] == mission.answer
    assert told['mission']['plans'] == mission.turns


def test_missions_in_drawn_worlds_come_back_and_the_judge_says_the_same(tmp_path):
    counts = Counter()
    drawn = [e for e in episodes_of(range(4), tier='full', hidden=0.3) if e.task.intent][:30]
    for number, task in enumerate(drawn):
        skills = SimulatedSkills(MAPPING.make_simulator(task))
        path = tmp_path / f'{number}.jsonl'
        mission, text = write_log(path, request=task.task.request, skills=skills)
        one = import_one(text)
        counts[one.status] += 1
        if one.episode is None:
            continue
        refused = [
            o for turn in mission.history for o in turn.observations if o.status == 'refused'
        ]
        if not refused:
            assert one.episode.turns == mission.history
        if one.status == 'checked':
            played = run_episode(MAPPING.make_symbolic(), MAPPING.make_simulator(task), task)
            assert played.ending == one.episode.ending
    assert counts['checked'] > len(drawn) / 2
    assert counts['unreadable'] == 0


def test_the_teacher_plays_the_tasks_and_its_episodes_are_good(tmp_path):
    _, text = write_log(tmp_path / 'm1.jsonl')
    (task,) = tasks_of([import_one(text)])
    assert (task.turns, task.ending, task.outcome) == ((), '', None)
    played = Classroom(SYMBOLIC, MAPPING).play(task)
    assert find_fault(played) == ''
    assert played.provenance['id'] == 'm1'
    assert played.provenance['mission']['ending'] == 'reported'


# ------------------------------------------------------------------------------ what went otherwise


def test_a_mission_that_failed_is_a_task_and_no_episode(tmp_path):
    mission, text = write_log(tmp_path / 'm1.jsonl', budget=Budget(max_turns=2))
    assert mission.ending == 'turn_limit'
    one = import_one(text)
    assert (one.status, one.reason.partition(':')[0]) == ('failed', 'turn_limit')
    assert one.episode.ending == 'limit'
    assert find_fault(one.episode) != ''


def test_a_wrong_answer_is_failed_and_its_task_is_played_right(tmp_path):
    plans = [
        Plan((do('goto', 'lane_4'), do('map_region', 'lane_4'))),
        Plan((do('inspect', 'crate_31', QUESTION),)),
        Plan((do('answer', 'The crate is blue.'),)),
    ]
    _, text = write_log(tmp_path / 'm1.jsonl', planner=ScriptedPlanner(plans))
    one = import_one(text)
    assert (one.status, one.reason.partition(':')[0]) == (
        'failed',
        'the judge does not pass the answer',
    )
    (task,) = tasks_of([one])
    assert find_fault(Classroom(SYMBOLIC, MAPPING).play(task)) == ''


def test_plans_that_were_refused_are_kept_beside_the_turns(tmp_path):
    plans = [
        Plan((do('goto', 'atlantis'),)),
        Plan((do('goto', 'yard_7'), do('clarify', 'Which crate?'))),
    ]
    _, text = write_log(tmp_path / 'm1.jsonl', planner=ScriptedPlanner(plans))
    episode = import_one(text).episode
    assert [turn.plan.actions for turn in episode.turns] == [plans[1].actions]
    (refused,) = episode.provenance['refused']
    assert 'atlantis' in refused['reply']
    assert 'atlantis' in refused['feedback']


class Overheard(SimulatedSkills):
    """Somebody else tells of a node while the robot drives."""

    @property
    def known_graph(self):
        graph = super().known_graph
        if graph.robot_location != 'yard_7':
            return graph
        return graph.apply(GraphUpdate(upsert_nodes=(Node('cart_5', 'object', (9.0, 1.0)),)))


def test_what_others_told_meanwhile_is_news_of_the_step_before(tmp_path):
    skills = Overheard(make_simulator(make_true(), KNOWN))
    plans = [Plan((do('goto', 'yard_7'), do('replan'))), Plan((do('clarify', 'Whose cart?'),))]
    mission, text = write_log(tmp_path / 'm1.jsonl', planner=ScriptedPlanner(plans), skills=skills)
    assert mission.ending == 'asked', mission.reason
    episode = import_one(text).episode
    assert 'cart_5' in episode.final_graph.nodes
    assert [turn.plan for turn in episode.turns] == [turn.plan for turn in mission.history]
    first = episode.turns[0].replay(episode.known_graph)
    assert 'cart_5' not in first[-2].nodes
    assert 'cart_5' in first[-1].nodes


def test_a_question_keeps_what_the_user_replied_and_how_that_ended(tmp_path):
    asking = ScriptedPlanner([Plan((do('goto', 'yard_7'), do('clarify', 'Which crate?')))])
    asked, first = write_log(tmp_path / 'm1.jsonl', planner=asking)
    going_on = ScriptedPlanner([Plan((do('answer', 'Forget it.'),))])
    facts = {'continues': 'm1', 'reply': 'the red one'}
    _, second = write_log(
        tmp_path / 'm2.jsonl',
        request='what color is the red one?',
        planner=going_on,
        mission_id='m2',
        facts=facts,
        history=asked.history,
        skills=SimulatedSkills(make_simulator(make_true(), make_known(at='yard_7'))),
    )
    one, two = import_missions({'a': first, 'b': second}, MAPPING)
    assert one.episode.ending == 'asked'
    assert one.episode.provenance['reply'] == {
        'text': 'the red one',
        'mission': 'm2',
        'ending': 'reported',
    }
    assert two.episode.provenance['continues'] == 'm1'
    assert len(two.episode.turns) == 1


# --------------------------------------------------------------------------------- what is no use


def lines_of(text: str, *changes) -> str:
    lines = [json.loads(line) for line in text.splitlines()]
    for change in changes:
        change(lines)
    return ''.join(f'{json.dumps(line)}\n' for line in lines)


@pytest.mark.parametrize(
    ('options', 'change', 'reason'),
    [
        ({}, lambda lines: lines[0].update(domain='tabletop'), 'another domain'),
        ({}, lambda lines: lines.__delitem__(slice(3, None)), 'no end'),
        ({}, lambda lines: lines.__delitem__(slice(0, None)), 'no log of a mission'),
        ({}, lambda lines: lines[0].update(schema_version=7), 'no log of a mission'),
        ({'rules': Rules(is_dry=True)}, lambda lines: None, 'a dry run'),
        ({'planner': ScriptedPlanner([])}, lambda lines: None, 'no plan'),
    ],
)
def test_what_makes_no_episode_is_counted_by_its_reason(tmp_path, options, change, reason):
    _, text = write_log(tmp_path / 'm1.jsonl', **options)
    one = import_one(lines_of(text, change))
    assert (one.status, one.episode) == ('unreadable', None)
    assert one.reason.partition(':')[0] == reason


@pytest.mark.parametrize('ending', ['skill_unavailable', 'skill_failed'])
def test_what_the_robot_could_not_do_is_not_laid_at_the_planners_door(tmp_path, ending):
    error = {'skill_unavailable': SkillUnavailable, 'skill_failed': SkillFailed}[ending]
    seen = iter([Observation(update=GraphUpdate(robot_location='yard_7')), error('it is broken')])
    skills = Erring(make_simulator(make_true(), KNOWN), lambda action: next(seen))
    plans = [Plan((do('goto', 'yard_7'), do('goto', 'gate_3'), do('replan')))]
    _, text = write_log(tmp_path / 'm1.jsonl', planner=ScriptedPlanner(plans), skills=skills)
    one = import_one(text)
    assert (one.status, one.reason) == ('failed', f'{ending}: it is broken')
    assert (one.episode.ending, one.episode.error) == ('', 'it is broken')


def test_a_domain_that_reads_no_requests_says_so(tmp_path):
    tabletop = find_domain('tabletop')
    drawn = tabletop.draw_world(5, tabletop.plan_world(tabletop.recipe_type(), 0, False, {}))
    task = next(iter(drawn))
    path = tmp_path / 'm1.jsonl'
    begin = begin_of(task.task.request, Budget(), Rules())
    log = MissionLog(path, {'domain': 'tabletop', **begin})
    mission = RobotMission(task.task.request, tabletop.table, note=log.note)
    skills = SimulatedSkills(tabletop.make_simulator(task))
    run_mission(mission, tabletop.make_teacher(task.task), skills)
    one = import_one(path.read_text('utf-8'), tabletop)
    assert one.status == 'unjudged'
    assert one.reason.partition(':')[0] == 'not understood'
    assert one.episode.turns == mission.history
    assert list(tasks_of([one])) == []


@given(st.text(max_size=80), st.booleans())
def test_whatever_the_text_it_is_one_verdict(text, is_line):
    one = import_one(f'{text}\n' if is_line else text)
    assert one.status == 'unreadable'
    assert one.reason


# ------------------------------------------------------------------------------- the command line


def test_logs_become_a_folder_that_elicit_takes(tmp_path):
    logs = tmp_path / 'logs'
    write_log(logs / 'm1.jsonl')
    write_log(logs / 'm2.jsonl', budget=Budget(max_turns=1), mission_id='m2')
    (logs / 'm3.jsonl').write_text('no log\n', 'utf-8')
    out = tmp_path / 'out'
    done = CliRunner().invoke(import_, ['missions', str(logs), '--out', str(out)])
    assert done.exit_code == 0, done.output
    assert 'wrote 1 episodes' in done.output
    with (out / 'episodes.jsonl').open() as lines:
        (episode,) = read_episodes(lines)
    assert episode.provenance['id'] == 'm1'
    others = [json.loads(line) for line in (out / 'unchecked.jsonl').read_text().splitlines()]
    assert [one['status'] for one in others] == ['failed', 'unreadable']
    played = tmp_path / 'played'
    arguments = [str(out), '--out', str(played), '--runner', 'threads', '--no-report']
    done = CliRunner().invoke(elicit, arguments)
    assert done.exit_code == 0, done.output
    with (played / 'episodes.jsonl').open() as lines:
        relabelled = list(read_episodes(lines))
    assert relabelled
    assert all(find_fault(episode) == '' for episode in relabelled)


def test_a_folder_without_logs_says_what_to_name(tmp_path):
    done = CliRunner().invoke(import_, ['missions', str(tmp_path), '--out', str(tmp_path / 'out')])
    assert done.exit_code == 1
    assert 'executor.log_directory' in done.output
    assert not (tmp_path / 'out').exists()


def test_time_runs_as_the_log_says(tmp_path):
    clock = Clock()
    log = MissionLog(tmp_path / 'm1.jsonl', begin_of('go', Budget(), Rules()))
    mission = RobotMission('go', MAPPING.table, clock=clock, note=log.note)
    mission.take_plan(Plan((do('goto', 'yard_7'), do('answer', 'There.'))), KNOWN)
    clock.now_s += 7.0
    update = GraphUpdate(robot_location='yard_7')
    mission.take_observation(Observation(update=update), KNOWN.apply(update))
    one = import_one((tmp_path / 'm1.jsonl').read_text('utf-8'))
    assert one.episode.provenance['mission']['elapsed_s'] == 7.0
    assert one.episode.provenance['id'] == 'logs/m1.jsonl'
