# SPDX-License-Identifier: Apache-2.0
"""Runs of the steps of an episode as episodes of their own, carried out in the home as it was when
the run began, and judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from prism_core.domains.household.actions import HOUSEHOLD_ACTIONS
from prism_core.domains.household.judge import judge_episode, make_criterion
from prism_core.domains.household.meaning import Errand, Meaning
from prism_core.domains.household.simulator import HouseholdSimulator
from prism_core.domains.household.skills import LAST, Skill, list_done
from prism_core.domains.household.sprint.transcripts import HomeState, SkillPart, Transcript
from prism_core.episode.episode import Episode, Task, Turn
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan

NONE, AGGREGATE, CHAIN = 'none', 'aggregate', 'chain'
"""How a task came about: a single step, several steps, or two runs one after the other."""
RULES, WORKER = 'rules', 'worker'
"""Who worded it; a language model is `endpoint:` and its name."""
ACTIONS_A_STEP, LEAST_BUDGET = 12, 120


@dataclass(frozen=True)
class Segment:
    """The steps of a transcript from `start` to before `stop`, as one worker said them; `worker` is
    None where nobody did.
    """

    transcript: Transcript
    start: int
    stop: int
    worker: int | None = None

    @property
    def parts(self) -> tuple[SkillPart, ...]:
        """Its steps."""
        return self.transcript.parts[self.start : self.stop]

    @property
    def before(self) -> HomeState:
        """The home when it begins."""
        return self.transcript.states[self.start]

    @property
    def behind(self) -> HomeState:
        """The home when it has ended."""
        return self.transcript.states[self.stop]

    @property
    def said(self) -> tuple[str, ...]:
        """What the worker said of each step; none where nobody did."""
        if self.worker is None:
            return ()
        return self.transcript.said[self.worker][self.start : self.stop]

    @property
    def identity(self) -> str:
        """What tells it from others."""
        who = '' if self.worker is None else f':{self.worker}'
        return f'{self.transcript.source}{who}:{self.start}-{self.stop}'


def segments_of(transcript: Transcript) -> Iterator[Segment]:
    """All contiguous runs of steps, as each worker said them, or once where nobody did."""
    number = len(transcript.parts)
    for worker in transcript.said or (None,):
        for start in range(number):
            for stop in range(start + 1, number + 1):
                yield Segment(transcript, start, stop, worker)


def count_segments(steps: int) -> tuple[int, int]:
    """How many runs of one step, and how many of several, there are of some steps."""
    return steps, steps * (steps - 1) // 2


def meaning_of_steps(steps: tuple[str, ...], held: str) -> Meaning:
    """That steps are done, with a thing of a class in the hand at first, or ''."""
    return Meaning((Errand('steps', thing=held, steps=steps),))


def make_steps_task(
    state: HomeState, steps: tuple[str, ...], request: str, facts: dict[str, Any], seed: int
) -> Episode:
    """The task to do some steps in a home."""
    meaning = meaning_of_steps(steps, state.held)
    most = max(LEAST_BUDGET, ACTIONS_A_STEP * len(steps))
    return Episode(
        seed,
        Task(request, 'steps', meaning),
        replace(make_criterion(meaning), max_actions=most),
        state.true_graph,
        state.known_graph,
        provenance={**facts, 'subtasks': len(steps)},
        domain='household',
    )


def play_segment(segment: Segment, request: str, wording: str) -> Episode:
    """A segment carried out in its home by the very actions that it consists of, and judged.

    Args:
        segment: which.
        request: what it is told as.
        wording: who worded that, for the provenance.
    """
    steps = tuple(str(part.skill) for part in segment.parts)
    facts = {
        **segment.transcript.facts,
        'id': segment.identity,
        'augmented': AGGREGATE if steps[1:] else NONE,
        'wording': wording,
    }
    task = make_steps_task(segment.before, steps, request, facts, segment.transcript.seed)
    simulator = HouseholdSimulator(task.true_graph, task.known_graph)
    goal = task.task.intent.say()
    done = [pair for part in segment.parts for pair in part.actions]
    plans = [[action for _, action in same] for _, same in groupby(done, key=lambda pair: pair[0])]
    if segment.parts[-1].skill.verb in LAST:
        plans.append([])
    plans[-1].append(Action('done'))
    turns = []
    for actions in plans:
        graph = simulator.known_graph
        seen = [simulator.execute(action) for action in actions]
        names = [name for action in actions for name in HOUSEHOLD_ACTIONS.nodes_of(action)]
        plan = Plan(tuple(actions), goal, tuple(dict.fromkeys(names)))
        turns.append(Turn(plan, tuple(seen), graph.robot_location or '', known_graph=graph))
    return judged(replace(task, turns=tuple(turns), ending='reported'))


def judged(episode: Episode) -> Episode:
    """An episode that has ended, with its outcome."""
    return replace(episode, outcome=judge_episode(episode))


def steps_done(episode: Episode) -> list[Skill]:
    """The steps that were carried out in an episode."""
    said = list_done(episode.final_graph, episode.turns)
    return [skill for skill in said if skill.verb not in ('done', 'ask')]


def find_failure(episode: Episode) -> str:
    """Why a judged episode is not good, in a few words that many share; '' where it is."""
    refused = next((o.feedback for _, o in episode.actions if o.status != 'done'), None)
    if refused is not None:
        return 'a step fails'
    if episode.outcome is None or episode.outcome.success:
        return ''
    return episode.outcome.reason.partition(':')[0]
