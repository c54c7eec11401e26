# SPDX-License-Identifier: Apache-2.0
"""A mission as its planner sees it, and the steps that all decisions share: resolve, look, search,
get there, say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prism_core.domains.mapping.alike import alike
from prism_core.domains.mapping.hearing import texts_of, told_of
from prism_core.domains.mapping.intent import Target
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.looking import MAPPED
from prism_core.domains.mapping.planning.bounds import Bounds, stand_at
from prism_core.domains.mapping.report_forms import FORMS_OF_ALL_REACHED
from prism_core.domains.mapping.reports import Report, quote_told, render_report
from prism_core.domains.mapping.seen_objects import objects_of
from prism_core.episode.episode import Turn
from prism_core.episode.mission_state import NEAREST_FRONTIERS, MissionState, feedback_of
from prism_core.episode.observation import Observation
from prism_core.graph.calling import called, is_called, meant, words_of_name
from prism_core.graph.elements import quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.gaps import describe_gap

_MAX_CHOICES = 5


class Step(tuple[Action, ...]):
    """What to do next: zero or more drives, and one action that brings news or ends."""

    __slots__ = ()


class Mission:
    """What a decision may look at, and the steps that all decisions share."""

    def __init__(
        self,
        graph: SceneGraph,
        state: MissionState,
        history: Sequence[Turn],
        lexicon: Lexicon,
        bounds: Bounds | None = None,
    ):
        self.graph = graph
        self.bounds = bounds
        self.state = state
        self._history = history
        self.lexicon = lexicon
        self.notes: list[str] = []
        """What whoever carries the step out should know."""
        self.has_parts = False
        """Whether several things are asked for, so that another one may have been tried since."""
        first = history[0].robot_location if history else ''
        self.start = first if first in graph.regions else state.here
        """Where the robot was when it was asked, as far as the history tells."""
        self._view = graph if bounds is None else bounds.view
        self._order = {name: index for index, name in enumerate(graph.regions)}

    def at(self, region: str) -> Mission:
        """The same mission where the robot will be after a drive that brings no news."""
        graph = self.graph.at(region)
        bounds = None if self.bounds is None else self.bounds.at(region)
        state = stand_at(self.state, graph if bounds is None else bounds.view, region)
        moved = Mission(graph, state, self._history, self.lexicon, bounds)
        moved.notes, moved.has_parts = self.notes, self.has_parts
        moved.start = self.start
        return moved

    def distances_m(self) -> Mapping[str, float]:
        """How far the regions are that may be driven to."""
        return self._view.distances_m(self.state.here)

    # ------------------------------------------------------------------------------- the endings

    def answer(self, form: str, *arguments: str) -> Step:
        """The sentence of a report, as answer."""
        if self.bounds is not None and form in FORMS_OF_ALL_REACHED:
            if form == 'been':
                places = map(self.graph.nodes.__getitem__, filter(self.is_reachable, self._order))
                arguments += (' or '.join(called(places, arguments[0].split(' or '))),)
            form = f'{form}_allowed'
        return Step((Action('answer', (render_report(Report(form, arguments), self.graph),)),))

    def ask_which(self, names: Sequence[str]) -> Step:
        """Ask which of several nodes is meant."""
        return self._clarify('which', ' or '.join(names[:_MAX_CHOICES]))

    def ask_what(self) -> Step:
        """Ask what to do at all."""
        return self._clarify('what')

    def _clarify(self, form: str, *arguments: str) -> Step:
        return Step((Action('clarify', (render_report(Report(form, arguments), self.graph),)),))

    # ---------------------------------------------------------------------------- which node it is

    def candidates(self, target: Target, region: str = '') -> list[str]:
        """The known nodes that a target may mean: those first that are called exactly so, then
        those in the robot's region.
        """
        if target.name:
            return self._named(target)
        if target.kind == 'region':
            return called(self.graph.regions.values(), target.classes)
        names = sorted(objects_of(self.graph, target.classes, region), key=self._rank)
        return called((self.graph.nodes[name] for name in names), target.classes)

    def _named(self, target: Target) -> list[str]:
        """The node of a name; where there is none, those whose names are the same words."""
        node = self.graph.nodes.get(target.name)
        if node is not None:
            return [target.name] if node.kind == target.kind else []
        words = words_of_name(target.name)
        nodes = self.graph.nodes.values()
        alike = (n for n in nodes if n.kind == target.kind and words_of_name(n.name) == words)
        return [node.name for node in alike] if words else []

    def _rank(self, name: str) -> tuple[bool, int]:
        """Objects in the robot's region come first, then those of the graph's first region."""
        regions = self.graph.viewpoints[name]
        return self.state.here not in regions, self._order[regions[0]] if regions else len(
            self._order
        )

    def resolve(self, target: Target) -> str | Step:
        """The one node that a target means; or the step that may tell which one it is."""
        names = self.candidates(target)
        fitting = [n for n in names if self.fits(n, target) is not False]
        if not target.name:
            fitting = meant(map(self.graph.nodes.__getitem__, fitting), target.classes)
        sure = [n for n in fitting if self.fits(n, target)]
        if len(sure) == 1:
            return sure[0]
        if not fitting:
            return self.search(target)
        if not sure:
            step = self.tell_apart(fitting, target)
            if step is not None:
                return step
        return self.ask_which(sure or fitting)

    def find(self, target: Target, region: str = '') -> str | Step | None:
        """Any node that fits a target; or the step that may tell; or None when no known one
        does.
        """
        fitting = [n for n in self.candidates(target, region) if self.fits(n, target) is not False]
        sure = next((name for name in fitting if self.fits(name, target)), None)
        return sure or self.tell_apart(fitting, target)

    def fits(self, name: str, target: Target) -> bool | None:
        """Whether a node has the attributes of a target; None: not known yet."""
        known = self.graph.nodes[name].attributes
        values = [(known.get(key), value) for key, value in target.attributes]
        if any(seen not in (None, value) for seen, value in values):
            return False
        if any(self.is_denied(name, key, value) for key, value in target.attributes):
            return False
        return None if any(seen is None for seen, _ in values) else True

    def tell_apart(self, names: Iterable[str], target: Target) -> Step | None:
        """Inspect the first of some objects whose fit is open, those first that can be seen."""
        for name in sorted(names, key=lambda name: not self._is_in_reach(name)):
            for key, _ in target.attributes:
                looked = Action('inspect', (name, self.lexicon.question(key))) in self.state.done
                if key not in self.graph.nodes[name].attributes and not looked:
                    step = self.look_at(name, key)
                    if step is not None:
                        return step
        return None

    def _is_in_reach(self, name: str) -> bool:
        """Whether known ways lead to where an object is seen from."""
        return any(map(self.is_reachable, self.graph.viewpoints[name]))

    # ----------------------------------------------------------------------------------- looking

    def look_at(self, name: str, attribute: str) -> Step | None:
        """Inspect an object for an attribute, or get to where it is seen from; None when that was
        tried often enough.
        """
        action = Action('inspect', (name, self.lexicon.question(attribute)))
        if self.state.is_blocked(action):
            return None
        viewpoints = self.graph.viewpoints[name]
        if self._is_in_reach(name):
            return Step((action,))
        return self.get_to(viewpoints[0]) if viewpoints else self._look_further(name)

    def observe(self, name: str, attribute: str) -> Step | None:
        """The step that makes an attribute known, or says that it could not be seen; None when it
        is known.
        """
        node = self.graph.nodes[name]
        is_whole = attribute in ('description', 'text')
        if attribute in node.attributes or (is_whole and node.description):
            return None
        action = Action('inspect', (name, self.lexicon.question(attribute)))
        told = feedback_of(self._history).get(action)
        if told is not None:
            return self.answer('say', quote_told(name, told))
        return self.look_at(name, attribute) or self.answer('unseen', name, attribute)

    def is_denied(self, name: str, attribute: str, value: str) -> bool:
        """Whether the robot said that an object has not a value, and not which one it has."""
        if attribute in self.graph.nodes[name].attributes:
            return False
        return (
            told_of(name, self.graph, self._history, self.lexicon).holds(attribute, value) is False
        )

    def deny(self, name: str) -> Step:
        """No, in the robot's own words."""
        *_, (_, told) = texts_of(name, self._history)
        return self.answer('say', f'No. {quote_told(name, told)}')

    def inspect_anew(self, name: str, attribute: str) -> Step | None:
        """As `observe`, but what was known before the mission does not count."""
        action = Action('inspect', (name, self.lexicon.question(attribute)))
        if action in self.state.done or self.state.is_blocked(action):
            return self.observe(name, attribute)
        return self.look_at(name, attribute)

    def carried_out(self) -> Iterator[tuple[Action, Observation]]:
        """Each action that was carried out in this mission, and what it showed."""
        for turn in self._history:
            yield from zip(turn.plan.actions, turn.observations)

    def map(self, region: str) -> Step | None:
        """The step that shows what is in a region; None when that is known."""
        action = Action('map_region', (region,))
        if self.graph.nodes[region].attributes.get(MAPPED) or action in self.state.done:
            return None
        if not self.is_reachable(region):
            return self.get_to(region)
        if self.state.is_blocked(action):
            return self.answer('unmapped', region)
        return Step((action,))

    def given_up(self) -> Step | None:
        """Say which region could not be looked at, however often it was tried; None when all
        could.
        """
        regions = {
            str(action.arguments[0])
            for action in self.state.failures
            if action.name in ('map_region', 'explore_region')
            and self.state.is_blocked(action)
            and action not in self.state.done
        }
        first = min(regions & self._order.keys(), key=self._order.__getitem__, default=None)
        return None if first is None else self.answer('unmapped', first)

    def search(self, target: Target) -> Step:
        """Look where a target may be; or ask about what bears its name; or say that there is
        none.
        """
        typical: set[str] = set()
        for name in target.classes if target.kind == 'object' else ():
            typical |= self.lexicon.typical_regions.get(name, frozenset())
        frontiers = self.state.frontiers[:NEAREST_FRONTIERS]
        for frontier in frontiers:
            is_map = frontier.action.name == 'map_region'
            is_new = frontier.action not in self.state.failures
            if is_map and is_new and is_called(self.graph.nodes[frontier.region], typical):
                return Step((frontier.action,))
        if frontiers:
            return Step((frontiers[0].action,))
        nothing = ' or '.join(target.classes) or target.name
        return self.given_up() or self.ask_alike(target) or self.answer('none', nothing)

    def search_on(self, target: Target) -> Step | None:
        """As `search`, as long as something is left to look at; then say what could not be looked
        at; None when all was.
        """
        return self.search(target) if self.state.frontiers else self.given_up()

    def ask_alike(self, target: Target, region: str = '') -> Step | None:
        """Ask about what bears the word for a target in its name, seen from a region or anywhere,
        before it is said that there is none; None where nothing does.
        """
        names = [
            name
            for name in alike(self.graph.nodes, target, self.lexicon.is_listed)
            if not region or region in self.graph.viewpoints.get(name, ())
        ]
        nothing = ' or '.join(target.classes) or target.name
        return self._clarify('alike', nothing, ' or '.join(names[:_MAX_CHOICES])) if names else None

    def _look_further(self, about: str) -> Step:
        if self.state.frontiers:
            return Step((self.state.frontiers[0].action,))
        return self.answer('unreachable', about)

    # ------------------------------------------------------------------------------------ driving

    def is_reachable(self, region: str) -> bool:
        """Whether known connections lead to a region."""
        return region not in self.state.unreachable

    def get_to(self, region: str) -> Step:
        """Find a way to a region to which no known way leads: straight toward it first, where it is
        known to lie somewhere, then by looking wherever something is left to look at.
        """
        if self.bounds is not None and region in self.bounds.forbidden:
            return self.answer('forbidden', region)
        self.notes.append(
            f"'{region}' cannot be reached from '{self.state.here}': {self._gap(region)}"
        )
        position = self.graph.nodes[region].position
        if position is None:
            return self._look_further(region)
        return self.extend(position) or self.answer('unreachable', region)

    def _gap(self, region: str) -> str:
        """Why no way leads to a region."""
        if self.bounds is None or not self.graph.is_reachable(self.state.here, region):
            return describe_gap(self.graph, self.state.here, region)
        way = self.graph.route(self.state.here, region)
        between = next(name for name in way if name in self.bounds.forbidden)
        return f"the known way leads through '{between}', which is to be kept out of"

    def extend(self, position: tuple[float, float]) -> Step | None:
        """Extend the map toward a position; where that failed, look elsewhere before another try;
        None when everything was tried.
        """
        if self.bounds is not None:  # nobody knows which regions that leads through
            return Step((self.state.frontiers[0].action,)) if self.state.frontiers else None
        action = Action('extend_map', position)
        is_done = action in self.state.done
        is_hopeless = (
            self.has_parts and self.state.failures.get(action, 0) > 1 and not self.state.frontiers
        )
        was_last = is_done or is_hopeless or self.last_action() == action
        if not was_last and not self.state.is_blocked(action):
            return Step((action,))
        if self.state.frontiers:
            return Step((self.state.frontiers[0].action,))
        return None if was_last else Step((action,))

    def last_action(self) -> Action | None:
        """The last action that was carried out or failed without any news."""
        counting = [a for a, o in self.carried_out() if o.status == 'done' or not o.is_news]
        return counting[-1] if counting else None

    def go(self, region: str) -> Step:
        """Drive to a region and report it; where that failed and nothing is new since, look whether
        the way is still there.
        """
        if not self.is_reachable(region):
            return self.get_to(region)
        if region == self.state.here:
            return self.answer('here', region)
        drive = Action('goto', (region,))
        if drive not in self.state.in_vain:
            return Step((drive, *self.answer('here', region)))
        if self.last_action() == drive:
            return Step((Action('map_region', (self.state.here,)),))
        told = [o.feedback for a, o in self.carried_out() if a == drive and o.status != 'done']
        why = f': {quote(told[-1])}' if told[-1] else ''
        self.notes.append(f"The drive to '{region}' failed{why}; no other way there is known.")
        return self.answer('unreachable', region)


def given(part: Target | None) -> Target:
    """A part of an intent that its kind needs.

    Raises:
        ValueError: the intent lacks it.
    """
    if part is None:
        raise ValueError('the intent lacks a part that its kind needs')
    return part
