"""Episodes as conversations to learn from: what the robot would send, and what it should answer.

The text is that of `Dialect.render_prompt` and `render_reply`, byte for byte. Prompts are only ever
appended to, so that one rendering holds all turns of an episode; where that does not hold (a turn
set anew what was known before it) each turn has a conversation of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from prism_core.conversation import Dialect, Message, rewind
from prism_core.domain import Domain
from prism_core.episode import Episode, Turn
from prism_core.errors import ConfigError
from prism_core.scene_graph import SceneGraph


@dataclass(frozen=True)
class Sample:
    """One conversation to learn from; it ends with a reply.

    `weights` says for each reply how much it counts: 0 for what is there only to be read (a plan
    that was refused, or a turn that another sample teaches). `first_turn` is the turn of the
    episode that the first reply belongs to; what was done before it is part of the prompt.
    """

    messages: tuple[Message, ...]
    weights: tuple[float, ...]
    first_turn: int = 0


def render_samples(
    episode: Episode,
    domain: Domain,
    dialect_name: str,
    *,
    header: str = '',
    rebase: float = 0.0,
) -> list[Sample]:
    """The conversations that teach an episode: each turn counts in exactly one of them.

    What is random depends on `provenance['id']` and the dialect alone: the handles, and where the
    episode is cut.

    Args:
        episode: with its turns; good or not.
        domain: where the dialect comes from.
        dialect_name: `compact`, `spine` or `spine_brief`, for the mapping domain.
        header: the system message; none for a student.
        rebase: how probable it is that the episode is cut in two before a random turn; the second
            part begins with the graph as it was then.

    Raises:
        ConfigError: the episode has no id, or there is no such dialect.
    """
    identity = episode.provenance.get('id')
    if not identity:
        raise ConfigError(
            "expected each episode to have its own provenance['id'], got none: episodes get one "
            'when a dataset is written'
        )
    key = f'{dialect_name}:{identity}'
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], 'big')
    dialect = domain.make_dialect(dialect_name, seed)
    graphs = _graphs_of(episode)
    end = len(episode.turns)
    cut = 0
    if rebase and end > 1:
        rng = Random(seed)  # noqa: S311 - no secret
        cut = rng.randrange(1, end) if rng.random() < rebase else 0
    samples: list[Sample] = []
    for start, stop in ((0, cut), (cut, end)):
        if start < stop:
            samples += _render_part(episode, graphs, dialect, header, start, stop)
    return samples


def _graphs_of(episode: Episode) -> list[SceneGraph]:
    """What was known at each turn."""
    graphs = [episode.known_graph]
    for turn in episode.turns[:-1]:
        graph = graphs[-1]
        for observation in turn.observations:
            graph = graph.apply(observation.update)
        graphs.append(graph)
    return graphs


def _render_part(
    episode: Episode,
    graphs: Sequence[SceneGraph],
    dialect: Dialect,
    header: str,
    start: int,
    stop: int,
) -> list[Sample]:
    """The turns from `start` to before `stop`, in a prompt that begins at `start`."""
    turns = episode.turns[start:stop]
    if _tells_its_start(graphs[stop - 1], turns[:-1], graphs[start]):
        weights = tuple(_weight_of(turn) for turn in turns)
        messages = _render(episode, graphs, dialect, header, start, stop - 1)
        return [Sample(messages, weights, start)]
    samples = []
    for index in range(start, stop):
        weights = (*[0.0] * (index - start), _weight_of(episode.turns[index]))
        messages = _render(episode, graphs, dialect, header, start, index)
        samples.append(Sample(messages, weights, start))
    return samples


def _render(
    episode: Episode,
    graphs: Sequence[SceneGraph],
    dialect: Dialect,
    header: str,
    start: int,
    index: int,
) -> tuple[Message, ...]:
    """The prompt of one turn and its reply, in a conversation that begins at `start`."""
    request, graph = episode.task.request, graphs[index]
    history = episode.turns[:index]
    prompt = dialect.render_prompt(request, graph, history, since=start, header=header)
    reply = dialect.render_reply(episode.turns[index].plan, graph)
    return (*prompt, Message(role='assistant', content=reply))


def _tells_its_start(known_graph: SceneGraph, turns: Sequence[Turn], start: SceneGraph) -> bool:
    """Whether the graph before some turns follows from what is known behind them: then it does so
    behind each of them, and the prompt of the last turn holds the prompts of all.
    """
    return rewind(known_graph, turns).with_revision(0) == start.with_revision(0)


def _weight_of(turn: Turn) -> float:
    """How much a turn counts; nothing where its plan was refused."""
    return 0.0 if any(o.status == 'refused' for o in turn.observations) else turn.weight
