# SPDX-License-Identifier: Apache-2.0
"""What a request says of the ways of a whole mission: where not to go, where to pass, how far.

Only what a constraint can say is taken: a place that is known, a distance in numbers from where the
robot is. The rest stays in the text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from prism_core.domains.mapping.intent import Constraint, Target
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.reading.sentence import Sentence, join
from prism_core.graph.calling import called
from prism_core.graph.scene_graph import SceneGraph

_WHERE = (
    r'(?:to|into|in|through|near|over|across|via|past|by|around|along|on|onto|inside|within|under|'
    r'close to|anywhere near|anywhere|up|toward|towards|even|any|any of|either|either of|both|of|'
    r'ever|back|the area of|the area around)'
)
_PLACES = rf'R(?: (?:, (?:and |or |nor )?|and |or |nor )(?:{_WHERE} )*R)*(?! \w+ing)'
_DRIVING = (
    r'(?:go|driv|pass|cross|enter|us|visit|travel|mov|head|com|get|gett|tak|be|approach|roll|walk|'
    r'travers|set|sett|ventur|stray|wander|step|touch|set foot|setting foot|rout|stopp|stop|run|'
    r'runn)(?:e|ing)?'
)
_NEVER = (
    r'(?:(?:you |robot )?(?:do not|never|must not|should not|may not|shall not|can not)|'
    r'(?:make sure|be sure|take care|remember|try|be careful)(?: that)?(?: you)?'
    r' (?:do not|never|not to)|'
    r'(?:you are |you )?not (?:allowed|permitted|supposed) to|it is forbidden to|'
    r'(?:under|in) no (?:circumstances?|case)|on no account|at no (?:time|point)|'
    r'(?:and |but |while |by )?(?:without(?: ever)?|not|no|refrain from|refraining from))'
)
_AWAY = (
    r'(?:and |but |while |by )?(?:avoid(?:ing)?|bypass(?:ing)?|circumvent(?:ing)?|shun(?:ning)?|'
    r'(?:stay|keep|steer|remain|stand)(?:ing)? (?:well |far |right )?(?:away|clear|out|off|outside)'
    r'(?: from| of)?)'
)
_AVOID = [
    re.compile(rf'\b{pattern}')
    for pattern in (
        rf'{_NEVER} (?:ever |even |you )?{_DRIVING} (?:{_WHERE} )*(?P<places>{_PLACES})',
        rf'{_AWAY} (?:{_DRIVING} )?(?:{_WHERE} )*(?P<places>{_PLACES})(?: at all costs| at all)?',
        rf'(?:but |and )?not (?:via|through|over|across|by way of|along|past)'
        rf' (?P<places>{_PLACES})',
        rf'(?P<places>{_PLACES}) (?:is|are) (?:strictly )?(?:off limits|forbidden|out of bounds|'
        r'prohibited|a? ?no go(?: area| zone)?)(?: (?:for|to) you)?',
    )
]
_THINGS = r'O(?: (?:, (?:and |or |nor )?|and |or |nor )(?:from |near |to )?O)*'
_CLEAR_OF = [
    re.compile(rf'\b{pattern}')
    for pattern in (
        rf'{_AWAY} (?:(?:the )?(?:area|places?|regions?|spots?) (?:of|with|around) )?'
        rf'(?P<places>{_THINGS})(?: at all costs| at all)?',
        r'(?:and |but )?(?:give|giving) (?P<places>O) a wide berth',
        rf'(?:and |but |while )?(?:keep|keeping|stay|staying) (?:my |a |some |a safe )?distance'
        rf' (?:from|to) (?P<places>{_THINGS})',
        rf'{_NEVER} (?:ever |even |you )?'
        r'(?:go|com|get|gett|driv|pass|be|mov|stray|travel)(?:e|ing)?'
        rf' (?:any\w* )?(?:near|close to|past|by|up to|to|where)(?: to| the area of)?'
        rf' (?P<places>{_THINGS})(?: (?:is|are|stands?)(?= [.,;]|$))?',
    )
]
_ONLY_ON = [
    re.compile(rf'\b{pattern}')
    for pattern in (
        r'(?:and |but |while )?(?:stay|staying|keep|keeping|remain|remaining|stick|sticking)'
        rf' (?:strictly |only |always )?(?:on|to|onto|along) (?P<places>{_PLACES})(?: only)?'
        r'(?: all the (?:way|time)| at all times| the whole (?:way|time))?',
        rf'{_NEVER} (?:ever )?leav(?:e|ing) (?P<places>{_PLACES})(?: at any (?:time|point))?',
    )
]
_BY = (
    r'(?:and |but )?(?:only |just |exclusively |solely )?(?:be sure to )?'
    r'(?:(?:go|drive|travel|pass|passing|going|driving|move) )?(?:only |just )?'
)
_ON_WAY = r'(?: only| first| on the way| on my way| to get there)*'
_VIA = [
    re.compile(rf'\b{pattern}')
    for pattern in (
        r'(?:and |but )?(?:only|exclusively|solely|just) (?:(?:go|drive|pass|travel)(?:ing)? )?'
        rf'(?:via|by way of|through|over|along|by|on|across|using) (?P<places>{_PLACES})',
        rf'(?:and |but )?(?:only |just )?(?:use|using|take|taking)'
        rf' (?:only )?(?P<places>{_PLACES})(?: only)?'
        r'(?= (?:to|for)\b| \.| ,|$)',
        r'(?:and |but )?(?:take|use|taking|using|choose)'
        r' (?:only )?(?:the )?(?:way|route|path|road) '
        rf'(?:through|via|over|across|by) (?P<places>{_PLACES}){_ON_WAY}',
        r'the only (?:way|route|path)(?: (?:that is )?allowed)?(?: to take)? is '
        rf'(?:through|via|over|across|by) (?P<places>{_PLACES})',
        rf'{_BY}(?:via|by way of) (?P<places>{_PLACES}){_ON_WAY}',
        rf'{_BY}(?<!get )(?<!look )(?<!way )(?<!search )(?<!getting )(?<!looking )'
        rf'through (?P<places>{_PLACES}){_ON_WAY}',
        rf'(?:and |but )?(?:be sure to )?(?:passing|crossing|pass|cross) (?:by |over )?'
        rf'(?P<places>{_PLACES}){_ON_WAY}',
    )
]
_NUMBERS = {
    word: number
    for number, words in {
        5: 'five', 10: 'ten', 15: 'fifteen', 20: 'twenty', 25: 'twenty five', 30: 'thirty',
        40: 'forty', 50: 'fifty', 60: 'sixty', 70: 'seventy', 80: 'eighty', 90: 'ninety',
        100: 'hundred', 150: 'hundred and fifty', 200: 'two hundred', 300: 'three hundred',
    }.items()
    for word in (words, f'a {words}' if number == 100 else words, words.replace('hundred', 'a hundred') if number == 150 else words)  # noqa: E501
}  # fmt: skip
_AMOUNT = (
    r'(?P<number>\d+(?:\.\d+)?|'
    + '|'.join(sorted(_NUMBERS, key=len, reverse=True))
    + r') (?P<unit>m|metres?|meters?|km|kilometres?|kilometers?)(?!\w)'
)
_FROM_HERE = (
    r'(?: away)?(?: (?:of|from|around) (?:here|me|where (?:you|i) (?:are|stand|'
    r'started|start)(?: now)?'
    r'|my (?:\w+ )?(?:position|location|start|place|point)|this (?:place|spot|point|position)))?'
    r'(?! (?:of|from|around|to)\b)'
)
_LIMIT = (
    r'(?:and |but |while )?(?:(?:stay|keep|remain|be|do it|search|staying|keeping|remaining|all) )?'
)
_WITHIN = [
    re.compile(rf'\b{pattern}')
    for pattern in (
        rf'{_LIMIT}(?:within|inside|in)(?: a| the)?(?: radius| distance| range)?(?: of)? {_AMOUNT}'
        rf'(?: radius)?{_FROM_HERE}',
        rf'{_LIMIT}(?:no|not)(?: (?:go|drive|move|get|be|travel))? (?:any )?'
        rf'(?:further|farther|more)(?: away)? than {_AMOUNT}{_FROM_HERE}',
        rf'{_NEVER} {_DRIVING} (?:away )?(?:any )?(?:further|farther|more|'
        rf'beyond)(?: away)?(?: than)? '
        rf'{_AMOUNT}{_FROM_HERE}',
        rf'(?:and |but )?without leaving (?:a|the) radius of {_AMOUNT}{_FROM_HERE}',
        rf'(?:my|the) (?:limit|range|radius) is {_AMOUNT}{_FROM_HERE}',
        rf'(?:and |but )?(?:go|drive|move) no (?:further|farther|more) than {_AMOUNT}{_FROM_HERE}',
        rf'{_LIMIT}(?:at most|at the most|up to|max|maximum) {_AMOUNT} away{_FROM_HERE}',
    )
]


class FoundConstraints(NamedTuple):
    """What a sentence says of ways, the rest of it, and what was read, in the request's places."""

    constraints: tuple[Constraint, ...]
    rest: Sentence
    said: tuple[tuple[int, int], ...]


