# SPDX-License-Identifier: Apache-2.0
"""Scene graphs as language models read and write them: rooms with assets with objects.

Two forms. That of SayPlan (https://arxiv.org/abs/2307.06135, appendices K and L): under `nodes` a
list of each layer (`room`, `pose`, `asset`, `object`, `agent`), and `links`: `kitchen↔pose3`. And
the nested one: `rooms`, each with its `assets` (`furniture`, as PARTNR calls them), each with its
`objects`; lists of nodes, or tables by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from prism_core.errors import SceneGraphError
from prism_core.graph.elements import quote
from prism_core.graph.importing.build import build_graph
from prism_core.graph.importing.layers import LayerTable, plain
from prism_core.graph.importing.map_text import MapText
from prism_core.graph.importing.raw import (
    RawEdge,
    RawGraph,
    RawNode,
    as_id,
    as_text,
    take_first,
    take_name,
    take_position,
)
from prism_core.graph.importing.report import ImportReport
from prism_core.graph.scene_graph import SceneGraph

NAME = 'sayplan'
LAYERS = LayerTable(
    layers={
        **dict.fromkeys(('room', 'rooms', 'pose', 'poses', 'place', 'places'), 'region'),
        **dict.fromkeys(('asset', 'assets', 'object', 'objects', 'item', 'items'), 'object'),
        **dict.fromkeys(('furniture', 'receptacle', 'receptacles'), 'object'),
        **dict.fromkeys(('agent', 'agents', 'robot', 'robots'), 'robot'),
        **dict.fromkeys(('floor', 'floors', 'building', 'buildings'), 'ignored'),
        'other': 'object',
    },
    relations={
        'link': 'way',
        'in': 'in',
        'inside': 'in',
        'inside_of': 'in',
        'on': 'on',
        'ontop_of': 'on',
        'on_top_of': 'on',
        'inside_hand': 'held',
        'held_by': 'held',
        'other': 'ignored',
    },
)
_LINK = re.compile(r'\s*(?:↔|<->|<=>|--|→|->)\s*')
_STATE = re.compile(r'(\w+)\(\s*([^()]+?)\s*\)')  # inside_of(wardrobe1)
_HOLDERS = ('room', 'asset', 'furniture', 'receptacle', 'parent', 'location', 'container')
_LINKS = ('links', 'edges', 'connections')
_NEIGHBORS = ('connected_to', 'connects_to', 'neighbors', 'neighbours', 'adjacent_to')


def recognise(source: MapText) -> str | None:
    """Why the text is neither form; None where it is one."""
    lacking = source.lacks()
    if lacking:
        return lacking
    data = source.json
    if isinstance(data.get('nodes'), Mapping):
        return None
    if 'regions' in data or not any(isinstance(data.get(k), (list, Mapping)) for k in _TOPS):
        return f'expected "nodes" by layer, or one of {", ".join(_TOPS)} at the top'
    return None


_TOPS = ('rooms', 'floors', 'building')


def read(source: MapText, table: LayerTable, report: ImportReport) -> SceneGraph:
    """Read either form.

    Raises:
        SceneGraphError: it is neither, or no node is a region.
    """
    fault = recognise(source)
    if fault:
        raise SceneGraphError(fault)
    data = dict(source.json)
    reader = _Reader(table, report)
    links = [link for key in _LINKS if isinstance(data.get(key), list) for link in data.pop(key)]
    nodes = data.pop('nodes') if isinstance(data.get('nodes'), Mapping) else {}
    reader.raw.attributes.update(reader.take_children({**data, **nodes}))
    reader.take_links(links)
    return build_graph(reader.raw, table, report)


class _Reader:
    def __init__(self, table: LayerTable, report: ImportReport):
        self.raw = RawGraph()
        self._table = table
        self._report = report

    def take_children(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take all layers, at the top and under nodes; what else stands at the top comes out."""
        top: dict[str, Any] = {}
        waiting: list[tuple[Mapping[str, Any], Any, dict[str, Any]]] = [(data, None, top)]
        for parts, holder, others in waiting:  # which grows
            for key, value in parts.items():
                if plain(key) not in self._table.layers or not isinstance(value, (list, Mapping)):
                    others[key] = value
                    continue
                for item in _items_of(value):
                    self._take_item(key, item, holder, waiting)
        return top

    def take_links(self, links: list[Any]) -> None:
        """Take links between nodes that are known; between two objects it leads from what holds."""
        role = {node.id: self._table.role(node.layer, node.label) for node in self.raw.nodes}
        for index, link in enumerate(links):
            ends = list(_ends_of(link))
            if len(ends) != 2:
                self._report.note('left out', 'link that is none', f'[{index}]: {quote(link)}')
            elif all(role.get(end) == 'object' for end in ends):
                self.raw.edges.append(RawEdge(ends[1], ends[0], 'in'))
            else:
                self.raw.edges.append(RawEdge(ends[0], ends[1], 'link'))

    def _take_item(self, layer: str, item: Any, holder: Any, waiting: list) -> None:
        said = dict(item) if isinstance(item, Mapping) else {'id': item}
        key = as_id(take_first(said, ('id', 'name')))
        if key is None:
            self._report.note('left out', 'node that is none', f'{layer}: {quote(item)}')
            return
        others: dict[str, Any] = {}
        node = RawNode(
            id=key,
            layer=layer,
            label=as_text(take_first(said, ('semantic_class', 'class', 'type', 'category'))),
            name=take_name(said),
            position=take_position(said),
            description=said.pop('description', ''),
            attributes=others,
        )
        self.raw.nodes.append(node)
        self._take_places(node.id, said, holder)
        waiting.append((said, key, others))

    def _take_places(self, key: Any, said: dict[str, Any], holder: Any) -> None:
        """Where a node is: in what its state says, in what one of its keys names, and under what
        it stands.
        """
        relation = as_text(take_first(said, ('relation', 'preposition'))) or 'in'
        state = said.get('state')
        for name, inside in _STATE.findall(state) if isinstance(state, str) else ():
            self.raw.edges.append(RawEdge(key, inside, name))
        for field in _HOLDERS:
            if as_id(said.get(field)) is not None:
                self.raw.edges.append(RawEdge(key, as_id(said.pop(field)), relation))
        for field in _NEIGHBORS:
            others = said.pop(field) if isinstance(said.get(field), list) else ()
            for other in filter(None, map(as_id, others)):
                self.raw.edges.append(RawEdge(key, other, 'link'))
        if holder is not None:
            self.raw.edges.append(RawEdge(key, holder, relation))


def _items_of(value: Any) -> Iterator[Any]:
    """The nodes of a list, of a table by name, or the one that stands there itself."""
    if isinstance(value, list):
        yield from value
    elif 'id' in value or 'name' in value:
        yield value
    else:
        for name, said in value.items():
            if isinstance(said, list):  # `{"kitchen": ["table", "sink"]}`
                yield {'id': name, 'items': said}
            else:
                yield {'id': name, **(said if isinstance(said, Mapping) else {})}


def _ends_of(link: Any) -> Iterator[Any]:
    if isinstance(link, str):
        link = _LINK.split(link)
    elif isinstance(link, Mapping):
        link = [next((link[k] for k in ks if k in link), None) for ks in _END_KEYS]
    if isinstance(link, list) and len(link) == 2:
        ends = [as_id(end) for end in link]
        yield from ends if None not in ends else ()


_END_KEYS = (('source', 'from', 'room1'), ('target', 'to', 'room2'))
