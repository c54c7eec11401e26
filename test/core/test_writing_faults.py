# SPDX-License-Identifier: Apache-2.0
"""Each thing that can be wrong with a written world is found, and said in one sentence."""

from __future__ import annotations

import math
from random import Random

import msgspec
import pytest

from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.writing.place import build_place, find_faults, scene_words
from prism_core.domains.mapping.writing.schema import (
    WrittenAttribute,
    WrittenObject,
    WrittenRegion,
    WrittenWay,
    WrittenWorld,
)
from prism_core.graph.calling import class_of

from .mapping_worlds import WORDS
from .written_worlds import READER, written_world

changed = msgspec.structs.replace
REGIONS = [
    WrittenRegion(f'r{n}', noun, f'{noun} with a fence', 12.0 * n, 0.0)
    for n, noun in enumerate(('gate', 'yard', 'shed', 'barn', 'silo'))
]
WAYS = [WrittenWay(f'r{n}', f'r{n + 1}') for n in range(4)]
CRATE = WrittenObject('crate', 'r1', [WrittenAttribute('color', 'red')], 'crate with a label')
GOOD = WrittenWorld('a depot', REGIONS, WAYS, [CRATE], [])


def with_object(**changes) -> WrittenWorld:
    return changed(GOOD, objects=[changed(CRATE, **changes)])


def with_region(index: int, **changes) -> WrittenWorld:
    regions = [*REGIONS]
    regions[index] = changed(regions[index], **changes)
    return changed(GOOD, regions=regions)


FAULTS = [
    (changed(GOOD, regions=REGIONS[:4], ways=WAYS[:3]), 'the number of regions is wrong: '
     'expected from 5 to 12, got 4'),
    (changed(GOOD, objects=[]), 'the number of objects is wrong: expected from 1 to 24, got 0'),
    (with_region(2, id='r3'), "an id comes twice: 2 regions have the id 'r3'"),
    (with_region(0, noun='Bay #3'), "a class is no plain words: 'Bay #3' must be one to four "
     'words of letters'),
    (with_region(0, x_m=1e9), "a coordinate is out of range: region 'r0'"),
    (with_region(0, x_m=11.0), "two regions are too close: 'r0' and 'r1' are less than 3 m apart"),
    (with_region(4, x_m=100.0), "a way is too long: 'r3' and 'r4' are 64 m apart, 60 m are the "
     'most'),
    (changed(GOOD, ways=WAYS[1:]), "a region cannot be reached: no way leads from 'r0' to 'r1', "
     "'r2', 'r3', 'r4'"),
    (changed(GOOD, ways=[*WAYS, WrittenWay('r1', 'r9')]), 'a region does not exist: no region has '
     "the id 'r9' of a way"),
    (changed(GOOD, ways=[*WAYS, WrittenWay('r1', 'r1')]), "a way leads nowhere: it goes from 'r1' "
     'to itself'),
    (with_object(region='r9'), "a region does not exist: no region has the id 'r9' of the object "
     "'crate'"),
    (with_object(noun='vehicle'), "a class is too general: 'vehicle' does not say what it is"),
    (with_object(noun='red truck'), "a class tells a state: 'red truck' must be 'truck' with an "
     'attribute'),
    (with_object(noun='shed'), "a class is both: 'shed' is a region, it cannot be an object"),
    (with_object(attributes=[WrittenAttribute('mood', 'good')]), 'there is no such attribute: '
     "'mood' of 'crate' cannot be 'good'"),
    (with_object(attributes=[WrittenAttribute('color', 'loud')]), 'the attribute has no such '
     "value: 'color' of 'crate' cannot be 'loud'"),
    (with_object(attributes=[*CRATE.attributes, WrittenAttribute('color', 'blue')]),
     "an attribute comes twice: 'crate' has 2 of 'color'"),
    (changed(GOOD, objects=[CRATE, CRATE]), "an object comes twice: 'crate' in 'r1'"),
]  # fmt: skip


def test_a_good_world_has_no_fault():
    assert find_faults(GOOD, WorldConfig(), WORDS, READER) == []


@pytest.mark.parametrize(('written', 'fault'), FAULTS)
def test_each_fault_is_said_in_one_sentence(written, fault):
    assert fault in find_faults(written, WorldConfig(), WORDS, READER)


def test_all_faults_are_found_at_once():
    written = changed(
        with_object(region='r9', noun='vehicle'), ways=WAYS[1:], regions=[*REGIONS, REGIONS[0]]
    )
    reasons = {f.partition(':')[0] for f in find_faults(written, WorldConfig(), WORDS, READER)}
    assert reasons == {
        'an id comes twice',
        'two regions are too close',
        'a region cannot be reached',
        'a class is too general',
        'a region does not exist',
    }


def test_what_is_set_aside_for_tests_is_in_no_training_world():
    held_out = next(n for n in WORDS.lexicon.objects if WORDS.is_held_out_class(n))
    written = with_object(noun=held_out, attributes=[])
    assert f'a class is set aside for tests: use something else than {held_out!r}' in find_faults(
        written, WorldConfig(), WORDS, READER
    )
    unseen = WorldConfig(unseen=frozenset({'classes'}))
    assert find_faults(written, unseen, WORDS, READER) == []


def test_each_object_is_seen_from_the_region_that_was_said_and_near_it():
    """an index of one list, taken modulo the length of another, put objects elsewhere."""
    for number in range(6):
        written = written_world(number)
        graph = build_place(written, Random(number), 'park', WORDS, READER).graph
        classes = {region.id: region.noun for region in written.regions}
        said = sorted((item.noun, classes[item.region]) for item in written.objects)
        seen = []
        for name, node in graph.objects.items():
            (region,) = graph.viewpoints[name]
            assert math.dist(node.position, graph.nodes[region].position) <= 15
            seen.append((class_of(node), class_of(graph.nodes[region])))
        assert sorted(seen) == said
        assert len(graph.regions) == len(written.regions)


def test_a_description_that_tells_a_state_or_another_object_is_replaced():
    for told in ('a bright red crate', 'crate beside the shovel', 'x', 'a\x00b', 'ä' * 30):
        shovel = changed(CRATE, noun='shovel', attributes=[])
        written = changed(GOOD, objects=[changed(CRATE, description=told), shovel])
        graph = build_place(written, Random(3), 'park', WORDS, READER).graph
        (crate,) = (node for node in graph.objects.values() if class_of(node) == 'crate')
        assert crate.description.startswith('crate ')
        assert 'red' not in crate.description.split()
        assert 'shovel' not in crate.description


def test_the_words_of_a_world_have_the_classes_that_it_alone_has():
    written = with_object(noun='flux capacitor')
    graph = build_place(written, Random(3), 'park', WORDS, READER).graph
    words = scene_words(graph, WORDS)
    assert 'flux capacitor' in words.object_classes('full', (), 'park')
    assert 'flux capacitor' not in WORDS.object_classes('full', (), 'park')
    assert words.draw_attributes(Random(1), 'flux capacitor').keys() == {'color'}
    drawn = words.draw_attributes(Random(1), 'truck')
    assert drawn == WORDS.draw_attributes(Random(1), 'truck')
