# SPDX-License-Identifier: Apache-2.0
"""LLM-Planner's words: plans read however they are put, and the banks of examples."""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from pathlib import Path

import pytest

from prism_core import ConfigError, PlanParseError
from prism_core.domain.examples import ExampleBank, PlanExample, TextIndex
from prism_core.domains.household.examples import (
    HouseholdPlans,
    copy_nearest,
    example_of_trajectory,
    gold_form,
    read_rows,
    render_rows,
)
from prism_core.domains.household.importing.alfred import steps_of
from prism_core.domains.household.plan_words import CLASSES, PlanReader, name_of, to_skills
from prism_core.domains.household.skills import Skill

EXAMPLES = HouseholdPlans().examples
READER = PlanReader()
DATA = os.environ.get('PRISM_DATA', '')
with_data = pytest.mark.skipif(not DATA, reason='PRISM_DATA names no folder')
PIECE = 'Apple|-01.00|+01.20|+01.00|AppleSliced_2'
TRAJECTORY = {
    'plan': [
        {'action': 'GotoLocation', 'args': ['diningtable']},
        {'action': 'PickupObject', 'args': ['butterknife']},
        {'action': 'GotoLocation', 'args': ['apple']},
        {'action': 'SliceObject', 'args': ['apple']},
        {'action': 'GotoLocation', 'args': ['sinkbasin']},
        {'action': 'CleanObject', 'args': ['apple']},
    ],
    'low': [
        [1, 'pick', 'ButterKnife|+00.10|+00.90|-01.00'],
        [3, 'open', 'Fridge|-01.00|+00.00|+01.00'],
        [3, 'slice', 'Apple|-01.00|+01.20|+01.00'],
        [3, 'close', 'Fridge|-01.00|+00.00|+01.00'],
        [5, 'put', PIECE, 'Sink|+01.00|+00.90|-02.00|SinkBasin'],
        [5, 'on', 'Faucet|+01.00|+01.00|-02.20'],
        [5, 'off', 'Faucet|+01.00|+01.00|-02.20'],
        [5, 'pick', PIECE],
    ],
    'anns': [{'task_desc': 'Wash a piece\n of apple. ', 'high_descs': ['Turn left. ']}],
}  # fmt: skip


def says(text: str) -> str:
    return ', '.join(map(str, READER.read(text)))


# ------------------------------------------------------------------------------------------ reading


@pytest.mark.parametrize(
    ('text', 'steps'),
    [
        ('Navigation countertop, PickupObject mug', 'Navigation countertop, PickupObject mug'),
        ('Next Plans: Navigation CounterTop', 'Navigation countertop'),
        ('1. PickupObject(mug_2)\n2. PutObject(mug_2, counter top)\n3. done',
         'PickupObject mug, PutObject mug countertop, done'),
        ("('PutObject','AppleSliced', 'Sink')", 'PutObject applesliced sink'),
        ('PutObject apple slice dining table', 'PutObject applesliced diningtable'),
        ('Navigation to the counter top, then pick up the mug',
         'Navigation countertop, PickupObject mug'),
        ('PutObject the saltshaker in a drawer', 'PutObject saltshaker drawer'),
        ('ToggleObjectOn desklmp', 'ToggleObjectOn desklamp'),
        ('Task: x\nNext plans: PickupObject cd\n\nTask: y\nNext plans: PickupObject mug',
         'PickupObject cd'),
        ('Navigation sinkbasin, PutObject mug sinkbasin',
         'Navigation sinkbasin, PutObject mug sink'),
        ('DONE.', 'done'),
    ],
)  # fmt: skip
def test_a_plan_is_read_however_it_is_put(text, steps):
    assert says(text) == steps


@pytest.mark.parametrize('text', ['', 'I would look around first.', '42'])
def test_a_text_without_steps_is_refused(text):
    with pytest.raises(PlanParseError, match='expected steps such as "PickupObject mug'):
        READER.read(text)


