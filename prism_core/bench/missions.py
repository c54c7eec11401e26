# SPDX-License-Identifier: Apache-2.0
"""What students are measured on: missions that the embedded teacher of a domain played, and
prompts. The same every time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from prism_core.dialects.conversation import Dialect, Message
from prism_core.domain import Domain
from prism_core.episode.episode import Episode
from prism_core.errors import ConfigError

# Worlds of these seeds are for measuring.
_FIRST_SEED = 1_000_000
_DIALECTS = ('compact', 'spine')
_MAX_TURNS = 8
_MAX_WORLDS = 1_000  # drawn until there is one that fits


def draw_missions(domain: Domain, plans: int) -> list[Episode]:
    """The beginnings of missions on different maps, as the teacher plays them, with so many turns
    in all.

    Raises:
        ConfigError: the domain draws no such missions.
    """
    missions: list[Episode] = []
    drawn = _draw(domain, domain.bench_config())
    while left := plans - sum(len(mission.turns) for mission in missions):
        mission = next(drawn)
        missions.append(replace(mission, turns=mission.turns[: min(left, _MAX_TURNS)]))
    return missions


def _draw(domain: Domain, config: Any, regions: int = 0) -> Iterator[Episode]:
    """The first mission of each world that has one, with so many known regions; 0 for any."""
    unfit = 0
    for seed in itertools.count(_FIRST_SEED):
        for mission in domain.draw_world(seed, config)[:1]:
            if mission.turns and regions in (0, len(mission.known_graph.regions)):
                unfit = 0
                yield mission
                break
        else:
            unfit += 1
            if unfit == _MAX_WORLDS:
                wanted = f' with {regions} known regions' if regions else ''
                raise ConfigError(
                    f'the domain {domain.name}: expected a mission{wanted}, got none in '
                    f'{_MAX_WORLDS:,} worlds'
                )


def draw_prompts(domain: Domain, regions: int, number: int) -> dict[str, list[list[Message]]]:
    """The first prompts of some missions in each dialect, and in SPINE's behind the system message
    that a model needs which was never trained on it.

    Args:
        domain: whose missions.
        regions: so many are on each map, which is known in full; 0 for any number.
        number: of missions.

    Raises:
        ConfigError: the domain draws no such maps.
    """
    missions = _draw(domain, domain.bench_config(is_known=True), regions)
    cases = [(one.task.request, one.known_graph) for one in itertools.islice(missions, number)]

    def render(dialect: Dialect, header: str = '') -> list[list[Message]]:
        return [dialect.render_prompt(task, graph, (), header=header) for task, graph in cases]

    dialects = {name: domain.make_dialect(name) for name in _DIALECTS}
    header = domain.make_header(dialects['spine'])
    rendered = {name: render(dialect) for name, dialect in dialects.items()}
    return {**rendered, 'spine with header': render(dialects['spine'], header)}


def draw_replans(domain: Domain, plans: int) -> dict[str, list[list[Message]]]:
    """What comes to a mission with each plan behind its first one, in each dialect: the messages
    about what was done since, and the reply.

    Args:
        domain: whose missions.
        plans: so many, with the first ones, have the missions in all.
    """
    missions = draw_missions(domain, plans)
    drawn: dict[str, list[list[Message]]] = {}
    for name in _DIALECTS:
        dialect = domain.make_dialect(name)
        updates, replies = drawn[f'{name}, update'], drawn[f'{name}, reply'] = [], []
        for mission in missions:
            graph = mission.known_graph
            for number, turn in enumerate(mission.turns):
                if number:
                    history = mission.turns[:number]
                    messages = dialect.render_prompt(mission.task.request, graph, history)
                    last = max(i for i, one in enumerate(messages) if one['role'] == 'assistant')
                    updates.append(messages[last + 1 :])
                    said = dialect.render_reply(turn.plan, graph)
                    replies.append([{'role': 'assistant', 'content': said}])
                for observation in turn.observations:
                    graph = graph.apply(observation.update)
    return drawn
