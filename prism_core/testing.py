"""Doubles and contracts for tests, ours and those of planners and simulators that others bring."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from prism_core.actions import Action
from prism_core.conversation import Message
from prism_core.criterion import Criterion, Fact
from prism_core.episode import Episode, Turn
from prism_core.errors import PlannerError, PlannerUnavailable
from prism_core.grammar import Lark
from prism_core.inference.text_model import JsonSchema
from prism_core.mission_state import MAX_TURNS
from prism_core.observation import Observation, parse_observation, render_observation
from prism_core.plan import Plan
from prism_core.planner import Planner, Simulator, run_episode
from prism_core.scene_graph import SceneGraph

SimulatorFactory = Callable[[Episode], Simulator]


class ScriptedPlanner:
    """A planner that gives back what it was handed, in order; an exception in the script is raised.

    `requests` keeps what it was asked. When the script has ended it raises PlannerUnavailable.
    """

    def __init__(self, script: Iterable[Plan | Exception], name: str = 'scripted'):
        self.name = name
        self.requests: list[str] = []
        self._script = iter(script)

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The next entry of the script."""
        self.requests.append(request)
        entry = next(self._script, PlannerUnavailable('the script has ended'))
        if isinstance(entry, Exception):
            raise entry
        return entry

    def close(self) -> None:
        """Nothing to free."""


class ScriptedTextModel:
    """A language model that gives back what it was handed, in order; an exception in the script is
    raised.

    `calls` keeps the messages of each call. When the script has ended it raises PlannerUnavailable.
    """

    def __init__(self, script: Iterable[str | Exception], name: str = 'scripted'):
        self.name = name
        self.calls: list[list[Message]] = []
        self._script = iter(script)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        grammar: JsonSchema | Lark | None = None,
        max_new_tokens: int = 1024,
        seed: int = 0,
        timeout_s: float | None = None,
    ) -> str:
        """The next entry of the script."""
        self.calls.append(list(messages))
        entry = next(self._script, PlannerUnavailable('the script has ended'))
        if isinstance(entry, Exception):
            raise entry
        return entry

    def close(self) -> None:
        """Nothing to free."""


# ---------------------------------------------------------------------------------------- planners


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


# -------------------------------------------------------------------------------------- simulators


def check_simulator(
    make_simulator: SimulatorFactory, episode: Episode, actions: Sequence[Action]
) -> None:
    """Hold a simulator to the promises of the protocol, on one world and any actions.

    Raises:
        AssertionError: it raises, changes the episode or an earlier graph, refuses and still acts,
            gives updates that do not apply or do not survive their text, or acts otherwise the
            second time.
    """
    before = copy.deepcopy(episode)
    one, other = make_simulator(episode), make_simulator(episode)
    assert isinstance(one, Simulator), f'{one!r} lacks table, known_graph or execute'
    assert one.known_graph == episode.known_graph, 'a simulator begins with the known graph'
    for action in actions:
        graph = one.known_graph
        kept = copy.deepcopy(graph)
        observation = _execute(one, action)
        assert graph == kept, f'{action}: the simulator changed a graph that it had shown'
        assert graph.apply(observation.update).with_revision(0) == (
            one.known_graph.with_revision(0)
        ), f'{action}: the known graph is not what the update makes of it'
        if observation.status == 'refused':
            assert observation.update == type(observation.update)(), (
                f'{action}: it was refused, and changed the graph'
            )
            assert observation.feedback, f'{action}: it was refused without a reason'
        assert observation.distance_m >= 0, f'{action}: a distance cannot be negative'
        kinds = {name: node.kind for name, node in graph.nodes.items()}
        read = parse_observation(render_observation(observation), kinds)
        assert replace(read, distance_m=observation.distance_m) == observation, (
            f'{action}: the observation does not survive its text: {observation}'
        )
        assert _execute(other, action) == observation, (
            f'{action}: a second simulator of the same world showed something else'
        )
    assert episode == before, 'the simulator changed the episode'


def _execute(simulator: Simulator, action: Action) -> Observation:
    try:
        observation: object = simulator.execute(action)
    except Exception as error:
        raise AssertionError(f'{action}: the simulator raised {error!r}') from error
    assert isinstance(observation, Observation), f'{action}: expected an Observation'
    return observation
