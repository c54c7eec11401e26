# SPDX-License-Identifier: Apache-2.0
"""What the edges of a map say of its nodes: ways, placements, from where objects are seen."""

from __future__ import annotations

from collections.abc import Container, Hashable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from prism_core.graph.elements import PlacementKind
from prism_core.graph.importing.layers import REVERSED, LayerTable, Role
from prism_core.graph.importing.raw import RawEdge, RawGraph
from prism_core.graph.importing.report import ImportReport
from prism_core.graph.importing.values import read_cost

Pair = tuple[Hashable, Hashable]
_ORDER = ('held', 'on', 'in')  # of two places of an object, which counts first
_RANK = (*_ORDER, 'seen_from')


@dataclass(frozen=True)
class Relations:
    """What edges say, in ids.

    Attributes:
        ways: two regions, and the length in metres; None for the straight line.
        placements: of an object, how it is where.
        views: an object and a region that it is seen from, each once.
        robots: the region that a robot is in.
    """

    ways: dict[Pair, float | None] = field(default_factory=dict)
    placements: dict[Hashable, tuple[PlacementKind, Hashable]] = field(default_factory=dict)
    views: dict[Pair, None] = field(default_factory=dict)
    robots: dict[Hashable, Hashable] = field(default_factory=dict)

    def keep(self, kept: Container[Hashable]) -> None:
        """Forget where things are that are not kept."""
        for thing in [thing for thing in self.placements if thing not in kept]:
            del self.placements[thing]
        for pair in [pair for pair in self.views if pair[0] not in kept]:
            del self.views[pair]


def read_relations(
    raw: RawGraph, roles: Mapping[Hashable, Role], table: LayerTable, report: ImportReport
) -> Relations:
    """Sort the edges of a map by what they say of nodes of these roles."""
    return _Sorter(roles, table, report).sort(raw)


