# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from prism_core.domains.mapping import load_words

WORDS = Path(__file__).parents[2] / 'prism_core/domains/mapping/words'
FILES = ['attributes', 'groups', 'objects', 'places', 'purposes', 'regions']
ATTRIBUTES, GROUPS, OBJECTS, PLACES, PURPOSES, REGIONS = (
    json.loads((WORDS / f'{file}.json').read_text(encoding='ascii')) for file in FILES
)

MUST_BE_CORE = """truck, car, van, boat, bicycle, forklift, crate, barrel, dumpster, generator,
bench, tree, person, chair, table, fire extinguisher, antenna, door"""
MUST_BE_REGIONS = """parking lot, field, dock, gate, bridge, courtyard, warehouse, road, office,
kitchen, hallway, garden, island, storage room, workshop"""
MUST_BE_FAMILIES = """campus, industrial yard, farm, park, harbour, construction site, warehouse,
office, hospital, home, mine, disaster area, airport"""
NOT_IN_A_NAME = """near, in, at, of, and, or, then, way, area, region, object, robot, place, thing,
map, many, more, closest, nearest, first"""

CORE = {name for name, entry in OBJECTS.items() if entry['tier'] == 'core'}
TIERS_OF_REGIONS = {
    (name, entry['tier']) for family in PLACES.values() for name, entry in family.items()
}
CORE_REGIONS = {name for name, tier in TIERS_OF_REGIONS if tier == 'core'}
VALUES = [
    word
    for attribute in ATTRIBUTES.values()
    for value, synonyms in attribute['values'].items()
    for word in [value, *synonyms]
]
OBJECT_WORDS = [
    *GROUPS,
    *(word for name, entry in OBJECTS.items() for word in [name, *entry['synonyms']]),
]
NAMES = OBJECT_WORDS + [word for name, words in REGIONS.items() for word in [name, *words]]
PHRASES = [phrase for name, phrases in PURPOSES.items() for phrase in [name, *phrases]]


def _listed(text: str) -> set[str]:
    return {' '.join(name.split()) for name in text.split(',')}


def _runs(text: str) -> list[str]:
    """Every contiguous part of the words of a text, itself among them."""
    words = text.split()
    return [
        ' '.join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    ]


def _inside(parts: list[str], wholes: list[str]) -> list[tuple[str, str]]:
    """The pairs of a part and another text that contains it as whole words."""
    known = set(parts)
    return [(run, whole) for whole in wholes for run in _runs(whole) if run in known]


def _within_one_another(texts: list[str]) -> list[tuple[str, str]]:
    return [(part, whole) for part, whole in _inside(texts, texts) if part != whole]


def _twice(texts: list[str]) -> list[str]:
    return [text for text, times in Counter(texts).items() if times > 1]


def _regular_plural(name: str) -> str:
    if re.search('[^aeiou]y$', name):
        return name[:-1] + 'ies'
    return name + ('es' if name.endswith(('s', 'x', 'z', 'ch', 'sh')) else 's')


def _plural(name: str) -> str:
    return OBJECTS.get(name, {}).get('plural') or _regular_plural(name)


def _purposes_of(names: set[str]) -> Counter[str]:
    return Counter(chain.from_iterable(OBJECTS[name]['purposes'] for name in names))


def _no_duplicate_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    assert not _twice([key for key, _ in pairs])
    return dict(pairs)


@pytest.mark.parametrize('file', FILES)
def test_file_has_one_class_per_line_sorted_by_key(file):
    text = (WORDS / f'{file}.json').read_text(encoding='ascii')
    content = json.loads(text, object_pairs_hook=_no_duplicate_keys)
    assert list(content) == sorted(content)
    levels = [content] if file != 'places' else [content, *content.values()]
    for level in levels:
        assert list(level) == sorted(level)
    lines = [line for line in text.splitlines() if line.startswith(' ')]
    indent = '    ' if file == 'places' else '  '
    entries = [line for line in lines if re.match(rf'{indent}"', line)]
    assert len(entries) == sum(map(len, content.values() if file == 'places' else levels))
    assert len(lines) - len(entries) == (2 * len(content) if file == 'places' else 0)


