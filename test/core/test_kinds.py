# SPDX-License-Identifier: Apache-2.0
"""Every kind of task does all that the domain asks of one; patrol on a map that nobody drew."""

from __future__ import annotations

import ast
import itertools
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Action, Connection, Episode, Node, Plan, SceneGraph
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.generator import MAX_DRAWS, add_budget, draw_demonstrations
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS, kinds_to_draw
from prism_core.domains.mapping.measure import _compare
from prism_core.domains.mapping.oracle import find_solution
from prism_core.domains.mapping.planning.symbolic import SymbolicPlanner
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.report_forms import FORM_ARGUMENTS
from prism_core.domains.mapping.reports import parse_report
from prism_core.domains.mapping.solution import solve
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.writing.entailment import is_same_meaning
from prism_core.episode.episode import Task
from prism_core.episode.observation import Observation
from prism_core.errors import ConfigError, WorldRejected
from prism_core.testing import ScriptedPlanner

from .mapping_worlds import WORDS
from .written_worlds import READER as WRITTEN
from .written_worlds import meaning_of

COMPOSED = (
    'each',
    'then',
    'if_else',
    'avoiding',
    'by_way_of',
    'staying_within',
    'return',
    'unless',
    'questions',
    'visits',
    'keeping_clear',
    'staying_on',
)  # see test_composed.py
IN_CONTEXT = ('follow_up', 'correction')  # see test_follow_ups.py
FLAT = [name for name in KINDS if name not in (*COMPOSED, *IN_CONTEXT)]
DOMAIN_FOLDER = Path(__file__).parents[2] / 'prism_core/domains/mapping'
READER = RequestReader(WORDS)
SYMBOLIC = SymbolicPlanner(WORDS.lexicon, READER.read, question_before=READER.question_before)


@cache
def drawn(kind: str) -> tuple[Episode, ...]:
    """Tasks of one kind, as the teacher plays them, and their twins."""
    config = WorldConfig(kinds=(kind,), tasks=2)
    return tuple(e for seed in range(12) for e in draw_demonstrations(seed, config, WORDS))


# -------------------------------------------------------------------------------- every kind


@pytest.mark.parametrize('kind', FLAT)
def test_every_kind_is_drawn_and_said_and_read_back(kind):
    episodes = drawn(kind)
    assert {kind} <= {e.task.kind for e in episodes} <= {kind, 'find', 'absent'}
    assert {e.provenance['phrasing'] for e in episodes} <= WORDS.all_phrasings.keys()
    read = [READER.read(e.task.request, e.known_graph) for e in episodes]
    alike = [is_same_meaning(one, e.task.intent) for one, e in zip(read, episodes)]
    assert sum(alike) >= 0.95 * len(alike), kind


@pytest.mark.parametrize('kind', KINDS)
def test_every_kind_is_solved_by_the_oracle_and_taught_with_success(kind):
    for episode in drawn(kind):
        assert find_solution(episode, WORDS.lexicon).actions <= episode.criterion.max_actions
        assert episode.outcome.success, (episode.task.request, episode.outcome.reason)


@pytest.mark.parametrize('kind', KINDS)
def test_every_kind_is_judged_by_what_was_said_and_seen(kind):
    for episode in drawn(kind):
        silent = ScriptedPlanner([Plan((Action('answer', ('Hm.',)),))])
        assert not play_episode(silent, episode, WORDS).outcome.success
        last = episode.turns[-1].plan.actions[-1]
        if episode.provenance['needs_discovery']:
            parrot = ScriptedPlanner([Plan((last,))])
            assert not play_episode(parrot, episode, WORDS).outcome.success, episode.task.request


@pytest.mark.parametrize('kind', FLAT)
def test_every_kind_that_a_language_model_writes_is_read_in_its_slots(kind):
    for episode in drawn(kind):
        intent = episode.task.intent
        written = WRITTEN.read(meaning_of(intent, kind), episode.true_graph)
        assert is_same_meaning(written, intent), intent


