# SPDX-License-Identifier: Apache-2.0
"""How people talk: a bank of phrasings by voice, each a file of its own, as one kind of person
speaks. Each was written from the meanings and their slots alone. Two whole voices are held out:
training worlds never speak with them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources

HELD_OUT_VOICES = ('foreman', 'learner')


@cache
def load_voices() -> dict[str, Mapping[str, tuple[str, ...]]]:
    """The phrasings of each voice, by its name and the group."""
    files = sorted(resources.files(__package__).iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix('.json'): {
            group: tuple(texts) for group, texts in json.loads(file.read_text('utf-8')).items()
        }
        for file in files
        if file.name.endswith('.json')
    }


def voices_for(is_unseen: bool) -> list[str]:
    """The voices that speak where held-out wording is shown, or those of training."""
    return [name for name in load_voices() if (name in HELD_OUT_VOICES) == is_unseen]
