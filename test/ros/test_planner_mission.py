# SPDX-License-Identifier: Apache-2.0
"""prism_planner: plan_mission and validate_plan."""

import time

from action_msgs.msg import GoalStatus

from prism_msgs.action import PlanMission
from prism_msgs.msg import (
    Plan,
    PlanErrorCode,
    PlanStep,
)
from prism_msgs.srv import ValidatePlan

from . import planners
from .asking import (  # noqa: F401 - an autouse fixture
    TASK,
    plan,
    release_hanging_planners,
    start_both,
)
from .checks import assert_refused


class TestPlanMission:
    def send(self, ros, **fields):
        self.feedback = []
        goal = PlanMission.Goal(task=TASK, **fields)
        self.goal = ros.send_goal(
            PlanMission, 'plan_mission', goal, lambda m: self.feedback.append(m.feedback)
        )
        return self.goal.get_result_async()

    def result(self, ros, future):
        ros.spin_until(future.done)
        return future.result().status, future.result().result

    def test_a_goal_ends_in_a_plan_with_feedback_on_the_way(self, ros):
        start_both(ros, 'Slow')
        status, result = self.result(ros, self.send(ros))
        assert status == GoalStatus.STATUS_SUCCEEDED
        assert result.plan.steps[0].text == 'slow'
        assert PlanMission.Feedback.PLANNING in [f.phase for f in self.feedback]

    def test_a_goal_waits_for_the_first_graph_and_says_so(self, ros):
        ros.start_planner(planner__order=['symbolic'])
        future = self.send(ros)
        ros.spin_until(lambda: [f for f in self.feedback if f.phase == f.WAITING])
        assert not future.done()
        ros.start_graph()
        assert self.result(ros, future)[0] == GoalStatus.STATUS_SUCCEEDED

    def test_a_goal_that_waits_for_a_graph_can_be_canceled(self, ros):
        ros.start_planner()
        future = self.send(ros)
        ros.spin_until(lambda: self.feedback)
        ros.spin_until(self.goal.cancel_goal_async().done)
        assert self.result(ros, future)[0] == GoalStatus.STATUS_CANCELED

    def test_a_refused_goal_is_aborted_with_a_code(self, ros):
        start_both(ros)
        status, result = self.result(ros, self.send(ros, planner='oracle'))
        assert status == GoalStatus.STATUS_ABORTED
        assert result.error_code == PlanErrorCode.UNKNOWN_PLANNER
        assert 'symbolic' in result.error_msg

    def test_an_inactive_planner_aborts_the_goal(self, ros):
        ros.start_planner(autostart=False)
        status, result = self.result(ros, self.send(ros))
        assert (status, result.error_code) == (
            GoalStatus.STATUS_ABORTED,
            PlanErrorCode.NODE_INACTIVE,
        )

    def test_a_cancel_ends_the_goal_at_once_and_frees_the_planner(self, ros):
        start_both(ros, 'Hangs', 'symbolic')
        future = self.send(ros, planner='Hangs')
        ros.spin_until(lambda: self.feedback)
        started_s = time.monotonic()
        canceling = self.goal.cancel_goal_async()
        ros.spin_until(canceling.done)
        status, result = self.result(ros, future)
        assert time.monotonic() - started_s < 2
        assert status == GoalStatus.STATUS_CANCELED
        assert result.error_code == PlanErrorCode.CANCELED
        assert plan(ros, planner='symbolic').success

    def test_service_and_action_share_one_planner(self, ros):
        start_both(ros, 'Hangs')
        future = self.send(ros)
        ros.spin_until(lambda: self.feedback)
        assert_refused(plan(ros), PlanErrorCode.BUSY)
        planners.RELEASE.set()
        assert self.result(ros, future)[0] == GoalStatus.STATUS_SUCCEEDED


class TestValidatePlan:
    def check(self, ros, *steps):
        return ros.call(ValidatePlan, 'validate_plan', plan=Plan(steps=list(steps)))

    def test_a_valid_plan_is_accepted_for_the_current_graph(self, ros):
        start_both(ros)
        response = self.check(ros, PlanStep(action='goto', targets=['road_1']))
        assert response.accepted
        assert response.error_code == PlanErrorCode.NONE

    def test_each_bad_step_gets_its_own_verdict(self, ros):
        start_both(ros)
        response = self.check(
            ros,
            PlanStep(action='goto', targets=['atlantis']),
            PlanStep(action='goto', targets=['road_1']),
            PlanStep(action='goto', targets=['island_1']),
        )
        assert not response.accepted
        assert response.error_code == PlanErrorCode.UNKNOWN_NODE
        assert [step.error_code for step in response.checked.steps] == [
            PlanErrorCode.UNKNOWN_NODE,
            PlanErrorCode.NONE,
            PlanErrorCode.UNREACHABLE,
        ]
        assert 'atlantis' in response.checked.steps[0].message

    def test_a_step_with_a_field_too_many_is_no_plan(self, ros):
        start_both(ros)
        response = self.check(ros, PlanStep(action='goto', targets=['road_1'], text='quickly'))
        assert not response.accepted
        assert "'text'" in response.error_msg

    def test_a_plan_of_too_many_steps_is_refused_by_its_length(self, ros):
        start_both(ros)
        response = self.check(ros, *[PlanStep(action='replan')] * 129)
        assert not response.accepted
        assert 'the plan has 129 steps; at most 128' in response.error_msg

    def test_without_a_graph_nothing_is_accepted(self, ros):
        ros.start_planner()
        response = self.check(ros, PlanStep(action='replan'))
        assert not response.accepted
        assert response.error_code == PlanErrorCode.NO_SCENE_GRAPH
