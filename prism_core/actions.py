"""Actions, and the table of those that a robot offers.

The table is the only list of a domain's actions: parser, validator, prompt text and messages all
read it, so that an action is added by one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

Argument = str | float


class ArgumentKind(Enum):
    """What an argument means: how it is read, checked and sent."""

    REGION = 'region'
    """Name of a region that the robot can reach."""

    OBJECT = 'object'
    """Name of an object that is seen from a region the robot can reach."""

    X_M = 'x_m'
    """Metres east in frame `map`."""
    Y_M = 'y_m'
    """Metres north in frame `map`."""
    RADIUS_M = 'radius_m'
    """Metres around a node; more than zero."""

    TEXT = 'text'
    """Free text, not empty; only ever the last argument."""

    @property
    def is_node(self) -> bool:
        """Whether the argument names a node of the scene graph."""
        return self in (ArgumentKind.REGION, ArgumentKind.OBJECT)

    @property
    def is_number(self) -> bool:
        """Whether the argument is a number."""
        return self in (ArgumentKind.X_M, ArgumentKind.Y_M, ArgumentKind.RADIUS_M)


@dataclass(frozen=True)
class ArgumentSpec:
    """Name and kind of one argument; an argument with a default may be left out."""

    name: str
    kind: ArgumentKind
    default: float | None = None


@dataclass(frozen=True)
class ActionSpec:
    """One row of the table.

    `ends_turn`: what follows must be planned anew, because the action may bring news.
    `ends_mission`: nothing may follow.
    """

    name: str
    arguments: tuple[ArgumentSpec, ...]
    meaning: str
    ends_turn: bool = False
    ends_mission: bool = False

    def __post_init__(self):
        kinds = [argument.kind for argument in self.arguments]
        if len(set(kinds)) < len(kinds):
            raise ValueError(f'action {self.name}: expected each kind of argument at most once')
        if ArgumentKind.TEXT in kinds[:-1]:
            raise ValueError(f'action {self.name}: a text can only be the last argument')
        if any(argument.default is None for argument in self.arguments[self.required :]):
            raise ValueError(f'action {self.name}: arguments with a default come last')

    @property
    def required(self) -> int:
        """How many arguments cannot be left out."""
        return sum(argument.default is None for argument in self.arguments)

    @property
    def signature(self) -> str:
        """The action as a plan writes it, such as `inspect(object, query)`."""
        names = (a.name if a.default is None else f'{a.name}={a.default:g}' for a in self.arguments)
        return f'{self.name}({", ".join(names)})'


@dataclass(frozen=True)
class Action:
    """One robot behaviour call: texts and node names are `str`, numbers are `float`."""

    name: str
    arguments: tuple[Argument, ...] = ()


class ActionTable(Mapping[str, ActionSpec]):
    """The actions of one domain by name, in the order in which a prompt lists them."""

    def __init__(self, specs: Iterable[ActionSpec]):
        self._specs = {spec.name: spec for spec in specs}

    def __getitem__(self, name: str) -> ActionSpec:
        return self._specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def describe(self) -> str:
        """The actions as a prompt lists them, one a line: signature and meaning."""
        return '\n'.join(f'{spec.signature}: {spec.meaning}' for spec in self.values())
