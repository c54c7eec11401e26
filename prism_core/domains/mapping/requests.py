# SPDX-License-Identifier: Apache-2.0
"""Intents as sentences."""

from __future__ import annotations

from random import Random

from prism_core.domains.mapping.composed_requests import ComposedRequests
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.slots import fill_slots
from prism_core.domains.mapping.words import Words


def render_request(
    intent: Intent, rng: Random, words: Words, is_unseen: bool = False, phrasings: int = 0
) -> str:
    """A sentence that means the intent, in one of the phrasings of its group.

    `is_unseen` draws phrasings, synonyms and paraphrases from the part that is held out;
    `phrasings` is how many of a group are drawn from, 0 for all.
    """
    if intent.constraints or KINDS[intent.kind].is_composed(intent):
        return ComposedRequests(rng, words, is_unseen, phrasings).render(intent)
    group = KINDS[intent.kind].phrasing_group(intent)
    phrasing = rng.choice(words.phrasings(group, is_unseen)[: phrasings or None])
    if intent.steps:
        clauses = [_render_step(step, rng, words, is_unseen) for step in intent.steps]
        slots = dict(zip(('first', 'second', 'third'), clauses))
    else:
        slots = fill_slots(intent, rng, words, is_unseen)
    return phrasing.format(**slots)


def _render_step(step: Intent, rng: Random, words: Words, is_unseen: bool) -> str:
    phrasing = rng.choice(words.phrasings(f'step_{step.kind}', is_unseen))
    return phrasing.format(**fill_slots(step, rng, words, is_unseen))
