# SPDX-License-Identifier: Apache-2.0
"""A domain of two actions, one on two nodes, whose planner knows one plan; and a map for it."""

from __future__ import annotations

from dataclasses import dataclass

from prism_core import (
    Action,
    ActionSpec,
    ActionTable,
    ArgumentKind,
    ArgumentSpec,
    Connection,
    Domain,
    Node,
    Plan,
    SceneGraph,
)
from prism_core.plan.actions import Role

PUT = Action('put', ('cup_1', 'table_2'))
GRAPH = SceneGraph(
    [
        Node('kitchen', 'region', (0, 0)),
        Node('table_2', 'object', (1, 0)),
        Node('cupboard_3', 'object', (2, 0)),
        Node('cup_1', 'object', (2, 0)),
    ],
    [
        Connection('in', 'table_2', 'kitchen'),
        Connection('in', 'cupboard_3', 'kitchen'),
        Connection('in', 'cup_1', 'cupboard_3'),
    ],
    robot_location='kitchen',
)


class PutsTheCup:
    name = 'puts'

    def plan(self, request, known_graph, history):
        """Puts the cup onto the table, and says what it did before."""
        if not history:
            return Plan((PUT,))
        before = history[-1].plan.actions[0]
        return Plan((Action('answer', (f'{before.name} {" ".join(before.arguments)}',)),))

    def close(self):
        """Nothing to free."""


@dataclass(frozen=True)
class Recipe:
    seed: int = 0
    worlds: int = 1


class Kitchen(Domain):
    name = 'kitchen'
    table = ActionTable(
        [
            ActionSpec(
                'put',
                (
                    ArgumentSpec('object', ArgumentKind.OBJECT),
                    ArgumentSpec('place', ArgumentKind.NODE),
                ),
                'put an object on or in something',
                ends_turn=True,
            ),
            ActionSpec(
                'answer', (ArgumentSpec('text', ArgumentKind.TEXT),), 'report', role=Role.REPORT
            ),
        ]
    )
    recipe_type = Recipe

    def draw_world(self, seed, config, rejections=None):
        return []

    def make_simulator(self, episode):
        raise AssertionError('no node plays')

    def judge(self, episode):
        raise AssertionError('no node judges')

    def make_teacher(self, task):
        return PutsTheCup()


class TidyKitchen(Kitchen):
    """One that has a planner without a language model."""

    name = 'tidy_kitchen'

    def make_symbolic(self):
        return PutsTheCup()


class Workshop(Kitchen):
    """One with an action that no step can carry."""

    name = 'workshop'
    table = ActionTable(
        [ActionSpec('join', (ArgumentSpec('part', ArgumentKind.OBJECT),) * 9, 'join nine parts')]
    )


def make_broken():
    raise ZeroDivisionError('a bug in a domain')
