"""Does the teacher go by what things are, and not by what they are called or where they stand in a
text? Names are permuted, and the order of nodes and connections.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any

from prism_core.actions import Action
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.teacher import make_teacher
from prism_core.domains.mapping.words import Words, load_words
from prism_core.domains.mapping.world import WorldConfig
from prism_core.episode import Task
from prism_core.intent import Intent, Target
from prism_core.plan import Plan
from prism_core.scene_graph import SceneGraph


@dataclass(frozen=True)
class Invariance:
    """Over some states: how many plans did not follow a permutation of the names, and how many were
    other plans when the order was shuffled (the order decides between equals).
    """

    states: int = 0
    renamed: int = 0
    reordered: int = 0


def measure_invariance(config: WorldConfig, seeds: Iterable[int], states: int) -> Invariance:
    """Compare plans on graphs as they were known at each turn, each as the start of a mission."""
    words = load_words()
    found = [0, 0, 0]
    for seed, task, graph in islice(_states(config, seeds, words), states):
        rng = random.Random(seed)  # noqa: S311 - no secret
        plan = make_teacher(task, words).plan(task.request, graph, ())
        names = permute_names(graph, rng)
        renamed = make_teacher(rename_task(task, names), words).plan(
            task.request, rename_graph(graph, names), ()
        )
        shuffled = make_teacher(task, words).plan(task.request, shuffle(graph, rng), ())
        found[0] += 1
        found[1] += rename_actions(plan, names) != rename_actions(renamed, {})
        found[2] += plan.actions != shuffled.actions
    return Invariance(*found)


def _states(
    config: WorldConfig, seeds: Iterable[int], words: Words
) -> Iterator[tuple[int, Task, SceneGraph]]:
    for seed in seeds:
        for episode in draw_episodes(seed, config, words):
            played = play_episode(make_teacher(episode.task, words), episode, words)
            graph = episode.known_graph
            for turn in played.turns:
                yield seed, episode.task, graph
                for observation in turn.observations:
                    graph = graph.apply(observation.update)


def permute_names(graph: SceneGraph, rng: random.Random) -> dict[str, str]:
    """Another name for each node: its class with another number."""
    numbers = rng.sample(range(100, 10_000), len(graph.nodes))
    return {
        name: f'{name.rpartition("_")[0]}_{number}' for name, number in zip(graph.nodes, numbers)
    }


def rename_graph(graph: SceneGraph, names: Mapping[str, str]) -> SceneGraph:
    """The same graph under other names."""
    return SceneGraph(
        [replace(node, name=names[name]) for name, node in graph.nodes.items()],
        [
            replace(c, source=names[c.source], target=names[c.target])
            for c in graph.connections.values()
        ],
        robot_location=names[graph.robot_location] if graph.robot_location else None,
    )


def rename_task(task: Task, names: Mapping[str, str]) -> Task:
    """The same task under other names."""
    return replace(task, intent=_rename(task.intent, names))


def _rename(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, (Intent, Target)):
        parts = {f.name: _rename(getattr(value, f.name), names) for f in fields(value)}
        if isinstance(value, Target):
            parts['name'] = names.get(value.name, value.name)
        return type(value)(**parts)
    return tuple(_rename(part, names) for part in value) if isinstance(value, tuple) else value


def rename_actions(plan: Plan, names: Mapping[Any, Any]) -> list[Action]:
    """The actions of a plan under other names, without the wording of what is said."""
    return [
        Action(action.name, tuple(names.get(value, value) for value in action.arguments))
        for action in plan.actions
        if action.name not in ('answer', 'clarify')
    ] + [Action('names', tuple(names.get(name, name) for name in plan.relevant_graph))]


def shuffle(graph: SceneGraph, rng: random.Random) -> SceneGraph:
    """The same graph in another order."""
    nodes, connections = list(graph.nodes.values()), list(graph.connections.values())
    rng.shuffle(nodes)
    rng.shuffle(connections)
    return SceneGraph(nodes, connections, robot_location=graph.robot_location)
