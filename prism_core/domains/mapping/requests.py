"""Intents as sentences."""

from __future__ import annotations

from random import Random

from prism_core.domains.mapping.words import Words
from prism_core.intent import Intent, Target


def render_request(
    intent: Intent, rng: Random, words: Words, is_unseen: bool = False, phrasings: int = 0
) -> str:
    """A sentence that means the intent, in one of the phrasings of its group.

    `is_unseen` draws phrasings, synonyms and paraphrases from the part that is held out;
    `phrasings` is how many of a group are drawn from, 0 for all.
    """
    group = phrasing_group(intent)
    phrasing = rng.choice(words.phrasings(group, is_unseen)[: phrasings or None])
    if intent.kind == 'sequence':
        clauses = [_render_step(step, rng, words, is_unseen) for step in intent.steps]
        slots = dict(zip(('first', 'second', 'third'), clauses))
    else:
        slots = _slots(intent, rng, words, is_unseen)
    return phrasing.format(**slots)


def phrasing_group(intent: Intent) -> str:
    """The group of phrasings for an intent."""
    if intent.kind == 'find':
        return 'find_purpose' if intent.target and intent.target.purpose else 'find'
    if intent.kind == 'count':
        return 'count_in' if intent.region else 'count_all'
    if intent.kind == 'map_area':
        return 'map_region' if intent.region else 'map_position'
    if intent.kind == 'conditional':
        return 'conditional_way' if intent.ends else 'conditional'
    if intent.kind == 'sequence':
        return f'sequence_{len(intent.steps)}'
    return {'exists': 'exists_in'}.get(intent.kind, intent.kind)


def _render_step(step: Intent, rng: Random, words: Words, is_unseen: bool) -> str:
    phrasing = rng.choice(words.phrasings(f'step_{step.kind}', is_unseen))
    return phrasing.format(**_slots(step, rng, words, is_unseen))


def _slots(intent: Intent, rng: Random, words: Words, is_unseen: bool) -> dict[str, str]:
    slots = {}
    if intent.target is not None:
        noun = _noun(intent.target, rng, words, is_unseen)
        slots['target'] = intent.target.name or f'the {noun}'
        slots['a_target'] = f'{_article(noun)} {noun}'
        slots['plural'] = words.lexicon.plural(noun)
        if intent.target.purpose:
            slots['purpose'] = rng.choice(words.purposes_of(intent.target.purpose, is_unseen))
    for slot, region in (('region', intent.region), ('other_region', intent.other_region)):
        if region is not None:
            slots[slot] = region.name or f'the {_noun(region, rng, words, is_unseen)}'
    for slot, end in zip(('start', 'end'), intent.ends or ()):
        slots[slot] = end.name or f'the {_noun(end, rng, words, is_unseen)}'
    if intent.position is not None:
        slots['x'], slots['y'] = (f'{value:g}' for value in intent.position)
    slots['attribute'] = intent.attribute
    slots['value'] = intent.value
    return slots


def _noun(target: Target, rng: Random, words: Words, is_unseen: bool) -> str:
    """What a target is called, with its attributes before it."""
    if not target.classes:
        return target.name
    if len(target.classes) == 1:
        called = rng.choice(words.names_of(target.classes[0], is_unseen))
    else:
        groups = words.lexicon.groups
        called = next((g for g in groups if groups[g] == target.classes), target.classes[0])
    return ' '.join([*(value for _, value in target.attributes), called])


def _article(noun: str) -> str:
    return 'an' if noun[0] in 'aeiou' else 'a'
