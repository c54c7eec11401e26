# SPDX-License-Identifier: Apache-2.0
"""From the messages that an LLM planner sends to what is to be planned now.

Reads what `missions` reads, SPINE's messages and our `spine` dialect, up to a message of the user
that asks for the next plan.
"""

from __future__ import annotations

from collections.abc import Sequence

from prism_core.dialects.chat_prompt import check_asks, read_chat_prompt
from prism_core.dialects.conversation import Dialect, Message, Prompt
from prism_core.domains.mapping.importing.logs import MissionRefused, follow_mission
from prism_core.domains.mapping.importing.missions import read_missions
from prism_core.domains.mapping.looking import survey
from prism_core.errors import PlanParseError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import ActionTable

_OURS = 'scene_graph: {'


def read_prompt(messages: Sequence[Message], table: ActionTable, dialect: Dialect) -> Prompt:
    """The request, what is known, and the turns so far, of the last mission in a conversation.

    Args:
        messages: of the conversation.
        table: the actions of the robot.
        dialect: `spine` of the domain.

    Raises:
        PlanParseError: the messages ask for no plan; why, in one sentence.
    """
    check_asks(messages)
    if any(m['role'] == 'user' and m['content'].startswith(_OURS) for m in messages):
        return read_chat_prompt(messages, dialect)
    graph: SceneGraph | None = None
    for mission in read_missions(messages, table):
        start = mission.start or graph
        if mission.fault:
            raise PlanParseError(mission.fault)
        if start is None:
            raise PlanParseError('no scene graph: no message of the user has one')
        if start.robot_location is None:
            raise PlanParseError('no robot location: the scene graph does not say where it is')
        if not mission.request:
            raise PlanParseError('no task: the message with the scene graph asks for nothing')
        try:
            turns, graph = follow_mission(mission, start, table)
        except MissionRefused as refused:
            raise PlanParseError(str(refused)) from None
        request = mission.request
    if graph is None:
        raise PlanParseError('no scene graph: no message of the user has one')
    return Prompt(request, graph, turns, survey(graph, turns))
