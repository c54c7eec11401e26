# SPDX-License-Identifier: Apache-2.0
"""The mapping domain's language: attributes by its lexicon, reports by their forms, radii and
coordinates that the known graph implies left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prism_core.dialects.graph_part import SpokenOf, find_spoken_of
from prism_core.dialects.language import DESCRIBED, Language, from_first_node, read_number
from prism_core.dialects.phrases import Named, Phrase, Quoted
from prism_core.dialects.reply_grammar import ReplyGrammar
from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.domains.mapping.hearing import hear
from prism_core.domains.mapping.kinds import kinds_in_replies
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.looking import MAPPED, WAYS_M, look_around, unexplored_m
from prism_core.domains.mapping.planning.reasons import make_plan
from prism_core.domains.mapping.said_goals import about_of, is_bounded
from prism_core.domains.mapping.speech.replies import write_mapping_replies
from prism_core.domains.mapping.speech.said_reports import (
    SaidReport,
    expand_reports,
    join_reports,
    read_reports,
    shorten_reports,
)
from prism_core.domains.mapping.speech.told_drives import drives_of, tell_drives
from prism_core.episode.episode import Turn
from prism_core.errors import PlanParseError
from prism_core.graph.elements import Node
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, Argument, Role
from prism_core.plan.grammar import Part
from prism_core.plan.plan import Plan

DEFAULT_RADIUS_M = 3.0


class MappingLanguage(Language):
    """Speaks by the words of a lexicon.

    Args:
        lexicon: by which requests, goals and questions are understood.
        told: the one whose values are told of objects, where that is another: a student knows no
            values but those that it was trained on.
    """

    def __init__(self, lexicon: Lexicon, told: Lexicon | None = None):
        self._told = told or lexicon
        values = {key: tuple(spec.values) for key, spec in self._told.attributes.items()}
        super().__init__(MAPPING_ACTIONS, values=values, flags=(MAPPED,), goals=kinds_in_replies())
        self.lexicon = lexicon

    # ------------------------------------------------------------------------------------- graphs

    def read_values(self, text: str) -> dict[str, str]:
        """The values in a text, by attribute."""
        phrases = self._told.attribute_phrases
        said = {}
        for phrase in self._told.find_values(text):
            key, value = ('description', DESCRIBED) if phrase == DESCRIBED else phrases[phrase]
            said[key] = value
        return said

    def hear(
        self, known_graph: SceneGraph, history: Sequence[Turn]
    ) -> tuple[SceneGraph, Sequence[Turn]]:
        """With the values that inspections told in words."""
        return hear(known_graph, history, self.lexicon)

    def find_spoken_of(self, request: str, graph: SceneGraph) -> SpokenOf:
        """The nodes that a request speaks of, by any word of the lexicon for their class."""
        found = find_spoken_of(request, graph)
        said = self.lexicon.said_things(request)
        classes = {name for called in said for name in self.lexicon.meant_by(called)}
        calls_of = self.lexicon.calls_of
        called = (n for n, node in graph.nodes.items() if not classes.isdisjoint(calls_of(node)))
        likes = {*found.likes, *called}
        return replace(found, likes=tuple(n for n in graph.nodes if n in likes - {*found.names}))

    def fit_in_part(self, node: Node, part: SceneGraph, whole: SceneGraph) -> Node:
        """A region of which the ways that nobody knows are those that nobody knows in the whole."""
        if node.kind != 'region' or WAYS_M not in node.attributes:
            return node
        ways_m = sorted([*part.way_lengths_m(node.name), *unexplored_m(whole, node.name)])
        return node.with_attributes({WAYS_M: type(node.attributes[WAYS_M])(ways_m)})

    # -------------------------------------------------------------------------------------- plans

    def look_around(self, graph: SceneGraph, region: str) -> Action | None:
        """Map a region, or explore where ways lead on."""
        return look_around(graph, region)

    def explain(self, goal: str, actions: tuple[Action, ...], graph: SceneGraph) -> Plan:
        """A plan with its reasons."""
        return make_plan(goal, actions, graph)

    def shorten(self, action: Action, graph: SceneGraph, goal: str) -> Phrase:
        """The arguments of an action in few words."""
        spec = self.table[action.name]
        if spec.ends_mission:
            said = (SaidReport(report) for report in read_reports(str(action.arguments[0]), graph))
            return shorten_reports(said, graph, self.lexicon, self._meant_by(goal))
        if action.name == 'extend_map':
            return self._shorten_position(action.arguments, graph)
        if action.name == 'explore_region':
            region, radius_m = action.arguments
            is_implied = radius_m == self._radius_m(graph, str(region))
            return (Named(region), *(() if is_implied else (f'{radius_m:g}',)))
        if action.name == 'inspect':
            name, query = action.arguments
            return (Named(name), *self._shorten_query(str(query)))
        return super().shorten(action, graph, goal)

    def expand(
        self, name: str, phrase: Phrase, graph: SceneGraph, goal: str
    ) -> tuple[Argument, ...]:
        """The arguments of an action from few words."""
        if self.table[name].ends_mission:
            told = expand_reports(phrase, graph, self.lexicon, self._meant_by(goal))
            return (join_reports((one.report for one in told), graph),)
        if name == 'extend_map':
            return self._read_position(phrase, graph)
        if name == 'explore_region':
            region, *radius = from_first_node(phrase)
            if not radius:
                return (str(region), self._radius_m(graph, region))
        if name == 'inspect':
            thing, *said = from_first_node(phrase)
            asked = said[-1] if said else 'description'
            query = str(asked) if isinstance(asked, Quoted) else self.lexicon.question(asked)
            return (str(thing), query)
        return super().expand(name, phrase, graph, goal)

    def shorten_ending(
        self, actions: Sequence[Action], graph: SceneGraph, goal: str
    ) -> tuple[int, Phrase]:
        """An answer with the drives that it tells of."""
        action = actions[-1]
        if self.table[action.name].role is Role.REPORT:
            reports = read_reports(str(action.arguments[0]), graph)
            if len(reports) > 1 or is_bounded(goal):
                number, said = tell_drives(reports, actions[:-1], graph)
                return number, shorten_reports(said, graph, self.lexicon)
        return super().shorten_ending(actions, graph, goal)

    def expand_ending(
        self, name: str, phrase: Phrase, graph: SceneGraph, goal: str
    ) -> tuple[Action, ...]:
        """The drives that an answer tells of, and the answer."""
        actions = super().expand_ending(name, phrase, graph, goal)
        if self.table[name].role is Role.REPORT:
            said = expand_reports(phrase, graph, self.lexicon, self._meant_by(goal))
            if len(said) > 1 or is_bounded(goal):
                return (*drives_of(said, graph), *actions)
        return actions

    def _meant_by(self, goal: str) -> str:
        """The classes that a goal is about, joined by ' or '."""
        return ' or '.join(self.lexicon.meant_by(about_of(goal)))

    @staticmethod
    def _radius_m(graph: SceneGraph, region: str) -> float:
        """The radius that the known graph implies for an exploration."""
        action = look_around(graph, region) if region in graph.regions else None
        is_exploration = action is not None and action.name == 'explore_region'
        return float(action.arguments[1]) if action and is_exploration else DEFAULT_RADIUS_M

    def _shorten_query(self, query: str) -> Phrase:
        if query == self.lexicon.question('description'):
            return ()
        if query == self.lexicon.question('text'):
            return ('text',)
        asked = self.lexicon.asked_attributes(query)
        if len(asked) == 1 and query == self.lexicon.question(min(asked)):
            return (min(asked),)
        return (Quoted(query),)

    @staticmethod
    def _shorten_position(position: tuple[Argument, ...], graph: SceneGraph) -> Phrase:
        at = (name for name, node in graph.regions.items() if node.position == position)
        region = next(at, None)
        return (Named(region),) if region is not None else tuple(f'{v:g}' for v in position)

    @staticmethod
    def _read_position(phrase: Phrase, graph: SceneGraph) -> tuple[float, float]:
        if any(isinstance(part, Named) for part in phrase):
            region = from_first_node(phrase)[0]
            position = graph.nodes[region].position if region in graph.nodes else None
            if position is None:
                raise PlanParseError(
                    f'expected a known region with a position, got {region[:60]!r}'
                )
            return position
        numbers = ' '.join(phrase).split()
        if len(numbers) != 2:
            raise PlanParseError(
                f'expected a region or two coordinates in metres, got {" ".join(phrase)[:60]!r}'
            )
        return read_number(numbers[0]), read_number(numbers[1])

    def write_replies(self, grammar: ReplyGrammar) -> Part | None:
        """What a reply may say."""
        return write_mapping_replies(grammar, self.lexicon)
