# SPDX-License-Identifier: Apache-2.0
"""Logs of missions on a robot, as episodes for a teacher to do better, and why others cannot be.

A log is run again through the code that ran the mission, so that it tells of no plan or step that
was not there. What somebody else has changed in the scene graph meanwhile is news that came with
the step before. Of the world no more is known than the robot has seen: where a right answer follows
from that, the mission is a task, whether it went well or not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from prism_core.domain import Domain
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Ending, Episode, Task, Turn, as_task
from prism_core.episode.imported import Imported
from prism_core.errors import ConfigError, SceneGraphError
from prism_core.graph.difference import find_difference
from prism_core.graph.elements import GraphUpdate, quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.mission import MissionEnding, RobotMission, read_log, replay_log
from prism_core.plan.plan import render_plan
from prism_core.words_file import describe_words

_NO_LIMIT = 10**6
_ENDINGS: dict[MissionEnding, Ending] = {
    'reported': 'reported',
    'asked': 'asked',
    'turn_limit': 'limit',
    'replan_limit': 'limit',
    'distance_limit': 'limit',
    'time_limit': 'limit',
    'stuck': 'stuck',
    'repeated_failure': 'stuck',
    'plan_stale': 'invalid_plans',
    'planner_error': 'planner_error',
}
"""The ending of the episode for each of the mission, where it is the planner's."""


@dataclass(frozen=True)
class _Logged:
    """A log as far as it could be read: what its first line says, and the mission or a fault."""

    source: str
    first: Mapping[str, Any]
    mission: RobotMission | None = None
    fault: str = ''

    @property
    def identity(self) -> str:
        """The id of the mission, else where it is written."""
        return str(self.first.get('mission_id') or self.source)


def import_missions(logs: Mapping[str, str], domain: Domain) -> list[Imported]:
    """Read and check some logs of missions.

    The provenance of an episode has the mission's id, how it ended and what it took; the `reply` of
    the user to its question, or what was asked next, with how the mission of that ended; which one
    it `continues`; and plans that were `refused`, which are left out of its turns.

    Args:
        logs: the text of each by what it is called, such as its path.
        domain: of the robot.

    Returns:
        What became of each mission, in order; of what cannot be read why, as of anything else.
    """
    logged = [_read(source, text, domain) for source, text in logs.items()]
    replies = {str(log.first['continues']): log for log in logged if log.first.get('continues')}
    return [_check(log, replies.get(log.identity), domain) for log in logged]


def tasks_of(imported: Sequence[Imported]) -> Iterator[Episode]:
    """The missions of which it is known when they are answered rightly, good or not, as tasks to be
    played anew. They have no limit of actions and metres: nobody knows what the shortest way is.
    """
    for one in imported:
        if one.status in ('checked', 'failed') and one.episode and one.episode.task.kind:
            task = as_task(one.episode)
            criterion = replace(
                task.criterion, max_actions=_NO_LIMIT, max_distance_m=float(_NO_LIMIT)
            )
            yield replace(task, criterion=criterion)


def render_recipe(domain: str, words: str, sources: Sequence[str]) -> str:
    """What a folder with such tasks says of them in its recipe, as YAML.

    Args:
        domain: its name.
        words: the file of a site's own words that they were read with; '' for none.
        sources: the files of the logs.
    """
    recipe = {'stage': 'import', 'domain': domain, **describe_words(words), 'logs': [*sources]}
    return yaml.safe_dump(recipe, sort_keys=False).rstrip()


def _read(source: str, text: str, domain: Domain) -> _Logged:
    first: Mapping[str, Any] = {}
    try:
        first = next(read_log(text), first)
        name = first.get('domain', domain.name)
        if name != domain.name:
            fault = f'another domain: the mission is one of {quote(name)}, not of {domain.name}'
            return _Logged(source, first, fault=fault)
        mission = replay_log(text, domain.table, find_breaches=domain.find_breaches)
    except ConfigError as error:
        return _Logged(source, first, fault=f'no log of a mission: {error}')
    return _Logged(source, first, mission, _why_not(mission, len(first['history'])))


