# SPDX-License-Identifier: Apache-2.0
"""Students for the tests of the falling order: LMPlanner over a real engine child, with doubles for
the model in it. Named by import path in parameter planner.order.
"""

from __future__ import annotations

import sys
from pathlib import Path

from prism_core import Action, Plan, SpineDialect, render_plan
from prism_core.dialects.language import Language
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.inference.child.engine import EngineConfig, EngineModel
from prism_core.inference.lm_planner import LMPlanner

ENGINES: list[EngineModel] = []
MODELS = str(Path(__file__).parents[1] / 'core')


def make(
    slow_s: float = 0.0, model: str = 'Plans', first_pause_s: float = 0.1, **limits
) -> LMPlanner:
    if MODELS not in sys.path:
        sys.path.insert(0, MODELS)
    plan = '[inspect(forklift_1, "Is it free?")]'
    settings = {
        'Plans': {'plan': plan, 'slow_s': slow_s},
        'Phased': {'plan': plan, 'pause_s': 0.15},
    }
    config = EngineConfig(
        f'engine_models:{model}',
        settings.get(model, {}),
        grace_s=0.3,
        first_pause_s=first_pause_s,
        **limits,
    )
    engine = EngineModel(config)
    ENGINES.append(engine)
    engine.start()
    return LMPlanner(
        engine, SpineDialect(Language(MAPPING_ACTIONS)), MAPPING_ACTIONS, name='student'
    )


def make_slow() -> LMPlanner:
    """Takes longer than any call, and hears a cancel."""
    return make(slow_s=60.0)


def make_deaf() -> LMPlanner:
    """Takes longer than any call, and hears nothing."""
    return make(model='Deaf')


def make_phased() -> LMPlanner:
    """Spends a moment in each phase, and has a second or two to be made."""
    return make(model='Phased', first_pause_s=0.3, start_timeout_s=2.0)


def make_patient() -> LMPlanner:
    """Comes back a second after its child was lost."""
    return make(slow_s=0.5, first_pause_s=1.0)


def make_too_large() -> LMPlanner:
    """Needs more memory than any machine has."""
    return make(needed_bytes=2**60)


def make_writing() -> LMPlanner:
    """Writes for a second, word by word."""
    if MODELS not in sys.path:
        sys.path.insert(0, MODELS)
    plan = Plan((Action('inspect', ('forklift_1', 'Is it free?')),), reasoning='word ' * 16)
    engine = EngineModel(
        EngineConfig('engine_models:Writes', {'text': render_plan(plan), 'pause_s': 0.05})
    )
    ENGINES.append(engine)
    engine.start()
    return LMPlanner(
        engine, SpineDialect(Language(MAPPING_ACTIONS)), MAPPING_ACTIONS, name='student'
    )
