# SPDX-License-Identifier: Apache-2.0
"""All that comes of the transcripts of one home: single steps, runs of steps with one instruction,
and chains of both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random

from prism_core.domains.household.sprint.chaining import Told, draw_chains
from prism_core.domains.household.sprint.corrupting import corrupt
from prism_core.domains.household.sprint.segments import (
    AGGREGATE,
    CHAIN,
    NONE,
    RULES,
    WORKER,
    Segment,
    find_failure,
    play_segment,
    segments_of,
)
from prism_core.domains.household.sprint.summaries import ask_summary, find_fault
from prism_core.domains.household.sprint.transcripts import Transcript
from prism_core.domains.household.sprint.wording import compose, join_said, say_step
from prism_core.episode.episode import Episode
from prism_core.errors import PlannerError, PlannerUnavailable
from prism_core.inference.text_model import TextModel

_JOINED = 0.5
"""So many of the sentences by rules are what a worker said of each step, where one did."""


@dataclass(frozen=True)
class AugmentCounts:
    """What was made, by kind; who worded it; and what was refused or left out, by reason."""

    made: Counter[str] = field(default_factory=Counter)
    worded: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class AugmentSettings:
    """How much is made of a home.

    Attributes:
        share: of the segments, drawn at random.
        chains: so many chains, as a share of the segments that were made.
        corrupted: so many of all are made wrong.
        seed: draws all that is random.
    """

    share: float = 1.0
    chains: float = 0.0
    corrupted: float = 0.0
    seed: int = 0


def augment_home(
    transcripts: Sequence[Transcript],
    settings: AugmentSettings,
    counts: AugmentCounts,
    model: TextModel | None = None,
    in_flight: int = 8,
) -> Iterator[Episode]:
    """The episodes that are made of the transcripts of one home, each carried out and judged.

    Args:
        transcripts: of one home.
        settings: how much of each.
        counts: is added to.
        model: words several steps; rules do where there is none, or what it says is refused.
        in_flight: so many questions at once to the model.

    Raises:
        PlannerUnavailable: the model cannot be reached.
    """
    chosen = [
        segment
        for transcript in transcripts
        for segment in segments_of(transcript)
        if _rng(settings, 'segment', segment).random() < settings.share
    ]
    with ThreadPoolExecutor(in_flight if model else 1) as pool:
        told = list(pool.map(lambda segment: _word(segment, settings, model), chosen))
    good: list[Told] = []
    made: list[Episode] = []
    for words, refused in told:
        counts.rejected.update([f'summary: {refused}'] if refused else [])
        episode = play_segment(words.segment, words.request, words.wording)
        if why := find_failure(episode):
            counts.rejected[f'segment: {why}'] += 1
            continue
        good.append(words)
        made.append(episode)
    number = round(settings.chains * len(made))
    rng = Random(f'chains {settings.seed}:{[t.source for t in transcripts]}')  # noqa: S311
    made += draw_chains(good, number, rng, counts.rejected)
    for episode in corrupt(made, settings.corrupted, settings.seed):
        is_wrong = 'corrupted' in episode.provenance
        kind = str(episode.provenance['augmented'])
        counts.made[_KINDS[kind]] += 1
        counts.made['made wrong'] += is_wrong
        counts.worded[str(episode.provenance['wording'])] += 1
        yield episode


_KINDS = {NONE: 'single steps', AGGREGATE: 'several steps', CHAIN: 'chains'}


def _rng(settings: AugmentSettings, what: str, segment: Segment) -> Random:
    return Random(f'{what} {settings.seed}:{segment.identity}')  # noqa: S311 - no secret


def _word(segment: Segment, settings: AugmentSettings, model: TextModel | None) -> tuple[Told, str]:
    """What a segment is told as, and why what a model said is not taken; '' where it is, or none
    was asked.
    """
    rng = _rng(settings, 'words', segment)
    parts, said = segment.parts, segment.said
    if not parts[1:]:
        words = _sentence(said[0]) if said else say_step(parts[0], rng)
        return Told(segment, words, WORKER if said else RULES), ''
    refused = ''
    if model is not None:
        texts = said or tuple(say_step(part, rng) for part in parts)
        try:
            summary = ask_summary(model, texts, rng.getrandbits(31))
        except PlannerUnavailable:
            raise
        except PlannerError as error:
            summary, refused = '', f'no reply ({type(error).__name__})'
        refused = refused or find_fault(summary, segment, texts)
        if not refused:
            return Told(segment, summary, f'endpoint:{model.name}'), ''
    is_joined = bool(said) and rng.random() < _JOINED
    words = join_said(said, rng) if is_joined else compose(parts, rng)
    return Told(segment, words, RULES), refused


def _sentence(text: str) -> str:
    return text if text.endswith(('.', '!', '?')) else f'{text}.'
