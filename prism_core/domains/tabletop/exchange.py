# SPDX-License-Identifier: Apache-2.0
"""The same sentence about another block: whether a planner goes by the word."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from random import Random

from prism_core.domains.tabletop.meaning import Meaning, put, thing
from prism_core.domains.tabletop.state import read_table
from prism_core.domains.tabletop.words import names_of
from prism_core.episode.episode import Task
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph


def exchange_class(task: Task, graph: SceneGraph, rng: Random) -> tuple[Task, str, str] | None:
    """The task about another block that can be picked up at once, what it was about, and what it is
    about now; None where a sentence asks for more than to put one block somewhere.
    """
    meaning = task.intent
    if not isinstance(meaning, Meaning) or meaning.kind != 'put':
        return None
    what, where = meaning.parts
    table = read_table(graph)
    if what.kind != 'thing' or what.words in graph.nodes or where.kind != 'thing' or table.held:
        return None
    counts = Counter(class_of(node) for node in graph.objects.values())
    taken = set(table.called(where.words))
    others = [
        words
        for name in table.movable
        if (words := class_of(graph.nodes[name])) != what.words
        and counts[words] == 1
        and name not in table.covers
        and name not in taken
        and not any(table.lies_at(name, spot) for spot in taken)
    ]
    called = [*names_of(what.words, False), *names_of(what.words, True)]
    found = re.search('|'.join(map(re.escape, called)), task.request, re.IGNORECASE)
    if not others or found is None:
        return None
    after = rng.choice(others)
    request = task.request[: found.start()] + after + task.request[found.end() :]
    changed = replace(task, request=request, intent=put(thing(after), where))
    return changed, what.words, after
