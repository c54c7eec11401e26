# SPDX-License-Identifier: Apache-2.0
"""What workers do, in threads, processes or on other machines: draw worlds, play tasks, encode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from tokenizers import Tokenizer

from prism_core.dataset.episode_json import parse_episode
from prism_core.dataset.filter import is_learned
from prism_core.dataset.masking import RequestMask
from prism_core.dataset.shards import EncodedEpisode, encode_episode
from prism_core.dataset.teaching import SYMBOLIC, Classroom, LanguageModel, stop_run
from prism_core.dataset.worlds import (
    DrawnWorld,
    Encode,
    EpisodeLine,
    WorldJob,
    make_line,
    pack_world,
)
from prism_core.domain import Domain, find_domain
from prism_core.episode.episode import Episode, as_task
from prism_core.errors import PlannerUnavailable


@dataclass(frozen=True)
class Encoding:
    """How episodes become tokens while they are made: the dialect, the tokenizer as JSON (other
    machines have no such file), how often an episode is cut in two at a random turn, and whether
    failed ones are learned from.
    """

    dialect: str
    tokenizer: str
    rebase: float = 0.0
    failed: bool = False


@dataclass(frozen=True)
class Workshop:
    """What workers need, and what they do with an episode.

    Without a `teacher` tasks are stored. `words`: a file of a site's own words, which every machine
    has. `is_written`: worlds are written by the language model; `paraphrased`: so many of the
    sentences are put into other words by it. With a `model` the work cannot be pickled, so that it
    runs in threads.
    """

    domain_name: str
    teacher: str = ''
    encoding: Encoding | None = None
    words: str = ''
    is_written: bool = False
    paraphrased: float = 0.0
    model: LanguageModel | None = None

    @cached_property
    def domain(self) -> Domain:
        """Where tasks are from."""
        return _domain(self.domain_name, self.words)

    @cached_property
    def mask(self) -> RequestMask:
        """Tells which sentences are the same but for what they are about."""
        return RequestMask(self.domain.masks)

    @cached_property
    def classroom(self) -> Classroom:
        """Where they are played."""
        return Classroom(self.teacher, self.domain, self.model)

    @cached_property
    def encode(self) -> Encode | None:
        """Makes tokens of an episode, where that is wanted."""
        encoding = self.encoding
        if encoding is None:
            return None
        tokenizer = _tokenizer(encoding.tokenizer)

        def encode(episode: Episode) -> EncodedEpisode | None:
            if not is_learned(episode, failed=encoding.failed):
                return None
            return encode_episode(
                episode, self.domain, encoding.dialect, tokenizer, rebase=encoding.rebase
            )

        return encode

    def __reduce__(self):
        rest = (self.domain_name, self.teacher, self.encoding, self.words)
        return Workshop, rest  # what is left out needs a model

    def play(self, task: Episode) -> EpisodeLine:
        """Play a task and make it ready to be stored."""
        return make_line(self.classroom.play(task), self.encode)

    def draw(self, job: WorldJob, rejections: Counter[str]) -> list[Episode]:
        """The tasks of a world, each as the embedded teacher plays it.

        Raises:
            PlannerUnavailable: the language model cannot be reached.
        """
        domain, model = self.domain, self.model.text_model if self.model else None
        if model is not None and self.is_written:
            episodes = domain.write_world(model, job.seed, job.config, rejections)
        else:
            episodes = domain.draw_world(job.seed, job.config, rejections)
        if model is not None and self.paraphrased:
            share = self.paraphrased
            episodes = domain.paraphrase(model, episodes, job.seed, rejections, share)
        if model is not None:
            episodes = self._without_held_out(episodes, rejections)
        return episodes

    def _without_held_out(
        self, episodes: Sequence[Episode], rejections: Counter[str]
    ) -> list[Episode]:
        """The episodes of which no sentence is put as those are that training must not show."""
        kept = []
        for episode in episodes:
            is_ours = episode.provenance.get('wording') in ('seen', 'unseen')
            request = self.mask.mask(episode.task.request, episode.true_graph.nodes)
            if is_ours or request not in self._held_out:
                kept.append(episode)
            else:
                rejections['wording: held out'] += 1
        return kept

    @cached_property
    def _held_out(self) -> frozenset[str]:
        return frozenset(map(self.mask.mask, self.domain.held_out_requests()))

    def finish(self, demonstration: Episode) -> EpisodeLine:
        """Store a drawn task, or play it; the embedded teacher has played it already."""
        if not self.teacher:
            return make_line(as_task(demonstration))
        if self.teacher == SYMBOLIC:
            facts = {**demonstration.provenance, 'teacher': SYMBOLIC}
            return make_line(replace(demonstration, provenance=facts), self.encode)
        return self.play(as_task(demonstration))


@dataclass(frozen=True)
class DrawWorld:
    """Draws the world of a job."""

    shop: Workshop

    def __call__(self, job: WorldJob) -> DrawnWorld:
        """The world with its tasks, played where there is a teacher.

        Raises:
            RunStopped: the language model that writes cannot be reached.
        """
        shop, rejections = self.shop, Counter[str]()
        try:
            episodes = shop.draw(job, rejections)
        except PlannerUnavailable as error:
            raise stop_run(error) from error
        return pack_world(job, episodes, rejections, shop.domain, shop.mask, shop.finish)


@dataclass(frozen=True)
class TaskJob:
    """Some tasks to play, as they are stored."""

    unit: int
    lines: tuple[bytes, ...]


@dataclass(frozen=True)
class PlayTasks:
    """Plays the tasks of a job."""

    shop: Workshop

    def __call__(self, job: TaskJob) -> tuple[TaskJob, tuple[EpisodeLine, ...]]:
        """The job and its episodes."""
        play = self.shop.play
        _ = self.shop.domain  # known from here on, where it was named by its path
        return job, tuple(play(parse_episode(line.decode())) for line in job.lines)


@lru_cache
def _domain(name: str, words: str) -> Domain:
    return find_domain(name, words=words)


@lru_cache
def _tokenizer(text: str) -> Tokenizer:
    return Tokenizer.from_str(text)
