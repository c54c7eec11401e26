# SPDX-License-Identifier: Apache-2.0
"""What a planner says at the end, as data and as a sentence.

A report names a form and what it is about; the sentence is made from the known graph, so that what
is said about nodes is what was observed: values are quoted, things are counted, nothing is made up.
`parse_report` finds the report in a sentence; any other text is a report of form `say`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from prism_core.domains.mapping.said_names import NAME_PATTERN, HeldNames
from prism_core.domains.mapping.seen_objects import nearest_object, objects_in, objects_of
from prism_core.graph.calling import is_called
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.validation import MAX_TEXT_CHARS


@dataclass(frozen=True)
class Report:
    """A form and its arguments: nodes by name, attributes, values, and classes joined by ' or ';
    of forms about several things, attributes with their values, joined by ' and '.

    | form | arguments | such as |
    |---|---|---|
    | node | object | crate_3, seen from yard_1. |
    | where | object | crate_3 is in yard_1. |
    | value | object, attribute | The color of crate_3 is red. |
    | is | object, attribute, value | No, the color of crate_3 is not blue but red. |
    | described | object | crate_3: a crate under a tarpaulin. |
    | quoted | object, text | gate_3: A sign says "back at 3". (a part of its description) |
    | unseen | object, attribute | The color of crate_3 could not be seen. |
    | untold | topic | I found no text about last ferry in all 4 regions that I can reach. |
    | exists, count | classes, region or '' | No, there is no crate in yard_1. |
    | none | classes | There is no crate in the 4 regions that I can reach. |
    | more | classes, region, region | Counting crate, yard_1 (3) has more than dock_2 (0). |
    | nearest | region, object | In yard_1, bench_2 is closest to crate_3. |
    | count_of | classes, region or '', values | Number of gate in yard_1 with openness open: 2. |
    | having | classes, region or '', values | Of gate, with openness open: gate_1 and gate_3. |
    | having_of | nodes joined by ' or ', or ''; values | With power running: pump_1. |
    | exists_of | classes, region or '', values | Yes, there is a gate with openness open: gate_1. |
    | all_have | classes, region or '', values | No, not each gate has openness open: not gate_2. |
    | all_of | nodes joined by ' or ', values | Yes, van_1 and van_2 have size small. |
    | list | classes, region or '' | All gate: gate_1 in yard_1 and gate_2 in dock_2. |
    | same, differ | nodes joined by ' or ', attribute | Yes, van_1 and van_2 have the same size: \
small. |
    | equal | nodes joined by ' or ', attribute | By fullness, tank_1 and tank_2 are equal: full. |
    | ranked | object, nodes joined by ' or ', attribute, value | By size, van_1 (large) comes \
closer to large than van_2 (small). |
    | ahead, behind | object, object, attribute, value | Yes, by size van_1 (large) comes closer \
to large than van_2 (small). |
    | closest | classes, region | From yard_1 the closest van is van_2 in dock_2, 34 m by the ways \
that I know. |
    | nearer | region, region, region | From yard_1, dock_2 (20 m) is nearer than dock_7 (45 m). |
    | distance | node, region | From yard_1 to dock_2 it is 20 m by the ways that I know. |
    | seen | region | In yard_1 I see bench_2 and crate_3. |
    | surveyed | | I have mapped all 4 regions that I can reach. |
    | been | classes | I have been at each dock that I can reach: dock_2 and dock_7. |
    | way | region, region | No, the way from yard_1 to dock_2 is blocked. |
    | here | region | I am at yard_1. |
    | been_at | region | I have been at yard_1. |
    | forbidden | region | I must not enter yard_1. |
    | none_allowed, untold_allowed | classes | There is no crate in any region that I can reach. |
    | surveyed_allowed | | I have mapped all regions that I may enter. |
    | been_allowed | classes, nodes joined by ' or ' | I have been at each dock that I may enter: \
dock_2. |
    | avoided, off_limits, too_far | nodes joined by ' or ' | I did not go into yard_1 or \
