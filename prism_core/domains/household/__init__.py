# SPDX-License-Identifier: Apache-2.0
"""LLM-Planner's domain: errands in a home, on the actions and goals of ALFRED (arXiv 2212.04088,
1912.01734).

`meaning` what is wanted, `classes` what homes hold, `home` where things are, `skills` what is said
of a plan in classes and how the graph makes actions of it, `planning` what is left to do,
`simulator` and `judge` what comes of it.
"""

from prism_core.domains.household.domain import HouseholdDomain

__all__ = ['HouseholdDomain']
