# SPDX-License-Identifier: Apache-2.0
"""What a source planner brings: its actions, its world, its judge, its teacher, its words.

A folder under `domains`, or a module of your own, is all that a new robot planner has to add;
datasets, training, evaluation and the nodes go through this. `docs/domains.md` makes one step by
step, `testing.check_domain` holds one to what is promised here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from prism_core.dialects.chat_prompt import read_chat_prompt
from prism_core.dialects.compact import CompactDialect
from prism_core.dialects.conversation import Dialect, Message, Prompt
from prism_core.dialects.header import make_header
from prism_core.dialects.language import Language
from prism_core.dialects.spine import SpineDialect
from prism_core.domain.examples import PlanForm
from prism_core.domain.words import DomainWords
from prism_core.episode.criterion import QUESTION, Criterion, Outcome, say_facts
from prism_core.episode.episode import Episode, Task, Turn
from prism_core.episode.fixed_controls import FIXED_CONTROLS, make_fixed_control
from prism_core.episode.imported import Imported
from prism_core.episode.mission_state import MAX_TURNS
from prism_core.episode.observation import Observation
from prism_core.episode.planner import (
    Planner,
    Simulator,
    run_episode,
)
from prism_core.errors import ConfigError
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.text_model import TextModel
from prism_core.plan.actions import Action, ActionTable
from prism_core.plan.candidates import list_candidates
from prism_core.plan.plan import Plan
from prism_core.plan.validation import Problem, ValidationReport, validate_plan

_END = 0.2  # what SayCan's notebook gives done()
DIALECTS = ('compact', 'spine', 'spine_brief')


class Domain(DomainWords, ABC):
    """One domain of tasks. What stands without a body every domain brings; the rest is what one
    has that brings nothing of it.

    Attributes:
        version: counts the changes after which a seed draws other worlds.
        table: the actions of its robot.
        recipe_type: the dataclass that says what worlds to draw; it has `seed` and `worlds`.
        meaning_type: the frozen dataclass of what its sentences mean, the `intent` of a task; None
            where sentences have none.
        controls: the names of planners that deserve no success; these make no mission but end it.
        graphs: the folder of its packaged scene graphs; None where it has none.
    """

    version: ClassVar[int] = 1
    table: ClassVar[ActionTable]
    recipe_type: ClassVar[type]
    meaning_type: ClassVar[type | None] = None
    controls: ClassVar[Sequence[str]] = FIXED_CONTROLS
    graphs: ClassVar[Path | None] = None

    # ----------------------------------------------------------------------------- worlds and tasks

    def plan_world(
        self, recipe: Any, index: int, is_test: bool, coverage: Mapping[str, int]
    ) -> Any:
        """What a world will be, drawn toward what is rare.

        Args:
            recipe: of type `recipe_type`.
            index: of the world, from 0.
            is_test: whether it belongs to the test split, which alone shows what is held out.
            coverage: how often there was what `covers` names.
        """
        return recipe

    @abstractmethod
    def draw_world(
        self, seed: int, config: Any, rejections: Counter[str] | None = None
    ) -> list[Episode]:
        """The tasks of a world, each as the embedded teacher plays it; twins stand together.

        Args:
            seed: of the world; the same seed and config draw the same.
            config: as `plan_world` gave it.
            rejections: counts each draw that could not be used, by reason.
        """

    @abstractmethod
    def make_simulator(self, episode: Episode) -> Simulator:
        """A fresh world for an episode."""

    @abstractmethod
    def judge(self, episode: Episode) -> Outcome:
        """The verdict on an episode that ended."""

    def play(self, planner: Planner, task: Episode, *, max_turns: int = MAX_TURNS) -> Episode:
        """A task as a planner plays it, with so many plans at most, judged."""
        run = run_episode(planner, self.make_simulator(task), task, max_turns=max_turns)
        return replace(run, outcome=self.judge(run))

    def admits_ignorance(self, episode: Episode) -> bool:
        """Whether the report at the end of an episode is an honest 'I do not know': it could not
        look, could not get there, gave up. That there is none of something is no such report.
        """
        return False

    def say_harm(self, episode: Episode) -> str:
        """What was done in an episode that nobody may do, whatever was said at its end, such as to
        enter what was excluded; '' for nothing.
        """
        return ''

    def check_criterion(self, criterion: Criterion) -> None:
        """Refuse a criterion that the judge does not know.

        Raises:
            ConfigError: what was expected, and what it has.
        """
        return

    def say_expected(self, criterion: Criterion) -> str:
        """The answer that is right, in a few words, for people who look at an episode."""
        if criterion.answer == QUESTION:
            return 'a question back'
        return ' or '.join(criterion.accepted) or say_facts(criterion) or 'any, after the work'

    @abstractmethod
    def make_teacher(self, task: Task) -> Planner:
        """The embedded teacher, handed what the sentence means.

        Raises:
            ConfigError: the task does not say what it means.
        """

    @property
    def has_symbolic(self) -> bool:
        """Whether there is a planner without a language model, see `make_symbolic`."""
        return type(self).make_symbolic is not Domain.make_symbolic

    def make_symbolic(self) -> Planner:
        """The planner without a language model that has the sentence alone.

        Raises:
            ConfigError: the domain has none.
        """
        raise ConfigError(
            f'the domain {self.name} has no planner without a language model; name a student'
        )

    def make_control(self, name: str, task: Task) -> Planner:
        """One of the `controls`, handed what the sentence means if the task says it.

        Raises:
            ConfigError: there is no such control.
        """
        return make_fixed_control(name, self.table)

    def affordances(
        self, known_graph: SceneGraph, history: Sequence[Turn]
    ) -> Mapping[Action, float]:
        """How likely each action that the robot could take next succeeds, from 0 to 1, in a fixed
        order: what SayCan weighs what a language model likes with. An end of the mission has 0.2,
        as in SayCan's public notebook.
        """
        ends = {spec.name for spec in self.table.values() if spec.ends_mission}
        candidates = list_candidates(known_graph, self.table)
        return {action: _END if action.name in ends else 1.0 for action in candidates}

    def covers(self, episode: Episode) -> Iterable[str]:
        """What an episode adds to the coverage."""
        return (episode.task.kind,)

    def features_of(self, episode: Episode) -> Iterable[str]:
        """What makes its world look like another: the classes of its nodes, and what is connected
        with what.
        """
        called = {name: class_of(node) for name, node in episode.true_graph.nodes.items()}
        ways = episode.true_graph.connections.values()
        return (*called.values(), *(f'{called[c.source]} {called[c.target]}' for c in ways))

    def groups_of(self, episode: Episode) -> Mapping[str, str]:
        """The groups by which results are looked at beside those of every domain: name of the view,
        group.
        """
        return {}

    def remarks_on(self, episode: Episode) -> Mapping[str, int]:
        """What is worth counting in an episode that was played: how often it came, by what it is
        called in the plural, such as `needless inspections`.
        """
        return {}

    def passes_reference_rule(self, episode: Episode) -> bool | None:
        """Whether the reference code would let an episode pass, for comparison with our judge; None
        where it has no rule for it.
        """
        return None

    def bench_config(self, *, is_known: bool = False) -> Any:
        """The config of the worlds on which speed is measured: one task in each; `is_known`: those
        in which nothing is hidden.
        """
        return self.plan_world(self.recipe_type(), 0, False, {})

    # -------------------------------------------------------------------- by a language model, free

    def write_world(
        self, model: TextModel, seed: int, config: Any, rejections: Counter[str]
    ) -> list[Episode]:
        """As `draw_world`, imagined and written by a language model, and checked as hard.

        Raises:
            PlannerUnavailable: the model cannot be reached.
            ConfigError: the domain has no such worlds.
        """
        raise ConfigError(f'the domain {self.name} has no worlds that a language model writes')

    def paraphrase(
        self,
        model: TextModel,
        episodes: Sequence[Episode],
        seed: int,
        rejections: Counter[str],
        share: float,
    ) -> list[Episode]:
        """The episodes, a share of them in other words that mean the same.

        Raises:
            PlannerUnavailable: the model cannot be reached.
            ConfigError: the domain cannot tell which words mean the same.
        """
        raise ConfigError(f'the domain {self.name} cannot tell which words mean the same')

    def held_out_requests(self) -> Iterable[str]:
        """Sentences of which the like is in no training data."""
        return ()

    @property
    def free_requests(self) -> int:
        """How many requests there are as people would say them, for evaluation only."""
        return 0

    def draw_free(self, number: int, seed: int, recipe: Any) -> list[Episode]:
        """The task of one of them in a world of its own; none where no world suits it."""
        return []

    # ----------------------------------------------------------------------------- files of others

    def import_log(self, text: str, source: str) -> Iterator[Imported]:
        """Each mission of a log of its source planner, checked; raises nothing else, whatever the
        text.

        Args:
            text: of the file.
            source: what the file is called.

        Raises:
            ConfigError: the domain reads no logs.
        """
        raise ConfigError(f'the domain {self.name} reads no logs of other planners')

    def judge_seen(self, episode: Episode, source: str) -> Imported:
        """The verdict on an episode of a robot, of whose world no more is known than it has seen.

        Args:
            episode: with all that was ever seen as its true graph, and no criterion yet.
            source: where it comes from.

        Returns:
            With what the sentence means and when it is answered rightly, where that can be told
            from what was seen; the status is then `checked` or `failed`, otherwise `unjudged`.
        """
        reason = f'not understood: the domain {self.name} reads no requests without their meaning'
        return Imported(source, 'unjudged', episode, reason)

    def read_suite(self, text: str) -> tuple[list[Episode], float]:
        """The tasks of a file in the form of the reference code, each with an id, and the share of
        them that a planner may solve that deserves no success.

        Raises:
            ConfigError: with the place in the file that cannot be used, or the domain reads none.
        """
        raise ConfigError(
            f'the domain {self.name} reads no suites in the form of others; give tasks as .jsonl, '
            'as prism synthesize writes them'
        )

    def read_prompt(self, messages: Sequence[Message]) -> Prompt:
        """What a client of chat completions wants planned: messages in our dialect `spine`.

        Raises:
            PlanParseError: the messages ask for no plan; why, in one sentence.
        """
        return read_chat_prompt(messages, self.make_dialect('spine'))

    # ------------------------------------------------------- what an action is meant to show

    def is_expected(
        self, action: Action, observation: Observation, known_graph: SceneGraph
    ) -> bool:
        """Whether an observation shows what was known before that it would, and nothing else, so
        that a plan which goes on behind the action is as good as it was. Where a domain does not
        know better: it was done, nothing became known and nothing was said.

        Args:
            action: that was carried out.
            observation: of it.
            known_graph: what was known before it.
        """
        return observation.status == 'done' and not observation.is_news and not observation.feedback

    # ------------------------------------------------------------------- what a request forbids

    def find_breaches(
        self, plan: Plan, request: str, known_graph: SceneGraph, history: Sequence[Turn]
    ) -> Iterable[Problem]:
        """What a plan that the validator accepts would do that its request forbids; nothing where
        it is not sure what that means.
        """
        return ()

    def validate(
        self, plan: Plan, request: str, known_graph: SceneGraph, history: Sequence[Turn]
    ) -> ValidationReport:
        """Whether the robot can carry out a plan, and the request lets it."""
        report = validate_plan(plan, known_graph, self.table)
        if not report.is_valid:
            return report
        return ValidationReport(tuple(self.find_breaches(plan, request, known_graph, history)))

    # --------------------------------------------------------------- what is said behind an answer

    def spell_out(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> str:
        """A request as it would be said alone, by what was said and done before it (see
        `Turn.request`); as it is where nothing was, or nobody can tell what it points back to.
        """
        return request

    # ---------------------------------------------------------------------------------- dialects

    @cached_property
    def language(self) -> Language:
        """How it is spoken of in prompts and replies."""
        return Language(self.table)

    def make_dialect(self, name: str, seed: int = 0) -> Dialect:
        """`compact` (`seed` draws its handles), `spine` or `spine_brief`.

        Raises:
            ConfigError: there is no such dialect.
        """
        if name == 'compact':
            return CompactDialect(self.language, seed)
        if name in DIALECTS:
            return SpineDialect(self.language, is_brief=name != 'spine')
        raise ConfigError(f'dialect: expected one of {", ".join(DIALECTS)}, got {name!r}')

    def make_plan_form(self) -> PlanForm:
        """How the planner `llm_planner` shows a language model plans that were made here.

        Raises:
            ConfigError: the domain has no such form.
        """
        raise ConfigError(
            f'the domain {self.name} has no form in which planner llm_planner shows examples; take '
            'planner lm or saycan, or a domain that has one'
        )

    def make_header(self, dialect: Dialect) -> str:
        """The system message for a teacher that was never trained on the domain."""
        return make_header(dialect, self.table)
