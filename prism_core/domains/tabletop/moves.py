# SPDX-License-Identifier: Apache-2.0
"""The next move toward what is wanted: which block, and where to. Every choice follows the order of
the graph.

What stands in the way goes to the bare table, or where it belongs if that can be reached already.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from prism_core.domains.tabletop.state import Table, is_movable
from prism_core.domains.tabletop.wishes import Want


@dataclass(frozen=True)
class Move:
    """A block, and where it goes."""

    block: str
    spot: str


def next_move(wants: Sequence[Want], table: Table) -> Move | None:
    """What has to be moved next; None where all holds."""
    open_wants = [want for want in wants if not want.holds(table)]
    if not open_wants:
        return None
    held = table.held
    if held:
        return Move(held, _spot_for(held, open_wants, table))
    block = _block_to_move(open_wants, table)
    in_hand = replace(table, supports={**table.supports, block: table.gripper})
    still_open = [want for want in wants if not want.holds(in_hand)]
    return Move(block, _spot_for(block, still_open, in_hand))


def _block_to_move(open_wants: Sequence[Want], table: Table) -> str:
    """The first one that is wanted elsewhere and whose place does not wait itself, or what is in
    its way.
    """
    waiting = {want.block for want in open_wants}
    want = next((want for want in open_wants if want.spot not in waiting), open_wants[0])
    top = table.top_of(want.block)
    if top != want.block:
        return top
    if is_movable(table.nodes[want.spot]):
        top = table.top_of(want.spot)
        if top != want.spot or not _is_steady(want.spot, waiting, table):
            return top
    return want.block


def _spot_for(block: str, open_wants: Sequence[Want], table: Table) -> str:
    """Where a held block goes: where it is wanted, if that is ready for it."""
    waiting = {want.block for want in open_wants}
    want = next((want for want in open_wants if want.block == block), None)
    if (
        want is not None
        and want.spot not in waiting
        and table.carries(want.spot)
        and _is_steady(want.spot, waiting, table)
    ):
        return want.spot
    return table.surface


def _is_steady(spot: str, waiting: Set[str], table: Table) -> bool:
    """Whether what stands there can stay: in no bowl, and on nothing that has to go elsewhere."""
    if not is_movable(table.nodes[spot]):
        return True
    return not table.is_in_container(spot) and waiting.isdisjoint(table.below(spot))
