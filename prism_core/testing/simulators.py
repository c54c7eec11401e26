# SPDX-License-Identifier: Apache-2.0
"""The promises of simulators, ours and those that others bring."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

from prism_core.episode.episode import Episode
from prism_core.episode.observation import Observation, parse_observation, render_observation
from prism_core.episode.planner import Simulator
from prism_core.graph.elements import GraphUpdate
from prism_core.plan.actions import Action
from prism_core.testing.planners import SimulatorFactory


def check_simulator(
    make_simulator: SimulatorFactory, episode: Episode, actions: Sequence[Action]
) -> None:
    """Hold a simulator to the promises of the protocol, on one world and any actions.

    Raises:
        AssertionError: it raises, changes the episode or an earlier graph, refuses and still acts,
            gives updates that do not apply or do not survive their text, or acts otherwise the
            second time.
    """
    before = copy.deepcopy(episode)
    one, other = make_simulator(episode), make_simulator(episode)
    assert isinstance(one, Simulator), f'{one!r} lacks table, known_graph or execute'
    assert one.known_graph == episode.known_graph, 'a simulator begins with the known graph'
    for action in actions:
        graph = one.known_graph
        kept = copy.deepcopy(graph)
        observation = _execute(one, action)
        assert graph == kept, f'{action}: the simulator changed a graph that it had shown'
        assert graph.apply(observation.update).with_revision(0) == (
            one.known_graph.with_revision(0)
        ), f'{action}: the known graph is not what the update makes of it'
        if observation.status == 'refused':
            assert observation.update == GraphUpdate(), (
                f'{action}: it was refused, and changed the graph'
            )
            assert observation.feedback, f'{action}: it was refused without a reason'
        assert observation.distance_m >= 0, f'{action}: a distance cannot be negative'
        kinds = {name: node.kind for name, node in graph.nodes.items()}
        read = parse_observation(render_observation(observation), kinds)
        assert replace(read, distance_m=observation.distance_m) == observation, (
            f'{action}: the observation does not survive its text: {observation}'
        )
        assert _execute(other, action) == observation, (
            f'{action}: a second simulator of the same world showed something else'
        )
    assert episode == before, 'the simulator changed the episode'


def _execute(simulator: Simulator, action: Action) -> Observation:
    try:
        observation: object = simulator.execute(action)
    except Exception as error:
        raise AssertionError(f'{action}: the simulator raised {error!r}') from error
    assert isinstance(observation, Observation), f'{action}: expected an Observation'
    return observation