_CLOSED = re.compile(
    r'\bR is (?:closed|shut|locked|flooded|unsafe|not safe|dangerous)(?:'
    r' (?:today|now|off))?(?= [.,;])'
)
_SET_ASIDE = re.compile(
    r'\b(?:please )?(?:never mind|forget(?: about)?|ignore|disregard)(?: about)? '
    r'[OR](?: (?:, |and |or )*[OR])*'
    r'(?: for now| now| today| then)?(?= (?:[,.;:]|and|but)|$)'
)
_NOT_IT = re.compile(rf'\b(?:but |and |so )?{_NEVER} {_DRIVING} (?:{_WHERE} )*(?:it|there)\b')


def take_constraints(sentence: Sentence, graph: SceneGraph, lexicon: Lexicon) -> FoundConstraints:
    """Take out of a sentence what constraints can say."""
    constraints: list[Constraint] = []
    said: list[tuple[int, int]] = []
    closed, never = _CLOSED.search(sentence.text), _NOT_IT.search(sentence.text)
    if closed is not None and never is not None and closed.end() < never.start():
        place = next(m.target for m in sentence.of('region') if m.start == closed.start())
        if is_known(place, graph, lexicon):
            constraints.append(Constraint('avoid', region=place))
            for read_now in (never, closed):
                said.append(sentence.part(*read_now.span()).said)
                sentence = _cut_out(sentence, *read_now.span())
    kinds = (('avoid', _AVOID), ('avoid', _CLEAR_OF), ('within', _WITHIN))
    for kind, patterns in (*kinds, ('stay_on', _ONLY_ON), ('only_by', _VIA)):
        for pattern in patterns:
            at = 0
            while (match := pattern.search(sentence.text, at)) is not None:
                read = _read(kind, match, sentence, graph, lexicon)
                rest = _cut_out(sentence, *match.span())
                is_only = kind != 'only_by' or 'only' in match[0].split()
                is_alone = kind == 'stay_on' and not rest.mentions
                if not read or is_alone or (not is_only and not _is_on_way(rest)):
                    at = match.end()
                    continue
                said.append(sentence.part(match.start(), match.end()).said)
                constraints += [each for each in read if each not in constraints]
                sentence, at = rest, 0
    return FoundConstraints(tuple(constraints), sentence, tuple(said))


