# SPDX-License-Identifier: Apache-2.0
"""`prism import`: logs that teams already have, and missions of a robot, as episodes."""

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

from prism_core.cli.commands import Commands
from prism_core.cli.words_file import words_option
from prism_core.dataset.episode_json import render_episode
from prism_core.dataset.mission_logs import import_missions, render_recipe, tasks_of
from prism_core.domain import find_domain
from prism_core.episode.episode import DEFAULT_DOMAIN, Episode
from prism_core.episode.imported import Imported
from prism_core.files import read_text


class _Imports(Commands):
    """Commands of which `logs` is meant where none is named; domains add theirs."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments, with the command that is meant."""
        named = (*self.list_commands(ctx), *self.get_help_option_names(ctx))
        return super().parse_args(ctx, args if args[:1] and args[0] in named else ['logs', *args])


@click.group('import', cls=_Imports, entry_points='prism.imports')
def import_() -> None:
    """Turn logs of other planners into episodes (`prism import FILES`, or `logs FILES`), those of
    missions on a robot (`missions LOGS`), or data of other projects.
    """


@import_.command()
@click.argument('files', nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    '--out',
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help='New folder for episodes.jsonl and unchecked.jsonl.',
)
@click.option('--domain', default=DEFAULT_DOMAIN, show_default=True, help='That they are of.')
@words_option
def logs(files: Sequence[Path], out: Path, domain: str, words: str) -> None:
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
    _write(out, _files_of(good, others))
    _print_counts(imported)
    _say_written(out, good, others)


@import_.command()
@click.argument('logs', nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    '--out',
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help='New folder for episodes.jsonl, tasks.jsonl and unchecked.jsonl.',
)
@click.option('--domain', default=DEFAULT_DOMAIN, show_default=True, help='That they are of.')
@words_option
def missions(logs: Sequence[Path], out: Path, domain: str, words: str) -> None:
    """Turn LOGS of missions, or folders of them, as prism_executor writes them, into episodes, and
    into tasks for `prism elicit`; and say which cannot be.
    """
    found = find_domain(domain, words=words)
    texts = {str(path): read_text(path) for path in _logs_in(logs)}
    imported = import_missions(texts, found)
    good = [one.episode for one in imported if one.status == 'checked' and one.episode]
    others = [one for one in imported if one.status != 'checked']
    tasks = list(tasks_of(imported))
    files = {
        'tasks.jsonl': [render_episode(task) for task in tasks],
        'recipe.yaml': [render_recipe(domain, words, list(texts))],
    }
    _write(out, _files_of(good, others) | files)
    _print_counts(imported)
    _say_written(out, good, others)
    click.echo(f'wrote {len(tasks)} tasks to {out / "tasks.jsonl"}: prism elicit {out} --out ...')


def _logs_in(paths: Sequence[Path]) -> list[Path]:
    """The files that some paths name, those of a folder by name."""
    found = []
    for path in paths:
        found += sorted(path.glob('*.jsonl')) if path.is_dir() else [path]
    if not found:
        raise click.ClickException(
            f'there is nothing to import: no .jsonl in {", ".join(map(str, paths))}; name the '
            'folder that executor.log_directory names'
        )
    return found


def _files_of(good: Sequence[Episode], others: Sequence[Imported]) -> dict[str, list[str]]:
    return {
        'episodes.jsonl': [render_episode(episode) for episode in good],
        'unchecked.jsonl': [_render_unchecked(one) for one in others],
    }


def _say_written(out: Path, good: Sequence[Episode], others: Sequence[Imported]) -> None:
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
