# SPDX-License-Identifier: Apache-2.0
"""What one executed action revealed, as data and as text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from prism_core.graph.elements import GraphUpdate, NodeKind
from prism_core.graph.update_text import NO_UPDATES, parse_calls, render_update

ActionStatus = Literal['done', 'failed', 'refused']

_STATUS = re.compile(r'(done|failed|refused)(?:: |\Z)')


@dataclass(frozen=True)
class Observation:
    """How an action went, how it changed the known graph, and what else there is to say.

    `status`: `failed` by the world (a blocked way, a view that was obstructed), `refused` because
    the action could not be carried out as it stood (an unknown node, say). `distance_m` is how far
    the robot drove for it, in metres. `feedback` comes from the world and is never an instruction.
    """

    update: GraphUpdate = field(default_factory=GraphUpdate)
    feedback: str = ''
    status: ActionStatus = 'done'
    distance_m: float = 0.0

    @cached_property
    def is_news(self) -> bool:
        """Whether nodes or connections, or what is known of a node, changed."""
        return bool(self.update.changes_nodes_or_connections or self.update.set_attributes)


def render_observation(observation: Observation) -> str:
    """Write an observation in SPINE's update language; an empty one is `no_updates()`.

    What SPINE's language has no other call for stands in `navigation_update`, as on its robot. The
    distance is not part of the language.
    """
    said = observation.feedback
    if observation.status != 'done' or _STATUS.match(said):
        said = f'{observation.status}: {said}' if said else observation.status
    updates = render_update(observation.update)
    if not said:
        return updates
    call = f'navigation_update({json.dumps(said, ensure_ascii=False)})'
    return call if updates == NO_UPDATES else f'{updates},\n{call}'


def parse_observation(text: str, kinds: Mapping[str, NodeKind]) -> Observation:
    """Read an observation; `kinds` are those of the nodes known before (see `parse_update`).

    Raises:
        SceneGraphError: the text is not in the update language.
    """
    update, said = parse_calls(text, kinds)
    said = said or ''
    status: ActionStatus = 'done'
    if (match := _STATUS.match(said)) is not None:
        status = match[1]  # type: ignore[assignment]
        said = said[match.end() :]
    return Observation(update, said, status)
