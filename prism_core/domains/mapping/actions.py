# SPDX-License-Identifier: Apache-2.0
"""The actions of the mapping domain, those of SPINE (arXiv 2410.03035).

The default radius of explore_region is SPINE's.
"""

from __future__ import annotations

from prism_core.plan.actions import ActionSpec, ActionTable, ArgumentKind, ArgumentSpec, Role

_REGION = ArgumentSpec('region', ArgumentKind.REGION)
_OBJECT = ArgumentSpec('object', ArgumentKind.OBJECT)
_RADIUS_M = ArgumentSpec('radius_m', ArgumentKind.RADIUS_M, default=3.0)
_X_M = ArgumentSpec('x_m', ArgumentKind.X_M)
_Y_M = ArgumentSpec('y_m', ArgumentKind.Y_M)


def _text(name: str) -> ArgumentSpec:
    return ArgumentSpec(name, ArgumentKind.TEXT)


# fmt: off
MAPPING_ACTIONS = ActionTable([
    ActionSpec('goto', (_REGION,),
               'drive to a known region by the shortest way; do not list the regions between',
               role=Role.DRIVE, word='go'),
    ActionSpec('map_region', (_REGION,),
               'go to a region and look for objects and connections', ends_turn=True, word='map'),
    ActionSpec('explore_region', (_REGION, _RADIUS_M),
               'go to a region and look for new regions around it', ends_turn=True, word='explore'),
    ActionSpec('extend_map', (_X_M, _Y_M),
               'try to add a region near a coordinate that is not on the map', ends_turn=True,
               role=Role.BRIDGE, word='extend'),
    ActionSpec('inspect', (_OBJECT, _text('query')),
               'go to where an object is seen from and ask a question about it', ends_turn=True),
    ActionSpec('replan', (),
               'stand-in for what depends on the news of the action before', ends_turn=True,
               role=Role.STAND_IN),
    ActionSpec('answer', (_text('text'),),
               'report to the user; the mission is done', ends_turn=True, role=Role.REPORT),
    ActionSpec('clarify', (_text('question'),),
               'ask the user what a task means; only if it is too vague', ends_turn=True,
               role=Role.ASK, word='ask'),
])
# fmt: on
