# SPDX-License-Identifier: Apache-2.0
"""The words of German and Spanish, and the forms in which they stand in sentences."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core.domains.mapping.words import load_words
from prism_core.domains.mapping.words.languages import LANGUAGES, find_language
from prism_core.domains.mapping.words.languages.forms import read_noun
from prism_core.domains.mapping.words.languages.spanish import pluralise
from prism_core.errors import ConfigError

WORDS = load_words()
SPOKEN = {name: find_language(name) for name in LANGUAGES if find_language(name) is not None}
each_language = pytest.mark.parametrize('language', SPOKEN.values(), ids=list(SPOKEN))


def noun(language, table, word):
    return read_noun(SPOKEN[language].words[table][word][0])


@each_language
def test_every_class_place_purpose_and_value_of_the_lexicon_has_a_word(language):
    lexicon = WORDS.lexicon
    for table in ('objects', 'regions', 'groups', 'purposes', 'attributes'):
        assert language.words[table].keys() == getattr(lexicon, table).keys()
    for attribute, spec in lexicon.attributes.items():
        assert language.words['values'][attribute].keys() == spec.values.keys()


@each_language
def test_no_word_calls_two_things(language):
    called = Counter()
    for table in ('objects', 'groups', 'regions'):
        for word, said in language.nouns(table):
            forms = {said.word}
            if table != 'regions':
                forms.add(language.many(said)[''])
            called.update({(form, word): 1 for form in forms}.keys())
    words = Counter(form for form, _ in called)
    assert [form for form, number in words.items() if number > 1] == []


@each_language
def test_every_thing_has_a_plural(language):
    for table in ('objects', 'groups'):
        for _, said in language.nouns(table):
            assert language.many(said)['']


@pytest.mark.parametrize(
    ('table', 'word', 'form', 'said'),
    [
        ('objects', 'fire extinguisher', 'acc', 'den Feuerlöscher'),
        ('objects', 'fire extinguisher', 'gen', 'des Feuerlöschers'),
        ('objects', 'ladder', 'dat', 'der Leiter'),
        ('objects', 'ladder', 'gen', 'der Leiter'),
        ('objects', 'barrel', 'zu', 'zum Fass'),
        ('objects', 'barrel', 'gen', 'des Fasses'),
        ('objects', 'bus', 'gen', 'des Busses'),
        ('objects', 'vending machine', 'nom', 'der Verkaufsautomat'),
        ('objects', 'vending machine', 'acc', 'den Verkaufsautomaten'),
        ('objects', 'hydrant', 'gen', 'des Hydranten'),
        ('objects', 'door', 'von', 'von der Tür'),
        ('objects', 'boat', 'von', 'vom Boot'),
        ('objects', 'pump', 'ihn', 'sie'),
        ('regions', 'storage room', 'wo', 'im Lager'),
        ('regions', 'storage room', 'wohin', 'ins Lager'),
        ('regions', 'kitchen', 'wohin', 'in die Küche'),
        ('regions', 'kitchen', 'zu', 'zur Küche'),
        ('regions', 'rooftop', 'wo', 'auf dem Dach'),
        ('regions', 'rooftop', 'wohin', 'auf das Dach'),
        ('regions', 'parking lot', 'wohin', 'auf den Parkplatz'),
        ('regions', 'beach', 'wo', 'am Strand'),
        ('regions', 'beach', 'wohin', 'an den Strand'),
        ('regions', 'gate', 'wohin', 'ans Tor'),
        ('attributes', 'color', 'acc', 'die Farbe'),
        ('attributes', 'condition', 'acc', 'den Zustand'),
    ],
)
def test_german_nouns_have_their_gender_and_case(table, word, form, said):
    assert SPOKEN['german'].definite(noun('german', table, word))[form] == said


@pytest.mark.parametrize(
    ('word', 'value', 'form', 'definite', 'indefinite'),
    [
        ('crane', 'rot', 'nom', 'der rote Kran', 'ein roter Kran'),
        ('crane', 'rot', 'acc', 'den roten Kran', 'einen roten Kran'),
        ('crane', 'rot', 'dat', 'dem roten Kran', 'einem roten Kran'),
        ('pump', 'nass', 'nom', 'die nasse Pumpe', 'eine nasse Pumpe'),
        ('pump', 'nass', 'dat', 'der nassen Pumpe', 'einer nassen Pumpe'),
        ('barrel', 'leer', 'acc', 'das leere Fass', 'ein leeres Fass'),
        ('table', 'aus Holz', 'acc', 'den Tisch aus Holz', 'einen Tisch aus Holz'),
        ('tent', 'orange/orangefarben', 'acc', 'das orangefarbene Zelt', 'ein orangefarbenes Zelt'),
    ],
)
def test_german_adjectives_end_as_they_should(word, value, form, definite, indefinite):
    german, said = SPOKEN['german'], noun('german', 'objects', word)
    assert german.definite(said, value)[form] == definite
    assert german.indefinite(said, value)[form] == indefinite


@pytest.mark.parametrize(
    ('word', 'one', 'dative'),
    [
        ('crane', 'Kräne', 'Kränen'),
        ('ladder', 'Leitern', 'Leitern'),
        ('car', 'Autos', 'Autos'),
        ('bucket', 'Eimer', 'Eimern'),
        ('hydrant', 'Hydranten', 'Hydranten'),
        ('bus', 'Busse', 'Bussen'),
    ],
)
def test_german_plurals_are_right(word, one, dative):
    assert SPOKEN['german'].many(noun('german', 'objects', word)) == {'': one, 'dat': dative}


@pytest.mark.parametrize(
    ('table', 'word', 'form', 'said'),
    [
        ('objects', 'fire extinguisher', '', 'el extintor'),
        ('objects', 'fire extinguisher', 'a', 'al extintor'),
        ('objects', 'fire extinguisher', 'de', 'del extintor'),
        ('objects', 'chair', 'de', 'de la silla'),
        ('objects', 'axe', '', 'el hacha'),
        ('objects', 'axe', 'o', 'a'),
        ('objects', 'person', 'obj', 'a la persona'),
        ('objects', 'dog', 'obj', 'al perro'),
        ('objects', 'pump', 'obj', 'la bomba'),
        ('objects', 'pump', 'lo', 'la'),
        ('regions', 'kitchen', 'a', 'a la cocina'),
        ('regions', 'storage room', 'a', 'al almacén'),
        ('regions', 'classroom', '', 'el aula'),
        ('attributes', 'color', 'de', 'del color'),
    ],
)
def test_spanish_nouns_have_their_gender(table, word, form, said):
    assert SPOKEN['spanish'].definite(noun('spanish', table, word))[form] == said


@pytest.mark.parametrize(
    ('word', 'attribute', 'value', 'definite', 'state'),
    [
        ('door', 'openness', 'open', 'la puerta abierta', 'está abierta'),
        ('truck', 'color', 'red', 'el camión rojo', 'es rojo'),
        ('chair', 'color', 'green', 'la silla verde', 'es verde'),
        ('axe', 'cleanliness', 'dirty', 'el hacha sucia', 'está sucia'),
        ('table', 'material', 'wooden', 'la mesa de madera', 'es de madera'),
        ('basket', 'fullness', 'half filled', 'la cesta medio llena', 'está medio llena'),
        ('locker', 'lock', 'locked', 'la taquilla cerrada con llave', 'está cerrada con llave'),
        ('silo', 'posture', 'upright', 'el silo de pie', 'está de pie'),
    ],
)
def test_spanish_values_agree_with_what_they_are_said_of(word, attribute, value, definite, state):
    spanish, thing = SPOKEN['spanish'], noun('spanish', 'objects', word)
    entry = spanish.words['values'][attribute][value][0]
    assert spanish.definite(thing, entry)[''] == definite
    assert spanish.state(entry, thing)['es'] == state


@pytest.mark.parametrize(
    ('one', 'several'),
    [
        ('camión', 'camiones'),
        ('cámara de seguridad', 'cámaras de seguridad'),
        ('carretilla elevadora', 'carretillas elevadoras'),
        ('autobús', 'autobuses'),
        ('paraguas', 'paraguas'),
        ('luz', 'luces'),
        ('sofá', 'sofás'),
        ('reloj', 'relojes'),
        ('jardín', 'jardines'),
    ],
)
def test_spanish_plurals_are_right(one, several):
    assert pluralise(one) == several


@given(st.sampled_from('mfn'), st.from_regex('[A-Z][a-zäöüß]{2,12}', fullmatch=True))
def test_german_forms_hold_the_noun_and_no_words_that_are_drawn_together(gender, word):
    forms = SPOKEN['german'].definite(read_noun(f'in {gender} {word}/-e'))
    for name, said in forms.items():
        assert name in ('er', 'ihn') or word in said
        assert not re.search(r'\b(?:zu de[mr]|von dem|in dem|in das)\b', said)


@given(st.sampled_from('mf'), st.from_regex('[a-z]{3,12}', fullmatch=True))
def test_spanish_forms_hold_the_noun_and_no_words_that_are_drawn_together(gender, word):
    forms = SPOKEN['spanish'].definite(read_noun(f'{gender} {word}'))
    for name, said in forms.items():
        assert name in ('o', 'lo') or word in said
        assert not re.search(r'\b(?:a|de) el\b', said)


def test_an_entry_without_a_gender_is_refused():
    with pytest.raises(ConfigError, match=r"expected a gender of .* and a word.*got 'Leiter/-n'"):
        read_noun('Leiter/-n')


def test_a_form_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match=r"expected a form of nom, acc, .* got 'gen'"):
        '{a_target:gen}'.format(**SPOKEN['german'].sample())
