# SPDX-License-Identifier: Apache-2.0
"""Teachers at work: the embedded one, those of others, and a language model with a script."""

from __future__ import annotations

import sys
import types
from dataclasses import replace

import pytest

from prism_core import Action, ConfigError, Plan, PlannerError, PlannerUnavailable, render_plan
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dataset.export import export_dataset
from prism_core.dataset.filter import find_fault
from prism_core.dataset.produce import Settings, ShardSettings, elicit
from prism_core.dataset.run_folder import read_lines
from prism_core.dataset.shards import open_shards
from prism_core.dataset.split import SPLITS
from prism_core.dataset.teaching import Classroom, LanguageModel
from prism_core.episode.episode import Episode, as_task
from prism_core.errors import RunStopped
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.testing import ScriptedPlanner, ScriptedTextModel

from .mapping_worlds import episodes_of, taught
from .training_data import DOMAIN, with_id, write_episodes

CONFIG = TeacherConfig('scripted', max_in_flight=1)


def some_tasks() -> list[Episode]:
    tasks = episodes_of(range(60, 64), tier='core', hidden=0.3)
    return [with_id(as_task(task), f't{number}') for number, task in enumerate(tasks)]


def one_task() -> Episode:
    """A task in a world of which something is hidden."""
    return next(task for task in some_tasks() if len(taught(task).turns) > 2)


@pytest.fixture
def teach(monkeypatch):
    """Play a task by a planner that is found by import path."""

    def play(planner, task: Episode) -> Episode:
        module = types.ModuleType('lab')
        module.make = lambda: planner
        monkeypatch.setitem(sys.modules, 'lab', module)
        return Classroom('lab:make', DOMAIN).play(task)

    return play


class Planning:
    """A planner made of a function."""

    name = 'lab'

    def __init__(self, plan):
        self._plan = plan

    def plan(self, request, known_graph, history):
        return self._plan(request, known_graph, history)

    def close(self):
        pass


def test_the_embedded_teacher_plays_what_the_generator_proved():
    tasks = some_tasks()
    classroom = Classroom('symbolic', DOMAIN)
    for task in tasks:
        played = classroom.play(task)
        assert find_fault(played) == ''
        assert played.turns == taught(task).turns
        assert played.provenance == task.provenance | {'teacher': 'symbolic'}
        assert as_task(played).task == task.task


def test_steps_behind_the_end_of_a_turn_are_left_out(teach):
    task = one_task()
    demonstration = taught(task)
    rest = (Action('goto', (task.known_graph.robot_location,)), Action('answer', ('all of it',)))
    script = [
        replace(turn.plan, actions=(*turn.plan.actions, *rest))
        if turn.plan.actions[-1].name != 'answer'
        else turn.plan
        for turn in demonstration.turns
    ]
    played = teach(ScriptedPlanner(script), task)
    assert [turn.plan.actions for turn in played.turns] == [
        turn.plan.actions for turn in demonstration.turns
    ]
    assert find_fault(played) == ''


def test_steps_that_the_world_cut_short_are_kept(teach):
    here = some_tasks()[0].known_graph.robot_location
    plan = Plan((Action('goto', (here,)), Action('goto', (here,)), Action('answer', ('done',))))
    played = teach(ScriptedPlanner([plan]), some_tasks()[0])
    assert played.turns[0].plan == plan


@pytest.mark.parametrize(
    ('planner', 'error'),
    [
        (Planning(lambda *_: [].pop()), "lab raised IndexError('pop from empty list')"),
        (Planning(lambda *_: int('many')), 'lab raised ValueError('),
        (Planning(lambda *_: 'goto(barn_1)'), "lab gave 'goto(barn_1)', expected a Plan"),
        (Planning(lambda *_: None), 'lab gave None, expected a Plan'),
        (ScriptedPlanner([PlannerError('out of ideas')]), 'out of ideas'),
    ],
)
def test_a_planner_that_fails_gives_a_failed_episode_with_its_reason(teach, planner, error):
    played = teach(planner, one_task())
    assert (played.ending, played.turns) == ('planner_error', ())
    assert error in played.error
    assert error in find_fault(played)
    assert not played.outcome.success
    assert parse_episode(render_episode(played)) == played


def test_a_planner_that_is_unavailable_stops_the_run(teach):
    unavailable = ScriptedPlanner([PlannerUnavailable('the model is not there')])
    with pytest.raises(
        RunStopped,
        match=r'^the model is not there; what was done is kept: go on with --resume$',
    ):
        teach(unavailable, one_task())


