# SPDX-License-Identifier: Apache-2.0
"""Episodes made wrong on purpose: one step is another that the simulator carries out as well, so
that what was asked for does not come about. To find out what weights are good for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random

from prism_core.domains.household.classes import (
    FURNITURE,
    LAMPS,
    SLICEABLE,
    TREATMENTS,
    can_be,
    is_slice,
    may_hold,
    whole_of,
)
from prism_core.domains.household.home import Home, read_home
from prism_core.domains.household.meaning import Errand, Meaning
from prism_core.domains.household.planning import make_teacher
from prism_core.domains.household.simulator import HouseholdSimulator
from prism_core.domains.household.skills import Skill
from prism_core.domains.household.sprint.segments import judged, steps_done
from prism_core.episode.episode import Episode, Task, with_known_graphs
from prism_core.episode.planner import run_episode

_TRIES = 6
"""So many other steps are tried before an episode is left as it is."""


def corrupt(episodes: Iterable[Episode], share: float, seed: int) -> Iterator[Episode]:
    """Episodes, a share of them made wrong: the request is as it was, one step is another, and the
    outcome says that it is not what was asked for. `provenance['corrupted']` tells the number of
    the step, what it was and what it is.

    Args:
        episodes: good ones.
        share: 0 to 1; a wrong step is found for nearly all.
        seed: draws which ones, and the steps.
    """
    for number, episode in enumerate(episodes):
        name = episode.provenance.get('id', number)
        rng = Random(f'corrupt {seed}:{name}')  # noqa: S311 - no secret
        wrong = make_wrong(episode, rng) if rng.random() < share else None
        yield wrong or episode


def make_wrong(episode: Episode, rng: Random) -> Episode | None:
    """The episode with one step that is another; None where none was found that can be carried out
    and does not do what was asked for.
    """
    steps = steps_done(episode)
    home = read_home(episode.known_graph)
    others = [(n, other) for n, step in enumerate(steps) for other in _others(step, home)]
    for number, other in rng.sample(others, min(_TRIES, len(others))):
        wrong = [*steps]
        wrong[number] = other
        if other.verb == 'take' or other.verb == 'slice':
            wrong[number + 1 :] = _follow(wrong[number + 1 :], steps[number], other)
        played = _play(episode, wrong)
        if played is not None:
            told = {'step': number, 'was': str(steps[number]), 'is': str(other)}
            facts = {**episode.provenance, 'corrupted': told}
            facts['id'] = f'{facts.get("id", "")}~{number}'
            return replace(played, provenance=facts)
    return None


def _follow(behind: Sequence[Skill], was: Skill, other: Skill) -> Iterator[Skill]:
    """What comes behind another step: pieces of what was sliced, and what a vessel was."""
    for skill in behind:
        if was.verb == 'slice' and is_slice(skill.words) and whole_of(skill.words) == was.words:
            yield Skill(skill.verb, f'{other.words} slice')
        else:
            yield skill


def _others(step: Skill, home: Home) -> Iterator[Skill]:
    """The steps that could stand in the place of one."""
    verb = step.verb
    if verb in TREATMENTS:
        yield from (Skill(other) for other in TREATMENTS if other != verb)
        return
    for words in home.by_class:
        fits = {
            'take': lambda w: any(n in home.holders and home.is_thing(n) for n in home.called(w)),
            'put': lambda w: w in FURNITURE or any(home.is_furniture(n) for n in home.called(w)),
            'slice': lambda w: w in SLICEABLE,
            'light': lambda w: w in LAMPS,
        }[verb]
        if words != step.words and fits(words):
            yield Skill(verb, words)


def is_possible(steps: Sequence[Skill], held: str) -> bool:
    """Whether the classes of things let steps be done one behind the other."""
    for skill in steps:
        if skill.verb == 'take':
            held = skill.words
        elif skill.verb == 'put':
            if not may_hold(skill.words, held):
                return False
            held = ''
        elif skill.verb in TREATMENTS and not can_be(skill.verb, held):
            return False
    return True


def _play(episode: Episode, steps: Sequence[Skill]) -> Episode | None:
    """An episode with these steps instead, where they can be carried out and miss what was asked
    for; None where they cannot, or do not.
    """
    home = read_home(episode.known_graph)
    held = home.class_of(home.held) if home.held else ''
    if not is_possible(steps, held):
        return None
    meaning = Meaning((Errand('steps', thing=held, steps=tuple(map(str, steps))),))
    simulator = HouseholdSimulator(episode.true_graph, episode.known_graph)
    played = run_episode(make_teacher(Task('', intent=meaning)), simulator, episode)
    if played.ending != 'reported' or any(o.status != 'done' for _, o in played.actions):
        return None
    if steps_done(played) != [*steps]:
        return None
    goal = episode.turns[0].plan.primary_goal
    turns = [replace(t, plan=replace(t.plan, primary_goal=goal)) for t in played.turns]
    played = judged(with_known_graphs(replace(played, turns=tuple(turns))))
    return None if played.outcome is None or played.outcome.success else played
