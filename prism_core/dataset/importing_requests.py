"""From the messages that an LLM planner sends to what is to be planned now.

Reads what `importing_missions` reads, SPINE's messages and our `spine` dialect, up to a message of
the user that asks for the next plan.
"""

from __future__ import annotations

from collections.abc import Sequence

from prism_core.actions import ActionTable
from prism_core.conversation import Message, Prompt
from prism_core.dataset.importing import MissionRefused, follow_mission
from prism_core.dataset.importing_missions import read_missions
from prism_core.dialects.spine import SpineDialect
from prism_core.errors import PlanParseError, PrismError
from prism_core.mission_state import survey_mission
from prism_core.scene_graph import SceneGraph

_OURS = 'scene_graph: {'
_FEEDBACK = 'feedback: '


def read_prompt(messages: Sequence[Message], table: ActionTable) -> Prompt:
    """The request, what is known, and the turns so far, of the last mission in a conversation.

    Raises:
        PlanParseError: the messages ask for no plan; why, in one sentence.
    """
    if not messages or messages[-1]['role'] != 'user':
        raise PlanParseError('expected the last message to be of the user, and to ask for a plan')
    if any(m['role'] == 'user' and m['content'].startswith(_OURS) for m in messages):
        return _read_ours(messages, table)
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
    return Prompt(request, graph, turns, survey_mission(graph, turns))


def _read_ours(messages: Sequence[Message], table: ActionTable) -> Prompt:
    chat = [message for message in messages if message['role'] != 'system']
    while len(chat) > 2 and chat[-1]['content'].startswith(_FEEDBACK):
        chat = chat[:-2]  # a reply that was not accepted, and why: it is asked again
    try:
        return SpineDialect(table).parse_prompt(chat, SceneGraph())
    except (PrismError, KeyError, IndexError, ValueError) as error:
        raise PlanParseError(f'no mission in the spine dialect: {error}') from None
