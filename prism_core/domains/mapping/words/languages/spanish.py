# SPDX-License-Identifier: Apache-2.0
"""Spanish: two genders, adjectives behind the noun, two verbs for what something is.

| form | of a thing or place | of one by name |
|---|---|---|
| (none) | el extintor, la azotea | pump_2 |
| a, de | al, del extintor | a, de pump_2 |
| obj | the one that is meant as the object of a verb: el extintor, but a la persona | pump_2 |
| o, lo | what agrees with it: abiert-o, abiert-a; lo, la | by its class |
| algun, ningun | algún, ningún extintor | |
| cuantos, los, todos, o | of several: cuántas escaleras, las escaleras, todas las escaleras, -a | |
| es, sea | of a value: está abierta, es roja; esté abierta, sea roja | |
"""

from __future__ import annotations

import re
from typing import ClassVar

from prism_core.domains.mapping.words.languages.forms import ForeignNoun, Forms, NameForms
from prism_core.domains.mapping.words.languages.language import ForeignLanguage

_APART = re.compile(r' (?=(?:de|del|para|con|al?|en|sin) )')
_DRAWN_TOGETHER = re.compile(r'^(a|de) el ')
_VERBS = {'ser': ('es', 'sea'), 'estar': ('está', 'esté')}
_PLAIN = str.maketrans('áéíóú', 'aeiou')
_PREPOSITIONS = ('de ', 'en ', 'sin ')


class Spanish(ForeignLanguage):
    """Gender F is that of feminine nouns with el (el ancla); a value stands with its verb."""

    beside: ClassVar[frozenset[str]] = frozenset({'o', 'lo'})

    def definite(self, noun: ForeignNoun, value: str = '') -> Forms:
        """With el or la."""
        article = 'la' if noun.gender == 'f' else 'el'
        said = f'{article} {_with_value(noun, value)}'
        forms = Forms({'': said, 'a': _draw_together(f'a {said}')})
        forms['de'] = _draw_together(f'de {said}')
        forms['obj'] = forms['a'] if noun.is_alive else said
        forms['bare'] = noun.word
        return _agree(forms, noun)

    def indefinite(self, noun: ForeignNoun, value: str = '') -> Forms:
        """With un or una, algún, ningún and the like."""
        said, is_short = _with_value(noun, value), noun.gender != 'f'
        one = f'{"un" if is_short else "una"} {said}'
        forms = Forms({'': one})
        forms['algun'] = f'{"algún" if is_short else "alguna"} {said}'
        forms['ningun'] = f'{"ningún" if is_short else "ninguna"} {said}'
        return _agree(forms, noun)

    def named(self, name: str, noun: ForeignNoun | None) -> Forms:
        """Without article."""
        forms = NameForms({'': name, 'a': f'a {name}', 'de': f'de {name}', 'bare': name})
        forms['obj'] = f'a {name}' if noun is not None and noun.is_alive else name
        return _agree(forms, noun)

    def many(self, noun: ForeignNoun) -> Forms:
        """The plural."""
        plural, ending = noun.plural or pluralise(noun.word), _ending(noun)
        article = 'las' if ending == 'a' else 'los'
        return Forms(
            {
                '': plural,
                'cuantos': f'cuánt{ending}s {plural}',
                'los': f'{article} {plural}',
                'todos': f'tod{ending}s {article} {plural}',
                'o': ending,
            }
        )

    def state(self, value: str, noun: ForeignNoun | None) -> Forms:
        """With its verb, as it agrees with what it is said of."""
        verb, _, said = value.partition(' ')
        indicative, subjunctive = _VERBS[verb]
        agreed = _inflect(said, noun)
        return Forms({'': agreed, 'es': f'{indicative} {agreed}', 'sea': f'{subjunctive} {agreed}'})

    def purpose(self, entry: str) -> Forms:
        """The infinitive."""
        return Forms({'': entry})


def pluralise(words: str) -> str:
    """The plural of a noun and the adjectives behind it, up to a preposition."""
    head, *tail = _APART.split(words, maxsplit=1)
    return ' '.join([*map(_pluralise, head.split(' ')), *tail])


def _pluralise(word: str) -> str:
    if word.endswith('z'):
        return f'{word[:-1]}ces'
    if word.endswith(tuple('aeiouáéó')):
        return f'{word}s'
    if word[-1] in 'sn' and word[-2] in 'áéíóú':
        return word[:-2] + word[-2:].translate(_PLAIN) + 'es'
    return word if word[-1] in 'sx' else f'{word}es'


def _ending(noun: ForeignNoun | None) -> str:
    return 'a' if noun is not None and noun.gender in 'fF' else 'o'


def _agree(forms: Forms, noun: ForeignNoun | None) -> Forms:
    ending = _ending(noun)
    forms['o'], forms['lo'] = ending, 'la' if ending == 'a' else 'lo'
    return forms


def _with_value(noun: ForeignNoun, value: str) -> str:
    said = value.partition(' ')[2]
    return f'{noun.word} {_inflect(said, noun)}' if said else noun.word


def _inflect(said: str, noun: ForeignNoun | None) -> str:
    """An adjective as it agrees with a noun; what stands behind a preposition stays."""
    if said.startswith(_PREPOSITIONS):
        return said
    head, *tail = _APART.split(said, maxsplit=1)
    if head.endswith('o'):
        head = head[:-1] + _ending(noun)
    return ' '.join([head, *tail])


def _draw_together(text: str) -> str:
    """With al for a el, del for de el."""
    return _DRAWN_TOGETHER.sub(lambda m: f'{m[1]}l ', text)
