# SPDX-License-Identifier: Apache-2.0
"""What a kind of task is: all that the domain asks of one.

A kind says how its tasks are drawn and said, what is right in a world and what its planner does
next, by which sentences it is known, and by its traits what else there is to know of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from prism_core.domains.mapping.back_reference import BackReference
from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.course import Course
from prism_core.domains.mapping.planning.mission import Mission, Step
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion, Fact
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading


class Kind(ABC):
    """One kind of task.

    Attributes:
        name: as tasks, recipes and statistics say it; of most kinds also that of the intents.
        said_goal: how a user is asked whether its goal is meant; '' where its name says it.
        asks: what it asks for, and its slots, as a language model is told.
        slots: what an intent of it holds; `|` stands between two ways, `?` before what may be.
        forms: the forms of the reports that answer it.
        is_core: whether the core tier has it.
        is_drawn_unasked: whether it is drawn where nobody names kinds; a new kind is not, so that
            a seed draws what it drew before.
        has_intents: whether intents are of it; else they are of other kinds.
        reads_whole: whether a sentence is only one of its own where it asks for nothing else.
        is_understood: whether its sentences say what to do.
        is_guessable: whether an answer could be right by luck; where it needs discovery it comes as
            twins only.
        twins_may_agree: whether the two of a pair differ in what must be done, though not in what
            must be said.
        leaves_reach_open: whether that something cannot be reached is an answer to it.
        is_everywhere: whether to look everywhere is right, whatever is asked about.
        needs_alike: whether it needs worlds with several objects of a class.
        needs_words: whether it needs worlds in which the robot reports in words.
        has_free_value: whether the value of its intents is any words, of no attribute.
        may_be_of_nothing: whether what it asks about need not be there.
        is_within: whether what it asks about is in its region.
        is_of_number: whether how many there are matters.
        must_be_accounted_for: whether it is asked about when a negation is left that nothing
            accounts for.
        harmless_as: the kind under which the words that exclude nothing in its sentences stand in
            `words/exclusions.json`; '' for its own.
        is_symmetric: whether its two regions, or the objects that it names, may change places.
        is_step: whether it may be a step of a sequence that reports no more than that all is done.
        tells_each: whether an answer to one that is made of others has a report for each of them.
        most_steps: so many meanings may be steps of one of it; 0 where it has none.
        is_condition: whether an intent of it may be the condition of another.
        is_deed: whether to have done it once, in its turn, is enough.
        is_flat: whether nothing about it is made of parts or bound by constraints, so that the
            packaged students and the models that write worlds have a word for it.
        is_for_each: whether its step is for each of what its target means.
        says_parts_as: whether its parts are said as commands in one sentence, as sentences of their
            own, or by the places alone.
        looks_again: whether what was known before the mission may have to be looked at.
        drives_on: whether a plan may drive to several regions before what brings news.
        read_rank: the lower, the sooner it is asked whether a sentence is one of its own; 0 where
            only all that a sentence says tells it from other kinds (see `reading.one_noun`).
    """

    __slots__ = ()

    name: ClassVar[str]
    said_goal: ClassVar[str] = ''
    asks: ClassVar[str]
    slots: ClassVar[str] = ''
    forms: ClassVar[tuple[str, ...]] = ()
    is_core: ClassVar[bool] = False
    is_drawn_unasked: ClassVar[bool] = True
    has_intents: ClassVar[bool] = True
    reads_whole: ClassVar[bool] = False
    is_understood: ClassVar[bool] = True
    is_guessable: ClassVar[bool] = False
    twins_may_agree: ClassVar[bool] = False
    leaves_reach_open: ClassVar[bool] = False
    is_everywhere: ClassVar[bool] = False
    needs_alike: ClassVar[bool] = False
    needs_words: ClassVar[bool] = False
    has_free_value: ClassVar[bool] = False
    may_be_of_nothing: ClassVar[bool] = False
    is_within: ClassVar[bool] = False
    is_of_number: ClassVar[bool] = False
    must_be_accounted_for: ClassVar[bool] = False
    harmless_as: ClassVar[str] = ''
    is_symmetric: ClassVar[bool] = False
    is_step: ClassVar[bool] = False
    tells_each: ClassVar[bool] = False
    most_steps: ClassVar[int] = 0
    is_condition: ClassVar[bool] = False
    is_deed: ClassVar[bool] = False
    is_flat: ClassVar[bool] = True
    is_for_each: ClassVar[bool] = False
    says_parts_as: ClassVar[Literal['commands', 'sentences', 'places']] = 'commands'
    looks_again: ClassVar[bool] = False
    drives_on: ClassVar[bool] = False
    read_rank: ClassVar[int] = 0

    # ------------------------------------------------------------------------------------- drawing

    @abstractmethod
    def draw(self, source: IntentSource) -> Intent:
        """An intent that suits a world.

        Raises:
            WorldRejected: the world has nothing that the kind needs.
        """

    def draw_before(self, source: IntentSource) -> tuple[str, Intent] | None:
        """The kind and the intent of the request that a task of it is said behind; None where it is
        said first.

        Raises:
            WorldRejected: the world has nothing that it needs.
        """
        return None

    def wording(self, source: IntentSource, intent: Intent) -> BackReference | None:
        """How a task is said that points back to what was said before; None where it is said in
        full.
        """
        return None

    def phrasing_group(self, intent: Intent) -> str:
        """The group of phrasings in `words/phrasings.json` for an intent."""
        return self.name

    def clause_group(self, intent: Intent) -> str:
        """The same in `words/composed.json`, where an intent is said as a command among others."""
        return f'step_{self.phrasing_group(intent).removeprefix("composed_")}'

    def condition_group(self, intent: Intent) -> str:
        """The same in `words/composed.json`, where an intent is the condition of another."""
        return self.phrasing_group(intent)

    @property
    def is_part(self) -> bool:
        """Whether an intent of it may be a step of another."""
        return self.has_intents and self.is_understood

    @property
    def is_always_named(self) -> bool:
        """Whether a goal of it always says what it is about."""
        ways = [way.split() for way in self.slots.split('|')]
        return not self.most_steps and all({'target', 'region'} & {*way} for way in ways)

    def is_composed(self, intent: Intent) -> bool:
        """Whether an intent is made of others, each of which is reported."""
        return False

    # ---------------------------------------------------------------------------- what is right

    @abstractmethod
    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """What a right answer is, without a budget.

        Raises:
            WorldRejected: there is no single one in this world.
        """

    def solve_part(self, truth: Truth, intent: Intent, *, is_last: bool) -> Criterion:
        """The same, where the intent is a part of another; others may come behind it.

        Raises:
            WorldRejected: as `solve`.
        """
        return self.solve(truth, intent)

    def holds_by(self, intent: Intent, criterion: Criterion) -> bool:
        """Whether a condition holds where this is its criterion."""
        return (criterion.accepted[0] == 'yes') != (intent.value == 'no')

    def change(self, pair: Pair) -> SceneGraph | None:
        """A world with other hidden facts, so that the answer is another; None where no hidden fact
        decides it.
        """
        return None

    def label(self, criterion: Criterion) -> str:
        """The kind of a task, after what its right answer is."""
        return self.name

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """What might be right by luck, for who does not look."""
        return next(iter(graph.objects), 'nothing')

    # ---------------------------------------------------------------------------------- planning

    @abstractmethod
    def decide(self, mission: Mission, intent: Intent) -> Step:
        """What to do next: as much as brings news, or the answer when it has been observed."""

    def follow(self, course: Course, intent: Intent, *, is_last: bool) -> str | Step:
        """What a part of a larger whole gave, as a sentence, where it is done; else the next step
        for it.
        """
        return course.carry_on(self, intent, is_last=is_last)

    def holds(self, intent: Intent, said: str) -> bool | None:
        """Whether a condition holds, after what its report says; None where that is not known."""
        said_first = said.split(',')[0]
        if said_first not in ('Yes', 'No'):
            return None
        return (said_first == 'Yes') != (intent.value == 'no')

    def step_fact(self, truth: Truth, step: Intent) -> Fact:
        """What must have come about when a step of a sequence is done.

        Raises:
            WorldRejected: it cannot.
        """
        raise NotImplementedError(f'{self.name} is no step of a sequence')

    def take_step(self, mission: Mission, step: Intent) -> Action | Step:
        """How to do a step of a sequence: by a drive, which brings no news, or as `decide`."""
        raise NotImplementedError(f'{self.name} is no step of a sequence')

    def is_step_done_by(self, step: Intent, action: Action, mission: Mission) -> bool:
        """Whether an action that was carried out is what a step of a sequence asks for."""
        raise NotImplementedError(f'{self.name} is no step of a sequence')

    # ----------------------------------------------------------------------- reading and writing

    def read(self, reading: Reading) -> Intent | None:
        """What a sentence means that is of this kind by its signs; None where it is not."""
        return None

    def intent_kind(self, slots: set[str]) -> str:
        """The kind of the intent of a task with these slots."""
        return self.name

    @property
    def posed_as(self) -> str:
        """The kind as which a task is posed that somebody wrote, who cannot know what is hidden."""
        return self.name

    def why_not(self, intent: Intent, known_graph: SceneGraph) -> str:
        """Why a task that somebody wrote is not of this kind, after what is known; '' if it is."""
        return ''
