# SPDX-License-Identifier: Apache-2.0
"""What became of the missions in a log that others wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from prism_core.episode.episode import Episode

Status = Literal['checked', 'unjudged', 'failed', 'unreadable']


@dataclass(frozen=True)
class Imported:
    """What became of one mission of a log.

    | status | means |
    |---|---|
    | checked | every plan and update holds, and the judge passes the answer: good to train on |
    | unjudged | every plan and update holds; nobody can say whether the answer is right |
    | failed | a plan or an update does not hold, or the answer is not right |
    | unreadable | it could not be read as a mission |

    `source` is the file and the line, and the number of the mission where a line has several. There
    is an episode where all turns hold. `reason` is one sentence, '' for what is checked; what
    stands before its first colon is for counting.
    """

    source: str
    status: Status
    episode: Episode | None = None
    reason: str = ''
