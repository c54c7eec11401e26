"""`prism evaluate`: a planner plays tasks that nobody trained on."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table


@click.command()
@click.argument('planner')
@click.option(
    '--suite',
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help='Tasks (YAML), see config/evaluate/.',
)
@click.option(
    '--out', required=True, type=click.Path(path_type=Path, file_okay=False), help='New folder.'
)
@click.option('--resume', is_flag=True, help='Go on with the run that --out holds.')
@click.option('--workers', default=0, help='Processes; one for each core when left out.')
@click.option(
    '--held-to',
    type=click.Choice(['known', 'schema', 'nothing']),
    default='known',
    show_default=True,
    help='What replies of a model are held to while they are made.',
)
@click.option('--temperature', default=0.0, help='Of a model; 0 for the likeliest reply.')
@click.option('--seed', default=0, help='Of what a model draws.')
@click.option('--tries', default=3, show_default=True, help='Replies of a model for one plan.')
def evaluate(
    planner: str,
    suite: Path,
    out: Path,
    resume: bool,
    workers: int,
    held_to: str,
    temperature: float,
    seed: int,
    tries: int,
) -> None:
    """Let PLANNER play a suite in closed loop, and score it.

    PLANNER is `teacher`, a GGUF file, the folder of a checkpoint, the name of a planner or
    package.module:factory.
    """
    from prism_core.config_file import read_config
    from prism_core.evaluation.candidates import Candidate
    from prism_core.evaluation.evaluate import Progress as Done
    from prism_core.evaluation.evaluate import evaluate as run
    from prism_core.evaluation.suite import SuiteConfig

    candidate = Candidate(
        planner,
        held_to=held_to,  # type: ignore[arg-type]
        temperature=temperature,
        seed=seed,
        tries=tries,
    )
    columns = (
        *(TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn()),
        *(TimeRemainingColumn(), TextColumn('{task.fields[about]}')),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task('worlds', total=None, about='')

        def show(done: Done) -> None:
            about = f'{done.trials} trials, {done.successes / max(done.trials, 1):.1%} succeeded'
            bar.update(task, completed=done.done, total=done.total, about=about)

        scores = run(
            candidate,
            read_config(suite, SuiteConfig),
            out,
            resume=resume,
            workers=workers,
            on_progress=show,
        )
    table = Table('', 'group', 'success', '95 %', 'tasks')
    table.add_row('all', '', *_cells(scores.success))
    for view, groups in scores.views.items():
        for group, estimate in groups.items():
            table.add_row(view, group, *_cells(estimate))
    for kind, estimate in scores.pairs.items():
        table.add_row('pairs of twins', kind, *_cells(estimate))
    Console(width=100).print(table)
    worst = ', '.join(f'{reason} {count}' for reason, count in list(scores.failures.items())[:6])
    lines = (
        f'first replies not accepted: {scores.say_invalid}',
        f'trials that ended without a plan: {scores.left_invalid}; made-up names said: '
        f'{scores.made_up}; success weighted by path length {scores.path:.3f}',
        f'a plan takes {scores.plan_median_s * 1e3:.1f} ms (median), '
        f'{scores.plan_p95_s * 1e3:.1f} ms (p95)',
        f'failed most: {worst or "nothing"}',
    )
    click.echo('\n'.join(lines))
    click.echo(f'{out / "report.json"}')


def _cells(estimate) -> tuple[str, str, str]:
    return (
        f'{estimate.value:.3f}',
        f'{estimate.low:.3f} to {estimate.high:.3f}',
        str(estimate.tasks),
    )
