# SPDX-License-Identifier: Apache-2.0
"""Scene graphs and their updates as lines of the compact dialect.

| line | says |
|---|---|
| `gone crate<o5> , dock<r4>` | nodes that are no more |
| `in yard<r2> mapped ways <r7><r4> : truck<o3> red , crate<o5>` | a region, whether all that it \
shows is known, the regions before it to which a way leads, what is seen from it |
| `unseen : chair<o9>` | objects that are known to be seen from nowhere |
| `also : cup<o8>` | objects that are seen where what holds them is |
| `put on cup<o8> table<o9>` | what an object is on, in, or held by |
| `see truck<o3> red described` | what became known of an object |
| `forget truck<o3> color described` | what is not known of a node any more |
| `blocked yard<r2> dock<r4>` | a way that is none |
| `hidden crate<o5> yard<r2>` | an object and a region that it is not seen from any more |
| `off cup<o8> table<o9>` | an object that is not on, in or held by another any more |
| `at yard<r2>` | where the robot went |

Positions, lengths and the wording of descriptions stay with the code: no decision needs them. Of a
node that comes again only what is new is said; a node that went and came back is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from prism_core.dialects.handles import Handles, class_words
from prism_core.dialects.language import DESCRIBED, Language
from prism_core.errors import PlanParseError
from prism_core.graph.calling import told_class
from prism_core.graph.elements import PLACEMENTS, Connection, ConnectionKind, GraphUpdate, Node
from prism_core.graph.scene_graph import SceneGraph

_REGION_LINE = re.compile(
    r'in (?P<region>[^<>]*<r\d+>)(?P<flags>[^<>:]*?)(?: ways (?P<ways>(?:<r\d+>)+))?'
    r'(?: :(?P<objects>.*))?'
)


_PLACED: dict[str, ConnectionKind] = {kind: kind for kind in PLACEMENTS}
_LOST: dict[str, ConnectionKind] = {
    'blocked': 'traversable',
    'hidden': 'observed_from',
    'off': 'in',  # whichever it was
}


class GraphLines:
    """Writes and reads the lines of graphs and updates."""

    def __init__(self, handles: Handles, language: Language, before: Handles | None = None):
        """`before` are the handles of nodes that an update removes."""
        self._handles = handles
        self._before = before or handles
        self._language = language

    # ----------------------------------------------------------------------------------- writing

    def render_graph(self, graph: SceneGraph) -> list[str]:
        """A whole graph."""
        whole = GraphUpdate(
            upsert_nodes=tuple(graph.nodes.values()),
            upsert_connections=tuple(graph.connections.values()),
        )
        return self.render_update(whole, SceneGraph(), graph)

    def render_update(
        self, update: GraphUpdate, before: SceneGraph, after: SceneGraph
    ) -> list[str]:
        """An update of a graph, which made it what it was after."""
        gone = {*update.remove_nodes}
        known = {n: node for n, node in before.nodes.items() if n not in gone}
        sent = {node.name: node for node in update.upsert_nodes}
        new = {name: node for name, node in sent.items() if name not in known}
        again = {
            n: node for n, node in sent.items() if n in known and self._is_news(known[n], node)
        }
        written = {name: self._write_object(node, after) for name, node in {**new, **again}.items()}
        flags = self._find_flags(update, written, after)
        lines = []
        if gone:
            lines.append('gone ' + ' , '.join(map(self._before.write, update.remove_nodes)))
        regions = {name for name in written if sent[name].kind == 'region'} | flags.keys()
        for region, ways, things in self._new_connections(update, regions, before, after):
            words = [f'in {self._handles.write(region)}']
            words += flags.get(region, ())
            words += ['ways ' + ''.join(map(self._handles.bare, ways))] if ways else []
            if things:
                items = [
                    written.pop(n) if n in new and n in written else self._handles.write(n)
                    for n in things
                ]
                words.append(': ' + ' , '.join(items))
            lines.append(' '.join(words))
        placed = [c for c in self._new_ends(update, before) if c.kind in PLACEMENTS]
        held = {c.source for c in placed}
        for word, is_held in (('unseen', False), ('also', True)):
            others = [
                text
                for n, text in written.items()
                if n in new and new[n].kind == 'object' and (n in held) == is_held
            ]
            if others:
                lines.append(f'{word} : ' + ' , '.join(others))
        lines += [f'put {c.kind} {self._write_ends(c.source, c.target)}' for c in placed]
        lines += [f'see {written[n]}' for n in again if again[n].kind == 'object']
        for name, changes in update.set_attributes.items():
            values = [*self._language.tell_values(changes).values()]
            if values and after.nodes[name].kind == 'object':
                lines.append(f'see {" ".join([self._handles.write(name), *values])}')
        lines += self._write_lost(update, known, after)
        if update.robot_location is not None:
            lines.append(f'at {self._handles.write(update.robot_location)}')
        return lines

    def _new_connections(
        self, update: GraphUpdate, regions: set[str], before: SceneGraph, after: SceneGraph
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        """Regions of which there is something to say, some of them given, in the graph's order; for
        each the regions before it to which a new way leads, and the objects newly seen from it.
        """
        order = {name: index for index, name in enumerate(after.nodes)}
        ways: dict[str, list[str]] = {}
        seen: dict[str, list[str]] = {}
        for connection in self._new_ends(update, before):
            if connection.kind in PLACEMENTS:
                continue
            if connection.kind == 'traversable':
                first, later = sorted(connection.key, key=order.__getitem__)
                ways.setdefault(later, []).append(first)
            else:
                thing, region = _ends_of_view(connection, after)
                seen.setdefault(region, []).append(thing)
        for region in sorted(regions | ways.keys() | seen.keys(), key=order.__getitem__):
            led, things = ways.get(region, ()), seen.get(region, ())
            yield region, sorted(led, key=order.__getitem__), sorted(things, key=order.__getitem__)

    def _find_flags(
        self, update: GraphUpdate, written: Iterable[str], after: SceneGraph
    ) -> dict[str, list[str]]:
        """The flags of regions that an update tells."""
        said = {name: after.nodes[name].attributes for name in written}
        said = {node.name: node.attributes for node in update.upsert_nodes if node.name in said}
        for name, changes in update.set_attributes.items():
            said[name] = {**said.get(name, {}), **changes}
        flags = {}
        for name, attributes in said.items():
            if after.nodes[name].kind == 'region':
                told = self.tell(after.nodes[name])
                flags[name] = [f for f in self._language.flags if f in told and attributes.get(f)]
        return {name: found for name, found in flags.items() if found}

    def _new_ends(self, update: GraphUpdate, before: SceneGraph) -> Iterator[Connection]:
        """The connections of an update that were not known so."""
        gone = {*update.remove_nodes}
        for connection in update.upsert_connections:
            known = before.connections.get(connection.key)
            is_same = known is not None and (
                (known.kind, known.source) == (connection.kind, connection.source)
                or not (known.is_placement or connection.is_placement)
            )
            if not is_same or not gone.isdisjoint(connection.key):
                yield connection

    def _write_ends(self, *names: str) -> str:
        return ' '.join(map(self._handles.write, names))

    def _write_lost(
        self, update: GraphUpdate, known: Mapping[str, Node], after: SceneGraph
    ) -> Iterator[str]:
        """What is not known any more of nodes that stay, and of connections between them."""
        changed = [*(node.name for node in update.upsert_nodes), *update.set_attributes]
        for name in dict.fromkeys(changed):
            if name not in known:
                continue
            left = self.tell(after.nodes[name])
            lost = [key for key in self.tell(known[name]) if key not in left]
            if lost:
                words = [DESCRIBED if key == 'description' else key for key in lost]
                yield f'forget {" ".join([self._handles.write(name), *words])}'
        for connection in update.remove_connections:
            ends = connection.key
            if ends in after.connections or not all(name in known for name in ends):
                continue
            if connection.kind in PLACEMENTS:
                word, ends = 'off', (connection.source, connection.target)
            elif all(known[name].kind == 'region' for name in ends):
                word, ends = 'blocked', (connection.source, connection.target)
            else:
                word, ends = 'hidden', _ends_of_view(connection, after)
            yield f'{word} {self._write_ends(*ends)}'

    def _is_news(self, known: Node, again: Node) -> bool:
        """Whether a node that comes again is called otherwise or has values that were not known."""
        if class_words(known) != class_words(again):
            return True
        return not self.tell(again).items() <= self.tell(known).items()

    def tell(self, node: Node) -> dict[str, str]:
        """What the dialect says of a node beside its class and handle."""
        return self._language.tell(node)

    def _write_object(self, node: Node, after: SceneGraph) -> str:
        """A node as it comes, without values that the same update takes away again."""
        left = self.tell(after.nodes[node.name])
        values = [value for key, value in self.tell(node).items() if key in left]
        return ' '.join([self._handles.write(node.name), *values])

    # ----------------------------------------------------------------------------------- reading

    def parse_update(self, lines: Iterable[str], before: SceneGraph) -> GraphUpdate:
        """The update that lines say; nodes have the names and positions that their handles tell.

        Raises:
            PlanParseError: a line cannot be read.
        """
        new: dict[str, Node] = {}
        connections: list[Connection] = []
        lost: list[Connection] = []
        gone: list[str] = []
        changes: dict[str, dict] = {}
        known = dict(before.nodes)
        location = None
        for line in lines:
            word, _, rest = line.partition(' ')
            if word == 'gone':
                gone = self._handles.find(rest)
                for name in gone:
                    known.pop(name, None)
            elif word == 'in':
                self._read_region(line, known, new, connections, changes)
            elif word in ('unseen', 'also'):
                for name, values in self._read_objects(rest.removeprefix(':')):
                    new[name] = self._make(name, values)
            elif word == 'see':
                ((name, values),) = self._read_objects(rest)
                changes.setdefault(name, {}).update(values)
            elif word == 'forget':
                node = self._read_forgotten(rest, known)
                new[node.name] = node
            elif word == 'put':
                kind, _, ends = rest.partition(' ')
                source, target = self._handles.find(ends)
                connections.append(Connection(_PLACED[kind], source, target))
            elif word in _LOST:
                source, target = self._handles.find(rest)
                lost.append(Connection(_LOST[word], source, target))
            elif word == 'at':
                location = self._handles.read(rest)
            else:
                raise PlanParseError(f'expected a line of a graph, got {line[:60]!r}')
        return GraphUpdate(
            upsert_nodes=tuple(new.values()),
            upsert_connections=tuple(connections),
            remove_nodes=tuple(gone),
            remove_connections=tuple(lost),
            set_attributes=changes,
            robot_location=location,
        )

    def _read_region(self, line, known, new, connections, changes) -> None:
        match = _REGION_LINE.fullmatch(line)
        if match is None:
            raise PlanParseError(f'expected a line of a region, got {line[:60]!r}')
        region = self._handles.read(match['region'])
        shown = dict.fromkeys(match['flags'].split(), True)
        if region not in known:
            new[region] = self._make(region, shown)
        elif shown:
            changes[region] = shown
        for other in self._handles.find(match['ways'] or ''):
            connections.append(Connection('traversable', region, other))
        for name, values in self._read_objects(match['objects'] or ''):
            if name not in known and name not in new:
                new[name] = self._make(name, values)
            connections.append(Connection('observed_from', name, region))

    def _read_forgotten(self, text: str, known: Mapping[str, Node]) -> Node:
        name = self._handles.read(text)
        if name not in known:
            raise PlanParseError(f'expected a node that was known, got {text[:60]!r}')
        words = text.partition('>')[2].split()
        return known[name].without_attributes(
            'description' if word == DESCRIBED else word for word in words
        )

    def _make(self, name: str, values: dict) -> Node:
        node = self._handles.node(self._handles.bare(name))
        bare = Node(name, node.kind, node.position, '', told_class(node))
        return bare.with_attributes(values)

    def _read_objects(self, text: str) -> Iterator[tuple[str, dict]]:
        for item in text.split(' , ') if text.strip() else ():
            name = self._handles.read(item)
            yield name, self._language.read_values(item.partition('>')[2])


def _ends_of_view(connection: Connection, graph: SceneGraph) -> tuple[str, str]:
    """The object and the region that a connection joins."""
    source, target = connection.source, connection.target
    return (source, target) if graph.nodes[source].kind == 'object' else (target, source)
