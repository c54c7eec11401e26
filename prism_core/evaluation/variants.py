"""What is asked of a planner, in other words for the same: under other names, in another order; and
about another class. Knows no planner.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from itertools import chain
from typing import Any

from prism_core.criterion import Criterion, Fact
from prism_core.episode import Episode, Task
from prism_core.intent import Intent, Target, class_of
from prism_core.lexicon import Lexicon, phrase_pattern
from prism_core.scene_graph import SceneGraph

_NUMBER = re.compile(r'[-_.]?\d+$')
_BEFORE = ('service', 'north', 'company', 'upper', 'spare', 'field')
_NUMBERS = range(100, 10_000)


def permute_names(graph: SceneGraph, rng: random.Random) -> dict[str, str]:
    """Another name for each node: its class with another number."""
    numbers = rng.sample(_NUMBERS, len(graph.nodes))
    return {name: f'{_NUMBER.sub("", name)}_{n}' for name, n in zip(graph.nodes, numbers)}


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
    """The same task under other names, in its sentence and in what it means."""

    def rename(target: Target) -> Target:
        return replace(target, name=names.get(target.name, target.name))

    request = phrase_pattern(names).sub(lambda found: names[found[0]], task.request)
    return replace(task, request=request, intent=_with_targets(task.intent, rename))


def compound_names(episode: Episode) -> Episode:
    """The same task in a world in which each class has one word more before it: its trucks are
    service trucks, `service_truck_12`, of which the sentence speaks as before.
    """
    names = {
        name: f'{random.Random(f"{episode.seed} {class_of(node)}").choice(_BEFORE)}_{name}'  # noqa: S311
        for graph in (episode.true_graph, episode.known_graph)
        for name, node in graph.nodes.items()
    }
    task = replace(
        episode.task,
        intent=_with_targets(
            episode.task.intent, lambda t: replace(t, name=names.get(t.name, t.name))
        ),
    )
    return replace(
        episode,
        task=task,
        criterion=_with_names(episode.criterion, names),
        true_graph=rename_graph(episode.true_graph, names),
        known_graph=rename_graph(episode.known_graph, names),
    )


def _with_names(value: Any, names: Mapping[str, str]) -> Any:
    """A criterion or a part of it under other names."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, tuple):
        return tuple(_with_names(v, names) for v in value)
    if isinstance(value, Criterion | Fact):
        changed = {f.name: _with_names(getattr(value, f.name), names) for f in fields(value)}
        return replace(value, **changed)
    return value


def shuffle(graph: SceneGraph, rng: random.Random) -> SceneGraph:
    """The same graph in another order."""
    nodes, connections = list(graph.nodes.values()), list(graph.connections.values())
    rng.shuffle(nodes)
    rng.shuffle(connections)
    return SceneGraph(nodes, connections, robot_location=graph.robot_location)


def exchange_class(
    task: Task, graph: SceneGraph, lexicon: Lexicon, rng: random.Random
) -> tuple[Task, str, str] | None:
    """The task about another class of which something is known, what it was about, and what it is
    about now.

    None where the sentence does not speak of one thing alone, by its class, or nothing else is
    known that can be reached and asked the same.
    """
    targets = _targets_of(task.intent)
    if len(targets) != 1 or targets[0] != Target(targets[0].kind, targets[0].classes[:1]):
        return None
    before = ''.join(targets[0].classes)
    others = _askable(task.intent, targets[0].kind, graph, lexicon) - {before}
    if not before or not others:
        return None
    after = rng.choice(sorted(others))
    is_region = targets[0].kind == 'region'
    synonyms = lexicon.regions[before] if is_region else lexicon.objects[before].synonyms
    request = _exchange_words(task.request, (before, *synonyms), after, lexicon)
    if request == task.request:
        return None

    intent = _with_targets(task.intent, lambda target: replace(target, classes=(after,)))
    return replace(task, request=request, intent=intent), before, after


def _askable(
    intent: Intent | None, kind: str, graph: SceneGraph, lexicon: Lexicon
) -> frozenset[str]:
    """The classes of what is known of a kind, can be reached, and can be asked the same."""
    here = graph.robot_location
    reached = graph.reachable_regions(here) if here is not None else set()
    if kind == 'region':
        regions = (graph.regions[name] for name in reached)
        return frozenset(map(class_of, regions)) & lexicon.regions.keys()
    seen = (node for name, node in graph.objects.items() if reached & {*graph.viewpoints[name]})
    known = frozenset(map(class_of, seen)) & lexicon.objects.keys()
    asked = {intent.attribute} if intent is not None and intent.attribute else set()
    return frozenset(c for c in known if asked <= set(lexicon.objects[c].attributes))


def _exchange_words(request: str, before: Iterable[str], after: str, lexicon: Lexicon) -> str:
    """The request with a class in place of each of some words, and the article that it takes."""
    words = dict.fromkeys(before, after)
    words |= {lexicon.plural(word): lexicon.plural(after) for word in words}
    pattern = re.compile(rf'(?:\b([Aa])n? )?({phrase_pattern(words).pattern})', re.IGNORECASE)

    def exchange(found: re.Match[str]) -> str:
        word = words[found[2].lower()]
        article = f'{found[1]}{"n" if word[0] in "aeiou" else ""} ' if found[1] else ''
        return article + word

    return pattern.sub(exchange, request)


def _targets_of(value: Any) -> list[Target]:
    """All that an intent speaks of."""
    if isinstance(value, Target):
        return [value]
    if isinstance(value, Intent):
        return _targets_of(tuple(getattr(value, f.name) for f in fields(value)))
    return list(chain.from_iterable(map(_targets_of, value))) if isinstance(value, tuple) else []


def _with_targets(value: Any, change: Callable[[Target], Target]) -> Any:
    """An intent that speaks of other things."""
    if isinstance(value, Target):
        return change(value)
    if isinstance(value, Intent):
        return Intent(
            **{f.name: _with_targets(getattr(value, f.name), change) for f in fields(value)}
        )
    return tuple(_with_targets(v, change) for v in value) if isinstance(value, tuple) else value
