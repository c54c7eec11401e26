"""Actions and plans in the compact dialect, such as `find bench : inspect bench<o3> color`.

A reply is the goal and one or more steps. What code knows is left out: coordinates of known nodes,
radii that the known graph implies, the sentence of an answer, which only names its form and what it
is about.
"""

from __future__ import annotations

import re

from prism_core.actions import Action
from prism_core.dialects.handles import Handles
from prism_core.errors import PlanParseError
from prism_core.lexicon import Lexicon
from prism_core.mission_state import look_around
from prism_core.plan import Plan
from prism_core.reasons import make_plan
from prism_core.reports import FORM_ARGUMENTS, Report, parse_report, render_report
from prism_core.scene_graph import SceneGraph

_VERBS = {
    'goto': 'go',
    'map_region': 'map',
    'explore_region': 'explore',
    'extend_map': 'extend',
    'inspect': 'inspect',
    'replan': 'replan',
    'answer': 'answer',
    'clarify': 'ask',
}
_ACTIONS = {verb: name for name, verb in _VERBS.items()}
_REPLY = re.compile(r'\s*(?P<goal>[^:]*?) : (?P<steps>.+)', re.DOTALL)
_QUOTED = re.compile(r'(?P<before>.*?)"(?P<text>.*)"\s*', re.DOTALL)
DEFAULT_RADIUS_M = 3.0


