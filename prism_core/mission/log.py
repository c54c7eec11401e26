# SPDX-License-Identifier: Apache-2.0
"""The log of a mission: JSON lines, written as it goes, from which the mission runs again.

The first line says what the mission is, each further one what it was told and when, with what
changed in the scene graph since the line before; the last one how it ended. A line is there whole
or not at all: a torn one at the end, as a power cut leaves it, is not read.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prism_core.episode.closed_loop import FindBreaches, no_breaches
from prism_core.episode.episode import Turn
from prism_core.episode.observation import Observation
from prism_core.errors import ConfigError, PrismError, SceneGraphError
from prism_core.graph.difference import find_difference
from prism_core.graph.elements import quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.graph.spine_json import read_scene_graph, render_scene_graph
from prism_core.mission.mission import RobotMission
from prism_core.mission.plain import (
    read_observation,
    read_plan,
    read_turn,
    read_update,
    write_observation,
    write_plan,
    write_turn,
    write_update,
)
from prism_core.mission.rules import Budget, Rules
from prism_core.plan.actions import Action, ActionTable
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps

SCHEMA_VERSION = 1
_UNLIMITED = float('inf')
_EMPTY = SceneGraph()


class MissionLog:
    """Writes the log of one mission; `note` is what `RobotMission` takes as its own.

    Args:
        path: of a new file.
        begin: what the first line says: that of `begin_of`, and what else is to be kept.

    Raises:
        OSError: the file cannot be made. Where a line cannot be written later, `error` says why,
            and nothing more is written.
    """

    def __init__(self, path: Path, begin: Mapping[str, Any]):
        self.path = path
        self.error = ''
        self._graph = _EMPTY
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file: int | None = os.open(path, flags, 0o600)
        self._size = 0
        self._append({'what': 'mission', 'schema_version': SCHEMA_VERSION, **begin})

    def note(self, what: str, facts: Mapping[str, Any]) -> None:
        """Write a line."""
        entry: dict[str, Any] = {'what': what}
        for key, value in facts.items():
            if key == 'graph':
                entry |= self._change_to(value)
            elif value is not None:
                entry[key] = _write(value)
        self._append(entry)
        if what == 'end':
            self.close()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _change_to(self, graph: SceneGraph) -> dict[str, Any]:
        """What leads here from the graph of the line before; nothing where that is the same."""
        before, self._graph = self._graph, graph
        if graph is before:
            return {}
        change = write_update(find_difference(before, graph))
        with contextlib.suppress(SceneGraphError):
            if _say_the_same(before.apply(read_update(change)), graph):
                return {'change': change} if change else {}
        return {'graph': json.loads(render_scene_graph(graph))}

    def _append(self, entry: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        line = json.dumps(entry).encode() + b'\n'
        try:
            if os.write(self._file, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._size += len(line)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            self.error = f'the log of the mission in {self.path} ends here: {error.strerror}'
            self.close()


def mission_logs_folder() -> Path:
    """Where logs are kept when no folder is named: in the state folder of the user."""
    state = os.environ.get('XDG_STATE_HOME', '')
    home = state if os.path.isabs(state) else os.path.expanduser('~/.local/state')
    return Path(home, 'prism', 'missions')


def begin_of(
    request: str, budget: Budget, rules: Rules, history: Sequence[Turn] = ()
) -> dict[str, Any]:
    """What the first line of a log says of a mission."""
    limits = {name: value for name, value in asdict(budget).items() if value != _UNLIMITED}
    return {
        'request': request,
        'budget': limits,
        'approval_actions': sorted(rules.approval_actions),
        'approve_all': rules.approve_all,
        'is_dry': rules.is_dry,
        'history': [write_turn(turn) for turn in history],
    }


def read_log(text: str) -> Iterator[dict[str, Any]]:
    """The entries of a log, but a torn one at its end.

    Raises:
        ConfigError: with the number of the line that is none.
    """
    *lines, _ = text.split('\n')
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f'line {number}: expected JSON: {error}') from error
        if not isinstance(entry, dict) or not isinstance(entry.get('what'), str):
            raise ConfigError(f'line {number}: expected an entry with "what", got {quote(entry)}')
        yield entry


def replay_log(
    text: str, table: ActionTable, *, find_breaches: FindBreaches = no_breaches
) -> RobotMission:
    """A mission as its log tells it, run again through the same code.

    Args:
        text: of the file.
        table: the actions of its domain.
        find_breaches: what its requests forbid, see `Domain`.

    Raises:
        ConfigError: the text is no log, or the mission goes another way than it did.
    """
    entries = list(read_log(text))
    if not entries or entries[0]['what'] != 'mission':
        raise ConfigError('expected a log that begins with an entry of "what": "mission"')
    first, *told = entries
    if first.get('schema_version') != SCHEMA_VERSION:
        raise ConfigError(
            f'expected a log of schema version {SCHEMA_VERSION}, got '
            f'{quote(first.get("schema_version"))}'
        )
    try:
        return _Replay(first, table, find_breaches).run(told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f'not a log of a mission: {error!r}') from error


class _Replay:
    """A mission that is told what its log says, at the times that this says."""

    def __init__(self, first: Mapping[str, Any], table: ActionTable, find_breaches: FindBreaches):
        self._graph = _EMPTY
        self._now_s = 0.0
        rules = Rules(
            frozenset(first['approval_actions']),
            first['approve_all'],
            first['is_dry'],
            find_breaches,
        )
        self._mission = RobotMission(
            first['request'],
            table,
            budget=Budget(**first['budget']),
            rules=rules,
            history=[read_turn(turn) for turn in first['history']],
            clock=lambda: self._now_s,
        )

    def run(self, entries: Sequence[Mapping[str, Any]]) -> RobotMission:
        for number, entry in enumerate(entries, start=2):
            self._now_s = entry['at_s']
            try:
                self._follow(entry)
                self._tell(entry)
            except (PrismError, ValueError) as error:
                raise ConfigError(f'line {number}: {error}') from error
        return self._mission

    def _follow(self, entry: Mapping[str, Any]) -> None:
        if 'graph' in entry:
            self._graph = read_scene_graph(entry['graph'])
        elif 'change' in entry:
            self._graph = self._graph.apply(read_update(entry['change']))

    def _tell(self, entry: Mapping[str, Any]) -> None:
        mission, what = self._mission, entry['what']
        if what == 'plan':
            mission.take_plan(read_plan(entry['plan']), self._graph)
        elif what == 'no_plan':
            mission.fail_to_plan(entry['reason'])
        elif what == 'approval':
            mission.take_approval(entry['is_approved'], entry['reason'], self._graph)
        elif what == 'observation':
            if mission.action is None or render_steps([mission.action]) != entry['action']:
                raise ConfigError(
                    f'expected {entry["action"]}, the mission goes on with {mission.action}'
                )
            mission.take_observation(read_observation(entry['observation']), self._graph)
        elif what == 'break':
            self._break(entry)
        elif what != 'end':
            raise ConfigError(f'"what": expected a part of a mission, got {quote(what)}')
        elif (mission.ending, mission.answer) != (entry['ending'], entry['answer']):
            raise ConfigError(
                f'the mission ended {quote(entry["ending"])} with {quote(entry["answer"])}, now it '
                f'ends {quote(mission.ending)} with {quote(mission.answer)}'
            )

    def _break(self, entry: Mapping[str, Any]) -> None:
        seen = read_observation(entry['observation']) if 'observation' in entry else None
        mission, ending = self._mission, entry['ending']
        if mission.ending:  # it came to that by what it was told before
            return
        if ending == 'canceled':
            mission.cancel(entry['reason'], seen)
        elif ending == 'time_limit':
            mission.check_time(seen)
        else:
            mission.fail_to_act(ending, entry['reason'], seen)


def _write(value: Any) -> Any:
    if isinstance(value, Plan):
        return write_plan(value)
    if isinstance(value, Observation):
        return write_observation(value)
    return render_steps([value]) if isinstance(value, Action) else value


def _say_the_same(one: SceneGraph, other: SceneGraph) -> bool:
    """Whether two graphs say the same of the world."""
    return (
        dict(one.nodes) == dict(other.nodes)
        and dict(one.connections) == dict(other.connections)
        and one.robot_location == other.robot_location
    )
