# SPDX-License-Identifier: Apache-2.0
"""The grammar of plans in classes: nothing that is not known, and nothing that is known to fail.

What is held decides what may come next: nothing is taken with a full hand, put with an empty one,
heated without a microwave, sliced without a knife.
"""

from __future__ import annotations

from collections.abc import Iterable

from prism_core.domains.household.actions import SAYINGS
from prism_core.domains.household.classes import (
    BASINS,
    FAUCET,
    KNIVES,
    LAMPS,
    SLICEABLE,
    THINGS,
    TREATMENTS,
    VESSELS,
    can_be,
    may_hold,
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

_MOST_FETCHED = 8
"""So many things a plan fetches at most."""
_MOST_TREATED = 2
_GOALS = ('place', 'stack', 'two', *TREATMENTS, 'light')
_OTHER_GOALS = ('steps', 'nothing left', 'ask')
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
        self._counts = {c: sum(n in things for n in home.called(c)) for c in self._things}
        self._unseen = [*dict.fromkeys(home.class_of(n) for n in home.unseen() if n in self._near)]

    def write(self) -> Lark:
        """`errand : skills`."""
        held = self._home.class_of(self._home.held) if self._home.held else ''
        first = in_order(self._with(held), self._put(held), _NEXT) if held else None
        fetched = [
            in_order(f'take {c}{_NEXT}', self._with(c), self._put(c), _NEXT) for c in self._things
        ]
        cycles = repeated(self._define('FETCH', one_of(fetched)), 0, _MOST_FETCHED)
        free_end = one_of([self._end(), *(self._end_with(c) for c in self._things)])
        rest = in_order(optional(self._light_then()), cycles, self._define('END', free_end))
        if held:
            rest = one_of([in_order(self._with(held), self._ends(held)), in_order(first, rest)])
        return self._writer.finish(in_order(optional(words(' ')), self._goal(), ' : ', rest))

    def _define(self, name: str, part: Part | None) -> Part | None:
        return self._writer.define(name, part)

    def _goal(self) -> Part | None:
        """An errand in any classes, also of what is not known yet."""
        known = dict.fromkeys([*self._things, *map(self._home.class_of, self._home.nodes)])
        named = self._define('CLASS', one_text_of([*known, *sorted(THINGS - known.keys())]))
        parts = repeated(in_order(' , ', named), 0, 2)
        errand = in_order(one_text_of(_GOALS), ' ', named, parts)
        return self._define('GOAL', one_of([errand, one_text_of(_OTHER_GOALS)]))

    # ------------------------------------------------------------------------- what may come next

    def _with(self, held: str) -> Part:
        """What is done with a thing before it is put down or the plan ends."""
        home = self._home
        may = [
            f'{verb}{_NEXT}'
            for verb in TREATMENTS
            if can_be(verb, held) and any(self._treats(words, held) for words in TREATED_IN[verb])
        ]
        may += [f'light {words}{_NEXT}' for words in LAMPS if self._is_near(home.called(words))]
        return repeated(one_text_of(may), 0, _MOST_TREATED) or words('')

    def _treats(self, tool: str, held: str) -> bool:
        home = self._home
        found = [n for n in home.called(tool) if n in self._near and self._has_room(n)]
        if tool in BASINS:
            faucets = {home.holders.get(n) for n in home.called(FAUCET)}
            found = [n for n in found if n in faucets]
        return bool(found) and may_hold(tool, held)

    def _put(self, held: str) -> Part | None:
        """Where a thing may be put."""
        home = self._home
        spots = [n for n in home.nodes if home.nodes[n].kind == 'region' and n in self._near]
        spots += [n for n in home.holders if home.class_of(n) in VESSELS and n in self._near]
        found = dict.fromkeys(
            home.class_of(n) for n in spots if n != home.held and self._has_room(n)
        )
        may = [c for c in found if may_hold(c, held) and (c != held or self._counts.get(c, 0) > 1)]
        return self._define('PUT', one_text_of(f'put {c}' for c in may))

    def _has_room(self, name: str) -> bool:
        most = self._home.nodes[name].attributes.get('capacity')
        there = sum(at == name and self._home.is_thing(n) for n, at in self._home.holders.items())
        return not isinstance(most, int) or there < most

    def _light_then(self) -> Part | None:
        may = [words for words in LAMPS if self._is_near(self._home.called(words))]
        return one_text_of(f'light {words}{_NEXT}' for words in may)

    def _is_near(self, names: Iterable[str]) -> bool:
        return not self._near.isdisjoint(names)

    def _ends(self, held: str) -> Part | None:
        """The end of a plan with a thing in the hand."""
        sliced = [c for c in self._things if c in SLICEABLE] if held in KNIVES else []
        return one_of([one_text_of(f'slice {c}' for c in sliced), self._end()])

    def _end_with(self, taken: str) -> Part | None:
        return in_order(f'take {taken}{_NEXT}', self._with(taken), self._ends(taken))

    def _end(self) -> Part | None:
        """What any plan may end with."""
        looks = [f'look {words}' for words in self._unseen]
        return self._define(
            'LAST', one_text_of([*looks, 'done', *(f'ask {word}' for word in SAYINGS)])
        )
