# SPDX-License-Identifier: Apache-2.0
"""LMPlanner: a planner made of a language model, a dialect, the validator and a few tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from prism_core.dialects.conversation import Dialect, Message
from prism_core.dialects.graph_part import GraphPart, choose_part, find_told
from prism_core.episode.episode import Turn
from prism_core.episode.planner import FindBreaches, RequestCheck, no_breaches, no_question
from prism_core.episode.planner_health import PlannerHealth
from prism_core.episode.planner_progress import Progress, progress_of
from prism_core.episode.requests import all_said
from prism_core.errors import PlannerError, PlanParseError, PlanRejected, PromptTooLong
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.call_stats import CallStats, stats_of
from prism_core.inference.text_model import JsonSchema, TextModel
from prism_core.plan.actions import ActionTable
from prism_core.plan.grammar import Lark
from prism_core.plan.plan import Plan, ask_user
from prism_core.plan.validation import ValidationReport, validate_plan

HeldTo = Literal['schema', 'known', 'nothing']
"""What a reply is held to while it is made: the dialect's JSON Schema, if it has one; plans that
name known nodes of the right kind, by a model that takes `Lark`; nothing.
"""
Doubt = Callable[[Plan, str, SceneGraph, Sequence[Turn]], str]
"""What is odd about a valid plan for a request, a known graph and a history; '' for nothing."""
Hear = Callable[[SceneGraph, Sequence[Turn]], tuple[SceneGraph, Sequence[Turn]]]
"""A known graph and a history as they are told to a model."""
UNREADABLE, SUSPICIOUS = 'unreadable', 'suspicious'
PART_NODES = (96, 48, 24, 12)
"""So many nodes a prompt holds at most where the model cannot hold the whole graph, the first that
fit: as many as the handles that a student was trained on, then fewer.
"""
_REBASE_TURNS = 8
_PART_FRONTIERS = 4
_MOST_TOKEN_CHARS = 16  # no tokenizer of ours makes less than one token of so much text
_LEAST_ACTION_TOKENS = 3


@dataclass(frozen=True)
class Rejected:
    """A reply that was not accepted: to study, never to train on.

    Attributes:
        turn: of the mission, from 0.
        reply: what the model said.
        reason: why it was not accepted, as the model was told.
        kinds: the same for statistics: `unreadable`, `suspicious`, or the kinds of problems of the
            validator.
    """

    turn: int
    reply: str
    reason: str
    kinds: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON."""
        return {**vars(self), 'kinds': list(self.kinds)}


