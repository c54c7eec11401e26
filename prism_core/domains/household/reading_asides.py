# SPDX-License-Identifier: Apache-2.0
"""What a request says besides what is to be done: questions, and what somebody cannot do, does not
know or would never. Such a sentence is left out; one that forbids (that a thing cannot go into the
microwave does), or takes back what was said before, makes the request one to ask about.
"""

from __future__ import annotations

import re

from prism_core.domains.household.reading_classes import HeldClasses
from prism_core.domains.household.reading_words import clauses_of, words_of

_SENTENCE = re.compile(r'(?<=[.;!?])\s+')
_WORD = re.compile(r"[a-z']+")
_REASON = re.compile(
    r"\b(?:(?:i|we|he|she|they|it|that|there)\b[^.,;]{0,12}?\b(?:do not|don't|dont|never|not)"
    r"|\w+ (?:won't|can't|doesn't|didn't))(?!\w)"
)
_POLITE = re.compile(r",? *\bif you (?:don't|wouldn't|do not|would not) mind\b", re.IGNORECASE)
_PRONOUN = re.compile(r'\b(?:it|them|that one|this one)\b', re.IGNORECASE)
_CORRECTION = re.compile(
    r'\b(?:no,? wait|wait,? no|i mean|i meant|scratch that|or rather|actually,? no)\b'
    r'|[,-] ?(?:no|sorry),? (?=the |a |in|on|to )|\b(?:er|um|uh|erm),? (?:no|not)\b'
)


def leave_asides_out(request: str, home: HeldClasses) -> tuple[str, str]:
    """The sentences of a request that say what is to be done ('' where there are none, or one that
    asks, forbids or takes something back), and the others.
    """
    request = _POLITE.sub('', request.replace('\u2019', "'"))
    sentences = [said for said in _SENTENCE.split(request) if said]
    asides = [said for said in sentences if _is_aside(said.lower(), home)]
    asked = ' '.join(said for said in sentences if said not in asides)
    words = _WORD.findall(asked.lower())
    is_question = words_of('questions') & {*words[:1]}
    is_forbidding = words_of('no') & {*words}
    is_unclear = is_question or is_forbidding or _CORRECTION.search(asked.lower())
    return '' if is_unclear else asked, ' '.join(asides)


def put_noun_in(request: str, noun: str) -> str:
    """A request in which what `it` or `them` first points back to is named."""
    return _PRONOUN.sub(f'the {noun}', request, count=1)


def _is_aside(sentence: str, home: HeldClasses) -> bool:
    words = _WORD.findall(sentence)
    if sentence.rstrip().endswith('?') and words_of('questions') & {*words[:1]}:
        return True
    if words_of('wishes') & {*words} or not _REASON.search(sentence):
        return False
    mentions = (mention for clause in clauses_of(sentence) for mention in clause.mentions)
    return not any(home.meant_by(mention.words, 'places') for mention in mentions)
