"""What is wrong with parameters, in one sentence each: those given at the start, and later ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from rclpy.parameter import Parameter

from prism_ros.parameters import FIXED, ParameterSpec

_OF_ROS = ('qos_overrides.',)  # declared by rclpy at need
_WHERE = 'set it in the parameter file, at launch or on the command line'


def read_override(given: Parameter, spec: ParameterSpec) -> Parameter:
    """What launch, parameter file or command line gave, in the type of the parameter.

    Raises:
        ValueError: it does not fit; the sentence says where to set it.
    """
    try:
        return Parameter(spec.name, value=spec.convert(given.value))
    except ValueError as error:
        raise ValueError(f'{error}; {_WHERE}') from None


def read_change(
    given: Parameter, specs: Mapping[str, ParameterSpec], *, is_configured: bool
) -> Parameter:
    """What a call wants to set, in the type of the parameter.

    Raises:
        ValueError: there is no such parameter, it is fixed by now, or the value does not fit.
    """
    spec = specs.get(given.name)
    if spec is None:
        raise ValueError(_name_unknown(given.name, specs))
    if spec.fixed == 'started':
        raise ValueError(f'{spec.name} is {FIXED[spec.fixed]}; {_WHERE}')
    if spec.fixed == 'configured' and is_configured:
        raise ValueError(f'{spec.name} is {FIXED[spec.fixed]}; clean the node up first')
    if given.type_ == Parameter.Type.NOT_SET:
        raise ValueError(f'{spec.name} cannot be deleted; set it to another value')
    return Parameter(spec.name, value=spec.convert(given.value))


def find_unknown(given: Iterable[str], specs: Mapping[str, Any]) -> list[str]:
    """A sentence for each name that is no parameter."""
    unknown = (n for n in given if n not in specs and not n.startswith(_OF_ROS))
    return [
        f'{_name_unknown(name, specs)}; what was given has no effect' for name in sorted(unknown)
    ]


def _name_unknown(name: str, specs: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, specs, n=1)
    hint = f'the closest is {close[0]}' if close else f'expected one of {", ".join(sorted(specs))}'
    return f'there is no parameter {name[:80]!r}: {hint}'
