# SPDX-License-Identifier: Apache-2.0
"""The same task in a world where things are called otherwise: what a sentence means, and how
success is judged, is data to it. Knows no domain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Episode, Past, Task, Turn, as_task
from prism_core.episode.observation import Observation
from prism_core.graph.calling import class_of
from prism_core.graph.elements import NO_ATTRIBUTES, Node
from prism_core.graph.name_styles import word_before
from prism_core.graph.scene_graph import SceneGraph
from prism_core.text import phrase_pattern

Said = Mapping[str, Mapping[str, Any]]
"""For nodes by their new names: attributes that are put beside them."""


def rename_graph(
    graph: SceneGraph, names: Mapping[str, str], said: Said = NO_ATTRIBUTES
) -> SceneGraph:
    """The same graph under other names, with what is said beside these."""
    return SceneGraph(
        [_rename_node(node, names, said) for node in graph.nodes.values()],
        [
            replace(c, source=names[c.source], target=names[c.target])
            for c in graph.connections.values()
        ],
        robot_location=names[graph.robot_location] if graph.robot_location else None,
        attributes=rename_parts(graph.attributes, names),
    )


def _rename_node(node: Node, names: Mapping[str, str], said: Said) -> Node:
    name = names[node.name]
    attributes = {**said.get(name, {}), **rename_parts(node.attributes, names)}
    return replace(node, name=name, attributes=attributes)


def rename_task(task: Task, names: Mapping[str, str]) -> Task:
    """The same task under other names, in its sentence and in what it means."""
    request = phrase_pattern(names).sub(lambda found: names[found[0]], task.request)
    return replace(task, request=request, intent=rename_parts(task.intent, names))


def rename_episode(
    episode: Episode, task: Task, names: Mapping[str, str], said: Said = NO_ATTRIBUTES
) -> Episode:
    """The task of an episode, to be tried anew, in its world under other names.

    Args:
        episode: any.
        task: its sentence and what that means, renamed already.
        names: for each name in its world another one.
        said: as `rename_graph` has it.
    """
    return replace(
        as_task(episode),
        task=task,
        criterion=_rename_criterion(episode.criterion, names),
        true_graph=rename_graph(episode.true_graph, names, said),
        known_graph=rename_graph(episode.known_graph, names, said),
        before=None if episode.before is None else _rename_past(episode.before, names, said),
    )


def _rename_past(past: Past, names: Mapping[str, str], said: Said) -> Past:
    """What was said and done before a task, under other names."""
    turns = tuple(_rename_turn(turn, names, said) for turn in past.turns)
    return Past(rename_graph(past.known_graph, names, said), turns)


def _rename_turn(turn: Turn, names: Mapping[str, str], said: Said) -> Turn:
    pattern = phrase_pattern(names)

    def rename(text: str) -> str:
        return pattern.sub(lambda found: names[found[0]], text)

    texts = {a: rename(a) for action in turn.plan.actions for a in map(str, action.arguments)}
    plan = rename_parts(turn.plan, {**texts, **names})
    plan = replace(plan, reasoning=rename(plan.reasoning))
    return replace(
        turn,
        plan=plan,
        observations=tuple(_rename_seen(seen, names, said, rename) for seen in turn.observations),
        robot_location=names.get(turn.robot_location, turn.robot_location),
        known_graph=None,
        request=rename(turn.request),
    )


def _rename_seen(
    seen: Observation, names: Mapping[str, str], said: Said, rename: Callable[[str], str]
) -> Observation:
    update = seen.update
    nodes = tuple(_rename_node(node, names, said) for node in update.upsert_nodes)
    values = {names.get(name, name): value for name, value in update.set_attributes.items()}
    update = rename_parts(replace(update, upsert_nodes=(), set_attributes=values), names)
    update = replace(update, upsert_nodes=nodes)
    return replace(seen, update=update, feedback=rename(seen.feedback))


def _rename_criterion(criterion: Criterion, names: Mapping[str, str]) -> Criterion:
    """How success is judged, under other names; they may stand within what has to be said."""
    pattern = phrase_pattern(names)
    said = {
        text: pattern.sub(lambda found: names[found[0]], text)
        for text in (*criterion.accepted, *criterion.rivals)
    }
    return rename_parts(criterion, {**said, **names})


def nodes_of(episode: Episode) -> dict[str, Node]:
    """All nodes of a world by their names, the true ones first."""
    return {**episode.known_graph.nodes, **episode.true_graph.nodes}


def compound_names(episode: Episode) -> Episode:
    """The same task in a world in which each class has one word more before it: its trucks are
    service trucks, `service_truck_12`, of which the sentence speaks as before.
    """
    names = {
        name: f'{word_before(episode.seed, class_of(node))}_{name}'
        for name, node in nodes_of(episode).items()
    }
    task = replace(episode.task, intent=rename_parts(episode.task.intent, names))
    return rename_episode(episode, task, names)


def rename_parts(value: Any, names: Mapping[str, str]) -> Any:
    """Plain data, such as a criterion or what a sentence means, in which each text that is a name
    is another name: dataclasses, tuples, lists, values of mappings and texts; anything else
    stays.
    """
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, (tuple, list)):
        return type(value)(rename_parts(part, names) for part in value)
    if isinstance(value, Mapping):
        return {key: rename_parts(part, names) for key, part in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: rename_parts(getattr(value, f.name), names) for f in fields(value)}
        return replace(value, **parts)
    return value
