# SPDX-License-Identifier: Apache-2.0
"""Requests in German and in Spanish."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from click.testing import CliRunner

from prism_core import Connection, Node, SceneGraph
from prism_core.config_file import read_config, to_config
from prism_core.domain import find_domain
from prism_core.domains.mapping.commands.voices import voice
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.reading.cues import load_cues
from prism_core.domains.mapping.reading.foreign import english_words, is_foreign, language_of
from prism_core.domains.mapping.requests import render_request
from prism_core.domains.mapping.words import load_words, split_held_out
from prism_core.domains.mapping.words.languages import (
    LANGUAGES,
    find_language,
    groups_of_kinds,
)
from prism_core.domains.mapping.words.languages.checking import find_faults_in
from prism_core.domains.mapping.words.speaker import Speaker
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.worlds import WorldRecipe
from prism_core.errors import ConfigError, WorldRejected
from prism_core.evaluation.suite import SuiteConfig

from .prism_runs import ROOT

WORDS = load_words()
DOMAIN = find_domain('mapping')
SPOKEN = {name: find_language(name) for name in LANGUAGES if find_language(name) is not None}
KINDS_SAID = tuple(groups_of_kinds())
ENGLISH_WORDS = english_words(WORDS, load_cues())
DEPOT = SceneGraph(
    (
        Node('yard_1', 'region', (0.0, 0.0)),
        Node('office_2', 'region', (9.0, 0.0)),
        Node('crate_3', 'object', (1.0, 0.0)),
    ),
    (
        Connection('traversable', 'yard_1', 'office_2'),
        Connection('observed_from', 'crate_3', 'yard_1'),
    ),
    robot_location='yard_1',
)
each_language = pytest.mark.parametrize('language', SPOKEN.values(), ids=list(SPOKEN))


def episodes_in(language, seeds, **config):
    config = {'kinds': KINDS_SAID, 'hidden': 0.2, **config}
    for seed in seeds:
        yield from draw_episodes(seed, WorldConfig(voice=language, **config), WORDS)


def fillings(language):
    """Each phrasing with a thing and a place by class, and by name."""
    sample = language.sample()
    named = {'target': language.named('crate_3', None), 'region': language.named('yard_1', None)}
    for group, texts in language.phrasings.items():
        for text in texts:
            yield group, text.format(**sample)
            yield group, text.format(**{**sample, **named})


# ---------------------------------------------------------------------------------- the phrasings


@each_language
def test_each_kind_has_thirty_phrasings_of_each_whole_meaning_with_its_slots(language):
    assert not list(find_faults_in(language, language.phrasings, least=30))
    assert language.kinds == {*KINDS_SAID}


@each_language
def test_each_attribute_has_phrasings_of_its_own(language):
    for attribute in WORDS.lexicon.attributes:
        assert len(language.phrasings[f'attribute_{attribute}']) >= 8


@each_language
def test_some_write_small_and_some_formally(language):
    texts = [text for texts in language.phrasings.values() for text in texts]
    small = [text for text in texts if text == text.lower()]
    formal = {'german': 'Sie', 'spanish': 'por favor'}[language.name]
    assert len(small) >= 60
    assert sum(formal in text for text in texts) >= 20


@each_language
@pytest.mark.parametrize('kind', KINDS_SAID)
def test_what_a_kind_draws_is_of_a_group_that_the_language_has(language, kind):
    for episode in episodes_in(language.name, range(2), kinds=(kind,), tasks=2):
        groups = groups_of_kinds()[kind]
        assert KINDS[episode.task.intent.kind].phrasing_group(episode.task.intent) in groups


# ---------------------------------------------------------------------------------- the sentences


@each_language
@pytest.mark.parametrize('names', ['plain', 'mixed'])
def test_a_world_is_asked_in_its_language_and_no_english_word_is_left(language, names):
    lexicon = WORDS.lexicon
    english = {w for name in (*lexicon.objects, *lexicon.regions, *lexicon.purposes)
               for w in name.split()}  # fmt: skip
    english |= {v for spec in lexicon.attributes.values() for v in spec.values}
    ours = language.all_words | {
        word
        for table in ('objects', 'groups')
        for _, said in language.nouns(table)
        for form in (language.many(said)[''], *language.definite(said).values())
        for word in form.lower().split()
    }
    drawn = list(episodes_in(language.name, range(70, 76), names=names))
    assert len(drawn) >= 24
    for episode in drawn:
        assert episode.provenance['voice'] == episode.provenance['language'] == language.name
        assert DOMAIN.groups_of(episode)['language'] == language.name
        request = episode.task.request
        assert '{' not in request
        for name in sorted(episode.true_graph.nodes, key=len, reverse=True):
            request = re.sub(re.escape(name), ' ', request, flags=re.IGNORECASE)
        if names == 'plain':
            said = set(re.findall(r'[^\W\d_]+', request.lower()))
            assert said.isdisjoint(english - ours), (request, said & (english - ours))


@each_language
def test_a_sentence_begins_with_a_capital_unless_its_writer_has_none(language):
    for group in ('locate', 'yes_no'):
        for seed in range(60):
            intent = Intent(
                group,
                target=Target(classes=('ladder',)),
                attribute='cleanliness' if group == 'yes_no' else '',
                value='clean' if group == 'yes_no' else '',
            )
            said = language.say(intent, group, Random(seed), is_unseen=False, most=0)
            first = said.lstrip('¿')[0]
            assert first.isupper() == said.endswith(('.', '?', '!')) or said != said.lower()
            if first.islower():
                assert said == said.lower()


def test_who_writes_small_leaves_names_alone():
    intent = Intent('locate', target=Target(name='HX-201'))
    said = {
        language.say(intent, 'locate', Random(seed), is_unseen=False, most=0)
        for language in SPOKEN.values()
        for seed in range(40)
    }
    assert all('HX-201' in text for text in said)
    assert any(text.replace('HX-201', '').islower() for text in said)


@each_language
def test_what_is_held_out_is_heard_by_no_training_world(language):
    intent = Intent('vague')
    heard = [
        {language.say(intent, 'vague', Random(s), is_unseen=u, most=0) for s in range(200)}
        for u in (False, True)
    ]
    assert heard[0].isdisjoint(heard[1])
    assert heard[1] == {*split_held_out(language.phrasings['vague'], True)}


@each_language
def test_a_task_for_which_there_is_no_word_is_not_drawn(language):
    speaker = Speaker(WORDS, voice=language.name)
    cases = (
        (Intent('locate', target=Target(classes=('astrolabe',))), 'no word for astrolabe'),
        (Intent('find', target=Target(classes=('crate', 'jar'))), 'no word for these classes'),
        (Intent('survey'), 'no phrasings of survey'),
    )
    for intent, why in cases:
        with pytest.raises(WorldRejected, match=f'{language.name} has {why}'):
            render_request(intent, Random(1), speaker)


# ---------------------------------------------------------------------------------------- recipes


def test_a_recipe_that_asks_for_no_language_draws_what_it_drew():
    recipe = WorldRecipe(seed=5, voices=0.8)
    for index in range(60):
        config = DOMAIN.plan_world(recipe, index, index % 2 == 0, {})
        same = replace(recipe, languages=('english',))
        assert DOMAIN.plan_world(same, index, index % 2 == 0, {}) == config
        assert config.voice not in SPOKEN


def test_the_languages_of_a_recipe_speak_about_equally_often_and_of_their_kinds_alone():
    recipe = WorldRecipe(
        voices=1.0, languages=LANGUAGES, kinds=('locate', 'count', 'patrol', 'then')
    )
    drawn = [DOMAIN.plan_world(recipe, index, False, {}) for index in range(240)]
    spoken = Counter(c.voice if c.voice in SPOKEN else 'english' for c in drawn)
    assert spoken.keys() == {*LANGUAGES}
    assert min(spoken.values()) > 50
    for config in drawn:
        assert config.voice not in SPOKEN or {*config.kinds} == {'locate', 'count'}


@pytest.mark.parametrize(
    ('given', 'message'),
    [
        (
            {'languages': ('latin',)},
            'languages: expected some of english, german, spanish, got latin',
        ),
        ({'languages': ()}, 'languages: expected some of english, german, spanish, got none'),
        (
            {'languages': ('german',), 'kinds': ('patrol',)},
            'kinds: expected some that german has phrasings for, which are absent, .*; got patrol',
        ),
    ],
)
def test_languages_that_cannot_be_spoken_are_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        WorldRecipe(**given)


def test_the_shipped_recipes_ask_for_them():
    suite = read_config(ROOT / 'config/evaluate/languages.yaml', SuiteConfig)
    assert to_config(suite.worlds, WorldRecipe, '').languages == ('german', 'spanish')


# ------------------------------------------------------------------------- who reads English alone


@each_language
def test_the_symbolic_planner_asks_and_does_nothing_else(language):
    planner = DOMAIN.make_symbolic()
    texts = [
        text for group, text in fillings(language) if len(re.findall(r'[^\W\d_]{2,}', text)) > 3
    ]
    for request in Random(3).sample(texts, 60):
        plan = planner.plan(request, DEPOT, ())
        assert [action.name for action in plan.actions] == ['clarify'], request


def test_no_english_sentence_is_taken_for_a_foreign_one():
    taken = [
        request
        for request in DOMAIN.held_out_requests()
        if is_foreign(request, SceneGraph(), ENGLISH_WORDS)
    ]
    assert taken == []


@each_language
def test_a_model_is_asked_nothing_for_a_word_that_forbids_in_english_alone(language):
    texts = [text for _, text in fillings(language)]
    chosen = [text for text in texts if re.search(r'\b(?:no|ni|nicht|kein\w*)\b', text.lower())]
    assert len(chosen) >= 20
    for request in chosen:
        assert DOMAIN.question_before(request, DEPOT) == '', request


@pytest.mark.parametrize(
    ('language', 'request_', 'quoted'),
    [
        ('german', 'Fahr bitte zum Lager, aber ohne durch die Küche zu fahren.', 'ohne'),
        ('german', 'Fahr zu office_2, aber auf keinen Fall über die Straße.', 'auf keinen fall'),
        ('german', 'Du sollst nicht in die Küche fahren.', 'sollst nicht'),
        ('spanish', 'Ve a la cocina, pero no pases por el pasillo.', 'no pases'),
        ('spanish', 'Busca un extintor sin entrar en el taller.', 'sin entrar'),
        ('spanish', 'Cuenta las sillas de todas las zonas salvo la cocina.', 'salvo'),
    ],
)
def test_what_a_foreign_sentence_forbids_is_asked_about(language, request_, quoted):
    assert language_of(request_, DEPOT, ENGLISH_WORDS) == language
    asked = DOMAIN.question_before(request_, DEPOT)
    assert asked == f'I do not understand "{quoted}". What should I do?'


# --------------------------------------------------------------------------------------- commands


def run(*arguments):
    return CliRunner().invoke(voice, list(arguments))


def test_a_file_of_phrasings_in_a_language_is_checked_line_by_line(tmp_path):
    mine = {**SPOKEN['german'].phrasings}
    mine['locate'] = ['Wo ist {target:nom}?', 'wo ist {target:nom}', 'Wo?', 'Zu {target:den}']
    path = tmp_path / 'mine.json'
    path.write_text(json.dumps(mine))
    found = run('check', str(path), '--language', 'german', '--least', '30')
    assert found.exit_code == 1
    for sentence in (
        'locate: expected at least 30, got 4',
        'locate: it is there twice: wo ist {target:nom}',
        'locate: expected the slot target: Wo?',
        'locate: target: expected a form of none, nom, acc, dat, gen, zu',
    ):
        assert sentence in found.output
    path.write_text(json.dumps({**SPOKEN['german'].phrasings}))
    assert run('check', str(path), '--language', 'german', '--least', '30').exit_code == 0
    assert 'expected one of english, german, spanish' in run('table', '--language', 'latin').output


def test_the_sheet_of_a_language_shows_its_forms_and_its_groups():
    sheet = run('sheet', '--language', 'german').output
    assert '{target:acc}: die Leiter' in sheet
    assert 'composed_unless' not in sheet
    assert 'locate' in run('table', '--language', 'spanish').output
    shown = run('sample', '--language', 'spanish', '--number', '5').output.splitlines()
    assert [line.split(' | ')[0] for line in shown] == ['spanish'] * 5