class CompactSteps:
    """Writes and reads steps on one known graph."""

    def __init__(self, graph: SceneGraph, handles: Handles, lexicon: Lexicon):
        self._graph = graph
        self._handles = handles
        self._lexicon = lexicon

    # ------------------------------------------------------------------------------------ replies

    def render_reply(self, plan: Plan) -> str:
        """A plan as a reply.

        Raises:
            PlanParseError: it has no steps, or one that cannot be said.
        """
        if not plan.actions:
            raise PlanParseError('expected a plan with steps, got one without')
        classes = self._meant_by(plan.primary_goal)
        steps = ' ; '.join(self.render(action, classes) for action in plan.actions)
        goal = self._handles.neutralize(plan.primary_goal.replace(':', ' '))
        return f' {goal} : {steps}'

    def parse_reply(self, text: str) -> Plan:
        """The plan of a reply.

        Raises:
            PlanParseError: the text is no reply.
        """
        match = _REPLY.fullmatch(text)
        if match is None:
            raise PlanParseError(f'expected "goal : steps", got {text[:60]!r}')
        goal = self._handles.restore(match['goal'])
        classes = self._meant_by(goal)
        steps = tuple(self.parse(step, classes) for step in _split(match['steps']))
        return make_plan(goal, steps, self._graph)

    def _meant_by(self, goal: str) -> str:
        """The classes that a goal is about, joined by ' or '."""
        return ' or '.join(self._lexicon.meant_by(goal.partition(' ')[2]))

    # -------------------------------------------------------------------------------------- steps

    def render(self, action: Action, classes: str = '') -> str:
        """An action; `classes` are those that the goal has named already.

        Raises:
            PlanParseError: there is no word for it, it names what is not known, or its arguments
                are none of its kind.
        """
        verb = _VERBS.get(action.name)
        if verb is None:
            raise PlanParseError(f'the compact dialect has no word for {action.name}')
        try:
            return ' '.join([verb, *self._render_arguments(action, classes)])
        except (LookupError, TypeError, ValueError) as error:
            raise PlanParseError(
                f'{action.name} has arguments that cannot be said: {error}'
            ) from error

    def say(self, action: Action) -> str | None:
        """An action that somebody else may have planned; None where it cannot be said and read."""
        try:
            text = self.render(action)
            self.parse(text)
        except PlanParseError:
            return None
        return text

    def _render_arguments(self, action: Action, classes: str) -> list[str]:
        if action.name == 'replan':
            return []
        if action.name in ('answer', 'clarify'):
            return self._render_report(str(action.arguments[0]), classes)
        if action.name == 'extend_map':
            node = self._node_at(action.arguments)
            return [f'{v:g}' for v in action.arguments] if node is None else [self._write(node)]
        written = [self._write(str(action.arguments[0]))]
        if action.name == 'explore_region' and action.arguments[1] != self._radius_m(
            str(action.arguments[0])
        ):
            written.append(f'{action.arguments[1]:g}')
        if action.name == 'inspect':
            written += self._render_query(str(action.arguments[1]))
        return written

    def parse(self, text: str, classes: str = '') -> Action:
        """The action of a step.

        Raises:
            PlanParseError: the text is no step.
        """
        verb, _, rest = text.strip().partition(' ')
        name = _ACTIONS.get(verb)
        if name is None:
            raise PlanParseError(f'expected one of {", ".join(_ACTIONS)}, got {text[:60]!r}')
        if name == 'replan':
            return Action(name)
        if name in ('answer', 'clarify'):
            return Action(name, (self._parse_report(rest, classes),))
        if name == 'extend_map':
            return Action(name, self._read_position(rest))
        node = self._handles.read(rest)
        behind = rest.partition('>')[2].strip()
        if name == 'explore_region':
            return Action(name, (node, _number(behind) if behind else self._radius_m(node)))
        if name == 'inspect':
            quoted = _QUOTED.fullmatch(behind)
            query = (
                self._handles.restore(quoted['text'])
                if quoted
                else self._lexicon.question(behind or 'description')
            )
            return Action(name, (node, query))
        return Action(name, (node,))

    def _write(self, name: str) -> str:
        if name not in self._graph.nodes:
            raise PlanParseError(f'{name[:60]!r} is not known and has no handle')
        return self._handles.write(name)

    def _node_at(self, position: tuple) -> str | None:
        for name, node in self._graph.regions.items():
            if node.position == position:
                return name
        return None

    def _read_position(self, text: str) -> tuple[float, float]:
        if '<' in text:
            return self._handles.node(text).position
        numbers = text.split()
        if len(numbers) != 2:
            raise PlanParseError(f'expected two coordinates in metres, got {text[:60]!r}')
        return (_number(numbers[0]), _number(numbers[1]))

    def _radius_m(self, region: str) -> float:
        """The radius that the known graph implies for an exploration."""
        action = look_around(self._graph, region)
        is_exploration = action is not None and action.name == 'explore_region'
        return float(action.arguments[1]) if action and is_exploration else DEFAULT_RADIUS_M

    def _render_query(self, query: str) -> list[str]:
        if query == self._lexicon.question('description'):
            return []
        asked = self._lexicon.asked_attributes(query)
        if len(asked) == 1 and query == self._lexicon.question(min(asked)):
            return [min(asked)]
        return [f'"{self._handles.neutralize(query)}"']

    # -------------------------------------------------------------------------------- what is said

    def _render_report(self, text: str, classes: str) -> list[str]:
        report = parse_report(text, self._graph)
        if report.form == 'say':
            return [f'"{self._handles.neutralize(text)}"']
        kinds = FORM_ARGUMENTS[report.form]
        arguments = list(zip(kinds, report.arguments))
        if report.form == 'more':  # in the order of the graph, which does not tell who has more
            order = list(self._graph.regions)
            arguments = arguments[:1] + sorted(arguments[1:], key=lambda a: order.index(a[1]))
        written = [report.form]
        for kind, value in arguments:
            if kind == 'classes':
                written += [] if value == classes else [f'of {value}']
            elif kind == 'nodes':
                written.append(' , '.join(self._write(name) for name in value.split(' or ')))
            elif kind == 'node':
                written += [self._write(value)] if value else []
            else:
                written.append(f'; {value}' if kind == 'value' else value)
        return written

    def _parse_report(self, text: str, classes: str) -> str:
        quoted = _QUOTED.fullmatch(text)
        if quoted is not None:
            return self._handles.restore(quoted['text'])
        form, _, rest = text.strip().partition(' ')
        kinds = FORM_ARGUMENTS.get(form)
        if kinds is None:
            raise PlanParseError(f'expected a form of answer, got {text[:60]!r}')
        nodes = self._handles.find(rest)
        said = rest.rpartition('>')[2].strip()
        given = rest.startswith('of ')
        values: list[str] = []
        for kind in kinds:
            if kind == 'classes':
                values.append(self._read_classes(rest, nodes) if given else classes)
            elif kind == 'nodes':
                values.append(' or '.join(nodes))
            elif kind == 'node':
                values.append(nodes.pop(0) if nodes else '')
            elif kind == 'attribute':
                values.append(said.partition(' ; ')[0])
            else:
                values.append(said.partition(' ; ')[2])
        try:
            return render_report(Report(form, tuple(values)), self._graph)
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise PlanParseError(f'{text[:60]!r} says what is not known: {error}') from None

    def _read_classes(self, text: str, nodes: list[str]) -> str:
        text = text.removeprefix('of ')
        return text.partition(self._handles.write(nodes[0]))[0].strip() if nodes else text.strip()


def _split(steps: str) -> list[str]:
    """The steps between semicolons; an answer or a question takes the rest."""
    parts: list[str] = []
    rest = steps.strip()
    while rest:
        takes_text = rest.startswith('inspect ') and '"' in rest
        if takes_text or rest.startswith(('answer ', 'ask ')):
            return [*parts, rest]
        part, _, rest = rest.partition(' ; ')
        parts.append(part)
    return parts


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise PlanParseError(f'expected a number of metres, got {text[:60]!r}') from None