@pytest.mark.parametrize('kind', FLAT)
def test_every_kind_ends_in_a_form_that_answers_it(kind):
    for episode in drawn(kind):
        last = episode.turns[-1].plan.actions[-1]
        form = parse_report(str(last.arguments[0]), episode.final_graph).form
        answers = KINDS[episode.task.intent.kind].forms
        others = ('none', 'unreachable', 'unmapped', 'which', 'what')
        assert form in (*answers, *others), last


@pytest.mark.parametrize('kind', [name for name, kind in KINDS.items() if kind.is_guessable])
def test_what_could_be_guessed_has_twins_with_other_answers(kind):
    pairs = Counter(e.provenance['twin'] for e in drawn(kind) if 'twin' in e.provenance)
    assert pairs
    assert set(pairs.values()) == {2}


def test_the_forms_of_all_kinds_have_sentences():
    assert {form for kind in KINDS.values() for form in kind.forms} <= FORM_ARGUMENTS.keys()


def test_kinds_are_named_together_in_their_own_folder_only():
    """No table, tuple or set of kinds stands anywhere else in the domain."""
    for path in DOMAIN_FOLDER.rglob('*.py'):
        if path.parent.name == 'kinds':
            continue
        for node in ast.walk(ast.parse(path.read_text('utf-8'))):
            parts = node.keys if isinstance(node, ast.Dict) else getattr(node, 'elts', [])
            names = [part.value for part in parts if isinstance(part, ast.Constant)]
            is_of_kinds = len(names) > 1 and all(name in KINDS for name in names)
            assert not is_of_kinds, f'{path.name}:{node.lineno} lists kinds: {names}'


def test_the_kinds_that_are_drawn_unasked_are_dealt_in_a_fixed_order():
    core = ('go_to', 'find', 'locate', 'attribute', 'yes_no', 'count', 'absent', 'vague')
    assert kinds_to_draw('core') == core
    assert kinds_to_draw('full') == (
        *core,
        *('reach', 'exists', 'compare', 'nearest', 'map_area', 'survey', 'describe', 'passable'),
        *('conditional', 'sequence', 'ambiguous'),
    )
    assert kinds_to_draw('core', ['patrol']) == ('patrol',)


def test_an_unknown_kind_is_refused_with_those_that_there_are():
    with pytest.raises(
        ConfigError, match=r"kinds: expected some of go_to, .*patrol, .*correction, got 'fly'"
    ):
        kinds_to_draw('full', ['find', 'fly'])
    with pytest.raises(ConfigError, match="got 'fly'"):
        draw_demonstrations(0, WorldConfig(kinds=('fly',)), WORDS)


@pytest.mark.parametrize(
    ('text', 'match'),
    [
        ('{"kind": "fly"}', "kind: expected one of go_to, .*vague, .*got 'fly'"),
        ('{"kind": "absent"}', "kind: expected one of .*got 'absent'"),
        (
            '{"kind": "sequence", "steps": [{"kind": "go_to"}, {"kind": "vague"}]}',
            "steps: expected some of go_to, .*attribute, .*each, .*got 'vague'",
        ),
    ],
)
def test_an_intent_of_no_kind_is_refused_where_it_is_read(text, match):
    with pytest.raises(msgspec.ValidationError, match=match):
        msgspec.json.decode(text, type=Intent)


@given(st.text(max_size=12).filter(lambda name: name not in KINDS))
def test_no_other_name_is_the_kind_of_an_intent(name):
    with pytest.raises(ValueError, match=re.escape(f'got {name!r}')):
        Intent(name)


# ------------------------------------------------------------------------------------- patrol

