# SPDX-License-Identifier: Apache-2.0
"""The promises of domains: `docs/domains.md` makes one step by step."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dataset.filter import find_fault
from prism_core.dialects.compact_steps import CompactSteps
from prism_core.dialects.handles import Handles
from prism_core.domain import DIALECTS, Domain, make_known
from prism_core.episode.criterion import Criterion, Fact
from prism_core.episode.episode import Episode, as_task, with_known_graphs
from prism_core.errors import ConfigError, PlanParseError, PrismError
from prism_core.plan.actions import Action, ArgumentKind
from prism_core.plan.candidates import list_candidates
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps
from prism_core.plan.validation import validate_plan
from prism_core.testing.dialects import PlanFrom, check_dialect
from prism_core.testing.planners import check_planner_in_episodes
from prism_core.testing.simulators import check_simulator

MOST_BY_CONTROLS = 0.5
"""The share of the tasks, twins as one, that a control may solve."""
_LOOKED_AT = 24
"""So many episodes are looked at closely; all of them are drawn, judged and stored."""
_JUNK = (Action('no_such_action'), Action('', ('nothing', 3.0)))
_CANDIDATES = 6


def check_domain(
    domain: Domain, seeds: Iterable[int] = range(12), *, plan_from: PlanFrom | None = None
) -> None:
    """Hold a domain to its promises, on the worlds of some seeds.

    The same seed draws the same; the teacher solves what is drawn, and goes by sentence, known
    graph and history alone; controls solve half of it at most; episodes come back equal from JSON
    and replay to the same outcome; nothing that failed or found a node is as expected; the
    simulator keeps the contract; what the teacher does can be said in each dialect and is read
    back, see `check_dialect`; affordances fit what can be done.

    Args:
        domain: any.
        seeds: of the worlds; every other one is drawn as for the test split.
        plan_from: see `check_dialect`.

    Raises:
        AssertionError: which promise is broken, with an example.
    """
    make_known(domain)
    episodes = [episode for seed in seeds for episode in _draw(domain, seed)]
    assert episodes, 'no world holds a task: draw_world gave nothing for any of the seeds'
    for episode in episodes:
        _check_drawn(domain, episode)
        _check_stored(episode)
        _check_replay(domain, episode)
        _check_expected(domain, episode)
    _check_controls(domain, episodes)
    some = episodes[:: max(len(episodes) // _LOOKED_AT, 1)][:_LOOKED_AT]
    for episode in some:
        _check_simulator(domain, episode)
    _check_teacher(domain, some)
    for episode in some:
        _check_language(domain, episode)
        _check_affordances(domain, episode)
    for name in DIALECTS:
        few = some if name == DIALECTS[0] else some[::4]
        check_dialect(domain, few, name, plan_from=plan_from)


# ------------------------------------------------------------------------------------------ worlds


def _draw(domain: Domain, seed: int) -> list[Episode]:
    recipe, is_test = domain.recipe_type(seed=seed, worlds=1), bool(seed % 2)
    drawn = []
    for _ in range(2):
        config = domain.plan_world(recipe, seed, is_test, Counter())
        drawn.append(domain.draw_world(seed, config, Counter()))
    assert drawn[0] == drawn[1], (
        f'seed {seed}: the same seed drew other tasks the second time: {_first_difference(*drawn)}'
    )
    return drawn[0]


def _first_difference(one: list[Episode], other: list[Episode]) -> str:
    if len(one) != len(other):
        return f'{len(one)} then {len(other)}'
    a, b = next((a, b) for a, b in zip(one, other) if a != b)
    return f'{a.task.request!r} then {b.task.request!r}, which differ in {_say_others(a, b)}'


def _say_others(one: Episode, other: Episode) -> str:
    """The names of the fields in which two episodes differ."""
    names = [field.name for field in dataclasses.fields(Episode)]
    return ', '.join(name for name in names if getattr(one, name) != getattr(other, name))


def _check_drawn(domain: Domain, episode: Episode) -> None:
    request = episode.task.request
    assert episode.domain == domain.name, (
        f'{request!r}: expected an episode of the domain {domain.name!r}, got {episode.domain!r}; '
        'draw_world makes each Episode with domain=self.name'
    )
    fault = find_fault(episode)
    assert not fault, f'{request!r}: the teacher does not succeed on what is drawn: {fault}'
    try:
        domain.check_criterion(episode.criterion)
    except ConfigError as error:
        raise AssertionError(f'{request!r}: its own criterion is refused: {error}') from error
    meaning = episode.task.intent
    if meaning is None:
        return
    assert domain.meaning_type is not None, (
        f'{request!r}: it has a meaning, {meaning!r}, and the domain has no meaning_type'
    )
    assert isinstance(meaning, domain.meaning_type), (
        f'{request!r}: expected a meaning of {domain.meaning_type.__name__}, got {meaning!r}'
    )
    hidden = episode.true_graph.nodes.keys() - episode.known_graph.nodes.keys()
    named = sorted(hidden & {*_texts(meaning)} - {*request.split()})
    assert not named, (
        f'{request!r}: its meaning names {named[0]}, which the robot does not know: the teacher '
        'would teach what no student can know'
    )


def _texts(value: Any) -> Iterator[str]:
    """All texts in a meaning."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for part in value.values() for text in _texts(part))
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from (text for part in value for text in _texts(part))
    elif dataclasses.is_dataclass(value):
        yield from (t for f in dataclasses.fields(value) for t in _texts(getattr(value, f.name)))


