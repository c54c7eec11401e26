# SPDX-License-Identifier: Apache-2.0
"""Requests as people would say them, for evaluation only, each on a table that has what it speaks
of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

from prism_core.domains.tabletop.generator import TaskSource
from prism_core.domains.tabletop.meaning import HELD, TABLE, Meaning, thing
from prism_core.domains.tabletop.scenes import TabletopConfig, draw_scene, let_hold, show_each
from prism_core.domains.tabletop.wishes import spoken_of
from prism_core.domains.tabletop.words import load_words
from prism_core.episode.episode import Episode, Task
from prism_core.errors import WorldRejected

FREE = 'free'
_MAX_DRAWS = 8


@dataclass(frozen=True)
class FreeRequest:
    """A sentence and what it means."""

    request: str
    meaning: Meaning


@cache
def load_free_requests() -> tuple[FreeRequest, ...]:
    """All that are packaged."""
    return tuple(FreeRequest(one['request'], _read(one['means'])) for one in load_words('free'))


def _read(part: Any) -> Meaning:
    """A meaning from its lists: a text is a thing, the first of a list the kind."""
    if isinstance(part, str):
        return {'held': HELD, 'table': TABLE}.get(part) or thing(part)
    kind, *parts = part
    if kind == 'every':
        return Meaning('every', *parts)
    return Meaning(kind, parts=tuple(map(_read, parts)))


def draw_free(number: int, seed: int) -> list[Episode]:
    """The task of a free request; none where no table was found for it."""
    free = load_free_requests()[number]
    rng = Random(f'tabletop free {seed}:{number}')  # noqa: S311 - a simulation, no secret
    source = TaskSource(seed, TabletopConfig((FREE,)), rng)
    for _ in range(_MAX_DRAWS):
        graph = show_each(draw_scene(rng), tuple(p.words for p in spoken_of(free.meaning)), rng)
        if HELD in free.meaning.parts:
            graph = let_hold(graph, rng)
        try:
            drawn = source.play(Task(free.request, FREE, free.meaning), graph, graph)
        except WorldRejected:
            continue
        return [replace(drawn, provenance={**drawn.provenance, 'wording': FREE})]
    return []
