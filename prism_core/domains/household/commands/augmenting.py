# SPDX-License-Identifier: Apache-2.0
"""`prism augment`: longer tasks out of the episodes that there are, as SPRINT makes them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from prism_core.config_file import read_config, render_config
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dataset.episode_lines import EpisodeLines, find_episode_file
from prism_core.dataset.run_folder import read_lines
from prism_core.dataset.split import split_of_seed
from prism_core.domains.household.commands.alfred_files import TRAIN, seed_of_trajectory
from prism_core.domains.household.importing.alfred import SPLITS, load_homes
from prism_core.domains.household.sprint.augmenting import (
    AugmentCounts,
    AugmentSettings,
    augment_home,
)
from prism_core.domains.household.sprint.corrupting import corrupt as make_some_wrong
from prism_core.domains.household.sprint.summaries import TEMPERATURE, TOP_P
from prism_core.domains.household.sprint.transcripts import (
    Transcript,
    home_of,
    read_alfred,
    read_episode,
)
from prism_core.episode.episode import Episode
from prism_core.files import hash_file, replace_file
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.inference.text_model import TextModel

_LEARNED_FROM = 20_000
"""So many episodes at most a critic learns from."""
_LOAD = Callable[[], list[Transcript]]
_share = click.FloatRange(0, 1)


@click.command()
@click.argument('source', metavar='IN', type=click.Path(path_type=Path, exists=True))
@click.option(
    '--out', required=True, type=click.Path(path_type=Path, file_okay=False), help='New folder.'
)
@click.option(
    '--alfred', 'split', type=click.Choice(SPLITS), help='IN is a file of ALFRED; of this split.'
)
@click.option(
    '--aggregate',
    type=click.Choice(['rules', 'endpoint']),
    default='rules',
    show_default=True,
    help='Who puts several steps into one instruction.',
)
@click.option(
    '--teacher-config',
    type=click.Path(path_type=Path, dir_okay=False),
    help='Settings of the language model (YAML), see config/teacher/.',
)
@click.option(
    '--share', type=_share, default=1.0, show_default=True, help='Of all segments, at random.'
)
@click.option(
    '--chain', type=click.FloatRange(min=0), default=0.0, help='Chains, as a share of segments.'
)
@click.option('--corrupt', type=_share, default=0.0, help='Make this share wrong, to try --weigh.')
@click.option('--weigh', is_flag=True, help='Weigh each plan by a critic; needs torch.')
@click.option('--seed', default=0, show_default=True, help='Draws all that is random.')
def augment(
    source: Path,
    out: Path,
    split: str | None,
    aggregate: str,
    teacher_config: Path | None,
    share: float,
    chain: float,
    corrupt: float,
    weigh: bool,
    seed: int,
) -> None:
    """Make longer tasks of the good episodes in IN, a folder, or of ALFRED's trajectories.

    Each contiguous run of steps becomes an episode, with the worker's words where it is one step
    and with one instruction where it is several; chains are two of them, one behind the other. All
    are carried out in the simulator and judged: episodes.jsonl. The folder is written whole or not
    at all.
    """
    if out.exists():
        raise click.ClickException(f'{out} is there already; name a new folder')
    if aggregate == 'endpoint' and teacher_config is None:
        raise click.ClickException(
            'a language model is to sum up; name its settings with --teacher-config'
        )
    settings = AugmentSettings(share, chain, corrupt, seed)
    counts = AugmentCounts()
    draft = out.with_name(f'.{out.name}.draft')
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        file = draft / 'episodes.jsonl'
        with _open_model(teacher_config if aggregate == 'endpoint' else None, out) as (model, most):
            homes = _read_alfred(source, split, counts) if split else _read(source, counts)
            _make(homes, settings, most, counts, model, file)
        if weigh:
            _weigh(file, counts, seed)
        read = source if split else find_episode_file(source)
        recipe = AugmentRecipe(read.name, hash_file(read), split or '', aggregate, settings, weigh)
        replace_file(draft / 'recipe.yaml', render_config(recipe))
        draft.replace(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _print(counts)
    click.echo(f'wrote {sum(counts.worded.values()):,} episodes to {out}')


def _make(
    homes: Sequence[_LOAD],
    settings: AugmentSettings,
    in_flight: int,
    counts: AugmentCounts,
    model: TextModel | None,
    path: Path,
) -> None:
    """Write what comes of some homes."""
    with path.open('w', encoding='utf-8') as file, _progress() as bar:
        for load in bar.track(homes, description='homes'):
            for episode in augment_home(load(), settings, counts, model, in_flight):
                file.write(f'{render_episode(episode)}\n')


def _progress() -> Progress:
    return Progress(console=Console(stderr=True), transient=True)


# ------------------------------------------------------------------------------------- what is read


def _read_alfred(path: Path, split: str, counts: AugmentCounts) -> list[_LOAD]:
    """What loads the transcripts of each floor plan, those to train on apart from the others."""
    trajectories, plans = load_homes(path)
    by_home: dict[str, list[tuple[int, int]]] = {}
    for number, trajectory in enumerate(trajectories):
        if trajectory['split'] == split:
            seed = seed_of_trajectory(trajectory, number) if split == TRAIN else number
            side = split_of_seed(seed) if split == TRAIN else split
            by_home.setdefault(f'{trajectory["floor_plan"]} {side}', []).append((number, seed))

    def load(numbers: Sequence[tuple[int, int]]) -> list[Transcript]:
        found = (read_alfred(trajectories[n], plans, counts.rejected, s) for n, s in numbers)
        return [transcript for transcript in found if transcript is not None]

    return [partial(load, numbers) for numbers in by_home.values()]


def _read(path: Path, counts: AugmentCounts) -> list[_LOAD]:
    """What loads the transcripts of each home of a folder of episodes."""
    file = find_episode_file(path)
    by_home: dict[str, list[int]] = {}
    with EpisodeLines(file) as lines:
        number = 0
        while lines.has(number):
            episode = lines.read(number)
            if episode.domain != 'household':
                raise click.ClickException(
                    f'{file}, episode {number}: expected one of the domain household, got '
                    f'{episode.domain}'
                )
            home = f'{home_of(episode)} {split_of_seed(episode.seed)}'
            by_home.setdefault(home, []).append(number)
            number += 1

    def load(numbers: Sequence[int]) -> list[Transcript]:
        with EpisodeLines(file) as lines:
            found = [read_episode(lines.read(n), counts.rejected) for n in numbers]
        return [transcript for transcript in found if transcript is not None]

    return [partial(load, numbers) for numbers in by_home.values()]


@contextmanager
def _open_model(config_file: Path | None, out: Path) -> Iterator[tuple[TextModel | None, int]]:
    """The language model, where one is needed, and how many questions it takes at once. What it
    said is kept beside `out`, so that a run that is begun anew pays for none twice.
    """
    if config_file is None:
        yield None, 1
        return
    from prism_core.inference.endpoint.reply_cache import ReplyCache
    from prism_core.inference.endpoint.teacher_api import ApiModel

    config = replace(read_config(config_file, TeacherConfig), temperature=TEMPERATURE, top_p=TOP_P)
    out.parent.mkdir(parents=True, exist_ok=True)
    cache = ReplyCache(out.with_name(f'{out.name}.replies.sqlite'))
    model = ApiModel(config, cache=cache)
    try:
        yield model, config.max_in_flight
    finally:
        model.close()
        cache.close()


# -------------------------------------------------------------------------------------- the weights


def _weigh(path: Path, counts: AugmentCounts, seed: int) -> None:
    """Give each turn its weight. Where there are no bad episodes a critic learns from good ones
    that are made wrong as well, which are not kept.
    """
    from prism_core.domains.household.sprint.critic import StepCritic, with_weights

    total = sum(counts.worded.values())
    rng = Random(f'learned from {seed}')  # noqa: S311 - no secret
    chosen = {*rng.sample(range(total), min(total, _LEARNED_FROM))}
    critic = StepCritic(seed)
    critic.learn(_learned_from(path, chosen, not counts.made['made wrong'], seed))
    draft = path.with_suffix('.weighed')
    weights: list[list[float]] = []
    for part in _parts_of(path):
        weights += critic.raw_weights(part)
    flat = [weight for of_one in weights for weight in of_one]
    mean = sum(flat) / len(flat)
    rest = iter(weights)
    with draft.open('w', encoding='utf-8') as file:
        for part in _parts_of(path):
            for episode in part:
                file.write(f'{render_episode(with_weights(episode, next(rest), mean))}\n')
    draft.replace(path)


def _learned_from(path: Path, chosen: set[int], with_wrong: bool, seed: int) -> Iterator[Episode]:
    for number, line in enumerate(read_lines(path)):
        if number in chosen:
            episode = parse_episode(line.decode())
            yield episode
            if with_wrong:
                wrong = make_some_wrong([episode], 1.0, seed)
                yield from (other for other in wrong if other is not episode)


def _parts_of(path: Path, size: int = 500) -> Iterator[list[Episode]]:
    """The episodes of a file, some at a time."""
    part: list[Episode] = []
    for line in read_lines(path):
        part.append(parse_episode(line.decode()))
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


# ---------------------------------------------------------------------------------- what is written


@dataclass(frozen=True)
class AugmentRecipe:
    """What a folder was made of, and how."""

    source: str
    sha256: str
    split: str
    aggregate: str
    settings: AugmentSettings
    weighed: bool
    stage: str = 'augment'
    domain: str = 'household'


def _print(counts: AugmentCounts) -> None:
    table = Table('what', 'which', 'number')
    found: dict[str, Counter[str]] = {
        'made': counts.made,
        'worded by': counts.worded,
        'left out': counts.rejected,
    }
    for what, numbers in found.items():
        for which, number in sorted(numbers.items()):
            if number:
                table.add_row(what, which, f'{number:,}')
    Console(width=120).print(table)
