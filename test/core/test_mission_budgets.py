# SPDX-License-Identifier: Apache-2.0
"""Whatever planners plan and skills show: a mission ends, and never takes more than it may; and its
log tells it again.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import GraphUpdate, Observation, Plan
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.mission import Budget, MissionLog, Rules, begin_of, replay_log
from prism_core.mission.rules import known_way_m

from .hand_made import do, make_known, make_true
from .mission_doubles import Clock, make_mission

REGIONS = ('gate_3', 'yard_7', 'shed_2', 'lane_4', 'attic_9')
steps = st.one_of(
    st.sampled_from(REGIONS).map(lambda name: do('goto', name)),
    st.sampled_from(REGIONS).map(lambda name: do('map_region', name)),
    st.tuples(st.integers(-40, 40), st.integers(-40, 40)).map(
        lambda at: do('extend_map', *map(float, at))
    ),
    st.sampled_from(['red', 'big']).map(lambda word: do('inspect', 'crate_31', word)),
    st.sampled_from([do('replan'), do('answer', 'done'), do('clarify', 'which?'), do('fly')]),
)
plans = st.lists(steps, max_size=4).map(lambda actions: Plan(tuple(actions)))
updates = st.one_of(
    st.just(GraphUpdate()),
    st.sampled_from(REGIONS[:4]).map(lambda name: GraphUpdate(robot_location=name)),
    st.sampled_from(['red', 'blue']).map(
        lambda value: GraphUpdate(set_attributes={'crate_31': {'color': value}})
    ),
)
observations = st.builds(
    Observation,
    update=updates,
    feedback=st.sampled_from(['', 'stuck', 'fog']),
    status=st.sampled_from(['done', 'failed', 'refused']),
    distance_m=st.floats(0, 30, allow_nan=False),
)
budgets = st.builds(
    Budget,
    max_turns=st.integers(0, 6),
    max_replans=st.integers(0, 4),
    max_distance_m=st.floats(0, 120) | st.just(float('inf')),
    max_time_s=st.floats(0, 60) | st.just(float('inf')),
)
rules = st.builds(
    Rules,
    approval_actions=st.frozensets(st.sampled_from(['goto', 'inspect', 'answer'])),
    approve_all=st.booleans(),
    is_dry=st.booleans(),
)


@given(st.data(), budgets, rules)
def test_no_mission_takes_more_than_it_may_and_each_runs_again_from_its_log(
    tmp_path_factory, data, budget, kept
):
    draw, clock, graph = data.draw, Clock(), make_known()
    path = tmp_path_factory.mktemp('log') / 'mission.jsonl'
    log = MissionLog(path, begin_of('do it', budget, kept))
    mission = make_mission(budget=budget, rules=kept, clock=clock, note=log.note)
    failures = 0
    while not mission.ending:
        assert mission.turns <= budget.max_turns
        assert mission.replans <= min(budget.max_replans, failures)
        before_s, phase = mission.elapsed_s, mission.phase
        assert before_s < budget.max_time_s or (phase == 'planning' and mission.turns == 0)
        clock.now_s += draw(st.floats(0, 20))
        if draw(st.integers(0, 30)) == 0:
            mission.cancel('stop')
        elif phase == 'planning':
            report = mission.take_plan(draw(plans), graph)
            failures += not report.is_valid
        elif phase == 'approving':
            mission.take_approval(draw(st.integers(0, 4)) > 0, 'so it was said', graph)
            failures += 1  # it may be refused now
        else:
            ahead_m = known_way_m(mission.action, graph, MAPPING_ACTIONS)
            assert mission.distance_m + ahead_m <= budget.max_distance_m
            shown = draw(observations)
            graph = graph.apply(shown.update)
            if draw(st.integers(0, 9)) == 0:  # somebody else changes it
                graph = draw(st.sampled_from([make_true(), make_known('gate_3', 'yard_7')]))
            mission.take_observation(shown, graph)
            failures += 1
    assert mission.phase == 'ended'
    assert mission.turns <= budget.max_turns
    assert mission.replans <= budget.max_replans
    assert len(mission.history) <= budget.max_turns
    again = replay_log(path.read_text('utf-8'), MAPPING_ACTIONS)
    for name in ('ending', 'reason', 'answer', 'turns', 'replans', 'distance_m', 'history'):
        assert getattr(again, name) == getattr(mission, name)
    assert again.elapsed_s == pytest.approx(mission.elapsed_s)
