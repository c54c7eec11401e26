# SPDX-License-Identifier: Apache-2.0
"""Planners that misbehave, named by import path in parameter planner.order."""

import threading
import time

from prism_core import Action, Plan, PlannerUnavailable

RELEASE = threading.Event()
BEGUN = threading.Event()


class _Double:
    def __init__(self):
        self.name = type(self).__name__

    def close(self):
        pass


class Instant(_Double):
    def plan(self, request, known_graph, history):
        return Plan((Action('answer', (f'{len(history)} turns',)),))


class Hangs(_Double):
    """Until the test releases it."""

    def plan(self, request, known_graph, history):
        BEGUN.set()
        RELEASE.wait(30)
        return Plan((Action('answer', ('late',)),))


class Slow(_Double):
    def plan(self, request, known_graph, history):
        time.sleep(0.5)
        return Plan((Action('answer', ('slow',)),))


class Unavailable(_Double):
    def plan(self, request, known_graph, history):
        raise PlannerUnavailable('the endpoint is down')


class Crashes(_Double):
    def plan(self, request, known_graph, history):
        raise ZeroDivisionError('a bug in a planner')


class GivesText(_Double):
    def plan(self, request, known_graph, history):
        return 'goto(dock_1)'


class CannotBeMade:
    def __init__(self):
        raise RuntimeError('no model here')


class Invents(_Double):
    """Names a node that does not exist."""

    def plan(self, request, known_graph, history):
        return Plan((Action('goto', ('atlantis',)),))


class WrongAction(_Double):
    def plan(self, request, known_graph, history):
        return Plan((Action('fly', ()),))


class Unreachable(_Double):
    def plan(self, request, known_graph, history):
        return Plan((Action('goto', ('island_1',)),))


class Empty(_Double):
    def plan(self, request, known_graph, history):
        return Plan(())


class WritesBadText(_Double):
    """Text that no ROS string can hold."""

    def plan(self, request, known_graph, history):
        return Plan((Action('answer', ('a\ud800b\0c',)),), reasoning='\udfff', primary_goal='x\0y')


class Repeats(_Double):
    """Drives to one place twice."""

    def plan(self, request, known_graph, history):
        drive = Action('goto', ('gate_1',))
        return Plan((drive, drive, Action('answer', ('Da bin ich.',))))


class Insists(_Double):
    """Plans the same drive again, whatever came of it."""

    def plan(self, request, known_graph, history):
        return Plan((Action('goto', (request.split()[-1],)), Action('answer', ('I am there.',))))


class Idles(_Double):
    """Drives to where the robot stands first, and sends again whatever failed."""

    def plan(self, request, known_graph, history):
        here = Action('goto', (known_graph.robot_location,))
        return Plan((here, Action('goto', ('gate_1',)), Action('replan')))


class Ahead(_Double):
    """Plans two drives ahead."""

    def plan(self, request, known_graph, history):
        if known_graph.robot_location == 'gate_1':
            return Plan((Action('answer', ('I am there.',)),))
        drives = (Action('goto', (region,)) for region in ('road_1', 'gate_1'))
        return Plan((*drives, Action('answer', ('I am there.',))), 'drive there')


class Extends(_Double):
    """Looks at a place that is no whole number of metres away."""

    def plan(self, request, known_graph, history):
        return Plan((Action('extend_map', (-1234.5678901, 0.4999999)),))
