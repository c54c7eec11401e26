# SPDX-License-Identifier: Apache-2.0
"""From a seed to tasks on a table, each as the teacher plays it, with its twin: the same sentence
where another plan is right.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from prism_core.domains.tabletop.judge import judge_episode, make_criterion
from prism_core.domains.tabletop.kinds import KINDS, Draw, group_of
from prism_core.domains.tabletop.meaning import Meaning
from prism_core.domains.tabletop.planning import make_teacher
from prism_core.domains.tabletop.requests import render_request
from prism_core.domains.tabletop.scenes import (
    TabletopConfig,
    TabletopRecipe,
    change_scene,
    draw_scene,
    let_hold,
    place_anew,
)
from prism_core.domains.tabletop.simulator import FAILURES, TabletopSimulator
from prism_core.domains.tabletop.state import Course, is_container, is_spot, read_table
from prism_core.domains.tabletop.wishes import Question, find_wants, spoken_of
from prism_core.episode.episode import Episode, Task
from prism_core.episode.mission_state import MAX_TRIES
from prism_core.episode.planner import run_episode
from prism_core.errors import ConfigError, WorldRejected
from prism_core.graph.calling import class_of
from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph

GENERATOR_VERSION = 2
DOMAIN = 'tabletop'
_MAX_DRAWS, _MAX_TWINS = 12, 16
_BUDGET, _SPARE_ACTIONS = 1.5, 3
_AS_IT_ENDS = 0.15  # of the twins are the table on which all is done already


def plan_world(
    recipe: TabletopRecipe, index: int, is_test: bool, coverage: Mapping[str, int]
) -> TabletopConfig:
    """What the world of an index will be: the kinds of task that were rare so far.

    Raises:
        ConfigError: a kind of task is unknown.
    """
    unknown = set(recipe.kinds) - set(KINDS)
    if unknown:
        raise ConfigError(f'kinds: expected some of {", ".join(KINDS)}, got {min(unknown)!r}')
    rng = Random(f'plan tabletop {recipe.seed}:{index}')  # noqa: S311 - no secret
    kinds = list(recipe.kinds or KINDS)
    rng.shuffle(kinds)
    kinds.sort(key=lambda kind: coverage.get(kind, 0) * rng.uniform(0.8, 1.2))
    unseen: tuple[str, ...] = ()
    if is_test:
        unseen = rng.choice(_parts_of(recipe.unseen))
    return TabletopConfig(
        kinds=tuple(kinds[: recipe.tasks]),
        tasks=recipe.tasks,
        failing=recipe.failing,
        hidden=recipe.hidden,
        unseen=unseen,
    )


def _parts_of(unseen: Iterable[str]) -> list[tuple[str, ...]]:
    """Nothing, each alone, and all: what test worlds show in turn."""
    names = tuple(unseen)
    return list(dict.fromkeys([(), *((name,) for name in names), names]))


def draw_world(
    seed: int, config: TabletopConfig, rejections: Counter[str] | None = None
) -> list[Episode]:
    """Draw one table and its tasks, each as the teacher plays it; twins stand together and share
    `provenance['twin']`.
    """
    rejections = Counter() if rejections is None else rejections
    rng = Random(f'tabletop {GENERATOR_VERSION}:{seed}')  # noqa: S311 - a simulation, no secret
    scene = draw_scene(rng, 'scenes' in config.unseen)
    source = TaskSource(seed, config, rng)
    episodes: list[Episode] = []
    said: set[str] = set()
    for number in range(config.tasks):
        kind = config.kinds[number % len(config.kinds)]
        for attempt in range(_MAX_DRAWS):
            try:
                # A table on which the kind finds nothing to do is drawn anew.
                graph = scene if attempt < 2 else draw_scene(rng, 'scenes' in config.unseen)
                drawn = source.draw(kind, graph)
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
    config: TabletopConfig
    rng: Random

    def draw(self, kind: str, graph: SceneGraph) -> list[Episode]:
        """A task and its twin.

        Raises:
            WorldRejected: the table has nothing for it, or there is no twin.
        """
        rng = self.rng
        if KINDS[kind].group in ('put_held', 'put_down'):
            graph = let_hold(graph, rng)
        meaning = KINDS[kind].draw(Draw(rng, read_table(graph)))
        _check_kind(kind, meaning, graph)
        is_unseen = 'wording' in self.config.unseen
        names = frozenset(graph.nodes)
        group = group_of(kind, meaning)
        request = render_request(meaning, group, rng, names, is_unseen)
        request = request[:1].upper() + request[1:] if rng.random() < 0.5 else request
        task = Task(request, kind, meaning)
        first = self.play(task, graph, *self._hide(meaning, graph))
        twin = self._twin(first)
        if twin is None:
            if not KINDS[kind].may_be_single:
                raise WorldRejected('no other table makes it another task')
            return [first]
        tag = {'twin': f'{self.seed}:{request}'}
        return [replace(e, provenance={**e.provenance, **tag}) for e in (first, twin)]

    def _twin(self, first: Episode) -> Episode | None:
        """The same sentence where another plan is right."""
        rng, task, known = self.rng, first.task, first.known_graph
        if first.provenance['needs_discovery']:
            twin = self.play(task, known, known)  # what is known is true this time
            if _is_another(twin, first):
                return twin
        meaning = task.intent
        assert isinstance(meaning, Meaning)  # noqa: S101 - drawn tasks have one
        words = tuple(dict.fromkeys(part.words for part in spoken_of(meaning)))
        for _ in range(_MAX_TWINS):
            if rng.random() < _AS_IT_ENDS and not first.final_graph.attributes:
                graph = first.final_graph.with_revision(0)
            else:
                graph = change_scene(known, rng, words)
            try:
                twin = self.play(task, graph, graph)
            except WorldRejected:
                continue
            if _is_another(twin, first):
                return twin
        return None

    def _hide(self, meaning: Meaning, graph: SceneGraph) -> tuple[SceneGraph, str, str]:
        """The world as it is: a block that is meant is at times elsewhere, gone, or stuck."""
        rng = self.rng
        table = read_table(graph)
        if rng.random() >= self.config.hidden or meaning.kind != 'put':
            return graph, '', ''
        what, where = meaning.parts
        try:
            wants = find_wants(meaning, Course((table,)))
        except Question:
            return graph, '', ''
        open_wants = [want for want in wants if not want.holds(table)]
        if what.kind != 'thing' or not open_wants or where.kind == 'table':
            return graph, '', ''
        block = open_wants[0].block
        if block in table.covers or block == table.held:
            return graph, '', ''
        how = rng.choice(('elsewhere', 'gone', 'stuck'))
        if how == 'gone':
            return graph.apply(GraphUpdate(remove_nodes=(block,))).with_revision(0), block, ''
        if how == 'stuck':
            return _with_failures(graph, [['pick', block]] * (3 * MAX_TRIES)), '', block
        others = [
            name
            for name, node in graph.nodes.items()
            if (is_container(node) or is_spot(node)) and name != table.supports[block]
        ]
        others += [''] if table.supports[block] else []
        return place_anew(graph, block, rng.choice(others)), '', ''

    def play(
        self, task: Task, known: SceneGraph, true: SceneGraph, missed: str = '', stuck: str = ''
    ) -> Episode:
        """A task as the teacher plays it, with a budget relative to what that takes."""
        is_hidden = true is not known
        if not stuck:
            true = _with_failures(true, self._draw_failures(true))
        meaning = task.intent
        assert isinstance(meaning, Meaning)  # noqa: S101 - drawn tasks have one
        facts: dict[str, Any] = {
            'generator': GENERATOR_VERSION,
            'objects': len(known.objects),
            'hidden': self.config.hidden,
            'unseen': sorted(self.config.unseen),
            'wording': 'unseen' if 'wording' in self.config.unseen else 'seen',
            'phrasing': group_of(task.kind, meaning) if task.kind in KINDS else task.kind,
            'needs_discovery': is_hidden,
        }
        criterion = make_criterion(meaning, known, missed, stuck)
        return add_budget(
            Episode(self.seed, task, criterion, true, known, provenance=facts, domain=DOMAIN)
        )

    def _draw_failures(self, graph: SceneGraph) -> list[list[str]]:
        """The picks that will slip, once or twice, and the blocks that will fall once."""
        rng, failing = self.rng, self.config.failing
        drawn: list[list[str]] = []
        for name in read_table(graph).movable:
            if rng.random() < failing:
                drawn += [['pick', name]] * rng.choice((1, 1, 2))
            if rng.random() < failing:
                drawn.append(['place', name])
        return drawn


def add_budget(episode: Episode) -> Episode:
    """The episode as its teacher plays it, with a budget relative to what that takes.

    Raises:
        WorldRejected: the teacher does not succeed.
    """
    teacher = make_teacher(episode.task)
    unlimited = replace(episode.criterion, max_actions=10**6)
    simulator = TabletopSimulator(episode.true_graph, episode.known_graph)
    run = run_episode(teacher, simulator, replace(episode, criterion=unlimited))
    outcome = judge_episode(run)
    if not outcome.success:
        raise WorldRejected(f'the teacher does not succeed: {outcome.reason}')
    most = math.ceil(_BUDGET * outcome.actions) + _SPARE_ACTIONS
    facts = {**episode.provenance, 'teacher_actions': outcome.actions}
    criterion = replace(episode.criterion, max_actions=most)
    return replace(run, criterion=criterion, outcome=outcome, provenance=facts)


def _check_kind(kind: str, meaning: Meaning, graph: SceneGraph) -> None:
    """What is to be asked about is, and nothing else."""
    table = read_table(graph)
    asked = ''
    try:
        find_wants(meaning, Course((table,)))
    except Question as question:
        asked = question.saying
    expected = {'absent': 'absent', 'ambiguous': 'which', 'cannot': 'cannot', 'vague': 'what'}
    if asked != expected.get(kind, asked):
        raise WorldRejected('it is clear and can be done')
    if asked and kind not in expected and kind not in ('sort', 'spread'):
        raise WorldRejected('it has to be asked about')


def _with_failures(graph: SceneGraph, failures: list[list[str]]) -> SceneGraph:
    return SceneGraph(
        graph.nodes.values(),
        graph.connections.values(),
        robot_location=graph.robot_location,
        attributes={FAILURES: failures} if failures else {},
    )


def _is_another(twin: Episode, first: Episode) -> bool:
    """Whether other things are right for a twin; to ask is not right for both."""
    if 'reported' not in (twin.ending, first.ending):
        return False
    return _what_is_done(twin) != _what_is_done(first)


def _what_is_done(episode: Episode) -> list[tuple[str, ...]]:
    """The actions that were carried out, each with the classes of what it was done on; whatever is
    put on the bare table is the same.
    """
    nodes = episode.known_graph.nodes
    done = []
    for action, observation in episode.actions:
        if observation.status != 'done':
            continue
        names = [str(argument) for argument in action.arguments]
        if names and names[-1] in nodes and nodes[names[-1]].kind == 'region':
            names = names[-1:]
        done.append((action.name, *(class_of(nodes[n]) if n in nodes else n for n in names)))
    return done
