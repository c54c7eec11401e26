# SPDX-License-Identifier: Apache-2.0
"""WatchBoard: all that was heard of a robot, and what a page shows of it.

Whoever hears something tells it from any thread; nobody waits for a page.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from prism_core.episode.driven_way import find_blocked
from prism_core.episode.observation import Observation
from prism_core.graph.difference import find_difference
from prism_core.graph.scene_graph import SceneGraph
from prism_core.pictures.episode_trail import tell_news
from prism_core.plan.routes import trace_nodes
from prism_core.watch.map_view import MapMarks, show_map
from prism_core.watch.watched import (
    Limits,
    MissionEnd,
    MissionProgress,
    PlannersNow,
    Seen,
    WatchedPlan,
)

SILENT_S = 5.0
"""Who says nothing for so long, and should once a second, is said to be silent."""
MAX_SEEN = 100
_MAX_LINE_CHARS = 600
_MAX_STOPS = 60
_KEPT_PLANS = 8
_AWAITING = 'awaiting approval'


class WatchBoard:
    """What is known of a robot and its mission.

    Args:
        robot: how it is called; '' for none.
        clock_s: a steady clock.
        wall_s: the time of day.
    """

    def __init__(
        self,
        robot: str = '',
        *,
        clock_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
    ):
        self._robot = robot
        self._clock_s, self._wall_s = clock_s, wall_s
        self._lock = threading.RLock()
        self._graph: SceneGraph | None = None
        self._epoch = 0
        self._known_before: frozenset[str] = frozenset()
        self._stops: deque[list[str]] = deque(maxlen=_MAX_STOPS)
        self._blocked: set[tuple[str, str]] = set()
        self._plans: OrderedDict[str, WatchedPlan] = OrderedDict()
        self._planners: PlannersNow | None = None
        self._planners_s = 0.0
        self._mission = ''
        self._is_running = False
        self._plans_of_mission: set[str] = set()
        self._progress = MissionProgress()
        self._progress_s = 0.0
        self._end: MissionEnd | None = None
        self._limits = Limits()
        self._has_executor = False
        self._seen: deque[Seen] = deque(maxlen=MAX_SEEN)
        self._map_version = 0

    # ------------------------------------------------------------------------------- what is heard

    def take_graph(self, graph: SceneGraph, epoch: int = 0) -> None:
        """The scene graph has changed."""
        with self._lock:
            before, self._graph = self._graph, graph
            self._map_version += 1
            if before is None or epoch != self._epoch:
                self._epoch = epoch
                if before is not None:
                    self.note(f'the scene graph began anew, with {len(graph.nodes)} nodes')
                self._forget_way()
                return
            update = find_difference(before, graph)
            for line in tell_news(before, Observation(update)):
                self.note(line.text, is_bad=line.is_bad)
            self._blocked |= {connection.key for connection in find_blocked(update)}
            here = graph.robot_location
            if here is not None and here != before.robot_location:
                way = trace_nodes([here], before if here in before.nodes else graph)
                self._stops.append(way if way[-1:] == [here] else [here])
                self.note(f'the robot is in {here}')

    def take_plan(self, plan: WatchedPlan) -> None:
        """A plan was made, or one of its steps has another status."""
        with self._lock:
            old = self._plans.get(plan.plan_id)
            if old is not None and old.is_begun and not plan.is_begun:
                return  # as the planner sent it, who does not know how far it is
            self._plans[plan.plan_id] = plan
            self._plans.move_to_end(plan.plan_id)
            while len(self._plans) > _KEPT_PLANS:
                self._plans.popitem(last=False)
            self._map_version += 1
            if old is not None:
                self._note_steps(plan, old)
            elif plan.steps:
                self.note(f'a plan by {plan.source}: {", ".join(step.text for step in plan.steps)}')

    def take_planners(self, planners: PlannersNow) -> None:
        """How the planners are."""
        with self._lock:
            if self._planners is not None and planners.state != self._planners.state:
                is_bad = planners.state in ('degraded', 'fault')
                if is_bad:
                    self.note(f'planner {planners.state}: {planners.detail}', is_bad=True)
            self._planners, self._planners_s = planners, self._clock_s()

    def begin_mission(self, goal_id: str, limits: Limits | None = None) -> bool:
        """A mission is under way; whether that is news. A second one beside it is none."""
        with self._lock:
            if goal_id == self._mission or self._is_running:
                return False
            self._begin(goal_id)
            self._limits = limits or self._limits
            return True

    def take_progress(self, goal_id: str, progress: MissionProgress) -> bool:
        """Where a mission is; whether nobody has told of that mission before."""
        with self._lock:
            is_new = goal_id != self._mission
            if is_new:
                self._begin(goal_id)
            if not is_new and not self._is_running:
                return False  # it comes behind the end
            old, self._progress = self._progress, progress
            self._progress_s = self._clock_s()
            if progress.plan_id and progress.phase not in ('planning', 'replanning'):
                self._plans_of_mission.add(progress.plan_id)
            if progress.phase != old.phase:
                self._map_version += 1
                if progress.phase in ('planning', 'replanning'):
                    self.note(f'{progress.phase}: {progress.message or "a plan is being made"}')
            return is_new

    def end_mission(self, goal_id: str, end: MissionEnd) -> None:
        """A mission has ended. Of one beside the one under way only a line is kept."""
        said = end.answer if end.code == 'NONE' or end.is_question else end.error
        is_bad = end.code != 'NONE' and not end.is_question
        with self._lock:
            if self._is_running and goal_id != self._mission:
                self.note(f'another mission was refused: {end.code}: {end.error}', is_bad=True)
                return
            self._mission, self._is_running = goal_id, False
            self._end = end
            self._map_version += 1
            if end.plan is not None:
                self._plans.pop(end.plan.plan_id, None)
                self._plans[end.plan.plan_id] = end.plan
            self.note(f'the mission ended: {end.code}: {said}', is_bad=is_bad)

    def lose_mission(self, why: str) -> None:
        """Nothing will be heard of the mission under way any more."""
        with self._lock:
            if self._is_running:
                self.end_mission(self._mission, MissionEnd('UNKNOWN', error=why))

    def take_limits(self, limits: Limits) -> None:
        """What missions may take; of one under way that was begun here its own are kept."""
        with self._lock:
            if not self._is_running or self._limits == Limits():
                self._limits = limits

    def take_executor(self, has_executor: bool) -> None:
        """Whether anybody takes missions."""
        with self._lock:
            self._has_executor = has_executor

    def note(self, text: str, *, is_bad: bool = False) -> None:
        """A line of what happened."""
        with self._lock:
            self._seen.append(Seen(self._wall_s(), text[:_MAX_LINE_CHARS], is_bad))

    @property
    def is_running(self) -> bool:
        """Whether a mission is under way."""
        with self._lock:
            return self._is_running

    @property
    def mission(self) -> str:
        """The id of the goal of the mission under way, or of the last one."""
        with self._lock:
            return self._mission

    # -------------------------------------------------------------------------------- what is shown

    @property
    def map_version(self) -> int:
        """Grows whenever the map changes."""
        return self._map_version

    def show_map(self) -> dict[str, Any] | None:
        """What the page draws; None before there is a graph."""
        with self._lock:
            graph, plan = self._graph, self._shown_plan
            ahead = [step for step in plan.steps if step.is_ahead] if plan is not None else []
            if not self._is_running:
                ahead = []
            now = [step for step in ahead if step.status in ('running', _AWAITING)]
            before, stops, blocked = self._known_before, [*self._stops], {*self._blocked}
        if graph is None:
            return None
        marks = MapMarks(
            known_before=before,
            stops=stops,
            ahead=trace_nodes([name for step in ahead for name in step.targets], graph),
            looks={name for step in now for name in step.targets},
            blocked=blocked - graph.connections.keys(),
        )
        return show_map(graph, marks)

    def show_state(self) -> dict[str, Any]:
        """All that the page says in words."""
        with self._lock:
            now_s, plan = self._clock_s(), self._shown_plan
            graph, planners = self._graph, self._planners
            return {
                'robot': self._robot,
                'hasExecutor': self._has_executor,
                'graph': None
                if graph is None
                else {
                    'regions': len(graph.regions),
                    'objects': len(graph.objects),
                    'revision': graph.revision,
                    'at': graph.robot_location or '',
                },
                'planners': None
                if planners is None
                else asdict(planners) | {'silent_s': _silence(now_s - self._planners_s)},
                'plan': None if plan is None else asdict(plan),
                'mission': self._show_mission(now_s),
                'approval': self._show_approval(plan),
                'end': self._show_end(),
                'seen': [[one.time_s, one.text, int(one.is_bad)] for one in self._seen],
            }

    @property
    def _shown_plan(self) -> WatchedPlan | None:
        """The plan of the mission under way, else the last one."""
        own = self._plans.get(self._progress.plan_id) if self._is_running else None
        if own is not None:
            return own
        if self._end is not None and self._end.plan is not None and not self._is_running:
            return self._end.plan
        return max(self._plans.values(), key=lambda plan: plan.stamp_s, default=None)

    def _show_mission(self, now_s: float) -> dict[str, Any] | None:
        if not self._is_running:
            return None
        return asdict(self._progress) | {
            'turns': len(self._plans_of_mission),
            'limits': asdict(self._limits),
            'silent_s': _silence(now_s - self._progress_s),
        }

    def _show_approval(self, plan: WatchedPlan | None) -> dict[str, Any] | None:
        at = self._progress
        if not self._is_running or at.phase != _AWAITING:
            return None
        is_known = plan is not None and plan.plan_id == at.plan_id and at.step < len(plan.steps)
        text = plan.steps[at.step].text if plan is not None and is_known else f'step {at.step + 1}'
        return {'plan': at.plan_id, 'step': at.step, 'text': text}

    def _show_end(self) -> dict[str, Any] | None:
        if self._end is None or self._is_running:
            return None
        return asdict(replace(self._end, plan=None)) | {'isQuestion': self._end.is_question}

    # -------------------------------------------------------------------------------------- helpers

    def _begin(self, goal_id: str) -> None:
        self._mission, self._is_running = goal_id, True
        self._progress, self._progress_s = MissionProgress('planning'), self._clock_s()
        self._plans_of_mission, self._end = set(), None
        self._forget_way()
        self._map_version += 1
        self.note('a mission begins')

    def _forget_way(self) -> None:
        """What is drawn as found and as driven counts from now."""
        graph = self._graph
        self._known_before = frozenset(graph.nodes) if graph is not None else frozenset()
        here = graph.robot_location if graph is not None else None
        self._stops.clear()
        self._stops.append([here] if here else [])
        self._blocked = set()

    def _note_steps(self, plan: WatchedPlan, old: WatchedPlan) -> None:
        for step, was in zip(plan.steps, old.steps):
            if step.status in (was.status, 'pending', 'running', 'skipped', _AWAITING):
                continue
            said = f': {step.message}' if step.message else ''
            self.note(f'{step.text}: {step.status}{said}', is_bad=step.status == 'failed')


def _silence(silent_s: float) -> int:
    """Whole seconds of silence, once there are too many; 0 before."""
    return int(silent_s) if silent_s >= SILENT_S else 0
