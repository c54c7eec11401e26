from __future__ import annotations

import pytest

from prism_core import Connection, Node, SceneGraph
from prism_core.domains.mapping import load_vocabulary
from prism_core.matching import Vocabulary, match_nodes, read_request, split_words

VOCABULARY = Vocabulary.from_lists(
    {
        'purposes': {'lamp': ['light'], 'torch': ['light'], 'pond': ['fish']},
        'synonyms': {'lamp': ['lanterns']},
        'verbs': {'goto': ['go'], 'inspect': ['check']},
        'fillers': ['the', 'to', 'is'],
        'indefinite': ['a', 'any'],
    }
)


def matches(request: str, *nodes: Node, connections=()) -> list[tuple[str, float]]:
    graph = SceneGraph(nodes, connections)
    found = match_nodes(read_request(request, VOCABULARY), graph, VOCABULARY)
    return [(match.node.name, match.score) for match in found]


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('Go to Truck_12!', ['go', 'to', 'truck', '12']),
        ('batteries boxes benches brushes glasses', ['battery', 'box', 'bench', 'brush', 'glass']),
        ('cars bus grass axis gas is', ['car', 'bus', 'grass', 'axis', 'gas', 'is']),
        ('Größe-Übung', ['größe', 'übung']),
        ('', []),
    ],
)
def test_text_is_split_into_singular_lower_case_words(text, words):
    assert split_words(text) == words


def test_request_is_taken_apart_into_verb_content_and_article():
    reading = read_request('Go, check any lamps to the lamp', VOCABULARY)
    assert reading.verb == 'goto'
    assert reading.content == ('lamp',)
    assert reading.is_indefinite
    reading = read_request('the', VOCABULARY)
    assert (reading.verb, reading.content, reading.is_indefinite) == (None, (), False)


LAMP = Node('lamp_1', 'object', (0, 0), 'tall and green')


@pytest.mark.parametrize(
    ('request_', 'score'),
    [
        ('check lamp_1', 20.0),
        ('check the lamp', 4.0),
        ('lanterns', 3.5),
        ('light', 3.0),
        ('green', 1.0),
        ('green lamp', 5.0),
        ('lamp 2', 4.0),
        ('the pond', None),
    ],
)
def test_better_names_give_higher_scores(request_, score):
    assert matches(request_, LAMP) == ([] if score is None else [('lamp_1', score)])


@pytest.mark.parametrize(
    ('name', 'request_', 'score'),
    [('gate', 'go to the gate', 20.0), ('check', 'check the lamp', None), ('to', 'go to', None)],
)
def test_name_of_one_word_is_meant_only_where_the_word_has_no_other_use(name, request_, score):
    found = matches(request_, Node(name, 'region', (0, 0)))
    assert found == ([] if score is None else [(name, score)])


def test_semantic_class_names_a_node_as_its_name_does():
    node = Node('discovered_7', 'object', (0, 0), attributes={'semantic_class': 'lamp', 'n': 5})
    assert matches('the lamp', node) == [('discovered_7', 4.0)]


def test_equal_scores_keep_the_order_of_the_graph_and_better_ones_come_first():
    nodes = [Node(f'lamp_{i}', 'object', (0, 0)) for i in (3, 1, 2)]
    assert [name for name, _ in matches('lamp', *nodes)] == ['lamp_3', 'lamp_1', 'lamp_2']
    assert [name for name, _ in matches('lamp 2', *nodes)] == ['lamp_2', 'lamp_3', 'lamp_1']


def test_region_around_an_object_breaks_ties():
    nodes = [
        *(Node('yard', 'region', (0, 0), 'old mill'), Node('road', 'region', (9, 0))),
        *(Node('lamp_1', 'object', (0, 0)), Node('lamp_2', 'object', (9, 0))),
    ]
    seen = [
        Connection('observed_from', 'lamp_1', 'road'),
        Connection('observed_from', 'lamp_2', 'yard'),
    ]
    found = matches('lamp at the mill', *nodes, connections=seen)
    assert found == [('lamp_2', 5.0), ('lamp_1', 4.0), ('yard', 1.0)]


def test_word_that_names_a_node_is_no_purpose_of_others():
    fish, pond = Node('fish_1', 'object', (0, 0)), Node('pond_1', 'region', (0, 0))
    assert matches('fish', pond) == [('pond_1', 3.0)]
    assert matches('fish', pond, fish) == [('fish_1', 4.0)]


def test_packaged_vocabulary_is_consistent():
    vocabulary = load_vocabulary()
    assert set(vocabulary.verbs.values()) == {'goto', 'map', 'explore', 'inspect'}
    meaningless = vocabulary.fillers | vocabulary.indefinite
    assert not meaningless & vocabulary.verbs.keys()
    for word, classes in {**vocabulary.purposes, **vocabulary.synonyms}.items():
        assert split_words(word) == [word]
        assert word not in classes
