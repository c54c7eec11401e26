# SPDX-License-Identifier: Apache-2.0
"""One parameter of a node: description, range, choices, and how a value is read. Knows no ROS."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from typing import Any, Literal

from prism_core import MAX_NAME_CHARS, is_name

FIXED = {
    'no': '',
    'configured': 'fixed once the node is configured',
    'started': 'fixed when the node starts',
}
"""Until when a parameter may change, as descriptors and refusals say it."""

_KINDS = {bool: 'true or false', int: 'a whole number', float: 'a number', str: 'a text'}
_SHOWN_CHARS = 80


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter: name, default (which fixes the type), meaning with unit, what is allowed.

    `range` bounds a number, ends included; `choices` are the texts that are allowed, () for any;
    `is_node_name` allows what a node of a scene graph can be called, and ''.
    `fixed` says when the value freezes; what decides over files and code does so when the node
    starts, since any participant may set parameters later. A list must not be empty: ROS could not
    tell its type.
    """

    name: str
    default: Any
    description: str
    range: tuple[float, float] | None = None
    fixed: Literal['no', 'configured', 'started'] = 'no'
    choices: tuple[str, ...] = ()
    is_node_name: bool = False

    @property
    def constraints(self) -> str:
        """What else is to be kept to, in words; '' for nothing."""
        notes = (
            FIXED[self.fixed],
            'at least one' if isinstance(self.default, list) else '',
            f'one of {", ".join(self.choices)}' if self.choices else '',
        )
        return '; '.join(filter(None, notes))

    def convert(self, value: Any) -> Any:
        """The value in the type of the parameter: a whole number is a number too.

        Raises:
            ValueError: it has another type or is out of range, in one sentence.
        """
        value = list(value) if isinstance(value, (tuple, array)) else value
        if isinstance(self.default, list):
            items = value if isinstance(value, list) else []
            converted: Any = [_convert(type(self.default[0]), item) for item in items]
            fits = bool(items) and None not in converted
        else:
            converted = _convert(type(self.default), value)
            low, high = self.range or (-math.inf, math.inf)
            fits = converted is not None and (self.range is None or low <= converted <= high)
            fits = fits and (not self.choices or converted in self.choices)
            fits = fits and not (self.is_node_name and converted and not is_name(converted))
        if not fits:
            raise ValueError(f'{self.name}: expected {self._expected}, got {_show(value)}')
        return converted

    @property
    def _expected(self) -> str:
        if isinstance(self.default, list):
            return f'a list of at least one {_KINDS[type(self.default[0])].removeprefix("a ")}'
        if self.choices:
            return f'one of {", ".join(self.choices)}'
        if self.is_node_name:
            return f"'' or a name of at most {MAX_NAME_CHARS} printable characters"
        kind = _KINDS[type(self.default)]
        return f'{kind} from {self.range[0]:g} to {self.range[1]:g}' if self.range else kind


def _convert(kind: type, value: Any) -> Any:
    """The value in this type; None if it has another one or is not finite."""
    if kind is float and type(value) is int:
        value = float(value)
    is_finite = not isinstance(value, float) or math.isfinite(value)
    return value if type(value) is kind and is_finite else None


def _show(value: Any) -> str:
    if value is None or value == []:
        return 'an empty list'
    if isinstance(value, bool):
        return str(value).lower()
    return ('the text ' if isinstance(value, str) else '') + repr(value)[:_SHOWN_CHARS]


AUTOSTART = ParameterSpec(
    'autostart', True, 'Configure and activate the node when it starts.', fixed='started'
)

INTROSPECTION_MODE = ParameterSpec(
    'introspection_mode',
    'disabled',
    'What is told of each call on topics <service>/_service_event: that it came (metadata), or '
    'what was asked and answered, too (contents). Needs Jazzy or later.',
    choices=('disabled', 'metadata', 'contents'),
)
