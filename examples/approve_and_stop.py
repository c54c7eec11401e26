# SPDX-License-Identifier: Apache-2.0
"""Allow steps one by one, and stop the mission. python examples/approve_and_stop.py"""

from prism_ros.client import PrismClient


def main(ask=input):
    with PrismClient() as robot:

        def allow(feedback):
            step = feedback.current_step
            said = ask(f'{step.action} {", ".join(step.targets)}? yes, no or stop: ')
            if said == 'stop':
                print(robot.stop())
            return said == 'yes', 'the person at the keyboard said so'

        result = robot.execute('inspect the forklift', approve=allow, require_approval=True)
        print(result.answer or f'{result.code}: {result.error}')


if __name__ == '__main__':
    main()
