"""The grammar of reports in the compact dialect: what may be said is known, was looked at, or was
tried often enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prism_core.dialects.compact_standing import Standing
from prism_core.dialects.compact_topic import Topic
from prism_core.dialects.handles import Handles
from prism_core.dialects.plain_text import PHRASE
from prism_core.grammar import (
    GrammarWriter,
    Part,
    in_order,
    one_of,
    one_text_of,
    optional,
    repeated,
    two_of,
    words,
)
from prism_core.lexicon import Lexicon
from prism_core.mission_state import MissionState
from prism_core.scene_graph import SceneGraph
from prism_core.validation import MAX_TEXT_CHARS

_MAX_CHOICES = 5
_ROOM_CHARS = 100
"""So long is what a sentence says besides names, attributes and values, at most."""


class ReportGrammar:
    """Writes the steps that report what is known of a graph."""

    def __init__(
        self,
        writer: GrammarWriter,
        topic: Topic,
        standing: Standing,
        graph: SceneGraph,
        state: MissionState,
        handles: Handles,
        lexicon: Lexicon,
    ):
        self._writer, self._topic, self._standing = writer, topic, standing
        self._graph, self._state = graph, state
        self._handles, self._lexicon = handles, lexicon
        self._object = self._nodes(topic.objects)

    def write(self, classes: Part | None) -> Mapping[str, Part | None]:
        """The steps that report, by the forms of `reports`; `classes` names some that the goal does
        not. That the robot is somewhere is said together with the drive there.
        """
        reports = {'here': self._arrivals()}
        for form, part in (*self._on_nodes(), *self._on_classes(classes)):
            reports[form] = in_order('answer ', part)
        if self._topic.alike:
            reports |= self._questions_about_alike(classes)
        return {form: self._writer.define(f'SAY_{form.upper()}', p) for form, p in reports.items()}

    def _questions_about_alike(self, classes: Part | None) -> Mapping[str, Part | None]:
        """Where something bears the word of what is not found: instead of that there is none."""
        names = [self._handles.write(name) for name in self._topic.alike]
        one = self._writer.define('ALIKE', one_text_of(names))
        more = repeated(in_order(' , ', one), 0, _MAX_CHOICES - 1)
        question = in_order('ask alike', optional(classes), ' ', one, more)
        asked = self._if_all_is_seen(question if self._standing.may_be_missing else None)
        return {'none': asked, 'exists': None, 'count': None}

    def _nodes(self, names: Iterable[str]) -> Part | None:
        return one_text_of(map(self._handles.write, names))

    def _two_of(self, names: Sequence[str]) -> Part | None:
        one = self._writer.define('END', self._nodes(names))
        return two_of([*map(self._handles.write, names)], one, ' ')

    def _arrivals(self) -> Part | None:
        regions = [name for name in self._topic.near_regions if name in self._topic.regions]
        return one_of(
            in_order('' if name == self._state.here else f'go {said} ; ', f'answer here {said}')
            for name, said in zip(regions, map(self._handles.write, regions))
        )

    def _on_nodes(self) -> Iterator[tuple[str, Part | None]]:
        graph, topic, standing = self._graph, self._topic, self._standing
        placed = [name for name in standing.fitting if graph.viewpoints[name]]
        said = [name for name in topic.objects if name in standing.inspected_whole]
        if not topic.object_choices:
            said += topic.regions
        described = [name for name in said if _fits(name, graph.nodes[name].description)]
        far = self._nodes(name for name in graph.regions if name in self._state.unreachable)
        yield 'node', in_order('node ', self._nodes(standing.fitting))
        yield 'where', in_order('where ', self._nodes(placed))
        yield 'described', in_order('described ', self._nodes(described))
        yield 'unseen', in_order('unseen ', one_of(self._inspected_in_vain()))
        yield from self._values()
        shown = {*graph.regions} if standing.is_sent else {*standing.looked_at}
        listable = (name for name in self._listable_regions() if name in shown)
        yield 'seen', in_order('seen ', self._nodes(listable))
        mapped = self._nodes(standing.looked_at)
        yield 'nearest', in_order('nearest ', mapped, ' ', self._object)
        yield 'way', in_order('way ', self._two_of(topic.regions))
        yield 'unmapped', in_order('unmapped ', self._nodes(self._looked_at_in_vain()))
        place = one_of([in_order(' ', far), words('') if topic.positions else None])
        yield 'unreachable', self._if_all_is_seen(in_order('unreachable', place))
        yield 'surveyed', self._if_all_is_seen(words('surveyed'))
        yield 'done', words('done') if standing.is_all_inspected else None
        yield 'gave_up', words('gave_up') if self._state.turns_left <= 1 else None

    def _tried_in_vain(self, *verbs: str) -> Iterator[tuple]:
        blocked = (a for a in self._state.failures if self._state.is_blocked(a))
        return (a.arguments for a in blocked if a.name in verbs)

    def _looked_at_in_vain(self) -> Iterator[str]:
        regions = {str(where) for where, *_ in self._tried_in_vain('map_region', 'explore_region')}
        return (name for name in self._graph.regions if name in regions)

    def _inspected_in_vain(self) -> Iterator[Part | None]:
        for name, query in self._tried_in_vain('inspect'):
            if name in self._topic.objects:
                asked = self._lexicon.asked_attributes(str(query)) or {'description'}
                yield in_order(f'{self._handles.write(str(name))} ', one_text_of(sorted(asked)))

    def _values(self) -> Iterator[tuple[str, Part | None]]:
        """What is known of an attribute of a node, and whether it is some value."""
        topic, nodes = self._topic, self._graph.nodes
        known: dict[str, list[str]] = {}
        for name in (*self._graph.regions, *topic.objects):
            for key, value in nodes[name].attributes.items():
                if isinstance(value, str) and PHRASE.fullmatch(key) and _fits(name, value):
                    known.setdefault(key, []).append(name)
        values, comparisons = list[Part | None](), list[Part | None]()
        for key, names in known.items():
            spec = self._lexicon.attributes.get(key)
            if spec is None or key in topic.asked:
                values.append(in_order('value ', self._nodes(names), f' {key}'))
            if spec is not None:
                said = one_text_of(topic.values.get(key, ()) if topic.values else spec.values)
                comparisons.append(in_order('is ', self._nodes(names), f' {key} ; ', said))
        yield 'value', one_of(values)
        yield 'is', one_of(comparisons)

    def _listable_regions(self) -> Iterator[str]:
        """Regions of which all that is seen from them can be said in one sentence."""
        length = dict.fromkeys(self._graph.regions, _ROOM_CHARS)
        for name, regions in self._graph.viewpoints.items():
            for region in regions:
                length[region] += len(name) + len(' and ')
        return (region for region, chars in length.items() if chars <= MAX_TEXT_CHARS)

    def _on_classes(self, classes: Part | None) -> Iterator[tuple[str, Part | None]]:
        """Reports that count; none is counted where nobody has looked."""
        about = optional(classes)
        mapped = in_order(' ', self._nodes(self._standing.mapped_regions))
        where = mapped if self._state.frontiers else optional(mapped)
        is_missing = self._standing.may_be_missing
        yield 'none', self._if_all_is_seen(in_order('none', about)) if is_missing else None
        yield 'exists', in_order('exists', about, self._where_it_is())
        yield 'count', in_order('count', about, where)
        yield 'more', in_order('more', about, ' ', self._pair())

    def _where_it_is(self) -> Part | None:
        """Where there is something or not: in a region that was looked at or shows it; or anywhere,
        where the request speaks of no region.
        """
        where = in_order(' ', self._nodes(self._standing.told_regions))
        if self._topic.speaks_of_places:
            return where
        is_told = bool(self._topic.objects) or not self._state.frontiers
        return optional(where) if is_told else where

    def _if_all_is_seen(self, part: Part | None) -> Part | None:
        """What can be said only when nothing is left to look at."""
        return None if self._state.frontiers else part

    def _pair(self) -> Part | None:
        """Two regions that were looked at, in the order of the graph. Each set of later ones is
        written once.
        """
        later, pairs = None, []
        for number, name in reversed(list(enumerate(self._standing.looked_at))):
            region = words(self._handles.write(name))
            pairs.append(in_order(region, ' ', later))
            later = self._writer.define(f'FROM_{number}', one_of([region, later]))
        return self._writer.define('PAIR', one_of(pairs))


def _fits(name: str, value: str) -> bool:
    """Whether a sentence can say this of a node."""
    return bool(value) and len(name) + len(value) + _ROOM_CHARS <= MAX_TEXT_CHARS
