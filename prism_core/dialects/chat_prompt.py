# SPDX-License-Identifier: Apache-2.0
"""From the messages of a client, in our `spine` dialect, to what is to be planned now."""

from __future__ import annotations

from collections.abc import Sequence

from prism_core.dialects.conversation import Dialect, Message, Prompt
from prism_core.errors import PlanParseError, PrismError
from prism_core.graph.scene_graph import SceneGraph

_FEEDBACK = 'feedback: '


def check_asks(messages: Sequence[Message]) -> None:
    """Refuse a conversation of which the last message is not of the user.

    Raises:
        PlanParseError: what was expected.
    """
    if not messages or messages[-1]['role'] != 'user':
        raise PlanParseError('expected the last message to be of the user, and to ask for a plan')


def read_chat_prompt(messages: Sequence[Message], dialect: Dialect) -> Prompt:
    """The request, what is known, and the turns so far.

    A reply that was not accepted, and why, is left out: it is asked for again.

    Args:
        messages: of one mission, with a system message or without.
        dialect: `spine` of some domain.

    Raises:
        PlanParseError: the messages ask for no plan; why, in one sentence.
    """
    check_asks(messages)
    chat = [message for message in messages if message['role'] != 'system']
    while len(chat) > 2 and chat[-1]['content'].startswith(_FEEDBACK):
        chat = chat[:-2]
    try:
        return dialect.parse_prompt(chat, SceneGraph())
    except (PrismError, KeyError, IndexError, ValueError) as error:
        raise PlanParseError(f'no mission in the spine dialect: {error}') from None
