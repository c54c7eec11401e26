"""The next plan for an intent: the decisions of SymbolicPlanner.

Every decision depends on what a prompt tells and on nothing else: the graph, its order, and the
mission's state. Objects are taken in the graph's order, those in the robot's region first; what is
left to look at is taken nearest first, but of the nearest few one that is typical of the place
where the object is usual.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prism_core.actions import Action
from prism_core.calling import is_called
from prism_core.episode import Turn
from prism_core.intent import Intent, Target
from prism_core.lexicon import Lexicon
from prism_core.mission import Mission, Step
from prism_core.mission_state import MAPPED, MissionState
from prism_core.plan import Plan
from prism_core.reasons import make_plan
from prism_core.scene_graph import SceneGraph


def decide(
    intent: Intent,
    known_graph: SceneGraph,
    state: MissionState,
    history: Sequence[Turn],
    lexicon: Lexicon,
) -> Plan:
    """The shortest plan that brings news, or the answer when it has been observed."""
    mission = Mission(known_graph, state, history, lexicon)
    step = _DECISIONS[intent.kind](mission, intent)
    ends = step[-1].name in ('answer', 'clarify')
    if state.turns_left <= 1 and not ends:
        step = mission.answer('gave_up')
    return make_plan(goal_of(intent, lexicon), step, known_graph)


def goal_of(intent: Intent, lexicon: Lexicon) -> str:
    """The intent as a few words: its kind, and what its target is called."""
    target = intent.target or intent.region
    return intent.kind if target is None else f'{intent.kind} {lexicon.call(target)}'


# ------------------------------------------------------------------------------------ by intent


def _go_to(mission: Mission, intent: Intent) -> Step:
    region = mission.resolve(_given(intent.region))
    return region if isinstance(region, Step) else mission.go(region)


def _find(mission: Mission, intent: Intent) -> Step:
    target = _given(intent.target)
    found = mission.find(target) or mission.search(target)
    return found if isinstance(found, Step) else mission.answer('node', found)


def _locate(mission: Mission, intent: Intent) -> Step:
    target = _given(intent.target)
    name = mission.resolve(target)
    if isinstance(name, Step):
        return name
    if not mission.graph.viewpoints[name]:
        is_open = bool(mission.state.frontiers)
        return mission.search(target) if is_open else mission.answer('unreachable', name)
    return mission.answer('where', name)


def _attribute(mission: Mission, intent: Intent) -> Step:
    name = mission.resolve(_given(intent.target))
    if isinstance(name, Step):
        return name
    return mission.observe(name, intent.attribute) or mission.answer(
        'value', name, intent.attribute
    )


def _yes_no(mission: Mission, intent: Intent) -> Step:
    name = mission.resolve(_given(intent.target))
    if isinstance(name, Step):
        return name
    return mission.observe(name, intent.attribute) or mission.answer(
        'is', name, intent.attribute, intent.value
    )


def _describe(mission: Mission, intent: Intent) -> Step:
    name = mission.resolve(_given(intent.target))
    if isinstance(name, Step):
        return name
    return mission.inspect_anew(name, 'description') or mission.answer('described', name)


def _exists(mission: Mission, intent: Intent) -> Step:
    target = _given(intent.target)
    region = '' if intent.region is None else mission.resolve(intent.region)
    if isinstance(region, Step):
        return region
    if not mission.candidates(target, region):
        step = mission.map(region) if region else _next_frontier(mission, target)
        step = step or mission.ask_alike(target, region)
        if step is not None:
            return step
    return mission.answer('exists', ' or '.join(target.classes), region)


def _count(mission: Mission, intent: Intent) -> Step:
    target = _given(intent.target)
    region = '' if intent.region is None else mission.resolve(intent.region)
    if isinstance(region, Step):
        return region
    step = mission.map(region) if region else _next_frontier(mission, target)
    if step is None and not mission.candidates(target, region):
        step = mission.ask_alike(target, region)
    return step or mission.answer('count', ' or '.join(target.classes), region)


def _next_frontier(mission: Mission, target: Target) -> Step | None:
    return mission.search(target) if mission.state.frontiers else mission.given_up()


def _compare(mission: Mission, intent: Intent) -> Step:
    names = []
    for part in (_given(intent.region), _given(intent.other_region)):
        region = mission.resolve(part)
        step = region if isinstance(region, Step) else mission.map(region)
        if step is not None:
            return step
        names.append(str(region))
    target = _given(intent.target)
    if not any(mission.candidates(target, name) for name in names):
        step = next(filter(None, (mission.ask_alike(target, name) for name in names)), None)
        if step is not None:
            return step
    return mission.answer('more', ' or '.join(target.classes), *names)


def _nearest(mission: Mission, intent: Intent) -> Step:
    region = mission.resolve(_given(intent.region))
    if isinstance(region, Step):
        return region
    anchor = mission.resolve(_given(intent.target))
    if isinstance(anchor, Step):
        return anchor
    return mission.map(region) or mission.answer('nearest', region, anchor)


def _map_area(mission: Mission, intent: Intent) -> Step:
    if intent.position is None:
        region = mission.resolve(_given(intent.region))
        if isinstance(region, Step):
            return region
    else:
        reached = _reached_at(mission, intent.position)
        if reached is None:
            return mission.extend(intent.position) or mission.answer('unreachable', '')
        region = reached
    return mission.map(region) or mission.answer('seen', region)


def _reached_at(mission: Mission, position: tuple[float, float]) -> str | None:
    """The region in which the robot was when it had extended the map toward a position."""
    action = Action('extend_map', position)
    if action not in mission.state.done:
        return None
    location = reached = None
    for done, observation in mission.carried_out():
        location = observation.update.robot_location or location
        if done == action:
            reached = location
    return reached if reached in mission.graph.regions else mission.state.here


def _survey(mission: Mission, intent: Intent) -> Step:
    if mission.state.frontiers:
        return Step((mission.state.frontiers[0].action,))
    return mission.given_up() or mission.answer('surveyed')


def _passable(mission: Mission, intent: Intent) -> Step:
    ends = _way_ends(mission, _given(intent.region), _given(intent.other_region))
    return ends if isinstance(ends, Step) else mission.answer('way', *ends)


def _way_ends(mission: Mission, one: Target, other: Target) -> tuple[str, str] | Step:
    """The two ends of a way that was looked at in this mission; or the step that looks at it."""
    names: list[str] = []
    for part in (one, other):
        name = mission.resolve(part)
        if isinstance(name, Step):
            return name
        names.append(name)
    if _is_looked_at(mission, names):
        return names[0], names[1]
    order = sorted(names, key=lambda name: (name != mission.state.here, names.index(name)))
    reachable = [name for name in order if mission.is_reachable(name)]
    if not reachable:
        return mission.get_to(names[0])
    is_mapped = all(mission.graph.nodes[name].attributes.get(MAPPED) for name in names)
    if is_mapped and order[0] == mission.state.here:  # a look shows nothing new: drive there
        return Step((Action('goto', (order[1],)), Action('replan')))
    return Step((Action('map_region', (reachable[0],)),))


def _is_looked_at(mission: Mission, ends: Sequence[str]) -> bool:
    """Whether it is known from this mission if the way between two regions can be driven: one of
    them was mapped, the way was driven, or it turned out to be none.
    """
    graph, done, here = mission.graph, mission.state.done, mission.state.here
    if any(Action('map_region', (end,)) in done for end in ends):
        return True
    if all(graph.nodes[end].attributes.get(MAPPED) for end in ends):
        is_driven = here in ends and {Action('goto', (here,)), Action('replan')} <= done
        return is_driven or not graph.region_network.has_edge(*ends)
    return False


def _conditional(mission: Mission, intent: Intent) -> Step:
    if intent.ends is not None:
        ends = _way_ends(mission, *intent.ends)
        if isinstance(ends, Step):
            return ends
        holds = not mission.graph.region_network.has_edge(*ends)
    else:
        name = mission.resolve(_given(intent.target))
        step = name if isinstance(name, Step) else mission.observe(name, intent.attribute)
        if step is not None:
            return step
        holds = mission.graph.nodes[str(name)].attributes[intent.attribute] == intent.value
    region = mission.resolve(_given(intent.region if holds else intent.other_region))
    return region if isinstance(region, Step) else mission.go(region)


def _sequence(mission: Mission, intent: Intent) -> Step:
    """The first step that is not done, and with it the drives before it: they bring no news."""
    drives: list[Action] = []
    for step in _undone(mission, intent.steps):
        if step.kind == 'go_to':
            region = mission.resolve(_given(step.region))
            if isinstance(region, Step):
                return _behind(drives, region)
            if not mission.is_reachable(region):
                return _behind(drives, mission.get_to(region))
            drives.append(Action('goto', (region,)))
        else:
            name = mission.resolve(_given(step.target))
            if not isinstance(name, Step):
                name = mission.look_at(name, step.attribute) or mission.answer(
                    'unseen', name, step.attribute
                )
            return _behind(drives, name)
    return _behind(drives, mission.answer('done'))


def _behind(drives: list[Action], step: Step) -> Step:
    return Step((*drives, *step))


def _undone(mission: Mission, steps: Sequence[Intent]) -> Sequence[Intent]:
    """The steps of a sequence that are left, in order."""
    left = list(steps)
    for action, observation in mission.carried_out():
        if observation.status != 'done':
            continue
        if left and _is_done_by(left[0], action, mission):
            left.pop(0)
    return left


def _is_done_by(step: Intent, action: Action, mission: Mission) -> bool:
    """Whether an action that was carried out is what a step of a sequence asks for."""
    target = _given(step.region if step.kind == 'go_to' else step.target)
    name = str(action.arguments[0]) if action.arguments else ''
    node = mission.graph.nodes.get(name)
    if node is None or not (name == target.name or is_called(node, target.classes)):
        return False
    if any(node.attributes.get(key) != value for key, value in target.attributes):
        return False
    if step.kind == 'go_to':
        return action.name == 'goto'
    return action == Action('inspect', (name, mission.lexicon.question(step.attribute)))


def _given(part: Target | None) -> Target:
    if part is None:
        raise ValueError('the intent lacks a part that its kind needs')
    return part


_DECISIONS: dict[str, Callable[[Mission, Intent], Step]] = {
    'go_to': _go_to,
    'reach': _go_to,
    'find': _find,
    'locate': _locate,
    'attribute': _attribute,
    'yes_no': _yes_no,
    'describe': _describe,
    'exists': _exists,
    'count': _count,
    'compare': _compare,
    'nearest': _nearest,
    'map_area': _map_area,
    'survey': _survey,
    'passable': _passable,
    'conditional': _conditional,
    'sequence': _sequence,
    'vague': lambda mission, _: mission.ask_what(),
}
