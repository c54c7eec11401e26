# SPDX-License-Identifier: Apache-2.0
"""A mission that ends in a question, and goes on. python examples/answer_question.py"""

from prism_ros.client import PrismClient


def main(ask=input):
    with PrismClient() as robot:
        result = robot.execute('inspect the car')  # there are two
        while result.question:
            result = robot.reply(result, ask(f'{result.question} '))
        print(result.answer or result.error)


if __name__ == '__main__':
    main()
