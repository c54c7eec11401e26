# SPDX-License-Identifier: Apache-2.0
"""Answers of several parts in few words: what is joined, what is driven, what is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Action, GraphUpdate, Plan, PlanParseError, find_domain
from prism_core.domains.mapping.report_texts import fit_text, parse_reports
from prism_core.domains.mapping.reports import Report, render_report
from prism_core.domains.mapping.said_goals import about_of, is_bounded
from prism_core.plan.validation import MAX_TEXT_CHARS

from .composed_sites import make_site

DOMAIN = find_domain('mapping')
SITE = make_site()
DIALECT = DOMAIN.make_dialect('compact', 3)
PARTS = [
    Report('value', ('V-12', 'openness')),
    Report('is', ('V-13', 'openness', 'open')),
    Report('count', ('valve', '')),
    Report('exists', ('truck', 'road_2')),
    Report('node', ('pump_P-4B',)),
    Report('where', ('V-13',)),
    Report('way', ('Road_A', 'gate_1')),
    Report('seen', ('HX-9',)),
    Report('count_of', ('valve', '', 'openness open')),
    Report('same', ('V-12 or V-13', 'openness')),
    Report('all_have', ('valve', '', 'openness open')),
    Report('unreachable', ('bridge_3',)),
    Report('been_at', ('road_2',)),
]


def handle(name: str) -> str:
    return DIALECT._handles(SITE).write(name)


def go(name: str) -> Action:
    return Action('goto', (name,))


def answer_of(*reports: Report) -> Action:
    return Action('answer', (' '.join(render_report(report, SITE) for report in reports),))


@given(st.lists(st.sampled_from(PARTS), min_size=2, max_size=6))
def test_what_is_joined_is_said_in_forms_and_read_back(reports):
    answer = answer_of(*reports)
    reply = DIALECT.render_reply(Plan((answer,), 'sequence'), SITE)
    assert '"' not in reply
    assert reply.count(' & ') == len(reports) - 1
    assert DIALECT.parse_reply(reply, SITE).actions == (answer,)


@pytest.mark.parametrize(
    ('plan', 'said'),
    [
        (
            (go('road_2'), answer_of(PARTS[12], PARTS[2])),
            'answer there {road_2} & count of valve',
        ),
        ((answer_of(PARTS[12], PARTS[2]),), 'answer been_at {road_2} & count of valve'),
        (
            (go('road_2'), go('Road_A'), answer_of(PARTS[12], Report('here', ('Road_A',)))),
            'answer there {road_2} & here {Road_A}',
        ),
        (
            (go('HX-9'), go('Road_A'), answer_of(PARTS[2], Report('here', ('Road_A',)))),
            'go {HX-9} ; answer count of valve & here {Road_A}',
        ),
        (
            (answer_of(PARTS[2], Report('here', ('gate_1',))),),
            'answer count of valve & here {gate_1}',
        ),
        (
            (answer_of(PARTS[2], Report('here', ('Road_A',))),),
            'answer count of valve & "I am at {Road_A}."',
        ),
    ],
)
def test_a_drive_and_that_the_robot_was_there_are_one_word(plan, said):
    reply = DIALECT.render_reply(Plan(plan, 'sequence'), SITE)
    names = {name: handle(name) for name in SITE.regions}
    assert reply == f' sequence : {said.format(**names)}'
    assert DIALECT.parse_reply(reply, SITE).actions == plan


def test_one_report_alone_is_said_as_ever():
    plan = (go('road_2'), answer_of(Report('here', ('road_2',))))
    reply = DIALECT.render_reply(Plan(plan, 'go_to road'), SITE)
    assert reply == f' go_to road : go {handle("road_2")} ; answer here {handle("road_2")}'


def test_a_goal_says_what_bounds_it_behind_what_it_is_about():
    goal = 'count truck , avoid road , within'
    assert is_bounded(goal)
    assert about_of(goal) == 'truck'
    assert DOMAIN.say_goal(goal) == 'count truck without going into road not far from here'
    reply = DIALECT.parse_reply(f' {goal} : answer none_allowed of truck & too_far '
                                f'{handle("HX-9")}', SITE)  # fmt: skip
    assert reply.actions[-1].arguments[0] == (
        'There is no truck in any region that I can reach. '
        'I did not go into HX-9, as that is too far away.'
    )


def test_a_text_of_many_sentences_is_cut_behind_one_of_them():
    text = ' '.join(f'This is number {number}.' for number in range(100))
    cut = fit_text(text, 'That was all.')
    assert MAX_TEXT_CHARS - 40 < len(cut) <= MAX_TEXT_CHARS
    assert cut.endswith('. That was all.')
    assert text.startswith(cut.removesuffix(' That was all.'))


def test_a_description_of_several_sentences_is_one_report():
    told = {'V-12': {'description': 'Old. It drips. 3 bolts'}}
    graph = SITE.apply(GraphUpdate(set_attributes=told))
    text = 'V-12: Old. It drips. 3 bolts. I am at gate_1.'
    assert parse_reports(text, graph) == (
        Report('described', ('V-12',)),
        Report('here', ('gate_1',)),
    )


@pytest.mark.parametrize('place', ['again', 'kitchen'])
def test_of_places_that_there_are_not_none_was_visited(place):
    said = DIALECT.parse_reply(f' patrol {place} : answer been', SITE).actions[-1].arguments
    assert said == (f'There is no {place} in all 9 regions that I can reach.',)


@pytest.mark.parametrize('part', ['value {V-12} color', 'there', 'list of crane', 'where'])
def test_a_part_that_says_what_is_not_known_is_refused(part):
    said = part.format(**{'V-12': handle('V-12')})
    with pytest.raises(PlanParseError, match='says what is not known'):
        DIALECT.parse_reply(f' sequence : answer count of valve & {said}', SITE)
