# SPDX-License-Identifier: Apache-2.0
"""Intents that are made of others, or bound by constraints, as sentences.

Each part is said as a clause: what to do as a command, a condition as a statement. Groups of
phrasings join them (`words/composed.json`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from random import Random

from prism_core.domains.mapping.intent import Constraint, Intent
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.slots import fill_slots, name_of
from prism_core.domains.mapping.words.speaker import Speaker

# What is itself made of parts is put where its end can be seen.
_APART = re.compile(r'(?:^|[.:;?] |\d\. |\w+, )\{(?:first|second|third)\}(?=[.;]|$)')
_IT = re.compile(r'\b(?:it|its)\b')
_WORD = re.compile(r"[A-Z][a-z']* ")
_SEVERAL = re.compile(r'[.?!;:] ')
_ALL = 0.3
_ORDER = ('first', 'second', 'third', 'fourth')


@dataclass(frozen=True)
class ComposedRequests:
    """Draws sentences; the arguments are those of `render_request`."""

    rng: Random
    speaker: Speaker

    def render(self, intent: Intent, kind: Kind) -> str:
        """A sentence that means an intent, as a kind of task says it."""
        if not intent.constraints:
            group = kind.phrasing_group(intent)
            if kind.says_parts_as == 'sentences':
                return self._draw(group).format(**self._sentences(intent))
            if kind.says_parts_as == 'places':
                return self.speaker.begin(self._draw(group).format(**self._places(intent)))
            return self.speaker.begin(self._join(intent, group, {}))
        task = self._clause(replace(intent, constraints=()), {})
        for _, alike in groupby(intent.constraints, lambda constraint: constraint.kind):
            task = self._bind(task, *alike)
        return self.speaker.begin(task)

    def _draw(self, group: str, without: str = '', is_apart: bool = False) -> str:
        """One of the phrasings of a group."""
        texts = self.speaker.phrasings(group)
        if is_apart:
            texts = tuple(t for t in texts if len(_APART.findall(t)) == t.count('{')) or texts
        texts = texts[: self.speaker.most or None]
        fitting = [text for text in texts if not without or without not in text]
        if not fitting:  # none of those that may be said does without
            either = self.speaker.words.all_phrasings[group]
            fitting = [text for text in either if without not in text]
        return self.rng.choice(fitting)

    def _bind(self, task: str, constraint: Constraint, *others: Constraint) -> str:
        """A command with what constraints of one kind say."""
        slots = {'task': task, 'metres': f'{constraint.distance_m:g}'}
        group = f'constraint_{constraint.kind}'
        if constraint.kind == 'stay_on':
            slots['places'] = ' and '.join(map(self._call_all, (constraint, *others)))
        elif constraint.region is not None and constraint.region.kind == 'object':
            group, slots['things'] = 'constraint_keep_clear', self._call_all(constraint)
        elif constraint.region is not None:
            noun = name_of(constraint.region, self.rng, self.speaker)
            called = constraint.region.name or f'the {noun}'
            slots |= {'avoided': called, 'by': called}
        return self._draw(group).format(**slots)

    def _call_all(self, constraint: Constraint) -> str:
        """All that a constraint means, in the plural."""
        assert constraint.region is not None  # noqa: S101 - it is of this kind
        noun = name_of(constraint.region, self.rng, self.speaker)
        return f'the {self.speaker.words.lexicon.plural(noun)}'

    def _clause(self, intent: Intent, bound: Mapping[str, str]) -> str:
        """A command; `bound` are the words for what a part stands for in turn."""
        return self._join(intent, KINDS[intent.kind].clause_group(intent), bound)

    def _sentences(self, intent: Intent) -> dict[str, str]:
        """The questions of a request, as sentences, and as they stand behind another word."""
        slots = {}
        for name, step in zip(_ORDER, intent.steps):
            group = KINDS[step.kind].phrasing_group(step)
            texts = self.speaker.phrasings(group, step.attribute)
            plain = [text for text in texts if not _SEVERAL.search(text)]
            phrasing = self.rng.choice(plain or texts)
            slots[name] = phrasing.format(**fill_slots(step, self.rng, self.speaker))
            is_word = _WORD.match(phrasing) is not None and not phrasing.startswith('I ')
            text = slots[name]
            slots[f'and_{name}'] = text[0].lower() + text[1:] if is_word else text
        return slots

    def _places(self, intent: Intent) -> dict[str, str]:
        """The places of a request, in one go."""
        regions = [step.region for step in intent.steps if step.region is not None]
        called = [r.name or f'the {name_of(r, self.rng, self.speaker)}' for r in regions]
        both = {'places': f'{", ".join(called[:-1])} and {called[-1]}'}
        return both | {'places_then': ', then '.join(called)}

    def _join(self, intent: Intent, group: str, bound: Mapping[str, str]) -> str:
        if intent.condition is not None:
            branches = [self._clause(step, bound) for step in intent.steps]
            slots = {'condition': self._condition(intent.condition, bound)}
            slots |= dict(zip(('then', 'otherwise'), branches))
            return self._draw(group).format(**slots)
        if KINDS[intent.kind].is_for_each:
            return self._for_each(intent, group)
        if group == 'composed_return':
            steps = intent.steps[:-1]
            task = steps[0] if len(steps) == 1 else replace(intent, steps=steps)
            return self._draw(group).format(task=self._clause(task, bound))
        if intent.steps:
            clauses = [self._clause(step, bound) for step in intent.steps]
            is_deep = any(step.parts for step in intent.steps)
            return self._draw(group, is_apart=is_deep).format(**dict(zip(_ORDER, clauses)))
        slots = fill_slots(intent, self.rng, self.speaker)
        return self._draw(group).format(**{**bound, **slots})

    def _condition(self, intent: Intent, bound: Mapping[str, str]) -> str:
        """A condition, as a statement."""
        slots = fill_slots(intent, self.rng, self.speaker)
        slots['number'] = intent.value.lstrip('<>=')
        group = f'condition_{KINDS[intent.kind].condition_group(intent)}'
        return self._draw(group).format(**{**bound, **slots})

    def _for_each(self, intent: Intent, group: str) -> str:
        slots = fill_slots(intent, self.rng, self.speaker)
        (part,), target = intent.steps, intent.target
        assert target is not None  # noqa: S101 - each has one
        noun = name_of(target, self.rng, self.speaker)
        plural = self.speaker.words.lexicon.plural(noun)
        where = f' in {slots["region"]}' if intent.region else ''
        slot = 'region' if target.kind == 'region' else 'target'
        said = {'noun': noun, 'plural': plural, 'where': where}
        said['of_it'] = self._clause(part, {slot: 'it'})
        may_say_every = not part.parts and not KINDS[part.kind].is_condition
        may_say_every |= KINDS[part.kind].is_of_number
        if may_say_every:
            one = f'{self.rng.choice(("every", "each"))} {noun}{where}'
            clause = self._clause(part, {slot: one})
            if self.rng.random() < _ALL and not _IT.search(clause):
                clause = clause.replace(one, f'all the {plural}{where}')
            said['every'] = clause
        return self._draw(group, without='' if may_say_every else '{every}').format(**said)
