# SPDX-License-Identifier: Apache-2.0
"""Questions of near and far in a sentence: what is nearest by the way there, and how far it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.reading.plain import asks_to_go, denies, is_under_condition

if TYPE_CHECKING:  # which has them
    from prism_core.domains.mapping.reading.reading import Reading

_NEAR = r'(?:nearest|closest)'
_ORIGIN = r'(?: (?:available|known|available one))?(?: (?:to|from) (?:my )?(R|O|me|you|here|it))?'
_NEAREST = re.compile(
    rf'\b{_NEAR}(?: (?:available|known|of all|of))? (O|R)\b(?: (?:is|lies|stands))?{_ORIGIN}'
)
_WHICH_NEAREST = re.compile(
    rf'\b(?:which|what)(?: one)?(?: of)?(?: all)? (O|R) (?:is|are|lies|stands|would be)(?: the)? '
    rf'(?:{_NEAR}|least far|nearer|closer)(?: one)?(?: away)?{_ORIGIN}'
)
_OF_ALL_NEAREST = re.compile(
    rf'\b(?:of|among)(?: all)?(?: of)? (O|R) ?, (?:which|what)(?: one)? is (?:the )?{_NEAR}'
    rf'(?: one)?{_ORIGIN}'
)
_NEAREST_TO = re.compile(
    r'(?<!\bin )(?<!\bat )(?<!\bon )(?<!\bof )(?<!\bfrom )(?<!\bthrough )(O|R) '
    rf'(?:that is |which is )?(?:the )?{_NEAR} (?:to|from) (O|R|me|you)\b'
)
_STARTS_FROM = re.compile(r'^(?:\w+ )?from (O|R) ,')
_SHORT_DRIVE = re.compile(r'\b(?:shorter|shortest) (?:drive|way|trip|ride)\b')
_FROM_SOMETHING = re.compile(r'\bto (?:\w+ ){1,3}from (?:my )?[OR]\b')
_NEARER_PLACE = re.compile(
    r'\b(?:which|what|where)\b[^.;]*\b(?:closer|closest|nearer|nearest|shorter|less far)\b[^.;]*'
    r'\bR (?:or|and) R\b'
    r'|\b(?:which|what) of R (?:or|and) R\b[^.;]*\b(?:closer|closest|nearer|nearest|less far)\b'
    r'|\bR or R\b[^.;]*\b(?:closer|closest|nearer|nearest|less far)\b'
    r'|\b(?:is|whether|if) R (?:\w+ )?(?:closer|nearer)\b[^.;]*\bthan R\b'
    r'|\b(?:between|of) R and R\b[^.;]*\bwhich\b[^.;]*\b(?:closer|nearer)\b'
)
_FAR_PLACE = re.compile(r'\b(?:far|farther|further|farthest|furthest)\b(?<!less far)')
_FAR = re.compile(
    r'\bhow far\b|\bhow long (?:is|are) the '
    r'(?:way|drive|route|path|trip|distance)\b|\bdistance\b|\bhow (?:near|close)\b|'
    r'\bmetres\b|\bmeters\b'
)
_NOT_FAR = re.compile(
    r'\b(?:shortest|smallest|least|compare|nearest|closest|which|nearer|closer|lowest)\b'
)
_FROM_TO = re.compile(r'\b(?:from|between) ([OR]) (?:\w+ ){0,2}?(?:to|and) ([OR])\b')
_TO_FROM = re.compile(r'([OR])(?: \w+){0,2} from ([OR])\b')
_METRES, _NUMBERS = frozenset(('metre', 'meter')), frozenset(('two', 'three', 'both'))


class NearAndFar:
    """What a sentence asks of near and far; each reads None where that is not asked."""

    def __init__(self, reading: Reading):
        self._reading = reading
        said = [frozenset(o.target.classes) for o in reading.objects]
        self._objects = [o for o, c in zip(reading.objects, said) if not c & (_METRES | _NUMBERS)]
        self._speaks_of_metres = any(classes & _METRES for classes in said)

    def closest(self) -> Intent | None:
        """What is nearest, of a class or of two regions."""
        reading, text = self._reading, self._reading.text
        if is_under_condition(text) or asks_to_go(_SHORT_DRIVE.sub(' ', text)):
            return None
        if not self._objects and len(reading.regions) == 2 and _NEARER_PLACE.search(text):
            if _FAR_PLACE.search(text) or denies(text) or not reading.has_lengths:
                return None
            one, other = reading.regions
            return Intent('closest', region=one.target, other_region=other.target)
        patterns = (_OF_ALL_NEAREST, _NEAREST, _WHICH_NEAREST, _NEAREST_TO)
        found = next(filter(None, (pattern.search(text) for pattern in patterns)), None)
        if found is None or not reading.has_lengths:
            return None
        things = self._objects if found[1] == 'O' else reading.regions
        thing = next((t for t in things if found.start(1) == t.start), None)
        if thing is None or thing.target.name or thing.target.attributes:
            return None
        origin = None
        start = _STARTS_FROM.search(text)
        if found[2] in ('O', 'R') or start is not None:
            origin = self._place(start.start(1) if start else found.start(2))
            if origin is None:
                return Intent('vague')
        elif len(self._objects) > 1 or len(reading.regions) > (found[1] == 'R'):
            return Intent('vague') if found[1] == 'O' and len(self._objects) == 1 else None
        target = reading.plain(thing) if found[1] == 'O' else thing.target
        return Intent('closest', target, origin)

    def distance(self) -> Intent | None:
        """How far it is."""
        reading, text = self._reading, self._reading.text
        is_asked = self._speaks_of_metres or _FAR.search(text)
        if not is_asked or _NOT_FAR.search(text) or is_under_condition(text):
            return None
        mentions = [*self._objects, *reading.regions]
        if not mentions or len(mentions) > 2 or not reading.has_lengths:
            return None
        goal, origin = mentions[0], None
        if len(mentions) > 1:
            found, is_turned = _FROM_TO.search(text), False
            if found is None:
                found, is_turned = _TO_FROM.search(text), True
            if found is None:
                return None
            first, second = found.start(1), found.start(2)
            goal_at, origin_at = (first, second) if is_turned else (second, first)
            goal = next(m for m in mentions if m.start == goal_at)
            origin = self._place(origin_at)
            if origin is None:
                return Intent('vague')
        elif _FROM_SOMETHING.search(text):
            return Intent('vague')
        if goal.role == 'region':
            return Intent('distance', region=goal.target, other_region=origin)
        return Intent('distance', reading.specific(goal), other_region=origin)

    def _place(self, at: int) -> Target | None:
        """The region that is named somewhere in the text, or from which the object there is
        seen.
        """
        mentions = [*self._objects, *self._reading.regions]
        mention = next((m for m in mentions if m.start == at), None)
        if mention is None or mention.role == 'region':
            return None if mention is None else mention.target
        return self._reading.region_of(self._reading.specific(mention))
