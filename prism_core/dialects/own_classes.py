"""The classes of a graph's nodes that no lexicon has, and which of them a request says: whole, such
as a pickup truck, or by their ends, such as an exchanger that is a heat exchanger.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from prism_core.calling import classes_of, ends_of
from prism_core.graph_elements import Node
from prism_core.intent import words_of_name
from prism_core.lexicon import Lexicon
from prism_core.scene_graph import SceneGraph

_WORD = re.compile('[a-z]+')
FUNCTION_WORDS = frozenset(
    _WORD.findall(
        'a an the this that these those it its they them their there here i me my you your we us '
        'our he she his her one any some every each no not and or but if whether than then so as '
        'at by for from in into of on out over to up with near is are was were be been am do does '
        'did done have has had can could will would shall should may might must please what which '
        'who where when why how many much yes go find look tell show let say report know need want '
        'help make get give take see check count inspect describe drive now something anything '
        'someone somebody anybody robot thing things stuff hello hi thanks thank more most less '
        'least fewer number none direct way ways route between head'
    )
)
"""Words that call nothing, though a petrol can may be in the graph."""


class OwnClasses:
    """Of a graph, and what a request says of them.

    `said`: those that it says whole. `ends`: what it calls others by their ends, the class in full
    where only one has that end. `rest`: the request without those of several words, of which the
    last may be another class.
    """

    def __init__(self, request: str, graph: SceneGraph, lexicon: Lexicon):
        own = dict.fromkeys(
            name
            for classes in dict.fromkeys(map(classes_of, graph.nodes.values()))
            for name in classes
            if name and name not in lexicon.objects
        )
        self.rest, self.said = request, set[str]()
        text = _text_of(request)
        for name in sorted(own, key=len, reverse=True):
            words = [word for word in (name, lexicon.plural(name)) if f' {word} ' in text]
            if words:
                self.said.add(name)
            if words and ' ' in name and not lexicon.is_listed(name):
                self.rest = _without(self.rest, words)
                text = _text_of(self.rest)
        text = ' , '.join(map(_text_of, lexicon.without_things(self.rest)))
        self.ends = _ends_in(text, (n for n in own if not lexicon.is_listed(n)), lexicon)


def _ends_in(text: str, names: Iterable[str], lexicon: Lexicon) -> list[str]:
    found: dict[str, list[str]] = {}
    for name in names:
        for end in ends_of(name) - {name} - FUNCTION_WORDS:
            if f' {end} ' in text or f' {lexicon.plural(end)} ' in text:
                found.setdefault(end, []).append(name)
    phrases = lexicon.attribute_phrases
    return [
        names[0] if len(names) == 1 else end
        for end, names in sorted(found.items())
        if not lexicon.is_listed(end) and end not in phrases
    ]


def _text_of(request: str) -> str:
    return f' {" ".join(_WORD.findall(request.lower()))} '


def _without(request: str, phrases: Iterable[str]) -> str:
    """A request without some phrases, however their words are joined."""
    for phrase in sorted(phrases, key=len, reverse=True):
        words = r'[^a-zA-Z]+'.join(map(re.escape, phrase.split()))
        request = re.sub(rf'\b{words}\b', ' , ', request, flags=re.IGNORECASE)
    return request


def calls_of_all(nodes: Mapping[str, Node], others: Mapping[str, Node]) -> frozenset[str]:
    """What some nodes can be called by: by the ends of their classes only where others are not
    called exactly so.
    """
    full = {name for classes in set(map(classes_of, nodes.values())) for name in classes}
    rivals = {name for classes in set(map(classes_of, others.values())) for name in classes}
    return frozenset(full.union(*map(ends_of, full)) - (rivals - full))


def named_so(name: str, graph: SceneGraph) -> str:
    """The one known node of which a name is the end: service_truck_12, where truck_12 is said and
    not known; else the name itself.
    """
    words = words_of_name(name)
    if name in graph.nodes or len(words) < 2:
        return name
    found = [other for other in graph.nodes if words_of_name(other)[-len(words) :] == words]
    return found[0] if len(found) == 1 else name
