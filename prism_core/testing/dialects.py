# SPDX-License-Identifier: Apache-2.0
"""The promises of dialects: what a domain's episodes say can be read back, and taught."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random

from prism_core.dialects.conversation import Dialect, Message, Prompt
from prism_core.domain import Domain
from prism_core.episode.episode import Episode, Task, Turn, with_known_graphs
from prism_core.episode.observation import Observation
from prism_core.errors import PlanParseError, PrismError
from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.grammar import Lark
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps

PlanFrom = Callable[[Task, Prompt], Plan]
"""What a teacher plans for a task from a prompt."""


def check_dialect(
    domain: Domain,
    episodes: Iterable[Episode],
    name: str = 'compact',
    *,
    plan_from: PlanFrom | None = None,
    rebase: bool = False,
) -> None:
    """Hold a dialect to its promises on what happened in episodes of a domain.

    Prompts and replies can be read back; a prompt is only ever appended to, also where nodes go and
    come back; each reply is a sentence of the grammar (where `llguidance` is installed); and the
    teacher plans the same from what the prompt says. Of a dialect that writes each prompt anew no
    prompt is read back: where two prompts are equal, the teacher has to reply the same.

    Args:
        domain: where the dialect comes from, and the teacher.
        episodes: with turns; the teacher must have played them.
        name: of the dialect, as `Domain.make_dialect` knows it.
        plan_from: what the teacher plans from a prompt, where it goes by the state that the prompt
            ends with; left out, it is asked as any planner is.
        rebase: whether it plans the same, too, where a prompt begins with a later turn and what was
            done before is folded; data with `rebase` need that.

    Raises:
        AssertionError: which promise is broken, with an example.
    """
    replied: dict[str, str] = {}
    for episode in map(with_known_graphs, episodes):
        dialect = domain.make_dialect(name, episode.seed)
        check = _Check(dialect, domain, episode, plan_from or _ask_teacher(domain, episode.task))
        check.replies()
        if dialect.is_rewritten:
            check.equal_prompts(replied)
        else:
            check.prompts(rebase)
            check.nodes_that_go_and_come_back()


def _ask_teacher(domain: Domain, task: Task) -> PlanFrom:
    teacher = domain.make_teacher(task)
    return lambda _, prompt: teacher.plan(prompt.request, prompt.known_graph, prompt.history)


class _Check:
    """Of one dialect on one episode."""

    def __init__(self, dialect: Dialect, domain: Domain, episode: Episode, plan_from: PlanFrom):
        self._dialect, self._domain, self._episode = dialect, domain, episode
        self._plan_from = plan_from
        self._request = episode.task.request
        self._told = f'dialect {dialect.name}, {self._request!r}'

    def replies(self) -> None:
        """Each one is read back as its plan, and stands in the grammar."""
        for number, (graph, history, turn) in enumerate(_states(self._episode), 1):
            said = render_steps(turn.plan.actions)
            at = f'{self._told}, turn {number}'
            try:
                reply = self._dialect.render_reply(turn.plan, graph)
                plan = self._dialect.parse_reply(reply, graph)
            except PlanParseError as error:
                raise AssertionError(f'{at}: the reply with {said} fails: {error}') from error
            assert plan.actions == turn.plan.actions, (
                f'{at}: {said} is said {reply!r} and read back as {render_steps(plan.actions)}'
            )
            assert plan.primary_goal == turn.plan.primary_goal, (
                f'{at}: the goal {turn.plan.primary_goal!r} is said {reply!r} and read back as '
                f'{plan.primary_goal!r}'
            )
            try:
                grammar = self._dialect.make_grammar(self._request, graph, history)
            except ValueError as error:
                raise AssertionError(f'{at}: there is no grammar of replies: {error}') from error
            taken = _take(grammar, reply)
            assert taken == reply, (
                f'{at}: the reply {reply!r} is no sentence of the grammar, which takes {taken!r}'
            )
            assert len(reply.encode()) <= grammar.longest, (
                f'{at}: the reply {reply!r} is longer than the {grammar.longest} bytes that the '
                'grammar states'
            )

    def prompts(self, rebase: bool) -> None:
        """Each one is read back, appended to the one before, and enough for the teacher."""
        rng = Random(self._episode.seed)  # noqa: S311 - no secret
        for at, graph, history, turn, prompt in self._appended(self._episode.turns):
            folded = self._read(at, graph, history, rng.randint(0, len(history)))
            for read in (prompt, folded) if rebase else (prompt,):
                plan = self._plan(at, read)
                try:
                    reply = self._dialect.render_reply_on(plan, read.known_graph, graph)
                except PlanParseError as error:
                    raise AssertionError(
                        f'{at}: what the teacher plans from the prompt cannot be said: {error}'
                    ) from error
                wanted = self._dialect.render_reply(turn.plan, graph)
                assert reply == wanted, (
                    f'{at}: the teacher replies {wanted!r}, and {reply!r} where it knows no more '
                    'than the prompt says'
                )

    def equal_prompts(self, replied: dict[str, str]) -> None:
        """Each that came before got the same reply, by the replies to all prompts so far."""
        for number, (graph, history, turn) in enumerate(_states(self._episode), 1):
            for since in dict.fromkeys((0, number - 1)):
                messages = self._dialect.render_prompt(self._request, graph, history, since=since)
                prompt = '\n'.join(message['content'] for message in messages)
                reply = self._dialect.render_reply(turn.plan, graph)
                before = replied.setdefault(prompt, reply)
                assert reply == before, (
                    f'{self._told}, turn {number}: the teacher replies {reply!r}, and {before!r} '
                    f'where the prompt was the same: {prompt!r}'
                )

    def nodes_that_go_and_come_back(self) -> None:
        """A history in which what was seen is removed and sent again."""
        for index, turn in enumerate(self._episode.turns[:2]):
            graph = turn.known_graph
            assert graph is not None
            mentioned = {n for a in turn.plan.actions for n in self._domain.table.nodes_of(a)}
            for name in [n for n in graph.objects if n not in mentioned][:2]:
                list(self._appended((*self._episode.turns[:index], *_lose(turn, graph, name))))

    # -------------------------------------------------------------------------------------- prompts

    def _appended(
        self, turns: Sequence[Turn]
    ) -> Iterator[tuple[str, SceneGraph, Sequence[Turn], Turn, Prompt]]:
        """For each turn what was known, the turns before, and the prompt as it is read back."""
        before: list[Message] = []
        for number, turn in enumerate(turns):
            graph, history = turn.known_graph, turns[:number]
            assert graph is not None
            at = f'{self._told}, turn {number + 1}'
            messages = self._dialect.render_prompt(self._request, graph, history)
            assert messages[: len(before)] == before, (
                f'{at}: a prompt is only ever appended to, and this one is written anew: '
                f'{_first_other(before, messages)}'
            )
            before = messages
            yield at, graph, history, turn, self._read(at, graph, history, 0)

    def _read(self, at: str, graph: SceneGraph, history: Sequence[Turn], since: int) -> Prompt:
        messages = self._dialect.render_prompt(self._request, graph, history, since=since)
        try:
            prompt = self._dialect.parse_prompt(messages, graph)
        except PrismError as error:
            raise AssertionError(f'{at}: the prompt cannot be read back: {error}') from error
        for what, said, read in self._compare(graph, prompt):
            assert said == read, f'{at}: {what} is {said}, and {read} where the prompt is read back'
        told, done = self._done(prompt.history), self._done(history)
        rest = iter(done)  # what failed and brought news is not told where turns are folded
        assert told == done if not since else all(step in rest for step in told), (
            f'{at}: {", ".join(done)} was done, and {", ".join(told)} where the prompt is read back'
        )
        return prompt

    def _done(self, history: Sequence[Turn]) -> list[str]:
        """What was carried out on which nodes, and how it went; numbers may be left to the code."""
        pairs = (pair for turn in history for pair in zip(turn.plan.actions, turn.observations))
        nodes_of = self._domain.table.nodes_of
        return [f'{a.name} {" ".join(nodes_of(a))} {o.status}' for a, o in pairs]

    def _plan(self, at: str, prompt: Prompt) -> Plan:
        try:
            return self._plan_from(self._episode.task, prompt)
        except Exception as error:  # the code of others: anything may come
            raise AssertionError(
                f'{at}: the teacher plans nothing from what the prompt says: {error!r}'
            ) from error

    def _compare(self, graph: SceneGraph, prompt: Prompt) -> Iterator[tuple[str, object, object]]:
        read = prompt.known_graph
        tell = self._dialect.language.tell
        yield 'where the robot is', graph.robot_location, read.robot_location
        yield 'what is known', sorted(graph.nodes), sorted(read.nodes)
        for name, node in graph.nodes.items():
            yield f'the kind of {name}', node.kind, read.nodes[name].kind
            yield f'what is told of {name}', tell(node), tell(read.nodes[name])
            yield f'what {name} is in, on or held by', graph.holder(name), read.holder(name)
        yield 'what is connected', sorted(graph.connections), sorted(read.connections)


def _lose(turn: Turn, graph: SceneGraph, name: str) -> Iterator[Turn]:
    """A turn that shows a node to be gone, one that shows it again, and what comes then."""
    node = graph.nodes[name]
    ways = tuple(c for c in graph.connections.values() if name in c.key)
    gone = GraphUpdate(remove_nodes=(name,))
    again = GraphUpdate(upsert_nodes=(node,), upsert_connections=ways)
    for update in (gone, again, GraphUpdate()):
        yield replace(turn, observations=(Observation(update),), known_graph=graph)
        graph = graph.apply(update)


def _states(episode: Episode) -> Iterator[tuple[SceneGraph, tuple[Turn, ...], Turn]]:
    for index, turn in enumerate(episode.turns):
        assert turn.known_graph is not None
        yield turn.known_graph, episode.turns[:index], turn


def _first_other(before: Sequence[Message], after: Sequence[Message]) -> str:
    """Where two conversations part."""
    for one, other in zip(before, after):
        if one != other:
            lines = zip(one['content'].split('\n'), other['content'].split('\n'))
            said = next(((a, b) for a, b in lines if a != b), (one['content'], other['content']))
            return f'{said[0][:200]!r} has become {said[1][:200]!r}'
    return f'{len(before)} messages have become {len(after)}'


# ---------------------------------------------------------------------------------------- grammars


def _take(grammar: Lark, text: str) -> str:
    """As much of a text as a grammar takes; all of it, too, where nothing can hold it to one."""
    try:
        from prism_core.inference.local.grammar import take_text
    except ImportError:
        return text
    return take_text(grammar, text)
