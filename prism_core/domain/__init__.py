# SPDX-License-Identifier: Apache-2.0
"""What a source planner brings, and how it is found."""

from prism_core.domain.base import DIALECTS, Domain
from prism_core.domain.finding import (
    SYMBOLIC,
    domain_named,
    find_domain,
    find_planner_of,
    make_known,
    open_planner_of,
)

__all__ = [
    'DIALECTS',
    'SYMBOLIC',
    'Domain',
    'domain_named',
    'find_domain',
    'find_planner_of',
    'make_known',
    'open_planner_of',
]
