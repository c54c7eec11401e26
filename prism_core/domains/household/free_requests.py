# SPDX-License-Identifier: Apache-2.0
"""Requests as visitors would say them, for evaluation only, all in the packaged home."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

from prism_core.domains.household.generator import TaskSource
from prism_core.domains.household.meaning import VAGUE, Errand, Meaning
from prism_core.domains.household.scenes import HouseholdConfig
from prism_core.domains.household.words import load_words
from prism_core.episode.episode import Episode, Task
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph
from prism_core.graph.spine_json import parse_scene_graph

FREE = 'free'
_HOME = Path(__file__).parent / 'graphs' / 'home.json'
_NAMED = {'stack': ('thing', 'vessel', 'place'), 'light': ('thing', 'lamp')}


@dataclass(frozen=True)
class FreeRequest:
    """A sentence and what it means."""

    request: str
    meaning: Meaning


@cache
def load_free_requests() -> tuple[FreeRequest, ...]:
    """All that are packaged."""
    return tuple(FreeRequest(one['request'], _read(one['means'])) for one in load_words('free'))


def _read(said: str) -> Meaning:
    """A meaning from its words, such as `cool apple, fridge`; `ask` is to ask."""
    kind, _, rest = said.partition(' ')
    if kind == 'ask':
        return VAGUE
    named = dict(zip(_NAMED.get(kind, ('thing', 'place')), rest.split(', '), strict=True))
    return Meaning((Errand(kind, **named),))  # type: ignore[arg-type]


def draw_free(number: int, seed: int) -> list[Episode]:
    """The task of a free request, where all is known; none where it is so already."""
    free, home = load_free_requests()[number], _load_home()
    rng = Random(f'household free {seed}:{number}')  # noqa: S311 - a simulation, no secret
    source = TaskSource(seed, HouseholdConfig((FREE,), is_known=True, failing=0.0), rng)
    task = Task(free.request, FREE, free.meaning)
    for is_asked in (False, True):  # about what cannot be done one has to ask
        try:
            drawn = source.play(task, home, home, is_asked)
        except WorldRejected:
            continue
        return [replace(drawn, provenance={**drawn.provenance, 'wording': FREE})]
    return []


@cache
def _load_home() -> SceneGraph:
    return parse_scene_graph(_HOME.read_text('utf-8'))
