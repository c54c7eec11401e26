"""What workers do, in threads, processes or on other machines: draw worlds, play tasks, encode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from tokenizers import Tokenizer

from prism_core.dataset.masking import RequestMask
from prism_core.dataset.shards import EncodedEpisode, encode_episode
from prism_core.dataset.teaching import SYMBOLIC, Classroom, Teacher
from prism_core.dataset.tokenizer import load_tokenizer
from prism_core.dataset.worlds import DrawnWorld, Line, WorldJob, make_line, pack_world
from prism_core.domain import Domain, find_domain
from prism_core.episode import Episode, as_task
from prism_core.episode_json import parse_episode
from prism_core.inference.text_model import TextModel


@dataclass(frozen=True)
class Encoding:
    """How episodes become tokens while they are made: the dialect, the folder of the tokenizer, and
    how often an episode is cut in two at a random turn.
    """

    dialect: str
    tokenizer: str
    rebase: float = 0.0


@dataclass(frozen=True)
class Workshop:
    """What workers need, and what they do with an episode.

    `teacher` None stores tasks. `model` is the language model of teacher `lm`; with it the work
    cannot be pickled, so that it runs in threads.
    """

    domain_name: str
    teacher: Teacher | None = None
    encoding: Encoding | None = None
    model: TextModel | None = None

    @cached_property
    def domain(self) -> Domain:
        """Where tasks are from."""
        return _domain(self.domain_name)

    @cached_property
    def mask(self) -> RequestMask:
        """Tells which sentences are the same but for what they are about."""
        return RequestMask(self.domain.lexicon)

    @cached_property
    def classroom(self) -> Classroom:
        """Where they are played."""
        assert self.teacher is not None  # noqa: S101 - only tasks need none
        return Classroom(self.teacher, self.domain, self.model)

    @cached_property
    def encode(self) -> Callable[[Episode], EncodedEpisode] | None:
        """Makes tokens of an episode, where that is wanted."""
        encoding = self.encoding
        if encoding is None:
            return None
        tokenizer = _tokenizer(encoding.tokenizer)
        return lambda episode: encode_episode(
            episode, self.domain, encoding.dialect, tokenizer, rebase=encoding.rebase
        )

    def __reduce__(self):
        return Workshop, (self.domain_name, self.teacher, self.encoding)

    def play(self, task: Episode) -> Line:
        """Play a task and make it ready to be stored."""
        return make_line(self.classroom.play(task), self.encode)

    def finish(self, demonstration: Episode) -> Line:
        """Store a drawn task, or play it; the embedded teacher has played it already."""
        if self.teacher is None:
            return make_line(as_task(demonstration))
        if self.teacher.name == SYMBOLIC:
            return make_line(demonstration, self.encode)
        return self.play(as_task(demonstration))


@dataclass(frozen=True)
class DrawWorld:
    """Draws the world of a job."""

    shop: Workshop

    def __call__(self, job: WorldJob) -> DrawnWorld:
        """The world with its tasks, played where there is a teacher."""
        domain, rejections = self.shop.domain, Counter[str]()
        episodes = domain.draw_world(job.seed, job.config, rejections)
        return pack_world(job, episodes, rejections, domain, self.shop.mask, self.shop.finish)


@dataclass(frozen=True)
class TaskJob:
    """Some tasks to play, as they are stored."""

    unit: int
    lines: tuple[bytes, ...]


@dataclass(frozen=True)
class PlayTasks:
    """Plays the tasks of a job."""

    shop: Workshop

    def __call__(self, job: TaskJob) -> tuple[TaskJob, tuple[Line, ...]]:
        """The job and its episodes."""
        return job, tuple(self.shop.play(parse_episode(line.decode())) for line in job.lines)


@lru_cache
def _domain(name: str) -> Domain:
    return find_domain(name)


@lru_cache
def _tokenizer(folder: str) -> Tokenizer:
    return load_tokenizer(Path(folder))
