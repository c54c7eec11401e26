# SPDX-License-Identifier: Apache-2.0
"""What a sentence means: which things are to be where. Knows no wording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MeaningKind = Literal[
    'thing', 'every', 'held', 'inside', 'table',
    'put', 'stack', 'sort', 'spread', 'swap', 'both', 'undo', 'vague',
]  # fmt: skip


@dataclass(frozen=True)
class Meaning:
    """A node of the tree of a meaning.

    | kind | means |
    |---|---|
    | thing | the one node called `words`, which are a class or the node's name |
    | every | all nodes that are called so |
    | held | what the gripper holds at the start |
    | inside | all that lies in or on the part at the start |
    | table | the table itself |
    | put | that the first part is in or on the second |
    | stack | that each part stands on the next one |
    | sort | that each block that the part tells is in the bowl of its colour |
    | spread | that the blocks that the part tells are in different corners |
    | swap | that the two parts are where the other one was |
    | both | the two parts, one after the other |
    | undo | the part, and then that all is as it was at the start; or the latter alone |
    | vague | nothing that can be acted on |
    """

    kind: MeaningKind
    words: str = ''
    parts: tuple[Meaning, ...] = ()


def thing(words: str) -> Meaning:
    """The one node that is called so."""
    return Meaning('thing', words)


def every(words: str) -> Meaning:
    """All nodes that are called so."""
    return Meaning('every', words)


def put(what: Meaning, where: Meaning) -> Meaning:
    """That something is in or on something."""
    return Meaning('put', parts=(what, where))


HELD = Meaning('held')
TABLE = Meaning('table')
VAGUE = Meaning('vague')
