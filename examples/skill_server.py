# SPDX-License-Identifier: Apache-2.0
"""A skill server of one's own, for prism_executor: carries out goto(region).

python examples/skill_server.py
"""

import time

import rclpy
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node

from prism_msgs.action import ExecuteSkill
from prism_msgs.msg import Observation


class GotoSkill(Node):
    def __init__(self, **options):
        super().__init__('goto_skill', **options)
        self.server = ActionServer(
            self, ExecuteSkill, 'skills/goto', self.drive,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )  # fmt: skip

    def drive(self, goal):
        (region,) = goal.request.step.targets
        result = ExecuteSkill.Result()
        for part in range(10):
            if goal.is_cancel_requested:  # stop the wheels first, then say so
                result.observation.status = Observation.FAILED
                goal.canceled()
                return result
            time.sleep(0.05)  # here your robot drives on
            feedback = ExecuteSkill.Feedback(progress=part / 10, message=f'driving to {region}')
            goal.publish_feedback(feedback)
        result.observation.update.robot_location = region
        result.observation.distance_m = 10.0
        goal.succeed()
        return result


def main():
    rclpy.init()
    executor = MultiThreadedExecutor()
    executor.add_node(GotoSkill())
    executor.spin()


if __name__ == '__main__':
    main()
