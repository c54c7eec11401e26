# SPDX-License-Identifier: Apache-2.0
"""Worlds as a language model could have written them: drawn ones, put in its form."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random

import msgspec

from prism_core.domains.mapping.generator import Scene, draw_scene
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds import KINDS, kinds_to_draw
from prism_core.domains.mapping.requests import render_request
from prism_core.domains.mapping.words.speaker import Speaker
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.writing.meaning import MeaningReader
from prism_core.domains.mapping.writing.place import find_faults
from prism_core.domains.mapping.writing.schema import (
    WrittenAttribute,
    WrittenMeaning,
    WrittenObject,
    WrittenRegion,
    WrittenStep,
    WrittenTask,
    WrittenWay,
    WrittenWorld,
)
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of

from .mapping_worlds import WORDS

READER = MeaningReader(WORDS.lexicon)
VAGUE = WrittenMeaning('vague', '', '', [], '', '', '', '', [], [], [], [])


@cache
def written_world(
    number: int, kinds: tuple[str, ...] = kinds_to_draw('full'), tasks: int = 6
) -> WrittenWorld:
    """A world without faults and its tasks."""
    config = WorldConfig(hidden=0.0)
    for draw in range(40):
        rng = Random(f'{number}:{draw}')
        scene = draw_scene(number, rng, config, WORDS)
        written = _put_down(scene, list(_draw_tasks(rng, scene, kinds, tasks)))
        if len(scene.true_graph.objects) > 4 and not find_faults(written, config, WORDS, READER):
            return written
    raise AssertionError(f'no world for {number}')


def reply(answer: msgspec.Struct) -> str:
    return msgspec.json.encode(answer).decode()


def _draw_tasks(rng: Random, scene: Scene, kinds, tasks: int) -> Iterator[WrittenTask]:
    classes = WORDS.object_classes('full', (), scene.world.family)
    graph = scene.true_graph
    source = IntentSource(rng, graph, graph, WORDS, classes, is_core=False)
    sentences = set()
    for _ in range(60 * tasks):
        kind = rng.choice(kinds)
        try:
            intent = KINDS[kind].draw(source)
        except WorldRejected:
            continue
        sentence = render_request(intent, rng, Speaker(WORDS))
        if '_' not in sentence and sentence not in sentences and len(sentences) < tasks:
            sentences.add(sentence)
            yield WrittenTask(**msgspec.structs.asdict(meaning_of(intent, kind)), sentence=sentence)


def meaning_of(intent: Intent, kind: str = '') -> WrittenMeaning:
    """An intent without names in the form of an answer."""
    return WrittenMeaning(
        kind=kind or intent.kind,
        target=_class(intent.target),
        purpose=intent.target.purpose if intent.target else '',
        target_attributes=_attributes(intent.target),
        region=_class(intent.region),
        other_region=_class(intent.other_region),
        attribute=intent.attribute,
        value=intent.value,
        way=[_class(end) for end in intent.ends or ()],
        position=list(intent.position or ()),
        steps=[
            WrittenStep(
                step.kind,
                _class(step.target),
                _attributes(step.target),
                _class(step.region),
                step.attribute,
            )
            for step in intent.steps
        ],
        among=[_class(target) for target in intent.among],
    )


def _class(target: Target | None) -> str:
    if target is None or target.purpose:
        return ''
    return target.name or WORDS.lexicon.call(target)


def _attributes(target: Target | None) -> list[WrittenAttribute]:
    return [WrittenAttribute(*pair) for pair in target.attributes] if target else []


def _put_down(scene: Scene, tasks: list[WrittenTask]) -> WrittenWorld:
    graph = scene.true_graph
    ids = {name: f'r{number}' for number, name in enumerate(graph.regions)}
    return WrittenWorld(
        place=f'a {scene.world.family} for tests',
        regions=[
            WrittenRegion(ids[name], class_of(node), node.description, *node.position)
            for name, node in graph.regions.items()
        ],
        ways=[
            WrittenWay(ids[c.source], ids[c.target])
            for c in graph.connections.values()
            if c.kind == 'traversable'
        ],
        objects=[
            WrittenObject(
                class_of(node),
                ids[graph.viewpoints[name][0]],
                [WrittenAttribute(*pair) for pair in node.attributes.items()],
                node.description,
            )
            for name, node in graph.objects.items()
        ],
        tasks=tasks,
    )
