# SPDX-License-Identifier: Apache-2.0
"""What is found when a map is held against the words that people have for what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class WordsReport:
    """Where people and the map would not understand each other.

    `unnamed`: nodes that no word calls, only their full name. `claimed`: words that stand for two
    things in the map, and what these are, each with the nodes that are called so. `unused`: what of
    a site's own words nothing in the map is called by; it may still come.
    """

    unnamed: tuple[str, ...]
    claimed: Mapping[str, Mapping[str, tuple[str, ...]]]
    unused: tuple[str, ...]

    @property
    def is_fine(self) -> bool:
        """Whether everything can be called, and nothing by a word for something else."""
        return not (self.unnamed or self.claimed)
