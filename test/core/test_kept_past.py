"""What a prompt says of a mission's past: any history of any updates can be told, and what is known
now is told right.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import CompactDialect, SceneGraph, SpineDialect
from prism_core.dialects.compact_graph import GraphLines
from prism_core.domains.mapping import MAPPING_ACTIONS

from .mapping_worlds import WORDS
from .strategies import missions, texts

SPINE = SpineDialect(MAPPING_ACTIONS)
COMPACT = CompactDialect(WORDS.lexicon, 5)
DIALECTS = {'spine': SPINE, 'compact': COMPACT}
by_dialect = pytest.mark.parametrize('name', DIALECTS)


def told(graph: SceneGraph, name: str):
    """What a dialect says of a graph."""
    if name == 'spine':
        return dict(graph.nodes), dict(graph.connections), graph.robot_location
    lines = GraphLines(COMPACT._handles(graph), WORDS.lexicon)
    nodes = {n: (node.kind, node.position, lines.tell(node)) for n, node in graph.nodes.items()}
    return nodes, set(graph.connections), graph.robot_location


def said_in(messages) -> str:
    return '\n'.join(message['content'] for message in messages)


@by_dialect
@given(mission=missions(), request_=texts, data=st.data())
def test_any_past_can_be_told_and_what_is_known_now_is_read_back(name, mission, request_, data):
    graph, history = mission
    since = data.draw(st.integers(0, len(history)))
    messages = DIALECTS[name].render_prompt(request_, graph, history, since=since)
    prompt = DIALECTS[name].parse_prompt(messages, graph)
    assert told(prompt.known_graph, name) == told(graph, name)
    assert len(prompt.state.here) > 0
