# SPDX-License-Identifier: Apache-2.0
"""Many worlds from one recipe: how they are planned, what they hold, which split they belong to."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest

from prism_core import ConfigError, Episode
from prism_core.config_file import read_config, to_config
from prism_core.dataset.produce import SynthesisRecipe
from prism_core.dataset.split import SPLITS, split_of, split_of_seed, world_seed
from prism_core.domain import find_domain
from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.kinds import kinds_to_draw
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.worlds import HELD_OUT, WorldRecipe
from prism_core.graph.calling import class_of

from .mapping_worlds import WORDS

DOMAIN = MappingDomain(WORDS)
WORLDS = 100


@cache
def draw(
    recipe: WorldRecipe, *, steered: bool = True
) -> tuple[tuple[WorldConfig, tuple[Episode, ...]], ...]:
    """The worlds of a recipe, each planned by what came before it, or as if it were the first."""
    coverage, drawn = Counter(), []
    for index in range(recipe.worlds):
        seed = world_seed(recipe.seed, index)
        is_test = split_of_seed(seed) == 'test'
        config = DOMAIN.plan_world(recipe, index, is_test, coverage)
        episodes = DOMAIN.draw_world(seed, config)
        if steered:
            coverage.update(name for episode in episodes for name in DOMAIN.covers(episode))
        drawn.append((config, tuple(episodes)))
    return tuple(drawn)


class Recipe(WorldRecipe):
    """Can be a key: its shares of sizes never change here."""

    __hash__ = object.__hash__


FULL = Recipe(worlds=WORLDS)


def episodes_of(recipe: WorldRecipe, **options) -> list[Episode]:
    return [episode for _, episodes in draw(recipe, **options) for episode in episodes]


def counts_of(what: str, *, steered: bool) -> list[int]:
    episodes = episodes_of(FULL, steered=steered)
    seen = [e for e in episodes if not e.provenance['unseen']]
    counts = Counter(name for e in seen for name in DOMAIN.covers(e) if name.startswith(what))
    return sorted(counts.values())


@pytest.mark.parametrize('what', ['kind:', 'family:'])
def test_what_is_rare_is_drawn_more_often_so_that_shares_differ_less(what):
    plain, steered = counts_of(what, steered=False), counts_of(what, steered=True)
    assert len(steered) >= len(plain)
    assert steered[-1] / steered[0] < 0.85 * plain[-1] / plain[0]


def test_steering_brings_many_more_classes_that_are_asked_for():
    assert len(counts_of('class:', steered=True)) > 2 * len(counts_of('class:', steered=False))


def test_all_kinds_and_all_actions_occur():
    episodes = episodes_of(FULL)
    assert {episode.task.kind for episode in episodes} == set(kinds_to_draw('full'))
    assert len(kinds_to_draw('full')) == 19
    actions = {a.name for e in episodes for turn in e.turns for a in turn.plan.actions}
    assert actions == set(MAPPING_ACTIONS)
    assert len(actions) == 8


def test_the_core_tier_draws_its_kinds_only():
    recipe = Recipe(worlds=20, tier='core')
    assert {episode.task.kind for episode in episodes_of(recipe)} == set(kinds_to_draw('core'))


def test_favored_classes_stand_in_their_world():
    for config, episodes in draw(FULL):
        assert len(config.favored) == 2
        worlds = {e.provenance.get('twin'): [] for e in episodes}
        for episode in episodes:
            classes = {class_of(node) for node in episode.true_graph.objects.values()}
            worlds[episode.provenance.get('twin')].append(classes >= set(config.favored))
        assert all(worlds.pop(None, [True]))
        assert all(map(any, worlds.values()))  # of two twins one may lack it


def test_objects_that_look_alike_stand_together_more_often_than_by_chance():
    alike = {name: set(entry.looks_like) for name, entry in DOMAIN.lexicon.objects.items()}
    standing = [
        sorted({class_of(node) for node in episodes[0].true_graph.objects.values()})
        for _, episodes in draw(FULL)
    ]
    worlds_with = Counter(name for classes in standing for name in classes)
    together = expected = 0.0
    pairs = {frozenset((name, other)) for name in worlds_with for other in alike[name]}
    for one, other in pairs:
        together += sum(one in classes and other in classes for classes in standing)
        expected += worlds_with[one] * worlds_with[other] / len(standing)
    assert together > max(3 * expected, 15)


# ---------------------------------------------------------------------------------------- splits


def test_all_tasks_of_a_world_belong_to_one_split():
    for config, episodes in draw(FULL):
        assert len({split_of(episode) for episode in episodes}) == 1
        assert all(split_of(e) == 'test' for e in episodes if config.unseen)
    assert {split_of(episode) for episode in episodes_of(FULL)} == set(SPLITS)


def test_what_is_held_out_is_in_the_test_split_alone():
    episodes = episodes_of(FULL)
    unseen = [e for e in episodes if e.provenance['unseen']]
    assert unseen
    assert {split_of(episode) for episode in unseen} == {'test'}
    places = {e.provenance['family'] for e in unseen}
    others = [e for e in episodes if split_of(e) != 'test']
    assert places.isdisjoint(e.provenance['family'] for e in others)
    assert {e.provenance['wording'] for e in unseen} == {'unseen'}
    assert {e.provenance['wording'] for e in others} == {'seen'}


@pytest.mark.parametrize('share', [0.0, 1.0])
def test_the_share_of_test_worlds_that_show_what_is_held_out_is_as_asked_for(share):
    recipe = WorldRecipe(unseen=share)
    shown = [DOMAIN.plan_world(recipe, index, True, {}).unseen for index in range(30)]
    assert set(shown) == {HELD_OUT if share else frozenset()}
    assert not any(DOMAIN.plan_world(recipe, index, False, {}).unseen for index in range(30))


def test_worlds_of_named_families_hold_nothing_held_out():
    recipe = WorldRecipe(unseen=1.0, families=('farm', 'office'))
    plans = [DOMAIN.plan_world(recipe, index, True, {}) for index in range(30)]
    assert {plan.family for plan in plans} == {'farm', 'office'}
    assert not any(plan.unseen for plan in plans)


def test_splits_have_their_shares():
    counts = Counter(split_of_seed(world_seed(0, index)) for index in range(20_000))
    assert set(counts) == set(SPLITS)
    assert abs(counts['valid'] / 20_000 - 0.05) < 0.01
    assert abs(counts['test'] / 20_000 - 0.05) < 0.01


def test_seeds_of_worlds_are_far_from_small_numbers_and_from_those_of_other_recipes():
    seeds = [world_seed(recipe, index) for recipe in range(20) for index in range(2000)]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) > 1_000_000
    assert max(seeds) < 2**53  # exact in any reader of JSON


# -------------------------------------------------------------------------------------- planning


def test_a_plan_depends_on_its_index_its_seed_and_the_coverage_alone():
    recipe = WorldRecipe()
    plans = [DOMAIN.plan_world(recipe, index, False, {}) for index in range(50)]
    assert [DOMAIN.plan_world(recipe, i, False, {}) for i in reversed(range(50))] == plans[::-1]
    assert [DOMAIN.plan_world(replace(recipe, seed=1), i, False, {}) for i in range(50)] != plans
    covered = {f'kind:{kind}': 1000 for kind in kinds_to_draw('full') if kind != 'passable'}
    steered = [DOMAIN.plan_world(recipe, index, False, covered) for index in range(50)]
    assert all(plan.kinds[0] == 'passable' for plan in steered)


def test_sizes_and_hidden_shares_come_as_often_as_the_recipe_says():
    recipe = WorldRecipe(sizes={'small': 3, 'medium': 1}, hidden=(0.0, 0.2))
    plans = [DOMAIN.plan_world(recipe, index, False, {}) for index in range(400)]
    sizes, hidden = (Counter(getattr(p, name) for p in plans) for name in ('size', 'hidden'))
    assert set(sizes) == {'small', 'medium'}
    assert 0.68 < sizes['small'] / 400 < 0.82
    assert set(hidden) == {0.0, 0.2}
    assert 0.43 < hidden[0.0] / 400 < 0.57


# --------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'worlds': 0}, 'worlds: expected at least 1, got 0'),
        ({'tasks': -1}, 'tasks: expected at least 1, got -1'),
        ({'sizes': {}}, 'sizes: expected shares of small, medium, large, each more than 0, got {}'),
        ({'sizes': {'huge': 1.0}}, "got {'huge': 1.0}"),
        ({'sizes': {'small': 0.0}}, "got {'small': 0.0}"),
        ({'hidden': []}, 'hidden: expected at least one share from 0 to 0.9, got none'),
        ({'hidden': [0.95]}, 'hidden: expected'),
        ({'kinds': ['sing']}, "got 'sing'"),
        ({'unseen': 1.5}, 'unseen: expected a share from 0 to 1, got 1.5'),
        ({'tier': 'all'}, "tier: expected one of core, full, got 'all'"),
        ({'tier': 'core', 'sizes': {'large': 1.0}}, 'core'),
        ({'wrlds': 3}, "there is no setting 'wrlds'"),
        ({'seed': 'first'}, 'seed'),
    ],
)
def test_a_recipe_of_worlds_that_cannot_be_drawn_is_refused(changes, words):
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        to_config(changes, WorldRecipe, 'worlds')
    assert '\n' not in str(caught.value)
    assert str(caught.value).startswith('worlds: ')


def test_a_family_that_is_not_there_is_refused_with_those_that_are():
    recipe = WorldRecipe(families=('moon',))
    with pytest.raises(ConfigError, match=r"families: expected some of .*farm.*, got 'moon'"):
        DOMAIN.plan_world(recipe, 0, False, {})


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('wrlds: {}', "there is no setting 'wrlds'"),
        ('paraphrased: 2', 'paraphrased: expected a share from 0 to 1, got 2'),
        ('likeness: 0.99', 'likeness: expected a share from 0 to 0.95, got 0.99'),
        ('writer: me', 'writer'),
        ('- a list', 'Expected `object`, got `array`'),
        ('domain: [', 'is not YAML'),
    ],
)
def test_a_recipe_file_that_cannot_be_used_is_refused_with_its_name(tmp_path, text, words):
    path = tmp_path / 'mine.yaml'
    path.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        read_config(path, SynthesisRecipe)
    assert str(path) in str(caught.value)
    assert '\n' not in str(caught.value)


def test_a_domain_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match=r"unknown domain 'cellar': expected one of .*mapping"):
        find_domain('cellar')
