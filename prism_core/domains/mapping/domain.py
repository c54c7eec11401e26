# SPDX-License-Identifier: Apache-2.0
"""The mapping domain as datasets, training and evaluation see it.

A robot plans with it and has networkx alone: what needs more is imported where it is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from random import Random

from prism_core.dialects.conversation import Dialect, Message, Prompt
from prism_core.domain import Domain
from prism_core.domain.words_report import WordsReport
from prism_core.domains.mapping import GRAPHS
from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.domains.mapping.controls import CONTROLS, make_controls
from prism_core.domains.mapping.criterion import check_criterion, say_expected
from prism_core.domains.mapping.exchange import call_otherwise, exchange_class
from prism_core.domains.mapping.free_wording import draw_free_episode, load_free_requests
from prism_core.domains.mapping.generator import GENERATOR_VERSION, draw_demonstrations
from prism_core.domains.mapping.ignorance import admits_ignorance
from prism_core.domains.mapping.importing.logs import import_log, judge_seen
from prism_core.domains.mapping.importing.reference_rule import passes_reference_rule
from prism_core.domains.mapping.importing.requests import read_prompt
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.judge import OUT_OF_BOUNDS, judge_episode
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.looking import shows_nothing_new
from prism_core.domains.mapping.masks import make_masks
from prism_core.domains.mapping.planning.breaches import find_breaches
from prism_core.domains.mapping.planning.symbolic import SymbolicPlanner, when_asked
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.prompt import make_header
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.remarks import remarks_on
from prism_core.domains.mapping.retelling import in_words
from prism_core.domains.mapping.said_goals import say_goal
from prism_core.domains.mapping.simulator import MappingSimulator
from prism_core.domains.mapping.speech.language import MappingLanguage
from prism_core.domains.mapping.vocabulary import make_vocabulary
from prism_core.domains.mapping.words import Words, load_new_nouns, load_words
from prism_core.domains.mapping.words.voices import HELD_OUT_VOICES
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.worlds import (
    WorldRecipe,
    covers,
    features_of,
    plan_world,
)
from prism_core.episode.criterion import Criterion, Outcome
from prism_core.episode.episode import Episode, Task, Turn
from prism_core.episode.imported import Imported
from prism_core.episode.observation import Observation
from prism_core.episode.planner import Planner
from prism_core.episode.requests import own_turns
from prism_core.errors import ConfigError
from prism_core.graph.elements import NodeKind
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.suspicion import Vocabulary
from prism_core.inference.text_model import TextModel
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan
from prism_core.plan.validation import Problem


class _Anything(dict):
    """What may stand in any slot of a phrasing."""

    def __missing__(self, slot: str) -> str:
        return _IN_A_SLOT.get(slot, 'the truck')


_IN_A_SLOT = {
    'a_target': 'a truck',
    **dict.fromkeys(('plural', 'things'), 'trucks'),
    'thing': 'truck',
    'in_region': ' in the yard',
    'from_region': ' from the yard',
    'among': 'the truck and the van',
    'among_or': 'the truck or the van',
    'other': 'the van',
    'comparative': 'larger',
    'superlative': 'largest',
    'region_noun': 'yard',
    'regions': 'yards',
    'attribute': 'color',
    'value': 'red',
    'x': '1',
    'y': '1',
    'purpose': 'carry a patient',
    'question': 'when does the last ferry leave',
    'clause': 'when the last ferry leaves',
}


@dataclass(frozen=True)
class MappingDomain(Domain):
    """SPINE's domain; entry point `mapping` of group `prism.domains`.

    `words` are those of the site, `told` those of the packaged students: whatever site they are at,
    prompts tell the values of these, and the worked examples are in them.
    """

    words: Words = field(default_factory=load_words)
    told: Words = field(default_factory=load_words)

    name = 'mapping'
    table = MAPPING_ACTIONS
    recipe_type = WorldRecipe
    meaning_type = Intent
    version = GENERATOR_VERSION
    controls = CONTROLS
    graphs = Path(__file__).parent / 'graphs'

    @property
    def lexicon(self) -> Lexicon:
        """Its words."""
        return self.words.lexicon

    def with_words(self, path: Path) -> MappingDomain:
        """The domain with a site's words, see `docs/words.md`."""
        try:
            from prism_core.domains.mapping.words.site import read_words
        except ImportError as error:
            raise ConfigError(
                f"{path}: a file of words needs {error.name}; run: pip install '.[data]'"
            ) from error
        return replace(self, words=read_words(path))

    def check_words(self, graph: SceneGraph) -> WordsReport:
        """Hold a map against its words."""
        from prism_core.domains.mapping.words.checking import check_words

        return check_words(self.words, graph)

    def plan_world(
        self, recipe: WorldRecipe, index: int, is_test: bool, coverage: Mapping[str, int]
    ) -> WorldConfig:
        """What a world will be."""
        return plan_world(recipe, index, is_test, coverage, self.words)

    def draw_world(
        self, seed: int, config: WorldConfig, rejections: Counter[str] | None = None
    ) -> list[Episode]:
        """The tasks of a world, each as the teacher plays it."""
        return draw_demonstrations(seed, config, self.words, rejections)

    def write_world(
        self, model: TextModel, seed: int, config: WorldConfig, rejections: Counter[str]
    ) -> list[Episode]:
        """The same by a language model."""
        from prism_core.domains.mapping.writing.writer import WorldWriter

        return WorldWriter(model, self.words).write(seed, config, rejections)

    def paraphrase(
        self,
        model: TextModel,
        episodes: Sequence[Episode],
        seed: int,
        rejections: Counter[str],
        share: float,
    ) -> list[Episode]:
        """The episodes, a share of them in other words that entail the same intent."""
        from prism_core.domains.mapping.writing.paraphrase import paraphrase_tasks

        return paraphrase_tasks(model, episodes, self.words, seed, rejections, share)

    def held_out_requests(self) -> Iterator[str]:
        """The requests in free wording, and the held-out phrasings about something or other: the
        house's own, and all of the voices that training never hears.
        """
        yield from (free.request for free in load_free_requests())
        groups = [self.words.phrasings(group, True) for group in self.words.all_phrasings]
        for voice in HELD_OUT_VOICES:
            groups += self.words.voices[voice].values()
        yield from (text.format_map(_Anything()) for texts in groups for text in texts)

    @property
    def free_requests(self) -> int:
        """How many requests in free wording are packaged."""
        return len(load_free_requests())

    def draw_free(self, number: int, seed: int, recipe: WorldRecipe) -> list[Episode]:
        """The task of one of them in a small world, as much hidden as the recipe hides."""
        hidden = Random(seed).choice(recipe.hidden)  # noqa: S311 - no secret
        config = WorldConfig(hidden=hidden, names=recipe.names)
        drawn = draw_free_episode(number, seed, config, self.words)
        return [drawn] if drawn else []

    def covers(self, episode: Episode) -> Iterator[str]:
        """Its kind, its family, the classes that it asks for."""
        return covers(episode)

    def features_of(self, episode: Episode) -> frozenset[str]:
        """What stands where, what leads where, what is known."""
        return features_of(episode)

    def make_simulator(self, episode: Episode) -> MappingSimulator:
        """A fresh world for an episode."""
        return MappingSimulator(episode.true_graph, episode.known_graph, self.words.lexicon)

    def judge(self, episode: Episode) -> Outcome:
        """The verdict on an episode that ended."""
        return judge_episode(episode, self.lexicon)

    def admits_ignorance(self, episode: Episode) -> bool:
        """By the form of the report, what was done, and what is true."""
        return admits_ignorance(episode)

    def say_harm(self, episode: Episode) -> str:
        """Where the robot was that it was to keep out of, as the judge found."""
        reason = episode.outcome.reason if episode.outcome else ''
        return reason if reason.startswith(OUT_OF_BOUNDS) else ''

    def make_control(self, name: str, task: Task) -> Planner:
        """A junk planner."""
        if name not in CONTROLS:
            raise ConfigError(f'control: expected one of {", ".join(CONTROLS)}, got {name!r}')
        intent = task.intent
        read = self._reader.read if intent is None else lambda *_: intent
        return make_controls(read, self.words)[name]

    @cached_property
    def _reader(self) -> RequestReader:
        return RequestReader(self.words)

    def make_symbolic(self) -> Planner:
        """SymbolicPlanner, which reads the sentence itself."""
        return SymbolicPlanner(
            self.lexicon,
            self._reader.read,
            question_before=self._reader.question_before,
            spell_out=self._reader.spell_out,
        )

    def make_teacher(self, task: Task) -> Planner:
        """SymbolicPlanner, handed what the sentence means."""
        return make_teacher(task, self.words)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of its lexicon and of its reports."""
        return make_vocabulary(self.words)

    def unaccounted(self, request: str, known_graph: SceneGraph) -> tuple[str, ...]:
        """The words that its reader makes nothing of."""
        return self._reader.words_left(request, known_graph)

    def spell_out(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> str:
        """By what was named before."""
        return self._reader.spell_out(request, known_graph, history)

    def say_goal(self, goal: str) -> str:
        """As what is to be done, such as: say whether there is crate."""
        return say_goal(goal, self.lexicon)

    def is_guess(self, request: str, known_graph: SceneGraph) -> bool:
        """Whether its reader takes a purpose from loose words."""
        return self._reader.is_guess(request, known_graph)

    def question_before(self, request: str, known_graph: SceneGraph) -> str:
        """A question that quotes what a request forbids, whatever the symbolic planner keeps to."""
        return self._reader.question_of_forbidding(request, known_graph)

    def is_expected(
        self, action: Action, observation: Observation, known_graph: SceneGraph
    ) -> bool:
        """Whether the robot came there, or looked, and found nothing new."""
        return shows_nothing_new(action, observation, known_graph)

    def find_breaches(
        self, plan: Plan, request: str, known_graph: SceneGraph, history: Sequence[Turn]
    ) -> Iterable[Problem]:
        """Steps that enter what a request forbids, as its reader understands it."""
        request = self.spell_out(request, known_graph, history)
        intent = self._reader.bounds_of(request, when_asked(known_graph, history))
        own = own_turns(history)
        return () if intent is None else find_breaches(plan, intent, known_graph, own)

    def in_words(self, episode: Episode) -> Episode:
        """With inspections that tell sentences."""
        return in_words(episode, self.words)

    @cached_property
    def language(self) -> MappingLanguage:
        """Its words, in prompts and replies."""
        return MappingLanguage(self.lexicon, self.told.lexicon)

    def make_header(self, dialect: Dialect) -> str:
        """The system message for a language model that was never trained on the domain."""
        return make_header(dialect, self.table, self.told)

    graphs = GRAPHS

    @cached_property
    def masks(self) -> dict[str, str]:
        """Its lexicon's phrases."""
        return make_masks(self.words.lexicon)

    def exchange_class(
        self, task: Task, graph: SceneGraph, rng: Random
    ) -> tuple[Task, str, str] | None:
        """The task about another class."""
        return exchange_class(task, graph, self.words.lexicon, rng)

    @cached_property
    def new_classes(self) -> Mapping[NodeKind, Sequence[str]]:  # type: ignore[override]
        """Nouns of instruments, hospitals, ports, breweries, museums and the like."""
        return load_new_nouns()

    def call_otherwise(self, task: Task, call: Callable[[str, NodeKind], str]) -> Task | None:
        """The task with other words for its classes."""
        return call_otherwise(task, call, self.words.lexicon)

    def check_criterion(self, criterion: Criterion) -> None:
        """Refuse kinds of facts and answers that the judge does not know."""
        check_criterion(criterion)

    def say_expected(self, criterion: Criterion) -> str:
        """The right answer in a few words."""
        return say_expected(criterion)

    def groups_of(self, episode: Episode) -> dict[str, str]:
        """Its family of places, and the language of its sentence, where they are told."""
        family, language = episode.provenance.get('family'), episode.provenance.get('language')
        told = {'family': family, 'language': language}
        return {name: str(value) for name, value in told.items() if value is not None}

    def remarks_on(self, episode: Episode) -> dict[str, int]:
        """Answers that something is not there, or could not be finished, and inspections."""
        return remarks_on(episode)

    def passes_reference_rule(self, episode: Episode) -> bool | None:
        """By the rule of the reference code (PRISM)."""
        return passes_reference_rule(episode)

    def bench_config(self, *, is_known: bool = False) -> WorldConfig:
        """Maps of medium size."""
        config = WorldConfig(size='medium', tasks=1)
        return replace(config, hidden=0.0) if is_known else config

    def import_log(self, text: str, source: str) -> Iterator[Imported]:
        """Chat messages, as JSON Lines for fine-tuning or as SPINE's logger writes them."""
        return import_log(text, source, self.words)

    def judge_seen(self, episode: Episode, source: str) -> Imported:
        """By what the reader understands, and what the robot has seen."""
        return judge_seen(episode, source, self.words)

    def read_suite(self, text: str) -> tuple[list[Episode], float]:
        """A suite in the form of the reference code (PRISM)."""
        from prism_core.domains.mapping.importing.reference_suite import read_reference_suite

        return read_reference_suite(text, self.words.lexicon.attributes)

    def read_prompt(self, messages: Sequence[Message]) -> Prompt:
        """SPINE's messages, or ours."""
        return read_prompt(messages, self.table, self.make_dialect('spine'))
