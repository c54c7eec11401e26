# SPDX-License-Identifier: Apache-2.0
"""What a sentence asks for in a home: errands, one after the other. Knows no wording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ErrandKind = Literal['place', 'stack', 'two', 'clean', 'heat', 'cool', 'light', 'steps']


@dataclass(frozen=True)
class Errand:
    """One errand, in classes of things; the first seven are ALFRED's goal types.

    | kind | means |
    |---|---|
    | place | a `thing` is in or on a `place` |
    | stack | a `thing` is in a `vessel`, which is in or on a `place` |
    | two | two of a `thing` are in or on the same `place` |
    | clean, heat, cool | a `thing` that was cleaned, heated, cooled is in or on a `place` |
    | light | a `thing` is in the hand where the `lamp` is on |
    | steps | the `steps` were done, each a skill in words such as `take mug` (see `skills`), of \
              which the first found a `thing` in the hand, or '' |

    A slice of something is a thing of its own: `apple slice`.
    """

    kind: ErrandKind
    thing: str = ''
    place: str = ''
    vessel: str = ''
    lamp: str = ''
    steps: tuple[str, ...] = ()

    def say(self) -> str:
        """It in few words, such as `cool apple slice, dining table`."""
        if self.kind == 'steps':
            return 'steps'
        named = (self.thing, self.vessel, self.place, self.lamp)
        return f'{self.kind} {", ".join(words for words in named if words)}'


@dataclass(frozen=True)
class Meaning:
    """Errands in the order in which they are wanted; none where nothing can be acted on."""

    errands: tuple[Errand, ...] = ()

    def say(self) -> str:
        """It in few words."""
        return ' and '.join(errand.say() for errand in self.errands)


VAGUE = Meaning()
