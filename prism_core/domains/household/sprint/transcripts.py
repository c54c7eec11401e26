# SPDX-License-Identifier: Apache-2.0
"""An episode as the steps that it consists of, each with how the home was then and what was said.

A step is a skill that is no way: ways, doors and looks belong to the step that they lead to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prism_core.domains.household.home import read_home
from prism_core.domains.household.importing.alfred import (
    has_all_steps,
    make_task,
    open_home,
    play_steps,
    steps_of,
)
from prism_core.domains.household.importing.alfred_homes import FloorPlans, Trajectory
from prism_core.domains.household.judge import reaches_goal
from prism_core.domains.household.simulator import HouseholdSimulator
from prism_core.domains.household.skills import Skill, say_skills
from prism_core.episode.episode import Episode
from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

_AFTERWARDS = ('CloseObject', 'ToggleObjectOff')
"""What is done behind a step belongs to it."""
_FROM = (('take', 'PickupObject'), ('slice', 'SliceObject'))
"""The steps that find a thing somewhere, with the action that does."""


@dataclass(frozen=True)
class SkillPart:
    """A step of an episode.

    Attributes:
        skill: in classes.
        thing: the class that is taken, held or sliced; '' for none.
        place: the class that the thing is taken from, put to, treated in or looked at by.
        actions: what was done, each with the number of its turn.
    """

    skill: Skill
    thing: str
    place: str
    actions: tuple[tuple[int, Action], ...]


@dataclass(frozen=True)
class HomeState:
    """A home between two steps: as it is, as it is known, and the class of what is held."""

    true_graph: SceneGraph
    known_graph: SceneGraph
    held: str


@dataclass(frozen=True)
class Transcript:
    """An episode step by step.

    Attributes:
        source: what its segments are called by.
        home: the floor plan, or what tells it from others; chains are of one home.
        seed: of its segments; says of which split they are.
        parts: the steps.
        states: how the home was before each step, and at the end.
        said: what each worker said of each step; none where nobody said anything.
        facts: for the provenance of what is made of it.
    """

    source: str
    home: str
    seed: int
    parts: tuple[SkillPart, ...]
    states: tuple[HomeState, ...]
    said: Mapping[int, tuple[str, ...]]
    facts: Mapping[str, Any]


def parts_of(episode: Episode) -> list[SkillPart]:
    """The steps of an episode, by what was carried out."""
    graph, known = episode.final_graph, episode.known_graph
    done: list[Action] = []
    pending: list[tuple[int, Action]] = []
    parts: list[SkillPart] = []
    homes = (read_home(known), read_home(graph))

    def class_of(name: str) -> str:
        return next((home.class_of(name) for home in homes if name in home.nodes), '')

    for turn_number, turn in enumerate(episode.turns):
        for action, observation in zip(turn.plan.actions, turn.observations):
            if observation.status != 'done' or action.name == 'done':
                continue
            done.append(action)
            if action.name in _AFTERWARDS and parts and not pending:
                parts[-1] = _extend(parts[-1], ((turn_number, action),))
                continue
            pending.append((turn_number, action))
            said = [skill for skill in say_skills(done, graph) if skill.verb != 'look']
            is_merged = len(said) == len(parts) and said and said[-1] != parts[-1].skill
            if len(said) > len(parts):
                skill = said[-1]
                is_told = skill.verb in ('take', 'slice')
                thing = skill.words if is_told else class_of(str(action.arguments[0]))
                parts.append(SkillPart(skill, thing, skill.words, tuple(pending)))
                pending.clear()
            elif is_merged:  # what was put there came back hot, cold or clean
                before = parts.pop()
                part = SkillPart(said[-1], before.thing, before.place, before.actions)
                parts.append(_extend(part, tuple(pending)))
                pending.clear()
    return _with_places(parts, episode)


def _extend(part: SkillPart, actions: tuple[tuple[int, Action], ...]) -> SkillPart:
    return replace(part, actions=(*part.actions, *actions))


def _with_places(parts: Sequence[SkillPart], episode: Episode) -> list[SkillPart]:
    """The steps with where a thing was taken from, and what is held where a lamp is turned on."""
    simulator = HouseholdSimulator(episode.true_graph, episode.known_graph)
    told = []
    for part in parts:
        for _, action in part.actions:
            home = simulator.truth
            name = str(action.arguments[0])
            if (part.skill.verb, action.name) in _FROM:
                part = replace(part, place=home.class_of(home.holders[name]))
            elif part.skill.verb == 'light':
                held = home.class_of(home.held) if home.held else ''
                part = replace(part, thing=held, place=part.skill.words)
            simulator.execute(action)
        told.append(part)
    return told


def states_of(episode: Episode, parts: Sequence[SkillPart]) -> tuple[HomeState, ...]:
    """How the home was before each of its steps, and behind the last."""
    simulator = HouseholdSimulator(episode.true_graph, episode.known_graph)
    true_graph, is_all_known = episode.true_graph, episode.true_graph == episode.known_graph
    states = [_state(true_graph, simulator)]
    for part in parts:
        for _, action in part.actions:
            update = simulator.execute(action).update
            if not is_all_known and update != GraphUpdate():
                true_graph = true_graph.apply(replace(update, base_revision=0))
        true_graph = simulator.known_graph if is_all_known else true_graph
        states.append(_state(true_graph, simulator))
    return tuple(states)


def _state(true_graph: SceneGraph, simulator: HouseholdSimulator) -> HomeState:
    known = simulator.known_graph.with_revision(0)
    truth = simulator.truth
    held = truth.class_of(truth.held) if truth.held else ''
    is_same = true_graph is simulator.known_graph or true_graph == simulator.known_graph
    true_graph = known if is_same else true_graph.with_revision(0).at(known.robot_location)
    return HomeState(true_graph, known, held)


def read_alfred(
    trajectory: Trajectory, plans: FloorPlans, rejected: Counter[str], seed: int = 0
) -> Transcript | None:
    """A trajectory of ALFRED with what its workers said of each step; those who said another
    number of sentences than there are steps are counted in `rejected`, and so is a plan that does
    not come to its end here. None where nothing is left.
    """
    home = open_home(trajectory, plans)
    steps = steps_of(trajectory)
    episode, problems = play_steps(steps, home, make_task(trajectory, home))
    parts = parts_of(episode)
    if problems or not reaches_goal(episode):
        rejected['trajectory: does not reach its goal'] += 1
        return None
    if [part.skill for part in parts] != [step.skill for step in steps]:
        rejected['trajectory: other steps than those of its plan'] += 1
        return None
    said = {}
    for number, told in enumerate(trajectory['anns']):
        if not has_all_steps(trajectory, number):
            rejected['annotation: another number of sentences than steps'] += 1
            continue
        said[number] = step_texts(trajectory, told['high_descs'])
    if not said:
        return None
    facts = {
        'source': f'ALFRED {trajectory["task"]}',
        'split': trajectory['split'],
        'home': trajectory['floor_plan'],
        'hidden': False,
    }
    return Transcript(
        trajectory['task'],
        trajectory['floor_plan'],
        seed,
        tuple(parts),
        states_of(episode, parts),
        said,
        facts,
    )


def step_texts(trajectory: Trajectory, texts: Sequence[str]) -> tuple[str, ...]:
    """What was said of the steps that are no ways; the text of a way is dropped."""
    steps = zip(trajectory['plan'], texts)
    return tuple(' '.join(text.split()) for step, text in steps if step['action'] != 'GotoLocation')


def read_episode(episode: Episode, rejected: Counter[str]) -> Transcript | None:
    """An episode as a transcript; one that went wrong, or on the way of which something failed, is
    counted in `rejected`.
    """
    if episode.outcome is None or not episode.outcome.success or episode.ending != 'reported':
        rejected['episode: not good'] += 1
        return None
    if episode.before is not None or any(o.status != 'done' for _, o in episode.actions):
        rejected['episode: something failed, or was said before'] += 1
        return None
    parts = parts_of(episode)
    if not parts:
        rejected['episode: nothing was done'] += 1
        return None
    kept = ('source', 'split', 'home', 'hidden')
    facts = {key: episode.provenance[key] for key in kept if key in episode.provenance}
    identity = str(episode.provenance.get('id', ''))
    return Transcript(
        identity,
        home_of(episode),
        episode.seed,
        tuple(parts),
        states_of(episode, parts),
        {},
        {'source': identity, **facts},
    )


def home_of(episode: Episode) -> str:
    """What tells the floor plan of an episode: its name, or all that stands there."""
    return str(episode.provenance.get('home') or ' '.join(sorted(episode.true_graph.regions)))
