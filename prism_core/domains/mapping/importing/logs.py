# SPDX-License-Identifier: Apache-2.0
"""Logs that teams already have, as episodes where they can be checked; and why others cannot.

A log is chat messages, as JSON Lines for fine-tuning or as SPINE's logger writes them. Nothing in
it is believed: graphs, plans and updates are read and checked like anybody's, and where the
sentence is understood, the answer is judged against all that the log has seen. Three things are
filled in: where a step left the robot and how far that is by the shortest known way, and that a
region which was mapped is mapped. A reply that the log's own validator refused is left out of the
turns, as SPINE leaves it out of its history; it stays in the provenance, for study.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from prism_core.dialects.chat_records import read_records
from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.domains.mapping.importing.missions import LoggedMission, read_missions
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.judge import judge_episode
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.looking import MAPPED, WAYS_M
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.solution import solve
from prism_core.domains.mapping.words import Words
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Ending, Episode, Task, Turn
from prism_core.episode.imported import Imported
from prism_core.episode.observation import Observation
from prism_core.errors import SceneGraphError, WorldRejected
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable, Role
from prism_core.plan.plan import Plan, render_plan
from prism_core.plan.routes import trace_plan
from prism_core.plan.validation import validate_plan


def import_log(log: str | Iterable[str], source: str, words: Words) -> Iterator[Imported]:
    """Read and check each mission of a log; raises nothing, whatever the text.

    Args:
        log: the text of a file, or its lines.
        source: what the text is called, such as the path of the file.
        words: of the domain.
    """
    text = log if isinstance(log, str) else '\n'.join(line.rstrip('\n') for line in log)
    numbers: Counter[int] = Counter()
    for record in read_records(text):
        graph: SceneGraph | None = None
        missions = [LoggedMission(fault=record.fault)] if record.fault else None
        for mission in missions or read_missions(record.messages, MAPPING_ACTIONS):
            numbers[record.line] += 1
            number = numbers[record.line]
            place = f'{source}:{record.line}' + (f'#{number}' if number > 1 else '')
            imported, graph = _check(mission, graph, place, words)
            yield imported


def judge_seen(episode: Episode, place: str, words: Words) -> Imported:
    """The verdict on an episode with all that was ever seen as its true graph, see `Domain`."""
    world = _as_world(episode.true_graph, episode.known_graph)
    return _judge(replace(episode, true_graph=world), place, words)


class MissionRefused(Exception):
    """A mission does not hold; the text is the reason."""


def _check(
    mission: LoggedMission, before: SceneGraph | None, place: str, words: Words
) -> tuple[Imported, SceneGraph | None]:
    """The verdict on a mission, and the graph that a mission behind it goes on from."""
    start = mission.start or before
    fault = mission.fault or _why_not_begun(mission, start)
    if fault or start is None:
        return Imported(place, 'unreadable', reason=fault), None
    try:
        start = _begin(mission, start)
        turns, final = _replay(mission, start, MAPPING_ACTIONS)
        episode = _as_episode(mission, start, turns, final, place, MAPPING_ACTIONS)
    except MissionRefused as refused:
        return Imported(place, 'failed', reason=str(refused)), None
    return _judge(episode, place, words), final


def _why_not_begun(mission: LoggedMission, start: SceneGraph | None) -> str:
    if start is None:
        return 'no scene graph: the mission before it could not be followed to its end'
    if start.robot_location is None:
        return 'no robot location: the scene graph does not say where the robot is'
    if not mission.request:
        return 'no task: the message with the scene graph asks for nothing'
    if not mission.turns:
        return 'no plan: the log holds a task, and no plan that was accepted'
    return ''


def follow_mission(
    mission: LoggedMission, graph: SceneGraph, table: ActionTable
) -> tuple[tuple[Turn, ...], SceneGraph]:
    """The turns of a mission, which need not have ended, and the graph behind the last of them.

    Raises:
        MissionRefused: a plan or an update does not hold.
    """
    return _replay(mission, _begin(mission, graph), table)


def _begin(mission: LoggedMission, graph: SceneGraph) -> SceneGraph:
    return _apply(graph, mission.news, 'before the first turn').with_revision(0)


def _replay(
    mission: LoggedMission, graph: SceneGraph, table: ActionTable
) -> tuple[tuple[Turn, ...], SceneGraph]:
    """The turns as they went, each checked on the graph known then, and the graph at the end."""
    turns: list[Turn] = []
    for number, turn in enumerate(mission.turns, start=1):
        if _is_refused(turn):
            continue
        if turns and _ends(turns[-1], table):
            raise MissionRefused(f'goes on behind its end: turn {number}')
        report = validate_plan(turn.plan, graph, table)
        if not report.is_valid:
            raise MissionRefused(f'a plan is not valid: turn {number}: {report.feedback}')
        here = graph.robot_location or ''
        observations = []
        for action, observation in zip(turn.plan.actions, turn.observations):
            is_told = mission.form == 'chat' and turn is not mission.turns[-1]
            if not is_told and observation.status == 'done':
                observation = _complete(action, observation, graph, table)
            after = _apply(graph, observation, f'turn {number}')
            observations.append(replace(observation, distance_m=_distance_m(graph, after)))
            graph = after
        turns.append(Turn(turn.plan, tuple(observations), here))
    return tuple(turns), graph


def _apply(graph: SceneGraph, observation: Observation, where: str) -> SceneGraph:
    try:
        return graph.apply(observation.update)
    except SceneGraphError as error:
        raise MissionRefused(f'an update does not apply: {where}: {error}') from None


def _is_refused(turn: Turn) -> bool:
    return any(observation.status == 'refused' for observation in turn.observations[:1])


def _complete(
    action: Action, observation: Observation, graph: SceneGraph, table: ActionTable
) -> Observation:
    """The observation with what SPINE leaves out: where a step that was done left the robot, and
    that a region was mapped.
    """
    update = observation.update
    way = trace_plan(Plan((action,)), graph, table)
    if update.robot_location is None and way[-1] != graph.robot_location:
        update = replace(update, robot_location=way[-1])
    if action.name == 'map_region':
        region = str(action.arguments[0])
        changes = {**update.set_attributes.get(region, {}), MAPPED: True}
        update = replace(update, set_attributes={**update.set_attributes, region: changes})
    return replace(observation, update=update)


def _distance_m(before: SceneGraph, after: SceneGraph) -> float:
    """How far the robot drove: by the way that was known before the step, where that turned out to
    be free, else by the shortest that is known behind it.
    """
    here, there = before.robot_location or '', after.robot_location or ''
    if here not in after.regions:
        return 0.0
    graph = after
    if there in before.regions and before.is_reachable(here, there):
        way = itertools.pairwise(before.route(here, there))
        is_free = all(after.region_network.has_edge(*ends) for ends in way)
        graph = before if is_free else after
    return round(graph.distances_m(here).get(there, 0.0), 3)


def _ends(turn: Turn, table: ActionTable) -> bool:
    done = turn.plan.actions[: len(turn.observations)]
    return bool(done) and table[done[-1].name].ends_mission


def _as_episode(
    mission: LoggedMission,
    start: SceneGraph,
    turns: tuple[Turn, ...],
    final: SceneGraph,
    place: str,
    table: ActionTable,
) -> Episode:
    """The episode, with all that was ever seen for the true graph, and not yet judged."""
    if not turns or not _ends(turns[-1], table):
        last = turns[-1].plan.actions[len(turns[-1].observations) - 1].name if turns else 'nothing'
        raise MissionRefused(f'does not end with answer or clarify: the last step is {last}')
    last = turns[-1].plan.actions[len(turns[-1].observations) - 1].name
    ending: Ending = 'asked' if table[last].role is Role.ASK else 'reported'
    provenance = {'source': place, 'imported_from': mission.form, 'id': place}
    refused = [*mission.refused, *_refused_turns(mission)]
    return Episode(
        seed=_seed_of(start),
        task=Task(mission.request),
        criterion=Criterion('any'),
        true_graph=_as_world(final, start),
        known_graph=start,
        turns=turns,
        ending=ending,
        provenance=provenance | ({'refused': refused} if refused else {}),
    )


def _refused_turns(mission: LoggedMission) -> Iterator[dict[str, str]]:
    for turn in filter(_is_refused, mission.turns):
        yield {'reply': render_plan(turn.plan), 'feedback': turn.observations[0].feedback}


def _seed_of(graph: SceneGraph) -> int:
    """The same for each mission in the same place, so that they go to the same split."""
    text = '\n'.join(sorted(graph.regions))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], 'big')


def _as_world(final: SceneGraph, start: SceneGraph) -> SceneGraph:
    """All that was seen, without what the robot notes of its own looking."""
    location = start.robot_location
    return SceneGraph(
        (node.without_attributes((MAPPED, WAYS_M)) for node in final.nodes.values()),
        final.connections.values(),
        robot_location=location if location in final.nodes else final.robot_location,
        attributes=final.attributes,
    )


@cache
def _make_reader(words: Words) -> RequestReader:
    return RequestReader(words)


def _judge(episode: Episode, place: str, words: Words) -> Imported:
    intent = _make_reader(words).read(episode.task.request, episode.known_graph)
    if not KINDS[intent.kind].is_understood:
        reason = 'not understood: nobody can say whether the answer is right'
        return Imported(place, 'unjudged', episode, reason)
    try:
        criterion = _criterion(intent, episode, words)
    except WorldRejected as rejected:
        reason = f'no right answer is known from what was seen: {rejected}'
        return Imported(place, 'unjudged', episode, reason)
    task = replace(episode.task, kind=intent.kind, intent=intent)
    episode = replace(episode, task=task, criterion=criterion)
    outcome = judge_episode(episode, words.lexicon)
    episode = replace(episode, outcome=outcome)
    if not outcome.success:
        reason = f'the judge does not pass the answer: {outcome.reason}'
        return Imported(place, 'failed', episode, reason)
    return Imported(place, 'checked', episode)


def _criterion(intent: Intent, episode: Episode, words: Words) -> Criterion:
    """What a right answer is; a log has no budget, so that what it took is allowed.

    Raises:
        WorldRejected: what was seen does not tell.
    """
    try:
        criterion = solve(intent, episode.true_graph, episode.known_graph, words.lexicon)
    except (KeyError, TypeError):
        raise WorldRejected('the lexicon does not know what it asks for') from None
    observations = [observation for _, observation in episode.actions]
    return replace(
        criterion,
        max_actions=len(observations),
        max_distance_m=round(sum(o.distance_m for o in observations), 3),
    )
