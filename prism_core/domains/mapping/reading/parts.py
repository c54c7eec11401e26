# SPDX-License-Identifier: Apache-2.0
"""The parts of a request in order: each clause as a meaning of its own.

A clause may go on with the verb of the one before (`inspect A and B`), ask to come back, or say
nothing new.
"""

from __future__ import annotations

import re

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds.said import LOOKS, LOOKS_AT_ALL, OF_A_STATE
from prism_core.domains.mapping.reading.composing_words import PATTERNS, strip_polite
from prism_core.domains.mapping.reading.cutting import cut, ordered
from prism_core.domains.mapping.reading.leaves import EACH, LeafReader, Leaves
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.pointing import Unread
from prism_core.domains.mapping.reading.sentence import Sentence, join
from prism_core.graph.scene_graph import SceneGraph

_GOES_ON = re.compile(
    r'(?:(?:to|at|in|inside|of|for|on|from|into|through|near|about|that of|'
    r'the one in|all|every|each|both) )*[ORP]\b'
)
_ORDER = re.compile(
    r'(?P<verb>[a-z]{3,})(?: (?:up|down|out|off|away|over))? '
    r'(?:O|R|P|it|them|him|her|me|the|all|every|each|both|my|a|an|this|that|some)\b'
)
_BEHIND_VERB = frozenset(
    [
        'O',
        'R',
        'P',
        'the',
        'all',
        'every',
        'each',
        'both',
        'it',
        'them',
        'my',
        'a',
        'an',
        'some',
        'this',
        'that',
        'these',
        'those',
        'me',
        'him',
        'her',
        'up',
        'down',
        'on',
        'off',
        'out',
        'away',
        'over',
        'to',
        'for',
        'with',
        'at',
        'in',
        'from',
        'back',
        'any',
        'no',
        'nobody',
        'nothing',
        'everything',
        'everybody',
        'everyone',
        'somebody',
        'someone',
        'anything',
        'anybody',
        'together',
        'apart',
        'behind',
        'around',
        'still',
        'quiet',
        'close',
        'near',
        'here',
        'there',
        'along',
        'aside',
        'into',
        'onto',
    ]
)
_OF_IT = re.compile(r'\b(?:it|them|the|all|every|each|both)\b')
_SEES = re.compile(
    r'\b(?:what|everything|things?|objects?|items?|around|list|inventory|contents?)\b'
)
_AT_EACH = re.compile(
    r'^(?:in|at|for|of) (?:all|each|every|both)(?: (?:of|one of))? (?P<noun>[OR]) ?,? ?'
)
_LOOKING = re.compile(
    r'(?:inspect|examin|check|look|have (?:a|another) |take (?:a|another) |'
    r'a look|find|locat|search|'
    r'go (?:around|round|over|through) |see O|visit O|seek|track|spot)'
)
_IT = re.compile(r'\b(?:it|that one)\b')