def _check_stored(episode: Episode) -> None:
    request = episode.task.request
    try:
        again = parse_episode(render_episode(episode))
    except (PrismError, TypeError) as error:
        raise AssertionError(f'{request!r}: the episode cannot be read back: {error}') from error
    assert again.task == episode.task, (
        f'{request!r}: the meaning {episode.task.intent!r} is read back as {again.task.intent!r}'
    )
    others = _say_others(again, episode)
    assert not others, f'{request!r}: read back the episode differs in {others}'


def _check_replay(domain: Domain, episode: Episode) -> None:
    simulator, turns = domain.make_simulator(episode), []
    request = episode.task.request
    for turn in episode.turns:
        seen = []
        for action, observation in zip(turn.plan.actions, turn.observations):
            seen.append(simulator.execute(action))
            assert seen[-1] == observation, (
                f'{request!r}: {render_steps([action])} showed {observation} when it was drawn, '
                f'and {seen[-1]} when it was done again'
            )
        turns.append(replace(turn, observations=tuple(seen)))
    outcome = domain.judge(replace(episode, turns=tuple(turns), outcome=None))
    assert outcome == episode.outcome, (
        f'{request!r}: it was judged {episode.outcome}, and replays to {outcome}'
    )


def _check_expected(domain: Domain, episode: Episode) -> None:
    for turn in with_known_graphs(episode).turns:
        graphs = turn.replay(turn.known_graph or episode.known_graph)
        for action, observation, graph in zip(turn.plan.actions, turn.observations, graphs):
            is_news = observation.status != 'done' or bool(observation.update.upsert_nodes)
            assert not (is_news and domain.is_expected(action, observation, graph)), (
                f'{episode.task.request!r}: is_expected says that nothing new was seen by '
                f'{render_steps([action])}, and it showed {observation}'
            )


# ---------------------------------------------------------------------------------------- planners


def _check_controls(domain: Domain, episodes: list[Episode]) -> None:
    for name in domain.controls:
        solved: defaultdict[Any, list[bool]] = defaultdict(list)
        for number, episode in enumerate(episodes):
            control = domain.make_control(name, episode.task)
            outcome = domain.play(control, as_task(episode)).outcome
            twin = episode.provenance.get('twin', number)
            solved[twin].append(outcome is not None and outcome.success)
        share = sum(map(all, solved.values())) / len(solved)
        assert share <= MOST_BY_CONTROLS, (
            f'the control {name} solves {share:.0%} of what is drawn, at most '
            f'{MOST_BY_CONTROLS:.0%} is expected: the judge passes what nobody did, or tasks need '
            'twins'
        )


