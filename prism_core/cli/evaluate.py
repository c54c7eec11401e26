# SPDX-License-Identifier: Apache-2.0
"""`prism evaluate`: a planner plays tasks that nobody trained on."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from prism_core.cli.adapter_option import adapter_option
from prism_core.cli.words_file import words_option
from prism_core.episode.episode import DEFAULT_DOMAIN


@click.command()
@click.argument('planner')
@click.option(
    '--suite',
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help='Tasks: YAML or .json, see config/evaluate/; or .jsonl, as `prism synthesize` writes it.',
)
@click.option(
    '--out', required=True, type=click.Path(path_type=Path, file_okay=False), help='New folder.'
)
@click.option(
    '--domain', default=DEFAULT_DOMAIN, show_default=True, help='Of the tasks of a file of tasks.'
)
@words_option
@adapter_option
@click.option(
    '--names',
    type=click.Choice(['plain', 'compound', 'code', 'new']),
    help='What the worlds call things; as the suite says it when left out, see docs/evaluation.md.',
)
@click.option(
    '--observations',
    type=click.Choice(['words']),
    help='A robot that reports in sentences; as the suite says it when left out.',
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
@click.option('--any-suite', is_flag=True, help='Play even what planners pass that know nothing.')
@click.option(
    '--invariance',
    type=click.IntRange(min=0),
    default=0,
    help='States to ask about once more: other names, another order, another class word.',
)
@click.option(
    '--keep-plans',
    is_flag=True,
    help='Go on with the rest of a plan, without asking, where all of it went as planned.',
)
@click.option('--tries', default=3, show_default=True, help='Replies of a model for one plan.')
def evaluate(
    planner: str,
    suite: Path,
    out: Path,
    domain: str,
    words: str,
    adapter: str,
    names: str | None,
    observations: str | None,
    resume: bool,
    workers: int,
    held_to: str,
    temperature: float,
    seed: int,
    tries: int,
    any_suite: bool,
    invariance: int,
    keep_plans: bool,
) -> None:
    """Let PLANNER play a suite in closed loop, and score it.

    PLANNER is `teacher`, `student` (the file that PRISM_STUDENT_MODEL names, or the bundled one),
    `saycan` (on that file, or on what PRISM_SAYCAN_CONFIG names), `llm_planner` (on what
    PRISM_LLM_PLANNER_CONFIG names), a GGUF file, the folder of a checkpoint, the name of a planner,
    package.module:factory, or control: and the name of a planner that deserves no success. These
    play a part of each suite before PLANNER does.
    """
    from prism_core.evaluation.candidates import Candidate
    from prism_core.evaluation.evaluate import TrialProgress
    from prism_core.evaluation.evaluate import evaluate as run
    from prism_core.evaluation.suite import read_suite
    from prism_core.pictures.terminal_scores import show_scores

    played = read_suite(suite, domain, words, names or '', observations or '')
    candidate = Candidate(
        planner,
        held_to=held_to,  # type: ignore[arg-type]
        temperature=temperature,
        seed=seed,
        tries=tries,
        domain=played.domain,
        adapter=adapter,
        keep_plans=keep_plans,
    )
    columns = (
        *(TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn()),
        *(TimeRemainingColumn(), TextColumn('{task.fields[about]}')),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task('worlds', total=None, about='')
        states = bar.add_task('states', total=invariance, about='', visible=False)

        def show(done: TrialProgress) -> None:
            about = f'{done.trials} trials, {done.successes / max(done.trials, 1):.1%} succeeded'
            bar.update(task, completed=done.done, total=done.total, about=about)

        def show_state(done: int) -> None:
            bar.update(states, completed=done, visible=True)

        scores = run(
            candidate,
            played,
            out,
            resume=resume,
            workers=workers,
            any_suite=any_suite,
            invariance=invariance,
            on_progress=show,
            on_state=show_state,
        )
    show_scores(Console(width=100), scores)
    click.echo(f'{out / "report.json"}')
