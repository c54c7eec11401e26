# SPDX-License-Identifier: Apache-2.0
"""A request of the mapping domain about another class, or in another word for it: in its sentence
and in what it means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import chain
from random import Random
from typing import Any

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.episode.episode import Task
from prism_core.graph.calling import class_of
from prism_core.graph.elements import NodeKind
from prism_core.graph.scene_graph import SceneGraph
from prism_core.text import phrase_pattern


def exchange_class(
    task: Task, graph: SceneGraph, lexicon: Lexicon, rng: Random
) -> tuple[Task, str, str] | None:
    """The task about another class of which something is known, what it was about, and what it is
    about now.

    None where the sentence does not speak of one thing alone, by its class, or nothing else is
    known that can be reached and asked the same.
    """
    targets = targets_of(task.intent)
    if len(targets) != 1 or targets[0] != Target(targets[0].kind, targets[0].classes[:1]):
        return None
    before = ''.join(targets[0].classes)
    others = _askable(task.intent, targets[0].kind, graph, lexicon) - {before}
    if not before or not others:
        return None
    after = rng.choice(sorted(others))
    words = dict.fromkeys((before, *_synonyms_of(before, targets[0].kind, lexicon)), after)
    request = exchange_words(task.request, words, lexicon)
    if request == task.request:
        return None

    intent = with_targets(task.intent, lambda target: replace(target, classes=(after,)))
    return replace(task, request=request, intent=intent), before, after


def call_otherwise(
    task: Task, call: Callable[[str, NodeKind], str], lexicon: Lexicon
) -> Task | None:
    """The task with other words for its classes, in its sentence and in what it means; None where
    the sentence speaks of things in another way than by name or by one class.

    Args:
        task: any.
        call: what a class of a kind is called.
        lexicon: the words of the sentence.
    """
    words: dict[str, str] = {}
    for target in targets_of(task.intent):
        if target.name:
            continue
        if target.purpose or len(target.classes) != 1:
            return None
        (name,) = target.classes
        synonyms = _synonyms_of(name, target.kind, lexicon)
        words |= dict.fromkeys((name, *synonyms), call(name, target.kind))
    request = exchange_words(task.request, words, lexicon)
    said = {word for after in words.values() for word in (after, lexicon.plural(after))}
    if len({*words.values()}) != len({*phrase_pattern(said).findall(request)}):
        return None

    def called(target: Target) -> Target:
        return replace(target, classes=tuple(call(name, target.kind) for name in target.classes))

    return replace(task, request=request, intent=with_targets(task.intent, called))


def _synonyms_of(name: str, kind: NodeKind, lexicon: Lexicon) -> tuple[str, ...]:
    """The other words for a class; none for one that is not in the lexicon."""
    if kind == 'region':
        return lexicon.regions.get(name, ())
    return lexicon.objects[name].synonyms if name in lexicon.objects else ()


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


def exchange_words(request: str, words: Mapping[str, str], lexicon: Lexicon) -> str:
    """The request with another word in place of each of some, one or several as it was, and the
    article that it takes.
    """
    words = {
        **{lexicon.plural(word): lexicon.plural(after) for word, after in words.items()},
        **words,
    }
    pattern = re.compile(rf'(?:\b([Aa])n? )?({phrase_pattern(words).pattern})', re.IGNORECASE)

    def exchange(found: re.Match[str]) -> str:
        word = words[found[2].lower()]
        article = f'{found[1]}{"n" if word[0] in "aeiou" else ""} ' if found[1] else ''
        return article + word

    return pattern.sub(exchange, request)


def targets_of(value: Any) -> list[Target]:
    """All that a meaning speaks of."""
    if isinstance(value, Target):
        return [value]
    if is_dataclass(value):
        return targets_of(tuple(getattr(value, f.name) for f in fields(value)))
    return list(chain.from_iterable(map(targets_of, value))) if isinstance(value, tuple) else []


def with_targets(value: Any, change: Callable[[Target], Target]) -> Any:
    """A meaning that speaks of other things."""
    if isinstance(value, Target):
        return change(value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: with_targets(getattr(value, f.name), change) for f in fields(value)}
        return replace(value, **parts)
    return tuple(with_targets(v, change) for v in value) if isinstance(value, tuple) else value
