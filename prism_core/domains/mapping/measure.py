# SPDX-License-Identifier: Apache-2.0
"""How well planners do on fresh worlds, how fast, and whether what the teacher does can be learned
from what a prompt says.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from prism_core.dialects.conversation import Dialect
from prism_core.domains.mapping.controls import make_controls
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.free_wording import draw_free_episode, load_free_requests
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.planning.strategy import decide
from prism_core.domains.mapping.planning.symbolic import SymbolicPlanner
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.words import Words, load_words
from prism_core.domains.mapping.world import WorldConfig
from prism_core.episode.episode import Episode
from prism_core.episode.planner import Planner
from prism_core.episode.requests import own_turns

PLANNERS = ('teacher', 'explorer', 'fallback')
_CHUNK = 10  # worlds that a process draws at a time


@dataclass(frozen=True)
class Tally:
    """What came of some episodes.

    `actions` to `oracle_distance_m` sum over successes. `discoveries` are tasks without a twin of
    which the answer is not known at the start; `..._of` count by kind those of which it is known,
    and those for which to look everywhere is right.
    """

    episodes: int = 0
    successes: int = 0
    pairs: int = 0
    pair_successes: int = 0
    discoveries: int = 0
    discovery_successes: int = 0
    actions: int = 0
    oracle_actions: int = 0
    distance_m: float = 0.0
    oracle_distance_m: float = 0.0
    turns: int = 0
    time_s: float = 0.0
    misses: Counter[str] = field(default_factory=Counter)
    successes_of: Counter[str] = field(default_factory=Counter)
    episodes_of: Counter[str] = field(default_factory=Counter)

    @property
    def success(self) -> float:
        """The share of episodes that succeeded."""
        return self.successes / self.episodes if self.episodes else 0.0

    def __add__(self, other: Tally) -> Tally:
        parts = (field.name for field in dataclasses.fields(self))
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in parts})


def measure_planners(
    names: Sequence[str], config: WorldConfig, seeds: range, workers: int = 1
) -> Iterator[dict[str, Tally]]:
    """Let planners try the tasks of some worlds; gives what came of each few worlds when done.

    Args:
        names: `teacher`, `explorer` (the teacher, but it looks where it is nearest), `fallback`
            (the sentence alone) or the name of a control.
        config: what to draw.
        seeds: of the worlds.
        workers: so many processes.
    """
    chunks = [(names, config, seeds[i : i + _CHUNK]) for i in range(0, len(seeds), _CHUNK)]
    if workers == 1:
        yield from itertools.starmap(_measure_chunk, chunks)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_measure_chunk, *zip(*chunks))


def _measure_chunk(names: Sequence[str], config: WorldConfig, seeds: range) -> dict[str, Tally]:
    words = load_words()
    episodes = [e for seed in seeds for e in draw_episodes(seed, config, words)]
    return {name: tally_episodes(name, episodes, words) for name in names}


def measure_free_wording(
    names: Sequence[str], config: WorldConfig, seeds: range
) -> Iterator[dict[str, Tally]]:
    """Let planners try the requests in free wording, each in a world for each seed."""
    words = load_words()
    for number in range(len(load_free_requests())):
        drawn = [draw_free_episode(number, seed, config, words) for seed in seeds]
        episodes = [episode for episode in drawn if episode is not None]
        yield {name: tally_episodes(name, episodes, words) for name in names}


def tally_episodes(name: str, episodes: Iterable[Episode], words: Words) -> Tally:
    """Let a planner try some tasks."""
    make = _planner_maker(name, words)
    total = Tally()
    pairs: dict[str, list[bool]] = {}
    for episode in episodes:
        planner = make(episode)
        started_s = time.perf_counter()
        played = play_episode(planner, episode, words)
        total += _tally(played, time.perf_counter() - started_s)
        if 'twin' in episode.provenance and played.outcome is not None:
            pairs.setdefault(episode.provenance['twin'], []).append(played.outcome.success)
    return total + Tally(pairs=len(pairs), pair_successes=sum(map(all, pairs.values())))


def _tally(played: Episode, time_s: float) -> Tally:
    """What came of one episode."""
    outcome = played.outcome
    assert outcome is not None  # noqa: S101 - play_episode judges
    facts, kind = played.provenance, played.task.kind
    tally = Tally(1, int(outcome.success), turns=len(played.turns), time_s=time_s)
    if facts['needs_discovery'] and not KINDS[kind].is_everywhere:
        if 'twin' not in facts:
            tally += Tally(discoveries=1, discovery_successes=int(outcome.success))
    else:
        tally += Tally(episodes_of=Counter([kind]), successes_of=Counter([kind] * outcome.success))
    if not outcome.success:
        return tally + Tally(misses=Counter([f'{kind}: {outcome.reason.partition(":")[0]}']))
    return tally + Tally(
        actions=outcome.actions,
        oracle_actions=facts['oracle_actions'],
        distance_m=outcome.distance_m,
        oracle_distance_m=facts['oracle_distance_m'],
    )


def _make_fallback(name: str, words: Words) -> SymbolicPlanner:
    reader = RequestReader(words)
    return SymbolicPlanner(words.lexicon, reader.read, name, spell_out=reader.spell_out)


def _planner_maker(name: str, words: Words) -> Callable[[Episode], Planner]:
    if name == 'teacher':
        return lambda episode: make_teacher(episode.task, words)
    if name == 'explorer':
        nowhere = dataclasses.replace(words, lexicon=dataclasses.replace(words.lexicon, places={}))
        return lambda episode: make_teacher(episode.task, nowhere)
    if name == 'fallback':
        fallback = _make_fallback(name, words)
        return lambda _: fallback

    def make_control(episode: Episode) -> Planner:
        intent = episode.task.intent
        assert intent is not None  # noqa: S101 - drawn tasks have one
        return make_controls(lambda request, graph: intent, words)[name]

    return make_control


# ------------------------------------------------------------------------------ what can be learned


@dataclass(frozen=True)
class Distillation:
    """Over some states: how many replies and plans differ when they are read back, and how many
    prompts came twice with different replies.
    """

    states: int = 0
    replies: int = 0
    plans: int = 0
    conflicts: int = 0
    prompt_chars: int = 0
    reply_chars: int = 0


def measure_distillation(
    dialect_name: str, config: WorldConfig, seeds: Iterable[int], states: int
) -> Distillation:
    """Compare, state by state, the teacher's plan with the one that it makes from the prompt alone.

    Half of the prompts begin at a turn drawn at random. Stops at so many states.
    """
    words = load_words()
    found: Counter[str] = Counter()
    seen: dict[int, int] = {}
    for prompt, reply, is_read, is_same in itertools.islice(
        _compare_all(dialect_name, config, seeds, words), states
    ):
        found['states'] += 1
        found['replies'] += not is_read
        found['plans'] += not is_same
        found['prompt_chars'] += len(prompt)
        found['reply_chars'] += len(reply)
        found['conflicts'] += seen.setdefault(hash(prompt), hash(reply)) != hash(reply)
    return Distillation(**found)


def _compare_all(
    dialect_name: str, config: WorldConfig, seeds: Iterable[int], words: Words
) -> Iterator[tuple[str, str, bool, bool]]:
    for seed in seeds:
        rng = random.Random(seed)  # noqa: S311 - no secret
        dialect = MappingDomain(words).make_dialect(dialect_name, seed)
        for episode in draw_episodes(seed, config, words):
            yield from _compare(episode, dialect, words, rng)


def _compare(
    episode: Episode, dialect: Dialect, words: Words, rng: random.Random
) -> Iterator[tuple[str, str, bool, bool]]:
    """For each state the prompt, the reply, whether the reply holds the plan, and whether the same
    plan comes from what the prompt says.
    """
    played = play_episode(make_teacher(episode.task, words), episode, words)
    intent = episode.task.intent
    assert intent is not None  # noqa: S101 - drawn tasks have one
    graph = episode.known_graph
    for index, turn in enumerate(played.turns):
        history = played.history(index)
        since = rng.randint(0, len(history)) if rng.random() < 0.5 else 0
        messages = dialect.render_prompt(episode.task.request, graph, history, since=since)
        reply = dialect.render_reply(turn.plan, graph)
        prompt = dialect.parse_prompt(messages, graph)
        own = own_turns(prompt.history)
        plan = decide(intent, prompt.known_graph, prompt.state, own, words.lexicon)
        again = dialect.render_reply_on(plan, prompt.known_graph, graph)
        text = '\n'.join(message['content'] for message in messages)
        yield text, reply, dialect.parse_reply(reply, graph) == turn.plan, again == reply
        for observation in turn.observations:
            graph = graph.apply(observation.update)
