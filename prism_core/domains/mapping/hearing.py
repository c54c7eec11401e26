# SPDX-License-Identifier: Apache-2.0
"""A mission in which the robot reports in words, as if it had reported the values that it was asked
for, as far as these are plainly said: planners see what they know how to use, and nobody has to
spell what was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.told_values import Said, calls_in_text, read_told
from prism_core.episode.episode import Turn
from prism_core.episode.observation import Observation
from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

_Values = dict[str, dict[str, str]]


def hear(
    known_graph: SceneGraph, history: Sequence[Turn], lexicon: Lexicon
) -> tuple[SceneGraph, Sequence[Turn]]:
    """What is known and what was done, with the values that inspections were asked for and told in
    words; what they told is left out then. The same objects where nothing was told.
    """
    if not any(map(_is_told, history)):
        return known_graph, history
    heard: _Values = {}
    turns = []
    for turn in history:
        graph = None if turn.known_graph is None else _with(turn.known_graph, heard)
        pairs = zip(turn.plan.actions, turn.observations)
        observations = tuple(_hear_one(a, o, known_graph, lexicon, heard) for a, o in pairs)
        if graph is turn.known_graph and all(map(_is, observations, turn.observations)):
            turns.append(turn)
        else:
            turns.append(replace(turn, known_graph=graph, observations=observations))
    if all(map(_is, turns, history)):
        return known_graph, history
    return _with(known_graph, heard), tuple(turns)


def told_of(name: str, graph: SceneGraph, history: Sequence[Turn], lexicon: Lexicon) -> Said:
    """What was said last of an object, of each attribute."""
    values: dict[str, str] = {}
    denied: dict[str, frozenset[str]] = {}
    for query, text in texts_of(name, history):
        if not lexicon.asked_attributes(query):
            continue
        said = read_told(text, calls_in_text(graph.nodes[name], lexicon), lexicon)
        for key in said.values.keys() | said.denied.keys():
            values.pop(key, None)
        values |= said.values
        denied |= said.denied
    return Said(values, denied)


def texts_of(name: str, history: Sequence[Turn]) -> Iterator[tuple[str, str]]:
    """What the robot was asked about an object in this mission, and what it said, in order."""
    for turn in history:
        for action, observation in zip(turn.plan.actions, turn.observations):
            if action.name == 'inspect' and action.arguments[:1] == (name,):
                text = told_by(name, observation)
                if text:
                    yield str(action.arguments[-1]), text


def told_by(name: str, observation: Observation) -> str:
    """What an inspection of an object said of it in words."""
    if observation.status != 'done':
        return ''
    shown = observation.update.set_attributes.get(name, {}).get('description')
    return observation.feedback or (shown if isinstance(shown, str) else '')


def _is_told(turn: Turn) -> bool:
    """Whether an inspection of a turn said anything in words."""
    return any(
        action.name == 'inspect' and action.arguments and told_by(str(action.arguments[0]), seen)
        for action, seen in zip(turn.plan.actions, turn.observations)
    )


def _hear_one(
    action: Action, observation: Observation, graph: SceneGraph, lexicon: Lexicon, heard: _Values
) -> Observation:
    """An observation with the values that it told; they are added to those that were heard."""
    for name, shown in observation.update.set_attributes.items():
        for key in shown:
            heard.get(name, {}).pop(key, None)
    if action.name != 'inspect' or len(action.arguments) < 2:
        return observation
    name, query = map(str, action.arguments[:2])
    text, node = told_by(name, observation), graph.nodes.get(name)
    if not text or node is None:
        return observation
    asked = lexicon.asked_attributes(query)
    if not asked:
        return observation
    said = read_told(text, calls_in_text(node, lexicon), lexicon)
    shown = observation.update.set_attributes.get(name, {})
    values = {k: v for k, v in said.values.items() if k in asked and k not in shown}
    if not values:
        return observation
    heard.setdefault(name, {}).update(values)
    attributes = {**observation.update.set_attributes, name: {**shown, **values}}
    update: GraphUpdate = replace(observation.update, set_attributes=attributes)
    feedback = '' if asked <= values.keys() | shown.keys() else observation.feedback
    return replace(observation, update=update, feedback=feedback)


def _with(graph: SceneGraph, heard: _Values) -> SceneGraph:
    """A graph with the values that were heard of what it knows; the same where there is none."""
    values = {name: dict(said) for name, said in heard.items() if said and name in graph.nodes}
    if not values:
        return graph
    return graph.apply(GraphUpdate(set_attributes=values)).with_revision(graph.revision)


def _is(one: object, other: object) -> bool:
    return one is other
