# SPDX-License-Identifier: Apache-2.0
"""The promises of planners, ours and those that others bring."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from prism_core.episode.criterion import Criterion, Fact
from prism_core.episode.episode import Episode, Turn
from prism_core.episode.mission_state import MAX_TURNS
from prism_core.episode.planner import Planner, Simulator, run_episode
from prism_core.errors import PlannerError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.plan import Plan

SimulatorFactory = Callable[[Episode], Simulator]


def check_planner(
    planner: Planner, cases: Iterable[tuple[str, SceneGraph, Sequence[Turn]]]
) -> None:
    """Hold a planner to the promises of the protocol, on cases of (request, known graph, history).

    Raises:
        AssertionError: the planner changed its arguments, kept memory between calls, gave something
            else than a plan or raised something else than a PlannerError.
    """
    assert isinstance(planner, Planner), f'{planner!r} lacks name, plan or close'
    assert planner.name, 'a planner needs a name'
    cases = [(request, graph, tuple(history)) for request, graph, history in cases]
    first = [_ask(planner, *case) for case in cases]
    again = [_ask(planner, *case) for case in reversed(cases)][::-1]
    for (request, _, _), one, other in zip(cases, first, again):
        assert one == other, (
            f'{request!r}: asked again after other requests, the planner answered differently: '
            f'{one} then {other}'
        )
    planner.close()
    planner.close()


def check_planner_in_episodes(
    make_planner: Callable[[Episode], Planner],
    episodes: Iterable[Episode],
    make_simulator: SimulatorFactory,
) -> None:
    """Hold a planner to the promises of the protocol in closed loop.

    Each episode is run three times: as it is; by a planner that was made for a task with another
    criterion and other hidden facts, while the simulator keeps to the true ones; and state by state
    in reverse order, by one planner. The plans must be the same.

    Args:
        make_planner: a planner for an episode; for most planners always the same one.
        episodes: tasks to try.
        make_simulator: a fresh simulator for an episode.

    Raises:
        AssertionError: the planner looks at the criterion or at hidden facts, keeps memory between
            calls, or never comes to an end.
    """
    for episode in episodes:
        request = episode.task.request
        run = run_episode(make_planner(episode), make_simulator(episode), episode)
        assert run.ending != 'limit', (
            f'{request!r}: the planner did not come to an end within {MAX_TURNS} turns'
        )
        assert run.ending != 'stuck', (
            f'{request!r}: the planner did not come to an end: {run.error}'
        )
        blinded = run_episode(make_planner(_scrambled(episode)), make_simulator(episode), episode)
        assert _plans(blinded) == _plans(run), (
            f'{request!r}: with another criterion and other hidden facts the planner planned '
            'differently: it peeks at what it must not see'
        )
        states = list(_states(run))
        check_planner(make_planner(episode), states)
        planner = make_planner(episode)
        for (_, graph, history), plan in reversed(list(zip(states, _plans(run)))):
            assert _ask(planner, request, graph, history) == plan, (
                f'{request!r}: asked for turn {len(history) + 1} first, the planner planned '
                'differently: it keeps memory that is not in the history'
            )


def _plans(episode: Episode) -> list[Plan]:
    return [turn.plan for turn in episode.turns]


def _states(episode: Episode) -> Iterable[tuple[str, SceneGraph, tuple[Turn, ...]]]:
    """What the planner was given at each turn."""
    graph = episode.known_graph
    for index, turn in enumerate(episode.turns):
        yield episode.task.request, graph, episode.turns[:index]
        for observation in turn.observations:
            graph = graph.apply(observation.update)


def _scrambled(episode: Episode) -> Episode:
    """The task with nothing hidden as it was: another criterion, a true graph without secrets."""
    criterion = Criterion('any', accepted=('nothing',), evidence=(Fact('known', 'nowhere'),))
    return replace(episode, criterion=criterion, true_graph=episode.known_graph, provenance={})


def _ask(planner: Planner, request: str, graph: SceneGraph, history: Sequence[Turn]):
    before = copy.deepcopy((graph, history))
    try:
        answer: object = planner.plan(request, graph, history)
    except PlannerError as error:
        answer = str(error)
    except Exception as error:
        raise AssertionError(
            f'{request!r}: expected a plan or a PlannerError, the planner raised {error!r}'
        ) from error
    else:
        assert isinstance(answer, Plan), f'{request!r}: expected a Plan, got {answer!r}'
    assert (graph, history) == before, f'{request!r}: the planner changed its arguments'
    return answer
