# SPDX-License-Identifier: Apache-2.0
"""What is wrong with parameters, in one sentence each: those given at the start, and later ones.

Knows no ROS, so that a parameter file can be checked on any machine.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from prism_ros.parameter_spec import FIXED, ParameterSpec

_OF_ROS = ('qos_overrides.',)  # declared by rclpy at need
_WHERE = 'set it in the parameter file, at launch or on the command line'


def read_override(value: Any, spec: ParameterSpec) -> Any:
    """What launch, parameter file or command line gave, in the type of the parameter.

    Raises:
        ValueError: it does not fit; the sentence says where to set it.
    """
    try:
        return spec.convert(value)
    except ValueError as error:
        raise ValueError(f'{error}; {_WHERE}') from None


def read_change(
    name: str, value: Any, specs: Mapping[str, ParameterSpec], *, is_configured: bool
) -> Any:
    """What a call wants to set, in the type of the parameter; None asks to delete it.

    Raises:
        ValueError: there is no such parameter, it is fixed by now, or the value does not fit.
    """
    spec = specs.get(name)
    if spec is None:
        raise ValueError(name_unknown(name, specs))
    if spec.fixed == 'started':
        raise ValueError(f'{spec.name} is {FIXED[spec.fixed]}; {_WHERE}')
    if spec.fixed == 'configured' and is_configured:
        raise ValueError(f'{spec.name} is {FIXED[spec.fixed]}; clean the node up first')
    if value is None:
        raise ValueError(f'{spec.name} cannot be deleted; set it to another value')
    return spec.convert(value)


def find_unknown(given: Iterable[str], specs: Mapping[str, Any]) -> list[str]:
    """A sentence for each name that is no parameter."""
    unknown = (name for name in given if not is_known(name, specs))
    return [
        f'{name_unknown(name, specs)}; what was given has no effect' for name in sorted(unknown)
    ]


def is_known(name: str, specs: Mapping[str, Any]) -> bool:
    """Whether a node has such a parameter, or rclpy declares it at need."""
    return name in specs or name.startswith(_OF_ROS)


def name_unknown(name: str, specs: Mapping[str, Any]) -> str:
    """The sentence of a name that is no parameter, with the closest."""
    close = difflib.get_close_matches(name, specs, n=1)
    hint = f'the closest is {close[0]}' if close else f'expected one of {", ".join(sorted(specs))}'
    return f'there is no parameter {name[:80]!r}: {hint}'