def _why_not(mission: RobotMission, before: int) -> str:
    """Why a mission makes no episode, '' where it does."""
    if mission.ending == 'planned':
        return 'a dry run: nothing was carried out'
    if not mission.ending:
        return 'no end: the log stops while the mission goes on'
    turns = mission.history[before:]
    if not turns or turns[0].known_graph is None:
        return f'no plan: the mission ended before there was one: {mission.reason}'
    if turns[0].known_graph.robot_location is None:
        return 'no robot location: the scene graph does not say where the robot is'
    return ''


def _check(log: _Logged, reply: _Logged | None, domain: Domain) -> Imported:
    """The verdict on a mission."""
    mission = log.mission
    if log.fault or mission is None or not mission.ending:
        return Imported(log.source, 'unreadable', reason=log.fault)
    before = len(log.first['history'])
    earlier, turns = mission.history[:before], mission.history[before:]
    start = turns[0].known_graph
    assert start is not None  # noqa: S101 - as _why_not has looked
    try:
        kept, final, refused = _follow(turns, start)
    except SceneGraphError as error:
        reason = f'an update does not apply: {error}'
        return Imported(log.source, 'failed', reason=reason)
    episode = Episode(
        seed=_seed_of(start),
        task=Task(domain.spell_out(mission.request, start, earlier)),
        criterion=Criterion('any'),
        true_graph=final,
        known_graph=start.with_revision(0),
        turns=kept,
        ending=_ENDINGS.get(mission.ending, ''),
        error='' if mission.ending in ('reported', 'asked') else mission.reason,
        provenance=_provenance(log, mission, reply) | ({'refused': refused} if refused else {}),
        domain=domain.name,
    )
    verdict = domain.judge_seen(episode, log.source)
    if episode.ending in ('reported', 'asked'):
        return verdict
    reason = f'{mission.ending}: {mission.reason}'
    return Imported(log.source, 'failed', verdict.episode, reason)


def _follow(
    turns: Sequence[Turn], start: SceneGraph
) -> tuple[tuple[Turn, ...], SceneGraph, list[dict[str, str]]]:
    """The turns as far as they were carried out, what is known behind the last, and the plans that
    were refused, whole or from some step on.

    Raises:
        SceneGraphError: an update does not apply.
    """
    kept: list[Turn] = []
    refused = []
    graph = start.with_revision(0)
    for turn in turns:
        if kept and turn.known_graph is not None:
            kept[-1], graph = _with_news(kept[-1], graph, turn.known_graph)
        done = [seen for seen in turn.observations if seen.status != 'refused']
        for seen in turn.observations[len(done) :]:
            refused.append({'reply': render_plan(turn.plan), 'feedback': seen.feedback})
        if done:
            kept.append(replace(turn, observations=tuple(done), known_graph=graph))
            graph = kept[-1].replay(graph)[-1]
    return tuple(kept), graph, refused


def _with_news(turn: Turn, graph: SceneGraph, known: SceneGraph) -> tuple[Turn, SceneGraph]:
    """A turn of which the last step brings what is known behind it, and the graph then."""
    if find_difference(graph, known) == GraphUpdate():
        return turn, graph
    assert turn.known_graph is not None  # noqa: S101 - as _follow has kept it
    before = turn.replay(turn.known_graph)[-2]
    *others, last = turn.observations
    told = replace(last, update=find_difference(before, known))
    told_turn = replace(turn, observations=(*others, told))
    return told_turn, told_turn.replay(turn.known_graph)[-1]


def _provenance(log: _Logged, mission: RobotMission, reply: _Logged | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        'source': log.source,
        'imported_from': 'mission log',
        'id': log.identity,
        'mission': {
            'ending': mission.ending,
            'answer': mission.answer,
            'reason': mission.reason,
            'plans': mission.turns,
            'replans': mission.replans,
            'distance_m': mission.distance_m,
            'elapsed_s': mission.elapsed_s,
        },
    }
    if log.first.get('continues'):
        said['continues'] = str(log.first['continues'])
    if reply is not None:
        ended = '' if reply.mission is None else reply.mission.ending
        text = str(reply.first.get('reply', reply.first.get('request', '')))
        said['reply'] = {'text': text, 'mission': reply.identity, 'ending': ended}
    return said


def _seed_of(graph: SceneGraph) -> int:
    """The same for each mission in the same place, so that they go to the same split."""
    text = '\n'.join(sorted(graph.regions))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], 'big')
