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
    Domain,
    Episode,
    GraphUpdate,
    Observation,
    SceneGraph,
    SceneGraphError,
    Simulator,
    Task,
    render_steps,
)
from prism_core.inference.planning_domain import find_planning_domain
from prism_msgs.action import ExecuteSkill
from prism_msgs.msg import PlanErrorCode, SceneGraphUpdate
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_ros.conversions import check_table, step_from_message, update_from_message
from prism_ros.diagnostics import OK, make_diagnostic
from prism_ros.errors import Refusal
from prism_ros.graph_files import load_scene_graph
from prism_ros.graph_mirror import KEPT_UPDATES, GraphMirror
from prism_ros.managed_node import ManagedNode, latched, run_node
from prism_ros.mission_messages import skilled_actions
from prism_ros.parameters import MOCK_SKILLS_PARAMETERS
from prism_ros.turn_conversions import observation_to_message
from prism_ros.waiting import Waiter

BEAT_S = 0.5  # between two words of a skill that takes its time
GRAPH_S = 5.0  # that the first graph is waited for
_BETWEEN = ' - '


class MockSkillsNode(ManagedNode):
    """Serves the skills of a simulated robot, one step at a time."""

    def __init__(self, **node_arguments: Any):
        super().__init__('prism_mock_skills', MOCK_SKILLS_PARAMETERS, **node_arguments)
        self._domain: Domain | None = None  # once it is configured
        self._world: SceneGraph | None = None  # as the file says it
        self._blocked: list[tuple[str, str]] = []
        self._failures = Counter[str]()
        self._servers: list[Any] = []
        self._mirror = GraphMirror()
        self._simulator: Simulator | None = None
        self._epoch = 0  # of the graph that the simulator began with
        self._waiter: Waiter | None = None  # of the step under way
        self.listen(SceneGraphMessage, 'scene_graph', self._take_graph, latched(), raw=True)
        self.listen(
            SceneGraphUpdate, 'scene_graph_updates', self._take_update, latched(KEPT_UPDATES)
        )

    def configure(self) -> None:
        """Read the world, and offer a skill for each action of the domain."""
        domain = find_planning_domain(self.get_parameter('domain').value)
        check_table(domain.table)
        file = self.get_parameter('world.file').value
        self._world = load_scene_graph(Path(file).expanduser()) if file else None
        self._blocked = [_read_way(text) for text in self._texts('world.blocked')]
        self._failures = Counter(self._texts('skills.failures'))
        self._domain, self._simulator = domain, None
        prefix = self.get_parameter('skills.prefix').value
        self._servers = [
            self.serve_action(ExecuteSkill, f'{prefix}{name}', self._executing(name), self._cancel)
            for name in skilled_actions(domain.table)
        ]

    def activate(self) -> None:
        """Say that nothing is real."""
        names = ', '.join(skilled_actions(self._domain.table)) if self._domain else ''
        self.get_logger().warning(
            f'{self.get_name()} only simulates {names}: no robot moves. Start with skills:=none '
            'beside the skill servers of a robot'
        )

    def deactivate(self) -> None:
        """End the step under way."""
        self._cancel(None)

    def cleanup(self) -> None:
        """Offer no skills any more."""
        for server in self._servers:
            self.end_action(server)
        self._servers = []

    def diagnose(self) -> list[DiagnosticStatus]:
        """That it is a simulation."""
        domain = self._domain.name if self._domain is not None else ''
        return [make_diagnostic(self, 'skills', OK, 'simulated', {'domain': domain})]

    def _executing(self, name: str) -> Any:
        async def execute(goal_handle: Any, result: ExecuteSkill.Result) -> None:
            await self._execute(name, goal_handle, result)

        return execute

    async def _execute(self, name: str, goal_handle: Any, result: ExecuteSkill.Result) -> None:
        if self._waiter is not None:
            raise Refusal(PlanErrorCode.BUSY, 'the robot is at another step; cancel that first')
        assert self._domain is not None  # noqa: S101 - who serves is configured
        step = goal_handle.request.step
        if step.action != name:
            raise Refusal(
                PlanErrorCode.INVALID_ACTION, f"expected a step of {name}, got '{step.action[:80]}'"
            )
        action = step_from_message(step, self._domain.table)
        self._waiter = Waiter(self)
        try:
            await self._waiter.until(lambda: self._mirror.graph is not None, GRAPH_S)
            simulator = self._simulator or self._make_simulator()
            if not await self._take_time(action, goal_handle, self._waiter):
                shown = Observation(feedback='it was canceled before it began', status='failed')
                result.observation = observation_to_message(shown)
                raise Refusal(PlanErrorCode.CANCELED, f'{render_steps([action])} was canceled')
        finally:
            self._waiter = None
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

    def _cancel(self, goal_handle: Any) -> None:
        if self._waiter is not None:
            self._waiter.interrupt()

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
            Refusal: nothing is known yet, or what is known does not fit the world.
        """
        known = self._mirror.graph
        if known is None or self._domain is None:
            raise Refusal(PlanErrorCode.NO_SCENE_GRAPH, 'no scene graph has come yet')
        true = _block(self._world or known, self._blocked)
        missing = [name for name in known.regions if name not in true.regions]
        if missing:
            raise Refusal(
                PlanErrorCode.INVALID_SCENE_GRAPH,
                f"world.file lacks '{missing[0]}', which the scene graph has; name a world of the "
                'same site',
            )
        episode = Episode(0, Task(''), Criterion(''), true, known, domain=self._domain.name)
        self._simulator, self._epoch = self._domain.make_simulator(episode), self._mirror.epoch
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

    def _texts(self, name: str) -> list[str]:
        return [text for text in self.get_parameter(name).value if text]


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
