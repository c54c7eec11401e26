"""Scene graphs and their updates as lines of the compact dialect.

| line | says |
|---|---|
| `in yard<r2> mapped ways <r7><r4> : truck<o3> red , crate<o5>` | a region, whether all that it \
shows is known, the regions before it to which a way leads, what is seen from it |
| `unseen : chair<o9>` | objects that are known to be seen from nowhere |
| `see truck<o3> red described` | what became known of an object |
| `blocked yard<r2> dock<r4>` | a way that is none |
| `gone crate<o5>` | nodes that are no more |
| `at yard<r2>` | where the robot went |

Positions, lengths and the wording of descriptions stay with the code: no decision needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from prism_core.dialects.handles import Handles
from prism_core.errors import PlanParseError
from prism_core.graph_elements import Connection, GraphUpdate, Node
from prism_core.lexicon import Lexicon
from prism_core.mission_state import MAPPED
from prism_core.scene_graph import SceneGraph

DESCRIBED = 'described'
_REGION_LINE = re.compile(
    r'in (?P<region>[^<>]*<r\d+>)(?P<mapped> mapped)?(?: ways (?P<ways>(?:<r\d+>)+))?'
    r'(?: :(?P<objects>.*))?'
)


class GraphLines:
    """Writes and reads the lines of graphs and updates."""

    def __init__(self, handles: Handles, lexicon: Lexicon):
        self._handles = handles
        self._lexicon = lexicon

    # ----------------------------------------------------------------------------------- writing

    def render_graph(self, graph: SceneGraph) -> list[str]:
        """A whole graph."""
        whole = GraphUpdate(
            upsert_nodes=tuple(graph.nodes.values()),
            upsert_connections=tuple(graph.connections.values()),
        )
        return self.render_update(whole, SceneGraph())

    def render_update(self, update: GraphUpdate, before: SceneGraph) -> list[str]:
        """An update of a graph."""
        new = {node.name: node for node in update.upsert_nodes}
        kinds = {name: node.kind for name, node in {**before.nodes, **new}.items()}
        order = {name: index for index, name in enumerate([*before.nodes, *new])}
        ways: dict[str, list[str]] = {}
        seen: dict[str, list[str]] = {}
        shown: set[str] = set()
        for connection in update.upsert_connections:
            first, later = sorted((connection.source, connection.target), key=order.__getitem__)
            if connection.kind == 'traversable':
                ways.setdefault(later, []).append(first)
            else:
                thing, region = (first, later) if kinds[first] == 'object' else (later, first)
                seen.setdefault(region, []).append(thing)
        mapped = {n.name for n in update.upsert_nodes if n.attributes.get(MAPPED)}
        mapped |= {n for n, changes in update.set_attributes.items() if changes.get(MAPPED)}
        regions = {name for name in new if kinds[name] == 'region'} | mapped | ways.keys()
        lines = []
        for region in sorted(regions | seen.keys(), key=order.__getitem__):
            words = [f'in {self._handles.write(region)}']
            words += ['mapped'] if region in mapped else []
            if region in ways:
                others = sorted(ways[region], key=order.__getitem__)
                words.append('ways ' + ''.join(self._handles.bare(other) for other in others))
            things = sorted(seen.get(region, ()), key=order.__getitem__)
            if things:
                items = [self._write_object(name, new, name in shown) for name in things]
                words.append(': ' + ' , '.join(items))
                shown.update(things)
            lines.append(' '.join(words))
        unseen = [n for n in new if kinds[n] == 'object' and n not in shown]
        if unseen:
            items = [self._write_object(name, new, False) for name in unseen]
            lines.append('unseen : ' + ' , '.join(items))
        for name, changes in update.set_attributes.items():
            words = self._write_values(changes)
            if kinds[name] == 'object' and words:
                lines.append(f'see {" ".join([self._handles.write(name), *words])}')
        for gone in update.remove_connections:
            ends = ' '.join(self._handles.write(name) for name in (gone.source, gone.target))
            lines.append(f'blocked {ends}')
        if update.robot_location is not None:
            lines.append(f'at {self._handles.write(update.robot_location)}')
        return lines

    def _write_object(self, name: str, new: dict[str, Node], is_shown: bool) -> str:
        node = new.get(name)
        if node is None or is_shown:
            return self._handles.write(name)
        known = dict(node.attributes)
        if node.description:
            known['description'] = node.description
        return ' '.join([self._handles.write(name), *self._write_values(known)])

    def _write_values(self, known) -> list[str]:
        """The values that the lexicon has words for, in its order."""
        words = [
            known[key]
            for key, spec in self._lexicon.attributes.items()
            if isinstance(known.get(key), str) and known[key] in spec.values
        ]
        return [*words, DESCRIBED] if known.get('description') else words

    # ----------------------------------------------------------------------------------- reading

    def parse_update(self, lines: Iterable[str], before: SceneGraph) -> GraphUpdate:
        """The update that lines say; nodes have the names and positions that their handles tell.

        Raises:
            PlanParseError: a line cannot be read.
        """
        new: dict[str, Node] = {}
        connections: list[Connection] = []
        gone: list[Connection] = []
        changes: dict[str, dict] = {}
        location = None
        for line in lines:
            word, _, rest = line.partition(' ')
            if word == 'in':
                self._read_region(line, before, new, connections, changes)
            elif word == 'unseen':
                for name, values in self._read_objects(rest.removeprefix(':')):
                    new[name] = self._make(name, values)
            elif word == 'see':
                ((name, values),) = self._read_objects(rest)
                changes.setdefault(name, {}).update(values)
            elif word == 'blocked':
                source, target = self._handles.find(rest)
                gone.append(Connection('traversable', source, target))
            elif word == 'at':
                location = self._handles.read(rest)
            else:
                raise PlanParseError(f'expected a line of a graph, got {line[:60]!r}')
        return GraphUpdate(
            upsert_nodes=tuple(new.values()),
            upsert_connections=tuple(connections),
            remove_connections=tuple(gone),
            set_attributes=changes,
            robot_location=location,
        )

    def _read_region(self, line, before, new, connections, changes) -> None:
        match = _REGION_LINE.fullmatch(line)
        if match is None:
            raise PlanParseError(f'expected a line of a region, got {line[:60]!r}')
        region = self._handles.read(match['region'])
        shown = {MAPPED: True} if match['mapped'] else {}
        if region not in before.nodes:
            new[region] = self._make(region, shown)
        elif shown:
            changes[region] = shown
        for other in self._handles.find(match['ways'] or ''):
            connections.append(Connection('traversable', region, other))
        for name, values in self._read_objects(match['objects'] or ''):
            if name not in before.nodes and name not in new:
                new[name] = self._make(name, values)
            connections.append(Connection('observed_from', name, region))

    def _make(self, name: str, values: dict) -> Node:
        node = self._handles.node(self._handles.bare(name))
        return Node(name, node.kind, node.position).with_attributes(values)

    def _read_objects(self, text: str) -> Iterator[tuple[str, dict]]:
        for item in text.split(' , ') if text.strip() else ():
            name = self._handles.read(item)
            yield name, self._read_values(item.partition('>')[2])

    def _read_values(self, text: str) -> dict[str, str]:
        values: dict[str, str] = {}
        for phrase in self._lexicon.find_values(text):
            if phrase == DESCRIBED:
                values['description'] = DESCRIBED
            else:
                key, value = self._lexicon.attribute_phrases[phrase]
                values[key] = value
        return values
