# SPDX-License-Identifier: Apache-2.0
"""`prism bench`: how fast planning is on this machine, and what it takes. Needs no ROS."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from prism_core.cli.adapter_option import adapter_option
from prism_core.cli.commands import Commands
from prism_core.dialects.conversation import Message
from prism_core.episode.episode import DEFAULT_DOMAIN
from prism_core.files import replace_file
from prism_core.installing import how_to_install
from prism_core.pictures.terminal import show_progress
from prism_core.pictures.terminal_bench import print_costs, print_prompts, print_runs

if TYPE_CHECKING:  # not everywhere
    from tokenizers import Tokenizer

PROMPTS, PLANS = 15, 100
GRAMMAR_NAMES = 2000
_Counter = Callable[[Sequence[Message]], int]


_file = click.Path(path_type=Path, dir_okay=False)
_model = click.option(
    '--model', type=_file, help='GGUF file of a student; the bundled one when left out.'
)
_threads = click.option(
    '--threads',
    default=0,
    type=click.IntRange(min=0),
    help='Of llama.cpp; one for each core when left out.',
)
_json = click.option('--json', 'out', type=_file, help='Write all figures here, too.')


_domain = click.option(
    '--domain', default=DEFAULT_DOMAIN, show_default=True, help='Whose missions.'
)


@click.group(cls=Commands, entry_points='prism.bench')
def bench() -> None:
    """Measure speed on this machine."""


@bench.command()
@_model
@adapter_option
@_domain
@click.option(
    '--plans',
    default=200,
    show_default=True,
    type=click.IntRange(min=1),
    help='So many, in each runtime.',
)
@click.option(
    '--checkpoint',
    type=click.Path(path_type=Path, file_okay=False),
    help='The same weights as transformers loads them, to compare with.',
)
@_threads
@_json
def student(
    model: Path | None,
    adapter: str,
    domain: str,
    plans: int,
    checkpoint: Path | None,
    threads: int,
    out: Path | None,
) -> None:
    """Time a student's plans, and count the tokens that its engine reads for them.

    All rows are of the same missions, which the embedded teacher played. The first plan of a
    mission is told apart: of its prompt nothing has been read before.
    """
    with _needs('robot'):
        from prism_core.bench.machine import describe_machine
        from prism_core.bench.student import list_runtimes, measure_runtime
    from prism_core.bench.missions import draw_missions
    from prism_core.domain import find_domain
    from prism_core.inference.student import StudentConfig, find_bundled

    machine = describe_machine()
    config = StudentConfig(
        str(model or find_bundled()), threads=threads, adapters=(adapter,) if adapter else ()
    )
    missions = draw_missions(find_domain(domain), plans)
    runtimes = list_runtimes(config, checkpoint)
    runs = []
    with show_progress('plans', plans * len(runtimes)) as advance:
        for runtime in runtimes:
            runs.append(measure_runtime(runtime, config, missions, advance))
    print_runs(runs)
    settings = {
        'model': config.model,
        'adapters': config.adapters,
        'plans': plans,
        'missions': len(missions),
    }
    figures = {'settings': settings, 'runs': list(map(dataclasses.asdict, runs))}
    _report(out, {'machine': machine, **figures})


@bench.command()
@_domain
@click.option('--shape', required=True, help='llama-3.2-1b, llama-3.2-3b or tiny.')
@click.option(
    '--type', 'file_type', default='Q4_K_M', show_default=True, help='F16, Q8_0, Q4_K_M, …'
)
@click.option('--prompt-tokens', default=1500, show_default=True, help="Of a mission's start.")
@click.option(
    '--replan',
    'replans',
    type=click.Tuple([int, int]),
    multiple=True,
    metavar='READ SAID',
    help='The tokens that a replan reads, and those of its reply; can be given again.  [default: '
    'four, from short to long]',
)
@click.option('--repeats', default=3, show_default=True, help='How often each thing is timed.')
@_threads
@click.option(
    '--work',
    type=click.Path(path_type=Path, file_okay=False),
    default=Path.home() / '.cache' / 'prism_bench',
    show_default='~/.cache/prism_bench',
    help='Folder that keeps the models.',
)
@_json
def runtime(
    domain: str,
    shape: str,
    file_type: str,
    prompt_tokens: int,
    replans: tuple[tuple[int, int], ...],
    repeats: int,
    threads: int,
    work: Path,
    out: Path | None,
) -> None:
    """Time the runtime on a model of random weights, in the shape and type of a real one."""
    with _needs('robot'):
        from prism_core.bench.grammar import measure_grammars
        from prism_core.bench.machine import describe_machine
        from prism_core.bench.runtime import (
            REPLANS,
            Replan,
            RuntimeLoad,
            measure_costs,
        )
    from prism_core.bench.held_replies import write_held_replies
    from prism_core.domain import find_domain

    machine = describe_machine()
    asked = tuple(Replan(*one) for one in replans) or REPLANS
    load = RuntimeLoad(prompt_tokens, asked, repeats, threads)
    path = _make_model(work, shape, file_type)
    held = write_held_replies(find_domain(domain), GRAMMAR_NAMES)
    with show_progress('replies', load.calls + len(held) * (2 + 2 * repeats)) as advance:
        costs = measure_costs(path, load, advance)
        grammars = measure_grammars(path, held, load, advance)
    settings = {'shape': shape, 'type': file_type, **dataclasses.asdict(load)}
    figures = {
        'machine': machine,
        'settings': settings,
        'costs': dataclasses.asdict(costs),
        'grammars': list(map(dataclasses.asdict, grammars)),
    }
    print_costs(costs, grammars, GRAMMAR_NAMES)
    _report(out, figures)


def _make_model(work: Path, shape: str, file_type: str) -> Path:
    with _needs('train'):
        from prism_core.distill.random_model import make_random_model
    columns = (TextColumn('{task.description}'), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f'making {shape} in {file_type}', total=None)

        def show(done: int, total: int) -> None:
            what = f'writing {shape}' if done < total else f'quantising {shape} to {file_type}'
            bar.update(task, description=what, completed=done, total=total)

        return make_random_model(work, shape, file_type, show)


@bench.command()
@_model
@_domain
@click.option(
    '--regions',
    default=20,
    show_default=True,
    type=click.IntRange(min=0),
    help='On each map; 0 for any number.',
)
@click.option(
    '--tokenizer',
    'tokenizers',
    multiple=True,
    type=click.Path(path_type=Path),
    help='A tokenizer.json to count with, too; can be given again.',
)
@_json
def prompts(
    model: Path | None, domain: str, regions: int, tokenizers: tuple[Path, ...], out: Path | None
) -> None:
    """Count the tokens of prompts in each dialect, by the student's tokenizer and by others; then
    those that each later plan of a mission reads and says.
    """
    with _needs('robot'):
        from prism_core.inference.local.llama_cpp import LlamaCppModel
    with _needs('data'):
        from prism_core.dataset.tokenizer import load_tokenizer
    from prism_core.bench.missions import draw_prompts, draw_replans
    from prism_core.domain import find_domain
    from prism_core.inference.student import find_bundled

    path = model or find_bundled()
    engine = LlamaCppModel(path, context_tokens=1, threads=1)
    counters: dict[str, _Counter] = {
        'characters': _count_characters,
        str(path): engine.count_tokens,
    }
    for one in tokenizers:
        folder = one.parent if one.name == 'tokenizer.json' else one
        counters[str(one)] = partial(_count_tokens, load_tokenizer(folder))
    found = find_domain(domain)
    drawn = {**draw_prompts(found, regions, PROMPTS), **draw_replans(found, PLANS)}
    try:
        medians = {
            name: {by: statistics.median(map(count, chats)) for by, count in counters.items()}
            for name, chats in drawn.items()
        }
    finally:
        engine.close()
    print_prompts(medians, f'{regions or "any number of"} regions, medians')
    settings = {'regions': regions, 'prompts': PROMPTS, 'plans': PLANS}
    _report(out, {'settings': settings, 'medians': medians})


def _count_characters(messages: Sequence[Message]) -> int:
    return sum(len(message['content']) for message in messages)


def _count_tokens(tokenizer: Tokenizer, messages: Sequence[Message]) -> int:
    contents = [message['content'] for message in messages]
    encoded = tokenizer.encode_batch(contents, add_special_tokens=False)
    return sum(len(one.ids) for one in encoded)


# ------------------------------------------------------------------------------------ shared by all


@contextmanager
def _needs(extra: str) -> Iterator[None]:
    """Say what to install where an import fails."""
    try:
        yield
    except ImportError as error:
        raise click.ClickException(
            f'this needs {error.name}; {how_to_install(f"prism_ros[{extra}]")}'
        ) from error


def _report(out: Path | None, figures: dict[str, Any]) -> None:
    for name, value in figures.get('machine', {}).items():
        click.echo(f'{name}: {value}')
    if out is not None:
        replace_file(out, f'{json.dumps(figures, indent=2)}\n')
        click.echo(f'wrote {out}')
