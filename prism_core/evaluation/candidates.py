# SPDX-License-Identifier: Apache-2.0
"""Candidates: the planners that are evaluated, opened by name, path or file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from prism_core.domain import Domain, open_planner_of
from prism_core.episode.episode import DEFAULT_DOMAIN, Task
from prism_core.episode.planner import Planner
from prism_core.errors import ConfigError
from prism_core.files import hash_file
from prism_core.gguf_info import read_gguf_info, verify_sha256
from prism_core.inference.adapted import AdaptedModel
from prism_core.inference.call_stats import CallStats, Metered
from prism_core.inference.kept_plan import KeepingPlanner
from prism_core.inference.llm_planner import read_llm_planner_config
from prism_core.inference.lm_planner import HeldTo as HeldTo
from prism_core.inference.lm_planner import Rejected
from prism_core.inference.local.adapter_file import SHA256_MARK, Adapter, read_adapters
from prism_core.inference.saycan import (
    SayCanConfig,
    choose_domain,
    make_planner,
    read_saycan_config,
)
from prism_core.inference.saycan import plan_with as plan_saycan_with
from prism_core.inference.student import (
    find_adapters,
    find_domain_of,
    find_student,
    plan_with,
)

TEACHER = 'teacher'
STUDENT = 'student'
SAYCAN = 'saycan'
LLM_PLANNER = 'llm_planner'
_CONTROL = 'control:'
_OF_CHECKPOINTS = 'compact'
Opened = Callable[[Task], Planner]
"""A candidate, ready: gives the planner for a task, the same one for all but the teacher."""


@dataclass(frozen=True)
class Candidate:
    """A planner, and how it is run.

    `planner`: `teacher` (the embedded one, handed what the sentence means), a GGUF file, `student`
    for that of `find_student`, `saycan` (see `make_saycan_planner`), the folder of a checkpoint
    that was taught the compact dialect, the name of a planner, `package.module:factory`, or
    `control:` and the name of a control. The others are for models that run here: what replies are
    held to, the temperature, the seed of what is drawn, how many replies one plan may take.
    `domain`: the name of that for which `student` and `saycan` are looked up. `adapter`: of a GGUF
    file or a student, or of a planner that takes adapters: the file. `keep_plans`: whether
    the rest of a plan is gone on with where nobody has to be asked (see `find_rest`).

    Raises:
        ConfigError: a value is out of its range, or there is no student.
    """

    planner: str
    held_to: HeldTo = 'known'
    temperature: float = 0.0
    seed: int = 0
    tries: int = 3
    domain: str = DEFAULT_DOMAIN
    adapter: str = ''
    keep_plans: bool = False

    def __post_init__(self):
        if self.planner == STUDENT:
            named, *_ = find_adapters([self.adapter]) or ('',)
            object.__setattr__(self, 'adapter', named)
            object.__setattr__(self, 'planner', find_student(self.domain))
        if self.temperature < 0:
            raise ConfigError(f'temperature: expected at least 0, got {self.temperature}')
        if self.tries < 1:
            raise ConfigError(f'tries: expected at least 1, got {self.tries}')

    @property
    def is_gguf(self) -> bool:
        """Whether it is a file that llama.cpp runs."""
        return self.planner.endswith('.gguf')

    @property
    def taught_file(self) -> Path:
        """Of a GGUF file, what holds the weights that were taught: its adapter, or the file."""
        return Path(self.adapter.partition(SHA256_MARK)[0] or self.planner)

    @property
    def is_checkpoint(self) -> bool:
        """Whether it is a folder that transformers runs."""
        return Path(self.planner, 'config.json').exists()

    def describe(self) -> dict[str, Any]:
        """What tells it from others: of a file, what is in it."""
        facts = {'planner': self.planner, 'held_to': self.held_to, 'tries': self.tries}
        if self.is_gguf:
            facts['planner'] = Path(self.planner).name
            facts['sha256'] = hash_file(Path(self.planner))
        if self.adapter:
            facts['adapter'] = self.taught_file.name
            facts['adapter_sha256'] = hash_file(self.taught_file)
        if self.planner == SAYCAN:
            facts['saycan'] = read_saycan_config(self.domain).describe()
        if self.planner == LLM_PLANNER:
            facts['llm_planner'] = read_llm_planner_config().describe()
        if self.keep_plans:
            facts['keep_plans'] = True
        if self.temperature:
            facts |= {'temperature': self.temperature, 'seed': self.seed}
        return facts

    def open(
        self,
        domain: Domain,
        on_rejected: Callable[[Rejected], None] = lambda rejected: None,
        on_call: Callable[[CallStats], None] = lambda stats: None,
    ) -> Opened:
        """Make it ready.

        Args:
            domain: where the tasks are from.
            on_rejected: told each reply of a language model that was not accepted.
            on_call: told what each reply took, of a model that runs here.

        Raises:
            ConfigError: there is no such planner, it is of another domain, or it is no model that
                runs here and has settings of one.
        """
        if not (self.is_gguf or self.is_checkpoint) and self != Candidate(
            self.planner, domain=self.domain, adapter=self.adapter, keep_plans=self.keep_plans
        ):
            raise ConfigError(
                f'{self.planner}: held_to, temperature, seed and tries are settings of models that '
                'run here, expected a GGUF file or the folder of a checkpoint; leave them out'
            )
        is_bound = self.planner in (TEACHER, SAYCAN) or self.planner.startswith(_CONTROL)
        if self.adapter and (is_bound or self.is_checkpoint):
            raise ConfigError(
                f'{self.planner}: it takes no adapter, expected a GGUF file, student or cascade; '
                'leave --adapter out'
            )
        opened = self._open_all(domain, on_rejected, on_call)
        return (lambda task: KeepingPlanner(opened(task), domain)) if self.keep_plans else opened

    def _open_all(
        self,
        domain: Domain,
        on_rejected: Callable[[Rejected], None],
        on_call: Callable[[CallStats], None],
    ) -> Opened:
        if self.planner == TEACHER:
            return domain.make_teacher
        if self.planner.startswith(_CONTROL):
            return partial(_make_control, domain, self.planner.removeprefix(_CONTROL))
        planner = self._open(domain, on_rejected, on_call)
        return lambda task: planner

    def _open(
        self,
        domain: Domain,
        on_rejected: Callable[[Rejected], None],
        on_call: Callable[[CallStats], None],
    ) -> Planner:
        if self.planner == SAYCAN:
            return _make_saycan(domain, read_saycan_config(domain.name), on_call)
        model: Any
        context_tokens = 0
        if self.is_gguf:
            info = read_gguf_info(Path(self.planner))
            adapters = read_adapters([self.adapter] if self.adapter else [], info)
            taught = adapters[0].info if adapters else info
            find_domain_of(taught, domain)
            dialect, context_tokens = taught.metadata.dialect, info.context_tokens
            model = self._load(adapters)
        elif self.is_checkpoint:
            from prism_core.inference.local.transformers_model import TransformersModel

            dialect = _OF_CHECKPOINTS
            model = TransformersModel(self.planner, temperature=self.temperature)
        else:
            return open_planner_of(domain, self.planner, [self.adapter] if self.adapter else [])
        return plan_with(
            Metered(model, on_call),
            domain,
            dialect,
            tries=self.tries,
            seed=self.seed,
            name=Path(self.planner).stem,
            held_to=self.held_to,
            context_tokens=context_tokens,
            on_rejected=on_rejected,
        )

    def _load(self, adapters: Sequence[Adapter]) -> Any:
        """The model of a GGUF file, with an adapter if there is one."""
        from prism_core.inference.local.llama_cpp import LlamaCppModel

        files = {adapter.name: adapter.info.path for adapter in adapters}
        for adapter in adapters:
            adapter.check_base(Path(self.planner), hash_file(Path(self.planner)))
            if adapter.sha256:
                adapter.check_file()
            else:
                verify_sha256(adapter.info.path)
        model = LlamaCppModel(self.planner, threads=1, temperature=self.temperature, adapters=files)
        return AdaptedModel(model, adapters[0].name) if adapters else model


def _make_control(domain: Domain, name: str, task: Task) -> Planner:
    return domain.make_control(name, task)


def _make_saycan(
    domain: Domain, config: SayCanConfig, on_call: Callable[[CallStats], None]
) -> Planner:
    """SayCan; a model in a file runs in this process, as students do here."""
    if config.endpoint is not None:
        return make_planner(config, domain)
    from prism_core.inference.local.llama_cpp import LlamaCppModel

    info = read_gguf_info(Path(config.file))
    choose_domain(info, config, domain)
    model = LlamaCppModel(
        config.file, threads=config.threads or 1, context_tokens=config.context_tokens, plain=True
    )
    return plan_saycan_with(Metered(model, on_call), domain, config, info)
