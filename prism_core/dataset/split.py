# SPDX-License-Identifier: Apache-2.0
"""Train, valid and test: by the seed of the world, and by what is held out."""

from __future__ import annotations

import hashlib

from prism_core.episode.episode import Episode

SPLITS = ('train', 'valid', 'test')
_VALID_SHARE, _TEST_SHARE = 0.05, 0.05


def split_of(episode: Episode) -> str:
    """The split that an episode belongs to: all tasks of a world to the same one, and whatever
    shows held-out wording, classes or places to `test`.
    """
    return 'test' if episode.provenance.get('unseen') else split_of_seed(episode.seed)


def split_of_seed(seed: int) -> str:
    """The split of a world that holds nothing held out."""
    share = int.from_bytes(hashlib.sha256(f'world {seed}'.encode()).digest()[:6], 'big') / 2**48
    if share < _TEST_SHARE:
        return 'test'
    return 'valid' if share < _TEST_SHARE + _VALID_SHARE else 'train'


def world_seed(recipe_seed: int, index: int) -> int:
    """The seed of a world of a recipe, by its index: far from those of other recipes and from small
    numbers, which tests, pictures and measurements take.
    """
    digest = hashlib.sha256(f'{recipe_seed}:{index}'.encode()).digest()
    return int.from_bytes(digest[:6], 'big')
