# SPDX-License-Identifier: Apache-2.0
"""What a critic sees of an episode: each step with the words of the request and what was done
before it, as numbers of features. Knows no weights and no outcome but the one at the end.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prism_core.domains.household.classes import TREATMENTS
from prism_core.domains.household.home import read_home
from prism_core.domains.household.skills import Skill, say_skills
from prism_core.episode.episode import Episode, Turn, with_known_graphs

SIZE = 1 << 16
"""So many features there are at most; two may share a number."""
_WORD = re.compile(r'[a-z0-9]+')
_MOST_WORDS = 60


@dataclass(frozen=True)
class StepFeatures:
    """A step of an episode: features of the state and the request, and with the step itself; the
    number of its turn, its place in it, and whether it is the last.
    """

    state: tuple[int, ...]
    step: tuple[int, ...]
    turn: int
    place: int
    is_last: bool


def features_of_steps(episode: Episode) -> list[StepFeatures]:
    """The steps of an episode in the order in which they were planned."""
    words = _WORD.findall(episode.task.request.lower())[:_MOST_WORDS]
    done: list[Skill] = []
    found: list[StepFeatures] = []
    held = ''
    plans = [(n, turn) for n, turn in enumerate(with_known_graphs(episode).turns)]
    for number, turn in plans:
        home = read_home(turn.known_graph or episode.known_graph)
        held = home.class_of(home.held) if home.held else ''
        for place, skill in enumerate(_steps_of(turn, episode)):
            state = [*_of_state(words, held, done)]
            step = [*state, *_of_step(words, held, done, skill)]
            found.append(StepFeatures(_numbers(state), _numbers(step), number, place, False))
            done.append(skill)
            if skill.verb == 'take':
                held = skill.words
            elif skill.verb == 'put':
                held = ''
    if found:
        last = found[-1]
        found[-1] = StepFeatures(last.state, last.step, last.turn, last.place, True)
    return found


def _steps_of(turn: Turn, episode: Episode) -> list[Skill]:
    return say_skills(turn.plan.actions, turn.known_graph or episode.known_graph)


def _numbers(names: Sequence[str]) -> tuple[int, ...]:
    return tuple(zlib.crc32(name.encode()) % SIZE for name in dict.fromkeys(names))


def _of_state(words: Sequence[str], held: str, done: Sequence[Skill]) -> Iterator[str]:
    last = str(done[-1]) if done else ''
    yield from (f'word {word}' for word in words)
    yield from (f'last {last}', f'held {held}', f'number {min(len(done), 9)}')
    yield f'held said {_is_said(held, words)}'
    yield f'number {min(len(done), 9)} of {min(len(words) // 4, 9)}'
    yield from (f'last {last} word {word}' for word in words)


def _of_step(words: Sequence[str], held: str, done: Sequence[Skill], skill: Skill) -> Iterator[str]:
    verb, last = skill.verb, done[-1].verb if done else ''
    yield from (f'step {skill}', f'after {done[-1] if done else ""} step {skill}')
    yield from (f'held {held} step {skill}', f'verb {last} {verb}')
    yield f'said {verb} {_is_said(skill.words, words)}'
    if verb in TREATMENTS:
        yield f'treated {verb} {skill in done}'
    yield f'again {verb} {skill in done}'
    yield from (f'step {skill} word {word}' for word in words)
    yield from (f'verb {verb} after {last} word {word}' for word in words)


def _is_said(name: str, words: Sequence[str]) -> str:
    """How far a class is named: all of its words, its last one, none; or there is none."""
    own = name.split()
    if not own:
        return 'nothing'
    said = {*words, *(word.removesuffix('s') for word in words)}
    if said.issuperset(own):
        return 'whole'
    return 'last' if own[-1] in said else 'not'
