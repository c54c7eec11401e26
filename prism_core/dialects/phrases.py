# SPDX-License-Identifier: Apache-2.0
"""What an action is said by in the compact dialect: words, names of nodes, and quoted texts."""

from __future__ import annotations


class Named(str):
    """The name of a node."""

    __slots__ = ()


class Quoted(str):
    """A text that stands in quotes."""

    __slots__ = ()


Phrase = tuple[str, ...]
"""Plain words, `Named` nodes and `Quoted` texts, in order."""
