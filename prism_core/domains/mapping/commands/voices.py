# SPDX-License-Identifier: Apache-2.0
"""`prism voice`: how people talk, to look at and to add to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from prism_core.errors import ConfigError

if TYPE_CHECKING:  # a command imports what it needs
    from prism_core.domains.mapping.words.languages.language import ForeignLanguage

_WIDTH = 160
_GROUPS = {'step_': 'parts', 'condition_': 'conditions'}
_language = click.option(
    '--language', default='', help='german or spanish: that of the language instead.'
)


@click.group()
def voice() -> None:
    """Show the bank of how people talk, and check a voice that is to be added."""


@voice.command()
@_language
def sheet(language: str) -> None:
    """What each group of sentences means, and its slots: all that who writes a voice may see."""
    from prism_core.domains.mapping.words.voices.checking import load_meanings

    spoken = _find(language)
    for group, meaning in load_meanings().items():
        if spoken is not None and group not in spoken.phrasings:
            continue
        among = (
            ' or '.join('+'.join(f'{{{slot}}}' for slot in sorted(together)) for together in slots)
            for slots in meaning.slots
        )
        click.echo(f'{group}: {meaning.means} [{", ".join(among)}]')
    if spoken is not None:
        for slot, forms in spoken.sample().items():
            said = ', '.join(f'{{{slot}{name and ":"}{name}}}: {forms[name]}' for name in forms)
            click.echo(said)


@voice.command()
@click.argument('file', type=click.Path(path_type=Path))
@click.option(
    '--least', default=1, show_default=True, help='So many phrasings are expected of each group.'
)
@_language
def check(file: Path, least: int, language: str) -> None:
    """Say what is wrong with the phrasings in FILE; the exit status is 1 where something is."""
    from prism_core.domains.mapping.words.languages.checking import find_faults_in
    from prism_core.domains.mapping.words.voices.checking import find_faults, read_voice

    spoken = _find(language)
    try:
        said = read_voice(file)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    if spoken is None:
        faults = [*find_faults(said, least)]
    else:
        faults = [*find_faults_in(spoken, said, least)]
    for fault in faults:
        click.echo(fault)
    click.echo(f'{sum(map(len, said.values()))} phrasings, {len(faults)} faults')
    if faults:
        sys.exit(1)


@voice.command()
@_language
def table(language: str) -> None:
    """How many phrasings each voice has, by group."""
    from prism_core.domains.mapping.words.voices import HELD_OUT_VOICES, load_voices
    from prism_core.domains.mapping.words.voices.checking import load_meanings

    spoken = _find(language)
    voices = load_voices() if spoken is None else {language: spoken.phrasings}
    shown = Table(
        'group', *(f'{v} (held out)' if v in HELD_OUT_VOICES else v for v in voices), 'all'
    )
    rows: dict[str, list[int]] = {}
    for group in load_meanings():
        called = next((name for start, name in _GROUPS.items() if group.startswith(start)), group)
        called = 'attribute' if called.startswith('attribute') else called
        counts = [len(voice.get(group, ())) for voice in voices.values()]
        rows[called] = [a + b for a, b in zip(rows.get(called, [0] * len(counts)), counts)]
    for called, counts in rows.items():
        if any(counts):
            shown.add_row(called, *map(str, counts), str(sum(counts)))
    Console(width=_WIDTH).print(shown)


@voice.command()
@click.option('--number', default=30, show_default=True, help='How many.')
@click.option('--seed', default=0, show_default=True, help='Another one shows others.')
@_language
def sample(number: int, seed: int, language: str) -> None:
    """Phrasings at random, each with its voice and what it means."""
    from random import Random

    from prism_core.domains.mapping.words.voices import load_voices

    rng = Random(seed)  # noqa: S311 - no secret
    spoken = _find(language)
    voices = load_voices() if spoken is None else {language: spoken.phrasings}
    bank = [
        (name, group, text)
        for name, voice in voices.items()
        for group, texts in voice.items()
        for text in texts
    ]
    for name, group, text in sorted(rng.sample(bank, min(number, len(bank)))):
        click.echo(f'{name} | {group} | {text}')


def _find(language: str) -> ForeignLanguage | None:
    """The language that an option names; None for the English voices."""
    from prism_core.domains.mapping.words.languages import ENGLISH, LANGUAGES, find_language

    if language not in ('', *LANGUAGES):
        raise click.ClickException(
            f'--language: expected one of {", ".join(LANGUAGES)}, got {language!r}'
        )
    return None if language == ENGLISH else find_language(language)
