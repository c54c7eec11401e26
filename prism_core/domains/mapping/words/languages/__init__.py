# SPDX-License-Identifier: Apache-2.0
"""Requests in other languages than English, as an experiment of its own: phrasings and words of
the commonest kinds of task. A recipe of worlds has to ask for them (`languages`).
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

from prism_core.domains.mapping.words import load_lists
from prism_core.domains.mapping.words.languages.german import German
from prism_core.domains.mapping.words.languages.language import ForeignLanguage
from prism_core.domains.mapping.words.languages.spanish import Spanish

ENGLISH = 'english'
_GRAMMARS: dict[str, type[ForeignLanguage]] = {'german': German, 'spanish': Spanish}
LANGUAGES = (ENGLISH, *_GRAMMARS)
"""What the voices of a recipe may speak."""


@cache
def find_language(voice: str) -> ForeignLanguage | None:
    """The language of a voice; None for an English one."""
    if voice not in _GRAMMARS:
        return None
    phrasings = {group: tuple(texts) for group, texts in _load(voice).items()}
    members = {group: tuple(names) for group, names in load_lists()['groups'].items()}
    return _GRAMMARS[voice](
        voice,
        phrasings,
        {**_load(f'{voice}_words'), 'members': members},
        frozenset(kind for kind, groups in _load('kinds').items() if phrasings.keys() >= {*groups}),
    )


def find_forbidding(language: str, text: str) -> re.Match[str] | None:
    """Where a text in small letters and a language other than English forbids something."""
    return _forbidding(language).search(text)


@cache
def _forbidding(language: str) -> re.Pattern[str]:
    return re.compile(rf'(?<!\w)(?:{"|".join(_load("forbidding")[language])})(?!\w)')


def groups_of_kinds() -> dict[str, list[str]]:
    """The groups of phrasings that a language needs for each kind of task."""
    return _load('kinds')


def _load(name: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath(f'{name}.json').read_text('utf-8')
    return json.loads(text)
