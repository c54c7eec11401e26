# SPDX-License-Identifier: Apache-2.0
"""Between the messages of prism_msgs and the types of prism_core: what happened in a mission."""

from __future__ import annotations

import math
from typing import Literal

from prism_core import ActionTable, Observation, PrismError, SceneGraph, Turn
from prism_msgs.msg import Observation as ObservationMessage
from prism_msgs.msg import Turn as TurnMessage
from prism_ros.conversions import (
    plan_from_message,
    plan_to_message,
    update_from_message,
    update_to_message,
    wire_text,
)

# The bounds of prism_msgs/Observation and prism_msgs/Turn.
MAX_FEEDBACK_CHARS = 4096
MAX_REQUEST_CHARS = 4096
_STATUSES: dict[int, Literal['done', 'failed', 'refused']] = {
    ObservationMessage.DONE: 'done',
    ObservationMessage.FAILED: 'failed',
    ObservationMessage.REFUSED: 'refused',
}
_NUMBER_OF_STATUS = {status: number for number, status in _STATUSES.items()}


def observation_from_message(message: ObservationMessage) -> Observation:
    """Read what a step revealed.

    Raises:
        PrismError: the status is unknown, the distance is no length, or the update cannot be read.
    """
    status = _STATUSES.get(message.status)
    if status is None:
        raise PrismError(
            f'status must be 0 (done), 1 (failed) or 2 (refused), got {message.status}'
        )
    if not 0 <= message.distance_m < math.inf:
        raise PrismError(
            f'distance_m must be a finite number of metres, 0 or more, got {message.distance_m}'
        )
    return Observation(
        update_from_message(message.update), message.feedback, status, message.distance_m
    )


def observation_to_message(observation: Observation) -> ObservationMessage:
    """Write what a step revealed; of a longer feedback what fits."""
    return ObservationMessage(
        status=_NUMBER_OF_STATUS[observation.status],
        update=update_to_message(observation.update),
        feedback=wire_text(observation.feedback)[:MAX_FEEDBACK_CHARS],
        distance_m=float(observation.distance_m),
    )


def turn_from_message(
    message: TurnMessage, table: ActionTable, known_graph: SceneGraph | None = None
) -> Turn:
    """Read a past turn; `known_graph` is what its plan was made on, if that is known.

    Raises:
        PrismError: its plan or one of its observations cannot be read.
    """
    plan = plan_from_message(message.plan, table)
    observations = []
    for index, observation in enumerate(message.observations):
        try:
            observations.append(observation_from_message(observation))
        except PrismError as error:
            raise PrismError(f'observations[{index}]: {error}') from error
    return Turn(
        plan,
        tuple(observations),
        message.robot_location,
        known_graph=known_graph,
        request=message.request,
    )


def turn_to_message(turn: Turn, table: ActionTable) -> TurnMessage:
    """Write a past turn."""
    plan = plan_to_message(turn.plan, table)
    if turn.known_graph is not None:
        plan.graph_revision = turn.known_graph.revision
    return TurnMessage(
        plan=plan,
        observations=[observation_to_message(observation) for observation in turn.observations],
        robot_location=turn.robot_location,
        request=wire_text(turn.request)[:MAX_REQUEST_CHARS],
    )
