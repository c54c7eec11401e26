# SPDX-License-Identifier: Apache-2.0
"""Parameter files as ROS reads them, with the line of everything in them. Knows no ROS.

Its own parser tells numbers, texts and yes or no apart in another way than YAML, and refuses a
whole file for some faults. Source: `get_value` and `parse_value` in
rcl_yaml_param_parser/src/parse.c of https://github.com/ros2/rcl.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

_TRUE = {'y', 'Y', *('yes', 'Yes', 'YES'), *('true', 'True', 'TRUE'), *('on', 'On', 'ON')}
_FALSE = {'n', 'N', *('no', 'No', 'NO'), *('false', 'False', 'FALSE'), *('off', 'Off', 'OFF')}
_INT = re.compile(r'[+-]?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)')
_FLOAT = re.compile(r'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?')
_HEX_FLOAT = re.compile(r'[+-]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)([pP][+-]?[0-9]+)?')
_NOT_FINITE = re.compile(r'([+-]?)(?i:(inf)(?:inity)?|nan(?:\([0-9a-z_]*\))?)')
_DOTTED = re.compile(r'\.(nan|NaN|NAN)|[+-]?\.(inf|Inf|INF)')


class RosRefuses(Exception):
    """ROS refuses a file with this, all of it."""

    def __init__(self, mark: yaml.Mark, sentence: str):
        self.line = mark.line + 1
        super().__init__(sentence)


class RosScalar(yaml.ScalarNode):
    """A value, and whether it is a text whatever it looks like."""

    is_text: bool


class RosLoader(yaml.SafeLoader):
    """Composes nodes as ROS does."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Read a node; ROS takes no alias."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise RosRefuses(event.start_mark, f'ROS takes no alias: *{event.anchor}; write it out')
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor: Any) -> RosScalar:
        """Read a value; quotes and the tag !!str make it a text."""
        event = self.get_event()
        node = RosScalar(event.tag, event.value, event.start_mark, event.end_mark)
        node.is_text = event.style in ("'", '"') or event.tag == 'tag:yaml.org,2002:str'
        return node


def read_parameters(
    mapping: yaml.MappingNode, names: tuple[str, ...]
) -> Iterator[tuple[str, int, Any]]:
    """Name, line and value of each parameter, or why ROS refuses it; nested mappings are parts of
    names.
    """
    for key, value in mapping.value:
        path = (*names, key_of(key))
        if isinstance(value, yaml.MappingNode) and value.value:
            yield from read_parameters(value, path)
            continue
        name = '.'.join(path)
        try:
            yield name, key.start_mark.line + 1, _value_of(name, value)
        except RosRefuses as error:
            yield name, error.line, error


def key_of(node: yaml.Node) -> str:
    """The text of a key.

    Raises:
        RosRefuses: it is none.
    """
    if not isinstance(node, yaml.ScalarNode) or not node.value:
        raise RosRefuses(node.start_mark, f'expected a name, got {show(node)}')
    return node.value


def _value_of(name: str, node: yaml.Node) -> Any:
    """The value as ROS reads it; None for an empty list, whose type ROS cannot tell."""
    if isinstance(node, RosScalar):
        if not node.value and not node.is_text:
            raise RosRefuses(
                node.start_mark, f"{name}: expected a value, got none; '' is an empty text"
            )
        return node.value if node.is_text else read_scalar(node.value)
    if isinstance(node, yaml.MappingNode):
        raise RosRefuses(node.start_mark, f'{name}: expected a value, got an empty mapping')
    items = []
    for item in node.value:
        if not isinstance(item, yaml.ScalarNode):
            raise RosRefuses(
                item.start_mark, f'{name}: expected a list of values, got {show(item)}'
            )
        items.append(_value_of(name, item))
    kinds = {type(item) for item in items}
    if len(kinds) > 1:
        numbers = '; write whole numbers as 1.0' if kinds == {int, float} else ''
        raise RosRefuses(
            node.start_mark, f'{name}: expected items of one type, got {items!r:.80}{numbers}'
        )
    return items or None


def read_scalar(text: str) -> bool | int | float | str:
    """What ROS takes an unquoted value for: yes or no, a whole number, a number, or a text."""
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if match := _INT.fullmatch(text):
        digits = match[1]
        base = 16 if digits[:2] in ('0x', '0X') else 8 if digits[0] == '0' else 10
        number = int(digits, base) * (-1 if text[0] == '-' else 1)
        if -(2**63) <= number < 2**63:
            return number
    if _FLOAT.fullmatch(text):
        return _in_range(float(text), text)
    if _HEX_FLOAT.fullmatch(text):
        try:
            return _in_range(float.fromhex(text), text)
        except OverflowError:
            return text
    if _DOTTED.fullmatch(text):
        return float(text.replace('.', ''))
    if match := _NOT_FINITE.fullmatch(text):
        return float(f'{match[1]}{"inf" if match[2] else "nan"}')
    return text


def _in_range(number: float, text: str) -> float | str:
    """The number; the text where C's strtod says that no double holds it."""
    mantissa = re.split('[pP]' if text.lstrip('+-')[:2] in ('0x', '0X') else '[eE]', text)[0]
    is_zero = not re.search('[1-9a-fA-F]', mantissa)
    is_tiny = abs(number) < 2.0**-1022 and not is_zero
    return text if math.isinf(number) or is_tiny else number


def show(node: yaml.Node) -> str:
    """What stands there, in words."""
    if isinstance(node, yaml.ScalarNode):
        return repr(node.value[:80]) if node.value else 'nothing'
    return 'a list' if isinstance(node, yaml.SequenceNode) else 'a mapping'
