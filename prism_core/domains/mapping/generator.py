"""From a seed to tasks in a world: episodes that wait to be tried, each proven solvable.

The same seed and configuration give the same episodes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from random import Random

from prism_core.criterion import Criterion
from prism_core.domains.mapping.hiding import hide
from prism_core.domains.mapping.intents import CORE_KINDS, KINDS, IntentSource
from prism_core.domains.mapping.judge import judge_episode
from prism_core.domains.mapping.oracle import find_solution
from prism_core.domains.mapping.requests import phrasing_group, render_request
from prism_core.domains.mapping.simulator import MappingSimulator
from prism_core.domains.mapping.solution import solve
from prism_core.domains.mapping.teacher import make_teacher
from prism_core.domains.mapping.twins import make_twin
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.world import World, WorldConfig, build_world
from prism_core.episode import Episode, Task
from prism_core.errors import WorldRejected
from prism_core.intent import Intent
from prism_core.planner import run_episode

GENERATOR_VERSION = 1
MAX_DRAWS = 8
"""So often a task is drawn before its place stays empty."""

GUESSABLE = frozenset((
    *('attribute', 'compare', 'conditional', 'count', 'exists', 'find', 'go_to', 'locate'),
    *('map_area', 'nearest', 'passable', 'reach', 'yes_no'),
))
"""Kinds of intent of which an answer could be right by luck; where they need discovery they come as
twins only."""

# A budget is this many times what the teacher needed, and a little.
_BUDGET, _SPARE_ACTIONS, _SPARE_M = 1.5, 3, 30.0


def draw_episodes(
    seed: int, config: WorldConfig, words: Words, rejections: Counter[str] | None = None
) -> list[Episode]:
    """Draw one world and its tasks.

    Tasks of which the answer lies in something hidden come as twins where that is possible: two
    episodes with the same sentence and the same known graph, but other hidden facts and another
    answer. `provenance['twin']` is the same for both.

    Args:
        seed: of the world; any whole number.
        config: what to draw.
        words: the domain's words.
        rejections: counts each draw that could not be used, by reason.
    """
    rejections = Counter() if rejections is None else rejections
    rng = Random(f'{GENERATOR_VERSION}:{seed}')  # noqa: S311 - a simulation, no secret
    world = build_world(rng, config, words)
    true_graph, known_graph = hide(world.graph, rng, config.hidden)
    source = IntentSource(
        rng,
        true_graph,
        known_graph,
        words,
        words.object_classes(config.tier, config.unseen, world.family),
        is_core=config.tier == 'core',
        favored=words.is_held_out_class if 'classes' in config.unseen else lambda _: True,
    )
    kinds = config.kinds or (CORE_KINDS if config.tier == 'core' else KINDS)
    episodes: list[Episode] = []
    meanings: dict[str, Intent] = {}
    for kind in _deal(rng, kinds, config.tasks):
        for _ in range(MAX_DRAWS):
            try:
                drawn = _draw_task(
                    kind, seed, config, words, rng, world, source, (true_graph, known_graph)
                )
                _check_meaning(drawn[0], meanings)
            except WorldRejected as rejected:
                rejections[f'{kind}: {rejected}'] += 1
            else:
                episodes += drawn
                break
    return episodes


def _deal(rng: Random, kinds: tuple[str, ...], number: int) -> list[str]:
    """Kinds in random order, each once before any comes again."""
    dealt: list[str] = []
    while len(dealt) < number:
        dealt += rng.sample(kinds, len(kinds))
    return dealt[:number]


def _check_meaning(episode: Episode, meanings: dict[str, Intent]) -> None:
    """No sentence has two meanings in one known graph."""
    intent = episode.task.intent
    assert intent is not None  # noqa: S101 - drawn tasks have one
    if meanings.setdefault(episode.task.request, intent) != intent:
        raise WorldRejected('the sentence has another meaning, too')


def _draw_task(
    kind: str,
    seed: int,
    config: WorldConfig,
    words: Words,
    rng: Random,
    world: World,
    source: IntentSource,
    graphs,
) -> list[Episode]:
    true_graph, known_graph = graphs
    intent = source.draw(kind)
    if kind == 'ambiguous':
        criterion = Criterion('clarify')
    else:
        criterion = solve(intent, true_graph, known_graph, words.lexicon)
    if kind == 'absent' and criterion.answer != 'absence':
        raise WorldRejected('it is there')
    is_unseen = 'wording' in config.unseen
    episode = Episode(
        seed=seed,
        task=Task(render_request(intent, rng, words, is_unseen), kind, intent),
        criterion=criterion,
        true_graph=true_graph,
        known_graph=known_graph,
        provenance={
            'generator': GENERATOR_VERSION,
            'tier': config.tier,
            'family': world.family,
            'structure': world.structure,
            'size': config.size,
            'regions': len(true_graph.regions),
            'objects': len(true_graph.objects),
            'hidden': config.hidden,
            'wording': 'unseen' if is_unseen else 'seen',
            'unseen': sorted(config.unseen),
            'phrasing': phrasing_group(intent),
        },
    )
    pair = [episode]
    twin = make_twin(episode, rng, words)
    if twin is not None:
        pair.append(twin)
    solved = [add_budget(e, words) for e in pair]
    if len(solved) == 1 and intent.kind in GUESSABLE and solved[0].provenance['needs_discovery']:
        raise WorldRejected('it could be guessed, and no hidden fact makes a twin')
    if len(solved) > 1:
        twin_id = f'{seed}:{episode.task.request}'
        solved = [_tag(e, {'twin': twin_id}) for e in solved]
    return solved


def add_budget(episode: Episode, words: Words) -> Episode:
    """The episode with a budget relative to what its teacher needs, proven solvable by the oracle.

    Raises:
        WorldRejected: the oracle found no way.
    """
    best = find_solution(episode, words.lexicon)
    unlimited = replace(episode.criterion, max_actions=10**6, max_distance_m=math.inf)
    teacher = make_teacher(episode.task, words)
    simulator = MappingSimulator(episode.true_graph, episode.known_graph, words.lexicon)
    run = run_episode(teacher, simulator, replace(episode, criterion=unlimited))
    outcome = judge_episode(run)
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
    return _tag(replace(episode, criterion=criterion), facts)


def _tag(episode: Episode, facts: Mapping) -> Episode:
    return replace(episode, provenance={**episode.provenance, **facts})
