# SPDX-License-Identifier: Apache-2.0
"""Plans in the words of LLM-Planner (arXiv 2212.04088): `PickupObject applesliced`, `PutObject mug
sink`. Written from actions, read leniently from what a language model says, and made skills of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from prism_core.domains.household.actions import HOUSEHOLD_ACTIONS
from prism_core.domains.household.classes import (
    BASINS,
    FAUCET,
    FRIDGE,
    FURNITURE,
    LAMPS,
    MICROWAVE,
    THINGS,
    is_slice,
    whole_of,
)
from prism_core.domains.household.home import read_home
from prism_core.domains.household.skills import Skill
from prism_core.errors import PlanParseError
from prism_core.graph.calling import class_of_name
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

ACTIONS = tuple(name for name, spec in HOUSEHOLD_ACTIONS.items() if not spec.ends_mission)
"""LLM-Planner's eight."""
DONE = 'done'
CLASSES = tuple(sorted({*FURNITURE, *THINGS, *LAMPS, FAUCET}))
_PUT = 'PutObject'
_SHORT = {
    **{name.lower(): name for name in ACTIONS},
    **{'open': 'OpenObject', 'close': 'CloseObject', 'put': _PUT, 'goto': 'Navigation'},
    **{'pick': 'PickupObject', 'pickup': 'PickupObject', 'gotolocation': 'Navigation'},
    **{'toggleon': 'ToggleObjectOn', 'toggleoff': 'ToggleObjectOff', 'navigate': 'Navigation'},
    DONE: DONE,
}
_FILLERS = frozenset(
    (
        *('a', 'an', 'the', 'it', 'and', 'then', 'next', 'step', 'plans', 'object', 'of', 'with'),
        *('from', 'in', 'into', 'on', 'onto', 'out', 'to', 'up'),
    )
)
_OTHER_PART = re.compile(r'\n\s*(?:task|steps|completed|failed|visible|allowed)\b.*', re.S | re.I)
_PREFACE = re.compile(r'\A.*?\bnext plans?\s*:', re.S | re.I)
_WORD = re.compile(r'[a-z]+')
_LIKENESS = 0.8  # LLM-Planner's own threshold


@dataclass(frozen=True)
class PlanStep:
    """An action on classes."""

    action: str
    classes: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = (name_of(words) for words in self.classes)
        if self.action == _PUT:
            names = (name.removesuffix('basin') for name in names)
        return ' '.join([self.action, *names])


def name_of(words: str) -> str:
    """A class as LLM-Planner calls it, in lower case: `countertop`, `applesliced`."""
    return f'{whole_of(words)}{"sliced" * is_slice(words)}'.replace(' ', '')


def say_action(action: Action, known_graph: SceneGraph) -> PlanStep:
    """An action on nodes as one on classes."""
    home = read_home(known_graph)
    names = HOUSEHOLD_ACTIONS.nodes_of(action)
    called = (home.class_of(n) if n in home.nodes else class_of_name(n) for n in names)
    return PlanStep(action.name, tuple(called))


class PlanReader:
    """Reads plans on any classes that homes have, and on `more`."""

    def __init__(self, more: Iterable[str] = ()):
        self._classes = {name_of(words): words for words in (*CLASSES, *more)}
        pieces = {f'{whole_of(w)}slice': w for w in self._classes.values() if is_slice(w)}
        basins = {name.removesuffix('basin'): self._classes[name] for name in map(name_of, BASINS)}
        self._classes |= {**pieces, **basins}

    def read(self, text: str) -> list[PlanStep]:
        """The steps of a plan, whatever stands around them.

        Raises:
            PlanParseError: there are none, or one is on something that no home has.
        """
        said = _OTHER_PART.sub('', _PREFACE.sub('', text))
        steps: list[tuple[str, list[str]]] = []
        for word in _WORD.findall(said.lower()):
            action = _SHORT.get(word)
            if action:
                steps.append((action, []))
            elif steps and word not in _FILLERS:
                steps[-1][1].append(word)
        if not steps:
            raise PlanParseError(
                f'expected steps such as "PickupObject mug, PutObject mug desk", or "{DONE}", '
                f'got {text.strip()[:60]!r}'
            )
        return [self._read_step(action, words) for action, words in steps]

    def _read_step(self, action: str, words: list[str]) -> PlanStep:
        if action == DONE:
            return PlanStep(DONE)
        if action != _PUT:
            return PlanStep(action, (self._read_class(action, words),))
        splits = [(words[:end], words[end:]) for end in range(1, len(words))]
        exact = [s for s in splits if all(''.join(part) in self._classes for part in s)]
        thing, place = (exact or splits or [(words, words)])[0]
        return PlanStep(_PUT, (self._read_class(_PUT, thing), self._read_class(_PUT, place)))

    def _read_class(self, action: str, words: Sequence[str]) -> str:
        """The class that some words begin with, or that is written nearly so."""
        for end in range(len(words), 0, -1):
            name = ''.join(words[:end])
            if name in self._classes:
                return self._classes[name]
        name = ''.join(words)
        close = get_close_matches(name, self._classes, n=1, cutoff=_LIKENESS)
        if not close:
            raise PlanParseError(
                f'{action}: expected an object such as mug or countertop, got '
                f'{" ".join(words)[:60]!r}'
            )
        return self._classes[close[0]]


def to_skills(steps: Iterable[PlanStep]) -> list[Skill]:
    """The skills that a plan consists of; ways and doors are nobody's to say, but where they end a
    plan something is looked at.
    """
    skills: list[Skill] = []
    put: PlanStep | None = None  # which may be the beginning of a treatment
    lit, sought = '', ''
    for step in steps:
        words = step.classes[0] if step.classes else ''
        if step.action in ('Navigation', 'OpenObject'):
            put = put if put and put.classes[1] == words else None
            sought = words
            continue
        if step.action == 'PickupObject':
            treatment = _find_treatment(put, words, lit)
            if treatment:
                skills[-1] = Skill(treatment)
            else:
                skills.append(Skill('take', words))
            put = None
        elif step.action == _PUT:
            put, lit = step, ''
            skills.append(Skill('put', step.classes[1]))
        elif step.action == 'SliceObject':
            skills.append(Skill('slice', words))
        elif step.action == 'ToggleObjectOn':
            lit = words
            if words in LAMPS:
                skills.append(Skill('light', words))
        elif step.action == DONE:
            skills.append(Skill(DONE))
        sought = ''
    return [*skills, Skill('look', sought)] if sought in FURNITURE else skills


def _find_treatment(put: PlanStep | None, thing: str, lit: str) -> str:
    """What becomes of a thing that is taken out of where it was just put; '' for nothing."""
    if put is None or put.classes[0] != thing:
        return ''
    place = put.classes[1]
    if place == MICROWAVE and lit == MICROWAVE:
        return 'heat'
    if place == FRIDGE:
        return 'cool'
    return 'clean' if place in BASINS and lit == FAUCET else ''
