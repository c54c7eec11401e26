# SPDX-License-Identifier: Apache-2.0
"""The words of the household: what homes hold, and how errands are put.

What is held out of training stands apart as `unseen`.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

_SLICE = ' slice'
_PLURALS = {'knife': 'knives', 'shelf': 'shelves', 'dish': 'dishes', 'loaf': 'loaves',
            'potato': 'potatoes', 'tomato': 'tomatoes', 'box': 'boxes'}  # fmt: skip


@cache
def load_words(name: str) -> Any:
    """What a file of this package holds."""
    return json.loads(resources.files(__package__).joinpath(f'{name}.json').read_text('utf-8'))


def phrasings(group: str, is_unseen: bool, is_clause: bool = False) -> list[str]:
    """The ways to put a kind of errand: those of training, or those that are held out.

    `is_clause`: those alone that can stand in a longer sentence.
    """
    part = 'unseen' if is_unseen else 'seen'
    ways = load_words('phrasings')[group]
    clauses = ways.get('clauses', {}).get(part, [])
    return clauses if is_clause else [*clauses, *ways[part]]


def names_of(words: str, is_unseen: bool) -> list[str]:
    """What things of a class are called: mug, coffee mug; slice of bread."""
    part = 'unseen' if is_unseen else 'seen'
    nouns = load_words('nouns')
    if words.endswith(_SLICE):
        wholes = [
            name for name in names_of(words.removesuffix(_SLICE), False) if ' of ' not in name
        ]
        forms = ('sliver of {}', 'cut of {}') if is_unseen else ('slice of {}', 'piece of {}')
        return [form.format(name) for name in wholes for form in forms]
    return nouns[words][part] if words in nouns else [words]


def plural(noun: str) -> str:
    """More than one."""
    head, of, rest = noun.partition(' of ')
    *before, last = head.split(' ')
    many = _PLURALS.get(last) or (last if last.endswith('s') else f'{last}s')
    return ' '.join((*before, many)) + of + rest


def word_masks() -> dict[str, str]:
    """What things are called, each with what stands for its kind."""
    furniture = {*load_words('classes')['furniture'], *load_words('classes')['lamps']}
    masks = {}
    for words, parts in load_words('nouns').items():
        for name in (*parts['seen'], *parts['unseen']):
            masks[name] = masks[plural(name)] = '<place>' if words in furniture else '<thing>'
    return masks
