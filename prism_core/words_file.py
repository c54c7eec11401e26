# SPDX-License-Identifier: Apache-2.0
"""How recipes speak of a file with a site's own words, see `Domain.with_words`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prism_core.config_file import to_plain
from prism_core.errors import ConfigError
from prism_core.files import hash_file


def words_beside(recipe_file: Path, words: str) -> str:
    """The file that a recipe names, from the folder of the recipe on; '' for none."""
    return str(recipe_file.parent / words) if words else ''


def describe_words(words: str) -> dict[str, str]:
    """What the recipe of a run says of a file that was read: its path and its sha256; nothing where
    there is none.
    """
    return {'words': words, 'words_sha256': hash_file(Path(words))} if words else {}


def describe_settings(settings: Any) -> dict[str, Any]:
    """Settings that may name a file as `words`, as plain data with what `describe_words` says."""
    plain = to_plain(settings)
    words = describe_words(plain.pop('words'))
    return {**plain, **words}


def words_of_run(folder: Path, recipe: Mapping[str, Any]) -> str:
    """The file that a run was made with, which has to be as it was then; '' for none.

    Args:
        folder: of the run.
        recipe: of the run.

    Raises:
        ConfigError: it is another one now, or gone.
    """
    words, digest = str(recipe.get('words', '')), str(recipe.get('words_sha256', ''))
    if words and not (Path(words).is_file() and hash_file(Path(words)) == digest):
        raise ConfigError(
            f'{folder}: expected the file of words that it was made with, {words} with sha256 '
            f'{digest[:12]}…, got another one or none; name a file with --words'
        )
    return words
