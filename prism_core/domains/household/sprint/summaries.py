# SPDX-License-Identifier: Apache-2.0
"""One instruction for several steps, by a language model, as SPRINT asks for it; and what of it is
refused: only what names the steps' own things, and all that matters of them, is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from prism_core.dialects.conversation import Message
from prism_core.domains.household.classes import FAUCET, FURNITURE, KNIVES, LAMPS, SLICE, THINGS
from prism_core.domains.household.sprint.segments import Segment
from prism_core.domains.household.sprint.transcripts import SkillPart
from prism_core.inference.text_model import TextModel

NEW_TOKENS, TOP_P, TEMPERATURE = 30, 0.9, 0.8
"""How a summary is drawn (SPRINT, appendix)."""

_ASKED = 'Sum up the steps of a task in a home as one short instruction.'
_EXAMPLES = (
    (
        ('Pick up the spoon by the stove.', 'Rinse the spoon in the sink.',
         'Put the spoon in the drawer below the toaster.'),
        'Put a rinsed spoon in the drawer.',
    ),
    (
        ('Take the book from the bed.', 'Turn on the lamp on the desk.'),
        'Look at the book by the light of the lamp.',
    ),
    (
        ('Grab the knife on the counter.', 'Cut the tomato on the table into slices.',
         'Put the knife down on the table.', 'Take a slice of the tomato.',
         'Warm the slice in the microwave.'),
        'Cut the tomato, leave the knife on the table and heat a slice of tomato.',
    ),
    (
        ('Put the watch in the bowl.', 'Pick up the bowl with the watch.',
         'Set the bowl on the shelf above the television.'),
        'Move the watch to the shelf in a bowl.',
    ),
)  # fmt: skip
"""Four worked examples, in our own words."""

_WORD = re.compile(r'[a-z]+')
_STOP = re.compile(r'(?<!\d)\.')
_COMMON = frozenset(
    word
    for line in (
        'a an and are at away back behind below beside bottom by close down edge face for',
        'front from go grab her his hold in inside into is it its left next near of off',
        'on one onto open out over pick place put right set side small large take that',
        'the their then there this to top turn two under up walk while white black brown',
        'with you your',
    )
    for word in line.split()
)
"""Words that name nothing."""
_DEEDS = {
    'heat': ('heat', 'warm', 'hot', 'cook', 'microwav', 'toast', 'boil'),
    'cool': ('cool', 'cold', 'chill', 'fridge', 'refrigerat', 'freez'),
    'clean': ('clean', 'wash', 'rins', 'sink', 'wet', 'scrub'),
    'slice': ('slic', 'cut', 'piece', 'chop'),
    'light': ('lamp', 'light'),
}
"""How words begin by which a deed is named."""


def make_summary_prompt(texts: Sequence[str]) -> list[Message]:
    """What a model is asked for some steps: the examples, and the steps."""
    shown = [f'{_list(steps)}\nSummary: {summary}' for steps, summary in _EXAMPLES]
    content = '\n\n'.join((_ASKED, *shown, f'{_list(texts)}\nSummary:'))
    return [Message(role='user', content=content)]


def _list(texts: Sequence[str]) -> str:
    return 'Steps: ' + ' '.join(f'{n}. {text}' for n, text in enumerate(texts, 1))


def read_summary(reply: str) -> str:
    """The first sentence of a reply, up to its full stop."""
    text = ' '.join(reply.split()).removeprefix('Summary:').strip()
    return f'{_STOP.split(text)[0].strip()}.' if text else ''


def ask_summary(model: TextModel, texts: Sequence[str], seed: int) -> str:
    """What a model says of some steps, in one sentence.

    Raises:
        PlannerError: see `TextModel.complete`.
    """
    prompt = make_summary_prompt(texts)
    return read_summary(model.complete(prompt, max_new_tokens=NEW_TOKENS, seed=seed))


# ------------------------------------------------------------------------------- what is refused


def find_fault(summary: str, segment: Segment, texts: Sequence[str]) -> str:
    """Why a summary does not tell the steps of a segment, of which `texts` is what was said; ''
    where it does.
    """
    words = _words(summary)
    if len(words) < 2:
        return 'says nothing'
    parts = segment.parts
    classes = {c for part in parts for c in _classes_of(part)}
    known = {word for c in classes for word in _words(c)}
    known |= {word for text in texts for word in _words(text)}
    for name in _named(words):
        if name not in classes and not set(name.split()) <= known:
            return 'names what is not there'
    for part in parts:
        if part.skill.verb in _DEEDS and not _begins(words, _DEEDS[part.skill.verb]):
            return 'misses what is done'
    for number in _main(parts):
        part = parts[number]
        about = [text for other, text in zip(parts, texts) if other.thing == part.thing]
        if not _tells(words, part.thing, about, part.place):
            return 'misses a thing'
        if part.skill.verb == 'put' and not _tells(words, part.place, [texts[number]], part.thing):
            return 'misses a place'
    return ''


def _main(parts: Sequence[SkillPart]) -> Iterator[int]:
    """The steps that say what matters: where things are put, and what is held in the end."""
    for number, part in enumerate(parts):
        if part.skill.verb == 'put' or (part.thing and number == len(parts) - 1):
            yield number


def _classes_of(part: SkillPart) -> Iterator[str]:
    yield from (c for c in (part.thing, part.place, part.skill.words) if c)
    if part.skill.verb == 'clean':
        yield FAUCET
    if part.skill.verb == 'slice':
        yield from (f'{part.thing}{SLICE}', *KNIVES)


def _tells(words: Sequence[str], name: str, texts: Sequence[str], other: str) -> bool:
    """Whether a class is named, or by a noun that all texts about it have; `other`: not by that
    one's.
    """
    own = {*_words(name)} - {'slice'} or {*_words(name)}
    nouns = set.intersection(*({*_words(text)} for text in texts))
    nouns -= _COMMON | {*_words(other)} | _deeds()
    return not (own | {word for word in nouns if len(word) > 2}).isdisjoint(words)


@cache
def _deeds() -> frozenset[str]:
    return frozenset(word for stems in _DEEDS.values() for word in stems)


def _begins(words: Sequence[str], stems: Sequence[str]) -> bool:
    return any(word.startswith(stem) for word in words for stem in stems)


@cache
def _singular(word: str) -> str:
    if word in ('glass', 'boots') or len(word) < 4 or not word.endswith('s'):
        return word
    if word.endswith('ves'):
        return {'knives': 'knife', 'shelves': 'shelf', 'loaves': 'loaf'}.get(word, word[:-1])
    return word[:-2] if re.search('(ch|sh|x|ss|to)es$', word) else word.removesuffix('s')


def _words(text: str) -> tuple[str, ...]:
    """The words of a text in the singular."""
    return tuple(map(_singular, _WORD.findall(text.lower())))


@cache
def _names() -> dict[tuple[str, ...], str]:
    """The classes that there are by their words; where only the last tells what it is, by that."""
    names = {_words(name): name for name in FURNITURE | THINGS | {*LAMPS}}
    ends = {words[-1:]: words[-1] for words in names if len(words) > 1}
    return {**ends, **names}


_NO_NOUN = frozenset(('watch', 'machine', 'stand', 'top', 'holder', 'hanger', 'slice', 'control'))
"""Ends of names that are said of other things, or are no nouns."""


def _named(words: Sequence[str]) -> Iterator[str]:
    """The classes that a text names, of several the longest; `table` where it says no more."""
    number = 0
    while number < len(words):
        for length in (3, 2, 1):
            name = _names().get(tuple(words[number : number + length]))
            if name and name not in _NO_NOUN:
                yield name
                number += length - 1
                break
        number += 1
