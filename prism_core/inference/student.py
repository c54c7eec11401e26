# SPDX-License-Identifier: Apache-2.0
"""The student as a planner: a GGUF file that says what it reads and writes, or a base with adapters
that do, in an engine child.

The planner node names it `student`. Nothing of the runtime is imported on this side.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prism_core.domain import Domain, domain_named
from prism_core.episode.episode import DEFAULT_DOMAIN, Turn
from prism_core.errors import ConfigError
from prism_core.gguf_info import GgufInfo, hash_action_table, read_gguf_info
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.adapted import AdaptedModel, AdaptedPlanner
from prism_core.inference.child.engine import EngineConfig, EngineModel
from prism_core.inference.lm_planner import LMPlanner
from prism_core.inference.local.adapter_file import read_adapters
from prism_core.inference.local.model_file import MODELS, SHA256_VARIABLE
from prism_core.inference.suspicion import suspect
from prism_core.inference.text_model import TextModel
from prism_core.plan.plan import Plan

MODEL_VARIABLE = 'PRISM_STUDENT_MODEL'
ADAPTERS_VARIABLE = 'PRISM_STUDENT_ADAPTERS'
"""Names files of adapters, with `:` between them as in PATH."""
PYTHON_VARIABLE = 'PRISM_ENGINE_PYTHON'
MAX_NEW_TOKENS = 256
"""Where a reply is cut; the grammar of the compact dialect ends sooner."""
_RUNTIME = 'prism_core.inference.local.load_student:load_student'
_CACHE_VALUE_BYTES = 2  # of keys and values of the context, 16 bits each
_SMALL_BYTES = 32 * 2**20
_RUNTIME_BYTES = 128 * 2**20  # buffers and the interpreter: a guess on the safe side


@dataclass(frozen=True)
class StudentConfig:
    """How a student is run.

    Attributes:
        model: GGUF file.
        python: interpreter of the engine child; '' for this one.
        context_tokens: prompt and reply together, at most; 0 for all that the model was made for.
        threads: 0 for one less than the process may use, or one for a small model.
        sha256: of the file; '' for what is known of it otherwise, see `model_file`.
        adapters: files of adapters, as `read_adapters` takes them; the first plans where a request
            names none. '' as the first stands for the base alone.
        spare_bytes: memory that has to stay available when the model is loaded.
    """

    model: str
    python: str = ''
    context_tokens: int = 8192
    threads: int = 0
    sha256: str = ''
    adapters: tuple[str, ...] = ()
    spare_bytes: int = 0


def make_student_planner(
    domain: Domain | None = None, adapters: Sequence[str] = (), spare_bytes: int = 0
) -> LMPlanner | AdaptedPlanner:
    """The student; entry point `student` of group `prism.planners`.

    `domain` is whose actions it has to plan with; None for those that it was taught. `adapters` are
    those of `StudentConfig`, () for what PRISM_STUDENT_ADAPTERS names; and so is `spare_bytes`. The
    environment variable PRISM_STUDENT_MODEL names its GGUF file, the bundled one otherwise;
    PRISM_STUDENT_SHA256 the sha256 that it must have, and PRISM_ENGINE_PYTHON the interpreter that
    has the runtime, this one otherwise. The files are checked and loaded in the background.

    Raises:
        ConfigError: there is no file, or it is no student that this version can run.
        OutOfMemory: it does not fit into memory.
    """
    return make_planner(
        StudentConfig(
            find_student(domain.name if domain else DEFAULT_DOMAIN),
            python=os.environ.get(PYTHON_VARIABLE, ''),
            sha256=os.environ.get(SHA256_VARIABLE, ''),
            adapters=find_adapters(adapters),
            spare_bytes=spare_bytes,
        ),
        domain,
    )


def find_student(domain: str = DEFAULT_DOMAIN) -> str:
    """The GGUF file that PRISM_STUDENT_MODEL names, that which is bundled for a domain otherwise.

    Raises:
        ConfigError: none is named and none is bundled.
    """
    return os.environ.get(MODEL_VARIABLE, '') or find_bundled(domain)


def find_adapters(named: Sequence[str] = ()) -> tuple[str, ...]:
    """The adapters that are named, or those of PRISM_STUDENT_ADAPTERS; none where all are ''."""
    entries = [entry.strip() for entry in named]
    if not any(entries):
        entries = os.environ.get(ADAPTERS_VARIABLE, '').split(os.pathsep)
    return tuple(entries) if any(entries) else ()


def make_planner(config: StudentConfig, domain: Domain | None = None) -> LMPlanner | AdaptedPlanner:
    """A planner on a student's GGUF file, with the actions of a domain or of what it was taught.

    Raises:
        ConfigError: a file is no student or adapter that this version can run.
        OutOfMemory: it does not fit into memory.
    """
    info = read_student(Path(config.model))
    taught = read_taught(config, info)
    for file in taught.values():
        domain = find_domain_of(file, domain)
    assert domain is not None  # noqa: S101 - there is a file at least
    engine = make_engine(config, info)
    planners = {
        adapter: plan_with(
            AdaptedModel(engine, adapter) if adapter else engine,
            domain,
            file.metadata.dialect,
            name='student',
            context_tokens=choose_context(config.context_tokens, info),
        )
        for adapter, file in taught.items()
    }
    return AdaptedPlanner(planners) if config.adapters else planners['']


def read_student(path: Path) -> GgufInfo:
    """The head of a student's file, or of its base.

    Raises:
        ConfigError: it cannot be read, or it is an adapter.
    """
    info = read_gguf_info(path, verify=False)
    if info.is_adapter:
        raise ConfigError(
            f'{path}: expected a model, got an adapter; let {MODEL_VARIABLE} name its base, and '
            f'{ADAPTERS_VARIABLE} the adapter'
        )
    return info


def read_taught(config: StudentConfig, info: GgufInfo) -> dict[str, GgufInfo]:
    """The files that say what was taught, by the name of their adapter; '' for the student's own.

    Raises:
        ConfigError: a file cannot be read, or is no adapter of this student.
    """
    first, *others = config.adapters or ('',)
    if '' in others:
        raise ConfigError(
            f"adapters: expected '' at the first place or nowhere, got {list(config.adapters)}"
        )
    alone = {} if first else {'': info}
    found = read_adapters([entry for entry in (first, *others) if entry], info)
    return {**alone, **{adapter.name: adapter.info for adapter in found}}


def plan_with(model: TextModel, domain: Domain, dialect: str, **settings: Any) -> LMPlanner:
    """A planner on a model that was taught a dialect: held to what is known, and asked again in
    other handles.

    Args:
        model: says the replies.
        domain: whose actions it plans with.
        dialect: the name of what it was taught.
        settings: of `LMPlanner`, where they shall be others.
    """

    def doubt(plan: Plan, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> str:
        return suspect(plan, request, known_graph, history, domain.table, domain.vocabulary)

    usual = {
        'max_new_tokens': MAX_NEW_TOKENS,
        'held_to': 'known',
        'question_before': domain.question_before,
        'find_breaches': domain.find_breaches,
    }
    return LMPlanner(
        model,
        domain.make_dialect(dialect),
        domain.table,
        redraw=lambda number: domain.make_dialect(dialect, number),
        doubt=doubt,
        hear=domain.language.hear,
        **{**usual, **settings},
    )


def make_engine(config: StudentConfig, info: GgufInfo, *, plain: bool = False) -> EngineModel:
    """The model of a GGUF file in a child process, which checks and loads it in the background.

    Args:
        config: the file, and how it is run.
        info: of the file.
        plain: whether it may have no chat template (see `LlamaCppModel`).

    Raises:
        OutOfMemory: it does not fit into memory.
    """
    context = choose_context(config.context_tokens, info)
    name = info.metadata.name or info.path.stem
    adapters = read_adapters([entry for entry in config.adapters if entry], info)
    settings = {
        'path': str(info.path.absolute()),
        'sha256': config.sha256,
        'adapters': [adapter.entry for adapter in adapters],
        'context_tokens': context,
        'threads': choose_threads(config.threads, info),
        'name': name,
        'plain': plain,
    }
    engine = EngineModel(
        EngineConfig(
            _RUNTIME,
            settings,
            name=name,
            python=config.python,
            needed_bytes=estimate_bytes(info, context, [adapter.info for adapter in adapters]),
            spare_bytes=config.spare_bytes,
        )
    )
    engine.start()
    return engine


def choose_context(asked: int, info: GgufInfo) -> int:
    """So many tokens as were asked for, and no more than the model was made for, where that is
    known; 0 stands for all.
    """
    known = [tokens for tokens in (asked, info.context_tokens) if tokens]
    return min(known, default=0)


def choose_threads(asked: int, info: GgufInfo) -> int:
    """Those that were asked for; else one for a small model, and all but one core for others.

    Threads of llama.cpp spin while they wait for each other: where one of them has no core because
    a robot's other work is on it, all of them wait. With as many threads as cores and one core busy
    a model of 135 million parameters made no plan in 60 s, with one less in 1.7 s.
    """
    if asked or info.size_bytes < _SMALL_BYTES:
        return asked or 1
    return max(1, len(os.sched_getaffinity(0)) - 1)


def estimate_bytes(info: GgufInfo, context_tokens: int, adapters: Sequence[GgufInfo] = ()) -> int:
    """Memory that a model takes: its weights, the keys and values of its context, buffers; and its
    adapters with what is kept of prompts that were read under them (see `AdapterStates`).
    """

    def value(key: str, otherwise: int = 0) -> int:
        return int(info.values.get(f'{info.architecture}.{key}', otherwise))

    heads = value('attention.head_count', 1)
    head_size = value('attention.key_length', value('embedding_length') // max(heads, 1))
    kept_heads = value('attention.head_count_kv', heads)
    per_token = 2 * value('block_count') * kept_heads * head_size * _CACHE_VALUE_BYTES
    held_tokens = 2 * context_tokens if adapters else context_tokens
    weights = info.size_bytes + sum(adapter.size_bytes for adapter in adapters)
    return weights + held_tokens * per_token + _RUNTIME_BYTES


def find_bundled(domain: str = DEFAULT_DOMAIN) -> str:
    """The file of the student that is bundled for a domain.

    Raises:
        ConfigError: none is bundled.
    """
    bundled = {path.parent.name: path for path in sorted(MODELS.glob('*/*.gguf'))}
    if domain not in bundled:
        raise ConfigError(
            f'no student of the domain {domain} is bundled and the environment variable '
            f'{MODEL_VARIABLE} is not set; let it name a GGUF file that prism export made'
        )
    return str(bundled[domain])


def find_domain_of(info: GgufInfo, domain: Domain | None = None) -> Domain:
    """The domain that a student was taught, if both are as they were then.

    Args:
        info: of the student's file, or of an adapter's.
        domain: the one that it has to be; None for any.

    Raises:
        ConfigError: something is missing or other than it was, or it is another domain.
    """
    said = info.metadata
    if not said.domain or not said.dialect:
        raise ConfigError(
            f'{info.path}: expected a student with prism.domain and prism.dialect in its metadata, '
            'got a model without; export it with prism export, or serve it and use planner lm'
        )
    if domain is not None and said.domain != domain.name:
        raise ConfigError(
            f'{info.path}: it was taught the domain {said.domain}, the plans are to be of '
            f'{domain.name}; let {ADAPTERS_VARIABLE if info.is_adapter else MODEL_VARIABLE} name '
            f'another one, or plan in {said.domain}'
        )
    domain = domain or domain_named(said.domain)
    now = {
        'dialect_version': str(domain.make_dialect(said.dialect).version),
        'action_table_version': hash_action_table(domain.table),
    }
    for key, version in now.items():
        taught = getattr(said, key)
        if taught and taught != version:
            raise ConfigError(
                f'{info.path}: it was taught {key} {taught}, this is {version}; use the version '
                'of PRISM that it was made with, or train it again'
            )
    return domain
