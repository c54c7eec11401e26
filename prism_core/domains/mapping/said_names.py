# SPDX-License-Identifier: Apache-2.0
"""Sentences in which marks stand for names, so that patterns can be matched whatever these hold."""

from __future__ import annotations

import re

from prism_core.graph.names_in_text import NamesInText
from prism_core.graph.scene_graph import SceneGraph

# No name holds such a character.
_OPEN, _CLOSE = '\ue000', '\ue001'
_MARK = rf'{_OPEN}\d+{_CLOSE}'
_PLAIN = re.compile(r'[A-Za-z0-9_.\-]+')

NAME_PATTERN = rf'(?:{_PLAIN.pattern}?|{_MARK})'
"""What a name is in the text of `HeldNames`."""


class HeldNames:
    """A sentence in which a mark stands for each name that is more than a plain word, such as
    `living room`.
    """

    def __init__(self, sentence: str, graph: SceneGraph):
        sentence = sentence.replace(_OPEN, '').replace(_CLOSE, '')
        self._names: list[str] = []
        parts, at = list[str](), 0
        for start, end, name in NamesInText(graph.nodes).find(sentence):
            if not _PLAIN.fullmatch(name):
                parts += [sentence[at:start], f'{_OPEN}{len(self._names)}{_CLOSE}']
                self._names.append(name)
                at = end
        self.text = ''.join((*parts, sentence[at:]))

    def restore(self, part: str) -> str:
        """A part of the text with the names in place of their marks."""
        return re.sub(_MARK, lambda mark: self._names[int(mark[0][1:-1])], part)