def test_there_are_enough_classes_and_90_of_them_are_core():
    assert len(OBJECTS) >= 330
    assert len(CORE) == 90
    assert {entry['tier'] for entry in OBJECTS.values()} == {'core', 'full'}


def test_classes_and_regions_asked_for_exist():
    assert _listed(MUST_BE_CORE) <= CORE
    assert 'hydrant' in OBJECTS
    assert _listed(MUST_BE_REGIONS) <= set(REGIONS)
    assert _listed(MUST_BE_FAMILIES) <= set(PLACES)


def test_every_class_has_these_entries_only():
    needed = {'tier', 'synonyms', 'purposes', 'attributes'}
    for name, entry in OBJECTS.items():
        assert needed <= set(entry) <= needed | {'plural', 'looks_like'}, name
        assert len(entry['synonyms']) <= 3, name
        assert len(entry['purposes']) <= 2, name
        assert 2 <= len(entry['attributes']) <= 5, name
        assert set(entry['attributes']) <= set(ATTRIBUTES), name
        for key in ('synonyms', 'purposes', 'attributes', 'looks_like'):
            assert not _twice(entry.get(key, [])), name


def test_every_attribute_belongs_to_a_core_class():
    assert {key for name in CORE for key in OBJECTS[name]['attributes']} == set(ATTRIBUTES)


def test_plural_is_given_just_where_it_is_irregular():
    for name, entry in OBJECTS.items():
        if 'plural' in entry:
            assert re.fullmatch('[a-z]+( [a-z]+)*', entry['plural']), name
            assert entry['plural'] != _regular_plural(name), name
        else:
            assert not re.search('lf$|fe$|man$', name), name
    plurals = [_plural(name) for name in OBJECT_WORDS if _plural(name) != name]
    assert not _twice(plurals)
    assert not _inside(plurals, NAMES)


def test_looks_like_names_other_classes_and_goes_both_ways():
    pairs = {(name, other) for name in OBJECTS for other in OBJECTS[name].get('looks_like', [])}
    assert len({name for name, _ in pairs}) >= 40
    for name, other in pairs:
        assert name != other
        assert (other, name) in pairs
    assert all(entry.get('looks_like', True) for entry in OBJECTS.values())


def test_attribute_keys_are_single_words_with_2_to_8_values():
    for key, attribute in ATTRIBUTES.items():
        assert set(attribute) == {'words', 'values'}, key
        assert attribute['words'][0] == key
        assert re.fullmatch('[a-z]+', key)
        assert 2 <= len(attribute['values']) <= 8, key
    assert len(ATTRIBUTES['color']['values']) == 8
    assert 10 <= len(ATTRIBUTES) <= 14


def test_no_value_is_part_of_another():
    assert not _twice(VALUES)
    assert not _within_one_another(VALUES)


def test_no_word_of_an_attribute_is_a_value_or_belongs_to_another_attribute():
    words = [word for attribute in ATTRIBUTES.values() for word in attribute['words']]
    assert not _twice(words)
    assert not _inside(VALUES, words)
    assert not _inside(words, VALUES)
    for key, attribute in ATTRIBUTES.items():
        others = [word for word in words if word not in attribute['words']]
        assert not _inside(others, attribute['words']), key


def test_every_name_is_one_to_three_lower_case_words():
    for name in [*NAMES, *PLACES]:
        assert re.fullmatch('[a-z]+( [a-z]+){0,2}', name), name
    for phrase in [*PHRASES, *VALUES, *chain(*(a['words'] for a in ATTRIBUTES.values()))]:
        assert re.fullmatch('[a-z]+( [a-z]+)*', phrase), phrase


def test_no_name_is_used_twice():
    assert not _twice(NAMES)


def test_no_word_is_part_of_another():
    assert not _within_one_another(NAMES)