def test_a_plan_that_the_validator_refuses_is_kept_whole_and_makes_the_episode_a_bad_one(teach):
    task = one_task()
    refused = Plan((Action('replan'), Action('goto', ('atlantis_1',))))
    played = teach(ScriptedPlanner([refused, *(t.plan for t in taught(task).turns)]), task)
    assert played.ending == 'reported'
    assert played.turns[0].plan == refused
    assert find_fault(played) == 'a plan was refused'


def test_a_planner_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match=r"unknown planner 'nobody': expected one of .*symbolic"):
        Classroom('nobody', DOMAIN).play(one_task())


def test_teacher_lm_needs_a_language_model():
    with pytest.raises(ConfigError, match='teacher lm needs a language model; set one up'):
        Classroom('lm', DOMAIN).play(one_task())


# ---------------------------------------------------------------------------- a language model


def replies_for(task: Episode) -> list[str]:
    return [render_plan(turn.plan) for turn in taught(task).turns]


def classroom_of(script) -> Classroom:
    return Classroom('lm', DOMAIN, LanguageModel(ScriptedTextModel(script), CONFIG))


def test_rejected_replies_are_kept_apart_from_the_plan_that_was_accepted():
    task = one_task()
    first, *rest = replies_for(task)
    lost = render_plan(Plan((Action('goto', ('atlantis_1',)),)))
    played = classroom_of(['I would look around.', lost, first, *rest]).play(task)
    assert find_fault(played) == ''
    assert [t.plan for t in played.turns] == [t.plan for t in taught(task).turns]
    prose, invalid = played.provenance['rejected']
    assert (prose['turn'], prose['reply']) == (0, 'I would look around.')
    assert (invalid['turn'], invalid['reply']) == (0, lost)
    assert 'atlantis_1' in invalid['reason']
    assert parse_episode(render_episode(played)) == played


def test_what_was_rejected_in_one_episode_is_not_kept_with_the_next():
    first, second = some_tasks()[:2]
    classroom = classroom_of(['Well.', *replies_for(first), *replies_for(second)])
    assert len(classroom.play(first).provenance['rejected']) == 1
    assert 'rejected' not in classroom.play(second).provenance


def test_a_model_that_never_gives_a_plan_makes_a_failed_episode():
    played = classroom_of(['Well.'] * 20).play(one_task())
    assert (played.ending, played.turns) == ('planner_error', ())
    assert len(played.provenance['rejected']) > 1


def test_a_model_that_is_unavailable_stops_the_run():
    with pytest.raises(RunStopped, match='the script has ended; what was done is kept'):
        classroom_of([]).play(one_task())


def test_nothing_of_a_failed_episode_gets_into_shards_or_exports(tmp_path):
    tasks = some_tasks()[:6]
    write_episodes(tmp_path / 'source', tasks)
    (tmp_path / 'source/episodes.jsonl').rename(tmp_path / 'source/tasks.jsonl')
    (tmp_path / 'source/recipe.yaml').write_text('domain: mapping\n')
    script = []
    for number, task in enumerate(tasks):
        script += replies_for(task) if number % 2 else ['I refuse.'] * 3
    model = LanguageModel(ScriptedTextModel(script), CONFIG)
    out = tmp_path / 'out'
    done = elicit(
        tmp_path / 'source',
        out,
        'lm',
        shards=ShardSettings('compact', vocab_size=600),
        model=model,
        settings=Settings(),
    )
    assert (done.episodes, done.good) == (6, 3)
    episodes = [parse_episode(line.decode()) for line in read_lines(out / 'episodes.jsonl')]
    assert [bool(find_fault(episode)) for episode in episodes] == [True, False] * 3
    lines = {int(e) for s in SPLITS for e in open_shards(out / 'shards' / s).documents['episode']}
    assert lines == {1, 3, 5}
    for form in ('chat', 'turns', 'sharegpt'):
        counts = export_dataset(out, tmp_path / form, form, DOMAIN, 'spine')
        assert sum(counts.rows.values()) >= 3
    exported = ''.join(path.read_text('utf-8') for path in tmp_path.glob('*/t*.jsonl'))
    assert 'I refuse' in (out / 'episodes.jsonl').read_text('utf-8')
    assert 'I refuse' not in exported
