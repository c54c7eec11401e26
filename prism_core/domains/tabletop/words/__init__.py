# SPDX-License-Identifier: Apache-2.0
"""The words of the tabletop: what things are called, and how each kind of task is put.

What is held out of training stands apart as `unseen`.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

COLORS = ('red', 'yellow', 'green', 'blue', 'orange', 'purple', 'white', 'black', 'brown')
"""Colors of training worlds."""
UNSEEN_COLORS = ('pink', 'grey')
CORNERS = ('top left corner', 'top right corner', 'bottom left corner', 'bottom right corner')
MIDDLE = 'middle'
SIDES = ('left side', 'right side')
UNSEEN_CLASSES = frozenset(('orange block', 'white block', 'purple bowl', 'black bowl'))
"""Classes of no training world, of words that are in others."""


@cache
def load_words(name: str) -> Any:
    """What a file of this package holds."""
    return json.loads(resources.files(__package__).joinpath(f'{name}.json').read_text())


def phrasings(group: str, is_unseen: bool) -> list[str]:
    """The ways to put a kind of task: those of training, or those that are held out."""
    return load_words('phrasings')[group]['unseen' if is_unseen else 'seen']


def names_of(words: str, is_unseen: bool) -> list[str]:
    """What nodes of a class are called: block, cube."""
    nouns = load_words('nouns')
    part = 'unseen' if is_unseen else 'seen'
    if words in nouns:
        return nouns[words][part]
    color, _, noun = words.rpartition(' ')
    return [f'{color} {name}' for name in nouns[noun][part]] if noun in nouns else [words]


def plural(noun: str) -> str:
    """More than one."""
    return f'{noun}es' if noun.endswith(('sh', 'x', 's')) else f'{noun}s'


def word_masks() -> dict[str, str]:
    """What blocks, bowls and places are called, and colors, each with what stands for its kind."""
    masks = dict.fromkeys((*COLORS, *UNSEEN_COLORS), '<color>')
    for noun, parts in load_words('nouns').items():
        for name in (*parts['seen'], *parts['unseen']):
            kind = f'<{noun}>' if noun in ('block', 'bowl', 'corner') else '<place>'
            masks[name] = masks[plural(name)] = kind
    return masks
