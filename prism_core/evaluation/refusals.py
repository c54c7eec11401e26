# SPDX-License-Identifier: Apache-2.0
"""Does the grammar of replies refuse a right one? Each plan of an episode is written as the reply
of a language model, and held to the grammar that it would have been held to in its place.

A grammar of form and of what is known refuses none: what it has no words for no student can say.
Knows neither whether an episode went right nor who planned it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from prism_core.domain import Domain
from prism_core.episode.episode import Episode
from prism_core.episode.planner import run_episode
from prism_core.inference.local.grammar import take_text


@dataclass(frozen=True)
class RepliedPlan:
    """A reply, and what the grammar makes of it.

    Attributes:
        kind: of the task.
        reply: the text.
        taken: so much of it some reply begins with.
    """

    kind: str
    reply: str
    taken: str

    @property
    def is_refused(self) -> bool:
        """Whether it is no sentence of the grammar."""
        return self.taken != self.reply

    @property
    def cause(self) -> str:
        """Where the grammar stopped: in the goal, or in the step or the report that begins so."""
        head, colon, _ = self.taken.partition(' : ')
        if not colon:
            return f'the goal {" ".join(self.reply.split()[:3])}'
        at = max(len(head) + len(colon), *(self.taken.rfind(end) + 3 for end in (' ; ', ' & ')))
        return ' '.join(self.reply[at:].split()[:2])

    @property
    def has_text(self) -> bool:
        """Whether it says a text in quotes."""
        return '"' in self.reply


def play_right(episode: Episode, domain: Domain) -> Episode | None:
    """The task as the teacher does it; None where that is not right."""
    task = replace(episode, turns=(), outcome=None)
    played = run_episode(domain.make_teacher(task.task), domain.make_simulator(task), task)
    return played if domain.judge(played).success else None


def hold_replies(
    episodes: Iterable[Episode], domain: Domain, dialect_name: str
) -> Iterator[RepliedPlan]:
    """Hold each plan of some episodes to the grammar of a dialect."""
    for episode in episodes:
        dialect = domain.make_dialect(dialect_name, episode.seed)
        graph = episode.known_graph
        for number, turn in enumerate(episode.turns):
            known, history = domain.language.hear(graph, episode.history(number))
            grammar = dialect.make_grammar(episode.task.request, known, history)
            reply = dialect.render_reply(turn.plan, known)
            yield RepliedPlan(episode.task.kind, reply, take_text(grammar, reply))
            for observation in turn.observations:
                graph = graph.apply(observation.update)