def test_a_thing_that_no_home_has_is_named():
    with pytest.raises(
        PlanParseError, match=r"PickupObject: expected an object such as mug.*'sword'"
    ):
        READER.read('Navigation bed, PickupObject sword')
    assert str(PlanReader(['sword']).read('PickupObject sword')[0]) == 'PickupObject sword'


def test_every_class_is_read_as_it_is_called():
    names = {name_of(words): words for words in CLASSES}
    assert len(names) == len(CLASSES)
    for name, words in names.items():
        assert [step.classes for step in READER.read(f'PickupObject {name}')] == [(words,)]


def skills_of(text: str) -> str:
    return ' ; '.join(map(str, to_skills(READER.read(text))))


def test_what_is_put_and_taken_again_was_heated_cooled_or_cleaned():
    heat = 'PutObject mug microwave, ToggleObjectOn microwave, ToggleObjectOff microwave'
    assert skills_of(f'PickupObject mug, {heat}, PickupObject mug') == 'take mug ; heat'
    cool = 'OpenObject fridge, PutObject mug fridge, CloseObject fridge, OpenObject fridge'
    assert skills_of(f'PickupObject mug, {cool}, PickupObject mug') == 'take mug ; cool'
    clean = 'PutObject mug sink, ToggleObjectOn faucet, ToggleObjectOff faucet'
    assert skills_of(f'PickupObject mug, {clean}, PickupObject mug') == 'take mug ; clean'


def test_a_second_thing_that_is_taken_elsewhere_was_not_cooled():
    first = 'PickupObject cup, Navigation fridge, PutObject cup fridge'
    assert skills_of(f'{first}, Navigation desk, PickupObject cup').endswith(
        'put fridge ; take cup'
    )
    assert skills_of(f'{first}, PickupObject egg').endswith('put fridge ; take egg')


def test_a_plan_that_ends_at_furniture_looks_there():
    assert skills_of('Navigation fridge, OpenObject fridge') == 'look fridge'
    assert skills_of('PickupObject mug, Navigation mug') == 'take mug'


# -------------------------------------------------------------------------------------------- banks


def test_the_examples_that_come_along_are_of_all_kinds_and_can_be_read():
    assert len(EXAMPLES) == len({example.request for example in EXAMPLES}) == 30
    verbs = {skill.verb for e in EXAMPLES for skill in to_skills(READER.read(', '.join(e.plan)))}
    assert verbs == {'take', 'put', 'slice', 'heat', 'cool', 'clean', 'light'}
    assert all(example.told and example.visible for example in EXAMPLES)