class Parts(Leaves):
    """Reads clauses one after the other.

    Args:
        graph: what is known; the robot is where it was asked.
        read: the meaning of a sentence of one part.
        small_words: words that name nothing.
    """

    def __init__(self, graph: SceneGraph, read: LeafReader, small_words: frozenset[str]):
        super().__init__(graph, read, small_words)
        self._start = graph.robot_location or ''
        self.unread: list[Sentence] = []
        self.kept: list[tuple[int, int]] = []
        """Where in the request clauses stand that ask for nothing."""
        self.is_unable = False
        """Whether something is asked for that no robot of the domain can do, or to come back in
        words that nobody knows."""
        self.has_order = False
        """Whether what could not be read names something, and begins as orders or questions do."""
        self.last: Sentence | None = None
        """The clause before."""
        self.goes_on = False
        """Whether the next text may go on with the verb of the one before."""
        self.is_case = False
        """Whether it is said what to do in a case, of which a place may be all."""
        self._last_looks = False

    def add(self, said: Sentence, into: list) -> None:
        """The meanings of the clauses of a text, put behind those that there are."""
        if not self.goes_on:
            self.last = None
        self.goes_on = False
        said = self._at_each(said)
        for part in ordered(said):
            for clause in cut(part):
                try:
                    self._add_clause(clause, into)
                except Unread as unread:
                    names = clause.of('object', 'region', 'purpose')
                    if unread.is_talk and not (into and names):
                        self.remember(clause)
                    else:
                        self.unread.append(clause)
                        self.has_order |= bool(names) and self._begins(clause)
                        self.is_unable |= PATTERNS['home'].match(clause.text) is not None

    def _add_clause(self, clause: Sentence, into: list) -> None:
        is_to = clause.text == 'to R' and not into
        clause = strip_polite(clause)
        text = clause.text
        if not text or PATTERNS['filler'].fullmatch(text):
            self.kept += [clause.said] if clause.sources else []
            return
        if PATTERNS['home'].fullmatch(text):
            into.append(self._home())
            return
        if PATTERNS['stay'].fullmatch(text):
            place = clause.of('region')[0] if clause.of('region') else self.there()
            there = Intent('go_to', region=place.target)
            into += [] if into and into[-1] == there else [there]
            self.last = clause if clause.of('region') else self.last
            return
        if self._is_echo(clause, into):
            return
        if _is_unable(text):
            self.is_unable = True
            raise Unread
        if _is_attribute_list(clause, self.last) and self.last is not None:
            self._redo_with_noun(clause, into)
            return
        if not PATTERNS['deed'].match(text) and not is_to:
            clause = self._go_on(clause, into)
        self._add_leaf(clause, into)

    def _is_echo(self, clause: Sentence, into: list) -> bool:
        """Whether a clause only asks to say what the part before it shows."""
        previous = into[-1] if into else None
        if not isinstance(previous, Intent) or clause.mentions:
            return False
        words = clause.text.split()
        if PATTERNS['echo'].fullmatch(words[0]) is None or not self._small.issuperset(words[1:]):
            return False
        if previous.kind == 'go_to' and previous.region is not None:
            if not _SEES.search(clause.text):
                return not _IT.search(clause.text)
            into[-1] = Intent('map_area', region=previous.region)
        return True

    def _add_leaf(self, clause: Sentence, into: list) -> None:
        try:
            self._add_read(clause, into)
        except Unread:
            is_told = re.match(r'(?:has|have|had|was|were)\b', clause.text) is not None
            points_back = re.search(r'\b(?:it|them|they)\b', clause.text) is not None
            if clause.mentions or (points_back and not is_told):
                raise
            if PATTERNS['home'].match(clause.text):
                raise
            is_talk = is_told or self._small.issuperset(clause.text.split()[1:])
            raise Unread(is_talk=is_talk) from None

    def _add_read(self, clause: Sentence, into: list) -> None:
        self.last = clause
        had_it = bool(re.search(r'\b(?:it|its|they|them|that one)\b', clause.text))
        leaf = self.leaf(self.resolved(clause), into)
        before = into[-1] if into and isinstance(into[-1], Intent) else None
        if before is not None and had_it and self._last_looks and _is_of_same(before, leaf):
            into.pop()
        if before is not None and _is_drive_to(before, leaf) and not clause.of('region'):
            into.pop()
        if not into or leaf != into[-1]:
            into.append(leaf)
        self._last_looks = bool(_LOOKING.match(clause.text))

    def _home(self) -> Intent:
        if not self._start:
            raise Unread
        self.spoken.place = Mention('region', Target('region', name=self._start))
        self._last_looks = False
        return Intent('return')

    # ------------------------------------------------------------------------------- going on

    def _go_on(self, clause: Sentence, into: list) -> Sentence:
        """A clause with the verb of the one before."""
        last = self.last
        if last is None:
            if self.is_case and clause.text == 'R' and not into:
                return clause
            raise Unread(is_talk=not self._is_order(clause))
        values = clause.of('value')
        if values and not clause.of('object', 'region') and last.of('value'):
            rest = clause.text[: values[0].start] + clause.text[values[0].end :]
            if re.fullmatch(r'(?:(?:is|are|it|they|also|still) ?)*', rest.strip()):
                stated = last.of('value')[-1]
                return last.put(stated.start, stated.end, values[0])
        if not _GOES_ON.match(clause.text):
            raise Unread(is_talk=not self._is_order(clause))
        new = next(m for m in clause.mentions if m.role in ('object', 'region', 'purpose'))
        same = [m for m in last.mentions if m.role == new.role]
        if not same:
            same = last.of('object', 'region')
            if len(same) != 1 or not last.text.endswith((' O', ' R')):
                raise Unread
        old = same[-1]
        tail = clause.part(new.end)
        is_last = old.end == len(last.text)
        if (
            tail.text
            and is_last
            and into
            and not re.match(r'(?:that|which|who|by|near)\b', tail.text)
        ):
            self._again(join([last, tail]), into)
            self.last = last
        head = last.part(0, old.start)
        behind = last.part(old.end) if not tail.text and not is_last else tail
        quantifier = EACH.search(clause.text[: new.start])
        if quantifier is not None and not EACH.search(head.text + ' '):
            head = join([head, clause.part(quantifier.start(), new.start)])
        noun = clause.part(new.start, new.end)
        return join([head, noun, behind])

    def _begins(self, clause: Sentence) -> bool:
        clause = strip_polite(clause)
        starts = (PATTERNS[use].match(clause.text) for use in ('deed', 'unable'))
        return any(starts) or self._is_order(clause)

    def _is_order(self, clause: Sentence) -> bool:
        match = _ORDER.match(clause.text)
        if match is None or match['verb'] in self._small or match['verb'].endswith('ing'):
            return False
        noun = next((m for m in clause.mentions if m.start <= match.end() - 1 < m.end), None)
        if noun is not None:
            return bool(noun.article or noun.target.name)
        return bool(clause.mentions) or _OF_IT.search(clause.text) is not None

    def _again(self, clause: Sentence, into: list) -> None:
        """Read the clause before once more, with what is said behind this one."""
        into.pop()
        kept = self.unread[:]
        try:
            self._add_leaf(clause, into)
        except Unread:
            self.unread = kept
            raise

    def _redo_with_noun(self, clause: Sentence, into: list) -> None:
        """`The color and the size of O`: the first is asked of the same thing."""
        last = self.last
        if last is None:
            raise Unread
        key = clause.of('attribute')[0]
        if self.unread and self.unread[-1] is last:
            self.unread.pop()
        tail = clause.part(key.end)
        self._add_leaf(join([last, tail]), into)
        old = last.of('attribute')[-1]
        self._add_leaf(join([last.put(old.start, old.end, key), tail]), into)

    def _at_each(self, said: Sentence) -> Sentence:
        """`In each R, count O`: count O in each R."""
        match = _AT_EACH.match(said.text)
        if match is None:
            return said
        noun = said.part(match.start(), match.end('noun'))
        return join([said.part(match.end()), noun])


