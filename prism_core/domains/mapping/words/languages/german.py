# SPDX-License-Identifier: Apache-2.0
"""German: three genders, four cases, adjectives that end in five ways.

| form | of a thing or place | of one by name |
|---|---|---|
| nom, acc, dat | der, den, dem Feuerlöscher | pump_2 |
| gen | des Feuerlöschers | von pump_2 |
| zu, von | zum, vom Feuerlöscher | zu, von pump_2 |
| wo, wohin | im Lager, auf dem Dach; ins Lager, auf das Dach | in, zu dock_2 |
| er, ihn | the pronoun: er, sie, es; ihn, sie, es | by its class |
| (none) | Feuerlöscher | pump_2 |
"""

from __future__ import annotations

from typing import ClassVar

from prism_core.domains.mapping.words.languages.forms import ForeignNoun, Forms, NameForms
from prism_core.domains.mapping.words.languages.language import ForeignLanguage

_DEFINITE = {
    'm': {'nom': 'der', 'acc': 'den', 'dat': 'dem', 'gen': 'des'},
    'f': {'nom': 'die', 'acc': 'die', 'dat': 'der', 'gen': 'der'},
    'n': {'nom': 'das', 'acc': 'das', 'dat': 'dem', 'gen': 'des'},
}
_INDEFINITE = {
    'm': {'nom': 'ein', 'acc': 'einen', 'dat': 'einem'},
    'f': {'nom': 'eine', 'acc': 'eine', 'dat': 'einer'},
    'n': {'nom': 'ein', 'acc': 'ein', 'dat': 'einem'},
}
_STRONG = {'m': 'er', 'f': 'e', 'n': 'es'}
_PRONOUNS = {'m': ('er', 'ihn'), 'f': ('sie', 'sie'), 'n': ('es', 'es')}
_DRAWN_TOGETHER = {
    'in dem': 'im',
    'in das': 'ins',
    'an dem': 'am',
    'an das': 'ans',
    'zu dem': 'zum',
    'zu der': 'zur',
    'von dem': 'vom',
}
_HISSING = ('s', 'ß', 'x', 'z', 'sch')
_APART = ('aus ', 'in ')


class German(ForeignLanguage):
    """What a value is as an attribute stands behind a slash where it differs: orange/orangefarben;
    gender M is that of weak masculine nouns (der Automat, den Automaten).
    """

    beside: ClassVar[frozenset[str]] = frozenset({'er', 'ihn'})

    def definite(self, noun: ForeignNoun, value: str = '') -> Forms:
        """With the article that goes with the case."""
        gender = noun.gender.lower()
        forms = Forms({'': noun.word})
        for case, article in _DEFINITE[gender].items():
            weak = 'e' if case == 'nom' or (case == 'acc' and gender != 'm') else 'en'
            forms[case] = _join(article, value, weak, _decline(noun, case))
        forms['zu'] = _draw_together(f'zu {forms["dat"]}')
        forms['von'] = _draw_together(f'von {forms["dat"]}')
        place = noun.preposition or 'bei'
        forms['wo'] = _draw_together(f'{place} {forms["dat"]}')
        forms['wohin'] = _draw_together(f'{place} {forms["acc"]}' if noun.preposition else
                                        f'zu {forms["dat"]}')  # fmt: skip
        forms['er'], forms['ihn'] = _PRONOUNS[gender]
        return forms

    def indefinite(self, noun: ForeignNoun, value: str = '') -> Forms:
        """With ein."""
        gender = noun.gender.lower()
        forms = Forms()
        for case, article in _INDEFINITE[gender].items():
            is_plain = case == 'nom' or (case == 'acc' and gender != 'm')
            mixed = _STRONG[gender] if is_plain else 'en'
            forms[case] = _join(article, value, mixed, _decline(noun, case))
        forms['er'], forms['ihn'] = _PRONOUNS[gender]
        return forms

    def named(self, name: str, noun: ForeignNoun | None) -> Forms:
        """Without article."""
        forms = NameForms(dict.fromkeys(('', 'nom', 'acc', 'dat'), name))
        forms['gen'] = forms['von'] = f'von {name}'
        forms['zu'] = forms['wohin'] = f'zu {name}'
        forms['wo'] = f'in {name}'
        forms['er'], forms['ihn'] = _PRONOUNS[noun.gender.lower() if noun else 'n']
        return forms

    def many(self, noun: ForeignNoun) -> Forms:
        """The plural; its dative ends in n, but behind s."""
        dative = noun.plural if noun.plural.endswith(('n', 's')) else f'{noun.plural}n'
        return Forms({'': noun.plural, 'dat': dative})

    def state(self, value: str, noun: ForeignNoun | None) -> Forms:
        """As it stands behind ist."""
        return Forms({'': value.split('/')[0]})

    def purpose(self, entry: str) -> Forms:
        """`rel`: womit man ein Feuer löschen kann; `inf`: ein Feuer löschen."""
        word, infinitive = entry.split(': ')
        return Forms({'rel': f'{word} man {infinitive} kann', 'inf': infinitive})


def _decline(noun: ForeignNoun, case: str) -> str:
    """A noun in a case of the singular."""
    if noun.gender == 'M' and case != 'nom':
        return noun.plural
    if case != 'gen' or noun.gender == 'f':
        return noun.word
    return noun.genitive or noun.word + ('es' if noun.word.endswith(_HISSING) else 's')


def _join(article: str, value: str, ending: str, noun: str) -> str:
    """Article, attribute and noun; what is no adjective stands behind the noun."""
    said = value.split('/')[-1]
    if said.startswith(_APART):
        return f'{article} {noun} {said}'
    return f'{article} {said}{ending} {noun}' if said else f'{article} {noun}'


def _draw_together(text: str) -> str:
    """With zum for zu dem, and the like."""
    first, second, rest = text.split(' ', 2)
    both = f'{first} {second}'
    return f'{_DRAWN_TOGETHER.get(both, both)} {rest}'
