# SPDX-License-Identifier: Apache-2.0
"""The file with a site's own words: over the packaged ones, refused, and named by commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from prism_core import find_domain
from prism_core.cli.main import prism
from prism_core.errors import ConfigError
from prism_core.graph.spine_json import render_scene_graph

from .plant import EXAMPLE, PACKAGED, ROOT, make_plant, write

# ------------------------------------------------------------------------------- over the packaged


def test_a_class_is_defined_anew_and_keeps_its_place(tmp_path):
    words = write(tmp_path, 'objects: {truck: {synonyms: [bowser], attributes: [color]}}\n')
    lexicon = find_domain('mapping', words=words).lexicon
    assert lexicon.objects['truck'].synonyms == ('bowser',)
    assert lexicon.objects['truck'].attributes == ('color',)
    assert lexicon.objects['truck'].tier == PACKAGED.lexicon.objects['truck'].tier
    assert lexicon.objects.keys() == PACKAGED.lexicon.objects.keys()


def test_a_packaged_synonym_that_the_site_uses_means_what_the_site_says(tmp_path):
    assert 'lorry' in PACKAGED.lexicon.objects['truck'].synonyms
    words = write(tmp_path, 'objects: {road train: {synonyms: [lorry]}}\n')
    lexicon = find_domain('mapping', words=words).lexicon
    assert 'lorry' not in lexicon.objects['truck'].synonyms
    assert lexicon.said_things('a lorry') == ('road train',)


def test_words_are_read_in_small_letters_and_without_marks(tmp_path):
    words = write(tmp_path, 'objects: {Knock-Out_drum: {synonyms: [KO drum], plural: KO drums}}\n')
    entry = find_domain('mapping', words=words).lexicon.objects['knock out drum']
    assert (entry.synonyms, entry.plural) == (('ko drum',), 'ko drums')


# ---------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ('text', 'error'),
    [
        ('', 'expected some of objects, regions, groups, purposes, attributes, places, got no'),
        ('only: true', 'expected some of objects, regions'),
        ('only: maybe', 'Expected `bool`, got `str` - at `$.only`'),
        ('objcts: {pump: }', "there is no setting 'objcts'"),
        ('objects: [pump]', r"objects: expected names, each with what belongs to it, got ['pump']"),
        (
            'objects: {pump: {synonym: [P]}}',
            'objects: pump: expected some of plural, synonyms, purposes, attributes, looks_like, '
            "got 'synonym'",
        ),
        (
            'objects: {pump: {synonyms: P}}',
            "objects: pump: synonyms: expected a list of words, such as [one, other], got 'P'",
        ),
        (
            'objects: {pump: {synonyms: [booster]}, fan: {synonyms: [booster]}}',
            "objects: fan: expected each word to stand for one thing, got 'booster', which stands "
            'for objects: pump, too',
        ),
        (
            'objects: {pump: {synonyms: [booster]}}\nregions: {booster: []}',
            "regions: booster: expected each word to stand for one thing, got 'booster'",
        ),
        (
            'objects: {heat exchanger: {synonyms: [truck]}}',
            "objects: heat exchanger: expected words that are free, got 'truck', which is "
            'objects: truck of the packaged words; use that, leave the word out, define objects: '
            'truck anew, or say only: true',
        ),
        (
            'attributes: {flame: {values: {lit: [on fire]}}, glow: {values: {on fire: []}}}',
            'attributes: glow: on fire: expected each word to stand for one thing, got '
            "'on fire', which stands for attributes: flame: lit, too",
        ),
        (
            'attributes: {valve position: {values: {open: [], half: []}}}',
            "attributes: valve position: open: expected words that are free, got 'open', which is "
            'attributes: openness: open of the packaged words',
        ),
        (
            'attributes: {flame: {words: [pilot]}}',
            'attributes: flame: values: expected values, got',
        ),
        (
            'attributes: {flame: {values: {on: [], off: []}}}',
            'attributes: flame: values: expected a word, got True, as YAML reads it; put the word '
            'in quotes',
        ),
        (
            'attributes: {flame: {values: {Lit: []}}}',
            'attributes: flame: values: expected small letters and digits, as attributes and their '
            "values are in the map, got 'Lit'",
        ),
        (
            'objects: {"K.O.": {synonyms: ["!"]}}',
            "objects: k o: synonyms: expected words of letters and digits, got '!'",
        ),
        (
            'objects: {pump: {attributes: [flow]}}',
            "objects: pump: attributes: expected names of attributes, got 'flow'; add it to attrib",
        ),
        (
            'objects: {pump: {purposes: [pump up]}}',
            'objects: pump: purposes: expected names of pur',
        ),
        ('groups: {gadget: []}', 'groups: gadget: expected classes, got none'),
        ('groups: {gadget: [gizmo]}', "groups: gadget: expected names of objects, got 'gizmo'"),
        (
            'places: {plant: {nowhere: [truck]}}',
            "places: plant: expected names of regions, got 'no",
        ),
        (
            'places: {plant: {road: [gizmo]}}',
            "places: plant: road: expected names of objects, got '",
        ),
        ('objects: {HX: , hx: }', "objects: expected each name once, got 'hx' twice"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(tmp_path, text, error):
    path = write(tmp_path, text + '\n')
    with pytest.raises(ConfigError, match='^' + re.escape(f'{path}: {error}')):
        find_domain('mapping', words=path)


def test_a_file_that_is_not_there_is_said():
    with pytest.raises(ConfigError, match=r'cannot read nowhere\.yaml: No such file'):
        find_domain('mapping', words='nowhere.yaml')


# ---------------------------------------------------------------------------------------- commands


def run(*arguments: object, fails: bool = False) -> str:
    done = CliRunner().invoke(prism, [str(one) for one in arguments])
    assert (done.exit_code != 0) == fails, done.output
    return done.output + str(done.exception or '')


def test_plan_takes_words(tmp_path):
    graph = tmp_path / 'plant.json'
    graph.write_text(render_scene_graph(make_plant(is_seen=False)))
    asked = ('plan', '--graph', graph, '--location', 'Unit-3', '--request', 'is the flare lit?')
    assert 'Is it lit or out?' in run(*asked, '--words', EXAMPLE)
    assert 'Is it lit or out?' not in run(*asked)


def test_what_runs_leave_says_which_words_they_had_and_elicit_holds_them_to_it(tmp_path):
    words = Path(write(tmp_path, Path(EXAMPLE).read_text()))
    recipe = tmp_path / 'recipe.yaml'
    recipe.write_text(
        'words: words.yaml\nworlds: {worlds: 2, tasks: 2, families: [process plant]}\n'
    )
    tasks, episodes = tmp_path / 'tasks', tmp_path / 'episodes'
    run('synthesize', '--recipe', recipe, '--out', tasks, '--runner', 'threads', '--no-report')
    run('elicit', tasks, '--out', episodes, '--runner', 'threads')
    said = [yaml.safe_load((folder / 'recipe.yaml').read_text()) for folder in (tasks, episodes)]
    for one in said:
        assert Path(one['words']).samefile(words)
        assert len(one['words_sha256']) == 64
    words.write_text(words.read_text() + '# changed\n')
    again = ('elicit', tasks, '--out', tmp_path / 'again', '--runner', 'threads', '--no-report')
    assert 'expected the file of words that it was made with' in run(*again, fails=True)
    run(*again, '--words', words)


def test_a_recipe_without_words_says_nothing_of_them(tmp_path):
    out = tmp_path / 'tasks'
    run('synthesize', '--worlds', '1', '--out', out, '--runner', 'threads', '--no-report')
    assert not [key for key in yaml.safe_load((out / 'recipe.yaml').read_text()) if 'words' in key]


def test_evaluate_plays_with_the_words_of_the_suite_in_its_processes(tmp_path):
    suite = yaml.safe_load((ROOT / 'config/words/example_suite.yaml').read_text())
    suite['worlds'] |= {'worlds': 1, 'kinds': ['yes_no', 'attribute', 'locate']}
    suite['words'] = EXAMPLE
    (tmp_path / 'suite.yaml').write_text(yaml.safe_dump(suite))
    out = tmp_path / 'scores'
    run('evaluate', 'symbolic', '--suite', tmp_path / 'suite.yaml', '--out', out, '--workers', 1)
    assert json.loads((out / 'report.json').read_text())['success']['value'] == 1.0
    assert len(yaml.safe_load((out / 'recipe.yaml').read_text())['suite']['words_sha256']) == 64
    run('report', out, '--out', tmp_path / 'page.html')
    assert 'example.yaml' in (tmp_path / 'page.html').read_text()
