"""The mapping domain as datasets, training and evaluation see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random

from prism_core.conversation import Dialect
from prism_core.criterion import Outcome
from prism_core.dialects.compact import CompactDialect
from prism_core.dialects.spine import SpineDialect
from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.domains.mapping.controls import CONTROLS, make_controls
from prism_core.domains.mapping.free_wording import draw_free_episode, load_free_requests
from prism_core.domains.mapping.generator import GENERATOR_VERSION, draw_demonstrations
from prism_core.domains.mapping.judge import judge_episode
from prism_core.domains.mapping.prompt import make_header
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.simulator import MappingSimulator
from prism_core.domains.mapping.teacher import make_teacher
from prism_core.domains.mapping.vocabulary import make_vocabulary
from prism_core.domains.mapping.words import Words, load_words
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.worlds import (
    WorldRecipe,
    covers,
    features_of,
    plan_world,
)
from prism_core.domains.mapping.writing.paraphrase import paraphrase_tasks
from prism_core.domains.mapping.writing.writer import WorldWriter
from prism_core.episode import Episode, Task
from prism_core.errors import ConfigError
from prism_core.inference.text_model import TextModel
from prism_core.lexicon import Lexicon
from prism_core.planner import Planner
from prism_core.scene_graph import SceneGraph
from prism_core.suspicion import Vocabulary

DIALECTS = ('compact', 'spine', 'spine_brief')


class _Anything(dict):
    """What may stand in any slot of a phrasing."""

    def __missing__(self, slot: str) -> str:
        return _IN_A_SLOT.get(slot, 'the truck')


_IN_A_SLOT = {
    'a_target': 'a truck',
    'plural': 'trucks',
    'attribute': 'color',
    'value': 'red',
    'x': '1',
    'y': '1',
    'purpose': 'carry a patient',
}


@dataclass(frozen=True)
class MappingDomain:
    """SPINE's domain; entry point `mapping` of group `prism.domains`."""

    words: Words = field(default_factory=load_words)

    name = 'mapping'
    table = MAPPING_ACTIONS
    recipe_type = WorldRecipe
    version = GENERATOR_VERSION

    @property
    def lexicon(self) -> Lexicon:
        """Its words."""
        return self.words.lexicon

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
        return paraphrase_tasks(model, episodes, self.words, seed, rejections, share)

    def held_out_requests(self) -> Iterator[str]:
        """The requests in free wording, and the held-out phrasings about something or other."""
        yield from (free.request for free in load_free_requests())
        for group in self.words.all_phrasings:
            for phrasing in self.words.phrasings(group, True):
                yield phrasing.format_map(_Anything())

    @property
    def free_requests(self) -> int:
        """How many requests in free wording are packaged."""
        return len(load_free_requests())

    def draw_free(self, number: int, seed: int, recipe: WorldRecipe) -> list[Episode]:
        """The task of one of them in a small world, as much hidden as the recipe hides."""
        hidden = Random(seed).choice(recipe.hidden)  # noqa: S311 - no secret
        drawn = draw_free_episode(number, seed, WorldConfig(hidden=hidden), self.words)
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
        return judge_episode(episode)

    controls = CONTROLS

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

    def make_teacher(self, task: Task) -> Planner:
        """SymbolicPlanner, handed what the sentence means."""
        return make_teacher(task, self.words)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of its lexicon and of its reports."""
        return make_vocabulary(self.words)

    def question_before(self, request: str, known_graph: SceneGraph) -> str:
        """A question that quotes what a request forbids."""
        return self._reader.question_before(request, known_graph)

    def make_dialect(self, name: str, seed: int = 0) -> Dialect:
        """`compact` (`seed` draws its handles), `spine` or `spine_brief`."""
        if name == 'compact':
            return CompactDialect(self.words.lexicon, seed)
        if name in DIALECTS:
            return SpineDialect(self.table, is_brief=name != 'spine')
        raise ConfigError(f'dialect: expected one of {", ".join(DIALECTS)}, got {name!r}')

    def make_header(self, dialect: Dialect) -> str:
        """The system message for a language model that was never trained on the domain."""
        return make_header(dialect, self.table)
