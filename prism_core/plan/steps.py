# SPDX-License-Identifier: Apache-2.0
"""The steps of a plan as text, such as `goto(field_1), inspect(truck_1, "is the door open?")`.

Knows how arguments are cut and typed by the action table; knows nothing of the JSON around them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from prism_core.errors import PlanParseError
from prism_core.plan.actions import Action, ActionTable, Argument, ArgumentKind

_STEP_START = re.compile(r'\s*([A-Za-z_]\w*)\s*\(')
_NOT_BETWEEN_STEPS = re.compile(r'[^\s,;]')
_DELIMITER = re.compile(r'[(),]')
_NOT_SPACE = re.compile(r'\S')
# Each text matches in one way only: a long one that fails costs no more than its length.
_NUMBER = re.compile(r'[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|inf|nan)', re.ASCII)
_LISTED_NAME = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,;][^,;]*', re.DOTALL)
_PLAIN = re.compile(r'[A-Za-z0-9_.\-]+')
# A quote ends an argument where a comma or the closing parenthesis follows; escapes are stepped
# over.
_CLOSING = {quote: re.compile(rf'\\.|{quote}(?=\s*[,)])', re.DOTALL) for quote in '"\''}


class _Span(NamedTuple):
    """Where one argument stands in the text, spaces around it cut off."""

    start: int
    end: int
    is_quoted: bool


def render_steps(actions: Sequence[Action]) -> str:
    """Write actions as text: numbers and plain words bare, everything else as a JSON string."""
    return ', '.join(
        f'{action.name}({", ".join(map(render_argument, action.arguments))})' for action in actions
    )


def render_argument(value: Argument) -> str:
    """Write one argument: a number or a plain word bare, such as `truck_1`; any other text, such as
    a name that reads as a number, as a JSON string.
    """
    if isinstance(value, str):
        is_bare = _PLAIN.fullmatch(value) and not _NUMBER.fullmatch(value)
        return value if is_bare else json.dumps(value, ensure_ascii=False)
    return repr(float(value)).removesuffix('.0')


def parse_steps(text: str, table: ActionTable) -> list[Action]:
    """Read the steps of a plan, with or without brackets around them.

    Arguments are cut and typed as the table says: the last text takes commas, quotes and balanced
    parentheses as they come. What does not fit the table is kept as it stands.

    Raises:
        PlanParseError: a step is not `name(arguments)`.
    """
    text = text.strip()
    text = text.removeprefix('[').removesuffix(']')
    actions = []
    position = _skip_to(_NOT_BETWEEN_STEPS, text, 0)
    while position < len(text):
        start = _STEP_START.match(text, position)
        if start is None:
            raise _unreadable(text, position)
        spans, position = _cut_arguments(text, start.end())
        actions.append(_make_action(start[1], spans, text, table))
        after = position
        position = _skip_to(_NOT_BETWEEN_STEPS, text, position)
        if position == after and position < len(text):
            raise _unreadable(text, position)
    return actions


def parse_names(text: str) -> list[str]:
    """Read a list of names with or without brackets around it, such as `[field_1, "O(12)"]`; where
    neither commas nor quotes part them, white space does.
    """
    text = text.strip().removeprefix('[').removesuffix(']')
    if not any(sign in text for sign in ',;"\''):
        return text.split()
    found = (match[0].strip() for match in _LISTED_NAME.finditer(text))
    return [name for raw in found if (name := _unquote(raw) if _is_in_quotes(raw) else raw)]


def _skip_to(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.search(text, position)
    return len(text) if found is None else found.start()


def _unreadable(text: str, position: int) -> PlanParseError:
    return PlanParseError(
        f'could not read the step at {text[position : position + 60].strip()!r}: '
        'expected name(arguments)'
    )


def _cut_arguments(text: str, position: int) -> tuple[list[_Span], int]:
    """The arguments from behind the opening parenthesis, and where the text goes on behind the
    closing one.
    """
    opened = position
    spans = []
    # Quotes that no later quote closes: looked for once, so that cutting stays linear.
    unclosed: set[str] = set()
    while True:
        start = _skip_to(_NOT_SPACE, text, position)
        end = None
        quote = text[start : start + 1]
        if quote in _CLOSING and quote not in unclosed:
            closing = (m for m in _CLOSING[quote].finditer(text, start + 1) if m[0] == quote)
            end = next((m.end() for m in closing), None)
            if end is None:
                unclosed.add(quote)
        is_quoted = end is not None
        delimiter = _find_delimiter(text, start if end is None else end)
        if delimiter is None:
            raise PlanParseError(
                f'the parenthesis opened before {text[opened : opened + 60]!r} is never closed'
            )
        if end is None:
            end = start + len(text[start:delimiter].rstrip())
        spans.append(_Span(start, end, is_quoted))
        position = delimiter + 1
        if text[delimiter] == ')':
            is_empty = len(spans) == 1 and end == start
            return ([] if is_empty else spans), position


def _find_delimiter(text: str, position: int) -> int | None:
    """The next comma or closing parenthesis outside balanced parentheses."""
    depth = 0
    for match in _DELIMITER.finditer(text, position):
        if match[0] == '(':
            depth += 1
        elif depth == 0:
            return match.start()
        elif match[0] == ')':
            depth -= 1
    return None


def _make_action(name: str, spans: list[_Span], text: str, table: ActionTable) -> Action:
    spec = table.get(name)
    if spec is None:
        return Action(name, tuple(_read_argument(text, span, None) for span in spans))
    kinds: list[ArgumentKind | None] = [argument.kind for argument in spec.arguments]
    if ArgumentKind.TEXT in kinds and len(spans) > len(kinds):
        last = len(kinds) - 1
        spans = [*spans[:last], _Span(spans[last].start, spans[-1].end, False)]
    kinds += [None] * (len(spans) - len(kinds))
    values = [_read_argument(text, span, kind) for span, kind in zip(spans, kinds)]
    if len(values) >= spec.required:
        left_out = spec.arguments[len(values) :]
        values += [argument.default for argument in left_out if argument.default is not None]
    return Action(name, tuple(values))


def _read_argument(text: str, span: _Span, kind: ArgumentKind | None) -> Argument:
    raw = text[span.start : span.end]
    if span.is_quoted or (kind is ArgumentKind.TEXT and _is_in_quotes(raw)):
        return _unquote(raw)
    is_number = kind is None or kind.is_number
    return float(raw) if is_number and _NUMBER.fullmatch(raw) else raw


def _is_in_quotes(raw: str) -> bool:
    return len(raw) > 1 and raw[0] == raw[-1] and raw[0] in _CLOSING


def _unquote(raw: str) -> str:
    if raw[0] == '"':
        try:
            return json.loads(raw, strict=False)
        except ValueError:
            pass
    return re.sub(r'\\(.)', r'\1', raw[1:-1], flags=re.DOTALL)
