# SPDX-License-Identifier: Apache-2.0
"""Node prism_mock_skills: the domain's simulator behind the skill servers of a robot, to try out.

Each action of the domain has its server, `skills/<action>`. What the robot knows at the first step
comes from the scene graph; what is true from parameter `world.file`. It knows no planner.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticStatus

from prism_core import (
    Action,
    ConfigError,
    Criterion,
    Episode,
    GraphUpdate,
    Observation,
    SceneGraph,
    SceneGraphError,
    Simulator,
    Task,
    render_steps,
)
from prism_msgs.action import ExecuteSkill
from prism_msgs.msg import PlanErrorCode, SceneGraphUpdate
from prism_ros.conversions import update_from_message
from prism_ros.diagnostics import OK, make_diagnostic
from prism_ros.errors import Refusal
from prism_ros.graph_files import load_scene_graph
from prism_ros.managed_node import run_node
from prism_ros.mission_messages import skilled_actions
from prism_ros.parameters import MOCK_SKILLS_PARAMETERS
from prism_ros.skills_node import SkillsNode
from prism_ros.turn_conversions import observation_to_message
from prism_ros.waiting import Waiter

BEAT_S = 0.5  # between two words of a skill that takes its time
_BETWEEN = ' - '


class MockSkillsNode(SkillsNode):
    """Serves the skills of a simulated robot."""

    def __init__(self, **node_arguments: Any):
        super().__init__('prism_mock_skills', MOCK_SKILLS_PARAMETERS, **node_arguments)
        self._world: SceneGraph | None = None  # as the file says it
        self._blocked: list[tuple[str, str]] = []
        self._failures = Counter[str]()
        self._simulator: Simulator | None = None
        self._epoch = 0  # of the graph that the simulator began with

    def configure(self) -> None:
        """Read the world, and offer a skill for each action of the domain."""
        file = self.get_parameter('world.file').value
        self._world = load_scene_graph(Path(file).expanduser()) if file else None
        self._blocked = [_read_way(text) for text in self._texts('world.blocked')]
        self._failures = Counter(self._texts('skills.failures'))
        self._simulator = None
        self.offer(skilled_actions(self.find_domain().table))

    def activate(self) -> None:
        """Say that nothing is real."""
        names = ', '.join(skilled_actions(self.domain.table))
        self.get_logger().warning(
            f'{self.get_name()} only simulates {names}: no robot moves. Start with skills:=none '
            'beside the skill servers of a robot'
        )

    def diagnose(self) -> list[DiagnosticStatus]:
        """That it is a simulation."""
        values = {'domain': self.domain.name}
        return [make_diagnostic(self, 'skills', OK, 'simulated', values)]

    async def carry_out(
        self, action: Action, goal_handle: Any, waiter: Waiter, result: ExecuteSkill.Result
    ) -> None:
        """Have the simulator do it, once its time has passed."""
        simulator = self._simulator or self._make_simulator()
        if not await self._take_time(action, goal_handle, waiter):
            shown = Observation(feedback='it was canceled before it began', status='failed')
            result.observation = observation_to_message(shown)
            raise Refusal(PlanErrorCode.CANCELED, f'{render_steps([action])} was canceled')
        shown = self._fail(action) or simulator.execute(action)
        update = replace(shown.update, source=self.get_name())
        result.observation = observation_to_message(replace(shown, update=update))

    async def _take_time(self, action: Action, goal_handle: Any, waiter: Waiter) -> bool:
        """Wait as long as the action takes; whether it was not canceled meanwhile."""
        passed_s = 0.0
        while not (waiter.is_interrupted and self._obeys):
            delay_s = self.get_parameter('skills.delay_s').value
            is_hanging = action.name in self._texts('skills.hanging')
            if not is_hanging and passed_s >= delay_s:
                return True
            part_s = BEAT_S if is_hanging else min(BEAT_S, delay_s - passed_s)
            if waiter.is_interrupted:
                waiter.resume()
            await waiter.pause(part_s)
            passed_s += part_s
            if goal_handle.status == GoalStatus.STATUS_EXECUTING:
                progress = 0.0 if is_hanging else min(1.0, passed_s / delay_s)
                goal_handle.publish_feedback(
                    ExecuteSkill.Feedback(progress=progress, message=render_steps([action]))
                )
        return False

    @property
    def _obeys(self) -> bool:
        return not self.get_parameter('skills.ignore_cancel').value

    def _fail(self, action: Action) -> Observation | None:
        """How a step that is to fail does; None where it is not."""
        said = ' '.join(str(part) for part in (action.name, *action.arguments[:1]))
        if not self._failures[said]:
            return None
        self._failures[said] -= 1
        return Observation(feedback=f'{said} fails, as skills.failures says', status='failed')

    # --------------------------------------------------------------------------------- the world

    def _make_simulator(self) -> Simulator:
        """The world with what is known of it now.

        Raises:
            Refusal: what is known does not fit the world.
        """
        known = self.known
        true = _block(self._world or known, self._blocked)
        missing = [name for name in known.regions if name not in true.regions]
        if missing:
            raise Refusal(
                PlanErrorCode.INVALID_SCENE_GRAPH,
                f"world.file lacks '{missing[0]}', which the scene graph has; name a world of the "
                'same site',
            )
        episode = Episode(0, Task(''), Criterion(''), true, known, domain=self.domain.name)
        self._simulator, self._epoch = self.domain.make_simulator(episode), self._mirror.epoch
        return self._simulator

    def _take_graph(self, raw: bytes) -> None:
        is_new = self._mirror.take_graph(raw)
        graph = self._mirror.graph
        if not is_new or self._simulator is None or graph is None:
            return
        known = self._simulator.known_graph
        if self._mirror.epoch != self._epoch or known.nodes.keys() != graph.nodes.keys():
            self._simulator = None  # another graph was loaded: it begins anew

    def _take_update(self, message: SceneGraphUpdate) -> None:
        self._mirror.take_update(message)
        learn = getattr(self._simulator, 'learn', None)
        if learn is None or message.source == self.get_name() or message.epoch != self._epoch:
            return
        update = replace(update_from_message(message), base_revision=0, map_id='')
        if update == GraphUpdate():
            return
        try:
            learn(update)
        except SceneGraphError as error:
            self.get_logger().warning(f'the simulated robot cannot learn an update: {error}')


def _read_way(text: str) -> tuple[str, str]:
    ends = text.split(_BETWEEN)
    if len(ends) != 2:
        raise ConfigError(
            f"world.blocked: expected two regions with '{_BETWEEN}' between them, got {text[:80]!r}"
        )
    return (ends[0], ends[1]) if ends[0] < ends[1] else (ends[1], ends[0])


def _block(world: SceneGraph, ways: list[tuple[str, str]]) -> SceneGraph:
    """The world without some of its ways.

    Raises:
        Refusal: there is no such way.
    """
    for ends in ways:
        if ends not in world.connections:
            raise Refusal(
                PlanErrorCode.INVALID_REQUEST,
                f"world.blocked: the world has no way between '{ends[0]}' and '{ends[1]}'",
            )
    gone = tuple(world.connections[ends] for ends in ways)
    return world.apply(GraphUpdate(remove_connections=gone)) if gone else world


def main() -> None:
    """Run the node."""
    run_node(MockSkillsNode)


if __name__ == '__main__':
    main()
