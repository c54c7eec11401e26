"""LMPlanner: a planner made of a language model, a dialect, the validator and a few tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from prism_core.actions import ActionTable
from prism_core.conversation import Dialect, Message
from prism_core.episode import Turn
from prism_core.errors import PlannerError, PlanParseError, PlanRejected, PromptTooLong
from prism_core.grammar import Lark
from prism_core.inference.text_model import JsonSchema, TextModel
from prism_core.plan import Plan
from prism_core.planner import RequestCheck, no_question
from prism_core.reasons import make_question
from prism_core.scene_graph import SceneGraph
from prism_core.validation import validate_plan

HeldTo = Literal['schema', 'known', 'nothing']
"""What a reply is held to while it is made: the dialect's JSON Schema, if it has one; plans that
name known nodes of the right kind, by a model that takes `Lark`; nothing.
"""
Doubt = Callable[[Plan, str, SceneGraph, Sequence[Turn]], str]
"""What is odd about a valid plan for a request, a known graph and a history; '' for nothing."""
UNREADABLE, SUSPICIOUS = 'unreadable', 'suspicious'
_REBASE_TURNS = 8


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
        question_before: what to ask before a request is acted on (see `Domain`); the model is not
            asked then.
        doubt: what is odd about a valid plan; such a reply is not accepted either.
        on_rejected: told each reply that was not accepted; on the thread of the call.

    A plan is a function of the arguments of `plan` as far as the model's replies are one of its
    messages. Where a prompt is too long for the model, it begins with the graph of a later turn.
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
        question_before: RequestCheck = no_question,
        doubt: Doubt = lambda plan, request, known_graph, history: '',
        on_rejected: Callable[[Rejected], None] | None = None,
    ):
        self.name = name
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
        self._question_before, self._doubt = question_before, doubt

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The next plan, accepted by the validator.

        Raises:
            PlanRejected: no reply held a plan that the validator accepts and nothing is odd about.
            PromptTooLong: the known graph alone is too long for the model.
            PlannerError: where the robot is is unknown, or the model gave no reply.
        """
        if known_graph.robot_location is None:
            raise PlannerError('where the robot is is unknown; set the robot location')
        question = self._question_before(request, known_graph)
        if question:
            return make_question(question, known_graph)
        cancels = self._cancels
        dialect, reason = self._dialect, ''
        feedback: list[Message] = []
        for number in range(self._tries):
            if self._cancels > cancels:
                raise PlannerError('planning was canceled')
            if number and self._redraw:
                dialect = self._redraw(number)
            reply = self._ask(dialect, request, known_graph, history, feedback)
            plan, reason, kinds = self._read(dialect, reply, known_graph)
            if not reason:
                reason = self._doubt(plan, request, known_graph, history)
                kinds = (SUSPICIOUS,)
            if not reason:
                return plan
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
    ) -> str:
        """A reply to the prompt, which begins with the graph of the first turn that fits."""
        grammar = self._make_grammar(dialect, request, known_graph, history)
        for since in _starts(len(history)):
            messages = dialect.render_prompt(
                request, known_graph, history, since=since, header=self._header
            )
            try:
                return self._model.complete(
                    [*messages, *feedback],
                    grammar=grammar,
                    max_new_tokens=self._max_new_tokens,
                    seed=self._seed,
                )
            except PromptTooLong as error:
                too_long = error
        raise too_long

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
        self, dialect: Dialect, reply: str, known_graph: SceneGraph
    ) -> tuple[Plan, str, tuple[str, ...]]:
        """The plan of a reply, why it is not accepted ('' when it is), and the kinds of that."""
        try:
            plan = dialect.parse_reply(reply, known_graph)
        except PlanParseError as error:
            return Plan(()), f'The reply cannot be read: {error}.', (UNREADABLE,)
        report = validate_plan(plan, known_graph, self._table)
        kinds = dict.fromkeys(problem.kind.value for problem in report.problems)
        return plan, report.feedback, tuple(kinds)


def _starts(turns: int) -> Iterator[int]:
    """The turns that a prompt may begin with, first the first: few, so that prompts of later turns
    mostly begin with the same one, and the model keeps what it has read.
    """
    yield from range(0, max(1, turns), _REBASE_TURNS)
    if turns:
        yield turns
