# SPDX-License-Identifier: Apache-2.0
"""Doubles and contracts for tests, ours and those of planners, simulators, domains and dialects
that others bring.
"""

from prism_core.testing.dialects import check_dialect
from prism_core.testing.domains import check_domain
from prism_core.testing.doubles import ScriptedPlanner, ScriptedTextModel
from prism_core.testing.planners import check_planner, check_planner_in_episodes
from prism_core.testing.simulators import check_simulator

__all__ = [
    'ScriptedPlanner',
    'ScriptedTextModel',
    'check_dialect',
    'check_domain',
    'check_planner',
    'check_planner_in_episodes',
    'check_simulator',
]
