# SPDX-License-Identifier: Apache-2.0
"""Which planners a node asks, by which policy, and how a call's time is shared out among them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from prism_core import Domain, find_planner_of
from prism_core.inference.breaker import BreakerConfig
from prism_core.inference.cascade import CASCADED, POLICIES, make_policy
from prism_msgs.msg import PlanErrorCode
from prism_ros.errors import Refusal
from prism_ros.planner_worker import PlannerPool


def read_planners(
    order: Sequence[str],
    shares: Sequence[float],
    domain: Domain,
    *,
    allow_import_paths: bool = False,
    adapters: Sequence[str] = (),
    breaker: BreakerConfig | None = None,
    spare_bytes: int = 0,
) -> PlannerPool:
    """The planners that parameters `planner.order` and `planner.shares` name.

    Args:
        order: entry points of group `prism.planners` or `package.module:factory`; with `name=` in
            front a planner is called so in requests and replies. Before them may stand a policy,
            one of `POLICIES`, `first` when left out; with a policy alone they are `CASCADED`.
        shares: the relative part of a call's time for each planner as they are written; 1.0 for
            those beyond the end.
        domain: whose actions they plan with; `symbolic` is its own.
        allow_import_paths: whether `package.module:factory` may be imported, which runs it.
        adapters: files, for those planners that take any.
        breaker: when a planner behind a network is left alone.
        spare_bytes: so much memory has to stay available when a planner's model is loaded.

    Raises:
        Refusal: there is no planner, two of one name, an import path where none is allowed, or a
            share that is none.
        ConfigError: a planner cannot be found.
    """
    entries = [entry.strip() for entry in order if entry.strip()]
    policy_name = POLICIES[0]
    if entries and entries[0] in POLICIES:
        policy_name, *entries = entries
        entries = entries or [*CASCADED]
    if not entries:
        raise Refusal(PlanErrorCode.UNKNOWN_PLANNER, 'planner.order names no planner')
    paths: dict[str, str] = {}
    for entry in entries:
        given, _, path = entry.rpartition('=')
        if ':' in path and not allow_import_paths:
            raise Refusal(
                PlanErrorCode.UNKNOWN_PLANNER,
                f"planner.order names '{path}' by import path: start the node with "
                'planner.allow_import_paths set to true, or make it an entry point of group '
                'prism.planners',
            )
        name = given or path.rpartition(':')[2]
        if name in paths:
            raise Refusal(
                PlanErrorCode.UNKNOWN_PLANNER,
                f"planner.order has two planners of one name, '{name}'; write other_name={path}",
            )
        paths[name] = path
    for share in shares:
        if not (math.isfinite(share) and share > 0):
            raise Refusal(
                PlanErrorCode.INVALID_REQUEST,
                f'planner.shares: expected positive numbers, got {share:g}',
            )
    policy = make_policy(policy_name, domain, paths)
    factories = {
        name: find_planner_of(domain, paths[name], adapters, spare_bytes)
        for name in policy.order([*paths])
    }
    return PlannerPool(factories, dict(zip(paths, shares)), policy, breaker)
