# SPDX-License-Identifier: Apache-2.0
"""Who puts requests in words: the house, by its own phrasings, or a voice."""

from __future__ import annotations

import re
from dataclasses import dataclass

from prism_core.domains.mapping.words import Words

_FIRST_LETTER = re.compile(r"(^|[.?!] )([a-z])(?=[a-z']*(?:[ ,.:;?!]|$))")


@dataclass(frozen=True)
class Speaker:
    """Who speaks.

    Attributes:
        words: the domain's words.
        is_unseen: whether phrasings, synonyms and paraphrases are of the part that is held out.
        most: so many phrasings of a group are drawn from, 0 for all.
        voice: the voice that speaks (see `voices`), whose phrasings stand instead of the house's
            where it has some; '' for the house.
    """

    words: Words
    is_unseen: bool = False
    most: int = 0
    voice: str = ''

    def phrasings(self, group: str, attribute: str = '') -> tuple[str, ...]:
        """The phrasings of a group, and those for an attribute alone."""
        own = self.words.voices[self.voice] if self.voice else {}
        plain = group.replace('composed_sequence', 'sequence')
        said = (*own.get(plain, ()), *own.get(f'{group}_{attribute}', ()))
        return said or self.words.phrasings(group, self.is_unseen)

    def names_of(self, name: str) -> tuple[str, ...]:
        """What a class may be called."""
        return self._with_peoples(name, self.words.names_of(name, self.is_unseen))

    def purposes_of(self, purpose: str) -> tuple[str, ...]:
        """How a purpose may be put."""
        return self._with_peoples(purpose, self.words.purposes_of(purpose, self.is_unseen))

    def _with_peoples(self, name: str, said: tuple[str, ...]) -> tuple[str, ...]:
        """Where a voice speaks, people's words for it as well, about as often as the lexicon's."""
        peoples = self.words.called(name, self.is_unseen) if self.voice else ()
        return (*said * max(1, len(peoples) // len(said)), *peoples)

    def begin(self, text: str) -> str:
        """A text of several phrasings; of who writes so, its sentences begin with capitals,
        unless with a name.
        """
        is_small = self.voice and self.words.voices[self.voice]['go_to'][0][0].islower()
        return text if is_small else _FIRST_LETTER.sub(lambda m: m[1] + m[2].upper(), text)
