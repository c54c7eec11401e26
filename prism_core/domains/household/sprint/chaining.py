# SPDX-License-Identifier: Apache-2.0
"""Two tasks one behind the other, "A and then B", where the simulator can carry out both: the
second in the home as the first left it. Whether it can is not guessed but tried.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from prism_core.domains.household.actions import SAYINGS
from prism_core.domains.household.home import read_home
from prism_core.domains.household.judge import holds, make_criterion
from prism_core.domains.household.planning import make_teacher
from prism_core.domains.household.simulator import HouseholdSimulator
from prism_core.domains.household.sprint.segments import (
    CHAIN,
    Segment,
    find_failure,
    judged,
    make_steps_task,
    meaning_of_steps,
)
from prism_core.domains.household.sprint.transcripts import parts_of
from prism_core.domains.household.sprint.wording import join_two
from prism_core.episode.episode import Episode, with_known_graphs
from prism_core.episode.planner import run_episode

_TRIES = 8
"""So often another pair is drawn for a chain that cannot be carried out."""


@dataclass(frozen=True)
class Told:
    """A segment and what it is told as, and who worded that."""

    segment: Segment
    request: str
    wording: str


def chain(first: Told, second: Told) -> tuple[Episode | None, str]:
    """One task behind the other in the home of the first, as the teacher carries them out.

    Returns:
        The episode, judged; or None, and why it cannot be.
    """
    one, other = (tuple(str(p.skill) for p in told.segment.parts) for told in (first, second))
    state, meant = first.segment.before, second.segment.before.held
    left = first.segment.behind
    if left.held != meant:
        return None, f'the hand holds {"something" if left.held else "nothing"} for the second'
    there = read_home(left.true_graph)
    if all(holds(f, [there]) for f in make_criterion(meaning_of_steps(other, meant)).evidence):
        return None, 'the second has nothing to do'
    facts = {
        **first.segment.transcript.facts,
        'id': f'{first.segment.identity}+{second.segment.identity}',
        'augmented': CHAIN,
        'wording': ', '.join(sorted({first.wording, second.wording})),
        'chained': [first.segment.identity, second.segment.identity],
    }  # fmt: skip
    request = join_two(first.request, second.request)
    seed = first.segment.transcript.seed
    task = make_steps_task(state, (*one, *other), request, facts, seed)
    simulator = HouseholdSimulator(task.true_graph, task.known_graph)
    played = run_episode(make_teacher(task.task), simulator, task)
    if played.ending != 'reported':
        return None, _say_end(played)
    played = judged(with_known_graphs(played))
    if why := find_failure(played):
        return None, why
    found, wanted = parts_of(played), (*first.segment.parts, *second.segment.parts)
    if [part.skill for part in found] != [part.skill for part in wanted]:
        return None, 'other steps than both have'
    if [part.place for part in found] != [part.place for part in wanted]:
        return None, 'a thing is taken from elsewhere than it was'
    return played, ''


def _say_end(episode: Episode) -> str:
    """Why an episode ended otherwise than it should, in a few words."""
    if episode.ending != 'asked':
        return str(episode.ending)
    said = episode.turns[-1].plan.actions[-1].arguments[0]
    is_absent = said == SAYINGS['absent']
    return 'a thing of the second is not there' if is_absent else 'a step cannot be done there'


def draw_chains(
    pool: Sequence[Told], number: int, rng: Random, rejected: Counter[str]
) -> Iterator[Episode]:
    """So many chains of tasks of the same floor plan, each of two transcripts, the second such that
    it begins with what the first leaves in the hand; fewer where too few can be carried out. Those
    that cannot are counted by reason.
    """
    by_held: dict[str, list[Told]] = defaultdict(list)
    for told in pool:
        by_held[told.segment.before.held].append(told)
    seen: set[str] = set()
    for _ in range(number * _TRIES if pool else 0):
        if len(seen) == number:
            return
        first = rng.choice(pool)
        others = [
            told
            for told in by_held[first.segment.behind.held]
            if told.segment.transcript.source != first.segment.transcript.source
        ]
        if not others:
            rejected['chain: nothing begins with what is in the hand'] += 1
            continue
        episode, why = chain(first, rng.choice(others))
        if episode is None:
            rejected[f'chain: {why}'] += 1
        elif (identity := episode.provenance['id']) not in seen:
            seen.add(identity)
            yield episode
