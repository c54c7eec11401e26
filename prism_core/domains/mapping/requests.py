# SPDX-License-Identifier: Apache-2.0
"""Intents as sentences."""

from __future__ import annotations

from random import Random

from prism_core.domains.mapping.back_reference import BackReference
from prism_core.domains.mapping.composed_requests import ComposedRequests
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.slots import fill_slots
from prism_core.domains.mapping.words.languages import find_language
from prism_core.domains.mapping.words.speaker import Speaker


def render_request(intent: Intent, rng: Random, speaker: Speaker, kind: str = '') -> str:
    """A sentence that means the intent, in one of the phrasings of its group.

    `kind` is that of the task: it counts where it has a way of its own to say parts.

    Raises:
        WorldRejected: the speaker's language has no phrasing or no word for it.
    """
    language = find_language(speaker.voice)
    if language is not None:
        group = KINDS[intent.kind].phrasing_group(intent)
        return language.say(intent, group, rng, is_unseen=speaker.is_unseen, most=speaker.most)
    own = KINDS[kind or intent.kind]
    if own.says_parts_as != 'commands':
        return ComposedRequests(rng, speaker).render(intent, own)
    if intent.constraints or KINDS[intent.kind].is_composed(intent):
        return ComposedRequests(rng, speaker).render(intent, KINDS[intent.kind])
    group = KINDS[intent.kind].phrasing_group(intent)
    phrasing = rng.choice(speaker.phrasings(group, intent.attribute)[: speaker.most or None])
    if intent.steps:
        clauses = [_render_step(step, rng, speaker) for step in intent.steps]
        slots = dict(zip(('first', 'second', 'third'), clauses))
    else:
        slots = fill_slots(intent, rng, speaker)
    return phrasing.format(**slots)


def render_wording(wording: BackReference, rng: Random, speaker: Speaker) -> str:
    """A sentence that points back to what was said before."""
    said = wording.said
    phrasings = speaker.phrasings(wording.group, said.attribute)[: speaker.most or None]
    return rng.choice(phrasings).format(**fill_slots(said, rng, speaker))


def _render_step(step: Intent, rng: Random, speaker: Speaker) -> str:
    phrasing = rng.choice(speaker.phrasings(f'step_{step.kind}', step.attribute))
    return phrasing.format(**fill_slots(step, rng, speaker))
