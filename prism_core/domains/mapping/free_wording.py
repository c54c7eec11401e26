"""Requests in free wording, each with what it means, in worlds that are drawn for them.

They were written without looking at the phrasings, for evaluation only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from random import Random

import msgspec

from prism_core.domains.mapping.generator import (
    GENERATOR_VERSION,
    Scene,
    add_budget,
    draw_scene,
)
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.world import Wanted, WorldConfig
from prism_core.episode import Episode, as_task
from prism_core.errors import WorldRejected
from prism_core.intent import Intent, Target

_MAX_DRAWS = 60
_ABSENT_SHARE = 0.25


@dataclass(frozen=True)
class FreeRequest:
    """A sentence as somebody would say it, and its meaning."""

    request: str
    intent: Intent


@cache
def load_free_requests() -> tuple[FreeRequest, ...]:
    """The packaged requests."""
    folder = resources.files('prism_core.domains.mapping.words')
    lines = folder.joinpath('free_requests.jsonl').read_text('utf-8').splitlines()
    return tuple(msgspec.json.decode(line, type=FreeRequest) for line in lines if line)


def draw_free_episode(
    number: int,
    seed: int,
    config: WorldConfig,
    words: Words,
    rejections: Counter[str] | None = None,
) -> Episode | None:
    """A world in which a request has one right answer; None when no draw had.

    Args:
        number: of the request.
        seed: of the world.
        config: size and hidden share of the world; classes and family are those of the request.
        words: the domain's words.
        rejections: counts each draw that could not be used, by reason.
    """
    free = load_free_requests()[number]
    rejections = Counter() if rejections is None else rejections
    for draw in range(_MAX_DRAWS):
        rng = Random(f'{GENERATOR_VERSION}:{seed}:{number}:{draw}')  # noqa: S311
        try:
            scene = draw_scene(
                seed, rng, _in_family(free, config, words), words, _want(free, rng, words)
            )
            return as_task(add_budget(_pose(free, scene), words))
        except WorldRejected as rejected:
            rejections[f'{free.intent.kind}: {rejected}'] += 1
    return None


def _pose(free: FreeRequest, scene: Scene) -> Episode:
    episode = scene.pose(free.request, free.intent.kind, free.intent, 'free')
    if free.intent.kind in ('go_to', 'compare') and episode.criterion.answer == 'unreachable':
        raise WorldRejected('it cannot be reached')
    return episode


def _in_family(free: FreeRequest, config: WorldConfig, words: Words) -> WorldConfig:
    """The configuration with a family of places that knows all that the request names."""
    wanted = set(_region_classes(free.intent))
    named = {c for target in _targets(free.intent) for c in target.classes[:1]}

    def known(family: str) -> int:
        regions = words.lexicon.places[family]
        typical = {name for objects in regions.values() for name in objects}
        return len(wanted & regions.keys()) + len(named & typical)

    family = max(sorted(words.lexicon.places), key=known)
    return replace(config, family=family, unseen=frozenset({'classes', 'places', 'wording'}))


def _targets(intent: Intent) -> Iterator[Target]:
    if intent.target is not None:
        yield intent.target
    for step in intent.steps:
        yield from _targets(step)


def _region_classes(intent: Intent) -> Iterator[str]:
    for region in (intent.region, intent.other_region, *(intent.ends or ())):
        if region is not None:
            yield region.classes[0]
    for step in intent.steps:
        yield from _region_classes(step)


def _want(free: FreeRequest, rng: Random, words: Words) -> Wanted:
    """What the world needs, so that the sentence means something in it."""
    intent = free.intent
    regions = tuple(dict.fromkeys(_region_classes(intent)))
    objects = []
    absent: set[str] = set()
    is_absent = intent.kind in ('find', 'exists') and rng.random() < _ABSENT_SHARE
    for part in (intent, *intent.steps):
        target = part.target
        if target is None:
            continue
        absent.update(target.classes)
        if is_absent:
            continue
        where = (
            regions[0]
            if intent.kind in ('exists', 'count', 'nearest', 'compare') and regions
            else ''
        )
        number = rng.choice((1, 1, 2, 3)) if intent.kind in ('count', 'compare') else 1
        for _ in range(number):
            name = rng.choice(target.classes)
            given = dict(target.attributes)
            if part.attribute:
                values = sorted(words.lexicon.attributes[part.attribute].values)
                given[part.attribute] = rng.choice(values)
                if part.value and rng.random() < 0.5:
                    given[part.attribute] = part.value
            objects.append((name, where, tuple(given.items())))
    return Wanted(absent=frozenset(absent), regions=regions, objects=tuple(objects))