class LMPlanner:
    """Asks a language model, reads its reply, and asks again with the validator's feedback.

    Args:
        model: says the replies.
        dialect: writes prompts and reads replies.
        table: the actions of the robot.
        header: the system message; none for a student.
        tries: so many replies at most for one plan.
        redraw: gives the dialect of a further try by its number, which writes the same prompt in
            other handles; for students, who never saw feedback. Without it the next try is told the
            validator's.
        seed: for models that sample.
        name: as requests and replies use it.
        max_new_tokens: where a reply is cut.
        held_to: what replies are held to while they are made.
        context_tokens: what the model can hold, prompt and reply together; 0 for unknown.
        question_before: what to ask before a request is acted on (see `Domain`); the model is not
            asked then.
        find_breaches: what a valid plan would do that the request forbids; such a reply is not
            accepted, and the next try is told so.
        doubt: what is odd about a valid plan; such a reply is not accepted either.
        hear: what a robot said in words, as the model is told it (see `Language`).
        on_rejected: told each reply that was not accepted; on the thread of the call.

    A plan is a function of the arguments of `plan` as far as the model's replies are one of its
    messages. `stats` is what the last plan took, all its tries together, by a model that tells it.
    Where a prompt is too long for the model, or the dialect cannot tell what was done, it begins
    with the graph of a later turn, and where the graph is too long, the prompt holds the part of it
    that matters; the plan says so in its `notes`.
    Passes `testing.check_planner`.
    """

    def __init__(
        self,
        model: TextModel,
        dialect: Dialect,
        table: ActionTable,
        *,
        header: str = '',
        tries: int = 3,
        redraw: Callable[[int], Dialect] | None = None,
        seed: int = 0,
        name: str = 'lm',
        max_new_tokens: int = 1024,
        held_to: HeldTo = 'schema',
        context_tokens: int = 0,
        question_before: RequestCheck = no_question,
        find_breaches: FindBreaches = no_breaches,
        doubt: Doubt = lambda plan, request, known_graph, history: '',
        hear: Hear = lambda known_graph, history: (known_graph, history),
        on_rejected: Callable[[Rejected], None] | None = None,
    ):
        self.name = name
        self.stats = CallStats()
        self._model = model
        self._dialect = dialect
        self._table = table
        self._header = header
        self._tries = tries
        self._redraw = redraw
        self._seed = seed
        self._max_new_tokens = max_new_tokens
        self._on_rejected = on_rejected or (lambda rejected: None)
        self._cancels = 0
        self._held_to = held_to
        self._context_tokens = context_tokens
        self._question_before, self._doubt, self._hear = question_before, doubt, hear
        self._find_breaches = find_breaches

    @property
    def health(self) -> PlannerHealth:
        """Whether the model can answer."""
        told = getattr(self._model, 'planner_health', None)
        return told or PlannerHealth('ready', model_id=self._model.name)

    @property
    def progress(self) -> Progress:
        """How far the model is with the reply that it writes, where it tells."""
        return progress_of(self._model)

    @property
    def is_remote(self) -> bool:
        """Whether the model is behind a network."""
        return bool(getattr(self._model, 'is_remote', False))

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The next plan, accepted by the validator.

        Raises:
            PlanRejected: no reply held a plan that the validator accepts and nothing is odd about.
            PromptTooLong: the request or the history is too long for the model.
            PlannerError: where the robot is is unknown, or the model gave no reply.
        """
        if known_graph.robot_location is None:
            raise PlannerError('where the robot is is unknown; set the robot location')
        question = self._question_before(request, known_graph)
        if question:
            return ask_user(question, self._table)
        known_graph, history = self._hear(known_graph, history)
        cancels = self._cancels
        self.stats = CallStats()
        dialect, reason = self._dialect, ''
        feedback: list[Message] = []
        for number in range(self._tries):
            if self._cancels > cancels:
                raise PlannerError('planning was canceled')
            if number and self._redraw:
                dialect = self._redraw(number)
            reply, part = self._ask(dialect, request, known_graph, history, feedback)
            self.stats += stats_of(self._model)
            plan, reason, kinds = self._read(dialect, reply, known_graph, part)
            if not reason:
                breaches = tuple(self._find_breaches(plan, request, known_graph, history))
                reason, kinds = _tell(ValidationReport(breaches))
            if not reason:
                reason = self._doubt(plan, request, known_graph, history)
                kinds = (SUSPICIOUS,)
            if not reason:
                return replace(plan, notes=(part.note,)) if part else plan
            self._on_rejected(Rejected(len(history), reply, reason, kinds))
            if not self._redraw:
                feedback += [
                    {'role': 'assistant', 'content': reply},
                    {
                        'role': 'user',
                        'content': f'feedback: {reason}\nreply again in the same form',
                    },
                ]
        raise PlanRejected(f'no plan within {self._tries} tries; the last: {reason}')

    def _ask(
        self,
        dialect: Dialect,
        request: str,
        known_graph: SceneGraph,
        history: Sequence[Turn],
        feedback: list[Message],
    ) -> tuple[str, GraphPart | None]:
        """A reply to the prompt, which begins with the graph of the first turn that fits; and the
        part of the graph that it is about, None for all of it.
        """
        turns = len(history)
        failed: PlannerError | None = None
        for since, part in self._openings(dialect, request, known_graph, history):
            graph = part.graph if part else known_graph
            try:
                return self._complete(dialect, request, graph, history, since, feedback), part
            except (PromptTooLong, _Untold) as error:
                failed = error
        if isinstance(failed, _Untold):
            raise failed
        context = f' of {self._context_tokens} tokens' if self._context_tokens else ''
        raise PromptTooLong(
            f'expected a request and a history that leave room for a map in the context{context} '
            f'of the model, got a request of {len(request)} characters and {turns} turns; shorten '
            'the request, begin a new mission, or take a model with a longer context'
        ) from failed

    def _openings(
        self, dialect: Dialect, request: str, known_graph: SceneGraph, history: Sequence[Turn]
    ) -> Iterator[tuple[int, GraphPart | None]]:
        """What prompts may begin with, as long as they may fit: the turn, and the part of the
        graph.
        """
        if self._may_fit(dialect, request, known_graph, history):
            for since in (0,) if dialect.is_rewritten else _starts(len(history)):
                yield since, None
        for part in _parts(dialect, request, known_graph, history):
            if self._may_fit(dialect, request, part.graph, history):
                yield len(history), part

    def _complete(
        self,
        dialect: Dialect,
        request: str,
        graph: SceneGraph,
        history: Sequence[Turn],
        since: int,
        feedback: list[Message],
    ) -> str:
        """What the model says.

        Raises:
            PromptTooLong: it cannot hold the prompt.
        """
        with _telling(dialect):
            grammar = self._make_grammar(dialect, request, graph, history)
            messages = dialect.render_prompt(
                request, graph, history, since=since, header=self._header
            )
        return self._model.complete(
            [*messages, *feedback],
            grammar=grammar,
            max_new_tokens=self._max_new_tokens,
            seed=self._seed,
        )

    def _may_fit(
        self, dialect: Dialect, request: str, graph: SceneGraph, history: Sequence[Turn]
    ) -> bool:
        """Whether a prompt can fit, by the least that it takes: known before it is written."""
        told = () if dialect.is_rewritten else history
        actions = sum(len(turn.plan.actions) for turn in told)
        least = (
            len(graph.nodes) * dialect.least_node_tokens
            + len(request) // _MOST_TOKEN_CHARS
            + actions * _LEAST_ACTION_TOKENS
        )
        return not self._context_tokens or least < self._context_tokens

    def _make_grammar(
        self, dialect: Dialect, request: str, known_graph: SceneGraph, history: Sequence[Turn]
    ) -> JsonSchema | Lark | None:
        if self._held_to == 'known':
            return dialect.make_grammar(request, known_graph, history)
        schema = dialect.reply_schema
        if self._held_to == 'nothing' or schema is None:
            return None
        return JsonSchema(f'{dialect.name}_reply', schema)

    def cancel(self) -> None:
        """End the running `plan`, which raises PlannerError; from any thread.

        A model is stopped in mid-reply where it has a method `cancel`.
        """
        self._cancels += 1
        getattr(self._model, 'cancel', lambda: None)()

    def close(self) -> None:
        """Free the model."""
        self._model.close()

    def _read(
        self, dialect: Dialect, reply: str, known_graph: SceneGraph, part: GraphPart | None
    ) -> tuple[Plan, str, tuple[str, ...]]:
        """The plan of a reply, why it is not accepted ('' when it is), and the kinds of that."""
        try:
            plan = dialect.parse_reply(reply, part.graph if part else known_graph)
        except PlanParseError as error:
            return Plan(()), f'The reply cannot be read: {error}.', (UNREADABLE,)
        return plan, *_tell(validate_plan(plan, known_graph, self._table))


def _tell(report: ValidationReport) -> tuple[str, tuple[str, ...]]:
    """The feedback of a report, and the kinds of its problems."""
    kinds = dict.fromkeys(problem.kind.value for problem in report.problems)
    return report.feedback, tuple(kinds)


class _Untold(PlannerError):
    """The dialect cannot tell a mission."""


@contextmanager
def _telling(dialect: Dialect) -> Iterator[None]:
    """Whatever a dialect raises on an odd history, no plan came."""
    try:
        yield
    except Exception as error:
        raise _Untold(f"dialect '{dialect.name}' cannot tell this mission: {error!r}") from error


def _starts(turns: int) -> Iterator[int]:
    """The turns that a prompt may begin with, first the first: few, so that prompts of later turns
    mostly begin with the same one, and the model keeps what it has read.
    """
    yield from range(0, max(1, turns), _REBASE_TURNS)
    if turns:
        yield turns


def _parts(
    dialect: Dialect, request: str, known_graph: SceneGraph, history: Sequence[Turn]
) -> Iterator[GraphPart]:
    """The parts of a graph that matter, each smaller than the one before and than the whole."""
    with _telling(dialect):
        said = all_said(request, history)
        spoken_of = dialect.language.find_spoken_of(said, known_graph)
    acted_on, learned = find_told(history, known_graph)
    frontiers = dialect.survey(known_graph, history).frontiers[:_PART_FRONTIERS]
    for max_nodes in PART_NODES:
        if max_nodes < len(known_graph.nodes):
            yield choose_part(
                known_graph,
                max_nodes,
                dialect.language.fit_in_part,
                spoken_of=spoken_of,
                acted_on=acted_on,
                learned=learned,
                frontiers=[frontier.region for frontier in frontiers],
            )
