# SPDX-License-Identifier: Apache-2.0
"""The words for what an intent speaks of, as phrasings have slots for them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from prism_core.domains.mapping.describing import load_bank
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.words.speaker import Speaker


def fill_slots(intent: Intent, rng: Random, speaker: Speaker) -> dict[str, str]:
    """What stands in the slots of a phrasing for an intent."""
    slots = {}
    if intent.target is not None:
        target = intent.target
        noun = name_of(target, rng, speaker)
        slots['target'] = target.name or f'the {noun}'
        slots['a_target'] = f'{_article(noun)} {noun}'
        slots['thing'] = noun.removeprefix(_values(target))
        slots['a_thing'] = f'{_article(slots["thing"])} {slots["thing"]}'
        slots['things'] = speaker.words.lexicon.plural(slots['thing'])
        slots['plural'] = _values(target) + slots['things']
        is_listed = target.purpose or target.classes in speaker.words.lexicon.groups.values()
        if len(target.classes) > 1 and not is_listed:
            others = [
                name_of(replace(target, classes=(c,)), rng, speaker) for c in target.classes[1:]
            ]
            slots['a_target'] = ' or '.join(f'{_article(n)} {n}' for n in (noun, *others))
        if target.purpose:
            slots['purpose'] = rng.choice(speaker.purposes_of(target.purpose))
    for slot, region in (('region', intent.region), ('other_region', intent.other_region)):
        if region is not None:
            noun = name_of(region, rng, speaker)
            slots[slot] = region.name or f'the {noun}'
            slots[f'{slot}_noun'] = noun
            slots[f'{slot}s'] = speaker.words.lexicon.plural(noun)
    where, origin = slots.get('region'), slots.get('other_region')
    slots['in_region'] = f' in {where}' if where else ''
    slots['from_region'] = f' from {origin}' if origin else ''
    slots['goal'] = slots.get('target') or where or ''
    if intent.among:
        named = [t.name or f'the {name_of(t, rng, speaker)}' for t in intent.among]
        slots['one'], slots['other'] = named[:2]
        for slot, joint in (('among', 'and'), ('among_or', 'or')):
            slots[slot] = f'{", ".join(named[:-1])} {joint} {named[-1]}'
    slots |= _comparatives(intent, speaker.words)
    for slot, end in zip(('start', 'end'), intent.ends or ()):
        slots[slot] = end.name or f'the {name_of(end, rng, speaker)}'
    if intent.position is not None:
        slots['x'], slots['y'] = (f'{value:g}' for value in intent.position)
    topic = load_bank().topics.get(intent.value, {})
    slots |= {slot: topic[slot] for slot in ('question', 'clause') if slot in topic}
    slots['attribute'] = intent.attribute
    state = intent.target.attributes[:1] if intent.target else ()
    slots['value'] = intent.value or next((value for _, value in state), '')
    return slots


def name_of(target: Target, rng: Random, speaker: Speaker) -> str:
    """What a target is called, with its attributes before it."""
    if not target.classes:
        return target.name
    if len(target.classes) == 1:
        called = rng.choice(speaker.names_of(target.classes[0]))
    else:
        groups = speaker.words.lexicon.groups
        called = next((g for g in groups if groups[g] == target.classes), target.classes[0])
    return _values(target) + called


def _values(target: Target) -> str:
    """The attributes that stand before what a target is called."""
    return ''.join(f'{value} ' for _, value in target.attributes)


def _comparatives(intent: Intent, words: Words) -> dict[str, str]:
    """How one says that something has more of an attribute, or most of it."""
    spec = words.lexicon.attributes.get(intent.attribute)
    said = [w for w, value in spec.comparatives.items() if value == intent.value] if spec else []
    most = [word for word in said if word.endswith('est') or word.startswith(('most', 'least'))]
    more = [word for word in said if word not in most]
    return {'comparative': more[0], 'superlative': most[0]} if more and most else {}


def _article(noun: str) -> str:
    return 'an' if noun[0] in 'aeiou' else 'a'
