# SPDX-License-Identifier: Apache-2.0
"""Questions about several things in a sentence: which of them, whether all, which has more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.ranks import HIGH, LOW
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.plain import asks_for_more, asks_if, denies

if TYPE_CHECKING:  # which has them
    from prism_core.domains.mapping.reading.reading import Reading

_LISTED = r'O(?: ?,(?: and| or)? O)*(?: ?,)? (?:and|or|versus|vs|compared (?:to|with)) O'
_LISTED_OR = r'O(?: ?, O)*(?: ?,)? or O'
_LIST = re.compile(_LISTED)
_ASKS_WHICH = re.compile(r'\b(?:which|what|whichever)\b')
_EITHER = re.compile(rf'\b(?:is|are|whether|if) (?:it )?(?:either )?{_LISTED_OR}\b')
_WHICH_OF_CLASS = re.compile(
    r'\b(?:which|what)(?: (?:one|ones))?(?: of)?(?: all)?(?: of)?(?: my)? O\b(?! or O| and O)'
)
_OF_CLASS_WHICH = re.compile(r'\b(?:of|among)(?: all)?(?: of)? O\b.*\b(?:which|what)\b')
_PREDICATE = re.compile(
    r'\b(?:is|are|be|been|was|were|stands?|standing|still|currently|now|being|actually|as|found)'
    r'(?: (?:all|both|either|really|currently|now|still|actually|there|found|to be))* $'
)
_SWITCHED = re.compile(
    r'\b(?:is|are)(?: (?:all|both|currently|still|now))? (on|off)\b(?! (?:[OR]|the|this|our)\b)'
)
_MOVES_ABOUT = re.compile(r' (?:about|around|away|over|across|to|into|up|down|low|late)\b')
_ALL = re.compile(
    r'\b(?:all|both|each|every|each and every)(?: single)?(?: one)?(?: of)?(?: my)? $'
)
_ALL_BEHIND = re.compile(r'^ (?:in R |at R |on R )?(?:\w+ )?all\b')
_YES_NO = re.compile(
    r'^(?:yes or no : |please |so |and |now |, )*(?:is|are|do|does|have|has|was|were)\b'
)
_ANY = re.compile(
    r'\b(?:is|are|if|whether|that) (?:there )?(?:any|some|one|either|at least one)?'
    r'(?: one)?(?: of)? ?$'
)
_SAME = re.compile(
    r'\b(?:same|alike|identical|equal|equally|match\w*|share|shared|agree|in common|as O|'
    r'as \w+ as)\b'
)
_EQUALLY = re.compile(r'\b(?:equally|as|similarly) $')
_DIFFERENT = re.compile(
    r'\b(?:differ\w*|different|unlike|vary|varies|varied|distinct|disagree|unequal|mixed|'
    r'not (?:the )?(?:same|alike|equal|identical)|not match|any difference)\b'
)
_NUMBER_ENDS = (
    (HIGH, re.compile(r'\b(?:highest|higher|most|more|greatest|greater|largest|larger) (\w+)')),
    (LOW, re.compile(r'\b(?:lowest|lower|least|less|smallest|smaller) (\w+)')),
)
_OF_HOW_MANY = re.compile(
    r'\b(?:number|numbers|amount|count|quantity|distance|distances|gap|total|figure)\b'
)
_WHERE_ALL = re.compile(r'\bwhere (?:are|do)(?: all)?(?: of)? O\b|\bwhere all(?: of)? O\b')
_LIST_ALL = re.compile(
    r'\b(?:list|name|enumerate|show|give|tell|find|locate|identify|report|get|spot|point out|need|'
    r'what are|write down|state|want|like|know|see|lookup|look up|read out)'
    r'(?: (?:me|out|for|to|know|have|see|up|i|a|the|complete|full|list|overview|names?|of|down|'
    r'where|positions?|locations?|whereabouts|about))*'
    r'(?: (?:all|each|every|each and every))(?: single)?(?: one)?(?: of)?(?: my)? O\b'
    r'|\blists?(?: me)?(?: out)?(?: of)?(?: all)?(?: of)? O\b'
    r'|\bnames? (?:me )?O (?:in|at|on) R\b'
)
_WHICH_THERE = re.compile(
    r'\b(?:which|what) O (?:are|do i have|can (?:you|i) (?:see|find)|is|stand|lie|does R|can be)\b'
    r'(?!.*\b(?:nearest|closest|nearer|closer)\b)'
)
_MORE_OF_SOMETHING = re.compile(
    r'\b(?:which|what)(?: one)?(?: of O[^.;?]*)? (?:is|are|has|looks) (?:the )?'
    r'(?:more|most|less|least|better|worse|best|worst|\w{3,}(?:er|est))\b'
)
_COUNTED = re.compile(r'\b(?:how many|number of|count|counting)(?: of)?(?: my)? O\b')
_THAT_ARE = re.compile(r'^ (?:in R |at R |on R )?(?:that|which) (?:is|are)(?: \w+)? $')


class Questions:
    """What a sentence asks about several things; each reads None where that is not asked."""

    def __init__(self, reading: Reading):
        self._reading = reading
        self._text = reading.text
        self._denies, self._asks_if = denies(reading.text), asks_if(reading.text)
        self._objects = reading.objects

    # ------------------------------------------------------------------------- of which it speaks

    def _value(self, *, is_predicate: bool = False) -> Mention | None:
        """The one value that it says of what it speaks of, before no noun."""
        values = [
            value
            for value in self._reading.sentence.of('value')
            if not _MOVES_ABOUT.match(self._text[value.end :])
            and not (is_predicate and not _PREDICATE.search(self._text[: value.start]))
        ]
        if not values:
            return self._reading.switched(_SWITCHED.search(self._text))
        return values[0] if len({(v.attribute, v.value) for v in values}) == 1 else None

    def _is_single(self, mention: Mention) -> bool:
        """Whether one object is meant: by its name, as the one, or as the only known one."""
        if mention.is_plural or mention.article == 'a':
            return False
        is_the_one = bool(mention.target.name) or mention.article == 'the'
        return is_the_one or self._reading.is_only_one(mention.target)

    def _listed(self) -> list[Mention]:
        """The single objects that it lists, two or more."""
        found = _LIST.search(self._text)
        if found is None:
            return []
        start, end = found.span()
        listed = [o for o in self._objects if start <= o.start and o.end <= end]
        return listed if all(map(self._is_single, listed)) else []

    def _compared(self) -> list[Mention]:
        """The single objects that it compares, whatever stands between them."""
        listed = self._listed()
        single = [o for o in self._objects if self._is_single(o)]
        is_of_two = len(single) == len(self._objects) == 2
        return listed or (single if is_of_two else [])

    def _among(self, mentions: Sequence[Mention]) -> tuple[Target, ...]:
        return tuple(map(self._reading.specific, mentions))

    def _class(self) -> Mention | None:
        """The class of which it means all, where it speaks of no other thing."""
        first = self._objects[0] if self._objects else None
        is_one = first is not None and not first.target.name
        return first if is_one and len({o.target.classes for o in self._objects}) == 1 else None

    def any_of(self, thing: Mention) -> Target:
        """A thing, or any of those that are joined to it by `or`."""
        target, found = self._reading.plain(thing), _LIST.search(self._text)
        if found is None or ' or ' not in found[0]:
            return target
        start, end = found.span()
        joined = [o for o in self._objects if start <= o.start and o.end <= end]
        if thing not in joined or any(o.target.name or o.target.attributes for o in joined):
            return target
        classes = [name for o in joined for name in self._reading.plain(o).classes]
        return replace(target, classes=tuple(dict.fromkeys(classes)))

    # ------------------------------------------------------------------------------- of some value

    def counted(self) -> Target | None:
        """What is to be counted, with the value that it is to have; None where that is no single
        one.
        """
        counted = _COUNTED.search(self._text)
        of_number = (o for o in self._objects if counted and o.end == counted.end())
        thing = next(of_number, self._reading.things[0])
        target, value = self.any_of(thing), self._value(is_predicate=True)
        if value is None:
            return target
        said = {v.value for v in self._reading.sentence.of('value')}
        if denies(self._text[: value.start][-16:]) or len(said) > 1:
            return None
        pair = (value.attribute, value.value)
        return replace(target, attributes=tuple(dict.fromkeys((*target.attributes, pair))))

    def which(self) -> Intent | None:
        """Which of several has a value."""
        value = self._value()
        if value is None or asks_for_more(self._text) or self._reading.has('count'):
            return None
        listed, text = self._listed(), self._text
        if listed and (_ASKS_WHICH.search(text) or _EITHER.search(text)):
            found = Intent('which', among=self._among(listed))
        else:
            thing = self._class()
            asks = _WHICH_OF_CLASS.search(text) or _OF_CLASS_WHICH.search(text)
            if thing is None or not asks or self._reading.position():
                return None
            found = Intent('which', self._reading.plain(thing), self._reading.where)
        if self._denies:
            return Intent('vague')
        return replace(found, attribute=value.attribute, value=value.value)

    def all_have(self) -> Intent | None:
        """Whether all of a class, or of some that it names, have a value."""
        thing, value = self._class(), self._value()
        if value is None or asks_for_more(self._text) or _ASKS_WHICH.search(self._text):
            return None
        listed = self._listed()
        if listed and ' or ' not in self._text and (_YES_NO.search(self._text) or self._asks_if):
            if self._denies or value.start < listed[-1].end:
                return Intent('vague')
            among = self._among(listed)
            return Intent('all_have', among=among, attribute=value.attribute, value=value.value)
        if thing is None or value.start < thing.end:
            return None
        before, behind = self._text[: thing.start], self._text[thing.end :]
        is_all = _ALL.search(before) or _ALL_BEHIND.search(behind)
        is_asked = _YES_NO.search(self._text) or self._asks_if or self._reading.has('doubt')
        if not is_all or not is_asked or self._reading.has('count') or self._denies:
            return None
        target, region = self._reading.plain(thing), self._reading.where
        return Intent('all_have', target, region, attribute=value.attribute, value=value.value)

    def any_has(self) -> Intent | None:
        """Whether any of a class has a value."""
        thing, value = self._class(), self._value(is_predicate=False)
        if thing is None or value is None or value.start < thing.end or asks_for_more(self._text):
            return None
        before = self._text[: thing.start]
        is_any = thing.article == 'a' or re.search(r'\b(?:any|some|one|at least one) of $', before)
        if not is_any or not _ANY.search(before) or self._denies:
            return None
        target = self._reading.plain(thing)
        pairs = dict.fromkeys((*target.attributes, (value.attribute, value.value)))
        return Intent('exists', replace(target, attributes=tuple(pairs)), self._reading.where)

    def all_of_a_class(self) -> Intent | None:
        """All of a class are to be named, or those that have a value."""
        thing, text = self._class(), self._text
        if thing is None or self._reading.has('count') or asks_for_more(self._text):
            return None
        is_asked = _WHERE_ALL.search(text) or _LIST_ALL.search(text)
        is_everywhere = re.search(r'\bO (?:are there|do i have)(?: in total)? ?\??$', text)
        is_there = _WHICH_THERE.search(text) and (self._reading.where or is_everywhere)
        if not (is_asked or (is_there and thing.is_plural)):
            return None
        if not thing.is_plural and not _ALL.search(text[: thing.start]):
            return None
        value = self._value()
        is_that = value is not None and _THAT_ARE.search(text[thing.end : value.start])
        if self._denies or (self._reading.sentence.of('attribute', 'value') and not is_that):
            return None
        target, region = self._reading.plain(thing), self._reading.where
        if value is not None and is_that:
            return Intent('which', target, region, attribute=value.attribute, value=value.value)
        if not target.attributes:
            return Intent('list_all', target, region)
        *others, (key, state) = target.attributes
        target = replace(target, attributes=tuple(others))
        return Intent('which', target, region, attribute=key, value=state)

    # ---------------------------------------------------------------------------------- compared

    def likeness(self, kind: str) -> Intent | None:
        """Whether things are alike in an attribute, or differ in it."""
        is_different = _DIFFERENT.search(self._text) is not None
        if not (is_different or _SAME.search(self._text)) or asks_for_more(self._text):
            return None
        attribute = self._attribute()
        if not attribute or is_different != (kind == 'differ') or self._asks_for_a_thing():
            return None
        compared, thing = self._compared(), self._class()
        if compared:
            return Intent(kind, among=self._among(compared), attribute=attribute)
        if thing is None or not (thing.is_plural or _ALL.search(self._text[: thing.start])):
            return None
        region = self._reading.where
        return Intent(kind, self._reading.plain(thing), region, attribute=attribute)

    def _asks_for_a_thing(self) -> bool:
        return bool(re.match(r'(?:\w+ ){0,3}(?:which|what) (?:of|O|is|one)\b', self._text))

    def _attribute(self) -> str:
        """The attribute that it speaks of, be it in the plural or with a value for it."""
        keys = self._reading.sentence.of('attribute')
        said = self._reading.sentence.of('value')
        keys = keys or [v for v in said if _EQUALLY.search(self._text[: v.start])]
        return keys[0].attribute if keys else self._reading.attribute_in_plural()

    def outranks(self) -> Intent | None:
        """Whether one has more of something than another."""
        end, compared = self._end, self._compared()
        is_asked = _YES_NO.search(self._text) or self._reading.has('doubt')
        if end is None or len(compared) != 2 or _ASKS_WHICH.search(self._text):
            return None
        between = self._text[compared[0].end : compared[1].start]
        if not is_asked or ' than ' not in between or asks_for_more(self._text):
            return None
        if self._denies:
            return Intent('vague')
        return Intent('outranks', among=self._among(compared), attribute=end[0], value=end[1])

    def ranked(self) -> Intent | None:
        """Which of several has most of something."""
        end = self._end
        if end is None or len(self._reading.regions) > 1 or asks_for_more(self._text):
            return None
        if self._denies or self._reading.has('count'):
            return None
        compared, thing = self._compared(), self._class()
        if compared:
            found = Intent('ranked', among=self._among(compared))
        elif thing is not None:
            target = replace(thing.target, attributes=())
            known = self._reading.two_of(target) if 'two' in self._text.split() else ()
            where = None if known else self._reading.where
            found = Intent('ranked', None if known else target, where, among=known)
        else:
            return None
        return replace(found, attribute=end[0], value=end[1])

    def is_of_unknown_order(self) -> bool:
        """Whether it asks which of some objects has more of what has no known order."""
        is_asked = self._listed() and _MORE_OF_SOMETHING.search(self._text)
        has_order = self._end or self._reading.sentence.of('attribute', 'value')
        return bool(is_asked and not has_order)

    @cached_property
    def _end(self) -> tuple[str, str] | None:
        """The attribute of which it asks for more or less, and the value to which that leads."""
        text = ' '.join((self._text, *(look for o in self._objects for look in o.looks)))
        if _OF_HOW_MANY.search(text):
            return None
        for end, pattern in _NUMBER_ENDS:
            found = pattern.search(text)
            if found is not None and self._reading.is_number(found[1]):
                return found[1], end
        return self._reading.comparative_in(text)
