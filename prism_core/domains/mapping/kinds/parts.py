# SPDX-License-Identifier: Apache-2.0
"""What kinds share whose intents are made of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.errors import WorldRejected
from prism_core.graph.elements import NodeKind
from prism_core.graph.scene_graph import SceneGraph


def kind_of(intent: Intent) -> Kind:
    """The kind of an intent."""
    from prism_core.domains.mapping.kinds import KINDS  # of which those here are some

    return KINDS[intent.kind]


def bind(part: Intent, kind: NodeKind, name: str) -> Intent:
    """A part that leaves open what it is about, about one node."""
    if part.parts:
        condition = None if part.condition is None else bind(part.condition, kind, name)
        steps = tuple(bind(step, kind, name) for step in part.steps)
        return replace(part, condition=condition, steps=steps)
    slots = {slot.lstrip('?') for slot in kind_of(part).slots.replace('|', ' ').split()}
    one = Target(kind, name=name)
    if kind == 'region' and 'region' in slots and part.region is None:
        return replace(part, region=one)
    if kind == 'object' and 'target' in slots and part.target is None:
        return replace(part, target=one)
    return part


def change_one_of(parts: Sequence[Intent], pair: Pair) -> SceneGraph | None:
    """The world with the hidden facts changed that decide one of some parts; None where none are
    decided by any.
    """
    for part in pair.rng.sample(parts, len(parts)):
        kind = kind_of(part)
        try:
            criterion = kind.solve_part(pair.truth, part, is_last=True)
        except WorldRejected:
            continue
        episode = replace(pair.episode, criterion=criterion)
        changed = kind.change(replace(pair, intent=part, episode=episode))
        if changed is not None:
            return changed
    return None
