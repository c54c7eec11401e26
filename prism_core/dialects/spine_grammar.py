# SPDX-License-Identifier: Apache-2.0
"""The grammar of SPINE's four-key replies, on one known graph: JSON of which the plan is steps of
the action table with known nodes of the right kind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from prism_core.dialects.language import Language
from prism_core.dialects.plain_text import COORDINATE, RADIUS, WORD, most_pieces, pieces, text_piece
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import ActionSpec, ArgumentKind, ArgumentSpec
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
)
from prism_core.plan.steps import render_argument
from prism_core.plan.validation import MAX_TEXT_CHARS

_MAX_NAMES = 6
_MAX_GOAL_WORDS = 6
_MAX_QUERY_WORDS = 10
_MAX_REASONING_WORDS = 12
_MAX_REPORT_WORDS = 30
_MAX_LAST_WORDS = 4
_SHORT_WORD = pattern('[A-Za-z]{1,3}', 3)
_QUOTE = r'\"'


def write_spine_grammar(graph: SceneGraph, language: Language, *, is_brief: bool = False) -> Lark:
    """The grammar of a reply; its texts name known nodes only. A brief one has neither relevant
    graph nor reasoning.
    """
    writer, table = GrammarWriter(), language.table
    arguments: dict[ArgumentKind, Part | None] = {
        ArgumentKind.REGION: writer.define('REGION', _named(graph.regions, render_argument)),
        ArgumentKind.OBJECT: writer.define('OBJECT', _named(graph.objects, render_argument)),
        ArgumentKind.NODE: writer.define('NODE', _named(graph.nodes, render_argument)),
        ArgumentKind.X_M: COORDINATE,
        ArgumentKind.Y_M: COORDINATE,
        ArgumentKind.RADIUS_M: RADIUS,
    }
    nodes = writer.define('NAME', _named(graph.nodes))
    # Word by word: a lexer that has begun with `living room` takes no `living being`.
    words = [word for name in graph.nodes for word in name.split()]
    piece = writer.define('PIECE', text_piece(writer.define('SAID', _named(words))))
    quoted = writer.define('QUOTED', _named(words, _in_json))
    quoted_piece = writer.define('QUOTED_PIECE', text_piece(quoted))
    query = _text_argument(_short_text(quoted_piece, _MAX_QUERY_WORDS))
    report = _text_argument(
        one_of([_short_text(quoted_piece, _MAX_REPORT_WORDS), _list_text(quoted_piece)])
    )
    step = one_of(
        _step(spec, {**arguments, ArgumentKind.TEXT: query})
        for spec in table.values()
        if not spec.ends_mission
    )
    end = one_of(
        _step(spec, {**arguments, ArgumentKind.TEXT: report})
        for spec in table.values()
        if spec.ends_mission
    )
    before = writer.define('step', in_order(step, ', '))
    last = writer.define('last', one_of([step, end]))

    said = _short_text(piece, _MAX_GOAL_WORDS)
    kind = one_text_of(language.goals)
    goal = one_of([in_order(kind, optional(in_order(' ', said))), said])
    reasoning = optional(_short_text(piece, _MAX_REASONING_WORDS))
    name = in_order('"', nodes, '"')
    names = optional(
        in_order(name, repeated(in_order(', ', name), 0, max(_MAX_NAMES, language.most_steps) - 1))
    )
    return writer.finish(
        in_order(
            '{"primary_goal": "',
            goal,
            '", "relevant_graph": [',
            '' if is_brief else names,
            '], "reasoning": "',
            '' if is_brief else reasoning,
            '", "plan": "[',
            repeated(before, 0, language.most_steps - 1),
            last,
            ']"}',
        )
    )


def _in_json(text: str) -> str:
    """A text as it stands in a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _named(names: Iterable[str], write: Callable[[str], str] = str) -> Part | None:
    """Any one of some names, written somehow within the JSON of the reply."""
    return one_text_of(_in_json(write(name)) for name in names)


def _short_text(piece: Part | None, most: int) -> Part | None:
    longest_piece = piece.longest if piece else 1
    return pieces(piece, most_pieces(longest_piece, MAX_TEXT_CHARS, most))


def _list_text(piece: Part | None) -> Part | None:
    """A longer text of words, every second one short, such as of many classes joined by 'or'."""
    end = pieces(piece, _MAX_LAST_WORDS)
    pair = in_order(WORD, optional(in_order(' ', _SHORT_WORD)), ' ')
    if end is None or pair is None:
        return None
    most = (MAX_TEXT_CHARS - end.longest) // pair.longest
    return in_order(repeated(pair, 1, most), end) if most > 0 else None


def _text_argument(text: Part | None) -> Part | None:
    """A text of a step, quoted within the JSON string, or a single word as it is."""
    return one_of([WORD, in_order(_QUOTE, text, _QUOTE)])


def _step(spec: ActionSpec, arguments: dict[ArgumentKind, Part | None]) -> Part | None:
    return in_order(f'{spec.name}(', *_arguments(spec.arguments, arguments), ')')


def _arguments(
    specs: tuple[ArgumentSpec, ...], arguments: dict[ArgumentKind, Part | None]
) -> Iterator[Part | str | None]:
    for index, spec in enumerate(specs):
        if index:
            yield ', '
        yield arguments[spec.kind]
