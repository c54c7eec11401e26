# SPDX-License-Identifier: Apache-2.0
"""RosPlanner: a planner node that runs somewhere, as a planner of prism_core.

So `prism evaluate ros` tries the very node that plans on the robot. It is asked over its service
with all that the robot knows; what it has on its topics plays no part. Knows nothing of the planner
behind the service.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from prism_core import (
    ConfigError,
    Domain,
    Plan,
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    PlanRejected,
    PrismError,
    PromptTooLong,
    SceneGraph,
    Turn,
    render_scene_graph,
    validate_plan,
)
from prism_core.inference.planning_domain import find_planning_domain
from prism_msgs.msg import PlanErrorCode
from prism_msgs.srv import GetPlan
from prism_ros.client_thread import ClientThread, NotThere
from prism_ros.conversions import plan_from_message, wire_text
from prism_ros.errors import UNAVAILABLE, Refusal
from prism_ros.turn_conversions import turn_to_message

SERVICE_VARIABLE, TIMEOUT_VARIABLE = 'PRISM_PLAN_SERVICE', 'PRISM_PLAN_TIMEOUT_S'
DOMAIN_VARIABLE = 'PRISM_PLAN_DOMAIN'
_SERVICE, _TIMEOUT_S = '/plan', '60'
_DISCOVERY_S = 10.0
_GRACE_S = 1.0  # for a reply that is sent at the deadline
_PAUSE_S = 0.01
_ERRORS: dict[int, type[PlannerError]] = {
    PlanErrorCode.NODE_INACTIVE: PlannerUnavailable,
    **UNAVAILABLE,
    PlanErrorCode.CONTEXT_OVERFLOW: PromptTooLong,
    PlanErrorCode.TIMEOUT: PlannerTimeout,
    PlanErrorCode.BUSY: PlannerTimeout,
}


def make_ros_planner() -> RosPlanner:
    """The planner behind a service; entry point `ros` of group `prism.planners`.

    The environment variable PRISM_PLAN_SERVICE names the service, `/plan` otherwise,
    PRISM_PLAN_TIMEOUT_S the seconds that a plan may take, 60 otherwise, and PRISM_PLAN_DOMAIN the
    domain that the service plans in, that of the student or mapping otherwise; the ROS domain is
    that of the environment.

    Raises:
        ConfigError: the time is none, or there is no such domain.
        PlannerUnavailable: nobody serves it.
    """
    given = os.environ.get(TIMEOUT_VARIABLE, '') or _TIMEOUT_S
    try:
        timeout_s = float(given)
    except ValueError:
        timeout_s = 0.0
    if not 0 < timeout_s < float('inf'):
        raise ConfigError(
            f'{TIMEOUT_VARIABLE}: expected a number of seconds above 0, got {given!r}'
        )
    domain = find_planning_domain(os.environ.get(DOMAIN_VARIABLE, ''), allow_import_paths=True)
    return RosPlanner(os.environ.get(SERVICE_VARIABLE, '') or _SERVICE, timeout_s, domain=domain)


class RosPlanner:
    """Asks a planning service, from a node and a context of its own.

    Args:
        service: its name.
        timeout_s: the time for one plan. A service that is busy with others is asked again until
            then.
        domain_id: the ROS domain; None for that of the environment.
        domain: that the service plans in; None for that of the student, or mapping.

    Raises:
        PlannerUnavailable: nobody serves it.

    Passes `testing.check_planner`.
    """

    name = 'ros'
    is_remote = True

    def __init__(
        self,
        service: str = _SERVICE,
        timeout_s: float = float(_TIMEOUT_S),
        domain_id: int | None = None,
        domain: Domain | None = None,
    ):
        self._service = service
        self._timeout_s = timeout_s
        self._domain = domain or find_planning_domain()
        self._thread = ClientThread('', domain_id)
        try:
            self._thread.service(GetPlan, service, _DISCOVERY_S)
        except NotThere as missing:
            self.close()
            raise _unavailable(missing) from missing

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The plan that the service gives.

        Raises:
            PlannerUnavailable: nobody serves it any more, it cannot work, or it plans in another
                domain.
            PlannerTimeout: it does not answer, or is busy, for as long as a plan may take.
            PlannerError: it answers with another error, or with what is no valid plan.
        """
        table = self._domain.table
        response = self._ask(
            GetPlan.Request(
                task=wire_text(request),
                history=[turn_to_message(turn, table) for turn in history],
                scene_graph_json=render_scene_graph(known_graph),
            )
        )
        if response.plan.domain != self._domain.name:
            raise PlannerUnavailable(
                f"the service plans in domain '{response.plan.domain}', it is asked in "
                f"'{self._domain.name}'; name its domain in {DOMAIN_VARIABLE}"
            )
        try:
            plan = plan_from_message(response.plan, table)
        except PrismError as error:
            raise PlanRejected(f'the service gave what is no plan: {error}') from error
        report = validate_plan(plan, known_graph, table)
        if not report.is_valid:
            raise PlanRejected(f'the service gave a plan that is not valid: {report.feedback}')
        return plan

    def close(self) -> None:
        """Destroy the node and its context."""
        self._thread.close()

    def _ask(self, request: GetPlan.Request) -> GetPlan.Response:
        end_s = time.monotonic() + self._timeout_s
        while True:
            request.timeout_s = max(end_s - time.monotonic(), _PAUSE_S)
            try:
                response = self._thread.call(
                    GetPlan,
                    self._service,
                    request,
                    wait_s=_DISCOVERY_S,
                    timeout_s=request.timeout_s + _GRACE_S,
                )
            except NotThere as missing:
                raise _unavailable(missing) from missing
            except Refusal as late:
                raise PlannerTimeout(f'{late} [{late.name}]') from late
            if response.success:
                return response
            if response.error_code != PlanErrorCode.BUSY or time.monotonic() > end_s:
                refusal = Refusal(response.error_code, response.error_msg)
                raise _ERRORS.get(refusal.code, PlannerError)(f'{refusal} [{refusal.name}]')
            time.sleep(_PAUSE_S)


def _unavailable(missing: NotThere) -> PlannerUnavailable:
    return PlannerUnavailable(f'{missing}, or name another service in {SERVICE_VARIABLE}')
