# SPDX-License-Identifier: Apache-2.0
"""What a model is asked to write, as strict JSON Schema, and how its replies are read."""

from __future__ import annotations

import copy
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import ConfigError
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.writing.meaning import MeaningReader
from prism_core.domains.mapping.writing.prompts import EXAMPLE, make_writing_prompt
from prism_core.domains.mapping.writing.schema import (
    Wordings,
    WrittenMeaning,
    WrittenWorld,
    answer_schema,
    find_strictness_faults,
    read_answer,
    strict_schema,
)
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph

from .mapping_worlds import WORDS, episodes_of
from .written_worlds import VAGUE, meaning_of, reply, written_world

READER = MeaningReader(WORDS.lexicon)
EMPTY = SceneGraph()


class Loose(msgspec.Struct):
    """Not strict in each way that a Struct can be."""

    first: str = ''
    second: dict[str, int] | None = None


class Deep(msgspec.Struct, forbid_unknown_fields=True):
    """It holds itself."""

    inner: list[Deep]


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    """It holds what has no end."""

    deep: Deep


@pytest.mark.parametrize('kind', [WrittenWorld, WrittenMeaning, Wordings])
def test_what_is_asked_for_is_strict_and_its_root_is_an_object(kind):
    schema = answer_schema('answer', kind, WORDS.lexicon).schema
    assert schema['type'] == 'object'
    assert '$ref' not in schema
    assert find_strictness_faults(schema) == []
    json.dumps(schema)


def test_the_schema_allows_only_the_words_of_the_lexicon():
    defs = answer_schema('world', WrittenWorld, WORDS.lexicon).schema['$defs']
    attribute = defs['WrittenAttribute']['properties']
    assert set(attribute['key']['enum']) == set(WORDS.lexicon.attributes)
    assert {'red', 'half filled'} <= set(attribute['value']['enum'])
    assert 'ambiguous' in defs['WrittenTask']['properties']['kind']['enum']
    assert 'sit on' in defs['WrittenTask']['properties']['purpose']['enum']


def test_a_type_that_strict_mode_would_refuse_is_refused_here():
    with pytest.raises(ConfigError, match=r"Loose is not strict: .*has 'default'"):
        strict_schema('loose', Loose, {})
    with pytest.raises(ConfigError, match='deeper than 5 objects'):
        strict_schema('outer', Outer, {})
    with pytest.raises(ConfigError, match='refers to what is not there'):
        strict_schema('deep', Deep, {})
    with pytest.raises(ConfigError, match="'two words' is not made of letters"):
        strict_schema('two words', Wordings, {})


@pytest.mark.parametrize(
    ('spoil', 'fault'),
    [
        (lambda s: s.update(type='array'), 'its root is no object'),
        (lambda s: s.pop('additionalProperties'), '$ allows other properties'),
        (lambda s: s['required'].pop(), '$ does not require all its properties'),
        (lambda s: s['properties']['place'].pop('type'), '$.place has no type'),
        (lambda s: s['properties']['place'].update(minLength=3), "$.place has 'minLength'"),
        (
            lambda s: s['properties']['ways']['items'].update(description='a way'),
            '$.ways[] has keys beside its $ref',
        ),
        (
            lambda s: s['$defs']['WrittenWay']['properties'].update(
                {f'p{n}': {'type': 'string'} for n in range(100)}
            ),
            'it has more than 100 properties',
        ),
        (
            lambda s: s['properties']['place'].update(enum=[str(n) for n in range(501)]),
            'it has more than 500 values of enums',
        ),
    ],
)
def test_each_breach_of_strictness_is_found(spoil, fault):
    schema = copy.deepcopy(dict(answer_schema('world', WrittenWorld, WORDS.lexicon).schema))
    spoil(schema)
    assert fault in find_strictness_faults(schema)


def test_the_example_in_the_prompt_is_an_answer_of_the_form_that_is_asked_for():
    """a template that is itself malformed teaches malformed answers."""
    ((message,)) = make_writing_prompt('x', 'park', WorldConfig(), WORDS, 6, ('find', 'count'))
    shown = message['content'].partition('Example of the form:\n')[2].partition('\n\n')[0]
    assert read_answer(shown, WrittenWorld) == EXAMPLE


