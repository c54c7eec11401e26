# SPDX-License-Identifier: Apache-2.0
"""What stands in the slots of a sentence in a language whose words change: nouns, and all forms of
a slot, of which a phrasing names one (`{target:dat}`).
"""

from __future__ import annotations

from dataclasses import dataclass

from prism_core.errors import ConfigError


@dataclass(frozen=True)
class ForeignNoun:
    """A noun.

    Attributes:
        gender: as the language's table has it, such as m, f and n.
        word: in the singular.
        plural: in the plural; '' where that is left to the language's rule.
        genitive: where the language's rule does not make it; '' elsewhere.
        preposition: with which one is in such a place; '' where no table says so.
        is_alive: whether it is somebody.
    """

    gender: str
    word: str
    plural: str = ''
    genitive: str = ''
    preposition: str = ''
    is_alive: bool = False


def read_noun(entry: str) -> ForeignNoun:
    """A noun as the tables have it: `[preposition] gender[+] word[/plural[/genitive]]`.

    A plural that begins with a hyphen is what stands behind the word; `+` says that it is alive.

    Raises:
        ConfigError: the entry has no gender or no word.
    """
    head, *others = entry.split('/')
    words = head.split(' ')
    at = next((i for i, w in enumerate(words[:2]) if w.rstrip('+') in _GENDERS), None)
    if at is None or len(words) == at + 1:
        raise ConfigError(
            f'expected a gender of {", ".join(sorted(_GENDERS))} and a word, such as "m word/-s", '
            f'got {entry!r}'
        )
    word = ' '.join(words[at + 1 :])
    plural, genitive = [*others, '', ''][:2]
    return ForeignNoun(
        words[at].rstrip('+'),
        word,
        word + plural[1:] if plural.startswith('-') else plural,
        genitive,
        ' '.join(words[:at]),
        words[at].endswith('+'),
    )


_GENDERS = frozenset({'m', 'f', 'n', 'M', 'F'})


class Forms(dict[str, str]):
    """All forms of what stands in a slot, by their names; '' is the plain one. As a format
    specification, a name gives its form.
    """

    def __format__(self, form: str) -> str:
        if form not in self:
            known = ', '.join(name or 'none' for name in self)
            raise ValueError(f'expected a form of {known}, got {form!r}')
        return self[form]

    def in_small_letters(self) -> Forms:
        """The same for who writes no capitals."""
        return Forms({name: text.lower() for name, text in self.items()})


class NameForms(Forms):
    """Those of the name of a node, which keeps its letters."""

    def in_small_letters(self) -> Forms:
        """Themselves."""
        return self
