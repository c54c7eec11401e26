# SPDX-License-Identifier: Apache-2.0
"""Whether another node has the same name: a second launch in one namespace, most likely.

Both would answer, by turns, and each from a graph of its own. Knows nothing of what the nodes do.
"""

from __future__ import annotations

from collections.abc import Sequence

GHOST_S = 25.0
"""A name counts only when it has been there for so long: that of a process that was killed stays
until its lease ends, which Fast DDS has last 20 s, while it is started again.
"""


class TwinWatch:
    """Watches the names of nodes for one that is ours a second time.

    Args:
        name: of our node.
        namespace: of it, with the slash that it begins with.
    """

    def __init__(self, name: str, namespace: str):
        self._own = (name, namespace)
        self._since_s: float | None = None

    def look(self, nodes: Sequence[tuple[str, str]], now_s: float) -> str:
        """What is wrong, as one sentence; '' for nothing.

        Args:
            nodes: name and namespace of each node that is there, ours included.
            now_s: on a clock that never goes back.
        """
        if nodes.count(self._own) < 2:
            self._since_s = None
            return ''
        if self._since_s is None:
            self._since_s = now_s
        if now_s - self._since_s < GHOST_S:
            return ''
        name, namespace = self._own
        return (
            f'another node is called {namespace.rstrip("/")}/{name}, and both answer: was it '
            'launched twice? End one of them, or start it with namespace:=robot2'
        )
