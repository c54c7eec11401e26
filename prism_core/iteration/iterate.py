# SPDX-License-Identifier: Apache-2.0
"""`iterate`: rounds of training, playing, choosing what is taught next, and training again.

round-0/     the first dataset, its training, the student as GGUF, what it did on valid
round-1/ …   what the round was taught (data), and the same again
best         the round that did best on valid
evaluation/  what its student did on the split test, once
rounds.json  each round: calls of the teacher, what was learned from, success
rounds.png   the same as a picture
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from prism_core.dataset.run_folder import read_recipe
from prism_core.dataset.split import world_seed
from prism_core.domain import find_domain
from prism_core.errors import ConfigError
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.evaluate import REPORT, evaluate, read_results
from prism_core.evaluation.results import Result
from prism_core.evaluation.scores import Estimate
from prism_core.files import read_text, replace_file
from prism_core.iteration.choosing import failures_by_group, weigh_groups
from prism_core.iteration.gathering import ACTING, GUIDED, Gathered, Order, gather
from prism_core.iteration.losses import losses_by_group
from prism_core.iteration.playing import play_valid
from prism_core.iteration.recipe import Rounds, Strategy, read_rounds
from prism_core.iteration.report import IterationReport, Round, describe_round, write_report
from prism_core.pipeline.learning import (
    Made,
    Show,
    StageProgress,
    hash_data,
    make_data,
    train_student,
)
from prism_core.pipeline.ledger import STAGES, Ledger, Stage
from prism_core.pipeline.publishing import Evaluate, evaluate_student, export_student
from prism_core.pipeline.recipe import FLOATS, Recipe

BEST = 'best'
_WEIGHTS = 'weights.json'
_DIGITS = 4


@dataclass(frozen=True)
class _Student:
    """What came of a round: its folder, its data, the checkpoint, the GGUF, how it played."""

    folder: Path
    data: Made
    checkpoint: Made
    exported: Made
    results: list[Result]


@dataclass(frozen=True)
class _Desk:
    """What all rounds share: the recipe, and how it is carried out."""

    recipe: Rounds
    workers: int
    say: Callable[[str], None]
    show: Show

    def open_round(self, folder: Path, *, is_fixed: bool = False) -> Ledger:
        """The stages of a round."""
        return Ledger(folder, lambda line: self.say(f'{folder.name}  {line}'), is_fixed=is_fixed)

    def show_in(self, folder: Path) -> Show:
        """What shows how far a stage of a round is."""
        return lambda one: self.show(replace(one, stage=f'{folder.name} {one.stage}'))

    def candidate(self, exported: Made) -> Candidate:
        """A student, to play with."""
        return Candidate(str(exported.folder / self.recipe.first.config.file_name(FLOATS)))


def iterate(
    recipe_file: Path,
    out: Path,
    *,
    strategy: Strategy | None = None,
    start: Path | None = None,
    workers: int = 0,
    say: Callable[[str], None] = lambda line: None,
    on_progress: Show = lambda progress: None,
    test: Evaluate = evaluate,
) -> IterationReport:
    """Do all rounds, or what of them is not there yet; a stage is done once, as in `distill`.

    Args:
        recipe_file: an `IterateConfig` as YAML.
        out: the folder to write to.
        strategy: instead of that of the recipe.
        start: the folder of another run, of which the first round is taken as it is, or that of
            `distill`, which made the student.
        workers: processes that play; 0 for one for each core.
        say: told one line for each stage.
        on_progress: told how far a stage is.
        test: lets the best student play the suite of the split test.

    Returns:
        What stands in `rounds.json`.

    Raises:
        ConfigError: the recipe cannot be used, `start` is no run of the same data and training, or
            `out` holds something else.
        RunStopped: a process died; the same call goes on.
    """
    recipe = read_rounds(recipe_file, strategy)
    if start is not None:
        start = _find_first(start)
        recipe = recipe.begin_with(_find_weights(start))
    desk = _Desk(recipe, workers or os.cpu_count() or 1, say, on_progress)
    with Ledger(out, lambda line: say(f'best     {line}')) as ledger:
        students = [_begin(desk, out, start)]
        report = IterationReport(recipe.config.strategy, recipe.config.seed, ())
        while True:
            number = len(students) - 1
            report = report.add(_describe(students[-1], number, report))
            write_report(report, out)
            if number == recipe.config.rounds:
                break
            students.append(_go_on(desk, out / f'round-{number + 1}', students))
        best = students[report.best]
        _point(out / BEST, best.folder)
        # Refused at the end, all rounds would be for nothing; the report says what controls solve.
        play = partial(test, workers=desk.workers, any_suite=True)
        made = {FLOATS: best.exported}
        measured = evaluate_student(recipe.first, made, ledger, on_progress, play)[FLOATS]
        scores = json.loads(read_text(measured.folder / REPORT))
        report = replace(report, test=Estimate(**scores['success']))
        write_report(report, out)
        return report


def _find_first(start: Path) -> Path:
    """Where another run keeps its first dataset and training."""
    first = start / 'round-0'
    folder = first if first.is_dir() else start
    if not (folder / STAGES).is_file() or not (folder / 'train').is_dir():
        raise ConfigError(
            f'{start}: expected a run of `prism iterate` that made its own round-0, or one of '
            '`prism distill`, got none; name the run that the others begin from'
        )
    return folder


def _find_weights(first: Path) -> str:
    """The checkpoint that the first training began with; '' for random weights."""
    return read_recipe(first / 'train')['config']['start']


def _begin(desk: _Desk, out: Path, first: Path | None) -> _Student:
    """The first round: here, or as another run did it; a student of `distill` plays here."""
    if first is None:
        with desk.open_round(out / 'round-0') as ledger:
            data = make_data(desk.recipe.first, ledger, desk.show_in(ledger.path))
            return _play(desk, _train(desk, desk.recipe.first, data, ledger), ledger)
    with desk.open_round(first, is_fixed=True) as ledger:
        data = make_data(desk.recipe.first, ledger, desk.show_in(first))
        student = _train(desk, desk.recipe.first, data, ledger)
        if ledger.has('valid'):
            return _play(desk, student, ledger)
    with desk.open_round(out / 'round-0') as ledger:
        return _play(desk, student, ledger)


def _go_on(desk: _Desk, folder: Path, students: list[_Student]) -> _Student:
    """A later round."""
    number, last = len(students), students[-1]
    with desk.open_round(folder) as ledger:
        weights = _weigh(desk, students, ledger)
        order = _make_order(desk, number, last, weights)
        data = _gather(desk, order, [one.data for one in students], ledger)
        recipe = desk.recipe.later(number, last.checkpoint.folder)
        return _play(desk, _train(desk, recipe, data, ledger), ledger)


def _make_order(desk: _Desk, number: int, last: _Student, weights: dict[str, float]) -> Order:
    config, first = desk.recipe.config, desk.recipe.first
    worlds = {**desk.recipe.worlds.worlds, 'seed': world_seed(config.seed, number)}
    return Order(
        number,
        config.strategy,
        config.calls,
        first.train.domain,
        first.config.data.teacher,
        first.train.data.dialect,
        worlds,
        rebase=first.config.data.rebase,
        weights=weights,
        student=desk.candidate(last.exported) if config.strategy in ACTING else None,
        guidance=config.guidance.in_round(number, config.rounds)
        if config.strategy == GUIDED
        else 0.0,
    )


def _weigh(desk: _Desk, students: list[_Student], ledger: Ledger) -> dict[str, float]:
    """How probable it is that a task of each group is taken; nothing where all are."""
    strategy, last = desk.recipe.config.strategy, students[-1]
    if strategy not in ('failure', 'loss'):
        return {}

    def make(folder: Path) -> str:
        if strategy == 'failure':
            needs = failures_by_group(last.results)
        else:
            needs = losses_by_group(last.checkpoint.folder, students[0].data.folder)
        weights = {group: round(w, _DIGITS) for group, w in weigh_groups(needs).items()}
        folder.mkdir()
        replace_file(folder / _WEIGHTS, json.dumps(weights, indent=2) + '\n')
        most = max(weights, key=weights.__getitem__)
        return f'{len(weights)} groups of tasks, most of {most}'

    valid = desk.recipe.valid
    inputs = {'strategy': strategy, 'student': last.checkpoint.files, 'valid': valid}
    ledger.do(Stage('choose', 'chosen', inputs, make))
    return json.loads(read_text(ledger.path / 'chosen' / _WEIGHTS))


def _gather(desk: _Desk, order: Order, before: list[Made], ledger: Ledger) -> Made:
    show = desk.show_in(ledger.path)

    def tell(done: Gathered) -> None:
        show(StageProgress('data', done.calls, order.calls, f'calls, {done.episodes:,} episodes'))

    def make(folder: Path) -> str:
        folders = [data.folder for data in before]
        done = gather(order, folder, folders, workers=desk.workers, on_progress=tell)
        return f'{done.calls:,} calls of the teacher, {done.episodes:,} episodes'

    inputs = {**order.describe(), 'before': len(before), 'first': before[0].files}
    ledger.do(Stage('data', 'data', inputs, make, goes_on=True))
    folder = ledger.path / 'data'
    return Made(folder, hash_data(folder, desk.recipe.first.train))


def _train(desk: _Desk, recipe: Recipe, data: Made, ledger: Ledger) -> _Student:
    """A student that has not played yet."""
    trained = train_student(recipe, data, ledger, desk.show_in(ledger.path))
    exported = export_student(recipe, data, trained, ledger)
    return _Student(ledger.path, data, trained, exported, [])


def _play(desk: _Desk, student: _Student, ledger: Ledger) -> _Student:
    """The end of a round: how the student plays."""
    candidate, worlds = desk.candidate(student.exported), desk.recipe.valid
    show, domain = desk.show_in(ledger.path), find_domain(desk.recipe.first.train.domain)

    def make(folder: Path) -> str:
        results = play_valid(
            candidate,
            domain.name,
            worlds,
            folder,
            workers=desk.workers,
            on_progress=lambda p: show(
                StageProgress(
                    'valid', p.done, p.total, f'worlds, {p.successes} of {p.trials} trials'
                )
            ),
        )
        return f'{sum(r.success for r in results)} of {len(results)} trials succeeded'

    inputs = {'student': student.exported.files, 'worlds': worlds, 'version': domain.version}
    ledger.do(Stage('valid', 'valid', inputs, make, goes_on=True))
    return replace(student, results=read_results(ledger.path / 'valid'))


def _describe(student: _Student, number: int, report: IterationReport) -> Round:
    """What is told of a round."""
    chosen = student.folder / 'chosen' / _WEIGHTS
    weights: dict[str, float] = json.loads(read_text(chosen)) if number and chosen.exists() else {}
    return describe_round(number, student.data.folder, student.results, weights, report)


def _point(link: Path, folder: Path) -> None:
    """Let a link name a folder."""
    draft = link.with_name(f'.{link.name}.{os.getpid()}')
    draft.symlink_to(os.path.relpath(folder, link.parent))
    draft.replace(link)
