# SPDX-License-Identifier: Apache-2.0
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

from prism_core.domains.mapping.generator import (
    GENERATOR_VERSION,
    Scene,
    draw_scene,
    finish,
)
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.world import Wanted, WorldConfig
from prism_core.episode.episode import Episode, as_task
from prism_core.errors import WorldRejected

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
    import msgspec  # not on a robot, which has no use for them

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
            return as_task(finish(_pose(free, scene), scene))
        except WorldRejected as rejected:
            rejections[f'{free.intent.kind}: {rejected}'] += 1
    return None


def _pose(free: FreeRequest, scene: Scene) -> Episode:
    episode = scene.pose(free.request, free.intent.kind, free.intent, 'free')
    is_open = KINDS[free.intent.kind].leaves_reach_open
    if episode.criterion.answer == 'unreachable' and not is_open:
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
    for part in intent.walk():
        if part.target is not None and part.target.kind == 'object':
            yield part.target


def _region_classes(intent: Intent) -> Iterator[str]:
    for part in intent.walk():
        target = part.target if part.target and part.target.kind == 'region' else None
        bounds = (constraint.region for constraint in part.constraints)
        for region in (target, part.region, part.other_region, *(part.ends or ()), *bounds):
            if region is not None:
                yield region.classes[0]


def _want(free: FreeRequest, rng: Random, words: Words) -> Wanted:
    """What the world needs, so that the sentence means something in it."""
    intent = free.intent
    regions = tuple(dict.fromkeys(_region_classes(intent)))
    objects = []
    absent: set[str] = set()
    kind = KINDS[intent.kind]
    is_absent = kind.may_be_of_nothing and rng.random() < _ABSENT_SHARE
    for part in intent.walk():
        target = part.target
        if target is None or target.kind == 'region':
            continue
        absent.update(target.classes)
        if is_absent:
            continue
        where = regions[0] if kind.is_within and regions else ''
        number = rng.choice((1, 1, 2, 3)) if kind.is_of_number else 1
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
