# SPDX-License-Identifier: Apache-2.0
"""`prism voice`: how people talk, to look at and to add to."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from prism_core.errors import ConfigError

_WIDTH = 160
_GROUPS = {'step_': 'parts', 'condition_': 'conditions'}


@click.group()
def voice() -> None:
    """Show the bank of how people talk, and check a voice that is to be added."""


@voice.command()
def sheet() -> None:
    """What each group of sentences means, and its slots: all that who writes a voice may see."""
    from prism_core.domains.mapping.words.voices.checking import load_meanings

    for group, meaning in load_meanings().items():
        among = (
            ' or '.join('+'.join(f'{{{slot}}}' for slot in sorted(together)) for together in slots)
            for slots in meaning.slots
        )
        click.echo(f'{group}: {meaning.means} [{", ".join(among)}]')


@voice.command()
@click.argument('file', type=click.Path(path_type=Path))
@click.option(
    '--least', default=1, show_default=True, help='So many phrasings are expected of each group.'
)
def check(file: Path, least: int) -> None:
    """Say what is wrong with the phrasings in FILE; the exit status is 1 where something is."""
    from prism_core.domains.mapping.words.voices.checking import find_faults, read_voice

    try:
        said = read_voice(file)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    faults = list(find_faults(said, least))
    for fault in faults:
        click.echo(fault)
    click.echo(f'{sum(map(len, said.values()))} phrasings, {len(faults)} faults')
    if faults:
        sys.exit(1)


@voice.command()
def table() -> None:
    """How many phrasings each voice has, by group."""
    from prism_core.domains.mapping.words.voices import HELD_OUT_VOICES, load_voices
    from prism_core.domains.mapping.words.voices.checking import load_meanings

    voices = load_voices()
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
        shown.add_row(called, *map(str, counts), str(sum(counts)))
    Console(width=_WIDTH).print(shown)


@voice.command()
@click.option('--number', default=30, show_default=True, help='How many.')
@click.option('--seed', default=0, show_default=True, help='Another one shows others.')
def sample(number: int, seed: int) -> None:
    """Phrasings at random, each with its voice and what it means."""
    from random import Random

    from prism_core.domains.mapping.words.voices import load_voices

    rng = Random(seed)  # noqa: S311 - no secret
    bank = [
        (name, group, text)
        for name, voice in load_voices().items()
        for group, texts in voice.items()
        for text in texts
    ]
    for name, group, text in sorted(rng.sample(bank, min(number, len(bank)))):
        click.echo(f'{name} | {group} | {text}')
