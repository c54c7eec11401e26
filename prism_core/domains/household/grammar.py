# SPDX-License-Identifier: Apache-2.0
"""The grammar of plans in classes: nothing that is not known, and nothing that is known to fail.

What is held decides what may come next: nothing is taken with a full hand, put with an empty one,
heated without a microwave, sliced without a knife.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prism_core.domains.household.actions import SAYINGS
from prism_core.domains.household.classes import (
    BASINS,
    FAUCET,
    FURNITURE,
    KNIVES,
    LAMPS,
    SLICE,
    SLICEABLE,
    THINGS,
    TREATMENTS,
    VESSELS,
    can_be,
    is_slice,
    may_hold,
    whole_of,
)
from prism_core.domains.household.home import Home, read_home
from prism_core.domains.household.skills import TREATED_IN
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.grammar import (
    GrammarWriter,
    Lark,
    Part,
    in_order,
    one_of,
    one_text_of,
    optional,
    repeated,
    words,
)

_MOST_FETCHED = 4
"""So many things a plan fetches before the last, so that it keeps to the steps of any plan."""
_MOST_TREATED = 2
STACK = 'stack'
GOALS = ('place', STACK, 'two', *TREATMENTS, 'light')
_NO_STACK = tuple(goal for goal in GOALS if goal != STACK)
OTHER_GOALS = ('steps', 'nothing left', 'ask')
_NEXT = ' ; '


def write_replies(known_graph: SceneGraph) -> Lark:
    """The grammar of replies on what is known.

    Raises:
        ValueError: nothing can be said.
    """
    return _Replies(read_home(known_graph), known_graph).write()


class _Replies:
    """Of one home, as it is known."""

    def __init__(self, home: Home, graph: SceneGraph):
        self._home = home
        self._writer = GrammarWriter()
        ways = graph.distances_m(home.here)
        self._near = {
            n for n in home.nodes if (n if n in graph.regions else home.place_of(n)) in ways
        }
        things = [n for n in home.holders if home.is_thing(n) and n in self._near]
        self._things = [*dict.fromkeys(home.class_of(n) for n in things if n != home.held)]
        self._held = home.class_of(home.held) if home.held else ''
        self._spots = self._list_spots(graph)
        self._unseen = [*dict.fromkeys(home.class_of(n) for n in home.unseen() if n in self._near)]

    def _list_spots(self, graph: SceneGraph) -> dict[str, bool]:
        """The classes where something can be put, and whether one of each has room for any number;
        of others no plan takes it for granted that they have room twice.
        """
        home = self._home
        spots = [n for n in graph.regions if n in self._near]
        spots += [n for n in home.holders if home.class_of(n) in VESSELS and n in self._near]
        found: dict[str, bool] = {}
        for name in spots:
            if name != home.held and home.has_room(name):
                words = home.class_of(name)
                is_wide = 'capacity' not in home.nodes[name].attributes
                found[words] = found.get(words, False) or is_wide
        return found

    def write(self) -> Lark:
        """`errand : skills`; what is taken is what the errand names, or a knife to slice it."""
        replies = [in_order(goal, start) for goal, start in self._list_goals()]
        return self._writer.finish(in_order(optional(words(' ')), one_of(replies)))

    def _define(self, name: str, part: Part | None) -> Part | None:
        return self._writer.define(name, part)

    def _list_goals(self) -> Iterator[tuple[Part | None, Part | None]]:
        """Errands up to what is done for them, and that; what is not there is looked for, asked
        about, or sliced off what is.
        """
        known = dict.fromkeys([*self._things, *map(self._home.class_of, self._home.nodes)])
        made = {f'{c}{SLICE}' for c in SLICEABLE}
        others = sorted((THINGS | FURNITURE | LAMPS | made) - known.keys())
        named = self._define('CLASS', one_text_of([*known, *others]))
        more = in_order(repeated(in_order(', ', named), 0, 2), ' : ')
        one, stack, any_kind = (one_text_of(kinds) for kinds in (_NO_STACK, (STACK,), GOALS))
        knives = [c for c in KNIVES if c in self._things]
        vessels = [c for c in self._things if c in VESSELS]
        there = dict.fromkeys([*self._things, *filter(None, [self._held])])
        for thing in there:
            cut = [*knives, whole_of(thing)] if is_slice(thing) else []
            yield self._goal(one, words(thing), more), self._start([thing, *cut])
            yield self._goal(stack, words(thing), more), self._start([thing, *vessels, *cut])
        absent = [c for c in (*known, *others) if c not in there]
        for thing in filter(is_slice, absent):
            start = self._start([*KNIVES, whole_of(thing)], is_absent=True)
            yield self._goal(any_kind, words(thing), more), start
        rest = one_text_of(c for c in absent if not is_slice(c))
        yield self._goal(any_kind, rest, more), self._start([], is_absent=True)
        goal = self._define('GOAL', in_order(one_text_of(OTHER_GOALS), ' : '))
        yield goal, self._start(self._things)

    def _goal(self, kind: Part | None, thing: Part | None, more: Part | None) -> Part | None:
        return self._define('GOAL', in_order(kind, ' ', thing, more))

    def _start(self, classes: Sequence[str], *, is_absent: bool = False) -> Part | None:
        """What is done, for which some classes may be taken; `is_absent`: it cannot be done yet."""
        held, may = self._held, [c for c in dict.fromkeys(classes) if c in self._things]
        if is_absent:
            moved, knives = ([c for c in may if (c in KNIVES) is which] for which in (False, True))
            fetch = one_of(in_order(f'take {c}{_NEXT}', self._slicing()) for c in knives)
            free = in_order(self._fetch(moved), one_of([self._search(), fetch]))
            if not held:
                return free
            is_armed = bool(classes) and held in KNIVES
            slicing = self._slicing() if is_armed else None
            return one_of([self._search(), in_order(self._put(held), _NEXT, free), slicing])
        taken = [in_order(f'take {c}', self._behind(c)) for c in may]
        rest = in_order(self._fetch(may), self._define('END', one_of([self._last(), *taken])))
        if held:
            put = in_order(self._put(held, is_wide=True), _NEXT, rest)
            done = in_order(self._done_with(held), self._behind(held))
            return one_of([in_order(self._before(held), one_of([put, self._close(held)])), done])
        light = self._light()
        return one_of([rest, light, in_order(light, _NEXT, rest)])

    def _fetch(self, classes: Iterable[str]) -> Part | None:
        """Some things are taken and put somewhere."""
        fetched = [
            in_order(f'take {c}{_NEXT}', self._before(c), self._put(c, is_wide=True), _NEXT)
            for c in classes
        ]
        return repeated(self._define('FETCH', one_of(fetched)), 0, _MOST_FETCHED)

    # ------------------------------------------------------------------------- what may come next

    def _done_with(self, held: str) -> Part | None:
        """What is done with a thing in the hand: it is treated, or a lamp is turned on."""
        may = [
            words(verb)
            for verb in TREATMENTS
            if can_be(verb, held) and any(self._treats(tool, held) for tool in TREATED_IN[verb])
        ]
        return one_of([*may, self._light()])

    def _before(self, held: str) -> Part | None:
        """That, with more behind it."""
        return repeated(in_order(self._done_with(held), _NEXT), 0, _MOST_TREATED)

    def _behind(self, held: str) -> Part | None:
        """The rest of a plan with a thing in the hand: what is done with it, and the end."""
        done = repeated(in_order(_NEXT, self._done_with(held)), 0, _MOST_TREATED)
        return in_order(done, optional(in_order(_NEXT, self._close(held))))

    def _close(self, held: str) -> Part | None:
        """The end: something is sliced, or it is put down, or no more is done."""
        slicing = self._slicing() if held in KNIVES else None
        put = in_order(self._put(held), optional(in_order(_NEXT, self._last())))
        return one_of([slicing, put, self._last()])

    def _slicing(self) -> Part | None:
        sliced = (f'slice {c}' for c in self._things if c in SLICEABLE)
        return self._define('SLICE', one_text_of(sliced))

    def _search(self) -> Part | None:
        """What a plan ends with that cannot be gone on with."""
        looks = [f'look {c}' for c in self._unseen]
        return self._define('SEARCH', one_text_of([*looks, *(f'ask {word}' for word in SAYINGS)]))

    def _treats(self, tool: str, held: str) -> bool:
        home = self._home
        found = [n for n in home.called(tool) if n in self._near and home.has_room(n)]
        if tool in BASINS:
            faucets = {home.holders.get(n) for n in home.called(FAUCET)}
            found = [n for n in found if n in faucets]
        return bool(found) and may_hold(tool, held)

    def _light(self) -> Part | None:
        may = [lamp for lamp in LAMPS if not self._near.isdisjoint(self._home.called(lamp))]
        return self._define('LIGHT', one_text_of(f'light {lamp}' for lamp in sorted(may)))

    def _put(self, held: str, *, is_wide: bool = False) -> Part | None:
        """It is put somewhere; `is_wide`: where there is room for any number."""
        spots = (c for c, has_any in self._spots.items() if has_any or not is_wide)
        return self._define('PUT', one_text_of(f'put {c}' for c in spots if may_hold(c, held)))

    def _last(self) -> Part | None:
        """What any plan may end with."""
        looks = [f'look {c}' for c in self._unseen]
        return self._define('LAST', one_text_of([*looks, 'done', *(f'ask {w}' for w in SAYINGS)]))
