# SPDX-License-Identifier: Apache-2.0
"""What was found about a map and the words for it, in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from prism_core.domain.words_report import WordsReport
from prism_core.graph.scene_graph import SceneGraph

_MAX_SHOWN = 12


def print_words_report(report: WordsReport, graph: SceneGraph) -> None:
    """Print each finding with what to do about it."""
    console = Console(highlight=False, soft_wrap=True)

    def say(text: str) -> None:
        console.print(text, markup=False)

    say(f'{len(graph.regions)} regions, {len(graph.objects)} objects')
    if report.unnamed:
        say(f'no word calls {len(report.unnamed)} of them: {_join(report.unnamed)}')
        say('  give each a semantic_class or label in the map, or its code as a synonym in a file')
    for said, words in _group_claims(report).items():
        say(f'claimed twice: {_join(words)}: {said}')
    if report.claimed:
        say('  who says such a word may be asked which is meant: rename one, or class it otherwise')
    if report.unused:
        say(f'nothing in the map is called by {len(report.unused)} words: {_join(report.unused)}')
    if report.is_fine:
        say('every node can be called, and no word calls two things')


def _group_claims(report: WordsReport) -> dict[str, list[str]]:
    """The words that are claimed by the same things, by what these are."""
    groups: dict[str, list[str]] = {}
    for word, things in report.claimed.items():
        said = ' and '.join(f'{thing} ({_join(names)})' for thing, names in things.items())
        groups.setdefault(said, []).append(word)
    return groups


def _join(names: Sequence[str]) -> str:
    more = len(names) - _MAX_SHOWN
    return ', '.join(names[:_MAX_SHOWN]) + (f' and {more} more' if more > 0 else '')
