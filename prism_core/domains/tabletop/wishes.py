# SPDX-License-Identifier: Apache-2.0
"""From a meaning to what must hold: which block has to lie where, or what has to be asked first.

Each kind of deed is a row of `DEEDS`: how it is read off a table. What is meant by words is settled
by what is known at the start, so that it stays the same while things move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prism_core.domains.tabletop.meaning import Meaning
from prism_core.domains.tabletop.state import (
    Course,
    Table,
    color_of,
    is_container,
    is_corner,
    is_movable,
)
from prism_core.graph.calling import class_of


@dataclass(frozen=True)
class Want:
    """A block, and where it has to lie; one of several where any of them will do, the first of
    which is taken.
    """

    block: str
    spot: str
    others: tuple[str, ...] = ()

    def holds(self, table: Table) -> bool:
        """Whether it is so."""
        return any(table.lies_at(self.block, spot) for spot in (self.spot, *self.others))


class Question(Exception):
    """What has to be asked: the short word of a saying, and about what."""

    def __init__(self, saying: str, about: str = ''):
        super().__init__(saying, about)
        self.saying = saying
        self.about = about

    @property
    def goal(self) -> str:
        """The question as the goal of a plan."""
        lead = {'absent': 'no', 'what': 'what'}.get(self.saying, self.saying)
        return f'{lead} {self.about}'.strip()


def find_wants(meaning: Meaning, course: Course) -> list[Want]:
    """What has to hold next, in the order in which it is brought about.

    Args:
        meaning: of the sentence.
        course: what was known of the table since the mission began.

    Raises:
        Question: it is not clear, or cannot be done.
    """
    deed = DEEDS.get(meaning.kind)
    if deed is None:
        raise Question('what')
    wants = deed(meaning, course)
    _check_possible(wants, course.now)
    return wants


def _check_possible(wants: Sequence[Want], table: Table) -> None:
    """Two things stand on one, one stands on itself, or on one that is wanted in a bowl."""
    goes_to: dict[str, str] = {}
    carriers: dict[str, None] = {}  # in order
    for want in wants:
        goes_to[want.block] = want.spot
        if is_movable(table.nodes[want.spot]):
            if want.spot in carriers:
                raise Question('cannot', f'put on {class_of(table.nodes[want.spot])}')
            carriers[want.spot] = None
    for carrier in carriers:
        passed, below = {carrier}, goes_to.get(carrier, '')
        is_in_bowl = below and is_container(table.nodes[below])
        while below and below not in passed:
            passed.add(below)
            below = goes_to.get(below, '')
        if below or is_in_bowl:
            raise Question('cannot', f'put on {class_of(table.nodes[carrier])}')


# -------------------------------------------------------------------------------- what is meant


def _the_one(part: Meaning, start: Table) -> str:
    found = start.called(part.words)
    if not found:
        raise Question('absent', part.words)
    if len(found) > 1:
        raise Question('which', part.words)
    return found[0]


def _blocks(part: Meaning, start: Table) -> list[str]:
    """The blocks that a part tells."""
    if part.kind == 'thing':
        found = [_the_one(part, start)]
    elif part.kind == 'held':
        found = [start.held] if start.held else []
        if not found:
            raise Question('absent', 'held block')
    elif part.kind == 'inside':
        holder = _the_one(part.parts[0], start)
        found = [name for name in start.movable if start.supports[name] == holder]
    else:
        found = start.all_called(part.words)
        if not found:
            raise Question('absent', part.words)
    for name in found:
        if not is_movable(start.nodes[name]):
            raise Question('cannot', f'move {class_of(start.nodes[name])}')
    return found


def _spot(part: Meaning, start: Table) -> str:
    return start.surface if part.kind == 'table' else _the_one(part, start)


# -------------------------------------------------------------------------------------- the deeds


def _put(meaning: Meaning, course: Course) -> list[Want]:
    start = course.start
    what, where = meaning.parts
    blocks, spot = _blocks(what, start), _spot(where, start)
    node = start.nodes[spot]
    if what.kind == 'inside' and not blocks:
        return []
    if spot in blocks or spot == start.gripper or (is_movable(node) and len(blocks) > 1):
        raise Question('cannot', f'put on {class_of(node)}')
    return [Want(name, spot) for name in blocks]


def _stack(meaning: Meaning, course: Course) -> list[Want]:
    start = course.start
    blocks = [_blocks(part, start)[0] for part in meaning.parts]
    if len(set(blocks)) < len(blocks):
        raise Question('cannot', f'put on {class_of(start.nodes[blocks[-1]])}')
    return [Want(upper, lower) for upper, lower in zip(blocks[-2::-1], blocks[:0:-1])]


def _sort(meaning: Meaning, course: Course) -> list[Want]:
    start = course.start
    bowls: dict[str, list[str]] = {}
    for name, node in start.nodes.items():
        if is_container(node):
            bowls.setdefault(color_of(node), []).append(name)
    wants = []
    for name in _blocks(meaning.parts[0], start):
        first, *others = bowls.get(color_of(start.nodes[name]), [''])
        if first:
            wants.append(Want(name, first, tuple(others)))
    if not wants:
        raise Question('cannot', 'sort')
    return wants


def _spread(meaning: Meaning, course: Course) -> list[Want]:
    start, now = course.start, course.now
    blocks = _blocks(meaning.parts[0], start)
    corners = [name for name, node in start.nodes.items() if is_corner(node)]
    if len(blocks) > len(corners):
        raise Question('cannot', 'spread')
    taken: dict[str, str] = {}
    for name in blocks:
        if now.supports[name] in corners:
            taken.setdefault(now.supports[name], name)
    lying = {name: corner for corner, name in taken.items()}
    free = iter([corner for corner in corners if corner not in taken])
    return [Want(name, lying.get(name) or next(free)) for name in blocks]


def _swap(meaning: Meaning, course: Course) -> list[Want]:
    start = course.start
    one, other = (_blocks(part, start)[0] for part in meaning.parts)
    if one == other:
        raise Question('cannot', f'swap {class_of(start.nodes[one])}')
    exchanged = {one: other, other: one}
    wants = []
    for name, taker in exchanged.items():
        spot = start.supports[name]
        if spot == start.gripper:
            spot = ''
        wants.append(Want(taker, exchanged.get(spot, spot) or start.surface))
    # What the other one stands on comes first.
    return sorted(wants, key=lambda want: want.spot in exchanged)


def _both(meaning: Meaning, course: Course) -> list[Want]:
    wants: dict[str, Want] = {}
    for part in meaning.parts:
        for want in find_wants(part, course):
            wants.pop(want.block, None)  # what is said later counts
            wants[want.block] = want
    return list(wants.values())


def _undo(meaning: Meaning, course: Course) -> list[Want]:
    """What is to be undone, and once that was so, all as it was at the start."""
    if not meaning.parts and len(course.tables) == 1:
        raise Question('what')  # nothing was done
    for part in meaning.parts:
        wants = find_wants(part, course)
        if not any(all(want.holds(table) for want in wants) for table in course.tables):
            return wants
    return _as_before(course.start)


def _as_before(start: Table) -> list[Want]:
    """All blocks where they lay, from below; but what was held may lie anywhere."""
    names = sorted(start.supports, key=lambda name: len(start.below(name)))
    return [
        Want(name, start.supports[name] or start.surface) for name in names if name != start.held
    ]


DEEDS: Mapping[str, Callable[[Meaning, Course], list[Want]]] = {
    'put': _put,
    'stack': _stack,
    'sort': _sort,
    'spread': _spread,
    'swap': _swap,
    'both': _both,
    'undo': _undo,
}


def spoken_of(meaning: Meaning) -> Iterator[Meaning]:
    """All parts of a meaning that say what is meant by words."""
    if meaning.words:
        yield meaning
    for part in meaning.parts:
        yield from spoken_of(part)
