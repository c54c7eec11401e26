# SPDX-License-Identifier: Apache-2.0
"""What a SceneNode message carries beside name, type, position and description, as attributes.

Fields of the message have attribute names of their own and are left out at their default; the
message's key-value pairs are the remaining attributes, their values as text. A value that is no
text travels as JSON and comes back as what it was. In a NodeAttributes message every attribute is a
key-value pair, and so is the description.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from diagnostic_msgs.msg import KeyValue

from prism_core import Node, SceneGraphError, quote
from prism_msgs.msg import NodeAttributes

_MAX_SHORT_TEXT_CHARS = 64  # semantic_class and source, prism_msgs/SceneNode
_MAX_FLOAT32 = 3.402823466e38  # as rosidl bounds a float32
_MAX_DEPTH = 13  # a value nested deeper could be saved with its graph, but not loaded again


class _Field(NamedTuple):
    """How one field of the message is read and written as an attribute."""

    default: Any
    read: Callable[[Any], Any]
    write: Callable[[Any, Any], None]
    fits: Callable[[Any], bool]
    """Whether an attribute's value can be written to the field without loss of meaning."""


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
    )


def _is_single_number(value: Any) -> bool:
    return _is_number(value) and abs(value) <= _MAX_FLOAT32


def _is_short_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_SHORT_TEXT_CHARS and '\0' not in value


def _are_numbers(count: int) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, (list, tuple)) and len(value) == count and all(map(_is_number, value))
    )


def _is_time(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) == 2
        and all(isinstance(part, int) and not isinstance(part, bool) for part in value)
        and -(2**31) <= value[0] < 2**31
        and 0 <= value[1] < 10**9
    )


def _height_m(position: Any) -> float:
    """z, which says nothing where nothing is known of the position."""
    return 0.0 if all(map(math.isnan, (position.x, position.y, position.z))) else position.z


def _write_numbers(target: Any, names: str, values: Any) -> None:
    for name, value in zip(names, values):
        setattr(target, name, float(value))


def _write_time(message: Any, value: Any) -> None:
    message.last_seen.sec, message.last_seen.nanosec = value


_FIELDS = {
    'semantic_class': _Field(
        '',
        lambda m: m.semantic_class,
        lambda m, value: setattr(m, 'semantic_class', value),
        _is_short_text,
    ),
    'z_m': _Field(
        0.0,
        lambda m: _height_m(m.pose.position),
        lambda m, value: setattr(m.pose.position, 'z', float(value)),
        _is_number,
    ),
    'orientation': _Field(
        [0.0, 0.0, 0.0, 1.0],
        lambda m: [getattr(m.pose.orientation, name) for name in 'xyzw'],
        lambda m, value: _write_numbers(m.pose.orientation, 'xyzw', value),
        _are_numbers(4),
    ),
    'extent_m': _Field(
        [0.0, 0.0, 0.0],
        lambda m: [m.extent.x, m.extent.y, m.extent.z],
        lambda m, value: _write_numbers(m.extent, 'xyz', value),
        _are_numbers(3),
    ),
    'confidence': _Field(
        1.0,
        lambda m: m.confidence,
        lambda m, value: setattr(m, 'confidence', float(value)),
        _is_single_number,
    ),
    'last_seen': _Field(
        [0, 0],
        lambda m: [m.last_seen.sec, m.last_seen.nanosec],
        _write_time,
        _is_time,
    ),
    'source': _Field(
        '', lambda m: m.source, lambda m, value: setattr(m, 'source', value), _is_short_text
    ),
}


def read_attributes(message: Any) -> dict[str, Any]:
    """The attributes of a SceneNode message.

    Raises:
        SceneGraphError: a field holds a number that is not finite or a text that is too long, a key
            comes twice, or a key is the name of a field.
    """
    attributes = {}
    for key, field in _FIELDS.items():
        value = field.read(message)
        if value == field.default:
            continue
        if not field.fits(value):
            raise SceneGraphError(f'node {quote(message.id)}: {key} cannot be {str(value)[:80]}')
        attributes[key] = value
    for pair in message.attributes:
        value = decode_value(pair.value)
        is_field = pair.key in _FIELDS and _FIELDS[pair.key].fits(value)
        if pair.key in attributes or is_field:
            raise SceneGraphError(
                f'node {quote(message.id)}: attribute {quote(pair.key)} comes twice or belongs in '
                'the field of that name'
            )
        attributes[pair.key] = value
    return attributes


def write_attributes(message: Any, attributes: Mapping[str, Any]) -> None:
    """Write attributes into the fields and key-value pairs of a SceneNode message."""
    for key, value in attributes.items():
        field = _FIELDS.get(key)
        if field is not None and field.fits(value):
            field.write(message, value)
        else:
            message.attributes.append(KeyValue(key=key, value=encode_value(value)))


def changes_from_message(message: NodeAttributes) -> tuple[str, dict[str, Any]]:
    """The name of a node, and which of its attributes a NodeAttributes message sets.

    Raises:
        SceneGraphError: a key comes twice, or no node can have such a name or such attributes.
    """
    changes: dict[str, Any] = {}
    for pair in message.attributes:
        if pair.key in changes:
            raise SceneGraphError(
                f'node {quote(message.id)}: attribute {quote(pair.key)} comes twice'
            )
        is_text = pair.key == 'description'
        changes[pair.key] = pair.value if is_text else decode_value(pair.value)
    Node(message.id, 'region', (0.0, 0.0)).with_attributes(changes)
    return message.id, changes


def changes_to_message(name: str, changes: Mapping[str, Any]) -> NodeAttributes:
    """Write which attributes of a node are set."""
    pairs = [
        KeyValue(key=key, value=value if key == 'description' else encode_value(value))
        for key, value in changes.items()
    ]
    return NodeAttributes(id=name, attributes=pairs)


def encode_value(value: Any) -> str:
    """A JSON value as text: texts as they are, unless they would not come back as they are."""
    return value if isinstance(value, str) and _travels_bare(value) else json.dumps(value)


def decode_value(text: str) -> Any:
    """The value that `encode_value` made the text from; any other text stands for itself.

    So does a value that could not be saved with its graph and loaded again.
    """
    if text[:1] not in ('"', '[', '{', '-', 't', 'f', 'n') and not text[:1].isdigit():
        return text
    try:
        value = json.loads(text, parse_int=_read_integer, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()  # fails at half of a surrogate pair
        is_encoded = json.dumps(value) == text and _depth(value) <= _MAX_DEPTH
    except (ValueError, RecursionError):
        return text
    if isinstance(value, str):
        is_encoded = is_encoded and not _travels_bare(value)
    return value if is_encoded else text


def _travels_bare(text: str) -> bool:
    return '\0' not in text and decode_value(text) == text


def _read_integer(digits: str) -> int:
    value = int(digits)
    return value if _is_number(value) else _refuse(digits)


def _refuse(number: str) -> Any:
    raise ValueError(number)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0
