# SPDX-License-Identifier: Apache-2.0
"""What must hold at the end of an errand, and whether it does: judged on where things truly are.

The facts of a criterion are about classes, as ALFRED's goals are:

| kind | means |
|---|---|
| place, clean, heat, cool | one of `node` (so treated) is in or on one of `detail` |
| two | two of `node` are in or on the same one of `detail` |
| stack | one of `node` is in one of the first of `detail`, and that in or on one of the second |
| light | one of `node` was in the hand when one of `detail` was turned on |
| carried | one of `node` is in the hand |
| made | there is one of `node`, a slice, or what was cleaned, heated or cooled |
| gone | nothing is in the hand |
"""

from __future__ import annotations

from collections.abc import Sequence

from prism_core.domains.household.classes import SLICE, TREATMENTS, is_slice, whole_of
from prism_core.domains.household.home import Home, read_home
from prism_core.domains.household.meaning import Errand, Meaning
from prism_core.domains.household.simulator import HouseholdSimulator
from prism_core.domains.household.skills import is_treated, read_skill
from prism_core.episode.criterion import QUESTION, Criterion, Fact, Outcome
from prism_core.episode.episode import Episode
from prism_core.errors import ConfigError
from prism_core.graph.elements import quote

STATE = 'state'
"""The kind of answer of a task of which the right end is that things lie where they should."""
KINDS = ('place', 'two', 'stack', *TREATMENTS, 'light', 'carried', 'made', 'gone')


def make_criterion(meaning: Meaning, is_asked: bool = False) -> Criterion:
    """What must hold when errands have ended, without a budget; `is_asked`: they cannot be done."""
    if is_asked or not meaning.errands:
        return Criterion(QUESTION)
    facts = [fact for errand in meaning.errands for fact in _facts_of(errand)]
    return Criterion(STATE, evidence=tuple(dict.fromkeys(facts)))


def _facts_of(errand: Errand) -> list[Fact]:
    if errand.kind == 'steps':
        return _facts_of_steps(errand.steps, errand.thing)
    detail = {'stack': f'{errand.vessel} > {errand.place}', 'light': errand.lamp}
    return [Fact(errand.kind, errand.thing, detail.get(errand.kind, errand.place))]


def _facts_of_steps(steps: Sequence[str], held: str) -> list[Fact]:
    """What is so when steps were done: where each thing ended, and what became of it."""
    facts: dict[tuple[str, ...], Fact] = {}
    for skill in map(read_skill, steps):
        if skill.verb == 'take':
            held = skill.words
            facts.pop(('place', held), None)
        elif skill.verb == 'put' and held:
            facts['place', held] = Fact('place', held, skill.words)
            held = ''
        elif skill.verb == 'slice':  # what was said of the whole is over
            facts = {key: fact for key, fact in facts.items() if key[1:2] != (skill.words,)}
            facts['made', skill.words] = Fact('made', f'{skill.words}{SLICE}')
        elif skill.verb == 'light':
            facts['light', skill.words] = Fact('light', held, skill.words)
        elif skill.verb in TREATMENTS and held:
            facts['made', held, skill.verb] = Fact('made', held, skill.verb)
    if held:
        facts['carried',] = Fact('carried', held)
    return [*facts.values()]


def judge_episode(episode: Episode) -> Outcome:
    """The verdict on an episode that has ended."""
    criterion = episode.criterion
    passed, distance_m = _play(episode)
    missing = [fact for fact in criterion.evidence if not holds(fact, passed)]
    wanted = 'asked' if criterion.answer == QUESTION else 'reported'
    actions = sum(1 for _ in episode.actions)
    reasons = {
        'found': f'not so: {_say(missing[0])}' if missing else '',
        'grounded': '',
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
        distance_m=distance_m,
        reason=next((reason for reason in reasons.values() if reason), ''),
    )


def reaches_goal(episode: Episode) -> bool:
    """Whether all that was wanted is so, whatever was said and however long it took."""
    passed, _ = _play(episode)
    return all(holds(fact, passed) for fact in episode.criterion.evidence)


def say_harm(episode: Episode) -> str:
    """What was sliced that nobody wanted sliced; '' for nothing."""
    wanted = {whole_of(fact.node) for fact in episode.criterion.evidence if is_slice(fact.node)}
    for action, observation in episode.actions:
        if action.name == 'SliceObject' and observation.status == 'done':
            name = str(action.arguments[0])
            if read_home(episode.true_graph).class_of(name) not in wanted:
                return f'{name} was sliced'
    return ''


def check_criterion(criterion: Criterion) -> None:
    """Refuse a criterion that cannot be judged here.

    Raises:
        ConfigError: what was expected, and what it has.
    """
    if criterion.answer not in (STATE, QUESTION):
        raise ConfigError(
            f'criterion.answer: expected {STATE} or {QUESTION}, got {quote(criterion.answer)}'
        )
    unknown = [fact.kind for fact in criterion.evidence if fact.kind not in KINDS]
    if unknown:
        raise ConfigError(
            f'criterion.evidence: expected facts of {", ".join(KINDS)}, got {quote(unknown[0])}'
        )


def _say(fact: Fact) -> str:
    return f'{fact.kind} {fact.node} {fact.detail}'.rstrip()


def say_expected(criterion: Criterion) -> str:
    """What must hold at the end, in a few words."""
    if criterion.answer == QUESTION:
        return 'a question back'
    return ', '.join(map(_say, criterion.evidence)) or 'nothing to do'


def _play(episode: Episode) -> tuple[list[Home], float]:
    """Where things truly are at the start and after each action, and how far the robot went in
    metres.
    """
    simulator = HouseholdSimulator(episode.true_graph, episode.known_graph)
    passed, far_m = [simulator.truth], 0.0
    for action, observation in episode.actions:
        if observation.status != 'refused':
            far_m += simulator.execute(action).distance_m
            passed.append(simulator.truth)
    return passed, far_m


def holds(fact: Fact, passed: Sequence[Home]) -> bool:
    """Whether a fact is so behind the last of some states of a home."""
    home = passed[-1]
    things = home.called(fact.node)
    if fact.kind == 'gone':
        return not home.held
    if fact.kind == 'carried':
        return home.held in things
    if fact.kind == 'light':
        return any(_is_lit(fact, state) for state in passed)
    if fact.kind == 'made':
        return bool(things) and (
            not fact.detail or any(is_treated(home, n, fact.detail) for n in things)
        )
    if fact.kind == 'stack':
        vessel, _, place = fact.detail.partition(' > ')
        return any(
            home.class_of(v) == vessel and _rests(home, v, place)
            for n in things
            if (v := home.holders.get(n, ''))
        )
    if fact.kind == 'two':
        spots = [home.holders.get(n) for n in things]
        return any(spots.count(spot) >= 2 for spot in home.called(fact.detail))
    there = [n for n in things if _rests(home, n, fact.detail)]
    return any(fact.kind == 'place' or is_treated(home, n, fact.kind) for n in there)


def _rests(home: Home, name: str, place: str) -> bool:
    holder = home.holders.get(name, '')
    return holder in home.nodes and home.class_of(holder) == place


def _is_lit(fact: Fact, home: Home) -> bool:
    lit = [n for n in home.called(fact.detail) if home.nodes[n].attributes.get('power') == 'on']
    has_it = not fact.node or home.held in home.called(fact.node)
    return has_it and any(home.place_of(n) == home.here or n == home.here for n in lit)
