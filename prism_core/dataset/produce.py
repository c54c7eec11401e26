# SPDX-License-Identifier: Apache-2.0
"""The two long runs, `synthesize` and `elicit`: what goes in, what is written, how they go on."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from tokenizers import Tokenizer

from prism_core.config_file import to_config, to_plain
from prism_core.dataset.episode_json import parse_episode
from prism_core.dataset.protocol_check import check_teacher
from prism_core.dataset.run_folder import RunFolder, read_lines, read_recipe
from prism_core.dataset.runner import Run, start_runner
from prism_core.dataset.shard_writers import TOKENIZER, ShardWriters, learn_tokenizer
from prism_core.dataset.split import split_of_seed, world_seed
from prism_core.dataset.teaching import LM, SYMBOLIC, Classroom, LanguageModel
from prism_core.dataset.tokenizer import load_tokenizer, save_tokenizer, train_tokenizer
from prism_core.dataset.work import DrawWorld, Encoding, PlayTasks, TaskJob, Workshop
from prism_core.dataset.worlds import EpisodeLine, draw_worlds
from prism_core.domain import Domain, find_domain, open_planner_of
from prism_core.episode.episode import DEFAULT_DOMAIN, Episode, as_task
from prism_core.errors import ConfigError
from prism_core.words_file import describe_settings, describe_words, words_of_run

TASKS, EPISODES = 'tasks.jsonl', 'episodes.jsonl'
_MAY_GROW = ('worlds.worlds',)
# Caps and places may differ when a run goes on.
_MAY_DIFFER = (
    *(f'endpoint.{key}' for key in ('max_tokens', 'max_cost_usd', 'max_in_flight', 'base_url')),
    *(f'endpoint.{key}' for key in ('timeout_s', 'max_tries', 'patience_s', 'key_variable')),
    *('tasks.path', 'encoding.tokenizer', 'versions.prism', 'words'),
)
_TASKS_PER_JOB = 8
_GREATEST_LIKENESS = 0.95  # the permutations of MinHash tell no more
_CHECKED_TASKS = 2  # a teacher that others bring is checked on so many


@dataclass(frozen=True)
class SynthesisRecipe:
    """What worlds and tasks to make; as a file, see `config/distill/worlds.yaml`.

    `worlds` is the domain's own recipe. `words`: a file of a site's own words, see
    `docs/words.md`. `likeness`: from this share of common features on two
    worlds are almost the same, and what was said in the one is not said in the other. `writer`:
    `procedural`, or `lm` for worlds that a language model writes. `paraphrased`: the share of the
    sentences that it puts into other words.

    Raises:
        ConfigError: a value is out of its range.
    """

    domain: str = DEFAULT_DOMAIN
    words: str = ''
    writer: Literal['procedural', 'lm'] = 'procedural'
    paraphrased: float = 0.0
    likeness: float = 0.9
    worlds: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        for name, most in (('paraphrased', 1), ('likeness', _GREATEST_LIKENESS)):
            if not 0 <= getattr(self, name) <= most:
                raise ConfigError(
                    f'{name}: expected a share from 0 to {most}, got {getattr(self, name)}'
                )

    @property
    def needs_model(self) -> bool:
        """Whether a language model writes or paraphrases."""
        return self.writer == 'lm' or self.paraphrased > 0


@dataclass(frozen=True)
class ShardSettings:
    """That shards are written while episodes are made: in which dialect, with which tokenizer ('':
    learned from the first episodes), cut in two how often, with failed episodes or without.
    """

    dialect: str = 'compact'
    tokenizer: str = ''
    vocab_size: int = 2048
    rebase: float = 0.0
    failed: bool = False


@dataclass(frozen=True)
class Settings:
    """How a run is carried out; what comes out does not depend on it.

    `workers` 0 stands for one for each core, or for what the teacher's settings allow in flight.
    """

    runner: str = ''
    workers: int = 0
    resume: bool = False
    on_progress: Callable[[RunProgress], None] = field(default=lambda progress: None)


@dataclass(frozen=True)
class RunProgress:
    """How far a run is: units of work (worlds or jobs) and what came of them."""

    done: int
    total: int
    episodes: int
    good: int


def synthesize(
    out: Path,
    recipe: SynthesisRecipe,
    *,
    teacher: str = '',
    shards: ShardSettings | None = None,
    model: LanguageModel | None = None,
    settings: Settings | None = None,
) -> RunProgress:
    """Draw the worlds of a recipe and their tasks; with a teacher, the episodes at once.

    Args:
        out: the folder to write to.
        recipe: what to draw.
        teacher: '' writes tasks, else each task is played (see `Classroom`).
        shards: whether episodes are made to tokens at once.
        model: the language model, of the recipe or of teacher `lm`.
        settings: how the run is carried out.

    Raises:
        ConfigError: a setting cannot be used, or the folder holds another run.
        RunStopped: the run cannot go on now.
    """
    settings = settings or Settings()
    domain = find_domain(recipe.domain, words=recipe.words)
    worlds: Any = to_config(recipe.worlds, domain.recipe_type, 'worlds')
    plan = {
        'stage': 'synthesize' if not teacher else 'synthesize and elicit',
        **describe_settings(recipe),
        'worlds': to_plain(worlds),
        **_describe(teacher, shards, model, domain),
    }
    _check(teacher, domain, shards, lambda: _first_drawn(domain, worlds))
    shop = Workshop(
        recipe.domain,
        teacher,
        words=recipe.words,
        is_written=recipe.writer == 'lm',
        paraphrased=recipe.paraphrased,
        model=model,
    )
    file_name = EPISODES if teacher else TASKS
    with (
        RunFolder(
            out,
            file_name,
            plan,
            resume=settings.resume,
            may_change=_MAY_DIFFER,
            may_grow=_MAY_GROW,
        ) as folder,
        _shard_writers(folder, shop, shards, lambda: _first_drawn(domain, worlds)) as (
            shop,
            writers,
        ),
        _start(DrawWorld(shop), settings, model) as run,
    ):
        settings.on_progress(_progress(folder, worlds.worlds))
        for lines in draw_worlds(worlds, recipe.likeness, domain, folder, run):
            _store_tokens(writers, lines, folder.lines - len(lines))
            settings.on_progress(_progress(folder, worlds.worlds))
        return _progress(folder, worlds.worlds)


def elicit(
    tasks: Path,
    out: Path,
    teacher: str,
    *,
    shards: ShardSettings | None = None,
    model: LanguageModel | None = None,
    settings: Settings | None = None,
    words: str = '',
) -> RunProgress:
    """Let a teacher play the tasks of a folder; each is tried once, good or not.

    Args:
        tasks: a folder that `synthesize` wrote.
        out: the folder to write to.
        teacher: who plays.
        shards: whether episodes are made to tokens at once.
        model: the language model of teacher `lm`.
        settings: how the run is carried out.
        words: a file of a site's own words; the one that the tasks were drawn with if left out.

    Raises:
        ConfigError: a setting cannot be used, or a folder holds something else.
        RunStopped: the run cannot go on now.
    """
    settings = settings or Settings()
    source = tasks / TASKS
    before = read_recipe(tasks)
    digest, number = _digest(source)
    domain_name = before.get('domain', '')
    words = words or words_of_run(tasks, before)
    domain = find_domain(domain_name, by_path=False, words=words)
    size = 1 if model is not None else _TASKS_PER_JOB
    plan = {
        'stage': 'elicit',
        'domain': domain_name,
        **describe_words(words),
        'tasks': {'path': str(tasks), 'sha256': digest, 'number': number, 'recipe': before},
        'tasks_per_job': size,
        **_describe(teacher, shards, model, domain),
    }
    total = -(-number // size)
    _check(teacher, domain, shards, lambda: _first_played(source, domain))
    shop = Workshop(domain_name, teacher, words=words, model=model)
    with (
        RunFolder(out, EPISODES, plan, resume=settings.resume, may_change=_MAY_DIFFER) as folder,
        _shard_writers(folder, shop, shards, lambda: _first_played(source, domain)) as (
            shop,
            writers,
        ),
        _start(PlayTasks(shop), settings, model) as run,
    ):
        settings.on_progress(_progress(folder, total))
        for job, lines in run(_task_jobs(source, size, folder.done), False):
            good = sum(line.is_good for line in lines)
            folder.commit(job.unit, [line.text for line in lines], good)
            _store_tokens(writers, lines, folder.lines - len(lines))
            settings.on_progress(_progress(folder, total))
        return _progress(folder, total)


# --------------------------------------------------------------------------------------- the parts


def _describe(
    teacher: str, shards: ShardSettings | None, model: LanguageModel | None, domain: Domain
) -> dict[str, Any]:
    """What a recipe says of the rest."""
    described: dict[str, Any] = {}
    if teacher:
        described['teacher'] = teacher
    if model is not None:
        described['endpoint'] = to_plain(model.config)
    if shards is not None:
        described['encoding'] = to_plain(shards)
    described['versions'] = {'prism': metadata.version('prism_ros'), domain.name: domain.version}
    return described


def _check(
    teacher: str,
    domain: Domain,
    shards: ShardSettings | None,
    first_episodes: Callable[[], Iterable[Episode]],
) -> None:
    """Find what cannot be used before the folder is begun; hold a teacher that others bring to the
    promises of a planner.
    """
    if shards is not None:
        domain.make_dialect(shards.dialect)
        if shards.tokenizer:
            load_tokenizer(Path(shards.tokenizer))
        else:
            train_tokenizer((), shards.vocab_size)
    if teacher not in ('', SYMBOLIC, LM):
        few = [as_task(episode) for episode in itertools.islice(first_episodes(), _CHECKED_TASKS)]
        check_teacher(open_planner_of(domain, teacher), domain, few)


def _start(
    work: Callable, settings: Settings, model: LanguageModel | None
) -> contextlib.AbstractContextManager[Run]:
    """Start the workers: threads where a language model is called, which they share."""
    if model is not None:
        return _start_calling(work, settings, model)
    if settings.runner == 'ray':
        return start_runner(work, 'ray', settings.workers)
    workers = settings.workers or os.cpu_count() or 1
    return start_runner(work, settings.runner or 'processes', workers)


@contextlib.contextmanager
def _start_calling(work: Callable, settings: Settings, model: LanguageModel) -> Iterator[Run]:
    """Start threads that call a language model; an interrupt does not wait for its replies."""
    if settings.runner not in ('', 'threads'):
        raise ConfigError(
            'with a language model the runner is threads, which share its caps; got '
            f'{settings.runner!r}'
        )
    with start_runner(work, 'threads', settings.workers or model.config.max_in_flight) as run:
        try:
            yield run
        except KeyboardInterrupt:
            model.text_model.close()
            raise


def _progress(folder: RunFolder, total: int) -> RunProgress:
    return RunProgress(len(folder.done), total, folder.lines, folder.good)


@contextlib.contextmanager
def _shard_writers(
    folder: RunFolder,
    shop: Workshop,
    shards: ShardSettings | None,
    first_episodes: Callable[[], Iterable[Episode]],
) -> Iterator[tuple[Workshop, ShardWriters | None]]:
    """The workshop with its encoding, and where tokens go, caught up."""
    if shards is None:
        yield shop, None
        return
    tokenizer = _settle_tokenizer(folder.path / TOKENIZER, shop.domain, shards, first_episodes)
    encoding = Encoding(shards.dialect, tokenizer.to_str(), shards.rebase, shards.failed)
    shop = replace(shop, encoding=encoding)
    dialect = shop.domain.make_dialect(shards.dialect)
    with ShardWriters(folder.path, dialect, tokenizer) as writers:
        assert shop.encode is not None  # noqa: S101 - there is an encoding
        writers.catch_up(folder.episodes_file, shop.encode, folder.lines)
        yield shop, writers


def _store_tokens(writers: ShardWriters | None, lines: Iterable[EpisodeLine], first: int) -> None:
    if writers is not None:
        for number, line in enumerate(lines, start=first):
            if line.encoded is not None:
                writers.append(line.split, line.encoded, number)


def _first_drawn(domain: Domain, recipe: Any) -> Iterator[Episode]:
    """The embedded teacher's episodes in the first worlds of a recipe."""
    for index in range(recipe.worlds):
        seed = world_seed(recipe.seed, index)
        is_test = split_of_seed(seed) == 'test'
        config = domain.plan_world(recipe, index, is_test, {})
        for number, episode in enumerate(domain.draw_world(seed, config)):
            yield replace(episode, provenance={**episode.provenance, 'id': f'{seed}-{number}'})