def set_aside(sentence: Sentence) -> tuple[Sentence, tuple[tuple[int, int], ...]]:
    """A sentence without what it says to leave alone and never speaks of again, such as `never mind
    O`; and where in the request that stands.
    """
    aside = _SET_ASIDE.search(sentence.text)
    if aside is None:
        return sentence, ()
    rest, part = _cut_out(sentence, *aside.span()), sentence.part(*aside.span())
    named = {mention.target for mention in rest.of('object', 'region', 'purpose')}
    if not named or not named.isdisjoint(mention.target for mention in part.mentions):
        return sentence, ()
    return rest, (part.said,)


def _cut_out(sentence: Sentence, start: int, end: int) -> Sentence:
    """The rest of a sentence, apart where something stood between."""
    before, behind = sentence.part(0, start), sentence.part(end)
    between = Sentence(',') if before.text and behind.text[:1].isalpha() else Sentence('')
    return join([before, between, behind])


def _is_on_way(rest: Sentence) -> bool:
    """Whether what is said to be passed is not where to go."""
    if re.search(r'\b(?:in|through|of|from|there) (?:it|there)\b', rest.text):
        return False
    return bool(rest.of('region', 'object', 'purpose'))


def _read(
    kind: str, match: re.Match[str], sentence: Sentence, graph: SceneGraph, lexicon: Lexicon
) -> list[Constraint]:
    if kind == 'within':
        number = _NUMBERS.get(match['number']) or float(match['number'])
        return [Constraint('within', distance_m=number * (1000 if match['unit'][0] == 'k' else 1))]
    start, end = match.span('places')
    named = sentence.of('region', 'object')
    places = [m.target for m in named if start <= m.start and m.end <= end]
    if any(place.attributes for place in places) or not all(
        is_known(place, graph, lexicon) for place in places
    ):
        return []
    return [Constraint(kind, region=place) for place in places]


def is_known(place: Target, graph: SceneGraph, lexicon: Lexicon) -> bool:
    """Whether a node that is known may be meant, or a class of which some may be found yet."""
    if place.kind == 'object':
        nodes, listed = graph.objects, lexicon.objects.keys()
    else:
        nodes, listed = graph.regions, lexicon.regions.keys()
    if place.name:
        return place.name in nodes
    is_listed = not listed.isdisjoint(place.classes)
    return is_listed or bool(called(nodes.values(), place.classes))
