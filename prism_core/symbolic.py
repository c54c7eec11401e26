"""SymbolicPlanner: plans by search over the known graph, without a language model.

It matches the words of the request to nodes, goes where a node is seen from, inspects or maps, and
plans again with what that showed. Where matching is ambiguous it asks. It is the planner that is
always there: the fallback on the robot.
"""

from __future__ import annotations

from collections.abc import Sequence

from prism_core.actions import Action
from prism_core.episode import Turn
from prism_core.errors import PlannerError
from prism_core.matching import Match, Request, Vocabulary, match_nodes, read_request
from prism_core.plan import Plan
from prism_core.scene_graph import SceneGraph
from prism_core.validation import MAX_TEXT_CHARS

_LOOKING = ('inspect', 'map_region', 'explore_region')
_REPLAN = Action('replan')


class SymbolicPlanner:
    """Plans in the mapping domain from the bare sentence.

    Passes `testing.check_planner`.
    """

    name = 'symbolic'

    def __init__(self, vocabulary: Vocabulary):
        self._vocabulary = vocabulary

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The next plan.

        `reasoning` says what was matched, how far it is and what comes next.

        Raises:
            PlannerError: where the robot is is unknown.
        """
        here = known_graph.robot_location
        if here is None:
            raise PlannerError('where the robot is is unknown; set the robot location')
        reading = read_request(request, self._vocabulary)
        if not reading.content and reading.verb not in ('map', 'explore'):
            return _clarify(
                request, 'What should I look for or where should I go?', 'names nothing'
            )
        matches = match_nodes(reading, known_graph, self._vocabulary)
        best = [match for match in matches if match.score == matches[0].score]
        if not best:
            return _search(request, reading, here, known_graph, history)
        if len(best) > 1 and not _any_will_do(reading, best):
            names = ' or '.join(match.node.name for match in best[:5])
            return _clarify(
                request, f'Which one do you mean: {names}?', f'fits {len(best)} nodes equally well'
            )
        return _look_at(request, reading, best, here, known_graph, history)

    def close(self) -> None:
        """Nothing to free."""


def _any_will_do(request: Request, best: list[Match]) -> bool:
    return request.is_indefinite or all(match.is_by_purpose for match in best)


def _look_at(
    request: str,
    reading: Request,
    best: list[Match],
    here: str,
    graph: SceneGraph,
    history: Sequence[Turn],
) -> Plan:
    """Go to the nearest of the nodes that fit, look, and plan again; or answer when that is
    done.
    """
    distances = graph.distances_m(here)
    viewpoints = {match.node.name: _viewpoints(match.node.name, graph) for match in best}
    near = {
        name: min((distances[r], r) for r in regions if r in distances)
        for name, regions in viewpoints.items()
        if any(region in distances for region in regions)
    }
    match = min(best, key=lambda m: near.get(m.node.name, (float('inf'), '')))
    name, is_object = match.node.name, match.node.kind == 'object'
    reasoning = f'{name} fits the request: {match.why}. '
    seen = _observation_of(name, history)
    if seen is not None:
        text = f'{name}: {seen}' if seen else f'I looked at {name}; nothing was reported.'
        return _plan(request, [_answer(text)], [name], reasoning + 'I have looked at it.')
    if not viewpoints[name]:
        return _clarify(
            request, f'Where can I see {name} from?', f'means {name}, seen from no region'
        )
    if name not in near:
        return _bridge_gap(request, name, viewpoints[name][0], here, graph, history, reasoning)
    distance_m, region = near[name]
    way = [] if region == here else [Action('goto', (region,))]
    where = f'It is seen from {region}' if is_object else 'The way there is known'
    reasoning += f'{where}, {distance_m:.0f} m away. '
    if reading.verb == 'goto':
        arrived = _answer(f'I am at {region}.')
        return _plan(request, [*way, arrived], [name, region], reasoning + 'I go there.')
    if is_object:
        look = Action('inspect', (name, request.strip()[:MAX_TEXT_CHARS]))
    elif reading.verb == 'explore':
        look = Action('explore_region', (region, 3.0))
    else:
        look = Action('map_region', (region,))
    steps = [*way, look, _REPLAN]
    return _plan(request, steps, [name, region], reasoning + 'I look at it and plan again.')


def _search(
    request: str, reading: Request, here: str, graph: SceneGraph, history: Sequence[Turn]
) -> Plan:
    """Map the nearest region that was not looked at in this mission, until none is left."""
    looked_at = _looked_at(history)
    wanted = ' '.join(reading.content) or 'new regions'
    distances = graph.distances_m(here)
    for region, distance_m in distances.items():
        if region not in looked_at:
            name = 'explore_region' if reading.verb == 'explore' else 'map_region'
            arguments = (region, 3.0) if name == 'explore_region' else (region,)
            reasoning = (
                f"Nothing that I know fits '{wanted}'. {region} is the nearest region that I have "
                f'not looked at, {distance_m:.0f} m away. I look there and plan again.'
            )
            return _plan(request, [Action(name, arguments), _REPLAN], [region], reasoning)
    text = f"I looked in all {len(distances)} regions that I can reach and found no '{wanted}'."
    return _plan(request, [_answer(text)], [], text)


def _bridge_gap(
    request: str,
    name: str,
    region: str,
    here: str,
    graph: SceneGraph,
    history: Sequence[Turn],
    reasoning: str,
) -> Plan:
    """No known way leads there: extend the map where the gap is smallest; or answer when that was
    tried.
    """
    near, far = graph.closest_pair(here, region)
    names = [name, near, far]
    extend = Action('extend_map', graph.nodes[far].position)
    reasoning += f'No known way leads to {region}; the gap is smallest between {near} and {far}. '
    was_tried = any(
        extend in turn.plan.actions[: len(turn.observations)] and near in turn.plan.relevant_graph
        for turn in history
    )
    if was_tried:
        text = f'I found no way to {name}: extending the map from {near} did not lead to {far}.'
        return _plan(request, [_answer(text)], names, reasoning + 'I have tried to bridge it.')
    way = [] if near == here else [Action('goto', (near,))]
    reasoning += 'I extend the map there and plan again.'
    return _plan(request, [*way, extend, _REPLAN], names, reasoning)


def _viewpoints(name: str, graph: SceneGraph) -> tuple[str, ...]:
    return graph.viewpoints.get(name, (name,))


def _looked_at(history: Sequence[Turn]) -> dict[str, str]:
    """What was looked at in this mission, and what was reported of it last."""
    looked_at = {}
    for turn in history:
        for index, action in enumerate(turn.plan.actions):
            if action.name in _LOOKING and action.arguments and index < len(turn.observations):
                looked_at[str(action.arguments[0])] = turn.observations[index]
    return looked_at


def _observation_of(name: str, history: Sequence[Turn]) -> str | None:
    return _looked_at(history).get(name)


def _answer(text: str) -> Action:
    return Action('answer', (text[:MAX_TEXT_CHARS],))


def _clarify(request: str, question: str, reason: str) -> Plan:
    steps = [Action('clarify', (question[:MAX_TEXT_CHARS],))]
    return _plan(request, steps, [], f'The request {reason}. I ask.')


def _plan(request: str, steps: list[Action], names: list[str], reasoning: str) -> Plan:
    return Plan(
        actions=tuple(steps),
        primary_goal=request.strip(),
        relevant_graph=tuple(dict.fromkeys(names)),
        reasoning=reasoning,
    )
