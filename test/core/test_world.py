# SPDX-License-Identifier: Apache-2.0
"""True graphs from a seed: sizes and structures as asked, and what of them is hidden."""

from __future__ import annotations

from random import Random

import networkx as nx
import pytest

from prism_core import ConfigError, SceneGraph
from prism_core.domains.mapping import load_words
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.hiding import hide
from prism_core.domains.mapping.simulator import FAILURES
from prism_core.domains.mapping.world import (
    SIZES,
    STRUCTURES,
    Wanted,
    WorldConfig,
    build_world,
)
from prism_core.graph.calling import class_of

WORDS = load_words()


def build(seed: int, wanted: Wanted | None = None, **settings) -> SceneGraph:
    return build_world(Random(seed), WorldConfig(**settings), WORDS, wanted).graph


# ------------------------------------------------------------------------------------ the world


@pytest.mark.parametrize('structure', sorted(STRUCTURES))
@pytest.mark.parametrize('size', sorted(SIZES))
def test_a_world_has_the_size_that_was_asked_for_and_all_of_it_can_be_reached(size, structure):
    low, high = SIZES[size]
    for seed in range(12):
        graph = build(seed, size=size, structure=structure)
        assert low <= len(graph.regions) <= high
        assert graph.reachable_regions(graph.robot_location) == set(graph.regions)
        assert all(graph.viewpoints.values())


def test_sizes_reach_from_the_smallest_to_the_largest():
    sizes = {len(build(seed).regions) for seed in range(200)}
    assert sizes == set(range(SIZES['small'][0], SIZES['small'][1] + 1))


def test_each_structure_has_the_ways_that_make_it_one():
    networks = {
        structure: [build(seed, structure=structure).region_network for seed in range(30)]
        for structure in STRUCTURES
    }
    for network in networks['chain']:
        assert sorted(degree for _, degree in network.degree)[:3] == [1, 1, 2]
        assert len(network.edges) == len(network) - 1
    assert all(max(d for _, d in n.degree) <= 4 for n in networks['grid'])
    assert any(nx.cycle_basis(n) for n in networks['grid'])
    assert all(nx.cycle_basis(n) for n in networks['clusters'] if len(n) > 7)
    assert max(d for n in networks['tree'] for _, d in n.degree) >= 4


def test_a_structure_that_is_not_given_is_drawn():
    drawn = {
        episode.provenance['structure']
        for seed in range(20)
        for episode in draw_episodes(seed, WorldConfig(tasks=1), WORDS)
    }
    assert drawn == set(STRUCTURES)


def test_episodes_tell_the_family_structure_and_size_that_were_asked_for():
    config = WorldConfig(family='farm', structure='grid', size='medium', tasks=3)
    drawn = draw_episodes(5, config, WORDS)
    assert drawn
    for episode in drawn:
        facts = episode.provenance
        assert (facts['family'], facts['structure'], facts['size']) == ('farm', 'grid', 'medium')
        classes = {class_of(node) for node in episode.true_graph.regions.values()}
        assert classes <= set(WORDS.lexicon.places['farm'])


def test_positions_of_regions_keep_apart_and_objects_stand_near_where_they_are_seen_from():
    for seed in range(40):
        graph = build(seed, size='medium')
        points = [node.position for node in graph.regions.values()]
        assert len(set(points)) == len(points)
        for name, regions in graph.viewpoints.items():
            nearest = min(graph.nodes[name].distance_m(graph.nodes[r]) for r in regions)
            assert nearest <= 4.1


def test_a_world_contains_what_is_wanted():
    wanted = Wanted(
        regions=('barn', 'field'),
        objects=(('tractor', 'barn', (('color', 'red'),)), ('crate', '', ())),
    )
    for seed in range(10):
        graph = build(seed, wanted, family='farm')
        assert {'barn', 'field'} <= {class_of(node) for node in graph.regions.values()}
        (name,) = [n for n, node in graph.objects.items() if class_of(node) == 'tractor']
        assert graph.nodes[name].attributes['color'] == 'red'
        assert 'barn' in {class_of(graph.nodes[r]) for r in graph.viewpoints[name]}


