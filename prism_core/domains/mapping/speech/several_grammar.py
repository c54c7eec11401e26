# SPDX-License-Identifier: Apache-2.0
"""The grammar of reports about several things. What they say is counted and compared by code; here
it is seen to that there is something to count, and that all that is compared is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from prism_core.dialects.handles import Handles
from prism_core.dialects.reply_grammar import ReplyGrammar
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.nearness import has_lengths
from prism_core.domains.mapping.ranks import HIGH, LOW, ordered_attributes, rank_of
from prism_core.graph.calling import calls_of
from prism_core.plan.grammar import (
    Part,
    in_order,
    one_of,
    one_text_of,
    optional,
    repeated,
    two_of,
)

MAX_NAMED = 8
"""So many nodes are named in one report."""
_MAX_MORE_CLASSES = 2
_CALL = re.compile(r"[^\W_][\w' \-]*")


@dataclass(frozen=True)
class SeveralGrammar:
    """Writes the forms of `several_reports`.

    Attributes:
        grammar: what they are written with.
        lexicon: the words.
        called: what something may be called.
        known: the attributes that have a value, and the nodes that have them.
        mapped: the regions that were looked at.
    """

    grammar: ReplyGrammar
    lexicon: Lexicon
    called: Part | None
    known: Mapping[str, list[str]]
    mapped: Sequence[str]

    def on_nodes(self) -> Iterator[tuple[str, Part | None]]:
        """Those that name what they compare."""
        known, graph = self.known, self.grammar.graph
        yield 'same', self._compared('same ')
        yield 'differ', self._compared('differ ')
        yield (
            'all_of',
            one_of(
                in_order('all_of ', self._several(names), f' ; {key} ', self._lexicon_values(key))
                for key, names in known.items()
            ),
        )
        yield 'having_of', one_of(self._having())
        yield from self._ranked()
        near = self._nodes(self.grammar.near_regions)
        is_far_known = has_lengths(graph)
        near_all = self._nodes([*self.grammar.near_regions, *self.grammar.near_objects])
        written = [*map(self._handles.write, self.grammar.near_regions)]
        distance = in_order('distance ', near_all, ' ', near)
        nearer = in_order('nearer ', two_of(written, near, ' '), ' ', near)
        yield 'distance', distance if is_far_known else None
        yield 'nearer', nearer if is_far_known else None
        yield 'closest', self._closest(near) if is_far_known else None

    def of_classes(self, classes: Part | None) -> Iterator[tuple[str, Part | None]]:
        """Those that count by values; `classes` says of what."""
        seen = {r for regions in self.grammar.graph.viewpoints.values() for r in regions}
        partly = [r for r in self.grammar.graph.regions if r in seen or r in set(self.mapped)]
        for form, places in (
            ('count_of', self.mapped),
            ('having', self.mapped),
            ('exists_of', partly),  # one that is there may be all that is known of a place
        ):
            where = optional(in_order(' ', self._nodes(places)))
            yield form, in_order(form, classes, where, ' ; ', self._values)

    def of_known_classes(self, *, is_all_seen: bool) -> Iterator[tuple[str, Part | None]]:
        """Those about things of which there must be some; they say their class always. Where all is
        seen, they need no place.
        """
        graph = self.grammar.graph
        yield 'list', self._in_places('list', graph.objects, '', is_all_seen)
        ends = (
            (in_order(f' ; {k} ', self._lexicon_values(k)), n) for k, n in self._known_objects()
        )
        yield (
            'all_have',
            one_of(self._in_places('all_have', names, end, is_all_seen) for end, names in ends),
        )

    # ---------------------------------------------------------------------------------------------

    def _known_objects(self) -> Iterator[tuple[str, list[str]]]:
        objects = self.grammar.graph.objects
        for key, names in self.known.items():
            yield key, [name for name in names if name in objects]

    @property
    def _handles(self) -> Handles:
        return self.grammar.handles

    def _nodes(self, names: Iterable[str]) -> Part | None:
        return self.grammar.nodes(names)

    def _several(self, names: Sequence[str], least: int = 1) -> Part | None:
        """Some of some nodes."""
        one = self.grammar.writer.define('SOME', self._nodes(names))
        if least > 1:
            pair = two_of([*map(self._handles.write, names)], one, ' , ')
            return in_order(pair, repeated(in_order(' , ', one), 0, MAX_NAMED - 2))
        return in_order(one, repeated(in_order(' , ', one), 0, MAX_NAMED - 1))

    def _lexicon_values(self, key: str) -> Part | None:
        spec = self.lexicon.attributes.get(key)
        return None if spec is None else one_text_of(spec.values)

    @cached_property
    def _values(self) -> Part | None:
        """An attribute with a value, or two of them."""
        define = self.grammar.writer.define
        one = define(
            'VALUE',
            one_of(
                in_order(f'{key} ', self._lexicon_values(key)) for key in self.lexicon.attributes
            ),
        )
        return define('VALUES', in_order(one, optional(in_order(' and ', one))))

    def _compared(self, form: str) -> Part | None:
        """Whether some have the same value."""
        return one_of(
            in_order(form, self._several(names, least=2), f' {key}')
            for key, names in self.known.items()
        )

    def _having(self) -> Iterator[Part | None]:
        """Which ones have a value: those that do."""
        yield in_order('having_of ; ', self._values)
        nodes = self.grammar.graph.nodes
        for key, names in self.known.items():
            spec = self.lexicon.attributes.get(key)
            for value in () if spec is None else spec.values:
                some = [name for name in names if nodes[name].attributes[key] == value]
                yield in_order('having_of ', self._several(some), f' ; {key} {value}')

    def _ranked(self) -> Iterator[tuple[str, Part | None]]:
        """Which of some has most, as it is."""
        define = self.grammar.writer.define
        parts: dict[str, list[Part | None]] = {'equal': [], 'ranked': [], 'ahead': [], 'behind': []}
        for key, names in self.known.items():
            ends = ordered_attributes(self.lexicon).get(key, (HIGH, LOW))
            for end in ends:
                levels = self._levels(names, key, end)
                lower: Part | None = None
                for level in levels:
                    said = f' {key} ; {end}'
                    one = define('LEVEL', self._nodes(level))
                    if end == ends[0]:
                        parts['equal'].append(in_order('equal ', self._several(level), f' {key}'))
                    more = repeated(in_order(' , ', lower), 0, MAX_NAMED - 2)
                    parts['ranked'].append(in_order('ranked ', one, ' ', lower, more, said))
                    parts['ahead'].append(in_order('ahead ', one, ' ', lower, said))
                    lower = define('UP_TO', one_of([one, lower]))
                    parts['behind'].append(in_order('behind ', lower, ' ', one, said))
        yield from ((form, one_of(found)) for form, found in parts.items())

    def _levels(self, names: Sequence[str], key: str, end: str) -> list[list[str]]:
        """Nodes that come equally close to an end of an attribute, the furthest first."""
        levels: dict[float, list[str]] = {}
        for name in names:
            seen = self.grammar.graph.nodes[name].attributes[key]
            rank = rank_of(self.lexicon, key, end, seen)
            if rank is not None:
                levels.setdefault(rank, []).append(name)
        return [levels[rank] for rank in sorted(levels)]

    # ------------------------------------------------------------------------------- known classes

    def _in_places(
        self, form: str, names: Iterable[str], end: Part | str | None, is_all_seen: bool
    ) -> Part | None:
        """A form about a class of some objects, in a region that was looked at and from which one
        is seen; or anywhere, where nothing is left to look at.
        """
        mapped, calls = {*self.mapped}, dict[str, dict[str, None]]()
        for name in names:
            places = [place for place in self.grammar.graph.viewpoints[name] if place in mapped]
            for call in self._calls_of(name):
                calls.setdefault(call, {}).update(dict.fromkeys(places))
        by_places: dict[tuple[str, ...], list[str]] = {}
        for call, places_of in calls.items():
            by_places.setdefault(tuple(places_of), []).append(call)
        parts = []
        for seen_from, called in by_places.items():
            where = in_order(' ', self._nodes(seen_from))
            where = optional(where) if is_all_seen else where
            parts.append(in_order(f'{form} of ', self._with_others(called), where, end))
        return one_of(parts)

    def _closest(self, near: Part | None) -> Part | None:
        """The nearest of a class, of which one can be got to."""
        grammar = self.grammar
        things = {call for name in grammar.graph.objects for call in self._calls_of(name)}
        found = [call for name in grammar.near_objects for call in self._calls_of(name)]
        places = [call for name in grammar.near_regions for call in self._calls_of(name)]
        one = one_text_of(call for call in places if call not in things)
        return one_of(
            in_order('closest of ', part, ' ', near) for part in (self._with_others(found), one)
        )

    def _with_others(self, called: Iterable[str]) -> Part | None:
        """One of some classes, and perhaps others beside it; a word for several comes first."""
        called = [*called]
        before = repeated(in_order(self.called, ' or '), 0, _MAX_MORE_CLASSES)
        behind = repeated(in_order(' or ', self.called), 0, _MAX_MORE_CLASSES)
        one = one_text_of(call for call in called if len(self.lexicon.meant_by(call)) == 1)
        first = one_of([one_text_of(called), in_order(before, one)])
        return in_order(first, behind)

    def _calls_of(self, name: str) -> list[str]:
        """All that a node is called, and the words for several classes of which it is one."""
        calls = self.lexicon.wider_calls(calls_of(self.grammar.graph.nodes[name]))
        found = self._sayable.get(calls)
        if found is None:
            found = self._sayable[calls] = sorted(filter(_CALL.fullmatch, calls))
        return found

    @cached_property
    def _sayable(self) -> dict[frozenset[str], list[str]]:
        return {}
