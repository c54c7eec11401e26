# SPDX-License-Identifier: Apache-2.0
"""What a sentence means: which nodes, and what is asked of them.

A closed set of kinds (see `kinds`) with named slots, each of which the sentence entails. Knows no
wording.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prism_core.graph.elements import NodeKind


@dataclass(frozen=True)
class Target:
    """Nodes by description: of one of these classes, with all of these attribute values, seen from
    a region; or one node by its name.

    `classes` are words as in names, `purpose` what the classes have in common where the sentence
    says that instead.
    """

    kind: NodeKind = 'object'
    classes: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    name: str = ''
    purpose: str = ''


@dataclass(frozen=True)
class Constraint:
    """What holds on all ways of a mission.

    | kind | means |
    |---|---|
    | avoid | the robot enters none of the regions that `region` means; where that means objects, \
none in which one of them is known to be |
    | stay_on | it enters no regions but those that `region` means, those of other such \
constraints, and those that the task names |
    | only_by | the robot has been in the region that `region` means before it ends elsewhere |
    | within | it enters no region further than `distance_m` in a straight line from where it \
was when it was asked |

    Raises:
        ValueError: there is no such kind.
    """

    kind: str
    region: Target | None = None
    distance_m: float = 0.0

    def __post_init__(self):
        if self.kind not in CONSTRAINTS:
            raise ValueError(f'kind: expected one of {", ".join(CONSTRAINTS)}, got {self.kind!r}')


CONSTRAINTS = ('avoid', 'only_by', 'within', 'stay_on')
MAX_LEVELS = 3
"""So many meanings may lie in each other."""


@dataclass(frozen=True)
class Intent:
    """The meaning of a sentence: its kind, and what it says for the slots that the kind has.

    Each of `kinds` says what it asks for; `position` is in metres. A meaning may be a tree of at
    most MAX_LEVELS levels: `sequence` has `steps` to be done in order; `conditional` has a
    `condition`, which is a question of yes and no, and as `steps` what to do if it holds and, where
    that is said, what else, or with `value` 'no' what to do if it does not hold; `each` has one
    step, which leaves open the `target` or `region` that each of what `target` means stands for in
    turn, seen from `region` or anywhere. `constraints` are those of the whole, at its root. As a
    condition, `count` has a number as `value`, perhaps behind one of >, >=, <, <=, and with `value`
    'no' those of `exists`, `passable` and `reach` hold where the answer is no. `among` are the
    single objects that a question compares or chooses between, where it names them.

    Raises:
        ValueError: intents are of no such kind, or steps or a condition are not; the tree is too
            deep or has too many steps; a part has constraints.
    """

    kind: str
    target: Target | None = None
    region: Target | None = None
    other_region: Target | None = None
    attribute: str = ''
    value: str = ''
    position: tuple[float, float] | None = None
    ends: tuple[Target, Target] | None = None
    steps: tuple[Intent, ...] = ()
    condition: Intent | None = None
    constraints: tuple[Constraint, ...] = ()
    among: tuple[Target, ...] = ()

    def __post_init__(self):
        from prism_core.domains.mapping.kinds import KINDS  # they make intents

        kinds = KINDS.values()
        whole = [kind for kind in kinds if kind.has_intents]
        _check_kind('kind', self.kind, [kind.name for kind in whole])
        for step in self.steps:
            _check_kind('steps', step.kind, [kind.name for kind in whole if kind.is_part])
        if self.condition is not None:
            asked = [kind.name for kind in whole if kind.is_condition]
            _check_kind('condition', self.condition.kind, asked)
        if self.parts:
            self._check_tree(KINDS[self.kind].most_steps)

    def _check_tree(self, most_steps: int) -> None:
        if len(self.steps) > most_steps:
            raise ValueError(
                f'steps: expected at most {most_steps} of {self.kind}, got {len(self.steps)}'
            )
        if self.levels > MAX_LEVELS:
            raise ValueError(
                f'steps: expected meanings of at most {MAX_LEVELS} levels in each other, got '
                f'{self.levels}'
            )
        if any(part.constraints for part in self.parts):
            raise ValueError(
                'constraints: expected them on the whole, got some on a part; put them there'
            )

    @property
    def parts(self) -> tuple[Intent, ...]:
        """The meanings that lie in this one, the condition first."""
        return self.steps if self.condition is None else (self.condition, *self.steps)

    @property
    def levels(self) -> int:
        """How many meanings lie in each other; 1 where nothing lies in this one."""
        return 1 + max((part.levels for part in self.parts), default=0)

    def walk(self) -> Iterator[Intent]:
        """This meaning and all that lie in it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def _check_kind(slot: str, kind: str, fitting: Sequence[str]) -> None:
    """Raises: ValueError: a kind is none of those that fit."""
    if kind not in fitting:
        one = 'some' if slot == 'steps' else 'one'
        raise ValueError(f'{slot}: expected {one} of {", ".join(fitting)}, got {kind!r}')
