# SPDX-License-Identifier: Apache-2.0
"""Planners made of a language model from a settings file: for the robot's planner node, and for any
other place that names a planner.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from prism_core.config_file import read_config
from prism_core.domain import Domain, find_domain
from prism_core.errors import ConfigError
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.inference.lm_planner import LMPlanner, Rejected
from prism_core.inference.text_model import TextModel

CONFIG_VARIABLE = 'PRISM_TEACHER_CONFIG'
_DIALECT = 'spine'


def make_teacher_planner(
    model: TextModel,
    domain: Domain,
    config: TeacherConfig,
    *,
    seed: int = 0,
    on_rejected: Callable[[Rejected], None] | None = None,
) -> LMPlanner:
    """A planner for a language model that was never trained on the domain: SPINE's JSON, behind the
    domain's system message.
    """
    dialect = domain.make_dialect(_DIALECT)
    return LMPlanner(
        model,
        dialect,
        domain.table,
        header=domain.make_header(dialect),
        seed=seed,
        max_new_tokens=config.max_new_tokens,
        find_breaches=domain.find_breaches,
        on_rejected=on_rejected,
    )


def make_lm_planner(domain: Domain | None = None) -> LMPlanner:
    """A planner of a domain, that of its settings where none is given; entry point `lm` of group
    `prism.planners`.

    The environment variable PRISM_TEACHER_CONFIG names its settings, such as
    `config/teacher/llama_cpp.yaml`.

    Raises:
        ConfigError: the variable is not set, or the file cannot be used.
    """
    path = os.environ.get(CONFIG_VARIABLE, '')
    if not path:
        raise ConfigError(
            f'the environment variable {CONFIG_VARIABLE} is not set; let it name a file such as '
            'config/teacher/llama_cpp.yaml'
        )
    from prism_core.inference.endpoint.teacher_api import (
        ApiModel,  # the client takes a second to import
    )

    config = read_config(Path(path), TeacherConfig)
    return make_teacher_planner(ApiModel(config), domain or find_domain(config.domain), config)
