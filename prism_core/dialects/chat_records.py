# SPDX-License-Identifier: Apache-2.0
"""The conversations in a log, whatever the form of the file: one JSON value after the other.

Knows JSON Lines, lists of messages as SPINE's logger writes them (which overwrites its file without
cutting it, so that pieces of an older log may stand behind the list), rows of `messages`,
`conversations` or `prompt` and `completion`. Knows nothing of what the messages say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prism_core.dialects.conversation import Message
from prism_core.graph.elements import quote
from prism_core.json_text import DoubledKey, decode_json

_SPACE = re.compile(r'[\s,]*')
_LINE_END = re.compile(r'\n|\Z')
# A line that opens like this is a row of its own; others are pieces of what stands before them.
_ROW_START = re.compile(r'[\[{]\s*["{\[]')
# Roles as chat endpoints and as the ShareGPT form call them.
_ROLES = {
    'system': 'system',
    'developer': 'system',
    'user': 'user',
    'human': 'user',
    'assistant': 'assistant',
    'gpt': 'assistant',
}


@dataclass(frozen=True)
class Record:
    """A conversation and the line that it begins in, or the fault by which it is none."""

    line: int
    messages: tuple[Message, ...] = ()
    fault: str = ''


def read_records(text: str) -> Iterator[Record]:
    """Each record of a log in the order of the text; what cannot be read is a record with a fault.

    Pieces that follow each other and begin no row make one record.
    """
    line, counted, in_pieces = 1, 0, False
    at = _skip(text, 0)
    while at < len(text):
        line, counted = line + text.count('\n', counted, at), at
        try:
            value, end = decode_json(text, at) if text[at] in '[{' else (None, at)
        except DoubledKey as error:
            in_pieces = True
            yield Record(line, fault=str(error))
            at = _skip(text, _LINE_END.search(text, at).end())  # type: ignore[union-attr]
            continue
        except (ValueError, RecursionError):
            value, end = None, at
        if isinstance(value, (list, dict)) and not _is_message(value):
            in_pieces = False
            yield from _records_of(value, line)
        else:
            end = max(end, _LINE_END.search(text, at).end())  # type: ignore[union-attr]
            if not in_pieces or (value is None and _ROW_START.match(text, at)):
                in_pieces = True
                yield Record(line, fault=f'not a JSON record: {quote(text[at : at + 60])}')
        at = _skip(text, end)


def _skip(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and 'role' in value and 'content' in value


def _records_of(value: Any, line: int) -> Iterator[Record]:
    """The records of a JSON value: of a list of rows, each of its rows."""
    is_messages = isinstance(value, list) and any(map(_is_message, value))
    if isinstance(value, list) and not is_messages:
        if not value:
            yield Record(line, fault='no conversation: the list is empty')
        for item in value:
            yield _record_of(item, line)
    else:
        yield _record_of(value, line)


def _record_of(value: Any, line: int) -> Record:
    try:
        return Record(line, tuple(_read_message(item) for item in _message_list(value)))
    except ValueError as error:
        return Record(line, fault=f'no conversation: {error}')


def _message_list(value: Any) -> list:
    messages = value
    if isinstance(value, dict):
        messages = value.get('messages', value.get('conversations'))
        if messages is None and 'prompt' in value:
            messages = [
                *_as_messages(value['prompt'], 'user'),
                *_as_messages(value.get('completion'), 'assistant'),
            ]
    if not isinstance(messages, list):
        raise ValueError(
            f'expected messages, conversations, or prompt and completion, got {quote(value)}'
        )
    return messages


def _as_messages(value: Any, role: str) -> list:
    return value if isinstance(value, list) else [{'role': role, 'content': value}]


def _read_message(item: Any) -> Message:
    if not isinstance(item, dict):
        raise ValueError(f'expected a message with role and content, got {quote(item)}')
    said_role = item.get('role', item.get('from'))
    role = _ROLES.get(said_role) if isinstance(said_role, str) else None
    if role is None:
        raise ValueError(f'expected role system, user or assistant, got {quote(said_role)}')
    content = item.get('content', item.get('value'))
    if isinstance(content, list):  # the parts of a message, as endpoints take them
        content = ''.join(_text_of(part) for part in content)
    if not isinstance(content, str):
        raise ValueError(f'expected a text as content, got {quote(content)}')
    try:
        content.encode()
    except UnicodeEncodeError:
        raise ValueError('the text holds half of a surrogate pair') from None
    return {'role': role, 'content': content}


def _text_of(part: Any) -> str:
    if not isinstance(part, dict) or not isinstance(part.get('text'), str):
        raise ValueError(f'expected text as content, got {quote(part)}')
    return part['text']
