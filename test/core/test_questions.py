# SPDX-License-Identifier: Apache-2.0
"""Questions about several things: what is looked at before they are answered, and what is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Action, Observation, Plan, SceneGraph, find_domain
from prism_core.domains.mapping import make_symbolic_planner
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import (
    KINDS,
    flat_kinds,
    kinds_to_draw,
)
from prism_core.domains.mapping.looking import survey
from prism_core.domains.mapping.planning.mission import Mission
from prism_core.domains.mapping.ranks import ordered_attributes, rank_of
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.reports import Report, parse_report, render_report
from prism_core.domains.mapping.several_reports import FORMS
from prism_core.domains.mapping.world import WorldConfig
from prism_core.episode.episode import Turn
from prism_core.graph.elements import GraphUpdate

from .mapping_worlds import WORDS
from .test_questions_of_visitors import AIRPORT, BREWERY

PLANNER, READER = make_symbolic_planner(), RequestReader(WORDS)
DIALECT = find_domain('mapping').make_dialect('compact', 1)
FLAT = flat_kinds(of_intents=True)
NEW = [n for n in FLAT if KINDS[n].reads_whole and not KINDS[n].needs_words]
REPORTS = [
    Report('count_of', ('valve', '', 'openness open')),
    Report('count_of', ('valve', 'Fuel Farm', 'openness closed')),
    Report('having', ('door', '', 'openness closed and lock locked')),
    Report('having', ('valve', 'Hangar 3', 'openness open')),
    Report('having_of', ('Pump P-4A or Pump P-7', 'power running')),
    Report('having_of', ('', 'power running')),
    Report('exists_of', ('tug', '', 'color red')),
    Report('exists_of', ('tug', 'Gate 14', 'color red')),
    Report('all_have', ('door', '', 'openness closed')),
    Report('all_have', ('conveyor', 'Baggage Hall', 'power running')),
    Report('all_of', ('Pump P-4A or Pump P-7', 'power running')),
    Report('list', ('valve', '')),
    Report('list', ('valve', 'Fuel Farm')),
    Report('same', ('tug_5 or tug_21', 'color')),
    Report('differ', ('tug_5 or tug_9 or tug_21', 'color')),
    Report('equal', ('container_18 or container_40', 'size')),
    Report('ranked', ('tank_1', 'tank_2 or tank_3', 'fullness', 'full')),
    Report('ahead', ('tank_1', 'tank_2', 'fullness', 'full')),
    Report('behind', ('tank_2', 'tank_1', 'fullness', 'full')),
    Report('closest', ('valve', 'Terminal A')),
    Report('nearer', ('Hangar 3', 'Gate 15', 'Terminal A')),
    Report('nearer', ('Gate 15', 'fire_station_1', 'Baggage Hall')),
    Report('distance', ('Gate 15', 'Fuel Farm')),
    Report('distance', ('ladder_2', 'Terminal A')),
]


@pytest.mark.parametrize('report', REPORTS)
def test_a_report_about_several_things_is_read_from_its_sentence_and_from_a_short_reply(report):
    said = render_report(report, AIRPORT)
    assert parse_report(said, AIRPORT) == report
    plan = Plan((Action('answer', (said,)),), primary_goal='which valve')
    reply = DIALECT.render_reply(plan, AIRPORT)
    assert said not in reply
    assert DIALECT.parse_reply(reply, AIRPORT).actions == plan.actions


def test_every_form_about_several_things_has_been_said():
    assert {report.form for report in REPORTS} == FORMS.keys()


@pytest.mark.parametrize(
    'report',
    [
        Report('having_of', ('Pump P-4B', 'power running')),
        Report('all_have', ('zebra', '', 'openness open')),
        Report('list', ('zebra', '')),
        Report('closest', ('zebra', 'Terminal A')),
        Report('same', ('tug_5 or ladder_2', 'color')),
    ],
)
def test_a_report_says_nothing_that_is_not_known(report):
    with pytest.raises(KeyError):
        render_report(report, AIRPORT)


def hidden(graph: SceneGraph, *names: str, key: str) -> SceneGraph:
    """The graph in which nobody has seen an attribute of some objects."""
    nodes = [
        replace(n, attributes={k: v for k, v in n.attributes.items() if k != key})
        if n.name in names
        else n
        for n in graph.nodes.values()
    ]
    return SceneGraph(nodes, graph.connections.values(), robot_location=graph.robot_location)


def look_at(name: str, key: str) -> Action:
    return Action('inspect', (name, WORDS.lexicon.question(key)))


@pytest.mark.parametrize(
    ('request_', 'names', 'key'),
    [
        ('How many of the valves are open?', ('valve_3', 'valve_1'), 'openness'),
        ('Which tug is red?', ('tug_5', 'tug_9'), 'color'),
        ('Are all the doors locked?', ('door_1', 'door_2'), 'lock'),
        ('Do the tugs differ in color?', ('tug_5', 'tug_21'), 'color'),
        ('Which of tank_1 and tank_3 is fuller?', ('tank_3', 'tank_1'), 'fullness'),
        ('Is tank_1 fuller than tank_3?', ('tank_3', 'tank_1'), 'fullness'),
        ('Is Pump P-4A or Pump P-7 running?', ('Pump P-7', 'Pump P-4A'), 'power'),
    ],
)
def test_each_is_looked_at_before_it_is_answered_the_nearest_first(request_, names, key):
    graph = hidden(AIRPORT, *names, key=key)
    history: list[Turn] = []
    for name in names:
        (action,) = PLANNER.plan(request_, graph, history).actions
        assert action == look_at(name, key)
        value = AIRPORT.nodes[name].attributes[key]
        update = GraphUpdate(set_attributes={name: {key: value}})
        history.append(Turn(Plan((action,)), (Observation(update),), 'Terminal A'))
        graph = graph.apply(update)
    (action,) = PLANNER.plan(request_, graph, history).actions
    assert action == PLANNER.plan(request_, AIRPORT, []).actions[0]
    assert action.name == 'answer'


def unseen(name: str, key: str, said: str = '') -> list[Turn]:
    """An inspection that showed nothing."""
    return [Turn(Plan((look_at(name, key),)), (Observation(feedback=said),), 'Terminal A')]


@pytest.mark.parametrize(
    ('request_', 'name', 'key', 'answer'),
    [
        (
            *('How many valves are closed?', 'valve_1', 'openness'),
            'Number of valve with openness closed: 2. The openness of valve_1 could not be seen.',
        ),
        (
            *('Which valves are closed?', 'valve_1', 'openness'),
            'Of valve, with openness closed: valve_2 and valve_3. The openness of valve_1 could '
            'not be seen.',
        ),
        (
            *('Is there an open valve in the Fuel Farm?', 'valve_1', 'openness'),
            'The openness of valve_1 could not be seen.',
        ),
        (
            *('Are all the conveyors running?', 'Conveyor 1', 'power'),
            'No, not each conveyor or conveyor belt has power running: not Conveyor 3.',
        ),
        (
            *('Do tug_5 and tug_9 have the same color?', 'tug_9', 'color'),
            'The color of tug_9 could not be seen.',
        ),
    ],
)
def test_what_could_not_be_seen_is_said(request_, name, key, answer):
    graph = hidden(AIRPORT, name, key=key)
    plan = PLANNER.plan(request_, graph, unseen(name, key))
    assert plan.actions == (Action('answer', (answer,)),)


def test_what_a_robot_said_in_words_is_quoted():
    graph = hidden(AIRPORT, 'valve_1', key='openness')
    history = unseen('valve_1', 'openness', 'its wheel is turned half way')
    plan = PLANNER.plan('Which valve is open?', graph, history)
    assert plan.actions == (Action('answer', ('valve_1: its wheel is turned half way',)),)


@pytest.mark.parametrize(
    'request_',
    [
        'Which valve is not open?',
        'How many doors are not locked?',
        'Is tank_1 not fuller than tank_2?',
        'Which of tug_5 and tug_9 is not red?',
        'Are tug_5 and tug_9 not red?',
        'How many tanks are full or half filled?',
        'How many gates are there?',
    ],
)
def test_what_must_not_be_so_is_asked_about(request_):
    assert PLANNER.plan(request_, AIRPORT, []).actions[0].name == 'clarify'


def test_where_no_way_has_a_length_near_and_far_are_asked_about():
    nodes = [replace(node, position=None) for node in AIRPORT.nodes.values()]
    graph = SceneGraph(nodes, AIRPORT.connections.values(), robot_location='Terminal A')
    for request in ('Which is nearer, Gate 12 or Gate 14?', 'How far is Gate 14?'):
        last = PLANNER.plan(request, graph, []).actions[-1]
        assert ' m ' not in str(last.arguments[0])


def test_what_may_be_nearer_is_looked_for_and_nothing_else():
    def mapped_but(*names: str) -> SceneGraph:
        nodes = [
            replace(n, attributes={}) if n.name in names else n for n in AIRPORT.nodes.values()
        ]
        return SceneGraph(nodes, AIRPORT.connections.values(), robot_location='Terminal A')

    request = 'Where is the nearest fire extinguisher?'  # one is 50 m away, in the Baggage Hall
    near, far = mapped_but('Gate 12', 'Fuel Farm'), mapped_but('Fuel Farm', 'Hangar 3')
    assert PLANNER.plan(request, near, []).actions == (Action('map_region', ('Gate 12',)),)
    assert PLANNER.plan(request, far, []).actions[0].name == 'answer'


def test_the_nearest_is_so_from_where_the_robot_was_when_it_was_asked():
    moved = AIRPORT.at('Gate 14')
    went = [Turn(Plan((Action('goto', ('Gate 14',)),)), (Observation(),), 'Terminal A')]
    request = 'Where is the nearest fire extinguisher?'
    from_here = str(PLANNER.plan(request, moved, []).actions[0].arguments[0])
    from_there = str(PLANNER.plan(request, moved, went).actions[0].arguments[0])
    assert 'From Gate 14' in from_here
    assert 'fire_extinguisher_3' in from_here
    assert 'From Terminal A' in from_there
    assert 'fire_extinguisher_8' in from_there


@pytest.mark.parametrize(
    ('request_', 'is_so'),
    [
        ('Is tug_5 the same color as tug_21?', True),
        ('Do tug_5 and tug_21 differ in color?', False),
        ('Is tank_1 fuller than tank_2?', True),
        ('Is tank_2 fuller than tank_1?', False),
        ('Are all the doors closed?', False),
        ('Are tug_5 and tug_21 both red?', True),
        ('Is there a red tug at Gate 12?', True),
        ('Is any valve in Hangar 3 open?', False),
        ('Are all the conveyors in the Baggage Hall running?', False),
    ],
)
def test_what_can_be_answered_by_yes_or_no_begins_so(request_, is_so):
    said = str(PLANNER.plan(request_, AIRPORT, []).actions[-1].arguments[0])
    assert said.startswith('Yes, ' if is_so else 'No, ')


def test_a_student_may_name_the_new_kinds_and_none_is_drawn_unasked():
    assert len(NEW) == 9
    assert not set(NEW) & {*kinds_to_draw('full'), *kinds_to_draw('core')}
    assert set(NEW) < set(find_domain('mapping').language.goals)


@pytest.mark.parametrize('tier', ['core', 'full'])
@pytest.mark.parametrize('seed', range(3))
def test_the_new_kinds_are_drawn_in_both_tiers(seed, tier):
    kinds = (*NEW, 'count_state', 'exists_such')
    episodes = draw_episodes(seed, WorldConfig(tier=tier, kinds=kinds, tasks=12), WORDS)
    assert {e.task.kind for e in episodes} <= set(kinds)


ORDERED = ordered_attributes(WORDS.lexicon)


@given(key=st.sampled_from(sorted(ORDERED)), data=st.data())
def test_values_closer_to_an_end_come_first(key, data):
    values = [*WORDS.lexicon.attributes[key].values]
    seen = data.draw(st.sampled_from(values))
    first, last = ORDERED[key]
    ranks = [rank_of(WORDS.lexicon, key, end, seen) for end in (first, last)]
    assert ranks == [-values.index(seen), values.index(seen) - len(values) + 1]
    assert rank_of(WORDS.lexicon, key, 'purple', seen) is None


@given(number=st.floats(-1e6, 1e6).map(lambda x: round(x, 2)), other=st.integers(-1000, 1000))
def test_numbers_in_attributes_are_ranked_as_numbers(number, other):
    ranks = [rank_of(WORDS.lexicon, 'level', 'high', f'{n} %') for n in (f'{number:f}', other)]
    assert (ranks[0] > ranks[1]) == (number > other)
    assert rank_of(WORDS.lexicon, 'level', 'low', str(other)) == -other


@given(
    names=st.lists(st.sampled_from(sorted(BREWERY.objects)), min_size=2, max_size=3, unique=True),
    form=st.sampled_from(['Which of {} and {} is open?', 'Is {} or {} running?']),
)
def test_whatever_is_named_is_asked_about(names, form):
    read = READER.read(form.format(*names[:2]), BREWERY)
    assert read.kind == 'which'
    mission = Mission(BREWERY, survey(BREWERY, []), [], WORDS.lexicon)
    assert [mission.resolve(target) for target in read.among] == names[:2]


def test_objects_among_which_it_is_asked_are_kept_in_json():
    import msgspec

    intent = Intent('same', among=(Target(name='a'), Target(name='b')), attribute='color')
    assert msgspec.json.decode(msgspec.json.encode(intent), type=Intent) == intent
