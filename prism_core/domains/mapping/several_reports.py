# SPDX-License-Identifier: Apache-2.0
"""Forms of reports about several things: how many, which and whether all have some values, which
has more of something, which is nearest. What could not be seen is said with them.

Values stand in them as `openness open and color red`, see `split_values`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from prism_core.domains.mapping.nearness import by_nearness
from prism_core.domains.mapping.reports import split_classes, split_nodes
from prism_core.domains.mapping.seen_objects import objects_of
from prism_core.graph.calling import called
from prism_core.graph.elements import Node
from prism_core.graph.scene_graph import SceneGraph

# What is no further than the nearest by this much, in metres, is as near.
_AS_NEAR_M = 0.5

Values = tuple[tuple[str, str], ...]


def join_values(values: Values) -> str:
    """Attributes with their values in one text."""
    return ' and '.join(f'{key} {value}' for key, value in values)


def split_values(values: str) -> Values:
    """The attributes with their values of such a text."""
    pairs = (part.partition(' ') for part in values.split(' and '))
    return tuple((key, value) for key, _, value in pairs)


def has_all(node: Node, values: Values) -> bool | None:
    """Whether a node has all of some values; None where what is known does not tell."""
    seen = [(node.attributes.get(key), value) for key, value in values]
    if any(known not in (None, value) for known, value in seen):
        return False
    return None if any(known is None for known, _ in seen) else True


def _sorted_out(
    graph: SceneGraph, classes: str, region: str, values: str
) -> tuple[list[str], list[str], str]:
    """The objects of some classes that have all values, those that have not, and a sentence on
    those of which it is not known.
    """
    names = objects_of(graph, split_classes(classes), region)
    pairs = split_values(values)
    fits = {name: has_all(graph.nodes[name], pairs) for name in names}
    unseen = [name for name in names if fits[name] is None]
    keys = join_names([key for key, _ in pairs])
    return (
        [name for name in names if fits[name]],
        [name for name in names if fits[name] is False],
        f' The {keys} of {join_names(unseen)} could not be seen.' if unseen else '',
    )


def join_names(names: list[str]) -> str:
    """Some names as one says them."""
    return names[0] if len(names) == 1 else f'{", ".join(names[:-1])} and {names[-1]}'


def _in(region: str) -> str:
    return f' in {region}' if region else ''


def _count_of(graph: SceneGraph, classes: str, region: str, values: str) -> str:
    fitting, _, unseen = _sorted_out(graph, classes, region, values)
    return f'Number of {classes}{_in(region)} with {values}: {len(fitting)}.{unseen}'


def _having(graph: SceneGraph, classes: str, region: str, values: str) -> str:
    fitting, _, unseen = _sorted_out(graph, classes, region, values)
    said = join_names(fitting) if fitting else 'none'
    return f'Of {classes}{_in(region)}, with {values}: {said}.{unseen}'


def _having_of(graph: SceneGraph, names: str, values: str) -> str:
    fitting = split_nodes(names, graph) if names else []
    if not all(has_all(graph.nodes[name], split_values(values)) for name in fitting):
        raise KeyError(names)
    return f'With {values}: {join_names(fitting) if fitting else "none of them"}.'


def _exists_of(graph: SceneGraph, classes: str, region: str, values: str) -> str:
    fitting, _, _ = _sorted_out(graph, classes, region, values)
    article = 'an' if classes[0] in 'aeiou' else 'a'
    if fitting:
        return f'Yes, there is {article} {classes} with {values}{_in(region)}: {fitting[0]}.'
    return f'No, there is no {classes} with {values}{_in(region)}.'


def _all_have(graph: SceneGraph, classes: str, region: str, values: str) -> str:
    fitting, others, _ = _sorted_out(graph, classes, region, values)
    if others:
        return f'No, not each {classes}{_in(region)} has {values}: not {join_names(others)}.'
    if not fitting:
        raise KeyError(classes)
    return f'Yes, each {classes}{_in(region)} has {values}: {join_names(fitting)}.'


def _all_of(graph: SceneGraph, names: str, values: str) -> str:
    found = split_nodes(names, graph)
    others = [n for n in found if has_all(graph.nodes[n], split_values(values)) is not True]
    if others:
        return f'No, of {join_names(found)} not each has {values}: not {join_names(others)}.'
    return f'Yes, {join_names(found)} have {values}.'


def _list(graph: SceneGraph, classes: str, region: str) -> str:
    names = objects_of(graph, split_classes(classes), region)
    if not names:
        raise KeyError(classes)
    seen_from = {name: '' if region else next(iter(graph.viewpoints[name]), '') for name in names}
    said = [f'{name}{_in(place)}' for name, place in seen_from.items()]
    return f'All {classes}{_in(region)}: {join_names(said)}.'


def _alike(graph: SceneGraph, names: str, attribute: str, *, asks_same: bool) -> str:
    found = split_nodes(names, graph)
    values = [str(graph.nodes[name].attributes[attribute]) for name in found]
    is_same = len(set(values)) == 1
    start = f'{"Yes" if is_same == asks_same else "No"}, {join_names(found)}'
    if is_same:
        return f'{start} have the same {attribute}: {values[0]}.'
    return f'{start} differ in {attribute}: {join_names(values)}.'


def _equal(graph: SceneGraph, names: str, attribute: str) -> str:
    found = split_nodes(names, graph)
    values = [str(graph.nodes[name].attributes[attribute]) for name in found]
    return f'By {attribute}, {join_names(found)} are equal: {join_names(values)}.'


def _ranked(graph: SceneGraph, best: str, others: str, attribute: str, value: str) -> str:
    names = split_nodes(others, graph)
    told = {n: str(graph.nodes[n].attributes[attribute]) for n in (best, *names)}
    values = ', '.join(told[name] for name in names)
    return (
        f'By {attribute}, {best} ({told[best]}) comes closer to {value} than '
        f'{" and ".join(names)} ({values}).'
    )


def _ahead(
    graph: SceneGraph, one: str, other: str, attribute: str, value: str, *, is_so: bool
) -> str:
    told = [str(graph.nodes[name].attributes[attribute]) for name in (one, other)]
    comes = 'comes' if is_so else 'does not come'
    return (
        f'{"Yes" if is_so else "No"}, by {attribute} {one} ({told[0]}) {comes} closer to {value} '
        f'than {other} ({told[1]}).'
    )


def _closest(graph: SceneGraph, classes: str, origin: str) -> str:
    wanted = split_classes(classes)
    things = called(graph.objects.values(), wanted)
    found = by_nearness(graph, things or called(graph.regions.values(), wanted), origin)
    if not found:
        raise KeyError(classes)
    near_m = found[0][0]
    near = [name for far_m, name in found if far_m - near_m < _AS_NEAR_M]
    said = [f'{n}{_in(_next_place(graph, n, origin))}' if things else n for n in near]
    return f'From {origin} the closest {classes} is {join_names(said)}, {_metres(near_m)}.'


def _next_place(graph: SceneGraph, name: str, origin: str) -> str:
    """The region from which an object is seen that is next to another."""
    return by_nearness(graph, graph.viewpoints[name], origin)[0][1]


def _nearer(graph: SceneGraph, one: str, other: str, origin: str) -> str:
    entries = by_nearness(graph, (one, other), origin)
    if len(entries) < 2:
        raise KeyError(f'{one} or {other}')
    (near_m, near), (far_m, far) = entries
    if round(near_m) == round(far_m):
        return f'From {origin}, {near} and {far} are equally near: {_metres(near_m)}.'
    return f'From {origin}, {near} ({near_m:.0f} m) is nearer than {far} ({far_m:.0f} m).'


def _distance(graph: SceneGraph, name: str, origin: str) -> str:
    entries = by_nearness(graph, (name,), origin)
    if not entries:
        raise KeyError(name)
    return f'From {origin} to {name} it is {_metres(entries[0][0])}.'


def _metres(far_m: float) -> str:
    return f'{far_m:.0f} m by the ways that I know'


class SeveralForm(NamedTuple):
    """How the sentence of a form is made, the pattern that finds its arguments in it, and which of
    these are lists of nodes.
    """

    render: Callable[..., str]
    pattern: str
    lists: str = ''


_WITH = r'with <c values>'
FORMS: Mapping[str, SeveralForm] = {
    'count_of': SeveralForm(
        _count_of, rf'Number of <a words>(?: in <b>)? {_WITH}: \d+\.(?: The .*)?'
    ),
    'having': SeveralForm(_having, rf'Of <a words>(?: in <b>)?, {_WITH}: .*'),
    'having_of': SeveralForm(_having_of, r'With <b values>: (?:none of them|<a words>)\.', 'a'),
    'exists_of': SeveralForm(
        _exists_of, rf'(?:Yes|No), there is (?:an?|no) <a words> {_WITH}(?: in <b>)?(?:: .*)?\.'
    ),
    'all_have': SeveralForm(
        _all_have, r'(?:Yes,|No, not) each <a words>(?: in <b>)? has <c values>: .*'
    ),
    'all_of': SeveralForm(
        _all_of, r'(?:Yes,|No, of) <a words> (?:have|not each has) <b values>(?:: .*)?\.', 'a'
    ),
    'list': SeveralForm(_list, 'All <a words>(?: in <b>)?: .*'),
    'same': SeveralForm(
        lambda *said: _alike(*said, asks_same=True),
        '(?:Yes|No), <a words> (?:have the same|differ in) <b words>: .*',
        'a',
    ),
    'differ': SeveralForm(
        lambda *said: _alike(*said, asks_same=False),
        '(?:Yes|No), <a words> (?:have the same|differ in) <b words>: .*',
        'a',
    ),
    'equal': SeveralForm(_equal, 'By <b words>, <a words> are equal: .*', 'a'),
    'ranked': SeveralForm(
        _ranked,
        r'By <c words>, <a> \(.*\) comes closer to <d words> than <b words> \([^()]*\)\.',
        'b',
    ),
    'ahead': SeveralForm(
        lambda *said: _ahead(*said, is_so=True),
        r'Yes, by <c words> <a> \(.*\) comes closer to <d words> than <b> \(.*\)\.',
    ),
    'behind': SeveralForm(
        lambda *said: _ahead(*said, is_so=False),
        r'No, by <c words> <a> \(.*\) does not come closer to <d words> than <b> \(.*\)\.',
    ),
    'closest': SeveralForm(_closest, 'From <b> the closest <a words> is .*'),
    'nearer': SeveralForm(
        _nearer,
        r'From <c>, <a> (?:and|\(\d+ m\) is nearer than) <b> (?:are equally near: .*|\(\d+ m\)\.)',
    ),
    'distance': SeveralForm(_distance, 'From <b> to <a> it is .*'),
}