class _Sorter:
    def __init__(self, roles: Mapping[Hashable, Role], table: LayerTable, report: ImportReport):
        self._roles = roles
        self._table = table
        self._report = report
        self._made = Relations()
        self._places: dict[Hashable, dict[Hashable, str]] = {}  # how each thing is in which
        self._between: dict[Hashable, dict[Hashable, None]] = {}
        self._driven: dict[Pair, None] = {}  # in this direction
        self._loose: dict[Hashable, dict[Hashable, str]] | None = None  # in either

    def sort(self, raw: RawGraph) -> Relations:
        self._loose = {} if raw.is_loose else None
        for edge in raw.edges:
            self._take(edge)
        self._turn_loose()
        for thing, regions in self._between.items():
            for pair in combinations(regions, 2):
                self._add_way(*pair, None)
            if self._roles[thing] == 'object':
                self._made.views.update({(thing, region): None for region in regions})
        for thing in self._places:
            self._place(thing)
        self._break_circles()
        if raw.is_directed:
            one_way = [(a, b) for a, b in self._driven if (b, a) not in self._driven]
            if one_way:
                a, b = one_way[0]
                what = 'way that leads one way only, taken both ways'
                self._report.note('guessed', what, f'{a} - {b}', len(one_way))
        return self._made

    def _take(self, edge: RawEdge) -> None:
        relation = self._table.relation(edge.relation)
        source, target = edge.source, edge.target
        named = edge.relation or 'edge'
        shown = f'{source} - {target}'
        lost = [end for end in (source, target) if end not in self._roles]
        if lost:
            self._report.note('left out', f'{named}: an end that is not there', shown)
        elif source == target:
            self._report.note('left out', f'{named}: joins a node with itself', shown)
        elif relation == 'ignored':
            why = 'as the layer table says (--layers)'
            if not self._table.has_relation(edge.relation):
                why = 'which no row of the layer table has (--layers)'
            self._report.note('left out', f'{named}, {why}', shown)
        else:
            self._report.note('read', f'{named} as {relation}', shown)
            if relation in REVERSED:
                relation, source, target = REVERSED[relation], target, source
            self._sort_known(relation, source, target, edge.cost_m, shown)

    def _sort_known(
        self, relation: str, source: Hashable, target: Hashable, cost_m: Any, shown: str
    ) -> None:
        regions = [end for end in (source, target) if self._roles[end] == 'region']
        ignored = [end for end in (source, target) if self._roles[end] == 'ignored']
        if len(regions) == 2:
            if relation in ('seen_from', 'held'):
                self._report.note('left out', f'{relation} between two regions', shown)
            else:
                self._driven[source, target] = None
                self._add_way(source, target, cost_m)
            return
        # No region is in an object, and what is kept is in what is ignored.
        if regions == [source] or (relation == 'way' and not regions and ignored == [source]):
            source, target = target, source
        if relation == 'between' and regions:
            self._between.setdefault(source, {})[target] = None
        elif relation not in _ORDER and not regions and len(ignored) != 1:
            self._report.note('left out', f'{relation} that leads to no region', shown)
        else:
            if relation == 'way' and ignored:
                self._report.note('left out', 'way to what is ignored', shown)
            kind = relation if relation in _ORDER else 'seen_from'
            if self._loose is not None and not regions and not ignored:
                self._loose.setdefault(source, {})[target] = kind
                self._loose.setdefault(target, {})[source] = kind
                return
            places = self._places.setdefault(source, {})
            places[target] = min(places.get(target, kind), kind, key=_RANK.index)

    def _turn_loose(self) -> None:
        """Of two objects of which one is in the other, let that be outside which is in a region."""
        waiting = list(self._places)
        placed = set(waiting)
        for holder in waiting:  # which grows
            for thing, kind in (self._loose or {}).get(holder, {}).items():
                if thing not in placed:
                    placed.add(thing)
                    waiting.append(thing)
                    self._places[thing] = {holder: kind}
                    what = f'which is {kind} which, as edges have no direction'
                    self._report.note('guessed', what, f'{thing} {kind} {holder}')
        for thing, others in (self._loose or {}).items():
            if thing not in placed:
                shown = f'{thing} - {next(iter(others))}'
                self._report.note('left out', 'place of an object in nothing that is placed', shown)

    def _add_way(self, a: Hashable, b: Hashable, cost_m: Any) -> None:
        length = read_cost(cost_m)
        if length is None and cost_m is not None:
            self._report.note('left out', 'length of a way', f'{a} - {b}: {cost_m}')
        pair = (b, a) if (b, a) in self._made.ways else (a, b)
        known = self._made.ways.get(pair)
        lengths = [one for one in (known, length) if one is not None]
        self._made.ways[pair] = min(lengths, default=None)

    def _place(self, thing: Hashable) -> None:
        """Choose where a thing is, of all that edges say: the innermost that holds it."""
        if self._roles[thing] in ('region', 'ignored'):
            return
        if self._roles[thing] == 'robot':
            region = self._region_around(thing)
            if region is not None:
                self._made.robots[thing] = region
        said = self._kept_places(thing)
        around = {outer for holder in said for outer in self._places.get(holder, ())}
        inner = {holder: kind for holder, kind in said.items() if holder not in around} or said
        in_regions = [holder for holder in inner if self._roles[holder] == 'region']
        self._made.views.update({(thing, region): None for region in in_regions})
        holders = [holder for holder, kind in inner.items() if kind in _ORDER]
        holders.sort(key=lambda h: (self._roles[h] == 'region', _ORDER.index(inner[h])))
        if holders:
            is_region = self._roles[holders[0]] == 'region'
            kind: Any = inner[holders[0]]
            self._made.placements[thing] = (
                'in' if is_region and kind == 'held' else kind,
                holders[0],
            )
        for other in holders[1:]:
            if self._roles[other] != 'region':
                what = 'second place of an object'
                self._report.note('left out', what, f'{thing} {inner[other]} {other}')

    def _kept_places(self, thing: Hashable) -> dict[Hashable, str]:
        """What a thing is in, on or seen from; through what is ignored, what that is in."""
        kept: dict[Hashable, str] = {}
        seen = {thing}
        waiting = list(self._places[thing].items())
        while waiting:
            holder, kind = waiting.pop()
            if holder in seen:
                continue
            seen.add(holder)
            if self._roles[holder] == 'ignored':
                waiting += [(outer, kind) for outer in self._places.get(holder, ())]
            else:
                kept[holder] = kind
        return kept

    def _region_around(self, thing: Hashable) -> Hashable | None:
        """The innermost region that a thing is in, through all that it is in."""
        waiting = [thing]
        seen = {thing}
        for at in waiting:  # which grows
            for holder in self._places.get(at, ()):
                if self._roles[holder] == 'region':
                    return holder
                if holder not in seen:
                    seen.add(holder)
                    waiting.append(holder)
        return None

    def _break_circles(self) -> None:
        """Leave out the placements by which something would be in itself."""
        settled: set[Hashable] = set()
        for thing in list(self._made.placements):
            walked: set[Hashable] = set()
            at = thing
            while at in self._made.placements and at not in settled:
                walked.add(at)
                kind, holder = self._made.placements[at]
                if holder in walked:
                    del self._made.placements[at]
                    region = self._region_around(at)
                    if region is not None:
                        self._made.views[at, region] = None
                    shown = f'{at} {kind} {holder}'
                    self._report.note('left out', 'place of an object in itself', shown)
                    break
                at = holder
            settled |= walked
