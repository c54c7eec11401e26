"""Doubles and contracts for tests, ours and those of planners that others bring."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence

from prism_core.episode import Turn
from prism_core.errors import PlannerError, PlannerUnavailable
from prism_core.plan import Plan
from prism_core.planner import Planner
from prism_core.scene_graph import SceneGraph


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
