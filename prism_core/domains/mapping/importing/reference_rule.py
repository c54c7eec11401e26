# SPDX-License-Identifier: Apache-2.0
"""The reference code's rule of success, for comparison with ours: the regular expression is found
in the last plan, in capitals or not, whatever the plan does with it and whatever was seen before.
"""

from __future__ import annotations

import re

from prism_core.episode.episode import Episode
from prism_core.plan.steps import render_steps


def passes_reference_rule(episode: Episode) -> bool | None:
    """Whether a trial passes by the reference code's rule; None for a task without a regular
    expression.
    """
    if episode.criterion.answer != 'pattern':
        return None
    said = render_steps(episode.turns[-1].plan.actions) if episode.turns else ''
    return any(re.search(pattern, said, re.IGNORECASE) for pattern in episode.criterion.accepted)
