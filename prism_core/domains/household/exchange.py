# SPDX-License-Identifier: Apache-2.0
"""The same sentence about another thing: whether a planner goes by the word."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from prism_core.domains.household.classes import may_hold
from prism_core.domains.household.home import read_home
from prism_core.domains.household.meaning import Meaning
from prism_core.domains.household.words import names_of
from prism_core.episode.episode import Task
from prism_core.graph.scene_graph import SceneGraph


def exchange_class(task: Task, graph: SceneGraph, rng: Random) -> tuple[Task, str, str] | None:
    """The task about another known thing, what it was about, and what it is about now; None where a
    sentence asks for more than to put one known thing somewhere.
    """
    meaning = task.intent
    if not isinstance(meaning, Meaning) or len(meaning.errands) != 1:
        return None
    errand, home = meaning.errands[0], read_home(graph)
    known = {home.class_of(name) for name in home.holders if home.is_thing(name)}
    if errand.kind != 'place' or errand.thing not in known or home.held:
        return None
    others = sorted(c for c in known - {errand.thing} if may_hold(errand.place, c))
    called = [*names_of(errand.thing, False), *names_of(errand.thing, True)]
    pattern = '|'.join(map(re.escape, sorted(called, key=len, reverse=True)))
    found = re.search(pattern, task.request, re.IGNORECASE)
    if not others or found is None:
        return None
    after = rng.choice(others)
    request = task.request[: found.start()] + after + task.request[found.end() :]
    meant = Meaning((replace(errand, thing=after),))
    return replace(task, request=request, intent=meant), errand.thing, after
