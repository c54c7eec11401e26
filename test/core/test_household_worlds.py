# SPDX-License-Identifier: Apache-2.0
"""Homes and tasks from a seed, and the sentences that they come with."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from random import Random

import pytest

from prism_core.domain import find_domain
from prism_core.domains.household.classes import FURNITURE, LAMPS, THINGS, is_slice
from prism_core.domains.household.generator import draw_world, plan_world
from prism_core.domains.household.home import read_home
from prism_core.domains.household.judge import make_criterion
from prism_core.domains.household.kinds import ASKED, ERRANDS, KINDS, TWINS
from prism_core.domains.household.meaning import Meaning
from prism_core.domains.household.requests import held_out_requests, render_request
from prism_core.domains.household.scenes import (
    UNSEEN_CLASSES,
    HouseholdRecipe,
    draw_home,
    hide,
)
from prism_core.domains.household.words import load_words, names_of, phrasings, plural
from prism_core.episode.criterion import QUESTION
from prism_core.errors import ConfigError


@cache
def drawn(is_test: bool = False, **recipe):
    """The tasks of some worlds."""
    coverage: Counter[str] = Counter()
    episodes = []
    for index in range(14):
        config = plan_world(HouseholdRecipe(**recipe), index, is_test, coverage)
        some = draw_world(index, config)
        coverage.update(episode.task.kind for episode in some)
        episodes += some
    return episodes


def test_each_kind_of_task_is_drawn():
    assert {episode.task.kind for episode in drawn()} == {*KINDS}


def test_kinds_that_are_named_are_drawn_alone():
    episodes = drawn(kinds=('place', 'heat'), hidden=0.0)
    assert {episode.task.kind for episode in episodes} == {'place', 'heat'}
    with pytest.raises(ConfigError, match='kinds: expected some of place'):
        plan_world(HouseholdRecipe(kinds=('fly',)), 0, False, {})


@pytest.mark.parametrize(
    'values', [{'worlds': 0}, {'tasks': 0}, {'known': 2}, {'hidden': -1}, {'unseen': ('colors',)}]
)
def test_a_recipe_out_of_range_is_refused(values):
    with pytest.raises(ConfigError, match=f'{next(iter(values))}: expected'):
        HouseholdRecipe(**values)


def test_where_asking_is_right_a_question_is_the_end():
    for episode in drawn(hidden=0.0):
        is_asked = episode.criterion.answer == QUESTION
        assert is_asked == (episode.ending == 'asked')
        if episode.task.kind not in TWINS:
            assert is_asked == (episode.task.kind in ASKED)


def test_twins_have_one_sentence_and_other_ends():
    twins: dict[str, list] = {}
    for episode in drawn(hidden=1.0):
        if 'twin' in episode.provenance:
            twins.setdefault(episode.provenance['twin'], []).append(episode)
    assert len(twins) > 10
    for pair in twins.values():
        one, other = pair
        assert one.task == other.task
        assert one.true_graph != other.true_graph
    assert any({e.ending for e in pair} == {'asked', 'reported'} for pair in twins.values())


def test_nothing_that_is_wanted_is_so_at_the_start():
    for episode in drawn():
        meaning = episode.task.intent
        assert isinstance(meaning, Meaning)
        again = replace(episode, turns=(), ending='reported')
        if make_criterion(meaning).evidence:
            from prism_core.domains.household.judge import judge_episode

            assert not judge_episode(again).success, episode.task.request


def test_homes_have_one_to_three_rooms_and_unseen_ones_more():
    rooms = {False: set(), True: set()}
    for seed in range(40):
        for is_unseen, numbers in rooms.items():
            graph = draw_home(Random(seed), is_unseen)
            home = read_home(graph)
            numbers.add(sum(not home.is_furniture(name) for name in graph.regions))
            assert graph.robot_location in graph.regions
            assert len(graph.reachable_regions(graph.robot_location)) == len(graph.regions)
    assert rooms == {False: {1, 2, 3}, True: {3, 4}}


def test_each_thing_lies_where_it_fits_and_each_basin_has_a_faucet():
    for seed in range(20):
        home = read_home(draw_home(Random(seed), bool(seed % 2)))
        for name, holder in home.holders.items():
            assert home.place_of(name)
            if home.is_thing(name):
                assert home.holders[name]
                assert home.nodes[holder].attributes.get('capacity', 99) >= 1
        basins = home.called('sink basin') + home.called('bathtub basin')
        assert {home.holders[name] for name in home.called('faucet')} == set(basins)


def test_what_is_closed_or_in_another_room_is_hidden():
    for seed in range(20):
        graph = draw_home(Random(seed))
        home, known = read_home(graph), read_home(hide(graph))
        assert known.nodes.keys() >= graph.regions.keys()
        for name in home.holders:
            place = home.place_of(name)
            is_near = graph.distance_m(place, home.here) and (
                tuple(sorted((place, home.here))) in graph.connections
            )
            if home.is_thing(name):
                assert (name in known.nodes) == (bool(is_near) and not home.is_shut(place)), name
            else:
                assert name in known.nodes
        assert {known.is_seen(region) for region in graph.regions if home.is_shut(region)} <= {
            False
        }


def test_training_shows_nothing_that_is_held_out():
    held_out = set(held_out_requests())
    for episode in drawn():
        called = {read_home(episode.true_graph).class_of(n) for n in episode.true_graph.nodes}
        assert called.isdisjoint(UNSEEN_CLASSES)
        assert episode.provenance['unseen'] == []
        assert episode.task.request not in held_out
    shown = [e for e in drawn(is_test=True) if 'scenes' in e.provenance['unseen']]
    classes = {read_home(e.true_graph).class_of(n) for e in shown for n in e.true_graph.nodes}
    assert classes & UNSEEN_CLASSES


@pytest.mark.parametrize('group', [*ERRANDS, 'sliced', 'then', 'vague'])
def test_each_kind_of_errand_is_put_in_many_ways(group):
    seen, unseen = phrasings(group, False), phrasings(group, True)
    assert len(seen) >= 10
    assert len(unseen) >= 4
    assert len({*seen, *unseen}) == len(seen) + len(unseen)


def test_each_class_has_several_names_and_no_name_two_classes():
    nouns = load_words('nouns')
    assert nouns.keys() == (FURNITURE | LAMPS | {c for c in THINGS if not is_slice(c)})
    names = [name for parts in nouns.values() for name in (*parts['seen'], *parts['unseen'])]
    assert len(names) == len(set(names))
    assert all(len(parts['seen']) >= 2 and parts['unseen'] for parts in nouns.values())


def test_a_sentence_names_what_is_meant():
    for episode in drawn(known=1.0, hidden=0.0):
        meaning, request = episode.task.intent, episode.task.request.lower()
        for errand in meaning.errands:
            words = [errand.place, errand.vessel, errand.lamp]
            for each in filter(None, words):
                assert any(name in request for name in names_of(each, False)), request
            whole = errand.thing.removesuffix(' slice')
            said = [form for name in names_of(whole, False) for form in (name, plural(name))]
            assert any(name in request for name in said), request


def test_a_sentence_leaves_no_slot_open():
    rng = Random(1)
    for episode in drawn():
        for is_unseen in (False, True):
            said = render_request(episode.task.intent, rng, is_unseen)
            assert '{' not in said
            assert '  ' not in said


@pytest.mark.parametrize(
    ('one', 'many'),
    [('mug', 'mugs'), ('kitchen knife', 'kitchen knives'), ('slice of potato', 'slices of potato'),
     ('keys', 'keys'), ('cardboard box', 'cardboard boxes')],
)  # fmt: skip
def test_plural(one, many):
    assert plural(one) == many


def test_a_free_request_is_in_no_training_and_its_task_is_one_that_the_teacher_does():
    domain = find_domain('household')
    held_out = {*domain.held_out_requests()}
    drawn = [domain.draw_free(number, 1, None) for number in range(domain.free_requests)]
    tasks = [episode for episodes in drawn for episode in episodes]
    assert len(tasks) >= 0.9 * domain.free_requests
    assert all(task.outcome.success for task in tasks)
    assert {task.task.request for task in tasks} <= held_out
    assert any(task.ending == 'asked' for task in tasks)
    assert {e.kind for task in tasks for e in task.task.intent.errands} >= {
        *('place', 'stack', 'clean', 'heat', 'cool', 'light')
    }
