# SPDX-License-Identifier: Apache-2.0
"""`prism data`: look at data sets, describe them, write them in the forms that trainers read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from prism_core.cli.domain_option import named_domain
from prism_core.cli.words_file import words_option
from prism_core.episode.episode import DEFAULT_DOMAIN

_folder = click.argument('folder', type=click.Path(path_type=Path, exists=True, file_okay=False))

_domain = click.option('--domain', default=DEFAULT_DOMAIN, show_default=True, help='Which actions.')


@click.group()
def data() -> None:
    """Show data sets, report what is in them, export them for training."""


@data.command()
@click.argument('path', type=click.Path(path_type=Path))
@click.option(
    '--episode',
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help='Which one to begin with.',
)
@named_domain
def show(path: Path, episode: int) -> None:
    """Page through the episodes of a folder or a .jsonl file, with the graph drawn."""
    from prism_core.pictures.terminal_data import page_episodes

    page_episodes(path, episode)


@data.command()
@_folder
@click.option('--licence', default='', help='SPDX name that the card states; found when left out.')
@_domain
@words_option
def report(folder: Path, licence: str, domain: str, words: str) -> None:
    """Count the episodes of a folder again; write report.json, plots and card."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from prism_core.dataset.report import count_folder, describe_dataset
    from prism_core.domain import find_domain
    from prism_core.pictures.terminal_data import print_statistics

    found = find_domain(domain, words=words)
    columns = (SpinnerColumn(), TextColumn('{task.completed:,} episodes counted'))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        counted = progress.add_task('', total=None)
        statistics = count_folder(
            folder, found, lambda number: progress.update(counted, completed=number)
        )
    describe_dataset(folder, statistics, today=date.today(), licence=licence)
    print_statistics(statistics)
    click.echo(f'wrote report.json, plots and README.md in {folder}')


@data.command()
@_folder
@click.option('--form', required=True, type=click.Choice(['chat', 'turns', 'sharegpt', 'shards']))
@click.option(
    '--dialect', default='compact', show_default=True, help='compact, spine or spine_brief.'
)
@click.option(
    '--out',
    type=click.Path(path_type=Path),
    help="Folder to write to; the data set's own folder of that form when left out.",
)
@click.option(
    '--rebase',
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help='Share of episodes that are cut in two, the second half on what is known by then.',
)
@click.option(
    '--header/--no-header',
    default=False,
    show_default=True,
    help='Whether a system message explains the domain, as for a teacher.',
)
@click.option(
    '--tokenizer',
    type=click.Path(path_type=Path),
    help='Folder with a tokenizer.json; shards need one.',
)
@click.option(
    '--vocab-size',
    type=click.IntRange(min=300),
    help='Learn a tokenizer of so many tokens for shards, and keep it in FOLDER.',
)
@click.option('--failed', is_flag=True, help='Failed episodes, too, without refused plans.')
@_domain
def export(
    folder: Path,
    form: str,
    dialect: str,
    out: Path | None,
    rebase: float,
    header: bool,
    tokenizer: Path | None,
    vocab_size: int | None,
    failed: bool,
    domain: str,
) -> None:
    """Write the good episodes of a folder in a form that trainers read."""
    from prism_core.dataset.export import export_dataset, keep_tokenizer
    from prism_core.dataset.tokenizer import load_tokenizer
    from prism_core.domain import find_domain

    found = find_domain(domain)
    if vocab_size is not None and tokenizer is None:
        tokenizer = keep_tokenizer(folder, found, dialect, vocab_size)
    text = found.make_header(found.make_dialect(dialect)) if header else ''
    out = out or folder / form
    counts = export_dataset(
        folder,
        out,
        form,
        found,
        dialect,
        header=text,
        rebase=rebase,
        tokenizer=load_tokenizer(tokenizer) if tokenizer else None,
        failed=failed,
    )
    for split, rows in counts.rows.items():
        click.echo(f'{split}: {rows:,} rows of {counts.episodes[split]:,} episodes')
    for reason, number in counts.dropped.items():
        click.echo(f'left out: {number:,}, {reason}')
    click.echo(f'wrote {out}')
