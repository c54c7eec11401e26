# SPDX-License-Identifier: Apache-2.0
"""The grammar of replies in the compact dialect, on one known graph: form, and what is known.

`ReplyGrammar` is what a language writes it with; `write_replies` writes one from a table of
actions: any goal, and steps with nodes of the right kind where known ways lead. What a request
means is the model's to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from prism_core.dialects.handles import Handles
from prism_core.dialects.plain_text import COORDINATE, RADIUS, pieces, text_piece
from prism_core.episode.mission_state import MissionState
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionSpec, ActionTable, ArgumentKind, ArgumentSpec
from prism_core.plan.grammar import (
    GrammarWriter,
    Lark,
    Part,
    in_order,
    one_of,
    one_text_of,
    optional,
    pattern,
    repeated,
    words,
)

MOST_STEPS = 4
"""Of a reply, where a language does not say otherwise."""
_MAX_GOAL_WORDS = 24
_MAX_TEXT_WORDS = 24
_MAX_CALLED = 4
_MAX_INLINE = 2
_SAID = re.compile(r"[^\W_]+(?:['\-][^\W_]+)*")
_GOAL_WORD = pattern(r'[^\s:;"<>]{1,24}', 96)


class ReplyGrammar:
    """What replies on one known graph are written with.

    Attributes:
        request: the task in the user's words.
        graph: what is known.
        state: where the mission stands.
        handles: how nodes are written.
        feedback: what was said when each action was carried out last.
        writer: collects what is given a name.
    """

    def __init__(
        self,
        request: str,
        graph: SceneGraph,
        state: MissionState,
        handles: Handles,
        feedback: Mapping[Action, str],
    ):
        self.request, self.graph, self.state = request, graph, state
        self.handles, self.feedback = handles, feedback
        self.writer = GrammarWriter()

    def nodes(self, names: Iterable[str]) -> Part | None:
        """Any one of some nodes; many are written down once and used often."""
        texts = [*map(self.handles.write, names)]
        part = one_text_of(texts)
        return part if len(texts) <= _MAX_INLINE else self.writer.define('NODES', part)

    @cached_property
    def near_regions(self) -> list[str]:
        """The regions to which known ways lead."""
        return [name for name in self.graph.regions if name not in self.state.unreachable]

    @cached_property
    def near_objects(self) -> list[str]:
        """The objects that are seen from one of them."""
        near = {*self.near_regions}
        return [
            n for n, seen_from in self.graph.viewpoints.items() if not near.isdisjoint(seen_from)
        ]

    def said_words(self) -> Iterator[str]:
        """The words of the request, and as many in a row as may call something."""
        said = _SAID.findall(self.handles.neutralize(self.request).lower())
        for start in range(len(said)):
            for end in range(start + 1, min(start + _MAX_CALLED, len(said)) + 1):
                yield ' '.join(said[start:end])

    def finish(self, reply: Part | None) -> Lark:
        """The grammar of a reply, `goal : steps`.

        Raises:
            ValueError: nothing can be said.
        """
        return self.writer.finish(in_order(optional(words(' ')), reply))


def write_replies(
    grammar: ReplyGrammar,
    table: ActionTable,
    goals: Sequence[str],
    possible: Sequence[Action] | None = None,
    most_steps: int = MOST_STEPS,
) -> Part | None:
    """A goal that begins with one of some words, any where there are none; and steps, of which the
    last one brings news or ends.

    Args:
        grammar: what it is written with.
        table: the actions.
        goals: the words.
        possible: the actions on nodes that may be said; None for all whose nodes are of the right
            kind and can be reached.
        most_steps: so many at most.
    """
    arguments = {
        ArgumentKind.REGION: grammar.writer.define('REGION', grammar.nodes(grammar.near_regions)),
        ArgumentKind.OBJECT: grammar.writer.define('OBJECT', grammar.nodes(grammar.near_objects)),
        ArgumentKind.X_M: COORDINATE,
        ArgumentKind.Y_M: COORDINATE,
        ArgumentKind.RADIUS_M: RADIUS,
    }
    near = grammar.nodes([*grammar.near_regions, *grammar.near_objects])
    arguments[ArgumentKind.NODE] = grammar.writer.define('NODE', near)
    known = grammar.writer.define('KNOWN', grammar.nodes(grammar.graph.nodes))
    piece = grammar.writer.define('PIECE', text_piece(known))
    said = in_order('"', pieces(piece, _MAX_TEXT_WORDS), '"')

    def write(spec: ActionSpec) -> Part | None:
        nodes = [argument for argument in spec.arguments if argument.kind.is_node]
        others = [argument for argument in spec.arguments if argument not in nodes]
        if nodes and possible is not None:
            on = (a for a in possible if a.name == spec.name)
            texts = (' '.join(map(grammar.handles.write, table.nodes_of(a))) for a in on)
            written = [one_text_of(texts), *(_write_argument(a, arguments, said) for a in others)]
        else:
            written = [_write_argument(a, arguments, said) for a in spec.arguments]
        step = in_order(spec.said, *(in_order(' ', part) for part in written))
        return grammar.writer.define(f'DO_{spec.name.upper()}', step)

    go_on = [write(spec) for spec in table.values() if not spec.ends_turn and not spec.ends_mission]
    last = [write(spec) for spec in table.values() if spec.ends_turn or spec.ends_mission]
    before = repeated(in_order(one_of(go_on), ' ; '), 0, most_steps - 1)
    goal_word = grammar.writer.define('GOAL_WORD', _GOAL_WORD)
    begins = one_text_of(goals) or goal_word
    # A name in a goal is written as its node is.
    more = repeated(in_order(' ', one_of([goal_word, known])), 0, _MAX_GOAL_WORDS)
    # One terminal up to the colon: the lexer takes the longest and does not go back.
    goal = grammar.writer.define('GOAL', in_order(begins, more, ' : '))
    return in_order(goal, before, one_of(last or go_on))


def _write_argument(
    spec: ArgumentSpec, arguments: Mapping[ArgumentKind, Part | None], text: Part | None
) -> Part | None:
    if spec.kind is not ArgumentKind.TEXT:
        return arguments[spec.kind]
    return one_text_of(spec.sayings) if spec.sayings else text
