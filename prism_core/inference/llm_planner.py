# SPDX-License-Identifier: Apache-2.0
"""LLM-Planner (arXiv 2212.04088): a language model goes on with a plan behind the plans of the
requests that are most like the one that is made; and again, told what failed and what is seen.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from prism_core.config_file import read_config
from prism_core.domain import Domain, find_domain
from prism_core.domain.examples import ExampleBank, PlanExample, PlanForm
from prism_core.episode.episode import DEFAULT_DOMAIN, Turn
from prism_core.episode.planner_health import PlannerHealth
from prism_core.episode.planner_progress import Progress, progress_of
from prism_core.errors import ConfigError, PlannerError, PromptTooLong
from prism_core.files import hash_file, read_text
from prism_core.gguf_info import read_gguf_info
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.call_stats import CallStats
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.inference.lm_planner import LMPlanner
from prism_core.inference.student import PYTHON_VARIABLE, StudentConfig, make_engine
from prism_core.inference.text_model import TextModel
from prism_core.plan.plan import Plan

CONFIG_VARIABLE = 'PRISM_LLM_PLANNER_CONFIG'
MAX_NEW_TOKENS = 384
"""Where a reply of a model in a file is cut: the longest plan of ALFRED's training split has 27
steps of a dozen tokens.
"""


class NearExamples(Protocol):
    """Examples of which the nearest are asked for."""

    def find_nearest(self, request: str, number: int) -> list[PlanExample]:
        """The nearest ones, the nearest first.

        Raises:
            PlannerError: they cannot be told.
        """

    def close(self) -> None:
        """Free what it holds."""


@dataclass(frozen=True)
class LlmPlannerConfig:
    """What goes on with plans, and what it is shown.

    Attributes:
        model: GGUF file of a model that talks, with a chat template; or
        endpoint: asked instead of a file.
        domain: where it plans, if nothing else says it.
        bank: file of examples in the domain's form; '' for those that come with the domain.
        examples: so many of them are shown, the nearest; 9 in LLM-Planner.
        embeddings: the endpoint and the model by whose vectors of sentences examples are near;
            None for TF-IDF of their words.
        tries: so many replies at most for one plan; each is told what was wrong with the last.
        context_tokens: of a file: prompt and reply together, at most; 0 for all that it was made
            for.
        threads: of a file: 0 for one less than the process may use, or one for a small one.

    Raises:
        ConfigError: a value is out of its range.
    """

    model: str = ''
    endpoint: TeacherConfig | None = None
    domain: str = ''
    bank: str = ''
    examples: int = 9
    embeddings: TeacherConfig | None = None
    tries: int = 3
    context_tokens: int = 8192
    threads: int = 0

    def __post_init__(self):
        if bool(self.model) == (self.endpoint is not None):
            raise ConfigError(
                f'model, endpoint: expected one of them, got {"both" if self.model else "neither"}'
            )
        if not 1 <= self.examples <= 64:
            raise ConfigError(f'examples: expected 1 to 64, got {self.examples}')
        if not 1 <= self.tries <= 16:
            raise ConfigError(f'tries: expected 1 to 16, got {self.tries}')

    def describe(self) -> dict[str, Any]:
        """What tells its plans from others: what is asked, and what it is shown."""
        facts: dict[str, Any] = {'examples': self.examples, 'tries': self.tries}
        facts['near_by'] = self.embeddings.model if self.embeddings else 'tf-idf'
        if self.bank:
            facts |= {'bank': Path(self.bank).name, 'bank_sha256': hash_file(Path(self.bank))}
        if self.endpoint is not None:
            return {**facts, 'model': self.endpoint.model}
        return {**facts, 'model': Path(self.model).name, 'sha256': hash_file(Path(self.model))}


class LlmPlanner:
    """Shows a model the nearest examples and reads its reply as a plan on what is known.

    Args:
        model: goes on with plans.
        domain: where it plans.
        form: how that is told.
        bank: what it is shown.
        examples: so many; fewer where the context holds no more.
        tries: see `LlmPlannerConfig`.
        max_new_tokens: where a reply is cut.
        name: as requests and replies use it.

    A plan is a function of the arguments of `plan` as far as the model's replies are one of its
    messages. `stats` is what the last plan took, by a model that tells it. Passes
    `testing.check_planner`.
    """

    def __init__(
        self,
        model: TextModel,
        domain: Domain,
        form: PlanForm,
        bank: NearExamples,
        *,
        examples: int = 9,
        tries: int = 3,
        max_new_tokens: int = MAX_NEW_TOKENS,
        name: str = 'llm_planner',
    ):
        self.name = name
        self.stats = CallStats()
        self._model, self._domain, self._form, self._bank = model, domain, form, bank
        self._examples, self._tries, self._max_new_tokens = examples, tries, max_new_tokens
        self._asking: LMPlanner | None = None

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
        """The next plan.

        Raises:
            PlanRejected: no reply held a plan of which the first step can be done.
            PromptTooLong: not even one example fits the model's context.
            PlannerError: where the robot is is unknown, the examples cannot be told, or the model
                gave no reply.
        """
        try:
            near = self._bank.find_nearest(self._form.goal_of(request), self._examples)
        except PlannerError:
            raise
        except Exception as error:  # of a domain, on what it did not foresee
            raise PlannerError(f'the nearest examples cannot be told: {error!r}') from error
        while True:
            planner = self._asking = self._make_planner(near)
            try:
                return planner.plan(request, known_graph, history)
            except PromptTooLong:
                if len(near) == 1:
                    raise
                near = near[: len(near) // 2]
            finally:
                self.stats = planner.stats

    def _make_planner(self, near: Sequence[PlanExample]) -> LMPlanner:
        domain = self._domain
        return LMPlanner(
            self._model,
            self._form.make_dialect(near),
            domain.table,
            tries=self._tries,
            name=self.name,
            max_new_tokens=self._max_new_tokens,
            held_to='known',
            question_before=domain.question_before,
            find_breaches=domain.find_breaches,
            hear=domain.language.hear,
        )

    def cancel(self) -> None:
        """End the running `plan`, which raises PlannerError; from any thread."""
        if self._asking is not None:
            self._asking.cancel()

    def close(self) -> None:
        """Free the model and the bank."""
        self._model.close()
        self._bank.close()


class EmbeddedBank:
    """Examples that are near where an endpoint's vectors of their requests are.

    Args:
        examples: at least one.
        model: an `EmbeddingApi`; its first call embeds all examples.
    """

    def __init__(self, examples: Sequence[PlanExample], model: Any):
        self._examples, self._model = examples, model
        self._vectors: list[list[float]] = []
        self._lock = threading.Lock()

    def find_nearest(self, request: str, number: int) -> list[PlanExample]:
        """The nearest examples by the cosine, the nearest first; of equal ones the first.

        Raises:
            PlannerError: the endpoint gave no vectors, or some of another length.
        """
        with self._lock:
            if not self._vectors:
                told = self._model.embed([example.request for example in self._examples])
                self._vectors = list(map(_scale, told))
        (asked,) = map(_scale, self._model.embed([request]))
        if len(asked) != len(self._vectors[0]):
            raise PlannerError(
                f'expected a vector of {len(self._vectors[0])} numbers as for the examples, got '
                f'one of {len(asked)}'
            )
        likeness = [sum(a * b for a, b in zip(asked, vector)) for vector in self._vectors]
        order = sorted(range(len(likeness)), key=lambda place: -likeness[place])
        return [self._examples[place] for place in order[:number]]

    def close(self) -> None:
        """Drop the connections."""
        self._model.close()


def _scale(vector: Sequence[float]) -> list[float]:
    length = math.hypot(*vector) or 1.0
    return [value / length for value in vector]


def make_llm_planner(domain: Domain | None = None, spare_bytes: int = 0) -> LlmPlanner:
    """LLM-Planner in a domain; entry point `llm_planner` of group `prism.planners`. `spare_bytes`
    is that of `StudentConfig`.

    The environment variable PRISM_LLM_PLANNER_CONFIG names its settings, such as
    `config/llm_planner/openai.yaml`.

    Raises:
        ConfigError: the variable is not set, the settings or the model cannot be used, or the
            domain has no form for examples.
        OutOfMemory: the model does not fit into memory.
    """
    return make_planner(read_llm_planner_config(), domain, spare_bytes)


def read_llm_planner_config() -> LlmPlannerConfig:
    """The settings that PRISM_LLM_PLANNER_CONFIG names.

    Raises:
        ConfigError: it names none, or the file cannot be used.
    """
    path = os.environ.get(CONFIG_VARIABLE, '')
    if not path:
        raise ConfigError(
            f'the environment variable {CONFIG_VARIABLE} is not set; let it name a file such as '
            'config/llm_planner/openai.yaml'
        )
    return read_config(Path(path), LlmPlannerConfig)


def make_planner(
    config: LlmPlannerConfig, domain: Domain | None = None, spare_bytes: int = 0
) -> LlmPlanner:
    """A planner on an endpoint, or on a GGUF file in a child process; see `make_llm_planner`."""
    domain = domain or find_domain(config.domain or DEFAULT_DOMAIN)
    form = domain.make_plan_form()
    bank = open_bank(config, form)
    most_tokens = MAX_NEW_TOKENS
    if config.endpoint is not None:
        from prism_core.inference.endpoint.teacher_api import (
            ApiModel,  # the client takes a second to import
        )

        model: TextModel = ApiModel(config.endpoint)
        most_tokens = config.endpoint.max_new_tokens
    else:
        student = StudentConfig(
            config.model,
            python=os.environ.get(PYTHON_VARIABLE, ''),
            context_tokens=config.context_tokens,
            threads=config.threads,
            spare_bytes=spare_bytes,
        )
        model = make_engine(student, read_gguf_info(Path(config.model), verify=False))
    return LlmPlanner(
        model,
        domain,
        form,
        bank,
        examples=config.examples,
        tries=config.tries,
        max_new_tokens=most_tokens,
    )


def open_bank(config: LlmPlannerConfig, form: PlanForm) -> NearExamples:
    """The examples of the settings.

    Raises:
        ConfigError: their file cannot be used.
    """
    examples = form.examples
    if config.bank:
        examples = form.read_examples(read_text(Path(config.bank)), config.bank)
    if config.embeddings is None:
        return ExampleBank(examples)
    from prism_core.inference.endpoint.embedding_api import (
        EmbeddingApi,  # the client takes a second to import
    )

    return EmbeddedBank(examples, EmbeddingApi(config.embeddings))