@pytest.mark.parametrize(
    'reply_',
    ['```json\n{}\n```', 'Here it is:\n{}', '{}\nDo you need more?', '  {}'],
)
def test_text_around_an_answer_is_passed_over(reply_):
    answer = Wordings(['Go there {now}.'])
    assert read_answer(reply_.replace('{}', reply(answer)), Wordings) == answer


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('I cannot help with that.', 'the reply has no JSON'),
        ('', 'the reply has no JSON'),
        ('{"sentences": ["a", "b', 'the reply was cut off before its end'),
        ('{"sentences": ["a"]', 'the reply was cut off before its end'),
        ('{', 'the reply was cut off before its end'),
        ('{sentences}', 'the reply is no JSON: .*malformed'),
        ('{"sentences": "a"}', r'the reply has another form: .*\$\.sentences'),
        ('{"sentences": [], "more": 1}', 'the reply has another form: .*unknown field `more`'),
        ('{}', 'the reply has another form: .*missing required field `sentences`'),
        ('{"sentences": ["\ud800"]}', 'the reply is no JSON'),
    ],
)
def test_a_reply_that_is_no_answer_is_rejected_with_its_reason(text, reason):
    with pytest.raises(WorldRejected, match=reason):
        read_answer(text, Wordings)


@given(st.integers(0, 4), st.data())
def test_an_answer_that_is_cut_anywhere_is_rejected(number, data):
    whole = reply(written_world(number))
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]
    with pytest.raises(WorldRejected, match='the reply was cut off before its end'):
        read_answer(cut, WrittenWorld)


# ------------------------------------------------------------------------------------ the meanings


def test_a_meaning_is_read_back_as_the_intent_that_it_was_made_from():
    tried = 0
    for episode in episodes_of(range(500, 515)):
        intent = episode.task.intent
        assert READER.read(meaning_of(intent), episode.true_graph) == intent
        tried += 1
    assert tried > 60


def test_synonyms_plurals_and_groups_are_the_classes_that_they_stand_for():
    changes = msgspec.structs.replace
    find = changes(VAGUE, kind='find')
    for word, classes in (
        ('lorry', ('truck',)),
        ('Trucks', ('truck',)),
        ('fire_extinguisher', ('fire extinguisher',)),
        ('vessels', WORDS.lexicon.groups['vessel']),
        ('flux capacitor', ('flux capacitor',)),
    ):
        read = READER.read(changes(find, target=word), EMPTY)
        assert read == Intent('find', Target(classes=classes))


@pytest.mark.parametrize(
    ('slots', 'reason'),
    [
        ({'kind': 'dance'}, 'there is no such kind of task'),
        ({'kind': 'find'}, 'a slot is missing'),
        ({'kind': 'attribute', 'target': 'truck'}, 'a slot is missing'),
        ({'kind': 'find', 'target': 'truck', 'region': 'yard'}, 'a slot is filled that the kind'),
        ({'kind': 'survey', 'region': 'yard'}, 'a slot is filled that the kind'),
        ({'kind': 'find', 'target': 'truck #3'}, 'a class is no plain words'),
        ({'kind': 'go_to', 'region': 'Bay 7'}, 'a class is no plain words'),
        ({'kind': 'find', 'purpose': 'world peace'}, 'the purpose cannot be used'),
        ({'kind': 'find', 'target': 'bench', 'purpose': 'sit on'}, 'the purpose cannot be used'),
        ({'kind': 'attribute', 'target': 'truck', 'attribute': 'mood'}, 'no such attribute'),
        (
            {'kind': 'yes_no', 'target': 'truck', 'attribute': 'color', 'value': 'open'},
            'the attribute has no such value',
        ),
        ({'kind': 'map_area', 'position': [1.0]}, 'position has a wrong number of entries'),
        ({'kind': 'map_area', 'position': [1e300, 0.0]}, 'a coordinate is out of range'),
        ({'kind': 'sequence'}, 'a slot is missing'),
        ({'kind': 'passable', 'region': 'a', 'other_region': 'b', 'way': ['a', '']}, 'missing'),
    ],
)
def test_a_meaning_with_other_slots_than_its_kind_is_rejected(slots, reason):
    with pytest.raises(WorldRejected, match=reason):
        READER.read(msgspec.structs.replace(VAGUE, **slots), EMPTY)
