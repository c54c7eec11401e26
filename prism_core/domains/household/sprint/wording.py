# SPDX-License-Identifier: Apache-2.0
"""Steps in a sentence, by rules: what workers said one behind the other, or what comes of the steps
in our own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from prism_core.domains.household.classes import KNIVES, TREATMENTS, VESSELS
from prism_core.domains.household.home import INSIDE
from prism_core.domains.household.sprint.transcripts import SkillPart

# What a deed is called in each form; of several one is drawn.
_TAKE = ('pick up the {thing}', 'take the {thing}', 'take the {thing} from the {source}',
         'pick up the {thing} {at} the {source}')  # fmt: skip
_PUT = ('put the {thing} {into} the {place}', 'place the {thing} {into} the {place}')
_MOVE = ('put the {thing} {into} the {place}', 'take the {thing} to the {place}',
         'move the {thing} from the {source} to the {place}',
         'place the {thing} {into} the {place}')  # fmt: skip
_TREAT = {
    'heat': ('heat the {thing}', 'warm the {thing} in the microwave'),
    'cool': ('cool the {thing}', 'chill the {thing} in the fridge'),
    'clean': ('clean the {thing}', 'wash the {thing}', 'rinse the {thing} in the sink'),
}
_BRING = ('put a {state} {thing} {into} the {place}', 'bring a {state} {thing} to the {place}',
          '{treat} and put it {into} the {place}')  # fmt: skip
_GET = ('{take} and {treat_it}', '{treat}')
_STATES = {'heat': ('hot', 'warm', 'heated'), 'cool': ('cold', 'chilled', 'cooled'),
           'clean': ('clean', 'washed', 'rinsed')}  # fmt: skip
_SLICE = ('slice the {thing}', 'cut the {thing} into slices')
_LIGHT = ('turn on the {lamp}', 'switch the {lamp} on')
_LOOK = ('look at the {thing} by the light of the {lamp}', 'examine the {thing} under the {lamp}')
_TWO = ('put two {things} {into} the {place}', 'move two {things} to the {place}')
_FILLED = ('put a {vessel} with a {thing} in it {into} the {place}',)
_ARTICLE = re.compile(r'\ba(?= [aeio])')


@dataclass(frozen=True)
class Doing:
    """What is done with one thing in one go: how it is had, what becomes of it, where it ends."""

    thing: str
    source: str = ''
    treatments: tuple[str, ...] = ()
    place: str = ''
    lamp: str = ''
    is_sliced: bool = False


def doings_of(parts: Sequence[SkillPart]) -> list[Doing]:
    """Steps by the thing that they are done with."""
    found: list[Doing] = []
    open_one: Doing | None = None
    for part in parts:
        verb = part.skill.verb
        if verb == 'slice':  # the knife stays in the hand
            found += [open_one] if open_one else []
            found.append(Doing(part.thing, is_sliced=True))
            open_one = None
            continue
        now = open_one if open_one and verb != 'take' else Doing(part.thing)
        if open_one and now is not open_one:
            found.append(open_one)
        if verb == 'take':
            now = Doing(part.thing, source=part.place)
        elif verb in TREATMENTS:
            now = Doing(now.thing, now.source, (*now.treatments, verb))
        elif verb == 'put':
            found.append(Doing(now.thing, now.source, now.treatments, part.skill.words))
            open_one = None
            continue
        else:
            found.append(Doing(now.thing, now.source, now.treatments, lamp=part.skill.words))
            open_one = None
            continue
        open_one = now
    return [*found, open_one] if open_one else found


def compose(parts: Sequence[SkillPart], rng: Random) -> str:
    """A sentence for what comes of steps."""
    return _join(list(_clauses(doings_of(parts), rng)), rng)


def say_step(part: SkillPart, rng: Random) -> str:
    """A sentence for one step."""
    return compose([part], rng)


def join_said(texts: Sequence[str], rng: Random) -> str:
    """What was said of several steps as one sentence."""
    return _join([_clause(text) for text in texts], rng)


def join_two(first: str, second: str) -> str:
    """One task behind another."""
    return f'{first.rstrip(" .!")} and then {_clause(second)}.'


def _clause(text: str) -> str:
    """A sentence without its stop, to stand behind another."""
    said = text.strip().rstrip('.! ')
    return said[:1].lower() + said[1:] if said[1:2].islower() or said[1:2] == ' ' else said


def _join(clauses: Sequence[str], rng: Random) -> str:
    if not clauses[1:]:
        said = clauses[0]
    elif len(clauses) == 2:
        said = f'{clauses[0]}{rng.choice((" and ", ", then ", " and then "))}{clauses[1]}'
    else:
        said = f'{", ".join(clauses[:-1])}{rng.choice((" and ", ", then ", " and then "))}'
        said += clauses[-1]
    return f'{said[:1].upper()}{said[1:]}.'


def _clauses(doings: Sequence[Doing], rng: Random) -> Iterator[str]:
    number = 0
    while number < len(doings):
        doing = doings[number]
        behind = doings[number + 1] if number + 1 < len(doings) else None
        if behind and _are_two(doing, behind):
            yield _fill(rng.choice(_TWO), behind, rng)
        elif behind and _is_filled(doing, behind):
            vessel = Doing(doing.thing, place=behind.place)
            yield _fill(rng.choice(_FILLED), vessel, rng).replace('{vessel}', behind.thing)
        else:
            yield _say(doing, rng)
            number += 1
            continue
        number += 2


def _are_two(one: Doing, other: Doing) -> bool:
    """Whether two of a kind are brought to the same place."""
    is_same = (one.thing, one.place) == (other.thing, other.place)
    return is_same and bool(one.source and other.source and one.place) and not one.treatments \
        and not other.treatments  # fmt: skip


def _is_filled(one: Doing, other: Doing) -> bool:
    """Whether a thing goes into a vessel, and that somewhere."""
    is_into = bool(one.source) and one.place == other.thing and other.thing in VESSELS
    return is_into and bool(other.source and other.place) and not (one.treatments
                                                                   or other.treatments)  # fmt: skip


def _say(doing: Doing, rng: Random) -> str:
    """One clause for what is done with one thing."""
    if doing.is_sliced:
        return _fill(rng.choice(_SLICE), doing, rng)
    if doing.lamp:
        if doing.source and not doing.treatments:
            return _fill(rng.choice(_LOOK), doing, rng)
        return _fill(rng.choice(_LIGHT), doing, rng)
    if doing.treatments:
        form = '{treat}'
        if doing.place and len(doing.treatments) == 1:
            form = rng.choice(_BRING if doing.source else _BRING[2:])
        elif doing.source:
            form = rng.choice(_GET)
        return _fill(form, doing, rng)
    if doing.place:
        forms = _MOVE if doing.source and doing.thing not in KNIVES else _PUT
        return _fill(rng.choice(forms), doing, rng)
    return _fill(rng.choice(_TAKE), doing, rng)


def _fill(form: str, doing: Doing, rng: Random) -> str:
    """A form with its words."""
    treats = [rng.choice(_TREAT[verb]) for verb in doing.treatments]
    it = [treats[0], *(t.replace('the {thing}', 'it') for t in treats[1:])] if treats else []
    values = {
        '{treat_it}': ' and '.join(t.replace('the {thing}', 'it') for t in treats),
        '{treat}': ' and '.join(it),
        '{take}': rng.choice(_TAKE),
        '{state}': rng.choice(_STATES[doing.treatments[-1]]) if treats else '',
        '{things}': _plural(doing.thing),
        '{thing}': _noun(doing.thing),
        '{source}': _noun(doing.source),
        '{at}': 'in' if doing.source in INSIDE else 'on',
        '{into}': 'in' if doing.place in INSIDE else 'on',
        '{place}': _noun(doing.place),
        '{lamp}': doing.lamp,
    }
    for slot, words in values.items():
        form = form.replace(slot, words)
    return _ARTICLE.sub('an', form)


def _noun(words: str) -> str:
    """A class as it is said: the basin of a sink is a sink."""
    return words.removesuffix(' basin')


def _plural(words: str) -> str:
    if words.endswith(' slice'):
        return f'slices of {words.removesuffix(" slice")}'
    if words.endswith('knife'):
        return f'{words[:-2]}ves'
    if words.endswith(('s', 'x', 'ch', 'sh', 'o')):
        return f'{words}es' if words != 'boots' else words
    return f'{words}s'
