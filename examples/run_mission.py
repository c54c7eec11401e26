# SPDX-License-Identifier: Apache-2.0
"""Run a mission, and see what the robot is at. python examples/run_mission.py"""

from prism_ros.client import PHASE_NAMES, PrismClient


def show(feedback):
    print(PHASE_NAMES[feedback.phase], feedback.current_step.action, feedback.message)


def main():
    with PrismClient() as robot:
        result = robot.execute('what color is the barrel?', show, max_turns=20)
        print(result.answer if result.is_answered else f'{result.code}: {result.error}')


if __name__ == '__main__':
    main()
