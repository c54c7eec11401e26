# SPDX-License-Identifier: Apache-2.0
"""The grammar of reports: what may be said is known, was looked at, or was tried often enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from prism_core.dialects.plain_text import PHRASE
from prism_core.dialects.reply_grammar import ReplyGrammar
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.looking import MAPPED
from prism_core.domains.mapping.nearness import has_lengths
from prism_core.domains.mapping.report_forms import LEFT_OUT
from prism_core.domains.mapping.speech.several_grammar import MAX_NAMED, SeveralGrammar
from prism_core.domains.mapping.told_texts import sentences_of
from prism_core.plan.grammar import (
    Part,
    in_order,
    one_of,
    one_text_of,
    optional,
    repeated,
    two_of,
    words,
)
from prism_core.plan.validation import MAX_TEXT_CHARS

_MAX_CHOICES = 5
_MAX_CLASSES = 3
_MAX_LEFT_OUT = 3
_MAX_TOLD = 4  # steps of a sequence
_ROOM_CHARS = 100
"""So long is what a sentence says besides names, attributes and values, at most."""


class ReportGrammar:
    """Writes the phrases that report what is known of a graph, by the forms of `reports`.

    `called` is what something may be called.
    """

    def __init__(self, grammar: ReplyGrammar, lexicon: Lexicon, called: Part | None):
        self._grammar, self._lexicon = grammar, lexicon
        self._graph, self._state, self._nodes = grammar.graph, grammar.state, grammar.nodes
        self._define = grammar.writer.define
        more = repeated(in_order(' or ', called), 0, _MAX_CLASSES - 1)
        self.about = self._define('ABOUT', in_order(' ', called, more))
        self._of = self._define('OF', in_order(' of', self.about))
        self._any_object = self._define('ANY_OBJECT', self._nodes(self._graph.objects))
        placed = (name for name, node in self._graph.objects.items() if node.position)
        self._placed_object = self._define('PLACED_OBJECT', self._nodes(placed))
        self._several = SeveralGrammar(grammar, lexicon, called, self._known, self._mapped())

    def write(self, *, is_named: bool) -> Mapping[str, Part | None]:
        """The phrases by form; where the goal names what it is about, they may leave that out."""
        of_classes = self._define('CLASSES', optional(self._of)) if is_named else self._of
        said = dict(self._on_classes(of_classes)) | dict(self._several.of_classes(of_classes))
        parts = {**self._on_any, **said}
        return {form: self._define(form.upper(), part) for form, part in parts.items()}

    @cached_property
    def _on_any(self) -> Mapping[str, Part | None]:
        """Those that do not depend on the goal."""
        several = self._several
        return {
            **dict(self._on_nodes()),
            **dict(several.on_nodes()),
            **dict(several.of_known_classes(is_all_seen=not self._state.frontiers)),
            **dict(self._questions()),
        }

    def write_bounded(self) -> Iterator[Part | None]:
        """What a mission says that must keep out of somewhere: of that it knows itself how much it
        may look at.
        """
        places = self._define('PLACE', self._nodes(self._graph.regions))
        for form in ('none', 'untold'):
            yield in_order(f'{form}_allowed', self._of)
        yield words('surveyed_allowed')
        more = repeated(in_order(' , ', places), 0, MAX_NAMED - 1)
        yield in_order('been_allowed', self._of, ' ', places, more)
        yield in_order('forbidden ', places)
        yield in_order('unreachable ', self._define('KNOWN', self._nodes(self._graph.nodes)))
        yield in_order('count', self._of)
        yield from dict(self._several.of_known_classes(is_all_seen=True)).values()

    def write_left_out(self) -> Part | None:
        """Where such a mission did not go."""
        place = self._define('PLACE', self._nodes(self._graph.regions))
        more = repeated(in_order(' , ', place), 0, _MAX_LEFT_OUT - 1)
        return one_of(in_order(f'{form} ', place, more) for form in LEFT_OUT)

    def _on_nodes(self) -> Iterator[tuple[str, Part | None]]:
        graph, state = self._graph, self._state
        placed = [name for name, seen_from in graph.viewpoints.items() if seen_from]
        seen = self._inspected_whole() | graph.regions.keys()
        described = [
            n for n, node in graph.nodes.items() if n in seen and _fits(n, node.description)
        ]
        far = self._nodes(name for name in graph.regions if name in state.unreachable)
        mapped = self._nodes(self._mapped())
        yield 'node', in_order('node ', self._any_object)
        yield 'where', in_order('where ', self._nodes(placed))
        yield 'described', in_order('described ', self._nodes(described))
        yield 'unseen', in_order('unseen ', one_of(self._unseen()))
        told = self._told()
        yield 'value', in_order('value ', told)
        yield 'is', self._comparisons()
        yield 'seen', in_order('seen ', self._nodes(self._listable_regions()))
        yield 'nearest', in_order('nearest ', mapped, ' ', self._placed_object)
        ends = self._define('END', self._nodes(graph.regions))
        written = [*map(self._grammar.handles.write, graph.regions)]
        yield 'way', in_order('way ', two_of(written, ends, ' '))
        yield 'unmapped', in_order('unmapped ', self._nodes(self._looked_at_in_vain()))
        cut_off = in_order(' ', one_of([far, self._nodes(self._far_objects)]))
        tried = self._nodes(self._driven_in_vain())
        yield (
            'unreachable',
            one_of(
                [
                    self._if_all_is_seen(in_order('unreachable', optional(cut_off))),
                    in_order('unreachable ', tried),
                ]
            ),
        )
        yield 'quoted', self._quotes()
        yield 'surveyed', self._if_all_is_seen(words('surveyed'))
        more = repeated(in_order(' , ', told), 0, _MAX_TOLD - 1)
        yield 'done', in_order('done', optional(in_order(' ', told, more)))
        yield 'gave_up', words('gave_up') if state.turns_left <= 1 else None

    def _inspected_whole(self) -> set[str]:
        """The objects that were inspected as a whole in this mission, or could not be."""
        inspected = (a.arguments for a in self._state.tried if a.name == 'inspect')
        asked = self._lexicon.asked_attributes
        return {str(name) for name, query in inspected if not asked(str(query))}

    def _mapped(self) -> list[str]:
        """The regions of which all is known that is seen from there, or that were looked at."""
        looked_at, nodes = self._state.done_on('map_region'), self._graph.regions
        return [n for n in nodes if n in looked_at or nodes[n].attributes.get(MAPPED)]

    def _tried_in_vain(self, *names: str) -> Iterator[tuple]:
        blocked = (a for a in self._state.failures if self._state.is_blocked(a))
        return (a.arguments for a in blocked if a.name in names)

    def _looked_at_in_vain(self) -> Iterator[str]:
        regions = {str(where) for where, *_ in self._tried_in_vain('map_region', 'explore_region')}
        return (name for name in self._graph.regions if name in regions)

    def _driven_in_vain(self) -> Iterator[str]:
        tried = {str(a.arguments[0]) for a in self._state.failures if a.name == 'goto'}
        return (name for name in self._graph.regions if name in tried)

    @cached_property
    def _far_objects(self) -> list[str]:
        """The objects to which no known way leads."""
        near = {*self._grammar.near_objects}
        return [name for name in self._graph.objects if name not in near]

    def _unseen(self) -> Iterator[Part | None]:
        """What could not be seen of a node: it cannot be got to, nobody knows where it or how long
        a way is, or it was looked at in vain.
        """
        keys = one_text_of([*self._lexicon.attributes, 'description'])
        yield in_order(self._nodes(self._far_objects), ' ', keys)
        nodes = self._graph.nodes
        yield in_order(
            self._nodes(n for n in self._graph.objects if not nodes[n].position), ' position'
        )
        unmeasured = self._far_objects if has_lengths(self._graph) else nodes
        yield in_order(self._nodes(unmeasured), ' distance')
        read = self._inspected_whole() & self._graph.objects.keys()
        asked = self._define('ASKED', one_text_of(self._grammar.said_words()))
        yield in_order(self._nodes(n for n in nodes if n in read), ' ', asked)
        yield from self._inspected_in_vain()

    def _quotes(self) -> Part | None:
        """A sentence of what is known of an object in words."""
        return one_of(
            in_order(f'quoted {self._grammar.handles.write(name)} "', one_text_of(told), '"')
            for name, node in self._graph.objects.items()
            if (told := [*map(self._grammar.handles.neutralize, sentences_of(node.description))])
        )

    def _inspected_in_vain(self) -> Iterator[Part | None]:
        for name, query in self._tried_in_vain('inspect'):
            if name in self._graph.objects:
                asked = self._lexicon.asked_attributes(str(query)) or {'description'}
                yield in_order(
                    f'{self._grammar.handles.write(str(name))} ', one_text_of(sorted(asked))
                )

    def _told(self) -> Part | None:
        """An attribute of a node of which the value is known."""
        parts = [in_order(self._nodes(names), f' {key}') for key, names in self._known.items()]
        return self._define('TOLD', one_of(parts))

    def _comparisons(self) -> Part | None:
        """Whether what is known of an attribute of a node is some value."""
        asked = self._lexicon.attributes
        return one_of(
            in_order('is ', self._nodes(names), f' {key} ; ', one_text_of(asked[key].values))
            for key, names in self._known.items()
            if key in asked
        )

    @cached_property
    def _known(self) -> Mapping[str, list[str]]:
        """The attributes that have a value that can be said, and the nodes that have them."""
        known: dict[str, list[str]] = {}
        for name, node in self._graph.nodes.items():
            for key, value in node.attributes.items():
                if isinstance(value, str) and PHRASE.fullmatch(key) and _fits(name, value):
                    known.setdefault(key, []).append(name)
        return known

    def _listable_regions(self) -> Iterator[str]:
        """Regions that were looked at of which all that is seen can be said in one sentence."""
        length = dict.fromkeys(self._graph.regions, _ROOM_CHARS)
        for name, regions in self._graph.viewpoints.items():
            for region in regions:
                length[region] += len(name) + len(' and ')
        return (region for region in self._mapped() if length[region] <= MAX_TEXT_CHARS)

    def _on_classes(self, classes: Part | None) -> Iterator[tuple[str, Part | None]]:
        """Reports that count; none is counted where nobody has looked."""
        mapped = self._define('MAPPED', self._nodes(self._mapped()))
        seen = {region for regions in self._graph.viewpoints.values() for region in regions}
        told = in_order(' ', self._nodes([n for n in self._graph.regions if n in seen]))
        where = in_order(' ', mapped)
        everywhere = where if self._state.frontiers else optional(where)
        one = self._define('MEANT', self._nodes(self._graph.nodes))
        more = repeated(in_order(' , ', one), 0, _MAX_CHOICES - 2)
        for form in ('none', 'been', 'untold'):
            yield form, self._if_all_is_seen(in_order(form, classes))
        yield 'exists', in_order('exists', classes, optional(one_of([told, where])))
        yield 'count', in_order('count', classes, everywhere)
        yield 'more', in_order('more', classes, ' ', self._pair())
        yield 'alike', in_order('alike', classes, ' ', one, more)

    def _pair(self) -> Part | None:
        """Two regions that were looked at, in the order of the graph. Each set of later ones is
        written once.
        """
        later, pairs = None, []
        for name in reversed(self._mapped()):
            region = words(self._grammar.handles.write(name))
            pairs.append(in_order(region, ' ', later))
            later = self._define('FROM', one_of([region, later]))
        return self._define('PAIR', one_of(pairs))

    def _questions(self) -> Iterator[tuple[str, Part | None]]:
        """Which one of several is meant."""
        one = self._define('MEANT', self._nodes(self._graph.nodes))
        more = repeated(in_order(' , ', one), 0, _MAX_CHOICES - 2)
        names = [*map(self._grammar.handles.write, self._graph.nodes)]
        yield 'which', in_order('which ', two_of(names, one, ' , '), more)

    def _if_all_is_seen(self, part: Part | None) -> Part | None:
        """What can be said only when nothing is left to look at."""
        return None if self._state.frontiers else part


def _fits(name: str, value: str) -> bool:
    """Whether a sentence can say this of a node."""
    return bool(value) and len(name) + len(value) + _ROOM_CHARS <= MAX_TEXT_CHARS
