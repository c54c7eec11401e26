# SPDX-License-Identifier: Apache-2.0
"""The kinds of task: one list, and what is asked of all of them.

The list is in the order in which they are dealt: another order draws other tasks from a seed. A new
kind is a file here, a line in the list, and its phrasings in `words/phrasings.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from prism_core.domains.mapping.kinds.absent import Absent
from prism_core.domains.mapping.kinds.all_have import AllHave
from prism_core.domains.mapping.kinds.ambiguous import Ambiguous
from prism_core.domains.mapping.kinds.attribute import Attribute
from prism_core.domains.mapping.kinds.closest import Closest
from prism_core.domains.mapping.kinds.come_back import Return
from prism_core.domains.mapping.kinds.compare import Compare
from prism_core.domains.mapping.kinds.composed import IfElse, Then
from prism_core.domains.mapping.kinds.conditional import Conditional
from prism_core.domains.mapping.kinds.constrained import Avoiding, ByWayOf, StayingWithin
from prism_core.domains.mapping.kinds.correction import Correction
from prism_core.domains.mapping.kinds.count import Count
from prism_core.domains.mapping.kinds.count_state import CountState
from prism_core.domains.mapping.kinds.describe import Describe
from prism_core.domains.mapping.kinds.distance import Distance
from prism_core.domains.mapping.kinds.each import Each
from prism_core.domains.mapping.kinds.exists import Exists
from prism_core.domains.mapping.kinds.exists_such import ExistsSuch
from prism_core.domains.mapping.kinds.find import Find
from prism_core.domains.mapping.kinds.follow_up import FollowUp
from prism_core.domains.mapping.kinds.go_to import GoTo
from prism_core.domains.mapping.kinds.keeping import KeepingClear, StayingOn
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.kinds.list_all import ListAll
from prism_core.domains.mapping.kinds.locate import Locate
from prism_core.domains.mapping.kinds.map_area import MapArea
from prism_core.domains.mapping.kinds.nearest import Nearest
from prism_core.domains.mapping.kinds.passable import Passable
from prism_core.domains.mapping.kinds.patrol import Patrol
from prism_core.domains.mapping.kinds.ranked import Outranks, Ranked
from prism_core.domains.mapping.kinds.reach import Reach
from prism_core.domains.mapping.kinds.read_off import ReadOff
from prism_core.domains.mapping.kinds.same import Differ, Same
from prism_core.domains.mapping.kinds.sequence import Sequence
from prism_core.domains.mapping.kinds.several_questions import SeveralQuestions
from prism_core.domains.mapping.kinds.survey import Survey
from prism_core.domains.mapping.kinds.unless import Unless
from prism_core.domains.mapping.kinds.vague import Vague
from prism_core.domains.mapping.kinds.visits import Visits
from prism_core.domains.mapping.kinds.which import Which
from prism_core.domains.mapping.kinds.yes_no import YesNo
from prism_core.errors import ConfigError

_IN_ORDER: tuple[Kind, ...] = (
    GoTo(),
    Find(),
    Locate(),
    Attribute(),
    YesNo(),
    Count(),
    Absent(),
    Vague(),
    Reach(),
    Exists(),
    Compare(),
    Nearest(),
    MapArea(),
    Survey(),
    Describe(),
    Passable(),
    Conditional(),
    Sequence(),
    Ambiguous(),
    Each(),
    Then(),
    IfElse(),
    Avoiding(),
    ByWayOf(),
    StayingWithin(),
    CountState(),
    ExistsSuch(),
    Which(),
    AllHave(),
    Same(),
    Differ(),
    Outranks(),
    Ranked(),
    Closest(),
    Distance(),
    ListAll(),
    ReadOff(),
    Patrol(),
    Return(),
    Unless(),
    SeveralQuestions(),
    Visits(),
    KeepingClear(),
    StayingOn(),
    FollowUp(),
    Correction(),
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _IN_ORDER})
"""The kinds by name."""
SELF_READ = tuple(sorted((k for k in _IN_ORDER if k.read_rank), key=lambda k: k.read_rank))
"""The kinds that know sentences of their own, in the order in which they are asked."""


def flat_kinds(*, of_intents: bool = False) -> list[str]:
    """The kinds that are not made of parts; those alone that intents are of, where that is asked
    for.
    """
    flat = (kind for kind in _IN_ORDER if kind.is_flat)
    return [kind.name for kind in flat if kind.has_intents or not of_intents]


def kinds_in_replies() -> list[str]:
    """The kinds that replies name as their goal."""
    return [kind.name for kind in _IN_ORDER if kind.has_intents]


def kinds_to_draw(tier: str, named: Iterable[str] = ()) -> tuple[str, ...]:
    """The kinds of task to draw: those named, or else those that a tier has.

    Raises:
        ConfigError: there is no such kind.
    """
    named = tuple(named)
    unknown = [name for name in named if name not in KINDS]
    if unknown:
        raise ConfigError(f'kinds: expected some of {", ".join(KINDS)}, got {min(unknown)!r}')
    return named or tuple(
        kind.name
        for kind in _IN_ORDER
        if kind.is_drawn_unasked and (tier == 'full' or kind.is_core)
    )
