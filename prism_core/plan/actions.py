# SPDX-License-Identifier: Apache-2.0
"""Actions, and the table of those that a robot offers.

The table is the only list of a domain's actions: parser, validator and its hints, prompt text,
dialects, grammars and messages all read it, so that an action is added by one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

Argument = str | float


class ArgumentKind(Enum):
    """What an argument means: how it is read, checked and sent."""

    REGION = 'region'
    """Name of a region that the robot can reach."""

    OBJECT = 'object'
    """Name of an object that is seen from a region the robot can reach."""

    NODE = 'node'
    """Name of either."""

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
        return self in (ArgumentKind.REGION, ArgumentKind.OBJECT, ArgumentKind.NODE)

    def takes(self, node_kind: str) -> bool:
        """Whether the argument names nodes of a kind, `region` or `object`."""
        return self is ArgumentKind.NODE or self.value == node_kind

    @property
    def is_number(self) -> bool:
        """Whether the argument is a number."""
        return self in (ArgumentKind.X_M, ArgumentKind.Y_M, ArgumentKind.RADIUS_M)


class Role(Enum):
    """What an action is for, where more than its robot has to know that."""

    DRIVE = 'drive'
    """Only brings the robot to a region."""

    BRIDGE = 'bridge'
    """Looks for a region near a coordinate to which no known way leads."""

    STAND_IN = 'stand_in'
    """Stands for what can be planned only after the news of the action before."""

    REPORT = 'report'
    """Says that the task is done, or what came of it; the mission is over."""

    ASK = 'ask'
    """Asks the user; the mission is over until he answers."""


@dataclass(frozen=True)
class ArgumentSpec:
    """Name and kind of one argument; an argument with a default may be left out.

    `sayings`: the texts that our students may say, by the short word that stands for each in the
    compact dialect; where there are none, any text may be said.
    """

    name: str
    kind: ArgumentKind
    default: float | None = None
    sayings: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class ActionSpec:
    """One row of the table.

    `ends_turn`: what follows must be planned anew, because the action may bring news.
    `role`: what it is for, if that is one of those that others know. `word`: what the compact
    dialect calls it; its name where that is ''.
    """

    name: str
    arguments: tuple[ArgumentSpec, ...]
    meaning: str
    ends_turn: bool = False
    role: Role | None = None
    word: str = ''

    def __post_init__(self):
        kinds = [argument.kind for argument in self.arguments]
        others = [kind for kind in kinds if not kind.is_node]
        if len(set(others)) < len(others):
            raise ValueError(
                f'action {self.name}: expected each kind of number, and a text, at most once'
            )
        if ArgumentKind.TEXT in kinds[:-1]:
            raise ValueError(f'action {self.name}: a text can only be the last argument')
        if any(argument.default is None for argument in self.arguments[self.required :]):
            raise ValueError(f'action {self.name}: arguments with a default come last')

    @property
    def ends_mission(self) -> bool:
        """Whether nothing may follow."""
        return self.role in (Role.REPORT, Role.ASK)

    @property
    def said(self) -> str:
        """What the compact dialect calls it."""
        return self.word or self.name

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
        self._specs: dict[str, ActionSpec] = {}
        words: dict[str, str] = {}
        for spec in specs:
            if spec.name in self._specs or spec.said in words:
                raise ValueError(
                    f'action {spec.name}: expected names and words that no other action has, got '
                    f'{spec.said!r} again'
                )
            self._specs[spec.name] = spec
            words[spec.said] = spec.name
        self.names = words
        """The names by the words of the compact dialect."""

    def __getitem__(self, name: str) -> ActionSpec:
        return self._specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def of_role(self, role: Role) -> ActionSpec | None:
        """The action that is for something; None where no action is."""
        return next((spec for spec in self.values() if spec.role is role), None)

    def taking(self, node_kind: str) -> list[str]:
        """The names of the actions that are done on a `region` or an `object`."""
        return [
            spec.name
            for spec in self.values()
            if any(a.kind.is_node and a.kind.takes(node_kind) for a in spec.arguments)
        ]

    def nodes_of(self, action: Action) -> list[str]:
        """The nodes that an action names, as far as its arguments are those of its row."""
        spec = self._specs.get(action.name)
        if spec is None:
            return []
        pairs = zip(spec.arguments, action.arguments)
        return [str(value) for argument, value in pairs if argument.kind.is_node]

    def describe(self) -> str:
        """The actions as a prompt lists them, one a line: signature and meaning."""
        return '\n'.join(f'{spec.signature}: {spec.meaning}' for spec in self.values())
