# SPDX-License-Identifier: Apache-2.0
"""Ask a running planner for a plan. python examples/plan_once.py"""

from prism_ros.client import PrismClient


def main():
    with PrismClient() as robot:
        reply = robot.plan('inspect the forklift')
        print(reply.plan_text)
        print('planned by', reply.plan.model_id or 'the symbolic planner')


if __name__ == '__main__':
    main()
