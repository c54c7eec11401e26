# SPDX-License-Identifier: Apache-2.0
"""What a page may ask for, read from the bodies of its requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prism_core.errors import PrismError
from prism_core.watch.watched import Approval, CommandReply, NewTask, RobotCommands

MAX_TASK_CHARS = 4096
MAX_REASON_CHARS = 256
_MAX_NAME_CHARS = 160
_HEX_OF_ID = 32


class CommandRefused(PrismError):
    """A body of a request that asks for nothing that can be done."""


def read_command(path: str, body: Any) -> Callable[[RobotCommands], CommandReply] | None:
    """What a request asks for, to be called with who does it; None where there is no such path.

    Raises:
        CommandRefused: the body does not say it as it should.
    """
    if path == '/stop':
        _read(body)
        return lambda robot: robot.stop()
    if path == '/approve':
        approval = Approval(**_read(body, plan_id=_id, step=_index, approve=_flag, reason=_reason))
        return lambda robot: robot.approve(approval)
    if path == '/task':
        task = NewTask(
            **_read(
                body,
                task=_task,
                continue_mission=_name,
                planner=_name,
                require_approval=_flag,
                dry_run=_flag,
            )
        )
        return lambda robot: robot.send(task)
    return None


def _read(body: Any, **fields: Callable[[str, Any], Any]) -> dict[str, Any]:
    """The fields that a body has; which of them it must have, their readers say."""
    if not isinstance(body, Mapping):
        raise CommandRefused('expected a JSON object')
    if unknown := body.keys() - fields.keys():
        raise CommandRefused(
            f'expected the fields {", ".join(fields) or "of an empty object"}, got '
            f'{", ".join(sorted(map(str, unknown)))[:80]!r}'
        )
    return {name: read(name, body.get(name)) for name, read in fields.items()}


def _text(name: str, value: Any, most: int) -> str:
    if value is None:
        return ''
    is_text = isinstance(value, str) and len(value) <= most and '\0' not in value
    if not is_text or any('\ud800' <= sign <= '\udfff' for sign in value):
        raise CommandRefused(f'{name}: expected a text of at most {most} characters')
    return value


def _task(name: str, value: Any) -> str:
    text = _text(name, value, MAX_TASK_CHARS)
    if not text.strip():
        raise CommandRefused(f"{name}: expected a task, such as 'inspect the truck', got none")
    return text


def _reason(name: str, value: Any) -> str:
    return _text(name, value, MAX_REASON_CHARS)


def _name(name: str, value: Any) -> str:
    return _text(name, value, _MAX_NAME_CHARS)


def _flag(name: str, value: Any) -> bool:
    is_missing = value is None and name != 'approve'
    if not is_missing and not isinstance(value, bool):
        raise CommandRefused(f'{name}: expected true or false, got {str(value)[:40]!r}')
    return bool(value)


def _index(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**16:
        raise CommandRefused(f'{name}: expected a number from 0 to 65535, got {str(value)[:40]!r}')
    return value


def _id(name: str, value: Any) -> str:
    signs = set('0123456789abcdef')
    if not isinstance(value, str) or len(value) != _HEX_OF_ID or not signs.issuperset(value):
        raise CommandRefused(f'{name}: expected {_HEX_OF_ID} hexadecimal digits')
    return value
