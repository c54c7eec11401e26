# SPDX-License-Identifier: Apache-2.0
"""What is replied to the question which one is meant, as a sentence that says it in full.

`Put the red block in the bowl`, `red_block_2`: put red_block_2 in the bowl. Where nobody can tell,
the reply stays as it was said.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from prism_core.domains.tabletop.actions import SAYINGS, TABLETOP_ACTIONS
from prism_core.domains.tabletop.meaning import VAGUE
from prism_core.domains.tabletop.reading import (
    UNDERSTOOD,
    Mention,
    find_mentions,
    read_request,
    split_request,
    words_of,
)
from prism_core.domains.tabletop.state import Table, color_of, read_table
from prism_core.episode.episode import Turn
from prism_core.episode.requests import list_said, own_turns
from prism_core.graph.scene_graph import SceneGraph

_DEEDS = ('deeds', 'swap', 'sort', 'undo', 'stack', 'apart', 'inside')


def spell_out(request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> str:
    """A request as it would be said alone; as it is where it replies to no such question.

    Args:
        request: the last that was said.
        known_graph: what is known.
        history: the turns since the first thing that was said.
    """
    if len(own_turns(history)) == len(history):
        return request
    said = list_said(request, history, TABLETOP_ACTIONS)
    full = said[0].request
    for before, now in itertools.pairwise(said):
        is_which = _asks_which(before.turns)
        full = (is_which and _tell(full, now.request, known_graph)) or now.request
    return full


def _asks_which(turns: Sequence[Turn]) -> bool:
    actions = turns[-1].plan.actions if turns else ()
    return bool(actions) and actions[-1].arguments == (SAYINGS['which'],)


def _tell(asked: str, reply: str, graph: SceneGraph) -> str:
    """What was asked with the one that the reply tells; '' where it tells none, or asks anew."""
    mentions, rest = find_mentions(reply, graph)
    words = [*(word for mention in mentions for word in mention.before), *rest]
    if not UNDERSTOOD.issuperset(words):
        return ''
    has_deed = any(word in words_of(sort) for sort in _DEEDS for word in words)
    if has_deed and read_request(reply, graph) != VAGUE:
        return ''
    table = read_table(graph)
    for mention in find_mentions(asked, graph)[0]:
        choices = [] if mention.is_many else table.called(mention.words)
        if len(choices) > 1:
            picked = _pick(choices, mentions, table)
            tokens, (start, end) = [*split_request(asked, graph)], mention.span
            return ' '.join([*tokens[:start], picked, *tokens[end:]]) if picked else ''
    return ''


def _pick(choices: Sequence[str], mentions: Sequence[Mention], table: Table) -> str:
    """The one of some things that is mentioned, by its name, class or colour, by where it lies or
    what lies there; '' where that are several or none.
    """
    left = [*choices]
    for mention in mentions:
        named = {*table.called(mention.words)}
        if 'with' in mention.before:
            fitting = {table.supports.get(name, '') for name in named}
        elif mention.follows('in', 'on', 'to'):
            places = {''} if mention.words == 'table' else named
            fitting = {name for name, place in table.supports.items() if place in places}
        else:
            color = mention.words.rpartition(' ')[0]
            fitting = named.intersection(left) or {
                name for name in left if color and color_of(table.nodes[name]) == color
            }
        left = [name for name in left if name in fitting]
    return left[0] if mentions and len(left) == 1 else ''
