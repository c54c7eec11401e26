"""LMPlanner: a planner made of a language model, a dialect, the validator and a few tries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prism_core.actions import ActionTable
from prism_core.conversation import Dialect
from prism_core.episode import Turn
from prism_core.errors import PlannerError, PlanParseError, PlanRejected
from prism_core.inference.text_model import JsonSchema, TextModel
from prism_core.plan import Plan
from prism_core.scene_graph import SceneGraph
from prism_core.validation import validate_plan


@dataclass(frozen=True)
class Rejected:
    """A reply that was not accepted: to study, never to train on.

    Attributes:
        turn: of the mission, from 0.
        reply: what the model said.
        reason: why it was not accepted, as the model was told.
    """

    turn: int
    reply: str
    reason: str


class LMPlanner:
    """Asks a language model, reads its reply, and asks again with the validator's feedback.

    Args:
        model: says the replies.
        dialect: writes prompts and reads replies.
        table: the actions of the robot.
        header: the system message; none for a student.
        tries: so many replies at most for one plan.
        seed: for models that sample.
        name: as requests and replies use it.
        max_new_tokens: where a reply is cut.
        on_rejected: told each reply that was not accepted; on the thread of the call.

    A plan is a function of the arguments of `plan` as far as the model's replies are one of its
    messages. Passes `testing.check_planner`.
    """

    def __init__(
        self,
        model: TextModel,
        dialect: Dialect,
        table: ActionTable,
        *,
        header: str = '',
        tries: int = 3,
        seed: int = 0,
        name: str = 'lm',
        max_new_tokens: int = 1024,
        on_rejected: Callable[[Rejected], None] | None = None,
    ):
        self.name = name
        self._model = model
        self._dialect = dialect
        self._table = table
        self._header = header
        self._tries = tries
        self._seed = seed
        self._max_new_tokens = max_new_tokens
        self._on_rejected = on_rejected or (lambda rejected: None)
        schema = dialect.reply_schema
        self._grammar = None if schema is None else JsonSchema(f'{dialect.name}_reply', schema)

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The next plan, accepted by the validator.

        Raises:
            PlanRejected: no reply held a plan that the validator accepts.
            PlannerError: where the robot is is unknown, or the model gave no reply.
        """
        if known_graph.robot_location is None:
            raise PlannerError('where the robot is is unknown; set the robot location')
        messages = self._dialect.render_prompt(request, known_graph, history, header=self._header)
        reason = ''
        for _ in range(self._tries):
            reply = self._model.complete(
                messages,
                grammar=self._grammar,
                max_new_tokens=self._max_new_tokens,
                seed=self._seed,
            )
            plan, reason = self._read(reply, known_graph)
            if not reason:
                return plan
            self._on_rejected(Rejected(len(history), reply, reason))
            messages += [
                {'role': 'assistant', 'content': reply},
                {'role': 'user', 'content': f'feedback: {reason}\nreply again in the same form'},
            ]
        raise PlanRejected(f'no plan within {self._tries} tries; the last: {reason}')

    def close(self) -> None:
        """Free the model."""
        self._model.close()

    def _read(self, reply: str, known_graph: SceneGraph) -> tuple[Plan, str]:
        """The plan of a reply, and why it is not accepted ('' when it is)."""
        try:
            plan = self._dialect.parse_reply(reply, known_graph)
        except PlanParseError as error:
            return Plan(()), f'The reply cannot be read: {error}.'
        return plan, validate_plan(plan, known_graph, self._table).feedback
