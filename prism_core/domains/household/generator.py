# SPDX-License-Identifier: Apache-2.0
"""From a seed to tasks in a home, each as the teacher plays it; where luck would do with its twin:
the same sentence in a home where another plan is right.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from prism_core.domains.household.classes import FURNITURE, may_hold, whole_of
from prism_core.domains.household.home import Home, read_home
from prism_core.domains.household.judge import holds, judge_episode, make_criterion
from prism_core.domains.household.kinds import ASKED, KINDS, TWINS, HomeDraw
from prism_core.domains.household.meaning import Meaning
from prism_core.domains.household.planning import make_teacher
from prism_core.domains.household.requests import render_request
from prism_core.domains.household.scenes import (
    HouseholdConfig,
    HouseholdRecipe,
    draw_home,
    furnish,
    hide,
    lay,
    placed,
)
from prism_core.domains.household.simulator import FAILURES, HouseholdSimulator
from prism_core.domains.household.skills import list_done
from prism_core.episode.episode import Episode, Task
from prism_core.episode.mission_state import MAX_TRIES
from prism_core.episode.planner import run_episode
from prism_core.errors import ConfigError, WorldRejected
from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph

GENERATOR_VERSION = 1
DOMAIN = 'household'
_MAX_DRAWS, _MAX_TURNS = 16, 40
_BUDGET, _SPARE_ACTIONS = 1.5, 6


def plan_world(
    recipe: HouseholdRecipe, index: int, is_test: bool, coverage: Mapping[str, int]
) -> HouseholdConfig:
    """What the world of an index will be: the kinds of task that were rare so far.

    Raises:
        ConfigError: a kind of task is unknown.
    """
    unknown = set(recipe.kinds) - set(KINDS)
    if unknown:
        raise ConfigError(f'kinds: expected some of {", ".join(KINDS)}, got {min(unknown)!r}')
    rng = Random(f'plan household {recipe.seed}:{index}')  # noqa: S311 - no secret
    kinds = list(recipe.kinds or KINDS)
    rng.shuffle(kinds)
    kinds.sort(key=lambda kind: coverage.get(kind, 0) * rng.uniform(0.8, 1.2))
    return HouseholdConfig(
        kinds=tuple(kinds[: recipe.tasks]),
        tasks=recipe.tasks,
        is_known=rng.random() < recipe.known,
        failing=recipe.failing,
        hidden=recipe.hidden,
        unseen=rng.choice(_parts_of(recipe.unseen)) if is_test else (),
    )


def _parts_of(unseen: Iterable[str]) -> list[tuple[str, ...]]:
    """Nothing, each alone, and all: what test worlds show in turn."""
    names = tuple(unseen)
    return list(dict.fromkeys([(), *((name,) for name in names), names]))


def draw_world(
    seed: int, config: HouseholdConfig, rejections: Counter[str] | None = None
) -> list[Episode]:
    """Draw one home and its tasks, each as the teacher plays it; twins stand together and share
    `provenance['twin']`.
    """
    rejections = Counter() if rejections is None else rejections
    rng = Random(f'household {GENERATOR_VERSION}:{seed}')  # noqa: S311 - a simulation, no secret
    is_unseen = 'scenes' in config.unseen
    scene = draw_home(rng, is_unseen)
    source = TaskSource(seed, config, rng)
    episodes: list[Episode] = []
    said: set[str] = set()
    for number in range(config.tasks):
        kind = config.kinds[number % len(config.kinds)]
        for attempt in range(_MAX_DRAWS):
            try:
                # A home in which the kind finds nothing to do is drawn anew.
                drawn = source.draw(kind, scene if attempt < 4 else draw_home(rng, is_unseen))
                request = drawn[0].task.request
                if request in said:
                    raise WorldRejected('the sentence was drawn')
            except WorldRejected as rejected:
                rejections[f'{kind}: {rejected}'] += 1
            else:
                said.add(request)
                episodes += drawn
                break
    return episodes


@dataclass(frozen=True)
class TaskSource:
    """Draws tasks of one world."""

    seed: int
    config: HouseholdConfig
    rng: Random

    def draw(self, kind: str, graph: SceneGraph) -> list[Episode]:
        """A task, with its twin where it has one.

        Raises:
            WorldRejected: the home has nothing for it.
        """
        rng = self.rng
        meaning = KINDS[kind](HomeDraw(rng, read_home(graph)))
        request = render_request(meaning, rng, 'wording' in self.config.unseen)
        request = request[:1].upper() + request[1:] if rng.random() < 0.5 else request
        task = Task(request, kind, meaning)
        known = graph if self.config.is_known else hide(graph)
        if kind in TWINS:
            there = _with_what_is_missing(meaning, graph, rng)
            known_there = there if self.config.is_known else hide(there)
            pair = [self.play(task, graph, known, True), self.play(task, there, known_there)]
        else:
            first = self.play(task, graph, known, kind in ASKED)
            if kind in ASKED or rng.random() >= self.config.hidden:
                return [first]
            changed = self._change(meaning, graph, known)
            if changed is None:
                return [first]
            pair = [self.play(task, changed[0], known, changed[1]), first]
        tag = {'twin': f'{self.seed}:{request}'}
        return [replace(e, provenance={**e.provenance, **tag}) for e in pair]

    def _change(
        self, meaning: Meaning, graph: SceneGraph, known: SceneGraph
    ) -> tuple[SceneGraph, bool] | None:
        """The home as it really is, and whether one has to ask then: the thing that is meant is
        elsewhere, gone, or stuck. None where there is not exactly one that is known, or something
        lies in it.
        """
        rng, home = self.rng, read_home(graph)
        words = whole_of(meaning.errands[0].thing)
        names = home.called(words)
        if len(names) != 1 or names[0] not in known.nodes or any(home.contents(names[0])):
            return None
        how = rng.choice(('elsewhere', 'elsewhere', 'gone', 'stuck'))
        if how == 'gone':
            return graph.apply(GraphUpdate(remove_nodes=names)).with_revision(0), True
        if how == 'stuck':
            stuck = [['PickupObject', names[0]], ['SliceObject', names[0]]]
            return _with_failures(graph, stuck * (2 * MAX_TRIES)), True
        spots = [
            n
            for n in graph.regions
            if home.is_furniture(n)
            and not known.nodes[n].attributes['seen']  # or nobody would look there
            and may_hold(home.class_of(n), words)
            and home.has_room(n)
            and home.class_of(n) not in {errand.place for errand in meaning.errands}
        ]
        if not spots:
            return None
        return _moved(graph, home, names[0], rng.choice(spots)), False

    def play(
        self, task: Task, true: SceneGraph, known: SceneGraph, is_asked: bool = False
    ) -> Episode:
        """A task as the teacher plays it, with a budget relative to what that takes.

        Raises:
            WorldRejected: some of it is so already, or the teacher does not succeed.
        """
        if not true.attributes:
            true = _with_failures(true, self._draw_failures(true))
        meaning = task.intent
        assert isinstance(meaning, Meaning)  # noqa: S101 - drawn tasks have one
        facts: dict[str, Any] = {
            'generator': GENERATOR_VERSION,
            'objects': len(true.objects),
            'rooms': sum(not read_home(true).is_furniture(n) for n in true.regions),
            'hidden': self.config.hidden,
            'unseen': sorted(self.config.unseen),
            'wording': 'unseen' if 'wording' in self.config.unseen else 'seen',
            'phrasing': meaning.errands[0].kind if meaning.errands else 'vague',
            'needs_discovery': known.nodes.keys() != true.nodes.keys(),
        }
        criterion = make_criterion(meaning, is_asked)
        if any(holds(fact, [read_home(true)]) for fact in criterion.evidence):
            raise WorldRejected('some of it is so already')
        return add_budget(
            Episode(self.seed, task, criterion, true, known, provenance=facts, domain=DOMAIN)
        )

    def _draw_failures(self, graph: SceneGraph) -> list[list[str]]:
        """The things that will slip, once or twice, and the doors that will jam once."""
        rng, failing, home = self.rng, self.config.failing, read_home(graph)
        drawn: list[list[str]] = []
        for name in graph.nodes:
            if rng.random() < failing and home.can_open(name):
                drawn.append(['OpenObject', name])
            elif rng.random() < failing and home.is_thing(name):
                drawn += [['PickupObject', name]] * rng.choice((1, 1, 2))
        return drawn


def add_budget(episode: Episode) -> Episode:
    """The episode as its teacher plays it, with a budget relative to what that takes.

    Raises:
        WorldRejected: the teacher does not succeed.
    """
    teacher = make_teacher(episode.task)
    unlimited = replace(episode.criterion, max_actions=10**6)
    simulator = HouseholdSimulator(episode.true_graph, episode.known_graph)
    run = run_episode(teacher, simulator, replace(episode, criterion=unlimited))
    outcome = judge_episode(run)
    if not outcome.success:
        raise WorldRejected(f'the teacher does not succeed: {outcome.reason}')
    if len(run.turns) > _MAX_TURNS:
        raise WorldRejected('it takes too long')
    done = list_done(run.final_graph, run.turns)
    facts = {
        **episode.provenance,
        'teacher_actions': outcome.actions,
        'subtasks': sum(skill.verb not in ('done', 'ask') for skill in done),
    }
    most = math.ceil(_BUDGET * outcome.actions) + _SPARE_ACTIONS
    criterion = replace(episode.criterion, max_actions=most)
    return replace(run, criterion=criterion, outcome=outcome, provenance=facts)


def _with_what_is_missing(meaning: Meaning, graph: SceneGraph, rng: Random) -> SceneGraph:
    """The home with what there is none of, too.

    Raises:
        WorldRejected: there is no place for it.
    """
    errand, home = meaning.errands[0], read_home(graph)
    if errand.place in FURNITURE and not home.called(errand.place):
        rooms = [name for name in graph.regions if not home.is_furniture(name)]
        return furnish(graph, errand.place, rng.choice(rooms), rng)
    return lay(graph, errand.thing, errand.place, rng)


def _moved(graph: SceneGraph, home: Home, name: str, spot: str) -> SceneGraph:
    """The same home with a thing elsewhere."""
    ways = [c for c in graph.connections.values() if c.source != name and c.target != name]
    ways += placed(name, home.nodes[spot])
    return SceneGraph(graph.nodes.values(), ways, robot_location=graph.robot_location)


def _with_failures(graph: SceneGraph, failures: list[list[str]]) -> SceneGraph:
    return SceneGraph(
        graph.nodes.values(),
        graph.connections.values(),
        robot_location=graph.robot_location,
        attributes={FAILURES: failures} if failures else {},
    )