def test_rows_are_read_as_they_were_written():
    assert read_rows(render_rows(EXAMPLES), 'x') == list(EXAMPLES)


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('', 'rows.jsonl: expected rows with examples, got none'),
        ('{"task_instr": "x"}', 'rows.jsonl, line 1: expected a row with task_instr'),
        ('\n[1]', 'rows.jsonl, line 2: expected a row'),
        ('{', 'rows.jsonl, line 1: expected a row'),
        (render_rows([PlanExample('x', ('PickupObject sword',))]), "line 1: .*got 'sword'"),
    ],
)
def test_what_is_no_row_is_refused_with_its_line(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        read_rows(text, 'rows.jsonl')


def test_a_trajectory_has_the_form_of_the_rows():
    assert gold_form(TRAJECTORY)[3:] == [
        [('OpenObject', 'fridge'), ('SliceObject', 'apple'), ('CloseObject', 'fridge')],
        [('Navigation', 'sinkbasin')],
        [('PutObject', 'applesliced', 'sink'), ('ToggleObjectOn', 'faucet'),
         ('ToggleObjectOff', 'faucet'), ('PickupObject', 'applesliced')],
    ]  # fmt: skip
    example = example_of_trajectory(TRAJECTORY, 0)
    assert (example.request, example.told) == ('Wash a piece of apple.', ('Turn left.',))
    assert example.plan[-1] == 'PickupObject applesliced'
    assert read_rows(render_rows([example]), 'x') == [example]


# ------------------------------------------------------------------------------------------ nearest


def test_texts_that_share_rare_words_are_nearer():
    index = TextIndex(['put the mug on the desk', 'put the book on the bed', 'heat the egg'])
    assert index.find_nearest('where does the book go', 3) == [1, 0, 2]
    assert index.find_nearest('heat the mug', 1) == [2]
    assert index.find_nearest('xyzzy', 2) == [0, 1]


def test_words_in_a_row_count_where_they_are_to():
    texts = ['hot mug in cold fridge', 'cold mug in hot fridge']
    assert TextIndex(texts).find_nearest('a cold mug', 2) == [0, 1]
    assert TextIndex(texts, longest=2).find_nearest('a cold mug', 1) == [1]


def test_the_plan_of_the_nearest_is_copied():
    bank = ExampleBank(EXAMPLES)
    copied = copy_nearest('Put the newspaper on the big sofa. Steps: Walk.', bank)
    assert copied == [Skill('take', 'newspaper'), Skill('put', 'sofa')]


# ----------------------------------------------------------------------------- on all of the data


@cache
def trajectories() -> list:
    with gzip.open(Path(DATA) / 'alfred.jsonl.gz', 'rt', encoding='utf-8') as lines:
        return [json.loads(line) for line in lines]


@cache
def rows() -> list[PlanExample]:
    return read_rows((Path(DATA) / 'llm_planner_knn.jsonl').read_text('utf-8'), 'rows')


def asked(split: str) -> list[PlanExample]:
    of_split = [t for t in trajectories() if t['split'] == split]
    return [example_of_trajectory(t, n) for t in of_split for n in range(len(t['anns']))]


def share_copied(bank: ExampleBank) -> tuple[float, float, float]:
    """Per cent of the unseen homes' plans that are the nearest one's: with ways, without, and as
    skills.
    """
    tasks = asked('valid_unseen')
    pairs = [(task.plan, bank.find_nearest(task.request, 1)[0].plan) for task in tasks]
    forms = (tuple, deeds_of, lambda plan: to_skills(READER.read(', '.join(plan))))
    same = (sum(form(a) == form(b) for a, b in pairs) for form in forms)
    whole, deeds, skills = (round(100 * number / len(pairs), 1) for number in same)
    return whole, deeds, skills


def deeds_of(plan: tuple[str, ...]) -> list[str]:
    return [step for step in plan if not step.startswith('Navigation')]


@with_data
def test_the_form_of_all_hundred_rows_is_rebuilt_from_their_trajectories():
    lines = (Path(DATA) / 'llm_planner_knn.jsonl').read_text('utf-8').splitlines()
    told = {row['task']: row['gold_traj'] for row in map(json.loads, lines)}
    found = {t['task']: gold_form(t) for t in trajectories() if t['task'] in told}
    same = [
        [[tuple(word.strip("' ()") for word in step.lower().split(',')) for step in group]
         for group in told[task]]
        == [[(action.lower(), *on) for action, *on in group] for group in form]
        for task, form in found.items()
    ]  # fmt: skip
    assert (sum(same), len(same)) == (100, 100)
    assert len(rows()) == 100


@with_data
def test_the_plans_of_all_trajectories_but_one_keep_their_skills():
    other = [
        trajectory['task']
        for trajectory in trajectories()
        if to_skills(READER.read(', '.join(example_of_trajectory(trajectory, 0).plan)))
        != [step.skill for step in steps_of(trajectory)]
    ]
    assert len(other) == 1, other  # an id that is a bathtub in front and a sink basin behind


@with_data
def test_copying_the_nearest_of_all_training_plans_has_the_known_shares():
    assert share_copied(ExampleBank(asked('train'), longest=2))[:2] == (14.1, 33.3)
    assert share_copied(ExampleBank(rows(), longest=2))[:2] == (0.7, 2.1)


@with_data
def test_copying_by_single_words_is_the_harder_rival():
    assert share_copied(ExampleBank(asked('train'))) == (15.5, 38.5, 47.4)
    assert share_copied(ExampleBank(rows())) == (1.0, 2.4, 4.3)
