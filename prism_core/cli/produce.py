# SPDX-License-Identifier: Apache-2.0
"""`prism synthesize` and `prism elicit`: worlds with tasks, and teachers that play them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from prism_core.cli.words_file import words_option
from prism_core.config_file import read_config, to_config
from prism_core.dataset import produce
from prism_core.dataset.produce import Settings, ShardSettings, SynthesisRecipe
from prism_core.dataset.report import count_folder, describe_dataset
from prism_core.dataset.run_folder import read_recipe
from prism_core.dataset.runner import RUNNERS
from prism_core.dataset.teaching import LM, SYMBOLIC, LanguageModel
from prism_core.domain import find_domain
from prism_core.inference.endpoint.reply_cache import ReplyCache
from prism_core.inference.endpoint.spending import Spending
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.pictures.terminal_data import print_statistics
from prism_core.words_file import words_beside

if TYPE_CHECKING:  # the client takes a second to import, and only teachers of that kind need it
    from prism_core.inference.endpoint.teacher_api import ApiModel

REPLIES = 'replies.sqlite'
"""Every finished call of the language model, so that a run that goes on pays for none twice."""

_common = [
    click.option(
        '--out', required=True, type=click.Path(path_type=Path, file_okay=False), help='New folder.'
    ),
    click.option('--resume', is_flag=True, help='Go on with the run that --out holds.'),
    click.option(
        '--runner',
        type=click.Choice(RUNNERS),
        help='Where the work is done; processes, or threads with a language model.',
    ),
    click.option(
        '--workers', type=click.IntRange(min=0), default=0, help='How many; one a core by default.'
    ),
    click.option(
        '--teacher-config',
        type=click.Path(path_type=Path, dir_okay=False),
        help='Settings of a language model (YAML), see config/teacher/.',
    ),
    click.option('--report/--no-report', default=True, help='Count what came out; plots and card.'),
]
_worlds = [
    words_option,
    click.option(
        '--recipe',
        type=click.Path(path_type=Path, dir_okay=False),
        help='What worlds to draw (YAML), see config/distill/worlds.yaml.',
    ),
    click.option('--domain', help='Where; that of the recipe, or of TASKS, when left out.'),
    click.option('--worlds', type=click.IntRange(min=1), help='How many worlds.'),
    click.option('--seed', type=int, help='Any whole number; the same one draws the same worlds.'),
]


def _with(options):
    def add(function):
        for option in reversed(options):
            function = option(function)
        return function

    return add


@click.command()
@_with(_common)
@_with(_worlds)
@click.option('--writer', type=click.Choice(['procedural', 'lm']), help='Who writes the worlds.')
@click.option(
    '--paraphrase',
    'paraphrased',
    type=click.FloatRange(0, 1),
    help='Share of the sentences that the language model puts into other words.',
)
def synthesize(
    out: Path,
    resume: bool,
    runner: str | None,
    workers: int,
    teacher_config: Path | None,
    report: bool,
    recipe: Path | None,
    **changes: Any,
) -> None:
    """Make worlds with tasks, each proven solvable: tasks.jsonl."""
    changes['words'] = changes['words'] or None
    made = _read_recipe(recipe, changes)
    if made.needs_model and teacher_config is None:
        raise click.ClickException(
            'a language model is to write; name its settings with --teacher-config'
        )
    config_file = teacher_config if made.needs_model else None
    with _open_model(config_file, out, _Display('tasks')) as (model, show):
        settings = Settings(runner or '', workers, resume, show)
        done = produce.synthesize(out, made, model=model, settings=settings)
    click.echo(f'{done.episodes:,} tasks in {done.done:,} worlds in {out}')
    if report:
        _report(out)


@click.command()
@click.argument('tasks', required=False, type=click.Path(path_type=Path, file_okay=False))
@_with(_common)
@_with(_worlds)
@click.option(
    '--teacher',
    default=SYMBOLIC,
    show_default=True,
    help='symbolic, lm, the name of a planner, or package.module:factory.',
)
@click.option(
    '--shards', help='Make tokens at once, in this dialect: compact, spine or spine_brief.'
)
@click.option(
    '--tokenizer',
    type=click.Path(path_type=Path, file_okay=False),
    help='Folder with the tokenizer of the shards; learned from the first episodes if left out.',
)
@click.option('--vocab-size', default=2048, show_default=True, help='Of a tokenizer to learn.')
@click.option(
    '--rebase',
    type=click.FloatRange(0, 1),
    default=0.0,
    help='Share of the episodes that shards cut in two at a random turn.',
)
@click.option(
    '--failed', is_flag=True, help='Shards hold failed episodes, too, without refused plans.'
)
def elicit(
    tasks: Path | None,
    out: Path,
    resume: bool,
    runner: str | None,
    workers: int,
    teacher_config: Path | None,
    report: bool,
    recipe: Path | None,
    domain: str | None,
    words: str,
    teacher: str,
    shards: str | None,
    tokenizer: Path | None,
    vocab_size: int,
    rebase: float,
    failed: bool,
    **changes: Any,
) -> None:
    """Let a teacher play the TASKS of a folder, or those of a recipe as they are drawn:
    episodes.jsonl.
    """
    if tasks is not None and (recipe is not None or any(v is not None for v in changes.values())):
        raise click.ClickException(
            f'expected either TASKS or --recipe, --worlds and --seed, got both; {tasks} has its '
            'own recipe'
        )
    if teacher == LM and teacher_config is None:
        raise click.ClickException('teacher lm needs its settings; name them with --teacher-config')
    encoding = None
    if shards is not None:
        encoding = ShardSettings(shards, str(tokenizer or ''), vocab_size, rebase, failed)
    if domain is not None:
        find_domain(domain)  # TASKS may be of one that is found by its path alone
    changes |= {'domain': domain, 'words': words or None}
    made = _read_recipe(recipe, changes) if tasks is None else SynthesisRecipe()
    needs_model = teacher == LM or made.needs_model
    config_file = teacher_config if needs_model else None
    with _open_model(config_file, out, _Display('episodes')) as (model, show):
        settings = Settings(runner or '', workers, resume, show)
        if tasks is None:
            done = produce.synthesize(
                out, made, teacher=teacher, shards=encoding, model=model, settings=settings
            )
        else:
            done = produce.elicit(
                tasks,
                out,
                teacher,
                shards=encoding,
                model=model,
                settings=settings,
                words=words,
            )
    click.echo(f'{done.good:,} of {done.episodes:,} episodes are good, in {out}')
    if report:
        _report(out)


def _read_recipe(path: Path | None, changes: Mapping[str, Any]) -> SynthesisRecipe:
    """The recipe of a file, or the default one, with what the command line changes."""
    given = {key: value for key, value in changes.items() if value is not None}
    recipe = SynthesisRecipe()
    if path is not None:
        recipe = read_config(path, SynthesisRecipe)
        recipe = replace(recipe, words=words_beside(path, recipe.words))
        name = given.get('domain', recipe.domain)
        to_config(recipe.worlds, find_domain(name).recipe_type, f'{path}: worlds')
    worlds = dict(recipe.worlds)
    for key in ('worlds', 'seed'):
        if key in given:
            worlds[key] = given.pop(key)
    return replace(recipe, worlds=worlds, **given)


class _Display:
    """How far a run is, on the terminal: rate, cost, time left, and what the endpoint does."""

    def __init__(self, made: str):
        """`made`: tasks or episodes."""
        self._made = made
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn('{task.fields[what]}'),
            BarColumn(bar_width=20),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn('{task.fields[rate]}'),
            TimeRemainingColumn(table_column=Column(no_wrap=True)),
            TextColumn('{task.fields[note]}', table_column=Column()),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task('', total=None, what='', rate='', note='')
        self._model: ApiModel | None = None
        self._before: int | None = None
        self._retries = 0
        self._is_down = False

    def watch(self, model: ApiModel) -> None:
        """Show what a model costs."""
        self._model = model

    def show(self, progress: produce.RunProgress) -> None:
        """How far it is."""
        if self._before is None:
            self._before = progress.episodes
            self._progress.start()
        elapsed_s = self._progress.tasks[0].elapsed or 0
        rate = (progress.episodes - self._before) / elapsed_s if elapsed_s else 0
        good = f', {progress.good:,} good' if self._made == 'episodes' else ''
        self._progress.update(
            self._task,
            completed=progress.done,
            total=progress.total,
            what=f'{progress.episodes:,} {self._made}{good}',
            rate=f'{rate:.1f}/s',
        )
        self.refresh()

    def note(self, kind: str, sentence: str) -> None:
        """What the endpoint does: tries are counted, all else is said."""
        if kind == 'retry':
            self._retries += 1
        else:
            self._is_down = kind == 'down'
            self._progress.console.print(sentence, markup=False, highlight=False, soft_wrap=True)
        self.refresh()

    def refresh(self) -> None:
        """Show what was spent so far."""
        if self._model is not None:
            retries = f', {self._retries:,} retries' if self._retries else ''
            down = ', waiting for the endpoint' if self._is_down else ''
            note = f'{_describe_spending(self._model.spending)}{retries}{down}'
            self._progress.update(self._task, note=note)

    def __enter__(self) -> _Display:
        return self

    def __exit__(self, *_) -> None:
        if self._before is not None:
            self._progress.stop()


@contextlib.contextmanager
def _open_model(
    config_file: Path | None, out: Path, display: _Display
) -> Iterator[tuple[LanguageModel | None, Callable[[produce.RunProgress], None]]]:
    """The language model, where one is needed, and what shows how far a run is."""
    with display:
        if config_file is None:
            yield None, display.show
            return
        config = read_config(config_file, TeacherConfig)
        out.mkdir(parents=True, exist_ok=True)
        from prism_core.inference.endpoint.teacher_api import ApiModel

        cache = ReplyCache(out / REPLIES)
        text_model = ApiModel(config, cache=cache, on_event=display.note)
        display.watch(text_model)
        try:
            yield LanguageModel(text_model, config), display.show
        finally:
            display.refresh()
            text_model.close()
            cache.close()


def _describe_spending(spending: Spending) -> str:
    cost = f', {spending.cost_usd:.2f} USD' if spending.cost_usd else ''
    return f'{spending.calls:,} calls, {spending.tokens:,} tokens{cost}'


def _report(folder: Path) -> None:
    recipe = read_recipe(folder)
    domain = find_domain(recipe['domain'], by_path=False, words=recipe.get('words', ''))
    statistics = count_folder(folder, domain, lambda _: None)
    describe_dataset(folder, statistics, today=date.today())
    print_statistics(statistics)
