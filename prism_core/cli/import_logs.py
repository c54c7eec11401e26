# SPDX-License-Identifier: Apache-2.0
"""`prism import`: logs that teams already have, as episodes."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from prism_core.cli.words_file import words_option
from prism_core.dataset.episode_json import render_episode
from prism_core.domain import find_domain
from prism_core.episode.episode import DEFAULT_DOMAIN
from prism_core.episode.imported import Imported
from prism_core.files import read_text


@click.command('import')
@click.argument('files', nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    '--out',
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help='New folder for episodes.jsonl and unchecked.jsonl.',
)
@click.option('--domain', default=DEFAULT_DOMAIN, show_default=True, help='That they are of.')
@words_option
def import_(files: Sequence[Path], out: Path, domain: str, words: str) -> None:
    """Turn logs of other planners (mapping: chat JSON Lines, SPINE logs) into episodes, and say
    which cannot be.
    """
    found = find_domain(domain, words=words)
    texts = {path: read_text(path) for path in files}
    imported = [o for path, text in texts.items() for o in found.import_log(text, str(path))]
    if not imported:
        raise click.ClickException('there is nothing to import: the files hold no text')
    good = [one.episode for one in imported if one.status == 'checked' and one.episode]
    others = [one for one in imported if one.status != 'checked']
    _write(
        out,
        {
            'episodes.jsonl': [render_episode(episode) for episode in good],
            'unchecked.jsonl': [_render_unchecked(one) for one in others],
        },
    )
    _print_counts(imported)
    click.echo(f'wrote {len(good)} episodes to {out / "episodes.jsonl"}')
    click.echo(f'wrote why {len(others)} others are left out to {out / "unchecked.jsonl"}')


def _render_unchecked(one: Imported) -> str:
    fields = {'source': one.source, 'status': one.status, 'reason': one.reason}
    return json.dumps(fields, ensure_ascii=False)


def _write(folder: Path, files: Mapping[str, Sequence[str]]) -> None:
    """Write a folder whole or not at all."""
    temporary = folder.with_name(f'.{folder.name}.{os.getpid()}')
    try:
        temporary.mkdir(parents=True)
        for name, lines in files.items():
            (temporary / name).write_text(''.join(f'{line}\n' for line in lines), 'utf-8')
        temporary.replace(folder)  # which it is not when there is something in it
    except OSError as error:
        raise click.ClickException(
            f'cannot write to {folder}: {error.strerror}; expected a folder that is new or empty'
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _print_counts(imported: Sequence[Imported]) -> None:
    """How many of each status, by the reason up to its first colon."""
    table = Table('status', 'reason', 'missions')
    counts = Counter((one.status, one.reason.partition(':')[0]) for one in imported)
    for (status, reason), count in sorted(counts.items()):
        table.add_row(status, reason, str(count))
    Console().print(table)
