# SPDX-License-Identifier: Apache-2.0
"""From a seed to tasks in a world: episodes that wait to be tried, each proven solvable.

The same seed and configuration give the same episodes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from prism_core.domains.mapping.describing import draw_reports, reports_of, with_reports
from prism_core.domains.mapping.hiding import hide
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.judge import judge_episode
from prism_core.domains.mapping.kinds import KINDS, kinds_to_draw
from prism_core.domains.mapping.oracle import find_solution
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.requests import render_request, render_wording
from prism_core.domains.mapping.solution import solve
from prism_core.domains.mapping.twins import make_twin
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.words.languages import find_language
from prism_core.domains.mapping.words.speaker import Speaker
from prism_core.domains.mapping.words.typing_errors import mistype
from prism_core.domains.mapping.world import Wanted, World, WorldConfig, build_world
from prism_core.domains.mapping.world_names import WorldNames
from prism_core.episode.episode import Episode, Past, Task, as_task, say_next
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph

GENERATOR_VERSION = 2
MAX_DRAWS = 8
"""So often a task is drawn before its place stays empty."""

# A budget is this many times what the teacher needed, and a little.
_BUDGET, _SPARE_ACTIONS, _SPARE_M = 1.5, 3, 30.0


def draw_episodes(
    seed: int, config: WorldConfig, words: Words, rejections: Counter[str] | None = None
) -> list[Episode]:
    """Draw one world and its tasks: the demonstrations without their turns.

    Raises:
        ConfigError: a kind of task is unknown.
    """
    return [as_task(episode) for episode in draw_demonstrations(seed, config, words, rejections)]


def draw_demonstrations(
    seed: int, config: WorldConfig, words: Words, rejections: Counter[str] | None = None
) -> list[Episode]:
    """Draw one world and its tasks, each as the teacher plays it.

    Tasks of which the answer lies in something hidden come as twins where that is possible: two
    episodes with the same sentence and the same known graph, but other hidden facts and another
    answer. `provenance['twin']` is the same for both.

    Args:
        seed: of the world; any whole number.
        config: what to draw.
        words: the domain's words.
        rejections: counts each draw that could not be used, by reason.

    Raises:
        ConfigError: a kind of task is unknown.
    """
    kinds = kinds_to_draw(config.tier, config.kinds)
    rejections = Counter() if rejections is None else rejections
    rng = Random(f'{GENERATOR_VERSION}:{seed}')  # noqa: S311 - a simulation, no secret
    scene = draw_scene(seed, rng, config, words)
    source = IntentSource(
        rng,
        scene.true_graph,
        scene.known_graph,
        words,
        words.object_classes(config.tier, config.unseen, scene.world.family),
        is_core=config.tier == 'core',
        favored=_favored(config, words),
    )
    episodes: list[Episode] = []
    meanings: dict[str, Intent] = {}
    for kind in _deal(rng, kinds, config.tasks):
        for _ in range(MAX_DRAWS):
            try:
                drawn = _draw_task(kind, rng, scene, source)
                _check_meaning(drawn[0], meanings)
            except WorldRejected as rejected:
                rejections[f'{kind}: {rejected}'] += 1
            else:
                episodes += drawn
                break
    return episodes


def _favored(config: WorldConfig, words: Words) -> Callable[[str], bool]:
    """The object classes to ask for where there is a choice."""
    if config.favored:
        return config.favored.__contains__
    return words.is_held_out_class if 'classes' in config.unseen else lambda _: True


@dataclass(frozen=True)
class Scene:
    """A world and what is known of it: where tasks are drawn; and what it calls its things in the
    end, where that is not plain.
    """

    seed: int
    config: WorldConfig
    words: Words
    world: World
    true_graph: SceneGraph
    known_graph: SceneGraph
    names: WorldNames | None = None
    before: Past | None = None

    def behind(self, earlier: Episode) -> Scene:
        """The same when a mission in it has ended."""
        after = say_next(earlier, earlier.task, earlier.criterion)
        return replace(
            self, true_graph=after.true_graph, known_graph=after.known_graph, before=after.before
        )

    def pose(
        self, request: str, kind: str, intent: Intent, wording: str, group: str = ''
    ) -> Episode:
        """The task of a sentence in this world, without a budget; `group` is that of its phrasings
        where that is not the one of its intent.

        Raises:
            WorldRejected: the sentence has no single right answer here.
        """
        lexicon = self.words.lexicon
        told = {'observations': 'words'} if reports_of(self.true_graph) is not None else {}
        criterion = solve(intent, self.true_graph, self.known_graph, lexicon, kind)
        return Episode(
            seed=self.seed,
            task=Task(request, kind, intent),
            criterion=criterion,
            true_graph=self.true_graph,
            known_graph=self.known_graph,
            provenance={
                'generator': GENERATOR_VERSION,
                'tier': self.config.tier,
                'family': self.world.family,
                'structure': self.world.structure,
                'size': self.config.size,
                'regions': len(self.true_graph.regions),
                'objects': len(self.true_graph.objects),
                'hidden': self.config.hidden,
                'unseen': sorted(self.config.unseen),
                'wording': wording,
                'phrasing': group or KINDS[intent.kind].phrasing_group(intent),
                **told,
                **self._who_speaks,
            },
            before=self.before,
        )

    @property
    def _who_speaks(self) -> dict[str, str]:
        """The voice, and its language if that is not English."""
        voice = self.config.voice
        language = {'language': voice} if find_language(voice) is not None else {}
        return {'voice': voice, **language} if voice else {}


def draw_scene(
    seed: int, rng: Random, config: WorldConfig, words: Words, wanted: Wanted | None = None
) -> Scene:
    """A world, and what the robot knows of it at the start."""
    world = build_world(rng, config, words, wanted)
    true_graph, known_graph = hide(world.graph, rng, config.hidden)
    if config.is_told:
        reports = draw_reports(true_graph, seed, held_out='wording' in config.unseen)
        true_graph = with_reports(true_graph, reports)
    names = None
    if config.names != 'plain':
        names = WorldNames(
            config.names,
            seed,
            words,
            is_unseen='wording' in config.unseen,
            is_english=find_language(config.voice) is None,
        )
    return Scene(seed, config, words, world, true_graph, known_graph, names)


def _deal(rng: Random, kinds: tuple[str, ...], number: int) -> list[str]:
    """Kinds in random order, each once before any comes again."""
    dealt: list[str] = []
    while len(dealt) < number:
        dealt += rng.sample(kinds, len(kinds))
    return dealt[:number]


def _check_meaning(episode: Episode, meanings: dict[str, Intent]) -> None:
    """A sentence comes once in a world, with one meaning."""
    intent = episode.task.intent
    assert intent is not None  # noqa: S101 - drawn tasks have one
    said = _all_said(episode)
    if said in meanings:
        is_same = meanings[said] == intent
        raise WorldRejected('the sentence was drawn' if is_same else 'it has another meaning, too')
    meanings[said] = intent


def _all_said(episode: Episode) -> str:
    """What was said up to a task, behind each other."""
    before = () if episode.before is None else episode.before.turns
    return ' / '.join(dict.fromkeys((*(turn.request for turn in before), episode.task.request)))


def _draw_task(kind: str, rng: Random, scene: Scene, source: IntentSource) -> list[Episode]:
    """A task, and its twin where there is one."""
    config = scene.config
    is_unseen = 'wording' in config.unseen
    speaker = Speaker(scene.words, is_unseen, config.phrasings, config.voice)
    first = KINDS[kind].draw_before(source)
    if first is not None:
        earlier = _play_first(scene, *first, rng, speaker)
        scene, source = scene.behind(earlier), source.behind(earlier)
    intent = KINDS[kind].draw(source)
    wording = KINDS[kind].wording(source, intent)
    if wording is None:
        request = render_request(intent, rng, speaker, kind)
    else:
        request = render_wording(wording, rng, speaker)
    if config.mistyped and rng.random() < config.mistyped:
        request = mistype(request, rng, scene.known_graph)
    group = '' if wording is None else wording.group
    where = 'unseen' if is_unseen else 'seen'
    return prove_task(scene, request, kind, intent, rng, where, group)


def _play_first(scene: Scene, kind: str, intent: Intent, rng: Random, speaker: Speaker) -> Episode:
    """The mission behind which a task is said, as the teacher plays it.

    Raises:
        WorldRejected: it has no right end.
    """
    request = render_request(intent, rng, speaker, kind)
    played = _play_unlimited(scene.pose(request, kind, intent, ''), scene.words)
    if played.outcome is None or not played.outcome.success:
        raise WorldRejected('the mission before it does not end right')
    return played


def _play_unlimited(episode: Episode, words: Words) -> Episode:
    """A task as its teacher plays it, whatever that takes."""
    unlimited = replace(episode.criterion, max_actions=10**6, max_distance_m=math.inf)
    return play_episode(
        make_teacher(episode.task, words), replace(episode, criterion=unlimited), words
    )


def prove_task(
    scene: Scene,
    request: str,
    kind: str,
    intent: Intent,
    rng: Random,
    wording: str,
    group: str = '',
) -> list[Episode]:
    """A sentence in a world as a task that the oracle solves, as the teacher plays it, and its twin
    where there is one.

    Args:
        scene: the world.
        request: the sentence.
        kind: what it asks for.
        intent: what it means.
        rng: draws the other hidden facts of the twin.
        wording: where the sentence is from, for statistics.
        group: of its phrasings, where that is not the one of its intent.

    Raises:
        WorldRejected: it has no single right answer here, cannot be solved, or could be guessed.
    """
    episode = scene.pose(request, kind, intent, wording, group)
    twin = make_twin(episode, rng, scene.words)
    pair = [finish(e, scene) for e in (episode, twin) if e is not None]
    is_guessable = KINDS[kind].is_guessable or KINDS[intent.kind].is_guessable
    if len(pair) == 1 and is_guessable and pair[0].provenance['needs_discovery']:
        raise WorldRejected('it could be guessed, and no hidden fact makes a twin')
    if len(pair) > 1:
        pair = [_tag(e, {'twin': f'{scene.seed}:{_all_said(episode)}'}) for e in pair]
    return pair


def finish(episode: Episode, scene: Scene) -> Episode:
    """A task under the names of its world, as its teacher plays it, with a budget.

    Raises:
        WorldRejected: the oracle found no way, or under the names it has another answer, or one
            that even the teacher does not find.
    """
    if scene.names is None:
        return add_budget(episode, scene.words)
    played = add_budget(scene.names.rename(episode), scene.words)
    if played.outcome is None or not played.outcome.success:
        raise WorldRejected('under the names of the world nobody finds the answer')
    return played


def add_budget(episode: Episode, words: Words) -> Episode:
    """The episode as its teacher plays it, with a budget relative to what that takes; proven
    solvable by the oracle.

    Raises:
        WorldRejected: the oracle found no way.
    """
    best = find_solution(episode, words.lexicon)
    run = _play_unlimited(episode, words)
    outcome = judge_episode(run, words.lexicon)
    actions, distance_m = outcome.actions, outcome.distance_m
    if not outcome.success:
        actions, distance_m = 4 * best.actions, 4 * best.distance_m
    criterion = replace(
        episode.criterion,
        max_actions=math.ceil(_BUDGET * actions) + _SPARE_ACTIONS,
        max_distance_m=round(_BUDGET * distance_m + _SPARE_M, 1),
    )
    facts = {
        'oracle_actions': best.actions,
        'oracle_distance_m': best.distance_m,
        'oracle_is_exact': best.is_exact,
        'teacher_actions': outcome.actions,
        'needs_discovery': best.looks > 0,
    }
    played = replace(run, criterion=criterion)
    if not outcome.success:
        outcome = judge_episode(played, words.lexicon)
    return _tag(replace(played, outcome=outcome), facts)


def _tag(episode: Episode, facts: Mapping) -> Episode:
    return replace(episode, provenance={**episode.provenance, **facts})