#  Road_A - gate_1 - HX-201 - road_7 (hidden)        far_road_3 (no way leads there)
#     |        |        |   \
#  Kuechenflur_1 - road_2   HX-9   ROAD-8 (hidden)
PLACES = {
    'Road_A': ((0, 0), {}),
    'gate_1': ((10, 0), {}),
    'HX-201': ((20, 0), {'semantic_class': 'heat exchanger'}),
    'road_7': ((30, 0), {}),
    'HX-9': ((25, 8), {'semantic_class': 'heat exchanger'}),
    'ROAD-8': ((25, -8), {}),
    'Kuechenflur_1': ((0, 10), {'semantic_class': 'Küchenflur'}),
    'road_2': ((10, 10), {}),
    'far_road_3': ((60, 0), {}),
}
LED = [
    ('Road_A', 'gate_1'),
    ('gate_1', 'HX-201'),
    ('HX-201', 'road_7'),
    ('HX-201', 'HX-9'),
    ('HX-201', 'ROAD-8'),
    ('Road_A', 'Kuechenflur_1'),
    ('Kuechenflur_1', 'road_2'),
    ('gate_1', 'road_2'),
]
HIDDEN = ('road_7', 'ROAD-8')


def make_site(*left_out: str, mapped: bool = False) -> SceneGraph:
    nodes = [
        Node(name, 'region', at, attributes={**said, **({'mapped': True} if mapped else {})})
        for name, (at, said) in PLACES.items()
        if name not in left_out
    ]
    ways = [Connection('traversable', *ends) for ends in LED if not {*ends} & {*left_out}]
    return SceneGraph(nodes, ways, robot_location='gate_1')


def pose(request: str, true: SceneGraph, known: SceneGraph) -> Episode:
    """What a sentence asks for on a map, as its reader understands it."""
    intent = READER.read(request, known)
    assert intent.kind == 'patrol', (request, intent)
    criterion = solve(intent, true, known, WORDS.lexicon)
    return add_budget(Episode(0, Task(request, 'patrol', intent), criterion, true, known), WORDS)


def ended(episode: Episode) -> str:
    return str(episode.turns[-1].plan.actions[-1].arguments[0])


@pytest.mark.parametrize(
    ('request_', 'report'),
    [
        (
            'Patrol all the roads.',
            'I have been at each road that I can reach: Road_A, road_2, road_7 and ROAD-8.',
        ),
        (
            'Drive to each of the heat exchangers.',
            'I have been at each heat exchanger that I can reach: HX-201 and HX-9.',
        ),
        (
            'Visit every Küchenflur',
            'I have been at each küchenflur that I can reach: Kuechenflur_1.',
        ),
        ('Patrol every swamp.', 'There is no swamp in all 8 regions that I can reach.'),
    ],
)
def test_a_patrol_drives_to_known_and_hidden_regions_and_names_them(request_, report):
    true, known = make_site(), make_site(*HIDDEN)
    episode = pose(request_, true, known)
    assert episode.outcome.success, episode.outcome.reason
    assert ended(episode) == report
    played = play_episode(SYMBOLIC, episode, WORDS)
    assert played.outcome.success, played.outcome.reason
    assert ended(played) == report


def test_a_patrol_that_leaves_one_out_or_names_too_many_is_judged_wrong():
    episode = pose('Patrol all the roads.', make_site(), make_site(mapped=True))
    drives = [Action('goto', (name,)) for name in ('Road_A', 'road_2', 'road_7', 'ROAD-8')]

    def outcome_of(drives: list[Action], said: str):
        plan = Plan((*drives, Action('answer', (said,))))
        return play_episode(ScriptedPlanner([plan]), episode, WORDS).outcome

    everywhere = 'Road_A, road_2, road_7, ROAD-8'
    assert outcome_of(drives, everywhere).success
    assert 'visited' in outcome_of(drives[:2], everywhere).reason
    assert 'ROAD-8 is missing' in outcome_of(drives, 'Road_A, road_2 and road_7').reason
    assert 'gate_1 is not there' in outcome_of(drives, f'{everywhere}, gate_1').reason


