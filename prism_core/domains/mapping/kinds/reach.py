# SPDX-License-Identifier: Apache-2.0
"""reach: be in a region if it can be reached."""

from __future__ import annotations

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.go_to import GoTo


class Reach(GoTo):
    """As go_to, but the sentence says that there may be no way."""

    __slots__ = ()

    name = 'reach'
    asks = 'go to a region if it can be reached, else say that it cannot (region)'
    is_core = False
    leaves_reach_open = True
    is_step = False
    is_condition = True

    def draw(self, source: IntentSource) -> Intent:
        """To a region that cannot be reached, where there is one; else to one to which no way is
        known.
        """
        start, known = source.true.robot_location or '', source.known
        reachable = source.true.reachable_regions(start)
        cut_off = [name for name in known.regions if name not in reachable]
        unknown = [name for name in known.regions if not known.is_reachable(start, name)]
        return Intent('reach', region=source.draw_region(cut_off or unknown or list(known.regions)))