@pytest.mark.parametrize(
    ('settings', 'sentence'),
    [
        ({'tier': 'easy'}, "^tier: expected one of core, full, got 'easy'$"),
        ({'size': 'huge'}, "^size: expected one of small, medium, large, got 'huge'$"),
        ({'structure': 'ring'}, "^structure: expected one of , chain, .*, got 'ring'$"),
        ({'tier': 'core', 'size': 'medium'}, 'core tier has worlds of size small only'),
        ({'hidden': 0.95}, '^hidden: expected a share from 0 to 0.9, got 0.95$'),
        ({'hidden': -0.1}, '^hidden: expected a share'),
        ({'hidden': float('nan')}, '^hidden: expected a share'),
        ({'unseen': frozenset(['words'])}, "^unseen: expected wording, .*, got 'words'$"),
    ],
)
def test_a_setting_that_is_out_of_its_range_is_an_error_that_names_it(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        WorldConfig(**settings)


def test_a_kind_that_there_is_not_is_an_error_that_names_it():
    with pytest.raises(ConfigError, match=r"^kinds: expected .*, got 'dance'$"):
        draw_episodes(0, WorldConfig(kinds=('dance',)), WORDS)


def test_a_family_that_there_is_not_is_an_error_that_names_it():
    with pytest.raises(ConfigError, match='moon'):
        draw_episodes(0, WorldConfig(family='moon'), WORDS)


# --------------------------------------------------------------------------------- what is hidden


def test_with_nothing_hidden_all_of_the_world_is_known_and_mapped_and_nothing_goes_wrong():
    for seed in range(20):
        graph = build(seed)
        true, known = hide(graph, Random(seed), 0.0)
        assert true == graph
        assert known.connections == graph.connections
        assert known.objects == graph.objects
        for name, node in known.regions.items():
            assert node.attributes == {'mapped': True, 'ways_m': graph.way_lengths_m(name)}
            assert node.description == graph.nodes[name].description
        assert list(known.nodes) == list(graph.nodes)


def test_the_hidden_share_is_hidden_of_regions_objects_ways_and_attributes():
    hidden = {sort: [0, 0] for sort in ('regions', 'objects', 'ways', 'attributes', 'texts')}

    def count(sort: str, known: int, total: int) -> None:
        hidden[sort][0] += total - known
        hidden[sort][1] += total

    for seed in range(150):
        graph = build(seed, size='medium')
        _, known = hide(graph, Random(seed), 0.4)
        visible = [o for o, r in graph.viewpoints.items() if set(r) & set(known.regions)]
        ways = [e for e, c in graph.connections.items() if c.kind == 'traversable']
        both = [ends for ends in ways if set(ends) <= set(known.regions)]
        count('regions', len(known.regions) - 1, len(graph.regions) - 1)
        count('objects', len(known.objects), len(visible))
        count('ways', sum(ends in known.connections for ends in both), len(both))
        for name, node in known.objects.items():
            count('attributes', len(node.attributes), len(graph.nodes[name].attributes))
            count('texts', bool(node.description), 1)
    for sort, (gone, total) in hidden.items():
        assert total > 700, sort
        assert gone / total == pytest.approx(0.4, abs=0.04), sort


def test_some_known_ways_are_blocked_some_regions_cut_off_and_some_actions_fail():
    blocked = cut_off = failing = 0
    for seed in range(60):
        graph = build(seed)
        true, known = hide(graph, Random(seed), 0.4)
        gone = graph.connections.keys() - true.connections.keys()
        away = set(graph.regions) - true.reachable_regions(true.robot_location)
        blocked += bool(gone & known.connections.keys())
        cut_off += bool(away)
        assert len(away) <= 1
        failures = true.attributes.get(FAILURES, ())
        failing += bool(failures)
        assert all(action in ('map_region', 'inspect') for action, _ in failures)
        assert all(name in true.nodes for _, name in failures)
    assert min(blocked, cut_off, failing) >= 5


def test_a_world_that_is_hidden_is_not_changed():
    graph = build(7)
    before = (dict(graph.nodes), dict(graph.connections))
    hide(graph, Random(7), 0.9)
    assert (dict(graph.nodes), dict(graph.connections)) == before
