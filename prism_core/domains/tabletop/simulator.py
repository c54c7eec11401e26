# SPDX-License-Identifier: Apache-2.0
"""A table on which things are picked and placed, and on which not all is as it was seen.

The true graph holds where things really are. Its attribute `failures` lists [action, block] pairs:
each makes one such action on that block fail. A pick that fails slips off; a placed block that
fails falls onto the bare table. A block that lies elsewhere than was known, or is not there at all,
is missed by the pick that shows it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from prism_core.domains.tabletop.actions import TABLETOP_ACTIONS
from prism_core.domains.tabletop.state import (
    HELD,
    Table,
    is_movable,
    read_table,
    support_kind,
)
from prism_core.episode.misuse import find_misuse
from prism_core.episode.observation import ActionStatus, Observation
from prism_core.graph.elements import Connection, GraphUpdate
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable

FAILURES = 'failures'


class TabletopSimulator:
    """Carries out the actions of the tabletop; passes `testing.check_simulator`."""

    table: ActionTable = TABLETOP_ACTIONS

    def __init__(self, true_graph: SceneGraph, known_graph: SceneGraph):
        self._known = known_graph
        self._true = read_table(true_graph)
        self._failures = Counter(
            (str(a), str(n)) for a, n in true_graph.attributes.get(FAILURES, ())
        )

    @property
    def known_graph(self) -> SceneGraph:
        """What the robot knows by now."""
        return self._known

    @property
    def truth(self) -> Table:
        """Where things really are by now; for the judge alone."""
        return self._true

    def execute(self, action: Action) -> Observation:
        """Carry out one action and reveal what it shows."""
        if misuse := find_misuse(action, self.table, self._known):
            return _refused(misuse)
        spec = self.table[action.name]
        if spec.ends_mission:
            return Observation()
        names = [str(argument) for argument in action.arguments]
        observation = self._pick(*names) if spec.name == 'pick' else self._place(*names)
        if observation.update != GraphUpdate():
            self._known = self._known.apply(observation.update)
        return observation

    def learn(self, update: GraphUpdate) -> None:
        """Take over what became known otherwise than by its own actions.

        Raises:
            SceneGraphError: it does not fit what is known.
        """
        self._known = self._known.apply(update)

    # ------------------------------------------------------------------------------- the actions

    def _pick(self, name: str) -> Observation:
        known = read_table(self._known)
        if not is_movable(known.nodes[name]):
            return _refused(f'{name} cannot be picked up')
        if not known.gripper:
            return _refused('there is no gripper')
        if known.held:
            return _refused(f'the gripper holds {known.held}')
        if name in known.covers:
            return _refused(f'{known.covers[name]} stands on {name}')
        before = known.supports[name]
        if name not in self._true.supports:
            return Observation(GraphUpdate(remove_nodes=(name,)), status='failed')
        truly = self._true.supports[name]
        if truly != before:
            return Observation(self._moved(name, before, truly), status='failed')
        if self._fails('pick', name):
            return Observation(status='failed')
        return self._move(name, before, known.gripper)

    def _place(self, name: str, spot: str) -> Observation:
        known = read_table(self._known)
        if known.held != name:
            return _refused(f'the gripper does not hold {name}')
        if spot == name or not known.carries(spot):
            return _refused(f'nothing can be put on {spot} now')
        to = '' if spot == known.surface else spot
        if to in known.supports and self._true.supports.get(to) != known.supports[to]:
            return self._miss(name, to, known)
        if to and self._fails('place', name):
            return self._move(name, known.gripper, '', 'failed')
        return self._move(name, known.gripper, to)

    def _miss(self, name: str, spot: str, known: Table) -> Observation:
        """What should carry the held block is not where it was known; it falls onto the table."""
        fallen = self._move(name, known.gripper, '', 'failed').update
        truly = self._true.supports.get(spot)
        if truly is None:
            return Observation(replace(fallen, remove_nodes=(spot,)), status='failed')
        shown = self._moved(spot, known.supports[spot], truly)
        update = replace(
            fallen,
            remove_connections=(*fallen.remove_connections, *shown.remove_connections),
            upsert_connections=shown.upsert_connections,
        )
        return Observation(update, status='failed')

    def _fails(self, action: str, name: str) -> bool:
        if not self._failures[action, name]:
            return False
        self._failures[action, name] -= 1
        return True

    def _move(self, name: str, before: str, to: str, status: ActionStatus = 'done') -> Observation:
        self._true = Table(self._true.nodes, {**self._true.supports, name: to})
        return Observation(self._moved(name, before, to), status=status)

    def _moved(self, name: str, before: str, to: str) -> GraphUpdate:
        gone = (self._connection(name, before),) if before else ()
        come = (self._connection(name, to),) if to else ()
        return GraphUpdate(remove_connections=gone, upsert_connections=come)

    def _connection(self, name: str, support: str) -> Connection:
        if support == read_table(self._known).gripper:
            return Connection(HELD, name, support)
        return Connection(support_kind(self._known.nodes[support]), name, support)


def _refused(reason: str) -> Observation:
    return Observation(feedback=reason, status='refused')
