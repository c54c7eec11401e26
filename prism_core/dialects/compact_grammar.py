"""The grammar of replies in the compact dialect, on one known graph: what `CompactSteps` reads,
with nodes of the right kind only, actions only where known ways lead, and reports only of what is
known. Where the request speaks of things, attributes or values that the lexicon knows, by whatever
word, goals are about no others, and none is vague.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import get_args

from prism_core.dialects.handles import Handles
from prism_core.dialects.plain_text import COORDINATE, RADIUS, most_pieces, pieces, text_piece
from prism_core.grammar import (
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
from prism_core.intent import IntentKind, class_of, class_of_name
from prism_core.lexicon import Lexicon
from prism_core.scene_graph import SceneGraph
from prism_core.validation import MAX_TEXT_CHARS

_MAX_GOTOS = 4
_MAX_CHOICES = 5
_MAX_CLASSES = 5
_MAX_WORDS = 10
_LONGEST_WORD = 25
_MAX_PHRASE_WORDS = 3
_PHRASE = re.compile(r"[^\W_]([\w'& \-]{0,62}[^\W_])?")
_NAME = re.compile(r'[\w.\-]*\w')
_WORD = re.compile('[a-z]+')
_ROOM_CHARS = 100
"""So long is what a sentence says besides names, attributes and values, at most."""


class CompactGrammar:
    """Writes the grammar; `request` lends its words to the goal."""

    def __init__(self, request: str, graph: SceneGraph, handles: Handles, lexicon: Lexicon):
        self._request = request
        self._graph = graph
        self._handles = handles
        self._lexicon = lexicon
        asked = lexicon.asked_attributes(request)
        self._attributes = [k for k in lexicon.attributes if k in asked] or [*lexicon.attributes]
        self._said_values = lexicon.said_values(request)
        self._said_things = (*lexicon.said_things(request), *self._said_nodes())
        self._said_classes = {c for said in self._said_things for c in lexicon.meant_by(said)}
        self._writer = GrammarWriter()
        self._region = self._define('REGION', self._nodes(graph.regions))
        self._object = self._define('OBJECT', self._nodes(graph.objects))
        here = graph.robot_location
        reached = graph.reachable_regions(here) if here is not None else set()
        near = [name for name in graph.regions if name in reached]
        self._near_region_classes = {class_of(graph.nodes[name]) for name in near}
        far = {class_of(graph.nodes[name]) for name in graph.regions if name not in reached}
        self._far_region_classes = far | {*lexicon.regions} - self._near_region_classes
        seen = [n for n, regions in graph.viewpoints.items() if not set(regions).isdisjoint(near)]
        self._near_classes = {class_of(graph.nodes[name]) for name in seen}
        self._near_region = self._define('NEAR_REGION', self._nodes(near))
        self._near_object = self._define('NEAR_OBJECT', self._nodes(self._only_said(seen)))
        said = self._only_said(graph.objects)
        self._said_object = self._define('SAID_OBJECT', self._nodes(said))
        nodes = one_of([self._region, self._object])
        piece = self._define('PIECE', text_piece(nodes))
        # A node is longer where the text is read: there it has its name.
        longest_piece = max([_LONGEST_WORD, *map(len, graph.nodes)])
        text = pieces(piece, most_pieces(longest_piece, MAX_TEXT_CHARS, _MAX_WORDS))
        self._quoted = in_order('"', text, '"')
        self._pair = self._pairs()

    def write(self) -> Lark:
        """The grammar of `goal : steps`."""
        is_clear = bool(self._said_things)
        kinds = (k for k in get_args(IntentKind) if not (is_clear and k == 'vague'))
        kind, called = one_text_of(kinds), self._called()
        space = optional(words(' '))
        goal = self._define('GOAL', in_order(space, kind, ' ', called, ' : '))
        bare_goal = self._define('BARE_GOAL', in_order(space, kind, ' : '))
        go = self._define('GO', in_order('go ', self._near_region, ' ; '))
        steps = repeated(go, 0, _MAX_GOTOS)
        last = self._define('LAST', self._last_step())
        about = self._define('CLASSES', in_order(' of ', self._classes()))
        of_goal = self._define('OF_GOAL', self._report_on(optional(about)))
        of_classes = self._define('OF_CLASSES', self._report_on(about))
        return self._writer.finish(
            one_of(
                [
                    in_order(goal, steps, one_of([last, of_goal])),
                    in_order(bare_goal, steps, one_of([last, of_classes])),
                ]
            )
        )

    # -------------------------------------------------------------------------------------- words

    def _define(self, name: str, part: Part | None) -> Part | None:
        return self._writer.define(name, part)

    def _nodes(self, names: Iterable[str]) -> Part | None:
        return one_text_of(map(self._handles.write, names))

    def _said_nodes(self) -> Iterator[str]:
        """The classes of known nodes that the request names, or calls by a word of no lexicon."""
        named, said = set(_NAME.findall(self._request)), self._request.lower()
        for name, node in self._graph.nodes.items():
            called = class_of(node)
            if name in named or (called not in self._lexicon.objects and called in said):
                yield called

    def _only_said(self, names: Iterable[str]) -> list[str]:
        """Those of some objects that the request may speak of: all, where it speaks of none."""
        names, objects = list(names), self._graph.objects
        classes = self._said_classes & {*self._lexicon.objects, *map(class_of, objects.values())}
        return [n for n in names if not classes or class_of(objects[n]) in classes]

    def _called(self) -> Part | None:
        """What a goal is about: words of the lexicon, of the request and of known classes."""
        lexicon = self._lexicon
        others = dict.fromkeys((*lexicon.regions, *lexicon.purposes, *lexicon.groups))
        other = one_text_of(n for n in others if not self._said_things or n in self._said_things)
        things = self._define('CALLED', one_text_of(map(self._handles.neutralize, self._things)))
        return one_of([_joined(things), other])

    def _classes(self) -> Part | None:
        """Classes that a report counts."""
        return _joined(self._define('CLASS', one_text_of(self._things)))

    @cached_property
    def _things(self) -> list[str]:
        """Words for classes: those that the request speaks of, or else the lexicon's and those of
        known nodes; and the request's own.
        """
        lexicon = self._lexicon
        found = [name for said in self._said_things for name in (said, *lexicon.meant_by(said))]
        if not found:
            found = [*lexicon.objects, *(class_of(node) for node in self._graph.nodes.values())]
        found += [class_of_name(name) for name in _NAME.findall(self._request)]
        said = _WORD.findall(self._request.lower())
        for length in range(2, _MAX_PHRASE_WORDS + 1):
            starts = range(len(said) - length + 1)
            found += [' '.join(said[start : start + length]) for start in starts]
        return [*filter(_PHRASE.fullmatch, found)]

    # -------------------------------------------------------------------------------------- steps

    def _last_step(self) -> Part | None:
        """Any step but a report that counts things of some classes."""
        region, thing = self._region, self._object
        attribute = one_text_of(self._attributes)
        asked = optional(in_order(' ', one_of([attribute, self._quoted])))
        # To where a known way leads, no way has to be looked for.
        is_reached = not self._near_region_classes.isdisjoint(
            self._said_classes
        ) and self._far_region_classes.isdisjoint(self._said_classes)
        position = one_of([region, in_order(COORDINATE, ' ', COORDINATE)])
        node = one_of([region, thing])
        choices = in_order(node, repeated(in_order(' , ', node), 1, _MAX_CHOICES - 1))
        question = one_of([words('what'), in_order('which ', choices), self._quoted])
        return one_of([
            in_order('go ', self._near_region),
            in_order('map ', self._near_region),
            in_order('explore ', self._near_region, optional(in_order(' ', RADIUS))),
            None if is_reached else in_order('extend ', position),
            in_order('inspect ', self._near_object, asked),
            words('replan'),
            in_order('answer ', one_of([*self._reports(), self._quoted])),
            in_order('ask ', question),
        ])  # fmt: skip

    def _reports(self) -> Iterator[Part | None]:
        """The reports of `reports` on nodes, on what is known of them."""
        graph, region, thing = self._graph, self._region, self._said_object
        attribute = one_text_of([*self._attributes, 'description'])
        placed = self._only_said(name for name, regions in graph.viewpoints.items() if regions)
        described = [n for n, node in graph.nodes.items() if _fits(n, node.description)]
        yield in_order('node ', thing)
        yield in_order('where ', self._nodes(placed))
        yield in_order('described ', self._nodes(described))
        yield in_order('unseen ', thing, ' ', attribute)
        yield from self._values()
        yield in_order('seen ', self._nodes(self._listable_regions()))
        yield in_order('nearest ', region, ' ', thing)
        yield in_order('way ', region, ' ', region)
        yield in_order(one_text_of(['here', 'unmapped', 'unreachable']), ' ', region)
        yield one_text_of(['unreachable', 'surveyed', 'done', 'gave_up'])

    def _values(self) -> Iterator[Part | None]:
        """What is known of an attribute of a node, and whether it is some value."""
        known: dict[str, list[str]] = {}
        objects = {*self._only_said(self._graph.objects)}
        for name, node in self._graph.nodes.items():
            for key, value in node.attributes.items():
                if isinstance(value, str) and _PHRASE.fullmatch(key) and _fits(name, value):
                    known.setdefault(key, []).append(name)
        for key, names in known.items():
            spec = self._lexicon.attributes.get(key)
            nodes = self._nodes(n for n in names if n in self._graph.regions or n in objects)
            if spec is None or key in self._attributes:
                yield in_order('value ', nodes, f' {key}')
            if spec is not None:
                said = self._said_values.get(key, ()) if self._said_values else spec.values
                yield in_order('is ', nodes, f' {key} ; ', one_text_of(said))

    def _listable_regions(self) -> Iterator[str]:
        """Regions of which all that is seen from them can be said in one sentence."""
        length = dict.fromkeys(self._graph.regions, _ROOM_CHARS)
        for name, regions in self._graph.viewpoints.items():
            for region in regions:
                length[region] += len(name) + len(' and ')
        return (region for region, chars in length.items() if chars <= MAX_TEXT_CHARS)

    def _report_on(self, classes: Part | None) -> Part | None:
        """The reports that count."""
        where = optional(in_order(' ', self._region))
        return in_order('answer ', one_of([
            in_order('none', classes) if self._may_be_none else None,
            in_order(one_text_of(['exists', 'count']), classes, where),
            in_order('more', classes, ' ', self._pair),
        ]))  # fmt: skip

    @property
    def _may_be_none(self) -> bool:
        """Whether nothing that the request speaks of is known where ways lead; of things of some
        value, such as a red one, that cannot be told here.
        """
        return bool(self._said_values) or self._near_classes.isdisjoint(self._said_classes)

    def _pairs(self) -> Part | None:
        """Two regions in the order of the graph. Each set of later ones is written once."""
        later, pairs = None, []
        for number, name in reversed(list(enumerate(self._graph.regions))):
            region = words(self._handles.write(name))
            pairs.append(in_order(region, ' ', later))
            later = self._define(f'FROM_{number}', one_of([region, later]))
        return self._define('PAIR', one_of(pairs))


def _joined(phrase: Part | None) -> Part | None:
    return in_order(phrase, repeated(in_order(' or ', phrase), 0, _MAX_CLASSES - 1))


def _fits(name: str, value: str) -> bool:
    """Whether a sentence can say this of a node."""
    return bool(value) and len(name) + len(value) + _ROOM_CHARS <= MAX_TEXT_CHARS
