# SPDX-License-Identifier: Apache-2.0
"""conditional: do one thing if something holds, else another or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.kinds.parts import change_one_of, kind_of
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.course import Course
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.planning.ways import way_ends
from prism_core.domains.mapping.report_texts import join_texts
from prism_core.domains.mapping.truth import Truth, target_of
from prism_core.episode.criterion import Criterion, Fact
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_WAY_CONDITION = 0.4


class Conditional(Kind):
    """Intents have a `region` and an `other_region`; and a `target`, an `attribute` and a `value`,
    or the `ends` of a way that may be blocked. Or else they have a `condition`, and as steps what
    to do if it holds and perhaps what else.
    """

    __slots__ = ()

    name = 'conditional'
    said_goal = 'decide by'
    asks = (
        'go to region if an object has a value (target, attribute, value) or if the '
        'direct way between two regions is blocked (way), else to other_region'
    )
    slots = 'target attribute value region other_region | way region other_region'
    forms = ('here', 'unseen')
    is_guessable = True
    must_be_accounted_for = True
    looks_again = True
    drives_on = True
    read_rank = 30
    most_steps = 2

    def draw(self, source: IntentSource) -> Intent:
        """Two regions, and a value or a way."""
        names = list(source.true.regions)
        if len(names) < 2:
            raise WorldRejected('no two regions to ask for')
        one, two = source.rng.sample(names, 2)
        region, other = source.draw_region([one]), source.draw_region([two])
        if source.rng.random() < _WAY_CONDITION:
            ends = source.draw_way()
            return Intent('conditional', ends=ends, region=region, other_region=other)
        name = source.draw_object(with_attributes=True)
        key, value = source.draw_value(name)
        return Intent(
            'conditional',
            target=source.definite(name),
            attribute=key,
            value=value,
            region=region,
            other_region=other,
        )

    def phrasing_group(self, intent: Intent) -> str:
        """A value or a way."""
        if self.is_composed(intent):
            one = 'composed_unless' if intent.value == 'no' else 'composed_if_then'
            return 'composed_if_else' if len(intent.steps) > 1 else one
        return 'conditional_way' if intent.ends else 'conditional'

    def is_composed(self, intent: Intent) -> bool:
        """Where what is to be done is any deed or question."""
        return intent.condition is not None

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To be where it says, having seen whether it holds."""
        if self.is_composed(intent):
            return self.solve_part(truth, intent, is_last=True)
        if intent.ends is not None:
            ends = truth.way(*intent.ends)
            fact, holds = Fact('way', *ends), not truth.graph.region_network.has_edge(*ends)
        else:
            name = truth.one_object(target_of(intent))
            fact = Fact('attribute', name, intent.attribute)
            holds = truth.attribute(name, intent.attribute) == intent.value
        both = [truth.region(intent.region), truth.region(intent.other_region)]
        if both[0] == both[1]:
            raise WorldRejected('both regions are the same')
        return truth.be_at(both[0] if holds else both[1], fact)

    def solve_part(self, truth: Truth, intent: Intent, *, is_last: bool) -> Criterion:
        """To have done what is to be done in this case; what was found needs to be said only where
        that is nothing.
        """
        if intent.condition is None:
            criterion = self.solve(truth, intent)
            if is_last:
                return criterion
            visit = Fact('visited', criterion.final_location)
            return Criterion('any', evidence=(*criterion.evidence, visit))
        condition, branch = self._cases(truth, intent)
        if branch is None:
            return Criterion('parts', parts=(condition,), in_order=True)
        step = kind_of(branch).solve_part(truth, branch, is_last=is_last)
        parts = (replace(condition, may_be_unsaid=True), step)
        return Criterion('parts', parts=parts, in_order=True)

    @staticmethod
    def _cases(truth: Truth, intent: Intent) -> tuple[Criterion, Intent | None]:
        """What is right of the condition, and what is then to be done."""
        condition = intent.condition
        assert condition is not None  # noqa: S101 - asked of those alone that have one
        criterion = kind_of(condition).solve_part(truth, condition, is_last=False)
        holds = kind_of(condition).holds_by(condition, criterion) != (intent.value == 'no')
        return criterion, next(iter(intent.steps[0 if holds else 1 :][:1]), None)

    def change(self, pair: Pair) -> SceneGraph | None:
        """The other case, or another answer to what is to be done in this one."""
        intent = pair.intent
        if intent.condition is not None:
            try:
                _, branch = self._cases(pair.truth, intent)
            except WorldRejected:
                return None
            parts = [intent.condition, *([] if branch is None else [branch])]
            return change_one_of(parts, pair)
        return pair.change_value() if pair.intent.ends is None else pair.change_way()

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """To be there already; or what might be right of what is to be done."""
        if intent.condition is not None:
            parts = (intent.condition, *intent.steps[:1])
            return ' '.join(kind_of(part).guess(part, graph, lexicon) for part in parts)
        return f'I am at {graph.robot_location}.'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """See whether it holds, and do what is then to be done."""
        course = Course(mission)
        return course.finish(self.follow(course, intent, is_last=True))

    def follow(self, course: Course, intent: Intent, *, is_last: bool) -> str | Step:
        """What was found, and what the step for this case gave; or the next step."""
        if intent.condition is None:
            holds = self._holds(course.mission, intent)
            if isinstance(holds, Step):
                return course.tell(holds)
            region = intent.region if holds else intent.other_region
            return course.follow(Intent('go_to', region=region), is_last=is_last)
        condition = intent.condition
        said = course.follow(condition, is_last=False)
        if isinstance(said, Step):
            return said
        holds = kind_of(condition).holds(condition, said)
        is_so = holds != (intent.value == 'no')
        branch = [] if holds is None else intent.steps[0 if is_so else 1 :][:1]
        if not branch:
            return said
        told = course.follow(branch[0], is_last=is_last)
        return told if isinstance(told, Step) else join_texts((said, told))

    @staticmethod
    def _holds(mission: Mission, intent: Intent) -> bool | Step:
        """Whether the value or the blocked way is there; or the step that may tell."""
        if intent.ends is not None:
            ends = way_ends(mission, *intent.ends)
            if isinstance(ends, Step):
                return ends
            return not mission.graph.region_network.has_edge(*ends)
        name = mission.resolve(given(intent.target))
        if isinstance(name, Step):
            return name
        if mission.is_denied(name, intent.attribute, intent.value):
            return False
        step = mission.observe(name, intent.attribute)
        if step is not None:
            return step
        return mission.graph.nodes[name].attributes.get(intent.attribute) == intent.value

    def read(self, reading: Reading) -> Intent | None:
        """A condition is said, and where to go if it holds and where else."""
        conditional = reading.conditional() if len(reading.regions) > 1 else None
        if conditional is None or conditional.target is None:
            return conditional
        return replace(conditional, target=reading.specific(reading.subject()))