def _is_of_same(before: Intent, leaf: Intent) -> bool:
    """Whether a look at something, or the search for it, is said only to ask about it."""
    if before.kind == 'each' and leaf.kind == 'each':
        same = before.target == leaf.target and before.region == leaf.region
        return same and before.steps[0].kind in LOOKS_AT_ALL
    is_look = before.kind in LOOKS and not before.region
    return is_look and leaf.kind in OF_A_STATE and before.target == leaf.target


def _is_drive_to(before: Intent, leaf: Intent) -> bool:
    """Whether a drive is said only to map where it leads."""
    is_map = leaf.kind == 'map_area' and leaf.region is not None
    return is_map and before.kind == 'go_to' and before.region == leaf.region


def _is_unable(text: str) -> bool:
    """Whether a clause begins with what the robot cannot do, no longer words of what it can."""
    unable, deed = PATTERNS['unable'].match(text), PATTERNS['deed'].match(text)
    if unable is None or (deed is not None and unable.end() < deed.end()):
        return False
    behind = text[unable.end() :].split()
    return ' ' in unable[0] or bool(behind and behind[0] in _BEHIND_VERB)


def _is_attribute_list(clause: Sentence, last: Sentence | None) -> bool:
    """Whether a clause is one more attribute of what the one before lacks."""
    return bool(
        last is not None
        and not last.of('object')
        and last.of('attribute')
        and re.match(r'(?:the )?\w+(?: \w+)? of O', clause.text)
        and clause.of('attribute')
    )
