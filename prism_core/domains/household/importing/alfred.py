# SPDX-License-Identifier: Apache-2.0
"""Trajectories of ALFRED as episodes: homes, what workers asked for, and plans that are carried out
and judged.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prism_core.domains.household.importing.alfred_homes import (
    AlfredHome,
    FloorPlans,
    Trajectory,
    build_home,
    class_of_id,
    find_furniture,
    words_of,
)
from prism_core.domains.household.judge import make_criterion, reaches_goal
from prism_core.domains.household.meaning import Errand, ErrandKind, Meaning
from prism_core.domains.household.simulator import HouseholdSimulator
from prism_core.domains.household.skills import Skill, Walk
from prism_core.episode.episode import Episode, Task, Turn
from prism_core.episode.observation import Observation
from prism_core.errors import ConfigError, PlanParseError
from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan

SPLITS = ('train', 'valid_seen', 'valid_unseen')
_KINDS: Mapping[str, ErrandKind] = {
    'pick_and_place_simple': 'place',
    'pick_and_place_with_movable_recep': 'stack',
    'pick_two_obj_and_place': 'two',
    'pick_clean_then_place_in_recep': 'clean',
    'pick_heat_then_place_in_recep': 'heat',
    'pick_cool_then_place_in_recep': 'cool',
    'look_at_obj_in_light': 'light',
}
_TREATMENTS = {'CleanObject': 'clean', 'HeatObject': 'heat', 'CoolObject': 'cool'}
_MOST_ACTIONS = 120


def read_trajectories(path: Path) -> list[Trajectory]:
    """The trajectories of a file, JSON Lines or those in gzip.

    Raises:
        ConfigError: it cannot be read, or holds something else, with the line.
    """
    opener = gzip.open if path.suffix == '.gz' else open
    found: list[Trajectory] = []
    try:
        with opener(path, 'rt', encoding='utf-8') as lines:
            for number, line in enumerate(lines, 1):
                row = json.loads(line)
                missing = _NEEDED - row.keys() if isinstance(row, dict) else _NEEDED
                if missing:
                    raise ConfigError(
                        f'{path}, line {number}: expected a trajectory of ALFRED, it has no '
                        f'{min(missing)!r}'
                    )
                found.append(row)
    except (OSError, EOFError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f'{path}: expected trajectories of ALFRED, got: {error}') from error
    return found


_NEEDED = {'task', 'split', 'task_type', 'pddl_params', 'floor_plan', 'init', 'objects', 'plan',
           'low', 'anns'}  # fmt: skip


def meaning_of(trajectory: Trajectory) -> Meaning:
    """What a trajectory is for."""
    wanted = trajectory['pddl_params']
    thing = words_of(wanted['object_target'] + ('Sliced' if wanted['object_sliced'] else ''))
    return Meaning(
        (
            Errand(
                _KINDS[trajectory['task_type']],
                thing,
                words_of(wanted['parent_target']),
                words_of(wanted['mrecep_target']),
                words_of(wanted['toggle_target']),
            ),
        )
    )


def requests_of(trajectory: Trajectory, with_steps: bool) -> Iterator[tuple[int, str]]:
    """What the workers wrote, by number: the goal, or the goal and the steps behind `Steps:`."""
    for number, told in enumerate(trajectory['anns']):
        goal = _sentence(told['task_desc'])
        if with_steps:
            goal += ' Steps: ' + ' '.join(map(_sentence, told['high_descs']))
        yield number, goal


def _sentence(text: str) -> str:
    said = ' '.join(text.split())
    return said if said.endswith(('.', '!', '?')) else f'{said}.'


def has_all_steps(trajectory: Trajectory, number: int) -> bool:
    """Whether a worker wrote as many steps as the plan has."""
    return len(trajectory['anns'][number]['high_descs']) == len(trajectory['plan'])


# ------------------------------------------------------------------------------------ gold plans


@dataclass(frozen=True)
class Step:
    """A step of a plan that is no way: its skill, and the ids that it names."""

    skill: Skill
    thing: str
    tool: str = ''


def steps_of(trajectory: Trajectory) -> list[Step]:
    """The plan of a trajectory, without its ways."""
    found = []
    for number, step in enumerate(trajectory['plan']):
        name = step['action']
        low = [entry for entry in trajectory['low'] if entry[0] == number]
        if name == 'PickupObject':
            found.append(Step(Skill('take', class_of_id(step['object'])), step['object']))
        elif name == 'PutObject':
            at = step['receptacle']
            found.append(Step(Skill('put', class_of_id(at)), step['object'], at))
        elif name == 'SliceObject':
            found.append(Step(Skill('slice', class_of_id(step['object'])), step['object']))
        elif name in _TREATMENTS:
            put = next(entry for entry in low if entry[1] == 'put')
            found.append(Step(Skill(_TREATMENTS[name]), put[2], put[3]))
        elif name == 'ToggleObject':
            lamp = next(entry[2] for entry in low if entry[1] == 'on')
            found.append(Step(Skill('light', class_of_id(lamp)), lamp))
    return found


def play_steps(steps: Sequence[Step], home: AlfredHome, task: Episode) -> tuple[Episode, list[str]]:
    """An episode in which steps are carried out one by one, on the very things that they name, and
    why some could not be.
    """
    simulator = HouseholdSimulator(task.true_graph, task.known_graph)
    pieces: dict[str, str] = {}
    turns: list[Turn] = []
    problems = []
    goal = task.task.intent.say() if isinstance(task.task.intent, Meaning) else ''
    pending: list[tuple[Action, Observation]] = []
    begun = simulator.known_graph

    def close_turn() -> None:
        nonlocal begun
        if pending:
            plan = Plan(tuple(action for action, _ in pending), goal)
            seen = tuple(observation for _, observation in pending)
            turns.append(Turn(plan, seen, begun.robot_location or '', known_graph=begun))
            pending.clear()
        begun = simulator.known_graph

    for step in steps:
        walk = Walk(simulator.known_graph, goal)
        try:
            _walk(step, walk, home, pieces, simulator.known_graph)
        except (PlanParseError, LookupError) as problem:
            problems.append(str(problem))
            continue
        for action in walk.actions:
            observation = simulator.execute(action)
            pending.append((action, observation))
            if observation.status != 'done':
                problems.append(observation.feedback or f'{action.name} failed')
                close_turn()
                break
        if step.skill.verb == 'slice':
            close_turn()
    pending.append((Action('done'), Observation()))
    close_turn()
    return replace(task, turns=tuple(turns), ending='reported'), problems


def _walk(
    step: Step, walk: Walk, home: AlfredHome, pieces: dict[str, str], known: SceneGraph
) -> None:
    """The actions of one step."""
    verb = step.skill.verb
    thing = _node_of(step.thing, home, pieces, known)
    if verb == 'take':
        walk.take(thing)
    elif verb == 'put':
        if not walk.home.held:
            raise PlanParseError('put: the hand is empty')
        walk.put(_node_of(step.tool, home, pieces, known))
    elif verb == 'slice':
        walk.slice(thing)
    elif verb == 'light':
        walk.light(thing)
    else:
        if not walk.home.held:
            raise PlanParseError(f'{verb}: the hand is empty')
        walk.treat(verb, home.name_of(step.tool))


def _node_of(identifier: str, home: AlfredHome, pieces: dict[str, str], known: SceneGraph) -> str:
    """The node that an id stands for; pieces of what was sliced in the order in which they come."""
    if 'Sliced' not in identifier:
        return home.name_of(identifier)
    if identifier not in pieces:
        base = class_of_id(identifier).replace(' ', '_')
        free = [
            name
            for name in known.objects
            if name.rpartition('_')[0] == base and name not in pieces.values()
        ]
        if not free:
            raise LookupError(f'there is no {class_of_id(identifier)} in the home')
        pieces[identifier] = free[0]
    return pieces[identifier]


# -------------------------------------------------------------------------------------- episodes


def make_task(trajectory: Trajectory, home: AlfredHome, *, hidden: bool = False) -> Episode:
    """The task of a trajectory, without a sentence; `hidden`: what is in closed furniture is not
    known.
    """
    meaning = meaning_of(trajectory)
    facts: dict[str, Any] = {
        'source': f'ALFRED {trajectory["task"]}',
        'split': trajectory['split'],
        'home': trajectory['floor_plan'],
        'subtasks': len(steps_of(trajectory)),
        'hidden': hidden,
    }
    criterion = replace(make_criterion(meaning), max_actions=_MOST_ACTIONS)
    known = hide_contents(home.graph) if hidden else home.graph
    return Episode(
        0,
        Task('', meaning.errands[0].kind, meaning),
        criterion,
        home.graph,
        known,
        provenance=facts,
        domain='household',
    )


def hide_contents(graph: SceneGraph) -> SceneGraph:
    """The graph without what is in closed furniture, which is not known to be there."""
    closed = [name for name, n in graph.regions.items() if n.attributes.get('door') == 'closed']
    hidden = [thing for name in closed for thing in _all_in(graph, name)]
    told = {name: {'seen': False} for name in closed}
    return graph.apply(GraphUpdate(remove_nodes=tuple(hidden), set_attributes=told)).with_revision(
        0
    )


def _all_in(graph: SceneGraph, name: str) -> Iterator[str]:
    for thing in graph.contents(name):
        yield thing
        yield from _all_in(graph, thing)


def open_home(trajectory: Trajectory, plans: FloorPlans) -> AlfredHome:
    """The home at the start of a trajectory. What is asked for is not so then, since no worker was
    asked to do nothing: where a guess makes it so, it is another.
    """
    home = build_home(trajectory, plans)
    if not reaches_goal(make_task(trajectory, home)):
        return home
    errand = meaning_of(trajectory).errands[0]
    return build_home(trajectory, plans, (errand.thing, errand.place))


def load_homes(path: Path) -> tuple[list[Trajectory], FloorPlans]:
    """The trajectories of a file and the furniture that they tell of.

    Raises:
        ConfigError: see `read_trajectories`.
    """
    trajectories = read_trajectories(path)
    return trajectories, find_furniture(trajectories)
