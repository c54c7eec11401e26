# SPDX-License-Identifier: Apache-2.0
"""The kinds of task: for each, how its sentences are put and what one asks for on a drawn table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from prism_core.domains.tabletop.meaning import (
    HELD,
    TABLE,
    VAGUE,
    Meaning,
    every,
    put,
    thing,
)
from prism_core.domains.tabletop.state import (
    Table,
    color_of,
    is_container,
    is_movable,
    is_spot,
)
from prism_core.domains.tabletop.words import COLORS, UNSEEN_CLASSES
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of

_BY_NAME = 0.08  # of the blocks that are meant, so many are called by name


@dataclass(frozen=True)
class Kind:
    """A row: its group of phrasings, what is drawn, and which other table makes it another task.

    `may_be_single`: whether it comes without a twin too, as nothing makes it another task.
    """

    group: str
    draw: Callable[[Draw], Meaning]
    may_be_single: bool = False


@dataclass(frozen=True)
class Draw:
    """What a kind draws from."""

    rng: Random
    table: Table

    def classes(self, of: Callable) -> Counter[str]:
        """How many there are of each class of a sort of nodes."""
        return Counter(class_of(node) for node in self.table.nodes.values() if of(node))

    def one(self, of: Callable, besides: tuple[Meaning, ...] = ()) -> Meaning:
        """One thing of a sort that its words tell from all others."""
        taken = {meaning.words for meaning in besides}
        counts = self.classes(of)
        choice = []
        for name, node in self.table.nodes.items():
            words = class_of(node)
            if not of(node) or {name, words} & taken:
                continue
            by_name = of is not is_spot and self.rng.random() < _BY_NAME
            if counts[words] == 1 and not by_name:
                choice.append(thing(words))
            elif by_name or (counts[words] > 1 and self.rng.random() < 0.5):
                choice.append(thing(name))
        return self.pick(choice)

    def pick(self, choice: list):
        """Any of them.

        Raises:
            WorldRejected: there is none.
        """
        if not choice:
            raise WorldRejected('the table has nothing for it')
        return self.rng.choice(choice)

    def many(self) -> Meaning:
        """Blocks of a color, or all, of which there are several."""
        several = [words for words, n in self.classes(is_movable).items() if n > 1]
        return every(self.rng.choice(several) if several and self.rng.random() < 0.75 else 'block')


def _put(of: Callable) -> Callable[[Draw], Meaning]:
    def draw(source: Draw) -> Meaning:
        what = source.one(is_movable)
        return put(what, source.one(of, (what,)))

    return draw


def _all(of: Callable) -> Callable[[Draw], Meaning]:
    return lambda source: put(source.many(), source.one(of))


def _put_held(source: Draw) -> Meaning:
    held = source.table.held
    of = source.rng.choice((is_container, is_spot, is_movable))
    where = source.one(of)
    if source.table.called(where.words) == [held]:
        raise WorldRejected('it cannot be put on itself')
    return put(HELD, where)


def _holder(source: Draw) -> Meaning:
    holding = {support for support in source.table.supports.values() if support}
    return source.one(lambda node: node.name in holding and (is_container(node) or is_spot(node)))


def _empty(source: Draw) -> Meaning:
    return put(Meaning('inside', parts=(_holder(source),)), TABLE)


def _empty_into(source: Draw) -> Meaning:
    holder = _holder(source)
    where = source.one(source.rng.choice((is_container, is_spot)), (holder,))
    return put(Meaning('inside', parts=(holder,)), where)


def _stack(source: Draw) -> Meaning:
    parts: tuple[Meaning, ...] = ()
    for _ in range(3):
        parts += (source.one(is_movable, parts),)
    if len({source.table.called(part.words)[0] for part in parts}) < len(parts):
        raise WorldRejected('one thing was drawn twice')
    return Meaning('stack', parts=parts)


def _sort(source: Draw) -> Meaning:
    bowls = [color_of(node) for node in source.table.nodes.values() if is_container(node)]
    if len(set(bowls)) < len(bowls):
        raise WorldRejected('two bowls of one color')
    return Meaning('sort', parts=(every('block'),))


def _spread(source: Draw) -> Meaning:
    return Meaning('spread', parts=(every('block'),))


def _swap(source: Draw) -> Meaning:
    one = source.one(is_movable)
    other = source.one(is_movable, (one,))
    names = [source.table.called(part.words)[0] for part in (one, other)]
    if names[0] == names[1] or source.table.held in names:
        raise WorldRejected('nothing to swap')
    return Meaning('swap', parts=(one, other))


def _both(source: Draw) -> Meaning:
    one = source.one(is_movable)
    first = put(one, source.one(source.rng.choice((is_container, is_spot)), (one,)))
    other = source.one(is_movable, (one,))
    if source.table.called(one.words) == source.table.called(other.words):
        raise WorldRejected('one thing was drawn twice')
    second = put(other, source.one(source.rng.choice((is_container, is_spot)), (other,)))
    return Meaning('both', parts=(first, second))


def _undo(source: Draw) -> Meaning:
    what = source.one(is_movable)
    block = source.table.called(what.words)[0]
    if block == source.table.held:
        raise WorldRejected('what is held lies nowhere')
    where = source.one(source.rng.choice((is_container, is_spot, is_movable)), (what,))
    return Meaning('undo', parts=(put(what, where),))


def _absent(source: Draw) -> Meaning:
    noun, of = source.rng.choice((('block', is_movable), ('bowl', is_container)))
    there = source.classes(of)
    colors = {*COLORS, *(color_of(n) for n in source.table.nodes.values() if is_container(n))}
    missing = source.pick(
        sorted(
            words
            for words in (f'{color} {noun}' for color in colors)
            if words not in there and words not in UNSEEN_CLASSES
        )
    )
    if noun == 'bowl':
        return put(source.one(is_movable), thing(missing))
    other = source.one(source.rng.choice((is_container, is_spot, is_movable)))
    return put(thing(missing), other)


def _ambiguous(source: Draw) -> Meaning:
    noun, of = source.rng.choice((('block', is_movable), ('bowl', is_container)))
    several = [words for words, number in source.classes(of).items() if number > 1]
    words = source.rng.choice(several) if several and source.rng.random() < 0.8 else noun
    if noun == 'bowl':
        return put(source.one(is_movable), thing(words))
    return put(thing(words), source.one(source.rng.choice((is_container, is_spot))))


def _cannot(source: Draw) -> Meaning:
    draw = source.rng.random()
    if draw < 0.4:
        return put(source.one(is_container), source.one(is_spot))
    if draw < 0.7:
        return put(source.one(is_container), source.one(is_movable))
    return put(every('block'), source.one(is_movable))


KINDS: Mapping[str, Kind] = {
    'put_in_bowl': Kind('put', _put(is_container)),
    'put_on_block': Kind('put', _put(is_movable)),
    'put_at_place': Kind('put', _put(is_spot)),
    'all_in_bowl': Kind('all', _all(is_container)),
    'gather': Kind('all', _all(is_spot)),
    'put_held': Kind('put_held', _put_held),
    'put_down': Kind('put_down', lambda source: put(HELD, TABLE)),
    'empty': Kind('empty', _empty),
    'empty_into': Kind('empty_into', _empty_into),
    'stack': Kind('stack', _stack),
    'sort': Kind('sort', _sort),
    'spread': Kind('spread', _spread),
    'swap': Kind('swap', _swap),
    'both': Kind('both', _both),
    'undo': Kind('undo', _undo),
    'absent': Kind('put', _absent),
    'ambiguous': Kind('put', _ambiguous),
    'cannot': Kind('put', _cannot, may_be_single=True),
    'vague': Kind('vague', lambda source: VAGUE, may_be_single=True),
}
"""By name, as recipes say them."""


def group_of(kind: str, meaning: Meaning) -> str:
    """The group of phrasings that a task is put by."""
    group = KINDS[kind].group
    return 'all' if group == 'put' and meaning.parts[0].kind == 'every' else group
