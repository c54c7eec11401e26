# SPDX-License-Identifier: Apache-2.0
"""What must hold at the end of a task, and whether it does: judged on where things truly are.

The facts of a criterion:

| kind | means |
|---|---|
| in, on | the block lies there, at the end; the table itself is its bare surface |
| stays | the same, of a block that was not to be moved |
| in_corner | the block lies in some corner |
| apart | two blocks do not lie at the same place |
| empty | nothing lies there |
| was | the block lay there at some time |
| free | the gripper holds nothing |
| gone | it was seen that the block is not there |
| tried | it was tried to pick the block as often as is worth it |
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from prism_core.domains.tabletop.meaning import Meaning
from prism_core.domains.tabletop.simulator import TabletopSimulator
from prism_core.domains.tabletop.state import (
    Course,
    Table,
    is_corner,
    is_movable,
    read_table,
    support_kind,
)
from prism_core.domains.tabletop.wishes import Question, Want, find_wants
from prism_core.episode.criterion import QUESTION, Criterion, Fact, Outcome
from prism_core.episode.episode import Episode
from prism_core.episode.mission_state import MAX_TRIES
from prism_core.errors import ConfigError
from prism_core.graph.elements import quote
from prism_core.graph.scene_graph import SceneGraph

STATE = 'state'
"""The kind of answer of a task of which the right end is that things lie where they should."""


def make_criterion(
    meaning: Meaning, known_graph: SceneGraph, missed: str = '', stuck: str = ''
) -> Criterion:
    """What must hold when a task has ended, without a budget.

    Args:
        meaning: of its sentence.
        known_graph: what is known at the start.
        missed: a block that is not there, without which the task cannot be done.
        stuck: one that cannot be picked up.
    """
    start = read_table(known_graph)
    try:
        wants = find_wants(meaning, Course((start,)))
    except Question:
        return Criterion(QUESTION, evidence=_staying(start, set()))
    may_move = {start.held} if meaning.kind == 'undo' else _may_move(wants, start)
    staying = _staying(start, may_move)
    if missed or stuck:
        fact = Fact('gone', missed) if missed else Fact('tried', stuck)
        return Criterion(QUESTION, evidence=(fact, *staying))
    facts = tuple(_wanted(meaning, wants, start))
    if not all(want.holds(start) for want in wants):
        facts += (Fact('free', start.gripper),)
    return Criterion(STATE, evidence=(*facts, *staying))


def _wanted(meaning: Meaning, wants: list[Want], start: Table) -> list[Fact]:
    if meaning.kind == 'undo':
        return [Fact('was', want.block, want.spot) for want in wants]
    if meaning.kind == 'spread':
        blocks = [want.block for want in wants]
        apart = [Fact('apart', one, other) for one, other in combinations(blocks, 2)]
        return [*(Fact('in_corner', block) for block in blocks), *apart]
    if meaning.kind == 'put' and (meaning.parts[0].kind, meaning.parts[1].kind) == (
        'inside',
        'table',
    ):
        return [Fact('empty', start.called(meaning.parts[0].parts[0].words)[0])]
    return [Fact(support_kind(start.nodes[want.spot]), want.block, want.spot) for want in wants]


def _may_move(wants: list[Want], start: Table) -> set[str]:
    """The blocks that are wanted elsewhere, and those that may be in the way."""
    moving = {start.held} if start.held else set()
    for want in wants:
        moving |= {want.block, *start.above(want.block)}
        if is_movable(start.nodes[want.spot]):
            moving.update(start.above(want.spot))
            waiting = {other.block for other in wants}
            if start.is_in_container(want.spot) or waiting & {*start.below(want.spot)}:
                moving.add(want.spot)
    return moving


def _staying(start: Table, may_move: set[str]) -> tuple[Fact, ...]:
    return tuple(
        Fact('stays', name, support or start.surface)
        for name, support in start.supports.items()
        if name not in may_move
    )


def judge_episode(episode: Episode) -> Outcome:
    """The verdict on an episode that has ended."""
    criterion = episode.criterion
    passed = _play(episode)
    failed = [fact for fact in criterion.evidence if not _holds(fact, passed, episode)]
    disturbed = [fact for fact in failed if fact.kind in _DISTURBED]
    missing = [fact for fact in failed if fact.kind not in _DISTURBED]
    wanted = 'asked' if criterion.answer == QUESTION else 'reported'
    actions = sum(1 for _ in episode.actions)
    reasons = {
        'found': f'not found: {_say(missing[0])}' if missing else '',
        'grounded': f'not grounded: {_say(disturbed[0])}' if disturbed else '',
        'answered': '',
        'in_budget': '',
    }
    if episode.ending != wanted:
        reasons['answered'] = (
            f'not answered: expected the end to be {wanted}, it was {episode.ending or "open"}'
        )
    if actions > criterion.max_actions:
        reasons['in_budget'] = (
            f'over budget: {actions} actions, at most {criterion.max_actions} are allowed'
        )
    return Outcome(
        **{part: not reason for part, reason in reasons.items()},
        actions=actions,
        distance_m=0.0,
        reason=next((reason for reason in reasons.values() if reason), ''),
    )


def say_harm(episode: Episode) -> str:
    """What was moved that was to stay where it was; '' for nothing."""
    passed = _play(episode)
    staying = (fact for fact in episode.criterion.evidence if fact.kind == 'stays')
    return next((_say(fact) for fact in staying if not _holds(fact, passed, episode)), '')


def check_criterion(criterion: Criterion) -> None:
    """Refuse a criterion that cannot be judged here.

    Raises:
        ConfigError: what was expected, and what it has.
    """
    if criterion.answer not in (STATE, QUESTION):
        raise ConfigError(
            f'criterion.answer: expected {STATE} or {QUESTION}, got {quote(criterion.answer)}'
        )
    unknown = [fact.kind for fact in criterion.evidence if fact.kind not in _SAYINGS]
    if unknown:
        raise ConfigError(
            f'criterion.evidence: expected facts of {", ".join(_SAYINGS)}, got {quote(unknown[0])}'
        )


_DISTURBED = ('stays', 'gone', 'tried')
_SAYINGS = {
    'in': '{node} is not in {detail}',
    'on': '{node} is not on {detail}',
    'stays': '{node} was to stay at {detail}',
    'in_corner': '{node} is in no corner',
    'apart': '{node} and {detail} lie at the same place',
    'empty': 'something lies at {node}',
    'was': '{node} never was at {detail}',
    'free': '{node} still holds something',
    'gone': 'it was not seen that {node} is not there',
    'tried': '{node} was not tried often enough',
}


def _say(fact: Fact) -> str:
    """What is wrong where a fact does not hold."""
    return _SAYINGS[fact.kind].format(node=fact.node, detail=fact.detail)


def say_expected(criterion: Criterion) -> str:
    """What must hold at the end, in a few words."""
    if criterion.answer == QUESTION:
        return 'a question back'
    wanted = [fact for fact in criterion.evidence if fact.kind not in (*_DISTURBED, 'free')]
    said = [f'{f.node} {f.kind.replace("_", " ")} {f.detail}'.strip() for f in wanted]
    return ', '.join(said) or 'nothing to do'


def _play(episode: Episode) -> list[Table]:
    """Where things truly are at the start and after each action."""
    simulator = TabletopSimulator(episode.true_graph, episode.known_graph)
    passed = [simulator.truth]
    for action, observation in episode.actions:
        if observation.status != 'refused':
            simulator.execute(action)
            passed.append(simulator.truth)
    return passed


def _holds(fact: Fact, passed: Sequence[Table], episode: Episode) -> bool:
    name, detail = fact.node, fact.detail
    truth = passed[-1]
    supports = truth.supports
    if fact.kind == 'was':
        return any(table.lies_at(name, detail) for table in passed)
    if fact.kind in ('in', 'on', 'stays'):
        return truth.lies_at(name, detail)
    if fact.kind == 'in_corner':
        return bool(supports.get(name)) and is_corner(truth.nodes[supports[name]])
    if fact.kind == 'apart':
        return supports.get(name) != supports.get(detail)
    if fact.kind == 'empty':
        return name not in supports.values()
    if fact.kind == 'free':
        return not truth.held
    if fact.kind == 'gone':
        return name not in episode.final_graph.nodes
    tries = [o for a, o in episode.actions if a.name == 'pick' and a.arguments == (name,)]
    return sum(o.status == 'failed' for o in tries) >= MAX_TRIES