def test_a_patrol_says_which_region_it_cannot_get_to():
    known = make_site(mapped=True)
    far = {n: replace(node, name=n.replace('road', 'dune')) for n, node in known.nodes.items()}
    nodes = [far[n] if n == 'far_road_3' else node for n, node in known.nodes.items()]
    site = SceneGraph(nodes, known.connections.values(), robot_location='gate_1')
    episode = pose('patrol the dunes', site, site)
    assert ended(episode) == 'far_dune_3 cannot be reached.'
    assert episode.outcome.success


def test_a_patrol_does_not_claim_a_region_that_no_drive_reaches():
    site = make_site(mapped=True)
    episode = pose('patrol the roads', site, site)
    failed = Plan((Action('goto', ('road_7',)),))
    failure = Observation(status='failed', feedback='the way is icy')
    turns = [replace(episode.turns[0], plan=failed, observations=(failure,)) for _ in range(3)]
    plan = SYMBOLIC.plan('patrol the roads', site, turns)
    assert [str(action.arguments[0]) for action in plan.actions] == [
        'road_2',
        'Road_A',
        'ROAD-8',
        'road_7 cannot be reached.',
    ]


@pytest.mark.parametrize('number', [5, 9])
def test_a_patrol_of_many_regions_takes_several_plans_that_a_prompt_alone_tells(number):
    names = [f'yard_{i}' for i in range(number)]
    nodes = [
        Node(n, 'region', (10 * i, 0), attributes={'mapped': True}) for i, n in enumerate(names)
    ]
    ways = [Connection('traversable', *ends) for ends in itertools.pairwise(names)]
    site = SceneGraph(nodes, ways, robot_location='yard_2')
    episode = pose('Drive to each of the yards', site, site)
    assert episode.outcome.success, episode.outcome.reason
    assert max(len(turn.plan.actions) for turn in episode.turns) <= 5
    dialect = MappingDomain(WORDS).make_dialect('compact', number)
    told = [_compare(episode, dialect, WORDS, Random(seed)) for seed in range(5)]
    assert all(is_read and is_same for states in told for _, _, is_read, is_same in states)


@pytest.mark.parametrize(
    'request_',
    [
        'patrol all the roads',
        'Patrol the roads.',
        'drive to every road',
        'go to each of the roads, please',
        'Visit all roads and report back when you are done',
        'could you do the rounds of all the roads?',
    ],
)
def test_a_patrol_is_understood_in_many_words(request_):
    read = READER.read(request_, make_site())
    assert read == Intent('patrol', region=Target('region', classes=('road',)))


def test_a_patrol_of_two_classes_takes_both():
    read = READER.read('patrol all the roads and all the gates', make_site())
    assert read == Intent('patrol', region=Target('region', classes=('road', 'gate')))


@pytest.mark.parametrize(
    ('request_', 'kind'),
    [
        ('go to the road', 'go_to'),
        ('go to road_2', 'go_to'),
        ('patrol the whole site', 'survey'),
        ('map every road and list what is there', 'each'),
        ('patrol road_2', 'map_area'),
        ('first go to the gate, then to the road', 'sequence'),
        ('how many trucks are there on all the roads?', 'count'),
        ('is there a truck at every road?', 'each'),
    ],
)
def test_what_asks_for_something_else_is_no_patrol(request_, kind):
    assert READER.read(request_, make_site()).kind == kind


def test_what_a_patrol_must_not_do_is_asked_about():
    question = READER.question_before('patrol all the roads but do not enter Road_A', make_site())
    assert 'do not enter Road_A' in question


def test_worlds_without_a_region_to_patrol_are_drawn_again():
    rejections: Counter[str] = Counter()
    config = WorldConfig(kinds=('patrol',), tasks=30)
    episodes = draw_demonstrations(3, config, WORDS, rejections)
    requests = [e.task.request for e in episodes]
    assert len(requests) == len(set(requests)) <= 30
    assert sum(rejections.values()) <= 30 * MAX_DRAWS
    with pytest.raises(WorldRejected, match='a region is missing'):
        solve(Intent('patrol'), make_site(), make_site(), WORDS.lexicon)
