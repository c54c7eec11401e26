# SPDX-License-Identifier: Apache-2.0
"""SayCan (arXiv 2204.01691): of what the robot can do now, the step that a language model finds
likeliest, weighed by how likely it is to succeed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from prism_core.episode.episode import Turn
from prism_core.episode.planner import RequestCheck, no_question
from prism_core.episode.planner_health import PlannerHealth
from prism_core.errors import PlannerError, PlanParseError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.call_stats import CallStats, stats_of
from prism_core.inference.saycan_wording import Opening, Wording
from prism_core.inference.text_model import Score, ScoringModel
from prism_core.plan.actions import Action, ActionTable, Role
from prism_core.plan.plan import Plan, ask_user
from prism_core.plan.validation import validate_plan

Afford = Callable[[SceneGraph, Sequence[Turn]], Mapping[Action, float]]
"""What can be done next on a known graph after a history, in a fixed order, and for each action how
likely it is to succeed, from 0 to 1. 0 stands for impossible, and so does an action left out.
"""
Normalise = Literal['sum', 'mean']
"""How the logarithms of the probabilities of its tokens make up the likelihood of a step."""
NORMALISE: Normalise = 'sum'
"""By the mean an untaught model never ended: the end is short, and its tokens are all of its own
(174 states of the tabletop, SmolLM2-135M; see docs/teachers.md).
"""


class SayCanPlanner:
    """Plans one step: the one with the highest product of likelihood and affordance, the first of
    several. Behind a step that only drives the robot somewhere it goes on to one more.

    Args:
        model: says how likely steps are.
        wording: how it is asked.
        table: the actions of the robot.
        afford: what can be done.
        normalise: NORMALISE by default.
        done: the affordance of an action that reports the end, where it is possible; None for what
            `afford` says (0.2 in SayCan's notebook).
        name: as requests and replies use it.
        question_before: what to ask before a request is acted on (see `Domain`).

    A plan is a function of the arguments of `plan` as far as the scores of the model are one of its
    prompt; those of a quantised model differ in the first decimal with what it read at once.
    `stats` is what the last plan took, by a model that tells it. Passes `testing.check_planner`.
    """

    def __init__(
        self,
        model: ScoringModel,
        wording: Wording,
        table: ActionTable,
        afford: Afford,
        *,
        normalise: Normalise = NORMALISE,
        done: float | None = None,
        name: str = 'saycan',
        question_before: RequestCheck = no_question,
    ):
        self.name = name
        self.stats = CallStats()
        self._model, self._wording = model, wording
        self._table, self._afford = table, afford
        self._normalise, self._done = normalise, done
        self._question_before = question_before
        self._cancels = 0

    @property
    def health(self) -> PlannerHealth:
        """Whether the model can answer."""
        told = getattr(self._model, 'planner_health', None)
        return told or PlannerHealth('ready', model_id=self._model.name)

    @property
    def is_remote(self) -> bool:
        """Whether the model is behind a network."""
        return bool(getattr(self._model, 'is_remote', False))

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The next step.

        Raises:
            PromptTooLong: the request or the history is too long for the model.
            PlannerError: nothing can be done, or the model gave no scores.
        """
        try:
            question = self._question_before(request, known_graph)
            if question:
                return ask_user(question, self._table)
            return self._plan(request, known_graph, history)
        except PlannerError:
            raise
        except Exception as error:  # of a domain or a dialect, on what it did not foresee
            raise PlannerError(f'the next step cannot be chosen: {error!r}') from error

    def cancel(self) -> None:
        """End the running `plan`, which raises PlannerError; from any thread."""
        self._cancels += 1
        getattr(self._model, 'cancel', lambda: None)()

    def close(self) -> None:
        """Free the model."""
        self._model.close()

    def _plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        cancels, self.stats = self._cancels, CallStats()
        affordances = self._find_possible((), known_graph, known_graph, history)
        if not affordances:
            raise PlannerError('nothing can be done now, not even to report or to ask')
        opening = self._wording.open(request, known_graph, history)
        self.stats += stats_of(self._model)
        steps: tuple[Action, ...] = ()
        graph = known_graph
        while affordances:
            if self._cancels > cancels:
                raise PlannerError('planning was canceled')
            step = self._choose(opening, steps, affordances, known_graph)
            steps += (step,)
            if self._table[step.name].role is not Role.DRIVE or len(steps) > 1:
                break
            graph = graph.at(self._table.nodes_of(step)[0])
            affordances = self._find_possible(steps, graph, known_graph, history)
        names = (name for step in steps for name in self._table.nodes_of(step))
        return Plan(steps, opening.goal, tuple(dict.fromkeys(names)))

    def _find_possible(
        self,
        steps: tuple[Action, ...],
        graph: SceneGraph,
        known_graph: SceneGraph,
        history: Sequence[Turn],
    ) -> dict[Action, float]:
        """What can be done behind some steps, once the graph is like this. Nobody drives twice."""
        possible = {}
        for action, affordance in self._afford(graph, history).items():
            if not 0 <= affordance <= 1:
                raise PlannerError(
                    f'{action}: expected an affordance from 0 to 1, got {affordance}'
                )
            spec = self._table.get(action.name)
            if affordance == 0 or spec is None or spec.role is Role.STAND_IN:
                continue
            if steps and spec.role is Role.DRIVE:
                continue
            if self._done is not None and spec.role is Role.REPORT:
                affordance = self._done
            if validate_plan(Plan((*steps, action)), known_graph, self._table).is_valid:
                possible[action] = affordance
        return possible

    def _choose(
        self,
        opening: Opening,
        steps: tuple[Action, ...],
        affordances: Mapping[Action, float],
        known_graph: SceneGraph,
    ) -> Action:
        """The best action."""
        texts = {}
        for action in affordances:
            try:
                texts[action] = self._wording.say((*steps, action), opening, known_graph)
            except PlanParseError:  # the model has no words for it
                continue
        if not texts:
            raise PlannerError('what can be done now cannot be said to the model')
        if len(texts) == 1:
            return next(iter(texts))
        said = list(texts.values())
        begun = _find_beginning(said)
        scores = self._model.score(
            opening.prompt, [text[len(begun) :] for text in said], begun=begun
        )
        self.stats += stats_of(self._model)
        values = {
            action: self._weigh(score) + _logarithm(affordances[action])
            for action, score in zip(texts, scores)
        }
        return max(values, key=values.__getitem__)

    def _weigh(self, score: Score) -> float:
        if self._normalise == 'sum':
            return score.log_probability
        return score.log_probability / score.tokens


def _logarithm(value: float) -> float:
    return math.log(value) if value else -math.inf


def _find_beginning(texts: Sequence[str]) -> str:
    """What all texts begin with; less than the whole of any."""
    first, last = min(texts), max(texts)
    pairs = zip(first, last[: min(map(len, texts)) - 1])
    shared = next((index for index, (a, b) in enumerate(pairs) if a != b), None)
    return first[: min(map(len, texts)) - 1 if shared is None else shared]