dock_2, as you told me to avoid that. |
    | unmapped | region | I could not look at yard_1, so I do not know. |
    | unreachable | region or '' | yard_1 cannot be reached. |
    | done | | The color of crate_3 is red. All steps are done. |
    | gave_up | | I could not finish within the turns that I have. |
    | which | nodes joined by ' or ' | Which one do you mean: crate_3 or crate_8? |
    | alike | classes, nodes joined by ' or ' | I found no truck. Do you mean truck_wash_1? |
    | what | | What should I look for, or where should I go? |
    | say | text | the text |
    """

    form: str
    arguments: tuple[str, ...] = ()


def render_report(report: Report, graph: SceneGraph) -> str:
    """The sentence for a report, cut where it is too long for an answer.

    Raises:
        KeyError: the graph does not know what the report is about.
    """
    return _forms()[report.form].render(graph, *report.arguments)[:MAX_TEXT_CHARS]


def parse_report(text: str, graph: SceneGraph) -> Report:
    """The report that the text is the sentence for, on this graph."""
    held = HeldNames(text, graph)
    for name, form in _forms().items():
        match = form.pattern.fullmatch(held.text)
        if match is None:
            continue
        report = Report(name, tuple(map(held.restore, form.read(match))))
        try:
            if render_report(report, graph) == text:
                return report
        except (LookupError, ValueError):
            continue
    return Report('say', (text,))


def split_nodes(names: str, graph: SceneGraph) -> list[str]:
    """The single nodes of `crate_3 or crate_8`, whatever they are called.

    Raises:
        KeyError: no way to part them gives known nodes.
    """
    left, found = names.split(' or '), list[str]()
    while left:
        joined = (' or '.join(left[:end]) for end in range(len(left), 0, -1))
        name = next((name for name in joined if name in graph.nodes), None)
        if name is None:
            raise KeyError(names)
        found.append(name)
        left = left[name.count(' or ') + 1 :]
    return found


def quote_told(name: str, said: str) -> str:
    """What a robot that reports in words said of a node, as a sentence."""
    return f'{name}: {said or "nothing was reported."}'


def split_classes(classes: str) -> list[str]:
    """The single classes of 'crate or barrel'."""
    return classes.split(' or ')


def _observed(graph: SceneGraph, name: str, attribute: str) -> str:
    node = graph.nodes[name]
    value = node.description if attribute == 'description' else node.attributes[attribute]
    return str(value)


def _quoted(graph: SceneGraph, name: str, text: str) -> str:
    if not text or text not in graph.nodes[name].description:
        raise KeyError(text)
    return f'{name}: {text}'


def _viewpoint(graph: SceneGraph, name: str) -> str:
    regions = graph.viewpoints[name]
    if not regions:
        raise KeyError(name)
    return regions[0]


def _node(graph: SceneGraph, name: str) -> str:
    regions = graph.viewpoints[name]
    return f'{name}, seen from {regions[0]}.' if regions else f'{name}.'


def _join(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f'{", ".join(names[:-1])} and {names[-1]}'


def _is(graph: SceneGraph, name: str, attribute: str, value: str) -> str:
    actual = _observed(graph, name, attribute)
    if actual == value:
        return f'Yes, the {attribute} of {name} is {value}.'
    return f'No, the {attribute} of {name} is not {value} but {actual}.'


def _exists(graph: SceneGraph, classes: str, region: str) -> str:
    found = objects_of(graph, split_classes(classes), region)
    where = f' in {region}' if region else ''
    if found:
        return f'Yes, there is {_a(classes)}{where}: {found[0]}.'
    return f'No, there is no {classes}{where}.'


def _count(graph: SceneGraph, classes: str, region: str) -> str:
    where = f' in {region}' if region else ''
    return f'Number of {classes}{where}: {len(objects_of(graph, split_classes(classes), region))}.'


def _a(noun: str) -> str:
    return f'an {noun}' if noun[0] in 'aeiou' else f'a {noun}'


def _which(graph: SceneGraph, names: str) -> str:
    return f'Which one do you mean: {_choices(graph, names)}?'


def _alike(graph: SceneGraph, classes: str, names: str) -> str:
    return f'I found no {classes}. Do you mean {_choices(graph, names)}?'


def _choices(graph: SceneGraph, names: str) -> str:
    return ' or '.join(split_nodes(names, graph))


def _unreachable(graph: SceneGraph, region: str) -> str:
    return f'{graph.nodes[region].name if region else "That place"} cannot be reached.'


def _mapped_regions(graph: SceneGraph) -> str:
    if graph.robot_location is None:
        raise KeyError('robot_location')
    number = len(graph.reachable_regions(graph.robot_location))
    return 'the one region' if number == 1 else f'all {number} regions'


def _more(graph: SceneGraph, classes: str, one: str, other: str) -> str:
    numbers = {r: len(objects_of(graph, split_classes(classes), r)) for r in (one, other)}
    more, less = sorted(numbers, key=numbers.__getitem__, reverse=True)
    verb = 'has more' if numbers[more] > numbers[less] else 'has as many'
    return f'Counting {classes}, {more} ({numbers[more]}) {verb} than {less} ({numbers[less]}).'


def _nearest(graph: SceneGraph, region: str, name: str) -> str:
    found = nearest_object(graph, region, name)
    if not found:
        return f'In {region} there is nothing else near {name}.'
    return f'In {region}, {found} is closest to {name}.'


def _seen(graph: SceneGraph, region: str) -> str:
    names = objects_in(graph, region)
    return f'In {region} I see {_join(names) if names else "nothing"}.'


def reachable_places(graph: SceneGraph, classes: str) -> list[str]:
    """The regions of some classes that the robot can get to."""
    if graph.robot_location is None:
        return []
    wanted, reachable = split_classes(classes), graph.reachable_regions(graph.robot_location)
    return [n for n, r in graph.regions.items() if n in reachable and is_called(r, wanted)]


def _been(graph: SceneGraph, classes: str) -> str:
    names = reachable_places(graph, classes)
    if not names:
        raise KeyError(classes)
    return f'I have been at each {classes} that I can reach: {_join(names)}.'


def _way(graph: SceneGraph, one: str, other: str) -> str:
    is_free = graph.region_network.has_edge(one, other)
    return f'{"Yes" if is_free else "No"}, the way from {one} to {other} is ' + (
        'free.' if is_free else 'blocked.'
    )


class _Form(NamedTuple):
    """How the sentence of a form is made, and the pattern that finds its arguments in it: groups
    `a` to `d` in order, of which `lists` are names that are joined as one says them, and `told`
    where something was.
    """

    render: Callable[..., str]
    pattern: re.Pattern[str]
    lists: str = ''

    def read(self, match: re.Match[str]) -> tuple[str, ...]:
        found = match.groupdict()
        for key in self.lists:
            found[key] = re.sub(' and |, ', ' or ', found[key] or '')
        told = filter(None, (found.get('told'),))
        return (*(found[key] or '' for key in 'abcd' if key in found), *told)


def _form(render: Callable[..., str], pattern: str, lists: str = '') -> _Form:
    for key in 'abcd':
        pattern = pattern.replace(f'<{key}>', f'(?P<{key}>{NAME_PATTERN})')
        pattern = pattern.replace(f'<{key} words>', rf'(?P<{key}>[^:]+?)')
        pattern = pattern.replace(f'<{key} values>', rf'(?P<{key}>[^:]+?)')
    return _Form(render, re.compile(pattern, re.DOTALL), lists)


@cache
def _forms() -> dict[str, _Form]:
    """All forms; those about several things first, which say more."""
    # Those there are made of what is here.
    from prism_core.domains.mapping import bounded_reports, several_reports

    others = {**several_reports.FORMS, **bounded_reports.FORMS}
    return {**{name: _form(*form) for name, form in others.items()}, **_FORMS}


# fmt: off
_FORMS = {
    'node': _form(_node, r'<a>(?:, seen from .*)?\.'),
    'where': _form(lambda g, n: f'{n} is in {_viewpoint(g, n)}.', '<a> is in .*'),
    'is': _form(_is, r'(?:Yes|No), the <b words> of <a> is (?:not )?<c words>(?: but .*)?\.'),
    'unseen': _form(lambda g, n, key: f'The {key} of {g.nodes[n].name} could not be seen.',
                    'The <b words> of <a> could not be seen.'),
    'value': _form(lambda g, n, key: f'The {key} of {n} is {_observed(g, n, key)}.',
                   'The <b words> of <a> is .*'),
    'exists': _form(_exists, r'(?:Yes|No), there is (?:an?|no) <a words>(?: in <b>)?(?:: .*)?\.'),
    'count': _form(_count, r'Number of <a words>(?: in <b>)?: \d+\.'),
    'none': _form(lambda g, c: f'There is no {c} in {_mapped_regions(g)} that I can reach.',
                  'There is no <a words> in (?:all|the one) .*'),
    'more': _form(_more, r'Counting <a words>, <b> \(.* than <c> \(\d+\)\.'),
    'nearest': _form(_nearest, r'In <a>(?:,| there) .* <b>\.'),
    'seen': _form(_seen, 'In <a> I see .*'),
    'surveyed': _form(lambda g: f'I have mapped {_mapped_regions(g)} that I can reach.',
                      'I have mapped .*'),
    'been': _form(_been, r'I have been at each <a words> that I can reach: .*\.'),
    'way': _form(_way, '(?:Yes|No), the way from <a> to <b> is .*'),
    'here': _form(lambda g, r: f'I am at {g.nodes[r].name}.', r'I am at <a>\.'),
    'been_at': _form(lambda g, r: f'I have been at {g.nodes[r].name}.',
                     r'I have been at <a>\.'),
    'forbidden': _form(lambda g, r: f'I must not enter {g.nodes[r].name}.',
                       r'I must not enter <a>\.'),
    'unmapped': _form(lambda g, r: f'I could not look at {g.nodes[r].name}, so I do not know.',
                      'I could not look at <a>, so I do not know.'),
    'unreachable': _form(_unreachable, '(?:That place|<a>) cannot be reached.'),
    'done': _form(lambda g, told='': f'{told} All steps are done.'.lstrip(),
                  r'(?:(?P<told>.*) )?All steps are done\.'),
    'gave_up': _form(lambda g: 'I could not finish within the turns that I have.',
                     'I could not finish within the turns that I have.'),
    'what': _form(lambda g: 'What should I look for, or where should I go?',
                  r'What should I look for, or where should I go\?'),
    'which': _form(_which, r'Which one do you mean: <a words>\?'),
    'alike': _form(_alike, r'I found no <a words>\. Do you mean <b words>\?'),
    'described': _form(lambda g, n: f'{n}: {_observed(g, n, "description")}', '<a>: .*'),
    'quoted': _Form(_quoted, re.compile(f'(?P<a>{NAME_PATTERN}): (?P<b>.*)', re.DOTALL)),
    'untold': _form(lambda g, c: f'I found no text about {c} in {_mapped_regions(g)} that I can '
                                 'reach.', 'I found no text about <a words> in .*'),
    'say': _Form(lambda g, text: text, re.compile('(?P<a>.*)', re.DOTALL)),
}
# fmt: on

REPORT_WORDS = frozenset(
    re.findall(
        '[a-z]+',
        'a all also an and are as at been but cannot closest could counting describe do done '
        'each finish for found free from go have has here i in is it know look mapped many me '
        'mean more no not text about nothing number of one or other place reached reach regions '
        'region reported see seen should so steps than that the there to turns unknown was way '
        'what where which within yes you blocked near else keep yet instead understand by closer '
        'any as away did enter far into may must too told avoid '
        'stay comes come differ equal equally from has have it m none same than them ways with',
    )
)
"""What reports and questions say besides names, attributes, values and classes."""
