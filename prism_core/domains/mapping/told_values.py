# SPDX-License-Identifier: Apache-2.0
"""What a robot that reports in words plainly says of the thing that it looked at: values of
attributes, and values that it denies.

A value counts where the thing, a part of it or the attribute itself is its subject, or where it
stands before the thing's noun. What is in quotes, of something else, doubtful, of the past or of
the future is not read, nor is what is said in two ways: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.told_texts import QUOTED, SENTENCE_END
from prism_core.domains.mapping.told_words import load_told_words
from prism_core.graph.calling import words_of_name
from prism_core.graph.elements import Node
from prism_core.text import phrase_pattern

_JOINT = re.compile(
    r'\s*(?:[,:()]| [-–—] |\b(and|but|or|nor|while|whereas|although|though|however|which|who'
    r'|because|since|as)\b)\s*'
)
_WORD = re.compile(r"[a-z0-9]+(?:['.%][a-z0-9]+)*%?")
_PREPOSITIONS = frozenset(
    (
        *('of', 'in', 'on', 'at', 'by', 'near', 'under', 'over', 'with', 'to', 'from', 'for'),
        *('beside', 'behind', 'against', 'inside', 'into', 'above', 'below', 'between', 'around'),
        *('along', 'through', 'up'),
    )
)
_NEUTRAL = frozenset(
    ('position', 'state', 'condition', 'color', 'colour', 'order', 'status', 'shape', 'one')
)
_WITHOUT = frozenset(('cleanliness', 'occupancy'))  # free of rust, clean of it
_MIN_WORD_CHARS = 3
_THING = 'thenamedthing'  # in place of a name of several words
_CONTRACTIONS = (("can't", 'cannot'), ("n't", ' not'), ("'s", ' is'), ("'re", ' are'))


@dataclass(frozen=True)
class Said:
    """What a report plainly says: a value by attribute, and values that are denied."""

    values: Mapping[str, str] = field(default_factory=dict)
    denied: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def holds(self, attribute: str, value: str) -> bool | None:
        """Whether an attribute has a value; None where that is not said."""
        if attribute in self.values:
            return self.values[attribute] == value
        return False if value in self.denied.get(attribute, ()) else None


def read_told(text: str, called: Collection[str], lexicon: Lexicon) -> Said:
    """What a text says of a thing.

    Args:
        text: the report.
        called: what the thing may be called, in small letters.
        lexicon: the attributes and their values.
    """
    affirmed: dict[str, set[str]] = {}
    denied: dict[str, set[str]] = {}
    for attribute, value, is_so in _Report(called, lexicon).claims(text):
        (affirmed if is_so else denied).setdefault(attribute, set()).add(value)
    values: dict[str, str] = {}
    for attribute in affirmed.keys() | denied.keys():
        left = set(lexicon.attributes[attribute].values) - denied.get(attribute, set())
        said = affirmed.get(attribute) or (left if len(left) == 1 else set())
        if len(said) == 1 and said <= left:
            (values[attribute],) = said
    doubtful = {key for key, said in affirmed.items() if key not in values}
    return Said(values, {k: frozenset(v) for k, v in denied.items() if k not in doubtful})


def calls_in_text(node: Node, lexicon: Lexicon) -> frozenset[str]:
    """What a report may call a node: by its classes, and by the words and the code of its name, but
    for words that stand before one for a class, as linen in linen hamper.
    """
    words = [word.lower() for word in words_of_name(node.name)]
    parts = ((start, end) for end in range(len(words), 0, -1) for start in range(end))
    listed = (end for start, end in parts if lexicon.is_listed(' '.join(words[start:end])))
    first = next(listed, 1) - 1
    said = {word for word in words[first:] if len(word) >= _MIN_WORD_CHARS}
    codes = (word for word in words if _is_code(word))
    return frozenset((*said, *codes, *(call.lower() for call in lexicon.calls_of(node))))


def _is_code(word: str) -> bool:
    """Whether a word is a number or a code, as 2, 4b or k."""
    return len(word) == 1 or any(char.isdigit() for char in word)


@dataclass(frozen=True)
class _Found:
    """A phrase for a value in a clause."""

    start: int
    end: int
    attribute: str
    value: str
    is_last: bool


class _Report:
    """Reads on behalf of one thing."""

    def __init__(self, called: Collection[str], lexicon: Lexicon):
        self._lexicon, self._told = lexicon, load_told_words()
        heads = {name.split()[-1] for name in called if name.split() and not _is_code(name)}
        self._codes = frozenset(name for name in called if _is_code(name))
        self._heads = heads | {f'{head}s' for head in heads} | {_THING}
        self._all_own = self._heads | self._told.things | self._codes
        self._long = phrase_pattern(name for name in called if ' ' in name)

    def claims(self, text: str) -> Iterator[tuple[str, str, bool]]:
        """Each attribute with a value that it has, or has not."""
        text = self._long.sub(_THING, _plain(text))
        for sentence in SENTENCE_END.split(text):
            subject: Sequence[str] = ()
            last: Sequence[str] = ()  # of the clause before, with a verb or without
            was_denied = was_doubtful = False
            for joint, clause in _clauses(sentence):
                words = _WORD.findall(clause)
                own = self._subject(words)
                has_verb = not self._told.verbs.isdisjoint(words)
                goes_on = joint in ('and', 'or', 'nor') and not has_verb
                is_doubtful = was_doubtful and joint in ('and', 'or', 'nor')
                denies = joint == 'nor' or (joint == 'or' and goes_on and was_denied)
                is_open = joint == 'and' and goes_on and was_denied
                about = own or (last if goes_on else subject)
                said = list(self._said(clause, about, denies=denies))
                if not (is_doubtful or is_open):
                    yield from said
                subject = own if has_verb and own else subject
                last = subject if has_verb else (self._fragment(clause) or about)
                rest = self._without_values(clause)
                was_doubtful = is_doubtful or bool(self._told.doubt.search(rest))
                was_denied = denies or bool(self._told.denial.search(rest))

    def _subject(self, words: Sequence[str]) -> Sequence[str]:
        """The words of a clause before its verb; none where it begins with that."""
        verbs, passed = self._told.verbs, self._told.small
        end = next((at for at, word in enumerate(words) if word in verbs), 0)
        before = words[:end]
        return before if any(word not in passed for word in before) else ()

    def _fragment(self, clause: str) -> Sequence[str]:
        """What a clause without a verb is about, as engine in engine idling."""
        found = next(self._find(clause), None)
        return self._without_verb(clause[: found.start] if found is not None else clause)

    def _said(
        self, clause: str, subject: Sequence[str], *, denies: bool
    ) -> Iterator[tuple[str, str, bool]]:
        for found in self._find(clause):
            before, after = clause[: found.start], clause[found.end :]
            rest = f'{self._without_values(before)} , {self._without_values(after)}'
            is_without = found.attribute in _WITHOUT and re.match(r'\s+of\b', after)
            if self._told.doubt.search(rest) or is_without:
                continue
            noun = self._noun_behind(after)
            if noun:
                is_own = noun[-1] in self._heads and not self._is_of_other(_WORD.findall(before))
            elif found.is_last and not self._ends(after):
                continue
            else:
                about = self._without_verb(before) or subject
                is_own = self._is_own(about, found.attribute)
            if is_own:
                times = len(self._told.denial.findall(self._without_values(before))) + denies
                if times < 2:
                    yield found.attribute, found.value, not times

    def _find(self, clause: str) -> Iterator[_Found]:
        """The phrases for values, the longest first where they overlap."""
        values, spans = self._told.values, list[_Found]()
        for match in self._lexicon.find_phrases(clause):
            attribute, value = self._lexicon.attribute_phrases[match[0]]
            if value:
                spans.append(_Found(*match.span(), attribute, value, False))
        for match in self._told.phrase.finditer(clause):
            attribute, value = values[match[0]]
            spec = self._lexicon.attributes.get(attribute)
            if spec is not None and value in spec.values:
                is_last = match[0] in self._told.last_in_clause
                spans.append(_Found(*match.span(), attribute, value, is_last))
        taken = -1
        for found in sorted(spans, key=lambda f: (f.start, -f.end)):
            if found.start >= taken:
                taken = found.end
                yield found

    def _without_values(self, clause: str) -> str:
        for found in self._find(clause):
            clause = (
                f'{clause[: found.start]}{"_" * (found.end - found.start)}{clause[found.end :]}'
            )
        return clause

    def _noun_behind(self, after: str) -> list[str]:
        """The words of the noun that a value stands before; none where it stands alone."""
        noun: list[str] = []
        for word in _WORD.findall(after):
            is_end = word in self._told.verbs or word in self._told.small
            is_end |= word.endswith(('ed', 'ing')) and word not in self._heads
            if is_end or word in _PREPOSITIONS:
                break
            noun.append(word)
        while noun and noun[-1].isdigit():
            noun.pop()
        return [] if not noun or noun[-1] in _NEUTRAL or noun[0].endswith('ly') else noun

    def _ends(self, after: str) -> bool:
        """Whether nothing but small words follows."""
        return all(word in self._told.small for word in _WORD.findall(after))

    def _without_verb(self, before: str) -> Sequence[str]:
        """What stands before a value in a clause that has no verb before it: engine idling."""
        words = _WORD.findall(before)
        if not self._told.verbs.isdisjoint(words):
            return self._subject(words)
        return words if any(word not in self._told.small for word in words) else ()

    def _is_of_other(self, words: Sequence[str]) -> bool:
        return not self._told.others.isdisjoint(words)

    def _is_own(self, subject: Sequence[str], attribute: str) -> bool:
        """Whether a subject is the thing, a part of it that tells the attribute, or that."""
        if not subject:
            return True
        if self._is_of_other(subject):
            return False
        nouns = list(subject)
        at = next((i for i, word in enumerate(nouns) if i and word in _PREPOSITIONS), len(nouns))
        whole = nouns[at + 1 :] if nouns[at : at + 1] == ['of'] else []
        nouns = nouns[:at]
        if whole and nouns[-1] not in self._told.things and whole[-1] not in self._all_own:
            return False
        codes = set[str]()
        while nouns and (_is_code(nouns[-1]) or nouns[-1] in self._told.small):
            word = nouns.pop()
            codes |= {word} if _is_code(word) else set()
        if not all(map(self._is_own_code, codes)):  # another one, by its number
            return False
        if not nouns:
            return not codes
        spec = self._lexicon.attributes[attribute]
        its_words = {word.split()[-1] for word in (attribute, *spec.words)}
        known = self._heads | self._told.things | self._told.parts.get(attribute, frozenset())
        return nouns[-1] in known | its_words

    def _is_own_code(self, code: str) -> bool:
        """Whether a code may be the thing's: M3 of motor_3, though not 4A of pump_4B."""
        return code in self._codes | {'a', 'i'} or re.sub(r'\D', '', code) in self._codes


def _plain(text: str) -> str:
    """A text in small letters, without what it quotes."""
    text = QUOTED.sub(' , ', text).lower().replace('’', "'")
    for short, long in _CONTRACTIONS:
        text = re.sub(rf'{short}\b', long, text)
    return text


def _clauses(sentence: str) -> Iterator[tuple[str, str]]:
    """The clauses of a sentence, each behind the word that joins it."""
    at, joint = 0, ''
    for match in _JOINT.finditer(sentence):
        if sentence[at : match.start()].strip():
            yield joint, sentence[at : match.start()]
            joint = ''
        joint = match[1] or joint
        at = match.end()
    if sentence[at:].strip():
        yield joint, sentence[at:]
