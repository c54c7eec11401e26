# SPDX-License-Identifier: Apache-2.0
"""Worlds and suites in which things are called as maps of sites call them."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core.domain import find_domain
from prism_core.domains.mapping.exchange import targets_of
from prism_core.domains.mapping.measure import measure_distillation
from prism_core.domains.mapping.solution import solve
from prism_core.domains.mapping.words import load_new_nouns, load_words
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.world_names import WORLD_NAMES
from prism_core.episode.episode import Episode
from prism_core.episode.planner import run_episode
from prism_core.errors import ConfigError
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.invariance import measure_invariance, states_of
from prism_core.evaluation.suite import SuiteConfig, draw_suite, read_suite
from prism_core.graph.calling import (
    CLASS_KEYS,
    class_of,
    class_of_name,
    classes_of,
    is_called,
    is_opaque,
    told_class,
)
from prism_core.graph.elements import Node
from prism_core.graph.name_styles import WRITINGS, NameWriter, code_letters

DOMAIN, WORDS = find_domain('mapping'), load_words()
LEXICON = WORDS.lexicon
WORLDS = {'seed': 3, 'worlds': 8, 'tier': 'full', 'hidden': [0.2], 'unseen': 0.5}
STYLES = [style for style in WORLD_NAMES if style not in ('plain', 'mixed')]


def draw(under: str = 'plain', style: str = 'plain', worlds: int = 8) -> list[Episode]:
    """The tasks of worlds that are drawn in a style of names, put under others."""
    suite = SuiteConfig(worlds={**WORLDS, 'names': style, 'worlds': worlds}, names=under)
    return list(chain.from_iterable(draw_suite(suite)))


def solves(planner, task: Episode) -> bool:
    bare = replace(task, turns=(), outcome=None)
    return DOMAIN.judge(run_episode(planner, DOMAIN.make_simulator(bare), bare)).success


# ------------------------------------------------------------------------------ how names are said


@given(
    st.sampled_from(WRITINGS),
    st.sampled_from(sorted(LEXICON.objects)),
    st.integers(0, 999),
)
def test_a_name_tells_its_class_or_has_it_beside_it(writing, class_name, seed):
    writer = NameWriter(Random(seed))
    for _ in range(3):
        name = writer.write(writing, class_name, 'object')
        beside = writer.beside(class_name) if writing in ('code', 'opaque') else {}
        assert is_called(Node(name, 'object', attributes=beside), {class_name})
        assert is_opaque(class_of_name(name)) or not beside


@given(st.sampled_from(WRITINGS), st.integers(0, 999))
def test_no_name_is_given_twice_whatever_letters_are_small(writing, seed):
    writer = NameWriter(Random(seed))
    names = [writer.write(writing, 'fire extinguisher', 'object').lower() for _ in range(12)]
    assert len({*names}) == len(names)


def test_letters_of_a_code_are_no_word():
    letters = {code_letters(name) for name in (*LEXICON.objects, *LEXICON.regions)}
    assert all(re.fullmatch('[B-DF-HJ-NP-TV-XZ]{2}', code) for code in letters)


@pytest.mark.parametrize(
    ('name', 'called'),
    [
        ('pump_P-4B', 'pump'),
        ('Gate A12', 'gate'),
        ('Loading Dock 3', 'loading dock'),
        ('gate_valve_XV-3', 'gate valve'),
        ('Dock B', 'dock b'),
        ('Smart TV 2', 'smart tv'),
    ],
)
def test_the_code_behind_a_word_is_none_of_its_class(name, called):
    assert class_of_name(name) == called


def test_a_word_for_anything_calls_nothing_where_a_class_is_told():
    node = Node('area_12', 'region', attributes={'label': 'LoadingBay'})
    assert classes_of(node) == ('loading bay',)
    assert told_class(node) == {'label': 'LoadingBay'}
    assert classes_of(Node('area_12', 'region')) == ('area',)


# --------------------------------------------------------------------------------------- worlds


@pytest.mark.parametrize('style', STYLES)
def test_tasks_of_named_worlds_mean_what_anybody_can_work_out_anew(style):
    tasks = draw(style=style, worlds=2)
    assert len(tasks) > 8
    for task in tasks:
        intent = task.task.intent
        truth = solve(intent, task.true_graph, task.known_graph, LEXICON, task.task.kind)
        assert (truth.answer, truth.accepted, truth.evidence) == (
            task.criterion.answer,
            task.criterion.accepted,
            task.criterion.evidence,
        )
        assert solves(DOMAIN.make_teacher(task.task), task)
        named = [t.name for t in targets_of(intent) if t.name]
        assert all(name in task.known_graph.nodes for name in named)


def test_each_style_calls_things_in_its_way():
    names = {style: [*draw(style=style, worlds=2)[0].true_graph.nodes] for style in STYLES}
    assert all(name.count('_') >= 2 for name in names['compound'])
    assert any(' ' in name for name in names['spaced'])
    assert any(not re.search(r'\d', name) for name in names['bare'])
    assert all(re.fullmatch(r'[A-Z]{2}-\d{3}[AB]?', name) for name in names['code'])
    synonyms = {s for entry in LEXICON.objects.values() for s in entry.synonyms}
    synonyms |= {s for others in LEXICON.regions.values() for s in others}
    assert any(class_of_name(name) in synonyms for name in names['synonym'])
    ways = {style for style, some in names.items() if {*some} & {*names['site']}}
    assert len({*map(class_of_name, names['site'])}) > 3, ways


def test_codes_and_ids_have_their_class_beside_them_in_one_of_the_usual_attributes():
    keys = set()
    for style in ('code', 'opaque'):
        for node in draw(style=style)[0].true_graph.nodes.values():
            (key,) = (key for key in CLASS_KEYS if key in node.attributes)
            keys.add(key)
    assert len(keys) > 2


def test_synonyms_that_training_never_shows_are_held_out():
    def phrases(unseen: frozenset[str]) -> set[str]:
        found = set()
        for seed in range(6):
            config = WorldConfig(names='synonym', hidden=0.2, unseen=unseen)
            for episode in DOMAIN.draw_world(seed, config):
                found |= {class_of_name(name) for name in episode.true_graph.nodes}
        return found - LEXICON.objects.keys() - LEXICON.regions.keys()

    seen, unseen = phrases(frozenset()), phrases(frozenset({'wording'}))
    assert seen
    assert unseen
    assert not seen & unseen


def test_a_sentence_says_the_class_as_the_map_has_it_or_its_head_or_a_synonym():
    tasks = draw(style='compound', worlds=6)
    said = {target.classes for task in tasks for target in targets_of(task.task.intent)}
    assert any(' ' in c and c not in LEXICON.objects for (c, *_) in said if c)
    assert any(classes[:1] and classes[0] in LEXICON.objects for classes in said)


def test_worlds_without_names_are_those_of_before():
    assert draw(worlds=2) == draw(worlds=2, style='plain')


def test_the_names_of_a_world_are_one_of_some():
    with pytest.raises(ConfigError, match=r'names: expected one of plain, compound, .*, site'):
        WorldConfig(names='funny')


def test_nearly_all_tasks_of_sites_are_solved_by_who_reads_the_sentence():
    tasks = draw(style='site', worlds=10)
    planner = DOMAIN.make_symbolic()
    solved = [solves(planner, task) for task in tasks]
    assert len(solved) > 60
    assert sum(solved) / len(solved) >= 0.95


@pytest.mark.parametrize('dialect_name', ['compact', 'spine'])
def test_the_teacher_plans_the_same_from_what_a_prompt_tells(dialect_name):
    config = WorldConfig(names='site', hidden=0.3)
    found = measure_distillation(dialect_name, config, range(6), 200)
    assert found.states > 100
    assert (found.replies, found.plans, found.conflicts) == (0, 0, 0)


def test_plans_follow_other_names_of_the_same_things():
    states = islice(states_of(draw(style='site', worlds=6)), 60)
    found = measure_invariance(Candidate('teacher').open(DOMAIN), DOMAIN, states)
    assert found.names.cases > 50
    assert found.names.kept == found.names.cases


# --------------------------------------------------------------------------------------- suites


@pytest.mark.parametrize('names', ['compound', 'code', 'new'])
def test_a_suite_in_other_names_has_the_same_tasks_and_twins(names):
    plain, other = draw(worlds=4), draw(names, worlds=4)
    ids = [task.provenance['id'] for task in plain]
    kept = [task.provenance['id'] for task in other]
    assert [one for one in ids if one in kept] == kept
    assert len(kept) == len(ids) if names != 'new' else len(kept) > 0.7 * len(ids)
    twins = [t.provenance['twin'] for t in other if 'twin' in t.provenance]
    assert twins
    assert all(twins.count(twin) == 2 for twin in twins)
    for task in other:
        assert solves(DOMAIN.make_teacher(task.task), task)


def test_codes_say_nothing_and_their_class_stands_beside_them():
    for task in draw('code', worlds=2):
        for node in task.true_graph.nodes.values():
            assert is_opaque(class_of_name(node.name))
            assert class_of(node) == node.attributes['semantic_class']
        assert not re.search(r'[a-z]_\d', task.task.request)


def test_new_nouns_stand_in_map_and_sentence_and_in_no_lexicon():
    nouns = {*chain.from_iterable(load_new_nouns().values())}
    for task in draw('new', worlds=3):
        graph = task.true_graph
        assert {class_of(node) for node in graph.nodes.values()} <= nouns
        for target in targets_of(task.task.intent):
            called = target.name or target.classes[0]
            assert called in task.task.request or LEXICON.plural(called) in task.task.request
            assert target.name or target.classes[0] in nouns


def test_there_are_enough_new_nouns_and_no_two_have_an_end_that_is_known():
    nouns = load_new_nouns()
    assert len(nouns['object']) >= 150
    listed = [*LEXICON.objects, *LEXICON.regions, *LEXICON.groups, *LEXICON.attribute_phrases]
    listed += [s for entry in LEXICON.objects.values() for s in entry.synonyms]
    listed += [s for others in LEXICON.regions.values() for s in others]
    words = {word for name in listed for word in name.split()}
    every = [*chain.from_iterable(nouns.values())]
    ends = [noun.split()[-1] for noun in every]
    assert len({*ends}) == len(ends)
    assert not words & {word for noun in every for word in noun.split()}


@pytest.mark.parametrize('names', ['compound', 'code', 'new'])
def test_nearly_all_tasks_are_solved_under_any_names(names):
    planner = DOMAIN.make_symbolic()
    solved = [solves(planner, task) for task in draw(names, worlds=10)]
    assert len(solved) > 60
    assert sum(solved) / len(solved) >= 0.95


def test_any_file_of_tasks_can_be_put_under_other_names():
    depot = Path(__file__).parents[2] / 'config/evaluate/depot.json'
    planner = DOMAIN.make_symbolic()
    # Whether a company_extinguisher puts out a fire is asked.
    for names, least in (('compound', 13), ('code', 14)):
        tasks = [*chain.from_iterable(draw_suite(read_suite(depot, names=names)))]
        assert len(tasks) == 14
        assert sum(solves(planner, task) for task in tasks) >= least
    with pytest.raises(ConfigError, match='new words need tasks that say what they mean'):
        list(draw_suite(read_suite(depot, names='new')))
    with pytest.raises(ConfigError, match='names: expected one of plain, compound, code, new'):
        read_suite(depot, names='funny')


def test_a_domain_without_new_nouns_says_so():
    suite = SuiteConfig(domain='tabletop', worlds={'worlds': 1}, names='new')
    with pytest.raises(ConfigError, match='the domain tabletop has no new nouns'):
        next(draw_suite(suite))