def _first_played(source: Path, domain: Domain) -> Iterator[Episode]:
    """The embedded teacher's episodes of the first tasks of a file."""
    classroom = Classroom(SYMBOLIC, domain)
    for line in read_lines(source):
        yield classroom.play(parse_episode(line.decode()))


def _task_jobs(source: Path, size: int, done: set[int]) -> Iterator[TaskJob]:
    lines = read_lines(source)
    for unit in itertools.count():
        part = tuple(itertools.islice(lines, size))
        if not part:
            return
        if unit not in done:
            yield TaskJob(unit, part)


def _digest(path: Path) -> tuple[str, int]:
    """The sha256 of a file and how many lines it has."""
    digest, number = hashlib.sha256(), 0
    for line in read_lines(path):
        digest.update(line + b'\n')
        number += 1
    return digest.hexdigest(), number


def _settle_tokenizer(
    place: Path,
    domain: Domain,
    shards: ShardSettings,
    first_episodes: Callable[[], Iterable[Episode]],
) -> Tokenizer:
    """The tokenizer of the folder: at first a copy of the one that is named, or learned."""
    named = load_tokenizer(Path(shards.tokenizer)) if shards.tokenizer else None
    if not place.exists():
        learned = named or learn_tokenizer(
            first_episodes(), domain, shards.dialect, shards.vocab_size
        )
        draft = place.with_name(f'.{place.name}')
        save_tokenizer(learned, draft)
        draft.rename(place)
    return named or load_tokenizer(place)
