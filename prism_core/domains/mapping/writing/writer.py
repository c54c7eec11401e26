# SPDX-License-Identifier: Apache-2.0
"""WorldWriter: a language model imagines a place, then writes its graph and tasks; what it writes
is checked, and each task is proven as those that we draw ourselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from prism_core.dialects.conversation import Message
from prism_core.domains.mapping.generator import Scene, prove_task
from prism_core.domains.mapping.hiding import hide
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.kinds import KINDS, kinds_to_draw
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.world import SIZES, World, WorldConfig
from prism_core.domains.mapping.writing.entailment import (
    EntailmentChecker,
    is_new_sentence,
    tidy_sentence,
)
from prism_core.domains.mapping.writing.meaning import MeaningReader
from prism_core.domains.mapping.writing.place import (
    STRUCTURE,
    build_place,
    find_faults,
    scene_words,
)
from prism_core.domains.mapping.writing.prompts import (
    make_imagining_prompt,
    make_repair_messages,
    make_writing_prompt,
)
from prism_core.domains.mapping.writing.schema import (
    WrittenTask,
    WrittenWorld,
    answer_schema,
    read_answer,
)
from prism_core.episode.episode import Episode
from prism_core.errors import ConfigError, PlannerError, PlannerUnavailable, WorldRejected
from prism_core.graph.elements import quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.text_model import TextModel

MAX_HIDDEN_DRAWS = 6
"""So often it is drawn what the robot does not know before a task is given up."""

_PLACE_TOKENS = 600
_BASE_TOKENS, _REGION_TOKENS, _OBJECT_TOKENS, _TASK_TOKENS = 800, 100, 120, 220


class WorldWriter:
    """Has worlds and tasks written.

    Args:
        model: writes them, and reads sentences that the matcher cannot read.
        words: the domain's words.
    """

    def __init__(self, model: TextModel, words: Words):
        self._model = model
        self._words = words
        self._meanings = MeaningReader(words.lexicon)
        self._entailment = EntailmentChecker(words, model)
        self._schema = answer_schema('world', WrittenWorld, words.lexicon)

    def write(self, seed: int, config: WorldConfig, rejections: Counter[str]) -> list[Episode]:
        """Have one world and its tasks written; none when what came cannot be used.

        An answer with faults goes back once with all of them. A task with a fault is left out
        alone. With the same replies the same episodes come.

        Args:
            seed: of the world; hints at what to imagine and draws what the robot does not know.
            config: what to write; `structure` is a hint.
            rejections: counts what could not be used, by reason.

        Raises:
            PlannerUnavailable: the model cannot be reached.
            ConfigError: a kind of task or a family of places is unknown.
        """
        rng = Random(f'written world {seed}')  # noqa: S311 - a simulation, no secret
        kinds = _draw_kinds(rng, config)
        family = _draw_family(rng, config, self._words)
        number = rng.randint(*SIZES[config.size])
        imagine = make_imagining_prompt(rng, family, config, self._words, number)
        try:
            place = self._model.complete(
                imagine, max_new_tokens=_PLACE_TOKENS, seed=rng.getrandbits(31)
            ).strip()
            if not place:
                raise WorldRejected('the place is empty')
            ask = make_writing_prompt(place, family, config, self._words, number, kinds)
            written = self._ask(ask, _tokens_for(number, len(kinds)), config, rng.getrandbits(31))
        except PlannerUnavailable:
            raise
        except PlannerError as error:
            rejections[f'world: no reply ({type(error).__name__})'] += 1
            return []
        except WorldRejected as rejected:
            for reason in dict.fromkeys(str(rejected).split('\n')):
                rejections[f'world: {reason}'] += 1
            return []
        world = build_place(written, rng, family, self._words, self._meanings)
        return list(self._prove_all(written, world, seed, config, rejections))

    # ------------------------------------------------------------------------------- the world

    def _ask(
        self, messages: list[Message], max_new_tokens: int, config: WorldConfig, seed: int
    ) -> WrittenWorld:
        """A world without faults, asked for twice at most.

        Raises:
            PlannerError: no reply came.
            WorldRejected: with the reason of each fault of the second answer on a line.
        """
        faults: list[str] = []
        for _ in range(2):
            reply = self._model.complete(
                messages, grammar=self._schema, max_new_tokens=max_new_tokens, seed=seed
            )
            task_faults: list[str] = []
            try:
                written = read_answer(reply, WrittenWorld)
                faults = find_faults(written, config, self._words, self._meanings)
                task_faults = list(self._task_faults(written))
            except WorldRejected as rejected:
                faults = [str(rejected)]
            if not faults:
                return written
            messages = [*messages, *make_repair_messages(reply, [*faults, *task_faults])]
        raise WorldRejected('\n'.join(fault.partition(':')[0] for fault in faults))

    def _task_faults(self, written: WrittenWorld) -> Iterator[str]:
        for task in written.tasks:
            try:
                self._meanings.read(task, SceneGraph())
            except WorldRejected as rejected:
                yield f'{rejected}: the {quote(task.kind)} task {quote(task.sentence)}'

    # ------------------------------------------------------------------------------- the tasks

    def _prove_all(
        self,
        written: WrittenWorld,
        world: World,
        seed: int,
        config: WorldConfig,
        rejections: Counter[str],
    ) -> Iterator[Episode]:
        words = scene_words(world.graph, self._words)
        sentences: set[str] = set()
        scenes = [
            Scene(seed, config, words, world, *hide(world.graph, rng, config.hidden))
            for rng in (_rng(seed, 'hidden', draw) for draw in range(MAX_HIDDEN_DRAWS))
        ]
        facts = {'writer': self._model.name, 'place': tidy_sentence(written.place)[:200]}
        for number, task in enumerate(written.tasks[: config.tasks]):
            kind = task.kind if task.kind in KINDS else 'unknown kind'
            rng = _rng(seed, 'task', number)
            try:
                sentence, intent = self._read_task(task, world.graph, rng)
                if not is_new_sentence(sentence, sentences):
                    raise WorldRejected('the sentence came before')
                pair = _prove(KINDS[kind], sentence, intent, scenes, rng)
            except WorldRejected as rejected:
                rejections[f'{kind}: {rejected}'] += 1
            else:
                for episode in pair:
                    yield replace(episode, provenance={**episode.provenance, **facts})

    def _read_task(self, task: WrittenTask, graph: SceneGraph, rng: Random) -> tuple[str, Intent]:
        """The sentence of a task, and what it means.

        Raises:
            WorldRejected: the meaning cannot be, or the sentence does not say it.
        """
        sentence = tidy_sentence(task.sentence)
        intent = self._meanings.read(task, graph)
        gap = self._entailment.find_gap(sentence, intent, graph, rng.getrandbits(31))
        if gap:
            raise WorldRejected(gap)
        return sentence, intent


def _prove(
    kind: Kind, sentence: str, intent: Intent, scenes: Sequence[Scene], rng: Random
) -> list[Episode]:
    """The task and its twin, in the first of the scenes in which it can be proven.

    Raises:
        WorldRejected: with why it cannot be in the last one.
    """
    reason = ''
    for scene in scenes:
        try:
            why_not = kind.why_not(intent, scene.known_graph)
            if why_not:
                raise WorldRejected(why_not)
            pair = prove_task(scene, sentence, kind.posed_as, intent, rng, STRUCTURE)
            return [_relabel(episode) for episode in pair]
        except WorldRejected as rejected:
            reason = str(rejected)
    raise WorldRejected(reason)


def _relabel(episode: Episode) -> Episode:
    """The right answer tells of some tasks of which kind they are."""
    kind = KINDS[episode.task.kind].label(episode.criterion)
    return replace(episode, task=replace(episode.task, kind=kind))


def _draw_kinds(rng: Random, config: WorldConfig) -> list[str]:
    """Kinds in random order, each once before any comes again."""
    kinds = kinds_to_draw(config.tier, config.kinds)
    dealt: list[str] = []
    while len(dealt) < config.tasks:
        dealt += rng.sample(kinds, len(kinds))
    return dealt[: config.tasks]


def _draw_family(rng: Random, config: WorldConfig, words: Words) -> str:
    family = config.family or rng.choice(words.families(config.tier, config.unseen))
    if family not in words.lexicon.places:
        families = ', '.join(sorted(words.lexicon.places))
        raise ConfigError(f'family: expected one of {families}, got {family!r}')
    return family


def _tokens_for(regions: int, tasks: int) -> int:
    """How long a reply may be: enough for so many regions, as many objects, and tasks."""
    return _BASE_TOKENS + (_REGION_TOKENS + _OBJECT_TOKENS) * regions + _TASK_TOKENS * tasks


def _rng(seed: int, use: str, number: int) -> Random:
    return Random(f'written world {seed}: {use} {number}')  # noqa: S311 - no secret
