# SPDX-License-Identifier: Apache-2.0
"""Missions on a world made by hand and in generated ones: what is done, and how they end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prism_core import (
    GraphUpdate,
    Node,
    Observation,
    Plan,
    PlannerError,
    SkillFailed,
    SkillUnavailable,
)
from prism_core.domains.mapping.simulator import MappingSimulator
from prism_core.episode.closed_loop import MAX_REFUSED_IN_A_ROW, MAX_SAME
from prism_core.mission import (
    Budget,
    RobotMission,
    Rules,
    SimulatedSkills,
    Skills,
    as_earlier,
    run_mission,
)
from prism_core.testing import ScriptedPlanner

from .hand_made import do, make_known, make_simulator, make_true
from .mapping_worlds import WORDS, episodes_of, simulator_of, taught
from .mission_doubles import MAPPING, Clock, Erring, make_mission, run_script

ANSWER = Plan((do('answer', 'It is red.'),))
DRIVE = Plan((do('goto', 'yard_7'), do('goto', 'shed_2'), do('answer', 'I am there.')))
LOOK = Plan((do('inspect', 'crate_31', 'Is it red?'),))
SHED = do('goto', 'shed_2')
FAILED = Observation(feedback='a wheel is stuck', status='failed')


def statuses(mission: RobotMission) -> list[list[str]]:
    return [[seen.status for seen in turn.observations] for turn in mission.history]


# ------------------------------------------------------------ plan, act, observe


def test_a_plan_is_carried_out_step_by_step_and_the_answer_ends_the_mission():
    mission, skills = run_script([DRIVE])
    assert (mission.phase, mission.ending, mission.answer) == ('ended', 'reported', 'I am there.')
    assert skills.tried == [do('goto', 'yard_7'), do('goto', 'shed_2')]
    assert skills.known_graph.robot_location == 'shed_2'
    assert (mission.turns, mission.replans, mission.distance_m) == (1, 0, 20.0)


def test_news_ends_the_turn_and_planning_again_after_it_is_no_replan():
    mission, _ = run_script([LOOK, ANSWER])
    assert (mission.ending, mission.turns, mission.replans) == ('reported', 2, 0)
    assert mission.history[0].observations[0].update.set_attributes


def test_a_failed_step_is_told_to_the_planner_and_costs_a_replan():
    mission, _ = run_script([DRIVE, DRIVE], err=once(do('goto', 'shed_2'), FAILED))
    assert (mission.ending, mission.turns, mission.replans) == ('reported', 2, 1)
    assert statuses(mission) == [['done', 'failed'], ['done', 'done', 'done']]


def once(action, shown):
    left = [shown]
    return lambda tried: left.pop() if tried == action and left else None


def test_a_question_ends_the_mission_and_is_its_answer():
    mission, _ = run_script([Plan((do('goto', 'yard_7'), do('clarify', 'Which crate?')))])
    assert (mission.ending, mission.answer) == ('asked', 'Which crate?')


def test_a_stand_in_for_later_steps_needs_no_skill():
    mission, skills = run_script([Plan((do('replan'),)), ANSWER])
    assert (mission.ending, skills.tried, mission.replans) == ('reported', [], 0)


def test_a_planner_that_fails_ends_the_mission_with_what_it_said():
    mission, _ = run_script([LOOK, PlannerError('out of order')])
    assert (mission.ending, mission.reason) == ('planner_error', 'out of order')


@pytest.mark.parametrize('ending', ['skill_unavailable', 'skill_failed'])
def test_a_skill_that_is_not_there_or_hangs_ends_the_mission(ending):
    error = {'skill_unavailable': SkillUnavailable, 'skill_failed': SkillFailed}[ending]('no arm')
    mission, _ = run_script([DRIVE], err=once(do('goto', 'shed_2'), error))
    assert (mission.ending, mission.reason) == (ending, 'no arm')
    assert statuses(mission) == [['done']]


def test_the_same_in_vain_over_and_over_ends_the_mission():
    mission, _ = run_script([LOOK] * 20)
    assert (mission.ending, mission.turns) == ('stuck', 1 + MAX_SAME)
    assert 'brought no news' in mission.reason


def test_a_dry_run_ends_with_the_plan():
    mission, skills = run_script([DRIVE], rules=Rules(is_dry=True))
    assert (mission.ending, mission.plan, skills.tried) == ('planned', DRIVE, [])


def test_what_is_not_due_is_refused():
    mission = make_mission()
    with pytest.raises(ValueError, match='expected a mission that is acting, it is planning'):
        mission.take_observation(Observation(), make_known())


# ------------------------------------------------------------ the graph of the moment


def test_a_plan_that_does_not_fit_the_graph_of_now_is_not_carried_out():
    bad = Plan((do('goto', 'attic_9'),))
    mission, skills = run_script([bad, ANSWER])
    assert (mission.ending, mission.replans, skills.tried) == ('reported', 1, [])
    assert "does not contain 'attic_9'" in mission.history[0].observations[0].feedback


def test_plans_that_never_fit_end_the_mission():
    mission, _ = run_script([Plan((do('goto', 'attic_9'),))] * 9)
    assert (mission.ending, mission.turns) == ('plan_stale', MAX_REFUSED_IN_A_ROW)
    assert "'attic_9'" in mission.reason


def test_a_step_that_the_graph_has_overtaken_is_not_carried_out():
    graph = make_known()
    mission = make_mission()
    mission.take_plan(DRIVE, graph)
    gone = GraphUpdate(remove_nodes=('shed_2',), robot_location='yard_7')
    mission.take_observation(Observation(distance_m=10.0), graph.apply(gone))
    assert (mission.phase, mission.replans) == ('planning', 1)
    stale = mission.history[-1].observations[-1]
    assert stale.status == 'refused'
    assert stale.feedback.startswith('the scene graph has changed since this was planned.')
    assert "'shed_2'" in stale.feedback


def test_a_step_that_is_overtaken_while_it_waits_for_approval_is_not_carried_out():
    graph = make_known()
    mission = make_mission(rules=Rules(approve_all=True))
    mission.take_plan(Plan((do('goto', 'shed_2'),)), graph)
    mission.take_approval(True, '', graph.apply(GraphUpdate(remove_nodes=('shed_2',))))
    assert mission.phase == 'planning'


def test_a_change_that_leaves_the_rest_valid_changes_nothing():
    graph = make_known()
    mission = make_mission()
    mission.take_plan(DRIVE, graph)
    more = GraphUpdate(upsert_nodes=(Node('pit_5', 'region', (5, 5)),), robot_location='yard_7')
    mission.take_observation(Observation(), graph.apply(more))
    assert (mission.phase, mission.action) == ('acting', do('goto', 'shed_2'))


def test_what_a_request_forbids_is_not_carried_out():
    simulator = make_simulator()
    mission = make_mission(
        'go to shed_2, but stay away from yard_7',
        rules=Rules(find_breaches=MAPPING.find_breaches),
    )
    skills = Erring(simulator, lambda _: None)
    run_mission(mission, ScriptedPlanner([DRIVE, ANSWER]), skills)
    assert statuses(mission) == [['refused'], ['done']]
    assert skills.tried == []


# ------------------------------------------------------------ what failed twice for a reason


def always(action, shown):
    return lambda tried: shown if tried == action else None


def test_a_step_that_failed_twice_for_the_same_reason_is_not_tried_a_third_time():
    mission, skills = run_script([DRIVE, DRIVE, DRIVE, ANSWER], err=always(SHED, FAILED))
    assert skills.tried.count(SHED) == 2
    told = mission.history[2].observations[-1]
    assert (told.status, told.feedback) == (
        'refused',
        'goto(shed_2) failed twice for the same reason (a wheel is stuck) and is not tried again',
    )
    assert (mission.ending, mission.replans) == ('reported', 3)


def test_a_planner_that_plans_it_again_after_it_was_told_ends_the_mission():
    mission, skills = run_script([DRIVE] * 9, err=always(SHED, FAILED))
    assert skills.tried.count(SHED) == 2
    assert (mission.ending, mission.reason) == (
        'repeated_failure',
        'goto(shed_2) failed twice for the same reason (a wheel is stuck), and was planned again',
    )


def test_another_reason_is_worth_another_try():
    reasons = iter(['fog', 'mud', 'ice'])

    def err(action):
        reason = next(reasons, '') if action == SHED else ''
        return replace(FAILED, feedback=reason) if reason else None

    mission, skills = run_script([DRIVE] * 4, err=err)
    assert skills.tried.count(SHED) == 4
    assert (mission.ending, mission.replans) == ('reported', 3)


# ------------------------------------------------------------ budgets


def test_as_many_plans_as_the_budget_allows_are_made_and_no_more():
    looks = [Plan((do('inspect', 'crate_31', f'Is it {n}?'),)) for n in range(9)]
    mission, _ = run_script(looks, budget=Budget(max_turns=3))
    assert (mission.ending, mission.turns) == ('turn_limit', 3)
    assert 'may take 3 plans' in mission.reason


def test_a_budget_of_no_plans_ends_at_once():
    assert make_mission(budget=Budget(max_turns=0)).ending == 'turn_limit'


@pytest.mark.parametrize('allowed', [0, 1, 2])
def test_as_many_replans_as_the_budget_allows_are_made(allowed):
    reasons = iter('abcdefgh')
    mission, skills = run_script(
        [DRIVE] * 9,
        err=lambda action: replace(FAILED, feedback=next(reasons)),
        budget=Budget(max_replans=allowed),
    )
    assert (mission.ending, mission.replans) == ('replan_limit', allowed)
    assert len(skills.tried) == allowed + 1
    assert f"the last was: '{'abc'[allowed]}'" in mission.reason


def test_a_step_that_would_lead_too_far_is_not_begun():
    mission, skills = run_script([DRIVE], budget=Budget(max_distance_m=15.0))
    assert (mission.ending, mission.distance_m) == ('distance_limit', 10.0)
    assert skills.tried == [do('goto', 'yard_7')]
    assert mission.reason == (
        'goto(shed_2) is 10.0 m away; the mission may drive 15 m and has driven 10.0 m'
    )


def test_a_coordinate_that_is_too_far_is_not_driven_to():
    plan = Plan((do('extend_map', 100.0, 0.0),))
    mission, skills = run_script([plan], budget=Budget(max_distance_m=50.0))
    assert (mission.ending, skills.tried) == ('distance_limit', [])


def test_the_time_of_a_mission_ends_it_between_any_two_things():
    clock = Clock()

    def take_a_minute(action):
        clock.now_s += 60.0

    budget = Budget(max_time_s=90.0)
    mission, skills = run_script([DRIVE], err=take_a_minute, budget=budget, clock=clock)
    assert (mission.ending, mission.elapsed_s) == ('time_limit', 120.0)
    assert len(skills.tried) == 2
    assert statuses(mission) == [['done', 'done']]
    assert mission.remaining_s == 0.0


# ------------------------------------------------------------ approval


def test_a_marked_action_waits_for_approval_and_then_goes_on():
    asked = []

    def approve(action):
        asked.append(action)
        return True, 'fine'

    rules = Rules(approval_actions=frozenset({'goto'}))
    mission, _ = run_script([LOOK, DRIVE], rules=rules, approve=approve)
    assert asked == [do('goto', 'yard_7'), do('goto', 'shed_2')]
    assert mission.ending == 'reported'


def test_an_action_that_is_denied_is_not_carried_out_and_ends_the_mission():
    rules = Rules(approve_all=True)
    mission, skills = run_script([DRIVE], rules=rules, approve=lambda _: (False, 'people there'))
    assert (mission.ending, skills.tried) == ('approval_denied', [])
    assert mission.reason == 'goto(yard_7) was not approved: people there'


def test_nobody_is_there_to_approve_unless_somebody_is():
    mission = make_mission(rules=Rules(approve_all=True))
    run_mission(mission, ScriptedPlanner([DRIVE]), SimulatedSkills(make_simulator()))
    assert mission.ending == 'approval_denied'


def test_approval_of_all_leaves_words_alone_and_a_mark_does_not():
    rules = Rules(approve_all=True)
    assert run_script([ANSWER], rules=rules)[0].ending == 'reported'
    marked = Rules(approval_actions=frozenset({'answer'}))
    assert run_script([ANSWER], rules=marked)[0].ending == 'approval_denied'


# ------------------------------------------------------------ stop


def at_planning(mission):
    return mission


def at_approving(mission):
    mission.take_plan(DRIVE, make_known())
    return mission


def at_acting(mission):
    at_approving(mission).take_approval(True, '', make_known())
    return mission


@pytest.mark.parametrize('bring', [at_planning, at_approving, at_acting])
def test_a_mission_is_canceled_in_any_phase(bring):
    mission = bring(make_mission(rules=Rules(approve_all=True)))
    assert mission.phase == bring.__name__.removeprefix('at_')
    mission.cancel('somebody pressed the button')
    assert (mission.phase, mission.ending) == ('ended', 'canceled')
    assert mission.reason == 'somebody pressed the button'
    assert (mission.action, mission.history) == (None, ())
    mission.cancel('again')
    assert mission.reason == 'somebody pressed the button'


def test_what_a_canceled_step_has_shown_is_kept():
    mission = at_acting(make_mission(rules=Rules(approve_all=True)))
    shown = Observation(GraphUpdate(robot_location='yard_7'), 'stopped', 'failed', 4.0)
    mission.cancel('stop', shown)
    assert mission.history[-1].observations == (shown,)
    assert mission.distance_m == 4.0


# ------------------------------------------------------------ whole missions


def test_a_mission_in_a_simulator_goes_as_an_episode_does():
    episodes = [e for e in episodes_of(range(3), hidden=0.3) if e.task.intent is not None][:12]
    for episode in episodes:
        played = taught(episode)
        mission = RobotMission(episode.task.request, MAPPING.table)
        skills = SimulatedSkills(simulator_of(episode))
        run_mission(mission, MAPPING.make_teacher(episode.task), skills)
        assert mission.ending == played.ending
        assert mission.history == played.turns


def test_the_planner_by_search_finds_what_is_hidden_behind_a_blocked_way():
    true = make_true(('shed_2', 'yard_7'))
    known = make_known('gate_3', 'yard_7', 'shed_2', 'lane_4', objects=())
    skills = SimulatedSkills(make_simulator(true, known))
    mission = make_mission('what color is the crate?')
    run_mission(mission, MAPPING.make_symbolic(), skills)
    assert (mission.ending, 'red' in mission.answer) == ('reported', True)
    assert ('shed_2', 'yard_7') not in skills.known_graph.connections
    assert 'crate_31' in skills.known_graph.nodes
    assert mission.turns > 2


def test_the_planner_by_search_gives_up_what_it_is_told_not_to_try_again():
    def err(action):
        return FAILED if action.name == 'inspect' else None

    skills = Erring(make_simulator(), err)
    mission = make_mission('what color is the crate?')
    run_mission(mission, MAPPING.make_symbolic(), skills)
    assert [a.name for a in skills.tried].count('inspect') == 2
    assert mission.ending in ('reported', 'asked')
    assert 'red' not in mission.answer


@pytest.mark.parametrize('reply', ['car_2', 'the one called car_2', 'the red one'])
def test_a_question_is_answered_and_the_mission_goes_on(depot, symbolic, reply):
    skills = SimulatedSkills(MappingSimulator(depot, depot, WORDS.lexicon))
    first = run_mission(RobotMission('inspect the car', MAPPING.table), symbolic, skills)
    assert first.ending == 'asked'
    assert 'car_1 or car_2' in first.answer
    before = as_earlier(first.history, first.request)
    second = run_mission(RobotMission(reply, MAPPING.table, history=before), symbolic, skills)
    assert (second.ending, 'red car' in second.answer) == ('reported', True)
    assert second.turns == 2


def test_simulated_skills_are_skills():
    assert isinstance(SimulatedSkills(make_simulator()), Skills)
