# SPDX-License-Identifier: Apache-2.0
"""Episodes as conversations to learn from: what the robot would send, and what it should answer.

The text is that of `Dialect.render_prompt` and `render_reply`, byte for byte. Prompts are only ever
appended to, so that one rendering holds all turns of an episode; where that does not hold (a turn
cannot be told in the dialect, or the dialect writes each prompt anew) each turn has a conversation
of its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from random import Random

from prism_core.dialects.conversation import Dialect, Message
from prism_core.domain import Domain
from prism_core.episode.episode import Episode, Turn, with_known_graphs
from prism_core.errors import ConfigError, PlanParseError


@dataclass(frozen=True)
class Sample:
    """One conversation to learn from; it ends with a reply.

    `weights` says for each reply how much it counts: 0 for what is there only to be read (a plan
    that was refused, or a turn that another sample teaches). `first_turn` is the turn of the
    episode that the first reply belongs to, counted from the first thing that was said; what was
    done before it is part of the prompt.
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
        SceneGraphError: an update of the episode cannot be applied.
        PlanParseError: the dialect cannot say a plan that counts.
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
    episode = _hear(with_known_graphs(episode), dialect)
    end = len(episode.turns)
    cut = 0
    if rebase and end > 1:
        rng = Random(seed)  # noqa: S311 - no secret
        cut = rng.randrange(1, end) if rng.random() < rebase else 0
    samples: list[Sample] = []
    for start, stop in ((0, cut), (cut, end)):
        if start < stop:
            samples += _render_part(episode, dialect, header, start, stop)
    if episode.before is None:
        return samples
    return [sample for sample in samples if any(sample.weights)]


def _hear(episode: Episode, dialect: Dialect) -> Episode:
    """The episode as a student is told it, whose robot may report in words, with what was before
    its task as its first turns, which count nothing.
    """
    past = tuple(replace(turn, weight=0.0) for turn in episode.earlier)
    told = (*past, *episode.turns) if past else episode.turns
    _, turns = dialect.language.hear(episode.final_graph, told)
    return episode if turns is episode.turns else replace(episode, turns=tuple(turns))


def _render_part(
    episode: Episode, dialect: Dialect, header: str, start: int, stop: int
) -> list[Sample]:
    """The turns from `start` to before `stop`, in a prompt that begins at `start`."""
    weights = tuple(_weight_of(turn) for turn in episode.turns[start:stop])
    whole = None if dialect.is_rewritten else _render(episode, dialect, header, start, stop - 1)
    if whole is not None and whole.first_turn == start:
        return [replace(whole, weights=weights)]
    alone = (_render(episode, dialect, header, start, index) for index in range(start, stop))
    return [sample for sample in alone if sample is not None]


def _render(
    episode: Episode, dialect: Dialect, header: str, start: int, index: int
) -> Sample | None:
    """The prompt of one turn and its reply, in a conversation that begins at `start` or as soon
    behind it as it can; None where the dialect cannot say a plan that counts nothing.
    """
    turn = episode.turns[index]
    graph = turn.known_graph
    assert graph is not None  # noqa: S101 - the episode has all of them
    history = episode.turns[:index]
    prompt = dialect.render_prompt(episode.task.request, graph, history, since=start, header=header)
    weight = _weight_of(turn)
    try:
        reply = dialect.render_reply(turn.plan, graph)
    except PlanParseError:
        if weight:
            raise
        return None
    told = sum(message['role'] == 'assistant' for message in prompt)
    messages = (*prompt, Message(role='assistant', content=reply))
    return Sample(messages, (*[0.0] * told, weight), index - told)


def _weight_of(turn: Turn) -> float:
    """How much a turn counts; nothing where its plan was refused."""
    return 0.0 if any(o.status == 'refused' for o in turn.observations) else turn.weight