def _check_teacher(domain: Domain, episodes: list[Episode]) -> None:
    tasks = [as_task(episode) for episode in episodes]
    check_planner_in_episodes(lambda e: domain.make_teacher(e.task), tasks, domain.make_simulator)
    for episode in map(with_known_graphs, episodes):
        criterion = Criterion('any', accepted=('nothing',), evidence=(Fact('known', 'nowhere'),))
        other = replace(as_task(episode), criterion=criterion, true_graph=episode.known_graph)
        domain.make_simulator(other)
        teacher = domain.make_teacher(other.task)
        for index, turn in enumerate(episode.turns):
            graph = turn.known_graph
            assert graph is not None
            plan = teacher.plan(episode.task.request, graph, episode.turns[:index])
            assert (
                plan.actions[: len(turn.observations)]
                == (turn.plan.actions[: len(turn.observations)])
            ), (
                f'{episode.task.request!r}: the teacher planned {_say(turn.plan)} when it was '
                f'drawn, and {_say(plan)} in a world with other hidden facts: it peeks at what it '
                'must not see'
            )
        teacher.close()


def _say(plan: Plan) -> str:
    return render_steps(plan.actions)


# --------------------------------------------------------------------------------- what can be done


def _check_simulator(domain: Domain, episode: Episode) -> None:
    done = [action for action, _ in episode.actions]
    check_simulator(domain.make_simulator, as_task(episode), done)
    rng = Random(episode.seed)  # noqa: S311 - no secret
    candidates = list(list_candidates(episode.known_graph, domain.table))
    some = rng.sample(candidates, min(_CANDIDATES, len(candidates)))
    short = [Action(name, ('nowhere',) * 2) for name in domain.table]
    check_simulator(domain.make_simulator, as_task(episode), [*some, *_JUNK, *short, *done])


def _check_language(domain: Domain, episode: Episode) -> None:
    """Each action of the teacher is valid, and is read back from the words that it is said with."""
    request = episode.task.request
    for turn in with_known_graphs(episode).turns:
        graph = turn.known_graph
        assert graph is not None
        steps = CompactSteps(graph, Handles(graph, episode.seed), domain.language)
        report = validate_plan(turn.plan, graph, domain.table)
        assert report.is_valid, f'{request!r}: {_say(turn.plan)} is not valid: {report.feedback}'
        for action in turn.plan.actions:
            step = render_steps([action])
            text = ''
            try:
                text = steps.render(action, turn.plan.primary_goal)
                read = steps.parse(text, turn.plan.primary_goal)
            except PlanParseError as error:
                said = f'is said {text!r}, which cannot be read' if text else 'cannot be said'
                raise AssertionError(f'{request!r}: {step} {said}: {error}') from error
            assert read == action, (
                f'{request!r}: {step} is said {text!r}, which is read back as '
                f'{render_steps([read])}'
            )


def _check_affordances(domain: Domain, episode: Episode) -> None:
    request = episode.task.request
    for index, turn in enumerate(with_known_graphs(episode).turns):
        graph, history = turn.known_graph, episode.turns[:index]
        assert graph is not None
        afforded = domain.affordances(graph, history)
        for action, likely in afforded.items():
            step = render_steps([action])
            assert 0 <= likely <= 1, f'{request!r}: {step} succeeds with {likely}; from 0 to 1'
            report = validate_plan(Plan((action,)), graph, domain.table)
            assert report.is_valid, f'{request!r}: {step} has an affordance: {report.feedback}'
        assert list(afforded.items()) == list(domain.affordances(graph, history).items()), (
            f'{request!r}: asked again, the affordances are others'
        )
        done = turn.plan.actions[0]
        if _is_listed(domain, done):
            assert afforded.get(done, 0) > 0, (
                f'{request!r}: the teacher does {render_steps([done])}, which has no affordance'
            )


def _is_listed(domain: Domain, action: Action) -> bool:
    """Whether an affordance can be expected of it: none of its arguments is made up."""
    pairs = zip(domain.table[action.name].arguments, action.arguments)
    return all(
        a.kind.is_node
        or (a.kind is ArgumentKind.TEXT and value in a.sayings.values())
        or value == a.default
        for a, value in pairs
    )
