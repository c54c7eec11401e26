# SPDX-License-Identifier: Apache-2.0
"""Does the grammar of replies refuse a right one? Each reply of an episode is held to the grammar
that a language model would have been held to in its place.

A grammar of form and of what is known refuses none: what it has no words for no student can say.
Knows neither whether an episode went right nor who planned it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prism_core.dialects.conversation import Dialect
from prism_core.domain import Domain
from prism_core.episode.episode import Episode, Turn
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.local.grammar import Grammars, TokenVocabulary

_END = 256


@dataclass(frozen=True)
class Held:
    """A reply and what the grammar makes of it.

    Attributes:
        kind: of the task.
        reply: the text.
        taken: so much of it can be said; all of it where the grammar takes it.
        is_sentence: whether the grammar takes all of it.
    """

    kind: str
    reply: str
    taken: str
    is_sentence: bool

    @property
    def cause(self) -> str:
        """The part of the reply that the grammar stopped in: its goal, or a step's first words."""
        goal, _, steps = self.taken.strip().partition(' : ')
        if ' : ' not in self.taken:
            return f'goal {self.reply.split()[0]}'
        step = self.reply[len(self.taken) - len(steps.rpartition(' ; ')[2]) :]
        return ' '.join(step.split()[:2])


class ReplyHolder:
    """Holds replies to grammars, byte by byte, whatever the tokens of a model are."""

    def __init__(self) -> None:
        tokens = [*(bytes([byte]) for byte in range(_END)), b'']
        self._grammars = Grammars(
            TokenVocabulary(tokens, (_END,), _END, lambda text: [*text.encode()])
        )

    def hold(
        self,
        kind: str,
        dialect: Dialect,
        request: str,
        graph: SceneGraph,
        history: tuple[Turn, ...],
        reply: str,
    ) -> Held:
        """What the grammar on a known graph makes of a reply."""
        state = self._grammars.start(dialect.make_grammar(request, graph, history))
        said = reply.encode()
        taken = next((at for at, byte in enumerate(said) if not state.take(byte)), len(said))
        is_sentence = taken == len(said) and state.may_end
        return Held(kind, reply, said[:taken].decode(errors='ignore'), is_sentence)


def hold_replies(
    episodes: Iterable[Episode], domain: Domain, dialect_name: str, holder: ReplyHolder
) -> Iterator[Held]:
    """Each plan of some episodes as a reply, with the handles of the episode's seed."""
    for episode in episodes:
        dialect = domain.make_dialect(dialect_name, episode.seed)
        graph = episode.known_graph
        for number, turn in enumerate(episode.turns):
            known, history = domain.language.hear(graph, episode.turns[:number])
            reply = dialect.render_reply(turn.plan, known)
            yield holder.hold(
                episode.task.kind, dialect, episode.task.request, known, history, reply
            )
            for observation in turn.observations:
                graph = graph.apply(observation.update)
