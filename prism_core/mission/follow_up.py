# SPDX-License-Identifier: Apache-2.0
"""From the reply to a mission's question, or the next sentence behind it, to a request that stands
by itself: a planner is asked with one sentence.
"""

from __future__ import annotations

import re

from prism_core.graph.calling import calls_of
from prism_core.graph.names_in_text import NamesInText
from prism_core.graph.scene_graph import SceneGraph

_DETERMINERS = r'(?:(?:the|a|an|this|that|one of the|some)\s+)?'
_MAX_WORDS = 6
"""A longer reply says itself what is to be done."""


def follow_up(request: str, reply: str, known_graph: SceneGraph) -> str:
    """The request that a reply makes of the one before.

    A short reply that names one node of the known graph says which of several is meant: its name
    comes in the place of the one word that it is called by. Any other reply is a request of its
    own.

    Args:
        request: the sentence that the mission was about.
        reply: what the user said since.
        known_graph: what is known now.
    """
    named = list(dict.fromkeys(found.name for found in NamesInText(known_graph.nodes).find(reply)))
    if len(named) != 1 or len(reply.split()) > _MAX_WORDS:
        return reply
    calls = sorted(calls_of(known_graph.nodes[named[0]]), key=len, reverse=True)
    for called in calls:
        words = r'[\s_\-]+'.join(map(re.escape, called.split()))
        pattern = re.compile(rf'(?<!\w){_DETERMINERS}{words}(?!\w)', re.IGNORECASE)
        if len(pattern.findall(request)) == 1:
            return pattern.sub(lambda _: named[0], request)
    return reply
