# SPDX-License-Identifier: Apache-2.0
"""JSON that people and programs wrote: read so that nothing of it is lost in silence.

The standard readers keep the last of two equal keys and say nothing; here that is an error with
its place. A byte order mark in front is passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_MARK = '\ufeff'
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)
_COLON = re.compile(r'\s*:')


class DoubledKey(ValueError):
    """An object holds one key twice; the message says which key, in which object, and where."""


def load_json(text: str) -> Any:
    """What JSON makes of a text.

    Raises:
        ValueError: it is not JSON; `DoubledKey`, where an object holds a key twice.
        RecursionError: it is nested too deeply.
    """
    text = text.removeprefix(_MARK)
    try:
        return _STRICT.decode(text)
    except _Doubled:
        raise _place_doubled(text, 0) from None


def check_json(text: str) -> str:
    """A text for another reader of JSON, without the byte order mark.

    Raises:
        DoubledKey: an object holds a key twice; what else is wrong, the other reader says.
    """
    try:
        load_json(text)
    except DoubledKey:
        raise
    except (ValueError, RecursionError):
        pass
    return text.removeprefix(_MARK)


def decode_json(text: str, at: int, *, strict: bool = True) -> tuple[Any, int]:
    """The JSON value that begins at a character of a text, and where it ends.

    Args:
        text: holds more than the value.
        at: its first character.
        strict: whether line ends and other control characters in texts are refused.

    Raises:
        ValueError, RecursionError: as `load_json`.
    """
    try:
        return (_STRICT if strict else _LENIENT).raw_decode(text, at)
    except _Doubled:
        raise _place_doubled(text, at) from None


class _Doubled(Exception):
    """A key came twice; where is found afterwards, so that reading stays fast."""


def _as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise _Doubled
    return data


_STRICT = json.JSONDecoder(object_pairs_hook=_as_object)
_LENIENT = json.JSONDecoder(object_pairs_hook=_as_object, strict=False)


def _place_doubled(text: str, at: int) -> DoubledKey:
    """The error about the first key of a value that comes twice in its object."""
    key, place, first, second = next(_doubled_keys(text, at))
    inside = f' in {place}' if place else ''
    return DoubledKey(
        f'expected each key of an object once, got {json.dumps(key)} twice{inside}, at '
        f'{_line_and_column(text, first)} and {_line_and_column(text, second)}; keep one of them'
    )


def _doubled_keys(text: str, at: int) -> Iterator[tuple[str, str, int, int]]:
    """Each key that comes twice, its object's place, and where the two begin."""
    # For each open object its keys, for each open list nothing; and where in it the reader is.
    opened: list[dict[str, int] | None] = []
    steps: list[str | int] = []
    for token in _TOKEN.finditer(text, at):
        sign = token[0][0]
        if sign in '{[':
            opened.append({} if sign == '{' else None)
            steps.append('' if sign == '{' else 0)
        elif sign in '}]':
            opened.pop()
            steps.pop()
        elif sign == ',':
            if isinstance(step := steps[-1], int):
                steps[-1] = step + 1
        elif (keys := opened[-1]) is not None and _COLON.match(text, token.end()):
            key = json.loads(token[0], strict=False)
            if key in keys:
                yield key, _render_place(steps[:-1]), keys[key], token.start()
            keys[key] = token.start()
            steps[-1] = key


def _render_place(steps: list[str | int]) -> str:
    parts = (f'[{step}]' if isinstance(step, int) else f'.{step}' for step in steps)
    return ''.join(parts).removeprefix('.')


def _line_and_column(text: str, at: int) -> str:
    line, column = text.count('\n', 0, at) + 1, at - text.rfind('\n', 0, at)
    return f'line {line} column {column}'