def test_no_name_has_a_word_that_sentences_need():
    attribute_words = [word for key, a in ATTRIBUTES.items() for word in [key, *a['words']]]
    assert not _inside([*_listed(NOT_IN_A_NAME), *VALUES, *attribute_words], NAMES)


def test_purposes_are_unique_phrases_without_to():
    assert len(PURPOSES) >= 60
    assert not _twice(PHRASES)
    assert not _within_one_another(PHRASES)
    for purpose, paraphrases in PURPOSES.items():
        assert 1 <= len(paraphrases) <= 4, purpose
    assert not [phrase for phrase in PHRASES if phrase.startswith('to ')]


def test_no_purpose_names_an_object():
    assert not _inside(OBJECT_WORDS, PHRASES)
    assert not _inside([_plural(name) for name in OBJECT_WORDS], PHRASES)


def test_no_purpose_names_a_region_or_a_value():
    regions = [word for name, words in REGIONS.items() for word in [name, *words]]
    assert not _inside([*regions, *VALUES, *ATTRIBUTES], PHRASES)


def test_every_purpose_is_served_by_one_to_five_classes():
    served = _purposes_of(set(OBJECTS))
    assert set(served) == set(PURPOSES)
    assert max(served.values()) <= 5
    assert sum(bool(entry['purposes']) for entry in OBJECTS.values()) >= 120
    assert len(_purposes_of(CORE)) >= 25


def test_families_have_9_to_16_regions_of_5_to_14_known_classes():
    assert len(PLACES) >= 13
    for family, regions in PLACES.items():
        assert 9 <= len(regions) <= 16, family
        for region, entry in regions.items():
            assert set(entry) == {'tier', 'objects'}, (family, region)
            assert 5 <= len(entry['objects']) <= 14, (family, region)
            assert set(entry['objects']) <= set(OBJECTS), (family, region)
            assert not _twice(entry['objects']), (family, region)


def test_regions_have_one_tier_each_and_30_are_core():
    assert not _twice([name for name, _ in TIERS_OF_REGIONS])
    assert {tier for _, tier in TIERS_OF_REGIONS} == {'core', 'full'}
    assert len(TIERS_OF_REGIONS) >= 95
    assert len(CORE_REGIONS) == 30


def test_at_least_five_families_have_six_core_regions():
    assert sum(len(CORE_REGIONS & set(regions)) >= 6 for regions in PLACES.values()) >= 5


def test_every_core_region_has_five_core_objects_wherever_it_occurs():
    for family, regions in PLACES.items():
        for region in CORE_REGIONS & set(regions):
            assert len(CORE & set(regions[region]['objects'])) >= 5, (family, region)


def test_every_class_occurs_somewhere_and_every_core_class_in_a_core_region():
    found = [pair for regions in PLACES.values() for pair in regions.items()]
    assert set(chain(*(entry['objects'] for _, entry in found))) == set(OBJECTS)
    core = set(chain(*(entry['objects'] for name, entry in found if name in CORE_REGIONS)))
    assert core >= CORE


def test_every_region_has_an_entry_of_at_most_two_synonyms():
    assert set(REGIONS) == {name for name, _ in TIERS_OF_REGIONS}
    assert max(map(len, REGIONS.values())) <= 2


def test_groups_are_of_known_classes_two_of_them_core():
    assert 8 <= len(GROUPS) <= 14
    for group, members in GROUPS.items():
        assert set(members) <= set(OBJECTS), group
        assert not _twice(members), group
        assert len(CORE & set(members)) >= 2, group


def test_question_for_an_attribute_asks_for_it_alone():
    lexicon = load_words().lexicon
    for attribute in lexicon.attributes:
        assert lexicon.asked_attributes(lexicon.question(attribute)) == {attribute}
    assert lexicon.question('openness') == 'Is it open or closed?'
    assert lexicon.question('color') == 'What is the color?'
    assert lexicon.asked_attributes(lexicon.question('description')) == frozenset()
