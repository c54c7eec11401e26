# SPDX-License-Identifier: Apache-2.0
"""What a language model is told before it writes or reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

import msgspec

from prism_core.dialects.conversation import Message
from prism_core.domains.mapping.kinds import KINDS, flat_kinds
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.writing.schema import (
    WrittenAttribute,
    WrittenMeaning,
    WrittenObject,
    WrittenRegion,
    WrittenTask,
    WrittenWay,
    WrittenWorld,
)
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph

_SHAPES = {
    'chain': 'The places lie one behind the other along one way.',
    'grid': 'The places lie like the fields of a board, with ways between neighbors.',
    'clusters': 'The places lie in a few groups, with long ways between the groups.',
    'tree': 'Ways branch out from the middle, and few of them close a loop.',
}
_MOMENTS = (
    *('early morning', 'noon', 'late afternoon', 'night', 'after a storm', 'in heavy rain'),
    *('in the middle of repairs', 'shortly before an inspection', 'on the busiest day'),
    *('after closing time', 'on a holiday', 'while something is being delivered', 'in winter'),
)


def make_imagining_prompt(
    rng: Random, family: str, config: WorldConfig, words: Words, regions: int
) -> list[Message]:
    """Ask for a place, in free text; what the random numbers hint at keeps places apart."""
    known = words.region_classes(family, config.tier)
    typical = rng.sample(known, min(2, len(known)))
    shape = config.structure or rng.choice(sorted(_SHAPES))
    ask = (
        f'Imagine a place of this kind: {family}, {rng.choice(_MOMENTS)}. '
        f'A wheeled robot works there. It has {regions} parts that the robot can drive to, '
        f'among them: {", ".join(typical)}. {_SHAPES[shape]} '
        'Describe it in at most 120 words of plain text: its parts, how they connect, and what '
        'things stand where, in what state. Be specific, and avoid what first comes to mind.'
    )
    return [_user(ask)]


def make_writing_prompt(
    place: str,
    family: str,
    config: WorldConfig,
    words: Words,
    regions: int,
    kinds: Sequence[str],
) -> list[Message]:
    """Ask for the graph of a place and for tasks there."""
    lexicon = words.lexicon
    set_aside = [] if 'classes' in config.unseen else _set_aside(family, words)
    rules = [
        f'Write {regions} regions, from {max(1, regions // 2)} to {regions} objects, and '
        f'{len(kinds)} tasks, as JSON of the form of the example.',
        'A class is one to four plain English words in the singular, without numbers, names or '
        'states. Give most regions a class of their own.',
        'Coordinates are metres. Two regions are at least 3 m apart, and two that a way joins at '
        'most 60 m. Every region can be reached from every other over the ways.',
        'An object stands in one region. Where it has states, they are among these attributes: '
        f'{_list_attributes(lexicon)}.',
        'A description is a few plain words that tell no state and no other object.',
        'A task is one sentence, as somebody on the site would say it, without ids or node names: '
        'objects and regions are called by their class, and one of several alike by class and '
        'value. It says all that its slots hold and nothing else. Slots that its kind does not '
        'have are empty. Target and regions are classes; a target may be a word for several '
        f'({", ".join(sorted(lexicon.groups))}).',
        'The kinds of tasks, each with its slots:\n' + _list_kinds(dict.fromkeys(kinds)),
        f'Write the tasks in this order of kinds: {", ".join(kinds)}.',
    ]
    if set_aside:
        rules.append(f'Do not use these classes: {", ".join(set_aside)}.')
    text = '\n'.join(f'- {rule}' for rule in rules)
    example = msgspec.json.encode(EXAMPLE).decode()
    return [
        _user(
            'You write a world and tasks for a robot that drives around and looks at things.\n'
            f'{text}\n\nExample of the form:\n{example}\n\nThe place: {place}'
        )
    ]


def make_repair_messages(reply: str, faults: Sequence[str]) -> list[Message]:
    """Give an answer back with all that is wrong with it."""
    reasons = '\n'.join(f'- {fault}' for fault in faults)
    ask = (
        f'This cannot be used:\n{reasons}\nWrite the whole answer again, with all of it put right.'
    )
    return [{'role': 'assistant', 'content': reply}, _user(ask)]


def make_reading_prompt(sentence: str, graph: SceneGraph, lexicon: Lexicon) -> list[Message]:
    """Ask what a sentence means, without saying what it should mean."""
    regions = ', '.join(f'{name} ({class_of(node)})' for name, node in graph.regions.items())
    objects = ', '.join(f'{name} ({class_of(node)})' for name, node in graph.objects.items())
    example = msgspec.json.encode(_EXAMPLE_MEANING).decode()
    return [
        _user(
            'Say what a request to a robot means, as JSON of the form of the example: the kind of '
            'task, and what the sentence says for each slot of that kind. All other slots are '
            'empty. Fill in what is said and nothing that you only suppose. Call objects and '
            'regions by their class, or by their name where the sentence says the name.\n'
            f'The kinds, each with its slots:\n{_list_kinds(flat_kinds(of_intents=True))}\n'
            f'Attributes: {_list_attributes(lexicon)}.\n'
            f'Words for several classes: {", ".join(sorted(lexicon.groups))}.\n'
            f'Regions: {regions}.\nObjects: {objects or "none"}.\n\n'
            f'Example of the form:\n{example}\n\nThe request: {sentence}'
        )
    ]


def make_wording_prompt(sentence: str, number: int) -> list[Message]:
    """Ask for other sentences that mean the same."""
    return [
        _user(
            f'Write {number} other wordings of this request to a robot, as JSON with one list, '
            '"sentences". They mean exactly the same, no less and no more, and sound like '
            'different people. Keep names with an underscore, numbers, and the words for things, '
            f'places, their states and attributes.\n\nThe request: {sentence}'
        )
    ]


def _user(text: str) -> Message:
    return {'role': 'user', 'content': text}


def _set_aside(family: str, words: Words) -> list[str]:
    """The classes of a family that no training world may hold."""
    everything = words.object_classes('full', ('classes',), family)
    return sorted(name for name in everything if words.is_held_out_class(name))


def _list_attributes(lexicon: Lexicon) -> str:
    return '; '.join(
        f'{key}: {", ".join(spec.values)}' for key, spec in sorted(lexicon.attributes.items())
    )


def _list_kinds(kinds: Iterable[str]) -> str:
    return '\n'.join(f'  {kind}: {KINDS[kind].asks}' for kind in kinds)


_EXAMPLE_MEANING = WrittenMeaning(
    kind='attribute',
    target='crate',
    purpose='',
    target_attributes=[WrittenAttribute('color', 'red')],
    region='',
    other_region='',
    attribute='openness',
    value='',
    way=[],
    position=[],
    steps=[],
    among=[],
)
EXAMPLE = WrittenWorld(
    place='a small depot',
    regions=[
        WrittenRegion('r1', 'gate', 'gate at the road', 0.0, 0.0),
        WrittenRegion('r2', 'yard', 'yard with a view of the river', 14.0, 6.0),
    ],
    ways=[WrittenWay('r1', 'r2')],
    objects=[
        WrittenObject(
            'crate',
            'r2',
            [WrittenAttribute('color', 'red'), WrittenAttribute('openness', 'closed')],
            'crate with a label',
        ),
    ],
    tasks=[
        WrittenTask(
            **msgspec.structs.asdict(_EXAMPLE_MEANING),
            sentence='Is the red crate open or closed?',
        )
    ],
)
"""A world in the form that is asked for, which shows each slot."""
