# SPDX-License-Identifier: Apache-2.0
"""The bank of how people talk."""

from __future__ import annotations

import json
import re
from random import Random

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Node, SceneGraph
from prism_core.domain import find_domain
from prism_core.domains.mapping.commands.voices import voice
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.words import load_words
from prism_core.domains.mapping.words.speaker import Speaker
from prism_core.domains.mapping.words.typing_errors import mistype
from prism_core.domains.mapping.words.voices import HELD_OUT_VOICES, load_voices, voices_for
from prism_core.domains.mapping.words.voices.checking import find_faults, load_meanings
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.worlds import WorldRecipe

WORDS = load_words()
DOMAIN = find_domain('mapping')
VOICES = load_voices()


@pytest.mark.parametrize('name', VOICES)
def test_each_phrasing_of_a_voice_has_the_slots_of_its_meaning(name):
    assert not list(find_faults(VOICES[name]))


def test_there_are_eight_voices_and_a_hundred_phrasings_of_each_whole_meaning():
    assert len(VOICES) >= 8
    assert set(HELD_OUT_VOICES) < set(VOICES)
    for group in load_meanings():
        if not group.startswith(('step_', 'condition_', 'attribute_', 'vague')):
            assert sum(len(voice[group]) for voice in VOICES.values()) >= 90, group


def _plain(text):
    return re.sub(r'\W+', ' ', text.lower()).strip()


def test_no_phrasing_of_a_voice_that_is_held_out_is_one_of_training():
    house = (WORDS.phrasings(group, False) for group in WORDS.all_phrasings)
    voices = (ts for name in voices_for(False) for ts in VOICES[name].values())
    trained = {t for ts in (*house, *voices) for t in ts}
    held_out = {t for name in voices_for(True) for ts in VOICES[name].values() for t in ts}
    assert not {_plain(t) for t in trained} & {_plain(t) for t in held_out}


def test_training_worlds_never_hear_a_voice_that_is_held_out():
    recipe = WorldRecipe(voices=1.0, unseen=0.5)
    trained = {DOMAIN.plan_world(recipe, i, False, {}).voice for i in range(200)}
    assert trained == set(voices_for(False))
    tested = [DOMAIN.plan_world(recipe, i, True, {}) for i in range(200)]
    assert {c.voice for c in tested if c.unseen} == set(HELD_OUT_VOICES)
    assert {c.voice for c in tested if not c.unseen} == trained


def test_a_recipe_without_voices_draws_what_it_drew():
    plain = WorldRecipe(seed=5)
    for index in range(20):
        said = DOMAIN.plan_world(WorldRecipe(seed=5, voices=1.0), index, False, {})
        other = DOMAIN.plan_world(plain, index, False, {})
        assert other.voice == ''
        assert said.family == other.family
        assert said.kinds == other.kinds


@pytest.mark.parametrize('name', VOICES)
def test_a_world_is_asked_for_in_the_words_of_its_voice(name):
    kinds = ('find', 'locate', 'yes_no', 'count', 'describe', 'then')
    drawn = draw_episodes(3, WorldConfig(voice=name, kinds=kinds, hidden=0.1), WORDS)
    assert drawn
    for episode in drawn:
        assert episode.provenance['voice'] == name
        assert '{' not in episode.task.request
    bank = set(VOICES[name]['find'])
    assert set(Speaker(WORDS, voice=name).phrasings('find')) == bank
    assert set(Speaker(WORDS).phrasings('find')).isdisjoint(bank)


def test_what_is_asked_of_an_attribute_has_phrasings_of_its_own():
    said = Speaker(WORDS, voice='ward').phrasings('attribute', 'power')
    assert set(said) == {*VOICES['ward']['attribute'], *VOICES['ward']['attribute_power']}


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80), st.integers())
def test_typing_errors_leave_names_alone_and_never_fail(text, seed):
    graph = SceneGraph((Node('fuel_pump_7', 'object'), Node('HX-201', 'object')))
    said = f'{text} fuel_pump_7 and HX-201 then'
    spoiled = mistype(said, Random(seed), graph)
    assert 'fuel_pump_7' in spoiled
    assert 'HX-201' in spoiled


def test_a_sentence_with_words_gets_at_least_one_error():
    graph = SceneGraph()
    said = 'Please drive over to the kitchen and count the chairs'
    spoiled = [mistype(said, Random(seed), graph) for seed in range(50)]
    assert sum(text.lower() != said.lower() for text in spoiled) >= 45


def run(*arguments):
    return CliRunner().invoke(voice, list(arguments))


def test_a_file_of_ones_own_is_checked_line_by_line(tmp_path):
    mine = dict(VOICES['ward'])
    mine['locate'] = [
        'Where is {target}?',
        'where is {target}',
        'Find the thing',
        'At {target} {x}',
    ]
    mine['other'] = ['x']
    path = tmp_path / 'mine.json'
    path.write_text(json.dumps(mine))
    found = run('check', str(path))
    assert found.exit_code == 1
    for sentence in (
        'other: there is no such group',
        'locate: it is there twice: where is {target}',
        'locate: expected the slot target: Find the thing',
        'locate: there is no slot x: At {target} {x}',
    ):
        assert sentence in found.output
    path.write_text(json.dumps(VOICES['ward']))
    assert run('check', str(path)).exit_code == 0
    path.write_text('[1]')
    assert 'expected an object' in run('check', str(path)).output


def test_meanings_counts_and_samples_are_shown():
    assert 'locate: In which region is this thing?' in run('sheet').output
    assert 'foreman (held out)' in run('table').output
    assert len(run('sample', '--number', '5').output.splitlines()) == 5
